"""Progress as the results file of a Gradescope autograder; `gradescope.schema.json` describes it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from pytest_tinytorch.course.curriculum import Unit, UnitId
from pytest_tinytorch.evidence.outcomes import State
from pytest_tinytorch.evidence.progress import Progress
from pytest_tinytorch.terminal.plaintext import harmless_text, shortened

TO_FIX = (State.WRONG, State.BROKEN, State.TODO)
"""The states of a unit that a student can do something about now."""
LONGEST_LINE = 300
"""Characters of a line of what is to fix; the test of the unit has all of it."""


def gradescope_json(progress: Progress) -> str:
    """A point for each checkpoint and milestone that was asked for, if it is passed.

    Nothing partial is granted: what is not passed has no points, and its output says what is the matter. The
    text above the tests begins with the points and what to do first, and the tests are in the order
    of `in_reading_order`.
    """
    units = graded_units(progress)
    tests = [unit_result(progress, unit) for unit in in_reading_order(units, progress.state)]
    score = sum(one["score"] for one in tests)
    said = {unit.id: result_text(progress, unit) for unit in units}
    text = [f"{score} of {len(tests)} points", *first_to_fix(units, progress.state, said)]
    text += [line for line in (progress.verdict_line(), progress.learning_path_line()) if line]
    table = {
        "score": score,
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


def in_reading_order(units: Iterable[Unit], state: Mapping[UnitId, State]) -> list[Unit]:
    """Units as their owner should read of them: what is to fix, what is passed, and last what is locked."""
    place = {State.PASSED: 1, State.LOCKED: 2}
    return sorted(units, key=lambda unit: place.get(state.get(unit.id, State.NOT_RUN), 0))


def first_to_fix(
    units: Iterable[Unit], state: Mapping[UnitId, State], said: Mapping[UnitId, str]
) -> list[str]:
    """The first unit to fix or to write, with what is said of it, in lines; nothing if there is none."""
    unit = next((unit for unit in units if state.get(unit.id) in TO_FIX), None)
    if unit is None:
        return []
    what = "write" if state[unit.id] == State.TODO else "fix"
    lines = [shortened(line, LONGEST_LINE) for line in said[unit.id].splitlines()]
    return [f"First to {what}: {unit.label}", *(f"  {line}" for line in lines)]


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
    if state == State.LOCKED:
        return harmless_text(f"locked: it {progress.lock_text(unit)}")
    lines = [f"{state.words}: {unit.question or unit.builds}"]
    verdict = progress.verdicts.get(unit.id)
    if verdict is not None and verdict.headline:
        lines.append(verdict.headline)
    for task in progress.tasks:
        if task.unit.id == unit.id:
            lines.append(f"{task.location}  {task.exercise or task.unit.name}")
    return harmless_text("\n".join(lines))
