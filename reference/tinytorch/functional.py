"""The namespace `tinytorch.nn.functional`: layers and losses as functions, with PyTorch's arguments.

Given, not an exercise. These functions call those of your modules: they turn positional arguments into
keywords, and refuse arguments that are not offered by name.
"""

from __future__ import annotations

import math
from importlib import import_module
from typing import Any

import numpy as np

from tinytorch import arranging, functions, operations
from tinytorch.arranging import as_tensor, check_indices, raw, wrap
from tinytorch.inplace import store
from tinytorch.instead import no_such_name, not_offered, refuse
from tinytorch.precision import in_single
from tinytorch.primitive import check_floating

HOME = {
    "losses": "mse_loss",
    "criteria": "binary_cross_entropy_with_logits l1_loss smooth_l1_loss huber_loss binary_cross_entropy"
    " kl_div nll_loss cross_entropy",
}
"""Functions that come from a module as they are."""


def __getattr__(name: str) -> Any:
    for module, names in HOME.items():
        if name in names.split():
            return getattr(import_module(f"tinytorch.{module}"), name)
    raise no_such_name("tinytorch.nn.functional", name, __dir__())


def __dir__() -> list[str]:
    own = [
        name for name, value in globals().items() if getattr(value, "__module__", "") == __name__
    ]
    return sorted([*" ".join(HOME.values()).split(), *own])


# Layers


def linear(input: Any, weight: Any, bias: Any = None) -> Any:
    """x Wᵀ + b."""
    out = input @ weight.T
    return out if bias is None else out + bias


def conv2d(
    input: Any,
    weight: Any,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Any:
    """`spatial.conv2d` without dilation and groups; ``padding="same"`` for odd kernels and stride 1."""
    if dilation not in (1, (1, 1)):
        refuse("conv2d(dilation=…)", "use a larger kernel, with zeros in it")
    if groups != 1:
        refuse("conv2d(groups=…)", "use one conv2d for each group of x.chunk(groups, 1), and cat")
    if isinstance(padding, str):
        padding = tuple((k - 1) // 2 for k in weight.shape[2:]) if padding == "same" else 0
    arrays = (input, weight) if bias is None else (input, weight, bias)
    return import_module("tinytorch.spatial").conv2d(*arrays, stride=stride, padding=padding)


def max_pool2d(
    input: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """`spatial.max_pool2d`."""
    not_offered(
        "max_pool2d",
        ceil_mode=(ceil_mode, "use padding"),
        return_indices=(return_indices, "use the values alone"),
        dilation=(dilation != 1, "use a larger window"),
    )
    return import_module("tinytorch.spatial").max_pool2d(
        input, kernel_size=kernel_size, stride=stride, padding=padding
    )


def avg_pool2d(
    input: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Any:
    """`spatial.avg_pool2d`."""
    not_offered(
        "avg_pool2d",
        ceil_mode=(ceil_mode, "use padding"),
        count_include_pad=(not count_include_pad and padding not in (0, (0, 0)), "use padding=0"),
        divisor_override=(divisor_override, "use the result times kernel_size² / divisor_override"),
    )
    return import_module("tinytorch.spatial").avg_pool2d(
        input, kernel_size=kernel_size, stride=stride, padding=padding
    )


def adaptive_avg_pool2d(input: Any, output_size: Any) -> Any:
    """Means over ``output_size`` windows, which must divide the image."""
    out = (output_size, output_size) if isinstance(output_size, int) else tuple(output_size)
    if len(out) != 2 or input.ndim < 2:
        raise ValueError(f"output_size must be a number or a pair, got {output_size}")
    out = tuple(
        n if wanted is None else wanted for n, wanted in zip(input.shape[-2:], out, strict=True)
    )
    if min(out) < 1:
        raise ValueError(f"output_size must be at least 1, got {output_size}")
    if any(n % wanted for n, wanted in zip(input.shape[-2:], out, strict=True)):
        raise ValueError(
            f"output_size {out} must divide images of shape {tuple(input.shape)}: use avg_pool2d"
        )
    size = tuple(n // wanted for n, wanted in zip(input.shape[-2:], out, strict=True))
    return avg_pool2d(input, size)


def batch_norm(
    input: Any,
    running_mean: Any,
    running_var: Any,
    weight: Any = None,
    bias: Any = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Any:
    """Normalize each channel by the running statistics; for training, use `nn.BatchNorm2d`."""
    if training:
        refuse(
            "batch_norm(training=True)", "use nn.BatchNorm2d, which keeps the running statistics"
        )
    check_floating(input, "input")
    if input.ndim < 2:
        raise ValueError(f"input must have shape (N, C, …), got shape {input.shape}")
    shape = (1, -1, *[1] * (input.ndim - 2))
    shaped = lambda x, value: value if x is None else as_tensor(x).reshape(shape)
    scaled = (input - shaped(running_mean, 0)) / (shaped(running_var, 1) + eps).sqrt()
    return scaled * shaped(weight, 1) + shaped(bias, 0)


def layer_norm(
    input: Any, normalized_shape: Any, weight: Any = None, bias: Any = None, eps: float = 1e-5
) -> Any:
    """`transformers.layer_norm` over the last axis, or a composed norm over several."""
    shape = (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)
    if input.shape[-len(shape) :] != shape:
        raise ValueError(f"normalized_shape {shape} must be the end of shape {input.shape}")
    check_floating(input, "input")
    one = np.ones(shape, input.dtype) if weight is None else weight
    zero = np.zeros(shape, input.dtype) if bias is None else bias
    for name, value in (("weight", one), ("bias", zero)):
        if value.shape != shape:
            raise ValueError(f"{name} must have shape {shape}, got {value.shape}")
    if len(shape) == 1:
        return import_module("tinytorch.transformers").layer_norm(input, one, zero, eps=eps)
    dims = tuple(range(-len(shape), 0))
    centered = input - input.mean(dims, keepdim=True)
    return centered / (input.var(dims, keepdim=True, correction=0) + eps).sqrt() * one + zero


def dropout(input: Any, p: float = 0.5, training: bool = True, inplace: bool = False) -> Any:
    """`layers.Dropout` as a function."""
    layer = import_module("tinytorch.layers").Dropout(p)
    layer.training = training
    return result(input, layer.forward(input), inplace)


def embedding(input: Any, weight: Any, padding_idx: int | None = None, max_norm: Any = None) -> Any:
    """The row of ``weight`` for each index."""
    not_offered(
        "embedding",
        padding_idx=(padding_idx is not None, "use weight.data[padding_idx] = 0 after each step"),
        max_norm=(max_norm, "use weight.norm(2, 1), and scale before"),
    )
    if weight.ndim != 2:
        raise ValueError(f"weight must have shape (rows, length), got shape {weight.shape}")
    embedding = import_module("tinytorch.embeddings").embedding
    return embedding(weight, indices=check_indices(input, len(weight)))


def one_hot(tensor: Any, num_classes: int = -1) -> Any:
    """A row of zeros with a 1 at the class, int64. Classes may have any integer dtype."""
    classes = raw(tensor)
    if classes.dtype.kind not in "iu":
        raise TypeError(f"tensor must hold integers, the classes, got dtype {classes.dtype}")
    classes = classes.astype(np.int64)
    if num_classes < 0 and not classes.size:
        raise ValueError("num_classes must be given for a tensor without classes")
    count = int(classes.max()) + 1 if num_classes < 0 else num_classes
    if classes.min(initial=0) < 0 or classes.max(initial=-1) >= count:
        raise ValueError(
            f"classes must be in [0, {count}): use num_classes={classes.max() + 1} or more"
        )
    return wrap((classes[..., None] == np.arange(count)).astype(np.int64))


def scaled_dot_product_attention(
    query: Any,
    key: Any,
    value: Any,
    attn_mask: Any = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
) -> Any:
    """`attention.scaled_dot_product_attention` with PyTorch's arguments.

    Args:
        attn_mask: bool, True where a query may attend to a key; None allows all.
        is_causal: let each query attend to the keys up to its own position.
        dropout_p, scale: not offered.
    """
    not_offered(
        "scaled_dot_product_attention", dropout_p=(dropout_p, "use F.dropout on its result")
    )
    check_floating(query, "query")
    if scale is not None:
        query = query * (scale * math.sqrt(query.shape[-1]))
    if is_causal:
        if attn_mask is not None:
            raise ValueError("use attn_mask or is_causal, not both")
        attn_mask = np.tri(query.shape[-2], key.shape[-2], dtype=np.bool_)
    elif attn_mask is not None and raw(attn_mask).dtype != np.bool_:
        refuse("an attn_mask of floats", "use a bool mask, True where a query may attend to a key")
    module = import_module("tinytorch.attention")
    return in_single(module.scaled_dot_product_attention)(query, key, value, attn_mask)


def pad(input: Any, pad: Any, mode: str = "constant", value: float = 0.0) -> Any:
    """Pad the last axes with a constant: (left, right) of the last one, then of the one before."""
    if mode != "constant":
        refuse(f"pad(mode={mode!r})", "use mode='constant', or numpy.pad before the model")
    if any(n < 0 for n in pad):
        raise ValueError(f"pad must not be negative, got {pad}: use slices")
    t = import_module("tinytorch.tensor")
    for axis, (left, right) in enumerate(zip(pad[::2], pad[1::2], strict=True), start=1):
        edges = []
        for length in (left, right):
            shape = (
                *input.shape[: input.ndim - axis],
                length,
                *input.shape[input.ndim - axis + 1 :],
            )
            edges.append(t.full(shape, value, dtype=input.dtype))
        input = t.cat([edges[0], input, edges[1]], input.ndim - axis)
    return input


def interpolate(
    input: Any, size: Any = None, scale_factor: Any = None, mode: str = "nearest"
) -> Any:
    """Images (N, C, H, W) enlarged by integer factors, each pixel repeated."""
    if mode != "nearest":
        refuse(f"interpolate(mode={mode!r})", "use mode='nearest'")
    both = lambda value: (value, value) if isinstance(value, (int, float)) else tuple(value)
    here = input.shape[-2:]
    factors = (1, 1) if scale_factor is None else both(scale_factor)
    there = tuple(n * f for n, f in zip(here, factors, strict=True)) if size is None else both(size)
    if any(n < 1 or n % old for n, old in zip(there, here, strict=True)):
        raise ValueError(f"interpolate from {here} to {there}: use integer multiples")
    for dim, n in ((-2, there[0]), (-1, there[1])):
        input = arranging.repeat_interleave(input, int(n) // input.shape[dim], dim)
    return input


def normalize(input: Any, p: float = 2.0, dim: int = 1, eps: float = 1e-12) -> Any:
    """Vectors scaled to length 1 along ``dim``."""
    check_floating(input, "input")
    return input / functions.norm(input, p, dim, keepdim=True).clip(min=eps)


def cosine_similarity(x1: Any, x2: Any, dim: int = 1, eps: float = 1e-8) -> Any:
    """The cosine of the angle between two vectors; their shapes broadcast."""
    check_floating(x1, "x1")
    check_floating(x2, "x2")
    shape = arranging.common_shape(x1.shape, x2.shape)
    x1, x2 = x1.expand(shape), x2.expand(shape)
    unit = lambda x: x / functions.norm(x, 2, dim, keepdim=True).clip(min=eps)
    return (unit(x1) * unit(x2)).sum(dim)


# Activations


def softmax(input: Any, dim: int | None = None, dtype: Any = None) -> Any:
    """`activations.softmax` along ``dim``, which is required: PyTorch guesses it from the number of axes."""
    if dim is None:
        refuse("softmax without dim", "use dim=-1 for the last axis")
    return functions.softmax(input, dim, dtype)


def log_softmax(input: Any, dim: int | None = None, dtype: Any = None) -> Any:
    """`losses.log_softmax` along ``dim``, which is required: PyTorch guesses it from the number of axes."""
    if dim is None:
        refuse("log_softmax without dim", "use dim=-1 for the last axis")
    return functions.log_softmax(input, dim, dtype)


def result(input: Any, out: Any, inplace: bool) -> Any:
    """``out``; with ``inplace``, ``input`` with the values and the history of ``out``."""
    return store(input, out) if inplace and out is not input else out


def relu(input: Any, inplace: bool = False) -> Any:
    """`activations.relu`."""
    return result(input, import_module("tinytorch.activations").relu(input), inplace)


def sigmoid(input: Any) -> Any:
    """`activations.sigmoid`."""
    return import_module("tinytorch.activations").sigmoid(input)


def tanh(input: Any) -> Any:
    """`activations.tanh`."""
    return import_module("tinytorch.activations").tanh(input)


def gelu(input: Any, approximate: str = "none") -> Any:
    """`activations.gelu`, exact or approximated by tanh."""
    return import_module("tinytorch.activations").gelu(input, approximate=approximate)


def leaky_relu(input: Any, negative_slope: float = 0.01, inplace: bool = False) -> Any:
    """x where it is positive, ``negative_slope`` · x elsewhere."""
    check_floating(input, "input")
    out = functions.where(raw(input) > 0, input, input * negative_slope)
    return result(input, out, inplace)


def elu(input: Any, alpha: float = 1.0, inplace: bool = False) -> Any:
    """x where it is positive, α (exp(x) - 1) elsewhere."""
    check_floating(input, "input")
    low = functions.where(raw(input) > 0, wrap(np.zeros_like(raw(input))), input)
    out = functions.where(raw(input) > 0, input, operations.expm1(low) * alpha)
    return result(input, out, inplace)


def silu(input: Any, inplace: bool = False) -> Any:
    """x · sigmoid(x)."""
    return result(input, input * sigmoid(input), inplace)


def softplus(input: Any, beta: float = 1.0, threshold: float = 20.0) -> Any:
    """log(1 + exp(β x)) / β, without overflow; x itself where β x is above ``threshold``."""
    check_floating(input, "input")
    t = import_module("tinytorch.tensor")
    x = input * beta
    soft = (t.maximum(x, 0) + operations.log1p((-x.abs()).exp())) / beta
    return t.where(raw(x) > threshold, input, soft)


def hardtanh(input: Any, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> Any:
    """x limited to [min_val, max_val]; at the ends the gradient is 0."""
    check_floating(input, "input")
    if min_val > max_val:
        raise ValueError(f"min_val {min_val} must not be above max_val {max_val}")
    inside = (raw(input) > min_val) & (raw(input) < max_val)
    out = functions.where(inside, input, wrap(raw(input).clip(min_val, max_val)))
    return result(input, out, inplace)


def relu6(input: Any, inplace: bool = False) -> Any:
    """x limited to [0, 6]."""
    return hardtanh(input, 0.0, 6.0, inplace)


def logsigmoid(input: Any) -> Any:
    """log(sigmoid(x)), finite for all x."""
    check_floating(input, "input")
    return -softplus(-input, threshold=math.inf)


def glu(input: Any, dim: int = -1) -> Any:
    """The first half times the sigmoid of the second."""
    value, gate = functions.chunk(input, 2, dim)
    return value * sigmoid(gate)
