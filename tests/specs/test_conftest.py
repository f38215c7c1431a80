"""The fixtures of specs: what they keep apart, and which warnings are faults."""

from __future__ import annotations

import re
import shutil

import pytest

from tests.support import kit, toy

CALLS = '''"""01."""

import numpy as np
import pytest

from specs.laws import ask, expect
from specs.framework import lazy

add = lazy("adding", "add")


class TestCalls:
    """calls"""

    def test_calls(self):
        """It calls."""
        ask(add, 20, 22)

    def test_calls_nothing(self):
        """It calls nothing."""
        expect(False, "nothing called", "a wrong value")

    def test_calls_and_is_wrong(self):
        """It calls, and is wrong."""
        expect(ask(add, 1, 2) == 4, "a call", "another wrong value")

    @pytest.mark.usefixtures("no_warnings")
    def test_overflows(self):
        """It overflows."""
        np.full(1, 1e308) * 10
'''

PRIMITIVE = '''"""Whether gradients are recorded."""

from contextvars import ContextVar

recording = ContextVar("recording", default=True)
'''

RECORDS = '''"""01."""

import pytest


class TestRecording:
    """recording"""

    @pytest.mark.parametrize("time", range(2))
    def test_is_on(self, time):
        """It is on, and left off."""
        from tinytorch.primitive import recording

        assert recording.get()
        recording.set(False)
'''

PROVES = '''"""1901."""

from specs.laws import expect


class TestSums:
    """sums"""

    def test_calls_nothing(self):
        """It calls nothing."""
        expect(False, "nothing called", "a wrong sum")
'''


@pytest.fixture
def workspace(tmp_path):
    """The toy course, solved, whose specs use the helpers of the real ones."""
    root = toy.build(tmp_path)
    toy.solve(root, *toy.REFERENCE)
    for file in (kit.ROOT / "specs").glob("*.py"):
        if not file.stem.startswith("test_"):
            shutil.copy(file, root / "specs" / file.name)
    toy.write(
        root,
        {"specs/test_01_adding.py": CALLS, "milestones/01_1901_sums/test_01_sums.py": PROVES},
    )
    toy.remake_manifest(root)
    return root


def messages(output):
    """The messages of a run, by what each got."""
    found = {}
    for text in output.split("✗ ")[1:]:
        lines = [line.split(maxsplit=1) for line in text.splitlines() if line.startswith("  ")]
        labels = {line[0]: line[1].strip() for line in lines if len(line) == 2}
        found[labels.get("Got")] = labels
    return found


def test_a_message_tells_of_no_call_of_an_earlier_spec(workspace):
    run = toy.pytest_in(workspace, "specs/test_01_adding.py")
    told = messages(run.output)
    assert told["another wrong value"]["Called"] == "add(1, 2) == 4", run.output
    assert "Called" not in told["a wrong value"]
    assert "Where" not in told["a wrong value"]


def test_an_overflow_is_a_fault_where_a_spec_wants_no_warnings(workspace):
    run = toy.pytest_in(workspace, "specs/test_01_adding.py")
    assert re.search(r"Raised +RuntimeWarning: overflow", run.output), run.output


def test_gradients_are_on_again_after_a_spec_that_left_them_off(workspace):
    toy.write(workspace, {"tinytorch/primitive.py": PRIMITIVE, "specs/test_01_adding.py": RECORDS})
    toy.remake_manifest(workspace)
    run = toy.pytest_in(workspace, "specs/test_01_adding.py")
    assert "2 passed" in run.output


def test_the_message_of_a_milestone_tells_of_no_call_of_a_spec(workspace):
    spec = "specs/test_01_adding.py::TestCalls::test_calls"
    run = toy.pytest_in(workspace, spec, "milestones/01_1901_sums")
    assert "Called" not in messages(run.output)["a wrong sum"], run.output
