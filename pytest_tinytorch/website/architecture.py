"""The rooms of the plugin as a drawing: what depends on what, from top to bottom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise
from textwrap import wrap

from pytest_tinytorch.website.rooms import DOOR, Arrow, Room, arrows, rooms, rows

LETTER = 0.54
"""The width of a letter of the site's sans serif, on the average, as a share of its size."""
MARGIN, LANE = 14, 26
"""Between the edge of a room and its words; the space beside rooms for an arrow that passes them."""
BLUE, ORANGE, PLAIN = "#3b82c4", "#c4723b", "currentColor"


@dataclass(frozen=True)
class Size:
    """How large a drawing is.

    Attributes:
        name: of the size.
        width: of the drawing.
        letters: their size.
        gap: between two rows.
    """

    name: str
    width: int
    letters: int
    gap: int

    @property
    def line(self) -> float:
        """From one line of text to the next."""
        return 1.35 * self.letters


WIDE, NARROW = Size("wide", 600, 15, 26), Size("narrow", 330, 14, 24)


@dataclass(frozen=True)
class Box:
    """Where a room is drawn."""

    room: Room
    x: float
    y: float
    width: float
    height: float

    @property
    def right(self) -> float:
        return self.x + self.width

    @property
    def bottom(self) -> float:
        return self.y + self.height

    def nearest(self, x: float) -> float:
        """The place nearest to ``x`` where an arrow may touch it."""
        return min(max(x, self.x + LANE / 2), self.right - LANE / 2)


def drawing() -> str:
    """The rooms for wide screens and for phones; a style sheet shows one of them."""
    found = rooms()
    caption = (
        "An arrow means: imports. Imports that follow from other arrows are not drawn."
        " Blue rooms import no pytest, not even indirectly."
    )
    return "\n".join(
        f'<figure class="rooms {size.name}">\n{svg(found, size)}\n'
        f"<figcaption>{caption}</figcaption>\n</figure>"
        for size in (WIDE, NARROW)
    )


def svg(found: Sequence[Room], size: Size) -> str:
    """The drawing in one size."""
    made, name = boxes(found, size), f"architecture-{size.name}"
    places = [(made[a], made[b], across(found, made, (a, b), size)) for a, b in arrows(found)]
    height = max(box.bottom for box in made.values()) + 2
    return "\n".join(
        [
            f'<svg viewBox="0 0 {size.width} {height:g}" width="100%" role="img"'
            f' style="max-width: {size.width / 16:g}rem; display: block; margin: 0 auto"'
            f' aria-labelledby="{name}-title {name}-desc"'
            f' font-size="{size.letters}" fill="currentColor">',
            f'<title id="{name}-title">The rooms of the plugin, and what each imports</title>',
            f'<desc id="{name}-desc">{escape(described(found))}</desc>',
            f'<defs><marker id="{name}-head" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="9"'
            ' markerHeight="9" orient="auto" markerUnits="userSpaceOnUse">'
            '<path d="M0 0 L10 5 L0 10 z" fill="currentColor"/></marker></defs>',
            *(label(box, size) for box in made.values()),
            *(line(start, end, x, size, f"{name}-head") for start, end, x in places),
            "</svg>",
        ]
    )


def described(found: Sequence[Room]) -> str:
    """The drawing in words."""
    placed = rows(found)
    downwards = sorted(arrows(found), key=lambda arrow: placed[arrow[0]])
    said = "; ".join(f"{room} imports {used}" for room, used in downwards)
    pure = ", ".join(room.name for room in found if room.pure)
    return f"From top to bottom: {said}. In blue, as they import no pytest: {pure}."


def passing(found: Sequence[Room]) -> list[Arrow]:
    """The arrows that pass rooms by, the one whose lane is rightmost first."""
    placed = rows(found)
    return [(room, used) for room, used in arrows(found) if placed[used] - placed[room] > 1]


def boxes(found: Sequence[Room], size: Size) -> dict[str, Box]:
    """Room to where it is drawn: those of a row side by side, and to their right what passes them."""
    placed, long = rows(found), passing(found)
    made: dict[str, Box] = {}
    top = 2.0
    for row in range(max(placed.values()) + 1):
        here = [room for room in found if placed[room.name] == row]
        here.sort(key=lambda room: any(room.name == start for start, _ in long))  # by their lanes
        passed = [n for n, (a, b) in enumerate(long, start=1) if placed[a] < row < placed[b]]
        whole = size.width - 4 - LANE * max(passed, default=0) - (len(here) - 1) * MARGIN
        width = whole / len(here)
        lines = max(len(folded(room, width, size)) for room in here)
        for number, room in enumerate(here):
            x = 2 + number * (width + MARGIN)
            made[room.name] = Box(room, x, top, width, 43 + lines * size.line)
        top = made[here[0].name].bottom + size.gap
    return made


def folded(room: Room, width: float, size: Size) -> list[str]:
    """The question of a room in as few lines as it fits, and those as equal as they can be."""
    most = int((width - 2 * MARGIN) / (size.letters * LETTER))
    longest = max(map(len, room.question.split()), default=1)
    tries = [wrap(room.question, letters) for letters in range(min(longest, most), most + 1)]
    return min(tries, key=len)  # the first of them, which is the narrowest


def label(box: Box, size: Size) -> str:
    """A room: its name, the number of its files, its question."""
    color = ORANGE if box.room.name == DOOR else BLUE if box.room.pure else PLAIN
    shade = 'fill="none" stroke-opacity="0.6"'
    if color != PLAIN:
        shade = f'fill="{color}" fill-opacity="0.15"'
    left, first = box.x + MARGIN, box.y + 26
    parts = [
        f'<rect x="{box.x:g}" y="{box.y:g}" width="{box.width:g}" height="{box.height:g}" rx="6"'
        f' {shade} stroke="{color}" stroke-width="1.5"/>',
        f'<text x="{left:g}" y="{first:g}" font-size="{size.letters + 2}" font-weight="bold">'
        f"{box.room.name}</text>",
        f'<text x="{box.right - MARGIN:g}" y="{first:g}" text-anchor="end" opacity="0.75">'
        f"{box.room.files} files</text>",
    ]
    for number, text in enumerate(folded(box.room, box.width, size), start=1):
        y = first + 3 + number * size.line
        parts.append(f'<text x="{left:g}" y="{y:g}">{escape(text)}</text>')
    return "\n".join(parts)


def across(found: Sequence[Room], made: Mapping[str, Box], arrow: Arrow, size: Size) -> float:
    """How far from the left an arrow goes down: in its lane, or else in line with the others."""
    if arrow in (long := passing(found)):
        return size.width - 2 - LANE * (long.index(arrow) + 0.5)
    start, end = (made[room] for room in arrow)
    left, right = max(start.x, end.x), min(start.right, end.right)
    usual = size.width / 4
    return usual if left + LANE / 2 <= usual <= right - LANE / 2 else (left + right) / 2


def line(start: Box, end: Box, x: float, size: Size, head: str) -> str:
    """An arrow straight down where it can be; otherwise it turns in the space between rows."""
    first, last = start.nearest(x), end.nearest(x)
    high, low = start.bottom + size.gap / 2, end.y - size.gap / 2
    turns = [(first, start.bottom), (first, high), (x, high), (x, low), (last, low)]
    points = [turns[0]]
    points += [there for here, there in pairwise([*turns, (last, end.y - 1)]) if here != there]
    return (
        f'<polyline points="{" ".join(f"{x:g},{y:g}" for x, y in points)}" fill="none"'
        f' stroke="currentColor" stroke-width="1.3" marker-end="url(#{head})"/>'
    )
