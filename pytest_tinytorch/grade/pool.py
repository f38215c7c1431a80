"""Many submissions at once on one machine: a thread waits for each run, and each run is a process."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from itertools import islice

from pytest_tinytorch.grade.attempt import attempt
from pytest_tinytorch.grade.grades import Ending, Grade
from pytest_tinytorch.grade.jobs import Job, Result
from pytest_tinytorch.grade.submissions import Submission
from pytest_tinytorch.grade.taking import Taken

Work = tuple[Submission, Callable[[], Taken]]
"""A submission, and what reads it: only as many as run are in memory."""


GradeMany = Callable[[Sequence[Work], Job], Iterator[tuple[Submission, Result]]]
"""Runs submissions, somewhere, and gives each as it ends. What still runs at an error is ended."""


def failed(error: Exception) -> Result:
    """The result of a submission at which the grader itself has failed: it has to be graded again."""
    return Result(Grade(Ending.VOID, reason=f"the grader failed: {type(error).__name__}: {error}"))


def grade_many(todo: Sequence[Work], job: Job, jobs: int) -> Iterator[tuple[Submission, Result]]:
    """Run submissions, so many at a time; gives each as it ends. What still runs at an error is ended.

    Args:
        todo: what to run.
        job: what is the same for all.
        jobs: how many at a time.
    """

    def one(work: Work) -> tuple[Submission, Result]:
        try:
            return work[0], attempt(work[1](), job)
        except Exception as error:  # whatever is the matter with one, the others are graded
            return work[0], failed(error)

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
