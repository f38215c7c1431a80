"""Sums and statistics of many or of half-precision numbers: to the last digits what PyTorch gives."""

from __future__ import annotations

import numpy as np
import pytest

HALF = {
    "tt.Tensor(h(np.ones(70_000))).mean()": 1.0,
    "tt.Tensor(h(np.ones((70_000, 1)))).mean(0)": [1.0],
    "tt.Tensor(h(np.ones((5_000, 2)))).sum(0)": [5000.0, 5000.0],
    "tt.Tensor(h([300, -300, 0, 0])).mean()": 0.0,
    "tt.mse_loss(tt.Tensor(h(np.ones(70_000))), tt.Tensor(h(np.zeros(70_000))))": 1.0,
    "F.layer_norm(tt.Tensor(h([[300, -300]])), (2,))": [[1.0, -1.0]],
    "tt.BatchNorm2d(1)(tt.Tensor(h([300, -300]).reshape(2, 1, 1, 1))).flatten()": [1.0, -1.0],
    "tt.Tensor(h([300, -300, 1])).norm()": 424.25,
}
"""PyTorch 2.13 gives these values, in float16."""


def h(values):
    return np.asarray(values, np.float16)


@pytest.mark.parametrize("code", HALF)
def test_half_precision_is_added_up_in_single(reference, code):
    got = eval(code, {"tt": reference, "np": np, "h": h, "F": reference.nn.functional})
    assert got.dtype == np.float16
    np.testing.assert_array_equal(got.data, np.asarray(HALF[code], np.float16))


def test_gradients_through_half_precision_are_half(reference):
    x = reference.Tensor(h([[300, -300]]), requires_grad=True)
    (reference.nn.functional.layer_norm(x, (2,)) * h([[1, 2]])).sum().backward()
    assert x.grad.dtype == np.float16
    assert np.isfinite(x.grad).all()
    y = reference.Tensor(h(np.ones(70_000)), requires_grad=True)
    y.mean().backward()
    assert y.grad.dtype == np.float16
    np.testing.assert_allclose(y.grad, h(1 / 70_000))


@pytest.mark.parametrize("width", [1, 4, 300])
def test_many_rows_keep_their_digits(reference, width):
    """PyTorch is off by a few millionths; one row after the other, by 1%."""
    x = reference.Tensor(np.full((1_200_000 // width, width), 0.1, np.float32))
    exact = np.float64(np.float32(0.1)) * len(x)
    np.testing.assert_allclose(x.sum(0).data, exact, rtol=2e-5)
    np.testing.assert_allclose(x.reshape(1, len(x), width).sum(1).data, exact, rtol=2e-5)
    bias = reference.Tensor(np.zeros(width, np.float32), requires_grad=True)
    ((x + bias) * np.float32(0.1)).sum().backward()
    np.testing.assert_allclose(bias.grad, exact, rtol=2e-5)


@pytest.mark.parametrize("columns", [512, 100_000])
def test_shares_of_a_long_row_keep_their_digits(reference, columns):
    x = np.full((16, columns), np.log(0.1), np.float32)
    x[:, 0] = 0.0
    total = np.exp(x.astype(np.float64)).sum(1, keepdims=True)
    got = reference.softmax(reference.Tensor(x)).data
    np.testing.assert_allclose(got[:, :1] * total, 1, rtol=2e-6)
    got = reference.log_softmax(reference.Tensor(x)).data
    np.testing.assert_allclose(got[:, :1], -np.log(total), rtol=1e-6)


def test_statistics_of_a_batch_keep_their_digits_wherever_channels_lie(reference):
    drawn = np.random.default_rng(0).standard_normal((8, 16, 16, 3)) + 1e4
    x = drawn.astype(np.float32).transpose(0, 3, 1, 2)  # channels last in memory
    exact = x.astype(np.float64)
    layer = reference.BatchNorm2d(3, momentum=1.0)
    layer(reference.Tensor(x))
    np.testing.assert_allclose(layer.running_mean.data, exact.mean((0, 2, 3)), rtol=2e-7)
    np.testing.assert_allclose(layer.running_var.data, exact.var((0, 2, 3), ddof=1), rtol=1e-5)


SHAPES = {
    (5,): [0, None],
    (700,): [0],
    (2000, 3): [0, 1, -1, (0, 1)],
    (20, 100, 4): [(0, 1), 0, 1],
    (2, 3, 40, 40): [(0, 2, 3), (0, 2), 1],
    (0, 3): [0, 1],
    (1000, 2, 3): [(0,), (0, 2), (1, 2)],
    (2, 600, 3, 2): [1, -3, (1, 2), (0, 1)],
}


@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("dtype", ["f8", "f4", "f2", "i4", "u1", "?"])
def test_in_parts_the_sum_is_that_of_numpy(reference, dtype, keepdims):
    from tinytorch.precision import sum_along

    drawn = np.random.default_rng(0)
    for shape, axes in SHAPES.items():
        plain = (drawn.standard_normal(shape) * 4).astype(dtype)
        for x in (
            plain,
            plain.copy(order="F"),
            np.moveaxis(np.moveaxis(plain, 0, -1).copy(), -1, 0),
        ):
            for axis in axes:
                wanted = x.sum(axis=axis, keepdims=keepdims)
                got = sum_along(x, axis, keepdims)
                assert (got.shape, got.dtype) == (wanted.shape, wanted.dtype)
                close = {"f8": 1e-11, "f4": 1e-3, "f2": 1.0}.get(dtype, 0)
                np.testing.assert_allclose(got, wanted, atol=close, rtol=1e-2 * close)


def by_definition(x, axis, mask):
    """Weights that add up to 1 along the axis, in float64; 0 where the mask is False."""
    x = np.where(mask, x.astype(np.float64), -np.inf)
    weights = np.exp(x - x.max(axis=axis, keepdims=True))
    return weights / weights.sum(axis=axis, keepdims=True)


ROWS = {"common": 0.0, "too large": 1e4, "too small": -1e4, "on the edge": 88.0, "faint": -60.0}
"""What is added to all scores of a row."""


@pytest.mark.parametrize("axis", [-1, 0])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("shape", [(5, 8), (2000, 8)])  # a small array, and a large one
def test_exponentials_are_right_for_rows_of_any_size(reference, shape, dtype, axis):
    from tinytorch.precision import exponentials

    draw = np.random.default_rng(0)
    offsets = np.resize(list(ROWS.values()), (shape[0], 1))
    x = (draw.standard_normal(shape) + offsets).astype(dtype)
    mask = draw.random(shape) < 0.7
    mask[:, 0] = True
    if axis == 0:
        x, mask = np.asfortranarray(x).T, mask.T
    before = x.copy()
    for given in (None, mask):
        with np.errstate(all="raise", under="ignore"):
            weights, total = exponentials(x, axis, given)
        assert weights.dtype == total.dtype == dtype
        wanted = by_definition(x, axis, True if given is None else mask)
        close = {np.float16: 4e-3, np.float32: 1e-6, np.float64: 1e-14}[dtype]
        np.testing.assert_allclose(weights / total, wanted, atol=close)
        assert given is None or not weights[~mask].any()
    np.testing.assert_array_equal(x, before)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("shape", [(10, 8), (2000, 8), (0, 8)])  # small, large, and nothing
def test_exponentials_from_any_number_of_a_row(reference, shape, dtype):
    """Their sum and the gradient that divides by it are right, however far the others are above or below."""
    from tinytorch.precision import exponentials_from

    draw = np.random.default_rng(0)
    x = draw.standard_normal(shape)
    x *= np.resize([1.0, 10.0, 30.0, 1e3], (shape[0], 1))
    x = (x + np.resize(list(ROWS.values()), (shape[0], 1))).astype(dtype)
    level, before = x[:, 3:4], x.copy()
    with np.errstate(all="raise", under="ignore"):
        weights, total, level = exponentials_from(x, level)
        share = weights * (1 / total)
    assert weights.dtype == total.dtype == level.dtype == dtype
    wanted = by_definition(x, 1, True)
    close = {np.float16: 4e-3, np.float32: 1e-6, np.float64: 1e-14}[dtype]
    np.testing.assert_allclose(share, wanted, atol=close)
    expected = np.log(np.exp(x - x.astype(float).max(1, keepdims=True)).sum(1, keepdims=True))
    expected += x.astype(float).max(1, keepdims=True)
    rounded = np.abs(expected) * np.finfo(dtype).eps + 2 * close
    assert (np.abs(np.log(total.astype(float)) + level - expected) <= rounded).all()
    np.testing.assert_array_equal(x, before)


def test_a_large_sum_of_exponentials_is_counted_from_the_given_number(reference):
    """So a loss near 0 keeps its digits; from far below, and for a row beside, the largest number counts."""
    from tinytorch.precision import exponentials_from

    x = np.zeros((1000, 8), np.float32)
    x[:, 0] = 20.0
    x[1, 0], x[2, 0] = 43.0, 46.0  # e⁴⁴ is about the root of the largest float32
    _, total, level = exponentials_from(x, x[:, 1:2])
    assert level[:4, 0].tolist() == [0.0, 0.0, 46.0, 0.0]
    alone = exponentials_from(np.repeat(x[3:4], 1000, axis=0), x[:, 1:2])
    np.testing.assert_array_equal(total[3:], alone[1][3:])
    _, total, _ = exponentials_from(x, x[:, :1])
    assert (total >= 1).all()
    np.testing.assert_allclose(total[0] - 1, 7 * np.exp(-20.0), atol=1e-7)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_what_is_no_number_stays_in_its_row(reference, value):
    from tinytorch.precision import exponentials_from

    x = np.random.default_rng(0).standard_normal((1000, 8)).astype(np.float32)
    wanted = exponentials_from(x, x[:, :1])
    x[500, 0] = value
    with np.errstate(invalid="ignore"):
        got = exponentials_from(x, x[:, :1])
    for one, same in zip(got, wanted, strict=True):
        np.testing.assert_array_equal(np.delete(one, 500, 0), np.delete(same, 500, 0))
    with np.errstate(invalid="ignore"):
        loss = np.log(got[1][500]) + (got[2][500] - x[500, 0])
    assert loss[0] == np.inf if value == -np.inf else np.isnan(loss[0])


def test_exponentials_of_a_row_do_not_depend_on_other_rows(reference):
    """Nor on what the mask hides, infinite or not: a change in the future never changes the past."""
    from tinytorch.precision import exponentials

    x = np.random.default_rng(0).standard_normal((1000, 8)).astype(np.float32)
    mask = np.tri(1000, 8, 3, dtype=bool)
    wanted = exponentials(x, -1, mask)
    for other in (100.0, 1e4, -1e4, np.inf, np.nan):
        y = x.copy()
        y[500:] = other
        y[:, 4:] = np.where(mask[:, 4:], y[:, 4:], other)
        with np.errstate(invalid="ignore"):
            got = exponentials(y, -1, mask)
        for one, same in zip(got, wanted, strict=True):
            np.testing.assert_array_equal(one[:500], same[:500])
