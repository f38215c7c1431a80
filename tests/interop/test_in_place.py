"""Changes in place: the values and gradients are PyTorch's, or the error says what to write instead."""

from __future__ import annotations

from collections import Counter
from importlib import import_module

import numpy as np
import pytest

from tests.interop import in_place


@pytest.fixture
def tt(torch):
    return torch  # here it is not to be mistaken for PyTorch itself


@pytest.fixture
def w(tt):
    return tt.tensor([1.0, 2.0, 3.0], requires_grad=True)


def test_programs_give_what_pytorch_gives(tt):
    """Of 400 drawn ones; where PyTorch gives a gradient, half of them may at most be refused."""
    kinds = Counter()
    for program, wanted in zip(in_place.programs(), in_place.expected(), strict=True):
        got = in_place.outcome(program, tt)
        if got and wanted:
            assert in_place.same(got, wanted), (program, got, wanted)
        kinds[bool(got), bool(wanted)] += 1
    assert kinds[True, True] >= 82
    assert kinds[False, True] <= 68


def test_what_was_computed_before_keeps_its_gradient(w):
    """PyTorch refuses this one: y was made of x as it was."""
    x = w * 1
    y = x * x
    x += y
    x.sum().backward()
    np.testing.assert_array_equal(w.grad, [3, 5, 7])  # of w + w²


def test_an_object_stays_the_same(tt, w):
    with tt.no_grad():
        same = w
        same -= 0.5
        same[0] = 7
    assert same is w
    np.testing.assert_array_equal(w.data, [7, 1.5, 2.5])
    assert w.requires_grad
    assert w.is_leaf


def test_plain_descent_trains(tt, w):
    """The loop of every first lesson."""
    for _ in range(50):
        ((w - 1) * (w - 1)).sum().backward()
        with tt.no_grad():
            for p in [w]:
                p -= 0.2 * p.grad
        w.grad = None
    np.testing.assert_allclose(w.data, 1, atol=1e-6)


def change_a_leaf(tt, w):
    w += 1


def write_into_a_leaf(tt, w):
    w[0] = 1


def write_into_a_view_of_a_leaf(tt, w):
    part = w[1:]
    part *= 2


def lose_a_value(tt, w):
    y = w * w
    with tt.no_grad():
        w *= 2
    y.sum().backward()


def lose_a_value_through_a_view(tt, w):
    x = w * 1
    y = x * x
    with tt.no_grad():
        x[1:].zero_()
    y.sum().backward()


def lose_a_constant(tt, w):
    c = tt.ones(3)
    y = w * c
    c += 1
    y.sum().backward()


def lose_a_result(tt, w):
    y = w.exp()
    with tt.no_grad():
        y += 1
    y.sum().backward()


def draw_anew(tt, w):
    y = w * w
    import_module("tinytorch.nn").init.zeros_(w)
    y.sum().backward()


def use_an_old_view(tt, w):
    x = w * 1
    first = x[0]
    x *= 2
    first.backward()


def change_shared_memory(tt, w):
    x = tt.zeros(4).reshape(2, 2)
    x += w[0]


@pytest.mark.parametrize(
    ("way", "says"),
    [
        (change_a_leaf, "no_grad"),
        (write_into_a_leaf, "no_grad"),
        (write_into_a_view_of_a_leaf, "no_grad"),
        (lose_a_value, "mul needs an argument"),
        (lose_a_value_through_a_view, "mul needs an argument"),
        (lose_a_constant, "mul needs an argument"),
        (lose_a_result, "exp needs its result"),
        (draw_anew, "mul needs an argument"),
        (use_an_old_view, "take the part again"),
        (change_shared_memory, "clone"),
    ],
)
def test_gradients_that_would_be_wrong_are_refused(tt, w, way, says):
    with pytest.raises(RuntimeError, match=says):
        way(tt, w)


@pytest.mark.parametrize(
    ("change", "error", "says"),
    [
        (lambda tt: tt.arange(3).__itruediv__(2), TypeError, "cannot be stored .* int64"),
        (lambda tt: tt.zeros(3).__iadd__(tt.ones(2, 3)), ValueError, r"shape \(3,\)"),
        (lambda tt: tt.zeros(3).__setitem__(3, 1), IndexError, "3"),
        (
            lambda tt: tt.arange(3).__setitem__(0, tt.ones(3, requires_grad=True)[0]),
            TypeError,
            "int64",
        ),
        (lambda tt: tt.zeros(3).__setitem__(slice(2), tt.ones(3)), ValueError, r"\(3,\).*\(2,\)"),
        (lambda tt: tt.zeros(3).expand(2, 3).add_(1), ValueError, "clone"),
    ],
)
def test_what_does_not_fit_is_refused(tt, change, error, says):
    with pytest.raises(error, match=says):
        change(tt)


def test_methods(tt):
    x = tt.ones(3)
    assert x.add_(tt.ones(3), alpha=2).mul_(2).clamp_(max=5) is x
    np.testing.assert_array_equal(x.data, 5)
    np.testing.assert_array_equal(x.zero_().fill_(3).sub_(1).data, 2)
    np.testing.assert_array_equal(x.copy_(tt.arange(3)).addcmul_(x, x, value=2).data, [0, 3, 10])
    assert ((x.uniform_(2, 3) >= 2) & (x < 3)).all()
    np.testing.assert_array_equal(tt.arange(3).__ifloordiv__(2).data, [0, 0, 1])
    places = tt.tensor([[0], [2]])
    np.testing.assert_array_equal(
        tt.zeros(2, 3).scatter_(1, places, 1).data, [[1, 0, 0], [0, 0, 1]]
    )


@pytest.mark.parametrize("change", ["step", "load_state_dict"])
def test_a_loss_has_no_gradient_once_its_weights_have_changed(tt, change):
    """PyTorch refuses it too: the rule of the second layer would read weights that the loss never saw."""
    model = tt.nn.Sequential(tt.nn.Linear(2, 2), tt.nn.Linear(2, 1))
    optimizer = tt.optim.SGD(model.parameters(), lr=0.1)
    model(tt.ones(1, 2)).sum().backward()
    loss = model(tt.ones(1, 2)).sum()
    if change == "step":
        optimizer.step()
    else:
        model.load_state_dict(model.state_dict())
    with pytest.raises(RuntimeError, match="changed in place since"):
        loss.backward()


def test_memory_that_is_gone_is_forgotten(tt):
    """A new array may be put where an old one was."""
    versions = import_module("tinytorch.versions")
    before = len(versions.Changes.last)
    for _ in range(5):
        x = tt.zeros(3)
        x += 1
        del x
    assert len(versions.Changes.last) == before


def test_whole_numbers_have_no_gradient(tt):
    x = tt.arange(3)
    x.requires_grad = True
    with pytest.raises(TypeError, match="int64"):
        (x * 0.5).sum().backward()


def test_pairs_of_the_largest(tt):
    values, indices = tt.tensor([[1.0, 5.0], [7.0, 2.0]]).max(1)
    np.testing.assert_array_equal(values.data, [5, 7])
    np.testing.assert_array_equal(indices.data, [1, 0])
    with pytest.raises(TypeError, match="amin"):
        tt.zeros(2, 2).min((0, 1))
