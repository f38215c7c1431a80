"""Copies of a module for threads that share a batch: the same values, with gradients of their own.

Given, not an exercise.
"""

from __future__ import annotations

from collections.abc import Iterator
from types import MethodType
from typing import Any

import numpy as np

from tinytorch.layers import Module, Parameter
from tinytorch.meeting import Meeting
from tinytorch.primitive import Variable
from tinytorch.tensor import Tensor


def has_rows(x: Any) -> bool:
    """Whether ``x`` is an array or Tensor with axes."""
    return isinstance(x, (Tensor, np.ndarray)) and x.ndim > 0


def wants_gradient(x: Any) -> bool:
    """Whether ``x`` is a Tensor that requires a gradient."""
    return isinstance(x, Tensor) and x.requires_grad


def of_part(x: Any, part: slice) -> Any:
    """The rows of an array or Tensor; of one that requires a gradient, a leaf."""
    return Tensor(x.data[part], x.requires_grad) if isinstance(x, Tensor) else x[part]


def leaf(x: Tensor) -> Tensor:
    """A Tensor or Parameter of the same values in the same memory, with a gradient of its own."""
    made = (Parameter if isinstance(x, Parameter) else Tensor)(x.data, True)
    made.data = x.data
    return made


def leaves_of(tensor: Tensor) -> Iterator[Any]:
    """The leaves that ``tensor`` was computed from and that require a gradient."""
    seen: set[int] = set()
    waiting: list[Any] = [tensor] if tensor.requires_grad else []
    while waiting:
        result = waiting.pop()
        if id(result) in seen:
            continue
        seen.add(id(result))
        if result.grad_fn is None:
            yield result
        else:
            used = result.grad_fn.used or ()
            waiting += [x for x in used if isinstance(x, Variable) and x.requires_grad]


class Copies:
    """Copies a module, with its parts and their methods, for one thread.

    Args:
        known: the id of what has a copy to that copy.
        meeting: where the threads add up what a BatchNorm has to know of the whole batch.
        place: the number of the thread.
    """

    def __init__(self, known: dict[int, Any], meeting: Meeting, place: int) -> None:
        self.known = known
        self.meeting = meeting
        self.place = place

    def of(self, value: Any) -> Any:
        """The copy of an attribute: anything but modules, and what holds some, is shared."""
        if id(value) in self.known:
            return self.known[id(value)]
        if isinstance(value, Module):
            return self.of_module(value)
        if type(value) in (list, tuple):
            return type(value)(map(self.of, value))
        if type(value) is dict:
            return {key: self.of(one) for key, one in value.items()}
        if isinstance(value, MethodType) and isinstance(value.__self__, Module):
            return MethodType(value.__func__, self.of(value.__self__))
        return value

    def of_module(self, module: Any) -> Any:
        """The copy of a module. While it trains, it draws from another generator."""
        made = self.known[id(module)] = object.__new__(type(module))
        for name, value in vars(module).items():
            if isinstance(value, np.random.Generator) and module.training:
                value = np.random.default_rng(value.integers(1 << 63))
            vars(made)[name] = self.of(value)
        if "running_mean" in vars(module):
            from tinytorch.sharednorm import share

            share(made, module, self.meeting, self.place)
        return made
