"""From the outcomes of a run to verdicts and evidence: pure, without pytest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from pytest_tinytorch.course.curriculum import Curriculum, UnitId
from pytest_tinytorch.evidence import gate
from pytest_tinytorch.evidence.outcomes import LASTING, Outcome, State, Verdict, verdict_on_unit
from pytest_tinytorch.evidence.plan import Plan
from pytest_tinytorch.evidence.progress import Progress

OutcomesByUnit = Mapping[UnitId, Mapping[str, Outcome]]
"""Unit id to the outcomes of its specs, by node id."""


def outcomes_by_unit(
    curriculum: Curriculum,
    manifest: Mapping[UnitId, Sequence[str]],
    outcomes: Mapping[str, Outcome],
) -> OutcomesByUnit:
    """Outcomes by the unit whose specs they are of, in the order of the manifest."""
    place = {nodeid: n for nodeids in manifest.values() for n, nodeid in enumerate(nodeids)}
    found: dict[UnitId, dict[str, Outcome]] = {}
    for nodeid in sorted(outcomes, key=lambda nodeid: place.get(nodeid, len(place))):
        owner = curriculum.unit_of_spec(nodeid)
        if owner is not None:
            found.setdefault(owner.id, {})[nodeid] = outcomes[nodeid]
    return found


def verdicts(
    curriculum: Curriculum,
    manifest: Mapping[UnitId, Sequence[str]],
    plan: Plan,
    found: OutcomesByUnit,
    whole: bool,
) -> dict[UnitId, Verdict]:
    """The verdict on every unit that ran, or that should have.

    Args:
        curriculum: the units.
        manifest: unit id to all specs it has.
        plan: what was to run.
        found: what ran.
        whole: whether the run went to its end and was not narrowed; a spec that is missing from
            a unit that was open is then a fault.
    """
    failed = {unit for unit, outcomes in found.items() if not _all_passed(outcomes)}
    result = {}
    for unit in curriculum.units:
        expected = whole and unit.id in plan.to_run
        expected = expected and gate.blocking_need(curriculum, unit, failed, plan) is None
        if unit.id in found or expected:
            outcomes = found.get(unit.id, {})
            result[unit.id] = verdict_on_unit(manifest.get(unit.id, ()), outcomes, expected)
    return result


def without_passes(verdicts: Mapping[UnitId, Verdict]) -> dict[UnitId, Verdict]:
    """The verdicts of a run that can prove nothing: what passed in it says nothing."""
    return {
        unit: replace(verdict, state=State.NOT_RUN) if verdict.state == State.PASSED else verdict
        for unit, verdict in verdicts.items()
    }


def actionable_outcomes(
    found: OutcomesByUnit, state: Mapping[UnitId, State], narrowed: bool
) -> list[Outcome]:
    """The outcomes that a learner should act on: of specs named one by one, or of open units."""
    units = [unit for unit in found if narrowed or state[unit] not in (State.LOCKED, State.STALE)]
    return [outcome for unit in units for outcome in found[unit].values()]


def milestone_notes(curriculum: Curriculum, found: OutcomesByUnit) -> dict[UnitId, dict[str, Any]]:
    """The numbers that the tests of each milestone showed."""
    return {
        unit.id: {k: v for outcome in found[unit.id].values() for k, v in outcome.note.items()}
        for unit in curriculum.milestones
        if unit.id in found
    }


def lasting_verdicts(progress: Progress) -> dict[UnitId, Verdict]:
    """The verdicts that say something lasting: whole units that were open in a gated run.

    A unit that is locked proves nothing, whatever its own specs said; or else what is granted
    would depend on the order in which they ran.
    """
    if not progress.grants:
        return {}
    return {
        unit: verdict
        for unit, verdict in progress.verdicts.items()
        if verdict.state in LASTING
        and progress.state[unit] == verdict.state
        and not verdict.missing
    }


def _all_passed(outcomes: Mapping[str, Outcome]) -> bool:
    return all(outcome.state == State.PASSED for outcome in outcomes.values())
