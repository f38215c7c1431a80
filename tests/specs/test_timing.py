"""Specs that measure time: what they conclude, and that they run alone or not at all."""

from __future__ import annotations

import multiprocessing
import signal
import sys
import time

import numpy as np
import pytest

from pytest_tinytorch.run.turns import Turns
from specs import timing
from specs.timing import ERROR_RATE, LOOKS, Stopwatch, best_clock, median_interval, speedup
from tests.support import toy

TIMED = '''

class TestSpeed:
    """speed"""

    def test_measures(self, benchmark):
        """Nothing else runs meanwhile."""
        from specs import spans
        from tinytorch.adding import add

        with spans.span("timed"):
            benchmark(add, 1, 2)
'''

UNDECIDED = '''

import os

import pytest


class TestSpeed:
    """speed"""

    def test_measures(self, benchmark):
        """It may stay undecided."""
        from tinytorch.adding import add

        benchmark(add, 1, 2)
        if os.environ.get("UNDECIDED"):
            pytest.skip("not measured: 4.9 times")
'''

MANY = '''

import pytest


class TestMany:
    """many"""

    @pytest.mark.parametrize("n", range(12))
    def test_takes_a_while(self, n):
        """It takes a while."""
        from specs import spans

        with spans.span("other"):
            pass
'''

SPANS = '''"""When specs ran."""

import time
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def span(kind):
    start = time.monotonic()
    time.sleep(0.05)
    yield
    with Path("spans.txt").open("a") as file:
        file.write(f"{kind} {start} {time.monotonic()}\\n")
'''


@pytest.fixture
def workspace(tmp_path):
    """The toy course, solved, with a spec that measures among others that take a while."""
    root = toy.build(tmp_path)
    toy.solve(root, *toy.REFERENCE)
    specs = {"specs/spans.py": SPANS.replace("\\\\", "\\")}
    for name, more in (("01_adding", TIMED), ("03_squaring", MANY)):
        specs[f"specs/test_{name}.py"] = toy.SPECS[f"specs/test_{name}.py"] + more
    toy.write(root, specs)
    toy.remake_manifest(root)
    return root


class Machine:
    """A clock, and functions that take a known time on it."""

    def __init__(self, noise=0.0, load=1.0, seed=0):
        self.now = 0.0
        self.draw = np.random.default_rng(seed)
        self.noise = noise
        self.calls = 0
        self.load = load
        self.stops = {}  # number of a call to seconds that the machine stops in it

    def clock(self):
        return self.now

    def taking(self, seconds):
        def function():
            self.calls += 1
            self.now += seconds * self.draw.lognormal(0, self.noise) * self.load
            self.now += self.stops.get(self.calls, 0)

        return function

    def found(self, ratio, wanted, seconds=0.01):
        """What is found for a baseline that takes ``ratio`` times as long."""
        return speedup(self.taking(seconds * ratio), self.taking(seconds), wanted, self.clock)


class Benchmark:
    """The fixture of pytest-benchmark, as far as a Stopwatch uses it."""

    def __init__(self):
        self.extra_info = {}

    def pedantic(self, function, rounds):
        function()


class TestSpeedup:
    @pytest.mark.parametrize("noise", [0.0, 0.05, 0.5])
    @pytest.mark.parametrize(("ratio", "wanted"), [(1.3, 1.2), (12, 10), (1.1, 1.2), (8, 10)])
    def test_finds_the_side_of_what_is_wanted(self, noise, ratio, wanted):
        found = Machine(noise).found(ratio, wanted)
        if noise < 0.5:
            assert found.decides(wanted)
        if found.decides(wanted):
            assert (found.median >= wanted) == (ratio >= wanted)
        assert found.low <= ratio <= found.high
        assert found.low <= found.median <= found.high

    @pytest.mark.parametrize("seed", range(20))
    @pytest.mark.parametrize("wanted", [5, 20])
    def test_twice_or_half_of_what_is_wanted_is_plain_at_the_first_look(self, wanted, seed):
        found = Machine(0.15, seed=seed).found(10, wanted)
        assert (found.pairs, found.decides(wanted)) == (LOOKS[0], True)

    def test_never_decides_from_few_pairs(self):
        """However long they take."""
        found = Machine().found(10, 5, seconds=100)
        assert (found.pairs, found.low) == (LOOKS[0], pytest.approx(10))
        assert LOOKS[0] >= 9

    @pytest.mark.parametrize("call", range(1, 27))
    def test_one_stop_of_the_machine_decides_nothing(self, call):
        machine = Machine(0.05)
        machine.stops[call] = 15.0
        found = machine.found(10, 5)
        assert found.median == pytest.approx(10, rel=0.1)
        assert found.high >= 5

    def test_goes_on_until_it_is_plain_or_the_time_is_up(self):
        close = Machine(0.1)
        found = close.found(10, 10.3)
        assert found.pairs > LOOKS[0]
        undecided = Machine(0.1).found(10, 10)
        assert (undecided.pairs, undecided.decides(10)) == (LOOKS[-1], False)
        slow = Machine(0.1)
        found = slow.found(10, 10, seconds=0.06)
        assert (found.pairs, found.decides(10)) == (LOOKS[1], False)
        assert slow.now > timing.MAX_SECONDS

    def test_is_not_misled_by_a_machine_that_slows_down(self):
        """All calls of one first, and then all of the other, would see a ratio that is not there."""
        machine = Machine(0.02)
        baseline, candidate = machine.taking(0.01), machine.taking(0.01)

        def slower(function):
            def call():
                machine.load *= 1.01
                function()

            return call

        found = speedup(slower(baseline), slower(candidate), 1.2, machine.clock)
        assert found.median == pytest.approx(1, abs=0.05)

    def test_each_is_the_first_of_every_second_pair(self):
        machine, names = Machine(), []

        def named(name):
            run = machine.taking(0.01)
            return lambda: names.append(name) or run()

        found = speedup(named("baseline"), named("candidate"), 2, machine.clock)
        measured = names[-2 * found.pairs :]
        assert measured[:8] == ["candidate", "baseline", "baseline", "candidate"] * 2

    def test_repeats_what_is_short(self):
        machine = Machine()
        found = machine.found(2, 1.5, seconds=1e-6)
        assert found.median == pytest.approx(2)
        assert machine.calls > 1000 * found.pairs

    def test_a_stop_does_not_make_what_is_short_look_long(self):
        machine = Machine()
        machine.stops[1] = 15.0
        found = machine.found(2, 1.5, seconds=1e-6)
        assert machine.calls > 2900 * found.pairs  # 1,000 of one and 2,000 of the other


class TestErrorRate:
    def test_an_interval_holds_the_median(self):
        draw = np.random.default_rng(0)
        missed = 0
        for _ in range(4000):
            low, high = median_interval(draw.exponential(1.0, 21), ERROR_RATE)
            missed += not low <= np.log(2) <= high
        assert missed / 4000 <= ERROR_RATE * 1.5

    def test_few_samples_tell_nothing(self):
        assert median_interval([1.0] * 7, ERROR_RATE) == (-np.inf, np.inf)
        assert median_interval([1.0] * 8, ERROR_RATE) == (1, 1)

    def test_looking_often_does_not_miss_the_median_more_often(self):
        """What is wanted is the true median, so each interval that misses it ends the measurement."""
        machine = Machine(0.3)
        found = [machine.found(10, 10) for _ in range(4000)]
        assert sum(one.decides(10) for one in found) / len(found) <= ERROR_RATE
        assert {one.pairs for one in found if not one.decides(10)} == {LOOKS[-1]}


class TestClock:
    def test_cpu_time_is_measured_where_it_is_fine(self, monkeypatch):
        ticks = iter(range(1_000_000))
        monkeypatch.setattr(timing, "resource", None)
        monkeypatch.setattr(time, "process_time", lambda: next(ticks) // 3 * 1e-6)
        assert best_clock()() < 1

    @pytest.mark.skipif(sys.platform != "linux", reason="elsewhere no timer makes it coarse")
    def test_a_timer_of_cpu_time_makes_no_clock_coarse(self):
        """Around each spec runs one. With it process_time goes on by 4 ms at once, getrusage by 1 µs."""
        before = signal.signal(signal.SIGPROF, lambda *_: None)
        signal.setitimer(signal.ITIMER_PROF, 1000)
        try:
            assert best_clock() is timing.usage_time
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
            signal.signal(signal.SIGPROF, before)

    def test_the_time_on_the_wall_where_cpu_time_goes_in_ticks(self, monkeypatch):
        """The system may claim more: Windows says 100 ns, and counts 15.6 ms."""
        ticks = iter(range(1_000_000))
        monkeypatch.setattr(timing, "resource", None)
        monkeypatch.setattr(time, "process_time", lambda: next(ticks) // 300 * 0.015625)
        assert best_clock() is time.perf_counter

    def test_a_machine_that_does_something_else_does_not_count(self):
        """Each call of the candidate waits, as it would if another process had the processor."""
        if sys.platform == "win32":
            pytest.skip("CPU time goes in ticks here")
        assert best_clock() is timing.usage_time

        def work(n):
            return lambda: sum(range(n))

        def interrupted():
            time.sleep(0.05)
            sum(range(100_000))

        found = speedup(work(400_000), interrupted, 2)
        assert found.decides(2)
        assert found.median > 2


class TestAssertFaster:
    def test_a_spec_fails_that_is_too_slow(self):
        machine, benchmark = Machine(), Benchmark()
        with pytest.raises(AssertionError, match="at least 3 times as fast as a nap") as caught:
            Stopwatch(benchmark, machine.clock).assert_faster(
                machine.taking(0.02), machine.taking(0.03), 3, "a nap"
            )
        assert caught.value.got == "1.5 times (between 1.5 and 1.5, 11 pairs)"
        assert benchmark.extra_info["speedup"] < 3

    def test_what_stays_undecided_is_not_measured(self):
        """A machine is no evidence about code, not even where the median falls short."""
        machine = Machine(0.1)
        with pytest.raises(pytest.skip.Exception, match=r"^not measured: ") as caught:
            Stopwatch(Benchmark(), machine.clock).assert_faster(
                machine.taking(0.01), machine.taking(0.0299), 3, "a nap"
            )
        assert "64 pairs) as fast as a nap is too close to 3" in str(caught.value)


class TestRuns:
    def test_the_timings_are_shown(self, workspace):
        run = toy.pytest_in(workspace)
        assert run.code == 0, run.output
        table = run.output.partition(" benchmark: ")[2].partition("Legend")[0].splitlines()[1:]
        assert "Median" in table[0]
        assert all(len(line) <= 80 for line in table)

    def test_with_workers_it_runs_alone(self, workspace):
        run = toy.pytest_in(workspace, "-n", "3")
        assert run.code == 0, run.output
        spans = [line.split() for line in (workspace / "spans.txt").read_text().splitlines()]
        timed = [(float(a), float(b)) for kind, a, b in spans if kind == "timed"]
        others = [(float(a), float(b)) for kind, a, b in spans if kind == "other"]
        assert len(timed) == 1
        assert len(others) == 12
        (start, end) = timed[0]
        assert not [span for span in others if span[0] < end and start < span[1]]

    @pytest.mark.parametrize("workers", [(), ("-n", "2")])
    def test_nothing_is_passed_that_was_not_measured(self, workspace, workers):
        run = toy.pytest_in(workspace, "--benchmark-disable", "--todo-ok", *workers)
        assert run.code == 1
        assert run.states["01"] == "not run"
        assert "not measured: --benchmark-disable" in run.output
        assert "1 skipped" in run.output
        assert "ERROR" not in run.output
        assert run.states["02"] == "locked"
        assert toy.pytest_in(workspace).code == 0

    @pytest.mark.parametrize("workers", [(), ("-n", "2")])
    def test_what_stays_undecided_takes_nothing_back(self, workspace, workers):
        toy.write(
            workspace, {"specs/test_01_adding.py": toy.SPECS["specs/test_01_adding.py"] + UNDECIDED}
        )
        undecided = {"UNDECIDED": "1"}
        run = toy.pytest_in(workspace, *workers, variables=undecided)
        assert (run.code, run.states["01"], run.states["02"]) == (1, "not run", "locked")
        assert "\n   not measured: 4.9 times" in run.output
        assert toy.pytest_in(workspace, *workers).code == 0
        run = toy.pytest_in(workspace, *workers, variables=undecided)
        assert (run.states["01"], run.states["02"]) == ("passed", "passed")
        assert "\n   not measured: 4.9 times" in run.output

    def test_timings_are_saved_and_compared(self, workspace):
        first = toy.pytest_in(workspace, "--checkpoint", "01", "--benchmark-autosave")
        assert "Saved benchmark data" in first.output
        again = toy.pytest_in(workspace, "--checkpoint", "01", "--benchmark-compare")
        assert again.code == 0
        assert "test_measures (NOW)" in again.output


class TestTurns:
    @pytest.mark.skipif(sys.platform == "win32", reason="needs fork")
    def test_one_that_is_alone_waits_for_all_and_lets_none_ahead(self, tmp_path):
        context = multiprocessing.get_context("fork")
        events, released = context.SimpleQueue(), context.Event()
        turns = [Turns(tmp_path) for n in range(3)]

        def work(n, alone):
            with turns[n].take(alone):
                events.put((n, "begins"))
                released.wait(10)
                events.put((n, "ends"))

        workers = [context.Process(target=work, args=(n, n == 1)) for n in range(3)]
        workers[0].start()
        seen = [events.get()]
        workers[1].start()
        time.sleep(0.5)  # until it waits for the first, with the gate shut
        workers[2].start()
        time.sleep(0.2)
        assert events.empty()
        released.set()
        for worker in workers:
            worker.join(10)
        seen += [events.get() for _ in range(5)]
        assert seen == [(n, what) for n in range(3) for what in ("begins", "ends")]

    @pytest.mark.skipif(sys.platform == "win32", reason="needs fork")
    def test_a_worker_that_dies_holds_nobody_up(self, tmp_path):
        turns = [Turns(tmp_path) for n in range(2)]
        context = multiprocessing.get_context("fork")

        def die():
            with turns[0].take(alone=True):
                time.sleep(60)

        worker = context.Process(target=die)
        worker.start()
        time.sleep(0.1)
        worker.kill()
        worker.join()
        with turns[1].take(alone=True):
            pass
