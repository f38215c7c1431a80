"""06 · Optimizers: how parameters move once their gradients are known.

The lesson: tito docs 06
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from tinytorch.moduleconveniences import sets_to_none
from tinytorch.optimizerstates import reads_pytorch
from tinytorch.primitive import Array
from tinytorch.signatures import OptimizerConveniences
from tinytorch.tensor import Tensor
from tinytorch.versions import notes_changes


class Optimizer(OptimizerConveniences):
    """What every optimizer does: hold parameters, visit each one, remember, save.

    Each kind of optimizer adds one method, `update`, which moves one parameter.

    Attributes:
        param_groups: dictionaries, each with the list ``"params"`` and the hyperparameters that apply
            to it, such as ``"lr"``. Change them at any time: the next step uses the new values.
        defaults: the hyperparameters of a group that does not set its own.
        state: for each parameter that was moved, a dictionary of what the optimizer remembers about it.
    """

    defaults: dict[str, Any]
    param_groups: list[dict[str, Any]]
    state: dict[Tensor, dict[str, Any]]

    def __init__(
        self, params: Iterable[Tensor] | Iterable[dict[str, Any]], defaults: dict[str, Any]
    ) -> None:
        """Take charge of parameters.

        Args:
            params: Tensors, or dictionaries that each hold the Tensors of one group under
                ``"params"`` next to its own hyperparameters. An iterator such as
                ``model.parameters()`` works too.
            defaults: a dictionary of hyperparameters for the groups that do not set their own.
        Raises:
            TypeError: ``params`` is a single Tensor; the message names ``params``.
            ValueError: ``params`` is empty; the message names it.

        Each group is added with `add_param_group`.
        """
        raise NotImplementedError("06 optimizers: Optimizer.__init__")

    def add_param_group(self, group: dict[str, Any]) -> None:
        """Add parameters with their own hyperparameters.

        Args:
            group: a dictionary: Tensors under ``"params"``, and any hyperparameters that differ from
                ``defaults``. Do not change it or what it holds; ``param_groups`` gets a new
                dictionary with the Tensors as a list and all the hyperparameters.
        Raises:
            TypeError: ``group`` is not a dictionary, its ``"params"`` is a single Tensor, or one of them
                is not a Tensor; the message names ``params``.
            ValueError: a param is the result of an operation rather than a leaf, or it is already in a
                group (this one or an earlier one), and the message names ``params``; or a hyperparameter
                is out of range, see `check`.

        After an error the optimizer is as it was before.
        """
        raise NotImplementedError("06 optimizers: Optimizer.add_param_group")

    def check(self, group: dict[str, Any]) -> None:
        """Raise ValueError if a hyperparameter of ``group`` is out of range, TypeError if it is not a number.

        Given.
        """
        for name in {"lr", "weight_decay", "momentum", "dampening", "betas", "eps"} & group.keys():
            value = group[name]
            parts = value if isinstance(value, (tuple, list)) else (value,)
            if any(isinstance(part, (Tensor, str)) for part in parts):
                raise TypeError(f"{name} must be a number, got {value!r:.60}: use tensor.item()")
        for name in ("lr", "weight_decay"):
            if not group[name] >= 0:
                raise ValueError(f"{name} must be at least 0, got {group[name]}")

    def parameters(self) -> list[Tensor]:
        """Every parameter of every group, in order. Given."""
        return [param for group in self.param_groups for param in group["params"]]

    @property
    def lr(self) -> float:
        """The learning rate of the first group; setting it sets that of every group. Given."""
        return self.param_groups[0]["lr"]

    @lr.setter
    def lr(self, value: float) -> None:
        for group in self.param_groups:
            group["lr"] = float(value)

    @sets_to_none
    def zero_grad(self) -> None:
        """Clear the gradients: ``grad`` of every parameter becomes None.

        `backward` adds to existing gradients, so call this before each backward.
        """
        raise NotImplementedError("06 optimizers: Optimizer.zero_grad")

    @notes_changes
    def step(self) -> None:
        """Move every parameter that has a gradient, one `update` each.

        Skip a parameter whose ``grad`` is None: it does not move, not even by weight
        decay, and its state stays as it is. ``update`` gets the parameter's own dictionary in
        ``state``, an empty one the first time.
        """
        raise NotImplementedError("06 optimizers: Optimizer.step")

    def update(
        self, param: Array, grad: Array, state: dict[str, Any], group: dict[str, Any]
    ) -> None:
        """Move one parameter by one step, in place. Each kind of optimizer defines its own.

        Args:
            param: the parameter's array. Change it; it keeps its memory, shape and dtype.
            grad: its gradient, an array of the same shape; only read it.
            state: what you remember about this parameter from step to step, a dictionary to change.
            group: the hyperparameters that apply to this parameter. Those in ``defaults`` may differ.
        """
        raise NotImplementedError(f"{type(self).__name__} does not define update")

    def state_bytes(self) -> int:
        """The memory that the state takes: the sum of ``nbytes`` of every array in ``state``.

        Before the first step there is no state. After it, plain SGD still takes 0 bytes, SGD with
        momentum as much as the parameters themselves, Adam twice as much.
        """
        raise NotImplementedError("06 optimizers: Optimizer.state_bytes")

    def state_dict(self) -> dict[str, Any]:
        """All that is needed to continue later, as plain dictionaries, numbers and arrays.

        Returns:
            ``{"state": {0: {...}, ...}, "param_groups": [{"lr": ..., "params": [0, 1]}, ...]}``.
            Parameters are numbered as in `parameters`, from 0 across all groups; those that have
            no state do not occur in ``"state"``. Arrays are copies: later steps do
            not change what was saved.
        """
        raise NotImplementedError("06 optimizers: Optimizer.state_dict")

    @reads_pytorch
    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Load what `state_dict` returned, from this optimizer or from one built like it.

        The saved state and hyperparameters replace the current ones. Copy each array to the dtype
        of its parameter, so that ``state_dict`` and the optimizer share no memory.

        Raises:
            ValueError: the saved groups have different numbers of params; or they lack a hyperparameter of
                ``defaults``, because another kind of optimizer saved them, and the message names it;
                or there is state for a param that does not exist, and the message names its number;
                or state has another shape than its param, and the message names both shapes. After an
                error the optimizer is as it was before.
        """
        raise NotImplementedError("06 optimizers: Optimizer.load_state_dict")


def copied(value: Any, dtype: DTypeLike | None = None) -> Any:
    """A copy of an array, of ``dtype`` if given; anything else as it is. Given."""
    return np.array(value, dtype=dtype) if isinstance(value, np.ndarray) else value


class SGD(Optimizer):
    """Stochastic gradient descent, with optional momentum.

    Args:
        params: what to optimize, see `Optimizer`.
        lr: the learning rate, at least 0.
        momentum: how much of the last direction to keep, at least 0; 0 remembers nothing.
        dampening: how much of a gradient to hold back from the momentum buffer.
        weight_decay: how strongly to pull parameters toward zero, at least 0.
        nesterov: look ahead along the momentum; needs momentum and no dampening.
    Raises:
        ValueError: ``lr``, ``momentum``, ``weight_decay`` or ``nesterov`` is out of range; the message
            names it.
    """

    def __init__(
        self,
        params: Iterable[Tensor] | Iterable[dict[str, Any]],
        lr: float,
        momentum: float = 0.0,
        dampening: float = 0.0,
        weight_decay: float = 0.0,
        nesterov: bool = False,
    ) -> None:
        defaults = {
            "lr": lr,
            "momentum": momentum,
            "dampening": dampening,
            "weight_decay": weight_decay,
            "nesterov": nesterov,
        }
        super().__init__(params, defaults)

    def check(self, group: dict[str, Any]) -> None:
        super().check(group)
        if not group["momentum"] >= 0:
            raise ValueError(f"momentum must be at least 0, got {group['momentum']}")
        if group["nesterov"] and (group["momentum"] == 0 or group["dampening"] != 0):
            raise ValueError("nesterov needs momentum above 0 and no dampening")

    def update(
        self, param: Array, grad: Array, state: dict[str, Any], group: dict[str, Any]
    ) -> None:
        """Move ``param`` against its gradient, in place.

        ::

            g = grad + weight_decay · param
            b = g                                        the first time, with momentum
            b = momentum · b + (1 - dampening) · g       from then on
            d = g without momentum, b with it, g + momentum · b with nesterov
            param = param - lr · d

        Keep ``b`` in ``state["momentum_buffer"]``, an array of the parameter's dtype with its own
        memory, which changes in place. Without momentum the state stays as it is, empty at first.
        Do not change ``grad``. Besides all these, hold at most eight arrays of that size at a time.

        >>> weight = np.array([1.0, 2.0])
        >>> optimizer = SGD([Tensor(weight)], lr=0.1)
        >>> optimizer.update(weight, np.array([1.0, -1.0]), {}, optimizer.param_groups[0])
        >>> weight
        array([0.9, 2.1])
        """
        raise NotImplementedError("06 optimizers: SGD.update")


class Adam(Optimizer):
    """An individual step size for every number, from running means of the gradient and its square.

    Args:
        params: what to optimize, see `Optimizer`.
        lr: the learning rate, at least 0: about the most that a number moves in one step.
        betas: how slowly the means of gradient and squared gradient forget, each in [0, 1).
        eps: added to the denominator, at least 0.
        weight_decay: how strongly to pull parameters toward zero, through the gradient; at least 0.
    Raises:
        ValueError: ``lr``, ``betas``, ``eps`` or ``weight_decay`` is out of range; the message names it.
    """

    def __init__(
        self,
        params: Iterable[Tensor] | Iterable[dict[str, Any]],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(
            params, {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay}
        )

    def check(self, group: dict[str, Any]) -> None:
        super().check(group)
        if not group["eps"] >= 0:
            raise ValueError(f"eps must be at least 0, got {group['eps']}")
        if len(group["betas"]) != 2 or not all(0 <= beta < 1 for beta in group["betas"]):
            raise ValueError(f"betas must be two numbers in [0, 1), got {group['betas']}")

    def update(
        self, param: Array, grad: Array, state: dict[str, Any], group: dict[str, Any]
    ) -> None:
        """Move ``param`` by about ``lr`` against its smoothed gradient, in place.

        ::

            g = grad + weight_decay · param
            m = β₁ · m + (1 - β₁) · g          starting from 0
            v = β₂ · v + (1 - β₂) · g²         starting from 0
            m̂ = m / (1 - β₁ᵗ),  v̂ = v / (1 - β₂ᵗ)
            param = param - lr · m̂ / (√v̂ + eps)

        ``t`` counts the steps of this parameter: 1 in the first. ``m`` and ``v`` start at zero, so they
        are too small by exactly the factors that m̂ and v̂ divide out. Keep them in ``state`` as
        ``"exp_avg"`` and ``"exp_avg_sq"``, arrays of the parameter's dtype that change in place, and
        ``t`` as ``"step"``, a plain number. Do not change ``grad``. Besides all these, hold at most
        eight arrays of that size at a time.

        >>> weight = np.array([1.0, 2.0])
        >>> optimizer = Adam([Tensor(weight)], lr=0.1)
        >>> optimizer.update(weight, np.array([5.0, -0.01]), {}, optimizer.param_groups[0])
        >>> weight.round(3)
        array([0.9, 2.1])
        """
        raise NotImplementedError("06 optimizers: Adam.update")


class AdamW(Adam):
    """Adam whose weight decay shrinks parameters directly, separate from the gradient.

    In `Adam` the decay passes through the running means and is divided by √v̂, so weights with large
    gradients hardly decay. Here every weight decays alike.

    Args: as `Adam`; ``weight_decay`` is 0.01 by default.
    """

    def __init__(
        self,
        params: Iterable[Tensor] | Iterable[dict[str, Any]],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.01,
    ) -> None:
        super().__init__(params, lr, betas, eps, weight_decay)

    def update(
        self, param: Array, grad: Array, state: dict[str, Any], group: dict[str, Any]
    ) -> None:
        """Shrink ``param``, then take a step of Adam without weight decay, in place.

        ::

            param = param · (1 - lr · weight_decay)
            then as `Adam.update` with weight_decay = 0

        >>> weight = np.array([1.0, 2.0])
        >>> optimizer = AdamW([Tensor(weight)], lr=0.1, weight_decay=0.5)
        >>> optimizer.update(weight, np.array([0.0, 0.0]), {}, optimizer.param_groups[0])
        >>> weight
        array([0.95, 1.9 ])
        """
        raise NotImplementedError("06 optimizers: AdamW.update")
