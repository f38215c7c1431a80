"""What a watched run is asked to do, and the kinds of messages that answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

FIRST, FULL, NOTHING, CHANGED, ENDED = "first", "full", "nothing", "changed", "ended"
PROGRESS = "progress"
"""What a message tells: a first look, the full verdict, that there is nothing to run, that the source
was saved meanwhile, that the run is over, or how far it is."""


@dataclass(frozen=True)
class Request:
    """What a run is asked to do; made of plain JSON values.

    Attributes:
        number: counts the requests, so that nobody takes an old verdict for a new one.
        arguments: for pytest.
        saved: module names, empty if any module may use what was saved; None if nothing was.
        focus: the number of the checkpoint that is watched, or None for whatever is affected.
        everything: whether all that is open is to run, whatever was saved.
        failed: node ids that failed last time: they come first.
        urgent: those of them that are tried in full in the first look.
        width: columns of the terminal.
        color: whether it shows colors.
        plain: whether it shows ASCII only.
    """

    number: int
    arguments: Sequence[str] = ()
    saved: Sequence[str] | None = None
    focus: str | None = None
    everything: bool = False
    failed: Sequence[str] = ()
    urgent: Sequence[str] = ()
    width: int = 80
    color: bool = False
    plain: bool = False
