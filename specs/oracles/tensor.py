"""What tensor operations must give, by loops and counting."""

import numpy as np

from specs.arrays import Array, Shape


def arange(start: float, stop: float, step: float) -> list[float]:
    """Each number from start, step apart, as long as it is before stop."""
    values: list[float] = []
    while (start + len(values) * step - stop) * np.sign(step) < 0:
        values.append(start + len(values) * step)
    return values


def matmul(x: Array, y: Array) -> Array:
    """Sums of products; a vector is a row on the left and a column on the right."""
    if x.ndim == 1:
        return matmul(x[None, :], y)[..., 0, :] if y.ndim > 1 else matmul(x[None, :], y)[0]
    if y.ndim == 1:
        return matmul(x, y[:, None])[..., 0]
    stack = np.broadcast_shapes(x.shape[:-2], y.shape[:-2])
    x = np.broadcast_to(x, stack + x.shape[-2:])
    y = np.broadcast_to(y, stack + y.shape[-2:])
    out = np.zeros((*stack, x.shape[-2], y.shape[-1]), np.result_type(x, y))
    for i in range(x.shape[-2]):
        for j in range(y.shape[-1]):
            for k in range(x.shape[-1]):
                out[..., i, j] += x[..., i, k] * y[..., k, j]
    return out


def flattened(shape: Shape, start: int, end: int) -> Shape:
    """``shape`` with the axes from ``start`` to ``end``, both from the front, joined."""
    joined = 1
    for axis in range(start, end + 1):
        joined *= shape[axis]
    return (*shape[:start], joined, *shape[end + 1 :])


def squeezed(shape: Shape, dim: int | None) -> Shape:
    """``shape`` without its axes of length 1, or without axis ``dim`` if its length is 1."""
    if dim is None:
        return tuple(n for n in shape if n != 1)
    left = list(shape)
    if left[dim] == 1:
        del left[dim]
    return tuple(left)
