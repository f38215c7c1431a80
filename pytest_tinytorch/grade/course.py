"""What a course asks for and what it pays: units, points, late days, limits, from its TOML file."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from pytest_tinytorch.course.curriculum import Curriculum, Unit, UnitId
from pytest_tinytorch.course.nearest import meant
from pytest_tinytorch.course.selection import UnknownName, find_unit
from pytest_tinytorch.evidence.paths import why

MEGABYTE = 1024 * 1024
POINTS = ("default", "borrowed", "partial_groups")
"""The keys of the table of points that name no unit."""
WORDS = ("title", "checkpoint", "milestone", "borrow", "path")
"""The keys of the table of the course."""


class CourseError(ValueError):
    """The file of the course is wrong; the message names the entry."""


@dataclass(frozen=True)
class Limits:
    """What one submission may use. Sizes are in megabytes, times in minutes.

    Attributes:
        files: how many files its package has at most.
        file_size, total_size: of one file of the package, and of all of them.
        cpu: CPU time of each of its processes.
        wall: how long the run takes at most, on the clock.
        memory: address space of each of its processes.
        processes: how many there are at a time, those of the grader included.
        written: the largest file that it writes.
        scratch: the size of its private ``/tmp``.
    """

    files: int = 1000
    file_size: int = 5
    total_size: int = 20
    cpu: int = 60
    wall: int = 90
    memory: int = 4096
    processes: int = 64
    written: int = 64
    scratch: int = 256


@dataclass(frozen=True)
class Late:
    """What late days cost.

    Attributes:
        free_days: how many cost nothing.
        per_day: the share of the points that each further day takes.
    """

    free_days: int = 0
    per_day: float = 0.0

    def kept(self, days: int) -> float:
        """The share of the points that is kept.

        >>> Late(free_days=2, per_day=0.25).kept(3)
        0.75
        """
        return max(0.0, 1.0 - self.per_day * max(0, days - self.free_days))


@dataclass(frozen=True)
class Course:
    """What is graded, and how.

    Attributes:
        title: of the class page.
        checkpoint, milestone, borrow, path: as pytest's options take them; None for none.
        default: points of a unit that has none of its own.
        points: unit id to its points.
        borrowed: the share of its points that a borrowed unit gives; with 0 it does not count at all.
        partial_groups: whether a unit that is not passed gives the share of its groups that is.
        late: what late days cost.
        limits: what one submission may use.
    """

    title: str = ""
    checkpoint: str | None = None
    milestone: str | None = None
    borrow: str | None = None
    path: str | None = None
    default: float = 1.0
    points: Mapping[UnitId, float] = field(default_factory=dict)
    borrowed: float = 0.0
    partial_groups: bool = False
    late: Late = field(default_factory=Late)
    limits: Limits = field(default_factory=Limits)

    def worth(self, unit: Unit) -> float:
        """The points of a unit."""
        return self.points.get(unit.id, self.default)


def read_course(file: Path | None, curriculum: Curriculum) -> Course:
    """The course in a file; without a file each unit gives a point.

    Raises:
        CourseError: the file is wrong, or cannot be read.
    """
    if file is None:
        return Course()
    try:
        table = tomllib.loads(file.read_text(encoding="utf-8"))
    except UnicodeDecodeError as error:
        raise CourseError(f"{file} is not UTF-8: save it as UTF-8") from error
    except (OSError, ValueError) as error:
        raise CourseError(f"{file}: {why(error)}") from error
    try:
        return course_of(table, curriculum)
    except (CourseError, UnknownName) as error:
        raise CourseError(f"{file}: {error}") from error


def course_of(table: Mapping[str, Any], curriculum: Curriculum) -> Course:
    """The course that a table describes."""
    tables = {name: _table(table, name) for name in ("course", "points", "late", "limits")}
    if unknown := sorted({*table} - {*tables}):
        near = meant(unknown[0], tables)
        raise CourseError(f"there is no table [{unknown[0]}]: {', '.join(tables)}.{near}")
    points = tables["points"]
    own = {key: value for key, value in points.items() if key not in POINTS}
    given = {key: points[key] for key in POINTS if key in points}
    words = tables["course"]
    for key in words:
        if key not in WORDS:
            raise _no_key("course", key, WORDS)
        if not isinstance(words[key], str):
            raise CourseError(f"[course] {key}: put {words[key]!r} in quotation marks")
    return Course(
        **words,
        default=_number(given, "points", "default", 1.0),
        points={_unit(curriculum, key).id: _number(own, "points", key, 0.0) for key in own},
        borrowed=_number(given, "points", "borrowed", 0.0, most=1.0),
        partial_groups=_flag(given, "partial_groups"),
        late=_late(tables["late"]),
        limits=_limits(tables["limits"]),
    )


def _table(table: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = table.get(name, {})
    if not isinstance(found, dict):
        raise CourseError(f"{name} is no table")
    return found


def _no_key(name: str, key: str, keys: Sequence[str]) -> CourseError:
    """The error for a key that a table has not, with those that it has."""
    return CourseError(f"[{name}] has no {key}: {', '.join(keys)}.{meant(key, keys)}")


def _unit(curriculum: Curriculum, key: str) -> Unit:
    unit = find_unit(curriculum, key)
    if unit is None:
        raise CourseError(f'[points] "{key}" is no checkpoint, milestone or year')
    return unit


def _number(
    table: Mapping[str, Any], name: str, key: str, default: float, most: float = 1e6
) -> float:
    value = table.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= most:
        raise CourseError(f"[{name}] {key} must be a number from 0 to {most:g}, got {value!r}")
    return float(value)


def _flag(table: Mapping[str, Any], key: str) -> bool:
    value = table.get(key, False)
    if not isinstance(value, bool):
        raise CourseError(f"[points] {key} must be true or false, got {value!r}")
    return value


def _late(table: Mapping[str, Any]) -> Late:
    names = [one.name for one in fields(Late)]
    if unknown := sorted({*table} - {*names}):
        raise _no_key("late", unknown[0], names)
    free = _number(table, "late", "free_days", 0.0)
    return Late(int(free), _number(table, "late", "per_day", 0.0, most=1.0))


def _limits(table: Mapping[str, Any]) -> Limits:
    names = [one.name for one in fields(Limits)]
    for key, value in table.items():
        if key not in names:
            raise _no_key("limits", key, names)
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise CourseError(f"[limits] {key} must be an integer of at least 1, got {value!r}")
    return replace(Limits(), **table)
