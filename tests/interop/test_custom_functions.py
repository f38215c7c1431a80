"""`autograd.Function`: operations with gradients of their own, as PyTorch's users write them."""

import numpy as np
import pytest


@pytest.fixture
def scaled(torch):
    class Scaled(torch.autograd.Function):
        """x · y with a gradient that says which arguments it belongs to."""

        calls = 0

        @staticmethod
        def forward(ctx, x, y, factor):
            ctx.save_for_backward(x, y)
            ctx.factor = factor
            return x * y * factor

        @staticmethod
        def backward(ctx, gradient):
            Scaled.calls += 1
            x, y = ctx.saved_tensors
            return gradient * y * ctx.factor, gradient * x * ctx.factor, None

    return Scaled


@pytest.fixture
def xy(torch):
    return tuple(torch.tensor(v, requires_grad=True) for v in ([1.0, 2.0], [3.0, 4.0]))


def test_gradients_are_those_of_backward(scaled, xy):
    x, y = xy
    out = scaled.apply(x, y, 10)
    np.testing.assert_array_equal(out.data, [30, 80])
    (out * out).sum().backward()
    np.testing.assert_array_equal(x.grad, [2 * 30 * 30, 2 * 80 * 40])
    np.testing.assert_array_equal(y.grad, [2 * 30 * 10, 2 * 80 * 20])


def test_backward_runs_once_for_all_arguments_and_anew_for_each_pass(torch, scaled, xy):
    x, y = xy
    out = scaled.apply(x, y, 1)
    for times, g in enumerate(([1.0, 1.0], [0.0, 5.0]), start=1):
        x.grad = None
        out.backward(torch.tensor(g), retain_graph=True)
        assert scaled.calls == times
        np.testing.assert_array_equal(x.grad, np.array(g) * [3, 4])


def test_nothing_is_recorded_inside(scaled, xy):
    x, y = xy
    out = scaled.apply(x, y, 1)
    assert repr(out.grad_fn) == "<Scaled>"
    assert not scaled.apply(x.detach(), y.detach(), 1).requires_grad


def test_a_straight_through_estimator(torch):
    class Rounded(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x.round()

        @staticmethod
        def backward(ctx, gradient):
            return gradient

    x = torch.tensor([0.4, 1.6], requires_grad=True)
    (Rounded.apply(x) * 3).sum().backward()
    np.testing.assert_array_equal(x.grad, [3, 3])


@pytest.mark.parametrize(
    ("returned", "error", "words"),
    [
        ("gradient", ValueError, "each of the 2 arguments of forward, got 1"),
        ("(gradient, 3)", TypeError, "backward must return a Tensor, got int"),
        ("(gradient, None)", None, ""),
    ],
)
def test_wrong_numbers_of_gradients(torch, returned, error, words):
    class Added(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x, y):
            return x + y

        @staticmethod
        def backward(ctx, gradient):
            return eval(returned, {"gradient": gradient})

    x, y = (torch.ones(2, requires_grad=True) for _ in range(2))
    out = Added.apply(x, y).sum()
    if error is None:
        out.backward()
        np.testing.assert_array_equal(y.grad, [0, 0])
        return
    with pytest.raises(error, match=words):
        out.backward()


def test_a_forward_without_a_tensor(torch):
    class Nothing(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return None

    with pytest.raises(TypeError, match=r"Nothing\.forward must return a Tensor, got NoneType"):
        Nothing.apply(torch.ones(1))
