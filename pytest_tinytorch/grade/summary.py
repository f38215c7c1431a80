"""What a class came to, as one value: the table, the CSV and the JSON are made from it."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from pytest_tinytorch.course.curriculum import UnitId
from pytest_tinytorch.evidence.outcomes import State
from pytest_tinytorch.evidence.paths import why
from pytest_tinytorch.grade.grades import Ending, Grade, Row
from pytest_tinytorch.grade.kit import Kit
from pytest_tinytorch.grade.rings import Ring, ring_by_member, rings_of
from pytest_tinytorch.grade.similarity import REFERENCE, Common, Pair
from pytest_tinytorch.grade.submissions import Submission

SCHEMA = 1
HEAD = ("id", "name", "ending", "points", "of", "late_days", "cpu_seconds", "flags")
"""The first columns of the CSV; after them comes one for each unit."""
TOLD = 3
"""How many others a cell of the CSV names."""
UNCOUNTED = (Ending.ABSENT, Ending.VOID)
"""The endings of which a zero would say nothing about the student's work."""
FORMULA = ("=", "+", "-", "@")
"""How a cell begins that a spreadsheet would compute."""


class MergeError(ValueError):
    """Results do not belong together; the message says which, and why."""


@dataclass(frozen=True)
class Graded:
    """A unit that gives points."""

    id: UnitId
    label: str
    worth: float


@dataclass(frozen=True)
class Line:
    """A submission with its points, as the JSON of a class has it.

    Attributes:
        id, name, folder, late_days: of the submission.
        points, full: that it has, and that could be had.
        kept: the share that late days leave.
        units: unit id to points.
        flags: what a person should look at.
        grade: what it came to.
        told: what the student is told about the run.
        more: what the list of the class says besides: (title of a column, cell).
    """

    id: str
    name: str
    folder: str
    late_days: int
    points: float
    full: float
    kept: float
    units: Mapping[UnitId, float]
    flags: tuple[str, ...]
    grade: Grade
    told: tuple[str, ...] = ()
    more: tuple[tuple[str, str], ...] = ()

    @property
    def counts(self) -> bool:
        """Whether it has points to count: not if nothing was handed in, or if the machine failed."""
        return self.grade.ending not in UNCOUNTED


@dataclass(frozen=True)
class Summary:
    """What a class came to.

    Attributes:
        title: of the course.
        kit: the digest of what judged.
        options: of pytest, that say what was graded.
        sandbox: what kept submissions apart.
        units: those that give points.
        lines: one for each submission.
        shard: which part of how many this is; (1, 1) for the whole class.
        pairs: of submissions that are alike, most first.
        common: files that many have in the same form.
        schema: of this value.
    """

    title: str
    kit: str
    options: tuple[str, ...]
    sandbox: str
    units: tuple[Graded, ...]
    lines: tuple[Line, ...]
    shard: tuple[int, int] = (1, 1)
    pairs: tuple[Pair, ...] = ()
    common: tuple[Common, ...] = ()
    schema: int = SCHEMA

    @property
    def full(self) -> float:
        """The points that could be had."""
        return max((line.full for line in self.lines), default=0.0)

    @property
    def counted(self) -> tuple[Line, ...]:
        """The lines that numbers about the class are taken from: histogram, median, mean, shares."""
        return tuple(line for line in self.lines if line.counts)

    @property
    def left_out(self) -> str:
        """The lines that are not counted, by their endings: ``3 absent, 1 void``; empty without any."""
        endings = [line.grade.ending for line in self.lines]
        found = [f"{endings.count(one)} {one}" for one in UNCOUNTED if one in endings]
        return ", ".join(found)


def line_of(row: Row) -> Line:
    """A row as the JSON of a class has it."""
    one = row.submission
    told = (one.id, one.name, one.folder, one.late_days)
    points = (row.points, row.full, row.kept, row.units)
    return Line(*told, *points, row.flags, row.grade, row.told, one.more)


def summary_of(
    kit: Kit, sandbox: str, rows: Sequence[Row], shard: tuple[int, int] = (1, 1)
) -> Summary:
    """What a class came to."""
    lent = kit.borrowed if kit.course.borrowed else ()
    units = [Graded(u.id, u.label, kit.course.worth(u)) for u in kit.asked]
    units += [Graded(u.id, u.label, kit.course.worth(u) * kit.course.borrowed) for u in lent]
    return Summary(
        kit.course.title or kit.curriculum.title,
        kit.digest,
        tuple(kit.options),
        sandbox,
        tuple(units),
        tuple(map(line_of, rows)),
        shard,
    )


def merged(parts: Sequence[Summary]) -> Summary:
    """The whole class from its shards.

    Raises:
        MergeError: they are not the shards of one class, or one is missing.
    """
    first = parts[0]
    for part in parts:
        mine = (part.kit, part.options, part.units, part.title, part.shard[1])
        if mine != (first.kit, first.options, first.units, first.title, first.shard[1]):
            raise MergeError(
                f"shards {shard_text(first)} and {shard_text(part)} were graded by different kits or for"
                " different courses: grade them again with the same"
            )
    have = sorted(part.shard[0] for part in parts)
    wanted = list(range(1, first.shard[1] + 1))
    if have != wanted:
        absent = sorted({*wanted} - {*have})
        which = f"{absent[0]}/{first.shard[1]} is missing" if absent else "one is there twice"
        raise MergeError(f"of the shards {which}")
    lines = sorted((line for part in parts for line in part.lines), key=lambda line: line.id)
    ids = [line.id for line in lines]
    if twice := sorted({one for one in ids if ids.count(one) > 1}):
        raise MergeError(f"{twice[0]} is in several shards: give each the same submissions")
    kinds = {part.sandbox for part in parts}
    return replace(first, lines=tuple(lines), shard=(1, 1), sandbox=", ".join(sorted(kinds)))


def shard_text(part: Summary) -> str:
    return f"{part.shard[0]}/{part.shard[1]}"


def summary_json(summary: Summary) -> bytes:
    """The summary as it is kept in a file."""
    return msgspec.json.format(msgspec.json.encode(summary), indent=1) + b"\n"


def read_summary(file: Path) -> Summary:
    """The summary in a file.

    Raises:
        MergeError: there is none.
    """
    try:
        return msgspec.json.decode(file.read_bytes(), type=Summary)
    except (OSError, msgspec.ValidationError, msgspec.DecodeError) as error:
        raise MergeError(f"{file}: {why(error)}") from error


def csv_text(summary: Summary) -> str:
    """The class as a table for a spreadsheet, with a line of titles."""
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\n")
    own = [*HEAD, *(unit.label for unit in summary.units)]
    more = list(dict.fromkeys(title for line in summary.lines for title, _ in line.more))
    # A title that the table has itself stays the table's.
    writer.writerow(own + [harmless_cell(f"{t} (list)" if t in own else t) for t in more])
    rings = ring_by_member(rings_of(summary.pairs))
    for line in summary.lines:
        cells = [line.id, line.name, line.grade.ending, number(line.points), number(line.full)]
        flags = [*line.flags, *likenesses(line, rings.get(line.id), summary.pairs)]
        cells += [str(line.late_days), f"{line.grade.cpu:.1f}", "; ".join(flags)]
        cells += [number(line.units.get(unit.id, 0.0)) for unit in summary.units]
        cells += [dict(line.more).get(title, "") for title in more]
        writer.writerow([harmless_cell(cell) for cell in cells])
    return written.getvalue()


def likenesses(line: Line, ring: Ring | None, pairs: Sequence[Pair]) -> list[str]:
    """Whom a submission is like, in short lines: first those that it shares most with."""
    if ring is None:
        return []
    mine = [pair for pair in pairs if line.id in (pair.first, pair.second)][:TOLD]
    told = [f"like {other_of(pair, line.id)}: {extent(pair)}" for pair in mine]
    more = len(ring.members) - 1 - sum(pair.second != REFERENCE for pair in mine)
    return [*told, *([f"{more} more are like these"] if more else [])]


def other_of(pair: Pair, one: str) -> str:
    """The other one of a pair, as it is told."""
    other = pair.second if one == pair.first else pair.first
    return "the worked solution" if other == REFERENCE else other


def extent(pair: Pair) -> str:
    """How many functions are alike in two submissions, and how much that is."""
    return f"{counted(pair.count, 'function')}, weight {pair.weight:.0f}"


def harmless_cell(text: str) -> str:
    """A cell that no spreadsheet takes for a formula.

    >>> harmless_cell("=1+1"), harmless_cell("Ann")
    ("'=1+1", 'Ann')
    """
    line = " ".join(text.split())
    return f"'{line}" if line.startswith(FORMULA) else line


def number(value: float) -> str:
    """A number of points as people write it.

    >>> number(3.0), number(2.5), number(1 / 3)
    ('3', '2.5', '0.33')
    """
    return f"{value:.2f}".rstrip("0").rstrip(".")


def counted(count: int, what: str) -> str:
    """A number of things.

    >>> counted(1, "submission"), counted(2, "submission")
    ('1 submission', '2 submissions')
    """
    return f"{count} {what}{'s' * (count != 1)}"


def passed_by(summary: Summary, unit: Graded) -> int:
    """How many submissions have passed a unit."""
    return sum(line.grade.states.get(unit.id) == State.PASSED for line in summary.lines)


def worst_exercises(summary: Summary, most: int = 10) -> list[tuple[str, str, int]]:
    """(unit label, exercise, how many submissions) of the exercises that are wrong most often."""
    labels = {unit.id: unit.label for unit in summary.units}
    counted: dict[tuple[str, str], int] = {}
    for line in summary.lines:
        wrong = {
            (r.unit, r.exercise) for r in line.grade.red if r.kind != State.TODO and r.exercise
        }
        for unit, exercise in wrong:
            key = (labels.get(unit, unit), exercise)
            counted[key] = counted.get(key, 0) + 1
    ranked = sorted(counted.items(), key=lambda pair: (-pair[1], pair[0]))
    return [(*key, count) for key, count in ranked[:most]]


def submission_of(line: Line) -> Submission:
    """The submission of a line, without the place where it was."""
    return Submission(line.id, line.name, None, line.late_days)


def is_final(line: Line) -> bool:
    """Whether nothing is left to be done about a submission by the grader."""
    return line.grade.ending != Ending.VOID
