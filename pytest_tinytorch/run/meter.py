"""Counts what a spec has used, from readings of clocks: CPU time, and time that it waited.

What the machine does is not counted. A process that is stopped, suspended, or kept from running by
others gains next to nothing here, however long it lasts by the clock on the wall.
"""

from __future__ import annotations

from msgspec import Struct

IDLE_SHARE = 0.01
"""Where nobody says how long a process was kept from running: below this share of CPU it waited."""

CAP = 2
"""Ticks that one reading counts for at most, however late it comes."""


class Clocks(Struct, frozen=True):
    """One reading, in seconds.

    Attributes:
        wall: the clock on the wall, from any beginning.
        cpu: CPU time of the process, all its threads together.
        queued: how long it was ready to run while others ran; None if the system does not say.
    """

    wall: float
    cpu: float
    queued: float | None = None


class Meter:
    """CPU time and waiting since ``start``, for readings that come about every ``tick`` seconds."""

    def __init__(self, start: Clocks, tick: float) -> None:
        self.start = self.last = start
        self.tick = tick
        self.waiting = 0.0

    @property
    def cpu(self) -> float:
        return self.last.cpu - self.start.cpu

    @property
    def wall(self) -> float:
        return self.last.wall - self.start.wall

    def read(self, now: Clocks) -> None:
        """Take a reading: what passed since the last was CPU time, the machine's doing, or waiting."""
        before, self.last = self.last, now
        passed = now.wall - before.wall
        cpu = now.cpu - before.cpu
        if now.queued is not None and before.queued is not None:
            idle = min(passed, CAP * self.tick) - cpu - (now.queued - before.queued)
        else:
            idle = min(passed, CAP * self.tick) if cpu < IDLE_SHARE * passed else 0.0
        self.waiting += max(0.0, idle)


def seconds(number: float) -> str:
    """A time as a person reads it.

    >>> seconds(0.04), seconds(1.0), seconds(25.13)
    ('0.04 s', '1 s', '25 s')
    """
    return f"{number:.0f} s" if number >= 10 else f"{number:.2g} s"
