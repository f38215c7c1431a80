"""What PyTorch's users expect of a module in addition to what 03 requires.

Given, not an exercise. `Module` inherits from `ModuleConveniences`; what `layers.py` defines itself takes
precedence.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from importlib import import_module
from typing import Any, Self

import numpy as np

from tinytorch.instead import ARGUMENTS, INSTEAD, Refused, only_cpu, refuse


def sets_to_none(zero_grad: Callable[[Any], None]) -> Callable[..., None]:
    """Let a method `zero_grad` take PyTorch's ``set_to_none``: False sets gradients to zero."""

    @wraps(zero_grad)
    def with_choice(self: Any, set_to_none: bool = True) -> None:
        had = [] if set_to_none else [p for p in self.parameters() if p.grad is not None]
        zero_grad(self)
        for parameter in had:
            parameter.grad = np.zeros_like(parameter.data)

    return with_choice


def takes(cls: type, name: str) -> bool:
    """Whether a class accepts that keyword."""
    from inspect import signature  # it takes a moment, and is rarely needed

    return name in signature(cls.__init__).parameters  # type: ignore[misc]


SIZES = [
    "in_features",
    "out_features",
    "in_channels",
    "out_channels",
    "num_features",
    "num_embeddings",
    "embedding_dim",
    "embed_dim",
    "num_heads",
    "kernel_size",
    "stride",
    "p",
    "eps",
    "momentum",
]
"""Arguments of modules that are numbers."""


def check_values(cls: type, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    """Refuse by name what would fail later in a module: text, None or a list instead of a number.

    Raises:
        TypeError: the message names the argument and says what to write.
    """
    if not any(v is None or isinstance(v, (str, list, tuple)) for v in (*args, *kwargs.values())):
        return
    from inspect import signature

    try:
        given = signature(cls.__init__).bind_partial(None, *args, **kwargs).arguments  # type: ignore[misc]
    except TypeError:
        return  # Python says which argument does not fit
    for name, value in given.items():
        if name in SIZES and isinstance(value, str):
            raise TypeError(f"{cls.__name__}: {name} must be a number, got {value!r}")
        if name == "momentum" and value is None:
            refuse(f"{cls.__name__}(momentum=None)", "use a number such as 0.1")
        if name == "normalized_shape" and isinstance(value, (list, tuple)):
            refuse(
                f"{cls.__name__}(normalized_shape={value})",
                "use the length of the last axis, or F.layer_norm for several",
            )


class ModuleConveniences:
    """The base of `Module`: what PyTorch's Module has in addition to what 03 requires."""

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        """Refuse arguments that PyTorch's class of that name has, and say what to write instead."""
        for name in kwargs:
            way = ARGUMENTS.get(cls.__name__, {}).get(name) or ARGUMENTS["Module"].get(name)
            if way and not takes(cls, name):
                refuse(f"{cls.__name__}({name}=…)", way)
        check_values(cls, args, kwargs)
        return super().__new__(cls)

    def register_buffer(self, name: str, tensor: Any, persistent: bool = True) -> None:
        """Keep ``tensor`` as a Buffer in the attribute ``name``; if it is not saved, keep it unchanged."""
        if tensor is not None and persistent:
            tensor = import_module("tinytorch.layers").Buffer(tensor)
        setattr(self, name, tensor)

    def register_parameter(self, name: str, param: Any) -> None:
        """Keep a Parameter, or None, in the attribute ``name``."""
        setattr(self, name, param)

    def add_module(self, name: str, module: Any) -> None:
        """Keep a module in the attribute ``name``."""
        setattr(self, name, module)

    register_module = add_module

    def apply(self: Any, fn: Callable[[Any], Any]) -> Any:
        """Call ``fn`` on all submodules, from the inside out, then on the module; returns the module."""
        for child in self.children():
            child.apply(fn)
        fn(self)
        return self

    def requires_grad_(self: Any, requires_grad: bool = True) -> Any:
        """Set ``requires_grad`` of all parameters; returns the module itself."""
        for parameter in self.parameters():
            parameter.requires_grad = requires_grad
        return self

    def get_submodule(self: Any, target: str) -> Any:
        """The submodule of this name, such as ``"layers.0"``."""
        found = dict(self.named_modules()).get(target)
        if found is None:
            raise AttributeError(
                f"{type(self).__name__} has no part {target!r}: use named_modules()"
            )
        return found

    def get_parameter(self: Any, target: str) -> Any:
        """The parameter of this name, such as ``"layers.0.weight"``."""
        found = dict(self.named_parameters()).get(target)
        if found is None:
            raise AttributeError(
                f"{type(self).__name__} has no parameter {target!r}: use named_parameters()"
            )
        return found

    def to(self: Any, *args: Any, **kwargs: Any) -> Any:
        """In another dtype, in place: the floating parameters and buffers; returns the module itself."""
        for _, tensor in [*self.named_parameters(), *self.named_buffers()]:
            if tensor.is_floating_point():
                tensor.data = tensor.detach().to(*args, **kwargs).data
        return self

    def float(self) -> Any:
        """Parameters and buffers as float32."""
        return self.to(np.float32)

    def double(self) -> Any:
        """Parameters and buffers as float64."""
        return self.to(np.float64)

    def cpu(self) -> Self:
        """Itself: it is on the CPU."""
        return self

    def cuda(self, device: Any = None) -> Any:
        """Refused: there is no other device."""
        only_cpu("cuda")


for _name, _way in INSTEAD["Module"].items():
    setattr(ModuleConveniences, _name, Refused(_name, _way))
