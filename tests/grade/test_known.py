"""A class of known worth: one call of `tito grade` gives the expected table, exactly."""

from __future__ import annotations

import os

import pytest

from pytest_tinytorch.evidence.outcomes import State
from pytest_tinytorch.grade.grades import Ending, parse_grade
from tests.grade.classes import MARK, needed_sandbox, processes
from tests.grade.known import KITS, KNOWN, TOYS, hand_in_all
from tests.grade.test_grading import table
from tests.support import kit, toy
from tests.support.long import is_long, one_in

LIMIT = {"PYTEST_TIMEOUT": "2"}
"""Seconds of CPU time for a spec, of which the toys and the kit's 01-03 need less than one."""
MILESTONES = {"1901": ("02",), "1902": ("02", "03")}
"""Those of the toys, and what they need."""


def graded(workspace, desk, out, *arguments):
    """The table of a class, and the grade of each row."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(workspace)
        patch.setenv(MARK, str(os.getpid()))
        for name, value in LIMIT.items():
            patch.setenv(name, value)
        names = [word for name in (MARK, *LIMIT) for word in ("--env", name)]
        kit.tito("grade", str(desk), "--out", str(out), *names, *arguments)
    assert processes() == []
    rows = table(out)
    files = {name: out / "submissions" / name / "grade.json" for name in rows}
    return rows, {name: parse_grade(file.read_bytes()) for name, file in files.items()}


def expected_row(one, modules, milestones):
    """(ending, points, states of checkpoints) of a submission."""
    if one.ending != Ending.GRADED:
        return one.ending, "0", {}
    states = one.states(modules)
    passed = {number for number, state in states.items() if state == State.PASSED}
    reached = [year for year, needs in milestones.items() if passed >= {*needs}]
    return one.ending, str(len(passed) + len(reached)), states


def check(known, modules, rows, grades, milestones):
    """Compare the table with what it must be."""
    found = {}
    for name, row in rows.items():
        units = grades[name].states.items()
        states = {u.removeprefix("checkpoint-"): s for u, s in units if u.startswith("checkpoint")}
        found[name] = row["ending"], row["points"], states
    assert found == {one.name: expected_row(one, modules, milestones) for one in known}
    flags = {name: row["flags"] for name, row in rows.items()}
    assert [one.name for one in known if one.flag not in flags[one.name]] == []


def test_of_the_toys(tmp_path):
    needed_sandbox()
    known = one_in(4, KNOWN)
    hand_in_all(tmp_path / "desk", TOYS, known)
    toy.build(tmp_path / "kit")
    found = graded(tmp_path / "kit", tmp_path / "desk", tmp_path / "out", "--jobs", "2")
    check(known, TOYS, *found, MILESTONES)


@pytest.mark.skipif(not is_long(), reason="it takes minutes: TINYTORCH_LONG=1")
def test_of_the_kit(tmp_path):
    needed_sandbox()
    hand_in_all(tmp_path / "desk", KITS)
    kit.tito("init", str(tmp_path / "kit"), "--no-git")
    found = graded(tmp_path / "kit", tmp_path / "desk", tmp_path / "out", "--checkpoint", "01-03")
    check(KNOWN, KITS, *found, {})


def test_there_are_thirty_of_all_kinds():
    names = [one.name for one in KNOWN]
    assert len(names) == len(set(names)) >= 30
    assert {one.ending for one in KNOWN} == {Ending.GRADED, Ending.REFUSED, Ending.ENDED}
    states = {state for one in KNOWN for state in one.states(TOYS).values()}
    assert states == {State.PASSED, State.WRONG, State.TODO, State.BROKEN, State.LOCKED}
