"""The learning flow: every checkpoint and milestone in order, on a line that turns at its ends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from pytest_tinytorch.course.curriculum import Curriculum, NamedCheckpoints, Unit
from pytest_tinytorch.export.journey import phrases, states
from pytest_tinytorch.export.journey.markup import Markup, drawing, element, join
from pytest_tinytorch.export.journey.views import View

RADIUS, PLAQUE, TURN = 17, (74, 36), 26
"""Of a checkpoint; width and height of a milestone; radius of a bend of the line."""
ROW, TITLE, FIRST, LAST = 112, 34, 76, 66
"""Heights: of a row, of the title of a tier above one, and what is left free at both ends."""


@dataclass(frozen=True)
class Shape:
    """A form of the picture, for a width of the screen.

    Attributes:
        name: its CSS class; the style sheet shows one of the shapes.
        width: of its canvas.
        columns: the most stops in a row.
        margin: from the edge to the first stop, with room for the line to turn.
    """

    name: str
    width: int
    columns: int
    margin: int


SHAPES = (
    Shape("wide", 1120, 10, 58),
    Shape("medium", 700, 5, 66),
    Shape("narrow", 340, 3, 54),
)


@dataclass(frozen=True)
class Row:
    """Stops next to each other; ``title`` is the tier that begins with them, if there is one."""

    units: tuple[Unit, ...]
    title: NamedCheckpoints | None = None


@dataclass(frozen=True)
class Stop:
    """A unit on the canvas; ``row`` says where the line turns."""

    unit: Unit
    x: float
    y: float
    row: int


def order(curriculum: Curriculum) -> list[Unit]:
    """All units: each milestone after the last checkpoint that it depends on."""
    checkpoints = curriculum.checkpoints
    index = {unit.id: n for n, unit in enumerate(checkpoints)}
    opens: dict[int, list[Unit]] = {}
    for milestone in curriculum.milestones:
        below = curriculum.closure([milestone.id])
        opens.setdefault(max(index.get(need, 0) for need in below), []).append(milestone)
    return [u for n, unit in enumerate(checkpoints) for u in (unit, *opens.get(n, ()))]


def tiered(curriculum: Curriculum) -> list[tuple[NamedCheckpoints | None, list[Unit]]]:
    """The units in order, split where another tier begins; units without a tier go with the first."""
    tier = {number: group for group in reversed(curriculum.tiers) for number in group.numbers}
    parts: list[tuple[NamedCheckpoints | None, list[Unit]]] = [(None, [])]
    for unit in order(curriculum):
        group = None if unit.is_milestone else tier.get(unit.number)
        if group is not None and group is not parts[-1][0]:
            if parts[-1][0] is None:
                parts[-1] = (group, parts[-1][1])
            else:
                parts.append((group, []))
        parts[-1][1].append(unit)
    return parts


def rows(curriculum: Curriculum, columns: int) -> list[Row]:
    """Rows with a maximum of stops, about equally long within a tier."""
    found: list[Row] = []
    for title, units in tiered(curriculum):
        count = -(-len(units) // columns)
        cuts = [round(len(units) * n / count) for n in range(count + 1)]
        for first, last in pairwise(cuts):
            found.append(Row(tuple(units[first:last]), None if first else title))
    return found


def stops(found: Sequence[Row], shape: Shape) -> tuple[list[Stop], float]:
    """The position of each unit, and the height of the canvas. Every second row runs back."""
    placed: list[Stop] = []
    y = float(FIRST - ROW)
    span = shape.width - 2 * shape.margin
    for number, row in enumerate(found):
        y += ROW + (TITLE if row.title and number else 0)
        step = span / max(1, len(row.units) - 1)
        for n, unit in enumerate(row.units):
            x = shape.margin + n * step
            placed.append(Stop(unit, shape.width - x if number % 2 else x, y, number))
    return placed, y + LAST


def flow_pictures(view: View) -> Markup:
    """The flow in every shape."""
    return join(*(flow_picture(view, shape) for shape in SHAPES))


def flow_picture(view: View, shape: Shape) -> Markup:
    """The flow in one shape."""
    found = rows(view.curriculum, shape.columns)
    placed, height = stops(found, shape)
    checkpoints, milestones = view.curriculum.checkpoints, view.curriculum.milestones
    counts = f"{len(checkpoints)} checkpoints and {len(milestones)} milestones"
    return drawing(
        "flow",
        shape.name,
        (shape.width, height),
        "The way",
        f"{counts} in the order of the course, each a link to its details.",
        *(_piece(view, a, b, shape) for a, b in pairwise(placed)),
        *(_title(row, number, placed) for number, row in enumerate(found)),
        *(_stop(view, stop) for stop in placed),
        role="group",
    )


def _piece(view: View, a: Stop, b: Stop, shape: Shape) -> Markup:
    """The line from one stop to the next; walked if both are behind the learner."""
    if a.row == b.row:
        d = f"M{a.x:g} {a.y:g}H{b.x:g}"
    else:
        side = 1 if a.x > shape.width / 2 else -1
        out = shape.margin - 6 - TURN
        edge = a.x + side * out
        d = (
            f"M{a.x:g} {a.y:g}H{edge:g}"
            f"a{TURN} {TURN} 0 0 {int(side > 0)} {side * TURN} {TURN}V{b.y - TURN:g}"
            f"a{TURN} {TURN} 0 0 {int(side > 0)} {-side * TURN} {TURN}H{b.x:g}"
        )
    walked = all(view.is_walked(stop.unit) for stop in (a, b))
    return element("path", d=d, class_="line walked" if walked else "line")


def _title(row: Row, number: int, placed: Sequence[Stop]) -> Markup:
    """The name of a tier above its first stop."""
    if row.title is None:
        return Markup()
    first = next(stop for stop in placed if stop.row == number)
    back = number % 2 == 1
    weeks = element("tspan", f"  {phrases.dashed(row.title.weeks)} weeks", class_="weeks")
    return element(
        "text",
        join(row.title.name, weeks if row.title.weeks else None),
        x=first.x + (RADIUS if back else -RADIUS),
        y=first.y - RADIUS - 26,
        class_="tier",
        text_anchor="end" if back else "start",
    )


def _stop(view: View, stop: Stop) -> Markup:
    """A unit: a link with its mark and its name."""
    unit, here = stop.unit, view.is_here(stop.unit)
    parts = _plaque(view, stop) if unit.is_milestone else _disc(view, stop)
    torch = states.icon_at("torch", stop.x, stop.y - RADIUS - 13, 20) if here else None
    return element(
        "a",
        element("title", view.described(unit, by=": ")),
        *parts,
        torch,
        href=view.address(unit),
        class_=f"stop {view.word(unit)}{' here' if here else ''}",
        aria_label=f"{view.described(unit)}{', you are here' if here else ''}",
    )


def _disc(view: View, stop: Stop) -> list[Markup | None]:
    """A checkpoint. Without a state, its number takes the place of the mark."""
    x, y, mark = stop.x, stop.y, view.mark(stop.unit, stop.x, stop.y, 20)
    number = y + RADIUS + 18 if mark else y + 4
    name = y + RADIUS + (34 if mark else 18)
    return [
        element("circle", cx=x, cy=y, r=RADIUS + 6, class_="halo"),
        element("circle", cx=x, cy=y, r=RADIUS, class_="shape"),
        mark,
        element("text", stop.unit.number, x=x, y=number, class_="number"),
        element("text", stop.unit.name, x=x, y=name, class_="name"),
    ]


def _plaque(view: View, stop: Stop) -> list[Markup | None]:
    """A milestone: its year, with the mark of its state if it has one."""
    (width, height), x, y = PLAQUE, stop.x, stop.y
    left, top = x - width / 2, y - height / 2
    mark = view.mark(stop.unit, left + 17, y, 16)
    return [
        element(
            "rect",
            x=left - 6,
            y=top - 6,
            width=width + 12,
            height=height + 12,
            rx=height / 2 + 6,
            class_="halo",
        ),
        element("rect", x=left, y=top, width=width, height=height, rx=height / 2, class_="shape"),
        mark,
        element("text", str(stop.unit.year), x=x + (10 if mark else 0), y=y + 6, class_="year"),
        element("text", stop.unit.name, x=x, y=y + RADIUS + 18, class_="name"),
    ]
