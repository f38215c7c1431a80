"""When a spec is ended, and what it is told: with clocks that a test moves, and frames of its own."""

from __future__ import annotations

import sys

import pytest

from pytest_tinytorch.run import timelimit
from pytest_tinytorch.run.exceptions import SameLoop, SpecEnded, TimeLimit
from pytest_tinytorch.run.limits import Limit
from pytest_tinytorch.run.loops import Loop
from pytest_tinytorch.run.meter import Clocks
from pytest_tinytorch.run.timelimit import Alarm

LIMIT = Limit(5.0, 3.0, source="set by the test", option="--timeout=N sets another")
HERE = __file__


class Machine:
    """An Alarm, and clocks that go on as a test says."""

    def __init__(self, **given):
        self.now = Clocks(0.0, 0.0, 0.0)
        self.given_up = []
        self.armed = True
        self.alarm = Alarm(
            LIMIT,
            "test_b",
            lambda: self.now,
            is_learners=lambda file: file == HERE,
            armed=lambda: self.armed,
            give_up=lambda: self.given_up.append("the process"),
            **given,
        )

    def pass_time(self, cpu=0.0, waiting=0.0, frame=None):
        """Let time pass, a tick at a time; the last of what was said to raise."""
        said, tick = None, self.alarm.tick
        for _ in range(round((cpu + waiting) / tick)):
            used = tick if cpu else 0.0
            self.now = Clocks(self.now.wall + tick, self.now.cpu + used, 0.0)
            said = self.alarm.look(frame or sys._getframe()) or said
        return said


def inner(action):
    return action(sys._getframe())


def outer(action):
    inner(lambda frame: None)  # it comes and goes
    return action(sys._getframe())


def loop_of(function, nodeid="test_a"):
    code = function.__code__
    return Loop(HERE, code.co_qualname, code.co_firstlineno, nodeid)


def test_is_no_exception_that_a_property_would_catch():
    assert not issubclass(SpecEnded, Exception)


def test_cpu_time_ends_it_at_the_limit_and_not_before():
    machine = Machine()
    assert machine.pass_time(cpu=4.75) is None
    ended = machine.pass_time(cpu=0.25)
    assert isinstance(ended, TimeLimit)
    assert str(ended).splitlines() == [
        "no verdict after 5 s of CPU time: is there a loop that never ends?",
        "that is the limit, set by the test",
        timelimit.ADVICE,
    ]
    assert ended.option == "--timeout=N sets another"


def test_waiting_ends_it_and_is_told_as_such():
    machine = Machine()
    assert machine.pass_time(cpu=2.0) is None
    assert machine.pass_time(waiting=2.75) is None
    ended = str(machine.pass_time(waiting=0.25))
    assert ended.splitlines() == [
        "no verdict: it waited for 3 s (sleep, lock, input?)",
        "it may not wait longer; it used 2 s of CPU time",
    ]


def test_the_first_line_is_the_same_whatever_was_measured():
    """Failures with one headline are one cause."""
    texts = [str(Machine(tick=tick).pass_time(cpu=6.0)) for tick in (0.25, 3.0)]
    assert texts[0].splitlines()[0] == texts[1].splitlines()[0]


def test_nothing_is_raised_while_a_report_is_made():
    machine = Machine()
    machine.armed = False
    assert machine.pass_time(cpu=50.0) is None
    machine.armed = True
    assert isinstance(machine.pass_time(cpu=0.25), TimeLimit)


def test_what_swallows_it_meets_it_again_and_then_the_end_of_the_process():
    machine = Machine()
    first = machine.pass_time(cpu=5.0)
    for _ in range(timelimit.TRIES - 1):
        assert machine.pass_time(cpu=0.25) is None
        assert machine.pass_time(waiting=0.25) is first
    assert not machine.given_up
    machine.pass_time(cpu=0.5)
    assert machine.given_up == ["the process"]


def test_the_loop_is_in_what_stays_and_not_in_what_it_calls():
    machine = Machine()

    def endless(frame):
        machine.pass_time(cpu=3.0)
        return inner(lambda _: machine.pass_time(cpu=2.0, frame=sys._getframe(1)))

    assert outer(endless).loop == loop_of(endless, "test_b")


def test_the_place_is_the_line_that_runs():
    ended = inner(lambda frame: Machine().pass_time(cpu=5.0, frame=frame))
    assert ended.loop == loop_of(inner, "test_b")
    assert ended.line == inner.__code__.co_firstlineno + 1


@pytest.mark.parametrize("used", ["cpu", "waiting"])
def test_a_spec_inside_a_known_loop_ends_soon(used):
    machine = Machine(tick=timelimit.SHORT_TICK, loops=[loop_of(inner)])
    ended = inner(lambda frame: machine.pass_time(**{used: 0.06}, frame=frame))
    assert isinstance(ended, SameLoop)
    assert str(ended) == "not run: same cause as test_a"


def test_a_spec_that_only_calls_it_goes_on():
    machine = Machine(tick=timelimit.SHORT_TICK, loops=[loop_of(inner)])
    for _ in range(20):
        assert inner(lambda frame: machine.pass_time(cpu=0.02, frame=frame)) is None
    assert machine.pass_time(cpu=0.2) is None


@pytest.mark.parametrize("loops", [[], [loop_of(outer)], [loop_of(inner, "test_b")]])
def test_a_spec_inside_another_function_or_its_own_loop_goes_on(loops):
    machine = Machine(tick=timelimit.SHORT_TICK, loops=loops)
    assert inner(lambda frame: machine.pass_time(cpu=4.9, frame=frame)) is None
    assert isinstance(inner(lambda frame: machine.pass_time(cpu=0.2, frame=frame)), TimeLimit)
