"""Time against depth: how many weeks each learning path takes, and how many modules you write on it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pytest_tinytorch.export.journey import chooser, phrases, states
from pytest_tinytorch.export.journey.markup import Markup, drawing, element, join
from pytest_tinytorch.export.journey.views import View

SHAPES = {"wide": (700, 4), "narrow": (340, 5)}
"""Name of each shape to its width, and to the number of weeks between two lines."""
LEFT, RIGHT, TOP, BOTTOM = 34, 14, 26, 44
MODULE = 20
"""Height of a module."""
EVERY, LETTER = 5, 7.4
"""Modules between two lines, and the approximate width of a letter."""


@dataclass(frozen=True)
class Spot:
    """Paths with the same weeks and the same number of modules.

    Attributes:
        names: of the paths.
        fewest, most: weeks.
        modules: that a learner writes.
        followed: whether the learner follows one of them.
    """

    names: tuple[str, ...]
    fewest: int
    most: int
    modules: int
    followed: bool = False

    @property
    def text(self) -> str:
        """The spot as text."""
        weeks = phrases.dashed(
            f"{self.fewest}-{self.most}" if self.most > self.fewest else f"{self.most}"
        )
        return f"{' and '.join(self.names)}: {self.modules} modules in {weeks} weeks"


def spots(view: View) -> list[Spot]:
    """The position of each path; paths that coincide are one spot."""
    found: dict[tuple[int, int, int], list[str]] = {}
    followed = set()
    for path in (path for path in view.curriculum.learning_paths if path.weeks):
        place = (*path.fewest_and_most, len(chooser.modules_of(view, path)))
        found.setdefault(place, []).append(path.name)
        followed |= {place} if view.follows(path) else set()
    return [Spot(tuple(names), *place, place in followed) for place, names in found.items()]


def depth_pictures(view: View) -> Markup:
    """The chart in every shape; nothing if no path has weeks."""
    return join(*(depth_picture(view, shape) for shape in SHAPES)) if spots(view) else Markup()


def depth_picture(view: View, shape: str) -> Markup:
    """The chart: weeks to the right, modules upwards, both to scale from zero."""
    width, step = SHAPES[shape]
    found = spots(view)
    weeks = -(-max(spot.most for spot in found) // step) * step
    modules = -(-max(spot.modules for spot in found) // EVERY) * EVERY
    floor = TOP + modules * MODULE

    def x(week: float) -> float:
        return round(LEFT + week / weeks * (width - LEFT - RIGHT), 1)

    def y(count: float) -> float:
        return floor - count * MODULE

    return drawing(
        "depth",
        shape,
        (width, floor + BOTTOM),
        "Time against depth",
        "; ".join(spot.text for spot in found) + "." + _told(view),
        *_axes(range(0, weeks + 1, step), range(0, modules + 1, EVERY), x, y, width),
        *(_spot(spot, x, y, width) for spot in found),
        _you(view, x, y, width),
    )


def _axes(
    weeks: Sequence[int],
    modules: Sequence[int],
    x: Callable[[float], float],
    y: Callable[[float], float],
    width: int,
) -> list[Markup]:
    """Horizontal lines with counts of modules, and weeks below."""
    floor = y(0)
    return [
        *(element("path", d=f"M{LEFT} {y(n):g}H{width - RIGHT}", class_="level") for n in modules),
        *(element("text", str(n), x=LEFT - 8, y=y(n) + 5, class_="end") for n in modules),
        *(element("text", str(n), x=x(n), y=floor + 20, class_="middle") for n in weeks),
        element("text", "modules that you write", x=0, y=12, class_="axis"),
        element("text", "weeks", x=width - RIGHT, y=floor + 39, class_="end axis"),
    ]


def _spot(
    spot: Spot, x: Callable[[float], float], y: Callable[[float], float], width: int
) -> Markup:
    """A line from the fewest weeks to the most, with the names above."""
    first, last, at = x(spot.fewest), x(spot.most), y(spot.modules)
    text = ", ".join(spot.names)
    back = first + LETTER * len(text) > width - RIGHT
    return element(
        "g",
        element("path", d=f"M{first:g} {at:g}H{last:g}", class_="span"),
        *(element("circle", cx=point, cy=at, r=6, class_="dot") for point in (first, last)),
        element(
            "text",
            text,
            x=last if back else first,
            y=at - 11,
            class_="path end" if back else "path",
        ),
        class_="spot followed" if spot.followed else "spot",
    )


def _told(view: View) -> str:
    """How far the learner is, as text."""
    return f" You have passed {_passed(view)} modules." if view.progress else ""


def _passed(view: View) -> int:
    return view.passed(unit for unit in view.curriculum.checkpoints if unit.source)


def _you(
    view: View, x: Callable[[float], float], y: Callable[[float], float], width: int
) -> Markup | None:
    """A line at what the learner has passed."""
    if view.progress is None:
        return None
    passed = _passed(view)
    at = y(passed)
    beside = (
        at - 8 if passed < EVERY else at + 20
    )  # neither on the weeks below nor on the title above
    return join(
        element("path", d=f"M{LEFT} {at:g}H{width - RIGHT}", class_="you"),
        states.icon_at("torch", x(0) + 12, at - 2, 24),
        element("text", f"you: {passed}", x=x(0) + 28, y=beside, class_="yours"),
    )
