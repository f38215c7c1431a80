"""Grades go back: into the worksheet that Moodle gave, and to Classroom's user names."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

import pytest

from pytest_tinytorch.grade.grades import Ending, Grade
from pytest_tinytorch.grade.records import RecordError, read_records, students_of
from tests.grade.classes import a_class

TITLES = "Identifier,Full name,ID number,Email address,Status,Grade,Maximum Grade,"
TITLES += "Grade can be changed,Last modified (submission),Last modified (grade),Feedback comments"
REST = '"Submitted, late",,100.00,Yes,"Monday, 1 June 2026, 9:00 AM",-,'
ROSTER = "identifier,github_username,github_id,name\n"


def worksheet(*students, titles=TITLES, rest=REST, newline="\r\n", mark="\ufeff"):
    lines = [titles, *(f"Participant {student},{rest}" for student in students)]
    return (mark + "".join(line + newline for line in lines)).encode()


@pytest.fixture
def summary():
    """A class of four: graded, refused, absent, void. The points are of 8."""
    found = a_class(4)
    lines = [
        replace(line, id=str(11 + n), name=name, grade=Grade(Ending.GRADED), flags=())
        for n, (line, name) in enumerate(zip(found.lines, ("Ann", "李", "Eve", "Zoe"), strict=True))
    ]
    for n, ending in ((2, Ending.ABSENT), (3, Ending.VOID)):
        lines[n] = replace(lines[n], grade=Grade(ending))
    lines[0] = replace(
        lines[0], points=6.4, full=8.0, told=("not taken: <a>.so",), flags=("tensor.py:3 gc",)
    )
    return replace(found, lines=tuple(lines))


def written(tmp_path, summary, data, service="moodle"):
    file = tmp_path / "list.csv"
    file.write_bytes(data)
    (one,) = read_records(**{"moodle": None, "classroom": None, service: file})
    return one.record(summary)


def rows(data):
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))


class TestMoodle:
    def test_only_grade_and_feedback_change(self, tmp_path, summary):
        before = worksheet("11,Ann,,", "12,李,,", "13,Eve,,", "14,Zoe,,", "99,Nobody,,")
        record = written(tmp_path, summary, before)
        assert record.name == "moodle.csv"
        old, new = rows(before), rows(record.data)
        changed = {
            (old[r][0].split()[-1], old[0][c]): cell
            for r, row in enumerate(new)
            for c, cell in enumerate(row)
            if cell != old[r][c]
        }
        assert {where for where in changed if where[1] == "Grade"} == {
            ("11", "Grade"),
            ("12", "Grade"),
        }
        assert {where[1] for where in changed} == {"Grade", "Feedback comments"}
        assert changed["11", "Grade"] == "80.00"
        feedback = changed["11", "Feedback comments"].split("<br>")
        assert feedback[0] == "6.4 of 8 points"
        assert feedback[-1] == "not taken: &lt;a&gt;.so"
        assert (record.graded, record.strangers) == (2, ())

    @pytest.mark.parametrize("newline", ["\n", "\r\n"])
    @pytest.mark.parametrize("mark", ["", "\ufeff"])
    def test_the_file_is_written_as_it_was(self, tmp_path, summary, newline, mark):
        before = worksheet("99,Nobody,,", "98,Żółć,,", newline=newline, mark=mark)
        assert written(tmp_path, summary, before).data == before

    def test_semicolons_and_commas_of_other_countries_are_kept(self, tmp_path, summary):
        text = "Identifier;Full name;Grade;Maximum grade\nParticipant 11;Ann;;10,00\n"
        assert written(tmp_path, summary, text.encode()).data.decode().splitlines()[1] == (
            "Participant 11;Ann;8.00;10,00"
        )

    def test_students_are_found_by_what_a_list_calls_them(self, tmp_path, summary):
        ids = ("u1", "li@school.example")
        lines = [replace(line, id=own) for line, own in zip(summary.lines[:2], ids, strict=True)]
        class_ = replace(summary, lines=tuple(lines))
        before = worksheet("11,A. Lee,U1,", "12,L,,li@school.example")
        assert written(tmp_path, class_, before).graded == 2

    def test_a_name_that_two_have_decides_nothing(self, tmp_path, summary):
        """One Ann has handed in, and the other has not."""
        record = written(tmp_path, summary, worksheet("11,Ann,,", "77,Ann,,"))
        assert [row[5] for row in rows(record.data)[1:]] == ["80.00", ""]
        lines = (replace(summary.lines[0], id="x"),)
        record = written(tmp_path, replace(summary, lines=lines), worksheet("11,Ann,,", "77,Ann,,"))
        assert (record.graded, record.strangers) == (0, ("x",))
        assert record.told() == "moodle.csv: 0 grades; not in the list: x"

    def test_the_students_of_a_worksheet_are_the_class(self, tmp_path):
        (tmp_path / "list.csv").write_bytes(worksheet("11,Ann,,", "12,李,,"))
        found = students_of(read_records(tmp_path / "list.csv", None))
        assert {key: (one.id, one.name) for key, one in found.items()} == {
            "11": ("11", "Ann"),
            "12": ("12", "李"),
        }

    @pytest.mark.parametrize(
        ("data", "why"),
        [
            (b"", "no column 'identifier'"),
            (b"Kennung,Bewertung\n", "while Moodle is set to English"),
            (worksheet(titles=TITLES.replace("Grade,M", "Note,M")), "no column 'grade'"),
            ("Identifier,Grade\u00e9".encode("latin-1"), "is not UTF-8"),
            (worksheet("11,Ann,,", rest=REST.replace("100.00", "-")), "Participant 11 is '-'"),
        ],
    )
    def test_what_is_no_worksheet_is_refused(self, tmp_path, summary, data, why):
        with pytest.raises(RecordError, match=why):
            written(tmp_path, summary, data)

    def test_rows_that_are_too_short_are_kept(self, tmp_path, summary):
        before = (TITLES + "\nParticipant 99\n\n").encode()
        assert written(tmp_path, summary, before).data == before


class TestClassroom:
    def test_points_are_by_user_name(self, tmp_path, summary):
        lines = (replace(summary.lines[0], id="Ann-GH"), *summary.lines[1:])
        roster = ROSTER + "ann@school.example,ann-gh,1,\n李,,2,\neve,eve-gh,3,Eve\n"
        record = written(tmp_path, replace(summary, lines=lines), roster.encode(), "classroom")
        assert rows(record.data) == [
            ["github_username", "roster_identifier", "points_awarded", "points_available"],
            ["ann-gh", "ann@school.example", "6.4", "8"],
            ["", "李", "1", "8"],
            ["eve-gh", "eve", "", "8"],
        ]
        assert (record.name, record.graded, record.strangers) == ("classroom.csv", 2, ())

    def test_the_students_of_a_roster_are_the_class(self, tmp_path):
        (tmp_path / "list.csv").write_text(ROSTER + "a@x,ann,1,\nb,,,\n李,li,3,Li\n", "utf-8")
        found = students_of(read_records(None, tmp_path / "list.csv"))
        assert {key: one.name for key, one in found.items()} == {"ann": "a@x", "li": "Li"}

    def test_what_is_no_roster_is_refused(self, tmp_path, summary):
        with pytest.raises(
            RecordError, match=r"no column 'github_username': .*classroom_roster\.csv"
        ):
            written(tmp_path, summary, b"identifier\n", "classroom")


def test_two_lists_need_a_third_that_says_who_is_who(tmp_path):
    sheet, roster = tmp_path / "a.csv", tmp_path / "b.csv"
    sheet.write_bytes(worksheet())
    roster.write_text(ROSTER, encoding="utf-8")
    with pytest.raises(RecordError, match="--names"):
        students_of(read_records(sheet, roster))
    assert students_of(()) is None
