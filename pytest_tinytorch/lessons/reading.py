"""A lesson for a terminal: Markdown that Rich can draw, or a section of it."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape
from textwrap import wrap

from pytest_tinytorch.lessons.formulas import line_of_text
from pytest_tinytorch.lessons.markup import FOLDED, anchor, plain, with_formulas

LINK = re.compile(r"(?<!!)\[([^\[\]]+)\]\((?!https?:)[^)]*\)")
ADDRESS = re.compile(r"<(https?:[^<>\s]+)>")
IMAGE = re.compile(r"!\[((?:\\.|[^\]\\])*)\]\([^)]*\)")


CODE = re.compile(r"^```.*?^```$", re.DOTALL | re.MULTILINE)
LANGUAGE = re.compile(r"^```\w+$", re.MULTILINE)
QUOTES = '"""'
ENTRY = re.compile(r"\s*\w+: ")
"""An argument or an error in a docstring, and what is said of it."""
NEW_SENTENCE = re.compile(r"\s*($|\w+: |\w+:$|```|\"\"\")")
"""A line of a docstring that does not go on with the sentence above: an argument, a heading, the end."""
LIST_LINK = "\n[All lessons](README.md)"
"""How a lesson ends where its links can be followed."""
MARKED = re.compile(r"`[^`\n]+`|\*\*.+?\*\*")
"""What stands in code font or in bold letters."""
HEAD = re.compile(r"\A(\*\*.+?\*\*|)")
"""What a paragraph is about, where it says so in bold letters first."""
PASSAGES = 2
"""Paragraphs of a lesson that are shown with an exercise, at most."""


def fitting(text: str, width: int, color: bool = True) -> str:
    """A lesson for Rich to draw on so many columns. Without color, nothing has to read the code in it."""
    found = CODE.sub(lambda block: folded_code(block[0], width - 2), readable(text))
    return found if color else LANGUAGE.sub("```text", found)


def folded_code(block: str, width: int) -> str:
    """A block of Python in which long lines are folded where they are indented: Rich goes on at the margin.

    In a docstring, what does not fit on a line goes on the next one of the sentence; code goes deeper.
    """
    lines: list[str] = []
    in_docstring, carried = False, ""
    for line in block.splitlines():
        margin = " " * (len(line) - len(line.lstrip()))
        is_text = in_docstring or line.lstrip().startswith(QUOTES)
        is_prose = is_text and not line.lstrip().startswith((">>>", "..."))
        if carried and (not is_prose or NEW_SENTENCE.match(line)):
            lines.append(carried)
        elif carried:
            line = f"{margin}{carried.strip()} {line.strip()}"
        carried = ""
        folded = [line]
        if len(line) > width:
            deeper = margin if is_prose and not ENTRY.match(line) else f"{margin}    "
            folded = wrap(
                line,
                width,
                subsequent_indent=deeper,
                break_long_words=False,
                break_on_hyphens=False,
            )
        in_docstring ^= line.count(QUOTES) % 2 == 1
        if len(folded) > 1 and is_prose and in_docstring:
            carried = folded.pop()
        lines += folded
    return "\n".join([*lines, *([carried] if carried else [])])


def readable(text: str, line: Callable[[str], str] = line_of_text) -> str:
    """A lesson without what a terminal cannot do: links between files, pictures, answers that open.

    Answers come after all questions, so that there is something to think about. ``line`` makes a line of
    text of the LaTeX of a formula.
    """
    answers: list[str] = []

    def asked(found: re.Match[str]) -> str:
        answers.append(found[2].strip())
        return f"**{len(answers)}.** {unescape(found[1])}\n"

    text = FOLDED.sub(asked, text)
    if answers:
        told = [f"**{n}.** {answer}" for n, answer in enumerate(answers, start=1)]
        text += "\n## Answers\n\n" + "\n\n".join(told) + "\n"
    text = ADDRESS.sub(
        r"\1", text.replace(LIST_LINK, "")
    )  # not a link: its address would follow it
    text = IMAGE.sub(lambda found: f"> *Picture:* {found[1]}", text)
    text = LINK.sub(r"\1", text)
    return with_formulas(
        text, lambda latex, alone: f"{'    ' * alone}{plain_line(line(latex), alone)}"
    ).replace("\n    \n", "\n\n")


def plain_line(line: str, alone: bool) -> str:
    """A line of text that Markdown leaves as it is."""
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
    return "\n".join(taken).replace(LIST_LINK, "").strip() + "\n"


def passages(text: str, exercise: str) -> str:
    """The paragraphs of a lesson that speak of an exercise or of its class; empty if there are none."""
    told = text.partition("\n## Check your understanding")[0]
    whole = told.replace(":\n\n$$", ":\0$$")  # a formula belongs to its sentence
    prose = [
        part.replace("\0", "\n\n")
        for part in whole.split("\n\n")
        if re.match(r"(\*\*)?(?!```)[A-Z`]", part)
    ]
    found = [part for part in prose if speaks_of(part, exercise)]
    found.sort(key=lambda part: not speaks_of(HEAD.findall(part)[0], exercise))
    return "\n\n".join(found[:PASSAGES])


def speaks_of(text: str, exercise: str) -> bool:
    """Whether a text names an exercise or its class: an everyday word only in code, or in bold letters.

    >>> text = "**Softmax** of `x.max`, then a layer norm and the sum"
    >>> [speaks_of(text, name) for name in ("softmax", "max", "layer_norm", "sum")]
    [True, True, True, False]
    """
    name = exercise.removeprefix("gradient of ").partition(".")[0]
    if name.islower() and "_" not in name:
        text = " ".join(found[0] for found in MARKED.finditer(text))
    # What an article follows is a word of the sentence: "Where an element lies".
    word = re.escape(name).replace("_", "[ _-]") + r"(?!\w| an? | the )"
    return re.search(rf"(?<!\w){word}", text, re.IGNORECASE) is not None
