"""Strategies that several spec files share. They draw plain NumPy values and never call student code."""

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

FLOATS = (np.float32, np.float64)


def shapes(min_dims=0, max_dims=3, min_side=0, max_side=4):
    """Shapes, 0-d and zero-size ones among them unless forbidden."""
    return (
        hnp.array_shapes(min_dims=min_dims, max_dims=max_dims, min_side=min_side, max_side=max_side)
        if (min_dims > 0 and min_side > 0)
        else st.integers(min_dims, max_dims).flatmap(
            lambda n: st.tuples(*[st.integers(min_side, max_side)] * n)
        )
    )


def numbers(scale=10.0, dtype=np.float64):
    """Finite numbers within ±scale, exact in ``dtype``; no subnormals."""
    width = np.dtype(dtype).itemsize * 8
    bound = float(np.dtype(dtype).type(scale))
    return st.floats(-bound, bound, width=width, allow_subnormal=False)


def arrays(shape=None, dtype=None, scale=10.0, elements=None, min_dims=0, min_side=0, max_dims=3):
    """Float arrays of any shape and, unless given, of either float dtype."""
    shape = shape if shape is not None else shapes(min_dims, max_dims, min_side)
    dtypes = st.sampled_from(FLOATS) if dtype is None else st.just(np.dtype(dtype))
    return dtypes.flatmap(
        lambda d: hnp.arrays(d, shape, elements=numbers(scale, d) if elements is None else elements)
    )


def scores(scale=10.0, dtype=None):
    """Arrays with at least one axis and one element."""
    return arrays(dtype=dtype, scale=scale, min_dims=1, min_side=1)


def broadcastable(count=2, dtype=np.float64, scale=10.0, elements=None, min_side=0):
    """``count`` arrays whose shapes broadcast together."""
    shape_sets = hnp.mutually_broadcastable_shapes(
        num_shapes=count, min_side=min_side, max_dims=3, max_side=4
    )
    return shape_sets.flatmap(
        lambda found: st.tuples(
            *[arrays(shape, dtype, scale, elements) for shape in found.input_shapes]
        )
    )


def with_axis(array_strategy, allow_none=False):
    """(array, axis) with an axis of that array, counted from either end."""
    axes = lambda x: st.integers(-x.ndim, x.ndim - 1) | (st.none() if allow_none else st.nothing())
    return array_strategy.flatmap(lambda x: st.tuples(st.just(x), axes(x)))


def seeds():
    """Seeds for `np.random.default_rng`."""
    return st.integers(0, 2**32 - 1)
