"""Sums that keep their digits: float16 is summed in float32, and a long axis in parts.

Given, not an exercise. NumPy adds the rows of a matrix one by one, so that each small number meets a
large sum and loses digits: a million rows of 0.1 give 100958 in float32. In parts of about √N rows
no sum is large before it is added, and the processor is faster, too.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import wraps
from importlib import import_module
from typing import Any

import numpy as np

Array = np.ndarray

HALF = np.dtype(np.float16)

LONG = 512
"""From this many rows on, sums are computed in parts."""

LARGE = 4096
"""From this many values on, a faster way is worth the array of ones or starts that it needs."""

FAINT = 1e-9
"""With a smaller sum, exponentials that matter may have lost digits: those below 1e-38 have, in float32."""


def sum_along(x: Array, axis: int | tuple[int, ...] | None = None, keepdims: bool = False) -> Array:
    """``x.sum(axis, keepdims=keepdims)``, without the errors that grow with the number of values.

    Args:
        x: an array of any dtype. Integers are summed as in NumPy.
        axis: the axis or tuple of axes to sum along; all of them if None.
        keepdims: whether these axes stay, with length 1.

    >>> tenths = np.full((1_000_000, 2), 0.1, np.float32)
    >>> sum_along(tenths, 0).round(-1), tenths.sum(0).round(-1)
    (array([100000., 100000.], dtype=float32), array([100960., 100960.], dtype=float32))
    """
    kind = x.dtype.char
    if kind == "e":
        return sum_along(x.astype(np.float32), axis, keepdims).astype(np.float16)
    if axis is not None and kind in "fd":
        axes = axis if isinstance(axis, tuple) else (axis,)
        if math.prod([x.shape[a] for a in axes]) >= LONG:
            matrices = as_rows(x, tuple(a % x.ndim for a in axes))
            if matrices is not None:
                return sum_of_rows(matrices).reshape(shape_along(x.shape, axes, keepdims))
    values: Any = x  # in NumPy's types keepdims is no variable
    return values.sum(axis=axis, keepdims=keepdims)


def shape_along(shape: tuple[int, ...], axes: tuple[int, ...], keepdims: bool) -> tuple[int, ...]:
    """The shape that remains when axes are summed."""
    lengths: list[int | None] = list(shape)
    for axis in axes:
        lengths[axis] = 1 if keepdims else None
    return tuple(n for n in lengths if n is not None)


def mean_along(x: Array, axis: tuple[int, ...], keepdims: bool = False) -> Array:
    """``x.mean(axis, keepdims=keepdims)`` by `sum_along`, for floats.

    >>> mean_along(np.array([[1.0, 2.0], [3.0, 4.0]]), (0,))
    array([2., 3.])
    """
    count = math.prod(x.shape[a] for a in axis)
    return sum_along(x, axis, keepdims) / count


def sum_keeping_axis(x: Array, axis: int) -> Array:
    """``x.sum(axis, keepdims=True)`` for floats, faster along a short last axis of a large array.

    There a product with ones takes less than half the time of a sum. A long axis is left to NumPy, which
    adds in pairs: the error of a product grows with the number of values, to one in 100,000 from 4,096 on.

    >>> sum_keeping_axis(np.array([[1.0, 2.0], [3.0, 4.0]]), -1)
    array([[3.],
           [7.]])
    """
    is_wanted = x.size >= LARGE and x.shape[-1] <= LONG and x.dtype.char in "fd"
    if is_wanted and axis % x.ndim == x.ndim - 1:
        return (x @ np.ones(x.shape[-1], x.dtype))[..., None]
    return np.add.reduce(x, axis=axis, keepdims=True)


def max_keeping_axis(x: Array, axis: int) -> Array:
    """``x.max(axis, keepdims=True)`` for floats; -infinity for no values.

    Along the last axis of a large array it takes half the time of `max`, which begins anew for each row.

    >>> max_keeping_axis(np.array([[1.0, 2.0], [4.0, 3.0]]), -1)
    array([[2.],
           [4.]])
    """
    if x.size >= LARGE and x.flags.c_contiguous and axis % x.ndim == x.ndim - 1:
        starts = np.arange(0, x.size, x.shape[-1])
        return np.maximum.reduceat(x.reshape(-1), starts).reshape(*x.shape[:-1], 1)
    return np.maximum.reduce(x, axis=axis, keepdims=True, initial=-np.inf)


def exponentials(x: Array, axis: int, mask: Array | None = None) -> tuple[Array, Array]:
    """(exp(x - c), its sum along ``axis``, which stays), for floats; c is a number for each row, see below.

    Where the mask is False, the exponential is 0, as if x were -∞ there.

    With the largest number of the row as c, no exponential overflows, and not all of them vanish. Most rows
    are so near 0 that none does anyway. So a large array is first tried with c = 0: the largest numbers and
    the difference would take a third of the time. What a row gets does not depend on the others.

    >>> weights, total = exponentials(np.array([[0.0, 0.0], [1e4, 0.0]]), -1)
    >>> weights / total
    array([[0.5, 0.5],
           [1. , 0. ]])
    """
    is_good = None
    if x.size >= LARGE and x.dtype.char in "fd":
        with np.errstate(over="ignore", invalid="ignore"):
            weights = np.exp(x)
            if mask is not None:
                weights *= mask  # in half the time of `np.copyto`, but an infinite one becomes NaN
            total = sum_keeping_axis(weights, axis)
            if mask is not None and np.isnan(total).any():
                np.copyto(weights, 0, where=~mask)
                total = sum_keeping_axis(weights, axis)
        is_good = (total > FAINT) & (total < np.inf)
        if is_good.all():
            return weights, total
    shown = x if mask is None else np.where(mask, x, -np.inf)
    level = max_keeping_axis(shown, axis)
    weights = shown - (level if is_good is None else np.where(is_good, 0, level))
    np.exp(weights, out=weights)
    return weights, sum_keeping_axis(weights, axis)


def exponentials_from(x: Array, level: Array) -> tuple[Array, Array, Array]:
    """(exp(x - c), its sum, c) for each row of a matrix; c is a number of that row.

    The largest as c always works, and is slow to find. A large array is first tried with c = ``level``. Each
    sum is then at least 1, and only numbers far above ``level`` make it too large: such a row takes its
    largest.

    Args:
        x: (N, C), floats.
        level: a number of each row, (N, 1).

    >>> x = np.array([[0.0, 0.0], [1e4, 0.0]])
    >>> weights, total, level = exponentials_from(x, x[:, 1:])
    >>> np.log(total) + level
    array([[6.93147181e-01],
           [1.00000000e+04]])
    """
    is_far = None
    if x.size >= LARGE and x.dtype.char in "fd":
        with np.errstate(over="ignore", invalid="ignore"):
            weights = x - level
            np.exp(weights, out=weights)
            total = sum_keeping_axis(weights, 1)
        is_far = ~(total < np.finfo(x.dtype).max ** 0.5)  # else 1 / total would lose digits
        if not is_far.any():
            return weights, total, level
    largest = max_keeping_axis(x, 1)
    level = largest if is_far is None else np.where(is_far, largest, level)
    weights = x - level
    np.exp(weights, out=weights)
    return weights, sum_keeping_axis(weights, 1), level


def as_rows(x: Array, axes: tuple[int, ...]) -> Array | None:
    """``x`` as matrices (…, rows, columns) whose rows are to be summed, if its memory allows; else None."""
    if not x.flags.c_contiguous:  # such as images whose channels come last in memory
        order = sorted(range(x.ndim), key=lambda a: -x.strides[a])
        kept = [a for a in order if a not in axes]
        x, axes = x.transpose(order), tuple(i for i, a in enumerate(order) if a in axes)
        if kept != sorted(kept) or not x.flags.c_contiguous:
            return None
    first, end = min(axes), max(axes) + 1
    if sorted(axes) != list(range(first, end)) or end == x.ndim or not x.size:
        return None
    return x.reshape(math.prod(x.shape[:first]), -1, math.prod(x.shape[end:]))


def sum_of_rows(matrices: Array) -> Array:
    """The sum of the rows of each matrix: √N sums of every √N-th row, and then the sum of these."""
    stack, rows, width = matrices.shape
    count = 1 << rows.bit_length() // 2  # a power of two, as the number of rows often is
    whole = rows - rows % count
    # A product with ones adds whole rows faster than a sum does.
    ones = np.ones(count, matrices.dtype)
    parts = ones @ matrices[:, :whole].reshape(stack, count, -1)  # (stack, whole / count * width)
    out = np.add.reduce(parts.reshape(stack, -1, width), axis=1)
    return out if whole == rows else out + np.add.reduce(matrices[:, whole:], axis=1)


def is_half(x: Any) -> bool:
    """Whether ``x`` is an array or Tensor of float16."""
    return getattr(x, "dtype", None) is HALF


def in_single(function: Callable[..., Any]) -> Callable[..., Any]:
    """Let a function compute float16 in float32, and round the result once, as PyTorch does.

    The result gets the dtype of the first argument.

    >>> @in_single
    ... def power(x):
    ...     return x * x / 1000
    >>> power(np.array([300.0], np.float16))
    array([90.], dtype=float16)
    """

    @wraps(function)
    def call(*args: Any, **params: Any) -> Any:
        for arg in args:
            if getattr(arg, "dtype", None) is HALF:
                out = function(*[single(arg) for arg in args], **params)
                return converted(out, np.float16) if is_half(args[0]) else out
        return function(*args, **params)

    return call


def single(x: Any) -> Any:
    """``x`` as float32 if it is float16; anything else as it is."""
    return converted(x, np.float32) if is_half(x) else x


def converted(x: Any, dtype: type) -> Any:
    """An array, Tensor or result of a `Saving` in another dtype; gradients flow back through a Tensor's."""
    if isinstance(x, tuple):
        return x._replace(result=converted(x.result, dtype))  # type: ignore[attr-defined]
    if isinstance(x, (np.ndarray, np.generic)):
        return x.astype(dtype)
    return import_module("tinytorch.operations").cast(x, dtype=dtype)
