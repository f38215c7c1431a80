"""A lesson for a terminal: Markdown that Rich can draw, or a section of it."""

from __future__ import annotations

import re
from html import unescape

from rich.console import RenderableType
from rich.markdown import Markdown

from pytest_tinytorch.lessons.formulas import line_of_text
from pytest_tinytorch.lessons.markup import FOLDED, anchor, plain, with_formulas

LINK = re.compile(r"(?<!!)\[([^\[\]]+)\]\((?!https?:)[^)]*\)")
IMAGE = re.compile(r"!\[((?:\\.|[^\]\\])*)\]\([^)]*\)")


def for_terminal(text: str) -> RenderableType:
    """A lesson as Rich draws it."""
    return Markdown(readable(text), hyperlinks=False, code_theme="ansi_dark")


def readable(text: str) -> str:
    """A lesson without what a terminal cannot do: links between files, pictures, answers that open.

    Answers come after all questions, so that there is something to think about.
    """
    answers: list[str] = []

    def asked(found: re.Match[str]) -> str:
        answers.append(found[2].strip())
        return f"**{len(answers)}.** {unescape(found[1])}\n"

    text = FOLDED.sub(asked, text)
    if answers:
        told = [f"**{n}.** {answer}" for n, answer in enumerate(answers, start=1)]
        text += "\n## Answers\n\n" + "\n\n".join(told) + "\n"
    text = IMAGE.sub(lambda found: f"> *Picture:* {found[1]}", text)
    text = LINK.sub(r"\1", text)
    return with_formulas(
        text, lambda latex, alone: f"{'    ' * alone}{plain_line(latex, alone)}"
    ).replace("\n    \n", "\n\n")


def plain_line(latex: str, alone: bool) -> str:
    """A formula as text that Markdown leaves as it is."""
    line = line_of_text(latex)
    return line if alone else plain(line)


def section(text: str, heading: str) -> str:
    """The part of a lesson below one heading, up to the next of its level or above.

    Raises:
        LookupError: it has no such heading.
    """
    lines, taken, level = text.splitlines(), [], 0
    fenced = False
    for line in lines:
        fenced ^= line.startswith("```")
        found = None if fenced else re.match(r"(#+) (.+)", line)
        if found and level and len(found[1]) <= level:
            break
        if found and not level and anchor(found[2]) == anchor(heading):
            level = len(found[1])
        if level:
            taken.append(line)
    if not level:
        raise LookupError(heading)
    return "\n".join(taken).replace("\n[All lessons](README.md)", "").strip() + "\n"
