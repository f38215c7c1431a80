"""Where everything stands on a card of 1200 by 630: texts, lines and dots, for whatever draws them. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from pytest_tinytorch.export.cards.card import Card
from pytest_tinytorch.export.journey.numbers import Measure, wholes
from pytest_tinytorch.export.journey.page import read
from pytest_tinytorch.export.journey.pictures import Picture

WIDTH, HEIGHT, MARGIN = 1200, 630, 64
"""Pixels: what pages that show a link's picture ask for."""
THEMES = ("light", "dark")
SIDE = 308
"""Of the square on the right."""
COLOR = re.compile(r"--([\w-]+): light-dark\((#\w+), (#\w+)\);")


@dataclass(frozen=True)
class Words:
    """A line of text; ``y`` is where it stands, and ``color`` a name of the journey page's style."""

    text: str
    x: float
    y: float
    size: float
    color: str = "ink"
    serif: bool = False
    bold: bool = False
    anchor: str = "start"


@dataclass(frozen=True)
class Box:
    """A rectangle."""

    x: float
    y: float
    width: float
    height: float
    color: str


@dataclass(frozen=True)
class Dot:
    """A circle: full in ``color``, or a ring of it."""

    x: float
    y: float
    radius: float
    color: str
    full: bool


@dataclass(frozen=True)
class Torch:
    """The mark of the course, around a point."""

    x: float
    y: float
    size: float


@dataclass(frozen=True)
class Photo:
    """A picture in a square, as large as it fits."""

    picture: Picture
    x: float
    y: float
    side: float

    @property
    def place(self) -> tuple[float, float, float, float]:
        """x, y, width and height, so that it keeps its shape."""
        width, height = self.picture.size
        scale = self.side / max(width, height, 1)
        wide, high = width * scale, height * scale
        return self.x + (self.side - wide) / 2, self.y + (self.side - high) / 2, wide, high


Shape = Words | Box | Dot | Torch | Photo


@cache
def colors(theme: str) -> dict[str, str]:
    """Name to value of the journey page's colors, in one of the THEMES."""
    found = COLOR.findall(read("journey.css"))
    return {name: (light, dark)[THEMES.index(theme)] for name, light, dark in found}


def shapes(card: Card) -> list[Shape]:
    """All that is on a card, from back to front."""
    return [
        Box(0, 0, WIDTH, HEIGHT, "paper"),
        Box(0, 0, WIDTH, 10, "ember"),
        *_head(card),
        *_side(card),
        *_sentences(card),
        *_numbers(card),
        *_line(card),
        *_foot(card),
    ]


def _head(card: Card) -> Iterator[Shape]:
    yield Torch(MARGIN + 12, 62, 34)
    yield Words("tinytorch", MARGIN + 36, 71, 25, bold=True)
    yield Words(card.place, WIDTH - MARGIN, 71, 23, "muted", anchor="end")
    size = fitting(card.headline, 700, (132, 108, 84, 64, 48))
    yield Words(card.headline, MARGIN - 3, 190, size, serif=True)
    yield Words(card.title, MARGIN, 246, fitting(card.title, 1000, (32, 26, 22)), "muted", True)


def _side(card: Card) -> Iterator[Shape]:
    """A picture that the learner's code has drawn, or else the number that says most."""
    x, y = WIDTH - MARGIN - SIDE, 98
    if card.picture is not None:
        yield Box(x, y, SIDE, SIDE, "line")
        yield Box(x + 1, y + 1, SIDE - 2, SIDE - 2, "white")
        yield Photo(card.picture, x + 10, y + 10, SIDE - 20)
    elif card.key is not None:
        text, _, unit = card.key.shown.partition(" ")
        told = f"{unit}: {card.key.name}" if unit else card.key.name
        right = WIDTH - MARGIN
        size = fitting(text, SIDE + 60, (112, 88, 64, 44))
        yield Words(text, right, 190, size, "passed", serif=True, anchor="end")
        yield Words(told, right, 246, fitting(told, 520, (22, 18)), "muted", anchor="end")


def _sentences(card: Card) -> Iterator[Shape]:
    """One sentence large, or several below each other, with room for the picture beside them."""
    room = WIDTH - 2 * MARGIN - (SIDE + 36 if card.picture is not None else 0)
    several = len(card.sentences) > 1
    alone = fitting(" ".join(card.sentences), room, (40, 37, 34, 0))
    for size in (alone,) if alone else (40, 36, 32, 28, 25, 22, 19, 16):
        lines = [line for text in card.sentences for line in folded(text, room, size)]
        gap = size * (1.45 if several else 1.25)
        if len(lines) * gap <= (130 if card.measures else 205):
            break
    y = 290 + size * 0.75
    for line in lines:
        yield Words(line, MARGIN, y, size, serif=True)
        y += gap


def _numbers(card: Card) -> Iterator[Shape]:
    """Three numbers at most, each with a bar and what is required."""
    held = [m for m in card.measures if m.limit is not None and m.value is not None]
    rest = [m for m in card.measures if m not in held and m.value is not None]
    for row, one in enumerate([*held, *rest][:3]):
        yield from _number(one, wholes(card.measures)[one.unit], 446 + 28 * row)


def _number(one: Measure, whole: float, y: float) -> Iterator[Shape]:
    """A number with its bar; a whole bar stands for ``whole``."""
    x, length = MARGIN + 510, 190
    size = fitting(one.name, 280, (19, 17, 15))
    yield Words(shortened(one.name, 280, size), MARGIN, y, size, "muted")
    yield Words(shortened(one.shown, 212, 19), MARGIN + 290, y, 19, bold=True)
    share = min(1.0, max(0.0, (one.value or 0.0) / whole))
    yield Box(x, y - 11, length, 8, "line")
    yield Box(x, y - 11, length * share, 8, "passed")
    if one.limit is not None:
        yield Box(x + length * min(1.0, one.limit / whole) - 1, y - 16, 3, 18, "ink")
        yield Words(one.asked, x + length + 16, y, 17, "muted")


def _line(card: Card) -> Iterator[Shape]:
    """What was done and what is still to come, as stops on a line."""
    count, y = len(card.stops), 538
    if count < 2:
        return
    first, last = MARGIN + 24, WIDTH - MARGIN - 24
    xs = [first + (last - first) * n / (count - 1) for n in range(count)]
    reach = next((n for n, stop in enumerate(card.stops) if not stop.passed), count) - 1
    yield Box(first, y - 1.5, last - first, 3, "line")
    if reach > 0:
        yield Box(first, y - 2.5, xs[reach] - first, 5, "ember")
    for x, stop in zip(xs, card.stops, strict=True):
        yield Dot(x, y, 12 if stop.here else 8, "ember" if stop.passed else "muted", stop.passed)
        color = "ink" if stop.here or stop.passed else "muted"
        yield Words(stop.label, x, y + 31, 17, color, bold=stop.here, anchor="middle")


def _foot(card: Card) -> Iterator[Shape]:
    """Whose it is, who wrote what, and what it can be checked against."""
    name = f"{card.name} · " if card.name else ""
    left = f"{name}{card.origin}"
    size = fitting(left, 660, (17, 15, 13, 11, 9))
    yield Words(left, MARGIN, 604, size)
    right = fitting(card.proof, 400, (14, 13, 12, 11))
    yield Words(card.proof, WIDTH - MARGIN, 604, right, "muted", anchor="end")


def width_of(text: str, size: float) -> float:
    """About how wide a text is. Fonts differ, so this is that of a broad one."""
    return size * sum(map(_ems, text))


def _ems(character: str) -> float:
    if unicodedata.combining(character):
        return 0.0
    if unicodedata.east_asian_width(character) in "WF":
        return 1.0
    if character in " .,:;'il|!":
        return 0.36
    return 0.9 if character in "mwMW@%" else 0.7 if character.isupper() else 0.62


def fitting(text: str, room: float, sizes: tuple[int, ...]) -> int:
    """The first of some sizes in which a text has room; the last if it has in none."""
    return next((size for size in sizes if width_of(text, size) <= room), sizes[-1])


def folded(text: str, room: float, size: float) -> list[str]:
    """A text in lines that have room; a word that has none is cut."""
    lines: list[str] = []
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and width_of(longer, size) <= room:
            lines[-1] = longer
        else:
            lines.append(shortened(word, room, size))
    return lines


def shortened(text: str, room: float, size: float) -> str:
    """A text with as much of it left out as it has no room for."""
    if width_of(text, size) <= room:
        return text
    while text and width_of(f"{text}…", size) > room:
        text = text[:-1]
    return f"{text.rstrip()}…"
