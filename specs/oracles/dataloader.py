"""Oracles of 08 dataloader: plain loops over lists."""

from collections.abc import Sequence
from fractions import Fraction
from math import floor

import numpy as np
from numpy.typing import ArrayLike

from specs.arrays import Array


def batch_sizes(count: int, batch_size: int, drop_last: bool) -> list[int]:
    """How many items each batch of a pass has, counted one item at a time."""
    sizes: list[int] = []
    for item in range(count):
        if item % batch_size == 0:
            sizes.append(0)
        sizes[-1] += 1
    return [size for size in sizes if size == batch_size] if drop_last else sizes


def shares(count: int, fractions: Sequence[float | str]) -> list[int]:
    """How many of ``count`` items each fraction gets; what is left over goes to the first ones."""
    sizes = [floor(Fraction(str(fraction)) * count) for fraction in fractions]
    part = 0
    while sum(sizes) < count:
        sizes[part] += 1
        part += 1
    return sizes


def stack(rows: Sequence[ArrayLike]) -> Array:
    """Arrays or numbers one above the other; Python floats are float32."""
    first = np.asarray(rows[0])
    python = isinstance(rows[0], float) and not isinstance(rows[0], np.generic)
    out = np.empty((len(rows), *first.shape), np.float32 if python else first.dtype)
    for position, row in enumerate(rows):
        out[position] = row
    return out


def normalize(x: Array, mean: Sequence[float], std: Sequence[float]) -> Array:
    """(x - mean) / std of (..., C, H, W), pixel by pixel in float64."""
    out = np.empty(x.shape, np.float64)
    for place in np.ndindex(x.shape):
        channel = place[-3]
        out[place] = (float(x[place]) - mean[channel]) / std[channel]
    return out


def mirror(image: Array) -> Array:
    """Each row of (C, H, W) from right to left."""
    out = np.empty_like(image)
    width = image.shape[-1]
    for column in range(width):
        out[..., column] = image[..., width - 1 - column]
    return out


def windows(image: Array, size: tuple[int, int], padding: int) -> dict[tuple[int, int], Array]:
    """Every window of (C, H, W) with zeros around it: (top, left) to its pixels."""
    channels, height, width = image.shape
    padded = np.zeros((channels, height + 2 * padding, width + 2 * padding), image.dtype)
    padded[:, padding : padding + height, padding : padding + width] = image
    return {
        (top, left): padded[:, top : top + size[0], left : left + size[1]]
        for top in range(padded.shape[1] - size[0] + 1)
        for left in range(padded.shape[2] - size[1] + 1)
    }
