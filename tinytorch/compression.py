"""16 · Compression: the same answers with fewer numbers.

The lesson: tito docs 16
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tinytorch.activations import softmax
from tinytorch.layers import Linear, Module, Parameter, Sequential
from tinytorch.losses import cross_entropy, log_softmax
from tinytorch.primitive import Array
from tinytorch.tensor import Tensor


def check_amount(amount: float) -> None:
    """A share is in [0, 1]."""
    if not 0 <= amount <= 1:
        raise ValueError(f"amount must be in [0, 1], got {amount}")


def weights(module: Module) -> list[tuple[str, Parameter]]:
    """(name, parameter) of what is pruned: the parameters with two axes or more; biases stay."""
    return [(name, p) for name, p in module.named_parameters() if p.ndim >= 2]


def sparsity(x: Module | Tensor | Array) -> float:
    """The share of zeros: in an array or Tensor, or in the weights of a module. Of nothing it is 0.

    >>> sparsity(np.array([0.0, 1.0, 0.0, 2.0]))
    0.5
    """
    raise NotImplementedError("16 compression: sparsity")


class Masks:
    """Which weights of a module remain.

    Training moves every weight, even pruned ones: `apply` makes those 0 again, after each
    step, ``trainer.fit(…, on_step=lambda record: masks.apply())``.

    Args:
        module: whose weights they are.
        kept: a dict from names of parameters to arrays of bool of their shapes.
    """

    def __init__(self, module: Module, kept: dict[str, Array]) -> None:
        """Pair each parameter with its mask, and apply them."""
        parameters = dict(module.named_parameters())
        self.pairs = [(parameters[name], mask) for name, mask in kept.items()]
        self.kept = kept
        self.apply()

    def apply(self) -> None:
        """Set what is not kept to 0, even NaN and infinity, in place."""
        raise NotImplementedError("16 compression: Masks.apply")


def smallest(scores: Array, count: int) -> Array:
    """A bool mask that is False for the ``count`` smallest scores; of equal ones, the first go.

    >>> smallest(np.array([3.0, 1.0, 1.0, 2.0]), 1)
    array([ True, False,  True,  True])
    """
    raise NotImplementedError("16 compression: smallest")


def magnitude_prune(module: Module, amount: float, scope: str = "global") -> Masks:
    """Set the weights with the smallest magnitude to 0.

    Args:
        module: its weights (parameters with two axes or more) are changed in place.
        amount: the share of them, in [0, 1]: exactly round(amount · count) weights, as Python rounds.
        scope: "global" compares the weights of all layers with each other, "layer" prunes the same
            share of each layer.
    Returns:
        The `Masks`, already applied.
    Raises:
        ValueError: ``amount`` is outside [0, 1], or ``scope`` is something else; the message names it.
    """
    raise NotImplementedError("16 compression: magnitude_prune")


def structured_prune(module: Module, amount: float) -> Masks:
    """Set whole outputs to 0: in each layer, those whose weights have the smallest Euclidean length.

    A row of a Linear, or a kernel of a Conv2d, is one output. Unlike single zeros, you can
    leave pruned outputs out of the computation altogether.

    Args:
        module: its weights, and the biases of pruned outputs, are changed in place.
        amount: the share of outputs in each layer: exactly round(amount · outputs) of them.
    Returns:
        The `Masks` of weights and biases, already applied.
    Raises:
        ValueError: ``amount`` is outside [0, 1]; the message names it.
    """
    raise NotImplementedError("16 compression: structured_prune")


def low_rank(linear: Linear, rank: int) -> Sequential:
    """Two thin layers for a wide one: in → rank → out.

    Truncate the weight's singular value decomposition after ``rank`` values, which gives the closest
    matrix of that rank (Eckart and Young, 1936). Both factors get the root of the singular
    values.

    Args:
        linear: a `Linear`; it stays as it is, even while you train the two: they share nothing with it.
        rank: from 1 to min(in_features, out_features).
    Returns:
        A Sequential of two `Linear`, the first without a bias.
    Raises:
        ValueError: rank is outside this range; the message names its value and the maximum.
    """
    raise NotImplementedError("16 compression: low_rank")


def distillation_loss(
    student: Tensor,
    teacher: Tensor | Array,
    labels: Tensor | Array,
    temperature: float = 2.0,
    alpha: float = 0.5,
) -> Tensor:
    """What a small model learns from a large one's scores, and from the labels.

    alpha · T² · mean Σ p (log p - log q) + (1 - alpha) · cross_entropy(student, labels)

    with p = softmax(teacher / T) and q = softmax(student / T). A high temperature T shows how the wrong
    classes compare; T² keeps the gradients at one size. From Hinton, Vinyals and Dean (2015).

    Args:
        student: logits (N, C) with a gradient.
        teacher: logits (N, C), a Tensor or array; no gradient flows to them.
        labels: class numbers (N,).
        temperature: above 0.
        alpha: in [0, 1]; 0 is cross-entropy alone.
    Returns:
        A Tensor ().
    Raises:
        ValueError: the shapes of student and teacher differ, and the message names both; or
            ``temperature`` is not above 0, or ``alpha`` is outside [0, 1], and the message names it.
    """
    raise NotImplementedError("16 compression: distillation_loss")


@dataclass(frozen=True)
class CSR:
    """A matrix that stores only its nonzero values, row by row ("compressed sparse rows").

    Attributes:
        values: all that is not 0, however small, from left to right, the first row first.
        columns: the column of each, int32.
        starts: where each row begins in values, and at the end their number: int32, (rows + 1,).
        shape: (rows, columns).
    """

    values: Array
    columns: Array
    starts: Array
    shape: tuple[int, int]

    @property
    def nbytes(self) -> int:
        """The memory of the three arrays."""
        return self.values.nbytes + self.columns.nbytes + self.starts.nbytes

    def rows(self) -> Array:
        """The row of each value."""
        return np.repeat(np.arange(self.shape[0]), np.diff(self.starts))

    def dense(self) -> Array:
        """The matrix with its zeros."""
        raise NotImplementedError("16 compression: CSR.dense")

    def __matmul__(self, x: Array) -> Array:
        """The product with a matrix (columns, m): multiply only what is not 0.

        Returns:
            (rows, m) array.
        Raises:
            ValueError: the inner lengths differ; the message names both shapes.
        """
        raise NotImplementedError("16 compression: CSR.__matmul__")


def to_csr(x: Tensor | Array) -> CSR:
    """A matrix without its zeros.

    Args:
        x: array or Tensor, (rows, columns).
    Returns:
        A `CSR`: 8 bytes for each value of float32, and 4 for each row and one more.
    Raises:
        ValueError: ``x`` does not have two axes; the message names its shape.

    >>> to_csr(np.array([[0.0, 5.0], [0.0, 0.0], [7.0, 8.0]], np.float32)).starts
    array([0, 1, 1, 3], dtype=int32)
    """
    raise NotImplementedError("16 compression: to_csr")
