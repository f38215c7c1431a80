"""`tinytorch.save` and `tinytorch.load`: tensors, numbers and texts in one safetensors file.

Given, not an exercise. A state dict becomes a plain safetensors file, which other tools read. What is
nested, such as a checkpoint of a model, its optimizer and an epoch, is described in the header; nothing
in such a file can run.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from tinytorch.instead import only_cpu, refuse
from tinytorch.primitive import Array, Variable

HEADER = "tinytorch.save"
ANOTHER_WAY = "use save(model.state_dict(), path), or save_checkpoint(path, model, optimizer)"


def describe(value: Any, arrays: dict[str, Array], name: str) -> Any:
    """What JSON holds of ``value``; its arrays go into ``arrays``."""
    if isinstance(value, (Variable, np.ndarray)):
        arrays[name] = np.array(value.data if isinstance(value, Variable) else value, order="C")
        return {"tensor" if isinstance(value, Variable) else "array": name}
    if isinstance(value, Mapping):
        pairs = [
            (key, describe(part, arrays, f"{name}.{key}".lstrip(".")))
            for key, part in value.items()
        ]
        if any(not isinstance(key, (str, int)) for key in value):
            refuse("save of a dictionary with such keys", "use texts or whole numbers as keys")
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
    """What `describe` has described."""
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
    """Write tensors, numbers, texts, and dictionaries and lists of them, to a safetensors file.

    Raises:
        TypeError: something else is among them, such as a Module.
    """
    arrays: dict[str, Array] = {}
    described = describe(obj, arrays, "")
    flat = isinstance(obj, Mapping) and all(
        isinstance(v, (Variable, np.ndarray)) for v in obj.values()
    )
    save_file(arrays, Path(f), None if flat else {HEADER: json.dumps(described)})


def load(f: Any, map_location: Any = None, weights_only: bool = True) -> Any:
    """Read what `save` wrote, or any other safetensors file as a dictionary of Tensors.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is no safetensors file, such as one of pickles, which could run anything.
    """
    only_cpu(map_location)
    try:
        with safe_open(Path(f), framework="np") as file:
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            header = (file.metadata() or {}).get(HEADER)
    except FileNotFoundError:
        raise FileNotFoundError(f"there is no file {f}") from None
    except SafetensorError as error:
        raise ValueError(
            f"{f} is no safetensors file ({error}): use safetensors.torch.save_file in PyTorch to write one"
        ) from None
    if header is not None:
        return restore(json.loads(header), arrays)
    return {name: import_module("tinytorch.tensor").Tensor(array) for name, array in arrays.items()}
