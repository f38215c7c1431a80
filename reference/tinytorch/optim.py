"""The namespace `tinytorch.optim`: the optimizers of 06, and schedules of the learning rate.

Given, not an exercise. Names are looked up when they are used.
"""

from __future__ import annotations

import math
from collections import Counter
from copy import copy
from importlib import import_module
from types import ModuleType
from typing import Any

from tinytorch.instead import no_such_name, submodule

EXPORTS = ("SGD", "Adam", "AdamW", "Optimizer")


class LambdaLR:
    """Multiply each group's initial learning rate by ``lr_lambda(epoch)``.

    `step` moves on to the next epoch.

    Args:
        lr_lambda: a function of the epoch, or a list of them, one for each group.
        last_epoch: -1 to begin; or the number of an epoch to continue after it.
    """

    settings: tuple[str, ...] = ()
    """The attributes that define the schedule: saved and restored, as in PyTorch."""

    def __init__(self, optimizer: Any, lr_lambda: Any, last_epoch: int = -1) -> None:
        self.lr_lambda = lr_lambda
        self.begin(optimizer, last_epoch)

    def begin(self, optimizer: Any, last_epoch: int = -1) -> None:
        """Remember the current learning rates as the initial ones, and set those of epoch 0."""
        self.optimizer = optimizer
        for place, group in enumerate(optimizer.param_groups):
            if last_epoch == -1:
                group.setdefault("initial_lr", group["lr"])
            elif "initial_lr" not in group:
                raise ValueError(
                    f"last_epoch {last_epoch} needs an initial_lr in group {place}:"
                    " use load_state_dict, which keeps it"
                )
        self.base_lrs = [group["initial_lr"] for group in optimizer.param_groups]
        self.last_epoch = last_epoch
        self.step()

    def step(self) -> None:
        """Set the learning rates of the next epoch."""
        self.last_epoch += 1
        rates = self.rates()
        for group, rate in zip(self.optimizer.param_groups, rates, strict=True):
            group["lr"] = rate

    def rates(self) -> list[float]:
        """The learning rates of this epoch: here the initial ones times a factor."""
        given = self.lr_lambda
        functions = given if isinstance(given, (list, tuple)) else [given] * len(self.base_lrs)
        if len(functions) != len(self.base_lrs):
            raise ValueError(
                f"lr_lambda must be {len(self.base_lrs)} functions, one for each group"
            )
        return [lr * f(self.last_epoch) for lr, f in zip(self.base_lrs, functions, strict=True)]

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
        if state_dict.get("eta_min") and "eta_min" not in self.settings:
            raise ValueError("state_dict belongs to another schedule: it has an eta_min")
        count = len(self.optimizer.param_groups)
        rates = list(state_dict.get("_last_lr", state_dict["base_lrs"]))
        if not len(state_dict["base_lrs"]) == len(rates) == count:
            raise ValueError(
                f"state_dict has {len(state_dict['base_lrs'])} groups, the optimizer {count}"
            )
        numbers = [*state_dict["base_lrs"], *rates, state_dict["last_epoch"]]
        if not all(isinstance(number, (int, float)) for number in numbers):
            raise ValueError("base_lrs, _last_lr and last_epoch of state_dict must be numbers")
        other = copy(self)
        for name in self.settings:
            value = state_dict[name]
            if not isinstance(value, (int, float, Counter)):
                raise ValueError(f"{name} of state_dict must be a number, got {value!r:.60}")
            setattr(other, name, copy(value))
        other.base_lrs, other.last_epoch = numbers[:count], 1
        try:
            other.rates()  # changes nothing here if it fails
        except (TypeError, ZeroDivisionError) as error:
            raise ValueError(f"state_dict has a setting that cannot be used: {error}") from error
        other.last_epoch = numbers[-1]
        vars(self).update(vars(other))
        for group, rate in zip(self.optimizer.param_groups, rates, strict=True):
            group["lr"] = rate


class Stepwise(LambdaLR):
    """A schedule that computes each learning rate from the one before, which may be changed by hand."""

    def rates(self) -> list[float]:
        """The learning rates of this epoch: the current ones, changed."""
        groups = self.optimizer.param_groups
        if self.last_epoch == 0:
            return [group["lr"] for group in groups]
        pairs = zip([group["lr"] for group in groups], self.base_lrs, strict=True)
        return [self.following(lr, base) for lr, base in pairs]

    def following(self, lr: float, base: float) -> float:
        """The learning rate of this epoch, from that of the last one and the initial one."""
        raise NotImplementedError(f"{type(self).__name__} does not define following")


class StepLR(Stepwise):
    """Multiply the learning rate by ``gamma`` every ``step_size`` epochs."""

    settings = ("step_size", "gamma")

    def __init__(
        self, optimizer: Any, step_size: int, gamma: float = 0.1, last_epoch: int = -1
    ) -> None:
        self.step_size, self.gamma = step_size, gamma
        self.begin(optimizer, last_epoch)

    def following(self, lr: float, base: float) -> float:
        return lr * self.gamma if self.last_epoch % self.step_size == 0 else lr


class ExponentialLR(Stepwise):
    """Multiply the learning rate by ``gamma`` every epoch."""

    settings = ("gamma",)

    def __init__(self, optimizer: Any, gamma: float, last_epoch: int = -1) -> None:
        self.gamma = gamma
        self.begin(optimizer, last_epoch)

    def following(self, lr: float, base: float) -> float:
        return lr * self.gamma


class MultiStepLR(Stepwise):
    """Multiply the learning rate by ``gamma`` at each of some epochs."""

    settings = ("milestones", "gamma")

    def __init__(
        self, optimizer: Any, milestones: list[int], gamma: float = 0.1, last_epoch: int = -1
    ) -> None:
        self.milestones, self.gamma = Counter(milestones), gamma  # as PyTorch saves them
        self.begin(optimizer, last_epoch)

    def following(self, lr: float, base: float) -> float:
        return lr * self.gamma ** self.milestones[self.last_epoch]

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Continue where another schedule stopped. Epochs may be text, as JSON has them."""
        if "milestones" in state_dict:
            found = Counter(state_dict["milestones"])
            state_dict = {**state_dict, "milestones": Counter({int(at): found[at] for at in found})}
        super().load_state_dict(state_dict)


class CosineAnnealingLR(Stepwise):
    """Half a cosine from the initial learning rate, at epoch 0, down to ``eta_min`` at ``T_max``."""

    settings = ("T_max", "eta_min")

    def __init__(
        self, optimizer: Any, T_max: int, eta_min: float = 0.0, last_epoch: int = -1
    ) -> None:
        self.T_max, self.eta_min = T_max, eta_min
        self.begin(optimizer, last_epoch)

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Continue where another schedule stopped. Older states end at 0 and say nothing of ``eta_min``."""
        super().load_state_dict({"eta_min": 0.0, **state_dict})

    def following(self, lr: float, base: float) -> float:
        cosine = lambda epoch: 1 + math.cos(math.pi * epoch / self.T_max)
        if (self.last_epoch - 1 - self.T_max) % (2 * self.T_max) == 0:  # it was at eta_min
            return lr + (base - self.eta_min) * (1 - math.cos(math.pi / self.T_max)) / 2
        ratio = cosine(self.last_epoch) / cosine(self.last_epoch - 1)
        return ratio * (lr - self.eta_min) + self.eta_min


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
