"""State dicts as in PyTorch: every name, missing and unexpected ones, and nothing loaded in part.

Given, not an exercise. These decorate methods of `Module` in 03 and `Optimizer` in 06.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import wraps
from importlib import import_module
from typing import Any, NamedTuple

import numpy as np

from tinytorch.instead import refuse
from tinytorch.primitive import Array, Variable
from tinytorch.versions import notes_changes

COUNT = "num_batches_tracked"
"""A count that older files lack: like PyTorch, loading then keeps the module's own."""


class IncompatibleKeys(NamedTuple):
    """What `load_state_dict` returns: the names missing from the state, and the unexpected ones."""

    missing_keys: list[str]
    unexpected_keys: list[str]

    def __repr__(self) -> str:
        if self.missing_keys or self.unexpected_keys:
            return f"IncompatibleKeys(missing_keys={self[0]}, unexpected_keys={self[1]})"
        return "<All keys matched successfully>"


def every_name(module: Any, prefix: str = "", above: tuple[Any, ...] = ()) -> Iterator[Any]:
    """Yield (name, tensor) for parameters and buffers, a shared one under each of its names."""
    layers = import_module("tinytorch.layers")
    above = (*above, module)
    for name, value in vars(module).items():
        if isinstance(value, (layers.Parameter, layers.Buffer)):
            yield prefix + name, value
    for name, value in vars(module).items():
        if isinstance(value, layers.Module) and not any(value is part for part in above):
            yield from every_name(value, f"{prefix}{name}.", above)


def is_saved(tensor: Any) -> bool:
    """Whether a state dict has it: everything but a buffer registered with ``persistent=False``."""
    return getattr(tensor, "persistent", True)


def with_every_name(state_dict: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Let `state_dict` list a shared array under all of its names, as PyTorch does."""

    @wraps(state_dict)
    def named(self: Any) -> Any:
        state = state_dict(self)
        if not isinstance(state, dict):
            return state
        shared: dict[int, list[str]] = {}
        for name, tensor in every_name(self):
            shared.setdefault(id(tensor), []).append(name)
        for names in shared.values():
            arrays = [state[name] for name in names if name in state]
            for name in names if arrays else ():
                state.setdefault(name, arrays[0])
        for name, tensor in every_name(self):
            if not is_saved(tensor):
                state.pop(name, None)
        return state

    return named


def first_names(module: Any) -> dict[str, str]:
    """Map every name of a parameter or buffer to the one in `named_parameters`."""
    first = {id(t): name for name, t in [*module.named_parameters(), *module.named_buffers()]}
    names = {name: first[id(t)] for name, t in every_name(module) if id(t) in first}
    return {name: name for name in first.values()} | names


def incompatible_keys(module: Any, state_dict: Mapping[str, Any]) -> IncompatibleKeys:
    """The names missing from a state, and those missing from the module.

    A tensor with several names is missing only if all of them are.
    """
    names = first_names(module)
    found = {names[key] for key in state_dict if key in names}
    passing = {name for name, buffer in module.named_buffers() if not is_saved(buffer)}
    missing = [
        name
        for name in dict.fromkeys(names.values())
        if name not in found and name.rpartition(".")[2] != COUNT and name not in passing
    ]
    return IncompatibleKeys(missing, [key for key in state_dict if key not in names])


def loads_whole(load_state_dict: Callable[..., Any]) -> Callable[..., IncompatibleKeys]:
    """Let `load_state_dict` accept all names, check dtypes first, and report what does not fit."""

    @wraps(load_state_dict)
    def load(
        self: Any, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False
    ) -> IncompatibleKeys:
        if assign:
            refuse("load_state_dict(assign=True)", "use assign=False, which copies the values")
        state = fitting(self, state_dict)
        notes_changes(load_state_dict)(self, state, strict)
        return incompatible_keys(self, state_dict)

    return load


def fitting(module: Any, state_dict: Mapping[str, Any]) -> dict[str, Any]:
    """The state as arrays of the module's dtypes, each under the first of its names in the module.

    Raises:
        TypeError: it is not a dictionary of arrays, or an array has another kind of dtype.
        ValueError: two names of one tensor have different values, or a count does not fit its dtype.
    """
    if not isinstance(state_dict, Mapping):
        raise TypeError(f"state_dict must be a dictionary, got {type(state_dict).__name__}")
    names = first_names(module)
    own = dict([*module.named_parameters(), *module.named_buffers()])
    state: dict[str, Any] = {}
    for key, value in state_dict.items():
        if not isinstance(key, str) or isinstance(value, Mapping):
            raise TypeError(
                f"{key!r} is not the name of an array, but of a {type(value).__name__}:"
                f" use load_state_dict(checkpoint[{key!r}]) if that is the state"
            )
        first = names.get(key)
        if first is None:
            state[key] = value
            continue
        array = as_array(key, value, own[first].dtype)
        if first in state and not np.array_equal(state[first], array, equal_nan=True):
            raise ValueError(
                f"{key} is {first} here, but the state has two values for it: leave one out"
            )
        state[first] = array
    for name in own.keys() - state.keys():
        if name.rpartition(".")[2] == COUNT or not is_saved(own[name]):
            state[name] = own[name].data
    return state


def as_array(name: str, value: Any, dtype: np.dtype[Any]) -> Array:
    """A saved value as an array, if it can be converted to ``dtype`` without changing its meaning."""
    try:
        array = plain(value)
    except (TypeError, ValueError) as error:
        raise TypeError(f"{name} is not an array: {error}") from None
    kinds = {"f": "f", "i": "iu", "u": "iu"}.get(dtype.kind, dtype.kind)
    if array.dtype.kind not in kinds:
        raise TypeError(
            f"{name} is {dtype} here, but the state has {array.dtype}: use .astype({dtype.name!r})"
            " on it if that is meant"
        )
    if dtype.kind in "iu" and not np.array_equal(array.astype(dtype), array):
        raise ValueError(f"{name} is {dtype} here, too small for what the state has")
    return array


def plain(value: Any) -> Array:
    """The array of a Tensor, of PyTorch's tensor, or of anything that NumPy can convert."""
    if isinstance(value, Variable):
        return value.data
    return np.asarray(value.detach().numpy() if hasattr(value, "detach") else value)
