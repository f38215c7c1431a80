"""Many submissions at once on one machine: a thread waits for each run, and each run is a process."""

from __future__ import annotations

import queue
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from itertools import islice

from pytest_tinytorch.grade.attempt import Job, Result, attempt
from pytest_tinytorch.grade.grades import Ending, Grade
from pytest_tinytorch.grade.submissions import Submission
from pytest_tinytorch.grade.taking import Taken

Work = tuple[Submission, Callable[[], Taken]]
"""A submission, and what reads it: only as many as run are in memory."""


def grade_many(todo: Sequence[Work], job: Job, jobs: int) -> Iterator[tuple[Submission, Result]]:
    """Run submissions, so many at a time; gives each as it ends. What still runs at an error is ended.

    Args:
        todo: what to run.
        job: what is the same for all.
        jobs: how many at a time.
    """
    slots: queue.SimpleQueue[int] = queue.SimpleQueue()
    for slot in range(jobs):
        slots.put(slot)

    def one(work: Work) -> tuple[Submission, Result]:
        slot = slots.get()
        try:
            return work[0], attempt(work[1](), job, slot)
        except Exception as error:  # whatever is the matter with one, the others are graded
            why = f"the grader failed: {type(error).__name__}: {error}"
            return work[0], Result(Grade(Ending.VOID, reason=why))
        finally:
            slots.put(slot)

    rest = iter(todo)
    with ThreadPoolExecutor(jobs, "grader") as threads:
        running: set[Future[tuple[Submission, Result]]] = set()
        try:
            running = {threads.submit(one, work) for work in islice(rest, jobs)}
            while running:
                done, running = wait(running, return_when=FIRST_COMPLETED)
                running |= {threads.submit(one, work) for work in islice(rest, len(done))}
                for future in done:
                    yield future.result()
        finally:
            job.running.stop()
