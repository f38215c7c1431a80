"""What is open, and what state each unit is in: folds over evidence, pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Set
from typing import TYPE_CHECKING

from pytest_tinytorch.course.curriculum import Curriculum, Unit, UnitId
from pytest_tinytorch.evidence.outcomes import State, Verdict

if TYPE_CHECKING:
    from pytest_tinytorch.evidence.plan import Plan


def with_unproved_needs(
    curriculum: Curriculum, selected: Set[UnitId], proved: Set[UnitId], borrowed: Set[UnitId]
) -> frozenset[UnitId]:
    """``selected`` and whatever it depends on that is neither proved nor borrowed."""
    return frozenset(selected) | (curriculum.closure(selected) - proved - borrowed)


def blocking_need(
    curriculum: Curriculum, unit: Unit, failed: Set[UnitId], plan: Plan
) -> UnitId | None:
    """The id of what keeps ``unit`` locked whatever else this run shows; None if nothing does.

    That is something it needs that has failed, that cannot pass because a stub in it is
    untouched, or that is neither proved nor part of this run. What only something borrowed needs
    is no matter. The answer does not depend on the order of the run, only how early it is known does.
    """
    if not plan.gated:
        return None
    needs = curriculum.closure(unit.needs, without=plan.borrowed)
    for need in (other.id for other in curriculum.units if other.id in needs):
        runs = need in plan.to_run
        hopeless = need in failed or (runs and need in plan.untouched)
        if hopeless or (not runs and need not in plan.proved):
            return need
    return None


def states_of_units(
    curriculum: Curriculum,
    verdicts: Mapping[UnitId, Verdict],
    known: Callable[[UnitId], State | None],
    stale: Set[UnitId],
    borrowed: Set[UnitId],
) -> dict[UnitId, State]:
    """The state of every unit: this run's verdicts over what is known of the present source.

    What is known is asked only of units that are open and not judged: to know it, files are parsed.

    A unit whose needs are not all passed or borrowed is locked, or stale if it was passed before,
    whatever its own specs said: the result does not depend on the order in which things ran. A
    verdict of ``not run`` says nothing, so what is known stands. Only ``passed`` is a pass.
    """
    result: dict[UnitId, State] = {}

    def settle(unit: Unit) -> None:
        for need in unit.needs:
            if need not in result:
                settle(curriculum.unit(need))
        open_now = all(result[need] in (State.PASSED, State.BORROWED) for need in unit.needs)
        judged = unit.id in verdicts and verdicts[unit.id].state != State.NOT_RUN
        before = State.STALE if unit.id in stale else State.NOT_RUN
        if unit.id in borrowed:
            state = State.BORROWED
        elif not open_now:
            state = State.STALE if unit.id in stale else State.LOCKED
        else:
            state = verdicts[unit.id].state if judged else known(unit.id) or before
        result[unit.id] = state

    for unit in curriculum.units:
        if unit.id not in result:
            settle(unit)
    return {unit.id: result[unit.id] for unit in curriculum.units}


def unmet_needs(
    curriculum: Curriculum, unit: Unit, state: Mapping[UnitId, State]
) -> tuple[Unit, ...]:
    """What a locked unit waits for: the needs, however deep, that are open but not passed."""
    waiting = [
        need
        for need in curriculum.units
        if need.id in curriculum.closure([unit.id]) - {unit.id}
        and state[need.id] not in (State.PASSED, State.BORROWED)
    ]
    first = [need for need in waiting if state[need.id] != State.LOCKED]
    return tuple(first or waiting)
