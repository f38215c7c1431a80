"""The climb and the bars: how hard each checkpoint is, and how far tiers and stages are."""

from __future__ import annotations

from collections.abc import Sequence

from pytest_tinytorch.course.curriculum import NamedCheckpoints, Unit
from pytest_tinytorch.evidence.outcomes import State
from pytest_tinytorch.evidence.progress import Progress
from pytest_tinytorch.export.journey import flow, phrases, states
from pytest_tinytorch.export.journey.markup import Markup, drawing, element, join

CLIMBS = {"wide": (1120, 34, 1), "narrow": (340, 26, 5)}
"""Name of each shape to its width, the height of a star, and of how many numbers one is written."""
BOTTOM, LEFT, RIGHT = 34, 34, 16
MOST_STARS = 5
FLAG, DIGIT = 19, 8
"""Height of a flag, and about the width of a character on it."""


def climb(progress: Progress, shape: str) -> Markup:
    """Stars by checkpoint as a range of hills, with a flag where each milestone opens."""
    width, star, every = CLIMBS[shape]
    units = progress.curriculum.checkpoints
    step = (width - LEFT - RIGHT) / max(1, len(units) - 1)
    xs = [round(LEFT + n * step, 1) for n in range(len(units))]
    banners = flags(progress, xs)
    base = FLAG * (1 + max((row for *_, row in banners), default=0)) + (MOST_STARS + 1) * star
    points = [(x, float(base - star * unit.stars)) for x, unit in zip(xs, units, strict=True)]
    stars = ", ".join(f"{unit.label} {unit.stars}" for unit in units)
    return drawing(
        "climb",
        shape,
        (width, base + BOTTOM),
        "The climb",
        f"Stars of each checkpoint, of {MOST_STARS}: {stars}.",
        *(_level(n, base - n * star, width) for n in range(1, MOST_STARS + 1)),
        element("path", d=f"{_hills(points)}V{base}H{LEFT}Z", class_="hills"),
        *(_flag(*flag, base, width) for flag in banners),
        element("path", d=_hills(points), class_="ridge"),
        *(_dot(progress, unit, point) for unit, point in zip(units, points, strict=True)),
        *(
            element("text", unit.number, x=x, y=base + BOTTOM - 10, class_="number")
            for unit, x in list(zip(units, xs, strict=True))[::every]
        ),
    )


def _dot(progress: Progress, unit: Unit, point: tuple[float, float]) -> Markup:
    """A checkpoint: full if it is passed."""
    passed = progress.state[unit.id] == State.PASSED
    return element("circle", cx=point[0], cy=point[1], r=6, class_="dot full" if passed else "dot")


def _hills(points: Sequence[tuple[float, float]]) -> str:
    """A smooth line through the points, level at each of them."""
    (x, y), *rest = points
    d = f"M{x:.1f} {y:.1f}"
    for to, height in rest:
        middle = (x + to) / 2
        d += f"C{middle:.1f} {y:.1f} {middle:.1f} {height:.1f} {to:.1f} {height:.1f}"
        x, y = to, height
    return d


def _level(stars: int, y: float, width: int) -> Markup:
    """A line across at a number of stars."""
    label = element("text", f"{stars}★", x=0, y=y + 4, class_="stars")
    return join(element("path", d=f"M{LEFT - 6} {y:g}H{width}", class_="level"), label)


def flags(progress: Progress, xs: Sequence[float]) -> list[tuple[float, str, int]]:
    """(x, years, row) of each flag; one that would stand in another is a row lower."""
    index = {unit.id: n for n, unit in enumerate(progress.curriculum.checkpoints)}
    years: dict[int, list[str]] = {}
    at = 0
    for unit in flow.order(progress.curriculum):
        at = index.get(unit.id, at)
        if unit.is_milestone:
            years.setdefault(at, []).append(str(unit.year))
    placed: list[tuple[float, str, int]] = []
    edge, row = 0.0, -1
    for n, found in years.items():
        text = ", ".join(found)
        row = row + 1 if xs[n] < edge else 0
        edge = max(edge if row else 0.0, xs[n] + DIGIT * (len(text) + 2))
        placed.append((xs[n], text, row))
    return placed


def _flag(x: float, text: str, row: int, base: float, width: int) -> Markup:
    """The years of milestones, on a pole where they open; to the left of it at the end."""
    y = FLAG * (row + 1) - 4
    back = x + DIGIT * len(text) > width
    place = {"x": x - 6 if back else x + 6, "y": y, "text_anchor": "end" if back else "start"}
    pole = element("path", d=f"M{x:g} {base}V{y - 12}", class_="pole")
    return join(pole, element("text", text, class_="year", **place))


def bars(progress: Progress, groups: Sequence[NamedCheckpoints], kind: str) -> Markup:
    """A bar for each group, made of a piece for each of its checkpoints."""
    by_number = {unit.number: unit for unit in progress.curriculum.checkpoints}
    parts = []
    for group in groups:
        units = [by_number[number] for number in group.numbers]
        count = f"{progress.count_passed(units)} of {len(units)}"
        weeks = element("span", f"{phrases.dashed(group.weeks)} weeks", class_="weeks")
        head = element(
            "p",
            element("strong", group.name),
            weeks if group.weeks else None,
            element("span", count, element("span", " passed", class_="aside"), class_="count"),
            class_="bar-head",
        )
        pieces = (element("li", _piece(progress, unit)) for unit in units)
        parts.append(join(head, element("ol", *pieces, class_="bar", aria_label=group.name)))
    listed = element("ul", *(element("li", part) for part in parts), class_="bars")
    return element("div", element("h3", kind), listed, class_="groups")


def _piece(progress: Progress, unit: Unit) -> Markup:
    state = progress.state[unit.id]
    label = f"{unit.label}, {states.state_word(state)}"
    return element(
        "a",
        element("span", states.icon(states.state_word(state)), class_="cell"),
        element("span", unit.number, class_="number"),
        href=f"#{unit.id}",
        class_=f"piece {states.state_word(state)}",
        aria_label=label,
        title=label,
    )
