"""PyTorch's signatures: other names of arguments, and arguments that the course does not require.

Given, not an exercise. When `Tensor`, `Module`, `Dropout` and the optimizers are defined, `widen` wraps some
of their methods. A method then takes what its adapter below accepts, and calls what you wrote. A call
without keywords goes there directly.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache, wraps
from importlib import import_module
from types import FunctionType
from typing import Any

import numpy as np

from tinytorch.instead import refuse

Adapter = Callable[..., Any]
"""Called as ``adapter(method, self, *args, **kwargs)`` in place of ``method(self, *args, **kwargs)``."""

OTHER_NAMES = {"axis": "dim", "keepdims": "keepdim"}
"""NumPy's names of arguments, which PyTorch accepts too."""

SINGLE = "input other exponent mat2"
"""Names of arguments that a primitive takes by position only, in order."""

NO_EFFECT = ("foreach", "fused", "capturable", "differentiable")
"""Arguments of PyTorch's optimizers that only decide how fast they are."""


def widen(cls: type, adapters: Mapping[str, Adapter]) -> None:
    """Let the methods of ``cls`` named in ``adapters`` take more; only those that it defines itself."""
    for name in adapters.keys() & vars(cls).keys():
        method = vars(cls)[name]
        if isinstance(method, FunctionType):
            setattr(cls, name, adapted(method, adapters[name]))


def adapted(method: Callable[..., Any], adapter: Adapter) -> Callable[..., Any]:
    """``method``, which the adapter calls if there are keywords, or if it asks for every call."""

    @wraps(method)
    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        if kwargs or always:
            return adapter(method, self, *args, **kwargs)
        return method(self, *args)

    always = adapter in EVERY_CALL
    return call


def renamed(kwargs: dict[str, Any]) -> dict[str, Any]:
    """The arguments under PyTorch's names: ``axis`` is ``dim``."""
    return {OTHER_NAMES.get(name, name): value for name, value in kwargs.items()}


@cache
def spelled(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function that also takes ``axis`` and ``keepdims``, and ``input`` and ``other`` by name."""
    by_position = SINGLE.split() if hasattr(function, "rules") else ()

    @wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        if not kwargs:
            return function(*args)
        tensors = [kwargs.pop(name) for name in by_position if name in kwargs]
        return function(*args, *tensors, **renamed(kwargs))

    return call


# Methods of a Tensor


def along(method: Any, x: Any, *args: Any, **kwargs: Any) -> Any:
    """``axis`` and ``keepdims``."""
    return method(x, *args, **renamed(kwargs))


def reduction(method: Any, x: Any, *args: Any, dtype: Any = None, **kwargs: Any) -> Any:
    """``axis``, ``keepdims``, and the dtype to reduce in."""
    return method(x if dtype is None else x.to(dtype), *args, **renamed(kwargs))


def average(method: Any, x: Any, *args: Any, dtype: Any = None, **kwargs: Any) -> Any:
    """As `reduction`; the dtype has to be floating."""
    if dtype is not None and np.dtype(dtype).kind != "f":
        raise TypeError(f"dtype of mean must be floating, got {dtype}: use x.mean().to(dtype)")
    return reduction(method, x, *args, dtype=dtype, **kwargs)


def variance(method: Any, x: Any, *args: Any, **kwargs: Any) -> Any:
    """``var(dim, unbiased, keepdim)``, ``var(unbiased)``, and the names."""
    kwargs = renamed(kwargs)
    if len(args) > 1 or any(isinstance(arg, bool) for arg in args) or "unbiased" in kwargs:
        return import_module("tinytorch.functions").var(x, *args, **kwargs)
    return method(x, *args, **kwargs)


def several(name: str) -> Adapter:
    """Lengths or axes that are given by name: ``reshape(shape=(2, 3))``."""

    def call(method: Any, x: Any, *args: Any, **kwargs: Any) -> Any:
        found = kwargs.pop(name, None)
        return method(x, *(args if found is None else (found,)), **kwargs)

    return call


def backward(
    method: Any,
    x: Any,
    *args: Any,
    gradient: Any = None,
    create_graph: bool = False,
    inputs: Any = None,
    **kwargs: Any,
) -> Any:
    """``gradient``, and the arguments that are not offered."""
    if create_graph:
        refuse_create_graph("backward")
    if inputs is not None:
        refuse(
            "backward(inputs=…)", "use tinytorch.grad(loss, inputs), which returns the gradients"
        )
    return method(x, *args, **({} if gradient is None else {"grad": gradient}), **kwargs)


def refuse_create_graph(function: str) -> None:
    """Gradients are arrays: they have no gradients of their own."""
    refuse(
        f"{function}(create_graph=True)",
        "use a formula for the gradient, or differences: gradients have no gradients here",
    )


def truth(method: Any, x: Any) -> bool:
    """One value is true or not; several are neither."""
    if x.data.size != 1:
        raise ValueError(
            f"the truth of a tensor of shape {x.data.shape} is not defined: use .any(), .all() or .numel()"
        )
    return method(x)


TENSOR: dict[str, Adapter] = {
    "sum": reduction,
    "mean": average,
    "var": variance,
    "argmax": along,
    "squeeze": along,
    "unsqueeze": along,
    "reshape": several("shape"),
    "permute": several("dims"),
    "expand": several("size"),
    "backward": backward,
    "__bool__": truth,
}

# Methods of a Module


def named(method: Any, module: Any, prefix: str = "", recurse: bool = True, **more: Any) -> Any:
    """Names with a prefix, or only the module's own."""
    more.pop("remove_duplicate", None)
    for name, tensor in method(module, **more):
        if recurse or "." not in name:
            yield (f"{prefix}.{name}" if prefix else name), tensor


def unnamed(name: str) -> Adapter:
    """The tensors without their names: ``parameters(recurse=False)``."""

    def call(method: Any, module: Any, recurse: bool = True) -> Any:
        return (tensor for _, tensor in getattr(module, name)(recurse=recurse))

    return call


def in_forward(method: Any, module: Any, *args: Any, **kwargs: Any) -> Any:
    """Store the result in the input if the module has ``inplace``."""
    result = method(module, *args, **kwargs)
    if getattr(module, "inplace", False) and args and result is not args[0]:
        return import_module("tinytorch.inplace").store(args[0], result)
    return result


def dropout(method: Any, module: Any, *args: Any, inplace: bool = False, **kwargs: Any) -> None:
    """``Dropout(p, inplace)``. The default of ``p`` is that of the method."""
    *p, inplace = args if len(args) == 2 else (*args, inplace)
    method(module, *p, **kwargs)
    module.inplace = inplace


MODULE: dict[str, Adapter] = {
    "named_parameters": named,
    "named_buffers": named,
    "parameters": unnamed("named_parameters"),
    "buffers": unnamed("named_buffers"),
}

LAYERS: dict[str, dict[str, Adapter]] = {"Dropout": {"__init__": dropout, "forward": in_forward}}
"""Adapters of single modules of the course."""

# An optimizer


def optimizer(method: Any, self: Any, *args: Any, **kwargs: Any) -> None:
    """The arguments that change nothing, and those that are not offered."""
    for name in NO_EFFECT:
        kwargs.pop(name, None)
    for name, way in (("amsgrad", "use amsgrad=False"), ("maximize", "use the negative loss")):
        if name not in method.__code__.co_varnames and kwargs.pop(name, False):
            refuse(f"{type(self).__name__}({name}=True)", way)
    method(self, *args, **kwargs)


def step(method: Any, self: Any, closure: Callable[[], Any] | None = None) -> Any:
    """``step(closure)``: compute the loss and its gradients anew, and return the loss."""
    for param in self.parameters():
        if hasattr(param.grad, "requires_grad"):
            param.grad = param.grad.data  # `p.grad = torch.zeros_like(p)` set a Tensor
    if closure is None:
        return method(self)
    with import_module("tinytorch.creation").enable_grad():
        loss = closure()
    method(self)
    return loss


OPTIMIZER: dict[str, Adapter] = {"__init__": optimizer, "step": step}


class OptimizerConveniences:
    """The base of `Optimizer`: what PyTorch's optimizers take in addition to what 06 requires."""

    def __init_subclass__(cls, **more: Any) -> None:
        super().__init_subclass__(**more)
        if cls.__module__.startswith("tinytorch."):
            widen(cls, OPTIMIZER)


EVERY_CALL = (variance, dropout, in_forward, step, truth)
"""Adapters that look at positions, too."""

# Gradients


def takes_iterators(grad: Callable[..., Any]) -> Callable[..., Any]:
    """Let `grad` of 05 take any iterable of tensors, such as ``model.parameters()``, and PyTorch's names.

    Inputs are counted once: an iterator would be used up before its gradients are collected.
    """

    @wraps(grad)
    def call(
        output: Any = None,
        inputs: Any = None,
        grad_output: Any = None,
        retain_graph: bool = False,
        create_graph: bool = False,
        *,
        outputs: Any = None,
        grad_outputs: Any = None,
        allow_unused: bool = False,
    ) -> Any:
        if create_graph:
            refuse_create_graph("grad")
        output = single(outputs if output is None else output, "outputs")
        grad_output = single(grad_outputs if grad_output is None else grad_output, "grad_outputs")
        inputs = [inputs] if hasattr(inputs, "requires_grad") else list(inputs)
        if not inputs:
            raise ValueError(
                "inputs must hold at least one tensor: use a list, or model.parameters()"
            )
        given = {} if grad_output is None else {"grad_output": grad_output}
        given |= {"retain_graph": True} if retain_graph else {}
        if not allow_unused:
            return grad(output, inputs, **given)
        order = import_module("tinytorch.autograd").topological_order(output)
        reached = {id(tensor) for tensor in order}
        used = [tensor for tensor in inputs if id(tensor) in reached]
        found = iter(grad(output, used, **given) if used else ())
        return [next(found) if id(tensor) in reached else None for tensor in inputs]

    return call


def single(tensors: Any, name: str) -> Any:
    """The tensor of a list of one."""
    if not (
        isinstance(tensors, (tuple, list)) and all(hasattr(x, "requires_grad") for x in tensors)
    ):
        return tensors
    if len(tensors) != 1:
        refuse(f"several {name}", "use the gradient of their sum, or one call for each")
    return tensors[0]
