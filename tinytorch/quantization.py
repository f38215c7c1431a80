"""15 · Quantization: the same model in a quarter of the memory, or in half of it.

The lesson: tito docs 15
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tinytorch.autograd import no_grad
from tinytorch.layers import Buffer, Linear, Module
from tinytorch.optimizers import Optimizer
from tinytorch.primitive import Array
from tinytorch.spatial import Conv2d, pair, patches, windows
from tinytorch.tensor import Tensor

LOWEST, HIGHEST = -128, 127
"""What an INT8 can hold."""


@dataclass(frozen=True)
class Quantized:
    """Numbers as INT8: value ≈ scale · (code - zero_point).

    Attributes:
        codes: int8 array.
        scale: float32, a number or an array that broadcasts to the codes.
        zero_point: int32, likewise: the code of 0.
    """

    codes: Array
    scale: Array
    zero_point: Array

    @property
    def nbytes(self) -> int:
        """The memory of all three together."""
        return self.codes.nbytes + self.scale.nbytes + self.zero_point.nbytes


def scale_and_zero_point(
    low: float | Array, high: float | Array, symmetric: bool = False
) -> tuple[Array, Array]:
    """How to spread the codes over a range of values, so that 0 has its own code.

    Affine: widen the range to include 0, then scale = (high - low) / 255, and zero_point is the
    integer nearest to -128 - low / scale. Symmetric: zero_point = 0, and
    scale = max(|low|, |high|) / 127. A range of only 0 has scale 1 and zero_point 0.

    Args:
        low, high: numbers or arrays, the ends of each range.
        symmetric: which of the two; weights are usually symmetric, activations are not.
    Returns:
        (scale, zero_point) as float32 and int32 arrays. A scale is never 0: its minimum is the smallest
        number that float32 holds at full precision, 1.2e-38.
    Raises:
        ValueError: an end is NaN or infinite, and the message names its value; or low is above high, and the
            message names both.

    >>> scale, zero_point = scale_and_zero_point(0.0, 2.55)
    >>> round(float(scale), 4), int(zero_point)
    (0.01, -128)
    """
    raise NotImplementedError("15 quantization: scale_and_zero_point")


def encode(x: Array, scale: float | Array, zero_point: int | Array) -> Array:
    """The codes of some values: round(x / scale) + zero_point, saturated at -128 and 127.

    Round halves to the even neighbor, as `np.round` does, before you add the zero point.

    Args:
        x: array.
        scale, zero_point: broadcast to ``x``.
    Returns:
        int8 array of the shape of ``x``.
    Raises:
        ValueError: a value is NaN. Infinite ones saturate.
    """
    raise NotImplementedError("15 quantization: encode")


def quantize(x: Tensor | Array, axis: int | None = None, symmetric: bool = False) -> Quantized:
    """Values as INT8, over their own range.

    Args:
        x: array or Tensor, finite.
        axis: an axis along which each index has its own range ("per channel"); None for one range.
        symmetric: as for `scale_and_zero_point`.
    Returns:
        A `Quantized`. No value within its range is off by more than half a step, and 0 is exact.
    Raises:
        ValueError: a value is NaN or infinite, or axis is not an axis of ``x``; then the message names
            its value and the shape.

    >>> quantize(np.array([-1.0, 0.0, 1.0]), symmetric=True).codes
    array([-127,    0,  127], dtype=int8)
    """
    raise NotImplementedError("15 quantization: quantize")


def dequantize(quantized: Quantized) -> Array:
    """The values that codes represent, float32: scale · (code - zero_point).

    >>> dequantize(quantize(np.array([0.0, 0.5, 1.0])))[0]
    np.float32(0.0)
    """
    raise NotImplementedError("15 quantization: dequantize")


def int8_matmul(x: Array, y: Array) -> Array:
    """The product of two matrices of INT8, summed as INT32.

    A product of two INT8 needs 15 bits, and a sum of k of them more: INT8 would overflow at once.

    NumPy is slow with matrix products of integers, and fast with those of floats. Floats hold integers
    exactly, FP32 up to 2²⁴ and FP64 up to 2⁵³: wherever k · 2¹⁴ is no more than that, their sums are
    the same, and faster.

    Args:
        x: int8, (n, k).
        y: int8, (k, m).
    Returns:
        int32, (n, m), exact.
    Raises:
        TypeError: one of them is not int8; the message names its dtype.

    >>> int8_matmul(np.full((1, 4), 127, np.int8), np.full((4, 1), 127, np.int8))
    array([[64516]], dtype=int32)
    """
    raise NotImplementedError("15 quantization: int8_matmul")


def quantized_rows(
    rows: Array, scale: float | Array, zero_point: int | Array, weight: Quantized
) -> Array:
    """A product of values and quantized weights: rows (n, k) times weightᵀ, with weight (m, k).

    Σ (code - zero_point) · w = Σ code · w - zero_point · Σ w, so that the sum still multiplies only INT8.

    Args:
        rows: float array (n, k), to be quantized with ``scale`` and ``zero_point``.
        weight: a symmetric `Quantized` (m, k), with one scale for each row.
    Returns:
        float32, (n, m).
    """
    raise NotImplementedError("15 quantization: quantized_rows")


class QuantizedLinear(Module):
    """A Linear whose weights are INT8 and which computes with INT8. It is for inference, not for training.

    Weights are symmetric, with a scale for each output; the input is affine, over a range
    measured before ("calibrated"), and saturates beyond it.

    Args:
        linear: the `Linear` that it replaces.
        low, high: the range of its inputs.
    Attributes:
        codes: a Buffer (out_features, in_features) of int8.
        weight_scale: a Buffer (out_features, 1) of float32.
        bias: a Buffer (out_features,) of float32, a copy; or None.
        scale, zero_point: Buffers (), of the inputs.
    """

    codes: Buffer
    weight_scale: Buffer
    bias: Buffer | None
    scale: Buffer
    zero_point: Buffer

    def __init__(self, linear: Linear, low: float, high: float) -> None:
        """Quantize the weights, and keep what the inputs need."""
        weight = quantize(linear.weight, axis=0, symmetric=True)
        self.keep(weight, linear.bias, low, high)

    def keep(self, weight: Quantized, bias: Tensor | None, low: float, high: float) -> None:
        """Make Buffers of a Quantized weight, a bias and a range, so that they are saved."""
        raise NotImplementedError("15 quantization: QuantizedLinear.keep")

    def weight(self) -> Quantized:
        """The weights as a `Quantized`, a row for each output."""
        scale = self.weight_scale.data
        return Quantized(self.codes.data, scale, np.zeros(scale.shape, np.int32))

    def product(self, rows: Array) -> Array:
        """Rows (n, k) times the weights, and the bias: float32 (n, out)."""
        raise NotImplementedError("15 quantization: QuantizedLinear.product")

    def forward(self, x: Tensor) -> Tensor:
        """x Wᵀ + b, for x of shape (*, in_features).

        Raises:
            ValueError: the last axis is not in_features; the message names that number and the shape.
        """
        raise NotImplementedError("15 quantization: QuantizedLinear.forward")


class QuantizedConv2d(QuantizedLinear):
    """A Conv2d whose kernels are INT8 and which computes with INT8: each window is a row.

    Args:
        conv: the `Conv2d` that it replaces.
        low, high: the range of its inputs; padding is 0, which every range reaches.
    """

    def __init__(self, conv: Conv2d, low: float, high: float) -> None:
        """Quantize the kernels with a scale each, laid out as `windows` are: (KH, KW, C)."""
        raise NotImplementedError("15 quantization: QuantizedConv2d.__init__")

    def forward(self, x: Tensor) -> Tensor:
        """The convolution of images (N, C, H, W), block by block as in `conv2d`.

        Raises:
            ValueError: the number of channels is wrong; the message names the right one and the shape.
        """
        raise NotImplementedError("15 quantization: QuantizedConv2d.forward")


def calibrate(
    model: Module, batches: Iterable[Tensor | Sequence[Tensor]]
) -> dict[str, tuple[float, float]]:
    """The range of inputs that each Linear and Conv2d of a model gets, in all of its uses.

    Args:
        model: run it on each batch in evaluation mode, without gradients. Afterwards it is as it was, even
            after an error: each part in its own mode, and with any ``forward`` that somebody has put on it.
        batches: Tensors, or (inputs, targets) as a loader gives them.
    Returns:
        A dict from the names of those parts to (low, high), the least and the greatest input. It leaves out a
        subclass with its own ``forward``, of which nothing is known, and a part that no batch reached.
    Raises:
        ValueError: there is no batch; the message names ``batches``.
    """
    raise NotImplementedError("15 quantization: calibrate")


def quantize_model(model: Module, batches: Iterable[Tensor | Sequence[Tensor]]) -> Module:
    """A copy of a model with every Linear and Conv2d quantized. The model itself stays as it was.

    Args:
        model: a Module; parts that are neither, or have their own ``forward``, are copied as they are,
            in evaluation mode.
        batches: give the ranges of activations, as for `calibrate`.
    Returns:
        The copy. A part that no batch reached stays as it was; one that the model has in two places
        is one part in the copy too.
    Raises:
        ValueError: there is no batch; the message names ``batches``.
    """
    raise NotImplementedError("15 quantization: quantize_model")


def replacement(part: Module, low: float, high: float) -> QuantizedLinear:
    """The quantized form of a Linear or Conv2d."""
    return (QuantizedConv2d if isinstance(part, Conv2d) else QuantizedLinear)(
        part,  # type: ignore[arg-type]  # each kind gets what it is made for
        low,
        high,
    )


def model_bytes(model: Module) -> int:
    """The memory of all parameters and buffers of a model: what saving it would write."""
    return sum(tensor.data.nbytes for tensor in (*model.parameters(), *model.buffers()))


def to_half(model: Module) -> Module:
    """A copy of a model whose parameters are FP16: with FP16 inputs, so are all activations.

    So floating Tensors that are not parameters, such as fixed positions, become FP16 too. Only Buffers stay
    as they are, because a model counts in them. Gradients are not copied.

    This halves the memory. It is not faster here: CPUs multiply FP16 no faster than FP32.

    Raises:
        ValueError: a parameter has a number above 65,504, the largest of FP16, or below -65,504; the
            message names the parameter.
    """
    raise NotImplementedError("15 quantization: to_half")


class GradScaler:
    """Trains a half-precision copy of a model without losing small gradients.

    FP16 has no positive number below 6e-8: small gradients would become 0. So multiply the loss by a
    large scale, and with it every gradient; divide the gradients again in FP32, the dtype of the
    parameters that the optimizer changes ("master weights").

    Args:
        model: the FP32 model whose parameters the optimizer has.
        half: its copy from `to_half`, which computes.
        optimizer: steps the parameters of ``model``.
        scale: the first scale.
        growth_interval: after this many steps in a row without an overflow, the scale doubles.
    Attributes:
        scale: the present scale, at least 1.
        skipped: how many steps were skipped because of an overflow.
    Raises:
        ValueError: ``scale`` or ``growth_interval`` is below 1; the message names it.
    """

    def __init__(
        self,
        model: Module,
        half: Module,
        optimizer: Optimizer,
        scale: float = 2.0**12,
        growth_interval: int = 200,
    ) -> None:
        """Check the numbers and pair the parameters and the buffers of both models."""
        for name, value in (("scale", scale), ("growth_interval", growth_interval)):
            if not value >= 1:
                raise ValueError(f"{name} must be at least 1, got {value}")
        self.pairs = list(zip(model.parameters(), half.parameters(), strict=True))
        self.buffers = list(zip(model.buffers(), half.buffers(), strict=True))
        self.optimizer = optimizer
        self.scale = float(scale)
        self.growth_interval = growth_interval
        self.fine = 0
        self.skipped = 0

    def scaled(self, loss: Tensor) -> Tensor:
        """The loss times the scale: call ``backward`` on it."""
        return loss * self.scale

    def step(self) -> bool:
        """Take the gradients of the half model, step the optimizer, and give the half model its weights.

        Only those count: clear whatever gradient a parameter of the full model had.

        Buffers go the other way: the full model gets those of the half model, which updates them, such as
        the running statistics of a BatchNorm. If a gradient is infinite or NaN, skip the step, halve
        the scale, and give the half model back the buffers that it had before. After
        ``growth_interval`` steps in a row that were not skipped, double the scale. At the end the
        gradients of both models are None.

        Returns:
            Whether the step was taken.
        """
        raise NotImplementedError("15 quantization: GradScaler.step")
