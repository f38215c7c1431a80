"""What a run came to: the one decision that its last line and its exit code are both made from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set

from msgspec import Struct

from pytest_tinytorch.course.curriculum import Curriculum, Unit, UnitId
from pytest_tinytorch.course.selection import unit_ranges
from pytest_tinytorch.evidence.gate import unmet_needs
from pytest_tinytorch.evidence.outcomes import State, Verdict

FAULTS = (State.BROKEN, State.WRONG, State.TODO, State.STALE, State.NOT_RUN)
"""What is told first. Locked comes after it: what a unit waits for says more."""


class Terms(Struct, frozen=True):
    """How a run was made, as far as its conclusion depends on that.

    Attributes:
        names_specs: whether specs were named, by node ids, ``-k`` and the like, and no units. It is
            then about those specs, and its exit code is pytest's own.
        todo_ok: whether what is untouched or locked is let through.
        once_passed: units that may not be to do again.
        complete: whether the run went to its end.
        failures: what failed that is no unit's, one phrase each.
    """

    names_specs: bool = False
    todo_ok: bool = False
    once_passed: frozenset[UnitId] = frozenset()
    complete: bool = True
    failures: tuple[str, ...] = ()


class Conclusion(Struct, frozen=True):
    """What a run came to.

    Attributes:
        headline: the most important thing about what was asked for.
        succeeded: whether all that was asked for is passed, or let through.
    """

    headline: str
    succeeded: bool


class Findings(Struct, frozen=True):
    """What a conclusion is drawn from.

    Attributes:
        curriculum: the units.
        selected: the units that the run was about.
        state: the state of every unit.
        verdicts: this run's verdicts; those on what was run for the selected ones, too.
        terms: how the run was made.
    """

    curriculum: Curriculum
    selected: Set[UnitId]
    state: Mapping[UnitId, State]
    verdicts: Mapping[UnitId, Verdict]
    terms: Terms


def conclude(found: Findings) -> Conclusion:
    """What a run came to."""
    terms = found.terms
    faults = _faults_of_specs(found) if terms.names_specs else _faults_of_units(found)
    fault = next(faults, None) or next(iter(terms.failures), None)
    if fault is not None:
        return Conclusion(fault, False)
    if not terms.complete:
        return Conclusion("cut short before all specs ran", False)
    return Conclusion(_success(found), True)


def _faults_of_units(found: Findings) -> Iterator[str]:
    """What keeps a run from success, the most important first: of what was asked for, then of its needs."""
    units = found.curriculum.units
    selected = [unit for unit in units if unit.id in found.selected]
    needed = [unit for unit in units if unit.id in found.verdicts.keys() - found.selected]
    for group in (selected, needed):
        for kind in (*FAULTS, State.LOCKED, State.BORROWED):
            for unit in group:
                if _kind(found, unit) == kind and not _let_through(found, unit, kind):
                    yield _describe(found, unit, kind)


def _kind(found: Findings, unit: Unit) -> State:
    """The state of a unit; one that is proved, but was not run in full when it was to run, is not run."""
    state, verdict = found.state[unit.id], found.verdicts.get(unit.id)
    unsettled = state == State.PASSED and verdict is not None and verdict.counts.get(State.NOT_RUN)
    return State.NOT_RUN if unsettled else state


def _let_through(found: Findings, unit: Unit, kind: State) -> bool:
    """Whether ``--todo-ok`` lets a unit through: it is untouched, or waits for such ones alone."""
    if not found.terms.todo_ok:
        return False
    if kind == State.TODO:
        return unit.id not in found.terms.once_passed
    waits = unmet_needs(found.curriculum, unit, found.state)
    return kind == State.LOCKED and all(found.state[need.id] == State.TODO for need in waits)


def _describe(found: Findings, unit: Unit, kind: State) -> str:
    """What is the matter with a unit."""
    verdict = found.verdicts.get(unit.id)
    if kind == State.NOT_RUN and verdict is not None and verdict.counts:
        return f"{unit.label} not run in full" + (
            f": {verdict.headline}" if verdict.headline else ""
        )
    if kind == State.TODO and found.terms.todo_ok and unit.id in found.terms.once_passed:
        return f"{unit.label} is to do again"
    if kind == State.LOCKED:
        waits = unmet_needs(found.curriculum, unit, found.state)
        return f"{unit.label} locked" + (f", needs {unit_ranges(waits)}" if waits else "")
    return f"{unit.label} {kind.words}"


def _faults_of_specs(found: Findings) -> Iterator[str]:
    """What failed among specs that were named, whatever else is known of their units."""
    for kind in (State.BROKEN, State.WRONG, State.TODO):
        for unit in found.curriculum.units:
            verdict = found.verdicts.get(unit.id)
            if (
                verdict is not None
                and verdict.state == kind
                and not _let_through(found, unit, kind)
            ):
                yield f"{unit.label} {kind.words}"


def _success(found: Findings) -> str:
    """A run in which nothing failed."""
    selected = [unit for unit in found.curriculum.units if unit.id in found.selected]
    for kind in (State.TODO, State.LOCKED):
        for unit in selected:
            if found.state[unit.id] == kind and not found.terms.names_specs:
                return f"nothing wrong, {_describe(found, unit, kind)}"
    unproved = [u for u in selected if not _is_passed_in_full(found, u)]
    if found.terms.names_specs and unproved:
        return _part(found, unproved)
    if len(selected) == 1:
        return f"{selected[0].label} passed"
    return "all passed" if selected else ""


def _is_passed_in_full(found: Findings, unit: Unit) -> bool:
    verdict = found.verdicts.get(unit.id)
    passed = verdict is not None and verdict.state == State.PASSED
    return passed and found.state[unit.id] == State.PASSED


def _part(found: Findings, units: Sequence[Unit]) -> str:
    """How many specs passed of a unit that they do not prove: ``1 of 2 specs of 01 adding passed``."""
    unit, verdict = units[0], found.verdicts[units[0].id]
    passed = verdict.counts.get(State.PASSED, 0)
    text = f"{passed} of {verdict.total} specs of {unit.label} passed"
    if verdict.counts.get(State.NOT_RUN):
        return f"{text}, {verdict.headline or 'some not run'}"
    if not verdict.missing and found.state[unit.id] != State.PASSED:
        return f"{text}, {_describe(found, unit, found.state[unit.id])}"
    return text
