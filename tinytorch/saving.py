"""`save`, `load`, `save_model` and `load_model`: tensors, numbers and strings in one safetensors file.

Given, not an exercise. A state dict becomes a plain safetensors file, which other tools can read. The header
describes nested data, such as a checkpoint of a model, its optimizer and an epoch. Nothing in such a file can
run.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib import import_module
from typing import Any

import numpy as np

from tinytorch.instead import only_cpu, refuse
from tinytorch.primitive import Array, Variable
from tinytorch.statedicts import IncompatibleKeys, first_names
from tinytorch.weightfiles import read_safetensors, write_safetensors

HEADER = "tinytorch.save"
ANOTHER_WAY = "use save(model.state_dict(), path), or save_checkpoint(path, model, optimizer)"


def describe(value: Any, arrays: dict[str, Array], name: str) -> Any:
    """A description of ``value`` for JSON; its arrays go into ``arrays``."""
    if isinstance(value, (Variable, np.ndarray)):
        name = name if name not in arrays else f"{name}/{len(arrays)}"
        arrays[name] = np.array(value.data if isinstance(value, Variable) else value, order="C")
        return {"tensor" if isinstance(value, Variable) else "array": name}
    if isinstance(value, Mapping):
        pairs = [
            (key, describe(part, arrays, f"{name}.{key}".lstrip(".")))
            for key, part in value.items()
        ]
        if any(not isinstance(key, (str, int)) for key in value):
            refuse("save of a dictionary with such keys", "use texts or integers as keys")
        return {"dict": pairs}
    if isinstance(value, (tuple, list)):
        parts = [describe(part, arrays, f"{name}.{i}".lstrip(".")) for i, part in enumerate(value)]
        return {type(value).__name__: parts}
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, (bool, int, float, str)):
        return {"value": value}
    return refuse(f"save of {type(value).__name__}", ANOTHER_WAY)


def restore(described: Mapping[str, Any], arrays: Mapping[str, Array]) -> Any:
    """The value that `describe` described."""
    ((kind, content),) = described.items()
    if kind == "tensor":
        return import_module("tinytorch.tensor").Tensor(arrays[content])
    if kind == "array":
        return arrays[content]
    if kind == "dict":
        return {key: restore(part, arrays) for key, part in content}
    if kind in ("tuple", "list"):
        parts = [restore(part, arrays) for part in content]
        return tuple(parts) if kind == "tuple" else parts
    return content


def save(obj: Any, f: Any) -> None:
    """Write tensors, numbers, strings, and dictionaries and lists of them, to a safetensors file.

    Raises:
        TypeError: there is something else among them, such as a Module, or a dtype that no file can hold.
        OSError: the file cannot be written.

    If anything fails, an earlier file stays as it was.
    """
    arrays: dict[str, Array] = {}
    described = describe(obj, arrays, "")
    flat = isinstance(obj, Mapping) and all(
        isinstance(k, str) and isinstance(v, (Variable, np.ndarray)) for k, v in obj.items()
    )
    write_safetensors(f, arrays, None if flat else {HEADER: json.dumps(described)})


def load(f: Any, map_location: Any = None, weights_only: bool = True) -> Any:
    """Read what `save` wrote, or any other safetensors file as a dictionary of Tensors.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is not a safetensors file, for example a pickle, which could run anything.
    """
    only_cpu(map_location)
    arrays, texts = read_safetensors(f)
    if HEADER not in texts:
        Tensor = import_module("tinytorch.tensor").Tensor
        return {name: Tensor(array) for name, array in arrays.items()}
    try:
        return restore(json.loads(texts[HEADER]), arrays)
    except (AttributeError, KeyError, RecursionError, TypeError, ValueError) as error:
        raise ValueError(
            f"{f} is damaged: what its header says under {HEADER!r} was not written by save"
            f" ({type(error).__name__}: {error})"
        ) from None


def save_model(model: Any, filename: Any, metadata: Mapping[str, str] | None = None) -> None:
    """Write the state of a model as `safetensors.torch.save_model` does: a shared tensor is stored once.

    The header says which names share a tensor. `load_model` reads it, here and in PyTorch.
    """
    state, names = model.state_dict(), first_names(model)
    once = {name: array for name, array in state.items() if names.get(name, name) == name}
    shared = {name: first for name, first in names.items() if name != first}
    write_safetensors(filename, once, {**(metadata or {}), **shared})


def load_model(model: Any, filename: Any, strict: bool = True) -> IncompatibleKeys:
    """Read a state dict from any safetensors file into a model.

    Returns:
        The names missing from the file, and those missing from the model; both are empty if ``strict``.
    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is not a safetensors file, or does not fit. The message names it, and the model stays
            unchanged.
    """
    arrays, _ = read_safetensors(filename)
    try:
        return model.load_state_dict(arrays, strict)
    except KeyError as error:
        why = f"{error.args[0]}: use strict=False to load what is there"
        raise ValueError(f"{filename} does not fit the model: {why}") from error
    except (TypeError, ValueError) as error:
        raise ValueError(f"{filename} does not fit the model: {error}") from error
