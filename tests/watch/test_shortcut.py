"""The shorter way through pytest: which specs take it, and that they come to what any other run says."""

from __future__ import annotations

import ast
import queue
import time
from pathlib import Path

import pytest

from pytest_tinytorch.evidence import ledger
from pytest_tinytorch.watch.processes import Forking, may_fork
from pytest_tinytorch.watch.request import FIRST, Setup
from tests.support import toy
from tests.watch.test_watch import RIGHT, ask

pytestmark = pytest.mark.skipif(not may_fork(), reason="all specs take pytest's own way there")

HOOKS = """
import pytest
from pytest_tinytorch.run.shortcut import parameters_of


def pytest_collection_finish(session):
    for item in session.items:
        with open("takes.txt", "a") as file:
            file.write(f"{item.name} {parameters_of(item)}\\n")


def pytest_runtest_setup(item):
    item.cls.was_set_up = item.name == "test_a_hook_sets_up"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    assert item.name != "test_a_hook_refuses"
    return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item):
    yield
    assert item.name != "test_a_hook_tears_down"


def pytest_runtest_logreport(report):
    state = getattr(report, "tinytorch", {}).get("state", "")
    with open("reports.txt", "a") as file:
        file.write(f"{report.nodeid} {report.when} {report.outcome} {state}\\n")
"""

SPECS = '''

import os
import warnings

import pytest


class TestWays:
    """ways through pytest"""

    def test_plain(self):
        """One is one."""
        assert 1 == 1

    @pytest.mark.parametrize("a", [1, 2])
    @pytest.mark.parametrize("b, c", [(3, 4)])
    def test_parameters(self, a, b, c):
        """Parameters are given."""
        assert (b, c) == (3, 4)

    @pytest.mark.parametrize("a", [2], ids=["two"])
    def test_no_parameter_is_equal(self, a):
        """Two is one."""
        assert a == 1

    @pytest.mark.parametrize("number", [1], indirect=True)
    def test_indirect(self, number):
        """A fixture is given."""
        assert number == 2

    @pytest.fixture
    def number(self, request):
        return request.param + 1

    def test_fixture(self, capsys):
        """What is printed can be read."""
        print("x")
        assert capsys.readouterr().out == "x\\n"

    @pytest.mark.skip
    def test_skipped(self):
        """Nothing."""

    @pytest.mark.filterwarnings("error")
    def test_warns(self):
        """A warning is an error."""
        warnings.warn("x")

    def test_once(self):
        """What fails once has failed."""
        from tinytorch import adding

        adding.COUNT = getattr(adding, "COUNT", 0) + 1
        assert adding.COUNT > 1

    async def test_async(self):
        """Nobody waits for it."""

    def test_a_hook_sets_up(self):
        """A hook has set something up."""
        assert self.was_set_up

    def test_a_hook_refuses(self):
        """A hook says no."""

    def test_a_hook_tears_down(self):
        """A hook says no at the end."""


class TestSetUp:
    """set up by a method"""

    def setup_method(self):
        self.number = 1

    def test_method(self):
        """A method sets something up."""
        assert self.number == 1


class TestStreams:
    """what is printed"""

    def test_closes(self):
        """It closes what others print to."""
        os.close(1)

    @pytest.mark.parametrize("time", range(4))
    def test_prints(self, time):
        """It prints."""
        print("x", flush=True)
'''

ON_IT = {
    "test_runs": {},
    "test_is_the_sum": {},
    "test_is_the_opposite": {},
    "test_plain": {},
    "test_parameters[3-4-1]": {"a": 1, "b": 3, "c": 4},
    "test_parameters[3-4-2]": {"a": 2, "b": 3, "c": 4},
    "test_no_parameter_is_equal[two]": {"a": 2},
    "test_warns": {},
    "test_once": {},
    "test_async": {},
    "test_a_hook_sets_up": {},
    "test_a_hook_refuses": {},
    "test_a_hook_tears_down": {},
    "test_closes": {},
    **{f"test_prints[{time}]": {"time": time} for time in range(4)},
}
HOLD = {name for name in ON_IT if "hook" not in name} - {
    "test_no_parameter_is_equal[two]",
    "test_warns",
    "test_once",
    "test_async",
} | {"test_a_hook_sets_up"}


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """A toy workspace with one spec for each way, of a course that has hooks of its own."""
    root = toy.build(tmp_path_factory.mktemp("ways"))
    toy.solve(root, "adding")
    with (root / "specs" / "test_01_adding.py").open("a", encoding="utf-8") as file:
        file.write(SPECS)
    (root / "specs" / "conftest.py").write_text(HOOKS, encoding="utf-8")
    toy.remake_manifest(root)
    (root / "takes.txt").unlink()
    return root


@pytest.fixture(scope="module")
def alone(root):
    """The reports of a run that nobody watches."""
    toy.pytest_in(root, "--checkpoint=01", "--no-isolate", "--ledger=alone.jsonl")
    return reports_in(root)


@pytest.fixture(scope="module")
def watched(root):
    """The reports of a watched run: its first look ends at one of the specs that do not hold."""
    told = queue.SimpleQueue()
    processes = Forking(Setup(root, "learn"), told.put)
    try:
        processes.draw(["specs/test_01_adding.py"])
        time.sleep(5)  # drawing gives way to a run, and this run has to have a first look
        (root / "tinytorch" / "adding.py").write_text(f"{RIGHT}\n", encoding="utf-8")
        (root / "reports.txt").unlink(missing_ok=True)
        assert ask(processes, told, 1, saved=["adding"])[0]["beat"] == FIRST
    finally:
        processes.close()
    return reports_in(root)


def reports_in(root):
    """Name of each spec to {phase: (outcome, state)}."""
    found = {}
    for line in Path(root, "reports.txt").read_text(encoding="utf-8").splitlines():
        nodeid, when, *rest = line.split(" ", 3)
        found.setdefault(nodeid.rpartition("::")[2], {})[when] = tuple(rest)
    return found


def states(reports):
    """Name of each spec to what it came to."""
    return {
        name: min((state for _, state in phases.values() if state), key=lambda one: one == "passed")
        for name, phases in reports.items()
        if any(state for _, state in phases.values())
    }


def test_specs_take_it_that_need_neither_fixtures_nor_marks(root, alone):
    told = (root / "takes.txt").read_text(encoding="utf-8").splitlines()
    found = {name: ast.literal_eval(text) for name, text in (line.split(" ", 1) for line in told)}
    assert {name: values for name, values in found.items() if values is not None} == ON_IT
    assert {"test_indirect[1]", "test_fixture", "test_skipped", "test_method"} <= found.keys()


def test_each_spec_comes_to_what_pytest_alone_says(root, alone, watched):
    assert states(watched) == states(alone)
    assert {name for name, state in states(alone).items() if state == "passed"} >= HOLD
    kept = [root / "alone.jsonl", root / ".tinytorch" / "ledger.jsonl"]
    events = [ledger.read_ledger(file).events[-1] for file in kept]
    assert events[0].unit == events[1].unit == "checkpoint-01"
    assert events[0].outcomes == events[1].outcomes


def test_only_what_holds_stays_on_it(watched):
    """And what comes where others have closed what it prints to does not."""
    prints = {name for name in HOLD if "prints" in name}
    stayed = {name for name, phases in watched.items() if "setup" not in phases}
    assert stayed - prints == HOLD - prints
    assert stayed & prints < prints
