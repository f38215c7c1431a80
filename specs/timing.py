"""How much faster one function is than another: measured in turn, in one process, on any machine."""

import gc
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from math import comb
from typing import Any

import numpy as np
import pytest

from specs.framework import resolve
from specs.laws import expect

resource: Any
try:
    import resource
except ImportError:  # Windows
    resource = None

Function = Callable[[], object]
Clock = Callable[[], float]

SHORTEST = 0.002
"""Seconds that one measurement lasts at least: calls are repeated until it does."""
LOOKS = (11, 16, 23, 33, 46, 64)
"""How many pairs are measured when the interval is looked at. Fewer decide nothing."""
MAX_SECONDS = 10.0
"""Seconds after which an undecided look is the last one."""
ERROR_RATE = 0.01
"""How rarely a measurement may miss the true median, however often it was looked at."""


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

    def decides(self, wanted: float) -> bool:
        """Whether it is plain on which side of ``wanted`` the true median lies."""
        return self.low >= wanted or self.high < wanted


class Stopwatch:
    """Measures for a spec, and lets pytest-benchmark show the timings.

    Args:
        benchmark: the fixture of pytest-benchmark.
        clock: what to measure with; the best one of the machine if not given.
    """

    def __init__(self, benchmark: Any, clock: Clock | None = None) -> None:
        self.benchmark = benchmark
        self.clock = clock

    def assert_faster(
        self, candidate: Function, baseline: Function, at_least: float, than: str
    ) -> Speedup:
        """Demand that ``candidate`` runs ``at_least`` so often in the time of ``baseline``.

        Both are called without arguments. ``than`` says in words what the baseline is. Gives the
        `Speedup` that was found. A spec for which it stays undecided is not run: what a machine
        does is no evidence about code.
        """
        found = speedup(baseline, candidate, at_least, self.clock)
        self.benchmark.extra_info.update(speedup=found.median, low=found.low, high=found.high)
        self.benchmark.pedantic(resolve(candidate), rounds=5)
        if not found.decides(at_least):
            pytest.skip(f"not measured: {found} as fast as {than} is too close to {at_least:g}")
        expect(
            found.median >= at_least, f"at least {at_least:g} times as fast as {than}", str(found)
        )
        return found


def speedup(
    baseline: Function, candidate: Function, wanted: float, clock: Clock | None = None
) -> Speedup:
    """How much faster ``candidate`` is than ``baseline``.

    They are measured in turn, so that whatever else the machine does hits both; which of them comes
    first alternates. More pairs are measured until it is plain on which side of ``wanted`` the
    median lies. The error rate is divided among the looks: who looks more often errs more often.
    """
    clock = clock or best_clock()
    functions = (baseline, candidate)
    repeats = [repeats_of(function, clock) for function in functions]
    ratios: list[float] = []
    began = clock()
    with no_garbage_collection():
        for pairs in LOOKS:
            while len(ratios) < pairs:
                order = (0, 1) if len(ratios) % 2 else (1, 0)
                seconds = {n: measure(functions[n], repeats[n], clock) for n in order}
                ratios.append(seconds[0] / seconds[1])
            low, high = median_interval(ratios, ERROR_RATE / len(LOOKS))
            found = Speedup(float(np.median(ratios)), low, high, pairs)
            if found.decides(wanted) or clock() - began > MAX_SECONDS:
                break
    return found


def best_clock() -> Clock:
    """The CPU time of the process, which stands still while the machine does something else.

    It counts all threads. Some systems, Windows among them, count it in ticks of 10 ms or more,
    whatever resolution they claim: there it is the time on the wall.
    """
    for clock in (usage_time, time.process_time):
        if any(step_of(clock) <= SHORTEST / 100 for _ in range(10)):
            return clock
    return time.perf_counter


def usage_time() -> float:
    """The CPU time of the process as `getrusage` has it; without that, `time.process_time`.

    Linux counts what `process_time` reads in ticks of 4 ms as long as a timer runs with CPU time, and
    one that ends endless loops runs around each spec.
    """
    if resource is None:
        return time.process_time()
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def step_of(clock: Clock) -> float:
    """Seconds by which a clock goes on at once."""
    before = clock()
    while (now := clock()) == before:
        pass
    return now - before


def repeats_of(function: Function, clock: Clock) -> int:
    """How many calls last SHORTEST.

    The quicker of two measurements counts. The first of them warms caches up, and a machine that
    stops for a while stops in one of them.
    """
    repeats = 1
    while (
        seconds := min(measure(function, repeats, clock) for _ in range(2)) * repeats
    ) < SHORTEST:
        repeats = max(repeats + 1, min(repeats * 10, int(repeats * SHORTEST / max(seconds, 1e-9))))
    return repeats


def measure(function: Function, repeats: int, clock: Clock) -> float:
    """Seconds of one call, from ``repeats`` of them."""
    start = clock()
    for _ in range(repeats):
        function()
    return (clock() - start) / repeats


def median_interval(samples: Sequence[float], error_rate: float) -> tuple[float, float]:
    """(low, high): samples between which the true median lies, but for an error rate.

    The median is as likely above as below a sample; so how many samples lie below it is binomial.
    With too few samples for the rate nothing is known.
    """
    ordered, n = sorted(samples), len(samples)
    left_out, missed = 0, 1 / 2**n
    if missed > error_rate / 2:
        return -np.inf, np.inf
    while missed + comb(n, left_out + 1) / 2**n <= error_rate / 2:
        left_out += 1
        missed += comb(n, left_out) / 2**n
    return ordered[left_out], ordered[n - 1 - left_out]


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
