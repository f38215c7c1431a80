"""A piece of work that is done on both sides."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Work = Callable[[], Any]
"""Does the work once, and gives what came of it, so that both sides can be compared."""


@dataclass(frozen=True)
class Row:
    """A piece of work, done by us and by another library from the same numbers.

    Attributes:
        name: to select it by.
        title: what is done, with its sizes.
        ours, theirs: set the work up and give it, each without the other.
        beside: who else does it.
        times: how often it is done on both sides before times are taken, to compare what comes of it; 20
            steps of training. 0 where there is nothing to compare.
        within: how far results may be apart, as a share of the largest number.
        memory: whether the memory that it needs is measured.
        needs: the module that the other side imports.
        in_process: whether all of it happens in this process.
        divided: whether several threads take parts of the batch, as `models.divided` says, so that NumPy
            multiplies in one. Otherwise NumPy's own threads divide its products.
    """

    name: str
    title: str
    ours: Callable[[], Work]
    theirs: Callable[[], Work]
    beside: str = "PyTorch"
    times: int = 1
    within: float = 1e-4
    memory: bool = False
    needs: str = "torch"
    in_process: bool = True
    divided: bool = False

    def numpy_threads(self, threads: int) -> int:
        """In how many threads NumPy multiplies, if there are so many."""
        return 1 if self.divided else threads
