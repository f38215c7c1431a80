"""Functions in addition to methods: `tinytorch.sum(x, 1)` and others, composed from the modules.

Given, not an exercise. Nothing here has a gradient rule of its own: each function is composed of operations
that have one, and `backward` follows those.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from tinytorch import inplace, operations
from tinytorch.arranging import (
    Sorted,
    argsort,
    as_tensor,
    axes_of,
    axis_of,
    gather,
    raw,
    wrap,
)
from tinytorch.conveniences import STORED, WRITTEN
from tinytorch.instead import no_such_name, refuse
from tinytorch.precision import in_single
from tinytorch.primitive import Variable, check_floating

METHODS = (
    "sum mean argmax reshape permute transpose flatten squeeze unsqueeze exp log sqrt abs clip numel"
    " is_floating_point detach"
)
"""Functions that call the tensor's method of the same name."""

HOME = {
    "arranging": "view view_as reshape_as expand_as broadcast_to t clone ravel unflatten movedim"
    " swapaxes swapdims repeat tile repeat_interleave index_select narrow select unbind"
    " split chunk flip roll diagonal diag tril triu masked_fill masked_select where gather"
    " take_along_dim nonzero unique bincount argsort sort topk",
    "products": "mm bmm mv dot outer addmm trace cdist einsum meshgrid vstack hstack",
    "creation": "new_tensor new_zeros new_ones new_full new_empty",
    "tensor": "cat stack mul pow neg matmul eq ne lt le gt ge",
    "operations": "sin cos tan log2 log10 log1p expm1 erf sign floor ceil round minimum remainder"
    " floor_divide bitwise_and bitwise_or bitwise_xor",
    "activations": "relu sigmoid tanh",
    "inplace": WRITTEN,
}
"""Functions that another file defines."""

OTHER_NAMES = {
    "subtract": "sub",
    "multiply": "mul",
    "divide": "div",
    "true_divide": "div",
    "negative": "neg",
    "absolute": "abs",
    "greater": "gt",
    "less": "lt",
    "moveaxis": "movedim",
    "ger": "outer",
    "concat": "cat",
    "concatenate": "cat",
}


@cache
def as_function(name: str) -> Callable[..., Any]:
    """A function that calls the method of that name."""

    def function(input: Any, *args: Any, **kwargs: Any) -> Any:
        return getattr(as_tensor(input), name)(*args, **kwargs)

    function.__name__ = function.__qualname__ = name
    return function


def __getattr__(name: str) -> Any:
    name = OTHER_NAMES.get(name, name)
    if name in globals():
        return globals()[name]
    if name in METHODS.split():
        return as_function(name)
    for module, names in HOME.items():
        if name in names.split():
            return getattr(import_module(f"tinytorch.{module}"), name)
    if name.endswith("_") and name[:-1] in STORED.split():
        return inplace.stored(name[:-1])
    raise no_such_name("tinytorch", name)


# Reductions


def extreme(name: str, input: Any, dim: Any, keepdim: bool) -> Any:
    """The largest or smallest value; along ``dim``, a pair of values and indices; or of two tensors.

    Along ``dim`` the gradient goes only to the value at the index, not to equal ones.
    """
    if dim is None:
        return getattr(import_module("tinytorch.tensor"), name)(input)
    input = as_tensor(input)
    if isinstance(dim, Variable):
        return getattr(import_module("tinytorch.functions"), f"{name}imum")(input, dim)
    values_along(name, input, dim)
    indices = wrap(
        (raw(input).argmax if name == "max" else raw(input).argmin)(axis=dim, keepdims=True)
    )
    values = gather(input, dim, indices)
    return Sorted(values, indices) if keepdim else Sorted(values.squeeze(dim), indices.squeeze(dim))


def values_along(name: str, input: Any, dim: Any) -> None:
    """Refuse axes that do not exist, several at once, and axes without values."""
    if isinstance(dim, (tuple, list)):
        refuse(f"{name}(dim={dim!r})", f"use x.a{name}(dim), which gives values alone")
    if input.shape[axis_of(dim, input.shape)] == 0:
        raise ValueError(f"{name} of no values: dim {dim} of shape {input.shape}")


def reduced(dim: Any, input: Any) -> Any:
    """``dim`` as NumPy takes it: None or a tuple of axes; an empty tuple means all axes."""
    return None if dim in (None, (), []) else axes_of(dim, input.shape, "dim")


def max(input: Any, dim: Any = None, keepdim: bool = False) -> Any:
    """The largest value; along ``dim``, (values, indices); with a second tensor, `maximum`."""
    return extreme("max", input, dim, keepdim)


def min(input: Any, dim: Any = None, keepdim: bool = False) -> Any:
    """The smallest value; along ``dim``, (values, indices); with a second tensor, `minimum`."""
    return extreme("min", input, dim, keepdim)


def maximum(input: Any, other: Any) -> Any:
    """The larger of two, element by element."""
    return import_module("tinytorch.tensor").maximum(input, other)


def argmin(input: Any, dim: int | None = None, keepdim: bool = False) -> Any:
    """The index of the smallest value."""
    values: Any = raw(input)  # in NumPy's types keepdims is no variable
    if dim is not None:
        values_along("argmin", input, dim)
    elif not input.numel():
        raise ValueError(f"argmin of no values: shape {input.shape}")
    return wrap(values.argmin(axis=dim, keepdims=keepdim))


def amax(input: Any, dim: Any = None, keepdim: bool = False) -> Any:
    """The largest values along ``dim``, without indices."""
    return import_module("tinytorch.tensor").max(input, dim=reduced(dim, input), keepdim=keepdim)


def amin(input: Any, dim: Any = None, keepdim: bool = False) -> Any:
    """The smallest values along ``dim``, without indices."""
    return import_module("tinytorch.tensor").min(input, dim=reduced(dim, input), keepdim=keepdim)


def aminmax(input: Any, dim: int | None = None, keepdim: bool = False) -> Any:
    """(smallest, largest)."""
    return amin(input, dim, keepdim), amax(input, dim, keepdim)


def all(input: Any, dim: Any = None, keepdim: bool = False) -> Any:
    """Whether all values are true."""
    values: Any = raw(input)
    return wrap(values.all(axis=reduced(dim, input), keepdims=keepdim))


def any(input: Any, dim: Any = None, keepdim: bool = False) -> Any:
    """Whether any value is true."""
    values: Any = raw(input)
    return wrap(values.any(axis=reduced(dim, input), keepdims=keepdim))


def count_nonzero(input: Any, dim: Any = None) -> Any:
    """The number of values that are not zero."""
    return wrap(np.count_nonzero(raw(input), axis=reduced(dim, input)))


def no_bool(dtype: DTypeLike | None) -> DTypeLike | None:
    """The dtype in which to sum or multiply."""
    if dtype is not None and np.dtype(dtype) == np.bool_:
        raise TypeError("dtype must not be bool: use all or any")
    return dtype


def prod(
    input: Any, dim: int | None = None, keepdim: bool = False, *, dtype: DTypeLike | None = None
) -> Any:
    """The product of all values, or along ``dim``."""
    input = as_tensor(input, no_bool(dtype))
    if dim is None:
        return operations.product(input.reshape(-1), dim=0)
    out = operations.product(input, dim=axis_of(dim, input.shape))
    return out.unsqueeze(dim) if keepdim else out


def cumsum(input: Any, dim: int, *, dtype: DTypeLike | None = None) -> Any:
    """The sum of the values up to each position along ``dim``."""
    return operations.cumsum(as_tensor(input, no_bool(dtype)), dim=axis_of(dim, input.shape))


def var(
    input: Any,
    dim: Any = None,
    unbiased: bool = True,
    keepdim: bool = False,
    *,
    correction: int | None = None,
) -> Any:
    """The variance, with PyTorch's arguments: ``var(x, dim, unbiased, keepdim)`` or ``correction=``."""
    if isinstance(dim, bool):
        dim, unbiased = None, dim
    check_floating(input, "input")
    correction = int(unbiased) if correction is None else correction
    return input.var(dim=dim, keepdim=keepdim, correction=correction)


def std(
    input: Any,
    dim: Any = None,
    unbiased: bool = True,
    keepdim: bool = False,
    *,
    correction: int | None = None,
) -> Any:
    """The square root of the variance, with the arguments of `var`."""
    return operations.root(var(input, dim, unbiased, keepdim, correction=correction))


def var_mean(
    input: Any,
    dim: Any = None,
    unbiased: bool = True,
    keepdim: bool = False,
    *,
    correction: int | None = None,
) -> Any:
    """(variance, mean), with the arguments of `var`."""
    along = None if isinstance(dim, bool) else dim
    variance = var(input, dim, unbiased, keepdim, correction=correction)
    return variance, input.mean(along, keepdim)


@in_single
def norm(input: Any, p: Any = 2, dim: Any = None, keepdim: bool = False) -> Any:
    """The length of the vector of all values, or along ``dim``: (Σ |x|^p)^(1 / p).

    Where it is 0 its gradient is 0 too.

    Args:
        p: a number, infinity, or ``"fro"`` for 2.
    Raises:
        TypeError: ``input`` is not floating.
    """
    check_floating(input, "input")
    if p in (None, 2, "fro"):
        return operations.root((input * input).sum(dim, keepdim))
    if isinstance(p, str):
        refuse(f"norm(p={p!r})", "use numpy.linalg.norm on x.detach().numpy()")
    if p == 1:
        return input.abs().sum(dim, keepdim)
    if p in (math.inf, -math.inf):
        return amax(input.abs(), dim, keepdim) if p > 0 else amin(input.abs(), dim, keepdim)
    if p == 0:
        return operations.sign(input).abs().sum(dim, keepdim)
    where = import_module("tinytorch.tensor").where
    size = input.abs()
    zero, one = np.zeros((), input.dtype), np.ones((), input.dtype)
    if p < 1:  # the gradient at 0 is infinite: it counts as 0
        none = raw(input) == 0
        powers = where(none, one, size) ** p
        total = where(none, zero if p > 0 else one / zero, powers).sum(dim, keepdim)
    else:
        total = (size**p).sum(dim, keepdim)
    nothing = (raw(total) == 0) | np.isinf(raw(total)) & (p < 0)
    return where(nothing, zero, where(nothing, one, total) ** (1 / p))


def median(input: Any, dim: int | None = None, keepdim: bool = False) -> Any:
    """The median, the lower one if there are two, NaN if a value is NaN; along ``dim``, (values, indices)."""
    if dim is None:
        x = input.reshape(-1)
        return median(x, 0).values if len(x) else wrap(np.full((), np.nan, x.dtype))
    values_along("median", input, dim)
    missing = np.isnan(raw(input))
    middle = np.take(raw(argsort(input, dim)), [(input.shape[dim] - 1) // 2], axis=dim)
    index = wrap(np.where(missing.any(dim, keepdims=True), first_along(missing, dim), middle))
    values = gather(input, dim, index)
    return Sorted(values, index) if keepdim else Sorted(values.squeeze(dim), index.squeeze(dim))


def first_along(found: np.ndarray, dim: int) -> np.ndarray:
    """The first index along ``dim`` at which a boolean is true; the axis stays."""
    return found.argmax(axis=dim, keepdims=True)


def logsumexp(input: Any, dim: Any, keepdim: bool = False) -> Any:
    """log Σ exp(x) along an axis or several, without overflow. Integers are taken as float32."""
    input = input if input.is_floating_point() else input.to(np.float32)
    axes = reduced(dim, input)
    top = raw(input).max(axis=axes, keepdims=True, initial=-math.inf)
    top = wrap(np.where(np.isfinite(top), top, 0).astype(input.dtype))
    out = (input - top).exp().sum(axes, keepdim=True).log() + top
    kept = [n for at, n in enumerate(input.shape) if axes is not None and at not in axes]
    return out if keepdim else out.reshape(kept)


# Element by element


def softmax(input: Any, dim: int = -1, dtype: DTypeLike | None = None) -> Any:
    """`activations.softmax`, with ``dim`` also by position."""
    x = input if dtype is None else as_tensor(input, dtype)
    return import_module("tinytorch.activations").softmax(x, dim=dim)


def log_softmax(input: Any, dim: int = -1, dtype: DTypeLike | None = None) -> Any:
    """`losses.log_softmax`, with ``dim`` also by position."""
    x = input if dtype is None else as_tensor(input, dtype)
    return import_module("tinytorch.losses").log_softmax(x, dim=dim)


def clamp(input: Any, min: Any = None, max: Any = None) -> Any:
    """Each value limited to [min, max]; the bounds are numbers or tensors."""
    return as_tensor(input).clip(min, max)


def clamp_min(input: Any, min: Any) -> Any:
    """Each value raised to at least ``min``."""
    return as_tensor(input).clip(min, None)


def clamp_max(input: Any, max: Any) -> Any:
    """Each value lowered to at most ``max``."""
    return as_tensor(input).clip(None, max)


def square(input: Any) -> Any:
    """x · x."""
    x = input.long() if input.dtype == np.bool_ else input
    return x * x


def add(input: Any, other: Any, *, alpha: float = 1) -> Any:
    """input + alpha · other."""
    return import_module("tinytorch.tensor").add(input, other if alpha == 1 else other * alpha)


def sub(input: Any, other: Any, *, alpha: float = 1) -> Any:
    """input - alpha · other."""
    return import_module("tinytorch.tensor").sub(input, other if alpha == 1 else other * alpha)


def div(input: Any, other: Any, *, rounding_mode: str | None = None) -> Any:
    """input / other; rounded down with ``"floor"``, towards 0 with ``"trunc"``."""
    if rounding_mode is None:
        return import_module("tinytorch.tensor").div(input, other)
    if rounding_mode == "floor":
        return operations.floor_divide(input, other)
    if rounding_mode == "trunc":
        return operations.trunc_divide(input, other)
    raise ValueError(f"rounding_mode must be None, 'floor' or 'trunc', got {rounding_mode!r}")


def reciprocal(input: Any) -> Any:
    """1 / x."""
    return 1 / input


def rsqrt(input: Any) -> Any:
    """1 / √x."""
    return 1 / input.sqrt()


def lerp(input: Any, end: Any, weight: Any) -> Any:
    """``input`` moved toward ``end`` by the fraction ``weight`` of the way."""
    check_floating(input, "input")
    return input + weight * (end - input)


def isnan(input: Any) -> Any:
    """True where the values are NaN."""
    return wrap(np.isnan(raw(input)))


def isinf(input: Any) -> Any:
    """True where the values are infinite."""
    return wrap(np.isinf(raw(input)))


def isfinite(input: Any) -> Any:
    """True where the values are neither NaN nor infinite."""
    return wrap(np.isfinite(raw(input)))


def logical_and(input: Any, other: Any) -> Any:
    """True where both are true."""
    return wrap(np.logical_and(raw(input), raw(other)))


def logical_or(input: Any, other: Any) -> Any:
    """True where at least one is true."""
    return wrap(np.logical_or(raw(input), raw(other)))


def logical_xor(input: Any, other: Any) -> Any:
    """True where exactly one is true."""
    return wrap(np.logical_xor(raw(input), raw(other)))


def logical_not(input: Any) -> Any:
    """True where ``input`` is not true."""
    return wrap(np.logical_not(raw(input)))


def isclose(
    input: Any, other: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False
) -> Any:
    """True where two tensors are nearly equal."""
    if rtol < 0 or atol < 0:
        raise ValueError(f"rtol and atol must be at least 0, got {rtol} and {atol}")
    return wrap(np.isclose(raw(input), raw(other), rtol, atol, equal_nan))


def allclose(
    input: Any, other: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False
) -> bool:
    """Whether two tensors are nearly equal everywhere."""
    return bool(np.allclose(raw(input), raw(other), rtol, atol, equal_nan))


def equal(input: Any, other: Any) -> bool:
    """Whether two tensors have the same shape and values."""
    return np.array_equal(raw(input), raw(other))
