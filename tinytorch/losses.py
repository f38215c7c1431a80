"""04 · Losses: one number that says how wrong a prediction is.

The lesson: tito docs 04
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tinytorch.precision import exponentials_from, max_keeping_axis, sum_keeping_axis
from tinytorch.primitive import Array, Saving, Variable, check_floating, primitive
from tinytorch.tensor import Tensor, abs, exp, log, maximum, mean, sum


@primitive
def log_softmax(x: Array, *, dim: int = -1) -> Array:
    """The logarithm of softmax, computed without any tiny probability.

    log_softmax(x)ᵢ = xᵢ - log Σⱼ exp(xⱼ)

    Args:
        x: scores, any shape with at least one axis, floating.
        dim: the axis whose exponentials sum to one.
    Returns:
        Same shape and dtype as ``x``; no value above 0. An empty axis stays empty.
    Raises:
        IndexError: ``dim`` is not an axis of ``x``; the message names its value and the shape.
        TypeError: ``x`` is not floating; the message names its dtype.

    Scores of ±1e4 must stay finite. The logarithm of softmax would not: a probability of exp(-1e4)
    is zero, and its logarithm minus infinity.

    >>> log_softmax(np.array([0.0, 0.0])).round(4)
    array([-0.6931, -0.6931])
    """
    raise NotImplementedError("04 losses: log_softmax")


@primitive
def surprise(x: Array, *, classes: Array) -> Array | Saving:
    """How unlikely the scores of each row make the class that ``classes`` names.

    surprise(x)ₙ = -log softmax(xₙ)[classesₙ] = log Σⱼ exp(xₙⱼ) - x[n, classesₙ]

    Args:
        x: scores, (N, C), floating.
        classes: an integer array, (N,), each in [0, C).
    Returns:
        (N,), of the dtype of ``x``; finite for scores of ±1e4, for the reason that `log_softmax` gives.

    You need only one number of each row, so make only one array as large as ``x``, for the exponentials.
    ``Saving(result, (exponentials, their sums))`` keeps them for the gradient rule of 05, which else computes
    them again. The result alone is right, too, and takes less memory.

    >>> surprise(np.array([[0.0, 0.0], [1e4, 0.0]]), classes=np.array([1, 0])).round(4)
    array([0.6931, 0.    ])
    """
    raise NotImplementedError("04 losses: surprise")


def reduce(losses: Tensor, reduction: str) -> Tensor:
    """Reduce many losses to one number, or leave them as they are.

    Args:
        losses: a Tensor of any shape.
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.
    Raises:
        ValueError: ``reduction`` is something else; the message names it and its value.
    """
    raise NotImplementedError("04 losses: reduce")


def mse_loss(input: Tensor, target: Tensor | Array, *, reduction: str = "mean") -> Tensor:
    """The squared distance between predictions and targets.

    mse = mean (input - target)²

    Args:
        input: predictions, a Tensor of any shape.
        target: what they should be, a Tensor or an array of the same shape.
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.
    Returns:
        A 0-d Tensor; with ``"none"`` one of the shape of ``input``.
    Raises:
        ValueError: the shapes differ. Broadcasting (N,) against (N, 1) would compare every
            prediction with every target and still give a number. The message names both shapes.
            Or ``reduction`` is something else, and the message names it and its value.
        TypeError: ``input`` is not floating: small integers would overflow. The message names its dtype.

    >>> from tinytorch.tensor import Tensor
    >>> mse_loss(Tensor([1.0, 3.0]), Tensor([1.0, 1.0])).item()
    2.0
    """
    raise NotImplementedError("04 losses: mse_loss")


def cross_entropy(input: Tensor, target: Tensor | Array, *, reduction: str = "mean") -> Tensor:
    """How surprising the right classes are, given the scores.

    cross_entropy = mean over n of -log softmax(inputₙ)[targetₙ]

    Args:
        input: scores, a Tensor (N, C). Not probabilities: no softmax comes before.
        target: the right classes, an integer Tensor or array (N,), each in [0, C).
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.
    Returns:
        A 0-d Tensor; with ``"none"`` one of shape (N,).
    Raises:
        ValueError: the shapes are not (N, C) and (N,), or N is 0, and the message names both shapes; or
            ``reduction`` is something else, and the message names it and its value.
        TypeError: ``target`` does not hold integers, or ``input`` is not floating; the message names it
            and its dtype.
        IndexError: a class is outside [0, C); the message names ``target`` and the class.

    >>> from tinytorch.tensor import Tensor
    >>> round(cross_entropy(Tensor([[0.0, 0.0]]), np.array([1])).item(), 4)
    0.6931
    """
    raise NotImplementedError("04 losses: cross_entropy")


def binary_cross_entropy_with_logits(
    input: Tensor, target: Tensor | Array, *, reduction: str = "mean"
) -> Tensor:
    """How surprising a yes (1) or a no (0) is, given one score for each.

    bce = mean of -(target · log p + (1 - target) · log(1 - p)) with p = sigmoid(input)

    Args:
        input: scores, a Tensor of any shape, before the sigmoid.
        target: a Tensor or an array of the same shape, in [0, 1].
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.
    Returns:
        A 0-d Tensor; with ``"none"`` one of the shape of ``input``.
    Raises:
        ValueError: the shapes differ, and the message names both; or ``reduction`` is something else, and
            the message names it and its value.
        TypeError: ``input`` is not floating; the message names its dtype.

    Scores of ±1e4 must stay finite, and no logarithm of zero may be taken. The same loss without
    the sigmoid is max(x, 0) - x · target + log(1 + exp(-|x|)).

    >>> from tinytorch.tensor import Tensor
    >>> binary_cross_entropy_with_logits(Tensor([1e4, -1e4]), Tensor([1.0, 0.0])).item()
    0.0
    """
    raise NotImplementedError("04 losses: binary_cross_entropy_with_logits")


def check_shapes(input: Tensor, target: Tensor | Array) -> None:
    """Reject shapes that differ, even if they broadcast."""
    if input.shape != target.shape:
        raise ValueError(
            f"input and target must have the same shape, got {input.shape} and {target.shape}"
        )


class Loss:
    """A loss as an object, with its reduction chosen once."""

    forward: Callable[[Tensor, Tensor | Array], Tensor]

    def __init__(self, *, reduction: str = "mean") -> None:
        self.reduction = reduction

    def __call__(self, input: Tensor, target: Tensor | Array) -> Tensor:
        return self.forward(input, target)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(reduction={self.reduction!r})"


class MSELoss(Loss):
    """`mse_loss` as an object."""

    def forward(self, input: Tensor, target: Tensor | Array) -> Tensor:
        """Apply `mse_loss` with the reduction chosen in the constructor."""
        raise NotImplementedError("04 losses: MSELoss.forward")


class CrossEntropyLoss(Loss):
    """`cross_entropy` as an object."""

    def forward(self, input: Tensor, target: Tensor | Array) -> Tensor:
        """Apply `cross_entropy` with the reduction chosen in the constructor."""
        raise NotImplementedError("04 losses: CrossEntropyLoss.forward")


class BCEWithLogitsLoss(Loss):
    """`binary_cross_entropy_with_logits` as an object."""

    def forward(self, input: Tensor, target: Tensor | Array) -> Tensor:
        """Apply `binary_cross_entropy_with_logits` with the reduction chosen in the constructor."""
        raise NotImplementedError("04 losses: BCEWithLogitsLoss.forward")
