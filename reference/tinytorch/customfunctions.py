"""`autograd.Function`: an operation with its own gradient, written as in PyTorch.

Given, not an exercise. A `primitive` and its rules do the same in fewer lines.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Any

import numpy as np

from tinytorch.primitive import Array, Variable, defvjp, primitive, recording


class Context:
    """What ``forward`` leaves for ``backward``: attributes of any name, and saved tensors.

    Attributes:
        saved_tensors: the arguments of `save_for_backward`.
        needs_input_grad: whether each argument requires a gradient.
    """

    def __init__(self, needs_input_grad: tuple[bool, ...]) -> None:
        self.saved_tensors: tuple[Any, ...] = ()
        self.needs_input_grad = needs_input_grad

    def save_for_backward(self, *tensors: Any) -> None:
        """Keep tensors for ``backward``."""
        self.saved_tensors = tensors


class Function:
    """An operation defined by two static methods, ``forward(ctx, *args)`` and ``backward(ctx, gradient)``.

    ``backward`` returns a gradient for each argument of ``forward``, or None for an argument without one.
    There is one result, and no gradient of the gradient.

    >>> import tinytorch
    >>> class Sign(Function):
    ...     @staticmethod
    ...     def forward(ctx, x):
    ...         return x.sign()
    ...
    ...     @staticmethod
    ...     def backward(ctx, gradient):
    ...         return gradient
    >>> x = tinytorch.tensor([-2.0, 3.0], requires_grad=True)
    >>> Sign.apply(x).sum().backward()
    >>> x.grad
    array([1., 1.], dtype=float32)
    """

    @staticmethod
    def forward(ctx: Context, *args: Any) -> Any:
        """Return the result, a Tensor; operations inside are not recorded."""
        raise NotImplementedError("write forward(ctx, *args) as a static method")

    @staticmethod
    def backward(ctx: Context, gradient: Any) -> Any:
        """Return the gradients of the arguments, given that of the result."""
        raise NotImplementedError("write backward(ctx, gradient) as a static method")

    @classmethod
    def apply(cls, *args: Any) -> Any:
        """The result of ``forward``, recorded with ``backward`` as its gradient rule.

        Raises:
            TypeError: ``forward`` does not return a Tensor.
            ValueError: ``backward`` returns another number of gradients than ``forward`` has arguments.
        """
        context = Context(tuple(getattr(arg, "requires_grad", False) for arg in args))
        tensors = [place for place, arg in enumerate(args) if isinstance(arg, Variable)]
        given = list(args)

        def forward(*arrays: Array) -> Array:
            for place in tensors:
                given[place] = detached(arrays[place])
            return array_of(unrecorded(cls.forward, context, *given), f"{cls.__name__}.forward")

        forward.__name__ = cls.__name__
        operation = primitive(forward)
        latest: list[Any] = [None, ()]  # a gradient of the result, and what backward made of it

        def backward(position: int, g: Array, ans: Array, *arrays: Array) -> Array:
            if latest[0] is not g:
                latest[:] = g, in_a_row(unrecorded(cls.backward, context, detached(g)))
            shares = latest[1]
            if len(shares) != len(args):
                raise ValueError(
                    f"{cls.__name__}.backward must return a gradient for each of the {len(args)} arguments"
                    f" of forward, got {len(shares)}"
                )
            if shares[position] is None:
                return np.zeros_like(arrays[position])
            # A view: it may have returned one tensor for several arguments.
            return array_of(shares[position], f"{cls.__name__}.backward")[...]

        defvjp(operation, every=backward)
        return operation(*args)


def in_a_row(gradients: Any) -> Sequence[Any]:
    """What ``backward`` returned, as a sequence: like PyTorch, it accepts a single gradient."""
    return gradients if isinstance(gradients, (tuple, list)) else (gradients,)


def unrecorded(function: Any, *args: Any) -> Any:
    """Call a function without recording its operations."""
    token = recording.set(False)
    try:
        return function(*args)
    finally:
        recording.reset(token)


def detached(array: Array) -> Any:
    """A Tensor that holds an array."""
    return import_module("tinytorch.tensor").Tensor(array)


def array_of(value: Any, name: str) -> Array:
    """The array of a Tensor.

    Raises:
        TypeError: ``value`` is not a Tensor.
    """
    if not isinstance(value, Variable):
        raise TypeError(f"{name} must return a Tensor, got {type(value).__name__}")
    return value.data
