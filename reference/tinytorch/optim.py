"""The namespace `tinytorch.optim`: the optimizers of 06, and schedules of the learning rate.

Given, not an exercise. Names are looked up when they are used.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from copy import copy
from importlib import import_module
from types import ModuleType
from typing import Any

from tinytorch.instead import no_such_name, submodule

EXPORTS = ("SGD", "Adam", "AdamW", "Optimizer")


class LambdaLR:
    """Multiply each group's initial learning rate by ``lr_lambda(epoch)``.

    `step` moves on to the next epoch.
    """

    settings: tuple[str, ...] = ()
    """The attributes that define the schedule: saved and restored, as in PyTorch."""

    def __init__(self, optimizer: Any, lr_lambda: Callable[[int], float]) -> None:
        self.lr_lambda = lr_lambda
        self.begin(optimizer)

    def begin(self, optimizer: Any) -> None:
        """Remember the current learning rates, and set those of epoch 0."""
        self.optimizer = optimizer
        self.base_lrs = [group["lr"] for group in optimizer.param_groups]
        self.last_epoch = -1
        self.step()

    def factor(self, epoch: int) -> float:
        """The factor for the initial learning rates."""
        return self.lr_lambda(epoch)

    def step(self) -> None:
        """Set the learning rates of the next epoch."""
        self.last_epoch += 1
        for group, rate in zip(self.optimizer.param_groups, self.rates(), strict=True):
            group["lr"] = rate

    def rates(self) -> list[float]:
        """The learning rates of this epoch."""
        return [lr * self.factor(self.last_epoch) for lr in self.base_lrs]

    def get_last_lr(self) -> list[float]:
        """The learning rate of each group."""
        return [group["lr"] for group in self.optimizer.param_groups]

    def state_dict(self) -> dict[str, Any]:
        """What `load_state_dict` needs to continue, here and in PyTorch."""
        state = {"base_lrs": list(self.base_lrs), "last_epoch": self.last_epoch}
        if type(self) is LambdaLR:
            state["lr_lambdas"] = [None] * len(self.base_lrs)
        own = {name: copy(getattr(self, name)) for name in self.settings}
        return {**state, **own, "_last_lr": self.get_last_lr(), "_step_count": self.last_epoch + 1}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Continue where another schedule stopped; it may be PyTorch's.

        Raises:
            ValueError: it belongs to another kind of schedule or to other groups. Nothing changes then.
        """
        needed = ("base_lrs", "last_epoch", *self.settings)
        if lacking := [name for name in needed if name not in state_dict]:
            raise ValueError(
                f"state_dict belongs to another schedule: it lacks {', '.join(lacking)}"
            )
        if len(state_dict["base_lrs"]) != len(self.optimizer.param_groups):
            raise ValueError(
                f"state_dict has {len(state_dict['base_lrs'])} groups, the optimizer"
                f" {len(self.optimizer.param_groups)}"
            )
        if state_dict.get("eta_min"):
            raise ValueError("state_dict has an eta_min: use LambdaLR for a rate that ends above 0")
        numbers = [*state_dict["base_lrs"], state_dict["last_epoch"]]
        if not all(isinstance(number, (int, float)) for number in numbers):
            raise ValueError("base_lrs and last_epoch of state_dict must be numbers")
        other = copy(self)
        for name in self.settings:
            setattr(other, name, copy(state_dict[name]))
        other.base_lrs, other.last_epoch = numbers[:-1], numbers[-1] - 1
        try:
            other.step()  # changes nothing here if it fails
        except (TypeError, ZeroDivisionError) as error:
            raise ValueError(f"state_dict has a setting that cannot be used: {error}") from error
        vars(self).update(vars(other))


class StepLR(LambdaLR):
    """Multiply the learning rate by ``gamma`` every ``step_size`` epochs."""

    settings = ("step_size", "gamma")

    def __init__(self, optimizer: Any, step_size: int, gamma: float = 0.1) -> None:
        self.step_size, self.gamma = step_size, gamma
        self.begin(optimizer)

    def factor(self, epoch: int) -> float:
        return self.gamma ** (epoch // self.step_size)


class ExponentialLR(LambdaLR):
    """Multiply the learning rate by ``gamma`` every epoch."""

    settings = ("gamma",)

    def __init__(self, optimizer: Any, gamma: float) -> None:
        self.gamma = gamma
        self.begin(optimizer)

    def factor(self, epoch: int) -> float:
        return self.gamma**epoch


class MultiStepLR(LambdaLR):
    """Multiply the learning rate by ``gamma`` at each of some epochs."""

    settings = ("milestones", "gamma")

    def __init__(self, optimizer: Any, milestones: list[int], gamma: float = 0.1) -> None:
        self.milestones, self.gamma = Counter(milestones), gamma  # as PyTorch saves them
        self.begin(optimizer)

    def factor(self, epoch: int) -> float:
        return self.gamma ** sum(n for at, n in self.milestones.items() if at <= epoch)

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Continue where another schedule stopped. Epochs may be text, as JSON has them."""
        if "milestones" in state_dict:
            found = Counter(state_dict["milestones"])
            state_dict = {**state_dict, "milestones": Counter({int(at): found[at] for at in found})}
        super().load_state_dict(state_dict)


class CosineAnnealingLR(LambdaLR):
    """Half a cosine from the initial learning rate, at epoch 0, down to 0 at ``T_max``."""

    settings = ("T_max",)

    def __init__(self, optimizer: Any, T_max: int) -> None:
        self.T_max = T_max
        self.begin(optimizer)

    def factor(self, epoch: int) -> float:
        return (1 + math.cos(math.pi * epoch / self.T_max)) / 2


class Schedulers(ModuleType):
    """The class of `tinytorch.optim.lr_scheduler`, for its error about a missing name."""

    def __getattr__(self, name: str) -> Any:
        raise no_such_name(self.__name__, name, vars(self))


lr_scheduler = submodule("tinytorch.optim.lr_scheduler", Schedulers("tinytorch.optim.lr_scheduler"))
for kind in (LambdaLR, StepLR, ExponentialLR, MultiStepLR, CosineAnnealingLR):
    setattr(lr_scheduler, kind.__name__, kind)


def __getattr__(name: str) -> Any:
    if name in EXPORTS:
        return getattr(import_module("tinytorch.optimizers"), name)
    raise no_such_name("tinytorch.optim", name, EXPORTS)


def __dir__() -> list[str]:
    return [*EXPORTS, "lr_scheduler"]
