"""States of optimizers as PyTorch writes them: converted and checked before anything changes.

Given, not an exercise. `reads_pytorch` decorates `Optimizer.load_state_dict` of 06.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

from tinytorch.primitive import Array
from tinytorch.statedicts import plain

NOT_OFFERED = {
    "maximize": "use the negative loss",
    "amsgrad": "use Adam without it",
}
"""What PyTorch's optimizers can do and yours cannot, and what to do instead."""

NEEDED = {"Adam": ("step", "exp_avg", "exp_avg_sq")}
"""What a parameter's state must contain if it has any."""

FLOATING = ("momentum_buffer", "exp_avg", "exp_avg_sq")
"""What must be an array of floats."""


def kinds(optimizer: Any) -> list[str]:
    """The names of an optimizer's class and its base classes."""
    return [kind.__name__ for kind in type(optimizer).__mro__]


def reads_pytorch(load_state_dict: Callable[[Any, Any], None]) -> Callable[[Any, Any], None]:
    """Let an optimizer's `load_state_dict` accept PyTorch's states, and refuse what would fail later."""

    @wraps(load_state_dict)
    def load(self: Any, state_dict: Any) -> None:
        load_state_dict(self, readable(self, state_dict))

    return load


def readable(optimizer: Any, state_dict: Any) -> dict[str, Any]:
    """The same state with arrays and numbers, as `state_dict` of 06 has them.

    Raises:
        ValueError: it is not a state of such an optimizer, or has values that no optimizer can use.
    """
    if not isinstance(state_dict, Mapping) or not {"state", "param_groups"} <= set(state_dict):
        raise ValueError("state_dict must be a dictionary with 'state' and 'param_groups'")
    state, groups = state_dict["state"], state_dict["param_groups"]
    if not isinstance(state, Mapping) or not all(isinstance(r, Mapping) for r in state.values()):
        raise ValueError("state of state_dict must be a dictionary of dictionaries")
    if not isinstance(groups, (list, tuple)) or not all(
        isinstance(group, Mapping) and isinstance(group.get("params"), (list, tuple))
        for group in groups
    ):
        raise ValueError("param_groups of state_dict must be dictionaries with a list 'params'")
    return {
        "state": {place: remembered(optimizer, place, found) for place, found in state.items()},
        "param_groups": [group_of(optimizer, group) for group in groups],
    }


def remembered(optimizer: Any, place: Any, found: Mapping[str, Any]) -> dict[str, Any]:
    """The state of one parameter: the count of steps as a number, PyTorch's tensors as arrays."""
    state: dict[str, Any] = {}
    for name, value in found.items():
        if value is None:
            continue
        state[name] = plain(value) if hasattr(value, "detach") or name in FLOATING else value
        if name in FLOATING and state[name].dtype.kind != "f":
            raise ValueError(
                f"{name} of param {place} in state_dict is {state[name].dtype}: use an array of floats"
            )
        if name == "step":
            state[name] = whole(plain(value), place)
    for kind in kinds(optimizer):
        for name in NEEDED.get(kind, ()):
            if state and name not in state:
                raise ValueError(f"state_dict has state of param {place}, but lacks its {name}")
    return state


def whole(step: Array, place: Any) -> int:
    """A count of steps, which PyTorch keeps as a float in a tensor."""
    if step.size != 1 or step.dtype.kind not in "fiu" or step.item() % 1 or step.item() < 0:
        raise ValueError(f"step of param {place} in state_dict must be an integer")
    return int(step.item())


def group_of(optimizer: Any, found: Mapping[str, Any]) -> dict[str, Any]:
    """The hyperparameters of one group, after a check that this optimizer can use them."""
    for name, way in NOT_OFFERED.items():
        if name not in optimizer.defaults and found.get(name):
            raise ValueError(f"param_groups of state_dict have {name}={found[name]}: {way}")
    decoupled = "AdamW" in kinds(optimizer)
    if found.get("decoupled_weight_decay", decoupled) != decoupled:
        kind = "Adam" if decoupled else "AdamW"
        raise ValueError(f"param_groups of state_dict are those of {kind}: use {kind} to continue")
    group = dict(found)
    try:
        for name in optimizer.defaults.keys() & found.keys():
            group[name] = like(optimizer.defaults[name], found[name], name)
        if optimizer.defaults.keys() <= found.keys():
            optimizer.check(group)
    except TypeError as error:
        raise ValueError(f"param_groups of state_dict do not fit: {error}") from error
    return group


def like(default: Any, value: Any, name: str) -> Any:
    """A hyperparameter as the optimizer expects it: a number from a tensor, a pair from a list."""
    if isinstance(value, str) and not isinstance(default, str):
        raise ValueError(f"{name} in param_groups of state_dict is a string: use a number")
    if isinstance(default, tuple):
        return tuple(value)
    return plain(value).item() if hasattr(value, "item") else value
