"""What does not fit is refused in words that name the argument, and where a list is meant a list is taken."""

from __future__ import annotations

import numpy as np
import pytest

REFUSED = {
    "x.sum((0, 0))": (ValueError, "dim (0, 0) names an axis twice"),
    "x.sum('0')": (TypeError, "dim must be an integer"),
    "x.sum(True)": (TypeError, "dim must be an integer"),
    "x.sum(1.0)": (TypeError, "dim must be an integer"),
    "x.mean((0, 2))": (IndexError, "dim 2 is not an axis of shape (2, 3)"),
    "x.argmax((0, 1))": (TypeError, "dim must be an integer, got (0, 1)"),
    "tt.softmax(x, (0, 1))": (TypeError, "dim must be an integer, got (0, 1)"),
    "tt.zeros(0).max()": (ValueError, "no values: shape (0,)"),
    "tt.zeros(0).argmax()": (ValueError, "no values: shape (0,)"),
    "x.var(dim=True)": (TypeError, "dim must be an integer"),
    "x + tt.ones(2)": (ValueError, "add: the shapes (2,3) (2,) do not broadcast"),
    "tt.where(x > 0, x, tt.ones(2))": (ValueError, "do not broadcast"),
    "x.clip(min='0')": (TypeError, "min must be a number, got '0'"),
    "x.reshape('6')": (TypeError, "shape must hold integers"),
    "tt.Tensor([2]) ** -1": (ValueError, "integers have no negative powers, got dtype int64"),
    "~x": (TypeError, "invert is not offered for dtype float32"),
    "-(x > 0)": (TypeError, "neg is not offered for dtype bool"),
    "(x > 0) - (x > 0)": (TypeError, "sub is not offered for dtype bool"),
    "x & x": (TypeError, "bitwise_and is not offered for dtype float32"),
    "tt.tensor([3]) // tt.tensor([0])": (ZeroDivisionError, "other must not hold 0"),
    "tt.cat([x, None])": (TypeError, "tensors must all be tensors"),
    "x.gather(1, tt.tensor([[3]]))": (IndexError, "index must be in [0, 3), got 3"),
    "x.index_select(1, tt.tensor([3]))": (IndexError, "index must be in [0, 3), got 3"),
    "x.narrow(1, 2, 2)": (IndexError, "start 2 and length 2 do not fit dim 1 of length 3"),
    "x.sort(2)": (IndexError, "dim 2 is not an axis of shape (2, 3)"),
    "x.flip(0, 0)": (ValueError, "names an axis of shape (2, 3) twice"),
    "x.roll((1, 2), 0)": (ValueError, "shifts (1, 2) and dims 0"),
    "tt.trace(tt.ones(2, 2, 2))": (ValueError, "trace is for matrices"),
    "tt.dot(x, x)": (ValueError, "dot needs 1 and 1 axes"),
    "x.masked_fill(x, 0)": (TypeError, "mask must be of dtype bool"),
    "tt.where(x, x, x)": (TypeError, "condition must be of dtype bool"),
    "tt.arange(0, float('inf'))": (ValueError, "start and end must be finite"),
    "tt.linspace(0, 1, 2.0)": (ValueError, "steps must be an integer"),
    "tt.randn(2, dtype=np.int64)": (TypeError, "dtype of randn must be floating"),
    "tt.bincount(x)": (ValueError, "input must hold integers"),
    "tt.norm(tt.tensor([3, 4]))": (TypeError, "input must be floating, got dtype int64"),
    "tt.std(tt.tensor([3, 4]))": (TypeError, "input must be floating, got dtype int64"),
    "F.elu(tt.tensor([1]))": (TypeError, "input must be floating, got dtype int64"),
    "F.l1_loss(tt.tensor([1]), tt.tensor([2]))": (TypeError, "input must be floating"),
    "F.huber_loss(x, x, delta=0)": (ValueError, "delta must be above 0"),
    "F.one_hot(x)": (TypeError, "tensor must hold integers"),
    "x.__setitem__(x.to(np.uint8), 0)": (
        TypeError,
        "index of dtype uint8 is not offered: use mask.bool",
    ),
    "x[0, 0, 0]": (
        IndexError,
        "too many indices for a tensor of shape (2, 3): use one index for each axis",
    ),
    "x[0, 0][0]": (IndexError, "too many indices for a tensor of shape (): use x.item()"),
    "bool(x > 1)": (
        ValueError,
        "the truth of a tensor of shape (2, 3) is not defined: use .any(), .all()",
    ),
    "tt.grad(x.sum(), [])": (ValueError, "inputs must hold at least one tensor"),
    "tt.arange(step=2)": (TypeError, "arange needs an end: use arange(end)"),
    "tt.randint(3)": (TypeError, "randint needs a bound and a size: use randint(low, high, size)"),
    "x.mean(dtype=np.int64)": (TypeError, "dtype of mean must be floating, got"),
    "tt.isclose(x, x, rtol=-1)": (ValueError, "rtol and atol must be at least 0"),
}
"""What is written, and the error with its words. PyTorch refuses each of these, too."""

NOT_OFFERED = {
    "x[0, None, [1, 2]]": (
        TypeError,
        "a number, and an array or a list apart from it is not offered",
    ),
    "tt.relu(input=x)": (TypeError, "relu takes tensors by position: use relu(x), not input=x"),
    "x.max((0, 1))": (TypeError, "use x.amax(dim)"),
    "tt.tensor([3], dtype=np.uint8) + 300": (ValueError, "300 out of bounds for uint8"),
    "tt.full_like(tt.tensor([1], dtype=np.uint8), -1)": (ValueError, "fill_value -1 does not fit"),
    "tt.multinomial(tt.tensor([1.0, 0.0]), 2)": (ValueError, "num_samples must be at most 1"),
    "F.avg_pool2d(tt.ones(1, 1, 4, 4), 2, divisor_override=3)": (TypeError, "divisor_override"),
}
"""PyTorch takes these; here an error says why not."""

TAKEN = {
    "x.sum([0, 1])": 21.0,
    "x.sum(())": 21.0,
    "x.mean([1])": [2.0, 5.0],
    "x.amax([0, 1])": 6.0,
    "x.var([0, 1], correction=0)": 35 / 12,
    "x.reshape(1, 2, 1, 3).squeeze((0, 2)).shape": (2, 3),
    "x.reshape(1, 2, 1, 3).squeeze((0, 1)).shape": (2, 1, 3),
    "x.clip(tt.tensor([2.0, 3.0, 1.0]), tt.tensor(4.0))": [[2, 3, 3], [4, 4, 4]],
    "tt.clamp(x, max=tt.tensor([[2.0], [5.0]]))": [[1, 2, 2], [4, 5, 5]],
    "(x > 2).where(x > 1, x > 9)": [[False, False, True], [True, True, True]],
    "tt.add(x, x, alpha=2)[0]": [3, 6, 9],
    "tt.div(x, -4, rounding_mode='floor')[1]": [-1, -2, -2],
    "tt.div(x.long(), -4, rounding_mode='trunc')[1]": [-1, -1, -1],
    "x.reshape(1, 2, 3).movedim((0, 2), (2, 0)).shape": (3, 2, 1),
    "x.diagonal(1)": [2, 6],
    "x.flip(dims=[0])[0]": [4, 5, 6],
    "x.roll((1, 1), (0, 1))": [[6, 4, 5], [3, 1, 2]],
    "x.take_along_dim(tt.tensor([[0], [2]]), 1)": [[1], [6]],
    "tt.tensor(2.0).nonzero().shape": (1, 0),
    "x.unique(dim=0)": [[1, 2, 3], [4, 5, 6]],
    "x.median(1, keepdim=True).values": [[2], [5]],
    "tt.logsumexp(x * 0, [0, 1])": np.log(6),
    "tt.logsumexp(tt.tensor([[200, 3]], dtype=np.uint8), 1)": [200.0],
    "tt.arange(0.1, 7.9, 4.0, dtype=np.int64)": [0, 4],
    "tt.arange(1, end=4)": [1, 2, 3],
    "tt.linspace(4.3, -3, 8, dtype=np.int64)": [4, 3, 2, 1, 0, -1, -2, -3],
    "tt.eye(2, requires_grad=True).requires_grad": True,
    "tt.normal(tt.zeros(2, 1), tt.ones(3)).shape": (2, 3),
    "tt.addmm(x, x @ x.T, x, beta=0, alpha=2)[0]": [284, 376, 468],
    "tt.einsum('ij->j', [x])": [5, 7, 9],
    "tt.cdist(x, x, 1)": [[0, 9], [9, 0]],
    "tt.cumsum(x, 1, dtype=np.int64)[0]": [1, 3, 6],
    "tt.square(x > 2)": [[0, 0, 1], [1, 1, 1]],
    "F.softplus(tt.tensor([4.0]), 1, 3)": [4.0],
    "F.smooth_l1_loss(x, x + 2, beta=0)": 2.0,
    "F.adaptive_avg_pool2d(tt.ones(1, 1, 4, 6), (None, 3)).shape": (1, 1, 4, 3),
    "F.cosine_similarity(tt.ones(1, 2, 3), tt.ones(2, 1, 3), dim=-2)": np.full((2, 3), 2.0)
    / np.sqrt(2)
    / np.sqrt(2),
}
"""What is written, and what PyTorch gives."""


@pytest.fixture
def names(reference):
    x = reference.Tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    return {"tt": reference, "F": reference.nn.functional, "np": np, "x": x}


@pytest.mark.parametrize("code", [*REFUSED, *NOT_OFFERED])
def test_it_is_refused_by_name(names, code):
    kind, words = {**REFUSED, **NOT_OFFERED}[code]
    with pytest.raises(kind) as caught:
        eval(code, names)
    assert words in str(caught.value)


@pytest.mark.parametrize("code", TAKEN)
def test_it_is_right(names, code):
    got = eval(code, names)
    np.testing.assert_allclose(getattr(got, "data", got), TAKEN[code], rtol=1e-6)


def test_an_error_inside_stays_as_it_came_up(reference):
    """What a function broadcasts inside is its own affair, and so is an exercise that is to be written."""
    from tinytorch.primitive import primitive

    @primitive
    def wrong(x):
        return x + np.ones(7)

    with pytest.raises(ValueError, match="operands could not be broadcast"):
        wrong(reference.Tensor([1.0, 2.0]))

    @primitive
    def mistaken(x, *, classes):
        return x - "a"

    with pytest.raises(TypeError) as caught:
        mistaken(reference.Tensor([1.0]), classes=np.array([1]))
    assert "classes" not in str(caught.value), "an array is what is meant there"

    @primitive
    def unwritten(x, *, dim):
        raise NotImplementedError("01 tensor: unwritten")

    with pytest.raises(NotImplementedError, match="01 tensor"):
        unwritten(reference.Tensor([1.0]), dim="a")


def test_an_explained_error_tells_the_line_where_it_came_up(reference):
    with pytest.raises(ValueError, match="do not broadcast") as caught:
        reference.Tensor([1.0, 2.0]) + reference.ones(3)
    assert caught.traceback[-1].path.name == "tensor.py"
    assert "operands" in str(caught.value.__cause__)


MADE = {
    "tt.Linear('3', 2)": "in_features must be a number, got '3'",
    "tt.Dropout('0.5')": "p must be a number, got '0.5'",
    "tt.BatchNorm2d(3, 1e-5, None)": "momentum=None",
    "tt.nn.LayerNorm([3])": "normalized_shape=[3]",
    "tt.SGD([x], '0.1')": "lr must be a number, got '0.1'",
    "tt.Adam([x], tt.tensor([0.1, 0.2]))": "lr must be a number, got Tensor",
    "tt.AdamW([x], betas=(0.9, tt.tensor(0.99)))": "betas must be a number",
}


@pytest.mark.parametrize("code", MADE)
def test_what_layers_and_optimizers_are_made_of_is_named(names, code):
    with pytest.raises(TypeError) as caught:
        eval(code, names)
    assert MADE[code] in str(caught.value)


def test_losses_without_a_row_that_counts_are_nan_and_change_nothing(reference):
    F = reference.nn.functional
    x = reference.Tensor([[1.0, 2.0]], requires_grad=True)
    loss = F.cross_entropy(x, np.array([1]), ignore_index=1)
    loss.backward()
    assert np.isnan(loss.item())
    np.testing.assert_array_equal(x.grad, 0)


def test_a_negative_probability_is_seen(reference):
    F, tensor = reference.nn.functional, reference.Tensor
    with np.errstate(invalid="ignore"):
        loss = F.kl_div(tensor([0.3]), tensor([-0.5]), reduction="sum")
    assert np.isnan(loss.item())
    assert F.kl_div(tensor(0.3), tensor(0.5), reduction="batchmean").shape == ()


def test_softplus_is_made_as_it_is_called(reference):
    x = reference.Tensor([-1.0, 4.0])
    got = reference.nn.Softplus(2, 3)(x)
    np.testing.assert_allclose(got.data, [np.log1p(np.exp(-2)) / 2, 4.0], rtol=1e-6)


@pytest.mark.parametrize("name", ["weight", "bias"])
def test_a_norm_takes_a_weight_for_each_element_and_no_more(reference, name):
    """One with more axes would broadcast the result."""
    x = reference.Tensor(np.ones((2, 3), np.float32))
    wrong = reference.Tensor(np.ones((4, 2, 3), np.float32))
    with pytest.raises(ValueError, match=rf"{name} must have shape \(3,\), got \(4, 2, 3\)"):
        reference.nn.functional.layer_norm(x, (3,), **{name: wrong})
