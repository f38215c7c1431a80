"""The namespace `tinytorch.nn.init`: initial values of parameters, set in place.

Given, not an exercise. Each function writes into the tensor's memory and returns the tensor.
"""

from __future__ import annotations

import math
from importlib import import_module
from typing import Any

import numpy as np

from tinytorch.instead import no_such_name

GAINS = {
    "linear": 1.0,
    "conv2d": 1.0,
    "sigmoid": 1.0,
    "tanh": 5 / 3,
    "relu": math.sqrt(2),
    "selu": 3 / 4,
}


def __getattr__(name: str) -> Any:
    offered = [known for known in globals() if not known.startswith("_")]
    raise no_such_name("tinytorch.nn.init", name, offered)


def write(tensor: Any, values: Any) -> Any:
    """Write values into the tensor's memory; `backward` notices if it needed the old ones."""
    import_module("tinytorch.inplace").write(tensor.data, ..., values)
    return tensor


def common(generator: np.random.Generator | None) -> np.random.Generator:
    """The given generator, or the default one."""
    return generator or import_module("tinytorch.tensor").default_generator()


def calculate_gain(nonlinearity: str, param: float | None = None) -> float:
    """The factor for the standard deviation before that activation."""
    if nonlinearity == "leaky_relu":
        return math.sqrt(2 / (1 + (0.01 if param is None else param) ** 2))
    if nonlinearity not in GAINS:
        raise ValueError(
            f"nonlinearity must be one of {', '.join(GAINS)}, leaky_relu: use one of them"
        )
    return GAINS[nonlinearity]


def fans(tensor: Any) -> tuple[int, int]:
    """(fan_in, fan_out): the inputs of one output, and the outputs of one input.

    Raises:
        ValueError: there are fewer than two axes.
    """
    if tensor.ndim < 2:
        raise ValueError(
            f"fans need at least 2 axes, got shape {tensor.shape}: use normal_ or zeros_"
        )
    field = math.prod(tensor.shape[2:])
    return tensor.shape[1] * field, tensor.shape[0] * field


def zeros_(tensor: Any) -> Any:
    """Zeros."""
    return write(tensor, 0)


def ones_(tensor: Any) -> Any:
    """Ones."""
    return write(tensor, 1)


def constant_(tensor: Any, val: float) -> Any:
    """One value."""
    return write(tensor, val)


def eye_(tensor: Any) -> Any:
    """The identity."""
    return write(tensor, np.eye(*tensor.shape))


def uniform_(tensor: Any, a: float = 0.0, b: float = 1.0, generator: Any = None) -> Any:
    """Uniform from [a, b)."""
    return write(tensor, common(generator).uniform(a, b, tensor.shape))


def normal_(tensor: Any, mean: float = 0.0, std: float = 1.0, generator: Any = None) -> Any:
    """Normal, with this mean and standard deviation."""
    return write(tensor, common(generator).normal(mean, std, tensor.shape))


def trunc_normal_(
    tensor: Any,
    mean: float = 0.0,
    std: float = 1.0,
    a: float = -2.0,
    b: float = 2.0,
    generator: Any = None,
) -> Any:
    """Normal, drawn again where it is outside [a, b]."""
    drawn = common(generator).normal(mean, std, tensor.shape)
    while (outside := (drawn < a) | (drawn > b)).any():
        drawn[outside] = common(generator).normal(mean, std, outside.sum())
    return write(tensor, drawn)


def xavier_uniform_(tensor: Any, gain: float = 1.0, generator: Any = None) -> Any:
    """Uniform from ±gain · √(6 / (fan_in + fan_out)), after Glorot and Bengio (2010)."""
    bound = gain * math.sqrt(6 / sum(fans(tensor)))
    return uniform_(tensor, -bound, bound, generator)


def xavier_normal_(tensor: Any, gain: float = 1.0, generator: Any = None) -> Any:
    """Normal with standard deviation gain · √(2 / (fan_in + fan_out))."""
    return normal_(tensor, 0, gain * math.sqrt(2 / sum(fans(tensor))), generator)


def he(tensor: Any, a: float, mode: str, nonlinearity: str) -> float:
    """The standard deviation after He and others (2015): gain / √fan."""
    if mode not in ("fan_in", "fan_out"):
        raise ValueError(f"mode must be 'fan_in' or 'fan_out', got {mode!r}")
    return calculate_gain(nonlinearity, a) / math.sqrt(fans(tensor)[mode == "fan_out"])


def kaiming_uniform_(
    tensor: Any,
    a: float = 0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Any = None,
) -> Any:
    """Uniform from ±√3 · gain / √fan."""
    bound = math.sqrt(3) * he(tensor, a, mode, nonlinearity)
    return uniform_(tensor, -bound, bound, generator)


def kaiming_normal_(
    tensor: Any,
    a: float = 0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Any = None,
) -> Any:
    """Normal with standard deviation gain / √fan."""
    return normal_(tensor, 0, he(tensor, a, mode, nonlinearity), generator)


def orthogonal_(tensor: Any, gain: float = 1, generator: Any = None) -> Any:
    """Orthogonal rows or columns."""
    fans(tensor)
    rows, columns = tensor.shape[0], math.prod(tensor.shape[1:])
    drawn = common(generator).standard_normal((max(rows, columns), min(rows, columns)))
    q, r = np.linalg.qr(drawn)
    q = q * np.sign(np.diagonal(r))
    return write(tensor, gain * (q.T if rows < columns else q).reshape(tensor.shape))
