"""The climb and the bars: how hard each checkpoint is, and how far tiers and stages are."""

from __future__ import annotations

from collections.abc import Sequence

from pytest_tinytorch.course.curriculum import Curriculum, NamedCheckpoints, Unit
from pytest_tinytorch.evidence.outcomes import State
from pytest_tinytorch.evidence.progress import percent_text
from pytest_tinytorch.export.journey import flow, phrases, states
from pytest_tinytorch.export.journey.markup import Markup, drawing, element, join
from pytest_tinytorch.export.journey.views import View

CLIMBS = {"wide": (1120, 34, 1), "medium": (700, 30, 2), "narrow": (340, 26, 5)}
"""Name of each shape to its width, the height of a star, and of how many numbers one is written."""
BOTTOM, LEFT, RIGHT = 34, 34, 16
MOST_STARS = 5
METER = 100
"""The length of a whole bar, on its canvas."""
FLAG, DIGIT = 19, 8
"""Height of a flag, and about the width of a character on it."""


def climb_pictures(view: View) -> Markup:
    """The climb in every shape."""
    return join(*(climb(view, shape) for shape in CLIMBS))


def climb(view: View, shape: str) -> Markup:
    """Stars by checkpoint as a range of hills, with a flag where each milestone opens."""
    width, star, every = CLIMBS[shape]
    units = view.curriculum.checkpoints
    step = (width - LEFT - RIGHT) / max(1, len(units) - 1)
    xs = [round(LEFT + n * step, 1) for n in range(len(units))]
    banners = flags(view.curriculum, xs)
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
        *(_dot(view, unit, point) for unit, point in zip(units, points, strict=True)),
        *(
            element("text", unit.number, x=x, y=base + BOTTOM - 10, class_="number")
            for unit, x in list(zip(units, xs, strict=True))[::every]
        ),
    )


def _dot(view: View, unit: Unit, point: tuple[float, float]) -> Markup:
    """A checkpoint: full if it is passed."""
    passed = view.state(unit) == State.PASSED
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
    """A horizontal line at a number of stars."""
    label = element("text", f"{stars}★", x=0, y=y + 4, class_="stars")
    return join(element("path", d=f"M{LEFT - 6} {y:g}H{width}", class_="level"), label)


def flags(curriculum: Curriculum, xs: Sequence[float]) -> list[tuple[float, str, int]]:
    """(x, years, row) of each flag; one that would overlap another is a row lower."""
    index = {unit.id: n for n, unit in enumerate(curriculum.checkpoints)}
    years: dict[int, list[str]] = {}
    at = 0
    for unit in flow.order(curriculum):
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
    """The years of milestones, on a pole where they open; at the right end, to the left of it."""
    y = FLAG * (row + 1) - 4
    back = x + DIGIT * len(text) > width
    place = {"x": x - 6 if back else x + 6, "y": y, "text_anchor": "end" if back else "start"}
    pole = element("path", d=f"M{x:g} {base}V{y - 12}", class_="pole")
    return join(pole, element("text", text, class_="year", **place))


def bars(view: View, groups: Sequence[NamedCheckpoints], kind: str) -> Markup:
    """A bar for each group, with a piece for each of its checkpoints."""
    by_number = {unit.number: unit for unit in view.curriculum.checkpoints}
    parts = []
    for group in groups:
        units = [by_number[number] for number in group.numbers]
        weeks = element("span", f"{phrases.dashed(group.weeks)} weeks", class_="weeks")
        head = element(
            "p",
            element("strong", group.name),
            weeks if group.weeks else None,
            count(view, view.asked(units)),
            class_="bar-head",
        )
        parts.append(join(head, pieces(view, units, group.name)))
    listed = element("ul", *(element("li", part) for part in parts), class_="bars")
    return element("div", element("h3", kind), listed, class_="groups")


def count(view: View, units: Sequence[Unit]) -> Markup | None:
    """How many of some units are passed; None if the picture shows nobody's progress."""
    if view.progress is None:
        return None
    if not units:
        return element("span", "not on your path", class_="count aside")
    text = f"{view.passed(units)} of {len(units)}"
    return element("span", text, element("span", " passed", class_="aside"), class_="count")


def pieces(view: View, units: Sequence[Unit], name: str) -> Markup:
    """A bar with a piece for each unit."""
    drawn = (element("li", _piece(view, unit)) for unit in units)
    return element("ol", *drawn, class_="bar", aria_label=name)


def _piece(view: View, unit: Unit) -> Markup:
    """A unit: its state as a mark, and the share that passes as a bar and in percent."""
    word, share = view.word(unit), view.share(unit)
    told = f", {percent_text(share)} of its specs pass" if share is not None else ""
    label = view.described(unit) + told
    return element(
        "a",
        element("span", states.icon(word) if view.progress else None, class_="cell"),
        element("span", str(unit.year or unit.number), class_="number"),
        join(meter(share), element("span", percent_text(share), class_="share"))
        if share is not None
        else None,
        href=view.address(unit),
        class_=f"piece {word}",
        aria_label=label,
        title=label,
    )


def meter(share: float) -> Markup:
    """A share as a bar; the text next to it says the same."""
    return element(
        "svg",
        element("rect", x=0, y=0, width=METER, height=6, class_="track"),
        element("rect", x=0, y=0, width=round(METER * share, 2), height=6, class_="fill"),
        viewBox=f"0 0 {METER} 6",
        preserveAspectRatio="none",
        class_="meter",
        aria_hidden="true",
    )
