"""Says before a milestone that lasts about how long it takes, and then that it still runs."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Generator
from contextlib import suppress

import pytest

from pytest_tinytorch.course.curriculum import Unit, UnitId
from pytest_tinytorch.evidence import gate
from pytest_tinytorch.evidence.outcomes import State
from pytest_tinytorch.run.judge import Judge

LASTS_SECONDS = 10
"""What takes less is over before anybody wonders."""

FIRST_BEAT = 15
"""Seconds until a spec is said to be running still; then again each time that it has doubled."""


class Heartbeat:
    """What runs, and when to say so next: by the clock on the wall, which is what a person sees."""

    def __init__(self) -> None:
        self.running: dict[str, tuple[str, float, float]] = {}  # to label, its begin, the next beat
        self.begins: dict[str, float] = {}  # of the first spec of each label

    def begin(self, nodeid: str, label: str, now: float) -> None:
        """A spec begins; what is told is how long all specs of this label have run."""
        begin = self.begins.setdefault(label, now)
        self.running[nodeid] = (label, begin, next_beat(now - begin))

    def end(self, nodeid: str) -> None:
        """It has ended, if it was here at all."""
        self.running.pop(nodeid, None)

    def due(self, now: float) -> list[str]:
        """What is to be said now.

        >>> heartbeat = Heartbeat()
        >>> heartbeat.begin("test_x", "2017 transformer", now=100)
        >>> heartbeat.due(114), heartbeat.due(116), heartbeat.due(117)
        ([], ['2017 transformer: still running after 16 s'], [])
        """
        texts = []
        for nodeid, (label, begin, beat) in self.running.items():
            if now - begin >= beat:
                texts.append(f"{label}: still running after {told(now - begin)}")
                self.running[nodeid] = (label, begin, next_beat(now - begin))
        return texts


def next_beat(seconds: float) -> float:
    """The next moment to say something, so many seconds after the begin."""
    beat = float(FIRST_BEAT)
    while beat <= seconds:
        beat *= 2
    return beat


class Durations:
    """Registered beside the Judge.

    Args:
        config: of the run.
        judge: the Judge.
        threaded: whether a thread looks at the clock. Where workers are forked none may be there:
            who waits for them calls `beat`.
    """

    def __init__(self, config: pytest.Config, judge: Judge, threaded: bool) -> None:
        self.config = config
        self.judge = judge
        self.threaded = threaded
        self.told: set[UnitId] = set()
        self.heartbeat = Heartbeat()
        self.lock = threading.RLock()  # held by whoever writes
        self.over = threading.Event()
        self.thread: threading.Thread | None = None
        self.screen = real_stdout()
        self.left_at = 0  # where pytest was in its line when a beat ended that line

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logstart(self, nodeid: str) -> None:
        workspace = self.judge.workspace
        unit = workspace.curriculum.unit_of_spec(nodeid)
        if unit is None or self.config.get_verbosity() < 0:
            return
        text = duration(unit, workspace.options.scale)
        if text is None or self._is_locked(unit):
            return
        with self.lock:
            if unit.id not in self.told:
                self.told.add(unit.id)
                self.say(text)
            self.heartbeat.begin(nodeid, unit.label, time.monotonic())
        if self.threaded and self.thread is None:
            self.thread = threading.Thread(
                target=self.watch, name="tinytorch heartbeat", daemon=True
            )
            self.thread.start()

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_logreport(self) -> Generator[None, object, object]:
        """Let nobody write in the middle of a line of pytest's."""
        with self.lock:
            return (yield)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        with self.lock:
            self.heartbeat.end(nodeid)

    def pytest_unconfigure(self) -> None:
        self.over.set()
        with self.lock:
            if self.screen is not None:
                os.close(self.screen)
                self.screen = None

    def watch(self) -> None:
        """Look at the clock until the run is over."""
        while not self.over.wait(1):
            self.beat()

    def beat(self) -> None:
        """Say what is still running, if it is time to. Past pytest, which captures while a spec runs."""
        with self.lock:
            if self.screen is None:
                return
            for text in self.heartbeat.due(time.monotonic()):
                width = self.config.get_terminal_writer().width_of_current_line
                line = f"{text}\n" if width in (0, self.left_at) else f"\n{text}\n"
                self.left_at = width
                with suppress(OSError):  # nobody listens any more: pytest finds that out itself
                    os.write(self.screen, line.encode())

    def say(self, text: str) -> None:
        """Write a line of its own, while nothing runs."""
        reporter = self.config.pluginmanager.get_plugin("terminalreporter")
        if reporter is None:
            return
        reporter.ensure_newline()
        if self.config.get_terminal_writer().width_of_current_line:  # results of workers
            reporter.write_line("")
        reporter.write_line(text)

    def _is_locked(self, unit: Unit) -> bool:
        course, outcomes = self.judge.workspace.curriculum, self.judge.outcomes
        red = [nodeid for nodeid, outcome in outcomes.items() if outcome.state != State.PASSED]
        failed = {other.id for nodeid in red if (other := course.unit_of_spec(nodeid))}
        return gate.blocking_need(course, unit, failed, self.judge.plan) is not None


def real_stdout() -> int | None:
    """A descriptor of our own for where output goes while nothing is captured, if that has one."""
    with suppress(AttributeError, OSError, ValueError):
        return os.dup(sys.stdout.fileno())
    return None


def duration(unit: Unit, scale: str) -> str | None:
    """About how long a milestone takes; None if that is soon.

    >>> duration(Unit("milestone", "05", "transformer", "", year=2017, cpu_seconds=80), "tiny")
    '2017 transformer: takes about 80 s'
    """
    seconds = unit.cpu_seconds_at(scale)
    if not unit.is_milestone or seconds < LASTS_SECONDS:
        return None
    return f"{unit.label}: takes about {told(seconds)}"


def told(seconds: float) -> str:
    """A time as a person says it.

    >>> told(80), told(600)
    ('80 s', '10 minutes')
    """
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} minutes"
