"""A process of `pytest_tinytorch.watch.server`, as the program sees it that has started it."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import IO, Any

from pytest_tinytorch.course.commands import VARIABLE
from pytest_tinytorch.evidence.paths import python_in
from pytest_tinytorch.watch.request import Setup

Tell = Callable[[Mapping[str, Any]], None]
GRACE = 2.0
"""Seconds in which a process ends that says no more."""
ERROR_CHARACTERS = 2000


class Connection:
    """Lines of JSON to a process and from it.

    Args:
        reading, writing: what the process writes, and what it reads.
        tell: hears, in a thread, what it says.
        lost: called in that thread when it says no more.
    """

    def __init__(
        self, reading: IO[str], writing: IO[str], tell: Tell, lost: Callable[[], None]
    ) -> None:
        self.reading, self.writing = reading, writing
        self.tell, self.lost = tell, lost
        self.lock = threading.Lock()
        threading.Thread(target=self._listen, daemon=True).start()

    def ask(self, **asked: Any) -> None:
        """Send a request; a process that is gone tells so itself."""
        with self.lock, suppress(OSError, ValueError):
            self.writing.write(f"{json.dumps(asked)}\n")
            self.writing.flush()

    def _listen(self) -> None:
        with suppress(OSError):
            for line in self.reading:
                try:
                    message = json.loads(line)
                except ValueError:
                    continue  # a blank line, or half of one that a killed run has left
                self.tell(message)
        for file in (self.writing, self.reading):
            with suppress(OSError):
                file.close()
        self.lost()


class Program:
    """A process of `pytest_tinytorch.watch.server`.

    Args:
        setup: what it is started with.
        words: more arguments of its own.
        how: for `subprocess.Popen`.
    """

    def __init__(self, setup: Setup, words: Sequence[str], **how: Any) -> None:
        self.errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the process
        own = ["--profile", setup.profile, *words, "--", *setup.arguments]
        self.process = subprocess.Popen(
            [*python_in(setup.root), "-m", "pytest_tinytorch.watch.server", *own],
            cwd=setup.root,
            env=os.environ | {VARIABLE: "tito"},
            stderr=self.errors,
            start_new_session=True,  # Ctrl-C is for us, not for it
            creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),  # the same on Windows
            **how,
        )

    def last_words(self) -> str:
        """What a process that is about to end has written to stderr."""
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(GRACE)
        self.errors.seek(0)
        return self.errors.read().decode("utf-8", "replace")[-ERROR_CHARACTERS:]

    def wait(self) -> None:
        """Wait for its end."""
        self.process.wait()
        self.errors.close()


class Single:
    """A process that runs specs once, and ends."""

    def __init__(self, setup: Setup, tell: Tell) -> None:
        how = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        self.program = Program(setup, ["--once"], text=True, encoding="utf-8", **how)
        reading, writing = self.program.process.stdout, self.program.process.stdin
        assert reading is not None
        assert writing is not None
        self.writing = writing
        self.ask = Connection(reading, writing, tell, lambda: None).ask

    def end(self) -> None:
        """End it at once."""
        self.program.process.kill()
        with suppress(OSError):
            self.writing.close()
        self.program.wait()
