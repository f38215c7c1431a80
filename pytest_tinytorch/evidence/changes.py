"""What was written while specs ran, and what that does to the verdict."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

from msgspec import Struct

from pytest_tinytorch.course.curriculum import Curriculum, UnitId
from pytest_tinytorch.evidence.digests import Mark
from pytest_tinytorch.evidence.outcomes import State


class Changes(Struct, frozen=True):
    """What is not as the run found it.

    Attributes:
        units: ids of those that depend on something else now. Their verdict is about what was there before.
        written: files that cannot be pinned and were written meanwhile. Nobody knows which version the specs
            have seen, so the run says nothing of any unit.
    """

    units: tuple[UnitId, ...] = ()
    written: tuple[str, ...] = ()

    def shown(self, judged: Mapping[UnitId, State], ran: Collection[UnitId]) -> dict[UnitId, State]:
        """The states as they stand now: what passed and is not so any more is stale."""
        outdated = {*self.units, *(ran if self.written else ())}
        return {
            unit: State.STALE if unit in outdated and state == State.PASSED else state
            for unit, state in judged.items()
        }

    def warnings(self, curriculum: Curriculum) -> list[str]:
        """What to say of it."""
        labels = [curriculum.unit(unit).label for unit in self.units]
        return [
            f"{what} changed during the run: run it again" for what in [*self.written, *labels][:1]
        ]


def written_meanwhile(
    before: Mapping[Path, Mark | None], after: Mapping[Path, Mark | None], root: Path
) -> list[str]:
    """The files whose marks differ, as a person may find them."""
    files = sorted(f for f in {*before, *after} if before.get(f) != after.get(f))
    return [
        file.relative_to(root).as_posix() if file.is_relative_to(root) else str(file)
        for file in files
    ]
