"""Specs that measure time: what they conclude, and that they run alone or not at all."""

from __future__ import annotations

import multiprocessing
import sys
import time

import numpy as np
import pytest

from pytest_tinytorch.run.turns import Turns
from specs.timing import ERROR_RATE, MIN_PAIRS, Stopwatch, median_interval, speedup
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

    def __init__(self, noise=0.0, load=1.0):
        self.now = 0.0
        self.noise = np.random.default_rng(0).lognormal(0, noise, 100_000)
        self.calls = 0
        self.load = load

    def clock(self):
        return self.now

    def taking(self, seconds):
        def function():
            self.calls += 1
            self.now += seconds * self.noise[self.calls] * self.load

        return function


class TestSpeedup:
    @pytest.mark.parametrize("noise", [0.0, 0.05, 0.5])
    @pytest.mark.parametrize(("ratio", "wanted"), [(1.3, 1.2), (12, 10), (1.1, 1.2), (8, 10)])
    def test_finds_the_side_of_what_is_wanted(self, noise, ratio, wanted):
        machine = Machine(noise)
        found = speedup(machine.taking(0.01 * ratio), machine.taking(0.01), wanted, machine.clock)
        if noise < 0.5:
            assert (found.median >= wanted) == (ratio >= wanted)
        assert found.low <= found.median <= found.high
        assert found.low <= ratio * 1.5
        assert found.high >= ratio / 1.5

    def test_is_quick_where_it_is_plain(self):
        machine = Machine()
        found = speedup(machine.taking(0.1), machine.taking(0.01), 5, machine.clock)
        assert (found.pairs, found.low) == (MIN_PAIRS, pytest.approx(10))

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

    def test_repeats_what_is_short(self):
        machine = Machine()
        found = speedup(machine.taking(2e-6), machine.taking(1e-6), 1.5, machine.clock)
        assert found.median == pytest.approx(2)
        assert machine.calls > 1000 * found.pairs

    def test_an_interval_holds_the_median(self):
        draw = np.random.default_rng(0)
        missed = 0
        for _ in range(4000):
            low, high = median_interval(draw.exponential(1.0, 21))
            missed += not low <= np.log(2) <= high
        assert missed / 4000 <= ERROR_RATE * 1.5

    def test_a_spec_fails_that_is_too_slow(self):
        class Benchmark:
            def __init__(self):
                self.extra_info = {}

            def pedantic(self, function, rounds):
                function()

        benchmark = Benchmark()
        with pytest.raises(AssertionError, match="at least 3 times as fast as a nap"):
            Stopwatch(benchmark).assert_faster(
                lambda: time.sleep(0.002), lambda: time.sleep(0.003), 3, "a nap"
            )
        assert benchmark.extra_info["speedup"] < 3


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
