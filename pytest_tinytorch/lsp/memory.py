"""What runs have told of each unit: the last verdict, and those before, for when their source comes back."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

from msgspec import Struct, field

from pytest_tinytorch.course.curriculum import Curriculum, UnitId
from pytest_tinytorch.evidence.outcomes import State
from pytest_tinytorch.lsp.verdicts import Files, Finding, Known, Told
from pytest_tinytorch.watch.request import FIRST

KEPT = 8
"""Earlier verdicts on a unit that are remembered: as far as somebody takes back what they typed."""


class Memory(Struct, frozen=True):
    """What runs have told of all units.

    Attributes:
        full: a full verdict on each: the last one, unless an earlier one is about the source as it is.
        looks: what a first look has found since.
        earlier: other full verdicts on each, each about other source, the newest first.
    """

    full: Mapping[UnitId, Known] = field(default_factory=dict)
    looks: Mapping[UnitId, Known] = field(default_factory=dict)
    earlier: Mapping[UnitId, tuple[Known, ...]] = field(default_factory=dict)

    def of_units(self, units: Iterable[UnitId]) -> Memory:
        """What was told of some units."""
        kept = {*units}
        return Memory(
            {unit: one for unit, one in self.full.items() if unit in kept},
            {unit: one for unit, one in self.looks.items() if unit in kept},
            {unit: some for unit, some in self.earlier.items() if unit in kept},
        )

    @property
    def sources(self) -> set[str]:
        """The fingerprints of all files whose text is compared with the source as it is."""
        both = [*self.full.values(), *self.looks.values()]
        return {mark for one in both for mark in one.files.values()}


def with_told(
    before: Memory, new: Told, curriculum: Curriculum, asked: Collection[UnitId] = ()
) -> Memory:
    """What is known once a message has come: of the units that it speaks of, that and no more.

    What a first look has found is gone with the next verdict, whatever that is about. So is what is known of
    a unit for which something has changed, and which did not run. If it was to run it is locked, and that is
    known.

    Args:
        before: what was known.
        new: the message.
        curriculum: knows whose specs they are.
        asked: units that were to run: if the message says nothing of one, there is nothing to say.
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
        return Memory(before.full, {**before.looks, **found}, before.earlier)
    changed = {
        unit
        for unit, one in before.full.items()
        if differing(unit, one.files, new.files, curriculum)
    }
    silent = {
        unit: Known(new.files) for unit in asked if unit in changed or unit not in before.full
    }
    after = with_full(Memory(before.full, {}, before.earlier), {**silent, **found}, curriculum)
    return without(after, changed - {*asked, *found})


def with_full(before: Memory, new: Mapping[UnitId, Known], curriculum: Curriculum) -> Memory:
    """The same with other full verdicts on some units in front. Of the same source, one is remembered."""
    earlier = dict(before.earlier)
    for unit, one in new.items():
        last = [before.full[unit]] if unit in before.full else []
        others = [
            other
            for other in (*last, *earlier.get(unit, ()))
            if differing(unit, other.files, one.files, curriculum)
        ]
        earlier[unit] = tuple(others[:KEPT])
    return Memory({**before.full, **new}, before.looks, earlier)


def without(before: Memory, units: Collection[UnitId]) -> Memory:
    """The same with nothing in front of some units."""
    earlier = {u: (before.full[u], *before.earlier.get(u, ()))[:KEPT] for u in units}
    full = {unit: one for unit, one in before.full.items() if unit not in units}
    return Memory(full, before.looks, {**before.earlier, **earlier})


def recalled(memory: Memory, now: Files, curriculum: Curriculum) -> Memory:
    """The same with what was ever told of the source as it is in front."""
    found = {
        unit: one
        for unit, some in memory.earlier.items()
        if unit not in memory.full or differing(unit, memory.full[unit].files, now, curriculum)
        for one in some
        if not differing(unit, one.files, now, curriculum)
    }
    return with_full(memory, found, curriculum) if found else memory


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
    files = {file for file in {*judged, *now} if judged.get(file) != now.get(file)}
    return needed_files(unit, files, curriculum)


def without_borrowed(files: Files, package: Path) -> Files:
    """The files that are judged: of a module that is borrowed, the worked solution and not the learner's own.

    Args:
        files: of a run, with both of them.
        package: the folder of the learner's own.
    """
    instead = {Path(file).name for file in lent(files, package)}
    own = {str(package / name) for name in instead}
    return {file: mark for file, mark in files.items() if file not in own}


def lent(files: Iterable[str], package: Path) -> set[str]:
    """The files of modules that are borrowed: they lie elsewhere."""
    return {file for file in files if not Path(file).is_relative_to(package)}
