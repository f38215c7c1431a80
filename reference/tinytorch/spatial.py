"""09 · Spatial: convolution, pooling and batch normalization for images."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from tinytorch.layers import Buffer, Module, Parameter
from tinytorch.precision import in_single, mean_along, single, sum_along
from tinytorch.primitive import Array, check_floating, defvjp, keep, primitive
from tinytorch.tensor import Tensor, default_generator

Size = int | tuple[int, int]
"""For height and width: one number for both, or a pair."""

BLOCK_BYTES = 1 << 20
"""Patches are copied in blocks of about this size, so that they stay in the cache until multiplied."""


def pair(size: Size, name: str) -> tuple[int, int]:
    """A size for (height, width): one number means both.

    >>> pair(3, "stride"), pair((2, 1), "stride")
    ((3, 3), (2, 1))
    """
    sizes = tuple(size) if isinstance(size, (tuple, list)) else (size, size)
    whole = all(isinstance(n, (int, np.integer)) and not isinstance(n, bool) for n in sizes)
    if len(sizes) != 2 or not whole:
        raise TypeError(f"{name} must be an integer or a pair of them, got {size!r}")
    return sizes


def output_size(
    size: tuple[int, int], kernel_size: Size, stride: Size, padding: Size
) -> tuple[int, int]:
    """(height, width) of what a window of ``kernel_size`` sees as it moves over an image.

    ⌊(size + 2 padding - kernel_size) / stride⌋ + 1, for height and width. Where the stride does not
    divide evenly, no window sees the rows and columns left over at the end, as in PyTorch.

    Args:
        size: (height, width) of the image.
        kernel_size, stride, padding: numbers, or pairs for (height, width).
    Raises:
        TypeError: one of them is not an integer or a pair; the message names it, see `pair`.
        ValueError: ``stride`` or ``kernel_size`` is below 1, ``padding`` is negative, or the kernel
            is larger than the padded image. The message names the argument and its value.

    >>> output_size((32, 32), 3, stride=2, padding=1)
    (16, 16)
    """
    kernel_size, stride = pair(kernel_size, "kernel_size"), pair(stride, "stride")
    padding = pair(padding, "padding")
    if min(stride) < 1:
        raise ValueError(f"stride must be at least 1, got {stride}")
    if min(kernel_size) < 1:
        raise ValueError(f"kernel_size must be at least 1, got {kernel_size}")
    if min(padding) < 0:
        raise ValueError(f"padding must not be negative, got {padding}")
    padded = tuple(n + 2 * p for n, p in zip(size, padding, strict=True))
    if kernel_size[0] > padded[0] or kernel_size[1] > padded[1]:
        raise ValueError(f"kernel_size {kernel_size} is larger than the padded image {padded}")
    rows, columns = ((n - k) // s + 1 for n, k, s in zip(padded, kernel_size, stride, strict=True))
    return rows, columns


def check_image(x: Tensor | Array, name: str = "input") -> None:
    """Images come as (N, C, H, W), floating."""
    if x.ndim != 4:
        raise ValueError(f"{name} must have shape (N, C, H, W), got {x.shape}")
    check_floating(x, name)


def windows(x: Array, kernel_size: Size, stride: Size, padding: Size, fill: float = 0) -> Array:
    """Every window of a batch of images, without copying them.

    Args:
        x: images, (N, C, H, W).
        kernel_size, stride, padding: numbers, or pairs for (height, width).
        fill: what to fill the padding with.
    Returns:
        (N, OH, OW, KH, KW, C), a read-only view of the padded images: without padding, of ``x``
        itself. Channels come last.

    >>> windows(np.arange(9.0).reshape(1, 1, 3, 3), 2, stride=1, padding=0)[0, 1, 0, :, :, 0]
    array([[3., 4.],
           [6., 7.]])
    """
    output_size(x.shape[2:], kernel_size, stride, padding)
    (rows, columns), (top, left) = pair(stride, "stride"), pair(padding, "padding")
    images = x.transpose(0, 2, 3, 1)  # (N, H, W, C)
    if top or left:
        n, height, width, channels = images.shape
        padded = np.full((n, height + 2 * top, width + 2 * left, channels), fill, x.dtype)
        padded[:, top : top + height, left : left + width] = images
        images = padded
    seen = sliding_window_view(images, pair(kernel_size, "kernel_size"), axis=(1, 2))
    return seen[:, ::rows, ::columns].transpose(0, 1, 2, 4, 5, 3)  # (N, OH, OW, KH, KW, C)


def patches(seen: Array) -> Iterator[tuple[slice, Array]]:
    """Windows as rows of a matrix, one block of images at a time.

    Yields (images, matrix): a slice of N, and their windows as (images * OH * OW, KH * KW * C). A block has
    as many images as fill about ``BLOCK_BYTES``, at least one, and the next block overwrites its matrix. All
    windows of a batch are KH * KW times as large as the images; a block of them stays in the cache.
    """
    n, *window = seen.shape
    size = int(np.prod(window)) * seen.itemsize
    count = max(1, min(n, BLOCK_BYTES // max(1, size)))
    block = np.empty((count, *window), seen.dtype)
    width = int(np.prod(window[2:]))
    for start in range(0, n, count):
        images = slice(start, min(start + count, n))
        filled = block[: images.stop - start]
        np.copyto(filled, seen[images])
        yield images, filled.reshape(-1, width)


@primitive
def conv2d(
    x: Array, weight: Array, bias: Array | None = None, *, stride: Size = 1, padding: Size = 0
) -> Array:
    """Slide kernels over images (cross-correlation, as in every framework).

    out[n, o, i, j] = bias[o] + Σ_{c, k, l} weight[o, c, k, l] · padded[n, c, i·stride + k, j·stride + l]

    Args:
        x: images, (N, C, H, W).
        weight: kernels, (O, C, KH, KW).
        bias: (O,), or None.
        stride: how far a window moves, a number or a pair.
        padding: how many zeros surround the image on each side, a number or a pair.
    Returns:
        (N, O, OH, OW) with `output_size`, in the dtype of ``x`` and ``weight``.
    Raises:
        ValueError: shapes that do not fit each other, and the message names both (for a bias
            its shape and (O,)); or a kernel larger than the padded image, and the message names its size.
        TypeError: ``x`` is not floating, see `check_image`.

    One matrix product does it: each window is a row, each kernel a column. Copy windows in blocks
    (`patches`) and keep channels last in memory.

    >>> conv2d(np.ones((1, 1, 3, 3)), np.ones((1, 1, 2, 2)))
    array([[[[4., 4.],
             [4., 4.]]]])
    """
    check_image(x)
    if weight.ndim != 4 or weight.shape[1] != x.shape[1]:
        raise ValueError(
            f"weight must have shape (O, C, KH, KW) with C = {x.shape[1]} as input {x.shape} has,"
            f" got {weight.shape}"
        )
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
    return out.transpose(0, 3, 1, 2)  # (N, O, OH, OW)


def conv2d_x(
    g: Array,
    ans: Array,
    x: Array,
    weight: Array,
    bias: Array | None = None,
    *,
    stride: Size = 1,
    padding: Size = 0,
) -> Array:
    """The gradient of the images: a convolution of ``g`` with the kernels rotated by 180 degrees.

    Each pixel gets back, from every window that saw it, g times the weight that multiplied it there.
    With a stride, first put zeros between the elements of ``g``.
    """
    n, _, height, width = x.shape
    o, _, kh, kw = weight.shape
    (down, right), (top, left) = pair(stride, "stride"), pair(padding, "padding")
    # Room for `g` spread out by the stride, and for the windows that reach over its edges.
    spread = np.zeros((n, height + 2 * top + kh - 1, width + 2 * left + kw - 1, o), g.dtype)
    rows, columns = g.shape[2:]
    inside = (
        slice(kh - 1, kh - 1 + rows * down, down),
        slice(kw - 1, kw - 1 + columns * right, right),
    )
    spread[:, *inside] = g.transpose(0, 2, 3, 1)
    seen = spread[:, top : top + height + kh - 1, left : left + width + kw - 1].transpose(
        0, 3, 1, 2
    )
    turned = weight[:, :, ::-1, ::-1].transpose(1, 0, 2, 3)  # (C, O, KH, KW)
    return conv2d(seen, turned)  # (N, C, H, W)


def conv2d_weight(
    g: Array,
    ans: Array,
    x: Array,
    weight: Array,
    bias: Array | None = None,
    *,
    stride: Size = 1,
    padding: Size = 0,
) -> Array:
    """The gradient of the kernels: for each weight, Σ of g times the pixels that it multiplied."""
    o, c, kh, kw = weight.shape
    seen = windows(x, (kh, kw), stride, padding)
    g = np.ascontiguousarray(g.transpose(0, 2, 3, 1))  # (N, OH, OW, O)
    total = np.zeros((kh * kw * c, o), weight.dtype)
    for images, rows in patches(seen):
        total += rows.T @ g[images].reshape(len(rows), o)
    return total.reshape(kh, kw, c, o).transpose(3, 2, 0, 1)  # (O, C, KH, KW)


def conv2d_bias(
    g: Array,
    ans: Array,
    x: Array,
    weight: Array,
    bias: Array | None = None,
    *,
    stride: Size = 1,
    padding: Size = 0,
) -> Array:
    """The gradient of the bias: it is added at every place of every image."""
    return sum_along(g, (0, 2, 3))  # (O,)


defvjp(conv2d, conv2d_x, conv2d_weight, conv2d_bias)


def taps(x: Array, kernel_size: tuple[int, int], stride: tuple[int, int]) -> Iterator[Array]:
    """For each position in the window, the elements of ``x`` that it sees: views, (N, C, OH, OW).

    A window of 2×2 has four of them: a maximum or a sum over windows is one over these four
    arrays, without any copy of the windows.
    """
    rows, columns = output_size(x.shape[2:], kernel_size, stride, 0)
    (kh, kw), (down, right) = kernel_size, stride
    for k in range(kh):
        for m in range(kw):
            yield x[:, :, k : k + rows * down : down, m : m + columns * right : right]


def pool(
    x: Array, kernel_size: Size, stride: Size | None, padding: Size, fill: float
) -> tuple[Array, tuple[int, int], tuple[int, int]]:
    """Check a pooling's arguments; give (padded images, kernel_size, stride) with pairs."""
    check_image(x)
    kernel_size = pair(kernel_size, "kernel_size")
    stride = kernel_size if stride is None else pair(stride, "stride")
    top, left = padding = pair(padding, "padding")
    output_size(x.shape[2:], kernel_size, stride, padding)
    if 2 * top > kernel_size[0] or 2 * left > kernel_size[1]:
        raise ValueError(
            f"padding must be at most half of kernel_size {kernel_size}, got {padding}"
        )
    if top or left:
        x = np.pad(x, ((0, 0), (0, 0), (top, top), (left, left)), constant_values=fill)
    return x, kernel_size, stride


def unpad(padded: Array, shape: tuple[int, ...], padding: Size) -> Array:
    """Cut the padding off again."""
    top, left = pair(padding, "padding")
    return padded[:, :, top : top + shape[2], left : left + shape[3]]


@primitive
def max_pool2d(
    x: Array, *, kernel_size: Size, stride: Size | None = None, padding: Size = 0
) -> Array:
    """The largest value in each window.

    Args:
        x: images, (N, C, H, W).
        kernel_size: of the window, a number or a pair.
        stride: how far it moves; None means ``kernel_size``.
        padding: how many rows and columns of -infinity surround the image; at most half of ``kernel_size``.
    Returns:
        (N, C, OH, OW) with `output_size`, in the dtype of ``x``. The gradient goes only to the
        largest element; if several are equal, to the first, row by row. NaN counts as the largest.
    Raises:
        ValueError: not four dimensions, and the message names the shape; too much padding, and the
            message names ``padding`` and its value; or a window larger than the padded image, and
            the message names its size.
        TypeError: ``x`` is not floating, see `check_image`.

    >>> max_pool2d(np.arange(16.0).reshape(1, 1, 4, 4), kernel_size=2)
    array([[[[ 5.,  7.],
             [13., 15.]]]])
    """
    padded, kernel_size, stride = pool(x, kernel_size, stride, padding, -np.inf)
    first, *others = taps(padded, kernel_size, stride)
    largest = first.copy(order="K")
    for tap in others:
        np.maximum(largest, tap, out=largest)
    return largest


def max_pool2d_x(
    g: Array,
    ans: Array,
    x: Array,
    *,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
) -> Array:
    """Each window gives its g to the first of its elements that is the largest."""
    padded, kernel_size, stride = pool(x, kernel_size, stride, padding, -np.inf)
    total = np.zeros_like(padded, dtype=g.dtype)
    some_nan = np.isnan(ans).any()
    # Each tap looks at all images again: a block of them stays in the cache meanwhile.
    count = max(1, BLOCK_BYTES * len(x) // max(1, padded.nbytes))
    for start in range(0, len(x), count):
        block = slice(start, start + count)
        seen = taps(padded[block], kernel_size, stride)
        shares = taps(total[block], kernel_size, stride)
        waiting = np.ones_like(ans[block], dtype=bool)  # windows without their largest yet
        for tap, share in zip(seen, shares, strict=True):
            found = np.equal(tap, ans[block])
            if some_nan:
                found |= np.isnan(tap)
            found &= waiting
            share += keep(g[block], found)
            waiting &= ~found
    return unpad(total, x.shape, padding)


defvjp(max_pool2d, max_pool2d_x)


@primitive
def avg_pool2d(
    x: Array, *, kernel_size: Size, stride: Size | None = None, padding: Size = 0
) -> Array:
    """The mean of each window; padding counts as zeros.

    Args:
        x: images, (N, C, H, W).
        kernel_size: of the window, a number or a pair.
        stride: how far it moves; None means ``kernel_size``.
        padding: how many zeros surround the image; at most half of ``kernel_size``.
    Returns:
        (N, C, OH, OW) with `output_size`, in the dtype of ``x``.
    Raises:
        ValueError, TypeError: as `max_pool2d`.

    >>> avg_pool2d(np.arange(16.0).reshape(1, 1, 4, 4), kernel_size=2)
    array([[[[ 2.5,  4.5],
             [10.5, 12.5]]]])
    """
    padded, kernel_size, stride = pool(x, kernel_size, stride, padding, 0)
    first, *others = taps(padded, kernel_size, stride)
    total = first.copy(order="K")
    for tap in others:
        total += tap
    return total / (kernel_size[0] * kernel_size[1])


def avg_pool2d_x(
    g: Array,
    ans: Array,
    x: Array,
    *,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
) -> Array:
    """Each window gives every element an equal share of its g."""
    padded, kernel_size, stride = pool(x, kernel_size, stride, padding, 0)
    total = np.zeros_like(padded, dtype=g.dtype)
    share = g / (kernel_size[0] * kernel_size[1])
    for tap in taps(total, kernel_size, stride):
        tap += share
    return unpad(total, x.shape, padding)


defvjp(avg_pool2d, avg_pool2d_x)


def per_channel(values: Array, images: Array) -> Array:
    """One value for each channel, (C,), in a shape that broadcasts against images (N, C, H, W). Given.

    NumPy works along one run of memory at a time. Where channels come last, such a run is one pixel, a few
    numbers long; so each value is repeated for a whole row of pixels.

    >>> per_channel(np.array([1.0, 2.0]), np.zeros((1, 2, 3, 3))).shape
    (2, 1, 1)
    >>> per_channel(np.array([1.0, 2.0]), np.zeros((1, 3, 3, 2)).transpose(0, 3, 1, 2)).shape
    (2, 1, 3)
    """
    values = values.astype(images.dtype)
    if images.strides[1] == images.itemsize:
        return np.tile(values, (images.shape[3], 1)).T[:, None]  # (C, 1, W)
    return values[:, None, None]  # (C, 1, 1)


@primitive
@in_single
def batch_norm(
    x: Array, weight: Array, bias: Array, *, mean: Array, var: Array, eps: float, of_batch: bool
) -> Array:
    """Shift and scale each channel to mean 0 and variance 1, and then by the learned weight and bias.

    out = (x - mean) / √(var + eps) · weight + bias, channel by channel

    Args:
        x: images, (N, C, H, W).
        weight, bias: (C,).
        mean, var: (C,) arrays.
        eps: prevents division by zero in a channel that never changes.
        of_batch: whether mean and var were computed from this ``x``, so that the gradient must also
            flow through them.
    Returns:
        Same shape and dtype as ``x``.
    """
    scale = weight / np.sqrt(var + eps)  # (C,)
    out = x * per_channel(scale, x)  # (N, C, H, W)
    out += per_channel(bias - mean * scale, x)
    return out


@in_single
def batch_norm_x(
    g: Array,
    ans: Array,
    x: Array,
    weight: Array,
    bias: Array,
    *,
    mean: Array,
    var: Array,
    eps: float,
    of_batch: bool,
) -> Array:
    """The gradient of the images.

    With fixed statistics it is g · weight / √(var + eps). With those of the batch, shifting or
    stretching a whole channel changes nothing: remove the parts of g that would do so,
    g - mean(g) - x̂ · mean(g · x̂), where x̂ is the normalized image.
    """
    inverse = 1 / np.sqrt(var + eps)  # (C,)
    scale = per_channel(weight * inverse, g)
    if not of_batch:
        return g * scale
    centered = x - per_channel(mean, x)  # (N, C, H, W)
    total = g * centered  # this array also serves for what follows
    along = mean_along(total, (0, 2, 3)) * inverse * inverse  # (C,)
    centered *= per_channel(along, x)
    np.subtract(g, centered, out=total)
    total -= per_channel(mean_along(g, (0, 2, 3)), g)
    total *= scale
    return total


@in_single
def batch_norm_weight(
    g: Array,
    ans: Array,
    x: Array,
    weight: Array,
    bias: Array,
    *,
    mean: Array,
    var: Array,
    eps: float,
    of_batch: bool,
) -> Array:
    """The gradient of the weight: Σ of g times the normalized image, for each channel."""
    products = x - per_channel(mean, x)  # (N, C, H, W)
    products *= g
    return sum_along(products, (0, 2, 3)) / np.sqrt(var + eps)  # (C,)


@in_single
def batch_norm_bias(
    g: Array,
    ans: Array,
    x: Array,
    weight: Array,
    bias: Array,
    *,
    mean: Array,
    var: Array,
    eps: float,
    of_batch: bool,
) -> Array:
    """The gradient of the bias: Σ of g, for each channel."""
    return sum_along(g, (0, 2, 3))  # (C,)


defvjp(batch_norm, batch_norm_x, batch_norm_weight, batch_norm_bias)


class Conv2d(Module):
    """Learned kernels that slide over images.

    Args:
        in_channels: C of the input.
        out_channels: how many kernels.
        kernel_size: their size, a number or a pair.
        stride, padding: as `conv2d` takes them.
        bias: whether each output channel has one.
        generator: draws the first values; the default one if None.
    Attributes:
        weight: a Parameter (out_channels, in_channels, KH, KW).
        bias: a Parameter (out_channels,), or None.
    Raises:
        ValueError: ``in_channels`` or ``out_channels`` is below 1; the message names it and its value.
    """

    stride: Size
    padding: Size
    weight: Parameter
    bias: Parameter | None

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Size,
        stride: Size = 1,
        padding: Size = 0,
        *,
        bias: bool = True,
        generator: np.random.Generator | None = None,
    ) -> None:
        """Check the channels and draw the first values.

        Draw first the weight and then the bias, as float32, uniformly from ±1/√(in_channels · KH · KW),
        the number of products in one output. Without a bias, draw nothing for it.
        """
        for name, channels in (("in_channels", in_channels), ("out_channels", out_channels)):
            if channels < 1:
                raise ValueError(f"{name} must be at least 1, got {channels}")
        generator = generator or default_generator()
        kernel_size = pair(kernel_size, "kernel_size")
        bound = 1 / np.sqrt(in_channels * kernel_size[0] * kernel_size[1])
        draw = lambda *shape: Parameter(generator.uniform(-bound, bound, shape).astype(np.float32))
        self.stride = stride
        self.padding = padding
        self.weight = draw(out_channels, in_channels, *kernel_size)
        self.bias = draw(out_channels) if bias else None

    def forward(self, x: Tensor) -> Tensor:
        """Apply `conv2d` with this weight, bias, stride and padding."""
        if self.bias is None:
            return conv2d(x, self.weight, stride=self.stride, padding=self.padding)
        return conv2d(x, self.weight, self.bias, stride=self.stride, padding=self.padding)

    def extra_repr(self) -> str:
        channels, inner, *kernel_size = self.weight.shape
        sizes = f"{inner}, {channels}, kernel_size={tuple(kernel_size)}"
        return f"{sizes}, stride={self.stride}, padding={self.padding}"


class Pool2d(Module):
    """What both kinds of pooling share: a window, and how it moves."""

    def __init__(self, kernel_size: Size, stride: Size | None = None, padding: Size = 0) -> None:
        self.kernel_size = kernel_size
        self.stride = stride
        self.padding = padding

    def extra_repr(self) -> str:
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class MaxPool2d(Pool2d):
    """`max_pool2d` as a module."""

    def forward(self, x: Tensor) -> Tensor:
        """Apply `max_pool2d` with the window given to the constructor."""
        return max_pool2d(x, kernel_size=self.kernel_size, stride=self.stride, padding=self.padding)


class AvgPool2d(Pool2d):
    """`avg_pool2d` as a module."""

    def forward(self, x: Tensor) -> Tensor:
        """Apply `avg_pool2d` with the window given to the constructor."""
        return avg_pool2d(x, kernel_size=self.kernel_size, stride=self.stride, padding=self.padding)


class BatchNorm2d(Module):
    """Keep the numbers between layers in range: normalize each channel over a batch.

    Args:
        num_features: C of the input.
        eps: added to the variance.
        momentum: how much of each batch goes into the running statistics.
    Attributes:
        weight, bias: Parameters (C,), at first 1 and 0.
        running_mean, running_var: Buffers (C,), at first 0 and 1.
        num_batches_tracked: a Buffer () of int64, how many batches updated them.
    Raises:
        ValueError: ``num_features`` is below 1, and the message names it and its value; or the input
            has another number of channels, and the message names both numbers.
    """

    eps: float
    momentum: float
    weight: Parameter
    bias: Parameter
    running_mean: Buffer
    running_var: Buffer
    num_batches_tracked: Buffer

    def __init__(self, num_features: int, eps: float = 1e-5, momentum: float = 0.1) -> None:
        """Check the size and make parameters and buffers, as float32; the count is an integer."""
        if num_features < 1:
            raise ValueError(f"num_features must be at least 1, got {num_features}")
        self.eps = eps
        self.momentum = momentum
        self.weight = Parameter(np.ones(num_features, np.float32))
        self.bias = Parameter(np.zeros(num_features, np.float32))
        self.running_mean = Buffer(np.zeros(num_features, np.float32))
        self.running_var = Buffer(np.ones(num_features, np.float32))
        self.num_batches_tracked = Buffer(np.zeros((), np.int64))

    def forward(self, x: Tensor) -> Tensor:
        """Normalize by the batch while training, by the running statistics otherwise.

        While training, normalize with the batch's mean and variance (divided by the number of elements),
        and move each running value toward them: (1 - momentum) · old + momentum · new. For the running
        variance divide by one less (unbiased), as in PyTorch. num_batches_tracked grows by one.

        Args:
            x: images, (N, C, H, W).
        Raises:
            ValueError: the shape does not fit, or a batch has one element a channel in training; the
                message names the shape.
            TypeError: ``x`` is not floating, see `check_image`.
        """
        check_image(x)
        if x.shape[1] != len(self.weight):
            raise ValueError(f"input must have {len(self.weight)} channels, got shape {x.shape}")
        mean, var = self.running_mean.data.copy(), self.running_var.data.copy()
        if self.training:
            mean, var = self.statistics(x.data)
        return batch_norm(
            x, self.weight, self.bias, mean=mean, var=var, eps=self.eps, of_batch=self.training
        )

    def statistics(self, x: Array) -> tuple[Array, Array]:
        """Mean and variance of each channel of a batch; also updates the running ones."""
        count = x.size // x.shape[1]
        if count < 2:
            raise ValueError(f"training needs more than one element a channel, got shape {x.shape}")
        x = single(x)  # squares overflow in float16
        mean = mean_along(x, (0, 2, 3))  # (C,)
        squares = x - per_channel(mean, x)  # (N, C, H, W)
        squares *= squares
        var = mean_along(squares, (0, 2, 3))  # (C,)
        for running, new in (
            (self.running_mean.data, mean),
            (self.running_var.data, var * (count / (count - 1))),
        ):
            running *= 1 - self.momentum
            running += self.momentum * new
        self.num_batches_tracked.data += 1
        return mean, var

    def extra_repr(self) -> str:
        return f"{len(self.weight)}, eps={self.eps}, momentum={self.momentum}"
