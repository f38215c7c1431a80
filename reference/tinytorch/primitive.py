"""Primitives: plain array functions that also take Tensors and remember how they were used.

Given, not an exercise. A forward function is written once, on arrays; its gradient rules stand in a
separate table (`defvjp`). Nothing is patched: a primitive called on arrays is just that function.
"""

import sys
from contextvars import ContextVar
from functools import wraps

import numpy as np

recording = ContextVar("recording", default=True)
"""Whether operations are remembered for `backward`; `no_grad` turns it off for a while."""

observer = ContextVar("observer", default=None)
"""Called as ``observer(op, arrays, params, ans)`` after each operation on Tensors; 14 counts with it."""


class Variable:
    """What a primitive needs to know of a Tensor: its array, and whether its gradient is wanted."""

    __slots__ = ("__weakref__", "data", "grad", "grad_fn", "requires_grad")

    def __init_subclass__(cls):
        # A primitive returns the class that derives from Variable directly: Tensor, never Parameter.
        if not hasattr(cls, "result_type"):
            cls.result_type = cls


class Node:
    """How a tensor came about: which primitive, on which arguments, with which parameters."""

    __slots__ = ("args", "op", "params")

    def __init__(self, op, args, params):
        self.op = op
        self.args = args
        self.params = params

    def __repr__(self):
        return f"<{self.op.__name__}>"


def primitive(function):
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
    def op(*args, **params):
        result_type = None
        requires_grad = False
        arrays = []
        for arg in args:
            if isinstance(arg, Variable):
                result_type = arg.result_type
                requires_grad = requires_grad or arg.requires_grad
                arg = arg.data
            arrays.append(arg)
        ans = function(*arrays, **params)
        if result_type is None:
            return ans
        watch = observer.get()
        if watch is not None:
            watch(op, arrays, params, ans)
        result = object.__new__(result_type)
        result.data = ans if type(ans) is np.ndarray else np.asarray(ans)
        result.grad = None
        # Comparisons and indices have no gradient: only floating results are followed.
        result.requires_grad = requires_grad and result.data.dtype.kind == "f" and recording.get()
        result.grad_fn = Node(op, args, params) if result.requires_grad else None
        return result

    op.rules = ()
    op.rule_for_every = None
    return op


def defvjp(op, *rules, every=None):
    """Store how gradients flow back through ``op``: one rule for each array argument.

    A rule is called as ``rule(g, ans, *args, **params)`` with arrays: the gradient of the output,
    the output, and what the primitive was called with; it returns the gradient of its argument.
    ``None`` marks an argument that has no gradient. For primitives of any number of arrays,
    ``every`` is the one rule for them all, called with the argument's position first.
    A rule that is still ``...`` raises NotImplementedError once it is needed.
    """
    home = sys._getframe(1).f_globals
    checkpoint, module = (home.get("__doc__") or "")[:2], home["__name__"].rpartition(".")[2]
    todo = f"{checkpoint} {module}: gradient of {op.__name__}"

    def unwritten(*args, **params):
        raise NotImplementedError(todo)

    op.rules = tuple(unwritten if rule is ... else rule for rule in rules)
    op.rule_for_every = unwritten if every is ... else every


def vjps(node, g, ans):
    """Yield (argument, its gradient) for each argument of ``node`` that requires one.

    ``g`` is the gradient of the node's output and ``ans`` that output, both arrays.
    """
    op, args, params = node.op, node.args, node.params
    arrays = [arg.data if isinstance(arg, Variable) else arg for arg in args]
    for position, arg in enumerate(args):
        if not (isinstance(arg, Variable) and arg.requires_grad):
            continue
        if op.rule_for_every is not None:
            yield arg, op.rule_for_every(position, g, ans, *arrays, **params)
            continue
        rule = op.rules[position] if position < len(op.rules) else None
        if rule is None:
            raise RuntimeError(f"{op.__name__} has no gradient rule for its argument {position}")
        yield arg, rule(g, ans, *arrays, **params)
