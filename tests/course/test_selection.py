"""What a person types, and which units that is."""

from __future__ import annotations

import tomllib

import pytest

from pytest_tinytorch.course import entries, selection
from tests.support import kit, toy

TOY = entries.build_curriculum(tomllib.loads(toy.CURRICULUM))


def numbers(units):
    return " ".join(unit.number for unit in units)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("01", "01"),
        ("1", "01"),
        ("01-03", "01 02 03"),
        ("1-2", "01 02"),
        ("doubling", "02"),
        ("Doubling", "02"),
        ("adding-squaring", "01 02 03"),
        ("first", "01 02"),
        ("second", "03"),  # a tier and a stage: the tier
        ("stage:second", "02"),
        ("all", "00 01 02 03"),
        ("03, 01", "01 03"),
        ("01,first,01", "01 02"),
        ("test_02_doubling", "02"),
        ("specs/test_02_doubling.py", "02"),
        ("02_doubling", "02"),
        ("02 doubling", "02"),
        ("tinytorch/doubling.py", "02"),
        ("lessons\\02_doubling.md", "02"),
        ("02_doubling,01", "01 02"),
    ],
)
def test_checkpoints(text, expected):
    assert numbers(selection.select_checkpoints(TOY, text)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("01", "01"),
        ("1902", "02"),
        ("squares", "02"),
        ("1901-1902", "01 02"),
        ("all", "01 02"),
        ("01_1901_sums", "01"),
        ("1901_sums", "01"),
        ("1902 squares", "02"),
        ("milestones/01_1901_sums/run.py", "01"),
        ("milestones/02_1902_squares/", "02"),
    ],
)
def test_milestones(text, expected):
    assert numbers(selection.select_milestones(TOY, text)) == expected


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("0l", "unknown checkpoint '0l'"),
        ("doublng", "Did you mean 'doubling'"),
        ("7", "Valid: 00, 01, 02, 03"),
        ("01-7", "unknown checkpoint '7'"),
        ("03-01", "runs backwards: write 01-03"),
        ("3-0", "runs backwards: write 00-03"),
        ("DOUBLNG", "unknown checkpoint 'DOUBLNG'. Did you mean 'doubling'"),
        ("triplicate", "'triplicate'. Valid"),
        ("", "unknown checkpoint ''"),
        ("01,", "unknown checkpoint ''"),
        ("1901", "'1901' is 1901 sums, a milestone: ask with `tito milestone`"),
        ("03_doubling", "doubling is 02, and 03 is squaring"),
    ],
)
def test_unknown_checkpoints(text, says):
    with pytest.raises(selection.UnknownName) as caught:
        selection.select_checkpoints(TOY, text)
    assert says in str(caught.value)


def test_the_nearest_valid_value_of_a_slip_of_the_finger():
    with pytest.raises(selection.UnknownName, match="Did you mean '05'"):
        selection.select_checkpoints(kit.course(), "5O")


def test_foundation_is_the_tier_of_seven_modules():
    assert (
        numbers(selection.select_checkpoints(kit.course(), "foundation")) == "01 02 03 04 05 06 07"
    )
    assert numbers(selection.select_checkpoints(kit.course(), "training")) == "07"
    assert numbers(selection.select_checkpoints(kit.course(), "stage:training")) == "04 05 06 07 08"


def test_paths():
    assert selection.select_learning_path(TOY, "short").numbers == ("01", "02")
    with pytest.raises(selection.UnknownName, match="Did you mean 'squares'"):
        selection.select_learning_path(TOY, "square")


def test_no_name_is_a_tier_and_a_stage():
    course = kit.course()
    assert not {tier.name for tier in course.tiers} & {stage.name for stage in course.stages}


@pytest.mark.parametrize(
    ("text", "label"),
    [("02", "02 doubling"), ("1902", "1902 squares"), ("sums", "1901 sums"), ("nothing", None)],
)
def test_a_unit_of_either_kind(text, label):
    unit = selection.find_unit(TOY, text)
    assert (unit and unit.label) == label


def test_a_long_list_of_what_is_valid_is_short():
    """Twenty-one numbers are a range, and a stage is not listed twice."""
    with pytest.raises(selection.UnknownName) as caught:
        selection.select_checkpoints(kit.course(), "42")
    told = str(caught.value)
    assert "unknown checkpoint '42'. Valid: 00 to 20, environment, tensor" in told
    assert "stage:training" in told
    assert "stage:basics" not in told
    assert "01, 02" not in told
