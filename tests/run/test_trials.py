"""What lets a failed spec hold, taken from the solution, is to blame; where nothing does, nobody is."""

from __future__ import annotations

import sys
import warnings
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_tinytorch.run import trials
from pytest_tinytorch.run.limits import Limit
from pytest_tinytorch.run.spectimer import SpecTimer
from pytest_tinytorch.run.trials import FAILED_WITH, SEED, SETTINGS, Trials, in_order

SOLUTION = """
class Box:
    def __init__(self, size):
        self.size = size

    def area(self):
        return self.size**2


def edge(box):
    return 4 * box.size
"""

NAMES = ["Box.__init__", "Box.area", "edge"]


@pytest.fixture
def box(tmp_path, monkeypatch):
    """A module whose boxes are too large."""
    file = tmp_path / "boxes.py"
    module = ModuleType("tinytorch.boxes")
    module.__file__ = str(file)
    exec(SOLUTION.replace("self.size = size", "self.size = size + 1"), vars(module))
    monkeypatch.setitem(sys.modules, "tinytorch.boxes", module)
    return module


def tried(module, function, order=NAMES, made=None, **given):
    """The exercise that a spec is found to fail for."""
    made = made or Trials(SpecTimer(lambda file: False))
    item = SimpleNamespace(obj=function, funcargs=given)
    return made.blamed(item, "boxes", _file(module), SOLUTION, order)


def _file(module):
    return Path(module.__file__).resolve()


def test_the_constructor_is_found_behind_the_method(box):
    def spec(wanted):
        assert box.Box(3).area() == wanted

    assert tried(box, spec, ["Box.area", "edge", "Box.__init__"], wanted=9) == "Box.__init__"
    assert box.Box(3).size == 4, "the learner's is there again"


def test_what_takes_a_spec_on_to_a_stub_is_found(box):
    def spec():
        assert box.Box(3).area() == 9
        raise NotImplementedError("01 boxes: edge")

    assert tried(box, spec) == "Box.__init__"


def test_a_stub_that_only_the_solution_calls_proves_nothing(box):
    def spec():
        assert box.edge(box.Box(3)) == 12

    def todo(self):
        raise NotImplementedError("01 boxes: Box.area")

    box.Box.area = todo
    calls_it = SOLUTION.replace("4 * box.size", "box.area()")
    item = SimpleNamespace(obj=spec, funcargs={})
    made = Trials(SpecTimer(lambda file: False))
    assert made.blamed(item, "boxes", _file(box), calls_it, ["edge"]) == ""


def test_nobody_is_to_blame_where_nothing_helps(box):
    def never():
        raise ValueError(box.edge(box.Box(1)))

    assert tried(box, never) == ""


MANY = 12
LONG = "\n\n".join(f"def step_{n}(x):\n    return x + {n}" for n in range(MANY))


@pytest.mark.parametrize(
    ("wrong", "found", "runs"),
    [
        ("return x + 9", "step_9", 1 + 10 + 1),  # the first run says that it fails again
        ("return GIVEN", "", 1 + trials.LIKELIEST + 1),
    ],
)
def test_it_is_tried_once_whether_any_of_them_is_to_blame(
    tmp_path, monkeypatch, wrong, found, runs
):
    module, calls = ModuleType("tinytorch.boxes"), []
    module.__file__ = str(tmp_path / "boxes.py")
    exec(f"GIVEN = 1\n\n{LONG}".replace(wrong, "return -1"), vars(module))
    monkeypatch.setitem(sys.modules, "tinytorch.boxes", module)

    def spec():
        calls.append(0)
        for n in range(MANY):
            assert getattr(module, f"step_{n}")(1) == 1 + n
        assert wrong != "return GIVEN"

    order, made = [f"step_{n}" for n in range(MANY)], Trials(SpecTimer(lambda file: False))
    item = SimpleNamespace(obj=spec, funcargs={})
    assert made.blamed(item, "boxes", _file(module), LONG, order) == found
    assert len(calls) == runs


def test_nobody_is_to_blame_for_what_does_not_fail_again(box):
    assert tried(box, lambda: None) == ""


def test_a_property_is_tried_with_what_it_failed_with(box):
    def inner(size):
        assert box.edge(box.Box(size)) == 4 * size

    setattr(inner, FAILED_WITH, ((), {"size": 2}))

    def spec():
        raise AssertionError("all examples are drawn anew")

    spec.hypothesis = SimpleNamespace(inner_test=inner)
    assert tried(box, spec) == "Box.__init__"


def test_one_that_draws_while_it_runs_draws_anew(box):
    @settings(max_examples=5, database=None)
    @given(st.data())
    def spec(data):
        size = data.draw(st.integers(1, 3))
        assert box.edge(box.Box(size)) == 4 * size

    setattr(spec.hypothesis.inner_test, FAILED_WITH, ((type("DataObject", (), {})(),), {}))
    before = vars(spec)[SETTINGS], vars(spec)[SEED]
    assert tried(box, spec) == "Box.__init__"
    assert (vars(spec)[SETTINGS], vars(spec)[SEED]) == before


def test_another_file_than_the_learners_is_not_tried(box, tmp_path):
    box.__file__ = str(tmp_path / "elsewhere.py")
    item = SimpleNamespace(obj=lambda: box.missing, funcargs={})
    made = Trials(SpecTimer(lambda file: False))
    assert made.blamed(item, "boxes", tmp_path / "boxes.py", SOLUTION, NAMES) == ""


def test_nobody_hears_of_a_trial(box, capfd):
    """What is printed, what is warned of, and no debugger stops in it."""

    def spec():
        print("once more")
        breakpoint()
        warnings.warn("once more", stacklevel=1)
        assert box.Box(3).area() == 9

    with warnings.catch_warnings(record=True) as heard:
        assert tried(box, spec) == "Box.__init__"
    assert heard == []
    assert capfd.readouterr().out == ""


def test_a_run_spends_only_so_long_on_it(box, monkeypatch):
    def spec():
        assert box.Box(3).area() == 9

    made = Trials(SpecTimer(lambda file: False))
    assert tried(box, spec, made=made) == "Box.__init__"
    assert made.confirmed == {"boxes": ["Box.__init__"]}
    made.used = trials.RUN_SECONDS
    assert tried(box, spec, made=made) == ""


def test_what_ends_a_trial_does_not_end_the_spec():
    timer = SpecTimer(lambda file: False)
    limit = Limit(25, 60, "the kit's")
    timer.alarm = alarm = SimpleNamespace(
        limit=limit, meter=SimpleNamespace(cpu=2, waiting=1), raised=None, untold=None, tries=0
    )
    with timer.trying(0.5):
        assert (alarm.limit.cpu, alarm.limit.waiting) == (2.5, 1.5)
        alarm.raised = alarm.untold = TimeoutError()
        alarm.tries = 3
    assert (alarm.limit, alarm.raised, alarm.untold, alarm.tries) == (limit, None, None, 0)


def test_what_was_found_comes_first_then_the_guess_and_what_it_uses():
    source = "def f(x): return g(x)\ndef g(x): return x\ndef h(x): return f(x)\ndef k(x): return x"
    assert in_order("f", ["k"], ["h", "g", "k", "f"], source) == ["k", "f", "g", "h"]
    assert in_order("", [], ["h", "g"], source) == ["h", "g"]
