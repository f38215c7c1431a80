"""What the shared strategies draw: all that is promised, and nothing that is not."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st
from hypothesis.errors import NoSuchExample

from specs.strategies import (
    FLOATS,
    arrays,
    broadcastable,
    broadcastable_shapes,
    common_numbers,
    numbers,
    scores,
    seeds,
    shapes,
    with_axis,
)

few = settings(max_examples=50, database=None, suppress_health_check=list(HealthCheck))
"""Enough to see what is often drawn; the same each time."""


def draws(strategy, condition, examples=2000):
    """Whether a strategy draws something of the kind."""
    chosen = settings(few, max_examples=examples, derandomize=True)
    try:
        find(strategy, condition, settings=chosen)
    except NoSuchExample:
        return False
    return True


def share(strategy, condition, examples=500):
    """How many of the arrays drawn are of the kind, from 0 to 1."""
    found = []

    @settings(few, max_examples=examples, derandomize=True, phases=[Phase.generate])
    @given(strategy)
    def draw(x):
        found.append(bool(condition(x)))

    draw()
    return sum(found) / len(found)


class TestShapes:
    @few
    @given(st.data(), st.integers(0, 2), st.integers(0, 2), st.integers(0, 2), st.integers(0, 3))
    def test_stay_within_their_bounds(self, data, min_dims, more_dims, min_side, more_side):
        bounds = {"max_dims": min_dims + more_dims, "max_side": min_side + more_side}
        shape = data.draw(shapes(min_dims=min_dims, min_side=min_side, **bounds))
        assert isinstance(shape, tuple)
        assert min_dims <= len(shape) <= bounds["max_dims"]
        assert all(min_side <= side <= bounds["max_side"] for side in shape)

    def test_reach_their_bounds(self):
        for wanted in ((), (0,), (4, 4, 4), (0, 3)):
            assert draws(shapes(), lambda shape, wanted=wanted: shape == wanted)
        assert draws(shapes(1, 2, 1, 3), lambda shape: shape == (3, 3))


class TestNumbers:
    @pytest.mark.parametrize("dtype", [np.float16, *FLOATS])
    @few
    @given(data=st.data())
    def test_are_exact_in_their_dtype_and_within_their_scale(self, dtype, data):
        number = data.draw(numbers(0.1, dtype))
        assert dtype(number) == number
        assert abs(number) <= dtype(0.1)
        assert number == 0 or abs(number) >= np.finfo(dtype).tiny

    @pytest.mark.parametrize("dtype", FLOATS)
    def test_take_either_sign_and_reach_the_scale(self, dtype):
        for wanted in (-10.0, 10.0, 0.0):
            assert draws(numbers(dtype=dtype), lambda number, wanted=wanted: number == wanted)


class TestArrays:
    @few
    @given(arrays(scale=3.0))
    def test_are_of_floats(self, x):
        assert x.dtype in FLOATS
        assert x.ndim <= 3
        assert (np.abs(x) <= 3).all()

    @few
    @given(arrays(min_dims=1, min_side=2, max_dims=2))
    def test_have_the_axes_asked_for(self, x):
        assert 1 <= x.ndim <= 2
        assert min(x.shape) >= 2

    @few
    @given(arrays((2, 3), np.float32, elements=[1.0, 2.0]))
    def test_are_what_is_asked_for(self, x):
        assert x.shape == (2, 3)
        assert x.dtype == np.float32
        assert set(x.ravel()) <= {1, 2}

    def test_are_of_all_kinds(self):
        for kind in (
            lambda x: x.dtype == np.float32,
            lambda x: x.dtype == np.float64,
            lambda x: x.ndim == 0,
            lambda x: x.ndim == 3 and x.size > 0,
            lambda x: x.ndim > 0 and x.size == 0,
            lambda x: x.ndim == 2 and not x.flags.c_contiguous,
        ):
            assert draws(arrays(), kind)

    @few
    @given(arrays(scale=0.1), arrays(dtype=np.float32, scale=1e4))
    def test_are_within_their_scale_and_no_subnormals(self, x, y):
        for array, scale in ((x, 0.1), (y, 1e4)):
            assert (np.abs(array) <= array.dtype.type(scale)).all()
            assert ((array == 0) | (np.abs(array) >= np.finfo(array.dtype).tiny)).all()

    @pytest.mark.parametrize(
        ("kind", "least"),
        [
            (lambda x: (x == 0).any(), 0.25),
            (lambda x: (np.abs(x) == 1).any(), 0.15),
            (lambda x: (x < 0).any() and (x > 0).any(), 0.4),
            (lambda x: (x % 1 != 0).any(), 0.5),
            (lambda x: x.size > 2 and len(np.unique(x)) == 1, 0.07),
            (lambda x: x.size > 2 and len(np.unique(x)) == x.size, 0.2),
            (lambda x: x.size > 2 and 1 < len(np.unique(x)) < x.size, 0.2),
            (lambda x: x.size > 1 and (x == x.max()).sum() > 1, 0.2),
            (lambda x: x.dtype == np.float64 and (x != x.astype(np.float32)).any(), 0.2),
            (lambda x: ((x == 0) & np.signbit(x)).any(), 0.05),
            (lambda x: (x == 10).any(), 0.05),
            (lambda x: (x == -10).any(), 0.05),
            (lambda x: ((x != 0) & (np.abs(x) < 1e-6)).any(), 0.15),
            (lambda x: ((x != 0) & (np.abs(x) < 1e-30)).any(), 0.1),
        ],
        ids=[
            *("zero", "one", "signs", "fraction", "constant", "different", "some equal", "tie"),
            *("double", "minus zero", "bound", "lower bound", "small", "tiny"),
        ],
    )
    def test_often_have_what_laws_are_broken_by(self, kind, least):
        """One in twenty is seen among the 25 examples of a learner with a chance of 0.72."""
        assert share(arrays(), kind) > least

    @pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int64])
    def test_of_integers_reach_the_ends_of_their_dtype(self, dtype):
        ends = np.iinfo(dtype)
        for wanted in (ends.min, ends.max, 0, 1):
            assert draws(arrays((2,), dtype), lambda x, wanted=wanted: wanted in x)
        assert draws(arrays((3,), (np.bool_, dtype)), lambda x: x.dtype == bool and x.any())

    def test_of_a_drawn_shape_have_it(self):
        drawn = arrays(st.just((2, 5)), dtype=np.float32)
        assert draws(drawn, lambda x: x.shape == (2, 5) and x.dtype == np.float32 and x.any())

    def test_may_have_no_equal_numbers_along_an_axis(self):
        """Of 64 elements 17 are drawn, and repeated so that rows and columns stay different."""
        along = lambda x, axis: (np.diff(np.sort(x, axis), axis=axis) != 0).all()
        different = lambda x: all(along(x, axis) for axis in range(3))
        assert draws(arrays((4, 4, 4), np.float64, elements=range(250)), different)

    @pytest.mark.parametrize("seed", range(3))
    @pytest.mark.parametrize(
        ("condition", "simplest"),
        [
            (lambda x: True, np.zeros((), np.float32)),
            (lambda x: (x < 0).any(), -np.ones((), np.float32)),
            (lambda x: (x > 5).any(), np.float32(6)),
            (lambda x: (x % 1 != 0).any(), np.float32(0.5)),
            (lambda x: x.size > 1 and (x == x.max()).sum() > 1, np.zeros(2, np.float32)),
            (lambda x: x.dtype == np.float64 and (x > 1).any(), np.float64(2)),
        ],
        ids=["any", "negative", "large", "fraction", "tie", "double"],
    )
    def test_end_as_simple_ones(self, condition, simplest, seed):
        """As few elements as can be, and quarters; most often the simplest of all."""
        chosen = settings(few, max_examples=2000)
        found = find(arrays(), condition, settings=chosen, random=Random(seed))
        assert found.dtype == simplest.dtype
        assert found.size == simplest.size
        assert (4 * found % 1 == 0).all()

    def test_numbers_are_as_many_as_bytes_can_tell(self):
        for scale in (0.1, 2.0, 10.0, 1e4, 1e7):
            rows = common_numbers(np.dtype(np.float32), scale)
            assert len(rows) <= 256
            assert len(np.unique(rows)) > 100
            assert np.abs(rows).max() == np.float32(scale)

    @few
    @given(scores(scale=5.0), scores(dtype=np.float32))
    def test_scores_have_an_axis_and_an_element(self, x, y):
        assert x.ndim >= 1
        assert x.size >= 1
        assert (np.abs(x) <= 5).all()
        assert y.dtype == np.float32


class TestBroadcastable:
    @pytest.mark.parametrize("count", [1, 2, 3])
    @few
    @given(data=st.data())
    def test_arrays_broadcast_together(self, count, data):
        drawn = data.draw(broadcastable(count, min_side=1))
        assert len(drawn) == count
        np.broadcast_shapes(*(x.shape for x in drawn))
        assert all(x.dtype == np.float64 and min(x.shape, default=1) >= 1 for x in drawn)

    def test_in_every_way(self):
        for way in (
            lambda pair: pair[0].ndim != pair[1].ndim,
            lambda pair: pair[0].ndim == pair[1].ndim and pair[0].shape != pair[1].shape,
            lambda pair: pair[0].shape == pair[1].shape != (),
            lambda pair: pair[0].size == 0,
        ):
            assert draws(broadcastable(), way)
            shapes_only = lambda pair, way=way: way([np.empty(shape) for shape in pair])
            assert draws(broadcastable_shapes(), shapes_only)

    def test_often_in_each(self):
        for way in (
            lambda pair: pair[0].shape == pair[1].shape,
            lambda pair: pair[0].ndim < pair[1].ndim,
            lambda pair: pair[0].ndim > pair[1].ndim,
            lambda pair: 1 in pair[0].shape and pair[0].size < pair[1].size,
            lambda pair: pair[0].size and pair[0].shape != pair[1].shape,
        ):
            assert share(broadcastable(), way) > 0.1


class TestAxes:
    @few
    @given(with_axis(arrays(min_dims=1)))
    def test_an_axis_is_one_of_the_array(self, drawn):
        x, axis = drawn
        assert -x.ndim <= axis < x.ndim

    def test_is_counted_from_either_end(self):
        strategy = with_axis(arrays((2, 2, 2)))
        for axis in range(-3, 3):
            assert draws(strategy, lambda drawn, axis=axis: drawn[1] == axis)

    def test_may_be_none_where_that_is_asked_for(self):
        assert draws(with_axis(arrays((2,)), allow_none=True), lambda drawn: drawn[1] is None)
        assert draws(with_axis(arrays((2,)), allow_none=True), lambda drawn: drawn[1] == -1)
        assert not draws(with_axis(arrays((2,))), lambda drawn: drawn[1] is None, examples=100)


@few
@given(seeds())
def test_seeds_make_generators(seed):
    np.random.default_rng(seed)
    assert 0 <= seed < 2**32


def test_a_strategy_of_the_same_arguments_is_made_once():
    assert shapes(1, 2) is shapes(1, 2)
    assert shapes(1, 2) is not shapes(1, 3)
    assert arrays((2,), elements=(0, 1)) is arrays((2,), elements=(0, 1))
    assert arrays((2,), elements=[0, 1]) is not arrays((2,), elements=[0, 1])
