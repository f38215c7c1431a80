"""Operations that PyTorch's users expect and no module requires, each with its gradient.

Given, not an exercise. They are primitives like those of 01: functions of arrays, which `primitive` lets take
Tensors; `defvjp` says how gradients flow back. What can be composed of other operations is in `functions.py`.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from tinytorch import special
from tinytorch.precision import sum_along
from tinytorch.primitive import Array, defvjp, primitive


def fit(g: Array, x: Array) -> Array:
    """Sum ``g`` over the axes that broadcasting has stretched, back to the shape of ``x``."""
    shape = np.shape(x)
    if g.shape == shape:
        return g
    added = g.ndim - len(shape)
    stretched = (axis for axis, n in enumerate(shape, start=added) if n == 1)
    return sum_along(g, (*range(added), *stretched), keepdims=True).reshape(shape)


def floats(x: Array) -> Array:
    """Integers and booleans as float32, as PyTorch takes them; floats as they are."""
    return x if x.dtype.kind == "f" else x.astype(np.float32)


@primitive
def cast(x: Array, *, dtype: DTypeLike) -> Array:
    """A copy in another dtype. A gradient comes back in the dtype of ``x``."""
    return np.array(x, dtype=dtype)


@primitive
def put(x: Array, value: Array, *, index: Any) -> Array:
    """A copy of ``x`` with ``value``, broadcast, at ``x[index]``: the result of an assignment.

    >>> put(np.zeros(3), 5.0, index=slice(1, None))
    array([0., 5., 5.])
    """
    total = x.copy()
    total[index] = value
    return total


@primitive
def diagonal(x: Array, *, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Array:
    """The diagonals of the matrices along two axes, as the last axis: a view.

    >>> diagonal(np.array([[1, 2], [3, 4]]))
    array([1, 4])
    """
    part = np.diagonal(x, offset, dim1, dim2)
    part.flags.writeable = x.flags.writeable  # NumPy's is read-only, to warn of what PyTorch allows
    return part


def diagonal_x(
    g: Array, ans: Array, x: Array, *, offset: int = 0, dim1: int = 0, dim2: int = 1
) -> Array:
    """Values beside the diagonals have no gradient."""
    total = np.zeros(x.shape, g.dtype)
    diagonal(total, offset=offset, dim1=dim1, dim2=dim2)[...] = g
    return total


@primitive
def put_diagonal(x: Array, value: Array, *, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Array:
    """A copy of ``x`` with ``value`` on its diagonals."""
    total = x.copy()
    diagonal(total, offset=offset, dim1=dim1, dim2=dim2)[...] = value
    return total


def put_diagonal_x(
    g: Array, ans: Array, x: Array, value: Array, *, offset: int = 0, dim1: int = 0, dim2: int = 1
) -> Array:
    """Overwritten values have no gradient."""
    total = g.copy()
    diagonal(total, offset=offset, dim1=dim1, dim2=dim2)[...] = 0
    return total


def put_x(g: Array, ans: Array, x: Array, value: Array, *, index: Any) -> Array:
    """Overwritten values have no gradient."""
    total = g.copy()
    total[index] = 0
    return total


@primitive
def sin(x: Array) -> Array:
    """The sine of each value."""
    return np.sin(floats(x))


@primitive
def cos(x: Array) -> Array:
    """The cosine of each value."""
    return np.cos(floats(x))


@primitive
def tan(x: Array) -> Array:
    """The tangent of each value."""
    return np.tan(floats(x))


@primitive
def log2(x: Array) -> Array:
    """The logarithm to base 2."""
    return np.log2(floats(x))


@primitive
def log10(x: Array) -> Array:
    """The logarithm to base 10."""
    return np.log10(floats(x))


@primitive
def log1p(x: Array) -> Array:
    """log(1 + x), also exact for small x."""
    return np.log1p(floats(x))


@primitive
def expm1(x: Array) -> Array:
    """exp(x) - 1, also exact for small x."""
    return np.expm1(floats(x))


@primitive
def erf(x: Array) -> Array:
    """The error function, see `special.erf`."""
    return special.erf(floats(x))


@primitive
def root(x: Array) -> Array:
    """The square root, whose gradient counts as 0 at 0: for a length of 0."""
    return np.sqrt(x)


def root_x(g: Array, ans: Array, x: Array) -> Array:
    """g / (2 ans), and 0 where ans is 0."""
    return np.where(ans == 0, 0, g / np.where(ans == 0, 1, 2 * ans)).astype(g.dtype)


@primitive
def sign(x: Array) -> Array:
    """The sign of each value: -1, 0 or 1."""
    return x.copy() if x.dtype == np.bool_ else np.sign(x)


def no_booleans(*arrays: Array) -> None:
    """Refuse booleans, which NumPy would convert to small numbers."""
    if all(np.asarray(x).dtype == np.bool_ for x in arrays):
        raise TypeError("input must hold numbers, got dtype bool: use x.long()")


@primitive
def floor(x: Array) -> Array:
    """The largest integer that is not above each value."""
    no_booleans(x)
    return np.floor(x) if x.dtype.kind == "f" else x.copy()


@primitive
def ceil(x: Array) -> Array:
    """The smallest integer that is not below each value."""
    no_booleans(x)
    return np.ceil(x) if x.dtype.kind == "f" else x.copy()


@primitive
def round(x: Array, *, decimals: int = 0) -> Array:
    """Each value rounded to ``decimals`` digits, halves to even. Integers stay as they are."""
    no_booleans(x)
    if x.dtype.kind != "f" and decimals:
        raise TypeError(f"decimals are for floats, got dtype {x.dtype}: use x.float()")
    return np.round(x, decimals)


@primitive
def minimum(x: Array, y: Array) -> Array:
    """The smaller of x and y, element by element. NaN if either is NaN."""
    return np.minimum(x, y)


def minimum_x(g: Array, ans: Array, x: Array, y: Array) -> Array:
    """The smaller one gets all of g; if both are equal, each gets half."""
    return fit(g * np.where(np.equal(x, y), 0.5, np.less(x, y)).astype(g.dtype), x)


@primitive
def remainder(x: Array, y: Array) -> Array:
    """x modulo y, with the sign of y. Dividing integers by 0 is an error."""
    check_divisor(x, y)
    return np.remainder(x, y)


@primitive
def floor_divide(x: Array, y: Array) -> Array:
    """x / y, rounded down. Dividing integers by 0 is an error."""
    check_divisor(x, y)
    return np.floor_divide(x, y)


@primitive
def trunc_divide(x: Array, y: Array) -> Array:
    """x / y, rounded towards 0. Dividing integers by 0 is an error."""
    check_divisor(x, y)
    down = np.floor_divide(x, y)
    if down.dtype.kind == "f":
        return np.trunc(np.true_divide(x, y))
    return down + ((down < 0) & (down * y != x))


def check_divisor(x: Array, y: Array) -> None:
    """Raise an error if integers are divided by 0, where NumPy warns and gives 0."""
    no_booleans(x, y)
    if np.result_type(x, y).kind != "f" and not np.all(y):
        raise ZeroDivisionError("other must not hold 0, which integers cannot be divided by")


@primitive
def bitwise_and(x: Array, y: Array) -> Array:
    """`and` for booleans; bit by bit for integers."""
    return np.bitwise_and(x, y)


@primitive
def bitwise_or(x: Array, y: Array) -> Array:
    """`or` for booleans; bit by bit for integers."""
    return np.bitwise_or(x, y)


@primitive
def bitwise_xor(x: Array, y: Array) -> Array:
    """Exclusive or for booleans; bit by bit for integers."""
    return np.bitwise_xor(x, y)


@primitive
def cumsum(x: Array, *, dim: int) -> Array:
    """The sum of the values up to each position along ``dim``.

    >>> cumsum(np.array([1.0, 2.0, 3.0]), dim=0)
    array([1., 3., 6.])
    """
    return np.cumsum(x, axis=dim)


def cumsum_x(g: Array, ans: Array, x: Array, *, dim: int) -> Array:
    """Each value contributes to the sums from its position on."""
    return np.flip(np.cumsum(np.flip(g, dim), axis=dim), dim)


@primitive
def product(x: Array, *, dim: int) -> Array:
    """The product of the values along ``dim``; the axis is removed."""
    return np.prod(x, axis=dim)


def product_x(g: Array, ans: Array, x: Array, *, dim: int) -> Array:
    """The product of all other values: those before times those after, which works with zeros, too."""
    rows = np.moveaxis(x, dim, -1)
    ones = np.ones_like(rows[..., :1])
    before = np.cumprod(np.concatenate([ones, rows[..., :-1]], axis=-1), axis=-1)
    after = np.cumprod(np.concatenate([ones, rows[..., :0:-1]], axis=-1), axis=-1)[..., ::-1]
    return np.moveaxis(before * after, -1, dim) * np.expand_dims(g, dim)


# fmt: off
defvjp(cast,    lambda g, ans, x, *, dtype: g.astype(x.dtype))
defvjp(put,     put_x,
                lambda g, ans, x, value, *, index: fit(g[index], value))
defvjp(diagonal, diagonal_x)
defvjp(put_diagonal, put_diagonal_x,
                lambda g, ans, x, value, **where: fit(diagonal(g, **where), value))
defvjp(sin,     lambda g, ans, x: g * np.cos(x))
defvjp(cos,     lambda g, ans, x: -g * np.sin(x))
defvjp(tan,     lambda g, ans, x: g * (1 + ans * ans))
defvjp(log2,    lambda g, ans, x: g / (x * math.log(2)))
defvjp(log10,   lambda g, ans, x: g / (x * math.log(10)))
defvjp(log1p,   lambda g, ans, x: g / (1 + x))
defvjp(expm1,   lambda g, ans, x: g * (ans + 1))
defvjp(erf,     lambda g, ans, x: g * (2 / math.sqrt(math.pi)) * np.exp(-x * x))
defvjp(root,    root_x)
defvjp(sign,    lambda g, ans, x: np.zeros_like(g))
defvjp(floor,   lambda g, ans, x: np.zeros_like(g))
defvjp(ceil,    lambda g, ans, x: np.zeros_like(g))
defvjp(round,   lambda g, ans, x, *, decimals=0: np.zeros_like(g))
defvjp(minimum, minimum_x, lambda g, ans, x, y: minimum_x(g, ans, y, x))
defvjp(remainder, lambda g, ans, x, y: fit(g, x),
                  lambda g, ans, x, y: fit(-g * np.floor_divide(x, y), y))
defvjp(floor_divide, lambda g, ans, x, y: np.zeros(np.shape(x), g.dtype),
                     lambda g, ans, x, y: np.zeros(np.shape(y), g.dtype))
defvjp(trunc_divide, lambda g, ans, x, y: np.zeros(np.shape(x), g.dtype),
                     lambda g, ans, x, y: np.zeros(np.shape(y), g.dtype))
defvjp(cumsum,  cumsum_x)
defvjp(product, product_x)
# fmt: on
