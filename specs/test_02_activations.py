"""Specs of 02 activations."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from specs.framework import lazy
from specs.laws import (
    assert_close,
    assert_dtype,
    assert_equal,
    assert_finite,
    assert_no_alias,
    call,
    expect,
    raises,
)
from specs.oracles import activations as oracle
from specs.strategies import EVERY_FLOAT, arrays, scores, with_axis

relu, sigmoid, tanh, gelu, softmax = lazy(
    "activations", "relu", "sigmoid", "tanh", "gelu", "softmax"
)
ReLU, Sigmoid, Tanh, GELU, Softmax = lazy(
    "activations", "ReLU", "Sigmoid", "Tanh", "GELU", "Softmax"
)
Tensor = lazy("tensor", "Tensor")


pytestmark = pytest.mark.usefixtures("no_warnings")


class TestRelu:
    """clip negative values"""

    @given(arrays())
    def test_matches_its_definition(self, x):
        """relu(x) equals max(x, 0), element by element."""
        assert_close(call(relu, x), oracle.relu(x))

    @given(arrays())
    def test_changes_nothing_the_second_time(self, x):
        """relu(relu(x)) equals relu(x)."""
        once = call(relu, x)
        assert_equal(call(relu, once), once)

    @given(arrays())
    def test_splits_a_number_into_two_parts(self, x):
        """relu(x) - relu(-x) equals x."""
        assert_close(call(relu, x) - call(relu, -x), x)

    @given(arrays(dtype=EVERY_FLOAT))
    def test_keeps_the_dtype(self, x):
        """relu keeps the dtype, float16 too."""
        assert_dtype(call(relu, x), x.dtype)

    def test_keeps_integers(self):
        """relu of integers gives integers of the same dtype."""
        got = call(relu, np.array([-2, 0, 3], np.int32))
        assert_equal(got, np.array([0, 0, 3], np.int32))
        assert_dtype(got, np.int32)

    def test_lets_nan_through(self):
        """relu of NaN is NaN: a fault upstream must stay visible."""
        assert_equal(call(relu, np.array([np.nan, -np.inf, np.inf])), np.array([np.nan, 0, np.inf]))

    @given(arrays())
    def test_has_memory_of_its_own(self, x):
        """relu never returns the memory of its input."""
        given_x = Tensor(x)
        assert_no_alias(relu(given_x).data, given_x.data)


class TestSigmoid:
    """scores to one probability"""

    @given(arrays())
    def test_matches_its_definition(self, x):
        """sigmoid(x) equals 1 / (1 + exp(-x))."""
        assert_close(call(sigmoid, x), oracle.sigmoid(x))

    @given(arrays())
    def test_of_the_opposite_is_the_rest(self, x):
        """sigmoid(-x) equals 1 - sigmoid(x)."""
        assert_close(call(sigmoid, -x), 1 - call(sigmoid, x))

    @given(arrays(scale=1e4))
    def test_survives_huge_scores(self, x):
        """sigmoid of scores as large as ±1e4 is finite, in [0, 1], and never overflows."""
        got = call(sigmoid, x)
        assert_finite(got)
        expect(((got >= 0) & (got <= 1)).all(), "every value in [0, 1]", got)

    @given(st.integers(1, 80), st.sampled_from([np.float32, np.float64]))
    def test_of_a_tiny_probability_keeps_its_digits(self, score, dtype):
        """sigmoid(x) / exp(x) equals 1 / (1 + exp(x)) for x down to -80: it is tiny and never 0."""
        x = np.array([-score], dtype)
        assert_close(call(sigmoid, x) / np.exp(x), 1 / (1 + np.exp(x)))

    @given(arrays(dtype=EVERY_FLOAT))
    def test_keeps_the_dtype(self, x):
        """sigmoid keeps the dtype, float16 too."""
        assert_dtype(call(sigmoid, x), x.dtype)


class TestTanh:
    """scores to -1 … 1"""

    @given(arrays())
    def test_matches_its_definition(self, x):
        """tanh(x) equals (exp(x) - exp(-x)) / (exp(x) + exp(-x))."""
        assert_close(call(tanh, x), oracle.tanh(x))

    @given(arrays())
    def test_is_odd(self, x):
        """tanh(-x) equals -tanh(x)."""
        assert_close(call(tanh, -x), -call(tanh, x))

    @given(arrays(scale=1e4))
    def test_survives_huge_scores(self, x):
        """tanh of scores as large as ±1e4 is finite and in [-1, 1]."""
        got = call(tanh, x)
        assert_finite(got)
        expect((np.abs(got) <= 1).all(), "every value in [-1, 1]", got)

    @given(arrays(dtype=EVERY_FLOAT))
    def test_keeps_the_dtype(self, x):
        """tanh keeps the dtype, float16 too."""
        assert_dtype(call(tanh, x), x.dtype)


class TestGelu:
    """a smooth relu"""

    @given(arrays())
    def test_matches_its_definition(self, x):
        """gelu(x) equals x · Φ(x)."""
        assert_close(call(gelu, x), oracle.gelu(x))

    @given(arrays())
    def test_has_the_form_of_gpt2(self, x):
        """gelu(x, approximate="tanh") equals x/2 · (1 + tanh(√(2/π) · (x + 0.044715 x³)))."""
        assert_close(call(gelu, x, approximate="tanh"), oracle.gelu_tanh(x))

    @given(arrays())
    def test_splits_a_number_into_two_parts(self, x):
        """gelu(x) - gelu(-x) equals x in both forms, as relu's parts do."""
        for form in ("none", "tanh"):
            parts = [call(gelu, part, approximate=form) for part in (x, -x)]
            assert_close(parts[0] - parts[1], x)

    @given(arrays(scale=1e4))
    def test_survives_huge_scores(self, x):
        """gelu of scores as large as ±1e4 is finite in both forms."""
        for form in ("none", "tanh"):
            assert_finite(call(gelu, x, approximate=form))

    @given(arrays(dtype=EVERY_FLOAT))
    def test_keeps_the_dtype(self, x):
        """gelu keeps the dtype in both forms, float16 too."""
        for form in ("none", "tanh"):
            assert_dtype(call(gelu, x, approximate=form), x.dtype)

    def test_refuses_a_form_it_does_not_have(self):
        """gelu(x, approximate='sigmoid') is a ValueError that names approximate."""
        with raises(ValueError, naming="approximate sigmoid"):
            gelu(Tensor([1.0]), approximate="sigmoid")


class TestSoftmax:
    """probabilities from scores"""

    @given(with_axis(scores()))
    def test_matches_its_definition(self, drawn):
        """softmax(x, dim) equals exp(x - max) / Σ exp(x - max) along dim."""
        x, dim = drawn
        assert_close(call(softmax, x, dim=dim), oracle.softmax(x, dim))

    @given(scores())
    def test_takes_the_last_axis_unless_told(self, x):
        """softmax(x) sums to 1 along the last axis."""
        assert_close(call(softmax, x).sum(axis=-1), np.ones(x.shape[:-1], x.dtype))

    @given(scores(), st.integers(-100, 100))
    def test_ignores_a_common_offset(self, x, offset):
        """softmax(x + c) equals softmax(x)."""
        shifted = (x.astype(np.float64) + offset).astype(np.float64)
        assert_close(call(softmax, shifted), call(softmax, x.astype(np.float64)), atol=1e-9)

    @given(scores(scale=1e4))
    def test_survives_huge_scores(self, x):
        """softmax of scores as large as ±1e4 is finite."""
        assert_finite(call(softmax, x))

    @given(scores())
    def test_keeps_the_order(self, x):
        """A larger score never gets a smaller probability."""
        got = call(softmax, x)
        order = np.argsort(x, axis=-1, kind="stable")
        rising = np.diff(np.take_along_axis(got, order, axis=-1), axis=-1)
        expect((rising >= 0).all(), "probabilities in the order of the scores", got)

    @given(scores(dtype=EVERY_FLOAT))
    def test_keeps_the_dtype(self, x):
        """softmax keeps the dtype, float16 too."""
        assert_dtype(call(softmax, x), x.dtype)

    def test_of_no_rows_is_empty(self):
        """softmax of shape (0, 3) has shape (0, 3), and of (3, 0) has shape (3, 0)."""
        for shape in ((0, 3), (3, 0)):
            assert_equal(call(softmax, np.zeros(shape)), np.zeros(shape))

    @given(scores(dtype=np.float64))
    def test_refuses_an_axis_it_does_not_have(self, x):
        """softmax along an axis that x lacks is an IndexError that names dim and the shape."""
        for dim in (x.ndim, -x.ndim - 1):
            with raises(IndexError, naming=f"{dim} {x.shape}"):
                softmax(Tensor(x), dim=dim)


class TestErrors:
    """integers, rejected"""

    @pytest.mark.parametrize(
        "function", [sigmoid, tanh, gelu, softmax], ids=["sigmoid", "tanh", "gelu", "softmax"]
    )
    def test_of_integers(self, function):
        """sigmoid, tanh, gelu and softmax of integers or booleans are a TypeError that names the dtype."""
        for dtype in (np.int64, np.uint8, np.bool_):
            with raises(TypeError, naming=np.dtype(dtype).name):
                call(function, np.array([1, 0], dtype))


class TestObjects:
    """activations as objects"""

    @given(scores())
    def test_do_what_their_functions_do(self, x):
        """ReLU()(x) equals relu(x), and so do the others."""
        for make, function in ((ReLU, relu), (Sigmoid, sigmoid), (Tanh, tanh), (GELU, gelu)):
            assert_equal(call(make(), x), call(function, x))

    @given(scores())
    def test_gelu_remembers_its_form(self, x):
        """GELU(approximate)(x) equals gelu(x, approximate=approximate)."""
        for form in ("none", "tanh"):
            assert_equal(call(GELU(form), x), call(gelu, x, approximate=form))

    @given(with_axis(scores()))
    def test_softmax_remembers_its_axis(self, drawn):
        """Softmax(dim)(x) equals softmax(x, dim)."""
        x, dim = drawn
        assert_equal(call(Softmax(dim), x), call(softmax, x, dim=dim))

    @given(scores())
    def test_softmax_takes_the_last_axis_unless_told(self, x):
        """Softmax()(x) equals softmax(x)."""
        assert_equal(call(Softmax(), x), call(softmax, x))
