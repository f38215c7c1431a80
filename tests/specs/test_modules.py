"""The laws of options that many modules share, and the steps that a call takes."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from pytest_tinytorch.api import LawBroken
from specs.modules import check_dtype_option, check_order_of_draws
from specs.work import lines_run

pytestmark = pytest.mark.usefixtures("reference")


def layer(*, bias=True, generator=None, dtype=np.float32, first="weight", always=False):
    """A weight and a bias, drawn in one order or the other; the bias always, if so, or if there is one."""
    from tinytorch.layers import Linear, Parameter

    generator = generator or np.random.default_rng(0)
    made = Linear(2, 2, bias)
    for name in ("weight", "bias") if first == "weight" else ("bias", "weight"):
        if name == "weight" or bias or always:
            drawn = generator.standard_normal(2).astype(dtype)
            if name == "weight" or bias:
                setattr(made, name, Parameter(drawn))
    return made


def test_a_dtype_that_is_used_holds():
    check_dtype_option(layer)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_dtype_that_does_nothing_is_noticed(dtype):
    with pytest.raises(LawBroken) as caught:
        check_dtype_option(lambda **options: layer(dtype=dtype))
    assert caught.value.expected.startswith("weight of dtype float")


def test_a_bias_that_is_drawn_last_holds():
    check_order_of_draws(layer)


@pytest.mark.parametrize("wrong", [{"first": "bias"}, {"always": True}])
def test_a_bias_that_changes_what_is_drawn_is_noticed(wrong):
    with pytest.raises(LawBroken):
        check_order_of_draws(lambda **options: layer(**options, **wrong))


def test_lines_are_counted():
    def walk(steps):
        for _ in range(steps):
            pass

    assert lines_run(lambda: None) < 5
    assert 100 <= lines_run(lambda: walk(100)) - lines_run(lambda: walk(0)) <= 250


def test_counting_ends_with_an_error():
    before = sys.gettrace()
    with pytest.raises(ZeroDivisionError):
        lines_run(lambda: 1 / 0)
    assert sys.gettrace() is before
