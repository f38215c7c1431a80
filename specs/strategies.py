"""Strategies that several spec files share. They draw plain NumPy values and never call learner code."""

from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from hypothesis.strategies import SearchStrategy
from numpy.typing import DTypeLike

from specs.arrays import Array, Shape

FLOATS = (np.float32, np.float64)


def shapes(
    min_dims: int = 0, max_dims: int = 3, min_side: int = 0, max_side: int = 4
) -> SearchStrategy[Shape]:
    """Shapes, 0-d and zero-size ones among them unless forbidden."""
    return (
        hnp.array_shapes(min_dims=min_dims, max_dims=max_dims, min_side=min_side, max_side=max_side)
        if (min_dims > 0 and min_side > 0)
        else st.integers(min_dims, max_dims).flatmap(
            lambda n: st.tuples(*[st.integers(min_side, max_side)] * n)
        )
    )


def numbers(scale: float = 10.0, dtype: DTypeLike = np.float64) -> SearchStrategy[float]:
    """Finite numbers within ±scale, exact in ``dtype``; no subnormals."""
    width: Any = np.dtype(dtype).itemsize * 8
    bound = float(np.asarray(scale, dtype))
    return st.floats(-bound, bound, width=width, allow_subnormal=False)


def arrays(
    shape: Shape | SearchStrategy[Shape] | None = None,
    dtype: DTypeLike | None = None,
    scale: float = 10.0,
    elements: SearchStrategy[Any] | None = None,
    min_dims: int = 0,
    min_side: int = 0,
    max_dims: int = 3,
) -> SearchStrategy[Array]:
    """Float arrays of any shape and, unless given, of either float dtype."""
    shape = shape if shape is not None else shapes(min_dims, max_dims, min_side)
    dtypes = st.sampled_from(FLOATS) if dtype is None else st.just(np.dtype(dtype))
    return dtypes.flatmap(
        lambda d: hnp.arrays(d, shape, elements=numbers(scale, d) if elements is None else elements)
    )


def scores(scale: float = 10.0, dtype: DTypeLike | None = None) -> SearchStrategy[Array]:
    """Arrays with at least one axis and one element."""
    return arrays(dtype=dtype, scale=scale, min_dims=1, min_side=1)


def broadcastable(
    count: int = 2,
    dtype: DTypeLike | None = np.float64,
    scale: float = 10.0,
    elements: SearchStrategy[Any] | None = None,
    min_side: int = 0,
) -> SearchStrategy[tuple[Array, ...]]:
    """``count`` arrays whose shapes broadcast together."""
    shape_sets = hnp.mutually_broadcastable_shapes(
        num_shapes=count, min_side=min_side, max_dims=3, max_side=4
    )
    return shape_sets.flatmap(
        lambda found: st.tuples(
            *[arrays(shape, dtype, scale, elements) for shape in found.input_shapes]
        )
    )


def with_axis(
    array_strategy: SearchStrategy[Array], allow_none: bool = False
) -> SearchStrategy[tuple[Array, int | None]]:
    """(array, axis) with an axis of that array, counted from either end."""
    none = st.none() if allow_none else st.nothing()
    return array_strategy.flatmap(
        lambda x: st.tuples(st.just(x), st.integers(-x.ndim, x.ndim - 1) | none)
    )


def seeds() -> SearchStrategy[int]:
    """Seeds for `np.random.default_rng`."""
    return st.integers(0, 2**32 - 1)
