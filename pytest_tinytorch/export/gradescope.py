"""Progress as the results file of a Gradescope autograder; `gradescope.schema.json` describes it."""

from __future__ import annotations

import json
from typing import Any

from pytest_tinytorch.course.curriculum import Unit
from pytest_tinytorch.evidence.outcomes import State
from pytest_tinytorch.evidence.progress import Progress
from pytest_tinytorch.terminal.plaintext import harmless_text


def gradescope_json(progress: Progress) -> str:
    """A point for each checkpoint and milestone that was asked for, if it is passed.

    Nothing partial is granted: what is not passed has no points, and its output says what is the matter.
    """
    tests = [unit_result(progress, unit) for unit in graded_units(progress)]
    text = [line for line in (progress.verdict_line(), progress.learning_path_line()) if line]
    table = {
        "score": sum(one["score"] for one in tests),
        "output": "\n".join(text),
        "output_format": "text",
        "visibility": "visible",
        "stdout_visibility": "hidden",
        "tests": tests,
    }
    return json.dumps(table, indent=2) + "\n"


def graded_units(progress: Progress) -> list[Unit]:
    """The units that were asked for and are worth a point: an untouched package earns none.

    So the checkpoint of the environment is not among them: there is nothing to write for it.
    """
    units = [unit for unit in progress.curriculum.units if unit.id in progress.selected]
    return [unit for unit in units if unit.source or unit.is_milestone]


def unit_result(progress: Progress, unit: Unit) -> dict[str, Any]:
    """One row of the table that a learner sees."""
    passed = progress.state[unit.id] == State.PASSED
    return {
        "number": unit.number,
        "name": unit.label,
        "name_format": "text",
        "score": 1 if passed else 0,
        "max_score": 1,
        "status": "passed" if passed else "failed",
        "output": result_text(progress, unit),
        "output_format": "text",
    }


def result_text(progress: Progress, unit: Unit) -> str:
    """What can now be done, or what is the matter, in a few lines."""
    state = progress.state[unit.id]
    if state == State.PASSED:
        return unit.capability
    lines = [f"{state}: {unit.question or unit.builds}"]
    if state == State.LOCKED:
        lines = [f"locked: it {progress.lock_text(unit)}"]
    verdict = progress.verdicts.get(unit.id)
    if verdict is not None and verdict.headline:
        lines.append(verdict.headline)
    for task in progress.tasks:
        if task.unit.id == unit.id:
            lines.append(f"{task.location}  {task.exercise or task.unit.name}")
    return harmless_text("\n".join(lines))
