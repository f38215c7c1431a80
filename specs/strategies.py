"""Strategies that several spec files share. They draw plain NumPy values and never call learner code.

Hypothesis draws each array as one string of bytes: numbers drawn one by one take several times as long.
A byte means one thing, and a smaller byte never anything less simple. So Hypothesis, which makes bytes
smaller one by one, ends with small shapes, zeros and small integers.
"""

from collections.abc import Callable, Hashable, Sequence
from functools import cache, lru_cache, wraps
from typing import Any, Literal, ParamSpec, TypeVar

import numpy as np
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from numpy.typing import ArrayLike, DTypeLike

from specs.arrays import Array, Shape

FLOATS = (np.float32, np.float64)
EVERY_FLOAT = (*FLOATS, np.float16)
"""For laws that say which dtype comes out: float16 has too few digits for most others."""
MAX_SIDE = 4

Given = ParamSpec("Given")
Drawn = TypeVar("Drawn")

DRAWN = 17
"""How many numbers of an array are drawn; a larger one repeats them. It is prime, so that the numbers
along an axis differ all the same."""

FILL_BYTES = 2 + 2 * DRAWN
"""What fills an array: a byte for its dtype, one for the way, two for each number."""

FEW = 10
"""An array in which many numbers are equal has no more different ones than these."""


def kept(make: Callable[Given, SearchStrategy[Drawn]]) -> Callable[Given, SearchStrategy[Drawn]]:
    """The same function, which makes one strategy of the same arguments.

    Hypothesis looks into each strategy that it has not met, which takes longer than a draw. So this is
    for strategies that are made while others are drawn from.
    """
    made: Any = lru_cache(1000, typed=True)(make)

    @wraps(make)
    def given(*args: Given.args, **kwargs: Given.kwargs) -> SearchStrategy[Drawn]:
        if all(isinstance(one, Hashable) for one in (*args, *kwargs.values())):
            return made(*args, **kwargs)
        return make(*args, **kwargs)

    return given


@kept
def shapes(
    min_dims: int = 0, max_dims: int = 3, min_side: int = 0, max_side: int = MAX_SIDE
) -> SearchStrategy[Shape]:
    """Shapes, 0-d and zero-size ones among them unless forbidden."""
    bounds = (min_dims, max_dims, min_side, max_side)
    return from_bytes(1 + max_dims, lambda drawn: shape_of(drawn, *bounds))


def numbers(scale: float = 10.0, dtype: DTypeLike = np.float64) -> SearchStrategy[float]:
    """Finite numbers within ±scale, exact in ``dtype``; no subnormals."""
    width: Any = np.dtype(dtype).itemsize * 8
    bound = float(np.asarray(scale, dtype))
    return st.floats(-bound, bound, width=width, allow_subnormal=False)


@kept
def arrays(
    shape: Shape | SearchStrategy[Shape] | None = None,
    dtype: DTypeLike | Sequence[DTypeLike] = FLOATS,
    scale: float = 10.0,
    elements: ArrayLike | None = None,
    min_dims: int = 0,
    min_side: int = 0,
    max_dims: int = 3,
) -> SearchStrategy[Array]:
    """Arrays of any shape and layout and, unless given, of either float dtype.

    Args:
        shape: of all of them, or what draws it; the bounds below are then not used.
        dtype: one, or a tuple of those to choose from.
        scale: floats are within ±scale; integers are any that their dtype has.
        elements: what the numbers are chosen from instead, the simplest first.
    """
    fill = filling(dtype, scale, elements)
    if isinstance(shape, tuple):
        return from_bytes(FILL_BYTES, lambda drawn: fill(drawn, shape))
    if shape is not None:
        whole = st.tuples(shape, from_bytes(FILL_BYTES, bytes))
        return whole.map(lambda drawn: fill(drawn[1], drawn[0]))
    bounds = (min_dims, max_dims, min_side, MAX_SIDE)
    first = 1 + max_dims
    make = lambda drawn: fill(drawn[first:], shape_of(drawn, *bounds))
    return from_bytes(first + FILL_BYTES, make)


def scores(
    scale: float = 10.0, dtype: DTypeLike | Sequence[DTypeLike] = FLOATS
) -> SearchStrategy[Array]:
    """Arrays with at least one axis and one element."""
    return arrays(dtype=dtype, scale=scale, min_dims=1, min_side=1)


@kept
def broadcastable(
    count: int = 2,
    dtype: DTypeLike | Sequence[DTypeLike] = np.float64,
    scale: float = 10.0,
    elements: ArrayLike | None = None,
    min_side: int = 0,
) -> SearchStrategy[tuple[Array, ...]]:
    """``count`` arrays whose shapes broadcast together."""
    fill, first = filling(dtype, scale, elements), 4 * (1 + count)

    def make(drawn: bytes) -> tuple[Array, ...]:
        found = shapes_of(drawn, count, min_side, MAX_SIDE)
        return tuple(fill(drawn[first + FILL_BYTES * i :], s) for i, s in enumerate(found))

    return from_bytes(first + FILL_BYTES * count, make)


@kept
def broadcastable_shapes(
    count: int = 2, min_side: int = 0, max_side: int = MAX_SIDE
) -> SearchStrategy[tuple[Shape, ...]]:
    """``count`` shapes that broadcast together."""
    return from_bytes(4 * (1 + count), lambda drawn: shapes_of(drawn, count, min_side, max_side))


@st.composite
def with_axis(
    draw: st.DrawFn, array_strategy: SearchStrategy[Array], allow_none: bool = False
) -> tuple[Array, int | None]:
    """(array, axis) with an axis of that array, counted from either end."""
    x = draw(array_strategy)
    axis = draw(st.integers(-x.ndim, x.ndim - (not allow_none)))
    return x, None if axis == x.ndim else axis


def with_more(
    array_strategy: SearchStrategy[Array], more: Callable[[Array], SearchStrategy[Drawn]]
) -> SearchStrategy[tuple[Array, Drawn]]:
    """(array, what is drawn for that array).

    Prefer it to ``data()``: what draws while the spec runs cannot be drawn ahead of the run.
    """
    return array_strategy.flatmap(lambda x: st.tuples(st.just(x), more(x)))


def several(each: SearchStrategy[Drawn], count: int) -> SearchStrategy[tuple[Drawn, ...]]:
    """So many values of the same kind."""
    return st.tuples(*[each] * count)


def seeds() -> SearchStrategy[int]:
    """Seeds for `np.random.default_rng`."""
    return st.integers(0, 2**32 - 1)


def from_bytes(count: int, make: Callable[[bytes], Any]) -> SearchStrategy[Any]:
    """What a function makes of so many bytes."""
    return st.binary(min_size=count, max_size=count).map(make)


def between(byte: int, low: int, high: int) -> int:
    """An integer from ``low`` to ``high``, each as likely; the least for zero."""
    return low + byte * (high - low + 1) // 256


def shape_of(drawn: bytes, min_dims: int, max_dims: int, min_side: int, max_side: int) -> Shape:
    """A shape: the first byte says how many axes, each of the next ones how long an axis is.

    The largest are the most likely: of numbers, and of nothing, there is little to draw.
    """
    ndim = min_dims + rising(max_dims - min_dims)[drawn[0]]
    sides = rising(max_side - min_side)
    return tuple(min_side + sides[byte] for byte in drawn[1 : 1 + ndim])


@cache
def rising(high: int) -> Sequence[int]:
    """For each byte an integer from 0 to ``high``: 1 is twice as likely as 0, 2 three times."""
    each = [n for n in range(high + 1) for _ in range(n + 1)]
    return [each[byte * len(each) // 256] for byte in range(256)]


def shapes_of(drawn: bytes, count: int, min_side: int, max_side: int) -> tuple[Shape, ...]:
    """Shapes that broadcast to the one of the first four bytes; four more say how each differs."""
    whole = shape_of(drawn, 0, 3, min_side, max_side)
    return tuple(part_of(drawn[4 * i :], whole) for i in range(1, 1 + count))


def part_of(drawn: bytes, shape: Shape) -> Shape:
    """A shape without some of the first axes, or with sides of one: both may be, or neither."""
    absent = max(0, between(drawn[0], -2, len(shape)))
    sides = zip(shape[absent:], drawn[1:4], strict=False)
    return tuple(1 if byte > 176 else side for side, byte in sides)


def filling(
    dtype: DTypeLike | Sequence[DTypeLike], scale: float, elements: ArrayLike | None
) -> Callable[[bytes, Shape], Array]:
    """A function that fills an array of a shape as bytes say: one in eight with one number all
    over, two in eight with few different ones. Half of them lie in memory column by column."""
    kinds = [np.dtype(kind) for kind in (dtype if isinstance(dtype, tuple) else (dtype,))]
    given = None if elements is None else np.asarray(elements)

    def fill(drawn: bytes, shape: Shape) -> Array:
        kind = kinds[between(drawn[0], 0, len(kinds) - 1)]
        rows = common_numbers(kind, scale) if given is None else given.astype(kind)[:, np.newaxis]
        codes = np.frombuffer(drawn, np.uint8, 2 * DRAWN, offset=2)[::-1].astype(int)
        row, column = codes[::2] % len(rows), codes[1::2] % rows.shape[1]
        way = between(drawn[1], 0, 7)
        if way == 7:
            row, column = row[:1], column[:1]
        elif way >= 5:
            row, column = row % FEW, 0
        order: Literal["C", "F"] = "F" if drawn[1] % 2 else "C"
        return np.asarray(np.resize(rows[row, column], shape), order=order)

    return fill


@cache
def common_numbers(kind: np.dtype[Any], scale: float) -> Array:
    """The numbers that arrays are made of, in rows: each begins with a simple one.

    The next ones are near it, so that a broken law most often is still broken by the simple one.
    Simpler rows come first, in pairs of one size: a byte that is made smaller by two keeps the sign.
    """
    near = np.random.default_rng(0)
    if kind.kind == "b":
        return np.array([[False], [True]])
    if kind.kind != "f":
        ends = np.iinfo(kind)
        simple = both_signs([*range(1, 11), 20, 50, 100]) if ends.min else list(range(11))
        rows = np.array([*simple, ends.min, ends.max], kind)[:, np.newaxis]  # (R, 1)
        others = near.integers(ends.min, ends.max, (len(rows), 7), kind, endpoint=True)
        return np.concatenate([rows, others], axis=1)  # (R, 8)
    info, bound = np.finfo(kind), float(np.asarray(scale, kind))
    decades = [n * 10.0**k for k in range(8) for n in (1, 2, 5)]
    sizes = sorted({*range(1, 11), *decades, bound / 4, bound / 2, bound})
    simple = both_signs([n for n in sizes if n <= bound])
    simple += both_signs([n for n in (0.5, 1e-3, info.eps, 1024 * info.tiny) if n <= bound])[1:]
    simple += [bound, -bound] * 2
    rows = np.array([*simple, -0.0])[:, np.newaxis]  # (R, 1)
    factors = [1, 1, 1, 1, 0.5, 0.75, *near.uniform(0, 1, 8), 1 - 1e-3, 1 - 1e-6]
    jitter = near.uniform(1 - 1e-4, 1, (len(rows), 16)) ** ([0] * 6 + [1] * 10)
    return (rows * factors * jitter).astype(kind)  # (R, 16)


def both_signs(sizes: Sequence[float]) -> list[float]:
    """Zero, and each of the numbers with either sign."""
    return [0, *(sign * size for size in sizes for sign in (1, -1))]
