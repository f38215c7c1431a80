"""Losses by their definitions, at float64, one element at a time."""

import math

import numpy as np

from specs.arrays import Array


def log_softmax(x: Array, dim: int) -> Array:
    rows = np.moveaxis(x.astype(np.float64), dim, -1)
    out = np.empty_like(rows)
    for place in np.ndindex(rows.shape[:-1]):
        row = [float(v) for v in rows[place]]
        largest = max(row)
        total = largest + math.log(math.fsum(math.exp(v - largest) for v in row))
        out[place] = [v - total for v in row]
    return np.moveaxis(out, -1, dim)


def cross_entropy(scores: Array, classes: Array) -> Array:
    """(N,) losses."""
    logs = log_softmax(scores, 1)
    return np.array([-logs[n, c] for n, c in enumerate(classes)])


def mse(prediction: Array, target: Array) -> Array:
    return (prediction.astype(np.float64) - target.astype(np.float64)) ** 2


def binary_cross_entropy(scores: Array, targets: Array) -> Array:
    """Losses from log p = -log(1 + exp(-x)), each logarithm taken where it is safe."""

    def log_sigmoid(v: float) -> float:
        return -math.log1p(math.exp(-v)) if v >= 0 else v - math.log1p(math.exp(v))

    def one(v: float, t: float) -> float:
        return -(t * log_sigmoid(v) + (1 - t) * log_sigmoid(-v))

    pairs = zip(scores.ravel(), targets.ravel(), strict=True)
    return np.array([one(float(v), float(t)) for v, t in pairs]).reshape(scores.shape)
