"""Wrong ways to write 06 optimizers."""

from tests.proofs.mistakes.catalogue import Mistake

MISTAKES = (
    Mistake(
        "the parameters are read from the iterator twice",
        of="Optimizer.__init__",
        replace='groups = [{"params": groups}]',
        by='groups = [{"params": params}]',
        turns_red="TestParameters",
        says="Tensors of the model",
    ),
    Mistake(
        "duplicates are looked for by value",
        of="Optimizer.add_param_group",
        replace="if id(param) in taken:",
        by="if param in group['params'][:position]:",
        turns_red="TestParameters",
        says="ValueError",
    ),
    Mistake(
        "duplicates are looked for inside one group only",
        of="Optimizer.add_param_group",
        replace="{id(param) for param in self.parameters()}",
        by="set()",
        turns_red="TestParameters",
        says="no error",
    ),
    Mistake(
        "a group's own hyperparameters lose against the defaults",
        of="Optimizer.add_param_group",
        replace='{**self.defaults, **group, "params": list(group["params"])}',
        by='{**group, **self.defaults, "params": list(group["params"])}',
        turns_red="TestParameters",
        says="A group keeps its own lr",
    ),
    Mistake(
        "the group is added before it is checked",
        of="Optimizer.add_param_group",
        replace="self.check(group)\nself.param_groups.append(group)",
        by="self.param_groups.append(group)\nself.check(group)",
        turns_red="TestParameters",
        says="stays as it was",
    ),
    Mistake(
        "only the first group forgets its gradients",
        of="Optimizer.zero_grad",
        replace="self.parameters()",
        by='self.param_groups[0]["params"]',
        turns_red="TestParameters",
        says="in every group",
    ),
    Mistake(
        "a missing gradient is taken for zero",
        of="Optimizer.step",
        replace="""
            if param.grad is not None:
                self.update(param.data, param.grad, self.state.setdefault(param, {}), group)
        """,
        by="""
            if True:
                grad = np.zeros_like(param.data) if param.grad is None else param.grad
                self.update(param.data, grad, self.state.setdefault(param, {}), group)
        """,
        turns_red="TestStep",
        says="keeps its value and state",
    ),
    Mistake(
        "all parameters share one dictionary of state",
        of="Optimizer.step",
        replace="self.state.setdefault(param, {})",
        by="self.state.setdefault(self.param_groups[0]['params'][0], {})",
        turns_red="TestStep",
        says="do not get mixed up",
    ),
    Mistake(
        "the saved arrays are the live ones",
        of="Optimizer.state_dict",
        replace="{name: copied(value) for name, value in remembered.items()}",
        by="dict(remembered)",
        turns_red="TestSaving",
        says="Later steps do not change",
    ),
    Mistake(
        "the loaded arrays stay shared with the state_dict",
        of="Optimizer.load_state_dict",
        replace="{name: copied(value, param.dtype) for name, value in remembered.items()}",
        by="remembered",
        turns_red="TestSaving",
        says="Later steps do not change",
    ),
    Mistake(
        "loading merges into the state there is",
        of="Optimizer.load_state_dict",
        replace="self.state = state",
        by="self.state.update(state)",
        turns_red="TestSaving",
        says="starts fresh",
    ),
    Mistake(
        "loading forgets the learning rate",
        of="Optimizer.load_state_dict",
        replace='{**saved, "params": group["params"]}',
        by='{**saved, "params": group["params"], "lr": group["lr"]}',
        turns_red="TestSaving",
        says="to the last bit",
    ),
    Mistake(
        "the memory cost counts elements instead of bytes",
        of="Optimizer.state_bytes",
        replace="value.nbytes",
        by="value.size",
        turns_red="TestMemory",
        says="state_bytes",
    ),
    Mistake(
        "the buffer of momentum is the gradient itself",
        of="SGD.update",
        replace='np.array(direction, dtype=param.dtype, order="C")',
        by="direction",
        turns_red="TestStep",
        says="SGD.update",
    ),
    Mistake(
        "the first step is dampened too",
        of="SGD.update",
        replace='np.array(direction, dtype=param.dtype, order="C")',
        by="np.array((1 - dampening) * direction, dtype=param.dtype)",
        turns_red="TestSGD",
        says="SGD.update",
    ),
    Mistake(
        "weight decay is written into the gradient",
        of="SGD.update",
        replace='direction = param * group["weight_decay"]\ndirection += grad',
        by='direction += param * group["weight_decay"]',
        turns_red="TestStep",
        says="SGD.update",
    ),
    Mistake(
        "the momentum is updated after the step",
        of="SGD.update",
        replace='direction + momentum * buffer if group["nesterov"] else buffer',
        by="momentum * buffer",
        turns_red="TestSGD",
        says="SGD.update",
    ),
    Mistake(
        "the parameter gets a new array",
        of="SGD.update",
        replace='param -= group["lr"] * direction',
        by='param = param - group["lr"] * direction',
        turns_red="TestSGD",
        says="SGD.update",
    ),
    Mistake(
        "Adam without bias correction",
        of="Adam.update",
        replace='group["lr"] / (1 - beta1 ** state["step"])',
        by='group["lr"]',
        turns_red="TestAdam",
        says="Adam.update",
    ),
    Mistake(
        "the steps are counted from 0",
        of="Adam.update",
        replace='state["step"] += 1',
        by='state["step"] += 0 if state["exp_avg"].any() else 1',
        turns_red="TestAdam",
        says="Adam.update",
    ),
    Mistake(
        "eps inside the square root",
        of="Adam.update",
        replace="""
            np.sqrt(square, out=work)
            work /= math.sqrt(1 - beta2 ** state["step"])
            work += group["eps"]
        """,
        by='np.sqrt(square / (1 - beta2 ** state["step"]) + group["eps"], out=work)',
        turns_red="TestAdam",
        says="Adam.update",
    ),
    Mistake(
        "the state becomes float64",
        of="Adam.update",
        replace="state.update(step=0, exp_avg=np.zeros_like(param), exp_avg_sq=np.zeros_like(param))",
        by="state.update(step=0, exp_avg=np.zeros(param.shape), exp_avg_sq=np.zeros_like(param))",
        turns_red="TestStep",
        says="dtype float32",
    ),
    Mistake(
        "AdamW decays through the gradient, as Adam does",
        of="AdamW.update",
        replace="""
            param *= 1 - group["lr"] * group["weight_decay"]
            super().update(param, grad, state, {**group, "weight_decay": 0})
        """,
        by="super().update(param, grad, state, group)",
        turns_red="TestAdamW",
        says="AdamW.update",
    ),
    Mistake(
        "AdamW decays twice",
        of="AdamW.update",
        replace='{**group, "weight_decay": 0}',
        by="group",
        turns_red="TestAdamW",
        says="AdamW.update",
    ),
    Mistake(
        "AdamW decays without regard to the learning rate",
        of="AdamW.update",
        replace='group["lr"] * group["weight_decay"]',
        by='group["weight_decay"]',
        turns_red="TestAdamW",
        says="AdamW.update",
    ),
    Mistake(
        "the optimizer's betas instead of the group's",
        of="Adam.update",
        replace='beta1, beta2 = group["betas"]',
        by='beta1, beta2 = self.defaults["betas"]',
        turns_red="TestParameters",
        says="expected",
    ),
    Mistake(
        "the optimizer's learning rate instead of the group's",
        of="Adam.update",
        replace='work *= group["lr"] / (1 - beta1 ** state["step"])',
        by='work *= self.defaults["lr"] / (1 - beta1 ** state["step"])',
        turns_red="TestParameters",
        says="expected",
    ),
    Mistake(
        "a buffer that counts although momentum was set to 0",
        of="SGD.update",
        replace="if momentum:",
        by='if momentum or "momentum_buffer" in state:',
        turns_red="TestParameters",
        says="even of momentum to 0",
    ),
    Mistake(
        "the optimizer's momentum instead of the group's",
        of="SGD.update",
        replace='momentum, dampening = group["momentum"], group["dampening"]',
        by='momentum, dampening = self.defaults["momentum"], self.defaults["dampening"]',
        turns_red="TestParameters",
        says="Every option of a group",
    ),
    Mistake(
        "the list of parameters is written into the given group",
        of="Optimizer.add_param_group",
        replace='group = {**self.defaults, **group, "params": list(group["params"])}',
        by="""
            group["params"] = list(group["params"])
            group = {**self.defaults, **group}
        """,
        turns_red="TestParameters",
        says="given group unchanged",
    ),
    Mistake(
        "parameters of which nothing is remembered are listed",
        of="Optimizer.state_dict",
        replace="""
            {
                number[param]: {name: copied(value) for name, value in remembered.items()}
                for param, remembered in self.state.items()
                if remembered
            }
        """,
        by="""
            {
                number[param]: {name: copied(value) for name, value in remembered.items()}
                for param, remembered in self.state.items()
            }
        """,
        turns_red="TestSaving",
        says="remembers nothing",
    ),
    Mistake(
        "a hyperparameter that may be missing",
        of="Optimizer.load_state_dict",
        replace="set(self.defaults) - set(group)",
        by='set(self.defaults) - set(group) - {"dampening", "eps"}',
        turns_red="TestSaving",
        says="lack any hyperparameter",
    ),
)
