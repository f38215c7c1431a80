"""Turns: of several workers, one that measures time runs its spec while the others wait."""

from __future__ import annotations

from contextlib import AbstractContextManager
from functools import cached_property
from pathlib import Path

from filelock import ReadWriteLock


class Turns:
    """Whose turn it is, kept as a lock on a file in a folder that all workers of a run share.

    Workers hold the lock together, each while it runs a spec. One that measures time waits until
    it holds the lock alone, and lets nobody begin meanwhile. The system frees what a worker that
    crashes has held.

    Args:
        folder: the folder; it is there already.
    """

    def __init__(self, folder: Path) -> None:
        self.file = folder / "turns"

    def take(self, alone: bool) -> AbstractContextManager[None]:
        """Wait for this worker's turn, with the others or ``alone``."""
        return self._lock.write_lock() if alone else self._lock.read_lock()

    @cached_property
    def _lock(self) -> ReadWriteLock:
        # Not made before the first turn: it would not survive a fork.
        return ReadWriteLock(self.file)
