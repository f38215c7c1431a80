"""Submissions that are alike are put together, and only those."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import pytest

from pytest_tinytorch.grade.rings import ring_by_member, rings_of
from pytest_tinytorch.grade.similarity import REFERENCE, Pair
from pytest_tinytorch.grade.summary import csv_text, likenesses
from tests.grade.classes import a_class


def pairs(*told):
    """Pairs like ``"ab"``, each of which shares less than the one before; ``"a"`` is like the solution."""
    return tuple(
        Pair(one[0], one[1] if one[1:] else REFERENCE, 100.0 - place, 3, ())
        for place, one in enumerate(told)
    )


@pytest.mark.parametrize(
    ("given", "members"),
    [
        ((), []),
        (("ab",), ["ab"]),
        (("ab", "bc", "ac"), ["abc"]),
        (("ab", "cd", "bc"), ["abcd"]),
        (("cd", "ab"), ["cd", "ab"]),
        (("a", "b"), ["a", "b"]),
        (("a", "bc", "b"), ["a", "bc"]),
    ],
)
def test_who_is_alike_is_in_one_ring(given, members):
    assert ["".join(ring.members) for ring in rings_of(pairs(*given))] == members


def test_a_ring_is_held_together_by_those_that_share_most():
    (ring,) = rings_of(pairs("ab", "bc", "ac", "cd", "ad", "c"))
    assert [pair.first + pair.second for pair in ring.links] == ["ab", "bc", "cd"]
    assert [pair.first for pair in ring.solution] == ["c"]
    assert [pair.first + pair.second for pair in ring.pairs] == ["ab", "bc", "cd", "c"]


def copies(count):
    """The pairs of so many equal copies."""
    ids = [f"s{n:03}" for n in range(count)]
    return tuple(Pair(a, b, 300.0, 9, ()) for a, b in combinations(ids, 2))


def test_many_equal_copies_are_one_ring():
    found = copies(200)
    (ring,) = rings_of(found)
    assert (len(found), len(ring.members), len(ring.links)) == (19_900, 200, 199)


def test_a_row_of_the_table_names_the_first_and_counts_the_others():
    (ring,) = rings_of(copies(9))
    line = replace(a_class().lines[0], id="s004")
    assert likenesses(line, ring, copies(9)) == [
        *(f"like s00{n}: 9 functions, weight 300" for n in range(3)),
        "5 more are like these",
    ]
    assert likenesses(line, None, ()) == []


def test_the_table_of_a_class_says_it_in_each_row():
    lines = tuple(replace(a_class().lines[0], id=f"s{n:03}") for n in range(9))
    text = csv_text(replace(a_class(), lines=lines, pairs=copies(9)))
    assert text.count("5 more are like these") == 9


def test_a_submission_is_in_one_ring_at_most():
    found = ring_by_member(rings_of(pairs("ab", "cd", "e")))
    assert {one: "".join(ring.members) for one, ring in found.items()} == {
        **dict.fromkeys("ab", "ab"),
        **dict.fromkeys("cd", "cd"),
        "e": "e",
    }
