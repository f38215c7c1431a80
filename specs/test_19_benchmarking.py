"""Specs of 19 benchmarking."""

from functools import partial

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from specs.clocks import Machine
from specs.framework import lazy
from specs.laws import ask, assert_close, assert_equal, expect, raises
from specs.oracles import benchmarking as oracle
from specs.seeded import normal
from specs.strategies import seeds

mad, BenchmarkResult, benchmark_ = lazy("benchmarking", "mad", "BenchmarkResult", "benchmark")
bootstrap_interval, compare, Comparison = lazy(
    "benchmarking", "bootstrap_interval", "compare", "Comparison"
)
SingleStream, Offline, pareto_frontier = lazy(
    "benchmarking", "SingleStream", "Offline", "pareto_frontier"
)

SAMPLES = st.lists(st.floats(0, 1e6), min_size=1, max_size=12)
TIMES = st.floats(0.1, 10)


class TestSpread:
    """medians and outliers"""

    @given(SAMPLES)
    def test_mad_is_the_median_distance(self, samples):
        """mad is the median of the distances from the median."""
        assert_close(np.float64(ask(mad, samples)), np.float64(oracle.mad(samples)))

    @given(SAMPLES, st.floats(-1e3, 1e3), st.floats(0.1, 1e3))
    def test_mad_moves_as_a_spread_does(self, samples, shift, scale):
        """Adding a number to all samples changes nothing; multiplying all multiplies it."""
        moved = [scale * sample + shift for sample in samples]
        expected = np.float64(scale * oracle.mad(samples))
        assert_close(np.float64(ask(mad, moved)), expected, atol=1e-6 * scale)

    def test_no_samples_have_none(self):
        """mad of no samples raises ValueError that names samples."""
        with raises(ValueError, naming="samples"):
            ask(mad, [])

    def test_a_result_knows_its_median_and_spread(self):
        """median and mad are those of the samples; percentiles are nearest ranks."""
        result = ask(BenchmarkResult, (5.0, 1.0, 2.0, 4.0, 100.0), "work")
        assert_equal((result.median, result.mad, result.name), (4.0, 2.0, "work"))
        assert_equal((result.percentile(90), result.percentile(20)), (100.0, 1.0))

    def test_outliers_are_told_and_stay(self):
        """Samples beyond 3.5 · 1.4826 · MAD from the median are outliers, on either side."""
        usual = (9.0, 10.0, 11.0, 10.0, 9.0, 11.0)
        result = ask(BenchmarkResult, (*usual, 30.0, 0.5), "work")
        assert_equal(result.outliers, (30.0, 0.5))
        assert_equal(len(result.samples), 8)
        room = 3.5 * 1.4826
        edge = ask(BenchmarkResult, (*usual, 10 + room - 0.01, 10 - room - 0.01), "work")
        assert_equal((edge.median, edge.mad), (10.0, 1.0))
        assert_equal(edge.outliers, (10 - room - 0.01,))

    def test_without_a_spread_all_others_are_outliers(self):
        """If more than half of the samples are equal, every other one is an outlier."""
        assert_equal(ask(BenchmarkResult, (1.0, 1.0, 1.0, 1.1), "work").outliers, (1.1,))
        assert_equal(ask(BenchmarkResult, (2.0, 2.0), "work").outliers, ())


class TestBenchmark:
    """measure one function"""

    @given(st.integers(0, 4), st.integers(1, 6))
    def test_only_what_comes_after_the_warmup_counts(self, warmup, repeats):
        """The function is called warmup + repeats times, and the last of them are the samples."""
        machine = Machine(drift=-0.5)  # every call takes half as long as the last
        work = machine.taking(1.0)
        result = ask(benchmark_, work, warmup=warmup, repeats=repeats, clock=machine)
        assert_equal(len(machine.log), warmup + repeats)
        assert_equal(result.samples, tuple(0.5 ** (warmup + n) for n in range(repeats)))

    def test_calls_three_and_twenty_times_by_default(self):
        """Without options, warmup is 3 and repeats is 20."""
        calls = []
        result = ask(benchmark_, lambda: calls.append(sum(range(2000))))
        assert_equal((len(calls), len(result.samples)), (23, 20))

    def test_hands_on_arguments(self):
        """The function gets the arguments, in the warm-up and in every call that counts."""
        machine, calls = Machine(), []

        def work(*args):
            calls.append(args)
            machine.time += 1.0

        ask(benchmark_, work, 1, "x", warmup=2, repeats=np.int64(3), clock=machine)
        assert_equal(calls, [(1, "x")] * 5)

    def test_has_a_name(self):
        """Unless you give a name, a result is named after its function, or else its class."""
        machine = Machine()
        work = machine.taking(1.0)
        assert_equal(ask(benchmark_, work, clock=machine).name, "work")
        assert_equal(ask(benchmark_, work, clock=machine, name="mine").name, "mine")
        assert_equal(ask(benchmark_, partial(work), clock=machine).name, "partial")

    def test_an_error_of_the_function_is_the_callers(self):
        """An error that the function raises goes through unchanged."""

        def fails():
            raise KeyError

        with raises(KeyError):
            ask(benchmark_, fails, warmup=0)

    def test_no_time_is_no_measurement(self):
        """If the clock stands still for all calls, ValueError says so and names the function."""
        machine = Machine()
        with raises(ValueError, naming="nothing"):
            ask(benchmark_, machine.taking(0.0), clock=machine, name="nothing")
        calls = iter([0.0, 0.0, 1.0])
        some = lambda: setattr(machine, "time", machine.time + next(calls))
        result = ask(benchmark_, some, warmup=0, repeats=3, clock=machine)
        assert_equal(result.samples, (0.0, 0.0, 1.0))

    def test_a_clock_must_not_go_backwards(self):
        """A call that ends before it began raises ValueError that names the clock."""
        machine = Machine()
        with raises(ValueError, naming="clock"):
            ask(benchmark_, machine.taking(-1.0), clock=machine)

    @pytest.mark.parametrize("reading", [np.nan, np.inf])
    def test_a_clock_must_give_numbers(self, reading):
        """NaN and infinity are not times: ValueError that names the clock."""
        with raises(ValueError, naming="clock"):
            ask(benchmark_, lambda: None, clock=iter([0.0, reading] * 30).__next__)

    @pytest.mark.parametrize(
        ("keywords", "naming"),
        [
            ({"warmup": -1}, "warmup -1"),
            ({"repeats": 0}, "repeats 0"),
            ({"repeats": 1.5}, "repeats 1.5"),
            ({"repeats": True}, "repeats"),
        ],
    )
    def test_arguments_are_checked(self, keywords, naming):
        """Invalid counts raise ValueError, what is not callable TypeError; each names the argument."""
        machine = Machine()
        with raises(ValueError, naming=naming):
            ask(benchmark_, machine.taking(1.0), clock=machine, **keywords)
        with raises(TypeError, naming="function"):
            ask(benchmark_, 3)
        with raises(TypeError, naming="clock"):
            ask(benchmark_, machine.taking(1.0), clock=3)


class TestInterval:
    """how sure you can be"""

    def test_draws_every_sample(self):
        """Of two samples, medians lie at both: neither the first nor the last is left out."""
        for seed in range(5):
            got = ask(bootstrap_interval, [0.0, 1.0], 0.9, np.random.default_rng(seed))
            assert_equal(got, (0.0, 1.0))

    def test_covers_as_often_as_it_says(self):
        """Of 300 intervals of 95%, at least 90% hold the true median of the distribution."""
        for draw, truth in (
            (lambda g: g.standard_normal(25), 0.0),
            (lambda g: g.exponential(1.0, 25), np.log(2)),
        ):
            held = 0
            for seed in range(300):
                samples = draw(np.random.default_rng(seed))
                low, high = ask(bootstrap_interval, samples, 0.95, np.random.default_rng(seed), 300)
                held += low <= truth <= high
            expect(0.9 <= held / 300 <= 0.995, "between 90% and 99.5% of the intervals", held / 300)

    def test_is_wider_where_we_want_to_be_surer(self):
        """An interval of 99% holds one of 80%, and both hold the median of the samples."""
        samples = normal(0, 31)
        sure = ask(bootstrap_interval, samples, 0.99, np.random.default_rng(1))
        less = ask(bootstrap_interval, samples, 0.8, np.random.default_rng(1))
        middle = oracle.median(samples.tolist())
        ordered = sure[0] < less[0] <= middle <= less[1] < sure[1]
        expect(ordered, "one interval in the other, the median in both", f"{sure} {less} {middle}")

    def test_is_of_the_median(self):
        """One sample that is far off hardly moves the interval."""
        samples = [1.0, 1.1, 0.9, 1.0, 1.05, 0.95, 1.0, 1.02, 1e6]
        _, high = ask(bootstrap_interval, samples)
        expect(high < 2, "an interval that ends below 2", high)

    @given(st.lists(st.floats(-1e3, 1e3), min_size=2, max_size=9), seeds())
    def test_lies_within_the_samples_and_repeats(self, samples, seed):
        """The interval lies within the samples, and the same generator gives the same one."""
        first, second = (
            ask(bootstrap_interval, samples, 0.9, np.random.default_rng(seed), 50) for _ in range(2)
        )
        assert_equal(first, second)
        room = 1e-9 * (1 + max(map(abs, samples)))
        inside = min(samples) - room <= first[0] <= first[1] <= max(samples) + room
        expect(inside, "an interval within the samples", first)

    def test_repeats_without_a_generator(self):
        """Without a generator, the same samples always give the same interval."""
        samples = normal(0, 100)
        # A single median, for those of thousands lie at the same few samples in whatever way one draws.
        found = {ask(bootstrap_interval, samples, resamples=1) for _ in range(20)}
        expect(len(found) == 1, "the same interval 20 times", f"{len(found)} intervals")

    def test_draws_with_seed_0_by_default(self):
        """Without a generator, the interval is that of a generator with seed 0."""
        samples = normal(0, 100)
        seeded = ask(bootstrap_interval, samples, 0.95, np.random.default_rng(0), resamples=1)
        assert_equal(ask(bootstrap_interval, samples, resamples=1), seeded)

    @pytest.mark.parametrize("confidence", [0.2, 0.8])
    def test_lies_between_the_quantiles(self, confidence):
        """Of medians that are drawn, (1 - confidence) / 2 lie below the interval, and as many above it."""
        samples, share = np.arange(301.0), (1 - confidence) / 2
        low, high = ask(bootstrap_interval, samples, confidence, np.random.default_rng(0), 2000)
        room = 5 * np.sqrt(share * (1 - share) / 2000)  # five standard deviations of a share
        for name, end in (("low", low), ("high", 300 - high)):  # both ends are alike
            below, until = (oracle.share_of_medians(301, int(np.ceil(end)) - k) for k in (1, 0))
            fits = below <= share + room and until >= share - room
            expect(fits, f"{share:.0%} of all medians beyond {name}", f"{until:.1%}")

    def test_draws_from_the_generator_that_is_given(self):
        """Different generators draw different medians; one resample has one median, which is both ends."""
        samples = normal(0, 100)
        found = [
            ask(bootstrap_interval, samples, 0.95, np.random.default_rng(seed), 1)
            for seed in range(20)
        ]
        expect(all(low == high for low, high in found), "low and high the same", found[0])
        expect(len(set(found)) > 1, "several intervals from 20 generators", len(set(found)))

    def test_input_is_checked(self):
        """Too few samples, infinity, or an invalid confidence: ValueError that names it."""
        for bad in ([1.0], [], [[1.0, 2.0]], [[1.0, 2.0], [3.0, 4.0]]):
            with raises(ValueError, naming="samples"):
                ask(bootstrap_interval, bad)
        with raises(ValueError, naming="samples"):
            ask(bootstrap_interval, [1.0, np.inf])
        for confidence in (0, 1, 95, "high"):
            with raises(ValueError, naming="confidence"):
                ask(bootstrap_interval, [1.0, 2.0], confidence)
        with raises(TypeError, naming="generator"):
            ask(bootstrap_interval, [1.0, 2.0], 0.95, 7)
        with raises(ValueError, naming="resamples 0"):
            ask(bootstrap_interval, [1.0, 2.0], resamples=0)


def verdicts(ratio, noise, seeds, pairs=20):
    """The verdicts of many comparisons in which the candidate is ``ratio`` times as fast."""
    found = []
    for seed in seeds:
        machine = Machine(seed, noise)
        slow, fast = machine.taking(1.0), machine.taking(1.0 / ratio)
        found.append(ask(compare, slow, fast, pairs=pairs, clock=machine).verdict)
    return found


class TestComparison:
    """compare two"""

    def test_measures_real_time_unless_told(self):
        """By default, 20 pairs are measured in real time, after 3 calls of each."""
        calls = []
        work = lambda: calls.append(sum(range(1000)))
        found = ask(compare, work, work)
        assert_equal(len(calls), 2 * 23)
        expect(found.ratio > 0, "a ratio above 0", found.ratio)

    def test_takes_turns(self):
        """After the warm-up the order alternates: baseline, candidate, candidate, baseline…"""
        machine = Machine()
        a, b = machine.taking(1.0, "a"), machine.taking(1.0, "b")
        ask(compare, a, b, warmup=1, pairs=4, clock=machine)
        assert_equal("".join(machine.log[2:]), "abbaabba")
        assert_equal(sorted(machine.log[:2]), ["a", "b"])

    @given(st.floats(0.1, 10))
    def test_the_ratio_is_how_often_the_candidate_runs(self, ratio):
        """A candidate that takes 1/r of the time has ratio r, and an interval of only r."""
        machine = Machine()
        slow, fast = machine.taking(1.0), machine.taking(1.0 / ratio)
        found = ask(compare, slow, fast, pairs=4, clock=machine)
        for value in (found.ratio, found.low, found.high):
            assert_close(np.float64(value), np.float64(ratio), rtol=1e-6)
        assert_close(np.float64(found.baseline.median), np.float64(1.0), rtol=1e-6)
        assert_close(np.float64(found.candidate.median), np.float64(1 / ratio), rtol=1e-6)
        assert_equal(len(found.baseline.samples), 4)
        assert_equal((found.baseline.name, found.candidate.name), ("baseline", "candidate"))

    @given(st.lists(st.tuples(TIMES, TIMES), min_size=2, max_size=8))
    @example([(1.0, 1.0), (2.0, 1.0), (3.0, 6.0), (4.0, 1.0), (10.0, 2.0)])
    @example([(1.0, 1.0), (1.1, 1.0), (1.2, 1.0), (50.0, 1.0)])
    def test_the_ratio_is_the_median_over_all_pairs(self, pairs):
        """The ratio is the median of baseline / candidate over all pairs."""
        machine = Machine()
        slow, fast = (machine.scripted(*times) for times in zip(*pairs, strict=True))
        found = ask(compare, slow, fast, warmup=0, pairs=len(pairs), clock=machine)
        expected = oracle.median([before / after for before, after in pairs])
        assert_close(np.float64(found.ratio), np.float64(expected), rtol=1e-6)
        for result, times in zip(
            (found.baseline, found.candidate), zip(*pairs, strict=True), strict=True
        ):
            assert_close(np.array(result.samples), np.array(times), rtol=1e-6)

    def test_the_interval_is_as_sure_as_was_asked_for(self):
        """For the same times, an interval of 99% is wider than one of 50%."""
        widths = []
        for confidence in (0.5, 0.99):
            machine = Machine(0, noise=0.1)
            work = machine.taking(1.0)
            found = ask(compare, work, work, confidence=confidence, clock=machine)
            expect(found.low <= found.ratio <= found.high, "the ratio inside", found)
            widths.append(found.high - found.low)
        expect(widths[1] > widths[0] > 0, "the surer one wider", widths)

    def test_the_interval_is_drawn_from_the_generator_that_is_given(self):
        """A given generator is the one that draws, and equal ones repeat the result."""
        found, generators = [], [np.random.default_rng(5) for _ in range(3)]
        for generator in generators[:2]:
            machine = Machine(0, noise=0.1)
            work = machine.taking(1.0)
            found.append(ask(compare, work, work, clock=machine, generator=generator))
        assert_equal(found[0], found[1])
        untouched = generators[2].integers(0, 2**62)
        drawn = generators[0].integers(0, 2**62)
        expect(drawn != untouched, "a generator that was drawn from", "one that nobody used")

    def test_a_machine_that_slows_down_favors_nobody(self):
        """If every call takes 3% longer than the last, two equal functions still have ratio 1."""
        machine = Machine(drift=0.03)
        found = ask(compare, machine.taking(1.0), machine.taking(1.0), pairs=20, clock=machine)
        assert_close(np.float64(found.ratio), np.float64(1.0), atol=0.01)
        expect(found.low <= 1 <= found.high, "an interval with 1 in it", (found.low, found.high))

    def test_pairs_are_kept_together(self):
        """If the load of the machine changes tenfold between pairs, a difference of 10% is still found."""
        machine = Machine()
        load = iter([1.0, 10.0] * 100)
        scale = {"now": 1.0, "calls": 0}

        def taking(seconds):
            def work():
                if scale["calls"] % 2 == 0:
                    scale["now"] = next(load)
                scale["calls"] += 1
                machine.time += seconds * scale["now"]

            return work

        found = ask(compare, taking(1.1), taking(1.0), warmup=0, pairs=20, clock=machine)
        assert_equal(found.verdict, "faster")
        assert_close(np.float64(found.ratio), np.float64(1.1), rtol=1e-6)

    @pytest.mark.parametrize(
        ("low", "high", "verdict"),
        [
            (1.01, 1.2, "faster"),
            (0.8, 0.99, "slower"),
            (0.9, 1.1, "cannot tell"),
            (1.0, 1.2, "cannot tell"),
            (0.8, 1.0, "cannot tell"),
        ],
    )
    def test_the_verdict_needs_all_of_the_interval(self, low, high, verdict):
        """Faster if the whole interval is above 1, slower if it is below, otherwise it cannot tell."""
        result = ask(BenchmarkResult, (1.0, 1.0), "work")
        assert_equal(ask(Comparison, result, result, 1.0, low, high).verdict, verdict)

    def test_of_the_same_thing_twice_cannot_tell(self):
        """Under 5% noise, at least 90% of 200 comparisons of equals cannot tell."""
        share = verdicts(1.0, 0.05, range(200)).count("cannot tell") / 200
        expect(share >= 0.9, "at least 90% 'cannot tell'", share)

    def test_finds_a_tenth(self):
        """Under 5% noise, a difference of 10% is found in at least 95% of 100 comparisons."""
        for ratio, verdict in ((1.1, "faster"), (1 / 1.1, "slower")):
            share = verdicts(ratio, 0.05, range(100)).count(verdict) / 100
            expect(share >= 0.95, f"at least 95% {verdict!r}", share)

    def test_input_is_checked(self):
        """Invalid counts and clocks, and what is not callable, raise errors that name them."""
        machine = Machine()
        work = machine.taking(1.0)
        for keywords, naming in (({"pairs": 1}, "pairs 1"), ({"warmup": -1}, "warmup -1")):
            with raises(ValueError, naming=naming):
                ask(compare, work, work, clock=machine, **keywords)
        with raises(TypeError, naming="baseline"):
            ask(compare, None, work)
        with raises(TypeError, naming="candidate"):
            ask(compare, work, None)
        with raises(TypeError, naming="clock"):
            ask(compare, work, work, clock=None)
        with raises(ValueError, naming="candidate"):
            ask(compare, work, machine.taking(0.0), clock=machine)
        with raises(ValueError, naming="candidate"):
            ask(compare, work, machine.scripted(1, 0, 1), warmup=0, pairs=3, clock=machine)
        with raises(ValueError, naming="clock"):
            ask(compare, machine.taking(-1.0), work, clock=machine)

    @pytest.mark.parametrize(
        ("keywords", "error"),
        [({"confidence": 95}, ValueError), ({"generator": 7}, TypeError)],
    )
    def test_what_is_wrong_is_said_before_measuring(self, keywords, error):
        """An invalid confidence or generator raises an error that names it, before anything is called."""
        machine = Machine()
        work = machine.taking(1.0)
        name = next(iter(keywords))
        with raises(error, naming=name):
            ask(compare, work, work, clock=machine, **keywords)
        assert_equal(machine.log, [])


def system(machine, seconds, seen):
    """Answers each sample with its double, after ``seconds`` for a batch and 1 for each sample."""

    def answer(batch):
        seen.append(list(batch))
        machine.time += seconds + len(batch)
        return [2 * sample for sample in batch]

    return answer


class TestScenarios:
    """MLPerf's scenarios"""

    def test_single_stream_sends_one_after_the_other(self):
        """Each query sends one sample, starting over if they run out; its time is a result."""
        machine, seen = Machine(), []
        scenario = ask(SingleStream, queries=5, clock=machine)
        result = ask(scenario.run, system(machine, 2.0, seen), [7, 8, 9])
        assert_equal(seen, [[7], [8], [9], [7], [8]])
        assert_equal(result.samples, (3.0,) * 5)
        assert_equal(result.percentile(90), 3.0)
        single = ask(ask(SingleStream, queries=1, clock=machine).run, system(machine, 2.0, []), [7])
        assert_equal(single.samples, (3.0,))

    def test_single_stream_tells_each_latency(self):
        """The times of slow and fast queries stay separate, so that percentiles show both."""
        machine = Machine()

        def answer(batch):
            machine.time += batch[0]
            return batch

        result = ask(ask(SingleStream, queries=5, clock=machine).run, answer, [7.0, 1.0, 9.0])
        assert_equal(result.samples, (7.0, 1.0, 9.0, 7.0, 1.0))
        assert_equal((result.percentile(50), result.percentile(90)), (7.0, 9.0))

    @given(st.integers(1, 9), st.integers(1, 9))
    def test_offline_counts_samples_by_all_of_the_time(self, count, batch_size):
        """All samples are sent once, in order, in batches; the metric is samples per second."""
        machine, seen = Machine(), []
        scenario = ask(Offline, batch_size=batch_size, clock=machine)
        got = ask(scenario.run, system(machine, 2.0, seen), list(range(count)))
        assert_equal([sample for batch in seen for sample in batch], list(range(count)))
        sizes = [len(batch) for batch in seen]
        expect(set(sizes[:-1]) <= {batch_size} and sizes[-1] <= batch_size, "full batches", sizes)
        assert_close(np.float64(got), np.float64(count / (2.0 * len(seen) + count)))

    def test_every_sample_must_be_answered(self):
        """Fewer or more answers than samples raise ValueError with both numbers; None raises TypeError."""
        machine = Machine()

        def giving(answers):
            def system(batch):
                machine.time += 1.0
                return answers(batch)

            return system

        fewer, more = giving(lambda batch: batch[1:]), giving(lambda batch: [*batch, 0])
        for scenario, asked in ((SingleStream, 1), (Offline, 2)):
            run = ask(scenario, clock=machine).run
            with raises(ValueError, naming=f"{asked - 1} {asked}"):
                ask(run, fewer, [1, 2])
            with raises(ValueError, naming=f"{asked + 1} {asked}"):
                ask(run, more, [1, 2])
            with raises(TypeError):
                ask(run, giving(lambda batch: None), [1, 2])

    def test_input_is_checked(self):
        """No samples, sizes below 1, and a clock that stands still raise ValueError that names them."""
        machine = Machine()
        answer = system(machine, 1.0, [])
        for scenario in (SingleStream, Offline):
            with raises(ValueError, naming="samples"):
                ask(ask(scenario, clock=machine).run, answer, [])
            with raises(ValueError):
                ask(ask(scenario, clock=lambda: 0.0).run, answer, [1])
            with raises(TypeError, naming="system"):
                ask(ask(scenario, clock=machine).run, 3, [1])
            with raises(TypeError, naming="clock"):
                ask(ask(scenario, clock=3).run, answer, [1])
            with raises(TypeError, naming="samples"):
                ask(ask(scenario, clock=machine).run, answer, iter([1]))
        with raises(ValueError, naming="queries 0"):
            ask(ask(SingleStream, queries=0).run, answer, [1])
        with raises(ValueError, naming="batch_size 0"):
            ask(ask(Offline, batch_size=0).run, answer, [1])


POINTS = st.integers(1, 3).flatmap(
    lambda d: st.tuples(
        st.lists(st.tuples(*[st.integers(0, 4)] * d), max_size=9),
        st.sets(st.integers(0, d - 1)),
    )
)


class TestPareto:
    """Pareto frontiers"""

    @given(POINTS)
    def test_is_what_comparing_all_with_all_leaves(self, drawn):
        """It has exactly the points that no other beats; of equal points, all or none."""
        points, maximize = drawn
        shaped = np.array(points, float).reshape(len(points), -1 if points else 1)
        columns = [c for c in maximize if c < shaped.shape[1]]
        assert_equal(ask(pareto_frontier, shaped, columns), oracle.frontier(points, maximize))

    @given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=9))
    def test_is_there_and_repeats(self, points):
        """There is always at least one point, and the frontier of a frontier is itself."""
        found = ask(pareto_frontier, points, [1])
        expect(found, "at least one point", found)
        again = ask(pareto_frontier, [points[i] for i in found], [1])
        assert_equal(again, list(range(len(found))))

    def test_more_can_be_better(self):
        """A maximized column counts the other way around."""
        points = [(1.0, 5.0), (2.0, 9.0), (3.0, 7.0)]
        assert_equal(ask(pareto_frontier, points), [0])
        assert_equal(ask(pareto_frontier, points, maximize=[1]), [0, 1])
        assert_equal(ask(pareto_frontier, points, maximize=[0, 1]), [1, 2])
        assert_equal(ask(pareto_frontier, points, maximize=iter([0, 1])), [1, 2])

    def test_input_stays_and_is_checked(self):
        """points stay unchanged; NaN, one dimension, or a column that does not exist raises ValueError."""
        points = np.array([[1.0, 2.0], [2.0, 1.0]])
        ask(pareto_frontier, points, [0])
        assert_equal(points, np.array([[1.0, 2.0], [2.0, 1.0]]))
        with raises(ValueError):
            ask(pareto_frontier, [[np.nan, 1.0]])
        for bad in ([1.0, 2.0], np.zeros((1, 1, 1)), [[1.0, 2.0], [1.0]], [["fast", "small"]]):
            with raises(ValueError):
                ask(pareto_frontier, bad)
        for column in (2, -1, 0.5, "accuracy"):
            with raises(ValueError, naming="maximize"):
                ask(pareto_frontier, points, [column])
        with raises(TypeError, naming="maximize"):
            ask(pareto_frontier, points, 1)
