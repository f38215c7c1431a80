"""A milestone that lasts says so beforehand, once, and only if it runs."""

from __future__ import annotations

import pytest

from pytest_tinytorch.course.curriculum import Unit
from pytest_tinytorch.run.durations import duration
from tests.support import toy

TOLD = "1901 sums: takes about 30 s"
MODULES = ("adding", "doubling", "squaring")


@pytest.fixture
def workspace(tmp_path):
    """Its first milestone is said to last."""
    workspace = toy.build(tmp_path)
    text = toy.CURRICULUM.replace('badge = "Adder"', 'badge = "Adder"\ncpu_seconds = 30')
    toy.write(workspace, {"curriculum.toml": text})
    file = "milestones/01_1901_sums/test_01_sums.py"
    again = "\n    def test_again(self):\n        pass\n"
    toy.write(workspace, {file: toy.SPECS[file] + again})
    toy.solve(workspace, *MODULES)
    return workspace


@pytest.mark.parametrize("arguments", [(), ("-v",), ("-n", "2")])
def test_it_is_told_before_its_specs_run(workspace, arguments):
    run = toy.pytest_in(workspace, *arguments)
    assert run.output.count("takes about") == 1, run.output
    if not arguments:
        assert run.output.index(TOLD) < run.output.index("test_01_sums.py ..")
    assert TOLD in run.output.splitlines()


def test_nothing_is_told_quietly_or_of_what_is_locked(workspace):
    toy.write(workspace, {"tinytorch/doubling.py": "def double(x):\n    return 7\n"})
    run = toy.pytest_in(workspace)
    assert run.states["m01"] == "locked"
    assert TOLD not in run.output
    toy.solve(workspace, "doubling")
    run = toy.pytest_in(workspace, "-q")
    assert run.states["m01"] == "passed"
    assert TOLD not in run.output


@pytest.mark.parametrize(
    ("kind", "seconds", "says"),
    [
        ("milestone", 9, None),
        ("milestone", 600, "takes about 10 minutes"),
        ("checkpoint", 99, None),
    ],
)
def test_only_what_lasts_is_told(kind, seconds, says):
    unit = Unit(kind, "05", "x", "X", year=2017, cpu_seconds=1, full_cpu_seconds=seconds)
    assert duration(unit, "tiny") is None
    told = duration(unit, "full")
    assert told == (says and f"2017 x: {says}")
