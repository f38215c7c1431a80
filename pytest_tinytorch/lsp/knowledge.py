"""What is known of a workspace, for the source as it is: what runs have told, and what the ledger says."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from msgspec.structs import replace

from pytest_tinytorch.course.curriculum import Unit, UnitId
from pytest_tinytorch.evidence.outcomes import State
from pytest_tinytorch.evidence.progress import Progress
from pytest_tinytorch.lsp.memory import Memory, differing, lent, recalled, with_told
from pytest_tinytorch.lsp.shelf import Shelf
from pytest_tinytorch.lsp.sight import sight_of
from pytest_tinytorch.lsp.verdicts import InSight, Told
from pytest_tinytorch.watch.request import FULL


class Knowledge:
    """What is known.

    Args:
        shelf: has documents and files.

    Attributes:
        memory: what runs have told, for the source as it is or as it was.
        states: of all units, for what is saved.
    """

    def __init__(self, shelf: Shelf) -> None:
        self.shelf = shelf
        self.memory = shelf.with_proved(Memory())
        self.states: Mapping[UnitId, State] = shelf.workspace.progress().state
        self.recorded = shelf.ledger_mark()

    def reopen(self) -> None:
        """Take the workspace as it is now: other settings, another curriculum, a ledger that others wrote.

        Raises:
            CurriculumError, UnknownName, ValueError: as `settings.workspace_at`.
        """
        self.recorded = self.shelf.ledger_mark()  # first: what cannot be read is told once
        self.shelf.reopen()
        workspace = self.shelf.workspace
        units = {unit.id for unit in workspace.curriculum.units}
        self.memory = self.shelf.with_proved(self.memory.of_units(units))
        self.states = workspace.progress().state

    def forget(self) -> None:
        """What judges has changed: nothing that was told holds."""
        self.memory = Memory()

    def take(self, new: Told, saved: Sequence[str]) -> None:
        """Take what a run tells that was asked about some modules; about all if none is named.

        Where a run that began on another path says the learner stands, is not where they stand now.
        """
        curriculum = self.shelf.workspace.curriculum
        named = {unit.id for unit in curriculum.checkpoints if not saved or unit.name in saved}
        asked = {unit.id for unit in self.units() if curriculum.closure([unit.id]) & named}
        judged = replace(new, files=self.shelf.judged(new.files))
        self.memory = with_told(self.memory, judged, curriculum, asked)
        is_of_this_path = lent(judged.files, self.shelf.package) == self.shelf.lent()
        if new.beat == FULL and not new.unsaved and is_of_this_path:
            self.states = {**self.states, **{UnitId(u): s for u, s in new.states.items()}}
            self.recorded = self.shelf.ledger_mark()

    def is_recorded_elsewhere(self) -> bool:
        """Whether somebody else has written into the ledger since."""
        return self.shelf.ledger_mark() != self.recorded

    def units(self) -> list[Unit]:
        """All that something was ever known of, and all that is open."""
        found = {*self.memory.full, *self.memory.earlier} | self.shelf.open_units()
        return [unit for unit in self.shelf.workspace.curriculum.units if unit.id in found]

    def unjudged(self, units: Iterable[Unit]) -> list[Unit]:
        """Those of some units that have no verdict on the source as it is. A borrowed one needs none."""
        self._recall()
        now, curriculum, full = self.shelf.now(), self.shelf.workspace.curriculum, self.memory.full
        return [
            unit
            for unit in units
            if not self.shelf.is_borrowed(unit)
            and (unit.id not in full or differing(unit.id, full[unit.id].files, now, curriculum))
        ]

    def in_sight(self, units: Collection[UnitId] = ()) -> InSight:
        """What holds for the source as it is; ``units`` as in `sight_of`."""
        self._recall()
        return sight_of(self.shelf, self.memory, units)

    def progress(self) -> Progress:
        """Where the learner stands, by what is saved."""
        workspace = self.shelf.workspace
        return Progress(workspace.curriculum, self.states, learning_path=workspace.learning_path)

    def _recall(self) -> None:
        """Take what was ever told of the source as it is: somebody may have gone back to it."""
        curriculum = self.shelf.workspace.curriculum
        self.memory = recalled(self.memory, self.shelf.now(), curriculum)
