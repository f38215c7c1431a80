"""What a watched run is asked to do, where, and the kinds of messages that answer."""

from __future__ import annotations

import codecs
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from tokenize import detect_encoding

from pytest_tinytorch.evidence import digests

FIRST, FULL, NOTHING, CHANGED, ENDED = "first", "full", "nothing", "changed", "ended"
PROGRESS, LEFT = "progress", "left"
"""What a message tells: a first look, the full verdict, that there is nothing to run, that the source
was saved meanwhile, that the run is over, how far it is, or, as the last one, that who asked has left."""


@dataclass(frozen=True)
class Setup:
    """What a process is started with that runs specs: the same for all of its runs.

    Attributes:
        root: the workspace.
        profile: of Hypothesis, for examples that are drawn before a run.
        arguments: for pytest.
    """

    root: Path
    profile: str
    arguments: Sequence[str] = ()


@dataclass(frozen=True)
class Request:
    """What a run is asked to do; made of plain JSON values.

    Attributes:
        number: counts the requests of one who asks, so that nobody takes an old verdict for a new one.
        saved: module names, empty if any module may use what was saved; None if nothing was.
        focus: the number of the checkpoint that is watched, or None for whatever is affected.
        everything: whether all that is open is to run, whatever was saved.
        failed: node ids that failed last time: they come first.
        urgent: those of them that are tried in full in the first look.
        width: columns of the terminal.
        color: whether it shows colors.
        plain: whether it shows ASCII only.
        unsaved: what stands in an editor in the place of files of the package, by their paths from it. A run
            with any of it grants nothing, and writes nothing.
    """

    number: int
    saved: Sequence[str] | None = None
    focus: str | None = None
    everything: bool = False
    failed: Sequence[str] = ()
    urgent: Sequence[str] = ()
    width: int = 80
    color: bool = False
    plain: bool = False
    unsaved: Mapping[str, str] = field(default_factory=dict)


def as_saved(text: str) -> bytes:
    """What an editor would save: text in the encoding that it declares, or else in UTF-8."""
    data = text.encode("utf-8", "surrogatepass")
    try:
        return text.encode(detect_encoding(BytesIO(data).readline)[0])
    except (SyntaxError, UnicodeError):
        return data  # it cannot be imported, and whoever does that is told


def fingerprint(data: bytes) -> str:
    """Tells source from other source, but for what editors hide: line ends and a byte order mark."""
    return digests.of_text(data.removeprefix(codecs.BOM_UTF8))
