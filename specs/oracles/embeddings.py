"""Embeddings by their definitions, one element at a time."""

import math

import numpy as np

from specs.arrays import Array


def one_hot(indices: Array, count: int) -> Array:
    """(*indices.shape, count) with a single 1 in each row."""
    found = np.zeros((indices.size, count))
    for row, index in enumerate(indices.ravel()):
        found[row, index] = 1
    return found.reshape(*indices.shape, count)


def scatter_add(g: Array, indices: Array, count: int) -> Array:
    """What each row of a table gets back, by a loop over all places."""
    total = np.zeros((count, g.shape[-1]))
    for index, row in zip(indices.ravel(), g.reshape(-1, g.shape[-1]), strict=True):
        total[index] += row
    return total


def wave(place: int, column: int, embedding_dim: int) -> float:
    """One element of the sinusoidal table."""
    angle = place / 10000 ** ((column - column % 2) / embedding_dim)
    return math.cos(angle) if column % 2 else math.sin(angle)
