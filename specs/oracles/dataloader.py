"""Oracles of 08 dataloader: plain loops over lists."""

from fractions import Fraction
from math import floor

import numpy as np


def batch_sizes(count, batch_size, drop_last):
    """How many items each batch of a pass has, counted one item at a time."""
    sizes = []
    for item in range(count):
        if item % batch_size == 0:
            sizes.append(0)
        sizes[-1] += 1
    return [size for size in sizes if size == batch_size] if drop_last else sizes


def shares(count, fractions):
    """How many of ``count`` items each fraction gets; what is left over goes to the first ones."""
    sizes = [floor(Fraction(fraction) * count) for fraction in fractions]
    part = 0
    while sum(sizes) < count:
        sizes[part] += 1
        part += 1
    return sizes


def stack(rows):
    """Arrays or numbers one above the other; Python floats are float32."""
    first = np.asarray(rows[0])
    python = isinstance(rows[0], float) and not isinstance(rows[0], np.generic)
    out = np.empty((len(rows), *first.shape), np.float32 if python else first.dtype)
    for position, row in enumerate(rows):
        out[position] = row
    return out


def normalize(x, mean, std):
    """(x - mean) / std of (..., C, H, W), pixel by pixel in float64."""
    out = np.empty(x.shape, np.float64)
    for place in np.ndindex(x.shape):
        channel = place[-3]
        out[place] = (float(x[place]) - mean[channel]) / std[channel]
    return out


def mirror(image):
    """Each row of (C, H, W) from right to left."""
    out = np.empty_like(image)
    width = image.shape[-1]
    for column in range(width):
        out[..., column] = image[..., width - 1 - column]
    return out


def windows(image, size, padding):
    """Every window of (C, H, W) with zeros around it: (top, left) to its pixels."""
    channels, height, width = image.shape
    padded = np.zeros((channels, height + 2 * padding, width + 2 * padding), image.dtype)
    padded[:, padding : padding + height, padding : padding + width] = image
    return {
        (top, left): padded[:, top : top + size[0], left : left + size[1]]
        for top in range(padded.shape[1] - size[0] + 1)
        for left in range(padded.shape[2] - size[1] + 1)
    }
