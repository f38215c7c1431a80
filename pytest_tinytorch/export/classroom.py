"""Progress as the results of a GitHub Classroom autograder, as its grading reporter reads them.

`classroom.schema.json` describes them. The reporter takes each runner's results from the
environment, in base64; it adds up the scores, and also counts the tests that pass, so every test
here is worth the same.
"""

from __future__ import annotations

import json
from typing import Any

from pytest_tinytorch.course.curriculum import Unit
from pytest_tinytorch.evidence.outcomes import State
from pytest_tinytorch.evidence.progress import Progress
from pytest_tinytorch.export.gradescope import graded_units, result_text

VERSION = 1


def classroom_json(progress: Progress) -> str:
    """A point for each checkpoint and milestone that was asked for, if it is passed."""
    tests = [unit_result(progress, unit) for unit in graded_units(progress)]
    passed = sum(one["score"] for one in tests)
    table = {
        "version": VERSION,
        "status": "pass" if passed == len(tests) else "fail",
        "max_score": len(tests),
        "tests": tests,
    }
    return json.dumps(table, ensure_ascii=False) + "\n"  # short: it has to fit a variable


def unit_result(progress: Progress, unit: Unit) -> dict[str, Any]:
    """One line of what the reporter prints: its name, and how a learner runs the same."""
    passed = progress.state[unit.id] == State.PASSED
    return {
        "name": unit.label,
        "status": "pass" if passed else "fail",
        "score": 1 if passed else 0,
        "message": result_text(progress, unit),
        "test_code": f"pytest -p tinytorch --{unit.kind} {unit.number}",
        "filename": unit.spec_path,
        "line_no": 0,
    }
