"""What threads that share a batch have in common: sums over all of them, and where random numbers begin.

Given, not an exercise.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from functools import cache
from threading import Condition, Lock
from typing import Any

import numpy as np

LOOK_SECONDS = 0.1
"""How often a thread that waits looks for itself whether all is over. Usually it is woken up."""


class Meeting:
    """Where threads add up what each of them has. They wait until all have come.

    Args:
        count: how many they are.
    """

    def __init__(self, count: int) -> None:
        self.count = count
        self.changed = Condition()
        self.begin()

    def begin(self) -> None:
        """Expect all threads again."""
        self.brought: dict[int, tuple[Any, np.ndarray]] = {}
        self.sums = 0  # how many there were
        self.total = np.zeros(0)
        self.is_over = False

    def leave(self) -> None:
        """A thread will not come any more. Nobody waits for it."""
        with self.changed:
            self.is_over = True
            self.changed.notify_all()

    def add_up(self, place: int, what: Any, own: np.ndarray) -> np.ndarray:
        """The sum of what all threads have: the same in each, to the last digit.

        Args:
            place: the number of this thread.
            what: what is added up. It has to be the same for all.
            own: what this thread has of it.
        Raises:
            RuntimeError: another thread is done, or adds up something else.
        """
        with self.changed:
            self.brought[place] = what, own
            before = self.sums
            if len(self.brought) == self.count:
                self.finish()
            while self.sums == before and not self.is_over:
                self.changed.wait(LOOK_SECONDS)
            if self.sums == before:
                raise RuntimeError(
                    "BatchNorm needs the whole batch, and not all parts of it come here: in nn.DataParallel"
                    " a model has to call it as often, and in the same order, for each part of a batch"
                )
            return self.total

    def finish(self) -> None:
        """Add up, if all mean the same, and let everybody go on."""
        whats, parts = zip(*(self.brought[place] for place in range(self.count)), strict=True)
        self.brought = {}
        if len(set(whats)) == 1:
            self.total = np.sum(parts, axis=0)
            self.sums += 1
        else:
            self.is_over = True
        self.changed.notify_all()


class Draws:
    """A generator for each thread. A seed decides what they draw, whichever thread is the first.

    Args:
        parent: its next numbers are where they begin. It goes on behind these if a thread has drawn.
        count: how many threads there are.
    """

    def __init__(self, parent: np.random.Generator, count: int) -> None:
        self.parent = parent
        self.count = count
        self.lock = Lock()
        self.seeds: np.ndarray | None = None

    def of(self, place: int) -> Callable[[], np.random.Generator]:
        """What gives the generator of a thread, which is made when it is first asked for."""

        @cache
        def generator() -> np.random.Generator:
            with self.lock:
                if self.seeds is None:
                    self.seeds = self.drawn(deepcopy(self.parent))
            return np.random.default_rng(self.seeds[place])

        return generator

    def drawn(self, generator: np.random.Generator) -> np.ndarray:
        """A number for each thread."""
        return generator.integers(1 << 63, size=self.count)

    def end(self) -> None:
        """All threads are done."""
        if self.seeds is not None:
            self.drawn(self.parent)
