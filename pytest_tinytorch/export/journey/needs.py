"""The dependency graph of the checkpoints: what each depends on, in layers from top to bottom."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_tinytorch.course.curriculum import Unit
from pytest_tinytorch.export.journey.layers import Layout, Point, layout
from pytest_tinytorch.export.journey.markup import Markup, drawing, element, join
from pytest_tinytorch.export.journey.views import View

MAX_EDGES = 3
"""The most nodes in a layer: what fits on a phone."""


@dataclass(frozen=True)
class Shape:
    """A form of the graph, for a width of the screen.

    Attributes:
        name: its CSS class; the style sheet shows one of the shapes.
        room: the width that a node gets in its layer.
        width, height: of a node.
        gap: between two layers.
        stacked: whether a node's name is below its number.
    """

    name: str
    room: float
    width: float
    height: float
    gap: float
    stacked: bool


SHAPES = (
    Shape("wide", 188, 172, 36, 44, stacked=False),
    Shape("narrow", 88, 88, 42, 36, stacked=True),
)
MARGIN = 6


def needs_pictures(view: View) -> Markup:
    """The graph in every shape."""
    return join(*(needs_picture(view, shape) for shape in SHAPES))


def needs_picture(view: View, shape: Shape) -> Markup:
    """The graph in one shape."""
    units = view.curriculum.checkpoints
    graph = layout({unit.id: unit.needs for unit in units}, MAX_EDGES)
    width = graph.breadth * shape.room + 2 * MARGIN
    height = graph.depth * (shape.height + shape.gap) - shape.gap + 2 * MARGIN
    return drawing(
        "needs",
        shape.name,
        (width, height),
        "What needs what",
        "Each checkpoint below those that it needs, with a link to its details.",
        *(_edge(graph, shape, a, b) for a, b in graph.edges),
        *(_node(view, unit, shape, graph.nodes[unit.id]) for unit in units),
        role="group",
        width=width,
    )


def at(shape: Shape, point: Point) -> tuple[float, float]:
    """The middle of a node on the canvas."""
    place, layer = point
    y = MARGIN + layer * (shape.height + shape.gap) + shape.height / 2
    return round(MARGIN + place * shape.room, 1), y


def _edge(graph: Layout, shape: Shape, need: str, unit: str) -> Markup:
    """A curve between layers, and straight down through each layer that the edge passes."""
    (x, y), *rest = [at(shape, point) for point in graph.edges[need, unit]]
    d = f"M{x:g} {y + shape.height / 2:g}"
    for n, (to, below) in enumerate(rest, start=1):
        top = below - shape.height / 2
        middle = top - shape.gap / 2
        d += f"C{x:g} {middle:g} {to:g} {middle:g} {to:g} {top:g}"
        d += f"V{below + shape.height / 2:g}" if n < len(rest) else ""
        x = to
    return element("path", d=d, class_="edge", data_from=need, data_to=unit)


def _node(view: View, unit: Unit, shape: Shape, point: Point) -> Markup:
    (x, y), width, height = at(shape, point), shape.width, shape.height
    needed = [view.curriculum.unit(need).number for need in unit.needs]
    left, top = x - width / 2, y - height / 2
    mark = view.mark(unit, *((x - 11, y - 8, 14) if shape.stacked else (left + 18, y, 16)))
    if shape.stacked:
        parts: list[Markup | None] = [
            mark,
            element("text", unit.number, x=x + (8 if mark else 0), y=y - 3, class_="number"),
            element("text", unit.name, x=x, y=y + 13, class_="name"),
        ]
    else:
        parts = [
            mark,
            element(
                "text", unit.label, x=left + (33 if mark else 24), y=y + 5, class_="name start"
            ),
        ]
    return element(
        "a",
        element("title", view.described(unit, by=": ")),
        element("rect", x=left, y=top, width=width, height=height, rx=height / 2, class_="shape"),
        *parts,
        href=view.address(unit),
        class_=f"node {view.word(unit)}",
        aria_label=view.described(unit) + (f", needs {', '.join(needed)}" if needed else ""),
        data_unit=unit.id,
        data_needs=" ".join(unit.needs),
    )
