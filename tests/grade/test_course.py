"""The TOML of a course: points, late days and limits, and a message for each mistake in it."""

from __future__ import annotations

from functools import partial

import pytest

from pytest_tinytorch.evidence.outcomes import State
from pytest_tinytorch.grade.classlist import read_list
from pytest_tinytorch.grade.course import Course, CourseError, Late, course_of, read_course
from pytest_tinytorch.grade.grades import Ending, Grade, row_of
from pytest_tinytorch.grade.records import read_table
from pytest_tinytorch.grade.submissions import Submission
from pytest_tinytorch.grade.summary import read_summary
from tests.grade.classes import graded
from tests.support import kit

WHOLE = """
[course]
title = "Autumn"
checkpoint = "01-03"
milestone = "1957"
borrow = "01"

[points]
default = 2
"02" = 3
"1957" = 5
borrowed = 0.5
partial_groups = true

[late]
free_days = 1
per_day = 0.2

[limits]
memory = 2048
"""
TENSOR, ACTIVATIONS, LAYERS = kit.modules()[:3]


def points(grade, course, days=0, borrowed=()):
    return row_of(Submission("ann", late_days=days), grade, course, [ACTIVATIONS, LAYERS], borrowed)


def states(*found):
    return dict(zip((ACTIVATIONS.id, LAYERS.id), found, strict=True))


def test_a_file_says_all_of_it(tmp_path):
    file = tmp_path / "course.toml"
    file.write_text(WHOLE, encoding="utf-8")
    course = read_course(file, kit.course())
    assert (course.title, course.checkpoint, course.milestone) == ("Autumn", "01-03", "1957")
    assert (course.borrow, course.path) == ("01", None)
    assert course.points == {"checkpoint-02": 3.0, "milestone-01": 5.0}
    assert course.worth(ACTIVATIONS) == 3
    assert course.worth(LAYERS) == 2
    assert course.late == Late(1, 0.2)
    assert (course.limits.memory, course.limits.cpu) == (2048, Course().limits.cpu)


def test_without_a_file_each_unit_gives_a_point():
    assert read_course(None, kit.course()) == Course()
    assert Course().worth(LAYERS) == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[points]\n99 = 1", '"99" is no checkpoint'),
        ("[points]\ndefault = -1", "default must be a number from 0"),
        ("[points]\n'02' = true", "02 must be a number"),
        ("[points]\n'02' = nan", "02 must be a number"),
        ("[points]\nborrowed = 2", "borrowed must be a number from 0 to 1"),
        ("[points]\npartial_groups = 1", "partial_groups must be true or false"),
        ("[late]\nper_day = 2.0", "per_day must be a number from 0 to 1"),
        ("[late]\nhours = 1", r"\[late\] has no hours"),
        ("[limits]\nmemory = 0", "memory must be an integer of at least 1"),
        ("[limits]\ndisk = 1", r"\[limits\] has no disk: files, file_size"),
        ("[course]\ncheckpoint = 1", "quotation marks"),
        ("[course]\nseed = '1'", r"\[course\] has no seed: title, checkpoint"),
        ("[course]\ntitel = 'Autumn'", r"\[course\] has no titel: .* Did you mean 'title'\?"),
        ("[late]\nfree_day = 1", r"\[late\] has no free_day: .* Did you mean 'free_days'\?"),
        ("[pints]\n'02' = 1", r"no table \[pints\]: .* Did you mean 'points'\?"),
        ("late = 1", "late is no table"),
        ("[points", "course.toml: "),
    ],
)
def test_a_mistake_is_named(tmp_path, text, message):
    file = tmp_path / "course.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(CourseError, match=message) as caught:
        read_course(file, kit.course())
    assert str(caught.value).startswith(str(file))


def test_a_file_in_latin_1_is_said_to_be_no_utf_8(tmp_path):
    file = tmp_path / "course.toml"
    file.write_bytes("[course]\ntitle = 'Übung'\n".encode("latin-1"))
    with pytest.raises(CourseError, match=r"course\.toml is not UTF-8: save it as UTF-8$"):
        read_course(file, kit.course())


class TestPoints:
    def test_are_all_or_nothing(self):
        row = points(graded(states(State.PASSED, State.WRONG), shares=states(1.0, 0.9)), Course())
        assert (row.points, row.full) == (1, 2)

    @pytest.mark.parametrize("state", [s for s in State if s != State.PASSED])
    def test_are_for_what_is_passed_only(self, state):
        assert points(graded(states(state, state)), Course()).points == 0

    def test_may_be_partial_if_the_course_says_so(self):
        grade = graded(states(State.PASSED, State.WRONG), shares=states(1.0, 0.25))
        course = Course(points={LAYERS.id: 8.0}, partial_groups=True)
        row = points(grade, course)
        assert row.units == {ACTIVATIONS.id: 1.0, LAYERS.id: 2.0}
        assert (row.points, row.full) == (3, 9)

    @pytest.mark.parametrize(("days", "kept"), [(0, 1), (2, 1), (3, 0.7), (6, 0), (40, 0)])
    def test_are_fewer_for_late_days(self, days, kept):
        course = Course(late=Late(2, 0.3))
        row = points(graded(states(State.PASSED, State.PASSED)), course, days)
        assert row.points == pytest.approx(2 * kept if days != 6 else 0)
        assert any("late" in flag for flag in row.flags) == (kept < 1)

    @pytest.mark.parametrize("ending", [e for e in Ending if e != Ending.GRADED])
    def test_are_none_for_what_was_not_graded_to_its_end(self, ending):
        grade = Grade(ending, states=states(State.PASSED, State.PASSED), shares=states(1.0, 1.0))
        course = Course(partial_groups=True, borrowed=1.0)
        assert points(grade, course, borrowed=[TENSOR]).points == 0

    def test_for_borrowed_units_are_what_the_course_says(self):
        grade = graded(states(State.PASSED, State.PASSED))
        for share, own, full in ((0.0, 2, 2), (0.5, 2.5, 2.5)):
            row = points(grade, Course(borrowed=share), borrowed=[TENSOR])
            assert (row.points, row.full) == (own, full)


def test_numbers_of_a_table_are_not_taken_for_names():
    assert course_of({"points": {"1957": 5}}, kit.course()).points == {"milestone-01": 5.0}


@pytest.mark.parametrize(
    "read", [read_table, read_list, read_summary, partial(read_course, curriculum=kit.course())]
)
def test_a_folder_in_the_place_of_a_file_is_named_once(read, tmp_path):
    with pytest.raises(ValueError, match=r"directory|denied") as caught:
        read(tmp_path)
    assert str(caught.value) == f"{tmp_path}: {str(caught.value).rpartition(': ')[2]}"
    assert "Errno" not in str(caught.value)
