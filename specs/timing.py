"""How much faster one function is than another: measured in turn, in one process, on any machine."""

import gc
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from math import comb
from typing import Any

import numpy as np

from specs.framework import resolve
from specs.laws import expect

Function = Callable[[], object]

SHORTEST = 0.002
"""Seconds that one measurement lasts at least: calls are repeated until it does."""
MIN_PAIRS, MAX_PAIRS, MAX_SECONDS = 9, 61, 5.0
"""Pairs to measure before the first look and at most, and seconds after which no more are begun."""
ERROR_RATE = 0.01
"""How rarely the interval may miss the true median."""


@dataclass(frozen=True)
class Speedup:
    """How often one function runs in the time of another.

    Attributes:
        median: of all pairs.
        low, high: an interval that holds the true median, but for an error rate of ERROR_RATE.
        pairs: how many were measured.
    """

    median: float
    low: float
    high: float
    pairs: int

    def __str__(self) -> str:
        return f"{self.median:.3g} times (between {self.low:.3g} and {self.high:.3g}, {self.pairs} pairs)"


class Stopwatch:
    """Measures for a spec, and lets pytest-benchmark show the timings.

    Args:
        benchmark: the fixture of pytest-benchmark.
    """

    def __init__(self, benchmark: Any) -> None:
        self.benchmark = benchmark

    def assert_faster(
        self, candidate: Function, baseline: Function, at_least: float, than: str
    ) -> Speedup:
        """Demand that ``candidate`` runs ``at_least`` so often in the time of ``baseline``.

        Both are called without arguments. ``than`` says in words what the baseline is. Gives the
        `Speedup` that was found.
        """
        found = speedup(baseline, candidate, at_least)
        self.benchmark.extra_info.update(speedup=found.median, low=found.low, high=found.high)
        self.benchmark.pedantic(resolve(candidate), rounds=5)
        expect(
            found.median >= at_least, f"at least {at_least:g} times as fast as {than}", str(found)
        )
        return found


def speedup(
    baseline: Function,
    candidate: Function,
    wanted: float,
    clock: Callable[[], float] = time.perf_counter,
) -> Speedup:
    """How much faster ``candidate`` is than ``baseline``.

    They are measured in turn, so that whatever else the machine does hits both; which of them comes
    first alternates. More pairs are measured until it is plain on which side of ``wanted`` the
    median lies.
    """
    repeats = [repeats_of(function, clock) for function in (baseline, candidate)]
    ratios: list[float] = []
    began = clock()
    with no_garbage_collection():
        while True:
            order = (0, 1) if len(ratios) % 2 else (1, 0)
            seconds = {n: measure((baseline, candidate)[n], repeats[n], clock) for n in order}
            ratios.append(seconds[0] / seconds[1])
            low, high = median_interval(ratios)
            decided = len(ratios) >= MIN_PAIRS and (low >= wanted or high < wanted)
            if decided or len(ratios) >= MAX_PAIRS or clock() - began > MAX_SECONDS:
                return Speedup(float(np.median(ratios)), low, high, len(ratios))


def repeats_of(function: Function, clock: Callable[[], float]) -> int:
    """How many calls last SHORTEST. The first call is not measured: it warms caches up."""
    function()
    repeats = 1
    while (seconds := measure(function, repeats, clock) * repeats) < SHORTEST:
        repeats = max(repeats + 1, min(repeats * 10, int(repeats * SHORTEST / max(seconds, 1e-9))))
    return repeats


def measure(function: Function, repeats: int, clock: Callable[[], float]) -> float:
    """Seconds of one call, from ``repeats`` of them."""
    start = clock()
    for _ in range(repeats):
        function()
    return (clock() - start) / repeats


def median_interval(samples: Sequence[float]) -> tuple[float, float]:
    """(low, high): samples between which the true median lies, but for an error rate of ERROR_RATE.

    The median is as likely above as below a sample; so how many samples lie below it is binomial.
    With too few samples all of them are within.
    """
    ordered, n = sorted(samples), len(samples)
    below, outside = 0, 1 / 2**n
    while outside + comb(n, below + 1) / 2**n <= ERROR_RATE / 2:
        below += 1
        outside += comb(n, below) / 2**n
    return ordered[below], ordered[n - 1 - below]


@contextmanager
def no_garbage_collection() -> Iterator[None]:
    """Keep Python from collecting garbage for a while: it would hit one of a pair."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
