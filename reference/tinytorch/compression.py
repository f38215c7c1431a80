"""16 · Compression: the same answers with fewer numbers."""

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
    if isinstance(x, Module):
        arrays = [parameter.data for _, parameter in weights(x)]
    else:
        arrays = [x.data if isinstance(x, Tensor) else np.asarray(x)]
    size = sum(array.size for array in arrays)
    zeros = sum(int(array.size - np.count_nonzero(array)) for array in arrays)
    return zeros / size if size else 0.0


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
        for parameter, mask in self.pairs:
            parameter.data[~mask] = 0


def smallest(scores: Array, count: int) -> Array:
    """A bool mask that is False for the ``count`` smallest scores; of equal ones, the first go.

    >>> smallest(np.array([3.0, 1.0, 1.0, 2.0]), 1)
    array([ True, False,  True,  True])
    """
    kept = np.ones(scores.shape, bool)
    kept.reshape(-1)[np.argsort(scores, axis=None, kind="stable")[:count]] = False
    return kept


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
    check_amount(amount)
    if scope not in ("global", "layer"):
        raise ValueError(f"scope must be 'global' or 'layer', got {scope!r}")
    found = weights(module)
    if scope == "layer":
        return Masks(
            module, {n: smallest(np.abs(p.data), round(amount * p.data.size)) for n, p in found}
        )
    magnitudes = [np.abs(p.data).ravel() for _, p in found]
    together = np.concatenate([*magnitudes, np.zeros(0)])
    kept = smallest(together, round(amount * together.size))
    ends = np.cumsum([len(part) for part in magnitudes])
    parts = np.split(kept, ends)
    return Masks(module, {n: k.reshape(p.shape) for (n, p), k in zip(found, parts, strict=False)})


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
    check_amount(amount)
    parameters = dict(module.named_parameters())
    kept = {}
    for name, parameter in weights(module):
        norms = np.linalg.norm(parameter.data.reshape(len(parameter), -1), axis=1)  # (O,)
        outputs = smallest(norms, round(amount * len(norms)))
        kept[name] = np.broadcast_to(
            outputs.reshape(-1, *[1] * (parameter.ndim - 1)), parameter.shape
        )
        bias = f"{name.removesuffix('weight')}bias"
        if name.endswith("weight") and bias in parameters:
            kept[bias] = outputs
    return Masks(module, kept)


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
    largest = min(linear.weight.shape)
    if not 1 <= rank <= largest:
        raise ValueError(f"rank must be in [1, {largest}], got {rank}")
    left, values, right = np.linalg.svd(linear.weight.data, full_matrices=False)
    roots = np.sqrt(values[:rank])
    dtype, bias = linear.weight.dtype, linear.bias is not None
    first = Linear(linear.in_features, rank, bias=False, dtype=dtype)
    second = Linear(rank, linear.out_features, bias=bias, dtype=dtype)
    first.weight.data[...] = roots[:, None] * right[:rank]  # (rank, in)
    second.weight.data[...] = left[:, :rank] * roots  # (out, rank)
    if bias:
        second.bias.data[...] = linear.bias.data  # type: ignore[union-attr]  # both have one
    return Sequential(first, second)


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
    teacher = teacher.data if isinstance(teacher, Tensor) else np.asarray(teacher)
    if student.shape != teacher.shape:
        raise ValueError(f"student has shape {student.shape}, but teacher has {teacher.shape}")
    if not temperature > 0:
        raise ValueError(f"temperature must be above 0, got {temperature}")
    if not 0 <= alpha <= 1:
        raise ValueError(f"alpha must be in [0, 1], got {alpha}")
    target = softmax(teacher / temperature)  # (N, C) array
    logarithms = log_softmax(teacher / temperature)
    distance = (target * (logarithms - log_softmax(student / temperature))).sum() / len(target)
    return alpha * temperature**2 * distance + (1 - alpha) * cross_entropy(student, labels)


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
        out = np.zeros(self.shape, self.values.dtype)
        out[self.rows(), self.columns] = self.values
        return out

    def __matmul__(self, x: Array) -> Array:
        """The product with a matrix (columns, m): multiply only what is not 0.

        Returns:
            (rows, m) array.
        Raises:
            ValueError: the inner lengths differ; the message names both shapes.
        """
        x = np.asarray(x)
        if x.ndim != 2 or x.shape[0] != self.shape[1]:
            raise ValueError(f"matmul needs shapes (n, k) @ (k, m), got {self.shape} @ {x.shape}")
        out = np.zeros((self.shape[0], x.shape[1]), np.result_type(self.values, x))
        filled = np.flatnonzero(np.diff(self.starts))  # rows that have any value
        products = self.values[:, None] * x[self.columns]  # (values, m)
        out[filled] = np.add.reduceat(products, self.starts[filled], axis=0)
        return out


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
    x = x.data if isinstance(x, Tensor) else np.asarray(x)
    if x.ndim != 2:
        raise ValueError(f"x must have two axes, got shape {x.shape}")
    rows, columns = np.nonzero(x)
    starts = np.zeros(len(x) + 1, np.int32)
    starts[1:] = np.cumsum(np.bincount(rows, minlength=len(x)))
    return CSR(x[rows, columns], columns.astype(np.int32), starts, x.shape)
