"""A class from its submissions to its table: what is new is graded, and what is known stays."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from pytest_tinytorch.grade.archives import take_from
from pytest_tinytorch.grade.attempt import key_of, taken_or_refused
from pytest_tinytorch.grade.feedback import student_files
from pytest_tinytorch.grade.fingerprints import bodies_of
from pytest_tinytorch.grade.grades import Ending, Grade, Row, row_of
from pytest_tinytorch.grade.jobs import Job, Result
from pytest_tinytorch.grade.kit import Kit
from pytest_tinytorch.grade.pool import GradeMany, Work
from pytest_tinytorch.grade.similarity import Known, alike_pairs, common_files
from pytest_tinytorch.grade.store import SUMMARY, Store
from pytest_tinytorch.grade.submissions import Submission
from pytest_tinytorch.grade.summary import (
    MergeError,
    Summary,
    merged,
    read_summary,
    submission_of,
    summary_of,
)

Shard = tuple[int, int]
WHOLE: Shard = (1, 1)


@dataclass(frozen=True)
class Plan:
    """What has to be done for a class.

    Attributes:
        known: submissions with grades that need no run.
        fresh: those of them whose grade is not in the folder of results yet.
        todo: submissions to run.
    """

    known: dict[Submission, Grade]
    fresh: tuple[Submission, ...]
    todo: tuple[Work, ...]


def in_shard(submissions: Sequence[Submission], shard: Shard) -> tuple[Submission, ...]:
    """The part of the submissions that a shard grades: each in exactly one, if all are given the same.

    >>> parts = [in_shard([Submission(name) for name in "abcde"], (n, 2)) for n in (1, 2)]
    >>> [[one.id for one in part] for part in parts]
    [['a', 'c', 'e'], ['b', 'd']]
    """
    number, of = shard
    return tuple(submissions[number - 1 :: of])


def plan(
    submissions: Iterable[Submission], job: Job, store: Store, only: frozenset[str] = frozenset()
) -> Plan:
    """What has to be done. What ``only`` names is graded anew, and then nothing else is."""
    known: dict[Submission, Grade] = {}
    fresh: list[Submission] = []
    todo: list[Work] = []
    for one in submissions:
        found, kept = taken_or_refused(one, job.kit.course.limits), store.grade(one)
        if isinstance(found, Grade):
            known[one] = found
            fresh += [one] if kept != found else []
        elif kept is not None and kept.key == key_of(found, job) and one.id not in only:
            known[one] = kept
        elif only and one.id not in only:
            known[one] = kept or Grade(Ending.VOID, reason="not graded yet")
        else:
            assert one.place is not None
            todo.append((one, partial(take_from, one.place, job.kit.course.limits)))
    return Plan(known, tuple(fresh), tuple(todo))


def grade_class(
    submissions: Sequence[Submission],
    work: Plan,
    job: Job,
    store: Store,
    grade_many: GradeMany,
    shard: Shard,
    tell: Callable[[Row], None],
) -> Summary:
    """Grade what is to be graded, and write the class; ``store`` must be held.

    Args:
        submissions: all of this shard, in the order of the table.
        work: what has to be done for them.
        job: what is the same for all.
        store: where results go.
        grade_many: runs them, on this machine or on others.
        shard: which part of the class this is.
        tell: called for each submission that has been graded.
    """
    kit, grades = job.kit, dict(work.known)
    for one in work.fresh:
        store.keep(one, Result(grades[one]))
    for one, result in grade_many(work.todo, job):
        store.keep(one, result)
        grades[one] = result.grade
        tell(row_of(one, result.grade, kit.course, kit.asked, kit.borrowed))
    rows = [row_of(one, grades[one], kit.course, kit.asked, kit.borrowed) for one in submissions]
    for row in rows:
        store.write(row.submission, student_files(row, kit, store.files(row.submission)))
    if store.known().kit != kit.digest:
        store.keep_known(known_of(kit))
    summary = compared(summary_of(kit, job.kept_apart, rows, shard), store)
    store.write_class(summary)
    return summary


def known_of(kit: Kit) -> Known:
    """What all submissions are compared with: the worked solution, and what students begin with."""
    given = {mark for body in bodies_of(kit.package, {}) for mark in body.marks}
    return Known(tuple(sorted(given)), bodies_of(kit.solution, kit.package), kit.digest)


def compared(summary: Summary, store: Store) -> Summary:
    """The class with the submissions that are alike; their fingerprints are in ``store``."""
    found = {line.id: store.bodies(submission_of(line)) for line in summary.lines}
    known = store.known()
    pairs, common = alike_pairs(found, known), common_files(found, known)
    return replace(summary, pairs=pairs, common=common)


def read_part(folder: Path, alone: bool) -> Summary:
    """What a shard came to. A whole class is a shard only where there is no other.

    Raises:
        MergeError: the folder is no shard.
    """
    if not (folder / SUMMARY).is_file():
        raise MergeError(f"{folder} is no shard: there is no {SUMMARY} in it")
    part = read_summary(folder / SUMMARY)
    if part.shard == WHOLE and not alone:
        raise MergeError(f"{folder} is no shard: a whole class is in it; leave it out")
    return part


def merge_classes(folders: Sequence[Path], store: Store) -> Summary:
    """Put the results of all shards into one folder; ``store`` must be held.

    Raises:
        MergeError: they do not belong together, or one is missing.
    """
    if not folders:
        raise MergeError("name the folders of all shards")
    if store.folder.resolve() in {folder.resolve() for folder in folders}:
        raise MergeError(f"--out {store.folder} is one of the shards: name another folder")
    parts = [(Store(folder), read_part(folder, len(folders) == 1)) for folder in folders]
    summary = merged([part for _, part in parts])
    for other, part in parts:
        for line in part.lines:
            one = submission_of(line)
            if not other.place(one).is_dir():
                raise MergeError(f"{other.place(one)} is missing")
    for other, part in parts:
        for line in part.lines:
            store.copy_in(submission_of(line), other)
    store.keep_known(parts[0][0].known())
    summary = compared(summary, store)
    store.write_class(summary)
    return summary
