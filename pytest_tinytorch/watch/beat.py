"""Says from time to time how far a watched run is, and which spec takes long, and where."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from pytest_tinytorch.run.places import Frame, Places, Spec
from pytest_tinytorch.run.pool import LOOK_SECONDS, Pool
from pytest_tinytorch.run.reports import unit_of
from pytest_tinytorch.run.runner import group_and_law, measures_time
from pytest_tinytorch.watch import view
from pytest_tinytorch.watch.request import Request
from pytest_tinytorch.watch.view import Slow

BEAT_SECONDS = 5
"""Between two messages, unless a spec begins or ceases to take long."""
LONG = 0.15
"""The share of its limit after which a spec takes long: four times what any needs on the reference."""

Send = Callable[[Mapping[str, Any]], None]


class Beat:
    """Says how far a run is.

    Args:
        total: how many specs it has.
        request: that it answers.
        send: takes messages.
        places: tells whose code a process is in.

    Attributes:
        pool: where specs run now, if they do.
        done: node ids of the specs that have ended.
        told: the spec of which was said that it takes long.
        stayed: spec to those frames of the learner's that it was in at each look.
        lines: place to the line that it was told with, so that it does not go to and fro.
    """

    def __init__(self, total: int, request: Request, send: Send, places: Places) -> None:
        self.last = self.looked = time.monotonic()
        self.total = total
        self.request = request
        self.send = send
        self.places = places
        self.done: set[str] = set()
        self.pool: Pool | None = None
        self.told: pytest.Item | None = None
        self.stayed: dict[str, list[Frame]] = {}
        self.lines: dict[tuple[str, str], int] = {}

    def __call__(self) -> None:
        """Called many times a minute while workers run."""
        now, pool = time.monotonic(), self.pool
        if pool is None or now - self.looked < LOOK_SECONDS:
            return
        self.looked = now
        slowest = pool.slowest()
        slow = slow_spec(slowest)
        is_news = (slow is None) != (self.told is None) or self._goes_on(pool)
        if now - self.last < BEAT_SECONDS and not is_news:
            return
        self.last, self.told = now, None
        if slowest is not None and slow is not None:
            self.told = slowest[0]
            slow = self._placed(slow, pool, self.told)
        self.send(view.progress_message(self.request, len(self.done), self.total, slow))

    def _goes_on(self, pool: Pool) -> bool:
        """Whether the spec of which was said that it takes long has ended."""
        return self.told is not None and pool.worker_of(self.told) is None

    def _placed(self, slow: Slow, pool: Pool, item: pytest.Item) -> Slow:
        """The same, with the exercise that the spec is in. What measures time is not disturbed."""
        unit = unit_of(item)
        if unit is None or measures_time(item):
            return slow
        frames = self.places.learners_frames(pool.place_of(item))
        stayed = staying(self.stayed.get(item.nodeid, frames), frames)
        self.stayed[item.nodeid] = stayed
        spec = Spec(item.nodeid, unit, *group_and_law(item))
        found = self.places.place_among(spec, stayed)
        if found is None:
            return slow
        frame, exercise = found
        file = self.places.shown(frame.file)
        line = self.lines.setdefault((file, exercise), frame.line)
        return replace(slow, exercise=exercise, file=file, line=line)


def slow_spec(slowest: tuple[pytest.Item, float, float] | None) -> Slow | None:
    """The spec that is nearest to its limit, if it takes long."""
    if slowest is None or slowest[1] < LONG * slowest[2]:
        return None
    item, used, limit = slowest
    return Slow(group_and_law(item)[1] or item.name, used, limit)


def staying(before: Sequence[Frame], now: Sequence[Frame]) -> list[Frame]:
    """The frames of a look that may have been running at the one before, too.

    What a loop calls comes and goes: where a frame has gone on to another line, it calls something else now.

    Args:
        before: the outermost first.
        now: likewise.
    """
    kept = []
    for old, new in zip(before, now, strict=False):
        if (old.file, old.name) != (new.file, new.name):
            break
        kept.append(new)
        if old.line != new.line:
            break
    return kept
