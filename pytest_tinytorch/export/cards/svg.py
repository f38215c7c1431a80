"""A card as SVG: text that stays text, and nothing that is fetched."""

from __future__ import annotations

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
from pytest_tinytorch.export.journey.markup import Markup, element
from pytest_tinytorch.export.journey.states import FLAME

SERIF = "'Iowan Old Style','Palatino Linotype',Palatino,'URW Palladio L',P052,Georgia,'DejaVu Serif',serif"
SANS = "system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue',Arial,sans-serif"


def card_svg(card: Card, theme: str) -> str:
    """A card in one of the themes, to be put into a page, a README or a program for drawing."""
    found = colors(theme) | {"white": "#ffffff"}
    picture = element(
        "svg",
        element("title", f"{card.headline} · {card.title}"),
        element("desc", " ".join([*card.sentences, card.origin + ".", card.proof + "."])),
        *(_drawn(shape, found) for shape in shapes(card)),
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {WIDTH} {HEIGHT}",
        width=WIDTH,
        height=HEIGHT,
        role="img",
    )
    return f"{picture}\n"


def _drawn(shape: Shape, found: dict[str, str]) -> Markup:
    match shape:
        case Words():
            return _words(shape, found[shape.color])
        case Box(x, y, width, height, color):
            return element("rect", x=x, y=y, width=width, height=height, fill=found[color])
        case Dot(x, y, radius, color, full):
            fill = found[color] if full else found["paper"]
            return element(
                "circle", cx=x, cy=y, r=radius, fill=fill, stroke=found[color], stroke_width=2.5
            )
        case Torch(x, y, size):
            place = f"translate({x:g} {y:g}) scale({size / 16:g})"
            return element("path", d=FLAME, fill=found["ember"], transform=place)
        case Photo(picture, _, _, _):
            x, y, width, height = shape.place
            return element("image", href=picture.address, x=x, y=y, width=width, height=height)


def _words(words: Words, color: str) -> Markup:
    return element(
        "text",
        words.text,
        x=words.x,
        y=words.y,
        font_family=SERIF if words.serif else SANS,
        font_size=words.size,
        font_weight=700 if words.bold else None,
        text_anchor=None if words.anchor == "start" else words.anchor,
        fill=color,
    )
