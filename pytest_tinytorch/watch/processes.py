"""The processes that watched specs run in: one that forks, or else spare ones that each serve once."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from pytest_tinytorch.course.commands import VARIABLE
from pytest_tinytorch.evidence.paths import python_in
from pytest_tinytorch.watch.loop import Processes
from pytest_tinytorch.watch.request import Request

Tell = Callable[[Mapping[str, Any]], None]


def may_fork() -> bool:
    """Only on Linux: elsewhere there is no fork, or libraries that do not survive one."""
    return sys.platform == "linux"


class ServerProcess:
    """A process of `pytest_tinytorch.watch.server`, and a thread that takes what it says."""

    def __init__(self, root: Path, arguments: Sequence[str], tell: Tell) -> None:
        self.errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the process
        self.process = subprocess.Popen(
            [*python_in(root), "-m", "pytest_tinytorch.watch.server", *arguments],
            cwd=root,
            env=os.environ | {VARIABLE: "tito"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.errors,
            text=True,
            encoding="utf-8",
            start_new_session=True,  # Ctrl-C is for us, not for it
            creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),  # the same on Windows
        )
        self.tell = tell
        threading.Thread(target=self._listen, daemon=True).start()

    def ask(self, **asked: Any) -> None:
        """Send a request; a process that is gone tells so itself."""
        assert self.process.stdin is not None
        with suppress(OSError, ValueError):
            print(json.dumps(asked), file=self.process.stdin, flush=True)

    def end(self, at_once: bool) -> None:
        """End it: at once, or as soon as it has ended its run."""
        if at_once:
            self.process.kill()
        assert self.process.stdin is not None
        with suppress(OSError):
            self.process.stdin.close()
        self.process.wait()
        self.errors.close()

    def _listen(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            try:
                message = json.loads(line)
            except ValueError:
                continue  # a blank line, or half of one that a killed run has left
            self.tell(message)


class Forking:
    """One process that forks for each run."""

    def __init__(self, root: Path, arguments: Sequence[str], tell: Tell) -> None:
        self.make = partial(ServerProcess, root, arguments, tell)
        self.warm = self.make()

    def run(self, request: Request) -> None:
        if self.warm.process.poll() is not None:
            self.restart()
        self.warm.ask(do="run", request=asdict(request))

    def stop(self) -> None:
        self.warm.ask(do="stop")

    def draw(self, files: Sequence[str]) -> None:
        self.warm.ask(do="draw", files=list(files))

    def restart(self) -> None:
        self.close()
        self.warm = self.make()

    def close(self) -> None:
        self.warm.end(at_once=False)


class Spare:
    """A process for each run, and one more that waits with its imports done."""

    def __init__(self, root: Path, arguments: Sequence[str], tell: Tell) -> None:
        self.make = partial(ServerProcess, root, [*arguments, "--once"], tell)
        self.files: list[str] = []
        self.running: ServerProcess | None = None
        self.waiting = self.make()

    def run(self, request: Request) -> None:
        self.stop()
        self.running, self.waiting = self.waiting, self.make()
        self.running.ask(do="run", request=asdict(request))
        if self.files:
            self.waiting.ask(do="draw", files=self.files)

    def stop(self) -> None:
        if self.running is not None:
            self.running.end(at_once=True)
            self.running = None

    def draw(self, files: Sequence[str]) -> None:
        """Let the one that waits draw, and each that comes after it."""
        if list(files) != self.files:
            self.files = list(files)
            self.waiting.ask(do="draw", files=self.files)

    def restart(self) -> None:
        self.waiting.end(at_once=True)
        self.waiting = self.make()

    def close(self) -> None:
        self.stop()
        self.waiting.end(at_once=True)


class InOrder:
    """Processes for who must not wait for them: a thread does what they are told, one after the other.

    Args:
        make: starts them, in that thread.
        failed: hears in that thread of what could not be done.
    """

    def __init__(self, make: Callable[[], Processes], failed: Callable[[Exception], None]) -> None:
        self.failed = failed
        self.thread = ThreadPoolExecutor(max_workers=1)
        self.made = self.thread.submit(make)

    def run(self, request: Request) -> None:
        self._do(lambda processes: processes.run(request))

    def stop(self) -> None:
        self._do(lambda processes: processes.stop())

    def draw(self, files: Sequence[str]) -> None:
        self._do(lambda processes: processes.draw(files))

    def restart(self) -> None:
        self._do(lambda processes: processes.restart())

    def close(self) -> None:
        """End all, and wait for that."""
        self._do(lambda processes: processes.close())
        self.thread.shutdown()

    def _do(self, what: Callable[[Processes], None]) -> None:
        self.thread.submit(self._try, what)

    def _try(self, what: Callable[[Processes], None]) -> None:
        try:
            what(self.made.result())
        except Exception as error:
            self.failed(error)
