"""The rules of the comparison with PyTorch's samples, without PyTorch."""

from __future__ import annotations

import doctest

import numpy as np
import pytest

from benchmarks import judging
from benchmarks.conformance import Verdict, page, shown, table
from benchmarks.judging import Answer, Refusal, Sample, judge

X = Sample("sum", frozenset({"float32"}), frozenset({"dim", "keepdim"}))
WHOLE = Sample("mean", frozenset({"int64"}), frozenset({"dim"}))


def answer(values, gradient=None, dtype=np.float32):
    gradients = () if gradient is None else (np.array(gradient, dtype),)
    return Answer((np.array(values, dtype),), gradients)


ONE = answer([1.0], [2.0])
TOLD = Refusal("IndexError", "dim 3 is not an axis of shape (2,)")
INSIDE = Refusal(
    "ValueError", "operands could not be broadcast together with shapes (2,) (3,)", False
)

ROWS = {
    "the same": (X, ONE, answer([1.0], [2.0]), "equal"),
    "nearly the same": (X, ONE, answer([1.000001], [2.0]), "equal"),
    "NaN in both": (X, answer([np.nan]), answer([np.nan]), "equal"),
    "another value": (X, ONE, answer([1.1], [2.0]), "wrong"),
    "NaN in one": (X, answer([1.0]), answer([np.nan]), "wrong"),
    "another shape": (X, answer([1.0]), answer(1.0), "wrong"),
    "another dtype": (X, answer([1.0]), answer([1.0], dtype=np.float64), "wrong"),
    "more results": (X, answer([1.0]), Answer((np.ones(1), np.ones(1))), "wrong"),
    "another gradient": (X, ONE, answer([1.0], [3.0]), "wrong"),
    "no gradient": (X, ONE, Answer(ONE.values, (None,)), "wrong"),
    "no gradient and zeros": (X, answer([1.0], [0.0]), Answer(ONE.values, (None,)), "equal"),
    "both refuse": (X, Refusal("RuntimeError", "any"), TOLD, "equal"),
    "only we refuse": (X, ONE, TOLD, "refused"),
    "only PyTorch refuses": (X, Refusal("RuntimeError", "no"), ONE, "wrong"),
    "from the inside": (X, ONE, INSIDE, "unclear"),
    "from the inside, both": (X, Refusal("RuntimeError", "no"), INSIDE, "unclear"),
    "it names nothing": (X, ONE, Refusal("ValueError", "that does not work"), "unclear"),
    "it shows a shape": (X, ONE, Refusal("ValueError", "cannot reshape (2,) to (3,)"), "refused"),
    "an assertion": (X, ONE, Refusal("AssertionError", "dim"), "unclear"),
    "whole numbers of another width": (
        WHOLE,
        answer([1], dtype=np.int32),
        answer([1], dtype=np.uint64),
        "equal",
    ),
    "floats of whole numbers": (WHOLE, answer([1], dtype=np.int64), answer([1.0]), "wrong"),
    "a documented difference": (WHOLE, Refusal("RuntimeError", "no"), ONE, "documented"),
    "the same, but of floats": (X, Refusal("RuntimeError", "no"), ONE, "wrong"),
    "numbers by chance": (
        Sample("rand", frozenset(), random=True),
        answer([1.0]),
        answer([2.0]),
        "equal",
    ),
}


@pytest.mark.parametrize("row", ROWS)
def test_a_verdict(row):
    sample, wanted, got, verdict = ROWS[row]
    assert judge(sample, wanted, got)[0] == verdict


def test_half_precision_is_compared_as_coarsely_as_it_is():
    half = Sample("sum", frozenset({"float16"}))
    one, near = answer([1.0], dtype=np.float16), answer([1.002], dtype=np.float16)
    assert judge(half, one, near)[0] == "equal"
    assert judge(half, one, answer([1.02], dtype=np.float16))[0] == "wrong"


def test_equal_values_in_another_order_are_documented_and_others_are_not():
    x = np.array([3.0, 1.0, 3.0], np.float32)
    sample = Sample("argsort", frozenset({"float32"}), inputs=(x,))
    order = lambda *places: Answer((np.array(places),))
    assert judge(sample, order(1, 2, 0), order(1, 0, 2))[0] == "documented"
    assert judge(sample, order(1, 2, 0), order(0, 1, 2))[0] == "wrong"


def test_examples():
    assert doctest.testmod(judging).failed == 0


FOUND = [
    Verdict("all", "tt.all", "bool", "equal", "", "tt.all(b)"),
    Verdict("sum", "tt.sum", "float64", "equal", "", "tt.sum(x)"),
    Verdict("sum", "x.sum", "int64", "wrong", "2, not 3", "x.sum(y)"),
    Verdict("sum", "x.sum", "int64", "wrong", "2, not 3", "x.sum(z)"),
    Verdict("mean", "tt.mean", "int64", "documented", judging.DOCUMENTED[0].reason, "tt.mean(n)"),
]


def test_the_table_counts():
    lines = [line.split() for line in table(FOUND).splitlines()]
    assert lines[0] == ["operation", "samples", *judging.VERDICTS]
    rows = [["all", "1", "1"], ["mean", "1", "1"], ["sum", "3", "1", "2"]]
    assert lines[1:] == [*rows, ["in", "all", "5", "2", "1", "2"]]


def test_the_page_counts_and_gives_reasons():
    text = page(FOUND, "2.13.0")
    assert "| `sum` | 3 | 1 | 0 | 0 | 2 | 0 |" in text
    assert "| **in all** | 5 | 2 | 0 | 1 | 2 | 0 |" in text
    assert f"- {judging.DOCUMENTED[0].reason}: 1\n" in text
    assert judging.DOCUMENTED[1].reason not in text


def test_each_reason_is_shown_once():
    assert shown(FOUND).splitlines()[:2] == ["wrong  x.sum(y)", "    2, not 3"]
    assert shown(FOUND).count("wrong") == 1
