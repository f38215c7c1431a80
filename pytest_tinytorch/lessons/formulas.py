"""Formulas: LaTeX becomes MathML, which browsers show by themselves, or a line of text for a terminal."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from html import unescape
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import MsgspecError
from msgspec.json import decode

if TYPE_CHECKING:
    import xml.etree.ElementTree as ET

LINES = Path(__file__).with_name("formulas.json")
"""The formulas of the kit's lessons as lines of text: `lessons.lines` writes it."""

SIGN = re.compile(r"(<mo[^>]*>(?!&#x00029;|&#x0005D;|&#x02032;)[^<]*</mo>)<mo>(?=&#x02212;)")
"""Where a minus begins that is a sign: after an operator, but not after a closing bracket or a prime."""

ARG = re.compile(r"\\arg\\(max|min)(?![a-z])")
"""Which argument it is: the converter knows no ``arg`` before them."""

RAISED = str.maketrans("0123456789+-−=()nTi", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾ⁿᵀⁱ")
LOWERED = str.maketrans("0123456789+-−=()aehijklmnoprstuvx", "₀₁₂₃₄₅₆₇₈₉₊₋₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓ")
ACCENTS = {
    "^": "\u0302",
    "¯": "\u0304",
    "‾": "\u0304",
    "~": "\u0303",
    "˜": "\u0303",
    "′": "′",
    "⊤": "ᵀ",
}
"""What goes onto a letter, not beside it."""
SPACED = frozenset("=≈≤≥<>∈→←≪≫≠∝∼≡+−-·×↦⊙±⇒⟹")
"""Signs with a space on either side."""


def mathml(latex: str, display: bool) -> str:
    """A formula as MathML.

    Raises:
        ValueError: it has a command that is not known.
    """
    from latex2mathml.converter import (
        convert,
    )  # takes a while, and a text in a terminal may have none

    named = ARG.sub(r"\\operatorname*{arg\1}", latex)
    math = convert(named, display="block" if display else "inline")
    math = SIGN.sub(r'\1<mo form="prefix">', math)
    if "\\" in unescape(math):
        raise ValueError(f"there is a command that is not known in ${latex}$")
    return math


def line_of_text(latex: str) -> str:
    r"""A formula in one line of text, as far as that goes.

    >>> line_of_text(r"\frac{1}{4 n^2} \le e^{-x}"), line_of_text(r"c_k = \sum_j W_{jk}")
    ('1/(4n²) ≤ e^(−x)', 'cₖ = ∑ⱼ Wⱼₖ')
    """
    line = kept_lines().get(latex)
    return converted(latex) if line is None else line


@cache
def kept_lines() -> Mapping[str, str]:
    """LaTeX to the line of text that was made of it: the converter takes long to import."""
    try:
        return decode(LINES.read_bytes(), type=dict[str, str])
    except (OSError, MsgspecError):
        return {}


def converted(latex: str) -> str:
    """A formula in one line of text; as it is where it cannot be read."""
    import xml.etree.ElementTree as ET

    try:
        tree = ET.fromstring(
            unescape_named(mathml(latex.replace("{,}", r"\text{,}"), display=False))
        )
    except (ValueError, ET.ParseError):
        return latex
    text = " ".join(written(tree).split())
    text = re.sub(r"(^|[(=<>≤≥≈,] ?)− ", r"\1−", text)  # a sign, and not a difference
    return re.sub(r"(?<=[(\[]) | (?=[)\],;])", "", text)


def unescape_named(math: str) -> str:
    """MathML without the names of HTML for characters, which XML does not know."""
    return re.sub(r"&(?!amp;|lt;|gt;|#)\w+;", lambda found: unescape(found[0]), math)


def written(node: ET.Element) -> str:
    """The text of a node of MathML."""
    name = node.tag.rpartition("}")[2]
    if not len(node):
        text = (node.text or "").strip()
        if name == "mspace":
            return " "
        return f" {text} " if name == "mo" and text in SPACED else spelled(name, text)
    parts = [written(child) for child in node]
    match name:
        case "mfrac":
            return f"{grouped(parts[0])}/{single(parts[1])} "
        case "msqrt":
            return f"√{single(''.join(parts))}"
        case "msup" | "mover":
            return parts[0].rstrip() + moved(parts[1], "^", RAISED)
        case "msub" | "munder":
            return parts[0].rstrip() + moved(parts[1], "_", LOWERED) + after(parts[0])
        case "msubsup" | "munderover":
            low, high = moved(parts[1], "_", LOWERED), moved(parts[2], "^", RAISED)
            return parts[0].rstrip() + low + high + after(parts[0])
        case "mtr":
            return ", ".join(parts) + "; "
    return "".join(parts)


def spelled(name: str, text: str) -> str:
    """A name or a sign. A word of several letters stands apart from what follows it."""
    if name == "mo" and text == ",":
        return ", "
    return f"{text} " if name in ("mi", "mo") and (len(text) > 1 or text in "∑∏∫") else text


def after(text: str) -> str:
    """The space that a word or a large sign had behind it."""
    return " " if text.endswith(" ") else ""


def single(text: str) -> str:
    """What is under a line: in brackets unless it is a number or a letter."""
    text = text.strip()
    return text if len(text) == 1 or text.isdecimal() else f"({text})"


def grouped(text: str) -> str:
    """What is above a line: in brackets if it has parts."""
    text = text.strip()
    return text if len(text) == 1 or text.isalnum() else f"({text})"


def moved(text: str, sign: str, letters: dict[int, int]) -> str:
    """What stands above or below: in small letters where they exist, otherwise after a sign."""
    text = text.strip()
    close = text.replace(" ", "")
    if text in ACCENTS:
        return ACCENTS[text]
    if all(ord(letter) in letters for letter in close):
        return close.translate(letters)
    return f"{sign}{text}" if len(text) == 1 else f"{sign}({text})"
