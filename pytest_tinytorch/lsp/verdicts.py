"""What runs have told of each unit, and of which source: what is about older source counts no more."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct, field
from msgspec.structs import replace

from pytest_tinytorch.course.curriculum import Curriculum, UnitId
from pytest_tinytorch.evidence.outcomes import State
from pytest_tinytorch.watch.request import FIRST

Files = Mapping[str, str]
"""Path of a file of the package to its fingerprint."""


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
    """What is known of one unit.

    Attributes:
        files: the source that it is about.
        specs: node id to what the spec of the unit came to.
        findings: what specs of the unit found, as `Told`.
        first: whether it comes from a first look.
        unsaved: whether it is about source that is not saved.
    """

    files: Files
    specs: Mapping[str, State] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    first: bool = False
    unsaved: bool = False


Verdicts = Mapping[UnitId, Known]


def told(message: Mapping[str, Any]) -> Told:
    """A message of a run."""
    return msgspec.convert(message, Told)


def with_told(before: Verdicts, new: Told, curriculum: Curriculum) -> dict[UnitId, Known]:
    """What is known once a message has come: of the units that it speaks of, that and no more.

    What a first look has found is gone with the next verdict, whatever that is about.
    """
    kept = {unit: one for unit, one in before.items() if new.beat == FIRST or not one.first}
    specs: dict[UnitId, dict[str, State]] = {}
    findings: dict[UnitId, list[Finding]] = {}
    for nodeid, state in new.specs.items():
        if (unit := curriculum.unit_of_spec(nodeid)) is not None:
            own = specs.setdefault(unit.id, {})
            own |= {nodeid: state} if state not in (State.LOCKED, State.NOT_RUN) else {}
    for finding in new.findings:
        if (owner := owner_of(finding, curriculum)) is not None:
            findings.setdefault(owner, []).append(finding)
    return kept | {
        unit: Known(
            new.files,
            specs.get(unit, {}),
            tuple(findings.get(unit, ())),
            first=new.beat == FIRST,
            unsaved=new.unsaved,
        )
        for unit in {**specs, **findings}
    }


def owner_of(finding: Finding, curriculum: Curriculum) -> UnitId | None:
    """The unit whose run has found something: that of the spec, or of the file where no spec ran."""
    if finding.nodeids:
        unit = curriculum.unit_of_spec(finding.nodeids[0])
    else:
        unit = curriculum.checkpoint_of_module(Path(finding.file).stem)
    return unit.id if unit is not None else None


def outdated(known: Verdicts, now: Files, curriculum: Curriculum) -> set[UnitId]:
    """The units of which what is known is about other source than there is now."""
    return {unit for unit, one in known.items() if not is_about(unit, one, now, curriculum)}


def marked(known: Verdicts, saved: Files, curriculum: Curriculum) -> dict[UnitId, Known]:
    """The same, as unsaved only where a unit depends on something that is not saved.

    A run that something unsaved takes part in may judge other units along with it.
    """
    return {
        unit: replace(one, unsaved=False) if is_about(unit, one, saved, curriculum) else one
        for unit, one in known.items()
    }


def is_about(unit: UnitId, one: Known, now: Files, curriculum: Curriculum) -> bool:
    """Whether what is known of a unit is about the source as it is.

    The modules of checkpoints that the unit does not need make no difference.
    """
    needed = curriculum.closure([unit])
    others = {u.name for u in curriculum.checkpoints if u.source and u.id not in needed}
    differing = {name for name in {**one.files, **now} if one.files.get(name) != now.get(name)}
    return all(Path(name).stem in others for name in differing)


def states_of(known: Verdicts, units: Iterable[UnitId]) -> dict[str, State]:
    """Node id to what the spec came to in a full verdict, of some units."""
    return {
        nodeid: state
        for unit in units
        if (one := known.get(unit)) is not None and not one.first
        for nodeid, state in one.specs.items()
    }
