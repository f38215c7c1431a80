"""Losses with PyTorch's arguments: class weights, an ignored class, label smoothing.

Given, not an exercise. `tinytorch.nn.functional` offers them.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np

from tinytorch import functions, operations
from tinytorch.arranging import as_tensor, check_indices, movedim, raw
from tinytorch.instead import not_offered, refuse
from tinytorch.primitive import Array, check_floating, defvjp, primitive


def reduce(losses: Any, reduction: str) -> Any:
    """The mean, the sum, or each loss."""
    return import_module("tinytorch.losses").reduce(losses, reduction)


def l1_loss(input: Any, target: Any, reduction: str = "mean") -> Any:
    """The mean distance |input - target|."""
    import_module("tinytorch.losses").check_shapes(input, target)
    check_floating(input, "input")
    return reduce((input - target).abs(), reduction)


def smooth_l1_loss(input: Any, target: Any, reduction: str = "mean", beta: float = 1.0) -> Any:
    """Squared where input and target are closer than ``beta``, linear elsewhere."""
    import_module("tinytorch.losses").check_shapes(input, target)
    check_floating(input, "input")
    if beta < 0:
        raise ValueError(f"beta must be at least 0, got {beta}")
    if beta == 0:
        return l1_loss(input, target, reduction)
    far = (input - target).abs()
    return reduce(
        functions.where(far < beta, far * far * (0.5 / beta), far - 0.5 * beta), reduction
    )


def huber_loss(input: Any, target: Any, reduction: str = "mean", delta: float = 1.0) -> Any:
    """δ times `smooth_l1_loss`."""
    if delta <= 0:
        raise ValueError(f"delta must be above 0, got {delta}")
    return smooth_l1_loss(input, target, reduction, delta) * delta


def binary_cross_entropy_with_logits(
    input: Any, target: Any, weight: Any = None, *, reduction: str = "mean", pos_weight: Any = None
) -> Any:
    """That of 04; with ``weight`` for each loss, and ``pos_weight`` for the losses of target 1.

    loss = weight · ((1 - y) x + (1 + (pos_weight - 1) y) log(1 + exp(-x)))
    """
    if weight is None and pos_weight is None:
        plain = import_module("tinytorch.losses").binary_cross_entropy_with_logits
        return plain(input, target, reduction=reduction)
    import_module("tinytorch.losses").check_shapes(input, target)
    check_floating(input, "input")
    target = as_tensor(target)
    below = -input.clip(max=0) + operations.log1p((-input.abs()).exp())  # log(1 + exp(-x))
    share = 1 if pos_weight is None else 1 + (pos_weight - 1) * target
    losses = (1 - target) * input + share * below
    return reduce(losses if weight is None else losses * weight, reduction)


@primitive
def surprise(p: Array, target: Array) -> Array:
    """-(target · log p + (1 - target) · log(1 - p)), with logarithms of at least -100."""
    with np.errstate(divide="ignore"):
        yes, no = np.log(p), np.log1p(-p)
    return -(target * np.maximum(yes, -100) + (1 - target) * np.maximum(no, -100))


def surprise_target(g: Array, ans: Array, p: Array, target: Array) -> Array:
    """log(1 - p) - log p, with logarithms of at least -100."""
    with np.errstate(divide="ignore"):
        return g * (np.maximum(np.log1p(-p), -100) - np.maximum(np.log(p), -100))


def surprise_p(g: Array, ans: Array, p: Array, target: Array) -> Array:
    """(p - target) / (p (1 - p)), finite where p is 0 or 1."""
    return (g * (p - target) / np.maximum(p * (1 - p), 1e-12)).astype(g.dtype)


defvjp(surprise, surprise_p, surprise_target)


def binary_cross_entropy(
    input: Any, target: Any, weight: Any = None, reduction: str = "mean"
) -> Any:
    """The loss of probabilities where the target is yes (1) or no (0)."""
    import_module("tinytorch.losses").check_shapes(input, target)
    check_floating(input, "input")
    each = surprise(input, target)
    return reduce(each if weight is None else each * weight, reduction)


def kl_div(
    input: Any,
    target: Any,
    size_average: Any = None,
    reduce: Any = None,  # PyTorch's order; deprecated there
    reduction: str = "mean",
    log_target: bool = False,
) -> Any:
    """target · (log target - input), with ``input`` a logarithm; ``"batchmean"`` divides by the rows."""
    not_offered(
        "kl_div", size_average=(size_average, "use reduction"), reduce=(reduce, "use reduction")
    )
    if log_target:
        each = target.exp() * (target - input)
    else:
        positive = functions.where(raw(target) != 0, target, 1.0)  # a negative one gives NaN
        each = target * (positive.log() - input)
    if reduction == "batchmean":
        return each.sum() / (input.shape[0] if input.ndim else 1)
    return import_module("tinytorch.losses").reduce(each, reduction)


def by_class(input: Any, target: Any) -> tuple[Any, Array]:
    """Scores (N, C) and classes (N,) from scores (N, C, …) or (C,) and classes (N, …) or ()."""
    classes = raw(target)
    if input.ndim == 1:
        return input.unsqueeze(0), classes.reshape(1)
    if input.ndim > 2:
        input = movedim(input, 1, -1).reshape(-1, input.shape[1])
        classes = classes.reshape(-1)
    return input, classes


def nll_loss(
    input: Any,
    target: Any,
    weight: Any = None,
    size_average: Any = None,
    ignore_index: int = -100,
    reduce: Any = None,  # PyTorch's order; deprecated there
    reduction: str = "mean",
) -> Any:
    """-input[n, target[n]]: the loss of log-probabilities.

    Args:
        input: log-probabilities, (N, C) or (N, C, …), as from `log_softmax`.
        target: classes, (N,) or (N, …).
        weight: how much each class counts, (C,).
        ignore_index: a class that does not count.
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.
    """
    not_offered(
        "nll_loss", size_average=(size_average, "use reduction"), reduce=(reduce, "use reduction")
    )
    shape = raw(target).shape
    check_floating(input, "input")
    rows, classes = by_class(input, target)
    counts = classes != ignore_index
    used = np.where(counts, classes, 0)
    check_indices(used, rows.shape[1], "target")
    each = -rows[np.arange(len(used)), used]  # (N,)
    share = counts.astype(rows.dtype) if weight is None else np.where(counts, raw(weight)[used], 0)
    each = each * share.astype(rows.dtype)
    if reduction == "mean":
        count = float(share.sum())
        return each.sum() / count if count else each.sum() + np.nan  # with gradients of 0
    return each.sum() if reduction == "sum" else each.reshape(shape)


def cross_entropy(
    input: Any,
    target: Any,
    weight: Any = None,
    size_average: Any = None,
    ignore_index: int = -100,
    reduce: Any = None,  # PyTorch's order; deprecated there
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Any:
    """`losses.cross_entropy`; with more axes, weights or an ignored class, a composed loss.

    A target of the shape of ``input`` holds probabilities. Label smoothing is not offered with weights.
    """
    not_offered(
        "cross_entropy",
        size_average=(size_average, "use reduction"),
        reduce=(reduce, "use reduction"),
    )
    losses = import_module("tinytorch.losses")
    if raw(target).dtype.kind == "f":
        if weight is not None or label_smoothing or raw(target).shape != input.shape:
            refuse(
                "such a target of probabilities",
                "use one of the shape of input, and no other arguments",
            )
        each = -(losses.log_softmax(input, dim=min(1, input.ndim - 1)) * target)
        return losses.reduce(each.sum(min(1, input.ndim - 1)), reduction)
    plain = weight is None and not label_smoothing and not (raw(target) == ignore_index).any()
    if input.ndim == 2 and plain:
        return losses.cross_entropy(input, target, reduction=reduction)
    scores = losses.log_softmax(input, dim=min(1, input.ndim - 1))
    hard = nll_loss(scores, target, weight, None, ignore_index, None, reduction)
    if not label_smoothing:
        return hard
    if weight is not None or (raw(target) == ignore_index).any():
        refuse("label_smoothing with weight or ignore_index", "use one of them")
    even = losses.reduce(-scores.mean(min(1, input.ndim - 1)), reduction)
    return (1 - label_smoothing) * hard + label_smoothing * even
