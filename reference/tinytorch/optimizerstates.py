"""States of optimizers as PyTorch writes them: made plain, and looked at before anything changes.

Given, not an exercise. `Optimizer.load_state_dict` of 06 has `reads_pytorch` above it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

from tinytorch.statedicts import plain

NOT_OFFERED = {
    "maximize": "use the negative loss",
    "amsgrad": "use Adam without it",
}
"""What PyTorch's optimizers can do and these cannot, and what to do instead."""

NEEDED = {"Adam": ("step", "exp_avg", "exp_avg_sq")}
"""What must be remembered of a parameter if anything is."""


def kinds(optimizer: Any) -> list[str]:
    """The names of an optimizer's class and those above."""
    return [kind.__name__ for kind in type(optimizer).__mro__]


def reads_pytorch(load_state_dict: Callable[[Any, Any], None]) -> Callable[[Any, Any], None]:
    """Let `load_state_dict` of an optimizer take what PyTorch's gives, and refuse what would fail later."""

    @wraps(load_state_dict)
    def load(self: Any, state_dict: Any) -> None:
        load_state_dict(self, readable(self, state_dict))

    return load


def readable(optimizer: Any, state_dict: Any) -> dict[str, Any]:
    """The same state with arrays and numbers, as `state_dict` of 06 has them.

    Raises:
        ValueError: it is no state of an optimizer, of another kind, or has what no optimizer can use.
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
    """What is remembered of one parameter: arrays of floats, and the count of steps as a number."""
    state: dict[str, Any] = {}
    for name, value in found.items():
        array = plain(value)
        if value is None:
            continue
        if array.dtype.kind not in "fiu" or (array.ndim and array.dtype.kind != "f"):
            raise ValueError(
                f"{name} of param {place} in state_dict is {array.dtype}: use an array of floats"
            )
        if name == "step" and (array.size != 1 or array.item() != int(array.item())):
            raise ValueError(f"step of param {place} in state_dict must be a whole number")
        state[name] = int(array.item()) if name == "step" else value
        if name != "step" and not isinstance(value, (int, float)):
            state[name] = array
    for kind in kinds(optimizer):
        for name in NEEDED.get(kind, ()):
            if state and name not in state:
                raise ValueError(f"state_dict has state of param {place}, but lacks its {name}")
    return state


def group_of(optimizer: Any, found: Mapping[str, Any]) -> dict[str, Any]:
    """The hyperparameters of one group, once it is sure that this optimizer can use them."""
    for name, way in NOT_OFFERED.items():
        if found.get(name):
            raise ValueError(f"param_groups of state_dict have {name}={found[name]}: {way}")
    decoupled = "AdamW" in kinds(optimizer)
    if found.get("decoupled_weight_decay", decoupled) != decoupled:
        raise ValueError(
            "param_groups of state_dict are of Adam: use Adam to go on"
            if decoupled
            else "param_groups of state_dict are of AdamW: use AdamW to go on"
        )
    group = dict(found)
    for name, default in optimizer.defaults.items():
        value = found.get(name, default)
        if isinstance(value, str):
            raise ValueError(f"{name} in param_groups of state_dict is a text: use a number")
        if isinstance(default, tuple):
            value = tuple(value)
        if name in found:
            group[name] = plain(value).item() if hasattr(value, "item") else value
    if set(optimizer.defaults) <= set(group):
        try:
            optimizer.check(group)
        except TypeError as error:
            raise ValueError(f"param_groups of state_dict do not fit: {error}") from error
    return group
