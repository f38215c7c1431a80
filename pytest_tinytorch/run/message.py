"""What a learner reads of a failed spec: labeled lines, in color on a terminal."""

from __future__ import annotations

import re
from pathlib import Path
from traceback import extract_tb
from typing import Any

from msgspec import Struct

from pytest_tinytorch.evidence.paths import real_path
from pytest_tinytorch.terminal import output
from pytest_tinytorch.terminal.plaintext import encodable_text, shortened

LABEL_WIDTH = 10
EXAMPLE_LINES, MOST_LINES = 14, 16
"""Lines of an example, and of any part of a message, at most."""
CUT = "characters in all)"
"""How a text ends that `shortened` has cut."""
LONGEST_TEXT, LONGEST_LINE = 4_000, 500
"""Characters of one part of a message, and of what is told in one line, at most."""
LABEL_COLORS: dict[str, dict[str, bool]] = {
    "Expected": {"green": True},
    "Got": {"red": True},
    "Raised": {"red": True},
    "Broken": {"red": True},
    "Where": {"bold": True},
}


PROGRAMS = ("Called", "Example")
"""What a person can paste: its lines stay whole, whatever the terminal does with them."""


class Crash(Struct, frozen=True):
    """What pytest's one-line summary of a failure shows."""

    message: str


class Message(tuple[str, int, str]):
    """A message in the place of a traceback: colored on a terminal, plain text to everyone else.

    It is (file, line, text), one of the forms that pytest documents for what a report shows, so
    that whoever annotates failures marks the learner's line and not the one of the spec.
    """

    headline: str
    more: str
    """What is said below it of other specs, on a terminal only."""

    def __new__(cls, file: str, line: int, text: str, headline: str) -> Message:
        made = super().__new__(cls, (file, line, text))
        made.headline = headline
        made.more = ""
        return made

    @property
    def text(self) -> str:
        return self[2]

    @property
    def reprcrash(self) -> Crash:
        return Crash(self.headline)

    def __str__(self) -> str:
        return self.text

    def toterminal(self, tw: Any) -> None:
        """Called by pytest with its terminal writer."""
        width = output.reading_columns()
        title, *rest = self.text.splitlines()
        tw.line(title, red=True, bold=True)
        name = ""
        for line in rest:
            label, value = line[: LABEL_WIDTH + 2], line[LABEL_WIDTH + 2 :]
            name = label.strip() or name
            tw.write(label, light=True)
            room = 0 if name in PROGRAMS else width - LABEL_WIDTH - 2
            for number, part in enumerate(folded_value(value, room)):
                tw.write(" " * (LABEL_WIDTH + 2) * bool(number))
                tw.line(part, **LABEL_COLORS.get(label.strip(), {}))
        if self.more:
            tw.line(
                output.folded(f"  {self.more}", width) if width else f"  {self.more}", light=True
            )


def folded_value(value: str, room: int) -> list[str]:
    """A line of a message on as many lines as it needs; on one if ``room`` is not above 0."""
    return output.folded(value, room, hang=0).splitlines() or [""] if room > 0 else [value]


def labeled_lines(label: str, text: str) -> list[str]:
    """Lines of ``text`` beside a label, the later ones indented below the first."""
    first, *rest = shortened(text.strip(), LONGEST_TEXT).splitlines() or [""]
    if len(rest) >= MOST_LINES:
        is_cut = rest[-1].endswith(CUT)  # then its lines were never counted
        rest = [
            *rest[: MOST_LINES - 2],
            rest[-1] if is_cut else f"... ({len(rest) + 1} lines in all)",
        ]
    indent = " " * (LABEL_WIDTH + 2)
    return [f"  {label:<{LABEL_WIDTH}}{first}", *(indent + line for line in rest)]


def labeled_parts(text: str) -> dict[str, str]:
    """Label to text of each part of a message that `labeled_lines` made; its title is none.

    >>> labeled_parts("✗ 01 adding\\n  Expected  3\\n            or 4\\n  Got       5")
    {'Expected': '3\\nor 4', 'Got': '5'}
    """
    parts: dict[str, list[str]] = {}
    label = ""
    for line in text.splitlines()[1:]:
        head, rest = line[: LABEL_WIDTH + 2].strip(), line[LABEL_WIDTH + 2 :]
        label = head or label
        if label:
            parts.setdefault(label, []).append(rest)
    return {label: "\n".join(lines) for label, lines in parts.items()}


def source_lines(error: BaseException, file: Path, line: int) -> list[str]:
    """The line that keeps a module from being imported, and a caret below what is wrong in it."""
    if isinstance(error, SyntaxError) and error.text:
        return pointed_out(error.text, (error.offset or 1) - 1, (error.end_offset or 0) - 1)
    found = [f for f in extract_tb(error.__traceback__) if f.name == "<module>"]
    for frame in reversed(found):
        if real_path(Path(frame.filename)) == file and frame.lineno == line:
            return pointed_out(frame.line or "", frame.colno or 0, frame.end_colno or 0, bare=True)
    return []


def pointed_out(line: str, start: int, end: int, bare: bool = False) -> list[str]:
    """A line of source without its indentation, and carets below the part from ``start`` to ``end``.

    Args:
        line: of which at most `LONGEST_LINE` characters are shown.
        start, end: columns of the line as it stands in the file.
        bare: whether the indentation is gone from it already.
    """
    text = line.strip()[:LONGEST_LINE]
    cut = 0 if bare else len(line) - len(line.lstrip())
    first = min(max(start - cut, 0), len(text))
    length = min(max(end - start, 1), max(len(text) - first, 1))
    indent = " " * (LABEL_WIDTH + 2)
    return [f"{indent}{text}", f"{indent}{' ' * first}{'^' * length}"] if text else []


def example_lines(error: BaseException) -> str:
    """The smallest counterexample, from the notes that Hypothesis leaves."""
    for note in getattr(error, "__notes__", ()):
        text = str(note)
        if text.startswith(("Falsifying example", "Failing test")):
            lines = [x for x in text.splitlines() if not re.match(r"\s*self=<", x)]
            if len(lines) > 2 and lines[0].rstrip().endswith("(") and lines[-1].strip() == ")":
                lines = [re.sub(r",\s*(#.*)?$", "", line.strip()) for line in lines[1:-1]]
            return "\n".join(lines[:EXAMPLE_LINES])
    return ""


def error_text(error: BaseException, longest: int = LONGEST_TEXT) -> str:
    """The text of an exception, even of one that a learner made and cannot be shown."""
    try:
        return encodable_text(shortened(str(error), longest))
    except Exception as failure:
        return f"no message, because str() of it raises {type(failure).__name__}"
