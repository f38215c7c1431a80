"""What a spec used is counted, and what the machine did is not: pure, with clocks that stand still."""

from __future__ import annotations

import pytest

from pytest_tinytorch.run.meter import Clocks, Meter

TICK = 0.25
HOUR = 3600.0


def metered(*readings, queued=True):
    """A meter after readings of (wall, cpu, queued) since the one before."""
    wall = cpu = waited = 0.0
    meter = Meter(Clocks(wall, cpu, waited if queued else None), TICK)
    for passed, used, ready in readings:
        wall, cpu, waited = wall + passed, cpu + used, waited + ready
        meter.read(Clocks(wall, cpu, waited if queued else None))
    return meter


@pytest.mark.parametrize("queued", [True, False])
def test_computing_is_cpu_time_and_no_waiting(queued):
    meter = metered(*[(TICK, TICK, 0)] * 8, queued=queued)
    assert (meter.cpu, meter.waiting, meter.wall) == (2.0, 0.0, 2.0)


@pytest.mark.parametrize("queued", [True, False])
def test_sleeping_is_waiting(queued):
    assert metered(*[(TICK, 0, 0)] * 8, queued=queued).waiting == 2.0


@pytest.mark.parametrize("queued", [True, False])
def test_a_stop_of_an_hour_is_two_ticks_at_most(queued):
    meter = metered((TICK, TICK, 0), (HOUR, 0, 0), (TICK, TICK, 0), queued=queued)
    assert meter.waiting <= 2 * TICK
    assert meter.cpu == 2 * TICK


def test_a_busy_machine_is_no_waiting():
    """One in twenty runs, late or in time."""
    assert metered(*[(TICK, TICK / 20, TICK * 19 / 20)] * 100).waiting == pytest.approx(0)
    assert metered(*[(20 * TICK, TICK, 19 * TICK)] * 100).waiting == 0


def test_where_nobody_counts_the_queue_a_little_cpu_time_is_enough():
    assert metered(*[(TICK, TICK / 50, 0)] * 100, queued=False).waiting == 0
    assert metered(*[(TICK, TICK / 200, 0)] * 100, queued=False).waiting == 25


def test_threads_that_compute_do_not_make_up_for_time_that_was_waited():
    assert metered((TICK, 4 * TICK, 0), (TICK, 0, 0)).waiting == TICK
