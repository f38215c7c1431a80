"""What runs tell of source, and what of that is in sight: values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Struct, field

from pytest_tinytorch.evidence.outcomes import State

Files = Mapping[str, str]
"""Path of a file of the package to its fingerprint."""
FIRST_LOOK, UNSAVED = "first look", "unsaved"
"""What marks a finding that is no full verdict on what is saved."""


class Finding(Struct, frozen=True):
    """What a cause is told with; see `watch.findings`.

    Attributes:
        state: wrong, todo or broken.
        nodeids: of the specs that fail for it, the one that is told first.
        unit: the id of the unit to blame, if known.
        exercise: to blame, if known.
        file: from the root, or whole where it lies outside; empty if none is to blame.
        line: in it, from 1.
        headline: what is the matter, in one line.
        message: label to text: Law, Called, Expected, Got, …
        printed: what the code wrote on the way.
        marks: what it comes from, where that is not a full verdict on what is saved.
    """

    state: State
    nodeids: tuple[str, ...] = ()
    unit: str | None = None
    exercise: str = ""
    file: str = ""
    line: int = 0
    headline: str = ""
    message: Mapping[str, str] = field(default_factory=dict)
    printed: str = ""
    marks: tuple[str, ...] = ()


class Told(Struct, frozen=True):
    """A message of a run that is about source.

    Attributes:
        beat: FIRST, FULL or NOTHING.
        files: the source that was judged.
        unsaved: whether some of it stands in editors only.
        specs: node id to what the spec came to.
        findings: what is wrong or broken, what is to be mended first in front.
        states: of all units, in a full verdict.
        headline: a full verdict in one line.
        text: what a terminal shows of it.
    """

    beat: str
    files: Files = field(default_factory=dict)
    unsaved: bool = False
    specs: Mapping[str, State] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    states: Mapping[str, State] = field(default_factory=dict)
    headline: str = ""
    text: str = ""


class Known(Struct, frozen=True):
    """What one run has told of a unit.

    Attributes:
        files: the source that was judged.
        specs: node id to what the spec of the unit came to.
        findings: what specs of the unit found, as `Told`.
    """

    files: Files
    specs: Mapping[str, State] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()


class InSight(Struct, frozen=True):
    """What holds of that for the source as it is.

    Attributes:
        states: node id to what the spec came to in a full verdict, of the units that somebody asks of.
        findings: what is wrong or broken.
        unsaved: the node ids of specs that ran on something that is not saved.
        same: those of them that came to the same on what is saved.
        is_less: whether a finding is left out because it is about other source.
    """

    states: Mapping[str, State] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    unsaved: frozenset[str] = frozenset()
    same: frozenset[str] = frozenset()
    is_less: bool = False


def told(message: Mapping[str, Any]) -> Told:
    """A message of a run."""
    return msgspec.convert(message, Told)
