"""06 · Optimizers: how parameters move once their gradients are known."""

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
        if isinstance(params, Tensor):
            raise TypeError("params must be several Tensors, such as a list, got a single Tensor")
        groups: list[Any] = list(params)
        if not groups:
            raise ValueError("params is empty: there is nothing to optimize")
        if not isinstance(groups[0], dict):
            groups = [{"params": groups}]
        self.defaults = defaults
        self.param_groups: list[dict[str, Any]] = []
        self.state: dict[Tensor, dict[str, Any]] = {}
        for group in groups:
            self.add_param_group(group)

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
        if not isinstance(group, dict):
            raise TypeError(f"a group of params must be a dictionary, got {type(group).__name__}")
        if isinstance(group["params"], Tensor):
            raise TypeError("params must be several Tensors, such as a list, got a single Tensor")
        group = {**self.defaults, **group, "params": list(group["params"])}
        # Tensors compare by value, so "the same parameter" has to mean the same object.
        taken = {id(param) for param in self.parameters()}
        for position, param in enumerate(group["params"]):
            if not isinstance(param, Tensor):
                raise TypeError(f"params must be Tensors, got {type(param).__name__} at {position}")
            if param.grad_fn is not None:
                raise ValueError(
                    f"params must be leaves, got the result of {param.grad_fn} at {position}"
                )
            if id(param) in taken:
                raise ValueError(
                    f"params holds a Tensor twice: the one at {position} is there already"
                )
            taken.add(id(param))
        self.check(group)
        self.param_groups.append(group)

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
        for param in self.parameters():
            param.grad = None

    @notes_changes
    def step(self) -> None:
        """Move every parameter that has a gradient, one `update` each.

        Skip a parameter whose ``grad`` is None: it does not move, not even by weight
        decay, and its state stays as it is. ``update`` gets the parameter's own dictionary in
        ``state``, an empty one the first time.
        """
        for group in self.param_groups:
            for param in group["params"]:
                if param.grad is not None:
                    self.update(param.data, param.grad, self.state.setdefault(param, {}), group)

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
        return sum(
            value.nbytes
            for remembered in self.state.values()
            for value in remembered.values()
            if isinstance(value, np.ndarray)
        )

    def state_dict(self) -> dict[str, Any]:
        """All that is needed to continue later, as plain dictionaries, numbers and arrays.

        Returns:
            ``{"state": {0: {...}, ...}, "param_groups": [{"lr": ..., "params": [0, 1]}, ...]}``.
            Parameters are numbered as in `parameters`, from 0 across all groups; those that have
            no state do not occur in ``"state"``. Arrays are copies: later steps do
            not change what was saved.
        """
        number = {param: place for place, param in enumerate(self.parameters())}
        return {
            "state": {
                number[param]: {name: copied(value) for name, value in remembered.items()}
                for param, remembered in self.state.items()
                if remembered
            },
            "param_groups": [
                {**group, "params": [number[param] for param in group["params"]]}
                for group in self.param_groups
            ],
        }

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
        saved_groups = state_dict["param_groups"]
        sizes = [len(group["params"]) for group in self.param_groups]
        saved_sizes = [len(group["params"]) for group in saved_groups]
        if sizes != saved_sizes:
            raise ValueError(
                f"state_dict has groups of {saved_sizes} params, the optimizer {sizes}"
            )
        for group in saved_groups:
            if lacking := sorted(set(self.defaults) - set(group)):
                raise ValueError(f"param_groups of state_dict lack {', '.join(lacking)}")
        params = self.parameters()
        state = {}
        for place, remembered in state_dict["state"].items():
            if place not in range(len(params)):
                raise ValueError(f"state_dict has state of param {place}, there are {len(params)}")
            param = params[place]
            for name, value in remembered.items():
                if isinstance(value, np.ndarray) and value.shape != param.shape:
                    raise ValueError(
                        f"{name} of param {place} in state_dict has shape {value.shape},"
                        f" the param has {param.shape}"
                    )
            state[param] = {name: copied(value, param.dtype) for name, value in remembered.items()}
        self.state = state
        self.param_groups = [
            {**saved, "params": group["params"]}
            for saved, group in zip(saved_groups, self.param_groups, strict=True)
        ]


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
        momentum, dampening = group["momentum"], group["dampening"]
        direction = grad
        if group["weight_decay"]:
            direction = param * group["weight_decay"]
            direction += grad
        if momentum:
            buffer = state.get("momentum_buffer")
            if buffer is None:
                # Gradients of Linear are often transposed views: rows of our own make later steps faster.
                buffer = np.array(direction, dtype=param.dtype, order="C")
                state["momentum_buffer"] = buffer
            else:
                buffer *= momentum
                buffer += (1 - dampening) * direction if dampening else direction
            direction = direction + momentum * buffer if group["nesterov"] else buffer
        param -= group["lr"] * direction


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
        beta1, beta2 = group["betas"]
        if not state:
            state.update(step=0, exp_avg=np.zeros_like(param), exp_avg_sq=np.zeros_like(param))
        state["step"] += 1
        mean, square = state["exp_avg"], state["exp_avg_sq"]
        if group["weight_decay"]:
            grad = grad + group["weight_decay"] * param
        # One array serves every intermediate result: making a large one costs more than filling it.
        work = np.multiply(grad, 1 - beta1, out=np.empty_like(param))
        mean *= beta1
        mean += work
        np.multiply(grad, grad, out=work)
        work *= 1 - beta2
        square *= beta2
        square += work
        np.sqrt(square, out=work)
        work /= math.sqrt(1 - beta2 ** state["step"])
        work += group["eps"]
        np.divide(mean, work, out=work)
        work *= group["lr"] / (1 - beta1 ** state["step"])
        param -= work


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
        param *= 1 - group["lr"] * group["weight_decay"]
        super().update(param, grad, state, {**group, "weight_decay": 0})
