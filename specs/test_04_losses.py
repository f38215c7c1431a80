"""Specs of 04 losses."""

from typing import Any

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
    assert_shape,
    call,
    expect,
    raises,
)
from specs.oracles import losses as oracle
from specs.strategies import EVERY_FLOAT, FLOATS, arrays, scores, with_axis

log_softmax, surprise, mse_loss, cross_entropy, bce = lazy(
    "losses",
    "log_softmax",
    "surprise",
    "mse_loss",
    "cross_entropy",
    "binary_cross_entropy_with_logits",
)
MSELoss, CrossEntropyLoss, BCEWithLogitsLoss = lazy(
    "losses", "MSELoss", "CrossEntropyLoss", "BCEWithLogitsLoss"
)
Tensor = lazy("tensor", "Tensor")

REDUCTIONS = st.sampled_from(("mean", "sum", "none"))
SUMMARY: dict[str, Any] = {"mean": np.mean, "sum": np.sum, "none": lambda losses: losses}


pytestmark = pytest.mark.usefixtures("no_warnings")


@st.composite
def classified(draw, scale=10.0, dtype=FLOATS):
    """(scores, classes): (N, C) and (N,)."""
    n, c = draw(st.integers(1, 4)), draw(st.integers(1, 5))
    x = draw(arrays((n, c), dtype, scale))
    kind = draw(st.sampled_from((np.int64, np.int32, np.uint8)))
    return x, draw(arrays((n,), kind, elements=range(c)))


@st.composite
def pairs(draw, scale=10.0, targets=None):
    """(predictions, targets) of one shape and dtype."""
    x = draw(arrays(scale=scale, min_side=1))
    return x, draw(arrays(x.shape, x.dtype, scale, elements=targets))


HUGE = 1e-2
"""How exact a loss must be where scores are huge: a float32 near 1e4 has no more digits."""

PROBABILITIES = (0, 1, 0.5, *np.linspace(0, 1, 100, dtype=np.float32))


class TestLogSoftmax:
    """logarithms of probabilities"""

    @given(with_axis(scores()))
    def test_matches_its_definition(self, drawn):
        """log_softmax(x, dim) equals x - log Σ exp(x) along dim."""
        x, dim = drawn
        assert_close(call(log_softmax, x, dim=dim), oracle.log_softmax(x, dim))

    @given(scores())
    def test_takes_the_last_axis_unless_told(self, x):
        """exp(log_softmax(x)) sums to 1 along the last axis."""
        total = np.exp(call(log_softmax, x)).sum(axis=-1)
        assert_close(total, np.ones(x.shape[:-1], x.dtype))

    @given(scores(scale=1e4))
    def test_survives_huge_scores(self, x):
        """log_softmax of scores as large as ±1e4 is finite, right, and never above 0."""
        got = call(log_softmax, x)
        assert_finite(got)
        expect((got <= 0).all(), "no value above 0", got)
        assert_close(got, oracle.log_softmax(x, -1), atol=HUGE)

    @given(scores(dtype=EVERY_FLOAT))
    def test_keeps_the_dtype(self, x):
        """log_softmax keeps the dtype, float16 too."""
        assert_dtype(call(log_softmax, x), x.dtype)

    def test_of_no_rows_is_empty(self):
        """log_softmax of shape (0, 3) has shape (0, 3), and of (3, 0) has shape (3, 0)."""
        for shape in ((0, 3), (3, 0)):
            with np.errstate(divide="ignore"):  # an empty sum is 0
                assert_equal(call(log_softmax, np.zeros(shape)), np.zeros(shape))

    @given(scores(dtype=np.float64))
    def test_refuses_an_axis_it_does_not_have(self, x):
        """log_softmax along an axis that x lacks is an IndexError that names dim and the shape."""
        for dim in (x.ndim, -x.ndim - 1):
            with raises(IndexError, naming=f"{dim} {x.shape}"):
                log_softmax(Tensor(x), dim=dim)


class TestSurprise:
    """the right class of each row"""

    @given(classified())
    def test_is_minus_the_logarithm_of_the_probability(self, drawn):
        """surprise(x, classes)[n] equals -log softmax(x)[n, classes[n]]."""
        x, classes = drawn
        logs = oracle.log_softmax(x, 1)
        expected = np.array([-logs[n, c] for n, c in enumerate(classes)], x.dtype)
        assert_close(call(surprise, x, classes=classes), expected)

    @given(classified(scale=1e4))
    def test_survives_huge_scores(self, drawn):
        """surprise of scores as large as ±1e4 is finite, right, and never below 0."""
        x, classes = drawn
        got = call(surprise, x, classes=classes)
        assert_finite(got)
        expect((got >= 0).all(), "nothing below 0", got)
        assert_close(got, oracle.cross_entropy(x, classes), atol=HUGE)

    @given(classified(dtype=EVERY_FLOAT))
    def test_keeps_the_dtype(self, drawn):
        """surprise keeps the dtype, float16 too."""
        assert_dtype(call(surprise, drawn[0], classes=drawn[1]), drawn[0].dtype)


class TestMeanSquaredError:
    """distance between numbers"""

    @given(pairs(), REDUCTIONS)
    def test_matches_its_definition(self, drawn, reduction):
        """mse_loss(x, t) is the mean, the sum or the list of (x - t)²."""
        x, t = drawn
        expected = SUMMARY[reduction](oracle.mse(x, t))
        assert_close(call(mse_loss, x, t, reduction=reduction), np.asarray(expected, x.dtype))

    @given(pairs())
    def test_is_the_mean_unless_told(self, drawn):
        """mse_loss(x, t) equals mse_loss(x, t, reduction="mean"), a 0-d tensor."""
        x, t = drawn
        got = call(mse_loss, x, t)
        assert_shape(got, ())
        assert_equal(got, call(mse_loss, x, t, reduction="mean"))

    @given(pairs())
    def test_is_symmetric_and_zero_on_itself(self, drawn):
        """mse_loss(x, t) equals mse_loss(t, x), and mse_loss(x, x) is 0."""
        x, t = drawn
        assert_close(call(mse_loss, x, t), call(mse_loss, t, x))
        assert_equal(call(mse_loss, x, x), np.zeros((), x.dtype))

    @given(pairs())
    def test_keeps_the_dtype(self, drawn):
        """mse_loss keeps the dtype."""
        assert_dtype(call(mse_loss, *drawn), drawn[0].dtype)

    @given(st.integers(2, 5))
    def test_refuses_to_broadcast(self, n):
        """mse_loss of shapes (N,) and (N, 1), (1,) or () is a ValueError that names both."""
        for shape in ((n, 1), (1,), ()):
            with raises(ValueError, naming=f"({n},) {shape}"):
                mse_loss(Tensor(np.zeros(n)), Tensor(np.zeros(shape)))


class TestCrossEntropy:
    """surprise at the right class"""

    @given(classified(), REDUCTIONS)
    def test_matches_its_definition(self, drawn, reduction):
        """cross_entropy(x, t) is the mean, the sum or the list of -log softmax(x)[n, t[n]]."""
        x, classes = drawn
        expected = SUMMARY[reduction](oracle.cross_entropy(x, classes))
        got = call(cross_entropy, x, Tensor(classes), reduction=reduction)
        assert_close(got, np.asarray(expected, x.dtype))

    @given(classified())
    def test_is_the_mean_unless_told(self, drawn):
        """cross_entropy(x, t) equals cross_entropy(x, t, reduction="mean"), a 0-d tensor."""
        x, classes = drawn
        got = call(cross_entropy, x, Tensor(classes))
        assert_shape(got, ())
        assert_equal(got, call(cross_entropy, x, Tensor(classes), reduction="mean"))

    @given(classified())
    def test_takes_an_array_of_classes_too(self, drawn):
        """cross_entropy takes its classes as a Tensor or as an integer array."""
        x, classes = drawn
        as_tensor = cross_entropy(Tensor(x), Tensor(classes)).data
        assert_equal(cross_entropy(Tensor(x), classes).data, as_tensor)

    @given(classified(scale=1e4))
    def test_survives_huge_scores(self, drawn):
        """cross_entropy of scores as large as ±1e4 is finite, right, and not negative."""
        got = call(cross_entropy, drawn[0], Tensor(drawn[1]))
        assert_finite(got)
        expect(got >= 0, "a loss that is not negative", got)
        assert_close(got, oracle.cross_entropy(*drawn).mean(), atol=HUGE)

    @given(st.integers(1, 6), st.integers(1, 4))
    def test_of_a_guess_is_the_logarithm_of_the_classes(self, c, n):
        """cross_entropy of equal scores is log(C): having no opinion costs exactly that."""
        got = call(cross_entropy, np.full((n, c), 3.0), Tensor(np.zeros(n, np.int64)))
        assert_close(got, np.asarray(np.log(c)))

    @given(classified())
    def test_keeps_the_dtype(self, drawn):
        """cross_entropy keeps the dtype of its scores."""
        assert_dtype(call(cross_entropy, drawn[0], Tensor(drawn[1])), drawn[0].dtype)


class TestBinaryCrossEntropy:
    """surprise at a yes or a no"""

    @given(pairs(targets=PROBABILITIES), REDUCTIONS)
    def test_matches_its_definition(self, drawn, reduction):
        """The loss is the mean, sum or list of -(t log p + (1 - t) log(1 - p)), p = sigmoid(x)."""
        x, t = drawn
        expected = SUMMARY[reduction](oracle.binary_cross_entropy(x, t))
        assert_close(call(bce, x, t, reduction=reduction), np.asarray(expected, x.dtype))

    @given(pairs(targets=PROBABILITIES))
    def test_is_the_mean_unless_told(self, drawn):
        """Without a reduction the loss is the mean, a 0-d tensor."""
        got = call(bce, *drawn)
        assert_shape(got, ())
        assert_equal(got, call(bce, *drawn, reduction="mean"))

    @given(pairs(targets=PROBABILITIES))
    def test_changes_nothing_when_yes_and_no_change_places(self, drawn):
        """The loss of (x, t) equals that of (-x, 1 - t)."""
        x, t = drawn
        assert_close(call(bce, x, t), call(bce, -x, 1 - t), rtol=1e-4, atol=1e-5)

    @given(pairs(scale=1e4, targets=PROBABILITIES))
    def test_survives_huge_scores(self, drawn):
        """The loss of scores as large as ±1e4 is finite and right: a sure mistake costs its whole score."""
        got = call(bce, *drawn, reduction="none")
        assert_finite(got)
        assert_close(got, oracle.binary_cross_entropy(*drawn), atol=HUGE)

    @given(pairs(targets=PROBABILITIES))
    def test_keeps_the_dtype(self, drawn):
        """The loss keeps the dtype."""
        assert_dtype(call(bce, *drawn), drawn[0].dtype)

    @given(st.integers(2, 5))
    def test_refuses_to_broadcast(self, n):
        """Shapes (N,) and (N, 1), (1,) or () are a ValueError that names both."""
        for shape in ((n, 1), (1,), ()):
            with raises(ValueError, naming=f"({n},) {shape}"):
                bce(Tensor(np.zeros(n)), Tensor(np.zeros(shape)))


class TestErrors:
    """errors that name what is wrong"""

    @given(classified())
    def test_a_class_out_of_range(self, drawn):
        """A class below 0 or from C on is an IndexError that names target."""
        x, classes = drawn
        for wrong in (x.shape[1], -1):
            target = classes.astype(np.int64)
            target[-1] = wrong
            with raises(IndexError, naming=f"target {wrong}"):
                cross_entropy(Tensor(x), Tensor(target))

    @given(classified())
    def test_classes_that_are_not_integers(self, drawn):
        """Floating or boolean classes are a TypeError that names target and its dtype."""
        x, classes = drawn
        for dtype in (np.float32, np.bool_):
            with raises(TypeError, naming=f"target {np.dtype(dtype).name}"):
                cross_entropy(Tensor(x), Tensor(classes.astype(dtype)))

    @given(st.integers(1, 3), st.integers(1, 3))
    def test_shapes_that_do_not_fit(self, n, c):
        """Shapes other than (N, C) and (N,) are a ValueError that names both."""
        classes = np.zeros(n + 1, np.int64)
        with raises(ValueError, naming=f"({n}, {c}) ({n + 1},)"):
            cross_entropy(Tensor(np.zeros((n, c))), Tensor(classes))
        with raises(ValueError, naming=f"({n},)"):
            cross_entropy(Tensor(np.zeros(n)), Tensor(np.zeros(n, np.int64)))

    @pytest.mark.parametrize("dtype", [np.int64, np.uint8, np.bool_])
    def test_scores_that_are_integers(self, dtype):
        """Integer or boolean input of a loss is a TypeError that names the dtype: uint8 cannot hold 20²."""
        x, name = Tensor(np.array([[0, 1]], dtype)), np.dtype(dtype).name
        classes = Tensor(np.array([1]))
        for loss, target in ((mse_loss, x), (bce, x), (cross_entropy, classes)):
            with raises(TypeError, naming=name):
                loss(x, target)
        with raises(TypeError, naming=name):
            log_softmax(x)

    def test_an_empty_batch(self):
        """A batch with no rows is a ValueError: its mean would be NaN."""
        with raises(ValueError, naming="(0, 3) (0,)"):
            cross_entropy(Tensor(np.zeros((0, 3))), Tensor(np.zeros(0, np.int64)))

    def test_a_reduction_that_does_not_exist(self):
        """reduction="average" is a ValueError that names it, for every loss."""
        x, classes = Tensor([[1.0, 2.0]]), Tensor([0])
        for loss, target in ((mse_loss, x), (bce, x), (cross_entropy, classes)):
            with raises(ValueError, naming="reduction average"):
                loss(x, target, reduction="average")


class TestObjects:
    """losses as objects"""

    @given(pairs(targets=PROBABILITIES), REDUCTIONS)
    def test_do_what_their_functions_do(self, drawn, reduction):
        """MSELoss(reduction)(x, t) equals mse_loss(x, t, reduction); so does BCEWithLogitsLoss."""
        for make, function in ((MSELoss, mse_loss), (BCEWithLogitsLoss, bce)):
            expected = call(function, *drawn, reduction=reduction)
            assert_equal(call(make(reduction=reduction), *drawn), expected)

    @given(classified(), REDUCTIONS)
    def test_cross_entropy_too(self, drawn, reduction):
        """CrossEntropyLoss(reduction)(x, t) equals cross_entropy(x, t, reduction)."""
        x, classes = drawn
        expected = call(cross_entropy, x, Tensor(classes), reduction=reduction)
        got = call(CrossEntropyLoss(reduction=reduction), x, Tensor(classes))
        assert_equal(got, expected)
