"""Where threads that share a batch add up what each of them has. Given, not an exercise."""

from __future__ import annotations

from threading import Barrier
from typing import Any

import numpy as np


class Meeting:
    """Threads wait here until all have come.

    Args:
        count: how many they are.
    """

    def __init__(self, count: int) -> None:
        self.barrier = Barrier(count)
        self.brought: list[Any] = [None] * count

    def total(self, place: int, own: np.ndarray) -> np.ndarray:
        """The sum of what all threads have: the same in each, to the last digit.

        Args:
            place: the number of this thread.
            own: what it has.
        Raises:
            threading.BrokenBarrierError: another thread has failed, so that it will not come.
        """
        self.brought[place] = own
        self.barrier.wait()
        found = np.sum(self.brought, axis=0)
        self.barrier.wait()  # until all have read
        return found

    def end(self) -> None:
        """Let nobody wait any more."""
        self.barrier.abort()
