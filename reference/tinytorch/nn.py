"""The namespace `tinytorch.nn`: your layers, under the names that PyTorch's users write.

Given, not an exercise. Names are looked up when they are used, so a module that is unfinished or broken
does not hide the others. `tinytorch.nn.functional`, `.init`, `.utils` and `.parameter` belong to it.
"""

from __future__ import annotations

from importlib import import_module
from types import ModuleType
from typing import Any

from tinytorch.instead import no_such_name, submodule
from tinytorch.signatures import in_forward

EXPORTS = {
    "layers": "Module Parameter Buffer Linear Dropout Flatten Sequential",
    "spatial": "Conv2d MaxPool2d AvgPool2d BatchNorm2d",
    "embeddings": "Embedding PositionalEncoding",
    "attention": "MultiHeadAttention",
    "transformers": "LayerNorm TransformerBlock",
    "batchnorm": "BatchNorm1d",
    "dataparallel": "DataParallel",
    "multihead": "MultiheadAttention",
    "modules": "Identity ModuleList ModuleDict Unflatten ZeroPad2d AdaptiveAvgPool2d LeakyReLU ELU SiLU"
    " Softplus LogSigmoid ReLU6 LogSoftmax L1Loss SmoothL1Loss HuberLoss BCELoss BCEWithLogitsLoss NLLLoss"
    " CrossEntropyLoss PairwiseDistance KLDivLoss Upsample",
}
"""The names that each file defines, yours and the given ones."""

AS_MODULES = {
    "activations": "ReLU Sigmoid Tanh GELU Softmax",
    "losses": "MSELoss",
}
"""Classes that become modules here: 02 comes before modules exist, and 04 does not need them."""

IN_PLACE = ("ReLU",)
"""Those that can store their result in their input."""

HOME = {name: module for module, names in EXPORTS.items() for name in names.split()}
MADE = {name: module for module, names in AS_MODULES.items() for name in names.split()}
PARTS = {"functional": "functional", "init": "initialization"}


def as_module(name: str) -> type:
    """The class of that name as a Module, so that a model lists it among its submodules."""
    kind = getattr(import_module(f"tinytorch.{MADE[name]}"), name)
    Module = import_module("tinytorch.layers").Module

    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:
        kind.__init__(self, *args, **kwargs)

    def with_place(self: Any, inplace: bool = False) -> None:
        kind.__init__(self)
        self.inplace = inplace

    def forward(self: Any, x: Any) -> Any:
        return in_forward(kind.forward, self, x)

    own = {"__module__": __name__}  # `help` shows the docstring of 02 or 04
    if name in IN_PLACE:
        return type(name, (kind, Module), {**own, "__init__": with_place, "forward": forward})
    return type(name, (kind, Module), {**own, "__init__": __init__})


class Part(ModuleType):
    """A namespace inside this one whose names are looked up in other files."""

    homes: dict[str, str]

    def __getattr__(self, name: str) -> Any:
        if name not in self.homes:
            raise no_such_name(self.__name__, name, self.homes)
        return getattr(import_module(f"tinytorch.{self.homes[name]}"), name)


def part(name: str, **homes: str) -> ModuleType:
    """A namespace with the given names, each with the file that defines it."""
    made = Part(f"tinytorch.nn.{name}")
    made.homes = homes
    return submodule(f"tinytorch.nn.{name}", made)


utils = part("utils", clip_grad_norm_="training")
parameter = part("parameter", Parameter="layers", Buffer="layers")
functional = submodule("tinytorch.nn.functional", import_module("tinytorch.functional"))
init = submodule("tinytorch.nn.init", import_module("tinytorch.initialization"))


def __getattr__(name: str) -> Any:
    if name in HOME:
        return getattr(import_module(f"tinytorch.{HOME[name]}"), name)
    if name in MADE:
        globals()[name] = as_module(name)  # one class, however often it is asked for
        return globals()[name]
    raise no_such_name("tinytorch.nn", name, [*HOME, *MADE])


def __dir__() -> list[str]:
    return sorted([*HOME, *MADE, "functional", "init", "utils", "parameter"])
