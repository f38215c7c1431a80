"""Runs specs in workers, some side by side, and ends each that does not end by itself."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import wait
from typing import Any, Protocol

import pytest

from pytest_tinytorch.run import endings, workers
from pytest_tinytorch.run.endings import Ending
from pytest_tinytorch.run.explainer import Frame
from pytest_tinytorch.run.linux import Usage
from pytest_tinytorch.run.workers import Prepare, Worker, begin_worker

LOOK_SECONDS = 0.25
"""Seconds between two looks at what the workers have used."""

ANSWER_SECONDS = 1.0
"""Seconds that a worker has to tell where it is, before it is killed."""

GRACE = 15.0
"""Seconds of CPU time, or of waiting, beyond the limit: a worker ends the spec itself if it can."""


class Limited(Protocol):
    """The limits of a spec: seconds of CPU time, and of waiting."""

    @property
    def cpu(self) -> float: ...

    @property
    def waiting(self) -> float: ...


class Listener(Protocol):
    """Who is told what happens to specs."""

    def started(self, item: pytest.Item) -> None:
        """A spec begins."""

    def reported(self, report: pytest.TestReport) -> bool:
        """A report has come; says whether to go on."""

    def warned(self, data: Sequence[Any]) -> None:
        """A warning was recorded; ``data`` as `Sender` has sent it."""

    def finished(self, item: pytest.Item) -> None:
        """A spec has ended."""

    def died(self, item: pytest.Item, ending: Ending, frames: Sequence[Frame]) -> bool:
        """The worker that ran a spec is gone, there it was last; says whether to go on."""

    def limit(self, item: pytest.Item) -> Limited:
        """The limits of a spec."""


@dataclass
class Meter:
    """What a worker has used for the spec that it runs.

    Only a tick in which this process ran, and the worker neither ran, nor waited for a core, nor was
    stopped, counts as waiting. A machine that is busy or suspended adds nothing.
    """

    before: Usage
    at: float
    cpu: float = 0.0
    waiting: float = 0.0
    stopped: float = 0.0

    def tick(self, usage: Usage, now: float) -> None:
        """Take note of what was used since the last tick; a longer pause than two counts as two."""
        seconds = min(now - self.at, 2 * LOOK_SECONDS)
        cpu, queued = usage.cpu - self.before.cpu, usage.queued - self.before.queued
        self.cpu += cpu
        if usage.stopped:
            self.stopped += seconds
        else:
            self.waiting += max(0.0, seconds - cpu - queued)
        self.before, self.at = usage, now


@dataclass
class Pool:
    """Runs groups of specs, each group in a worker of its own.

    Args:
        listener: is told what happens.
        prepare: called in each worker, before it runs anything.
        count: how many workers run side by side.
        clock: seconds that go by.
    """

    listener: Listener
    prepare: Prepare
    count: int = 1
    clock: Callable[[], float] = time.monotonic
    workers: list[Worker] = field(default_factory=list, init=False)
    meters: dict[int, Meter] = field(default_factory=dict, init=False)

    def run(self, groups: Iterable[Sequence[pytest.Item]]) -> None:
        """Run all groups, in this order, until somebody says not to go on."""
        queue = deque(list(group) for group in groups if group)
        try:
            while queue or self.workers:
                while queue and len(self.workers) < self.count:
                    self.begin(queue.popleft())
                for worker in self._ready():
                    if not self._receive(worker):
                        return
                if not all(map(self._within_limits, list(self.workers))):
                    return
        finally:
            for worker in self.workers:
                worker.end()
            self.workers.clear()

    def begin(self, items: list[pytest.Item]) -> None:
        """Begin a worker for these specs."""
        self.workers.append(begin_worker(items, self.prepare))

    def _ready(self) -> list[Worker]:
        """The workers that have something to tell, or have ended."""
        ready = set(wait([x for w in self.workers for x in (w.connection, w.handle)], LOOK_SECONDS))
        return [w for w in self.workers if w.connection in ready or w.handle in ready]

    def _receive(self, worker: Worker) -> bool:
        """Take all that a worker tells, and its end; says whether to go on."""
        ended = bool(wait([worker.handle], 0))
        while (message := worker.receive()) is not None:
            if not self._take(worker, *message):
                return False
        return not ended or self._replace(worker, endings.of_code(worker.end()))

    def _take(self, worker: Worker, kind: str, data: Any) -> bool:
        """Take one message; says whether to go on."""
        listener = self.listener
        if kind == workers.WARNING:  # also after the last spec has ended
            listener.warned(data)
            return True
        item = worker.items[0]
        if kind == workers.STARTED:
            worker.running = True
            self.meters[worker.process] = Meter(worker.usage(), self.clock())
            listener.started(item)
        elif kind == workers.REPORT:
            return listener.reported(workers.report_from(data, item.config))
        elif kind == workers.FINISHED:
            worker.running = False
            del worker.items[0]
            listener.finished(item)
        elif kind == workers.FAILED:
            return self._replace(worker, endings.of_failure(data))
        return True

    def _within_limits(self, worker: Worker) -> bool:
        """End a worker whose spec has used more than it may; says whether to go on."""
        if not worker.running or worker not in self.workers:
            return True
        meter, limit = self.meters[worker.process], self.listener.limit(worker.items[0])
        meter.tick(worker.usage(), self.clock())
        if meter.cpu > limit.cpu + GRACE:
            return self._replace(worker, endings.of_loop(meter.cpu))
        if meter.waiting > limit.waiting + GRACE:
            return self._replace(worker, endings.of_waiting(meter.waiting))
        if meter.stopped > limit.waiting + GRACE:
            return self._replace(worker, endings.of_stop(meter.stopped))
        return True

    def _replace(self, worker: Worker, ending: Ending) -> bool:
        """End a worker, tell of the spec that it ran, and let another one go on with the rest."""
        if worker.code is None:
            worker.tell_place(ANSWER_SECONDS)
        worker.end()
        self.workers.remove(worker)
        self.meters.pop(worker.process, None)
        if not worker.items:
            return True
        item, *rest = worker.items
        if not worker.running:
            self.listener.started(item)
        go_on = self.listener.died(item, ending, worker.frames())
        self.listener.finished(item)
        if rest and go_on:
            self.begin(rest)
        return go_on
