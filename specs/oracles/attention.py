"""Attention by its definition: loops over places, and over heads."""

import numpy as np

from specs.arrays import Array, State


def weights(query: Array, key: Array, mask: Array | None = None) -> Array:
    """(T, S) for two matrices of vectors."""
    table = np.zeros((len(query), len(key)))
    for i, q in enumerate(query):
        seen = [j for j in range(len(key)) if mask is None or mask[i, j]]
        scores = np.array([np.dot(q, key[j]) / len(q) ** 0.5 for j in seen], np.float64)
        shares = np.exp(scores - max(scores))
        table[i, seen] = shares / shares.sum()
    return table


def attention(query: Array, key: Array, value: Array, mask: Array | None = None) -> Array:
    """(T, e): the weighted means of the values."""
    return weights(query, key, mask) @ value


def multi_head(x: Array, state: State, heads: int, mask: Array | None = None) -> Array:
    """(N, T, D), one sequence and one head after the other, from a state dict.

    The mask is (T, T), or (H, T, T) with one for each head.
    """
    n, length, d = x.shape
    weight, bias = state["in_proj_weight"], state.get("in_proj_bias", np.zeros(3 * d))
    width = d // heads
    out = np.zeros((n, length, d))
    for sequence in range(n):
        for head in range(heads):
            columns = [slice(k * d + head * width, k * d + (head + 1) * width) for k in range(3)]
            q, k, v = (x[sequence] @ weight[rows].T + bias[rows] for rows in columns)
            seen = mask[head] if mask is not None and mask.ndim == 3 else mask
            out[sequence, :, head * width : (head + 1) * width] = attention(q, k, v, seen)
    return out @ state["out_proj.weight"].T + state.get("out_proj.bias", np.zeros(d))
