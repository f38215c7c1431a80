"""What a student gets back: a page in Markdown, and the results for Gradescope with the course's points."""

from __future__ import annotations

import json
import platform
import re
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

from pytest_tinytorch.evidence.outcomes import State
from pytest_tinytorch.export.gradescope import first_to_fix, in_reading_order
from pytest_tinytorch.export.markdown import MARKS, plain
from pytest_tinytorch.grade.grades import ENDINGS, Ending, Row
from pytest_tinytorch.grade.kit import Kit
from pytest_tinytorch.grade.launch import PROFILE
from pytest_tinytorch.grade.summary import number
from pytest_tinytorch.terminal.plaintext import harmless_text

LONGEST_LOG = 20_000
"""Characters of the log that a student is shown: what a terminal would show."""
FENCE = re.compile(r"~+")


def student_files(row: Row, kit: Kit, ran: Mapping[str, str]) -> dict[str, str]:
    """The files that are for the student, by name.

    Args:
        row: their submission with its points.
        kit: that judged it.
        ran: the files that came out of the run.
    """
    return {
        "feedback.md": feedback_page(row, kit, ran),
        "gradescope.json": gradescope_json(row, kit, ran.get("gradescope.json", "")),
    }


def feedback_page(row: Row, kit: Kit, ran: Mapping[str, str]) -> str:
    """The page: points, the first thing to fix, how to see the same at home, and all that the run reports."""
    who = row.submission.name or row.submission.id
    parts = [f"# {plain(who)}: {number(row.points)} of {number(row.full)} points"]
    if row.grade.ending != Ending.GRADED:
        parts.append(f"{plain(ENDINGS[row.grade.ending].capitalize())}.")
    parts += ["\n".join(f"- {plain(note)}" for note in row.told)] if row.told else []
    if first := first_of(row, kit, outputs(ran.get("gradescope.json", ""))):
        parts.append(fenced("\n".join(first)))
    if row.units and row.grade.ending == Ending.GRADED:
        parts.append(points_table(row, kit))
    if row.grade.ending in (Ending.GRADED, Ending.ENDED):
        parts += ["## The same at home", f"    {home_command(kit)}", home_note()]
    if "log.txt" in ran:
        parts += ["## What the run says", fenced(harmless_text(ran["log.txt"], LONGEST_LOG))]
    return "\n\n".join(parts) + "\n"


def points_table(row: Row, kit: Kit) -> str:
    """Each unit with its state and its points."""
    lines = ["| | | points | of |", "|---|---|---|---|"]
    for unit in (*kit.asked, *kit.borrowed):
        if unit.id in row.units:
            lent = unit not in kit.asked
            worth = kit.course.worth(unit) * (kit.course.borrowed if lent else 1.0)
            state = State.BORROWED if lent else row.grade.states.get(unit.id, State.NOT_RUN)
            told = f"{MARKS.get(state, '⚪')} {state}"
            cells = (told, plain(unit.label), number(row.units[unit.id]), number(worth))
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def home_command(kit: Kit) -> str:
    """What shows a student the same failures in their own workspace."""
    words = ["pytest", "-p", "tinytorch", "--isolate", *kit.options]
    return " ".join([*words, f"--hypothesis-profile={PROFILE}"])


def home_note() -> str:
    """What the same depends on, besides the source."""
    with_these = f"Python {platform.python_version()}, Hypothesis {version('hypothesis')}"
    return (
        f"No seed is needed: the profile `{PROFILE}` draws the same examples every time. It drew these"
        f" with {with_these} and NumPy {version('numpy')}."
    )


def fenced(text: str) -> str:
    """Text that Markdown leaves alone, whatever is in it."""
    longest = max((len(found) for found in FENCE.findall(text)), default=0)
    fence = "~" * max(3, longest + 1)
    return f"{fence}text\n{text.strip()}\n{fence}"


def gradescope_json(row: Row, kit: Kit, ran: str) -> str:
    """The results that Gradescope reads: what a test says is the run's, and its points are the course's."""
    said = outputs(ran)
    tests: list[dict[str, Any]] = []
    for unit in in_reading_order(kit.asked, row.grade.states):
        test = {
            "number": unit.number,
            "name": unit.label,
            "name_format": "text",
            "score": row.units.get(unit.id, 0.0),
            "max_score": kit.course.worth(unit),
            "status": "passed" if row.grade.states.get(unit.id) == State.PASSED else "failed",
            "output": said.get(unit.label, ""),
            "output_format": "text",
        }
        tests.append(test)
    table = {
        "score": row.points,
        "execution_time": row.grade.wall,
        "output": harmless_text("\n".join(head_lines(row, kit, said)), LONGEST_LOG),
        "output_format": "text",
        "visibility": "visible",
        "stdout_visibility": "hidden",
        "extra_data": {"sandbox": row.grade.sandbox},
        "tests": tests,
    }
    return json.dumps(table, indent=2) + "\n"


def head_lines(row: Row, kit: Kit, said: Mapping[str, str]) -> list[str]:
    """What a student reads first: points, why they are as they are, and the first thing to fix."""
    lines = [f"{number(row.points)} of {number(row.full)} points"]
    if row.grade.ending != Ending.GRADED:
        lines.append(f"{ENDINGS[row.grade.ending].capitalize()}.")
    return [*lines, *row.told, *first_of(row, kit, said)]


def first_of(row: Row, kit: Kit, said: Mapping[str, str]) -> list[str]:
    """The first thing to fix, in lines; nothing if there is none."""
    by_unit = {unit.id: said.get(unit.label, "") for unit in kit.asked}
    return first_to_fix(kit.asked, row.grade.states, by_unit)


def outputs(text: str) -> dict[str, str]:
    """Unit label to what the run says of it; nothing of a file that is none."""
    try:
        tests = json.loads(text)["tests"]
        return {str(one["name"]): harmless_text(str(one["output"])) for one in tests}
    except (ValueError, KeyError, TypeError, RecursionError):
        return {}
