"""What units depend on at one moment: digests that are computed on demand."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

from msgspec import Struct

from pytest_tinytorch.course.curriculum import Unit, UnitId
from pytest_tinytorch.evidence.digests import Mark
from pytest_tinytorch.evidence.source import Source
from pytest_tinytorch.evidence.standing import Standing

Digests = Mapping[UnitId, tuple[str, str]]


class Ground(Struct, frozen=True, dict=True):
    """What one unit depends on at one moment.

    Attributes:
        unit: the one.
        listed: node ids of all specs that it has.
        at: gives the digests of the source it depends on.
        standing: gives the digest of what judges it.
    """

    unit: Unit
    listed: tuple[str, ...]
    at: Source
    standing: Standing

    @cached_property
    def exact(self) -> str:
        """The digest of the bytes of the source."""
        return self.at.exact(self.unit)

    @cached_property
    def specs(self) -> str:
        """The digest of all that judges the unit."""
        return self.standing.digest(self.unit, self.listed)

    def read(self) -> None:
        """Read all files now, whoever asks for them later."""
        _ = self.exact, self.specs

    @cached_property
    def source(self) -> str:
        """The digest of what the source does. It is parsed for that, so only if somebody asks."""
        return self.at.digest(self.unit)

    def is_same_as(self, other: Ground) -> bool:
        """Whether both digests are the same."""
        return self.specs == other.specs and (
            self.exact == other.exact or self.source == other.source
        )


class Footing(Struct, frozen=True):
    """What every unit depends on at one moment.

    Attributes:
        grounds: unit id to what it depends on.
        marks: of the files that are no source: they cannot be pinned, so one that was written while specs ran
            may have been seen as it was in between.
    """

    grounds: Mapping[UnitId, Ground]
    marks: Mapping[Path, Mark | None]

    @property
    def digests(self) -> Digests:
        """Unit id to the digests of its source and of its specs."""
        return {unit: (ground.source, ground.specs) for unit, ground in self.grounds.items()}

    def differing(self, other: Footing) -> tuple[UnitId, ...]:
        """The units that depend on something else in ``other``."""
        grounds = self.grounds.items()
        return tuple(u for u, ground in grounds if not ground.is_same_as(other.grounds[u]))
