"""Formulas: LaTeX in the text becomes MathML in the page, which browsers show by themselves."""

from __future__ import annotations

import re
from html import unescape

from latex2mathml.converter import convert

FORMULA = re.compile(r'<(span|div) class="arithmatex">\\([(\[])(.*?)\\[)\]]</\1>', re.DOTALL)
"""How `pymdownx.arithmatex` hands on a formula: in the line, or on lines of its own."""

SIGN = re.compile(r"(<mo[^>]*>(?!&#x00029;|&#x0005D;|&#x02032;)[^<]*</mo>)<mo>(?=&#x02212;)")
"""Where a minus begins that is a sign: after an operator, but not after a closing bracket or a prime."""

ARG = re.compile(r"\\arg\\(max|min)(?![a-z])")
"""Which argument it is: the converter knows no ``arg`` before them."""


def to_mathml(html: str, page: str) -> str:
    """``html`` with every formula as MathML.

    Raises:
        ValueError: a formula has a command that is not known; the message names the page.
    """

    def made(found: re.Match[str]) -> str:
        latex = ARG.sub(r"\\operatorname*{arg\1}", unescape(found[3]).strip())
        math = convert(latex, display="block" if found[2] == "[" else "inline")
        math = SIGN.sub(r'\1<mo form="prefix">', math)
        if "\\" in unescape(math):
            raise ValueError(f"{page}: there is a command that is not known in ${latex}$")
        return f'<div class="formula">{math}</div>' if found[2] == "[" else math

    return FORMULA.sub(made, html)
