"""19 · benchmarking: the exercises, written from docstrings by someone who had not seen the worked solution."""

import math


def middle_of(numbers: Iterable[float]) -> float:
    ordered = sorted(float(number) for number in numbers)
    half, odd = divmod(len(ordered), 2)
    return ordered[half] if odd else (ordered[half - 1] + ordered[half]) / 2


def mad(samples: Sequence[float] | Array) -> float:
    if len(samples) == 0:
        raise ValueError("without samples there is no deviation")
    center = middle_of(samples)
    return middle_of(abs(float(sample) - center) for sample in samples)


class BenchmarkResult:
    def outliers(self) -> tuple[float, ...]:
        bound = OUTLIER * NORMAL_SPREAD * self.mad
        center = self.median
        far = []
        for sample in self.samples:
            if abs(sample - center) > bound:
                far.append(sample)
        return tuple(far)


def seconds_of(function: Callable[..., object], clock: Callable[[], float], *args: Any) -> float:
    began = clock()
    function(*args)
    ended = clock()
    if not (math.isfinite(began) and math.isfinite(ended)):
        raise ValueError(f"the clock gave {began} and then {ended}, which are no times")
    if ended < began:
        raise ValueError(f"the clock went backwards, from {began} to {ended}")
    return ended - began


def check_measured(samples: Iterable[float], name: str) -> None:
    if not any(sample != 0 for sample in samples):
        raise ValueError(f"{name} took no time at all: the clock is too coarse for it")


def check_at_least(number: int, least: int, name: str) -> None:
    whole = isinstance(number, (int, np.integer)) and not isinstance(number, bool)
    if not whole or number < least:
        raise ValueError(f"{name} must be a whole number, {least} or more, not {number!r}")


def benchmark(
    function: Callable[..., object],
    *args: Any,
    warmup: int = 3,
    repeats: int = 20,
    clock: Callable[[], float] = time.perf_counter,
    name: str | None = None,
) -> BenchmarkResult:
    check_callable(function, "function")
    check_callable(clock, "clock")
    check_at_least(warmup, 0, "warmup")
    check_at_least(repeats, 1, "repeats")
    if name is None:
        name = str(getattr(function, "__name__", type(function).__name__))
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
    check_confidence(confidence, generator)
    check_at_least(resamples, 1, "resamples")
    if np.ndim(samples) != 1:
        raise ValueError(f"samples must be numbers, one beside the other, got {samples!r}")
    numbers = [float(sample) for sample in samples]
    if len(numbers) < 2:
        raise ValueError(f"an interval needs 2 samples or more, there are {len(numbers)}")
    for number in numbers:
        if not math.isfinite(number):
            raise ValueError(f"samples must be finite, one is {number}")
    if generator is None:
        generator = np.random.default_rng(0)
    count = len(numbers)
    medians = []
    for _ in range(resamples):
        drawn = generator.integers(count, size=count).tolist()
        medians.append(middle_of(numbers[place] for place in drawn))
    medians.sort()

    def quantile(share: float) -> float:
        place = share * (resamples - 1)
        below = math.floor(place)
        above = min(below + 1, resamples - 1)
        return medians[below] + (place - below) * (medians[above] - medians[below])

    return quantile((1 - confidence) / 2), quantile((1 + confidence) / 2)


class Comparison:
    def verdict(self) -> str:
        if self.low > 1:
            return FASTER
        if self.high < 1:
            return SLOWER
        return CANNOT_TELL


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
    functions = {"baseline": baseline, "candidate": candidate}
    for name, function in functions.items():
        check_callable(function, name)
    check_callable(clock, "clock")
    check_at_least(warmup, 0, "warmup")
    check_at_least(pairs, 2, "pairs")
    check_confidence(confidence, generator)
    for _ in range(warmup):
        baseline()
        candidate()
    times: dict[str, list[float]] = {"baseline": [], "candidate": []}
    for pair in range(pairs):
        for name in sorted(functions, reverse=pair % 2 == 1):
            taken = seconds_of(functions[name], clock)
            if taken == 0:
                raise ValueError(f"a call of {name} took no time: make it do more")
            times[name].append(taken)
    ratios = [b / c for b, c in zip(times["baseline"], times["candidate"], strict=True)]
    low, high = bootstrap_interval(ratios, confidence, generator)
    of_baseline, of_candidate = (BenchmarkResult(tuple(t), name) for name, t in times.items())
    return Comparison(of_baseline, of_candidate, middle_of(ratios), low, high)


class SingleStream:
    def run(
        self, system: Callable[[Sequence[Any]], Sequence[Any]], samples: Sequence[Any]
    ) -> BenchmarkResult:
        check_scenario(system, samples, self.clock)
        check_at_least(self.queries, 1, "queries")
        stored = list(samples)
        taken = []
        for query in range(self.queries):
            alone = [stored[query % len(stored)]]
            taken.append(seconds_of(answered, self.clock, system, alone))
        check_measured(taken, "SingleStream")
        return BenchmarkResult(tuple(taken), "SingleStream")


class Offline:
    def run(
        self, system: Callable[[Sequence[Any]], Sequence[Any]], samples: Sequence[Any]
    ) -> float:
        check_scenario(system, samples, self.clock)
        check_at_least(self.batch_size, 1, "batch_size")
        left = list(samples)
        total = len(left)
        batches = []
        while left:
            batches.append(left[: self.batch_size])
            left = left[self.batch_size :]

        def everything() -> None:
            for batch in batches:
                answered(system, batch)

        seconds = seconds_of(everything, self.clock)
        check_measured([seconds], "Offline")
        return total / seconds


def answered(
    system: Callable[[Sequence[Any]], Sequence[Any]], batch: Sequence[Any]
) -> Sequence[Any]:
    answers = system(batch)
    try:
        count = len(answers)
    except TypeError:
        raise TypeError(
            f"answers must be a list or the like, the system gave {answers!r}"
        ) from None
    if count != len(batch):
        raise ValueError(f"{len(batch)} samples were sent, {count} answers came")
    return answers


def pareto_frontier(
    points: Array | Sequence[Sequence[float]], maximize: Iterable[int] = ()
) -> list[int]:
    if isinstance(maximize, str) or not isinstance(maximize, Iterable):
        raise TypeError(f"maximize must be a list of columns, not {maximize!r}")
    more = list(maximize)
    for column in more:
        if isinstance(column, bool) or not isinstance(column, (int, np.integer)):
            raise ValueError(f"maximize: {column!r} is no column, which is a whole number")
    try:
        rows = [tuple(float(number) for number in row) for row in points]
    except (TypeError, ValueError):
        raise ValueError(
            f"points must be rows of numbers, got {np.array(points, dtype=object).shape}"
        ) from None
    width = len(rows[0]) if rows else 0
    for place, row in enumerate(rows):
        if len(row) != width:
            raise ValueError(
                f"points differ: the first has {width} numbers, number {place} has {len(row)}"
            )
        if any(math.isnan(number) for number in row):
            raise ValueError(f"points cannot be compared with NaN, which number {place} holds")
    for column in more:
        if rows and not 0 <= column < width:
            raise ValueError(f"maximize: there is no column {column}, only {width} of them")
    signs = [-1.0 if column in more else 1.0 for column in range(width)]
    costs = [tuple(s * number for s, number in zip(signs, row, strict=True)) for row in rows]
    # In this order nobody is beaten by one that comes later.
    best: list[int] = []
    for place in sorted(range(len(costs)), key=costs.__getitem__):
        for other in best:
            if costs[other] != costs[place] and all(
                a <= b for a, b in zip(costs[other], costs[place], strict=True)
            ):
                break
        else:
            best.append(place)
    return sorted(best)
