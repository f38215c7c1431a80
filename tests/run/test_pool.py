"""What a pool makes of what its workers tell, with workers that are none."""

from __future__ import annotations

import os
from multiprocessing import Pipe
from pathlib import Path
from types import SimpleNamespace

import pytest

from pytest_tinytorch.run import linux, pool, workerends, workers
from pytest_tinytorch.run.limits import Limit
from pytest_tinytorch.run.linux import Usage
from pytest_tinytorch.run.places import Frame
from pytest_tinytorch.run.pool import LOOK_SECONDS, Pool

pytestmark = pytest.mark.skipif(not linux.is_here(), reason="needs forks")


class Worker:
    """A worker that has told all it will tell, and has ended."""

    def __init__(self, *messages, items=("a spec",)):
        self.messages = list(messages)
        self.items = list(items)
        self.process, self.running, self.code = 7, False, None
        self.handle, writing = os.pipe()
        os.close(
            writing
        )  # what is closed at the other end counts as ready, as a process that ended
        self.looks = 0
        self.places = []

    def receive(self):
        return self.messages.pop(0) if self.messages else None

    def usage(self):
        self.looks += 1
        return Usage()

    def frames(self):
        return self.places

    def tell_place(self, seconds):
        pass

    def end(self):
        self.code = 1
        return self.code


class Listener:
    """Remembers what it is told."""

    def __init__(self):
        self.told = []

    def started(self, item):
        self.told.append("started")

    def finished(self, item):
        self.told.append("finished")

    def died(self, item, ending, frames):
        self.told.append(f"died: {ending}")
        return True

    def limit(self, item):
        return Limit(100.0, 100.0, "set by the test")


@pytest.fixture
def clock():
    return SimpleNamespace(now=0.0)


def pool_of(worker, clock):
    made = Pool(Listener(), lambda config: None, clock=lambda: clock.now)
    made.workers.append(worker)
    return made


def test_a_worker_that_tells_of_a_failure_and_ends_at_once_dies_once(clock):
    worker = Worker((workers.STARTED, None), (workers.FAILED, "TypeError"))
    made = pool_of(worker, clock)
    assert made._receive(worker)
    assert made.workers == []
    assert made.listener.told == [
        "started",
        "died: it made pytest itself fail: TypeError",
        "finished",
    ]


def test_a_worker_that_has_told_all_dies_of_nothing(clock):
    worker = Worker((workers.STARTED, None), (workers.FINISHED, []), (workers.FINISHED, []))
    made = pool_of(worker, clock)
    assert made._receive(worker)
    assert (made.workers, made.listener.told) == ([], ["started", "finished"])


def test_a_worker_is_looked_at_no_more_often_than_said(clock):
    worker = Worker((workers.STARTED, None))
    made = pool_of(worker, clock)
    made._take(worker, *worker.receive())
    for step in range(17):
        clock.now = step * pool.LOOK_SECONDS / 8
        assert made._within_limits(worker)
        assert worker.looks == step // 8, "its spec may end before anybody looks"
    assert made.watched[worker.process].meter.last.wall == 2 * LOOK_SECONDS


def test_the_slowest_spec_is_the_one_that_is_nearest_to_its_limit(clock):
    one, other, waiting = Worker(items=["one"]), Worker(items=["other"]), Worker(items=["third"])
    made = pool_of(one, clock)
    made.workers += [other, waiting]
    for number, worker in enumerate(made.workers):
        worker.process = number
    assert made.slowest() is None, "nothing runs yet"
    limits = {"one": 100.0, "other": 10.0}
    made.listener.limit = lambda item: Limit(limits[item], 1.0, "") if item in limits else None
    for worker, cpu in ((one, 8.0), (other, 2.0), (waiting, 99.0)):
        made._take(worker, workers.STARTED, None)
        made._watched(worker).look(Usage(cpu=cpu), 0.1)
    assert made.slowest() == ("other", 2.0, 10.0)


def test_a_spec_that_is_soon_where_another_caught_every_exception_is_not_run(clock):
    """On 3.12 and newer no exception ends that loop; a worker that ends itself tells where it does that."""
    in_loop = Frame(Path("tinytorch/tensor.py"), 7, "add")
    in_kit = Frame(Path(pool.__file__).parent / "spectimer.py", 175, "end_process")
    first, second = (Worker(items=[SimpleNamespace(nodeid=name)]) for name in ("one", "other"))
    made = pool_of(first, clock)
    made._take(first, workers.STARTED, None)
    first.places, first.code = [in_loop, in_kit], workerends.UNSTOPPABLE
    made._replace(first, workerends.of_code(workerends.UNSTOPPABLE))
    made.workers.append(second)
    made._take(second, workers.STARTED, None)
    clock.now = LOOK_SECONDS
    assert made._within_limits(second)  # from here on it is measured
    clock.now, second.places = 2 * LOOK_SECONDS, [in_loop]
    second.usage = lambda: Usage(cpu=pool.SHORT_SECONDS)
    made._within_limits(second)
    assert made.listener.told[-2:] == ["died: not run: same cause as one", "finished"]


class Config:
    """Turns a report into what is sent of it."""

    def __init__(self):
        self.hook = SimpleNamespace(
            pytest_report_to_serializable=lambda config, report: vars(report)
        )


def heard(connection):
    """The kinds of messages that have come so far, in the order in which they are taken."""
    worker = workers.Worker(7, 0, connection, None, [])
    found = []
    while (message := worker.receive()) is not None:
        found.append(message[0])
    return found


def test_a_worker_tells_at_once_what_begins_and_what_failed_and_the_rest_with_that():
    receiving, sending = Pipe(duplex=False)
    sender = workers.Sender(Config(), sending, [])
    sender.pytest_runtest_logstart()
    assert heard(receiving) == [workers.STARTED]
    sender.pytest_runtest_logreport(SimpleNamespace(passed=True))
    sender.pytest_runtest_logfinish()
    assert heard(receiving) == []
    sender.pytest_runtest_logstart()
    assert heard(receiving) == [workers.REPORT, workers.FINISHED, workers.STARTED]
    sender.pytest_runtest_logreport(SimpleNamespace(passed=False))
    assert heard(receiving) == [workers.REPORT]


def test_nothing_is_heard_of_a_worker_that_has_been_ended():
    receiving, sending = Pipe(duplex=False)
    sending.send_bytes(b'["started", null]\n["finished", []]')
    worker = workers.Worker(7, 0, receiving, None, [])
    assert worker.receive() == (workers.STARTED, None)
    receiving.close()
    assert worker.receive() is None
