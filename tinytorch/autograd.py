"""05 · Autograd: reverse-mode automatic differentiation.

The lesson: tito docs 05
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Iterator, Sequence
from contextvars import Token
from functools import wraps
from inspect import isgeneratorfunction
from typing import Any

import numpy as np

import tinytorch.tensor as t
from tinytorch import activations, losses
from tinytorch.customfunctions import Function as Function
from tinytorch.precision import sum_along, sum_keeping_axis
from tinytorch.primitive import Array, Variable, defvjp, in_blocks, keep, own, recording, todo, vjps
from tinytorch.signatures import takes_iterators


def unbroadcast(g: Array, x: Array) -> Array:
    """Sum a gradient over the axes that broadcasting repeated, down to the shape of ``x``.

    A number that was used several times gets the sum of the gradients of all its uses.

    Args:
        g: the gradient of a result that ``x`` was broadcast to, an ndarray.
        x: the argument, an ndarray.
    Returns:
        An ndarray of the shape of ``x``; ``g`` itself if the shapes already agree.

    >>> unbroadcast(np.ones((2, 3)), np.zeros((1, 3)))
    array([[2., 2., 2.]])
    """
    raise NotImplementedError("05 autograd: unbroadcast")


def topological_order(tensor: t.Tensor) -> list[t.Tensor]:
    """The tensors that ``tensor`` was computed from and that require a gradient.

    Each comes before the arguments it was computed from, ``tensor`` first, and appears once however
    often it was used. The graph may be 100,000 deep, so do not recurse; and it may share
    parts, so follow each edge once.

    Args:
        tensor: a Tensor that requires a gradient.
    Returns:
        A list of Tensors.
    Raises:
        RuntimeError: a part of the graph was freed by an earlier `backward`; the message names
            ``retain_graph``, which keeps it.
    """
    raise NotImplementedError("05 autograd: topological_order")


def arguments(tensor: t.Tensor) -> list[Any]:
    """The arguments of a tensor that require a gradient; nothing for a leaf."""
    node = tensor.grad_fn
    if node is None:
        return []
    args = node.args
    if args is None:
        raise RuntimeError(
            "this graph was freed by an earlier backward: call that with retain_graph=True to keep it"
        )
    return [arg for arg in args if isinstance(arg, Variable) and arg.requires_grad]


def flow(tensor: t.Tensor, grad: Array, retain_graph: bool) -> Iterator[tuple[t.Tensor, Array]]:
    """Yield (tensor, its gradient) for all of `topological_order`, in that order.

    When you reach a tensor, you have already reached all results that it was used for, so its gradient is
    complete: the sum of their shares. `primitive.vjps` applies the rules of a node. Drop each gradient
    once it has been used, and, unless ``retain_graph``, whatever the node holds.

    Args:
        tensor: where to begin.
        grad: its gradient, an ndarray of its shape.
        retain_graph: whether the graph can be used again.
    """
    raise NotImplementedError("05 autograd: flow")


def first_gradient(tensor: t.Tensor, grad: t.Tensor | Array | None) -> Array:
    """The gradient to begin with: ``grad``, or 1 for a single number."""
    if not (isinstance(tensor, Variable) and tensor.requires_grad):
        raise RuntimeError("tensor does not require a gradient: nothing was recorded for it")
    if grad is None:
        if tensor.size != 1:
            raise RuntimeError(
                f"grad can only be left out for a tensor of one element, not for shape {tensor.shape}"
            )
        return np.ones_like(tensor.data)
    grad = np.asarray(grad.data if isinstance(grad, Variable) else grad, tensor.dtype)
    if grad.shape != tensor.shape:
        raise ValueError(f"grad must have the tensor's shape {tensor.shape}, got {grad.shape}")
    return grad[...]  # a view: the array belongs to whoever passed it


def backward(
    tensor: t.Tensor, grad: t.Tensor | Array | None = None, retain_graph: bool = False
) -> None:
    """Add to each leaf's ``.grad`` the gradient of ``tensor`` with respect to it.

    Args:
        tensor: what to differentiate.
        grad: the gradient of ``tensor`` itself, of its shape; optional for a single number.
        retain_graph: keep the graph for another backward; otherwise it is freed.
    Raises:
        RuntimeError: ``tensor`` requires no gradient; ``grad`` is missing for more than one element,
            and the message names ``grad`` and the shape of ``tensor``; or the graph was freed, and
            the message names ``retain_graph``.
        ValueError: ``grad`` has another shape; the message names both shapes.

    A leaf is a tensor that was not computed from others. Its ``.grad`` is an ndarray of its own shape
    and dtype, shared with nothing. Gradients add up over several calls, until somebody sets ``.grad``
    to None.

    >>> x = t.Tensor([1.0, 2.0], requires_grad=True)
    >>> backward((x * x).sum())
    >>> x.grad
    array([2., 4.], dtype=float32)
    """
    raise NotImplementedError("05 autograd: backward")


@takes_iterators
def grad(
    output: t.Tensor,
    inputs: Sequence[t.Tensor] | t.Tensor,
    grad_output: t.Tensor | Array | None = None,
    retain_graph: bool = False,
) -> list[Array]:
    """The gradients of ``output`` with respect to ``inputs``, without touching any ``.grad``.

    Args:
        output: what to differentiate.
        inputs: a list of Tensors, leaves or not, or one Tensor alone.
        grad_output: the gradient of ``output``, as `backward` takes it.
        retain_graph: keep the graph.
    Returns:
        A list of ndarrays, one for each input, of its shape and dtype, that share no memory.
    Raises:
        RuntimeError: as `backward`, or an input was not used for ``output``; the message names its
            position.

    >>> x = t.Tensor(3.0, requires_grad=True)
    >>> grad(x * x, [x])
    [array(6., dtype=float32)]
    """
    raise NotImplementedError("05 autograd: grad")


class no_grad:
    """Turn off recording: meanwhile, results require no gradient and the graph costs no memory.

    Use it as ``with no_grad():`` or as the decorator ``@no_grad()``. You can nest it, even
    one object within itself, and an exception ends it too. For a generator function it covers each
    step: between two steps, recording is as it was.

    >>> x = t.Tensor(1.0, requires_grad=True)
    >>> with no_grad():
    ...     (2 * x).requires_grad
    False
    """

    def __init__(self) -> None:
        self.before: list[Token[bool]] = []  # one for each time that it was entered and not left

    def __enter__(self) -> no_grad:
        """Turn `primitive.recording` off, and remember in ``before`` how it was."""
        raise NotImplementedError("05 autograd: no_grad.__enter__")

    def __exit__(self, *error: object) -> None:
        """Restore `primitive.recording` to what it was when this object was last entered."""
        raise NotImplementedError("05 autograd: no_grad.__exit__")

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        def without_recording(*args: Any, **kwargs: Any) -> Any:
            with no_grad():
                result = function(*args, **kwargs)
            return each_step(result) if isgeneratorfunction(function) else result

        return without_recording


def each_step(generator: Generator[Any, Any, Any]) -> Generator[Any, Any, Any]:
    """The same generator, which records nothing in any of its steps. Given."""
    step, value = generator.send, None
    while True:
        try:
            with no_grad():
                value = step(value)
        except StopIteration as end:
            return end.value
        try:
            value = yield value
            step = generator.send
        except GeneratorExit:
            generator.close()
            raise
        except BaseException as error:
            step, value = generator.throw, error


def matmul_x(g: Array, ans: Array, x: Array, y: Array) -> Array:
    """The gradient of the left factor: g yᵀ, for stacks of matrices too.

    A vector on the right had its axis summed away: g gets one back. A vector on the left was a
    single row. Sum over whatever broadcasting repeated.
    """
    raise NotImplementedError("05 autograd: matmul_x")


def matmul_y(g: Array, ans: Array, x: Array, y: Array) -> Array:
    """The gradient of the right factor: xᵀ g, for stacks of matrices too.

    One matrix on the right of a whole stack is what every layer has: its gradient is a single
    product of all rows at once.
    """
    raise NotImplementedError("05 autograd: matmul_y")


def pow_x(g: Array, ans: Array, x: Array, y: Array) -> Array:
    """The gradient of the base: y x^(y - 1); 0 where the exponent is 0, even at x = 0 or for infinite g."""
    raise NotImplementedError("05 autograd: pow_x")


def pow_y(g: Array, ans: Array, x: Array, y: Array) -> Array:
    """The gradient of the exponent: x^y log x; 0 where the base is 0 and the exponent is not negative."""
    raise NotImplementedError("05 autograd: pow_y")


def maximum_x(g: Array, ans: Array, x: Array, y: Array) -> Array:
    """Where x is larger it gets all of g; where both are equal each gets half, and x none where it is less.

    Where x is NaN it gets all of g. Choose instead of multiplying by a mask: an infinite g times 0 would
    be NaN.
    """
    raise NotImplementedError("05 autograd: maximum_x")


def widen(array: Array, dim: int | tuple[int, ...] | None, keepdim: bool) -> Array:
    """Give a reduced array the axes back that it lost, so that it broadcasts against the original.

    If ``dim`` is None, a single number is left, which broadcasts as it is.
    """
    return array if keepdim or dim is None else np.expand_dims(array, dim)


def sum_x(
    g: Array,
    ans: Array,
    x: Array,
    *,
    dim: int | tuple[int, ...] | None = None,
    keepdim: bool = False,
) -> Array:
    """Every element that was summed gets the gradient of its sum."""
    raise NotImplementedError("05 autograd: sum_x")


def max_x(
    g: Array,
    ans: Array,
    x: Array,
    *,
    dim: int | tuple[int, ...] | None = None,
    keepdim: bool = False,
) -> Array:
    """The largest element gets the gradient of the maximum; if several are equal, they share it evenly."""
    raise NotImplementedError("05 autograd: max_x")


def getitem_x(g: Array, ans: Array, x: Array, *, index: Any) -> Array:
    """Each element gets back the gradient of the place it went to; if taken twice, it gets both."""
    raise NotImplementedError("05 autograd: getitem_x")


def concatenate_each(position: int, g: Array, ans: Array, *arrays: Array, dim: int = 0) -> Array:
    """Each array gets back the part of g at the place where it was put."""
    raise NotImplementedError("05 autograd: concatenate_each")


def gelu_x(g: Array, ans: Array, x: Array, *, approximate: str = "none") -> Array:
    """g · (s + x s'), the product rule, as ans = x · s.

    With s = Φ(x) the slope s' is exp(-x²/2) / √(2π). If ``approximate`` is "tanh", s = ½ (1 + tanh u) with
    u = √(2/π) (x + 0.044715 x³), and x s' is 2 ans (1 - s) u'. Here s is ans / x, without a new tanh; where
    x is almost 0, s is ½.
    """
    raise NotImplementedError("05 autograd: gelu_x")


def softmax_x(g: Array, ans: Array, x: Array, *, dim: int = -1) -> Array:
    """ans · (g - Σ g · ans): moving all scores together changes nothing."""
    raise NotImplementedError("05 autograd: softmax_x")


def log_softmax_x(g: Array, ans: Array, x: Array, *, dim: int = -1) -> Array:
    """g - softmax(x) · Σ g; the exponential of ans is that softmax."""
    raise NotImplementedError("05 autograd: log_softmax_x")


def surprise_x(
    g: Array,
    ans: Array,
    x: Array,
    *,
    classes: Array,
    saved: tuple[Array, Array] | None = None,
) -> Array:
    """g · (softmax(x) - 1 at the right class): the prediction minus the truth.

    If `losses.surprise` saved the exponentials, (N, C), and their sums, (N, 1), softmax is the one divided by
    the other; otherwise ``saved`` is None.
    """
    raise NotImplementedError("05 autograd: surprise_x")


# The table of rules: how the gradient g of a result flows back to each argument.
# Where x is NaN, maximum and relu hand all of g on: whoever looks at gradients sees that something is wrong.
# At a corner: relu and abs have the slope 0 at 0, and clip the slope 1 at its limits.
# fmt: off
defvjp(t.add, todo("05 autograd: gradient of add"),
              todo("05 autograd: gradient of add"))
defvjp(t.sub, todo("05 autograd: gradient of sub"),
              todo("05 autograd: gradient of sub"))
defvjp(t.mul, todo("05 autograd: gradient of mul"),
              todo("05 autograd: gradient of mul"))
defvjp(t.div, todo("05 autograd: gradient of div"),
              todo("05 autograd: gradient of div"))
defvjp(t.pow,         pow_x, pow_y)
defvjp(t.neg, todo("05 autograd: gradient of neg"))
defvjp(t.matmul,      matmul_x, matmul_y)
defvjp(t.linear,      lambda g, ans, x, weight, bias: matmul_x(g, ans, x, weight.T),
                      lambda g, ans, x, weight, bias: matmul_y(x, ans, g, weight),  # gᵀ x
                      lambda g, ans, x, weight, bias: unbroadcast(g, bias))
defvjp(t.exp, todo("05 autograd: gradient of exp"))
defvjp(t.log, todo("05 autograd: gradient of log"))
defvjp(t.sqrt, todo("05 autograd: gradient of sqrt"))
defvjp(t.abs, todo("05 autograd: gradient of abs"))
defvjp(t.clip, todo("05 autograd: gradient of clip"))
defvjp(t.maximum,     maximum_x, lambda g, ans, x, y: maximum_x(g, ans, y, x))
defvjp(t.where, todo("05 autograd: gradient of where"),
                todo("05 autograd: gradient of where"),
                todo("05 autograd: gradient of where"))
defvjp(t.sum,         sum_x)
defvjp(t.max,         max_x)
defvjp(t.reshape, todo("05 autograd: gradient of reshape"))
defvjp(t.permute, todo("05 autograd: gradient of permute"))
defvjp(t.expand, todo("05 autograd: gradient of expand"))
defvjp(t.getitem,     getitem_x)
defvjp(t.concatenate, every=concatenate_each)

defvjp(activations.relu, todo("05 autograd: gradient of relu"))
defvjp(activations.sigmoid, todo("05 autograd: gradient of sigmoid"))
defvjp(activations.tanh, todo("05 autograd: gradient of tanh"))
defvjp(activations.gelu,    gelu_x)
defvjp(activations.softmax, softmax_x)

defvjp(losses.log_softmax,  log_softmax_x)
defvjp(losses.surprise,     surprise_x)
# fmt: on
