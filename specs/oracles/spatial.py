"""Convolution, pooling and batch statistics as loops, one output at a time."""

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np

from specs.arrays import Array

Numbers = Array | Sequence[float]
Size = int | tuple[int, int]
Place = tuple[int, int, int]


def both(size: Size) -> tuple[int, int]:
    return size if isinstance(size, tuple) else (size, size)


def places(
    x: Array, kernel_size: Size, stride: Size, padding: Size, fill: float
) -> Iterator[tuple[int, int, Array]]:
    """Yield (i, j, window): for each output place what its window sees, (N, C, KH, KW)."""
    (kh, kw), (down, right), (top, left) = both(kernel_size), both(stride), both(padding)
    wide = ((0, 0), (0, 0), (top, top), (left, left))
    padded = np.pad(x.astype(np.float64), wide, constant_values=fill)
    for i, y in enumerate(range(0, padded.shape[2] - kh + 1, down)):
        for j, z in enumerate(range(0, padded.shape[3] - kw + 1, right)):
            yield i, j, padded[:, :, y : y + kh, z : z + kw]


def conv2d(
    x: Array, weight: Array, bias: Array | None = None, stride: Size = 1, padding: Size = 0
) -> Array:
    out = {}
    for i, j, window in places(x, weight.shape[2:], stride, padding, 0):
        for o, kernel in enumerate(weight.astype(np.float64)):
            out[i, j, o] = (window * kernel).sum(axis=(1, 2, 3))
            out[i, j, o] = out[i, j, o] + (0 if bias is None else float(bias[o]))
    return gather(out, len(x))


def pool(
    x: Array,
    kernel_size: Size,
    stride: Size | None,
    padding: Size,
    fill: float,
    summary: Callable[[Array], Array],
) -> Array:
    stride = kernel_size if stride is None else stride
    out = {}
    for i, j, window in places(x, kernel_size, stride, padding, fill):
        for c in range(x.shape[1]):
            out[i, j, c] = summary(window[:, c].reshape(len(x), -1))
    return gather(out, len(x))


def max_pool2d(x: Array, kernel_size: Size, stride: Size | None = None, padding: Size = 0) -> Array:
    return pool(x, kernel_size, stride, padding, -np.inf, lambda rows: rows.max(axis=1))


def avg_pool2d(x: Array, kernel_size: Size, stride: Size | None = None, padding: Size = 0) -> Array:
    return pool(x, kernel_size, stride, padding, 0, lambda rows: rows.mean(axis=1))


def gather(out: Mapping[Place, Array], n: int) -> Array:
    """(N, channels, rows, columns) from a dict of (row, column, channel) to (N,)."""
    rows, columns, channels = (max(key[axis] for key in out) + 1 for axis in range(3))
    result = np.zeros((n, channels, rows, columns))
    for (i, j, c), values in out.items():
        result[:, c, i, j] = values
    return result


def batch_norm(
    x: Array, weight: Numbers, bias: Numbers, mean: Array, var: Array, eps: float
) -> Array:
    out = np.empty(x.shape)
    for c in range(x.shape[1]):
        normal = (x[:, c].astype(np.float64) - float(mean[c])) / np.sqrt(float(var[c]) + eps)
        out[:, c] = normal * float(weight[c]) + float(bias[c])
    return out
