"""Runs specs in workers, some side by side, and ends each that does not end by itself."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any, Protocol

import pytest

from pytest_tinytorch.run import hardlimit, workerends, workers
from pytest_tinytorch.run.limits import Limit
from pytest_tinytorch.run.linux import Usage
from pytest_tinytorch.run.loops import Loop
from pytest_tinytorch.run.meter import CAP, Meter
from pytest_tinytorch.run.places import Frame
from pytest_tinytorch.run.workerends import Ending
from pytest_tinytorch.run.workers import Prepare, Worker, begin_worker

LOOK_SECONDS = 0.25
"""Seconds between two looks at what the workers have used."""

GATHER_SECONDS = 0.005
"""Seconds in which workers are not listened to: to wake up for each spec takes longer than most specs."""

ANSWER_SECONDS = 1.0
"""Seconds that a worker has to tell where it is, before it is killed."""

SHORT_SECONDS = 0.2
"""CPU time after which a spec is looked at, once another was in a loop that no exception ends."""

GRACE_SECONDS = hardlimit.GRACE_SECONDS + 2.0
"""CPU time, or waiting, beyond the limit: a worker ends the spec itself if it can, or the system does."""


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

    def limit(self, item: pytest.Item) -> Limit | None:
        """The limit of a spec, if it has one."""


class Watched:
    """What a worker has used for the spec that it runs, and how long it was stopped meanwhile."""

    def __init__(self, usage: Usage, wall: float) -> None:
        self.meter = Meter(usage.clocks(wall), LOOK_SECONDS)
        self.stopped = 0.0
        self.asked = False  # where it is, since an earlier spec was in a loop inside C

    def look(self, usage: Usage, wall: float) -> None:
        """Take note of what was used since the last look. While a process is stopped, it does not wait."""
        now = usage.clocks(wall)
        if usage.stopped:
            self.stopped += min(wall - self.meter.last.wall, CAP * LOOK_SECONDS)
            self.meter.last = now
        else:
            self.meter.read(now)


@dataclass
class Pool:
    """Runs groups of specs, each group in a worker of its own.

    Args:
        listener: is told what happens.
        prepare: called in each worker, before it runs anything.
        count: how many workers run side by side.
        clock: seconds that go by.
        loops: what the Runner knows of loops; each worker begins with that, and adds to it.
        apart: whether no fixture outlasts a spec.
        beat: called at least at each look.
    Attributes:
        hard_loops: where specs were that nothing but the end of their worker has stopped.
    """

    listener: Listener
    prepare: Prepare
    count: int = 1
    clock: Callable[[], float] = time.monotonic
    loops: list[Loop] = field(default_factory=list)
    apart: bool = False
    beat: Callable[[], None] = lambda: None
    workers: list[Worker] = field(default_factory=list, init=False)
    watched: dict[int, Watched] = field(default_factory=dict, init=False)
    hard_loops: list[tuple[Frame, str]] = field(default_factory=list, init=False)

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
                self.beat()
        finally:
            for worker in self.workers:
                worker.end()
            self.workers.clear()

    def slowest(self) -> tuple[pytest.Item, float, float] | None:
        """The spec that is nearest to its limit: the CPU time that it has used, and the limit, in seconds."""
        found = [
            (worker.items[0], self._watched(worker).meter.cpu, limit.cpu)
            for worker in self.workers
            if worker.running and (limit := self.listener.limit(worker.items[0])) is not None
        ]
        return max(found, key=lambda one: one[1] / one[2], default=None)

    def place_of(self, item: pytest.Item) -> list[Frame]:
        """Where a spec is that runs now, the outermost place first; nothing if that cannot be told."""
        worker = self.worker_of(item)
        return worker.frames() if worker and worker.tell_place(ANSWER_SECONDS) else []

    def worker_of(self, item: pytest.Item) -> Worker | None:
        """The worker that a spec runs in now, if it does."""
        return next((w for w in self.workers if w.running and w.items[0] is item), None)

    def begin(self, items: list[pytest.Item]) -> None:
        """Begin a worker for these specs."""
        self.workers.append(begin_worker(items, self.prepare, self.loops, self.apart))

    def _ready(self) -> list[Worker]:
        """The workers that have something to tell, or have ended."""
        time.sleep(GATHER_SECONDS)
        ready = set(wait([x for w in self.workers for x in (w.connection, w.handle)], LOOK_SECONDS))
        return [w for w in self.workers if w.connection in ready or w.handle in ready]

    def _receive(self, worker: Worker) -> bool:
        """Take all that a worker tells, and its end; says whether to go on."""
        ended = bool(wait([worker.handle], 0))
        while (message := worker.receive()) is not None:
            if not self._take(worker, *message):
                return False
        if not ended or worker not in self.workers:  # what it told has ended it already
            return True
        return self._replace(worker, workerends.of_code(worker.end()))

    def _take(self, worker: Worker, kind: str, data: Any) -> bool:
        """Take one message; says whether to go on."""
        listener = self.listener
        if kind == workers.WARNING:  # also after the last spec has ended
            listener.warned(data)
            return True
        if not worker.items:
            return True  # nothing is left that it could tell of
        item = worker.items[0]
        if kind == workers.STARTED:
            worker.running, worker.since = True, self.clock()
            self.watched.pop(worker.process, None)
            listener.started(item)
        elif kind == workers.REPORT:
            return listener.reported(workers.report_from(data, item.config))
        elif kind == workers.FINISHED:
            worker.running = False
            del worker.items[0]
            self.loops += [loop for loop in (Loop(**x) for x in data) if loop not in self.loops]
            listener.finished(item)
        elif kind == workers.FAILED:
            return self._replace(worker, workerends.of_failure(data))
        return True

    def _watched(self, worker: Worker) -> Watched:
        """What a worker has used for its spec, since somebody first looked."""
        if worker.process not in self.watched:
            self.watched[worker.process] = Watched(worker.usage(), self.clock())
        return self.watched[worker.process]

    def _within_limits(self, worker: Worker) -> bool:
        """End a worker whose spec has used more than it may; says whether to go on."""
        if not worker.running or worker not in self.workers:
            return True
        now = self.clock()
        if now - worker.since < LOOK_SECONDS:
            return True  # most specs end before anybody has looked
        watched = self._watched(worker)
        if now - watched.meter.last.wall < LOOK_SECONDS:
            return True
        watched.look(worker.usage(), now)
        meter, limit = watched.meter, self.listener.limit(worker.items[0])
        if limit is None:
            return True
        if meter.cpu > limit.cpu + GRACE_SECONDS:
            return self._replace(worker, workerends.of_loop(limit.cpu))
        if meter.waiting > limit.waiting + GRACE_SECONDS:
            return self._replace(worker, workerends.of_waiting(limit.waiting))
        if watched.stopped > limit.waiting + GRACE_SECONDS:
            return self._replace(worker, workerends.of_stop(watched.stopped))
        return self._outside_hard_loops(worker, watched)

    def _outside_hard_loops(self, worker: Worker, watched: Watched) -> bool:
        """End a worker that is soon where an earlier one would not stop; says whether to go on."""
        if not self.hard_loops or watched.asked or watched.meter.cpu < SHORT_SECONDS:
            return True
        watched.asked = True
        worker.tell_place(ANSWER_SECONDS)
        here = innermost(worker.frames())
        nodeid = next((nodeid for frame, nodeid in self.hard_loops if frame == here), None)
        return nodeid is None or self._replace(worker, workerends.of_same_cause(nodeid))

    def _replace(self, worker: Worker, ending: Ending) -> bool:
        """End a worker, tell of the spec that it ran, and let another one go on with the rest."""
        if worker.code is None:
            worker.tell_place(ANSWER_SECONDS)
        worker.end()
        self.workers.remove(worker)
        self.watched.pop(worker.process, None)
        if not worker.items:
            return True
        item, *rest = worker.items
        if not worker.running:
            self.listener.started(item)
        frames = worker.frames()
        if ending.unstoppable and (place := innermost(frames)):
            self.hard_loops.append((place, item.nodeid))
        go_on = self.listener.died(item, ending, frames)
        self.listener.finished(item)
        if rest and go_on:
            self.begin(rest)
        return go_on


def innermost(frames: Sequence[Frame]) -> Frame | None:
    """Where code under test is, if anywhere: a worker that ends itself tells where it does that, too."""
    here = Path(__file__).parent
    return next((frame for frame in reversed(frames) if frame.file.parent != here), None)
