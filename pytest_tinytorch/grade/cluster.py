"""Submissions on a Dask cluster: each is given to one worker, and to another one if that is lost."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from time import monotonic, sleep
from typing import TYPE_CHECKING
from uuid import uuid4

import msgspec

from pytest_tinytorch.grade.attempt import key_of
from pytest_tinytorch.grade.grades import Ending, Grade
from pytest_tinytorch.grade.jobs import Job, Result
from pytest_tinytorch.grade.kit import judges
from pytest_tinytorch.grade.pool import Work, failed
from pytest_tinytorch.grade.remote import Order, Reply, grade_on_worker
from pytest_tinytorch.grade.submissions import Submission
from pytest_tinytorch.grade.taking import Taken

if TYPE_CHECKING:
    from distributed import Client, Future

TRIES = 2
"""How many workers a submission is given to, if the first is lost or fails."""
CONNECT, PATIENCE, LOOK = 15.0, 60.0, 1.0
"""Seconds: until a scheduler has answered, until there is a worker, and between two looks at the workers."""
INSTALL = 'install it: `python -m pip install "pytest-tinytorch[grade]"`, here and for each worker'


class ClusterError(ValueError):
    """The cluster cannot be used; the message says why."""


@dataclass(frozen=True)
class Turn:
    """A submission that is to be graded somewhere.

    Attributes:
        submission: the one.
        read: gives what is graded of it; only what runs is in memory.
        worker: the one that has it now.
        key: that its grade must have.
        tries: how often it can still be given to a worker.
        tried: the workers that gave no grade.
        failure: the result if no other worker can be asked.
    """

    submission: Submission
    read: Callable[[], Taken]
    worker: str = ""
    key: str = ""
    tries: int = TRIES
    tried: tuple[str, ...] = ()
    failure: Result = field(default_factory=lambda: Result(Grade(Ending.VOID)))


def grade_many(
    todo: Sequence[Work],
    job: Job,
    address: str,
    jobs: int | None,
    say: Callable[[str], None],
) -> Iterator[tuple[Submission, Result]]:
    """Run submissions on a cluster; gives each as it ends. What still runs at an error is ended.

    Args:
        todo: what to run.
        job: what is the same for all. Its folder is not used: each worker has its own.
        address: of the scheduler.
        jobs: how many at a time; None for one on each thread of the workers.
        say: told of each worker that is refused or lost.

    Raises:
        ClusterError: there is no such cluster, or no worker is left that can be used.
    """
    if not todo:
        return
    with connected(address) as client:
        cluster = Cluster(client, todo, job, jobs, say)
        try:
            yield from cluster.results()
        except OSError as error:
            kept = "what was graded is kept, so run the same command again when it is back"
            raise ClusterError(f"the scheduler at {address} is gone: {kept}") from error
        finally:
            cluster.stop()


@contextmanager
def connected(address: str) -> Iterator[Client]:
    """A connection to a scheduler. Dask's own configuration says which certificates it uses."""
    try:
        from distributed import Client
    except ImportError:
        raise ClusterError(f"--scheduler needs the package distributed: {INSTALL}") from None
    try:
        client = Client(address, timeout=CONNECT)
    except (
        OSError,
        TypeError,
        ValueError,
        RuntimeError,
    ) as error:  # three of them for certificates
        raise ClusterError(f"no scheduler of Dask answers at {address}: {error}") from error
    with client:
        yield client


class Cluster:
    """The workers of a cluster, and what each is running.

    Dask itself would try a task of a lost worker again, up to three times and anywhere. So each task is
    pinned to a worker here, and no worker gets more than it has threads.

    Args:
        client: the connection.
        todo: what to run.
        job: what is the same for all submissions.
        jobs: how many run at a time; None for as many as the workers have threads.
        say: told of each worker that is refused or lost.
    """

    def __init__(
        self,
        client: Client,
        todo: Sequence[Work],
        job: Job,
        jobs: int | None,
        say: Callable[[str], None],
    ) -> None:
        kit = replace(job.kit, solution={})  # a run does without it, and others need not see it
        box = job.sandbox
        order = Order(kit, judges(), box.kind, box.image, job.variables, job.seed)
        self.client, self.job, self.jobs, self.say = client, job, jobs, say
        self.order = client.submit(bytes, msgspec.msgpack.encode(order))
        self.waiting = deque(Turn(submission, read) for submission, read in todo)
        self.running: dict[Future[bytes], Turn] = {}
        self.proved: set[str] = set()
        self.refused: dict[str, str] = {}
        self.seen = monotonic()

    def results(self) -> Iterator[tuple[Submission, Result]]:
        """The results of all submissions, as they come."""
        while self.waiting or self.running:
            threads = self.threads()
            self.take_back(threads.keys())
            self.hand_out(threads)
            yield from self.hopeless(threads.keys())
            if self.running:
                yield from self.ended()
            elif self.waiting:
                sleep(LOOK)

    def threads(self) -> Mapping[str, int]:
        """The workers that can be used, and how many threads each has."""
        found = {a: n for a, n in self.client.nthreads().items() if a not in self.refused}
        if found:
            self.seen = monotonic()
        elif self.refused and not self.proved:
            name, why = next(iter(self.refused.items()))
            raise ClusterError(f"no worker can be used; {name}: {why}")
        elif monotonic() - self.seen > PATIENCE:
            raise ClusterError(
                f"there has been no worker for {PATIENCE:.0f} seconds: start some. What was graded is kept"
            )
        return found

    def take_back(self, workers: Set[str]) -> None:
        """Take back what lost workers had."""
        for future, turn in list(self.running.items()):
            if turn.worker not in workers and not future.done():
                del self.running[future]
                future.cancel()
                self.lose(turn)

    def lose(self, turn: Turn) -> None:
        """Let another worker grade a submission whose worker is lost."""
        self.say(f"{turn.worker} is lost; it had {turn.submission.id}")
        why = "the worker that graded it was lost"
        self.again(turn, Result(Grade(Ending.VOID, reason=why)))

    def again(self, turn: Turn, failure: Result) -> None:
        """Let another worker grade a submission, if one can be asked."""
        tried = (*turn.tried, turn.worker)
        self.waiting.appendleft(replace(turn, tries=turn.tries - 1, tried=tried, failure=failure))

    def hopeless(self, workers: Set[str]) -> Iterator[tuple[Submission, Result]]:
        """The results of what gave no grade, and none of the workers that are there can be asked any more."""
        for turn in list(self.waiting):
            if turn.tries == 0 or (workers and workers <= {*turn.tried}):
                self.waiting.remove(turn)
                yield turn.submission, turn.failure

    def hand_out(self, threads: Mapping[str, int]) -> None:
        """Give each free thread a submission."""
        busy = Counter(turn.worker for turn in self.running.values())
        free = sorted((n, name) for name, most in threads.items() for n in range(busy[name], most))
        room = len(free) if self.jobs is None else max(0, self.jobs - len(self.running))
        for _, worker in free[:room]:
            left = (turn for turn in self.waiting if turn.tries and worker not in turn.tried)
            if (turn := next(left, None)) is not None:
                self.waiting.remove(turn)
                self.start(replace(turn, worker=worker))

    def start(self, turn: Turn) -> None:
        """Give a submission to its worker, and to no other."""
        try:
            taken = turn.read()
        except Exception as error:  # whatever is the matter with one, the others are graded
            self.waiting.append(replace(turn, tries=0, failure=failed(error)))
            return
        task = f"grade-{uuid4().hex}"
        future = self.client.submit(
            grade_on_worker,
            self.order,
            msgspec.msgpack.encode(taken),
            task,
            turn.worker not in self.proved,
            key=task,
            workers=[turn.worker],
        )
        self.running[future] = replace(turn, key=key_of(taken, self.job))

    def ended(self) -> Iterator[tuple[Submission, Result]]:
        """What has ended until the next look at the workers."""
        from distributed import CancelledError, wait

        # One that is cancelled is done as well: the scheduler has lost it.
        with suppress(TimeoutError, CancelledError):
            wait([*self.running], timeout=LOOK, return_when="FIRST_COMPLETED")
        for future in [future for future in self.running if future.done()]:
            turn = self.running.pop(future)
            reply = self.reply(future)
            if reply is None:
                self.lose(turn)
            elif reply.result is None:
                self.refuse(turn, reply.refusal)
            else:
                self.proved.add(turn.worker)
                result = checked(reply.result, turn.key)
                if result.grade.ending == Ending.VOID:
                    self.again(turn, result)
                else:
                    yield turn.submission, result

    def reply(self, future: Future[bytes]) -> Reply | None:
        """What a worker has answered, checked; None if it was lost."""
        from distributed.scheduler import KilledWorker

        if future.status in ("cancelled", "lost"):
            return None
        try:
            return msgspec.msgpack.decode(future.result(), type=Reply)
        except KilledWorker:
            return None
        except Exception as error:  # the kit is not there, or another one
            return Reply(refusal=f"{type(error).__name__}: {error}")

    def refuse(self, turn: Turn, why: str) -> None:
        """Give nothing more to a worker, and what it had to another one."""
        if turn.worker not in self.refused:
            self.say(f"{turn.worker} is not used: {why}")
        self.refused[turn.worker] = why
        self.waiting.appendleft(turn)

    def stop(self) -> None:
        """Let every worker end what it runs."""
        with suppress(OSError):  # the scheduler is gone, and its workers will not wait for long
            self.client.cancel([*self.running], force=True)


def checked(result: Result, key: str) -> Result:
    """A result whose grade has this key, or which is none; another one is not what was asked for."""
    if result.grade.ending == Ending.VOID or result.grade.key == key:
        return result
    return Result(Grade(Ending.VOID, reason="a worker answered with the grade of something else"))
