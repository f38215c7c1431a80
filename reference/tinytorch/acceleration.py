"""18 · Acceleration: the same results sooner, by vectors, tiles, fusion and batches."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from tinytorch.activations import GELU_CUBIC, SQRT_2_OVER_PI
from tinytorch.autograd import gelu_x
from tinytorch.primitive import Array, defvjp, in_blocks, primitive
from tinytorch.profiling import PER_ELEMENT
from tinytorch.spatial import (
    Size,
    check_image,
    conv2d_bias,
    conv2d_weight,
    conv2d_x,
    patches,
    windows,
)
from tinytorch.special import normal_cdf

TILE = 64
"""Rows and columns of a tile: three tiles of float32 are 48 KB, about the size of the L1 cache."""

BLOCK = 1 << 16
"""Elements that fused functions work on at a time: 256 KB of float32, which fits into the L2 cache."""


def check_matrices(x: Array, y: Array) -> None:
    """Check that two matrices fit each other: (n, k) and (k, m)."""
    if x.ndim != 2 or y.ndim != 2 or x.shape[1] != y.shape[0]:
        raise ValueError(f"x and y must be (n, k) and (k, m), got {x.shape} and {y.shape}")


def matmul_loops(x: Array, y: Array) -> Array:
    """The product of two matrices by definition: three loops, one number at a time.

    out[i, j] = Σ_l x[i, l] · y[l, j]

    Slow on purpose: it takes what Python takes for every single number. Everything else in
    this module is measured against loops like these.

    Args:
        x, y: (n, k) and (k, m) arrays.
    Returns:
        (n, m), of the dtype that x and y promote to.
    Raises:
        ValueError: shapes that do not fit; the message names both shapes.

    >>> matmul_loops(np.array([[1.0, 2.0]]), np.array([[3.0], [4.0]]))
    array([[11.]])
    """
    check_matrices(x, y)
    out = np.zeros((x.shape[0], y.shape[1]), np.result_type(x, y))
    for i in range(x.shape[0]):
        for j in range(y.shape[1]):
            for k in range(x.shape[1]):
                out[i, j] += x[i, k] * y[k, j]
    return out


def matmul_outer(x: Array, y: Array) -> Array:
    """The same product with one loop: a sum of k outer products, each of whole vectors.

    out = Σ_l x[:, l] ⊗ y[l, :]

    Args, Returns, Raises: as `matmul_loops`.

    >>> matmul_outer(np.array([[1.0, 2.0]]), np.array([[3.0], [4.0]]))
    array([[11.]])
    """
    check_matrices(x, y)
    out = np.zeros((x.shape[0], y.shape[1]), np.result_type(x, y))
    for k in range(x.shape[1]):
        out += x[:, k, None] * y[k]  # (n, 1) * (m,)
    return out


def matmul_tiled(x: Array, y: Array, tile: int = TILE) -> Array:
    """The same product tile by tile: each number in the cache is used ``tile`` times before it leaves.

    For each tile of the result, take the tiles of x in its rows and those of y in its columns, multiply them
    pair by pair, and add the products to the result in place. Tiles at the edges may be smaller.

    Args:
        x, y: (n, k) and (k, m) arrays.
        tile: rows and columns of a tile, at least 1.
    Returns:
        (n, m), of the dtype that x and y promote to. Make no other array larger than a tile.
    Raises:
        ValueError: shapes that do not fit, and the message names both; or ``tile`` is not an integer
            of at least 1, and the message names ``tile``.

    >>> matmul_tiled(np.eye(3), np.full((3, 2), 2.0), tile=2)
    array([[2., 2.],
           [2., 2.],
           [2., 2.]])
    """
    check_matrices(x, y)
    check_size(tile, "tile")
    (n, k), m = x.shape, y.shape[1]
    out = np.zeros((n, m), np.result_type(x, y))
    cuts = lambda size: [slice(start, start + tile) for start in range(0, size, tile)]
    for rows in cuts(n):
        for columns in cuts(m):
            part = out[rows, columns]
            for inner in cuts(k):
                part += x[rows, inner] @ y[inner, columns]
    return out


def memory_traffic(n: int, k: int, m: int, tile: int, itemsize: int = 4) -> int:
    """Bytes that a product of (n, k) and (k, m) moves to and from memory, tile by tile.

    Each tile of the result stays in the cache until it is finished, and is written once. Those of x and y
    are read for it, one after the other, and have left the cache when the next one needs them: each
    tile of x is read once for every column of tiles in the result, and each tile of y once for every row
    of them. Plain loops have a tile of 1.

    Args:
        n, k, m: of the shapes.
        tile: rows and columns of a tile, at least 1.
        itemsize: bytes of a number.
    Returns:
        An int.
    Raises:
        ValueError: ``tile`` is not an integer of at least 1; the message names it.

    >>> memory_traffic(100, 100, 100, tile=1), memory_traffic(100, 100, 100, tile=50)
    (8040000, 200000)
    """
    check_size(tile, "tile")
    rows, columns = -(-n // tile), -(-m // tile)  # of tiles, rounded up
    return itemsize * (n * k * columns + k * m * rows + n * m)


def check_size(size: int, name: str) -> None:
    """Check that a size is an integer of at least 1."""
    if not isinstance(size, (int, np.integer)) or isinstance(size, bool) or size < 1:
        raise ValueError(f"{name} must be an integer of at least 1, got {size!r}")


@primitive
def conv2d_fast(
    x: Array,
    weight: Array,
    bias: Array | None = None,
    *,
    stride: Size = 1,
    padding: Size = 0,
    relu: bool = False,
) -> Array:
    """Convolution, bias and relu in one go: each block of the result is finished while it is in the cache.

    relu(`conv2d`(x, weight, bias)), or without relu. Copy windows a block of images at a time
    (`windows` and `patches` of 09), multiply them by all kernels at once, and apply bias and relu
    to the products in place.

    Args:
        x: images, (N, C, H, W).
        weight: kernels, (O, C, KH, KW).
        bias: (O,), or None.
        stride, padding: numbers or pairs, as in `conv2d`.
        relu: whether negative results become 0.
    Returns:
        (N, O, OH, OW). Make no other array except one block of windows.
    Raises:
        ValueError: shapes that do not fit each other; the message names the one that does not fit, and
            ``bias`` if it is that.

    >>> conv2d_fast(np.ones((1, 1, 2, 2)), -np.ones((1, 1, 2, 2)), relu=True)
    array([[[[0.]]]])
    """
    check_image(x)
    if weight.ndim != 4 or weight.shape[1] != x.shape[1]:
        raise ValueError(f"weight must have C={x.shape[1]} channels as x has, got {weight.shape}")
    if bias is not None and bias.shape != weight.shape[:1]:
        raise ValueError(f"bias must have shape {weight.shape[:1]}, got {bias.shape}")
    seen = windows(x, weight.shape[2:], stride, padding)  # (N, OH, OW, KH, KW, C)
    kernels = weight.transpose(2, 3, 1, 0).reshape(-1, len(weight))  # (KH * KW * C, O)
    out = np.empty((*seen.shape[:3], len(weight)), np.result_type(x, weight))  # (N, OH, OW, O)
    for images, rows in patches(seen):
        block = out[images].reshape(len(rows), len(weight))
        np.matmul(rows, kernels, out=block)
        if bias is not None:
            block += bias
        if relu:
            np.maximum(block, 0, out=block)
    return out.transpose(0, 3, 1, 2)  # (N, O, OH, OW)


def conv2d_flops(arrays: Sequence[Any], params: Mapping[str, Any], ans: Array) -> int:
    """The count of conv2d plus that of relu, see `flops_of`: fusion saves memory traffic, not operations."""
    _, weight, *bias = arrays
    extra = (bool(bias) and bias[0] is not None) + params.get("relu", False)
    return (2 * weight[0].size + extra) * ans.size


conv2d_fast.flops = conv2d_flops


def let(g: Array, ans: Array, relu: bool) -> Array:
    """The part of a gradient that a relu lets through, if there was a relu: its result shows where."""
    return g * (ans > 0) if relu else g


defvjp(
    conv2d_fast,
    lambda g, ans, *a, relu=False, **sizes: conv2d_x(let(g, ans, relu), ans, *a, **sizes),
    lambda g, ans, *a, relu=False, **sizes: conv2d_weight(let(g, ans, relu), ans, *a, **sizes),
    lambda g, ans, *a, relu=False, **sizes: conv2d_bias(let(g, ans, relu), ans, *a, **sizes),
)


@primitive
def fused_linear_relu(x: Array, weight: Array, bias: Array) -> Array:
    """relu(x Wᵀ + b) in a single array: bias and relu are applied to the product in place.

    Args:
        x: (*, in_features).
        weight: (out_features, in_features).
        bias: (out_features,).
    Returns:
        (*, out_features). Make no other array of that size.
    Raises:
        ValueError: shapes that do not fit each other; the message names those of x and weight, or
            ``bias`` and its shape.

    >>> fused_linear_relu(np.ones((1, 2)), np.array([[1.0, 1.0], [-1.0, 0.0]]), np.zeros(2))
    array([[2., 0.]])
    """
    if x.ndim < 1 or weight.ndim != 2 or x.shape[-1] != weight.shape[1]:
        raise ValueError(
            f"x and weight must be (*, in) and (out, in), got {x.shape} and {weight.shape}"
        )
    if bias.shape != weight.shape[:1]:
        raise ValueError(f"bias must have shape {weight.shape[:1]}, got {bias.shape}")
    rows = x.reshape(-1, x.shape[-1])  # (n, in)
    out = rows @ weight.T  # (n, out)
    out += bias
    np.maximum(out, 0, out=out)
    return out.reshape(*x.shape[:-1], len(weight))


# A product and a sum for each feature, and one operation each for bias and relu.
fused_linear_relu.flops = lambda arrays, params, ans: (2 * arrays[1].shape[1] + 2) * ans.size


def linear_relu_weight(g: Array, ans: Array, x: Array, weight: Array, bias: Array) -> Array:
    """Each row of x adds its outer product with the gradients that pass the relu."""
    through = let(g, ans, True).reshape(-1, len(weight))  # (n, out)
    return through.T @ x.reshape(-1, x.shape[-1])  # (out, in)


defvjp(
    fused_linear_relu,
    lambda g, ans, x, weight, bias: let(g, ans, True) @ weight,
    linear_relu_weight,
    lambda g, ans, x, weight, bias: let(g, ans, True).reshape(-1, len(bias)).sum(axis=0),
)


@primitive
def fused_gelu(x: Array, *, approximate: str = "none") -> Array:
    """`gelu` in blocks: do all of its steps on one part of x before you touch the next part.

    x · Φ(x), with `normal_cdf` and `in_blocks`. Or, if ``approximate`` is "tanh",
    x / 2 · (1 + tanh(√(2/π) · (x + 0.044715 x³))), BLOCK elements at a time, each step overwriting the
    last one. There are as many steps as before, but memory is read once and written once.

    Args:
        x: any shape, floating.
        approximate: ``"none"`` or ``"tanh"``.
    Returns:
        Same shape and dtype as ``x``. Make nothing else larger than a few blocks.
    Raises:
        ValueError: ``approximate`` is something else; the message names it.

    >>> fused_gelu(np.array([-1.0, 0.0, 1.0])).round(4) + 0.0
    array([-0.1587,  0.    ,  0.8413])
    """
    if approximate not in ("none", "tanh"):
        raise ValueError(f"approximate must be 'none' or 'tanh', got {approximate!r}")
    if approximate == "none":
        return in_blocks(lambda part: part * normal_cdf(part), np.asarray(x, order="C"))
    out = np.empty(x.shape, x.dtype)
    flat, result = np.ascontiguousarray(x).reshape(-1), out.reshape(-1)
    for start in range(0, flat.size, BLOCK):
        part, inner = flat[start : start + BLOCK], result[start : start + BLOCK]
        np.multiply(part, part, out=inner)
        inner *= GELU_CUBIC
        inner += 1
        inner *= part
        inner *= SQRT_2_OVER_PI
        np.tanh(inner, out=inner)
        inner += 1
        inner *= part
        inner *= 0.5
    return out


fused_gelu.flops = lambda arrays, params, ans: PER_ELEMENT["gelu"] * ans.size
defvjp(fused_gelu, gelu_x)


class DynamicBatcher:
    """Collects requests into batches, and keeps none of them waiting too long.

    A large batch takes less time per request than a small one, but the first request waits for the
    others. So a batch leaves when it is full, or when its first request has waited for
    ``max_wait``, whichever comes first.

    Nothing here waits: the server calls `take` again and again, at `deadline` at the latest.

    Args:
        max_batch_size: the most requests in a batch, at least 1.
        max_wait: the most seconds that a request waits, 0 or more, and finite.
        clock: gives the time in seconds.
    Raises:
        ValueError: ``max_batch_size`` or ``max_wait`` is invalid, and the message names it and its value; or
            ``clock`` goes backward, and the message names ``clock``.

    >>> batcher = DynamicBatcher(2, max_wait=10.0)
    >>> for request in "abc":
    ...     batcher.add(request)
    >>> batcher.take(), batcher.take(), len(batcher)
    (['a', 'b'], [], 1)
    """

    max_batch_size: int
    max_wait: float
    clock: Callable[[], float]
    waiting: deque[tuple[float, Any]]
    latest: float

    def __init__(
        self, max_batch_size: int, max_wait: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Nothing waits yet."""
        check_size(max_batch_size, "max_batch_size")
        if not (np.isfinite(max_wait) and max_wait >= 0):
            raise ValueError(f"max_wait must be 0 or more, and finite, got {max_wait}")
        self.max_batch_size = max_batch_size
        self.max_wait = max_wait
        self.clock = clock
        self.waiting: deque[tuple[float, Any]] = deque()  # (arrival, request), the first one left
        self.latest = -np.inf

    def now(self) -> float:
        """The time; ValueError if it is earlier than the last time."""
        time = self.clock()
        if time < self.latest:
            raise ValueError(f"clock went backwards by {self.latest - time:g} s")
        self.latest = time
        return time

    def __len__(self) -> int:
        """How many requests wait."""
        return len(self.waiting)

    def add(self, request: Any) -> None:
        """Add a request, which waits from now on."""
        self.waiting.append((self.now(), request))

    @property
    def deadline(self) -> float | None:
        """When the next batch has to leave: None if nothing waits.

        If the batch is full, any time that is not later than now; else ``max_wait`` after the first arrival.
        """
        if not self.waiting:
            return None
        if len(self.waiting) >= self.max_batch_size:
            return self.waiting[self.max_batch_size - 1][0]
        return self.waiting[0][0] + self.max_wait

    def take(self) -> list[Any]:
        """The next batch if it is due, in the order of arrival; else an empty list."""
        if not self.waiting or self.now() < self.deadline:  # type: ignore[operator]  # not None
            return []
        return self.flush()

    def flush(self) -> list[Any]:
        """The next batch, whether or not it is due."""
        count = min(len(self.waiting), self.max_batch_size)
        return [self.waiting.popleft()[1] for _ in range(count)]
