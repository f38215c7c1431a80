"""The kit's curriculum as JSON: what the TOML says, and only for the text that it was made of."""

from __future__ import annotations

import tomllib

import pytest

from pytest_tinytorch.course import parsed

TEXT = parsed.TABLE.read_text(encoding="utf-8")


def test_the_kits_own_is_up_to_date():
    remedy = "run `python -m pytest_tinytorch.course.parsed`"
    assert parsed.PARSED.read_text(encoding="utf-8") == parsed.json_text(TEXT), remedy


def test_it_says_what_the_table_says():
    assert parsed.table_in(parsed.PARSED, TEXT) == tomllib.loads(TEXT)


def test_it_counts_for_no_other_text():
    edited = TEXT.replace("stars = 1", "stars = 2", 1)
    assert parsed.table_in(parsed.PARSED, edited) == {}
    assert parsed.table_of(edited) == tomllib.loads(edited)


@pytest.mark.parametrize("damaged", ["", "{", "[]", '{"of": 1}'])
def test_one_that_is_damaged_counts_for_nothing(tmp_path, damaged):
    file = tmp_path / "curriculum.json"
    assert parsed.table_in(file, TEXT) == {}
    file.write_text(damaged, encoding="utf-8")
    assert parsed.table_in(file, TEXT) == {}
