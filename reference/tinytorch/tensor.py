"""01 · Tensor: n-dimensional arrays with operations and broadcasting.

A few functions, the primitives, compute on plain ndarrays; `@primitive` lets them take Tensors and
remembers what they did. Everything else is composed of them, so it needs no gradient rule of its own.

Shapes broadcast as in NumPy: compared from the right, an axis of length 1 stretches. Dtypes mix as
in NumPy: float32 with float64 gives float64, integers with floats give float64. A single number,
Python's, NumPy's or a 0-d tensor of floats, leaves the dtype of a floating tensor with axes alone.

No operation changes its inputs. Reshaping, indexing and the like may return a view, which shares
memory with its input; the results of arithmetic never do.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from tinytorch import CallableModule
from tinytorch.precision import in_single, sum_along
from tinytorch.primitive import Array, Primitive, Variable, generator_of_thread, primitive
from tinytorch.versions import view_index

DEFAULT_DTYPE = np.float32

WIDE = 512
"""From this many features on it matters which factor of a product is transposed."""

sys.modules[__name__].__class__ = CallableModule  # `tinytorch.tensor(…)` calls `tensor` below


def as_array(data: ArrayLike, dtype: DTypeLike | None = None) -> Array:
    """The values of ``data`` as an ndarray, without copying if it already is one.

    Arrays, NumPy scalars and Tensors keep their dtype. In anything else, such as a list of
    Python numbers, floats become float32, integers int64, and booleans stay booleans.

    Args:
        data: a number, a nested list of numbers, an ndarray or a Tensor.
        dtype: what to convert to instead, directly from the given values.
    Raises:
        ValueError: the lists are ragged, with rows of different lengths; the message names
            ``data``.
        TypeError: the values are neither real numbers nor booleans (dtype kinds b, i, u, f); the
            message names ``data``.

    >>> as_array([1.0, 2.0]).dtype, as_array([1, 2]).dtype, as_array(np.ones(2)).dtype
    (dtype('float32'), dtype('int64'), dtype('float64'))
    """
    if isinstance(data, Variable):
        data = data.data
    try:
        array = np.asarray(data)
    except ValueError:
        raise ValueError(f"data must not be ragged, got {data!r:.60}") from None
    if array.dtype.kind not in "biuf":
        raise TypeError(f"data must be numbers or booleans, got {data!r:.60}")
    keeps_dtype = isinstance(data, (np.ndarray, np.generic))
    if dtype is None and not keeps_dtype and array.dtype == np.float64:
        dtype = DEFAULT_DTYPE
    return array if dtype is None else array.astype(dtype)


class Tensor(Variable):
    """An n-dimensional array that operations can be recorded on.

    Attributes:
        data: the values, always an ndarray.
        requires_grad: whether `backward` should compute its gradient.
        grad: the gradient, an ndarray of the same shape, or None.
        grad_fn: how it was computed, or None for a tensor that was not computed from others.

    ``==`` compares values element by element, so sets and dictionaries tell tensors apart by identity.

    >>> Tensor([[1.0, 2.0], [3.0, 4.0]]) @ Tensor([1.0, 1.0])
    Tensor([3., 7.])
    """

    __slots__ = ()
    __array_ufunc__ = None  # so that `ndarray + tensor` asks the tensor
    __hash__ = object.__hash__  # defining == takes the default away

    def __init__(self, data: ArrayLike, requires_grad: bool = False) -> None:
        """Wrap ``data``, a number, nested list, ndarray or Tensor.

        An ndarray or Tensor is not copied: both share memory, as with `torch.from_numpy`
        (`tensor` copies). ``grad`` and ``grad_fn`` begin as None, and ``requires_grad`` as given,
        whatever a Tensor in ``data`` had. See `as_array` for dtypes.

        Raises:
            TypeError: ``requires_grad`` for values that are not floating, since only real numbers
                have gradients; the message names ``requires_grad``.
        """
        array = as_array(data)
        if requires_grad and array.dtype.kind != "f":
            raise TypeError(f"requires_grad needs floating values, got dtype {array.dtype}")
        self.data = array
        self.requires_grad = requires_grad
        self.grad = None
        self.grad_fn = None

    def item(self) -> float:
        """The only value, as a Python number; the shape may be (), (1,), (1, 1), …

        Raises:
            ValueError: there is not exactly one element; the message names the shape.
        """
        if self.size != 1:
            raise ValueError(f"item() needs exactly one element, got shape {self.shape}")
        return self.data.item()

    # From here to the end of the class everything is given: each method calls a function below.

    @property
    def shape(self) -> tuple[int, ...]:
        """The length of each axis, a tuple."""
        return self.data.shape

    @property
    def dtype(self) -> np.dtype:
        """The NumPy dtype of the values."""
        return self.data.dtype

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return self.data.ndim

    @property
    def T(self) -> Tensor:
        """The last two axes swapped; with fewer than two axes, the tensor itself."""
        return transpose(self, -2, -1) if self.ndim > 1 else self

    def numpy(self) -> Array:
        """The values as an ndarray that shares memory."""
        return self.data

    def tolist(self) -> Any:
        """The values as a number or nested lists of numbers."""
        return self.data.tolist()

    def detach(self) -> Tensor:
        """A tensor with the same memory and no history."""
        return Tensor(self.data)

    def backward(self, grad: Tensor | Array | None = None, retain_graph: bool = False) -> None:
        """Compute the gradient of every tensor this one depends on; see `autograd.backward`."""
        from tinytorch.autograd import backward

        backward(self, grad, retain_graph=retain_graph)

    def __repr__(self) -> str:
        name = type(self).__name__
        notes = [np.array2string(self.data, separator=", ", prefix=f"{name}(")]
        if self.size == 0 and self.ndim > 1:
            notes.append(f"shape={self.shape}")
        if self.dtype not in (np.float32, np.int64, np.bool_):
            notes.append(f"dtype={self.dtype}")
        if self.grad_fn is not None:
            notes.append(f"grad_fn={self.grad_fn}")
        elif self.requires_grad:
            notes.append("requires_grad=True")
        return f"{name}({', '.join(notes)})"

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> Array:
        if self.requires_grad:  # NumPy would lose the history without a word
            raise TypeError("NumPy cannot follow gradients: pass tensor.detach() or tensor.data")
        return np.array(self.data, dtype=dtype, copy=copy)

    def __len__(self) -> int:
        if self.ndim == 0:
            raise TypeError("a 0-d tensor has no length")
        return len(self.data)

    def __iter__(self) -> Iterator[Tensor]:
        return (self[i] for i in range(len(self)))

    def __bool__(self) -> bool:
        return bool(self.data)

    def __float__(self) -> float:
        return float(self.item())

    def __int__(self) -> int:
        return int(self.item())

    def __getitem__(self, index: Any) -> Tensor:
        if isinstance(index, Variable):
            index = index.data
        elif isinstance(index, tuple):
            index = tuple([part.data if isinstance(part, Variable) else part for part in index])
        result = getitem(self, index=view_index(index, self.ndim))
        if result.data.base is not None and not result.requires_grad:
            result.looks_into = self, index  # needed for `x[0] += y`, if y requires a gradient
        return result

    def __add__(self, other: Tensor | Array | float) -> Tensor:
        return binary(add, self, other)

    def __radd__(self, other: Tensor | Array | float) -> Tensor:
        return binary(add, other, self)

    def __sub__(self, other: Tensor | Array | float) -> Tensor:
        return binary(sub, self, other)

    def __rsub__(self, other: Tensor | Array | float) -> Tensor:
        return binary(sub, other, self)

    def __mul__(self, other: Tensor | Array | float) -> Tensor:
        return binary(mul, self, other)

    def __rmul__(self, other: Tensor | Array | float) -> Tensor:
        return binary(mul, other, self)

    def __truediv__(self, other: Tensor | Array | float) -> Tensor:
        return binary(div, self, other)

    def __rtruediv__(self, other: Tensor | Array | float) -> Tensor:
        return binary(div, other, self)

    def __pow__(self, other: Tensor | Array | float) -> Tensor:
        return binary(pow, self, other)

    def __rpow__(self, other: Tensor | Array | float) -> Tensor:
        return binary(pow, other, self)

    def __matmul__(self, other: Tensor | Array | float) -> Tensor:
        return binary(matmul, self, other)

    def __rmatmul__(self, other: Tensor | Array | float) -> Tensor:
        return binary(matmul, other, self)

    def __neg__(self) -> Tensor:
        return neg(self)

    def __invert__(self) -> Tensor:
        return invert(self)

    def __abs__(self) -> Tensor:
        return abs(self)

    # Element by element, unlike object's own, which give one bool.
    def __eq__(self, other: object) -> Tensor:  # type: ignore[override]
        return binary(eq, self, other)

    def __ne__(self, other: object) -> Tensor:  # type: ignore[override]
        return binary(ne, self, other)

    # Any: NumPy's types say that an array compares itself with a tensor, which is not so.
    def __lt__(self, other: Any) -> Tensor:
        return binary(lt, self, other)

    def __le__(self, other: Any) -> Tensor:
        return binary(le, self, other)

    def __gt__(self, other: Any) -> Tensor:
        return binary(gt, self, other)

    def __ge__(self, other: Any) -> Tensor:
        return binary(ge, self, other)

    def exp(self) -> Tensor:
        """e to the power of each value."""
        return exp(self)

    def log(self) -> Tensor:
        """The natural logarithm of each value."""
        return log(self)

    def sqrt(self) -> Tensor:
        """The square root of each value."""
        return sqrt(self)

    def abs(self) -> Tensor:
        """Each value without its sign."""
        return abs(self)

    def clip(self, min: float | None = None, max: float | None = None) -> Tensor:
        """Each value moved into [min, max]; see `clip`."""
        if isinstance(min, Variable) or isinstance(max, Variable):
            return bounded(self, min, max)
        return clip(self, min=min, max=max)

    def sum(self, dim: int | tuple[int, ...] | None = None, keepdim: bool = False) -> Tensor:
        """The sum of all values, or along ``dim``; see `sum`."""
        return sum(self, dim=axes(dim), keepdim=keepdim)

    def mean(self, dim: int | tuple[int, ...] | None = None, keepdim: bool = False) -> Tensor:
        """The mean of all values, or along ``dim``; see `mean`."""
        return mean(self, axes(dim), keepdim)

    def var(
        self,
        dim: int | tuple[int, ...] | None = None,
        *,
        keepdim: bool = False,
        correction: int | None = 1,
    ) -> Tensor:
        """The variance of all values, or along ``dim``; see `var`."""
        correction = 1 if correction is None else correction
        return var(self, axes(dim), keepdim=keepdim, correction=correction)

    def argmax(self, dim: int | None = None, keepdim: bool = False) -> Tensor:
        """Where the largest value is, over all or along ``dim``; see `argmax`."""
        return argmax(self, dim=dim, keepdim=keepdim)

    def reshape(self, *shape: int | Sequence[int]) -> Tensor:
        """The same values in another shape: ``x.reshape(2, 3)`` or ``x.reshape((2, 3))``; see `reshape`."""
        return reshape(self, shape=unpack(shape))

    def permute(self, *dims: int | Sequence[int]) -> Tensor:
        """The axes in another order: ``x.permute(2, 0, 1)``; see `permute`."""
        return permute(self, dims=unpack(dims))

    def transpose(self, dim0: int, dim1: int) -> Tensor:
        """Two axes swapped; see `transpose`."""
        return transpose(self, dim0, dim1)

    def flatten(self, start_dim: int = 0, end_dim: int = -1) -> Tensor:
        """The axes from ``start_dim`` to ``end_dim`` joined into one; see `flatten`."""
        return flatten(self, start_dim, end_dim)

    def squeeze(self, dim: int | tuple[int, ...] | None = None) -> Tensor:
        """Axes of length 1 dropped: all, or only ``dim``, one or several; see `squeeze`."""
        if not isinstance(dim, (tuple, list)):
            return squeeze(self, dim)
        check_dim(tuple(dim), self.shape)
        for axis in sorted({axis % self.ndim for axis in dim}, reverse=True):
            self = squeeze(self, axis)
        return self

    def unsqueeze(self, dim: int) -> Tensor:
        """A new axis of length 1 at ``dim``; see `unsqueeze`."""
        return unsqueeze(self, dim)

    def expand(self, *shape: int | Sequence[int]) -> Tensor:
        """Axes of length 1 stretched: ``x.expand(4, -1)``; see `expand`."""
        return expand(self, shape=unpack(shape))


Tensor.result_type = Tensor


def unpack(sizes: tuple[Any, ...]) -> tuple[int, ...]:
    """What ``f(2, 3)`` and ``f((2, 3))`` both mean: ``(2, 3)``."""
    return tuple(sizes[0]) if len(sizes) == 1 and isinstance(sizes[0], (tuple, list)) else sizes


def axes(dim: Any) -> Any:
    """``dim`` of a reduction as its function takes it: lists are tuples, and no axis at all means all."""
    if isinstance(dim, list):
        dim = tuple(dim)
    return None if isinstance(dim, tuple) and not dim else dim


def bounded(x: Tensor, min: Any, max: Any) -> Tensor:
    """`clip` where a bound is a Tensor: it broadcasts, and gets the gradient where it is the result."""
    for bound, beyond in ((min, lt), (max, gt)):
        if bound is not None:
            bound = bound if isinstance(bound, Variable) else tensor(bound, x.dtype)
            x = where(beyond(x, bound) | ne(bound, bound), bound, x)
    return x


OPERANDS = (Variable, np.ndarray, float, int, np.generic)


def binary(op: Primitive, x: Any, y: Any) -> Any:
    """``op(x, y)`` on behalf of an operator such as ``+``: one operand is a Tensor, the other anything."""
    if isinstance(x, Variable) and isinstance(y, Variable):
        return op(x, y)
    if not (isinstance(x, OPERANDS) and isinstance(y, OPERANDS)):
        return NotImplemented  # Python then asks the other operand, or raises TypeError
    # A Python number leaves the dtype of an array alone; a NumPy scalar would not.
    if isinstance(x, np.generic):
        x = x.item()
    elif isinstance(y, np.generic):
        y = y.item()
    return op(x, y)


# Making tensors


def tensor(data: ArrayLike, dtype: DTypeLike | None = None, requires_grad: bool = False) -> Tensor:
    """A tensor with a copy of ``data``; with ``dtype``, converted directly from the values given.

    >>> tensor([1, 2], dtype=np.float32)
    Tensor([1., 2.])
    """
    return Tensor(np.array(as_array(data, dtype)), requires_grad)


def full(
    shape: int | Sequence[int],
    fill_value: float,
    dtype: DTypeLike | None = None,
    requires_grad: bool = False,
) -> Tensor:
    """A tensor of one value everywhere; without ``dtype``, that of ``Tensor(fill_value)``.

    A NumPy scalar keeps its dtype, as in `as_array`.

    >>> full((2, 2), 0.5)
    Tensor([[0.5, 0.5],
            [0.5, 0.5]])
    """
    return Tensor(np.full(shape, fill_value, as_array(fill_value, dtype).dtype), requires_grad)


def zeros(
    *shape: int | Sequence[int],
    dtype: DTypeLike | None = DEFAULT_DTYPE,
    requires_grad: bool = False,
) -> Tensor:
    """Zeros: ``zeros(2, 3)`` or ``zeros((2, 3))``."""
    return full(unpack(shape), 0, dtype, requires_grad)


def ones(
    *shape: int | Sequence[int],
    dtype: DTypeLike | None = DEFAULT_DTYPE,
    requires_grad: bool = False,
) -> Tensor:
    """Ones: ``ones(2, 3)`` or ``ones((2, 3))``."""
    return full(unpack(shape), 1, dtype, requires_grad)


def arange(*bounds: float, dtype: DTypeLike | None = None) -> Tensor:
    """Evenly spaced numbers: ``arange(stop)``, ``arange(start, stop)`` or ``arange(start, stop, step)``.

    start, start + step, start + 2·step, …, stopping before ``stop``. By default start is 0 and step
    is 1; a negative step counts down. With a step such as 0.1, which no float represents exactly,
    rounding decides whether the last number is included, as in NumPy.

    Args:
        bounds: one to three numbers.
        dtype: by default int64 if all bounds are integers, Python's or NumPy's, else float32.
    Raises:
        ValueError: the step is zero; the message names ``step``.

    >>> arange(1, 2, 0.5)
    Tensor([1. , 1.5])
    """
    if len(bounds) == 3 and bounds[2] == 0:
        raise ValueError("step must not be zero")
    values = np.arange(*bounds)
    if dtype is None and values.dtype.kind == "f":
        dtype = DEFAULT_DTYPE
    return tensor(values, dtype)


def eye(n: int, m: int | None = None, dtype: DTypeLike | None = DEFAULT_DTYPE) -> Tensor:
    """Ones on the diagonal, zeros elsewhere, in shape (n, m); without ``m``, the identity matrix."""
    return tensor(np.eye(n, m), dtype)


# Arithmetic. In a primitive x and y are ndarrays (or numbers): the decorator has unwrapped them.


@primitive
def add(x: Array, y: Array) -> Array:
    """x + y, element by element; the shapes broadcast.

    Raises:
        ValueError: the shapes do not broadcast; the message names both.

    >>> add(np.array([[1.0], [2.0]]), np.array([10.0, 20.0]))
    array([[11., 21.],
           [12., 22.]])
    """
    return x + y


@primitive
def sub(x: Array, y: Array) -> Array:
    """x - y, element by element."""
    return x - y


@primitive
def mul(x: Array, y: Array) -> Array:
    """x · y, element by element."""
    return x * y


@primitive
def div(x: Array, y: Array) -> Array:
    """x / y, element by element; integers divide as floats, and Tensors of integers give float32."""
    return x / y


@primitive
def pow(x: Array, y: Array) -> Array:
    """x to the power y, element by element."""
    return x**y


@primitive
def neg(x: Array) -> Array:
    """-x."""
    return -x


@primitive
def matmul(x: Array, y: Array) -> Array:
    """The matrix product: (…, n, k) @ (…, k, m) → (…, n, m).

    out[i, j] = Σₖ x[i, k] · y[k, j]

    Leading axes are stacks of matrices and broadcast. A vector on the left is a row, on the
    right a column, and the result does not have its axis: (k,) @ (k,) → (). A stack times a single
    matrix, as in every layer, is one product of all rows at once.

    Raises:
        ValueError: the inner lengths differ, the stacks do not broadcast, or one side is a
            number (0-d); the message names both shapes.

    >>> matmul(np.array([[1.0, 2.0]]), np.array([[3.0], [4.0]]))
    array([[11.]])
    """
    try:
        if x.ndim > 2 and y.ndim == 2 and len(x) > 1:  # one product is faster than one a matrix
            rows = x.reshape(math.prod(x.shape[:-1]), x.shape[-1])
            return (rows @ y).reshape(*x.shape[:-1], y.shape[-1])
        return x @ y
    except (ValueError, AttributeError):  # a number of Python's has no ndim
        shapes = f"{np.shape(x)} @ {np.shape(y)}"
        raise ValueError(f"matmul needs shapes (…, n, k) @ (…, k, m), got {shapes}") from None


@primitive
def linear(x: Array, weight: Array, bias: Array) -> Array:
    """x Wᵀ + b in one array: the bias is added to the product in place. Given.

    `x @ weight.T + bias` gives the same, but takes another array, two results and two gradient rules.

    Args:
        x: (*, in_features).
        weight: W, (out_features, in_features).
        bias: b, (out_features,).
    Returns:
        (*, out_features), of the dtype that x and weight promote to.

    >>> linear(np.array([[1.0, 2.0]]), np.array([[3.0, 4.0]]), np.array([0.5]))
    array([[11.5]])
    """
    # One row alone is a vector: NumPy takes half the time.
    if x.size == x.shape[-1] == weight.shape[1]:
        out = weight.dot(x.reshape(-1))
        out += bias
        return out.reshape(*x.shape[:-1], len(weight))
    is_smaller = x.ndim == 2 and 2 * len(x) <= len(weight)
    if is_smaller and x.shape[1] >= WIDE and x.shape[1:] == weight.shape[1:]:
        # OpenBLAS, which multiplies for NumPy, transposes one factor: let it be the smaller one.
        out = np.ascontiguousarray((weight @ x.T).T)
    else:
        out = matmul(x, weight.T)
    out += bias
    return out


# A product and a sum for each feature, and one sum for the bias.
linear.flops = lambda arrays, params, ans: (2 * arrays[1].shape[1] + 1) * ans.size


# Element by element


def at_least_single(x: Array) -> Array:
    """``x``, with booleans and one-byte integers as float32: NumPy's functions would make them float16."""
    return x.astype(DEFAULT_DTYPE) if x.dtype.itemsize == 1 else x


@primitive
def exp(x: Array) -> Array:
    """e to the power of each value: 0 for -inf, and inf for numbers that are too large.

    Integers give floats as in NumPy, but never float16: see `at_least_single`.

    >>> exp(np.array([0.0, -np.inf]))
    array([1., 0.])
    """
    return np.exp(at_least_single(x))


@primitive
def log(x: Array) -> Array:
    """The natural logarithm of each value: -inf for 0, NaN for negative numbers. Dtypes as for `exp`."""
    return np.log(at_least_single(x))


@primitive
def sqrt(x: Array) -> Array:
    """The square root of each value: NaN for negative numbers. Dtypes as for `exp`."""
    return np.sqrt(at_least_single(x))


@primitive
def abs(x: Array) -> Array:
    """Each value without its sign."""
    return np.abs(x)


@primitive
def clip(x: Array, *, min: float | None = None, max: float | None = None) -> Array:
    """Move each value into the interval from ``min`` to ``max``.

    Args:
        x: any shape.
        min: values below become this; None for no lower limit.
        max: values above become this; None for no upper limit. It wins where ``min`` > ``max``.
    Returns:
        Same shape; NaN stays NaN.
    Raises:
        ValueError: neither ``min`` nor ``max`` is given; the message names both arguments.

    >>> clip(np.array([-2.0, 0.5, 2.0]), min=0.0, max=1.0)
    array([0. , 0.5, 1. ])
    """
    if min is None and max is None:
        raise ValueError("clip needs min, max or both")
    return np.clip(x, min, max)


@primitive
def maximum(x: Array, y: Array) -> Array:
    """The larger of x and y, element by element; the shapes broadcast. NaN if either is NaN."""
    return np.maximum(x, y)


@primitive
def where(condition: Array, x: Array, y: Array) -> Array:
    """x where ``condition`` is true, y where it is not; the three shapes broadcast.

    >>> where(np.array([True, False]), np.array([1.0, 2.0]), 0.0)
    array([1., 0.])
    """
    return np.where(condition, x, y)


# Comparisons give booleans, so their results never require a gradient.


@primitive
def eq(x: Array, y: Array) -> Array:
    """Where x equals y; NaN equals nothing."""
    return np.equal(x, y)


@primitive
def ne(x: Array, y: Array) -> Array:
    """Where x differs from y."""
    return np.not_equal(x, y)


@primitive
def lt(x: Array, y: Array) -> Array:
    """Where x is less than y."""
    return np.less(x, y)


@primitive
def le(x: Array, y: Array) -> Array:
    """Where x is at most y."""
    return np.less_equal(x, y)


@primitive
def gt(x: Array, y: Array) -> Array:
    """Where x is greater than y."""
    return np.greater(x, y)


@primitive
def ge(x: Array, y: Array) -> Array:
    """Where x is at least y."""
    return np.greater_equal(x, y)


@primitive
def invert(x: Array) -> Array:
    """Not x for booleans; -x - 1, all bits flipped, for integers."""
    return np.invert(x)


# Reductions. ``dim`` is None for all axes, one axis, or a tuple of axes; negative ones count from the end.


def check_dim(dim: int | tuple[int, ...] | None, shape: tuple[int, ...]) -> None:
    """Raise IndexError unless ``dim`` is None, an axis of ``shape``, or a tuple of axes.

    Anything that is not an integer, such as True or a list, is a TypeError.
    """
    if dim is None:
        return
    ndim = len(shape)
    for axis in dim if isinstance(dim, tuple) else (dim,):
        if type(axis) is not int and not isinstance(axis, np.integer):
            raise TypeError(f"dim must be an integer or a tuple of them, got {dim!r:.60}")
        if not -ndim <= axis < ndim:
            raise IndexError(f"dim {axis} is not an axis of shape {shape}")


def count(shape: tuple[int, ...], dim: int | tuple[int, ...] | None) -> int:
    """How many values of ``shape`` go into one result of a reduction over ``dim``."""
    if dim is None:
        return math.prod(shape)
    return math.prod(shape[axis] for axis in (dim if isinstance(dim, tuple) else (dim,)))


@primitive
def sum(x: Array, *, dim: int | tuple[int, ...] | None = None, keepdim: bool = False) -> Array:
    """Add up the values along ``dim``; no values add up to 0.

    Args:
        x: any shape. Integers and booleans add up to int64 (unsigned ones to uint64), to avoid overflow.
            `sum_along` adds up floats: NumPy alone loses digits of float16, and along the first of two axes.
        dim: the axis or tuple of axes to add along, all of them if None.
        keepdim: whether these axes stay, with length 1, so that the result broadcasts against ``x``.
    Raises:
        IndexError: ``dim`` is not an axis of ``x``; the message names its value and the shape.

    >>> sum(np.array([[1.0, 2.0], [3.0, 4.0]]), dim=1)
    array([3., 7.])
    """
    check_dim(dim, x.shape)
    return sum_along(x, axis=dim, keepdims=keepdim)


@primitive
def max(x: Array, *, dim: int | tuple[int, ...] | None = None, keepdim: bool = False) -> Array:
    """The largest value along ``dim``, NaN if there is one. Returns only values, no indices.

    Arguments and errors are those of `sum`.

    Raises:
        ValueError: there are no values to take the largest of.
    """
    check_dim(dim, x.shape)
    return x.max(axis=dim, keepdims=keepdim)


def min(x: Tensor, dim: int | tuple[int, ...] | None = None, keepdim: bool = False) -> Tensor:
    """The smallest value along ``dim``, composed of `max`: min(x) = -max(-x).

    Arguments and errors are those of `max`, and the dtype of ``x`` stays. Minus overflows for
    some integers and is not defined for booleans; ``~x`` reverses the order of both, and never overflows.

    >>> min(np.array([3, 1, 2], dtype=np.uint8)).item()
    1
    """
    turn = neg if x.dtype.kind == "f" else invert
    return turn(max(turn(x), dim=dim, keepdim=keepdim))


@in_single
def mean(x: Tensor, dim: int | tuple[int, ...] | None = None, keepdim: bool = False) -> Tensor:
    """The mean along ``dim``: the sum divided by the number of values summed.

    Arguments and errors are those of `sum`. A Tensor of integers or booleans has a mean in float32
    (PyTorch refuses them). The mean of no values is NaN.

    >>> mean(np.array([[1.0, 2.0], [3.0, 5.0]]), dim=0)
    array([2. , 3.5])
    """
    return sum(x, dim=dim, keepdim=keepdim) / count(x.shape, dim)


@in_single
def var(
    x: Tensor,
    dim: int | tuple[int, ...] | None = None,
    *,
    keepdim: bool = False,
    correction: int = 1,
) -> Tensor:
    """The variance along ``dim``: how far values lie from their mean, squared, on average.

    var(x) = Σᵢ (xᵢ - mean(x))² / (N - correction)

    Other arguments and errors are those of `mean`. Subtract the mean before squaring: Σx² and
    (Σx)² are often nearly equal, and their difference would be mostly rounding.

    Args:
        correction: 1 if ``x`` is a sample, 0 if it is everything there is. A negative N - correction
            counts as 0, and dividing by 0 gives NaN or infinity.

    >>> var(np.array([1.0, 2.0, 3.0])).item(), var(np.array([1.0, 3.0]), correction=0).item()
    (1.0, 1.0)
    """
    centered = x - mean(x, dim, keepdim=True)
    squares = sum(centered * centered, dim=dim, keepdim=keepdim)
    freedom = count(x.shape, dim) - correction
    return squares / (freedom if freedom > 0 else 0)


@primitive
def argmax(x: Array, *, dim: int | None = None, keepdim: bool = False) -> Array:
    """The index of the largest value along ``dim``, of the first one if several are largest.

    Without ``dim``, the index into ``x`` flattened. Indices are int64 and have no gradient.
    Arguments and errors are those of `max`, but ``dim`` is None or a single axis.

    >>> argmax(np.array([[1.0, 9.0], [8.0, 2.0]]), dim=1)
    array([1, 0])
    """
    check_dim(dim, x.shape)
    # NumPy takes a dim of None here, but its types leave it out.
    return x.argmax(axis=dim, keepdims=keepdim)  # type: ignore[arg-type]


# Shapes and views


@primitive
def reshape(x: Array, *, shape: tuple[int, ...]) -> Array:
    """The same values in the same order, in another shape.

    Args:
        x: any shape.
        shape: a tuple; one length may be -1, and is then computed from the others.
    Returns:
        A view if possible.
    Raises:
        ValueError: the sizes differ, or no length fits -1, or any would, next to a 0; the message
            names both shapes.

    >>> reshape(np.arange(6), shape=(2, -1))
    array([[0, 1, 2],
           [3, 4, 5]])
    """
    try:
        return x.reshape(shape)
    except ValueError:
        raise ValueError(f"cannot reshape {x.shape} to {shape}") from None


@primitive
def permute(x: Array, *, dims: tuple[int, ...]) -> Array:
    """A view with the axes in another order: axis i of the result is axis dims[i] of ``x``.

    Raises:
        IndexError: a dim is not an axis of ``x``; the message names its value and the shape.
        ValueError: ``dims`` does not name each axis once; the message names its values and the shape.

    >>> permute(np.zeros((2, 3, 4)), dims=(2, 0, 1)).shape
    (4, 2, 3)
    """
    check_dim(dims, x.shape)
    try:
        return x.transpose(dims)
    except ValueError:
        raise ValueError(f"dims must name each axis of shape {x.shape} once, got {dims}") from None


def transpose(x: Tensor, dim0: int, dim1: int) -> Tensor:
    """A view with two axes swapped, composed of `permute`.

    Raises:
        IndexError: a dim is not an axis of ``x``; the message names its value and the shape.

    >>> transpose(np.zeros((2, 3, 4)), 0, -1).shape
    (4, 3, 2)
    """
    check_dim((dim0, dim1), x.shape)
    dims = list(range(x.ndim))
    dims[dim0], dims[dim1] = dims[dim1], dims[dim0]
    return permute(x, dims=tuple(dims))


def flatten(x: Tensor, start_dim: int = 0, end_dim: int = -1) -> Tensor:
    """Join the axes from ``start_dim`` to ``end_dim``, both included, into one; 0-d becomes (1,).

    Raises:
        IndexError: a dim is not an axis of ``x``; the message names its value and the shape.
        ValueError: ``start_dim`` comes after ``end_dim``; the message names both values, as given.

    >>> flatten(np.zeros((2, 3, 4)), 1).shape
    (2, 12)
    """
    shape = x.shape or (1,)
    check_dim((start_dim, end_dim), shape)
    start, end = start_dim % len(shape), end_dim % len(shape)
    if start > end:
        raise ValueError(f"start_dim {start_dim} comes after end_dim {end_dim} in shape {shape}")
    joined = math.prod(shape[start : end + 1])
    return reshape(x, shape=(*shape[:start], joined, *shape[end + 1 :]))


def squeeze(x: Tensor, dim: int | None = None) -> Tensor:
    """Drop axes of length 1: all of them, or only ``dim``.

    If axis ``dim`` has another length, it stays, as in PyTorch.

    Raises:
        IndexError: ``dim`` is not an axis of ``x``; the message names it and the shape.

    >>> squeeze(np.zeros((1, 3, 1))).shape, squeeze(np.zeros((1, 3, 1)), -1).shape
    ((3,), (1, 3))
    """
    check_dim(dim, x.shape)
    dropped = range(x.ndim) if dim is None else (dim % x.ndim,)
    shape = tuple(n for axis, n in enumerate(x.shape) if n != 1 or axis not in dropped)
    return reshape(x, shape=shape)


def unsqueeze(x: Tensor, dim: int) -> Tensor:
    """Insert a new axis of length 1, which becomes axis ``dim`` of the result.

    Raises:
        IndexError: ``dim`` is not an axis of the result; the message names its value and the shape of ``x``.

    >>> unsqueeze(np.zeros((2, 3)), 1).shape, unsqueeze(np.zeros((2, 3)), -1).shape
    ((2, 1, 3), (2, 3, 1))
    """
    places = x.ndim + 1
    if not -places <= dim < places:
        raise IndexError(f"dim {dim} is not a place for a new axis in shape {x.shape}")
    at = dim % places
    return reshape(x, shape=(*x.shape[:at], 1, *x.shape[at:]))


@primitive
def expand(x: Array, *, shape: tuple[int, ...]) -> Array:
    """Stretch axes of length 1 without copying. The result is a read-only view.

    Args:
        x: its shape must broadcast to ``shape``; new axes may come in front.
        shape: a tuple; -1 keeps the length that ``x`` has there.
    Raises:
        ValueError: ``x`` cannot be stretched to ``shape``; the message names both shapes.

    >>> expand(np.array([[1.0], [2.0]]), shape=(-1, 3))
    array([[1., 1., 1.],
           [2., 2., 2.]])
    """
    new = len(shape) - x.ndim
    kept = (-1,) * new + x.shape
    try:
        return np.broadcast_to(x, [k if n == -1 else n for k, n in zip(kept, shape, strict=True)])
    except ValueError:
        raise ValueError(f"cannot expand {x.shape} to {shape}") from None


# Indexing and joining


@primitive
def getitem(x: Array, *, index: Any) -> Array:
    """x[index], with integers, slices, ..., None, integer arrays and boolean masks, as in NumPy.

    Integers and slices give a view; arrays and masks give a copy.
    """
    return x[index]


@primitive
def concatenate(*arrays: Array, dim: int = 0) -> Array:
    """Join arrays along an existing axis: (2, 3) and (4, 3) give (6, 3) along 0.

    Dtypes mix as in arithmetic, and the result has its own memory.

    Raises:
        ValueError: there is no array, or the shapes differ in an axis other than ``dim``; then the
            message names them.
        IndexError: ``dim`` is not an axis of the first array; the message names its value and the shape.

    >>> concatenate(np.array([[1], [2]]), np.array([[3], [4]]), dim=1)
    array([[1, 3],
           [2, 4]])
    """
    if not arrays:
        raise ValueError("there must be at least one tensor to join")
    check_dim(dim, arrays[0].shape)
    try:
        return np.concatenate(arrays, axis=dim)
    except ValueError:
        shapes = ", ".join(str(array.shape) for array in arrays)
        raise ValueError(f"cannot join shapes {shapes} along dim {dim}") from None


def cat(tensors: Sequence[Tensor], dim: int = 0) -> Tensor:
    """Join a list of tensors along an existing axis; see `concatenate`."""
    for x in tensors:
        if not hasattr(x, "shape"):
            raise TypeError(f"tensors must all be tensors, got {x!r:.60}")
    return concatenate(*tensors, dim=dim)


def stack(tensors: Sequence[Tensor], dim: int = 0) -> Tensor:
    """Join tensors of the same shape along a new axis, which becomes axis ``dim`` of the result.

    Raises:
        ValueError: there is no tensor, or the shapes differ; then the message names them.
        IndexError: ``dim`` is not an axis of the result; the message names its value and the shape
            of the tensors.

    >>> stack([np.array([1, 2]), np.array([3, 4])], dim=1)
    array([[1, 3],
           [2, 4]])
    """
    shapes = dict.fromkeys(x.shape for x in tensors)
    if len(shapes) > 1:
        raise ValueError(f"cannot stack different shapes: {', '.join(map(str, shapes))}")
    return cat([unsqueeze(x, dim) for x in tensors], dim)


# Randomness


class Randomness:
    """The one random state of the framework, which `manual_seed` replaces."""

    generator = np.random.default_rng()


def default_generator() -> np.random.Generator:
    """The generator that random functions draw from by default."""
    of_thread = generator_of_thread.get()
    return Randomness.generator if of_thread is None else of_thread()


def manual_seed(seed: int) -> np.random.Generator:
    """Restart the random numbers: after the same seed, the same numbers come in the same order.

    Args:
        seed: an integer, at least 0.
    Returns:
        The new default generator, an `np.random.Generator`.
    """
    Randomness.generator = np.random.default_rng(seed)
    return Randomness.generator


def rand(
    *shape: int | Sequence[int],
    generator: np.random.Generator | None = None,
    dtype: type[np.float32] | type[np.float64] = DEFAULT_DTYPE,
    requires_grad: bool = False,
) -> Tensor:
    """Random numbers, uniform in [0, 1): ``rand(2, 3)`` or ``rand((2, 3))``.

    Args:
        shape: the lengths of the axes.
        generator: an `np.random.Generator` to draw from, the default one if None.
        dtype: float32 or float64. The numbers are those that ``generator.random`` draws in this
            dtype: a float64 just below 1 would round to 1 in float32.
    """
    generator = default_generator() if generator is None else generator
    return Tensor(generator.random(unpack(shape), dtype=dtype), requires_grad)


def randn(
    *shape: int | Sequence[int],
    generator: np.random.Generator | None = None,
    dtype: type[np.float32] | type[np.float64] = DEFAULT_DTYPE,
    requires_grad: bool = False,
) -> Tensor:
    """Random numbers from the normal distribution with mean 0 and variance 1; see `rand`."""
    generator = default_generator() if generator is None else generator
    return Tensor(generator.standard_normal(unpack(shape), dtype=dtype), requires_grad)
