"""The kit's curriculum as JSON: what is read of the TOML, and only of the text that it was made of."""

from __future__ import annotations

import json

import pytest

from pytest_tinytorch.course import kept, parsed
from pytest_tinytorch.course.curriculum import Curriculum
from pytest_tinytorch.course.curriculumfile import table_of
from pytest_tinytorch.course.entries import build_curriculum

TEXT = kept.TABLE.read_text(encoding="utf-8")


def test_the_kits_own_is_up_to_date():
    remedy = "run `python -m pytest_tinytorch.course.parsed`"
    assert kept.KEPT.read_text(encoding="utf-8") == parsed.json_text(TEXT), remedy


def test_it_says_what_the_table_says_to_the_kind_of_each_number():
    found = kept.kept_in(kept.KEPT, TEXT, Curriculum)
    assert repr(found) == repr(build_curriculum(table_of(TEXT)))


def test_it_counts_for_no_other_text():
    edited = TEXT.replace("stars = 1", "stars = 2", 1)
    assert kept.kept_in(kept.KEPT, edited, Curriculum) is None


@pytest.mark.parametrize("damaged", [None, "", "{", "[]", '{"of": 1}', '{"of": "OF"}'])
def test_one_that_is_damaged_counts_for_nothing(tmp_path, damaged):
    file = tmp_path / "curriculum.json"
    if damaged is not None:
        file.write_text(damaged.replace("OF", kept.digest(TEXT)), encoding="utf-8")
    assert kept.kept_in(file, TEXT, Curriculum) is None


def test_one_of_another_form_counts_for_nothing(tmp_path):
    table = json.loads(kept.KEPT.read_text(encoding="utf-8"))
    del table["curriculum"]["units"][0]["title"]
    file = tmp_path / "curriculum.json"
    file.write_text(json.dumps(table), encoding="utf-8")
    assert kept.kept_in(file, TEXT, Curriculum) is None
