"""Real clocks and real signals end what does not end, and nothing that a machine only keeps waiting."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager, suppress

import pytest

from pytest_tinytorch.run import hardlimit, ticks, timelimit
from pytest_tinytorch.run.exceptions import TimeLimit
from pytest_tinytorch.run.limits import Limit
from pytest_tinytorch.run.timelimit import Alarm

posix = pytest.mark.skipif(not hasattr(signal, "SIGALRM"), reason="signals of POSIX")
STARTERS = [ticks.by_thread, pytest.param(ticks.by_signals, marks=posix)]


@contextmanager
def limited(start, cpu=60.0, waiting=60.0, **given):
    clocks = ticks.SystemClocks()
    alarm = Alarm(Limit(cpu, waiting, ""), "test", clocks.read, tick=0.02, **given)
    cancel = start(alarm)
    try:
        yield alarm
    finally:
        cancel()
        clocks.close()


def spin(seconds):
    """Use CPU time."""
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass


@pytest.mark.parametrize("start", STARTERS)
def test_ends_a_loop(start):
    with pytest.raises(TimeLimit, match="CPU time"), limited(start, cpu=0.1):
        spin(60)


@pytest.mark.parametrize("start", STARTERS)
def test_leaves_alone_what_ends_in_time(start):
    with limited(start) as alarm:
        spin(0.1)
    assert alarm.raised is None


@pytest.mark.parametrize("start", STARTERS)
def test_waits_while_it_is_not_armed(start):
    with limited(start, cpu=0.01, armed=lambda: False):
        spin(0.1)


@pytest.mark.parametrize("start", STARTERS)
def test_does_nothing_once_cancelled(start):
    with limited(start, cpu=0.1):
        pass
    spin(0.3)


@pytest.mark.parametrize("start", STARTERS)
def test_ends_code_that_catches_everything(start, monkeypatch):
    monkeypatch.setattr(timelimit, "RETRY_SECONDS", 0.01)
    given_up = []
    with limited(start, cpu=0.05, give_up=lambda: given_up.append(True)), suppress(BaseException):
        while not given_up:
            with suppress(BaseException):
                spin(60)
    assert given_up


@posix
@pytest.mark.parametrize("wait", [lambda: time.sleep(60), threading.Semaphore(0).acquire])
def test_ends_code_that_waits(wait):
    with pytest.raises(TimeLimit, match="it waited for"), limited(ticks.by_signals, waiting=0.1):
        wait()


@posix
@pytest.mark.parametrize("ignored", ["SIGALRM", "SIGPROF"])
def test_ends_a_loop_that_ignores_one_of_the_signals(ignored):
    number = getattr(signal, ignored)
    before = signal.getsignal(number)

    def ignoring():
        signal.signal(number, signal.SIG_IGN)
        spin(60)

    with pytest.raises(TimeLimit), limited(ticks.by_signals, cpu=0.1):
        ignoring()
    assert signal.getsignal(number) == before


@posix
def test_a_tick_in_the_middle_of_another_is_passed_over():
    depth = [0]

    def slow(file):
        depth.append(depth[-1] + 1)
        if depth[-1] == 1:
            spin(0.1)
        depth.append(depth[-1] - 1)
        return False

    with limited(ticks.by_signals, cpu=1.0, is_learners=slow) as alarm:
        spin(0.6)
    assert max(depth) == 1
    assert alarm.raised is None


@posix
def test_a_spec_that_is_as_deep_as_it_may_be_is_left_alone():
    """There is no room for what a tick calls, which is no fault of the spec."""
    looked = []

    def deep(file):
        looked.append(True)
        return deep(file)

    with limited(ticks.by_signals, cpu=0.2, is_learners=deep):
        spin(0.15)
    assert looked


@posix
def test_leaves_signals_and_timers_as_they_were():
    def state():
        handlers = [signal.getsignal(x) for x in (signal.SIGALRM, signal.SIGPROF)]
        return handlers, [signal.getitimer(x) for x in (signal.ITIMER_REAL, signal.ITIMER_PROF)]

    before = state()
    with limited(ticks.by_signals):
        assert state() != before
    assert state() == before


LIMITED = """
import sys, time
from pytest_tinytorch.run import hardlimit, ticks
from pytest_tinytorch.run.limits import Limit
from pytest_tinytorch.run.timelimit import Alarm

clocks = ticks.SystemClocks()
cancel = ticks.start_ticks(Alarm(Limit({cpu}, {waiting}, ""), "test", clocks.read, tick=0.05))
print("begun", flush=True)
end = time.process_time() + 0.3
while time.process_time() < end:
    pass
cancel()
"""


def start_python(text):
    return subprocess.Popen(
        [sys.executable, "-c", text],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )


@posix
def test_a_process_that_is_stopped_for_longer_than_the_limit_is_right():
    with start_python(LIMITED.format(cpu=2, waiting=1)) as process:
        assert process.stdout.readline() == "begun\n"
        process.send_signal(signal.SIGSTOP)
        time.sleep(2.5)
        process.send_signal(signal.SIGCONT)
        _, errors = process.communicate()
    assert process.returncode == 0, errors


@posix
def test_a_process_beside_eight_busy_ones_is_right():
    busy = [start_python("while True: pass") for _ in range(8)]
    try:
        with start_python(LIMITED.format(cpu=2, waiting=0.2)) as process:
            _, errors = process.communicate()
    finally:
        for other in busy:
            other.kill()
            other.communicate()
    assert process.returncode == 0, errors


@posix
def test_a_loop_inside_c_ends_the_process_and_says_where():
    text = """
import itertools, resource
from pytest_tinytorch.run.hardlimit import process_ends_after

resource.setrlimit(resource.RLIMIT_CPU, (10, 10))  # killed if nothing else ends it

def endless():
    return sum(itertools.count())

with process_ends_after(0.5, 2):
    endless()
"""
    with start_python(text) as process:
        _, errors = process.communicate()
    assert process.returncode == -signal.SIGXCPU
    assert "line 8 in endless" in errors


@posix
def test_afterwards_the_process_may_use_what_it_wants():
    import resource

    before = resource.getrlimit(resource.RLIMIT_CPU), signal.getsignal(signal.SIGXCPU)
    with hardlimit.process_ends_after(1000, 2):
        soft, hard = resource.getrlimit(resource.RLIMIT_CPU)
        assert time.process_time() < soft <= time.process_time() + 1001
        assert hard == before[0][1]
    assert (resource.getrlimit(resource.RLIMIT_CPU), signal.getsignal(signal.SIGXCPU)) == before


def test_reading_the_clocks_leaves_no_file_open():
    clocks = ticks.SystemClocks()
    first, second = clocks.read(), clocks.read()
    assert first.wall <= second.wall
    assert first.cpu <= second.cpu
    file = clocks.file
    clocks.close()
    assert clocks.read().queued is None
    if file is not None:
        with pytest.raises(OSError):
            os.fstat(file)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux counts it")
def test_linux_says_how_long_a_thread_was_ready_to_run():
    clocks = ticks.SystemClocks()
    readings = [clocks.read().queued for _ in range(3)]
    clocks.close()
    assert all(a <= b for a, b in itertools.pairwise(readings))
