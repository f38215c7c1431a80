"""Everything a run depends on, read from disk: curriculum, implementation, manifest, ledger, plan."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence, Set
from functools import cached_property
from hashlib import sha256
from importlib.util import decode_source
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from pytest_tinytorch.course import selection
from pytest_tinytorch.course.curriculum import Curriculum, NamedCheckpoints, Unit, UnitId
from pytest_tinytorch.course.curriculumfile import DEFAULT, load_curriculum
from pytest_tinytorch.course.exercises import any_untouched, locate_exercises
from pytest_tinytorch.course.options import NO_BORROWING, WORKSPACE_FILE, Options
from pytest_tinytorch.evidence import gate, ledger, manifest
from pytest_tinytorch.evidence.digests import (
    MISSING,
    Snapshot,
    mark,
    of_bytes,
    read_if_present,
)
from pytest_tinytorch.evidence.ground import Digests, Footing, Ground
from pytest_tinytorch.evidence.implementation import PACKAGE, Implementation, reference_folder
from pytest_tinytorch.evidence.ledger import Event, Ledger
from pytest_tinytorch.evidence.outcomes import Outcome, State
from pytest_tinytorch.evidence.paths import real_path
from pytest_tinytorch.evidence.progress import Progress
from pytest_tinytorch.evidence.source import Source
from pytest_tinytorch.evidence.standing import Standing

if TYPE_CHECKING:  # what is wrong is looked into after a run
    from pytest_tinytorch.course.callgraph import Uses
    from pytest_tinytorch.evidence.causes import UsesByUnit
    from pytest_tinytorch.evidence.plan import Plan


class Workspace(Struct, frozen=True, dict=True):
    """A folder with specs, milestones and the package under test, as one run sees it.

    Attributes:
        root: the folder.
        options: what was asked for.
        curriculum: what there is to learn.
        implementation: where the modules under test come from.
        pinned: the source of the package, if it was read before; whatever is saved since then is not judged.
        curriculum_file: where the curriculum was read from, if from a file.
        beside: one for another path, or with other modules borrowed, that was read already: what does not
            depend on that is taken from it.
    """

    root: Path
    options: Options
    curriculum: Curriculum
    implementation: Implementation
    pinned: Mapping[Path, bytes] | None = None
    curriculum_file: Path | None = None
    beside: Workspace | None = None

    @cached_property
    def sources(self) -> Mapping[Path, bytes]:
        """The source that this run judges."""
        if self.pinned is not None:
            return self.pinned
        if self.beside is None:
            return self.implementation.sources()
        known = self.beside.sources
        alike = self.implementation == self.beside.implementation
        return known if alike else self.implementation.sources(known)

    @cached_property
    def manifest(self) -> Mapping[UnitId, tuple[str, ...]]:
        return self.beside.manifest if self.beside else manifest.read_manifest(self.root)

    @property
    def ledger_file(self) -> Path:
        """Where progress is kept: what another folder's package proves is not the learner's."""
        kept = self.root / ".tinytorch"
        if self.options.ledger is not None:
            return self.options.ledger
        source = real_path(self.options.source or self.root)
        if source == real_path(self.root):
            return kept / "ledger.jsonl"
        return kept / "ledgers" / f"{sha256(os.fsencode(source)).hexdigest()[:16]}.jsonl"

    @cached_property
    def ledger(self) -> Ledger:
        return self.beside.ledger if self.beside else ledger.read_ledger(self.ledger_file)

    @property
    def digests(self) -> Digests:
        """Unit id to the digests of its source and of its specs, as the run found them."""
        return self.found.digests

    @cached_property
    def now(self) -> Snapshot:
        """The files as this run found them."""
        return Snapshot(self.sources, self.beside.now if self.beside else None)

    @cached_property
    def standing(self) -> Standing:
        """What judges, as this run found it."""
        return self.beside.standing if self.beside else Standing(self.root, self.now)

    @cached_property
    def grounds(self) -> Mapping[UnitId, Ground]:
        """Unit id to what it depends on; its files are read when somebody asks."""
        return self.grounds_at(self.now, self.manifest, self.standing)

    def ground(self, unit_id: UnitId) -> Ground | None:
        """What one unit depends on: as it was read for `beside`, if it borrows the same there."""
        read = self.beside.ground(unit_id) if self.beside else None
        return read if read and self._borrows_as_beside(read.unit) else self.grounds.get(unit_id)

    def _borrows_as_beside(self, unit: Unit) -> bool:
        """Whether a unit depends on the same files for this workspace and for `beside`, read alike."""
        assert self.beside is not None
        either = self.implementation.borrowed ^ self.beside.implementation.borrowed
        needs = map(self.curriculum.unit, self.curriculum.closure([unit.id]))
        same = not any(need.source and need.name in either for need in needs)
        return same and self.now.code == self.beside.now.code

    @cached_property
    def found(self) -> Footing:
        """What every unit depends on, as the run found it, all of it read."""
        return self.footing(self.now, self.grounds)

    def footing_now(self, sources: Mapping[Path, bytes] | None = None) -> Footing:
        """What every unit depends on at this moment, but with ``sources`` for the source if given."""
        try:
            listed = manifest.read_manifest(self.root)
        except ValueError:
            listed = {}
        now = Snapshot(self.implementation.sources() if sources is None else sources)
        return self.footing(now, self.grounds_at(now, listed, Standing(self.root, now)))

    def grounds_at(
        self, now: Snapshot, listed: Mapping[UnitId, Sequence[str]], standing: Standing
    ) -> Mapping[UnitId, Ground]:
        """Unit id to what it depends on at that moment, with these specs; read when somebody asks."""
        source = Source(self.implementation, self.curriculum, now)
        return {
            unit.id: Ground(unit, tuple(listed.get(unit.id, ())), source, standing)
            for unit in self.curriculum.units
        }

    def footing(self, now: Snapshot, grounds: Mapping[UnitId, Ground]) -> Footing:
        """What every unit depends on at that moment, all of it read."""
        for ground in grounds.values():
            ground.read()
        told = [
            self.root / WORKSPACE_FILE,
            *([self.curriculum_file] if self.curriculum_file else []),
        ]
        return Footing(grounds, now.marks | {file: mark(file) for file in told})

    def helper_digest(self, path: str) -> str:
        """The digest of a helper module, by its path from the root, as it is now."""
        data = read_if_present(self.root / path)
        return MISSING if data is None else of_bytes(data)

    @cached_property
    def evidence(self) -> Mapping[UnitId, Event]:
        """Unit id to its last event in the ledger for the current source."""
        return self.ledger.latest_events(self.ground, self.helper_digest)

    @cached_property
    def recorded(self) -> Mapping[UnitId, State]:
        """Unit id to its verdict in the ledger for the current source."""
        return {unit: event.verdict for unit, event in self.evidence.items()}

    @property
    def recorded_counts(self) -> Mapping[UnitId, tuple[int, int]]:
        """Unit id to how many of its specs passed when it last ran, for the current source."""
        return {
            unit: (
                event.outcomes.get(State.PASSED, 0),
                max(sum(event.outcomes.values()), len(self.manifest.get(unit, ()))),
            )
            for unit, event in self.evidence.items()
        }

    def known_verdict(self, unit: UnitId) -> State | None:
        """What is known of a unit for the current source, without a run."""
        return self.recorded.get(unit) or (State.TODO if self.is_untouched(unit) else None)

    @cached_property
    def proved(self) -> frozenset[UnitId]:
        """Units that passed, for the current source."""
        return frozenset(unit for unit, kind in self.recorded.items() if kind == State.PASSED)

    @cached_property
    def stale(self) -> frozenset[UnitId]:
        """Units that the learner's code once passed, though not as it stands."""
        if self.options.reference:
            return frozenset()
        return self.ledger.once_passed() - self.proved - self.proved_with_others

    @cached_property
    def proved_with_others(self) -> frozenset[UnitId]:
        """Units that passed for the current source, though with other modules borrowed than now.

        Where a pass with fewer of them borrowed holds no longer, code of the learner's has changed since.
        """
        asked = self.ledger.once_passed() - self.proved
        passes = {
            (event.unit, names)
            for event in self.ledger.events
            if event.unit in asked and event.verdict == State.PASSED
            for names in [event.borrowed]
            if names is not None
        }
        held: set[tuple[UnitId, frozenset[str]]] = set()
        for names in {names for _, names in passes} - {self.implementation.borrowed}:
            other = replace(self.implementation, borrowed=names)
            pinned = {**other.sources(self.sources), **self.sources}
            beside = replace(self, implementation=other, pinned=pinned, beside=self)
            latest = self.ledger.latest_verdicts(beside.ground, self.helper_digest)
            held |= {
                one for one in passes if one[1] == names and latest.get(one[0]) == State.PASSED
            }
        changed = passes - held
        return frozenset(
            unit
            for unit, names in held
            if not any(other == unit and fewer < names for other, fewer in changed)
        )

    @cached_property
    def untouched(self) -> frozenset[UnitId]:
        """Units with an untouched stub in their file: they cannot pass."""
        return frozenset(unit.id for unit in self.curriculum.units if self.is_untouched(unit.id))

    def is_untouched(self, unit_id: UnitId) -> bool:
        """Whether a unit has an untouched stub in its file. The file is parsed for that, if it may have.

        What is borrowed is the worked solution, which has none.
        """
        unit = self.curriculum.unit(unit_id)
        if unit.name in self.implementation.borrowed:
            return False
        if unit_id not in self._looked_through:
            try:
                found = any_untouched(self.source_of(unit_id), unit.hints)
            except (SyntaxError, ValueError):
                found = False
            self._looked_through[unit_id] = found
        return self._looked_through[unit_id]

    @cached_property
    def _looked_through(self) -> dict[UnitId, bool]:
        """Unit id to whether its own file has an untouched stub, where somebody asked."""
        return self.beside._looked_through if self.beside else {}

    def untouched_in(self, unit_id: UnitId) -> int:
        """How many exercises of a unit are untouched; 0 if its file does not parse."""
        unit = self.curriculum.unit(unit_id)
        try:
            found = locate_exercises(self.source_of(unit_id), unit.hints)
        except (SyntaxError, ValueError):
            return 0
        return sum(exercise.untouched for exercise in found)

    def source_of(self, unit_id: UnitId) -> str:
        """The text of a unit's module; empty if it has none."""
        unit = self.curriculum.unit(unit_id)
        file = self.implementation.file_among(self.sources, unit.name)
        data = self.sources.get(file) if unit.source else None
        return decode_source(data) if data is not None else ""

    def uses(self, outcomes: Iterable[Outcome]) -> UsesByUnit:
        """What the exercises use of each unit that something is wrong in."""
        from pytest_tinytorch.course.callgraph import engine_of, uses_of, with_engine

        wrong: dict[UnitId, set[str]] = {}
        for outcome in outcomes:
            if outcome.state == State.WRONG and outcome.unit:
                wrong.setdefault(outcome.unit, set()).add(outcome.exercise)
        found: dict[str, Uses] = {}
        for unit_id, exercises in wrong.items():
            hints = self.curriculum.unit(unit_id).hints
            try:
                source = self.source_of(unit_id)
            except (SyntaxError, ValueError):
                continue
            table = uses_of(source, hints)
            found[unit_id] = with_engine(table, *engine_of(source, hints), exercises)
        return found

    def plan(self, narrowed: bool) -> Plan:
        """What this run is to do; ``narrowed``: it was narrowed by pytest's own means."""
        from pytest_tinytorch.evidence.plan import Plan  # what only shows something plans nothing

        curriculum, options = self.curriculum, self.options
        selected = self.selected()
        borrowed = self.borrowed() - selected
        if narrowed or not options.gate:
            return Plan(selected, selected, borrowed, gated=False)
        proved = self.proved - selected
        to_run = gate.with_unproved_needs(curriculum, selected, proved, borrowed)
        # Nobody asks it of any other, and to know it files are parsed.
        untouched = frozenset(unit for unit in to_run if self.is_untouched(unit))
        return Plan(selected, to_run, borrowed, proved, untouched)

    def selected(self) -> frozenset[UnitId]:
        """What the run is about: what was chosen, else everything, and nothing that is borrowed.

        Raises:
            ValueError: all that was chosen is borrowed, or path and borrowing leave nothing to write.
        """
        options, curriculum = self.options, self.curriculum
        borrowed = chosen_to_borrow(curriculum, options)
        if options.learning_path and options.borrow and not options.reference:
            refuse_nothing_to_write(curriculum, options, borrowed)
        if not options.selects:
            return frozenset(unit.id for unit in curriculum.units if unit.id not in borrowed)
        chosen: list[Unit] = []
        if options.checkpoint is not None:
            chosen += selection.select_checkpoints(curriculum, options.checkpoint)
        if options.milestone is not None:
            chosen += selection.select_milestones(curriculum, options.milestone)
        selected = frozenset(
            unit.id for unit in chosen if options.reference or unit.id not in borrowed
        )
        if not selected:
            labels = ", ".join(unit.label for unit in chosen)
            raise ValueError(
                f"{labels}: borrowed, or not on your path, so there is nothing to judge"
            )
        return selected

    def borrowed(self) -> frozenset[UnitId]:
        """What is taken as given: what is borrowed, and with the reference everything."""
        if self.options.reference:
            return frozenset(unit.id for unit in self.curriculum.units)
        return chosen_to_borrow(self.curriculum, self.options)

    def progress(self) -> Progress:
        """Where the learner stands, without a run."""
        selected = self.selected()
        borrowed = {unit for unit in self.borrowed() if self.known_verdict(unit) is None}
        state = gate.states_of_units(self.curriculum, {}, self.known_verdict, self.stale, borrowed)
        warnings = self.ledger_warnings
        chosen = selected if self.options.selects else frozenset()
        return Progress(
            self.curriculum,
            state,
            selected=chosen,
            warnings=warnings,
            learning_path=self.learning_path,
            achievements=self.ledger.achievements(),
            reference=self.options.reference,
            recorded_counts=self.recorded_counts,
            recorded_blame={unit: e.blames for unit, e in self.evidence.items() if e.blames},
        )

    def on_path(self, name: str) -> Workspace:
        """The same workspace, with another path followed; nothing is read twice."""
        given = replace(self.options, learning_path=name)
        return replace(build_workspace(self.root, given, self.curriculum), beside=self)

    @property
    def ledger_warnings(self) -> tuple[str, ...]:
        """What is wrong with the ledger: lines that cannot be read, or the units of another course."""
        known = {unit.id for unit in self.curriculum.units}
        other = sorted({event.unit for event in self.ledger.events} - known)
        if not other:
            return self.ledger.damage
        named = ", ".join(other[:3]) + (f" and {len(other) - 3} more" if len(other) > 3 else "")
        told = (
            f"{self.ledger_file} has lines of another course: this one has no {named}."
            " They are ignored"
        )
        return (*self.ledger.damage, told)

    @property
    def learning_path(self) -> NamedCheckpoints | None:
        """The learning path that is followed, if any."""
        return chosen_learning_path(self.curriculum, self.options)

    def collection_paths(self, plan: Plan) -> list[str]:
        """The files and folders to collect for a plan, leaving out what is sure to stay locked."""
        units = [unit for unit in self.curriculum.units if unit.id in plan.to_run]
        return [
            str(self.root / unit.spec_path)
            for unit in units
            if gate.blocking_need(self.curriculum, unit, frozenset(), plan) is None
            and (self.root / unit.spec_path).exists()
        ]


def chosen_to_borrow(curriculum: Curriculum, options: Options) -> frozenset[UnitId]:
    """What ``--borrow`` names, and what a path leaves out."""
    borrowed = {unit.id for unit in curriculum.units} - curriculum.ids_on_path(
        chosen_learning_path(curriculum, options)
    )
    if options.borrow is not None and options.borrow != NO_BORROWING:
        try:
            chosen = selection.select_checkpoints(curriculum, options.borrow)
        except selection.UnknownName as error:
            raise selection.UnknownName(f"{options.borrow_from}: {error}") from None
        borrowed.update(unit.id for unit in chosen)
    return frozenset(borrowed)


def refuse_nothing_to_write(
    curriculum: Curriculum, options: Options, borrowed: Set[UnitId]
) -> None:
    """Say so where a path and what is borrowed contradict each other.

    Raises:
        ValueError: every module of the path is borrowed.
    """
    if all(unit.id in borrowed for unit in curriculum.checkpoints if unit.source):
        raise ValueError(
            f"{options.learning_path_from} {options.learning_path} and {options.borrow_from}"
            f" {options.borrow} contradict each other: nothing is left to write. Borrow less, or end"
            " one of them: tito path leave"
        )


def chosen_learning_path(curriculum: Curriculum, options: Options) -> NamedCheckpoints | None:
    """The learning path that the command line or the workspace's settings name, if any."""
    if options.learning_path is None:
        return None
    try:
        return selection.select_learning_path(curriculum, options.learning_path)
    except selection.UnknownName as error:
        raise selection.UnknownName(f"{options.learning_path_from}: {error}") from None


def open_workspace(root: Path, options: Options, curriculum_file: str = "") -> Workspace:
    """The workspace in ``root``.

    Raises:
        CurriculumError: the curriculum is wrong.
        UnknownName: an option names what there is not.
        ValueError: a folder that an option names has no package ``tinytorch``.
    """
    file = root / curriculum_file if curriculum_file else DEFAULT
    found = build_workspace(root, options, load_curriculum(file))
    return replace(found, curriculum_file=file)


def build_workspace(root: Path, options: Options, curriculum: Curriculum) -> Workspace:
    """The workspace in ``root`` for a curriculum that is read already; errors as `open_workspace`."""
    own = reference_folder(root)
    folder = own if options.reference else root
    if options.source and not options.reference:
        from pytest_tinytorch.evidence.packagefolder import package_folder  # few runs name one

        folder = package_folder(options.source)
    if not (folder / PACKAGE).is_dir():
        raise ValueError(f"{folder} has no package {PACKAGE}/: name the folder that contains it")
    borrowed = frozenset() if options.reference else chosen_to_borrow(curriculum, options)
    modules = {unit.name for unit in curriculum.checkpoints if unit.id in borrowed and unit.source}
    return Workspace(root, options, curriculum, Implementation(folder, own, frozenset(modules)))
