"""`nn.MultiheadAttention`: the layer of 12 with PyTorch's arguments and results.

Given, not an exercise.
"""

from __future__ import annotations

import math
from importlib import import_module
from typing import Any

import numpy as np

from tinytorch.arranging import masked_fill, raw
from tinytorch.attention import MultiHeadAttention
from tinytorch.instead import refuse


class MultiheadAttention(MultiHeadAttention):
    """Attention from one sequence to another, in several heads, with the parameters of 12.

    Args:
        embed_dim: the length of each vector, D.
        num_heads: how many heads, H; it must divide embed_dim.
        dropout: not offered; it must be 0.
        bias: whether the projections have a bias.
        batch_first: whether sequences are (N, T, D) instead of (T, N, D).
    """

    def __init__(
        self,
        embed_dim: int,
        num_heads: int,
        dropout: float = 0.0,
        bias: bool = True,
        *,
        batch_first: bool = False,
    ) -> None:
        """Refuse dropout and make the parameters."""
        if dropout:
            refuse("MultiheadAttention(dropout=…)", "use nn.Dropout on its result")
        super().__init__(embed_dim, num_heads, bias=bias)
        self.batch_first = batch_first

    def part(self, x: Any, third: int) -> Any:
        """The query (0), key (1) or value (2), split into heads: (N, T, D) to (N, H, T, D / H)."""
        rows = slice(third * self.embed_dim, (third + 1) * self.embed_dim)
        out = x @ self.in_proj_weight[rows].T  # (N, T, D)
        if self.in_proj_bias is not None:
            out = out + self.in_proj_bias[rows]
        return out.reshape(*out.shape[:2], self.num_heads, -1).permute(0, 2, 1, 3)

    def forward(  # type: ignore[override]  # PyTorch's, not that of 12
        self,
        query: Any,
        key: Any,
        value: Any,
        key_padding_mask: Any = None,
        need_weights: bool = True,
        attn_mask: Any = None,
        average_attn_weights: bool = True,
        is_causal: bool = False,
    ) -> tuple[Any, Any]:
        """(result, weights); the weights are None unless you ask for them.

        Args:
            query, key, value: (T, N, D), (S, N, D) and (S, N, D), or with the batch first.
            key_padding_mask: bool, (N, S), True where a query must **not** attend to a key.
            attn_mask: bool, (T, S) or (N · H, T, S), True where a query must **not** attend to a key;
                or floats, which are added to the scores.
            average_attn_weights: whether the weights are the mean over the heads.
            is_causal: says that attn_mask is causal; attn_mask is required nevertheless.
        Raises:
            ValueError: query does not have three axes, or is_causal comes without attn_mask.
        """
        if not query.ndim == key.ndim == value.ndim == 3:
            raise ValueError(f"query must have three axes, got shape {query.shape}: use unsqueeze")
        if is_causal and attn_mask is None:
            raise ValueError("is_causal needs attn_mask: use torch.ones(T, T).triu(1).bool()")
        if not self.batch_first:
            query, key, value = (x.transpose(0, 1) for x in (query, key, value))
        q, k, v = self.part(query, 0), self.part(key, 1), self.part(value, 2)
        scores = q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1])  # (N, H, T, S)
        for mask in (
            attn_mask,
            None if key_padding_mask is None else raw(key_padding_mask)[:, None, None],
        ):
            if mask is None:
                continue
            mask = raw(mask)
            mask = mask.reshape(scores.shape) if mask.ndim == 3 else mask
            scores = masked_fill(scores, mask, -np.inf) if mask.dtype == np.bool_ else scores + mask
        weights = import_module("tinytorch.activations").softmax(scores, dim=-1)
        joined = (weights @ v).permute(0, 2, 1, 3)
        out = self.out_proj(joined.reshape(*joined.shape[:2], self.embed_dim))
        if not self.batch_first:
            out = out.transpose(0, 1)
        if not need_weights:
            return out, None
        return out, weights.mean(1) if average_attn_weights else weights
