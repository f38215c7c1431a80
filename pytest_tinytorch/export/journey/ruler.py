"""Where the learner stands in history: a headline, and a ruler of years."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import takewhile
from math import ceil

from pytest_tinytorch.course.curriculum import Unit
from pytest_tinytorch.evidence.outcomes import State
from pytest_tinytorch.evidence.progress import Progress
from pytest_tinytorch.export.journey import states
from pytest_tinytorch.export.journey.markup import Markup, drawing, element

SHAPES = {"wide": (1120, 56), "narrow": (340, 50)}
"""Name of each shape to its width, and to the least distance of two years on one side."""
LINE, LABELS, HEIGHT = 36, (70, 96), 104
"""Heights of the line, of the two rows of years below it, and of all."""
MOST_TICKS = 90


@dataclass(frozen=True)
class Position:
    """A point in history.

    Attributes:
        headline: the point as text.
        year: the point on the ruler.
        passed: the milestones behind the learner that are passed.
        again: those that passed for an earlier version of the source.
    """

    headline: str
    year: float
    passed: tuple[Unit, ...]
    again: tuple[Unit, ...] = ()


def position(progress: Progress) -> Position | None:
    """Where the learner stands; None if there are no milestones.

    Borrowed units are not on the learner's way. An edit does not move learners back; the page says what they
    must prove again.
    """
    every = sorted(progress.curriculum.milestones, key=lambda unit: (unit.year, unit.number))
    if not every:
        return None
    way = tuple(u for u in every if progress.state[u.id] != State.BORROWED) or tuple(every)
    behind = tuple(takewhile(lambda unit: was_passed(progress, unit), way))
    passed = tuple(unit for unit in behind if progress.state[unit.id] == State.PASSED)
    again = tuple(unit for unit in behind if unit not in passed)
    where, year = _place(
        progress, way, behind, every[0].year - margin(every[0].year, every[-1].year)
    )
    return Position(where + (", to prove again" if again else ""), year, passed, again)


def was_passed(progress: Progress, unit: Unit) -> bool:
    """Whether a unit is passed, or passed for an earlier version of the source."""
    return progress.state[unit.id] == State.PASSED or unit.id in progress.achievements


def _place(
    progress: Progress, way: Sequence[Unit], behind: Sequence[Unit], start: float
) -> tuple[str, float]:
    """The place after the milestones ``behind``, as text and as a year; ``start`` is before all of them."""
    last = behind[-1] if behind else None
    if len(behind) == len(way):
        return f"Arrived in {way[-1].year}", way[-1].year
    following = way[len(behind)]
    since = last.year if last else start
    year = since + (following.year - since) * share(progress, following, last)
    where = f"Between {last.year} and {following.year}" if last else f"Before {following.year}"
    return where, year


def share(progress: Progress, following: Unit, last: Unit | None) -> float:
    """The share of what is between two milestones that was ever passed; never quite all of it."""
    curriculum = progress.curriculum
    between = curriculum.closure(following.needs) - curriculum.closure([last.id] if last else [])
    units = [unit for unit in curriculum.checkpoints if unit.id in between]
    done = sum(was_passed(progress, unit) for unit in units)
    return 0.9 * done / len(units) if units else 0.5


def margin(first: int, last: int) -> float:
    """Years on the ruler before the first milestone and after the last."""
    return max(0.5, (last - first) * 0.06)


def ruler_pictures(progress: Progress, where: Position, shape: str) -> Markup:
    """The ruler, with a torch at the learner's place."""
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
        position_text(where, years),
        element("path", d=f"M12 {LINE}H{width - 12}", class_="line"),
        *_ticks(first, last, x),
        element("path", d=f"M12 {LINE}H{x(where.year):g}", class_="line walked"),
        *_years(progress, x, least),
        states.icon_at("torch", x(where.year), LINE - 15, 32),
    )


def position_text(where: Position, years: Sequence[int]) -> str:
    """The ruler as text."""
    passed, again = (
        ", ".join(str(unit.year) for unit in units) for units in (where.passed, where.again)
    )
    parts = [f"A ruler from {years[0]} to {years[-1]}."]
    parts += [f"Passed: {passed or 'nothing yet'}."] if passed or not again else []
    parts += [f"To prove again: {again}."] if again else []
    return " ".join(parts)


def _ticks(first: float, last: float, x: Callable[[float], float]) -> list[Markup]:
    """A short stroke for each year, a longer one for each decade."""
    step = 1 if last - first <= MOST_TICKS else 10
    years = range(ceil(first / step) * step, int(last) + 1, step)
    return [
        element("path", d=f"M{x(y):g} {LINE}v{11 if y % 10 == 0 else 6}", class_="tick")
        for y in years
    ]


def _years(progress: Progress, x: Callable[[float], float], least: float) -> list[Markup]:
    """A dot for each milestone and its year below, in a second row if the first is taken."""
    parts: list[Markup] = []
    before: float | None = None
    for unit in sorted(progress.curriculum.milestones, key=lambda unit: unit.year):
        at = x(unit.year)
        second = before is not None and at - before < least
        row = LABELS[1 if second else 0]
        before = before if second else at
        state = states.word_of(progress, unit)
        parts += [
            element("path", d=f"M{at:g} {LINE}V{row - 20}", class_="leader"),
            element("circle", cx=at, cy=LINE, r=6, class_=state),
            element("text", str(unit.year), x=at, y=row, class_=state),
        ]
    return parts
