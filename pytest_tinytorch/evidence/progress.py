"""Progress as one value: what every report, export and exit code is made from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field

from pytest_tinytorch.course.curriculum import Curriculum, NamedCheckpoints, Unit, UnitId
from pytest_tinytorch.course.selection import unit_ranges
from pytest_tinytorch.evidence.conclusion import Conclusion, Findings, Terms, conclude
from pytest_tinytorch.evidence.gate import unmet_needs
from pytest_tinytorch.evidence.ledger import Achievement
from pytest_tinytorch.evidence.outcomes import Outcome, State, Verdict

if TYPE_CHECKING:
    from pytest_tinytorch.evidence.causes import UsesByUnit


class Task(Struct, frozen=True):
    """One thing to do in the source: an exercise, and how many specs wait for it."""

    unit: Unit
    exercise: str
    file: str
    line: int
    waiting_specs: int
    state: State

    @property
    def location(self) -> str:
        """``tinytorch/tensor.py:42``, which terminals and editors open on a click."""
        return f"{self.file}:{self.line}" if self.line else self.file


class GroupCount(Struct, frozen=True):
    """How many specs of a sub-capability passed."""

    name: str
    passed: int
    total: int


class Progress(Struct, frozen=True, dict=True):
    """Where a learner stands, and what this run found.

    Attributes:
        curriculum: what there is to learn.
        state: unit id to state, for every unit.
        verdicts: unit id to this run's verdict, for those that ran.
        groups: unit id to the sub-capabilities of those that ran.
        selected: ids of what the run was about.
        newly_passed: ids that this run passed and that were not passed before.
        tasks: what to do or to fix, in the order of the course.
        notes: unit id to the numbers a milestone showed.
        warnings: damaged ledger lines and the like.
        grants: False for a run that named specs one by one, or ran without the gate.
        learning_path: the one that is followed; None for all of the course.
        achievements: unit id to what the learner's own code has proved of it at some time, and when.
        reference: whether the worked solution is judged.
        terms: how the run was made, as far as its success depends on that.
        recorded_counts: unit id to how many of its specs passed, and of how many, according to the ledger,
            for the current source.
        recorded_blame: unit id to the exercise that its last run found wrong, according to the ledger,
            for the current source.
        untouched: unit id to how many of its exercises are untouched, of those that this run found to do.
    """

    curriculum: Curriculum
    state: Mapping[UnitId, State]
    verdicts: Mapping[UnitId, Verdict] = field(default_factory=dict)
    groups: Mapping[UnitId, tuple[GroupCount, ...]] = field(default_factory=dict)
    selected: frozenset[UnitId] = frozenset()
    newly_passed: tuple[UnitId, ...] = ()
    tasks: tuple[Task, ...] = ()
    notes: Mapping[UnitId, Mapping[str, Any]] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    grants: bool = True
    learning_path: NamedCheckpoints | None = None
    achievements: Mapping[UnitId, Achievement] = field(default_factory=dict)
    reference: bool = False
    terms: Terms = field(default_factory=Terms)
    recorded_counts: Mapping[UnitId, tuple[int, int]] = field(default_factory=dict)
    recorded_blame: Mapping[UnitId, str] = field(default_factory=dict)
    untouched: Mapping[UnitId, int] = field(default_factory=dict)

    @cached_property
    def checkpoints(self) -> tuple[Unit, ...]:
        """The checkpoints to pass: those of the path, if one is followed."""
        return tuple(unit for unit in self.curriculum.checkpoints if self.is_on_path(unit))

    @cached_property
    def milestones(self) -> tuple[Unit, ...]:
        """The milestones to pass: those of the path, if one is followed."""
        return tuple(unit for unit in self.curriculum.milestones if self.is_on_path(unit))

    @cached_property
    def borrowed(self) -> tuple[Unit, ...]:
        """The checkpoints that the learner's work depends on and that are taken from the reference."""
        reached = self.curriculum.closure(unit.id for unit in self.checkpoints)
        units = [unit for unit in self.curriculum.checkpoints if unit.id in reached]
        return tuple(unit for unit in units if self.state[unit.id] == State.BORROWED)

    def borrowed_for(self, unit: Unit) -> tuple[Unit, ...]:
        """The checkpoints that one unit depends on and that are taken from the reference."""
        reached = self.curriculum.closure([unit.id])
        return tuple(
            one
            for one in self.curriculum.checkpoints
            if one.id in reached and self.state[one.id] == State.BORROWED
        )

    def has_only_borrowed(self, unit: Unit) -> bool:
        """Whether a unit depends on borrowed modules and on none that the learner wrote."""
        reached = self.curriculum.closure([unit.id])
        own = [one for one in self.checkpoints if one.id in reached and one.source]
        lent = self.borrowed_for(unit)
        return bool(lent) and all(one in lent for one in own)

    def opened_by(self, unit: Unit) -> tuple[Unit, ...]:
        """What a unit leads to at once: it needs the unit, and nothing else that does."""
        closure = self.curriculum.closure
        return tuple(
            other
            for other in self.curriculum.units
            if unit.id in other.needs
            and not any(unit.id in closure(self.curriculum.unit(n).needs) for n in other.needs)
        )

    def place(self, unit: Unit) -> tuple[int, int]:
        """Which milestone of how many one is, on the path that is followed; of all, if it is not on it."""
        own = self.milestones if unit in self.milestones else self.curriculum.milestones
        return own.index(unit) + 1, len(own)

    @cached_property
    def left_out(self) -> tuple[Unit, ...]:
        """What is neither on the path that is followed nor borrowed for it: nothing to do there."""
        kept = {unit.id for unit in self.borrowed}
        return tuple(
            u for u in self.curriculum.units if not self.is_on_path(u) and u.id not in kept
        )

    def is_on_path(self, unit: Unit) -> bool:
        """Whether a unit is on the path that is followed; without one, all are."""
        return unit.id in self._on_path

    @cached_property
    def _on_path(self) -> frozenset[UnitId]:
        return self.curriculum.ids_on_path(self.learning_path)

    def count_passed(self, units: Iterable[Unit]) -> int:
        """How many of ``units`` are passed."""
        return sum(self.state[unit.id] == State.PASSED for unit in units)

    def share(self, unit: Unit) -> float | None:
        """How much of a unit's specs pass, from 0 to 1; None where that is not known.

        It is of this run if all of them ran, or else of the last that the ledger has for
        the current source.
        """
        state, verdict = self.state[unit.id], self.verdicts.get(unit.id)
        if state in (State.PASSED, State.BORROWED, State.STALE):
            return 1.0 if state == State.PASSED else None
        passed, total = self.recorded_counts.get(unit.id, (0, 0))
        if verdict is not None and not verdict.missing:
            passed, total = verdict.counts.get(State.PASSED, 0), verdict.total
        return passed / total if total else None

    @cached_property
    def current(self) -> Unit | None:
        """What to do next: the first that is open and not passed, a milestone as soon as it has opened."""
        return next((unit for unit in self.curriculum.way if self._is_to_do(unit)), None)

    @property
    def current_checkpoint(self) -> Unit | None:
        """The first checkpoint that is open and not passed."""
        return next((unit for unit in self.curriculum.checkpoints if self._is_to_do(unit)), None)

    @property
    def opened(self) -> tuple[Unit, ...]:
        """What this run has opened: what it passed is all that these were waiting for."""
        passed = {*self.newly_passed}
        units = [unit for unit in self.curriculum.way if passed & {*unit.needs}]
        return tuple(unit for unit in units if self._is_to_do(unit) and not self.unmet_needs(unit))

    def _is_to_do(self, unit: Unit) -> bool:
        return self.state[unit.id] not in (State.PASSED, State.BORROWED, State.LOCKED)

    @property
    def blamed(self) -> dict[UnitId, str]:
        """Unit id to the exercise to fix first, of this run or else of the last one."""
        wrong = [task for task in self.tasks if task.exercise and task.state != State.TODO]
        now = {task.unit.id: task.exercise for task in reversed(wrong)}
        return {**self.recorded_blame, **now}

    @property
    def next_task(self) -> Task | None:
        """What to do next: the first task of the earliest unit."""
        return self.tasks[0] if self.tasks else None

    def unmet_needs(self, unit: Unit) -> tuple[Unit, ...]:
        """What a locked unit waits for, as far as it can be begun now."""
        return unmet_needs(self.curriculum, unit, self.state)

    def opens_after(self, unit: Unit) -> tuple[Unit, ...]:
        """What has to be passed last before a unit opens; all that these need comes before."""
        closure, done = self.curriculum.closure, (State.PASSED, State.BORROWED)
        waits = {need for need in closure(unit.needs) if self.state[need] not in done}
        below = {need for one in waits for need in closure(self.curriculum.unit(one).needs)}
        return tuple(one for one in self.curriculum.units if one.id in waits - below)

    def lock_text(self, unit: Unit) -> str:
        """The whole lock in a few words: ``opens after 07; you are at 03``; empty for what is open."""
        waits, here = self.opens_after(unit), self.current
        if not waits:
            return ""
        at = f"; you are at {here.short}" if here and here not in waits else ""
        return f"opens after {unit_ranges(waits)}{at}"

    def modules_before(self, unit: Unit) -> tuple[Unit, ...]:
        """The modules to borrow for beginning with a unit; none if it waits for no module.

        Those that are borrowed already are among them: what somebody borrows next takes the place of that.
        """
        needs = self.curriculum.closure(unit.needs)
        modules = [one for one in self.checkpoints if one.id in needs and one.source]
        left = [one for one in modules if self.state[one.id] != State.PASSED]
        return tuple(left) if any(self.state[one.id] != State.BORROWED for one in left) else ()

    def verdict_line(self) -> str:
        """The run in one line."""
        checkpoints, milestones = self.checkpoints, self.milestones
        parts = [self.conclusion.headline]
        parts.append(f"{self.count_passed(checkpoints)} of {len(checkpoints)} checkpoints")
        if self.count_passed(milestones):
            parts.append(f"{self.count_passed(milestones)} of {len(milestones)} milestones")
        return " · ".join(part for part in parts if part)

    def learning_path_line(self) -> str:
        """The path that is followed, how far it is, and what is borrowed; empty without any of it."""
        if self.learning_path is None:
            lent = () if self.reference else self.borrowed
            return f"all of the course · borrows {unit_ranges(lent)}" if lent else ""
        modules = [unit for unit in self.checkpoints if unit.source]
        parts = [
            f"{self.learning_path.name}  {self.count_passed(modules)} of {len(modules)} modules"
        ]
        parts += [self.learning_path.duration] if self.learning_path.duration else []
        if self.borrowed:
            parts.append(f"borrows {unit_ranges(self.borrowed)}")
        return " · ".join(parts)

    @cached_property
    def conclusion(self) -> Conclusion:
        """What the run came to: what its last line says, and whether its exit code is 0."""
        return conclude(
            Findings(self.curriculum, self.selected, self.state, self.verdicts, self.terms)
        )


def percent_text(share: float) -> str:
    """A share in percent; 0 and 100 only where nothing or all of it is there.

    >>> percent_text(1 / 3), percent_text(0.999), percent_text(0.001), percent_text(0.0)
    ('33%', '99%', '1%', '0%')
    """
    return f"{max(int(100 * share), int(share > 0))}%"


def open_tasks(
    curriculum: Curriculum, outcomes: Iterable[Outcome], uses: UsesByUnit | None = None
) -> tuple[Task, ...]:
    """What the failed specs ask to be written or mended; see `causes.ranked` for the order.

    ``uses`` tells what the exercises of a unit use, where that is known.
    """
    from pytest_tinytorch.evidence.causes import ranked, roots_of  # after a run

    counted: Counter[tuple[UnitId, str, State]] = Counter()
    found: dict[tuple[UnitId, str, State], Outcome] = {}
    red = [o for o in outcomes if o.state in (State.TODO, State.WRONG, State.BROKEN) and o.unit]
    for outcome in red:
        if outcome.unit:
            key = (outcome.unit, outcome.exercise or outcome.file, outcome.state)
            counted[key] += 1
            found.setdefault(key, outcome)
    rank = ranked(curriculum, red, roots_of(red, uses or {}))
    return tuple(
        Task(
            unit=curriculum.unit(key[0]),
            exercise=found[key].exercise,
            file=found[key].file,
            line=found[key].line,
            waiting_specs=counted[key],
            state=key[2],
        )
        for key in sorted(found, key=lambda key: rank(found[key]))
    )


def group_counts(outcomes: Iterable[Outcome]) -> tuple[GroupCount, ...]:
    """How each sub-capability fared, in the order of the outcomes."""
    total: Counter[str] = Counter()
    passed: Counter[str] = Counter()
    for outcome in outcomes:
        total[outcome.group] += 1
        passed[outcome.group] += outcome.state == State.PASSED
    return tuple(GroupCount(name, passed[name], total[name]) for name in total)
