"""Canaries as source, and the functions that are planted: right for certain, or wrong for certain."""

from __future__ import annotations

import ast
from contextlib import nullcontext

import numpy as np
import pytest

from pytest_tinytorch.run.canaries import BODIES, NEEDED, OWN_BODY, Canary, rewritten, sites
from pytest_tinytorch.run.decoys import Decoys, Nothing
from pytest_tinytorch.run.planting import failing_briefly
from specs import gradients, laws, memory, work
from specs.laws import LawBroken, assert_close, assert_equal

HELPERS = frozenset({"assert_close", "assert_equal", "expect", "raises", "check_gradient"})
NAMES = {**vars(memory), **vars(work), **vars(laws), **vars(gradients)}
BREAKS = (LawBroken, AssertionError)


def function(text):
    return ast.parse(text).body[0]


def made(host, canary, names=NAMES):
    """The canary as a function."""
    space = {}
    exec(compile(rewritten(function(host), canary), "host.py", "exec"), dict(names), space)
    return space["make"](Decoys(canary.amount, dict(names) | NAMES))


def canary(kind="values", passes=False, site=0):
    return Canary("specs/test_01.py::test_a", kind, passes, site, False, 4.25)


@pytest.mark.parametrize(
    ("body", "kinds"),
    [
        ("assert_close(f(x), x)", ["assert_close"]),
        ("y = f(x)\n    assert_equal(y, x)", ["assert_equal"]),
        ("assert f(x) == x", ["assert"]),
        ("expect(f(x) > 0, 'more', f(x))", ["expect"]),
        ("_, n = peak_of(f, x)\n    expect(n < 9, 'less', n)", ["counts"]),
        ("with raises(ValueError, naming='dim'):\n        f(x)", ["raises"]),
        ("check_gradient(f, x)", ["check_gradient"]),
        ("for y in x:\n        assert_close(f(y), y)", []),
        ("if not x:\n        return\n    assert_close(f(x), x)", []),
        ("assert_close(*f(x))", []),
        ("check_rule(f, x)", []),
        ("with raises(ValueError) as found:\n        f(x)", []),
    ],
)
def test_what_decides_about_a_spec_is_found(body, kinds):
    assert [kind for kind, _ in sites(function(f"def test_a(x):\n    {body}"), HELPERS)] == kinds


@pytest.mark.parametrize(
    "body",
    [
        "assert_close(np.ones(3), np.ones(3))",
        "assert_equal('a', 'a')",
        "assert 1 == 1",
        "expect(True, 'true', 'false')",
        "with raises(ValueError, naming='dim'):\n        raise ValueError('dim')",
    ],
)
def test_a_changed_site_fails_where_its_host_passes(body):
    host = f"def test_a():\n    {body}"
    names = {**NAMES, "np": np}
    space = {}
    exec(host, dict(names), space)
    space["test_a"]()
    with pytest.raises(BREAKS):
        made(host, canary(), names)()


@pytest.mark.parametrize("kind", [*NEEDED])
@pytest.mark.parametrize("amount", [3.0, 4.25, 9.0])
def test_a_body_of_its_own_has_its_color(kind, amount):
    for passes in (True, False):
        one = Canary("specs/test_01.py::test_a", kind, passes, OWN_BODY, False, amount)
        twin = made("def test_a(x, y):\n    '''A law.'''\n    raise SystemExit", one)
        assert twin.__doc__ == "A law."
        if passes:
            twin()
        else:
            with pytest.raises(BREAKS):
                twin()


def test_each_body_needs_what_it_says():
    assert {kind for kind, _ in BODIES} == {*NEEDED}
    for (kind, _), text in BODIES.items():
        used = {node.id for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Name)}
        assert used & {*NAMES} >= NEEDED[kind]
        assert used & {*HELPERS, "peak_bytes", "lines_run"} == NEEDED[kind]


def test_a_canary_stands_where_its_host_does():
    host = "\n\n@given(arrays())\n@settings(max_examples=3)\ndef test_a(self, x):\n    assert f(x) == x\n"
    made_ = rewritten(function(host), canary()).body[0].body[0]
    assert (made_.name, made_.lineno, made_.body[0].lineno) == ("test_a", 5, 6)
    assert [ast.unparse(one) for one in made_.decorator_list] == ["given(arrays())"]
    assert "planted.failing(f(x) == x)" in ast.unparse(made_)


@pytest.mark.parametrize(
    "value",
    [
        *(np.array(2.0), np.array([np.nan, np.inf, 1.0]), np.array([1, 2])),
        *(
            np.array([True, False]),
            np.array([1 + 2j]),
            np.array(["a"]),
            np.float32(3),
            True,
            0,
            1e300,
        ),
        *(1.5, "a", None, (), [1, 2], {"a": 1}, b"x", 10**30, [[1], [2, 3]], np.float16(6e4)),
    ],
    ids=repr,
)
def test_another_value_is_equal_to_none(value):
    other = Decoys(3.25, {}).other(value)
    with pytest.raises(LawBroken):
        assert_equal(other, value)
    with pytest.raises(LawBroken):
        assert_close(other, value, rtol=0.5)


def test_an_empty_value_stays_and_is_told():
    decoys = Decoys(3.25, {})
    assert_equal(decoys.other(np.zeros((0, 3))), np.zeros((0, 3)))
    assert (decoys.moved, decoys.kept) == (False, True)
    decoys.other(0)
    assert decoys.moved


@pytest.mark.parametrize(
    ("judges", "fails"),
    [
        (lambda decoys: assert_close(decoys.other(np.zeros(1)), np.zeros(1)), True),
        (lambda decoys: assert_close(decoys.other(np.zeros(0)), np.zeros(0)), True),
        (lambda decoys: decoys.other(np.zeros(1)), False),
        (lambda decoys: decoys.bent(np.negative), False),
        (lambda decoys: None, False),
    ],
    ids=["a law", "an empty array", "no law", "no gradient checked", "no example"],
)
def test_one_that_must_fail_passes_if_nothing_is_judged(judges, fails):
    decoys = Decoys(3.25, {})
    canary = failing_briefly(lambda: judges(decoys), decoys)
    with pytest.raises(AssertionError) if fails else nullcontext():
        canary()


def test_nothing_is_not_equal_to_what_is_equal_to_everything():
    class Agreeable:
        def __eq__(self, other):
            return True

    assert Nothing() != Agreeable()
    assert not laws.equal(Nothing(), Agreeable())
