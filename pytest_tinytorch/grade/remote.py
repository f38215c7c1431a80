"""What travels to a worker of a cluster, and what the worker does: one run, in a sandbox of its own."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import msgspec

from pytest_tinytorch.grade import sandbox
from pytest_tinytorch.grade.attempt import attempt
from pytest_tinytorch.grade.jobs import Job, Result
from pytest_tinytorch.grade.kit import Kit, differences, digest_of, judges
from pytest_tinytorch.grade.pool import failed
from pytest_tinytorch.grade.running import Running
from pytest_tinytorch.grade.sandbox import NoSandbox, find_sandbox
from pytest_tinytorch.grade.sandboxkind import Kind
from pytest_tinytorch.grade.taking import Taken

if TYPE_CHECKING:
    from distributed import Worker

LOOK = 1.0
"""Seconds between two looks at whether somebody still waits for the run."""
CLOSING = frozenset({"closing", "closed", "failed"})
"""What a worker is that would otherwise wait half a minute for its threads."""


class OtherKit(ValueError):
    """What would judge here is not what judges where the grader is; the message says what differs."""


@dataclass(frozen=True)
class Order:
    """What is the same for all submissions, as it travels to a worker.

    Attributes:
        kit: whose specs judge, and what is asked.
        judges: versions that the worker must have as well.
        kind, image: of the sandbox.
        variables: of the environment, which runs see.
        seed: that canaries are drawn from; empty for another one for each run.
    """

    kit: Kit
    judges: Mapping[str, str]
    kind: Kind
    image: str
    variables: Mapping[str, str]
    seed: str


@dataclass(frozen=True)
class Reply:
    """What a worker answers: a result, or why it grades nothing."""

    result: Result | None = None
    refusal: str = ""


def grade_on_worker(order: bytes, taken: bytes, task: str, first: bool) -> bytes:
    """Run a submission; this is what a worker does.

    Args:
        order: an `Order`.
        taken: what is graded of the submission.
        task: the key of the task that this is.
        first: whether the sandbox has to be tried.
    """
    from distributed import get_worker

    try:
        told = msgspec.msgpack.decode(order, type=Order)
        require_same_kit(told)
        worker = get_worker()
        box = find_sandbox(told.kind, told.image)
        with TemporaryDirectory(dir=worker.local_directory) as folder:
            job = Job(told.kit, box, Path(folder), told.variables, seed=told.seed)
            if first and box.is_closed:
                sandbox.prepare_check(box, told.kit.course.limits, Path(folder))
            with ended_with_task(worker, task, job.running):
                result = attempt(msgspec.msgpack.decode(taken, type=Taken), job)
    except (NoSandbox, OtherKit) as error:
        return msgspec.msgpack.encode(Reply(refusal=str(error)))
    except msgspec.ValidationError as error:
        return msgspec.msgpack.encode(Reply(refusal=f"another kit is installed: {error}"))
    except Exception as error:  # of this submission, so the worker grades others
        return msgspec.msgpack.encode(Reply(failed(error)))
    return msgspec.msgpack.encode(Reply(result))


def require_same_kit(order: Order) -> None:
    """Raise OtherKit if what judges here is not what judges where the grader is."""
    here = judges()
    if digest_of(order.kit, here) != order.kit.digest:
        raise OtherKit(f"another kit is installed: {differences(order.judges, here)}")


@contextmanager
def ended_with_task(worker: Worker, key: str, running: Running) -> Iterator[None]:
    """End the runs of a task once nobody waits for it: the grader is stopped or gone, or the worker ends."""
    over = threading.Event()

    def watch() -> None:
        while not over.wait(LOOK):
            task: Any = worker.state.tasks.get(key)
            if task is None or task.state != "executing" or worker.status.name in CLOSING:
                running.stop()
                return

    threading.Thread(target=watch, name="grader", daemon=True).start()
    try:
        yield
    finally:
        over.set()
