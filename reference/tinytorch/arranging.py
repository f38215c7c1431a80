"""Tensors in another shape or order, and choosing among their values: PyTorch's functions for it.

Given, not an exercise. All are composed of `reshape`, `permute`, indexing and `where`, whose gradients
are known. Only `tinytorch.functions` offers them, and the methods of a Tensor.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from importlib import import_module
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import DTypeLike

from tinytorch import operations
from tinytorch.primitive import Array, Variable


def wrap(array: Any) -> Any:
    """An ndarray as a Tensor without history."""
    return import_module("tinytorch.tensor").Tensor(np.asarray(array))


def raw(x: Any) -> Array:
    """The values of a Tensor, array or list."""
    return x.data if isinstance(x, Variable) else np.asarray(x)


def as_tensor(data: Any, dtype: DTypeLike | None = None, device: Any = None) -> Any:
    """``data`` as a Tensor; a Tensor as it is, and an ndarray without a copy."""
    t = import_module("tinytorch.tensor")
    tensor = data if isinstance(data, Variable) else t.Tensor(data)
    return tensor if dtype is None else tensor.to(dtype)


class Sorted(NamedTuple):
    """Values, and where they were."""

    values: Any
    indices: Any


# Shapes


def view(input: Any, *shape: Any) -> Any:
    """`reshape`, which copies only if it must; with a dtype, the same bytes under another name."""
    if len(shape) == 1 and not isinstance(shape[0], (int, tuple, list, np.integer)):
        return wrap(input.data.view(shape[0]))
    return input.reshape(*shape)


def view_as(input: Any, other: Any) -> Any:
    """The same values in the shape of ``other``."""
    return input.reshape(other.shape)


reshape_as = view_as


def expand_as(input: Any, other: Any) -> Any:
    """Stretched to the shape of ``other``."""
    return input.expand(other.shape)


def broadcast_to(input: Any, shape: Sequence[int]) -> Any:
    """Stretched to ``shape``."""
    return input.expand(tuple(shape))


def t(input: Any) -> Any:
    """Rows and columns swapped; at most two axes."""
    if input.ndim > 2:
        raise ValueError(
            f"t() is for at most 2 axes: use x.transpose(-2, -1), got shape {input.shape}"
        )
    return input.T


def clone(input: Any, memory_format: Any = None) -> Any:
    """A copy, through which gradients flow back."""
    return operations.cast(input, dtype=input.dtype)


def ravel(input: Any) -> Any:
    """All axes joined into one."""
    return input.reshape(-1)


def unflatten(input: Any, dim: int, sizes: Sequence[int]) -> Any:
    """The axis ``dim`` cut into several."""
    at = dim % input.ndim
    return input.reshape(*input.shape[:at], *sizes, *input.shape[at + 1 :])


def movedim(input: Any, source: int, destination: int) -> Any:
    """One axis moved to another place."""
    order = [dim for dim in range(input.ndim) if dim != source % input.ndim]
    order.insert(destination % input.ndim, source % input.ndim)
    return input.permute(*order)


def swapaxes(input: Any, axis0: int, axis1: int) -> Any:
    """`transpose` under NumPy's name."""
    return input.transpose(axis0, axis1)


swapdims = swapaxes


def repeat(input: Any, *sizes: Any) -> Any:
    """The tensor, so many times along each axis; new axes come in front."""
    counts = tuple(sizes[0]) if isinstance(sizes[0], (tuple, list)) else sizes
    if len(counts) < input.ndim:
        raise ValueError(f"repeat needs a number for each of {input.ndim} axes, got {counts}")
    shape = (1,) * (len(counts) - input.ndim) + input.shape
    places = np.tile(np.arange(math.prod(shape)).reshape(shape), counts)
    return input.reshape(-1)[places]


def tile(input: Any, *dims: Any) -> Any:
    """`repeat`, with ones in front where numbers are missing."""
    counts = tuple(dims[0]) if isinstance(dims[0], (tuple, list)) else dims
    return repeat(input, (1,) * (input.ndim - len(counts)) + counts)


def repeat_interleave(input: Any, repeats: int, dim: int | None = None) -> Any:
    """Each element so many times, one after the other."""
    x, dim = (input.reshape(-1), 0) if dim is None else (input, dim)
    return index_select(x, dim, np.repeat(np.arange(x.shape[dim]), raw(repeats)))


def along(dim: int, index: Any, ndim: int) -> tuple[Any, ...]:
    """An index that takes ``index`` along one axis, and all of the others."""
    return (slice(None),) * (dim % ndim) + (index,)


def index_select(input: Any, dim: int, index: Any) -> Any:
    """What stands at ``index`` along ``dim``."""
    return input[along(dim, raw(index), input.ndim)]


def narrow(input: Any, dim: int, start: int, length: int) -> Any:
    """``length`` elements from ``start`` on, along ``dim``."""
    return input[along(dim, slice(start, start + length), input.ndim)]


def select(input: Any, dim: int, index: int) -> Any:
    """One element along ``dim``, which goes."""
    return input[along(dim, index, input.ndim)]


def unbind(input: Any, dim: int = 0) -> tuple[Any, ...]:
    """All elements along ``dim``, as a tuple."""
    return tuple(select(input, dim, i) for i in range(input.shape[dim]))


def split(input: Any, split_size_or_sections: int | Sequence[int], dim: int = 0) -> tuple[Any, ...]:
    """Parts along ``dim``: of one length, the last perhaps shorter, or of the lengths given."""
    whole, lengths = input.shape[dim], split_size_or_sections
    if isinstance(lengths, int):
        lengths = [min(lengths, whole - start) for start in range(0, whole, lengths)]
    if sum(lengths) != whole:
        raise ValueError(
            f"split lengths {list(lengths)} must sum to {whole}, the length of dim {dim}"
        )
    starts = [sum(lengths[:i]) for i in range(len(lengths))]
    return tuple(narrow(input, dim, at, n) for at, n in zip(starts, lengths, strict=True))


def chunk(input: Any, chunks: int, dim: int = 0) -> tuple[Any, ...]:
    """At most so many parts along ``dim``, as even as can be."""
    return split(input, max(1, -(-input.shape[dim] // chunks)), dim)


def flip(input: Any, *dims: Any) -> Any:
    """In the other direction along each axis of ``dims``."""
    turned = tuple(dims[0]) if isinstance(dims[0], (tuple, list)) else dims
    turned = tuple(dim % input.ndim for dim in turned)
    return input[tuple(slice(None, None, -1 if i in turned else None) for i in range(input.ndim))]


def roll(input: Any, shifts: int, dims: int | None = None) -> Any:
    """Moved along an axis, what falls out at one end coming in at the other."""
    if dims is None:
        return roll(input.reshape(-1), shifts, 0).reshape(input.shape)
    return index_select(input, dims, np.roll(np.arange(input.shape[dims]), shifts))


def diagonal(input: Any, offset: int = 0) -> Any:
    """The diagonal of a matrix."""
    return input.reshape(-1)[np.diagonal(np.arange(input.numel()).reshape(input.shape), offset)]


diagonal_of = diagonal


def diag(input: Any, diagonal: int = 0) -> Any:
    """The diagonal of a matrix; of a vector, the matrix with that diagonal."""
    if input.ndim == 1:
        return import_module("tinytorch.tensor").where(
            np.diag(np.ones(len(input), bool), diagonal),
            input[np.maximum(np.diag(np.arange(len(input)), diagonal), 0)],
            np.zeros((), input.dtype),
        )
    return diagonal_of(input, diagonal)


def tril(input: Any, diagonal: int = 0) -> Any:
    """The lower triangle; zeros elsewhere."""
    rows, columns = input.shape[-2:]
    return keep(input, np.tri(rows, columns, diagonal, dtype=np.bool_))


def triu(input: Any, diagonal: int = 0) -> Any:
    """The upper triangle; zeros elsewhere."""
    rows, columns = input.shape[-2:]
    return keep(input, ~np.tri(rows, columns, diagonal - 1, dtype=np.bool_))


def keep(input: Any, kept: Array) -> Any:
    """The values where ``kept`` is true, zeros elsewhere."""
    return import_module("tinytorch.tensor").where(kept, input, np.zeros((), input.dtype))


# Choosing and ordering


def masked_fill(input: Any, mask: Any, value: Any) -> Any:
    """``value`` where ``mask`` is true. The dtype stays.

    Raises:
        TypeError: ``value`` is no whole number, and ``input`` holds such.
    """
    number = np.asarray(raw(value))
    if number.dtype.kind == "f" and input.dtype.kind != "f":
        raise TypeError(f"a tensor of {input.dtype} cannot hold {value}: use x.float() before")
    value = value if isinstance(value, Variable) else number.astype(input.dtype)
    return import_module("tinytorch.tensor").where(raw(mask), value, input)


def masked_select(input: Any, mask: Any) -> Any:
    """The values where ``mask`` is true, in one axis."""
    shape = np.broadcast_shapes(input.shape, raw(mask).shape)
    return input.expand(shape)[np.broadcast_to(raw(mask), shape)]


def where(condition: Any, input: Any = None, other: Any = None) -> Any:
    """``input`` where ``condition`` is true, else ``other``; ``x.where(condition, other)`` as a method.

    Without the two, the indices at which ``condition`` is true. A number takes the dtype of the tensor.
    """
    if input is None:
        return nonzero(condition, as_tuple=True)
    if raw(condition).dtype != np.bool_:
        condition, input = input, condition
    pair = [v if hasattr(v, "dtype") else as_tensor(v).data for v in (input, other)]
    for here, there in (
        (0, 1),
        (1, 0),
    ):  # a number takes the dtype of the tensor, if that can hold it
        if not hasattr((input, other)[here], "dtype") and hasattr((input, other)[there], "dtype"):
            dtype = pair[there].dtype
            holds = dtype.kind == "f" or pair[here].dtype.kind != "f"
            pair[here] = pair[here].astype(dtype if holds else np.float32)
            pair[there] = pair[there] if holds else as_tensor(pair[there], np.float32)
    return import_module("tinytorch.tensor").where(condition, *pair)


def gather(input: Any, dim: int, index: Any) -> Any:
    """out[i][j] = input[index[i][j]][j] for dim 0, and so on."""
    places: list[Array] = list(np.indices(raw(index).shape))
    places[dim] = raw(index)
    return input[tuple(places)]


def take_along_dim(input: Any, indices: Any, dim: int | None = None) -> Any:
    """`gather`; without ``dim``, of the values in one axis."""
    return gather(input.reshape(-1), 0, indices) if dim is None else gather(input, dim, indices)


def nonzero(input: Any, as_tuple: bool = False) -> Any:
    """Where the values are not zero: one row for each, or a tensor for each axis."""
    found = np.nonzero(raw(input))
    return tuple(map(wrap, found)) if as_tuple else wrap(np.stack(found, axis=-1))


def unique(
    input: Any, sorted: bool = True, return_inverse: bool = False, return_counts: bool = False
) -> Any:
    """The different values, in order; with their places or counts if asked for."""
    found = np.unique(raw(input), return_inverse=True, return_counts=True)
    parts = [found[0], found[1].reshape(input.shape), found[2]]
    chosen = [
        part
        for part, wanted in zip(parts, (True, return_inverse, return_counts), strict=True)
        if wanted
    ]
    return wrap(chosen[0]) if len(chosen) == 1 else tuple(map(wrap, chosen))


def bincount(input: Any, weights: Any = None, minlength: int = 0) -> Any:
    """How often each whole number comes."""
    return wrap(np.bincount(raw(input), None if weights is None else raw(weights), minlength))


def argsort(input: Any, dim: int = -1, descending: bool = False, stable: bool = False) -> Any:
    """Where the values are, from the smallest on, or from the largest; equal ones in order."""
    values = raw(input)
    if not descending:
        return wrap(np.argsort(values, axis=dim, kind="stable"))
    turned = np.argsort(np.flip(values, dim), axis=dim, kind="stable")
    return wrap(np.flip(values.shape[dim] - 1 - turned, dim))


def sort(input: Any, dim: int = -1, descending: bool = False, stable: bool = False) -> Sorted:
    """(values, indices) in order along ``dim``."""
    indices = argsort(input, dim, descending)
    return Sorted(gather(input, dim, indices), indices)


def topk(input: Any, k: int, dim: int = -1, largest: bool = True, sorted: bool = True) -> Sorted:
    """(values, indices) of the k largest along ``dim``, or of the smallest."""
    if k > input.shape[dim]:
        raise ValueError(f"k must be at most {input.shape[dim]}, the length of dim {dim}, got {k}")
    indices = narrow(argsort(input, dim, descending=largest), dim, 0, k)
    return Sorted(gather(input, dim, indices), indices)
