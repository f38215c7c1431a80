"""The course as a drawing: modules and milestones along one route, a band for each tier."""

from __future__ import annotations

import posixpath
from collections.abc import Sequence
from html import escape
from textwrap import indent

from pytest_tinytorch.course.curriculum import Curriculum, Unit
from pytest_tinytorch.website.text import page_of

WIDTH, HEIGHT, GAP, HEADING = 112, 62, 26, 34
Place = tuple[float, float]


def drawing(curriculum: Curriculum, here: str) -> str:
    """The map for wide screens and the map for phones; a style sheet shows one of them."""
    return "\n".join(
        f'<div class="course-map {name}">\n{svg(curriculum, here, columns, name)}\n</div>'
        for name, columns in (("wide", 5), ("narrow", 2))
    )


def svg(curriculum: Curriculum, here: str, columns: int, name: str) -> str:
    """The map with so many stations beside each other."""
    width = columns * (WIDTH + GAP) - GAP + 4
    parts, top = [], 0.0
    for number, tier in enumerate(curriculum.tiers, start=1):
        stations = route(curriculum, tier.numbers, first=number == 1)
        places = [place(n, columns, top + HEADING) for n in range(len(stations))]
        label = f'<text class="tier" x="2" y="{top + 20:g}">{escape(tier.name)}</text>'
        boxes = [station(*pair, here) for pair in zip(stations, places, strict=True)]
        band = "\n".join([label, line(places), *boxes])
        parts.append(f'<g class="tier-{number}">\n{indent(band, " ")}\n</g>')
        top = places[-1][1] + HEIGHT + GAP
    title = f'<title id="map-{name}">The course: {len(curriculum.checkpoints)} checkpoints'
    title += f" and {len(curriculum.milestones)} milestones, in order</title>"
    return "\n".join(
        [
            f'<svg viewBox="0 0 {width} {top - GAP + 4:g}" role="group" aria-labelledby="map-{name}">',
            title,
            *parts,
            "</svg>",
        ]
    )


def route(curriculum: Curriculum, numbers: Sequence[str], first: bool) -> list[Unit]:
    """The stations of a tier in order: its modules, each milestone after what opens it.

    What belongs to no tier stands before the ``first`` one.
    """
    grouped = {number for tier in curriculum.tiers for number in tier.numbers}
    found = []
    for unit in curriculum.checkpoints:
        if unit.number in numbers or (first and unit.number not in grouped):
            found.append(unit)
            found += [m for m in curriculum.milestones if opens_after(curriculum, m) == unit]
    return found


def opens_after(curriculum: Curriculum, milestone: Unit) -> Unit:
    """The last checkpoint, in the order of the course, that a milestone needs by itself."""
    return [unit for unit in curriculum.checkpoints if unit.id in milestone.needs][-1]


def place(number: int, columns: int, top: float) -> Place:
    """The upper left corner of a station: the route turns at the end of each row."""
    row, column = divmod(number, columns)
    column = column if row % 2 == 0 else columns - 1 - column
    return 2 + column * (WIDTH + GAP), top + row * (HEIGHT + GAP)


def line(places: Sequence[Place]) -> str:
    """The route itself, from the middle of each station to the next."""
    points = " ".join(f"{x + WIDTH / 2:g},{y + HEIGHT / 2:g}" for x, y in places)
    return f'<polyline class="route" points="{points}"/>'


def station(unit: Unit, at: Place, here: str) -> str:
    """A box that leads to the page of a unit."""
    x, y = at
    target = posixpath.relpath(page_of(unit), posixpath.dirname(here)).removesuffix(".md")
    kind = "milestone" if unit.is_milestone else "module"
    head = str(unit.year or unit.number)
    radius = HEIGHT / 2 if unit.is_milestone else 6
    phrase = escape(f"{head} {unit.title}: {unit.question or unit.builds}", quote=True)
    middle = x + WIDTH / 2
    stars = f'<tspan class="stars" dx="5">{"★" * unit.stars}</tspan>' if unit.stars else ""
    return "\n".join(
        [
            f'<a class="{kind}" href="{target}.html" aria-label="{phrase}">',
            f' <rect x="{x:g}" y="{y:g}" width="{WIDTH}" height="{HEIGHT}" rx="{radius:g}"/>',
            f' <text class="number" x="{middle:g}" y="{y + 25:g}">{head}{stars}</text>',
            f' <text class="name" x="{middle:g}" y="{y + 46:g}">{escape(unit.name)}</text>',
            "</a>",
        ]
    )
