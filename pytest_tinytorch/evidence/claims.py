"""Claims: what learners may say about their work, each with the evidence to check it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from pytest_tinytorch.course.curriculum import NamedCheckpoints, Unit, UnitId
from pytest_tinytorch.course.selection import unit_ranges
from pytest_tinytorch.evidence.ledger import Event
from pytest_tinytorch.evidence.outcomes import State
from pytest_tinytorch.evidence.progress import Progress
from pytest_tinytorch.evidence.workspace import Workspace


class Claim(Struct, frozen=True):
    """A passed unit, and what proved it.

    Attributes:
        unit: what is passed.
        event: the line of the ledger that says so, for the current source.
        own: the modules that it depends on and that the learner wrote.
        borrowed: those from the reference.
    """

    unit: Unit
    event: Event
    own: tuple[Unit, ...] = ()
    borrowed: tuple[Unit, ...] = ()

    @property
    def numbers(self) -> Mapping[str, Any]:
        """What a milestone showed when it was proved."""
        return self.event.notes

    @property
    def specs(self) -> int:
        """How many specs proved it."""
        return sum(self.event.outcomes.values())

    @property
    def command(self) -> str:
        """What proves it again."""
        return f"{self.unit.command}{borrowing(self.borrowed)}"

    @property
    def source(self) -> str:
        """The digest of the source, without the names of the modules that were borrowed."""
        return self.event.source.rpartition(":")[2]


def borrowing(units: Sequence[Unit]) -> str:
    """The option that borrows these modules; empty for none."""
    given = [unit for unit in units if unit.source]
    return f" --borrow {unit_ranges(given).replace(', ', ',')}" if given else ""


def claims_of(workspace: Workspace, progress: Progress) -> dict[UnitId, Claim]:
    """Unit id to its claim, in the order of the course.

    Stale, borrowed and locked units have none; nor does a milestone that depends on borrowed modules only.
    """
    found = (
        claim_of(progress, unit, event)
        for unit in progress.curriculum.units
        if progress.state[unit.id] == State.PASSED
        and (event := workspace.evidence.get(unit.id)) is not None
        and event.own
    )
    return {claim.unit.id: claim for claim in found if claim.own or not claim.borrowed}


def claim_of(progress: Progress, unit: Unit, event: Event) -> Claim:
    """The claim of a passed unit."""
    return Claim(unit, event, own_modules(progress, unit), progress.borrowed_for(unit))


def own_modules(progress: Progress, unit: Unit) -> tuple[Unit, ...]:
    """The modules that a unit depends on and that the learner wrote."""
    below = progress.curriculum.closure([unit.id])
    modules = [one for one in progress.checkpoints if one.id in below and one.source]
    return tuple(one for one in modules if progress.state[one.id] != State.BORROWED)


def own_checkpoints(progress: Progress, stage: NamedCheckpoints) -> tuple[Unit, ...]:
    """The checkpoints of a stage that are the learner's to pass: those of the path, not borrowed."""
    return tuple(
        unit
        for unit in progress.checkpoints
        if unit.number in stage.numbers and progress.state[unit.id] != State.BORROWED
    )


def stages_passed(
    progress: Progress, claims: Mapping[UnitId, Claim]
) -> tuple[NamedCheckpoints, ...]:
    """The stages in which everything is proved that is the learner's to pass."""
    return tuple(s for s in progress.curriculum.stages if is_passed(progress, claims, s))


def is_passed(progress: Progress, claims: Mapping[UnitId, Claim], stage: NamedCheckpoints) -> bool:
    """Whether a stage may be claimed: the learner wrote some of it, and all of that is proved."""
    own = own_checkpoints(progress, stage)
    return any(unit.source for unit in own) and all(unit.id in claims for unit in own)
