"""19 · Benchmarking: which of two programs is faster, and how sure you can be of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tinytorch.primitive import Array
from tinytorch.profiling import Latency

OUTLIER = 3.5
"""How many spreads from the median make an outlier: the usual bound for the modified z-score."""

NORMAL_SPREAD = 1.4826
"""MAD times this is the standard deviation, if the samples are normal."""

RESAMPLES = 2000
"""How many times a bootstrap draws."""

FASTER, SLOWER, CANNOT_TELL = "faster", "slower", "cannot tell"


def mad(samples: Sequence[float] | Array) -> float:
    """The median absolute deviation: the median of how far samples are from their median.

    It takes wrong values in half of the samples to spoil it; one wrong sample ruins a standard deviation.

    Raises:
        ValueError: there are no ``samples``; the message names ``samples``.

    >>> mad([1.0, 2.0, 3.0, 4.0, 1000.0])
    1.0
    """
    samples = np.asarray(samples, np.float64)
    if samples.size == 0:
        raise ValueError("samples must not be empty")
    return float(np.median(np.abs(samples - np.median(samples))))


@dataclass(frozen=True)
class BenchmarkResult(Latency):
    """The times of one function, in seconds, and how reliable they are.

    Attributes:
        samples: one for each call, in the order in which they were made.
        name: what was measured.
    """

    name: str = ""

    @property
    def mad(self) -> float:
        """The spread of the samples, see `mad`."""
        return mad(self.samples)

    @property
    def outliers(self) -> tuple[float, ...]:
        """The samples more than OUTLIER spreads (MAD · NORMAL_SPREAD) away from the median.

        Report them, but never leave them out: they do not affect the median, and a slow call that
        happened can happen again. If more than half of the samples are equal there is no spread, and
        all others are outliers.
        """
        room = OUTLIER * NORMAL_SPREAD * self.mad
        return tuple(sample for sample in self.samples if abs(sample - self.median) > room)


def seconds_of(function: Callable[..., object], clock: Callable[[], float], *args: Any) -> float:
    """The seconds that one call of ``function(*args)`` takes.

    Raises:
        ValueError: the clock went backward, or gave NaN or infinity.
    """
    start = clock()
    function(*args)
    seconds = clock() - start
    if not np.isfinite(seconds):
        raise ValueError(f"clock must give finite seconds, a call took {seconds}")
    if seconds < 0:
        raise ValueError(f"clock went backwards by {-seconds:g} s")
    return seconds


def check_measured(samples: Iterable[float], name: str) -> None:
    """Check the times: if all of them are 0, they say nothing.

    Raises:
        ValueError: all of them are; the message names what was measured.
    """
    if not any(samples):
        raise ValueError(f"{name} takes no time on this clock: let one call do more work")


def check_at_least(number: int, least: int, name: str) -> None:
    """Check that a count is an integer, and not smaller than ``least``."""
    if not isinstance(number, (int, np.integer)) or isinstance(number, bool) or number < least:
        raise ValueError(f"{name} must be an integer of at least {least}, got {number!r}")


def check_callable(function: object, name: str) -> None:
    """Check that what you measure is callable."""
    if not callable(function):
        raise TypeError(f"{name} cannot be called: {function!r}")


def check_confidence(confidence: float, generator: np.random.Generator | None) -> None:
    """Check what an interval is drawn with, before measuring anything for it."""
    if not isinstance(confidence, (int, float, np.floating)) or not 0 < confidence < 1:
        raise ValueError(f"confidence must be between 0 and 1, got {confidence!r}")
    if generator is not None and not isinstance(generator, np.random.Generator):
        raise TypeError(f"generator must be an np.random.Generator, got {generator!r}")


def check_scenario(
    system: Callable[..., Any], samples: Sequence[Any], clock: Callable[[], float]
) -> None:
    """Check that a scenario has a callable system, and samples with a length, because it counts them."""
    check_callable(system, "system")
    check_callable(clock, "clock")
    if not hasattr(samples, "__len__"):
        raise TypeError(f"samples must have a length, such as a list, got {samples!r}")
    if len(samples) == 0:
        raise ValueError("samples must not be empty")


def benchmark(
    function: Callable[..., object],
    *args: Any,
    warmup: int = 3,
    repeats: int = 20,
    clock: Callable[[], float] = time.perf_counter,
    name: str | None = None,
) -> BenchmarkResult:
    """Measure a function: ``warmup`` calls that do not count, then ``repeats`` that do.

    An error that the function raises goes to the caller unchanged.

    Args:
        function: called with ``args``.
        warmup: 0 or more.
        repeats: at least 1.
        clock: gives the time in seconds.
        name: the name of the result; by default the function's own name, or else that of its class.
    Returns:
        A `BenchmarkResult`.
    Raises:
        TypeError: ``function`` or ``clock`` is not callable; the message names it.
        ValueError: ``warmup`` or ``repeats`` is too small or not whole, and the message names it and its
            value; ``clock`` goes backward or gives NaN, and the message names ``clock``; or no call took
            any time, and the message names what was measured.
    """
    check_callable(function, "function")
    check_callable(clock, "clock")
    check_at_least(warmup, 0, "warmup")
    check_at_least(repeats, 1, "repeats")
    name = name or getattr(function, "__name__", type(function).__name__)
    assert name is not None  # whatever can be called has a name, or else its class has
    for _ in range(warmup):
        function(*args)
    samples = tuple(seconds_of(function, clock, *args) for _ in range(repeats))
    check_measured(samples, name)
    return BenchmarkResult(samples, name)


def bootstrap_interval(
    samples: Sequence[float] | Array,
    confidence: float = 0.95,
    generator: np.random.Generator | None = None,
    resamples: int = RESAMPLES,
) -> tuple[float, float]:
    """An interval for the true median of a distribution of which you know only samples.

    The samples stand in for the distribution: draw as many from them, with replacement, again and
    again, and take the median each time. The interval lies between the quantiles (1 - confidence) / 2
    and (1 + confidence) / 2 of those medians. Efron invented this bootstrap in 1979.

    Args:
        samples: at least 2 numbers.
        confidence: in (0, 1).
        generator: an `np.random.Generator`; by default one with seed 0, so that results repeat.
        resamples: how many times to draw, at least 1.
    Returns:
        (low, high).
    Raises:
        ValueError: ``samples`` are not a row of at least 2 finite numbers, or ``confidence`` is not a number
            in (0, 1), and the message names the argument; or ``resamples`` is below 1, and the message
            names it and its value.
        TypeError: ``generator`` is something else, such as a seed; the message names it.

    >>> bootstrap_interval([2.0, 2.0, 2.0])
    (2.0, 2.0)
    """
    samples = np.asarray(samples, np.float64)
    if samples.ndim != 1 or len(samples) < 2:
        raise ValueError(f"samples must be at least 2 numbers, got shape {samples.shape}")
    if not np.isfinite(samples).all():
        raise ValueError("samples must be finite")
    check_confidence(confidence, generator)
    check_at_least(resamples, 1, "resamples")
    generator = np.random.default_rng(0) if generator is None else generator
    drawn = generator.integers(0, len(samples), (resamples, len(samples)))  # (R, n)
    medians = np.median(samples[drawn], axis=1)  # (R,)
    low, high = np.quantile(medians, [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(low), float(high)


@dataclass(frozen=True)
class Comparison:
    """What measuring two functions in turn says about them.

    Attributes:
        baseline, candidate: a `BenchmarkResult` each.
        ratio: how many times the candidate runs in the time of the baseline: above 1 it is faster.
        low, high: the interval in which the true ratio lies, with the given confidence.
    """

    baseline: BenchmarkResult
    candidate: BenchmarkResult
    ratio: float
    low: float
    high: float

    @property
    def verdict(self) -> str:
        """FASTER if all of the interval is above 1, SLOWER if all is below, else CANNOT_TELL."""
        if self.low > 1:
            return FASTER
        return SLOWER if self.high < 1 else CANNOT_TELL


def compare(
    baseline: Callable[[], object],
    candidate: Callable[[], object],
    *,
    warmup: int = 3,
    pairs: int = 20,
    confidence: float = 0.95,
    clock: Callable[[], float] = time.perf_counter,
    generator: np.random.Generator | None = None,
) -> Comparison:
    """Say whether a candidate is faster than a baseline, or that the measurement cannot tell.

    Measure both in turn, so that whatever else the machine does affects both of a pair; alternate the
    order, so that neither always comes second. Each pair gives a ratio: the baseline's time divided by
    the candidate's. Their median is the ratio, and their `bootstrap_interval` is the interval.

    Args:
        baseline, candidate: called without arguments.
        warmup: how many times to call each before, 0 or more.
        pairs: how many times to measure each, at least 2. The baseline comes first in pairs 0, 2, 4…
        confidence, generator: as for `bootstrap_interval`.
        clock: gives the time in seconds.
    Returns:
        A `Comparison`; its results are named baseline and candidate.
    Raises:
        TypeError: ``baseline``, ``candidate`` or ``clock`` is not callable, or ``generator`` is something
            else.
        ValueError: ``warmup`` or ``pairs`` is too small, and the message names it and its value;
            ``confidence`` is not in (0, 1), ``clock`` goes backward or gives NaN, or a call of
            ``baseline`` or ``candidate`` took no time, and the message names the argument. Check before
            measuring whatever you can.
    """
    for name, given in (("baseline", baseline), ("candidate", candidate), ("clock", clock)):
        check_callable(given, name)
    check_at_least(warmup, 0, "warmup")
    check_at_least(pairs, 2, "pairs")
    check_confidence(confidence, generator)
    for _ in range(warmup):
        baseline()
        candidate()
    times = np.empty((pairs, 2))
    for pair in range(pairs):
        for which in (0, 1) if pair % 2 == 0 else (1, 0):
            times[pair, which] = seconds_of((baseline, candidate)[which], clock)
    for column, name in enumerate(("baseline", "candidate")):
        if not times[:, column].all():
            raise ValueError(f"{name} takes no time on this clock: let one call do more work")
    ratios = times[:, 0] / times[:, 1]  # (pairs,)
    low, high = bootstrap_interval(ratios, confidence, generator)
    results = [
        BenchmarkResult(tuple(times[:, column].tolist()), name)
        for column, name in enumerate(("baseline", "candidate"))
    ]
    # mypy cannot know that there are two results.
    return Comparison(*results, float(np.median(ratios)), low, high)  # type: ignore[call-arg, arg-type]


@dataclass(frozen=True)
class SingleStream:
    """MLPerf's scenario for a phone: one query after the other, each sent when the last is answered.

    Its metric is the latency that 90 out of 100 queries do not exceed.

    Args:
        queries: how many to send, at least 1; samples are used again from the start if there are fewer.
        clock: gives the time in seconds.
    """

    queries: int = 100
    clock: Callable[[], float] = time.perf_counter

    def run(
        self, system: Callable[[Sequence[Any]], Sequence[Any]], samples: Sequence[Any]
    ) -> BenchmarkResult:
        """Send ``samples`` one by one to ``system``, and measure each answer.

        Args:
            system: called with a list of one sample; gives a list of one answer.
            samples: at least one.
        Returns:
            A `BenchmarkResult`; its ``percentile(90)`` is the metric.
        Raises:
            TypeError: ``system`` or ``clock`` is not callable, or ``samples`` have no length, and the
                message names the argument; or the answers have none.
            ValueError: there are no ``samples``, or ``clock`` goes backward, and the message names the
                argument; ``queries`` is below 1, and the message names it and its value; there are
                too few or too many answers, and the message names both numbers; or no time passed.
        """
        check_at_least(self.queries, 1, "queries")
        check_scenario(system, samples, self.clock)
        times = []
        for query in range(self.queries):
            batch = [samples[query % len(samples)]]
            times.append(seconds_of(answered, self.clock, system, batch))
        check_measured(times, "the system")
        return BenchmarkResult(tuple(times), "SingleStream")


@dataclass(frozen=True)
class Offline:
    """MLPerf's scenario for a data center at night: all samples are there, in any order and batches.

    Its metric is the throughput: samples answered per second.

    Args:
        batch_size: how many samples the system gets at once, at least 1.
        clock: gives the time in seconds.
    """

    batch_size: int = 32
    clock: Callable[[], float] = time.perf_counter

    def run(
        self, system: Callable[[Sequence[Any]], Sequence[Any]], samples: Sequence[Any]
    ) -> float:
        """Send all samples in batches, and measure how long that takes in total.

        Args:
            system: called with a list of samples; gives as many answers.
            samples: at least one.
        Returns:
            Samples per second.
        Raises:
            TypeError: ``system`` or ``clock`` is not callable, or ``samples`` have no length, and the
                message names the argument; or the answers have none.
            ValueError: there are no ``samples``, or ``clock`` goes backward, and the message names the
                argument; ``batch_size`` is below 1, and the message names it and its value; there are
                too few or too many answers, and the message names both numbers; or no time passed.
        """
        check_at_least(self.batch_size, 1, "batch_size")
        check_scenario(system, samples, self.clock)
        batches = [
            samples[start : start + self.batch_size]
            for start in range(0, len(samples), self.batch_size)
        ]

        def everything() -> None:
            for batch in batches:
                answered(system, batch)

        seconds = seconds_of(everything, self.clock)
        check_measured([seconds], "the system")
        return len(samples) / seconds


def answered(
    system: Callable[[Sequence[Any]], Sequence[Any]], batch: Sequence[Any]
) -> Sequence[Any]:
    """The answers of a system to a batch: one for each sample.

    Raises:
        TypeError: what it returns has no length, for example None.
        ValueError: there are more or fewer; the message names both numbers.
    """
    answers = system(batch)
    if not hasattr(answers, "__len__"):
        raise TypeError(f"the system must give a list of answers, got {answers!r}")
    if len(answers) != len(batch):
        raise ValueError(f"the system gave {len(answers)} answers to {len(batch)} samples")
    return answers


def pareto_frontier(
    points: Array | Sequence[Sequence[float]], maximize: Iterable[int] = ()
) -> list[int]:
    """The unbeaten points: no other is as good in everything and better in something.

    Args:
        points: an (n, d) array or a list of n tuples, such as (seconds, bytes, accuracy).
        maximize: the columns where more is better; in all others less is better.
    Returns:
        The indices of those points, in ascending order. Of equal points, either all or none are included.
    Raises:
        ValueError: rows of different lengths, NaN, or something in ``maximize`` that is not one of their
            columns, such as 0.5 or a text; then the message names ``maximize``.
        TypeError: ``maximize`` is not a list; the message names it.

    >>> pareto_frontier([(1.0, 0.9), (2.0, 0.95), (3.0, 0.94)], maximize=[1])
    [0, 1]
    """
    try:
        points = np.asarray(points, np.float64)
    except (TypeError, ValueError):
        raise ValueError("points must be rows of equally many numbers") from None
    if points.ndim != 2:
        raise ValueError(f"points must have shape (n, d), got {points.shape}")
    if np.isnan(points).any():
        raise ValueError("points must not be NaN")
    if not np.iterable(maximize):
        raise TypeError(f"maximize must be a list of columns, got {maximize!r}")
    columns = list(maximize)
    for column in columns:
        check_at_least(column, 0, "a column of maximize")
        if column >= points.shape[1]:
            raise ValueError(f"maximize names column {column} of points {points.shape}")
    costs = points.copy()  # (n, d), of which less is better
    costs[:, columns] *= -1
    found = []
    for index, cost in enumerate(costs):
        beaten = (costs <= cost).all(axis=1) & (costs < cost).any(axis=1)  # (n,)
        if not beaten.any():
            found.append(index)
    return found
