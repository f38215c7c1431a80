"""The processes that watched specs run in: one that forks, or else spare ones that each serve once."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from functools import partial
from typing import Any

from pytest_tinytorch.watch.loop import Processes
from pytest_tinytorch.watch.members import Member, enter
from pytest_tinytorch.watch.programs import Single, Tell
from pytest_tinytorch.watch.request import CHANGED, ENDED, FULL, NOTHING, Request, Setup


def may_fork() -> bool:
    """Only on Linux: elsewhere there is no fork, or libraries that do not survive one."""
    return sys.platform == "linux"


class Forking:
    """A process that forks for each run, one for all programs that watch the workspace."""

    def __init__(self, setup: Setup, tell: Tell) -> None:
        self.setup, self.tell = setup, tell
        self.lock = threading.RLock()
        self.asked: Request | None = None  # what has no verdict yet
        self.repeated = False
        self.warm = self._enter()

    def run(self, request: Request) -> None:
        with self.lock:
            self.asked, self.repeated = request, False
            if self.warm.over.is_set():
                self.warm = self._enter()
            self.warm.ask(do="run", request=asdict(request))

    def stop(self) -> None:
        with self.lock:
            self.asked = None
        self.warm.ask(do="stop")

    def draw(self, files: Sequence[str]) -> None:
        self.warm.ask(do="draw", files=list(files))

    def restart(self) -> None:
        """Leave the process for one that has imported what is there now."""
        self.close()
        with self.lock:
            self.warm = self._enter()

    def close(self) -> None:
        with self.lock:
            self.asked = None
        self.warm.leave()  # its thread may need the lock on the way

    def _enter(self) -> Member:
        return enter(self.setup, self._told, self._lost)

    def _told(self, message: Mapping[str, Any]) -> None:
        with self.lock:
            own = self.asked is not None and message.get("number") == self.asked.number
            if own and message["beat"] in (FULL, NOTHING, CHANGED, ENDED):
                self.asked = None
        self.tell(message)

    def _lost(self, warm: Member, text: str) -> None:
        """The process is gone: what has no verdict is asked again, once, of another one."""
        with self.lock:
            if self.asked is None or warm is not self.warm:
                return
            request, again = self.asked, not self.repeated
            if again:
                try:
                    self.warm, self.repeated = self._enter(), True
                    self.warm.ask(do="run", request=asdict(request))
                    return
                except OSError as error:
                    text = str(error)
            self.asked = None
        self.tell({"number": request.number, "beat": ENDED, "text": text})


class Spare:
    """A process for each run, and one more that waits with its imports done."""

    def __init__(self, setup: Setup, tell: Tell) -> None:
        self.make = partial(Single, setup, tell)
        self.files: list[str] = []
        self.running: Single | None = None
        self.waiting = self.make()

    def run(self, request: Request) -> None:
        self.stop()
        self.running, self.waiting = self.waiting, self.make()
        self.running.ask(do="run", request=asdict(request))
        if self.files:
            self.waiting.ask(do="draw", files=self.files)

    def stop(self) -> None:
        if self.running is not None:
            self.running.end()
            self.running = None

    def draw(self, files: Sequence[str]) -> None:
        """Let the one that waits draw, and each that comes after it."""
        if list(files) != self.files:
            self.files = list(files)
            self.waiting.ask(do="draw", files=self.files)

    def restart(self) -> None:
        self.waiting.end()
        self.waiting = self.make()

    def close(self) -> None:
        self.stop()
        self.waiting.end()


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
