"""12 · Attention: every place of a sequence looks at the others and takes what it needs.

The lesson: tito docs 12
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import DTypeLike

from tinytorch import precision
from tinytorch.activations import softmax
from tinytorch.autograd import softmax_x
from tinytorch.layers import Linear, Module, Parameter
from tinytorch.primitive import Array, defvjp, primitive
from tinytorch.tensor import DEFAULT_DTYPE, Tensor, default_generator, linear


def causal_mask(queries: int, keys: int | None = None) -> Array:
    """Which places each place may look at, if none may look into the future.

    mask[i, j] is True where key j is no later than query i. With more keys than queries, the
    queries are the last places: the text before them is already known.

    Args:
        queries: how many places look.
        keys: how many places they can look at; by default as many as queries.
    Returns:
        (queries, keys) array of bool, a new one each time.
    Raises:
        ValueError: queries is below 1, or keys is below queries; the message names both numbers.

    >>> causal_mask(3).astype(int)
    array([[1, 0, 0],
           [1, 1, 0],
           [1, 1, 1]])
    >>> causal_mask(1, 3)
    array([[ True,  True,  True]])
    """
    raise NotImplementedError("12 attention: causal_mask")


def check_mask(mask: Tensor | Array, shape: tuple[int, ...]) -> Array:
    """Check that a mask is bool, broadcasts to the scores, and leaves each query something to look at."""
    mask = mask.data if isinstance(mask, Tensor) else np.asarray(mask)
    if mask.dtype != bool:
        raise TypeError(f"mask must be of dtype bool, got {mask.dtype}")
    try:
        fits = np.broadcast_shapes(mask.shape, shape) == shape
    except ValueError:
        fits = False
    if not fits:
        raise ValueError(f"mask of shape {mask.shape} does not fit scores of shape {shape}")
    if not mask.any(axis=-1).all():
        raise ValueError("mask leaves a query without any key to look at")
    return mask


@primitive
def masked_softmax(scores: Array, *, mask: Array) -> Array:
    """softmax along the last axis, as if each score where the mask is False were -∞.

    Args:
        scores: (…, T, S), floating.
        mask: bool, broadcasts to the scores; True somewhere in each row.
    Returns:
        Same shape and dtype as ``scores``; make no other array of that size. Exactly 0 where the
        mask is False, whatever the score there.

    >>> masked_softmax(np.array([[1.0, 1.0, 9.0]]), mask=np.array([True, True, False]))
    array([[0.5, 0.5, 0. ]])
    """
    raise NotImplementedError("12 attention: masked_softmax")


# A score that is hidden has a weight of 0, and so no gradient: the rule is that of softmax.
defvjp(masked_softmax, lambda g, ans, scores, *, mask: softmax_x(g, ans, scores))


def attention_weights(query: Tensor, key: Tensor, mask: Tensor | Array | None = None) -> Tensor:
    """How much each query looks at each key.

    softmax(query keyᵀ / √d) along the keys, with a score of -∞ where the mask is False

    Divided by √d, the scores are about as large as the vectors' elements for any d, so that softmax
    does not put everything on one key.

    Args:
        query: (…, T, d).
        key: (…, S, d).
        mask: bool, broadcasts to (…, T, S); True where a query may look. None: everywhere.
    Returns:
        (…, T, S); each row sums to one, and is 0 where the mask is False.
    Raises:
        ValueError: the shapes of ``query`` and ``key`` do not fit each other, and the message names both;
            the shape of the mask does not fit, and the message names it; or the mask leaves a query
            without a key, and the message names ``mask``.
        TypeError: the mask is not bool; the message names its dtype.

    >>> attention_weights(Tensor([[0.0, 0.0]]), Tensor([[1.0, 2.0], [3.0, 4.0]])).numpy()
    array([[0.5, 0.5]], dtype=float32)
    """
    raise NotImplementedError("12 attention: attention_weights")


def scaled_dot_product_attention(
    query: Tensor, key: Tensor, value: Tensor, mask: Tensor | Array | None = None
) -> Tensor:
    """For each query, a mean of the values, weighted by how well the query fits their keys.

    out = softmax(query keyᵀ / √d) value

    Args:
        query: (…, T, d).
        key: (…, S, d).
        value: (…, S, e).
        mask: as for `attention_weights`.
    Returns:
        (…, T, e).
    Raises:
        ValueError, TypeError: as `attention_weights`, or there are not as many values as keys, and
            the message names ``value`` and both shapes.
    """
    raise NotImplementedError("12 attention: scaled_dot_product_attention")


class MultiHeadAttention(Module):
    """Several attentions side by side, each on a part of the vectors, mixed at the end.

    Three learned matrices make queries, keys and values from the same sequence. Split them into
    heads, attend, join the heads again and multiply by a last matrix.

    Args:
        embed_dim: the length of each vector, D.
        num_heads: how many heads, H; it must divide embed_dim.
        bias: whether the products have a bias.
        generator: draws the first values; the default one (`manual_seed`) if None.
        dtype: of the parameters.
    Attributes:
        in_proj_weight: a Parameter (3 D, D): the matrices of queries, keys and values, in this order.
        in_proj_bias: a Parameter (3 D,), or None.
        out_proj: a Linear (D, D).
    Raises:
        ValueError: ``embed_dim`` or ``num_heads`` is below 1, and the message names it and its value; or
            num_heads does not divide embed_dim, and the message names both numbers.
    """

    embed_dim: int
    num_heads: int
    in_proj_weight: Parameter
    in_proj_bias: Parameter | None
    out_proj: Linear

    def __init__(
        self,
        embed_dim: int,
        num_heads: int,
        *,
        bias: bool = True,
        generator: np.random.Generator | None = None,
        dtype: DTypeLike = DEFAULT_DTYPE,
    ) -> None:
        """Check the sizes and draw the parameters.

        Draw in_proj_weight uniformly from ±√(6 / (D + 3 D)), after Glorot and Bengio (2010), then
        out_proj like any Linear; both biases begin as zeros.
        """
        raise NotImplementedError("12 attention: MultiHeadAttention.__init__")

    def project(self, x: Tensor) -> tuple[Tensor, ...]:
        """Queries, keys and values of each head, from a sequence (N, T, D).

        x Wᵀ + b with in_proj_weight and in_proj_bias makes all three in one product. Each is a third of
        its columns, split by `split_heads`.

        Returns:
            (query, key, value), each (N, H, T, D / H).
        """
        raise NotImplementedError("12 attention: MultiHeadAttention.project")

    def split_heads(self, x: Tensor) -> Tensor:
        """(N, T, D) → (N, H, T, D / H): head h gets the columns from h · D / H on."""
        raise NotImplementedError("12 attention: MultiHeadAttention.split_heads")

    def join_heads(self, x: Tensor) -> Tensor:
        """(N, H, T, D / H) → (N, T, D), which undoes `split_heads`."""
        raise NotImplementedError("12 attention: MultiHeadAttention.join_heads")

    def forward(self, x: Tensor, mask: Tensor | Array | None = None) -> Tensor:
        """Attend within each sequence.

        Args:
            x: (N, T, D).
            mask: bool, broadcasts to (N, H, T, T), so that each sequence and each head may have its own;
                `causal_mask` gives one for all. None: every place sees everything.
        Returns:
            (N, T, D).
        Raises:
            ValueError: ``x`` is not (N, T, D), and the message names D, the number, and the shape; or the
                mask does not fit, as in `attention_weights`.
        """
        raise NotImplementedError("12 attention: MultiHeadAttention.forward")

    def extra_repr(self) -> str:
        return f"{self.embed_dim}, num_heads={self.num_heads}"
