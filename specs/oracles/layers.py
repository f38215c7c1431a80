"""Layers by their definitions, with loops."""

import numpy as np

from specs.arrays import Array


def linear(x: Array, weight: Array, bias: Array | None) -> Array:
    """x Wᵀ + b at float64, one output at a time."""
    rows = x.reshape(-1, x.shape[-1]).astype(np.float64)
    out = np.zeros((len(rows), len(weight)))
    for n, row in enumerate(rows):
        for o, weights in enumerate(weight):
            out[n, o] = sum(float(a) * float(b) for a, b in zip(row, weights, strict=True))
            out[n, o] += 0.0 if bias is None else float(bias[o])
    return out.reshape(*x.shape[:-1], len(weight))
