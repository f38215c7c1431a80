"""Examples drawn ahead: a full run has as many as any, of its own, and what fails on one of them fails."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from hypothesis import assume, given, note, settings
from hypothesis import strategies as st
from hypothesis.database import InMemoryExampleDatabase

from pytest_tinytorch.watch.examples import (
    REMEMBERED_EXAMPLES,
    Examples,
    draw_examples,
    is_to_draw,
    passes_all,
    run_with_hypothesis,
    use_up,
)
from pytest_tinytorch.watch.firstlook import FirstLook
from pytest_tinytorch.watch.plugin import dealt

RARE = 3**37
"""What 25 integers are not. Hypothesis likes to draw numbers near powers of two."""


def item_of(strategy, law):
    """A property as pytest has it, with what it was called with."""
    seen = []

    @settings(max_examples=25, deadline=None, database=InMemoryExampleDatabase())
    @given(x=strategy)
    def test(x):
        seen.append(x)
        law(x)

    return SimpleNamespace(obj=test, instance=None, funcargs={}), seen


def holds(x):
    """A law that is never broken."""


def fails_from(limit):
    def law(x):
        assert x < limit, x

    return law


def test_as_many_are_drawn_as_a_run_draws_and_the_law_is_not_tried():
    item, seen = item_of(st.integers(), holds)
    assert len(draw_examples(item).values) == 25
    assert seen == []
    run_with_hypothesis(item)
    assert len(seen) == 25


def test_all_are_drawn_where_there_are_fewer():
    item, _ = item_of(st.booleans(), holds)
    assert sorted(one["x"] for one in draw_examples(item).values) == [False, True]


def test_a_property_that_draws_while_it_runs_is_left_to_hypothesis():
    item, _ = item_of(st.data(), holds)
    assert draw_examples(item) == Examples()


def test_each_is_tried_once_where_all_hold():
    item, seen = item_of(st.integers(), holds)
    drawn = draw_examples(item).values
    assert passes_all(item, drawn)
    assert seen == [one["x"] for one in drawn]


def test_what_fails_is_made_smaller_by_hypothesis():
    item, _ = item_of(st.integers(), fails_from(100))
    with pytest.raises(AssertionError, match=r"^100\b"):
        passes_all(item, [{"x": 10**9}])


def test_what_was_red_begins_with_what_it_failed_on_and_is_mended_without_hypothesis():
    limits = [100]
    item, seen = item_of(st.integers(0, 10**6), lambda x: fails_from(limits[0])(x))
    with pytest.raises(AssertionError):
        run_with_hypothesis(item)
    seen.clear()
    assert not passes_all(item, [{"x": 1}], has_failed=True)
    assert set(seen) == {100}
    limits[0] = 10**9
    seen.clear()
    assert passes_all(item, [{"x": 1}, {"x": 2}], has_failed=True)
    assert seen[0] == 100
    assert seen[-2:] == [1, 2]
    assert len(seen) <= REMEMBERED_EXAMPLES + 2


def test_what_fails_on_a_rare_example_fails_although_hypothesis_does_not_find_it():
    item, _ = item_of(st.integers(0, 2**70), lambda x: fails_from(RARE)(RARE * (x == RARE)))
    assert not passes_all(item, [{"x": RARE}])
    with pytest.raises(AssertionError):
        run_with_hypothesis(item)


def test_what_fails_outside_of_hypothesis_alone_does_not_fail():
    item, _ = item_of(st.integers(), lambda x: note("one"))
    assert not passes_all(item, draw_examples(item).values)
    run_with_hypothesis(item)


@pytest.mark.filterwarnings("ignore:Using `assume` outside")
def test_for_an_example_that_the_law_leaves_out_hypothesis_draws_another():
    item, seen = item_of(st.integers(), lambda x: assume(x != 0))
    assert not passes_all(item, [{"x": 1}, {"x": 0}, {"x": 2}])
    assert seen == [1, 0]


def test_no_two_full_runs_have_the_same():
    drawn = {"a": Examples(({"x": 1},)), "b": Examples()}
    assert [is_to_draw(one) for one in (*drawn.values(), None)] == [False, False, True]
    use_up(drawn)
    assert [is_to_draw(one) for one in drawn.values()] == [True, False]
    assert drawn["a"].values == ({"x": 1},), "a first look may have them again"


def test_each_worker_has_as_many_dear_specs_in_the_order_of_all():
    items = list("aBcDeFGh")  # large ones are dear
    hands = dealt(items, 2, lambda item: item.isupper())
    assert hands == [list("aBeF"), list("cDGh")]
    assert dealt(items, 1, lambda item: item.isupper()) == [items]


def test_a_first_look_counts_for_specs_that_ran_whole_and_came_to_their_end():
    look = FirstLook({"property"})
    look.reports = [
        SimpleNamespace(nodeid=name, when=when)
        for name in ("whole", "property", "ended")
        for when in ("setup", "call", "teardown")[: 2 if name == "ended" else 3]
    ]
    assert {report.nodeid for report in look.of_whole()} == {"whole"}
    assert len(look.of_whole()) == 3
