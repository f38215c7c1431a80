"""A leaf takes a large gradient over, and shares it with nothing; small ones are copied, as specs see."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

SIZE = 1 << 13


def twice_the_same(tt):
    """An operation whose backward returns one tensor for both of its arguments."""

    class Both(tt.autograd.Function):
        @staticmethod
        def forward(ctx, x, y):
            return x + y

        @staticmethod
        def backward(ctx, gradient):
            doubled = gradient * 2
            return doubled, doubled

    return Both.apply


OPERATIONS = {
    "sum": lambda tt, x, y: x + y,
    "sum before a product": lambda tt, x, y: (x + y) * 2,
    "difference": lambda tt, x, y: x - y,
    "x twice": lambda tt, x, y: (x + x) + y,
    "product": lambda tt, x, y: x * y,
    "sum behind a view": lambda tt, x, y: x.reshape(-1, 2).T + y.reshape(-1, 2).T,
    "joined": lambda tt, x, y: tt.cat([x, y]),
    "parts": lambda tt, x, y: x[:] + y[:],
    "the same dtype": lambda tt, x, y: x.to(np.float32).clone() + y.clone(),
    "stretched": lambda tt, x, y: x.expand(1, SIZE) + y.expand(1, SIZE),
    "one function": lambda tt, x, y: twice_the_same(tt)(x, y),
}


@pytest.mark.parametrize("name", OPERATIONS)
def test_no_two_leaves_share_a_gradient(reference, name):
    x, y = (reference.Tensor(np.ones(SIZE, np.float32), requires_grad=True) for _ in range(2))
    result = OPERATIONS[name](reference, x, y)
    given = np.ones(result.shape, np.float32)
    result.backward(given)
    for one, other in combinations([x.grad, y.grad, given, x.data, y.data], 2):
        assert not np.shares_memory(one, other)
    assert x.grad.flags.writeable


def test_a_leaf_leaves_the_gradient_that_it_is_given_alone(reference):
    leaf, given = reference.Tensor(np.ones(SIZE), requires_grad=True), np.ones(SIZE)
    leaf.backward(given)
    assert not np.shares_memory(leaf.grad, given)


def test_a_large_gradient_is_not_copied(reference, monkeypatch):
    """What the rule of the layer's weight returns is what the weight gets."""
    from tinytorch import autograd

    made, inner = [], autograd.vjps

    def watched(*args):
        for arg, share in inner(*args):
            made.append(share)
            yield arg, share

    monkeypatch.setattr(autograd, "vjps", watched)
    layer = reference.Linear(128, 64)
    layer(reference.ones(8, 128)).sum().backward()
    assert any(share is layer.weight.grad for share in made)
    assert layer.weight.grad.shape == (64, 128)
