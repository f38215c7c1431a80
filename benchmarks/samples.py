"""Calls that PyTorch tests itself with: of operations, of layers and of optimizers, valid ones and others.

They are private to PyTorch, so the extra `bench` pins its version.
"""

from __future__ import annotations

import inspect
import sys
import types
import unittest
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import wraps
from importlib import import_module
from typing import Any

import numpy as np

from benchmarks.asking import DTYPES

ORDERS = {"where": (1, 0, 2), "embedding": (1, 0), "einsum": (1, 0)}
"""Where samples give arguments in another order than the function takes them."""

RANDOM = (
    {"rand", "randn", "randint", "rand_like", "randn_like", "bernoulli", "multinomial", "normal"}
    | {"empty", "empty_like", "new_empty"}
    | {"nn.functional.dropout"}
)
"""Operations whose values nobody can foretell: shapes and dtypes are compared."""

MOST = 250
"""Of an operation's samples in a dtype at most so many are taken, spread evenly: two have thousands."""

STEPS = 3
"""So many steps an optimizer makes."""


@dataclass(frozen=True)
class Call:
    """Arguments of PyTorch's, in the form of its samples."""

    input: Any
    args: tuple[Any, ...] = ()
    kwargs: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Case:
    """One call: of PyTorch's function, and of each way that the framework has for it."""

    op: str
    dtype: str
    """That of the sample, or "error" for arguments that PyTorch refuses."""

    sample: Any
    theirs: Callable[..., Any]
    ways: tuple[tuple[str, Callable[..., Any]], ...]
    follow: bool
    """Whether gradients are compared."""


def private(name: str) -> types.ModuleType:
    """A module of PyTorch's tests. They import a package, of which nothing is used here."""
    try:
        import_module("expecttest")
    except ImportError:
        stand_in = types.ModuleType("expecttest")
        stand_in.TestCase, stand_in.ACCEPT = unittest.TestCase, False  # type: ignore[attr-defined]
        sys.modules["expecttest"] = stand_in
    return import_module(f"torch.testing._internal.{name}")


# Operations


def of_operations(only: set[str]) -> Iterator[Case]:
    """All samples of each operation that the framework has."""
    for op in private("common_methods_invocations").op_db:
        offered = tuple(ways(op)) if not only or op.name in only else ()
        for dtype, sample, follow in samples(op) if offered else ():
            fit = tuple(way for way in offered if fits(way[0], sample))
            yield Case(op.name, dtype, sample, op.op, fit, follow)


def samples(op: Any) -> Iterator[tuple[str, Any, bool]]:
    """(dtype, sample, whether gradients are compared) for an operation, errors last."""
    import torch

    for name in DTYPES:
        follow = name == "float64" and op.supports_autograd
        made = op.sample_inputs("cpu", getattr(torch, name), requires_grad=follow)
        found = list(as_far_as_possible(made))
        yield from ((name, sample, follow) for sample in found[:: -(-len(found) // MOST) or 1])
    if op.error_inputs_func is not None:
        for error in as_far_as_possible(op.error_inputs("cpu")):
            yield "error", error.sample_input, False


def as_far_as_possible(made: Iterator[Any]) -> Iterator[Any]:
    """The samples; not all can be made in a dtype that PyTorch does not take."""
    try:
        yield from made
    except Exception:
        return


def ways(op: Any) -> Iterator[tuple[str, Callable[..., Any]]]:
    """(how it is called, function) for each way that the framework has to call an operation."""
    import tinytorch as tt

    *places, name = op.name.split(".")
    if places:
        short, home = {
            "nn.functional": ("F", tt.nn.functional),
            "linalg": ("linalg", tt.linalg),
        }.get(".".join(places), ("", None))
        if home is not None and has(home, name):
            yield f"{short}.{name}", in_order(name, getattr(home, name))
        return
    if (
        has(tt, name)
        and callable(getattr(tt, name))
        and not isinstance(getattr(tt, name), np.dtype)
    ):
        yield f"tt.{name}", in_order(name, getattr(tt, name))
    if has(tt.Tensor, name) and (op.method_variant is not None or not has(tt, name)):
        yield f"x.{name}", method(name)
    operator = op.operator_variant
    if operator is not None and has(tt.Tensor, f"__{operator.__name__.strip('_')}__"):
        yield operator.__name__, operator


def method(name: str) -> Callable[..., Any]:
    """A method of the tensor given first, or one of its properties."""
    import tinytorch as tt

    if isinstance(inspect.getattr_static(tt.Tensor, name), property):
        return lambda x: getattr(x, name)
    return lambda x, *args, **kwargs: getattr(x, name)(*args, **kwargs)


def fits(way: str, sample: Any) -> bool:
    """Methods are those of a tensor; operators take no keywords."""
    first = (
        sample.input[0]
        if isinstance(sample.input, (tuple, list)) and sample.input
        else sample.input
    )
    if not hasattr(first, "dtype") and first is not None:
        return way.startswith(("tt.", "F.", "linalg."))
    return "." in way or not sample.kwargs


def in_order(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, given the arguments as samples have them."""
    order = ORDERS.get(name)
    if order is None:
        return function

    def called(*args: Any, **kwargs: Any) -> Any:
        return function(*[args[place] for place in order], *args[len(order) :], **kwargs)

    return wraps(function)(called)


def has(place: Any, name: str) -> bool:
    """Whether a name is offered there."""
    try:
        getattr(place, name)
    except AttributeError:
        return False
    return True


# Layers


def of_layers(only: set[str]) -> Iterator[Case]:
    """Each layer that the framework has: made and called with PyTorch's samples, and PyTorch's weights."""
    import torch

    import tinytorch as tt

    for info in private("common_modules").module_db:
        kind = info.module_cls
        name = f"nn.{kind.__name__}"
        if not has(tt.nn, kind.__name__) or (only and name not in only):
            continue
        for training in (True, False):
            options = {
                "device": "cpu",
                "dtype": torch.float64,
                "requires_grad": True,
                "training": training,
            }
            for given in as_far_as_possible(iter(info.module_inputs_func(info, **options))):
                sample = layer_call(kind, given, training)
                ours = (name, layer_of(getattr(tt.nn, kind.__name__), False))
                yield Case(name, "float64", sample, layer_of(kind, True), (ours,), True)


def layer_call(kind: Any, given: Any, training: bool) -> Call:
    """What the layer is called with, and by keyword all that it is made of."""
    import torch

    made, called = given.constructor_input, given.forward_input
    torch.manual_seed(0)
    layer = kind(*made.args, **made.kwargs).double()
    weights = {n: p.detach().clone().requires_grad_() for n, p in layer.named_parameters()}
    buffers = {n: b for n, b in layer.named_buffers() if n != "num_batches_tracked"}
    more = {
        "made": (made.args, made.kwargs),
        "weights": {**weights, **buffers},
        "training": training,
    }
    return Call(list(called.args), (dict(called.kwargs),), more)


def layer_of(kind: Any, of_torch: bool) -> Callable[..., Any]:
    """A function that makes a layer with these weights, and calls it."""

    def called(inputs: Any, options: Any, *, made: Any, weights: Any, training: bool) -> Any:
        args, kwargs = made
        layer = kind(*args, **kwargs)
        if of_torch:
            from torch.func import functional_call

            return functional_call(layer.double().train(training), weights, tuple(inputs), options)
        layer.train(training)
        for path, value in weights.items():
            *owners, name = path.split(".")
            owner = layer
            for part in owners:
                owner = getattr(owner, part)
            if has(owner, name):  # losses keep their weights elsewhere: they are made with them
                vars(owner)[name] = value
        return layer(*inputs, **options)

    return called


# Optimizers


def of_optimizers(only: set[str]) -> Iterator[Case]:
    """Each optimizer that the framework has: a few steps with PyTorch's settings."""
    import torch

    import tinytorch as tt

    for info in private("common_optimizers").optim_db:
        kind = info.optim_cls
        name = f"optim.{kind.__name__}"
        if not has(tt.optim, kind.__name__) or (only and name not in only):
            continue
        first = {"lr": 0.01} if name == "optim.SGD" else {}  # which has no default here
        settings = [("float64", first | given.kwargs) for given in info.optim_inputs_func("cpu")]
        for error in info.optim_error_inputs_func("cpu", torch.float64):
            given = error.optimizer_error_input
            if given.kwargs:  # the others are about what is optimized
                settings.append(("error", given.kwargs))
        ours = (name, steps_of(getattr(tt.optim, kind.__name__), False))
        for dtype, kwargs in settings:
            weights = torch.linspace(-1, 1, 6, dtype=torch.float64).reshape(2, 3)
            sample = Call(weights.requires_grad_(), (), dict(kwargs))
            yield Case(name, dtype, sample, steps_of(kind, True), (ours,), False)


def steps_of(kind: Any, of_torch: bool) -> Callable[..., Any]:
    """A function that lets an optimizer make a few steps on Σ (x² - x)² / 2, and gives x."""

    def stepped(x: Any, **kwargs: Any) -> Any:
        optimizer = kind([x], **kwargs)
        for _ in range(STEPS):
            x.grad = None
            distance = x * x - x
            (distance * distance * 0.5).sum().backward()
            optimizer.step()
        return x

    return stepped
