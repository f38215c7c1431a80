"""What a primitive saves for its rules: it reaches them, is a part of the graph, and ends with it."""

from __future__ import annotations

import gc
import weakref

import numpy as np
import pytest

SHAPE = (4, 8)


@pytest.fixture
def halved(reference):
    """An operation that saves an array, a list of those that were saved, and one of what its rule got."""
    from tinytorch.primitive import Saving, defvjp, primitive

    made, got = [], []

    def halved(x):
        half = np.full(x.shape, 0.5)
        made.append(weakref.ref(half))
        return Saving(x * half, (half,))

    operation = primitive(halved)

    def rule(g, ans, x, *, saved):
        got.append(saved)
        return g * saved[0]

    defvjp(operation, rule)
    return operation, made, got


def leaf(tt):
    return tt.Tensor(np.ones(SHAPE), requires_grad=True)


def test_called_on_arrays_it_returns_an_array(halved):
    assert type(halved[0](np.ones(SHAPE))) is np.ndarray


def test_a_rule_gets_what_was_saved(reference, halved):
    operation, made, got = halved
    x = leaf(reference)
    result = operation(x)
    kept = made[0]()
    result.backward(np.ones(SHAPE))
    assert got == [(kept,)]
    np.testing.assert_array_equal(x.grad, np.full(SHAPE, 0.5))


def test_it_is_kept_as_long_as_the_graph(reference, halved):
    operation, made, got = halved
    result = operation(leaf(reference))
    result.backward(np.ones(SHAPE), retain_graph=True)
    assert made[0]() is not None
    result.backward(np.ones(SHAPE))
    got.clear()
    assert made[0]() is None


def test_nothing_is_kept_where_nothing_is_recorded(reference, halved):
    operation, made, _ = halved
    with reference.no_grad():
        without_recording = operation(leaf(reference))
    without_gradient = operation(reference.Tensor(np.ones(SHAPE)))
    gc.collect()
    assert [array() for array in made] == [None, None]
    assert without_recording.grad_fn is without_gradient.grad_fn is None


def test_it_counts_as_held(reference, halved):
    from tinytorch.profiling import held_arrays

    operation, made, _ = halved
    result = operation(leaf(reference))
    assert any(array is made[0]() for array in held_arrays(result))


def test_an_observer_does_not_see_it(reference, halved):
    from tinytorch.profiling import observed

    seen = []
    with observed(lambda op, arrays, params, ans: seen.append((dict(params), type(ans)))):
        halved[0](leaf(reference))
    assert seen == [({}, np.ndarray)]


def test_a_result_that_is_no_array_is_refused(reference):
    from tinytorch.primitive import Saving, primitive

    def forgotten(x):
        return Saving(None, (x,))

    with pytest.raises(TypeError, match="forgotten returned None"):
        primitive(forgotten)(leaf(reference))


def without_saving(operation):
    """The same operation, which returns its result alone, with the same rules."""
    from tinytorch.primitive import primitive

    function = operation.__wrapped__
    alone = primitive(lambda *arrays, **params: function(*arrays, **params).result)
    alone.rules = operation.rules
    return alone


def layer_norm(tt):
    from tinytorch.transformers import layer_norm

    return layer_norm, (np.arange(8.0) ** 2, np.ones(8)), {}


def surprise(tt):
    from tinytorch.losses import surprise

    return surprise, (), {"classes": np.arange(4)}


@pytest.mark.parametrize("name", [layer_norm, surprise], ids=lambda made: made.__name__)
def test_rules_compute_it_anew_where_nothing_was_saved(reference, name):
    """So a learner may write the one without the other."""
    operation, others, params = name(reference)
    values = [np.random.default_rng(0).standard_normal(SHAPE), *others]
    gradients = []
    for made in (operation, without_saving(operation)):
        leaves = [reference.Tensor(value, requires_grad=True) for value in values]
        result = made(*leaves, **params)
        result.backward(np.linspace(0.5, 1, result.size).reshape(result.shape))
        gradients.append([one.grad for one in leaves])
    for saved, anew in zip(*gradients, strict=True):
        np.testing.assert_allclose(saved, anew, rtol=1e-12, atol=1e-12)


def test_layer_norm_keeps_its_dtype(reference):
    from tinytorch.transformers import layer_norm

    for dtype in (np.float16, np.float32, np.float64):
        x = reference.Tensor(np.ones(SHAPE, dtype), requires_grad=True)
        weight, bias = (reference.Tensor(np.ones(8), requires_grad=True) for _ in range(2))
        result = layer_norm(x, weight, bias)
        result.sum().backward()
        assert result.dtype == x.grad.dtype == dtype
