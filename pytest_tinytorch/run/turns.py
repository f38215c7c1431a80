"""Turns: of several workers, one that measures time runs its spec while the others wait."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl


class Turns:
    """Whose turn it is, kept as locks on files in a folder that all workers of a run share.

    Each worker holds the lock of its own file while it runs a spec. One that measures time closes
    the gate, through which every spec must pass, and waits until it holds the files of all workers.
    The system frees the locks of a worker that crashes.

    Args:
        folder: the folder; it is there already.
        worker: the name of this worker.
    """

    def __init__(self, folder: Path, worker: str) -> None:
        self.folder = folder
        self.gate = folder / "gate"
        self.own = folder / f"worker-{worker}"
        self.own.touch()

    @contextmanager
    def taken(self, alone: bool) -> Iterator[None]:
        """Wait for this worker's turn, with the others or ``alone``."""
        with ExitStack() as held:
            with locked(self.gate):  # shut while somebody measures, or waits to
                files = sorted(self.folder.glob("worker-*")) if alone else [self.own]
                for file in files:
                    held.enter_context(locked(file))
            yield


@contextmanager
def locked(file: Path) -> Iterator[None]:
    """Hold the lock of a file, after waiting for whoever holds it."""
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT)
    try:
        lock(descriptor)
        yield
    finally:
        os.close(descriptor)  # which frees the lock, too


if sys.platform == "win32":

    def lock(descriptor: int) -> None:
        """Wait for the lock of an open file; Windows gives up after ten seconds, and is asked again."""
        while True:
            try:
                msvcrt.locking(descriptor, msvcrt.LK_LOCK, 1)
            except OSError:
                continue
            return
else:

    def lock(descriptor: int) -> None:
        """Wait for the lock of an open file."""
        fcntl.flock(descriptor, fcntl.LOCK_EX)
