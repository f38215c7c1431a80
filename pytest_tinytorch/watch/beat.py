"""Says from time to time how far a watched run is, and which spec takes long."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from pytest_tinytorch.run.pool import Pool
from pytest_tinytorch.run.runner import group_and_law
from pytest_tinytorch.run.supervisor import Arrived
from pytest_tinytorch.watch import view
from pytest_tinytorch.watch.request import Request
from pytest_tinytorch.watch.view import Slow

BEAT_SECONDS = 5
"""Between two lines."""
LONG = 0.15
"""The share of its limit after which a spec takes long: four times what any needs on the reference."""

Send = Callable[[Mapping[str, Any]], None]


class Beat:
    """Says how far a run is.

    Args:
        total: how many specs it has.
        request: that it answers.
        send: takes messages.

    Attributes:
        pool: where specs run now, if they do.
    """

    def __init__(self, total: int, request: Request, send: Send) -> None:
        self.last = time.monotonic()
        self.total = total
        self.request = request
        self.send = send
        self.done: set[str] = set()
        self.pool: Pool | None = None

    def __call__(self) -> None:
        """Called many times a minute while workers run."""
        now = time.monotonic()
        if now - self.last >= BEAT_SECONDS:
            self.last = now
            slow = slow_spec(self.pool.slowest()) if self.pool is not None else None
            self.send(view.progress_message(self.request, len(self.done), self.total, slow))

    def counting(self, arrived: Arrived) -> Arrived:
        """The same, with the specs counted that have run."""

        def counted(report: pytest.TestReport) -> bool:
            if report.when != "setup" or not report.passed:
                self.done.add(report.nodeid)
            return arrived(report)

        return counted


def slow_spec(slowest: tuple[pytest.Item, float, float] | None) -> Slow | None:
    """The spec that is nearest to its limit, if it takes long."""
    if slowest is None or slowest[1] < LONG * slowest[2]:
        return None
    item, used, limit = slowest
    return Slow(group_and_law(item)[1] or item.name, used, limit)
