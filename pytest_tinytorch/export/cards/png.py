"""A card as PNG, drawn by matplotlib: the extra ``plots``, as for the pictures of milestones."""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from io import BytesIO
from typing import Any

from pytest_tinytorch.export.cards.card import Card
from pytest_tinytorch.export.cards.shapes import (
    HEIGHT,
    WIDTH,
    Box,
    Dot,
    Photo,
    Shape,
    Torch,
    Words,
    colors,
    shapes,
)
from pytest_tinytorch.export.journey.states import FLAME

DPI = 100
LEAST = (3, 11)
"""The first matplotlib that can write in every script."""
FAMILIES = {True: "DejaVu Serif", False: "DejaVu Sans"}
"""Whether a font has serifs, to the one that comes with matplotlib."""
BOXES = "Last Resort"
"""A font that comes with matplotlib and has a box for every character."""
ALIGNED = {"start": "left", "middle": "center", "end": "right"}
ORDER = re.compile(r"([MCZ])([^MCZ]*)")
NUMBER = re.compile(r"-?\d*\.?\d+")


class NoPng(Exception):
    """No PNG can be drawn here; the message says how to fix that."""


def card_png(card: Card, theme: str) -> bytes:
    """A card in one of the themes, as the bytes of a PNG of 1200 by 630.

    Raises:
        NoPng: matplotlib is not there, or is too old, or no font has the characters.
    """
    figure, axes = canvas()
    found = colors(theme) | {"white": "#ffffff"}
    for level, shape in enumerate(shapes(card)):
        draw(axes, shape, found, level)
    file = BytesIO()
    figure.savefig(file, format="png", dpi=DPI)
    return file.getvalue()


def canvas() -> tuple[Any, Any]:
    """A figure with axes that are its pixels, from above left."""
    try:
        import matplotlib
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError:
        raise NoPng(f"PNG needs matplotlib: {mended()}") from None
    if tuple(map(int, re.findall(r"\d+", matplotlib.__version__)[:2])) < LEAST:
        raise NoPng(f"PNG needs a newer matplotlib than {matplotlib.__version__}: {mended()}")
    figure = Figure(figsize=(WIDTH / DPI, HEIGHT / DPI), dpi=DPI)
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, WIDTH), ylim=(HEIGHT, 0))
    axes.set_axis_off()
    return figure, axes


def mended() -> str:
    """The command that brings what is missing."""
    return f'python -m pip install "matplotlib>={LEAST[0]}.{LEAST[1]}"'


def draw(axes: Any, shape: Shape, found: dict[str, str], level: int) -> None:
    """One shape on the axes, before all that were drawn earlier."""
    from matplotlib import patches

    match shape:
        case Words():
            write(axes, shape, found[shape.color], level)
        case Box(x, y, width, height, color):
            box = patches.Rectangle((x, y), width, height, color=found[color], lw=0, zorder=level)
            axes.add_patch(box)
        case Dot(x, y, radius, color, full):
            ring = {"edgecolor": found[color], "linewidth": 2.5 * 72 / DPI, "zorder": level}
            fill = found[color] if full else found["paper"]
            axes.add_patch(patches.Circle((x, y), radius, facecolor=fill, **ring))
        case Torch(x, y, size):
            outline = flame(x, y, size / 16)
            axes.add_patch(patches.PathPatch(outline, color=found["ember"], lw=0, zorder=level))
        case Photo(picture, _, _, _):
            from matplotlib.image import imread

            x, y, width, height = shape.place
            extent = (x, x + width, y + height, y)
            axes.imshow(imread(BytesIO(picture.data)), extent=extent, zorder=level, aspect="auto")
            axes.set(xlim=(0, WIDTH), ylim=(HEIGHT, 0))


def write(axes: Any, words: Words, color: str, level: int) -> None:
    """A line of text. A `$` is a `$`, not a formula."""
    axes.text(
        words.x,
        words.y,
        words.text,
        size=words.size * 72 / DPI,
        color=color,
        weight="bold" if words.bold else "normal",
        family=families(words.text, words.serif),
        ha=ALIGNED[words.anchor],
        va="baseline",
        zorder=level,
        parse_math=False,
    )


def flame(x: float, y: float, scale: float) -> Any:
    """The outline of the torch, read from the page's own drawing."""
    from matplotlib.path import Path

    points: list[tuple[float, float]] = []
    codes: list[Any] = []
    kinds = {"M": Path.MOVETO, "C": Path.CURVE4, "Z": Path.CLOSEPOLY}
    for order, rest in ORDER.findall(FLAME):
        values = [float(number) for number in NUMBER.findall(rest)] or [0.0, 0.0]
        pairs = list(zip(values[::2], values[1::2], strict=True))
        points += [(x + scale * a, y + scale * b) for a, b in pairs]
        codes += [kinds[order]] * len(pairs)
    return Path(points, codes)


def families(text: str, serif: bool) -> list[str]:
    """The fonts that have all characters of a text: matplotlib's own, and what this machine has besides.

    Raises:
        NoPng: none has one of them.
    """
    chosen = [FAMILIES[serif], FAMILIES[not serif]]
    missing = {ord(c) for c in text if not unicodedata.category(c).startswith(("Z", "C"))}
    for family in chosen:
        missing -= characters(family)
    while missing:
        family = font_with(min(missing))
        missing -= characters(family)
        chosen.append(family)
    return chosen


@cache
def characters(family: str) -> frozenset[int]:
    """The characters of a font."""
    from matplotlib.font_manager import FontProperties, findfont, get_font

    return frozenset(get_font(findfont(FontProperties(family=[family]))).get_charmap())


def font_with(character: int) -> str:
    """The name of a font on this machine that has a character."""
    from matplotlib.font_manager import fontManager, get_font

    for entry in fontManager.ttflist:
        if entry.name.startswith(BOXES):
            continue
        try:
            if character in get_font(entry.fname).get_charmap():
                return entry.name
        except (OSError, RuntimeError):
            continue  # a font that matplotlib cannot read, as one of colored pictures
    raise NoPng(
        f"PNG needs a font that has {chr(character)!r}, and this machine has none: install one, such as"
        " Noto Sans, or use the SVG"
    )
