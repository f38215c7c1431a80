"""The class as one value: the CSV, the JSON, shards put together, and what students get back."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace

import jsonschema
import pytest

from pytest_tinytorch.evidence.outcomes import State
from pytest_tinytorch.grade import feedback, grades
from pytest_tinytorch.grade.course import Course, Late
from pytest_tinytorch.grade.flags import Flag
from pytest_tinytorch.grade.grades import Ending, Grade, grade_json, parse_grade, row_of
from pytest_tinytorch.grade.kit import Kit
from pytest_tinytorch.grade.similarity import Common
from pytest_tinytorch.grade.submissions import Submission
from pytest_tinytorch.grade.summary import (
    MergeError,
    csv_text,
    merged,
    read_summary,
    summary_json,
    worst_exercises,
)
from tests.grade.classes import a_class, graded
from tests.support import kit

SCHEMA = kit.ROOT / "pytest_tinytorch" / "export" / "gradescope.schema.json"
FORMULA = '=HYPERLINK("http://example.org")'


def rows_of(summary):
    return list(csv.DictReader(io.StringIO(csv_text(summary))))


class TestCsv:
    def test_has_a_row_for_each_submission(self):
        summary = a_class()
        rows = rows_of(summary)
        assert [row["id"] for row in rows] == [line.id for line in summary.lines]
        assert (rows[2]["points"], rows[2]["of"]) == ("2", "8")
        assert [rows[2][unit.label] for unit in summary.units] == ["1", "1"] + ["0"] * 6
        assert (rows[3]["ending"], rows[3]["points"]) == ("refused", "0")

    @pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t=", "\r+", " @", "\n-"])
    def test_has_no_formula(self, start):
        (row, *_) = rows_of(replace(a_class(), lines=(named(f"{start}1"),)))
        assert row["id"] == f"'{start.strip()}1"
        assert row["name"] == f"'{FORMULA}"

    def test_has_what_the_list_of_the_class_says_besides(self):
        first, second, third = a_class().lines[:3]
        lines = (
            replace(first, more=(("section", "2"), ("points", "=1"))),
            replace(second, more=(("section", "3"), ("=e-mail", "a@b.org"))),
            third,
        )
        rows = rows_of(replace(a_class(), lines=lines))
        assert [row["section"] for row in rows] == ["2", "3", ""]
        assert [row["points (list)"] for row in rows] == ["'=1", "", ""]
        assert [row["'=e-mail"] for row in rows] == ["", "a@b.org", ""]
        assert rows[1]["points"] == "1"


def named(text):
    return replace(a_class().lines[0], id=text, name=FORMULA)


def test_the_json_is_read_as_it_was_written(tmp_path):
    file = tmp_path / "summary.json"
    first, *others = a_class().lines
    lines = (replace(first, more=(("section", "2"),)), *others)
    whole = replace(a_class(), lines=lines, common=(Common("tensor.py", ("s01", "s02")),))
    file.write_bytes(summary_json(whole))
    assert read_summary(file) == whole


@pytest.mark.parametrize("data", [b"", b"{}", b"[1]", b'{"schema": 1}', None])
def test_other_json_is_refused(tmp_path, data):
    file = tmp_path / "summary.json"
    if data is not None:
        file.write_bytes(data)
    with pytest.raises(MergeError, match=r"summary\.json"):
        read_summary(file)


def test_exercises_that_go_wrong_most_come_first():
    found = worst_exercises(a_class(30), 3)
    assert [count for *_, count in found] == sorted((n for *_, n in found), reverse=True)
    assert found[0][0] == "07 training"


def test_what_is_only_unwritten_does_not_go_wrong():
    line = a_class().lines[0]
    red = tuple(replace(one, kind="todo") for one in line.grade.red)
    assert (
        worst_exercises(
            replace(a_class(), lines=(replace(line, grade=replace(line.grade, red=red)),))
        )
        == []
    )


class TestMerging:
    def shards(self, of=3):
        whole = a_class()
        return [replace(whole, lines=whole.lines[n::of], shard=(n + 1, of)) for n in range(of)]

    def test_gives_the_whole_class(self):
        assert merged(self.shards()[::-1]) == a_class()

    def test_refuses_a_class_with_a_part_missing(self):
        with pytest.raises(MergeError, match="2/3 is missing"):
            merged([self.shards()[0], self.shards()[2]])

    def test_refuses_a_part_that_is_there_twice(self):
        with pytest.raises(MergeError, match="twice"):
            merged([*self.shards(), self.shards()[0]])

    @pytest.mark.parametrize("change", [{"kit": "e" * 32}, {"options": ()}, {"title": "Spring"}])
    def test_refuses_what_was_graded_otherwise(self, change):
        first, second, third = self.shards()
        with pytest.raises(MergeError, match="different kits or for different courses"):
            merged([first, replace(second, **change), third])

    def test_refuses_a_submission_that_is_in_two(self):
        first, second, third = self.shards()
        both = replace(second, lines=(*second.lines, first.lines[0]))
        with pytest.raises(MergeError, match="s00 is in several shards"):
            merged([first, both, third])


class TestGrades:
    def test_are_read_as_they_were_written(self):
        for line in a_class().lines:
            assert parse_grade(grade_json(line.grade)) == line.grade

    @pytest.mark.parametrize("data", [b"", b"{}", b'{"ending": "fine"}', b"\xff"])
    def test_that_are_damaged_are_none(self, data):
        assert parse_grade(data) is None

    def test_of_another_version_are_none(self):
        assert parse_grade(grade_json(Grade(Ending.GRADED, schema=grades.SCHEMA + 1))) is None

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "[]",
            "{}",
            '{"schema": 1, "granting": true, "units": {"a": {"state": "perfect"}}}',
            '{"schema":1,"granting":true,"warnings":[],"tasks":[],"units":{"a":{"state":"passed"}}}',
        ],
    )
    def test_are_not_made_of_what_is_no_result(self, text):
        with pytest.raises(ValueError):
            grades.read_result(text)


class TestStudents:
    UNITS = tuple(kit.modules()[:2])

    def row(self, **told):
        states = {self.UNITS[0].id: State.PASSED, self.UNITS[1].id: State.WRONG}
        one = Submission("u1", "Ann <b>*x*", None, 2)
        return row_of(one, graded(states, **told), self.kit().course, self.UNITS)

    def kit(self):
        course = Course(checkpoint="01-02", points={self.UNITS[0].id: 3.0})
        return Kit({}, {}, kit.course(), course, self.UNITS, (), "d")

    def test_are_told_their_points_and_how_to_see_the_same_at_home(self):
        page = feedback.feedback_page(self.row(), self.kit(), {"log.txt": "~~~~\n\x1b[31mred"})
        assert page.startswith("# Ann \\<b\\>\\*x\\*: 3 of 4 points\n")
        assert "| ✅ passed | 01 tensor | 3 | 3 |\n| ❌ wrong | 02 activations | 0 | 1 |" in page
        command = "pytest -p tinytorch --isolate --checkpoint=01-02 --hypothesis-profile=ci"
        assert f"\n    {command}\n" in page
        assert "~~~~~text\n~~~~\n[31mred\n~~~~~" in page
        assert "\x1b" not in page

    def test_are_told_no_flags(self):
        row = self.row(remarks=("not taken: x.pyc",), flags=(Flag("a.py", 3, "torch", "why"),))
        assert row.flags == ("not taken: x.pyc", "a.py:3 torch")
        for text in feedback.student_files(row, self.kit(), {}).values():
            assert "x.pyc" in text
            assert "torch" not in text.replace("tinytorch", "")

    def test_get_results_for_gradescope_with_the_points_of_the_course(self):
        said = {"tests": [{"name": "02 activations", "output": "wrong: \x1b"}]}
        text = feedback.gradescope_json(self.row(), self.kit(), json.dumps(said))
        table = json.loads(text)
        jsonschema.validate(table, json.loads(SCHEMA.read_text(encoding="utf-8")))
        assert table["score"] == 3
        assert [(t["score"], t["max_score"], t["status"]) for t in table["tests"]] == [
            (0.0, 1.0, "failed"),
            (3.0, 3.0, "passed"),
        ]
        assert table["tests"][0]["output"] == "wrong: "

    def test_read_in_gradescope_first_what_to_fix(self):
        units = kit.modules()[:3]
        found = State.PASSED, State.WRONG, State.LOCKED
        states = {unit.id: state for unit, state in zip(units, found, strict=True)}
        one = Submission("u1", "Ann", None, 2)
        course = Course(checkpoint="01-03", late=Late(per_day=0.25))
        row = row_of(one, graded(states), course, units)
        said = {"tests": [{"name": units[1].label, "output": "wrong: why\nrelu"}]}
        opened = Kit({}, {}, kit.course(), course, units, (), "d")
        table = json.loads(feedback.gradescope_json(row, opened, json.dumps(said)))
        assert table["output"].splitlines() == [
            "0.5 of 3 points",
            "2 days late: 50% of the points kept",
            "First to fix: 02 activations",
            "  wrong: why",
            "  relu",
        ]
        assert [test["number"] for test in table["tests"]] == ["02", "01", "03"]
        ran = {"gradescope.json": json.dumps(said), "progress.md": "| 🔒 locked | 04 losses |"}
        page = feedback.feedback_page(row, opened, ran)
        assert page.index("First to fix: 02") < page.index("| 01 tensor") < page.index("at home")
        assert "losses" not in page

    def test_read_in_gradescope_why_they_have_no_points(self):
        row = row_of(Submission("u1"), Grade(Ending.ENDED, reason="late"), Course(), self.UNITS)
        table = json.loads(feedback.gradescope_json(row, self.kit(), ""))
        assert table["output"].splitlines() == [
            "0 of 2 points",
            "The run did not come to its end, so it gives no points.",
            "late",
        ]

    @pytest.mark.parametrize("text", ["", "[]", '{"tests": 1}', '{"tests": [{}]}', "[" * 200_000])
    def test_get_results_even_if_the_run_wrote_none(self, text):
        assert json.loads(feedback.gradescope_json(self.row(), self.kit(), text))["score"] == 3
