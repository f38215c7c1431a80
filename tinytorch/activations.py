"""02 · Activations: the nonlinear functions that make depth worth having.

The lesson: tito docs 02
"""

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
    raise NotImplementedError("02 activations: relu")


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
    raise NotImplementedError("02 activations: sigmoid")


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
    raise NotImplementedError("02 activations: tanh")


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
    raise NotImplementedError("02 activations: gelu")


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
    raise NotImplementedError("02 activations: softmax")


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
        raise NotImplementedError("02 activations: ReLU.forward")


class Sigmoid(Activation):
    """`sigmoid` as an object."""

    def forward(self, x: Tensor) -> Tensor:
        """Apply `sigmoid`."""
        raise NotImplementedError("02 activations: Sigmoid.forward")


class Tanh(Activation):
    """`tanh` as an object."""

    def forward(self, x: Tensor) -> Tensor:
        """Apply `tanh`."""
        raise NotImplementedError("02 activations: Tanh.forward")


class GELU(Activation):
    """`gelu` in one of its forms as an object.

    >>> GELU("tanh")(np.array([1.0])).round(4)
    array([0.8412])
    """

    approximate: str

    def __init__(self, approximate: str = "none") -> None:
        """Remember the form."""
        raise NotImplementedError("02 activations: GELU.__init__")

    def forward(self, x: Tensor) -> Tensor:
        """Apply `gelu` in the form given to the constructor."""
        raise NotImplementedError("02 activations: GELU.forward")

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
        raise NotImplementedError("02 activations: Softmax.__init__")

    def forward(self, x: Tensor) -> Tensor:
        """Apply `softmax` along the axis given to the constructor."""
        raise NotImplementedError("02 activations: Softmax.forward")

    def __repr__(self) -> str:
        return f"Softmax(dim={self.dim})"
