"""Activations by their definitions, at float64, one element at a time."""

import math
from collections.abc import Callable

import numpy as np

from specs.arrays import Array


def each(function: Callable[[float], float], x: Array) -> Array:
    """``function`` of each element, as float64."""
    return np.array([function(float(v)) for v in x.ravel()], np.float64).reshape(x.shape)


def relu(x: Array) -> Array:
    return each(lambda v: v if v > 0 or math.isnan(v) else 0.0, x)


def sigmoid(x: Array) -> Array:
    # Where exp(-v) would overflow the result is 0 to the last bit.
    return each(lambda v: 0.0 if v < -700 else 1 / (1 + math.exp(-v)), x)


def tanh(x: Array) -> Array:
    return each(math.tanh, x)


def gelu(x: Array) -> Array:
    return each(lambda v: v / 2 * math.erfc(-v / math.sqrt(2)), x)


def gelu_tanh(x: Array) -> Array:
    def one(v: float) -> float:
        return v / 2 * (1 + math.tanh(math.sqrt(2 / math.pi) * (v + 0.044715 * v**3)))

    return each(one, x)


def softmax(x: Array, dim: int) -> Array:
    rows = np.moveaxis(x.astype(np.float64), dim, -1)
    out = np.empty_like(rows)
    for place in np.ndindex(rows.shape[:-1]):
        row = [float(v) for v in rows[place]]
        weights = [math.exp(v - max(row)) for v in row]
        out[place] = [w / math.fsum(weights) for w in weights]
    return np.moveaxis(out, -1, dim)
