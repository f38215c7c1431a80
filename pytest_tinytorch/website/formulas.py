"""Formulas: LaTeX in the text becomes MathML in the page, which browsers show by themselves."""

from __future__ import annotations

import re
from html import unescape

from pytest_tinytorch.lessons.formulas import mathml

FORMULA = re.compile(r'<(span|div) class="arithmatex">\\([(\[])(.*?)\\[)\]]</\1>', re.DOTALL)
"""How `pymdownx.arithmatex` hands on a formula: in the line, or on lines of its own."""


def to_mathml(html: str, page: str) -> str:
    """``html`` with every formula as MathML.

    Raises:
        ValueError: a formula has a command that is not known; the message names the page.
    """

    def made(found: re.Match[str]) -> str:
        try:
            math = mathml(unescape(found[3]).strip(), display=found[2] == "[")
        except ValueError as error:
            raise ValueError(f"{page}: {error}") from None
        return f'<div class="formula">{math}</div>' if found[2] == "[" else math

    return FORMULA.sub(made, html)
