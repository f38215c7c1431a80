"""Oracle of 06: each optimizer by its definition, as one weighted sum over every gradient seen so far.

Nothing is updated from step to step, as the framework does it: ``seen`` is the whole history, so a
bias-corrected running mean is here what it stands for, a weighted mean. All at float64.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from specs.arrays import Array

History = tuple[Array, ...]


def sgd(
    param: ArrayLike,
    grad: ArrayLike,
    seen: History,
    *,
    lr: float,
    momentum: float = 0.0,
    dampening: float = 0.0,
    weight_decay: float = 0.0,
    nesterov: bool = False,
) -> tuple[Array, History]:
    """(the parameter after one step, the history after it); begin with ``seen=()``."""
    param, grad = np.asarray(param, np.float64), np.asarray(grad, np.float64)
    grad = grad + weight_decay * param
    if momentum == 0:
        return param - lr * grad, ()
    seen = (*seen, grad)
    buffer = sum(
        momentum**age * (1 if age == len(seen) - 1 else 1 - dampening) * old
        for age, old in enumerate(reversed(seen))
    )
    return param - lr * (grad + momentum * buffer if nesterov else buffer), seen


def adam(
    param: ArrayLike,
    grad: ArrayLike,
    seen: History,
    *,
    lr: float = 1e-3,
    betas: tuple[float, float] = (0.9, 0.999),
    eps: float = 1e-8,
    weight_decay: float = 0.0,
) -> tuple[Array, History]:
    """(the parameter after one step, the history after it); begin with ``seen=()``."""
    param, grad = np.asarray(param, np.float64), np.asarray(grad, np.float64)
    seen = (*seen, grad + weight_decay * param)
    mean = weighted_mean(seen, betas[0])
    spread = np.sqrt(weighted_mean([old**2 for old in seen], betas[1]))
    return param - lr * mean / (spread + eps), seen


def adamw(
    param: ArrayLike,
    grad: ArrayLike,
    seen: History,
    *,
    lr: float = 1e-3,
    betas: tuple[float, float] = (0.9, 0.999),
    eps: float = 1e-8,
    weight_decay: float = 0.01,
) -> tuple[Array, History]:
    """(the parameter after one step, the history after it); begin with ``seen=()``."""
    moved, seen = adam(param, grad, seen, lr=lr, betas=betas, eps=eps)
    return moved - lr * weight_decay * np.asarray(param, np.float64), seen


def weighted_mean(values: Sequence[Array], beta: float) -> Array:
    """The mean in which a value counts beta times as much as the one after it."""
    weights = [beta**age for age in range(len(values))]
    total: Any = sum(
        weight * value for weight, value in zip(weights, reversed(values), strict=True)
    )
    return total / sum(weights)


def run(
    step: Callable[..., tuple[Array, History]],
    start: ArrayLike,
    gradients: Sequence[ArrayLike | None],
    **options: Any,
) -> Array:
    """The parameter after one step for each of ``gradients``; those that are None are passed over."""
    param = np.asarray(start, np.float64)
    seen: History = ()
    for grad in gradients:
        if grad is not None:
            param, seen = step(param, grad, seen, **options)
    return param
