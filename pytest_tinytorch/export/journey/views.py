"""Whose progress the pictures show: a learner's, or nobody's for the documentation."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from pytest_tinytorch.course.curriculum import Curriculum, NamedCheckpoints, Unit
from pytest_tinytorch.evidence.outcomes import State
from pytest_tinytorch.evidence.progress import Progress
from pytest_tinytorch.export.journey import states
from pytest_tinytorch.export.journey.markup import Markup

PLAIN = "plain"
"""The class of a unit that is nobody's."""


@dataclass(frozen=True)
class View:
    """The data that a picture is drawn from.

    Attributes:
        curriculum: the course.
        address: the link of a unit.
        progress: the learner's; None if the picture shows nobody's.
    """

    curriculum: Curriculum
    address: Callable[[Unit], str]
    progress: Progress | None = None

    def state(self, unit: Unit) -> State | None:
        """The state of a unit; None if the picture shows nobody's progress."""
        return self.progress.state[unit.id] if self.progress else None

    def word(self, unit: Unit) -> str:
        """The state as a word, which is also the unit's CSS class."""
        return states.word_of(self.progress, unit) if self.progress else PLAIN

    def described(self, unit: Unit, by: str = ", ") -> str:
        """A unit as text: its label, and its state if it has one."""
        return (
            unit.label
            if self.progress is None
            else f"{unit.label}{by}{states.spoken(self.word(unit))}"
        )

    def share(self, unit: Unit) -> float | None:
        """The share of a unit's specs that pass, if it is known."""
        return self.progress.share(unit) if self.progress else None

    def passed(self, units: Iterable[Unit]) -> int:
        """How many of ``units`` are passed; 0 without a learner."""
        return self.progress.count_passed(units) if self.progress else 0

    def mark(self, unit: Unit, x: float, y: float, size: float) -> Markup | None:
        """The mark of a unit's state, around a point; None without a state."""
        return states.icon_at(self.word(unit), x, y, size) if self.progress else None

    def is_here(self, unit: Unit) -> bool:
        """Whether the learner is at this unit."""
        current = self.progress.current if self.progress else None
        return current is not None and current.id == unit.id

    def is_walked(self, unit: Unit) -> bool:
        """Whether this unit is behind the learner."""
        return self.word(unit) in (State.PASSED, State.BORROWED)

    def asked(self, units: Iterable[Unit]) -> list[Unit]:
        """Those of ``units`` that are to be passed: on a path, those that it contains."""
        return [u for u in units if self.progress is None or self.progress.is_on_path(u)]

    def follows(self, path: NamedCheckpoints) -> bool:
        """Whether the learner follows this path."""
        return self.progress is not None and self.progress.learning_path == path


def view_of(progress: Progress) -> View:
    """A learner's view, on a page that has a section for each unit."""
    return View(progress.curriculum, lambda unit: f"#{unit.id}", progress)
