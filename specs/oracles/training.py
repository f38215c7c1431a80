"""Oracle of 07: the schedule by another formula, metrics by loops, and linear regression by hand."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from specs.arrays import Array


def cosine(
    step: int, lr: float, total_steps: int, warmup_steps: int = 0, min_lr: float = 0.0
) -> float:
    """The learning rate of a step; the fall by the half-angle formula (1 + cos 2x) / 2 = cos² x."""
    if step < warmup_steps:
        return lr * (step + 1) / warmup_steps
    if step >= total_steps:
        return min_lr
    done = (step - warmup_steps) / (total_steps - warmup_steps)
    share = math.cos(math.pi / 2 * done) ** 2
    return share * lr + (1 - share) * min_lr


def clip(grads: Sequence[Array | None], max_norm: float) -> tuple[float, list[Array | None]]:
    """(length, gradients after clipping); gradients that are None stay None."""
    numbers = np.concatenate(
        [np.ravel(grad) for grad in grads if grad is not None] or [np.zeros(1)]
    )
    largest = np.abs(numbers.astype(np.float64)).max(initial=0.0)
    length = float(largest * np.linalg.norm(numbers / largest)) if largest else 0.0
    scale = min(1.0, max_norm / (length + 1e-6))
    return length, [None if grad is None else grad.astype(np.float64) * scale for grad in grads]


def accuracy(logits: ArrayLike, targets: ArrayLike) -> float:
    """The fraction of rows whose first highest score is at the target."""
    rows = np.reshape(logits, (-1, np.shape(logits)[-1])).tolist()
    right = [
        row.index(max(row)) == target for row, target in zip(rows, np.ravel(targets), strict=True)
    ]
    return sum(right) / len(right)


def linear_regression(
    weight: Array,
    bias: Array,
    batches: Sequence[tuple[Array, Array]],
    rates: Sequence[float],
    max_norm: float | None = None,
) -> tuple[list[float], Array, Array]:
    """(loss of each step, weight, bias) of descent on the mean squared error of x·Wᵀ + b.

    Args:
        batches: (x, y) of each step.
        rates: the learning rate of each step.
        max_norm: clip the gradients of weight and bias to this length together.
    """
    losses = []
    for (x, y), rate in zip(batches, rates, strict=True):
        error = x @ weight.T + bias - y  # (N, out)
        losses.append(float((error**2).mean()))
        grads: list[Any] = [2 * error.T @ x / error.size, 2 * error.sum(axis=0) / error.size]
        if max_norm is not None:
            _, grads = clip(grads, max_norm)
        weight, bias = weight - rate * grads[0], bias - rate * grads[1]
    return losses, weight, bias


def weighted_mean(values: Sequence[float], sizes: Sequence[int]) -> float:
    """The mean over examples of values that are means over batches of these sizes."""
    return sum(value * size for value, size in zip(values, sizes, strict=True)) / sum(sizes)
