"""What PyTorch's users expect of a module in addition to what 03 requires.

Given, not an exercise. `Module` inherits from `ModuleConveniences`; what `layers.py` defines itself takes
precedence.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache, wraps
from importlib import import_module
from typing import Any, Self

import numpy as np

from tinytorch.instead import ARGUMENTS, INSTEAD, Refused, only_cpu, refuse
from tinytorch.signatures import LAYERS, MODULE, widen


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


def of_course(cls: type) -> bool:
    """Whether a class is one of the framework's: a class of one's own may have the same name."""
    return cls.__module__.startswith("tinytorch.")


class Known:
    """An attribute of PyTorch's layer that is computed, unless the layer sets it: ``conv.kernel_size``."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __get__(self, module: Any, owner: type) -> Any:
        known = [KNOWN[c.__name__] for c in owner.__mro__ if of_course(c) and c.__name__ in KNOWN]
        found = known[0] if known else {}
        if module is None or self.name not in found:
            raise AttributeError(f"{owner.__name__!r} object has no attribute {self.name!r}")
        return found[self.name](module)


always = lambda value: lambda module: value
channels = {
    "num_features": lambda module: len(module.weight),
    "affine": always(True),
    "track_running_stats": always(True),
}
KNOWN: dict[str, dict[str, Callable[[Any], Any]]] = {
    "Conv2d": {
        "in_channels": lambda module: module.weight.shape[1],
        "out_channels": lambda module: module.weight.shape[0],
        "kernel_size": lambda module: module.weight.shape[2:],
        "dilation": always((1, 1)),
        "groups": always(1),
    },
    "BatchNorm1d": channels,
    "BatchNorm2d": channels,
    "LayerNorm": {
        "normalized_shape": lambda module: module.weight.shape,
        "elementwise_affine": always(True),
    },
    "Embedding": {
        "num_embeddings": lambda module: module.weight.shape[0],
        "embedding_dim": lambda module: module.weight.shape[1],
        "padding_idx": always(None),
    },
}
"""Attributes of PyTorch's layers that 09 to 13 do not require."""


@cache
def unsaved(buffer: type) -> type:
    """The class of a Buffer that is not saved."""
    return type("Buffer", (buffer,), {"__slots__": (), "persistent": False})


class ModuleConveniences:
    """The base of `Module`: what PyTorch's Module has in addition to what 03 requires."""

    def __init_subclass__(cls, **more: Any) -> None:
        """Let methods take what PyTorch's take, see `signatures.py`."""
        super().__init_subclass__(**more)
        if of_course(cls):
            widen(cls, MODULE if cls.__name__ == "Module" else LAYERS.get(cls.__name__, {}))
            for function in ADDED.get(cls.__name__, ()):
                if not hasattr(cls, function.__name__):
                    setattr(cls, function.__name__, function)

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        """Refuse arguments that PyTorch's class of that name has, and say what to write instead."""
        for name in kwargs:
            way = ARGUMENTS.get(cls.__name__, {}).get(name) or ARGUMENTS["Module"].get(name)
            if way and not takes(cls, name):
                refuse(f"{cls.__name__}({name}=…)", way)
        check_values(cls, args, kwargs)
        if (
            args
            and isinstance(args[0], Mapping)
            and cls.__name__ == "Sequential"
            and of_course(cls)
        ):
            refuse(
                "Sequential(OrderedDict(…))",
                "use nn.Sequential(*layers.values()), whose parts are named 0, 1, …",
            )
        return super().__new__(cls)

    def register_buffer(self, name: str, tensor: Any, persistent: bool = True) -> None:
        """Keep ``tensor`` as a Buffer in the attribute ``name``; `state_dict` has it if it is persistent."""
        if tensor is not None:
            buffer = import_module("tinytorch.layers").Buffer
            tensor = (buffer if persistent else unsaved(buffer))(tensor)
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


def append(self: Any, module: Any) -> Any:
    """Put a module at the end."""
    setattr(self, str(len(self)), module)
    return self


def extend(self: Any, modules: Any) -> Any:
    """Put several modules at the end."""
    for module in modules:
        self.append(module)
    return self


def insert(self: Any, index: int, module: Any) -> Any:
    """Put a module before position ``index``."""
    modules = list(self)
    modules.insert(index, module)
    for place, found in enumerate(modules):
        setattr(self, str(place), found)
    return self


def __setitem__(self: Any, index: int, module: Any) -> None:
    """Replace a module."""
    setattr(self, str(range(len(self))[index]), module)


ADDED = {"Sequential": (append, extend, insert, __setitem__)}
"""Methods that 03 does not require."""

for _attribute in {name for known in KNOWN.values() for name in known}:
    setattr(ModuleConveniences, _attribute, Known(_attribute))

for _name, _way in INSTEAD["Module"].items():
    setattr(ModuleConveniences, _name, Refused(_name, _way))
