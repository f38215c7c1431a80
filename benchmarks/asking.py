"""A call put to both frameworks: arguments converted, results and gradients as arrays, errors as refusals."""

from __future__ import annotations

import linecache
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.judging import Answer, Refusal

DTYPES = ("float64", "float32", "float16", "int64", "uint8", "bool")

SIGNATURE = re.compile(r"[\w.]+\(\) (got an unexpected keyword argument|takes|missing)")
"""Python's own word on a call that fits no signature: the function, and the argument in question."""


class Skip(Exception):
    """A sample that has no meaning here: complex numbers, other devices, layouts."""


def ours(value: Any, leaves: list[Any]) -> Any:
    """A value of PyTorch as one of the framework; tensors that require a gradient are kept in ``leaves``."""
    import torch

    import tinytorch as tt

    if isinstance(value, torch.Tensor):
        if (
            value.is_complex()
            or value.dtype == torch.bfloat16
            or value.layout != torch.strided
            or value.ndim > 64
        ):
            raise Skip(str(value.dtype))
        made = tt.Tensor(value.detach().numpy().copy(), requires_grad=value.requires_grad)
        if value.requires_grad:
            leaves.append(made)
        return made
    if isinstance(value, torch.dtype):
        return dtype_of(value)
    if isinstance(value, torch.device):
        return str(value)
    if isinstance(value, (torch.memory_format, torch.layout, complex)):
        raise Skip(str(value))
    if isinstance(value, torch.Generator):
        return np.random.default_rng(0)
    if isinstance(value, (tuple, list)):
        return (
            type(value)(ours(v, leaves) for v in value)
            if type(value) in (tuple, list)
            else tuple(ours(v, leaves) for v in value)
        )
    if isinstance(value, dict):
        return {name: ours(v, leaves) for name, v in value.items()}
    return value


def dtype_of(dtype: Any) -> np.dtype:
    """A dtype of PyTorch as one of NumPy."""
    name = str(dtype).removeprefix("torch.")
    if name not in (*DTYPES, "int8", "int16", "int32"):
        raise Skip(name)
    return np.dtype(name)


def theirs(value: Any, leaves: list[Any]) -> Any:
    """A copy for PyTorch, with its own leaves."""
    import torch

    if isinstance(value, torch.Tensor):
        made = value.detach().clone().requires_grad_(value.requires_grad)
        if value.requires_grad:
            leaves.append(made)
        return made
    if type(value) in (tuple, list):
        return type(value)(theirs(v, leaves) for v in value)
    if isinstance(value, dict):
        return {name: theirs(v, leaves) for name, v in value.items()}
    return value


def flat(result: Any) -> list[Any]:
    """The parts of a result."""
    if isinstance(result, (tuple, list)):
        return [part for value in result for part in flat(value)]
    return [result]


def array(part: Any) -> np.ndarray:
    """A part of a result as an array."""
    if hasattr(part, "detach"):
        part = part.detach()
        part = (
            part.resolve_conj().resolve_neg().numpy()
            if hasattr(part, "resolve_conj")
            else part.data
        )
    return np.array(part)


def weights(shape: tuple[int, ...]) -> np.ndarray:
    """What the results are multiplied by before they are added up and differentiated."""
    size = int(np.prod(shape))
    return np.asarray(np.cos(np.arange(size, dtype=np.float64)) + 0.5).reshape(shape)


def ask(
    function: Callable[..., Any], sample: Any, convert: Callable[..., Any], differentiate: bool
) -> Any:
    """The Answer, or the Refusal."""
    leaves: list[Any] = []
    given, args, kwargs = (convert(v, leaves) for v in (sample.input, sample.args, sample.kwargs))
    try:
        parts = flat(function(given, *args, **kwargs))
        values = tuple(map(array, parts))
        gradients = slopes(parts, leaves, convert is theirs) if differentiate else ()
    except Skip:
        raise
    except Exception as error:
        return Refusal(type(error).__name__, str(error), of_ours(error))
    return Answer(values, gradients)


def slopes(parts: list[Any], leaves: list[Any], of_torch: bool) -> tuple[Any, ...]:
    """The gradients of a weighted sum of all results."""
    total = None
    for part in parts:
        if getattr(part, "requires_grad", False):
            by = weights(tuple(part.shape))
            if of_torch:
                import torch

                by = torch.from_numpy(by).to(part.dtype)
            else:
                by = by.astype(part.dtype)
            share = (part * by).sum()
            total = share if total is None else total + share
    if total is not None:
        total.backward()
    return tuple(None if leaf.grad is None else np.asarray(leaf.grad) for leaf in leaves)


def of_ours(error: Exception) -> bool:
    """Whether it was raised on purpose: by a `raise` in the framework, or as a call fits no signature."""
    frames = []
    trace = error.__traceback__
    while trace is not None:
        frames.append((Path(trace.tb_frame.f_code.co_filename), trace.tb_lineno))
        trace = trace.tb_next
    if error.__suppress_context__:  # raise … from …
        return True
    file, line = frames[-1]
    if "tinytorch" in file.parts and linecache.getline(str(file), line).strip().startswith(
        ("raise ", "refuse(")
    ):
        return True
    return isinstance(error, TypeError) and bool(SIGNATURE.match(str(error)))


def dtypes_of(value: Any) -> set[str]:
    """The dtypes of all tensors in it."""
    import torch

    if isinstance(value, torch.Tensor):
        return {str(value.dtype).removeprefix("torch.")}
    if isinstance(value, (tuple, list)):
        return {name for part in value for name in dtypes_of(part)}
    if isinstance(value, dict):
        return dtypes_of(list(value.values()))
    return set()
