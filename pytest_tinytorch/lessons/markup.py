"""Pieces of Markdown: plain text kept plain, names of headings, and the syntax of the site made common."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import escape
from textwrap import dedent

SPECIAL = re.compile(r"(`[^`]+`)|([\\*_\[\]<>|])")
PICTURE = re.compile(r'^--8<-- "docs/pictures/([\w.-]+\.svg)"$', re.MULTILINE)
QUESTION = re.compile(r'^\?\?\? question "(.+)"\n((?:    .*\n|\n)+)', re.MULTILINE)
FOLDED = re.compile(r"<details>\n<summary>(.+?)</summary>\n\n(.+?)\n\n</details>\n", re.DOTALL)
FORMULA = re.compile(
    r"(?P<code>^ *```.*?^ *```$|`+[^`]+`+)|\$\$(?P<block>.+?)\$\$|\$(?P<inline>[^$\n]+(?:\n[^$\n]+)*)\$",
    re.DOTALL | re.MULTILINE,
)
"""A formula of LaTeX, or code, in which a dollar is a dollar."""


def plain(text: str) -> str:
    """A text that has no Markdown in it, but for `code`, written so that it stays as it is."""
    return SPECIAL.sub(lambda found: found[1] or f"\\{found[2]}", text)


def anchor(heading: str) -> str:
    """What a link to a heading ends with, made as GitHub and editors make it.

    >>> anchor("gradient of mul"), anchor("`Linear.forward`"), anchor("05 · Autograd")
    ('gradient-of-mul', 'linearforward', '05--autograd')
    """
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def common(text: str, picture: Callable[[str], str]) -> str:
    """A text that is written for the site, in Markdown that editors and GitHub show too.

    Args:
        text: with ``--8<--`` for a picture and ``???`` for a question that hides its answer.
        picture: makes Markdown of the name of a picture.
    """
    text = re.sub(r"\A<!--.*?-->\s*", "", text, flags=re.DOTALL)
    text = PICTURE.sub(lambda found: picture(found[1]), text)
    return QUESTION.sub(lambda found: folded(found[1], dedent(found[2]).strip()) + "\n", text)


def folded(question: str, answer: str) -> str:
    """A question that shows its answer when it is opened."""
    summary = escape(question, quote=False)
    return f"<details>\n<summary>{summary}</summary>\n\n{answer}\n\n</details>\n"


def with_formulas(text: str, made: Callable[[str, bool], str]) -> str:
    """A text with each formula made into something else: of its LaTeX, and whether it stands alone."""

    def one(found: re.Match[str]) -> str:
        if found["code"]:
            return found["code"]
        latex = found["block"] or found["inline"]
        return made(latex.strip(), found["block"] is not None)

    return FORMULA.sub(one, text)
