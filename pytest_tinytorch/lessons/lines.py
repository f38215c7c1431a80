"""Keeps the formulas of the kit's lessons as lines of text, so that no terminal has to wait for a converter.

Maintainers write the file with ``python -m pytest_tinytorch.lessons.lines`` and check it with ``--check``.
Whatever is not in it is converted when a lesson is read.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from pytest_tinytorch.course.curriculum import Curriculum
from pytest_tinytorch.course.curriculumfile import load_curriculum
from pytest_tinytorch.evidence.implementation import kit_home
from pytest_tinytorch.lessons.formulas import LINES, converted
from pytest_tinytorch.lessons.page import page
from pytest_tinytorch.lessons.reading import readable


def lines_in(home: Path, curriculum: Curriculum) -> dict[str, str]:
    """LaTeX to a line of text, for each formula in the lessons of a course."""
    found: dict[str, str] = {}

    def keep(latex: str) -> str:
        return found.setdefault(latex, converted(latex))

    for unit in curriculum.units:
        readable(page(home, curriculum, unit), keep)
    return dict(sorted(found.items()))


def json_text(home: Path, curriculum: Curriculum) -> str:
    """What belongs into the file."""
    return json.dumps(lines_in(home, curriculum), ensure_ascii=False, indent=0) + "\n"


if __name__ == "__main__":
    new = json_text(kit_home(), load_curriculum())
    if sys.argv[1:] == ["--check"]:
        sys.exit(LINES.read_text(encoding="utf-8") != new)
    LINES.write_text(new, encoding="utf-8", newline="\n")
    print(f"wrote {LINES}")
