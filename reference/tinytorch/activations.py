"""02 · Activations: the nonlinear functions that make depth worth having."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tinytorch import precision
from tinytorch.primitive import Array, check_floating, in_blocks, primitive
from tinytorch.special import normal_cdf
from tinytorch.tensor import Tensor

SQRT_2_OVER_PI = 0.7978845608028654
GELU_CUBIC = 0.044715


@primitive
def relu(x: Array) -> Array:
    """Keep what is positive, and make the rest zero.

    relu(x) = max(x, 0)

    Args:
        x: any shape.
    Returns:
        Same shape and dtype as ``x``. NaN stays NaN.

    >>> relu(np.array([-1.5, 0.0, 2.0]))
    array([0., 0., 2.])
    """
    return np.maximum(x, 0)


@primitive
def sigmoid(x: Array) -> Array:
    """Squeeze any number into (0, 1): the probability that a score stands for.

    sigmoid(x) = 1 / (1 + exp(-x))

    Args:
        x: any shape, floating.
    Returns:
        Same shape and dtype as ``x``; every value in [0, 1].
    Raises:
        TypeError: ``x`` is not floating; the message names its dtype.

    Scores of ±1e4 must not overflow, not even with a warning: exp(1e4) is too large for any float,
    but exp(-|x|) never is. A tiny probability keeps its digits: sigmoid(-20) is 2.06e-9, in float32
    too. Written as (1 + tanh(x / 2)) / 2 it would be 0 there, and its logarithm minus infinity.

    >>> sigmoid(np.array([-1e4, 0.0, 1e4]))
    array([0. , 0.5, 1. ])
    """
    check_floating(x, "x")
    return np.exp(np.minimum(x, 0)) / (1 + np.exp(-np.abs(x)))


@primitive
def tanh(x: Array) -> Array:
    """Squeeze any number into (-1, 1), with zero staying zero.

    tanh(x) = (exp(x) - exp(-x)) / (exp(x) + exp(-x))

    Args:
        x: any shape, floating.
    Returns:
        Same shape and dtype as ``x``; every value in [-1, 1], finite for scores of ±1e4.
    Raises:
        TypeError: ``x`` is not floating; the message names its dtype.

    >>> tanh(np.array([-1e4, 0.0, 1e4]))
    array([-1.,  0.,  1.])
    """
    check_floating(x, "x")
    return np.tanh(x)


@primitive
def gelu(x: Array, *, approximate: str = "none") -> Array:
    """Weight each number by the chance that a normal number is below it: a smooth relu.

    gelu(x) = x · Φ(x)
    gelu(x) = x / 2 · (1 + tanh(√(2/π) · (x + 0.044715 x³)))  with ``approximate="tanh"``

    Φ(x) is the share of normally distributed numbers below x: `normal_cdf`, given. The other form comes
    close, is several times faster, and is what GPT-2 was trained with.

    Args:
        x: any shape, floating.
        approximate: ``"none"`` or ``"tanh"``.
    Returns:
        Same shape and dtype as ``x``.
    Raises:
        ValueError: ``approximate`` is something else; the message names it and its value.
        TypeError: ``x`` is not floating; the message names its dtype.

    >>> gelu(np.array([-1.0, 0.0, 1.0])).round(4) + 0.0
    array([-0.1587,  0.    ,  0.8413])
    >>> gelu(np.array([-1.0, 0.0, 1.0]), approximate="tanh").round(4) + 0.0
    array([-0.1588,  0.    ,  0.8412])
    """
    if approximate not in ("none", "tanh"):
        raise ValueError(f"approximate must be 'none' or 'tanh', got {approximate!r}")
    check_floating(x, "x")
    if approximate == "none":
        return in_blocks(lambda x: x * normal_cdf(x), x)

    def part(x: Array) -> Array:
        inner = SQRT_2_OVER_PI * GELU_CUBIC * x * x
        inner += SQRT_2_OVER_PI
        inner *= x
        out = np.tanh(inner)
        out += 1
        out *= 0.5
        out *= x
        return out

    return in_blocks(part, x)


@primitive
def softmax(x: Array, *, dim: int = -1) -> Array:
    """Turn scores into probabilities along one axis.

    softmax(x)ᵢ = exp(xᵢ) / Σⱼ exp(xⱼ)

    Args:
        x: scores, any shape with at least one axis, floating.
        dim: the axis that sums to one.
    Returns:
        Same shape and dtype as ``x``; every value in [0, 1]. An empty axis stays empty.
    Raises:
        IndexError: ``dim`` is not an axis of ``x``; the message names its value and the shape.
        TypeError: ``x`` is not floating; the message names its dtype.

    Scores of ±1e4 must neither overflow nor become NaN: softmax does not change if you subtract the
    same number from all scores of a row.

    >>> softmax(np.array([0.0, 0.0]))
    array([0.5, 0.5])
    """
    if not -x.ndim <= dim < x.ndim:
        raise IndexError(f"dim must be an axis of a tensor of shape {x.shape}, got {dim}")
    check_floating(x, "x")
    # exp(x - max) and its sum, but most rows are near 0 and need no max: see there.
    weights, total = precision.exponentials(x, dim)
    weights /= total
    return weights


class Activation:
    """An activation as an object that you can put between layers. It has no parameters."""

    forward: Callable[[Tensor], Tensor]

    def __call__(self, x: Tensor) -> Tensor:
        return self.forward(x)

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


class ReLU(Activation):
    """`relu` as an object."""

    def forward(self, x: Tensor) -> Tensor:
        """Apply `relu`."""
        return relu(x)


class Sigmoid(Activation):
    """`sigmoid` as an object."""

    def forward(self, x: Tensor) -> Tensor:
        """Apply `sigmoid`."""
        return sigmoid(x)


class Tanh(Activation):
    """`tanh` as an object."""

    def forward(self, x: Tensor) -> Tensor:
        """Apply `tanh`."""
        return tanh(x)


class GELU(Activation):
    """`gelu` in one of its forms as an object.

    >>> GELU("tanh")(np.array([1.0])).round(4)
    array([0.8412])
    """

    approximate: str

    def __init__(self, approximate: str = "none") -> None:
        """Remember the form."""
        self.approximate = approximate

    def forward(self, x: Tensor) -> Tensor:
        """Apply `gelu` in the form given to the constructor."""
        return gelu(x, approximate=self.approximate)

    def __repr__(self) -> str:
        return f"GELU(approximate={self.approximate!r})"


class Softmax(Activation):
    """`softmax` along ``dim`` as an object.

    >>> Softmax(dim=0)(np.zeros((2, 1)))
    array([[0.5],
           [0.5]])
    """

    dim: int

    def __init__(self, dim: int = -1) -> None:
        """Remember the axis that sums to one."""
        self.dim = dim

    def forward(self, x: Tensor) -> Tensor:
        """Apply `softmax` along the axis given to the constructor."""
        return softmax(x, dim=self.dim)

    def __repr__(self) -> str:
        return f"Softmax(dim={self.dim})"
