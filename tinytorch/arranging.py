"""PyTorch's functions that change the shape or order of tensors, or choose among their values.

Given, not an exercise. All are composed of `reshape`, `permute`, indexing and `where`, which have
gradients. You reach them as functions of `tinytorch` and as methods of a Tensor.
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
    """``data`` as a Tensor: a Tensor unchanged, an ndarray without a copy."""
    t = import_module("tinytorch.tensor")
    tensor = data if isinstance(data, Variable) else t.Tensor(data)
    return tensor if dtype is None else tensor.to(dtype)


class Sorted(NamedTuple):
    """Values and their indices."""

    values: Any
    indices: Any


def axis_of(dim: Any, shape: tuple[int, ...], name: str = "dim") -> int:
    """``dim`` counted from the front.

    Raises:
        TypeError: it is not an integer.
        IndexError: there is no such axis; the message names the axis and the shape.
    """
    if isinstance(dim, bool) or not isinstance(dim, (int, np.integer)):
        raise TypeError(f"{name} must be an integer, got {dim!r:.60}")
    if not -len(shape) <= dim < len(shape):
        raise IndexError(f"{name} {dim} is not an axis of shape {shape}")
    return int(dim) % len(shape)


def axes_of(dims: Any, shape: tuple[int, ...], name: str = "dims") -> tuple[int, ...]:
    """One axis or several, counted from the front, without repetition."""
    found = tuple(
        axis_of(dim, shape, name) for dim in (dims if isinstance(dims, (tuple, list)) else (dims,))
    )
    if len(set(found)) < len(found):
        raise ValueError(f"{name} {dims} names an axis of shape {shape} twice")
    return found


def common_shape(*shapes: tuple[int, ...]) -> tuple[int, ...]:
    """The shape to which the shapes broadcast."""
    try:
        return np.broadcast_shapes(*shapes)
    except ValueError:
        said = " and ".join(map(str, shapes))
        raise ValueError(f"the shapes {said} do not broadcast") from None


def check_indices(indices: Any, count: int, name: str = "indices") -> Array:
    """Row numbers as an array of integers; an error names the first that is not in [0, count)."""
    indices = raw(indices)
    if indices.size == 0:
        return indices.astype(np.int64)
    if indices.dtype.kind not in "iu":
        raise TypeError(f"{name} must be integers, got dtype {indices.dtype}")
    for outside in indices[(indices < 0) | (indices >= count)].ravel()[:1]:
        raise IndexError(f"{name} must be in [0, {count}), got {outside}")
    return indices


def checked(index: Any, count: int) -> Array:
    """Integers in [0, count), as an array."""
    return check_indices(index, count, "index")


# Shapes


def view(input: Any, *shape: Any) -> Any:
    """`reshape`, which copies only if it must; with a dtype, the same bytes read as that dtype."""
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
    """Rows and columns swapped, for at most two axes."""
    if input.ndim > 2:
        raise ValueError(
            f"t() is for at most 2 axes: use x.transpose(-2, -1), got shape {input.shape}"
        )
    return input.T


def clone(input: Any, memory_format: Any = None) -> Any:
    """A copy, through which gradients flow back."""
    return operations.cast(input, dtype=input.dtype)


def ravel(input: Any) -> Any:
    """All axes merged into one."""
    return input.reshape(-1)


def unflatten(input: Any, dim: int, sizes: Sequence[int]) -> Any:
    """The axis ``dim`` split into several."""
    at = axis_of(dim, input.shape)
    return input.reshape(*input.shape[:at], *sizes, *input.shape[at + 1 :])


def movedim(input: Any, source: Any, destination: Any) -> Any:
    """One axis moved to another position, or several axes to as many positions."""
    old = axes_of(source, input.shape, "source")
    new = axes_of(destination, input.shape, "destination")
    if len(old) != len(new):
        raise ValueError(f"source {source} and destination {destination} must have the same length")
    moved = dict(zip(new, old, strict=True))
    others = iter([dim for dim in range(input.ndim) if dim not in old])
    order = [moved[place] if place in moved else next(others) for place in range(input.ndim)]
    return input.permute(order)


def swapaxes(input: Any, axis0: int, axis1: int) -> Any:
    """`transpose` under NumPy's name."""
    return input.transpose(axis0, axis1)


swapdims = swapaxes


def repeat(input: Any, *sizes: Any) -> Any:
    """The tensor repeated along each axis; new axes come first."""
    counts = tuple(sizes[0]) if isinstance(sizes[0], (tuple, list)) else sizes
    if len(counts) < input.ndim:
        raise ValueError(f"repeat needs a number for each of {input.ndim} axes, got {counts}")
    shape = (1,) * (len(counts) - input.ndim) + input.shape
    places = np.tile(np.arange(math.prod(shape)).reshape(shape), counts)
    return input.reshape(-1)[places]


def tile(input: Any, *dims: Any) -> Any:
    """`repeat`, with leading ones where numbers are missing."""
    counts = tuple(dims[0]) if isinstance(dims[0], (tuple, list)) else dims
    return repeat(input, (1,) * (input.ndim - len(counts)) + counts)


def repeat_interleave(
    input: Any, repeats: Any, dim: int | None = None, *, output_size: int | None = None
) -> Any:
    """Each element repeated before the next one. ``output_size`` has no effect here."""
    x, at = (input.reshape(-1), 0) if dim is None else (input, axis_of(dim, input.shape))
    counts = raw(repeats)
    if counts.dtype.kind not in "iu" or counts.ndim > 1 or (counts < 0).any():
        raise ValueError(
            f"repeats must be integers of at least 0 along one axis, got {repeats!r:.60}"
        )
    if counts.size not in (1, x.shape[at]):
        raise ValueError(f"repeats must be 1 or {x.shape[at]} numbers, got shape {counts.shape}")
    return index_select(x, at, np.repeat(np.arange(x.shape[at]), counts))


def along(dim: int, index: Any, shape: tuple[int, ...]) -> tuple[Any, ...]:
    """An index that takes ``index`` along one axis, and everything along the others."""
    return (slice(None),) * axis_of(dim, shape) + (index,)


def index_select(input: Any, dim: int, index: Any) -> Any:
    """The elements at ``index`` along ``dim``.

    Raises:
        IndexError: an index is out of range; the message names index.
    """
    at = axis_of(dim, input.shape)
    if raw(index).ndim > 1:
        raise ValueError(f"index must have one axis, got shape {raw(index).shape}")
    return input[along(at, checked(index, input.shape[at]).reshape(-1), input.shape)]


def narrow(input: Any, dim: int, start: Any, length: int) -> Any:
    """``length`` elements along ``dim``, starting at ``start``.

    Raises:
        IndexError: they exceed the axis; the message names start and length.
    """
    count = input.shape[axis_of(dim, input.shape)]
    if isinstance(start, Variable):
        if start.data.ndim or start.data.dtype.kind not in "iu":
            raise TypeError(f"start must be one integer, got {start!r:.60}")
        start = int(start.data)
    begin = start + count if start < 0 else start
    if length < 0 or not 0 <= begin <= begin + length <= count:
        raise IndexError(
            f"start {start} and length {length} do not fit dim {dim} of length {count}"
        )
    return input[along(dim, slice(begin, begin + length), input.shape)]


def select(input: Any, dim: int, index: int) -> Any:
    """One element along ``dim``; the axis is removed."""
    count = input.shape[axis_of(dim, input.shape)]
    if not -count <= index < count:
        raise IndexError(f"index must be in [{-count}, {count}) for dim {dim}, got {index}")
    return input[along(dim, index, input.shape)]


def unbind(input: Any, dim: int = 0) -> tuple[Any, ...]:
    """All elements along ``dim``, as a tuple."""
    return tuple(select(input, dim, i) for i in range(input.shape[axis_of(dim, input.shape)]))


def split(input: Any, split_size_or_sections: int | Sequence[int], dim: int = 0) -> tuple[Any, ...]:
    """Parts along ``dim``: of one length, where the last may be shorter, or of the given lengths."""
    whole, lengths = input.shape[axis_of(dim, input.shape)], split_size_or_sections
    if isinstance(lengths, int):
        if lengths < 1:
            raise ValueError(f"split_size_or_sections must be at least 1, got {lengths}")
        lengths = [min(lengths, whole - start) for start in range(0, whole, lengths)]
    if sum(lengths) != whole:
        raise ValueError(
            f"split lengths {list(lengths)} must sum to {whole}, the length of dim {dim}"
        )
    starts = [sum(lengths[:i]) for i in range(len(lengths))]
    return tuple(narrow(input, dim, at, n) for at, n in zip(starts, lengths, strict=True))


def chunk(input: Any, chunks: int, dim: int = 0) -> tuple[Any, ...]:
    """At most ``chunks`` parts along ``dim``, as equal as possible."""
    if chunks < 1:
        raise ValueError(f"chunks must be at least 1, got {chunks}")
    return split(input, max(1, -(-input.shape[axis_of(dim, input.shape)] // chunks)), dim)


def flip(input: Any, *along: Any, dims: Any = None) -> Any:
    """A copy, reversed along each axis of ``dims``: ``flip(x, 0, 1)`` or ``flip(x, (0, 1))``."""
    given: Any = along if dims is None else (dims,)
    alone = len(given) == 1 and isinstance(given[0], (tuple, list))
    turned = axes_of(given[0] if alone else given, input.shape)
    steps = (slice(None, None, -1 if i in turned else None) for i in range(input.ndim))
    return clone(input[tuple(steps)])


def roll(input: Any, shifts: Any, dims: Any = None) -> Any:
    """Shifted along an axis or several; what leaves at one end enters at the other."""
    steps = tuple(shifts) if isinstance(shifts, (tuple, list)) else (shifts,)
    if dims is None or dims == ():
        if len(steps) != 1:
            raise ValueError(f"shifts must be one number without dims, got {shifts}")
        return roll(input.reshape(-1), steps, 0).reshape(input.shape)
    axes = tuple(dims) if isinstance(dims, (tuple, list)) else (dims,)
    if len(steps) != len(axes):
        raise ValueError(f"shifts {shifts} and dims {dims} must have the same length")
    for step, dim in zip(steps, axes, strict=True):
        at = axis_of(dim, input.shape, "dims")
        input = index_select(input, at, np.roll(np.arange(input.shape[at]), step))
    return input


def diagonal(input: Any, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Any:
    """The diagonals of the matrices along two axes, as the last axis; a view, which you can write into."""
    one, other = axis_of(dim1, input.shape, "dim1"), axis_of(dim2, input.shape, "dim2")
    if one == other:
        raise ValueError(f"dim1 {dim1} and dim2 {dim2} must be two axes of shape {input.shape}")
    return operations.diagonal(input, offset=offset, dim1=one, dim2=other)


diagonal_of = diagonal


def diag(input: Any, diagonal: int = 0) -> Any:
    """The diagonal of a matrix; of a vector, the matrix with that diagonal."""
    if input.ndim not in (1, 2):
        raise ValueError(f"diag is for one axis or two: use diagonal, got shape {input.shape}")
    if input.ndim == 1:
        return import_module("tinytorch.tensor").where(
            np.diag(np.ones(len(input), bool), diagonal),
            input[np.maximum(np.diag(np.arange(len(input)), diagonal), 0)],
            np.zeros((), input.dtype),
        )
    return clone(diagonal_of(input, diagonal))


def tril(input: Any, diagonal: int = 0) -> Any:
    """The lower triangle; zeros elsewhere."""
    rows, columns = rows_and_columns(input)
    return keep(input, np.tri(rows, columns, diagonal, dtype=np.bool_))


def triu(input: Any, diagonal: int = 0) -> Any:
    """The upper triangle; zeros elsewhere."""
    rows, columns = rows_and_columns(input)
    return keep(input, ~np.tri(rows, columns, diagonal - 1, dtype=np.bool_))


def rows_and_columns(input: Any) -> tuple[int, int]:
    """The lengths of the last two axes."""
    if input.ndim < 2:
        raise ValueError(f"input must have at least two axes, got shape {input.shape}")
    rows, columns = input.shape[-2:]
    return rows, columns


def keep(input: Any, kept: Array) -> Any:
    """The values where ``kept`` is true, zeros elsewhere."""
    return import_module("tinytorch.tensor").where(kept, input, np.zeros((), input.dtype))


# Choosing and ordering


def masked_fill(input: Any, mask: Any, value: Any) -> Any:
    """``value`` where ``mask`` is true. The dtype stays.

    Raises:
        TypeError: ``input`` holds integers and ``value`` is not one, or ``mask`` is not of dtype bool.
        ValueError: ``value`` is not a single number.
    """
    number = np.asarray(raw(value))
    if number.ndim:
        raise ValueError(f"value must be one number, got shape {number.shape}: use where")
    if number.dtype.kind == "f" and input.dtype.kind != "f":
        raise TypeError(f"a tensor of {input.dtype} cannot hold {value}: use x.float() before")
    value = value if isinstance(value, Variable) else number.astype(input.dtype)
    return import_module("tinytorch.tensor").where(boolean(mask, "mask"), value, input)


def boolean(mask: Any, name: str) -> Array:
    """Booleans, as an array."""
    if raw(mask).dtype != np.bool_:
        raise TypeError(f"{name} must be of dtype bool, got {raw(mask).dtype}: use x != 0")
    return raw(mask)


def masked_select(input: Any, mask: Any) -> Any:
    """The values where ``mask`` is true, along one axis."""
    kept = boolean(mask, "mask")
    shape = common_shape(input.shape, kept.shape)
    return input.expand(shape)[np.broadcast_to(kept, shape)]


def where(condition: Any, input: Any = None, other: Any = None) -> Any:
    """``input`` where ``condition`` is true, else ``other``.

    With ``condition`` alone, the indices at which it is true. A number takes the dtype of the tensor.

    Raises:
        TypeError: ``condition`` is not of dtype bool.
    """
    if input is None:
        return nonzero(condition, as_tuple=True)
    boolean(condition, "condition")
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
    return input[places_along(input, dim, index)]


def places_along(input: Any, dim: int, index: Any) -> tuple[Array, ...]:
    """A NumPy index that takes or fills input[index[i][j]][j] for dim 0, and so on."""
    at, shape = axis_of(dim, input.shape), raw(index).shape
    fits = len(shape) == input.ndim and all(
        n <= most or axis == at
        for axis, (n, most) in enumerate(zip(shape, input.shape, strict=True))
    )
    if not fits:
        raise ValueError(
            f"index of shape {shape} does not fit shape {input.shape}:"
            f" as many axes, none longer except dim {dim}"
        )
    places: list[Array] = list(np.indices(shape))
    places[at] = checked(index, input.shape[at])
    return tuple(places)


def take_along_dim(input: Any, indices: Any, dim: int | None = None) -> Any:
    """`gather` where the shapes broadcast except along ``dim``; without ``dim``, on the flattened values."""
    if dim is None:
        return gather(input.reshape(-1), 0, raw(indices).reshape(-1))
    at, index = axis_of(dim, input.shape), raw(indices)
    if index.ndim != input.ndim:
        raise ValueError(f"indices of shape {index.shape} need the axes of shape {input.shape}")
    one = lambda shape: tuple(1 if axis == at else n for axis, n in enumerate(shape))
    shape = common_shape(one(input.shape), one(index.shape))
    lengths = [[*shape[:at], n, *shape[at + 1 :]] for n in (input.shape[at], index.shape[at])]
    return gather(input.expand(lengths[0]), dim, np.broadcast_to(index, lengths[1]))


def nonzero(input: Any, as_tuple: bool = False) -> Any:
    """The indices of values that are not zero: a row for each, or a tensor for each axis."""
    if as_tuple:
        return tuple(map(wrap, np.nonzero(np.atleast_1d(raw(input)))))
    return wrap(np.argwhere(raw(input)))


def unique(
    input: Any,
    sorted: bool = True,
    return_inverse: bool = False,
    return_counts: bool = False,
    dim: int | None = None,
) -> Any:
    """The distinct values, or parts along ``dim``, sorted; on request with inverse indices or counts."""
    at = None if dim is None else axis_of(dim, input.shape)
    found = np.unique(raw(input), return_inverse=True, return_counts=True, axis=at)
    parts = [found[0], found[1].reshape(input.shape if at is None else -1), found[2]]
    chosen = [
        part
        for part, wanted in zip(parts, (True, return_inverse, return_counts), strict=True)
        if wanted
    ]
    return wrap(chosen[0]) if len(chosen) == 1 else tuple(map(wrap, chosen))


def bincount(input: Any, weights: Any = None, minlength: int = 0) -> Any:
    """How often each integer occurs.

    Raises:
        ValueError: ``input`` does not hold integers of at least 0 along one axis.
    """
    numbers = raw(input)
    if numbers.dtype.kind not in "iu" or numbers.ndim != 1 or numbers.min(initial=0) < 0:
        raise ValueError(
            f"input must hold integers of at least 0 along one axis,"
            f" got dtype {numbers.dtype} and shape {numbers.shape}"
        )
    if minlength < 0 or (weights is not None and raw(weights).shape != numbers.shape):
        raise ValueError("minlength must be at least 0, and weights must have the shape of input")
    if weights is None:
        return wrap(np.bincount(numbers, None, minlength))
    single = raw(weights).dtype == np.float32  # other dtypes become float64, as in PyTorch
    counts = np.bincount(numbers, raw(weights), minlength)
    return wrap(counts.astype(np.float32 if single else np.float64))


def argsort(input: Any, dim: int = -1, descending: bool = False, stable: bool = False) -> Any:
    """The indices that sort the values, ascending or descending; equal values keep their order."""
    values, dim = raw(input), axis_of(dim, input.shape)
    if not descending:
        return wrap(np.argsort(values, axis=dim, kind="stable"))
    turned = np.argsort(np.flip(values, dim), axis=dim, kind="stable")
    return wrap(np.flip(values.shape[dim] - 1 - turned, dim))


def sort(input: Any, dim: int = -1, descending: bool = False, stable: bool = False) -> Sorted:
    """(values, indices) sorted along ``dim``."""
    indices = argsort(input, dim, descending)
    return Sorted(gather(input, dim, indices), indices)


def topk(input: Any, k: int, dim: int = -1, largest: bool = True, sorted: bool = True) -> Sorted:
    """(values, indices) of the k largest or smallest along ``dim``."""
    count = input.shape[axis_of(dim, input.shape)]
    if not 0 <= k <= count:
        raise ValueError(f"k must be at most {count}, the length of dim {dim}, got {k}")
    indices = narrow(argsort(input, dim, descending=largest), dim, 0, k)
    return Sorted(gather(input, dim, indices), indices)
