"""Primitives: plain array functions that also take Tensors and remember how they were used.

Given, not an exercise. A forward function is written once, on arrays; its gradient rules stand in a
separate table (`defvjp`). Nothing is patched: a primitive called on arrays is just that function.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextvars import ContextVar
from functools import wraps
from typing import Any, ClassVar, Protocol, cast

import numpy as np

from tinytorch.conveniences import TensorConveniences
from tinytorch.refusals import explained

Array = np.ndarray
"""What primitives compute on. Its shape stands at the end of a line, as in ``# (N, C, H, W)``."""

Rule = Callable[..., Array]
"""A gradient rule, called as ``rule(g, ans, *args, **params)``; see `defvjp`."""

Observer = Callable[["Primitive", Sequence[Any], Mapping[str, Any], Any], None]

BLOCK = 1 << 16
"""How many elements `in_blocks` works on at a time: 256 KB of float32, which the second cache holds."""

recording: ContextVar[bool] = ContextVar("recording", default=True)
"""Whether operations are remembered for `backward`; `no_grad` turns it off for a while."""

observer: ContextVar[Observer | None] = ContextVar("observer", default=None)
"""Called as ``observer(op, arrays, params, ans)`` after each operation on Tensors; 14 counts with it."""


class Primitive(Protocol):
    """What `primitive` makes of a function: it takes Tensors too, and has a place for gradient rules."""

    __name__: str
    rules: tuple[Rule | None, ...]
    rule_for_every: Rule | None
    flops: Callable[..., int]  # only where the operation counts its own, see 14

    def __call__(self, *args: Any, **params: Any) -> Any: ...


class Variable(TensorConveniences):
    """What a primitive needs to know of a Tensor: its array, and whether its gradient is wanted.

    Attributes:
        result_type: what a primitive returns: `Tensor`, also when it is called on a Parameter.
    """

    __slots__ = ("__weakref__", "data", "grad", "grad_fn", "requires_grad")

    data: Array
    grad: Array | None
    grad_fn: Node | None
    requires_grad: bool
    result_type: ClassVar[type[Variable]]


class Node:
    """How a tensor came about: which primitive, on which arguments, with which parameters."""

    __slots__ = ("args", "op", "params")

    def __init__(self, op: Primitive, args: tuple[Any, ...], params: Mapping[str, Any]) -> None:
        self.op = op
        self.args: tuple[Any, ...] | None = args  # None once `backward` has freed the graph
        self.params = params

    def __repr__(self) -> str:
        return f"<{self.op.__name__}>"


def primitive(function: Callable[..., Any]) -> Primitive:
    """Let a function of arrays take Tensors too: arrays by position, parameters by keyword.

    The result is a Tensor when an argument is one. While recording, if an argument requires a
    gradient, the result's ``grad_fn`` remembers (op, args, params).

    >>> @primitive
    ... def power(x, *, exponent):
    ...     return x**exponent
    >>> power(np.array([1.0, 3.0]), exponent=2)
    array([1., 9.])
    """

    @wraps(function)
    def call(*args: Any, **params: Any) -> Any:
        result_type = None
        requires_grad = False
        arrays = []
        for arg in args:
            if isinstance(arg, Variable):
                result_type = arg.result_type
                requires_grad = requires_grad or arg.requires_grad
                arg = arg.data
            arrays.append(arg)
        try:
            ans = function(*arrays, **params)
        except Exception as error:
            clear = explained(error, function.__name__, arrays, params)
            if clear is error:
                raise
            raise clear.with_traceback(error.__traceback__) from error
        if result_type is None:
            return ans
        watch = observer.get()
        if watch is not None:
            watch(op, arrays, params, ans)
        # Without Tensor.__init__, which is for what a person gives: it would check each result anew,
        # and no operation could be tried before it is written.
        result = result_type.__new__(result_type)
        result.data = ans if type(ans) is np.ndarray else np.asarray(ans)
        result.grad = None
        # Comparisons and indices have no gradient: only floating results are followed.
        result.requires_grad = requires_grad and result.data.dtype.kind == "f" and recording.get()
        result.grad_fn = Node(op, args, params) if result.requires_grad else None
        return result

    op = cast(Primitive, call)
    op.rules = ()
    op.rule_for_every = None
    return op


def check_floating(x: Any, name: str) -> None:
    """Raise TypeError unless ``x``, an array or Tensor, is floating.

    >>> check_floating(np.array([1, 2]), "x")
    Traceback (most recent call last):
    TypeError: x must be floating, got dtype int64: convert it with tensor(x, dtype=np.float32)
    """
    if x.dtype.kind != "f":
        raise TypeError(
            f"{name} must be floating, got dtype {x.dtype}:"
            f" convert it with tensor({name}, dtype=np.float32)"
        )


def in_blocks(function: Callable[..., Array], *arrays: Array) -> Array:
    """What ``function(*arrays)`` gives, computed a part at a time; for steps that work element by element.

    What the function makes on its way is as large as a part, stays in the cache, and is soon used again. As
    large as the arrays it would come from main memory, at several times the cost of computing it.

    Args:
        function: gives an array of the shape that it gets, each element from those at the same place.
        arrays: of one shape.

    >>> in_blocks(lambda x, y: x * x + y, np.array([1.0, 2.0]), np.array([3.0, 4.0]))
    array([4., 8.])
    """
    shape, size = arrays[0].shape, arrays[0].size
    if size <= BLOCK or not all(array.flags.c_contiguous for array in arrays):
        return function(*arrays)
    out = np.empty(size, np.result_type(*arrays))
    rows = [array.reshape(-1) for array in arrays]
    for start in range(0, size, BLOCK):
        part = slice(start, start + BLOCK)
        out[part] = function(*[row[part] for row in rows])
    return out.reshape(shape)


def keep(g: Array, mask: Array) -> Array:
    """``g`` where ``mask`` is True, else 0: also where g is infinite or NaN, which times 0 would be NaN.

    ``np.where(mask, g, 0)`` gives the same, but decides number by number: for a mask without a pattern that
    takes five times as long. Here the bits of each number are kept, all or none.

    Args:
        g: floating.
        mask: booleans, of the shape of ``g``.

    >>> keep(np.array([np.inf, np.nan, 2.0]), np.array([False, False, True]))
    array([0., 0., 2.])
    """
    number = np.dtype(f"i{g.itemsize}")
    bits = np.asarray(np.negative(mask.view(np.int8)).astype(number))  # -1 for True: all bits set
    bits &= g.view(number)
    return bits.view(g.dtype)


def todo(exercise: str) -> Rule:
    """Stand in for a gradient rule that is still to be written.

    Once the rule is needed it raises NotImplementedError, as the body of every other stub does.

    >>> todo("05 autograd: gradient of exp")(1.0, 1.0, 0.0)
    Traceback (most recent call last):
    NotImplementedError: 05 autograd: gradient of exp
    """

    def unwritten(*args: Any, **params: Any) -> Array:
        raise NotImplementedError(exercise)

    return unwritten


def defvjp(op: Primitive, *rules: Rule | None, every: Rule | None = None) -> None:
    """Store how gradients flow back through ``op``: one rule for each array argument.

    A rule is called as ``rule(g, ans, *args, **params)`` with arrays: the gradient of the output,
    the output, and what the primitive was called with; it returns the gradient of its argument.
    ``None`` marks an argument that has no gradient. For primitives of any number of arrays,
    ``every`` is the one rule for them all, called with the argument's position first.
    """
    op.rules = rules
    op.rule_for_every = every


def vjps(node: Node, g: Array, ans: Array) -> Iterator[tuple[Any, Array]]:
    """Yield (argument, its gradient) for each argument of ``node`` that requires one.

    ``g`` is the gradient of the node's output and ``ans`` that output, both arrays.
    """
    op, args, params = node.op, node.args or (), node.params
    rules, every = op.rules, op.rule_for_every
    arrays = [arg.data if isinstance(arg, Variable) else arg for arg in args]
    for position, arg in enumerate(args):
        if not (isinstance(arg, Variable) and arg.requires_grad):
            continue
        if every is not None:
            yield arg, every(position, g, ans, *arrays, **params)
        elif position < len(rules) and (rule := rules[position]) is not None:
            yield arg, rule(g, ans, *arrays, **params)
        else:
            raise RuntimeError(f"{op.__name__} has no gradient rule for its argument {position}")
