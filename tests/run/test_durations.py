"""A milestone that lasts says so beforehand, once, and only if it runs; and then that it still runs."""

from __future__ import annotations

import re

import pytest

from pytest_tinytorch.course.curriculum import Unit
from pytest_tinytorch.run.durations import Heartbeat, duration
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


@pytest.mark.parametrize("arguments", [("--no-isolate",), ("--isolate",), ("-n", "2")])
def test_it_shows_that_it_still_runs(workspace, arguments):
    file = "milestones/01_1901_sums/test_01_sums.py"
    waits = "\n    def test_later(self):\n        __import__('time').sleep(3)\n"
    soon = "from pytest_tinytorch.run import durations\n\ndurations.FIRST_BEAT = 0.5\n"
    toy.write(workspace, {file: toy.SPECS[file] + waits, "conftest.py": soon})
    run = toy.pytest_in(workspace, *arguments)
    assert run.states["m01"] == "passed", run.output
    lines = [line for line in run.output.splitlines() if "still running" in line]
    assert 1 <= len(lines) <= 3, run.output
    assert all(re.fullmatch(r"1901 sums: still running after \d s", line) for line in lines), lines
    assert run.output.index("takes about") < run.output.index("still running")


def test_a_spec_that_has_ended_is_not_told_of():
    heartbeat = Heartbeat()
    heartbeat.begin("test_x", "1901 sums", 0)
    heartbeat.end("test_x")
    heartbeat.end("test_unknown")
    assert heartbeat.due(1000) == []


def test_the_next_spec_of_a_milestone_goes_on_with_its_time():
    heartbeat = Heartbeat()
    heartbeat.begin("test_x", "1901 sums", 0)
    heartbeat.end("test_x")
    heartbeat.begin("test_y", "1901 sums", 20)
    assert heartbeat.due(29) == []
    assert heartbeat.due(31) == ["1901 sums: still running after 31 s"]


def test_it_is_told_more_seldom_the_longer_it_lasts():
    heartbeat = Heartbeat()
    heartbeat.begin("test_x", "1901 sums", 0)
    told = [second for second in range(500) if heartbeat.due(second)]
    assert told == [15, 30, 60, 120, 240, 480]


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
