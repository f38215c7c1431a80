"""Changes in place, as in PyTorch: `x += y`, `x[i] = v`, `x.add_(y)`; gradients flow through them.

Given, not an exercise. Earlier results still find the old values in the graph if the change was recorded;
`versions` notices if not. `x.data[...] = v` bypasses all of this, as in PyTorch.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib import import_module
from typing import Any

import numpy as np

from tinytorch import operations, versions
from tinytorch.arranging import places_along
from tinytorch.initialization import common
from tinytorch.primitive import VIEWS, Array, Node, Variable, recording

KINDS = "buif"
"""Dtypes in the order in which values may be stored: integers in floats, but not floats in integers."""


@cache
def stored(name: str) -> Callable[..., Any]:
    """The function that stores the result of the method ``name``: for "mul", ``x.mul_(y)``."""

    def function(input: Any, *args: Any, **kwargs: Any) -> Any:
        return store(input, getattr(input, name)(*args, **kwargs))

    function.__name__ = function.__qualname__ = f"{name}_"
    return function


def store(x: Any, result: Any) -> Any:
    """Write the values of ``result`` into the memory of ``x``, and give ``x`` the history of ``result``.

    Raises:
        RuntimeError: ``x`` is a leaf that requires a gradient, while operations are recorded.
        ValueError: the shapes differ, or ``x`` cannot be written to.
        TypeError: ``x`` holds integers or booleans, and the values are of a higher kind.
    """
    if result.shape != x.shape:
        raise ValueError(
            f"in place a tensor keeps its shape {x.shape}, and the result has {result.shape}: use x = x + y"
        )
    check_kind(x, result)
    follows = recording.get() and (x.requires_grad or result.requires_grad)
    if follows:
        record(x, result)
    else:
        write(x.data, ..., result.data)
    return x


def setitem(x: Any, index: Any, value: Any) -> None:
    """``x[index] = value``. Gradients flow to ``value``, and to the part of ``x`` that is not overwritten.

    Raises:
        RuntimeError, ValueError, TypeError: as `store`, or ``value`` does not fit.
        IndexError: ``index`` is out of range.
    """
    index = versions.view_index(without_tensors(index), x.ndim)
    part = x.data[index]
    if isinstance(value, Variable):
        if same_memory(part, value.data) and (
            not x.requires_grad or (value.grad_fn and view_of(value)[0] is x)
        ):
            return  # the end of `x[0] += 1`: the part was changed already
        if value.requires_grad:
            check_kind(x, value)
    if recording.get() and (x.requires_grad or getattr(value, "requires_grad", False)):
        record(x, operations.put(x, value, index=index))
    else:
        write(x.data, index, value.data if isinstance(value, Variable) else value)


def record(x: Any, result: Any) -> None:
    """Store ``result`` so that gradients flow to it, and from earlier uses of ``x`` to its old values."""
    if x.requires_grad and x.grad_fn is None:
        raise RuntimeError(
            "a leaf that requires a gradient cannot be changed in place while operations are recorded:"
            " do it under no_grad(), or change x.data"
        )
    if result.dtype != x.dtype:
        result = operations.cast(result, dtype=x.dtype)
    before = snapshot(x)
    base, history = view_of(x)
    if base is None:
        number = write(x.data, ..., result.data, recorded=True)
        history = import_module("tinytorch.tensor").reshape, (result,), {"shape": x.shape}
    else:
        record(base, put_back(history, base, result))
        number = versions.Changes.count
    x.earlier = [*getattr(x, "earlier", ()), (number, before)]
    x.requires_grad = True
    x.grad_fn = Node(*history)


def view_of(x: Any) -> tuple[Any, Any]:
    """(base, (op, args, params)): the tensor that ``x`` views, and how; (None, None) if it is no view.

    Raises:
        RuntimeError: its memory may belong to another tensor that is unknown.
    """
    node = x.grad_fn
    if node is not None:
        base = node.used[0] if node.used and node.op.__name__ in VIEWS else None
        if base is None or versions.owner(base.data) is not versions.owner(x.data):
            return None, None
        return base, (node.op, (base,), node.params)
    if hasattr(x, "looks_into"):
        base, index = x.looks_into
        return base, (import_module("tinytorch.tensor").getitem, (base,), {"index": index})
    if x.data.base is not None:
        raise RuntimeError(
            "the tensor may share its memory with another one, which would not know of this gradient:"
            " use x = x + y, or change a clone()"
        )
    return None, None


def put_back(history: Any, base: Any, part: Any) -> Any:
    """``base`` with ``part`` in place of the part that ``history`` takes from it."""
    op, _, params = history
    if op.__name__ == "getitem":
        return operations.put(base, part, index=params["index"])
    if op.__name__ == "diagonal":
        return operations.put_diagonal(base, part, **params)
    if op.__name__ == "permute":
        return part.permute(*np.argsort([dim % base.ndim for dim in params["dims"]]).tolist())
    return part.reshape(base.shape)


def snapshot(x: Any) -> Any:
    """A tensor that keeps what ``x`` is now, with its history, for earlier uses of ``x``."""
    before = x.result_type.__new__(x.result_type)
    before.data = x.data.copy()
    before.requires_grad, before.grad_fn, before.grad = x.requires_grad, x.grad_fn, None
    versions.set_versions(before.data, *versions.versions(x.data))
    return before


def write(array: Array, index: Any, values: Any, recorded: bool = False) -> int:
    """``array[index] = values``: the only place that changes a tensor. Returns the number of the change."""
    if not array.flags.writeable:
        raise ValueError("the tensor is read-only, like the result of expand(): change a clone()")
    array[index] = values
    return versions.note(array, recorded)


def check_kind(x: Any, result: Any) -> None:
    """Raise TypeError if ``x`` cannot hold such values."""
    if KINDS.index(result.dtype.kind) > KINDS.index(x.dtype.kind.replace("u", "i")):
        raise TypeError(
            f"a result of dtype {result.dtype} cannot be stored in a tensor of dtype {x.dtype}: use x = x + y"
        )


def same_memory(x: Array, y: Array) -> bool:
    """Whether two arrays view the same elements of the same memory."""
    place = lambda array: (array.ctypes.data, array.shape, array.strides, array.dtype)
    return np.may_share_memory(x, y) and place(x) == place(y)


def without_tensors(index: Any) -> Any:
    """An index as NumPy takes it."""
    if isinstance(index, tuple):
        return tuple(map(without_tensors, index))
    return index.data if isinstance(index, Variable) else index


# Methods that do more than store the result of another one


def add_(x: Any, other: Any, alpha: float = 1) -> Any:
    """``x += alpha · other``."""
    return store(x, x + (other if alpha == 1 else other * alpha))


def sub_(x: Any, other: Any, alpha: float = 1) -> Any:
    """``x -= alpha · other``."""
    return store(x, x - (other if alpha == 1 else other * alpha))


def addcmul_(x: Any, tensor1: Any, tensor2: Any, value: float = 1) -> Any:
    """``x += value · tensor1 · tensor2``."""
    return store(x, x + tensor1 * tensor2 * value)


def addcdiv_(x: Any, tensor1: Any, tensor2: Any, value: float = 1) -> Any:
    """``x += value · tensor1 / tensor2``."""
    return store(x, x + tensor1 / tensor2 * value)


def fill_(x: Any, value: Any) -> Any:
    """Every value becomes ``value``."""
    setitem(x, ..., value)
    return x


def zero_(x: Any) -> Any:
    """Every value becomes 0."""
    return fill_(x, 0)


def fill_diagonal_(x: Any, fill_value: float) -> Any:
    """Every value on the diagonal of a matrix becomes ``fill_value``."""
    fill_(x.diagonal(), fill_value)
    return x


def copy_(x: Any, src: Any, non_blocking: bool = False) -> Any:
    """The values become those of ``src``, broadcast."""
    return fill_(x, src)


def normal_(x: Any, mean: float = 0.0, std: float = 1.0, *, generator: Any = None) -> Any:
    """Every value is drawn from a normal distribution."""
    return fill_(x, common(generator).normal(mean, std, x.shape))


def uniform_(x: Any, a: float = 0.0, b: float = 1.0, *, generator: Any = None) -> Any:
    """Every value is drawn from [a, b)."""
    return fill_(x, common(generator).uniform(a, b, x.shape))


def scatter(x: Any, dim: int, index: Any, src: Any = None, *, value: Any = None) -> Any:
    """A copy of ``x`` with ``src``, a tensor or a number, at ``index`` along ``dim``; see `gather`.

    Raises:
        TypeError, IndexError, ValueError: as `gather`, or ``src`` has another dtype or is too small.
    """
    places = places_along(x, dim, index)
    src = value if src is None else src
    if not isinstance(src, Variable):
        return operations.put(x, np.asarray(src, x.data.dtype), index=places)
    shape, found = places[0].shape, src.data.shape
    if src.data.dtype != x.data.dtype:
        raise TypeError(f"src must have dtype {x.data.dtype}, got {src.data.dtype}: use src.to(x)")
    if len(found) != len(shape) or any(n < m for n, m in zip(found, shape, strict=True)):
        raise ValueError(f"src of shape {found} is too small for index of shape {shape}")
    part = src[tuple(slice(n) for n in shape)]  # type: ignore[index]
    return operations.put(x, part, index=places)


def scatter_(x: Any, dim: int, index: Any, src: Any = None, *, value: Any = None) -> Any:
    """`scatter` in place."""
    return store(x, scatter(x, dim, index, src, value=value))


def masked_fill_(x: Any, mask: Any, value: float) -> Any:
    """``x[mask] = value``, where the mask broadcasts."""
    setitem(x, np.broadcast_to(without_tensors(mask), x.shape), value)
    return x


def detach_(x: Any) -> Any:
    """The tensor without its history."""
    x.requires_grad, x.grad_fn = False, None
    return x
