"""What is said of ratios, and that both sides are timed in turn."""

from __future__ import annotations

import doctest
import gc
import math
import time

import pytest

from benchmarks import drawing, growth, memory, paired, table


@pytest.mark.parametrize(
    "module", [paired, table, drawing, growth, memory], ids=lambda m: m.__name__
)
def test_examples(module):
    assert doctest.testmod(module).failed == 0


@pytest.mark.parametrize("count", range(1, 60))
def test_an_interval_is_as_sure_as_it_says_and_no_wider(count):
    """The median lies outside as often as fewer values than that are on one of its sides."""
    low, high = paired.interval(range(count))
    assert high == count - 1 - low

    def outside(left_out):
        return 2 * sum(math.comb(count, k) for k in range(left_out + 1)) / 2**count

    assert outside(low) <= 0.05 or low == 0
    assert outside(low + 1) > 0.05 or low + 1 > high - 1


def test_a_ratio_is_the_median_of_ratios():
    """A machine that is slow for one pair changes nothing."""
    found = paired.ratio([(1.0, 2.0), (100.0, 200.0), (3.0, 2.0), (1.0, 2.0), (2.0, 4.0)])
    assert found.median == 0.5
    assert (found.low, found.high) == (0.5, 1.5)
    assert (found.pairs, found.ours, found.theirs) == (5, 2.0, 2.0)


def test_what_was_there_before_is_no_garbage_to_look_through():
    there: list[list[int]] = [[]]
    looked_through: list[bool] = []

    def work() -> None:
        looked_through.append(any(one is there for one in gc.get_objects()))

    paired.in_turn(work, work, 0.0, fewest=2)
    work()
    assert looked_through[0], "the first calls may make what stays"
    assert not any(looked_through[4:-1])
    assert looked_through[-1]


def test_both_sides_are_timed_in_turn():
    """Neither is always the first; after the calls that warm up. Only the given clock is read for them."""
    done, clock = [], iter(range(10**6))
    with_time = lambda name: lambda: done.append(name)
    pairs = paired.in_turn(
        with_time("ours"), with_time("theirs"), 0.0, fewest=4, clock=lambda: next(clock)
    )
    assert done[4:] == ["ours", "theirs", "theirs", "ours"] * 2
    assert pairs == [(1, 1)] * 4


def test_each_side_works_for_a_while_before_it_is_timed(monkeypatch):
    """Threads of the other side, which wait busily, are asleep by then, and its own awake."""
    seen = []
    monkeypatch.setattr(paired, "awake", lambda timed, *rest: seen.append(rest) or timed)
    ours, theirs = lambda: None, lambda: None
    paired.in_turn(ours, theirs, 0.0, fewest=2, before=0.25)
    assert seen == [(ours, 0.25), (theirs, 0.25)]
    assert (paired.seconds_before(1), paired.seconds_before(2)) == (0, paired.AWAKE)


@pytest.mark.parametrize("seconds", [0.0, 0.02])
def test_what_comes_before_is_not_timed(seconds):
    """So many seconds of work, then what is timed says how long that took."""
    done, began = [], time.perf_counter()
    timed = paired.awake(lambda: done.append("timed") or 0.5, lambda: done.append("work"), seconds)
    assert timed() == 0.5
    assert time.perf_counter() - began >= seconds
    assert done.index("timed") == len(done) - 1
    assert ("work" in done) == (seconds > 0)


def test_short_work_is_repeated():
    assert paired.calls_of(1.0) == 1
    assert paired.calls_of(paired.SHORTEST / 3) == 3
    assert paired.calls_of(0.0) > 1


def test_the_exponent_is_of_the_upper_half():
    sizes = [10, 100, 1_000, 10_000, 100_000]
    assert growth.exponent(sizes, [1, 1, 2, 20, 200]) == pytest.approx(1)
    assert growth.exponent(sizes, [n**1.5 for n in sizes]) == pytest.approx(1.5)
