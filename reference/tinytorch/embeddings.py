"""11 · Embeddings: a vector for each token, and for each place in a text."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from tinytorch.arranging import check_indices as check_indices
from tinytorch.layers import Module, Parameter
from tinytorch.primitive import Array, defvjp, primitive
from tinytorch.tensor import DEFAULT_DTYPE, Tensor, default_generator


@primitive
def embedding(weight: Array, *, indices: Array) -> Array:
    """Look up rows of a table: row ``indices[i]`` for each i.

    The result is what one_hot(indices) @ weight would give, without the zeros.

    Args:
        weight: the table, (V, D).
        indices: integers in [0, V), any shape; never negative.
    Returns:
        (*indices.shape, D), a copy.

    >>> embedding(np.array([[0.0, 1.0], [2.0, 3.0]]), indices=np.array([1, 1, 0]))
    array([[2., 3.],
           [2., 3.],
           [0., 1.]])
    """
    return weight[indices]


def embedding_weight(g: Array, ans: Array, weight: Array, *, indices: Array) -> Array:
    """The gradient of the table: each row gets the sum of g over all places that looked it up.

    A row that was looked up twice gets two shares, one that was not gets zeros. `np.add.at` does this,
    slowly. It is several times as fast to sort the places by row and sum each run with `np.add.reduceat`.
    """
    total = np.zeros(weight.shape, g.dtype)
    rows = indices.ravel()
    if rows.size:
        order = np.argsort(rows, kind="stable")
        ordered = rows[order]
        starts = np.flatnonzero(np.diff(ordered, prepend=-1))  # where each run of equal rows begins
        total[ordered[starts]] = np.add.reduceat(g.reshape(rows.size, -1)[order], starts, axis=0)
    return total


defvjp(embedding, embedding_weight)


class Embedding(Module):
    """A table with a learned vector for each token.

    Args:
        num_embeddings: how many tokens there are, V.
        embedding_dim: the length of each vector, D.
        generator: draws the first values; the default one (`manual_seed`) if None.
        dtype: of the table.
    Attributes:
        weight: the table, a Parameter (V, D), at first drawn from a normal distribution of mean 0
            and deviation 1.
    Raises:
        ValueError: ``num_embeddings`` or ``embedding_dim`` is below 1; the message names it and its
            value.
    """

    weight: Parameter

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        *,
        generator: np.random.Generator | None = None,
        dtype: DTypeLike = DEFAULT_DTYPE,
    ) -> None:
        """Check the sizes and draw the table."""
        sizes = {"num_embeddings": num_embeddings, "embedding_dim": embedding_dim}
        for name, size in sizes.items():
            if size < 1:
                raise ValueError(f"{name} must be at least 1, got {size}")
        generator = generator or default_generator()
        drawn = generator.standard_normal((num_embeddings, embedding_dim))
        self.weight = Parameter(drawn.astype(dtype))

    def forward(self, indices: Tensor | ArrayLike) -> Tensor:
        """The vector of each token.

        Args:
            indices: token ids in [0, V), a Tensor, array or list of any shape.
        Returns:
            (*indices.shape, D).
        Raises:
            IndexError: an id is not in [0, V); the message names it.
            TypeError: indices are not integers.
        """
        return embedding(self.weight, indices=check_indices(indices, len(self.weight)))

    def extra_repr(self) -> str:
        return f"{self.weight.shape[0]}, {self.weight.shape[1]}"


def sinusoids(length: int, embedding_dim: int, dtype: DTypeLike = DEFAULT_DTYPE) -> Array:
    """A vector for each place, of waves from short to long.

    table[p, 2 i] = sin(p / 10000^(2 i / D)) and table[p, 2 i + 1] = cos(p / 10000^(2 i / D))

    One step in the text rotates each pair (sin, cos) by its own angle, so that "three places
    earlier" is the same rotation everywhere. From "Attention is all you need" (2017).

    Args:
        length: how many places.
        embedding_dim: D, even and at least 2.
        dtype: of the table; the angles are computed in float64.
    Returns:
        (length, D) array.
    Raises:
        ValueError: ``length`` is below 1, or ``embedding_dim`` is odd or below 2; the message names it.

    >>> sinusoids(2, 2).round(2)
    array([[0.  , 1.  ],
           [0.84, 0.54]], dtype=float32)
    """
    if length < 1:
        raise ValueError(f"length must be at least 1, got {length}")
    if embedding_dim < 2 or embedding_dim % 2:
        raise ValueError(f"embedding_dim must be even and at least 2, got {embedding_dim}")
    frequencies = 10000.0 ** (-np.arange(0, embedding_dim, 2) / embedding_dim)  # (D / 2,)
    angles = np.arange(length)[:, None] * frequencies  # (length, D / 2)
    table = np.empty((length, embedding_dim), dtype)
    table[:, 0::2] = np.sin(angles)
    table[:, 1::2] = np.cos(angles)
    return table


class PositionalEncoding(Module):
    """Adds to each vector of a sequence another one that says where it is.

    Args:
        embedding_dim: the length of each vector, D.
        max_length: the longest sequence.
        kind: "sinusoidal" for the fixed `sinusoids`, "learned" for a table that is trained.
        generator: draws a learned table; the default one if None.
        dtype: of the table.
    Attributes:
        weight: a Tensor (max_length, D). A learned one is a Parameter, at first drawn from a normal
            distribution of mean 0 and deviation 0.02; fixed ones are not a parameter and not saved.
    Raises:
        ValueError: ``kind`` is something else, ``max_length`` is below 1, or ``embedding_dim`` does not
            fit. The message names the argument, and the value of the last two.
    """

    kind: str
    weight: Tensor

    def __init__(
        self,
        embedding_dim: int,
        max_length: int,
        kind: str = "sinusoidal",
        *,
        generator: np.random.Generator | None = None,
        dtype: DTypeLike = DEFAULT_DTYPE,
    ) -> None:
        """Check the arguments and make the table."""
        if kind not in ("sinusoidal", "learned"):
            raise ValueError(f"kind must be 'sinusoidal' or 'learned', got {kind!r}")
        if max_length < 1:
            raise ValueError(f"max_length must be at least 1, got {max_length}")
        if embedding_dim < 1:
            raise ValueError(f"embedding_dim must be at least 1, got {embedding_dim}")
        self.kind = kind
        if kind == "sinusoidal":
            self.weight = Tensor(sinusoids(max_length, embedding_dim, dtype))
        else:
            generator = generator or default_generator()
            drawn = 0.02 * generator.standard_normal((max_length, embedding_dim))
            self.weight = Parameter(drawn.astype(dtype))

    def forward(self, x: Tensor, start: int = 0) -> Tensor:
        """Add the vectors of the places start, start + 1, … to a sequence.

        Args:
            x: (N, T, D) or (T, D).
            start: the place of the first vector, for a text that continues.
        Returns:
            Same shape as ``x``.
        Raises:
            ValueError: the last axis is not D, and the message names D, the number, and the shape;
                start is negative, and the message names its value; or the sequence extends beyond
                max_length, and the message names ``max_length``, its value and the place of the end.
        """
        max_length, embedding_dim = self.weight.shape
        if x.ndim < 2 or x.shape[-1] != embedding_dim:
            raise ValueError(f"x must have shape (*, T, D={embedding_dim}), got {x.shape}")
        end = start + x.shape[-2]
        if start < 0 or end > max_length:
            raise ValueError(
                f"a sequence from place {start} to {end} does not fit into max_length {max_length}"
            )
        return x + self.weight[start:end]

    def extra_repr(self) -> str:
        return f"{self.weight.shape[1]}, max_length={self.weight.shape[0]}, kind={self.kind!r}"
