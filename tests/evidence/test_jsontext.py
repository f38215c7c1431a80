"""JSON without Python's `json`: the same values, and the same text to the letter."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pytest_tinytorch.evidence import manifest
from pytest_tinytorch.evidence.jsontext import parsed, written
from tests.support import kit

NUMBERS = st.integers(-(2**60), 2**60) | st.floats()
TABLES = st.tuples(st.lists(st.text()), st.lists(st.tuples(st.text(), NUMBERS)))


@given(TABLES)
@example((["test_one[\x7f]", "test_é", 'a"\\\n\t'], [("least", 1e-07), ("most", 1e16)]))
@example((["null"], [("a", math.inf), ("b", 0.1)]))
def test_writes_as_python_does(table):
    assert written(table) == json.dumps(table)


@pytest.mark.parametrize("unit", kit.course().units, ids=lambda unit: unit.label)
def test_writes_what_digests_of_the_kit_depend_on(unit, monkeypatch):
    listed = manifest.read_manifest(kit.ROOT)[unit.id]
    table = [sorted(listed), sorted(unit.thresholds.items())]
    expected = json.dumps(table)
    monkeypatch.delattr(json, "dumps")  # no start may need it, whatever is proved
    assert written(table) == expected


@given(st.recursive(st.none() | st.booleans() | NUMBERS | st.text(), st.lists))
@example([math.nan, 1e400, "\ud800"])
def test_reads_as_python_does(value):
    text = json.dumps(value)
    assert repr(parsed(text.encode())) == repr(json.loads(text))


@pytest.mark.parametrize("data", [b"", b"{", b'"\xff"', b"\xef\xbb\xbf[1]", b"[1] 2", b"{'a': 1}"])
def test_says_what_is_no_json(data):
    with pytest.raises(ValueError):
        parsed(data)
