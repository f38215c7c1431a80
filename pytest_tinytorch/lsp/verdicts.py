"""What runs have told of each unit, and what of it holds for the source as it is."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

import msgspec
from msgspec import Struct, field
from msgspec.structs import replace

from pytest_tinytorch.course.curriculum import Curriculum, UnitId
from pytest_tinytorch.evidence.outcomes import State
from pytest_tinytorch.lsp.parts import Edit
from pytest_tinytorch.lsp.reach import Words
from pytest_tinytorch.watch.request import FIRST

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


class Memory(Struct, frozen=True):
    """What runs have told of all units.

    Attributes:
        full: the last full verdict on each, whatever source it is about.
        looks: what a first look has found since.
    """

    full: Mapping[UnitId, Known] = field(default_factory=dict)
    looks: Mapping[UnitId, Known] = field(default_factory=dict)

    def of_units(self, units: Iterable[UnitId]) -> Memory:
        """What was told of some units."""
        kept = {*units}
        full, looks = (
            {unit: one for unit, one in some.items() if unit in kept}
            for some in (self.full, self.looks)
        )
        return Memory(full, looks)

    @property
    def sources(self) -> set[str]:
        """The fingerprints of all files that something is known of."""
        both = [*self.full.values(), *self.looks.values()]
        return {mark for one in both for mark in one.files.values()}


class InSight(Struct, frozen=True):
    """What holds of that for the source as it is.

    Attributes:
        states: node id to what the spec came to in a full verdict, of the units that somebody asks of.
        findings: what is wrong or broken.
        unsaved: the node ids of specs that ran on something that is not saved.
        is_less: whether a finding is left out because it is about other source.
    """

    states: Mapping[str, State] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    unsaved: frozenset[str] = frozenset()
    is_less: bool = False


class Changes(Protocol):
    """What has changed since source was judged, as far as one unit can tell.

    Attributes:
        edit: how the source as it is differs from what was judged.
        unsaved: how what is saved does.
    """

    edit: Edit
    unsaved: Edit

    def asks(self, nodeid: str, exercise: str) -> Words | None:
        """All words that a spec comes to, and the exercise that it blames; None if that is not known."""


def told(message: Mapping[str, Any]) -> Told:
    """A message of a run."""
    return msgspec.convert(message, Told)


def with_told(before: Memory, new: Told, curriculum: Curriculum) -> Memory:
    """What is known once a message has come: of the units that it speaks of, that and no more.

    What a first look has found is gone with the next verdict, whatever that is about. So is what is known of
    a unit for which something has changed, and which did not run: it is locked.
    """
    specs: dict[UnitId, dict[str, State]] = {}
    findings: dict[UnitId, list[Finding]] = {}
    for nodeid, state in new.specs.items():
        if (unit := curriculum.unit_of_spec(nodeid)) is not None:
            own = specs.setdefault(unit.id, {})
            own |= {nodeid: state} if state not in (State.LOCKED, State.NOT_RUN) else {}
    for finding in new.findings:
        if (owner := owner_of(finding, curriculum)) is not None:
            findings.setdefault(owner, []).append(finding)
    found = {
        unit: Known(new.files, specs.get(unit, {}), tuple(findings.get(unit, ())))
        for unit in {**specs, **findings}
    }
    if new.beat == FIRST:
        return Memory(before.full, {**before.looks, **found})
    kept = {
        unit: one
        for unit, one in before.full.items()
        if not differing(unit, one.files, new.files, curriculum)
    }
    return Memory({**kept, **found})


def owner_of(finding: Finding, curriculum: Curriculum) -> UnitId | None:
    """The unit whose run has found something: that of the spec, or of the file where no spec ran."""
    if finding.nodeids:
        unit = curriculum.unit_of_spec(finding.nodeids[0])
    else:
        unit = curriculum.checkpoint_of_module(Path(finding.file).stem)
    return unit.id if unit is not None else None


def needed_files(unit: UnitId, files: Iterable[str], curriculum: Curriculum) -> set[str]:
    """The files that count for a unit: all but modules of checkpoints that it does not need."""
    needed = curriculum.closure([unit])
    others = {u.name for u in curriculum.checkpoints if u.source and u.id not in needed}
    return {file for file in files if Path(file).stem not in others}


def differing(unit: UnitId, judged: Files, now: Files, curriculum: Curriculum) -> set[str]:
    """The files that count for a unit, and are not as they were judged."""
    files = needed_files(unit, {**judged, **now}, curriculum)
    return {file for file in files if judged.get(file) != now.get(file)}


def in_sight(
    memory: Memory, changes: Callable[[UnitId, Files], Changes], units: Collection[UnitId] = ()
) -> InSight:
    """What holds for the source as it is.

    A full verdict on a spec does, as long as nothing has changed that the spec can come to. A first look
    adds what it has found to that.

    Args:
        memory: what runs have told.
        changes: since source was judged, for a unit.
        units: those whose specs matter, and not just what was found: to find out takes longer.
    """
    since = {unit: changes(unit, one.files) for unit, one in memory.full.items()}
    full = [f for unit, one in memory.full.items() for f in holding_findings(one, since[unit])]
    known = {nodeid for finding in full for nodeid in finding.nodeids}
    looks = [
        as_first_look(finding)
        for unit, one in memory.looks.items()
        for finding in holding_findings(one, changes(unit, one.files))
    ]
    told = sum(len(one.findings) for one in (*memory.full.values(), *memory.looks.values()))
    found = (*full, *(one for one in looks if not known.issuperset(one.nodeids or ("",))))
    states: dict[str, State] = {}
    unsaved: set[str] = set()
    for unit, one in memory.full.items():
        for nodeid in one.specs if unit in units else known.intersection(one.specs):
            if not reaches(since[unit].edit, since[unit], nodeid):
                states[nodeid] = one.specs[nodeid]
                unsaved |= {nodeid} if reaches(since[unit].unsaved, since[unit], nodeid) else set()
    return InSight(states, found, frozenset(unsaved), len(full) + len(looks) < told)


def holding_findings(one: Known, since: Changes) -> Iterator[Finding]:
    """What was found that no change reaches, at the line where that stands now."""
    for finding in one.findings:
        exercise = finding.exercise
        if since.edit.is_nothing:
            left, line = finding.nodeids, finding.line
        else:
            left = tuple(n for n in finding.nodeids if not reaches(since.edit, since, n, exercise))
            moved = since.edit.line(finding.file, finding.line)
            if left[:1] != finding.nodeids[:1] or not left or moved is None:
                continue
            line = moved
        first = finding.nodeids[0] if finding.nodeids else ""
        marks = (UNSAVED,) if reaches(since.unsaved, since, first, exercise) else ()
        yield replace(finding, nodeids=left, line=line, marks=marks)


def reaches(edit: Edit, since: Changes, nodeid: str, exercise: str = "") -> bool:
    """Whether an edit has changed something that a spec, or the exercise that it blames, can come to."""
    if edit.whole or not edit.changed:
        return edit.whole
    return edit.reaches(since.asks(nodeid, exercise))


def as_first_look(finding: Finding) -> Finding:
    """A finding of a first look. A file that does not parse is none whatever specs say: that is final."""
    return replace(finding, marks=(FIRST_LOOK, *finding.marks)) if finding.nodeids else finding
