"""06 · optimizers: the exercises, written from docstrings by someone who had not seen the worked solution."""


class Optimizer:
    def __init__(
        self, params: Iterable[Tensor] | Iterable[dict[str, Any]], defaults: dict[str, Any]
    ) -> None:
        if isinstance(params, Tensor):
            raise TypeError("params is one Tensor alone: put it into brackets")
        given = list(params)
        if len(given) == 0:
            raise ValueError("there is nothing to optimize: params is empty")
        self.defaults = defaults
        self.param_groups = []
        self.state = {}
        loose = [one for one in given if not isinstance(one, dict)]
        if loose:
            given = [{"params": given}]
        for group in given:
            self.add_param_group(group)

    def add_param_group(self, group: dict[str, Any]) -> None:
        if not isinstance(group, dict):
            raise TypeError(f"a group is a dictionary, this is a {type(group).__name__}")
        members = group["params"]
        if isinstance(members, Tensor):
            raise TypeError('"params" of a group is a list: put the Tensor into brackets')
        members = list(members)
        taken = {id(param) for param in self.parameters()}
        for param in members:
            if not isinstance(param, Tensor):
                raise TypeError(f"params are Tensors, and a {type(param).__name__} is not")
            if param.grad_fn is not None:
                raise ValueError(
                    f"params holds a tensor of shape {param.shape} that was computed, so it is no leaf"
                )
            if id(param) in taken:
                raise ValueError(f"params holds a tensor of shape {param.shape} twice")
            taken.add(id(param))
        complete = dict(self.defaults)
        complete.update(group)
        complete["params"] = members
        self.check(complete)
        self.param_groups.append(complete)

    def zero_grad(self) -> None:
        for param in self.parameters():
            param.grad = None

    def step(self) -> None:
        for group in self.param_groups:
            moving = (param for param in group["params"] if param.grad is not None)
            for param in moving:
                if param not in self.state:
                    self.state[param] = {}
                self.update(param.data, param.grad, self.state[param], group)

    def state_bytes(self) -> int:
        total = 0
        for remembered in self.state.values():
            for value in remembered.values():
                if isinstance(value, np.ndarray):
                    total += value.nbytes
        return total

    def state_dict(self) -> dict[str, Any]:
        state, groups, number = {}, [], 0
        for group in self.param_groups:
            numbers = []
            for param in group["params"]:
                remembered = self.state.get(param)
                if remembered:
                    state[number] = {name: copied(value) for name, value in remembered.items()}
                numbers.append(number)
                number += 1
            groups.append(
                {name: copied(value) for name, value in group.items()} | {"params": numbers}
            )
        return {"state": state, "param_groups": groups}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        groups = state_dict["param_groups"]
        here = [len(group["params"]) for group in self.param_groups]
        there = [len(group["params"]) for group in groups]
        if here != there:
            raise ValueError(f"groups of {there} params were saved, these are of {here}")
        for mine, saved in zip(self.param_groups, groups):
            lost = [name for name in mine if name not in saved]
            if lost:
                raise ValueError(
                    f"the saved hyperparameters lack {lost}: is it another optimizer's?"
                )
        every = self.parameters()
        fresh: dict[Tensor, dict[str, Any]] = {}
        for number, remembered in state_dict["state"].items():
            if number not in range(len(every)):
                raise ValueError(f"there is a state of param {number}, and {len(every)} params")
            param = every[number]
            for name, value in remembered.items():
                if isinstance(value, np.ndarray) and value.shape != param.shape:
                    raise ValueError(
                        f"{name} of {number} is of shape {value.shape}, not {param.shape}"
                    )
            fresh[param] = {name: copied(value, param.dtype) for name, value in remembered.items()}
        self.state = fresh
        self.param_groups = [
            {name: copied(value) for name, value in saved.items()} | {"params": mine["params"]}
            for mine, saved in zip(self.param_groups, groups)
        ]


class SGD:
    def update(
        self, param: Array, grad: Array, state: dict[str, Any], group: dict[str, Any]
    ) -> None:
        direction = np.array(grad, dtype=param.dtype)
        if group["weight_decay"]:
            direction += group["weight_decay"] * param
        momentum = group["momentum"]
        if momentum:
            if "momentum_buffer" not in state:
                state["momentum_buffer"] = direction.copy()
                buffer = state["momentum_buffer"]
            else:
                buffer = state["momentum_buffer"]
                buffer[...] = momentum * buffer + (1 - group["dampening"]) * direction
            direction = direction + momentum * buffer if group["nesterov"] else buffer
        param -= group["lr"] * direction


class Adam:
    def update(
        self, param: Array, grad: Array, state: dict[str, Any], group: dict[str, Any]
    ) -> None:
        beta1, beta2 = group["betas"]
        step = state.get("step", 0) + 1
        if step == 1:
            state["exp_avg"], state["exp_avg_sq"] = np.zeros_like(param), np.zeros_like(param)
        m, v = state["exp_avg"], state["exp_avg_sq"]
        g = grad + group["weight_decay"] * param
        m[...] = beta1 * m + (1 - beta1) * g
        v[...] = beta2 * v + (1 - beta2) * g**2
        state["step"] = step
        del g
        down = np.sqrt(v / (1 - beta2**step)) + group["eps"]
        param[...] = param - group["lr"] * (m / (1 - beta1**step)) / down


class AdamW:
    def update(
        self, param: Array, grad: Array, state: dict[str, Any], group: dict[str, Any]
    ) -> None:
        param[...] = param * (1 - group["lr"] * group["weight_decay"])
        without = dict(group)
        without["weight_decay"] = 0
        super().update(param, grad, state, without)
