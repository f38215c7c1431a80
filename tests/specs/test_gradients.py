"""The gradient checker is itself checked: it accepts right rules and rejects wrong ones."""

from __future__ import annotations

import numpy as np
import pytest

from pytest_tinytorch.evidence import implementation, importing
from pytest_tinytorch.run.exceptions import LawBroken
from tests.support import kit


@pytest.fixture(autouse=True)
def reference():
    """The worked solution as `tinytorch`."""
    importing.install_finder(implementation.Implementation(kit.REFERENCE, kit.REFERENCE))
    yield
    importing.uninstall_finder()


def check(forward, *rules, points=None, seed=0):
    """Check a primitive made of a function and its rules at a point that is not special."""
    from specs.gradients import check_gradient
    from tinytorch.primitive import defvjp, primitive

    op = primitive(forward)
    defvjp(op, *rules)
    draw = np.random.default_rng(1)
    points = points or [draw.uniform(0.5, 2, (3, 4)) for _ in rules]
    check_gradient(op, *points, seed=seed)


RIGHT = {
    "square": (lambda x: x * x, lambda g, ans, x: 2 * g * x),
    "sine": (np.sin, lambda g, ans, x: g * np.cos(x)),
    "sum of rows": (lambda x: x.sum(axis=1), lambda g, ans, x: g[:, None] * np.ones_like(x)),
    "product": (lambda x, y: x * y, lambda g, ans, x, y: g * y, lambda g, ans, x, y: g * x),
}

WRONG = {
    "by 0.1%": lambda g, ans, x: 2.002 * g * x,
    "in sign": lambda g, ans, x: -2 * g * x,
    "by ignoring the incoming gradient": lambda g, ans, x: 2 * x,
    "zero": lambda g, ans, x: 0 * g,
    "NaN": lambda g, ans, x: g * np.nan,
    "in one element by 0.1%": lambda g, ans, x: (
        2 * g * x * np.where(np.arange(12) == 5, 1.001, 1).reshape(3, 4)
    ),
    "by a constant": lambda g, ans, x: 2 * g * x + 1e-3,
    "in the order of elements": lambda g, ans, x: (2 * g * x)[::-1],
    "in shape": lambda g, ans, x: (2 * g * x).sum(axis=0),
    "in type": lambda g, ans, x: float((2 * g * x).sum()),
    "by changing the incoming gradient": lambda g, ans, x: np.multiply(g, 2 * x, out=g),
    "by changing its argument": lambda g, ans, x: g * np.multiply(x, 2, out=x),
    "by changing the result": lambda g, ans, x: 2 * g * np.sqrt(ans, out=ans),
}


@pytest.mark.parametrize("name", RIGHT)
def test_accepts_a_right_rule(name):
    check(*RIGHT[name])


@pytest.mark.parametrize("name", WRONG)
def test_rejects_a_rule_that_is_wrong(name):
    with pytest.raises(LawBroken):
        check(lambda x: x * x, WRONG[name])


def test_rejects_a_rule_that_counts_on_how_a_gradient_lies_in_memory():
    flat = lambda g, ans, x: 2 * x * g.ravel("K").reshape(g.shape)
    check(lambda x: x * x, flat)
    with pytest.raises(LawBroken):
        check(lambda x: x * x, flat, seed=1)


def test_rejects_a_wrong_rule_for_the_second_argument():
    with pytest.raises(LawBroken, match="argument 1"):
        check(lambda x, y: x * y, lambda g, ans, x, y: g * y, lambda g, ans, x, y: g * y)


def test_is_not_lenient_with_small_gradients():
    small = [np.full((2, 2), 1e-2)]
    check(lambda x: x**3, lambda g, ans, x: 3 * g * x * x, points=small)
    with pytest.raises(LawBroken):
        check(lambda x: x**3, lambda g, ans, x: 3.01 * g * x * x, points=small)


def test_names_the_rule_and_not_the_primitive():
    def rule(g, ans, x):
        return -g

    with pytest.raises(LawBroken) as caught:
        check(lambda x: x * x, rule)
    file, _line, name = caught.value.where
    assert file.endswith("test_gradients.py")
    assert name.endswith("rule")


@pytest.mark.parametrize("result", [None, 3.0, "x", np.ones(2), (1, 2)])
def test_rejects_a_function_that_gives_no_tensor(result):
    from specs.gradients import check_gradient

    with pytest.raises(LawBroken, match="expected a Tensor"):
        check_gradient(lambda x: result, np.ones(2))


NO_GRADIENTS = {
    "nothing": None,
    "a text": "x",
    "a number": 1.0,
    "texts": np.array(["a", "b"]),
    "objects": np.array([None, 1.0], object),
    "complex numbers": np.ones(2) * 1j,
    "of another shape": np.ones(3),
}


def check_backward(backward):
    """Check a function whose result does this to its argument, whatever the gradient."""
    from specs.gradients import check_gradient
    from tinytorch.tensor import Tensor

    def function(x):
        class Result(Tensor):
            def backward(self, grad):
                backward(x)

        return Result(x.data * 1)

    check_gradient(function, np.ones(2))


@pytest.mark.parametrize("name", NO_GRADIENTS)
def test_rejects_what_is_no_gradient(name):
    with pytest.raises(LawBroken, match="grad of argument 0"):
        check_backward(lambda x: setattr(x, "grad", NO_GRADIENTS[name]))


def test_rejects_a_tensor_that_has_no_gradient_at_all():
    with pytest.raises(LawBroken, match="grad of argument 0"):
        check_backward(lambda x: delattr(x, "grad"))
