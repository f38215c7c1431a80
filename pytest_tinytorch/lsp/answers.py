"""What commands answer: a hint, the laws of an exercise, how to run one alone, a place in a lesson."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pytest_tinytorch.course.curriculum import Unit
from pytest_tinytorch.lessons.find import lesson_file
from pytest_tinytorch.lessons.markup import anchor
from pytest_tinytorch.lsp.lenses import law_lines, laws_text
from pytest_tinytorch.lsp.sheets import Place, Sheet

HEADING = re.compile(r"#+ (.+)")
TO_STOP = "It stops where the law fails. To stop in your own code, write breakpoint() there first."
"""What is said of the command that runs one law under the debugger."""


def hint(unit: Unit, exercise: str, number: int) -> str:
    """One hint of an exercise, from 1; the nearest there is."""
    hints = unit.hints[exercise]
    number = min(max(number, 1), len(hints))
    return f"{exercise}, hint {number} of {len(hints)}: {hints[number - 1]}"


def laws(sheet: Sheet, place: Place) -> str:
    """The laws of an exercise, a line each."""
    return "\n".join([f"{place.name}: {laws_text(sheet, place)}", *law_lines(sheet, place)])


def alone(nodeid: str) -> str:
    """The command that runs one law under the debugger, which stops where it fails."""
    return shlex.join(["python", "-m", "pytest", "-p", "tinytorch", "--pdb", nodeid])


def debugging(root: Path, uri: str, place: Place, nodeid: str) -> dict[str, Any]:
    """What an editor has to know to run one law in its own debugger; lines count from 0.

    Args:
        root: the workspace.
        uri: the address of the module.
        place: the exercise to stop in.
        nodeid: of the spec.
    """
    return {
        "cwd": str(root),
        "module": "pytest",
        "args": ["-p", "tinytorch", nodeid],
        "exercise": {
            "uri": uri,
            "first": place.first - 1,
            "last": place.last - 1,
            "stops": [line - 1 for line in place.stops],
        },
    }


def lesson(root: Path, unit: Unit, exercise: str) -> tuple[Path, int]:
    """The lesson of a module, and the line, from 0, of the section of an exercise; 0 if it has none."""
    file = lesson_file(root, unit)
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError):
        return file, 0
    return file, line_of(lines, exercise)


def line_of(lines: Sequence[str], heading: str) -> int:
    """The line of a heading, from 0; 0 if there is none."""
    found = (number for number, line in enumerate(lines) if is_heading(line, heading))
    return next(found, 0)


def is_heading(line: str, heading: str) -> bool:
    """Whether a line of Markdown is a heading of that name."""
    found = HEADING.fullmatch(line)
    return found is not None and anchor(found[1]) == anchor(heading)
