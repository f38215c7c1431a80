"""What 18 makes fast, as slow as it can be: one number at a time."""

import numpy as np

from specs.arrays import Array


def conv2d_loops(x: Array, weight: Array, bias: Array, stride: int = 1, padding: int = 0) -> Array:
    """Convolution as seven loops."""
    n, c, height, width = x.shape
    o, _, kh, kw = weight.shape
    padded = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    rows = (height + 2 * padding - kh) // stride + 1
    columns = (width + 2 * padding - kw) // stride + 1
    out = np.zeros((n, o, rows, columns), x.dtype)
    for place in np.ndindex(out.shape):
        image, kernel, i, j = place
        total = float(bias[kernel])
        for channel in range(c):
            for k in range(kh):
                for m in range(kw):
                    pixel = padded[image, channel, i * stride + k, j * stride + m]
                    total += float(pixel) * float(weight[kernel, channel, k, m])
        out[place] = total
    return out


def linear_relu(x: Array, weight: Array, bias: Array) -> Array:
    """As one would write it: a product, a sum and a maximum, each an array of its own."""
    return np.maximum(x @ weight.T + bias, 0)


def gelu(x: Array) -> Array:
    """The formula as one would write it: each step reads and writes the whole array."""
    half, cubic, scale = (x.dtype.type(v) for v in (0.5, 0.044715, np.sqrt(2 / np.pi)))
    return half * x * (1 + np.tanh(scale * (x + cubic * x * x * x)))


def numbers_moved(n: int, k: int, m: int, tile: int) -> int:
    """Walk over the tiles of a product, and count the numbers that are read and written."""

    def cut(size: int) -> list[range]:
        return [range(s, min(s + tile, size)) for s in range(0, size, tile)]

    moved = 0
    for rows in cut(n):
        for columns in cut(m):
            for inner in cut(k):
                moved += len(rows) * len(inner) + len(inner) * len(columns)
            moved += len(rows) * len(columns)
    return moved
