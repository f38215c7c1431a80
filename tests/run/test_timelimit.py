"""The timer ends loops, on every platform, and only the code under test."""

from __future__ import annotations

import time

import pytest

from pytest_tinytorch.run import timelimit
from pytest_tinytorch.run.timelimit import Alarm, TimeLimit

STARTERS = [timelimit._by_thread]
if hasattr(timelimit.signal, "SIGALRM"):
    STARTERS.append(timelimit._by_signal)


def ring(armed=True):
    return Alarm(lambda: armed, lambda: None)


def spin(seconds=20.0):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        pass


@pytest.mark.parametrize("start", STARTERS)
def test_ends_a_loop(start):
    cancel = start(0.05, ring())
    try:
        with pytest.raises(TimeLimit, match=r"0\.05 s"):
            spin()
    finally:
        cancel()


@pytest.mark.parametrize("start", STARTERS)
def test_waits_while_it_is_not_armed(start):
    cancel = start(0.01, ring(armed=False))
    try:
        spin(0.1)
    finally:
        cancel()


@pytest.mark.parametrize("start", STARTERS)
def test_does_nothing_once_cancelled(start):
    start(0.05, ring())()
    spin(0.2)


def test_is_no_exception_that_a_property_would_catch():
    assert not issubclass(TimeLimit, Exception)


def test_gives_up_on_code_that_swallows_every_exception():
    given_up = []
    rings = Alarm(lambda: True, lambda: given_up.append("the process"))
    for _ in range(timelimit.TRIES):
        assert rings()
    assert not given_up
    rings()
    assert given_up == ["the process"]
