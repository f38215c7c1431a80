"""Examples of a watched run: each run draws its own, and begins with a failure that is remembered."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.database import InMemoryExampleDatabase

from pytest_tinytorch.run.trials import SEED
from pytest_tinytorch.watch import examples


def prop(check, **options):
    """A property, and the spec that it is."""

    @settings(max_examples=50, **options)
    @given(st.integers(0, 10**9))
    def one(x):
        check(x)

    return one, SimpleNamespace(obj=one)


def test_each_run_has_seeds_of_its_own():
    one, item = prop(lambda x: None, derandomize=False)  # Hypothesis sees to that where CI is set
    other, another = prop(lambda x: None, derandomize=False)
    found = set()
    for _ in range(2):
        examples.draw_anew([item, another, SimpleNamespace(obj=test_each_run_has_seeds_of_its_own)])
        found |= {vars(one)[SEED], vars(other)[SEED]}
    assert len(found) == 4


def test_where_examples_are_always_the_same_they_stay_so():
    one, item = prop(lambda x: None, derandomize=True, database=None)
    before = vars(one).get(SEED)
    examples.draw_anew([item])
    assert vars(one).get(SEED) is before


def test_a_run_begins_with_the_smallest_that_the_last_one_has_found():
    seen = []

    def small(x):
        seen.append(x)
        assert x < 1000

    one, item = prop(small, database=InMemoryExampleDatabase())
    for _ in range(2):
        seen.clear()
        examples.draw_anew([item])
        with pytest.raises(AssertionError):
            one()
    assert set(seen) == {1000}
