"""What a submission came to, as a value that is kept in a file, and its points."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import msgspec

from pytest_tinytorch.course.curriculum import Unit, UnitId
from pytest_tinytorch.evidence.outcomes import State
from pytest_tinytorch.grade.course import Course
from pytest_tinytorch.grade.flags import Flag
from pytest_tinytorch.grade.submissions import Submission

SCHEMA = 1


class Ending(StrEnum):
    """How the grading of a submission ended. Only ``graded`` has states of units."""

    GRADED = "graded"
    REFUSED = "refused"
    ABSENT = "absent"
    ENDED = "ended"
    UNTRUSTED = "untrusted"
    VOID = "void"


ENDINGS = {
    Ending.GRADED: "the run came to its end",
    Ending.REFUSED: "not graded: it is not what a submission is",
    Ending.ABSENT: "nothing was handed in",
    Ending.ENDED: "the run did not come to its end, so it gives no points",
    Ending.UNTRUSTED: "its results cannot be trusted, so it gives no points until a person has looked at it",
    Ending.VOID: "the machine or the kit failed, so the submission has to be graded again",
}


@dataclass(frozen=True)
class Red:
    """An exercise that specs fail at, or wait for."""

    unit: UnitId
    exercise: str
    kind: str
    waiting: int


@dataclass(frozen=True)
class Grade:
    """What a submission came to.

    Attributes:
        ending: how its grading ended.
        key: of what was graded and by what; the same key need not be graded again.
        reason: why it was not graded to its end.
        remarks: what a person should look at.
        states: unit id to state, of the units that give points.
        shares: unit id to the share of its groups that is passed.
        red: the exercises that specs fail at or wait for.
        cpu, wall: seconds that the run took.
        sandbox: what kept it apart.
        seed: that the canaries of the run were drawn from.
        flags: what a person should look at in the source. No student is told.
        schema: of this value.
    """

    ending: Ending
    key: str = ""
    reason: str = ""
    remarks: tuple[str, ...] = ()
    states: Mapping[UnitId, State] = field(default_factory=dict)
    shares: Mapping[UnitId, float] = field(default_factory=dict)
    red: tuple[Red, ...] = ()
    cpu: float = 0.0
    wall: float = 0.0
    sandbox: str = ""
    seed: str = ""
    flags: tuple[Flag, ...] = ()
    schema: int = SCHEMA


@dataclass(frozen=True)
class Row:
    """A submission with its grade and its points.

    Attributes:
        submission: the one.
        grade: what it came to.
        units: unit id to points, of the units that count.
        full: the points that could be had.
        kept: the share of the points that is kept, for late days.
    """

    submission: Submission
    grade: Grade
    units: Mapping[UnitId, float]
    full: float
    kept: float

    @property
    def points(self) -> float:
        """The points, with late days taken off."""
        return round(sum(self.units.values()) * self.kept, 4)

    @property
    def notes(self) -> tuple[str, ...]:
        """What is to be said about the run, in short lines."""
        reason = [self.grade.reason] if self.grade.reason else []
        late = []
        if self.kept < 1:
            days = self.submission.late_days
            late = [f"{days} day{'s' * (days != 1)} late: {self.kept:.0%} of the points kept"]
        return (*reason, *self.grade.remarks, *late)

    @property
    def told(self) -> tuple[str, ...]:
        """The notes that the student is told: which canary has told on them is not among them."""
        return () if self.grade.ending == Ending.UNTRUSTED else self.notes

    @property
    def flags(self) -> tuple[str, ...]:
        """What a person should look at, in short lines."""
        return (*self.notes, *(flag.text for flag in self.grade.flags))


def row_of(
    submission: Submission,
    grade: Grade,
    course: Course,
    asked: Sequence[Unit],
    borrowed: Sequence[Unit] = (),
) -> Row:
    """A submission with its points.

    A unit that is passed gives its points. One that is not gives nothing, or, if the course says so, the
    share of its groups that is passed. Borrowed units give the share that the course says.
    """
    points = {unit.id: course.worth(unit) * share_of(unit, grade, course) for unit in asked}
    full = sum(course.worth(unit) for unit in asked)
    if course.borrowed:
        graded = grade.ending == Ending.GRADED
        lent = {u.id: course.worth(u) * course.borrowed for u in borrowed}
        points |= {unit: worth if graded else 0.0 for unit, worth in lent.items()}
        full += sum(lent.values())
    return Row(submission, grade, points, full, course.late.kept(submission.late_days))


def share_of(unit: Unit, grade: Grade, course: Course) -> float:
    """The share of its points that a unit gives."""
    if grade.ending != Ending.GRADED:
        return 0.0
    if grade.states.get(unit.id) == State.PASSED:
        return 1.0
    return grade.shares.get(unit.id, 0.0) if course.partial_groups else 0.0


class Group(msgspec.Struct):
    """How a sub-capability fared, in the JSON of a run."""

    passed: int
    total: int


class UnitResult(msgspec.Struct):
    """How a unit fared, in the JSON of a run."""

    state: State
    groups: list[Group]
    specs: dict[str, int]


class TaskResult(msgspec.Struct):
    """What is to be done, in the JSON of a run."""

    unit: str
    exercise: str
    kind: str
    waiting: int


class RunResult(msgspec.Struct):
    """What is needed of the JSON of a run; see `progress.schema.json`."""

    schema: int
    granting: bool
    units: dict[str, UnitResult]
    tasks: list[TaskResult]
    warnings: list[str]


def read_result(text: str) -> RunResult:
    """The JSON of a run. It comes out of a sandbox, so nothing of it is believed before it is checked.

    Raises:
        msgspec.ValidationError, msgspec.DecodeError: it is none.
    """
    return msgspec.json.decode(text, type=RunResult)


def grade_of(result: RunResult, asked: Sequence[Unit], **told: Any) -> Grade:
    """The grade that the JSON of a run says; ``told`` are other attributes."""
    found = {unit.id: result.units[unit.id] for unit in asked if unit.id in result.units}
    ids = {unit.id for unit in asked}
    red = [
        Red(UnitId(task.unit), task.exercise[:200], task.kind, task.waiting)
        for task in result.tasks
        if task.unit in ids
    ]
    return Grade(
        Ending.GRADED,
        states={unit: one.state for unit, one in found.items()},
        shares={unit: _share(one) for unit, one in found.items()},
        red=tuple(red),
        **told,
    )


def _share(one: UnitResult) -> float:
    whole = [group for group in one.groups if group.total and group.passed == group.total]
    return round(len(whole) / len(one.groups), 6) if one.groups else 0.0


def unmeasured(result: RunResult, asked: Sequence[Unit]) -> tuple[Unit, ...]:
    """The units with specs that could not be run or measured, which says nothing of the submission."""
    return tuple(
        unit
        for unit in asked
        if unit.id in result.units and result.units[unit.id].state == State.NOT_RUN
    )


def grade_json(grade: Grade) -> bytes:
    """A grade as it is kept in a file."""
    return msgspec.json.format(msgspec.json.encode(grade, order="sorted"), indent=2) + b"\n"


def parse_grade(data: bytes) -> Grade | None:
    """The grade in a file; None if it is damaged or of another version."""
    try:
        grade = msgspec.json.decode(data, type=Grade)
    except (msgspec.ValidationError, msgspec.DecodeError):
        return None
    return grade if grade.schema == SCHEMA else None
