"""A worker: a fork of the process that has collected the specs. It runs some, and tells what they come to.

The code under test is imported in workers only. What it does to its process ends with it.
"""

from __future__ import annotations

import faulthandler
import json
import multiprocessing
import os
import re
import signal
import tempfile
import time
import traceback
import warnings
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import wraps
from multiprocessing.connection import Connection
from pathlib import Path
from typing import IO, Any, NoReturn

import pytest
from msgspec.structs import asdict

from pytest_tinytorch.run import linux
from pytest_tinytorch.run.linux import Usage
from pytest_tinytorch.run.loops import Loop
from pytest_tinytorch.run.places import Frame
from pytest_tinytorch.run.spectimer import STDERR

STARTED, REPORT, WARNING, FINISHED, FAILED = "started", "report", "warning", "finished", "failed"
"""What a message of a worker is about: a spec, what came while it ran, or what pytest itself failed at."""

DUMP = signal.SIGUSR2 if hasattr(signal, "SIGUSR2") else None
"""Asks a worker where it is; it answers even from a loop inside C."""

PAUSE = 0.01
"""Seconds between two looks at whether it has told that."""

DUMPED_FRAME = re.compile(r'^  File "(.*)", line (\d+) in (.*)$', re.MULTILINE)

Prepare = Callable[[pytest.Config], None]
"""Called in a worker before it runs anything."""


@dataclass
class Worker:
    """A worker as the process sees it that has begun it.

    Attributes:
        process: its id; it leads a session and a group of its own.
        handle: becomes readable when it ends.
        connection: what it tells.
        places: where its faulthandler writes.
        items: what it has still to run; the first of them is running.
        running: whether that has begun.
        since: when somebody heard of that.
    """

    process: int
    handle: int
    connection: Connection
    places: IO[str]
    items: list[pytest.Item]
    running: bool = False
    since: float = 0.0
    code: int | None = field(default=None, init=False)
    told: deque[tuple[str, Any]] = field(default_factory=deque, init=False)

    def receive(self) -> tuple[str, Any] | None:
        """(kind, data) of the next message; None if there is none, or only what is left of some."""
        try:
            if self.connection.closed:
                return None
            if not self.told and self.connection.poll():
                lines = self.connection.recv_bytes().splitlines()
                self.told += [(kind, data) for kind, data in map(json.loads, lines)]
        except (EOFError, OSError, ValueError):
            return None
        return self.told.popleft() if self.told else None

    def usage(self) -> Usage:
        """What it has used so far; nothing once it is gone."""
        return linux.usage_of(self.process) or Usage()

    def tell_place(self, seconds: float) -> bool:
        """Let it write down where it is: a loop inside C answers, too. Wait a moment for that.

        Says whether it has. Code under test may have taken the signal, which would then end it: nobody asks.
        """
        if DUMP is None or not linux.catches(self.process, DUMP):
            return False
        before, until = os.fstat(self.places.fileno()).st_size, time.monotonic() + seconds
        with suppress(ProcessLookupError):
            os.kill(self.process, DUMP)
        size = before
        while time.monotonic() < until:
            time.sleep(PAUSE)
            last, size = size, os.fstat(self.places.fileno()).st_size
            if before < last == size:  # it writes a line at a time
                return True
        return size > before

    def end(self) -> int:
        """Kill it with all of its group, if it is still there; gives its exit code."""
        if self.code is None:
            self.code = linux.end_group(self.process)
            os.close(self.handle)
            self.connection.close()
        return self.code

    def frames(self) -> list[Frame]:
        """Where its faulthandler has seen it last, the outermost place first."""
        self.places.seek(0)
        latest = self.places.read().rpartition("(most recent call first)")[2]
        found = [Frame(Path(f), int(line), name) for f, line, name in DUMPED_FRAME.findall(latest)]
        return found[::-1]


class Sender:
    """A plugin that sends what happens to the process that has begun the worker.

    Each time that a process hears something it wakes up, which takes longer than most specs. So what
    can wait goes with what cannot: that a spec begins, or has failed.
    """

    def __init__(
        self, config: pytest.Config, connection: Connection, loops: Sequence[Loop]
    ) -> None:
        self.config = config
        self.connection = connection
        self.loops = loops
        self.process = os.getpid()
        self.begun = False
        self.waiting: list[bytes] = []

    def add(self, kind: str, data: Any = None) -> None:
        """A message that can wait. A copy of the worker, which the code under test has made, ends here."""
        if os.getpid() != self.process:
            os._exit(1)
        self.waiting.append(json.dumps([kind, data]).encode())

    def send(self) -> None:
        """Send all that waits: a line for each message."""
        if self.waiting:
            self.connection.send_bytes(b"\n".join(self.waiting))
            self.waiting.clear()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logstart(self) -> None:
        self.add(STARTED)
        self.send()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        data = self.config.hook.pytest_report_to_serializable(config=self.config, report=report)
        self.add(REPORT, data)
        if not report.passed:
            self.send()  # should the worker end before the spec does, this still counts

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logfinish(self) -> None:
        self.add(FINISHED, [asdict(loop) for loop in self.loops])

    @pytest.hookimpl(tryfirst=True)
    def pytest_warning_recorded(
        self, warning_message: warnings.WarningMessage, when: str, nodeid: str, location: Any
    ) -> None:
        if not self.begun:
            return  # pytest repeats what came before, to whoever is registered
        shown = (warning_message.category.__name__, str(warning_message.message))
        place = (warning_message.filename, warning_message.lineno)
        self.add(WARNING, [*shown, *place, when, nodeid, location])


def report_from(data: dict[str, Any], config: pytest.Config) -> pytest.TestReport:
    """The report that a worker has sent. JSON knows no tuples, and plugins look for them."""
    for name in ("location", "longrepr"):
        if isinstance(data[name], list):
            data[name] = tuple(data[name])
    for name in ("sections", "user_properties"):
        data[name] = [tuple(pair) for pair in data[name]]
    report: Any = config.hook.pytest_report_from_serializable(config=config, data=data)
    assert isinstance(report, pytest.TestReport)
    return report


def begin_worker(
    items: Sequence[pytest.Item],
    prepare: Prepare,
    loops: Sequence[Loop] = (),
    apart: bool = False,
) -> Worker:
    """Fork a worker that runs ``items``, in this order. It adds to ``loops`` the loops that it meets.

    With ``apart`` no fixture outlasts a spec.
    """
    receiving, sending = multiprocessing.Pipe(duplex=False)
    places = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")  # noqa: SIM115
    process = os.fork()
    if process == 0:
        try:
            receiving.close()
            run_worker(items, sending, places, prepare, loops, apart)
        finally:
            os._exit(1)  # it does not come here unless it has failed
    sending.close()
    return Worker(process, os.pidfd_open(process), receiving, places, list(items))


def run_worker(
    items: Sequence[pytest.Item],
    connection: Connection,
    places: IO[str],
    prepare: Prepare,
    loops: Sequence[Loop],
    apart: bool,
) -> None:
    """What a worker does, from its beginning to its end."""
    os.setsid()
    linux.end_with_parent()
    os.register_at_fork(after_in_child=connection.close)
    config = items[0].config
    keep_quiet(config)
    config.stash[STDERR] = places.fileno()
    faulthandler.enable(places, all_threads=False)
    if DUMP is not None:
        faulthandler.register(DUMP, places, all_threads=False)
    tell_exits(places)
    prepare(config)
    sender = Sender(config, connection, loops)
    config.pluginmanager.register(sender)
    sender.begun = True
    try:
        for item, following in zip(items, [*items[1:], None], strict=True):
            nextitem = None if apart else following
            config.hook.pytest_runtest_protocol(item=item, nextitem=nextitem)
    except BaseException as error:  # pytest cannot go on, whatever the code under test did to it
        sender.add(FAILED, traceback.format_exception_only(error)[-1].strip())
        sender.send()
        raise
    sender.send()
    os._exit(0)  # nothing that the code under test left for the end has a say


def tell_exits(places: IO[str]) -> None:
    """Let whoever calls ``os._exit`` in this process write down first where that is."""
    process, end = os.getpid(), os._exit

    @wraps(end)
    def told(status: int) -> NoReturn:
        if os.getpid() == process:
            with suppress(Exception):  # the code under test may have closed the file
                faulthandler.dump_traceback(places, all_threads=False)
        end(status)

    os._exit = told


def keep_quiet(config: pytest.Config) -> None:
    """Show nothing from a worker, and let it capture what specs print in files of its own."""
    config.pluginmanager.unregister(name="terminalreporter")
    capture = config.pluginmanager.getplugin("capturemanager")
    capture.stop_global_capturing()
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nothing, descriptor)
    os.close(nothing)
    capture.start_global_capturing()
    capture.suspend_global_capture()
