"""Where the learner stands in history: a headline, and a ruler of years."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil

from pytest_tinytorch.curriculum import Unit
from pytest_tinytorch.journey import states
from pytest_tinytorch.journey.markup import Markup, drawing, element
from pytest_tinytorch.progress import Progress
from pytest_tinytorch.tally import BORROWED, PASSED

SHAPES = {"wide": (1120, 56), "narrow": (340, 50)}
"""Name of each shape to its width, and to the least distance of two years on one side."""
LINE, LABELS, HEIGHT = 36, (70, 96), 104
"""Heights of the line, of the two rows of years below it, and of all."""
MOST_TICKS = 90


@dataclass(frozen=True)
class Position:
    """A point in history.

    Attributes:
        headline: it in words.
        year: it on the ruler.
        milestones: those of the learner's way, in order.
        passed: how many of them are passed without a gap.
    """

    headline: str
    year: float
    milestones: tuple[Unit, ...]
    passed: int


def position(progress: Progress) -> Position | None:
    """Where the learner stands; None if there are no milestones.

    What is borrowed is not on the learner's way.
    """
    every = sorted(progress.curriculum.milestones, key=lambda unit: (unit.year, unit.number))
    if not every:
        return None
    way = tuple(u for u in every if progress.state[u.id] != BORROWED) or tuple(every)
    flags = [progress.state[unit.id] == PASSED for unit in way]
    passed = flags.index(False) if False in flags else len(way)
    if passed == len(way):
        return Position(f"Arrived in {way[-1].year}", way[-1].year, way, passed)
    following = way[passed]
    if passed == 0:
        start = every[0].year - margin(every[0].year, every[-1].year)
        year = start + (following.year - start) * share(progress, following, None)
        return Position(f"Before {following.year}", year, way, passed)
    last = way[passed - 1]
    year = last.year + (following.year - last.year) * share(progress, following, last)
    return Position(f"Between {last.year} and {following.year}", year, way, passed)


def share(progress: Progress, following: Unit, last: Unit | None) -> float:
    """How much of what lies between two milestones is passed; never quite all of it."""
    curriculum = progress.curriculum
    between = curriculum.closure(following.needs) - curriculum.closure([last.id] if last else [])
    units = [unit for unit in curriculum.checkpoints if unit.id in between]
    return 0.9 * progress.count(units) / len(units) if units else 0.5


def margin(first: int, last: int) -> float:
    """Years on the ruler before the first milestone and after the last."""
    return max(0.5, (last - first) * 0.06)


def draw(progress: Progress, where: Position, shape: str) -> Markup:
    """The ruler, with a torch where the learner stands."""
    width, least = SHAPES[shape]
    years = sorted({unit.year for unit in progress.curriculum.milestones})
    space = margin(years[0], years[-1])
    first, last = years[0] - space, years[-1] + space

    def x(year: float) -> float:
        return round(12 + (year - first) / (last - first) * (width - 24), 1)

    return drawing(
        "ruler",
        shape,
        (width, HEIGHT),
        where.headline,
        told(where, years),
        element("path", d=f"M12 {LINE}H{width - 12}", class_="line"),
        *_ticks(first, last, x),
        element("path", d=f"M12 {LINE}H{x(where.year):g}", class_="line walked"),
        *_years(progress, x, least),
        states.placed("torch", x(where.year), LINE - 15, 32),
    )


def told(where: Position, years: Sequence[int]) -> str:
    """The ruler in words."""
    passed = ", ".join(str(unit.year) for unit in where.milestones[: where.passed])
    return f"A ruler from {years[0]} to {years[-1]}. Passed: {passed or 'nothing yet'}."


def _ticks(first: float, last: float, x: Callable[[float], float]) -> list[Markup]:
    """A short stroke for each year, a longer one for each decade."""
    step = 1 if last - first <= MOST_TICKS else 10
    years = range(ceil(first / step) * step, int(last) + 1, step)
    return [
        element("path", d=f"M{x(y):g} {LINE}v{11 if y % 10 == 0 else 6}", class_="tick")
        for y in years
    ]


def _years(progress: Progress, x: Callable[[float], float], least: float) -> list[Markup]:
    """A dot for each milestone and its year below, in a second row where the first is taken."""
    parts: list[Markup] = []
    before: float | None = None
    for unit in sorted(progress.curriculum.milestones, key=lambda unit: unit.year):
        at = x(unit.year)
        second = before is not None and at - before < least
        row = LABELS[1 if second else 0]
        before = before if second else at
        state = states.word(progress.state[unit.id])
        parts += [
            element("path", d=f"M{at:g} {LINE}V{row - 20}", class_="leader"),
            element("circle", cx=at, cy=LINE, r=6, class_=state),
            element("text", str(unit.year), x=at, y=row, class_=state),
        ]
    return parts
