"""The processes of the runs that go on, so that all of them can be ended at once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Lock

LONGEST_LINE = 60_000
"""Bytes that a pipe holds while nobody reads it."""


class Lifeline:
    """A pipe. A run has one end, and nobody but this process the other: once it is cut, the run ends."""

    def __init__(self) -> None:
        self.inner, self.outer = os.pipe()
        self.guard = Lock()
        self.whole = True

    def tell(self, line: str) -> None:
        """Say a line to the run, before it begins: no command line, file or variable of the run has it.

        Raises:
            ValueError: it is longer than a pipe holds.
        """
        data = f"{line}\n".encode()
        if len(data) > LONGEST_LINE:
            raise ValueError(f"a line of {len(data)} bytes is too long for a pipe")
        os.write(self.outer, data)

    def cut(self) -> None:
        """Close it."""
        with self.guard:
            if self.whole:
                os.close(self.inner)
                os.close(self.outer)
            self.whole = False


class Running:
    """The runs that go on, each a process with its lifeline."""

    def __init__(self) -> None:
        self.runs: dict[subprocess.Popen[bytes], Lifeline] = {}
        self.guard = Lock()
        self.stopped = False

    @contextmanager
    def watched(self, process: subprocess.Popen[bytes], line: Lifeline) -> Iterator[None]:
        """Count a run among them while the block runs; at its end it is gone."""
        with self.guard:
            self.runs[process] = line
            late = self.stopped
        try:
            if late:
                end(process, line)
            yield
        finally:
            end(process, line)
            with self.guard:
                del self.runs[process]

    def stop(self) -> None:
        """End all of them, and whatever begins from now on. Each ends what it has begun itself."""
        with self.guard:
            self.stopped = True
            for process, line in self.runs.items():
                end(process, line)


def end(process: subprocess.Popen[bytes], line: Lifeline) -> None:
    """End a process with its group, and what it has begun.

    Bubblewrap is two processes. At its beginning the inner one may end neither with the outer nor with the
    group, so what runs in it looks at its lifeline.
    """
    line.cut()
    if process.poll() is not None:
        return
    if sys.platform != "win32":
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    process.kill()
