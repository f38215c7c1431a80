"""Two pieces of work timed in turn, and what can be said of the ratio of their times."""

from __future__ import annotations

import gc
import math
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import accumulate
from statistics import median

from benchmarks.row import Work

Clock = Callable[[], float]

Timed = Callable[[], float]
"""Does work, and gives the seconds that it took."""

Pair = tuple[float, float]
"""Seconds of our work and of theirs, one taken right after the other."""

SHORTEST = 0.005
"""A time shorter than this is taken of several calls, in seconds."""

AWAKE = 0.1
"""Seconds for which a side works in several threads before it is timed, see `awake`."""

FEWEST, MOST = 7, 300
"""How many pairs."""


@dataclass(frozen=True)
class Ratio:
    """How many times as long ours took: below 1 ours is faster.

    Attributes:
        median: of the ratios of all pairs.
        low, high: the median of all pairs that there could be lies between them, with 95% confidence.
        pairs: how many there are.
        ours, theirs: medians of the seconds.
    """

    median: float
    low: float
    high: float
    pairs: int
    ours: float
    theirs: float


def ratio(pairs: Sequence[Pair]) -> Ratio:
    """The median of the ratios, not the ratio of the medians: what slows a machine slows both of a pair."""
    ratios = [ours / theirs for ours, theirs in pairs]
    low, high = interval(ratios)
    ours, theirs = (median(side) for side in zip(*pairs, strict=True))
    return Ratio(median(ratios), low, high, len(pairs), ours, theirs)


def interval(values: Iterable[float], confidence: float = 0.95) -> tuple[float, float]:
    """An interval for the median that assumes nothing about how values are distributed.

    Each value is above the true median as often as a coin shows heads. So the k lowest and the k highest
    can be left out if k heads or fewer of so many coins are unlikely enough; the same holds for tails.

    >>> interval([5, 1, 4, 2, 3, 9, 7, 8, 6, 10])
    (2, 9)
    """
    ordered = sorted(values)
    n = len(ordered)
    chances = list(accumulate(math.comb(n, heads) / 2**n for heads in range(n)))
    left_out = max((k for k in range(n // 2) if chances[k] <= (1 - confidence) / 2), default=0)
    return ordered[left_out], ordered[n - 1 - left_out]


def calls_of(seconds: float) -> int:
    """How many calls take as long as a time has to be."""
    return max(1, math.ceil(SHORTEST / max(seconds, 1e-9)))


def seconds_of(work: Work, calls: int = 1, clock: Clock = time.perf_counter) -> float:
    """Seconds of one call, as the mean of several."""
    began = clock()
    for _ in range(calls):
        work()
    return (clock() - began) / calls


def seconds_before(threads: int) -> float:
    """How long a side works before it is timed, with so many threads."""
    return AWAKE if threads > 1 else 0.0


def awake(timed: Timed, work: Work, seconds: float) -> Timed:
    """``timed`` as it is in a program that has done ``work`` for so many seconds.

    After work in several threads, those of OpenMP, which PyTorch uses, and of OpenBLAS wait busily for what
    comes next: some 10 ms, in which they take a core from whatever the other side does. Meanwhile its own
    threads and caches are cold. In a program that has one side alone, none of this happens.
    """

    def after_work() -> float:
        end = time.perf_counter() + seconds
        while time.perf_counter() < end:
            work()
        return timed()

    return after_work if seconds else timed


def in_turn(
    ours: Work,
    theirs: Work,
    seconds: float,
    fewest: int = FEWEST,
    clock: Clock = time.perf_counter,
    before: float = 0.0,
) -> list[Pair]:
    """Time both in turn for about so many seconds; which goes first changes from pair to pair.

    ``clock`` is what times are read from, such as `time.process_time`, which stands still while another
    program has its turn. The seconds that all of it may take are always those of a clock on the wall.
    ``before`` is how long each side works before it is timed: for several threads, see `awake`.
    """
    first = [(seconds_of(work), seconds_of(work, clock=clock))[1] for work in (ours, theirs)]
    calls = [calls_of(one) for one in first]
    with settled():
        return timed_pairs(
            awake(lambda: seconds_of(ours, calls[0], clock), ours, before),
            awake(lambda: seconds_of(theirs, calls[1], clock), theirs, before),
            seconds,
            fewest,
        )


@contextmanager
def settled() -> Iterator[None]:
    """Python looks for garbage as ever, but not among what the rows before have left.

    A program that does nothing but the work of this row has none of it. Work that makes many objects, such
    as a graph of 20,000 nodes, would otherwise pay for all models of the table.
    """
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def timed_pairs(ours: Timed, theirs: Timed, seconds: float, fewest: int = FEWEST) -> list[Pair]:
    """The seconds that both say they took, in turn, for about so many seconds by a clock on the wall."""
    pairs: list[Pair] = []
    end = time.perf_counter() + seconds
    while len(pairs) < fewest or (time.perf_counter() < end and len(pairs) < MOST):
        if len(pairs) % 2:
            theirs_took = theirs()
            pairs.append((ours(), theirs_took))
        else:
            pairs.append((ours(), theirs()))
    return pairs
