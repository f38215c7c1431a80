"""18 · Acceleration: the same results sooner, by vectors, tiles, fusion and batches.

The lesson: tito docs 18
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from tinytorch.activations import GELU_CUBIC, SQRT_2_OVER_PI
from tinytorch.autograd import gelu_x
from tinytorch.primitive import Array, defvjp, in_blocks, primitive, todo
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
    raise NotImplementedError("18 acceleration: matmul_loops")


def matmul_outer(x: Array, y: Array) -> Array:
    """The same product with one loop: a sum of k outer products, each of whole vectors.

    out = Σ_l x[:, l] ⊗ y[l, :]

    Args, Returns, Raises: as `matmul_loops`.

    >>> matmul_outer(np.array([[1.0, 2.0]]), np.array([[3.0], [4.0]]))
    array([[11.]])
    """
    raise NotImplementedError("18 acceleration: matmul_outer")


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
    raise NotImplementedError("18 acceleration: matmul_tiled")


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
    raise NotImplementedError("18 acceleration: memory_traffic")


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
    raise NotImplementedError("18 acceleration: conv2d_fast")


def conv2d_flops(arrays: Sequence[Any], params: Mapping[str, Any], ans: Array) -> int:
    """The count of conv2d plus that of relu, see `flops_of`: fusion saves memory traffic, not operations."""
    _, weight, *bias = arrays
    extra = (bool(bias) and bias[0] is not None) + params.get("relu", False)
    return (2 * weight[0].size + extra) * ans.size


conv2d_fast.flops = conv2d_flops


def let(g: Array, ans: Array, relu: bool) -> Array:
    """The part of a gradient that a relu lets through, if there was a relu: its result shows where."""
    return g * (ans > 0) if relu else g


defvjp(conv2d_fast, todo("18 acceleration: gradient of conv2d_fast"),
                    todo("18 acceleration: gradient of conv2d_fast"),
                    todo("18 acceleration: gradient of conv2d_fast"))


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
    raise NotImplementedError("18 acceleration: fused_linear_relu")


# A product and a sum for each feature, and one operation each for bias and relu.
fused_linear_relu.flops = lambda arrays, params, ans: (2 * arrays[1].shape[1] + 2) * ans.size


def linear_relu_weight(g: Array, ans: Array, x: Array, weight: Array, bias: Array) -> Array:
    """Each row of x adds its outer product with the gradients that pass the relu."""
    raise NotImplementedError("18 acceleration: linear_relu_weight")


defvjp(fused_linear_relu, todo("18 acceleration: gradient of fused_linear_relu"),
                          todo("18 acceleration: gradient of fused_linear_relu"),
                          todo("18 acceleration: gradient of fused_linear_relu"))


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
    raise NotImplementedError("18 acceleration: fused_gelu")


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
        raise NotImplementedError("18 acceleration: DynamicBatcher.__init__")

    def now(self) -> float:
        """The time; ValueError if it is earlier than the last time."""
        raise NotImplementedError("18 acceleration: DynamicBatcher.now")

    def __len__(self) -> int:
        """How many requests wait."""
        return len(self.waiting)

    def add(self, request: Any) -> None:
        """Add a request, which waits from now on."""
        raise NotImplementedError("18 acceleration: DynamicBatcher.add")

    @property
    def deadline(self) -> float | None:
        """When the next batch has to leave: None if nothing waits.

        If the batch is full, any time that is not later than now; else ``max_wait`` after the first arrival.
        """
        raise NotImplementedError("18 acceleration: DynamicBatcher.deadline")

    def take(self) -> list[Any]:
        """The next batch if it is due, in the order of arrival; else an empty list."""
        raise NotImplementedError("18 acceleration: DynamicBatcher.take")

    def flush(self) -> list[Any]:
        """The next batch, whether or not it is due."""
        raise NotImplementedError("18 acceleration: DynamicBatcher.flush")
