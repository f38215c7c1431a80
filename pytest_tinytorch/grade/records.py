"""Grades for the records of a course: the worksheet that Moodle gave, and the roster that Classroom gave."""

from __future__ import annotations

import codecs
import csv
import html
import io
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from pytest_tinytorch.evidence.paths import why
from pytest_tinytorch.grade.submissions import Entry
from pytest_tinytorch.grade.summary import Line, Summary, number

WORKSHEET, ROSTER = "moodle.csv", "classroom.csv"
"""The files that are written."""
IDENTIFIER, GRADE, MAXIMUM = "identifier", "grade", "maximum grade"
FULL_NAME, ID_NUMBER, EMAIL, FEEDBACK = (
    "full name",
    "id number",
    "email address",
    "feedback comments",
)
"""The columns of Moodle's worksheet, in small letters. The first three have to be there."""
USER, STUDENT = "github_username", "identifier"
"""The columns of Classroom's roster."""
CLASSROOM = (USER, "roster_identifier", "points_awarded", "points_available")
"""The columns that Classroom itself gives grades in, as far as they are about points."""


class RecordError(ValueError):
    """A worksheet or a roster is not what it should be; the message names the file and the column."""


@dataclass(frozen=True)
class Table:
    """A CSV file, and how it was written.

    Attributes:
        file: where it was.
        rows: its cells; the first row has the titles.
        delimiter, newline, mark: between cells, after rows, and at the beginning.
    """

    file: Path
    rows: tuple[tuple[str, ...], ...]
    delimiter: str = ","
    newline: str = "\n"
    mark: bytes = b""

    def column(self, name: str) -> int | None:
        """The place of a column, by its title in small letters."""
        titles = [title.strip().casefold() for title in self.rows[0]] if self.rows else []
        return titles.index(name) if name in titles else None

    def cell(self, row: Sequence[str], name: str) -> str:
        """What a row has in a column; nothing if there is no such column."""
        place = self.column(name)
        return row[place].strip() if place is not None and place < len(row) else ""

    def needing(self, *names: str, source: str) -> Table:
        """The same table, if it has these columns."""
        for name in names:
            if self.column(name) is None:
                raise RecordError(f"{self.file}: there is no column {name!r}: {source}")
        return self

    def data(self, rows: Sequence[Sequence[str]]) -> bytes:
        """These rows, written as the table was."""
        written = io.StringIO()
        csv.writer(written, delimiter=self.delimiter, lineterminator=self.newline).writerows(rows)
        return self.mark + written.getvalue().encode("utf-8")


@dataclass(frozen=True)
class Record:
    """What is written for the records of a course.

    Attributes:
        name: of the file.
        data: what is in it.
        graded: how many students have a grade in it.
        strangers: ids of submissions that are not in it.
    """

    name: str
    data: bytes
    graded: int
    strangers: tuple[str, ...]

    def told(self) -> str:
        """What a person has to know of it."""
        line = f"{self.name}: {self.graded} grade{'s' * (self.graded != 1)}"
        return f"{line}; not in the list: {', '.join(self.strangers)}" if self.strangers else line


@dataclass(frozen=True)
class Records:
    """A list of the course's students, and what is written for it.

    Attributes:
        entries: the students, as a list of a class has them.
        record: makes the file from what the class came to.
    """

    entries: Mapping[str, Entry]
    record: Callable[[Summary], Record]


def read_records(moodle: Path | None, classroom: Path | None) -> tuple[Records, ...]:
    """What is written for the records of a course, from the lists that its services gave.

    Raises:
        RecordError: a list cannot be read, or is something else.
    """
    found = []
    if moodle is not None:
        worksheet = read_worksheet(moodle)
        found.append(Records(worksheet_entries(worksheet), partial(worksheet_record, worksheet)))
    if classroom is not None:
        roster = read_roster(classroom)
        found.append(Records(roster_entries(roster), partial(roster_record, roster)))
    return tuple(found)


def students_of(records: Sequence[Records]) -> Mapping[str, Entry] | None:
    """The students that a list has; None without a list.

    Raises:
        RecordError: there are two lists, and nothing says which students are the same.
    """
    if len(records) > 1:
        raise RecordError(
            "with both --moodle and --classroom, --names has to say who the students are"
        )
    return records[0].entries if records else None


def read_table(file: Path) -> Table:
    """The table in a CSV file.

    Raises:
        RecordError: it cannot be read.
    """
    try:
        data = file.read_bytes()
        text = data.decode("utf-8-sig")
        newline = "\r\n" if "\r\n" in text else "\n"
        first = text.partition("\n")[0]
        delimiter = max(",;\t", key=first.count)
        rows = tuple(map(tuple, csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)))
    except UnicodeDecodeError as error:
        raise RecordError(f"{file} is not UTF-8: download it again, or save it as UTF-8") from error
    except (OSError, csv.Error) as error:
        raise RecordError(f"{file}: {why(error)}") from error
    mark = codecs.BOM_UTF8 if data.startswith(codecs.BOM_UTF8) else b""
    return Table(file, rows, delimiter, newline, mark)


def read_worksheet(file: Path) -> Table:
    """Moodle's grading worksheet."""
    source = "download the grading worksheet while Moodle is set to English"
    return read_table(file).needing(IDENTIFIER, GRADE, MAXIMUM, source=source)


def read_roster(file: Path) -> Table:
    """Classroom's roster."""
    source = "download classroom_roster.csv on the page of the students"
    return read_table(file).needing(USER, STUDENT, source=source)


def worksheet_entries(worksheet: Table) -> dict[str, Entry]:
    """The students of a worksheet, as a list of a class has them."""
    found = [(_participant(worksheet, row), row) for row in worksheet.rows[1:]]
    return {one: Entry(one, worksheet.cell(row, FULL_NAME)) for one, row in found if one}


def roster_entries(roster: Table) -> dict[str, Entry]:
    """The students of a roster who have told Classroom their user name, as a list of a class has them."""
    found = [(roster.cell(row, USER), row) for row in roster.rows[1:]]
    return {
        user: Entry(user, roster.cell(row, "name") or roster.cell(row, STUDENT))
        for user, row in found
        if user
    }


def _participant(worksheet: Table, row: Sequence[str]) -> str:
    """The number by which Moodle knows a participant: what the identifier ends with."""
    found = re.search(r"\d+$", worksheet.cell(row, IDENTIFIER))
    return found[0] if found else ""


def worksheet_record(worksheet: Table, summary: Summary) -> Record:
    """The worksheet with grades and feedback. All else in it stays, and so do rows of absent students.

    Grades are shares of the maximum that the worksheet has, since Moodle takes no others.
    """
    columns = worksheet.column(GRADE), worksheet.column(FEEDBACK)
    students = worksheet.rows[1:]
    others = [
        [worksheet.cell(row, name) for name in (ID_NUMBER, EMAIL, FULL_NAME)] for row in students
    ]
    keys = [
        [_participant(worksheet, row), *rest] for row, rest in zip(students, others, strict=True)
    ]
    lines = matched(keys, summary)
    rows = list(worksheet.rows[:1])
    for place, row in enumerate(students):
        if (line := lines.get(place)) is None:
            rows.append(row)
            continue
        most = _maximum(worksheet, row)
        grade = most * line.points / line.full if line.full else 0.0
        new = dict(zip(columns, (f"{grade:.2f}", _feedback(line, summary)), strict=True))
        rows.append(tuple(new.get(column, cell) for column, cell in enumerate(row)))
    return Record(WORKSHEET, worksheet.data(rows), len(lines), _strangers(summary, lines))


def _maximum(worksheet: Table, row: Sequence[str]) -> float:
    text = worksheet.cell(row, MAXIMUM).replace(",", ".")
    if not re.fullmatch(r"\d+(\.\d+)?", text):
        who = worksheet.cell(row, IDENTIFIER)
        raise RecordError(
            f"{worksheet.file}: the maximum grade of {who} is {text!r}: let Moodle grade with points"
        )
    return float(text)


def _feedback(line: Line, summary: Summary) -> str:
    """What Moodle shows the student: points, those of each unit, and what is to be said about the run."""
    told = [f"{number(line.points)} of {number(line.full)} points"]
    told += [
        f"{unit.label}: {number(line.units[unit.id])} of {number(unit.worth)}"
        for unit in summary.units
        if unit.id in line.units
    ]
    return "<br>".join(html.escape(" ".join(text.split())) for text in (*told, *line.told))


def roster_record(roster: Table, summary: Summary) -> Record:
    """The points by GitHub's user names, in the columns in which Classroom gives grades."""
    students = roster.rows[1:]
    keys = [[roster.cell(row, name) for name in (USER, STUDENT, "name")] for row in students]
    lines = matched(keys, summary)
    rows: list[tuple[str, ...]] = [CLASSROOM]
    for place, (user, student, _) in enumerate(keys):
        line = lines.get(place)
        rows.append((user, student, number(line.points) if line else "", number(summary.full)))
    return Record(ROSTER, roster.data(rows), len(lines), _strangers(summary, lines))


def matched(keys: Sequence[Sequence[str]], summary: Summary) -> dict[int, Line]:
    """The place of each student in a list to the submission, as far as there is something to record.

    Args:
        keys: for each student the names that the list has, the surest one first. One that several
            students have decides nothing, and neither does one that several submissions have.
        summary: of the class.
    """
    left = {line.id: line for line in summary.counted}
    found: dict[int, Line] = {}
    for kind in range(max(map(len, keys), default=0)):
        names = [own[kind].casefold() for own in keys]
        counted, named = Counter(names), _by_name(left.values())
        for place, name in enumerate(names):
            line = named.get(name) if name and counted[name] == 1 and place not in found else None
            if line is not None and line.id in left:
                found[place] = left.pop(line.id)
    return found


def _by_name(lines: Iterable[Line]) -> dict[str, Line]:
    """Submissions by their ids, and by names of students that only one of them has, in small letters."""
    known = list(lines)
    counted = Counter(line.name.casefold() for line in known)
    names = {line.name.casefold(): line for line in known if counted[line.name.casefold()] == 1}
    return names | {line.id.casefold(): line for line in known}


def _strangers(summary: Summary, found: Mapping[int, Line]) -> tuple[str, ...]:
    known = {line.id for line in found.values()}
    return tuple(line.id for line in summary.counted if line.id not in known)
