"""The namespace `tinytorch.optim`: the optimizers of 06, and schedules of the learning rate.

Given, not an exercise. Names are looked up when they are used.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from importlib import import_module
from types import ModuleType
from typing import Any

from tinytorch.instead import no_such_name, submodule

EXPORTS = ("SGD", "Adam", "AdamW", "Optimizer")


class LambdaLR:
    """Multiply each group's first learning rate by ``lr_lambda(epoch)``.

    `step` goes on to the next epoch.
    """

    def __init__(self, optimizer: Any, lr_lambda: Callable[[int], float]) -> None:
        self.optimizer = optimizer
        self.factor = lr_lambda
        self.base_lrs = [group["lr"] for group in optimizer.param_groups]
        self.last_epoch = -1
        self.step()

    def step(self) -> None:
        """Set the learning rates of the next epoch."""
        self.last_epoch += 1
        for group, lr in zip(self.optimizer.param_groups, self.base_lrs, strict=True):
            group["lr"] = lr * self.factor(self.last_epoch)

    def get_last_lr(self) -> list[float]:
        """The learning rate of each group."""
        return [group["lr"] for group in self.optimizer.param_groups]

    def state_dict(self) -> dict[str, Any]:
        """What `load_state_dict` needs to go on."""
        return {"base_lrs": self.base_lrs, "last_epoch": self.last_epoch}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on where another left off."""
        self.base_lrs, self.last_epoch = state["base_lrs"], state["last_epoch"] - 1
        self.step()


class StepLR(LambdaLR):
    """Multiply the learning rate by ``gamma`` every ``step_size`` epochs."""

    def __init__(self, optimizer: Any, step_size: int, gamma: float = 0.1) -> None:
        super().__init__(optimizer, lambda epoch: gamma ** (epoch // step_size))


class ExponentialLR(LambdaLR):
    """Multiply the learning rate by ``gamma`` every epoch."""

    def __init__(self, optimizer: Any, gamma: float) -> None:
        super().__init__(optimizer, lambda epoch: gamma**epoch)


class MultiStepLR(LambdaLR):
    """Multiply the learning rate by ``gamma`` at each of some epochs."""

    def __init__(self, optimizer: Any, milestones: list[int], gamma: float = 0.1) -> None:
        super().__init__(optimizer, lambda epoch: gamma ** sum(at <= epoch for at in milestones))


class CosineAnnealingLR(LambdaLR):
    """Half a cosine from the first learning rate, at epoch 0, down to 0 at ``T_max``."""

    def __init__(self, optimizer: Any, T_max: int) -> None:
        super().__init__(optimizer, lambda epoch: (1 + math.cos(math.pi * epoch / T_max)) / 2)


class Schedulers(ModuleType):
    """The class of `tinytorch.optim.lr_scheduler`, for what it says of a name that it has not."""

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
