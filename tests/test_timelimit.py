"""The timer ends loops, on every platform, and only the code under test."""

from __future__ import annotations

import time

import pytest

from pytest_tinytorch import timelimit
from pytest_tinytorch.timelimit import TimeLimit

STARTERS = [timelimit._by_thread]
if hasattr(timelimit.signal, "SIGALRM"):
    STARTERS.append(timelimit._by_signal)


def spin(seconds=20.0):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        pass


@pytest.mark.parametrize("start", STARTERS)
def test_ends_a_loop(start):
    cancel = start(0.05, lambda: True)
    try:
        with pytest.raises(TimeLimit, match=r"0\.05 s"):
            spin()
    finally:
        cancel()


@pytest.mark.parametrize("start", STARTERS)
def test_waits_while_it_is_not_armed(start):
    cancel = start(0.01, lambda: False)
    try:
        spin(0.1)
    finally:
        cancel()


@pytest.mark.parametrize("start", STARTERS)
def test_does_nothing_once_cancelled(start):
    start(0.05, lambda: True)()
    spin(0.2)


def test_is_no_exception_that_a_property_would_catch():
    assert not issubclass(TimeLimit, Exception)
