"""`linear`: the same for any numbers of rows and features, whichever factor it transposes."""

from __future__ import annotations

import numpy as np
import pytest

SHAPES = [
    *(
        (rows, wide, out)
        for rows in (1, 2, 8, 9)
        for wide in (511, 512, 784)
        for out in (1, 16, 17)
    ),
    ((2, 3), 512, 64),
    (0, 512, 16),
]
"""Rows, features, and features that come out, on both sides of where it decides."""


@pytest.fixture
def tensor(reference):
    from tinytorch.tensor import WIDE, linear

    assert WIDE == 512
    return linear


def draw(seed, *shape):
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


@pytest.mark.parametrize(("rows", "wide", "out"), SHAPES)
def test_it_is_the_product_and_the_bias(tensor, rows, wide, out):
    rows = rows if isinstance(rows, tuple) else (rows,)
    x, weight, bias = draw(0, *rows, wide), draw(1, out, wide), draw(2, out)
    before = x.copy(), weight.copy()
    found = tensor(x, weight, bias)
    assert (found.shape, found.dtype) == ((*rows, out), np.float32)
    assert found.flags.c_contiguous
    assert found.base is None or not np.shares_memory(found, weight)
    wanted = x.astype(float) @ weight.T.astype(float) + bias
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-3)
    np.testing.assert_array_equal(x, before[0])
    np.testing.assert_array_equal(weight, before[1])


@pytest.mark.parametrize("bias", [np.float32, np.float64])
def test_the_bias_does_not_widen_what_comes_out(tensor, bias):
    """It is added in place."""
    found = tensor(draw(0, 4, 600), draw(1, 32, 600), np.ones(32, bias))
    assert found.dtype == np.float32


@pytest.mark.parametrize("features", [511, 512, 600])
def test_features_that_do_not_fit_are_an_error_that_names_both_shapes(tensor, features):
    with pytest.raises(ValueError, match=rf"\(4, {features}\) @ \(601, 32\)"):
        tensor(draw(0, 4, features), draw(1, 32, 601), draw(2, 32))


def test_gradients_are_those_of_the_product(reference):
    x, weight, bias = draw(0, 4, 600), draw(1, 32, 600), draw(2, 32)
    found = []
    for function in (reference.tensor.linear, lambda x, weight, bias: x @ weight.T + bias):
        leaves = [reference.Tensor(value, requires_grad=True) for value in (x, weight, bias)]
        function(*leaves).backward(draw(3, 4, 32))
        found.append([leaf.grad for leaf in leaves])
    for one, other in zip(*found, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-4)
