"""05 · Autograd: reverse-mode automatic differentiation."""

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
from tinytorch.primitive import Array, Variable, defvjp, in_blocks, keep, own, recording, vjps
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
    if g.shape == x.shape:
        return g
    added = g.ndim - x.ndim
    stretched = (i for i, n in enumerate(x.shape, start=added) if n == 1)
    return sum_along(g, (*range(added), *stretched), keepdims=True).reshape(x.shape)


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
    order: list[t.Tensor] = []
    seen: set[t.Tensor] = set()
    waiting: list[Any] = [tensor]
    while waiting:
        result = waiting.pop()
        if result is None:  # a mark: all arguments of the tensor below it are listed
            order.append(waiting.pop())
        elif result not in seen:
            seen.add(result)
            waiting += [result, None, *arguments(result)]
    return order[::-1]


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
    gradients = {tensor: grad}
    order = topological_order(tensor)[::-1]
    while order:
        result = order.pop()  # so that nothing here keeps a tensor that is done with
        g = gradients.pop(result)
        yield result, g
        node = result.grad_fn
        if node is None:
            continue
        for arg, share in vjps(node, g, result.data):
            before = gradients.get(arg)
            # Never in place: the array may be shared with another gradient.
            gradients[arg] = share if before is None else before + share
        if not retain_graph:
            node.args = None


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
    for result, g in flow(tensor, first_gradient(tensor, grad), retain_graph):
        if result.grad_fn is not None:
            continue
        if result.grad is None:
            result.grad = own(g, result.dtype)  # rules may hand on the same array twice
        else:
            result.grad = np.asarray(result.grad + g, result.dtype)


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
    inputs = [inputs] if isinstance(inputs, t.Tensor) else inputs
    wanted = {id(tensor) for tensor in inputs}
    found = {}
    for result, g in flow(output, first_gradient(output, grad_output), retain_graph):
        if id(result) in wanted:
            found[id(result)] = np.array(g, result.dtype)
    for position, tensor in enumerate(inputs):
        if id(tensor) not in found:
            raise RuntimeError(f"input {position} was not used for output, or requires no gradient")
    return [found[id(tensor)] for tensor in inputs]


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
        self.before.append(recording.set(False))
        return self

    def __exit__(self, *error: object) -> None:
        """Restore `primitive.recording` to what it was when this object was last entered."""
        recording.reset(self.before.pop())

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
    if y.ndim == 1:
        return unbroadcast(g[..., None] * y, x)
    if x.ndim == 1:
        return unbroadcast((g[..., None, :] @ y.swapaxes(-1, -2))[..., 0, :], x)
    return unbroadcast(t.matmul(g, y.swapaxes(-1, -2)), x)


def matmul_y(g: Array, ans: Array, x: Array, y: Array) -> Array:
    """The gradient of the right factor: xᵀ g, for stacks of matrices too.

    One matrix on the right of a whole stack is what every layer has: its gradient is a single
    product of all rows at once.
    """
    if x.ndim == 1:
        return g * x if y.ndim == 1 else unbroadcast(x[:, None] * g[..., None, :], y)
    if y.ndim == 1:
        return unbroadcast((g[..., None, :] @ x)[..., 0, :], y)
    if y.ndim == 2 and x.ndim > 2:
        rows = math.prod(x.shape[:-1])
        x, g = x.reshape(rows, x.shape[-1]), g.reshape(rows, g.shape[-1])
    if x.ndim == y.ndim == 2 and not y.flags.c_contiguous:
        return (g.T @ x).T  # laid out in memory as y is: what follows then is several times faster
    return unbroadcast(x.swapaxes(-1, -2) @ g, y)


def pow_x(g: Array, ans: Array, x: Array, y: Array) -> Array:
    """The gradient of the base: y x^(y - 1); 0 where the exponent is 0, even at x = 0 or for infinite g."""
    constant = np.equal(y, 0)
    return unbroadcast(np.where(constant, 0, g) * y * np.where(constant, 1, x) ** (y - 1), x)


def pow_y(g: Array, ans: Array, x: Array, y: Array) -> Array:
    """The gradient of the exponent: x^y log x; 0 where the base is 0 and the exponent is not negative."""
    constant = np.equal(x, 0) & np.greater_equal(y, 0)
    return unbroadcast(g * ans * np.log(np.where(constant, 1, x)), y)


def maximum_x(g: Array, ans: Array, x: Array, y: Array) -> Array:
    """Where x is larger it gets all of g; where both are equal each gets half, and x none where it is less.

    Where x is NaN it gets all of g. Choose instead of multiplying by a mask: an infinite g times 0 would
    be NaN.
    """
    share = np.where(np.equal(x, y), g / 2, g)
    return unbroadcast(keep(share, ~np.less(x, y)), x)


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
    return np.broadcast_to(widen(g, dim, keepdim), x.shape)


def max_x(
    g: Array,
    ans: Array,
    x: Array,
    *,
    dim: int | tuple[int, ...] | None = None,
    keepdim: bool = False,
) -> Array:
    """The largest element gets the gradient of the maximum; if several are equal, they share it evenly."""
    largest = x == widen(ans, dim, keepdim)
    share = largest / largest.sum(axis=dim, keepdims=True)
    return (widen(g, dim, keepdim) * share).astype(g.dtype)


def getitem_x(g: Array, ans: Array, x: Array, *, index: Any) -> Array:
    """Each element gets back the gradient of the place it went to; if taken twice, it gets both."""
    total = np.zeros(x.shape, g.dtype)
    plain = index if isinstance(index, tuple) else (index,)
    if all(i is None or i is ... or isinstance(i, (int, slice)) for i in plain):
        total[index] = g  # slices take no element twice
    else:
        places = np.arange(x.size).reshape(x.shape)[index]  # where each element came from
        # Along a single axis add.at is several times faster.
        np.add.at(total.reshape(-1), places.ravel(), g.ravel())
    return total


def concatenate_each(position: int, g: Array, ans: Array, *arrays: Array, dim: int = 0) -> Array:
    """Each array gets back the part of g at the place where it was put."""
    start = sum(array.shape[dim] for array in arrays[:position])
    part = [slice(None)] * g.ndim
    part[dim] = slice(start, start + arrays[position].shape[dim])
    return g[tuple(part)]


def gelu_x(g: Array, ans: Array, x: Array, *, approximate: str = "none") -> Array:
    """g · (s + x s'), the product rule, as ans = x · s.

    With s = Φ(x) the slope s' is exp(-x²/2) / √(2π). If ``approximate`` is "tanh", s = ½ (1 + tanh u) with
    u = √(2/π) (x + 0.044715 x³), and x s' is 2 ans (1 - s) u'. Here s is ans / x, without a new tanh; where
    x is almost 0, s is ½.
    """

    def part(g: Array, ans: Array, x: Array) -> Array:
        square = x * x
        tiny = square == 0  # there ans may have been rounded, to 0 at last
        share = np.where(tiny, 0.5, ans) / np.where(tiny, 1, x) if tiny.any() else ans / x
        if approximate == "none":
            slope = x * np.exp(-0.5 * square) / math.sqrt(2 * math.pi)
            return g * (share + slope)
        slope = square  # in its place
        slope *= 6 * activations.SQRT_2_OVER_PI * activations.GELU_CUBIC
        slope += 2 * activations.SQRT_2_OVER_PI  # 2 u'
        slope *= ans
        slope *= 1 - share
        slope += share
        slope *= g
        return slope

    return in_blocks(part, g, ans, x)


def softmax_x(g: Array, ans: Array, x: Array, *, dim: int = -1) -> Array:
    """ans · (g - Σ g · ans): moving all scores together changes nothing."""
    along = np.vecdot(g, ans, axis=dim)  # type: ignore[call-overload]  # NumPy's types lack axis
    total = g - np.expand_dims(along, dim)
    total *= ans
    return total


def log_softmax_x(g: Array, ans: Array, x: Array, *, dim: int = -1) -> Array:
    """g - softmax(x) · Σ g; the exponential of ans is that softmax."""
    share = np.exp(ans)
    share *= sum_keeping_axis(g, dim)
    return np.subtract(g, share, out=share)


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
    weights, total = saved or (activations.softmax(x, dim=1), 1)
    share = weights * (g[:, None] / total)
    share[np.arange(len(x)), classes] -= g
    return share


# The table of rules: how the gradient g of a result flows back to each argument.
# Where x is NaN, maximum and relu hand all of g on: whoever looks at gradients sees that something is wrong.
# At a corner: relu and abs have the slope 0 at 0, and clip the slope 1 at its limits.
# fmt: off
defvjp(t.add,         lambda g, ans, x, y: unbroadcast(g, x),
                      lambda g, ans, x, y: unbroadcast(g, y))
defvjp(t.sub,         lambda g, ans, x, y: unbroadcast(g, x),
                      lambda g, ans, x, y: unbroadcast(-g, y))
defvjp(t.mul,         lambda g, ans, x, y: unbroadcast(g * y, x),
                      lambda g, ans, x, y: unbroadcast(g * x, y))
defvjp(t.div,         lambda g, ans, x, y: unbroadcast(g / y, x),
                      lambda g, ans, x, y: unbroadcast(-g * ans / y, y))
defvjp(t.pow,         pow_x, pow_y)
defvjp(t.neg,         lambda g, ans, x: -g)
defvjp(t.matmul,      matmul_x, matmul_y)
defvjp(t.linear,      lambda g, ans, x, weight, bias: matmul_x(g, ans, x, weight.T),
                      lambda g, ans, x, weight, bias: matmul_y(x, ans, g, weight),  # gᵀ x
                      lambda g, ans, x, weight, bias: unbroadcast(g, bias))
defvjp(t.exp,         lambda g, ans, x: g * ans)
defvjp(t.log,         lambda g, ans, x: g / x)
defvjp(t.sqrt,        lambda g, ans, x: g / (2 * ans))
defvjp(t.abs,         lambda g, ans, x: g * np.sign(x))
defvjp(t.clip,        lambda g, ans, x, *, min=None, max=None: keep(g, ans == x))
defvjp(t.maximum,     maximum_x, lambda g, ans, x, y: maximum_x(g, ans, y, x))
defvjp(t.where,       None,
                      lambda g, ans, condition, x, y: unbroadcast(np.where(condition, g, 0), x),
                      lambda g, ans, condition, x, y: unbroadcast(np.where(condition, 0, g), y))
defvjp(t.sum,         sum_x)
defvjp(t.max,         max_x)
defvjp(t.reshape,     lambda g, ans, x, *, shape: g.reshape(x.shape))
defvjp(t.permute,     lambda g, ans, x, *, dims: g.transpose(np.argsort([d % x.ndim for d in dims])))
defvjp(t.expand,      lambda g, ans, x, *, shape: unbroadcast(g, x))
defvjp(t.getitem,     getitem_x)
defvjp(t.concatenate, every=concatenate_each)

defvjp(activations.relu,    lambda g, ans, x: keep(g, ~(x <= 0)))
defvjp(activations.sigmoid, lambda g, ans, x: g * ans * (1 - ans))
defvjp(activations.tanh,    lambda g, ans, x: g * (1 - ans * ans))
defvjp(activations.gelu,    gelu_x)
defvjp(activations.softmax, softmax_x)

defvjp(losses.log_softmax,  log_softmax_x)
defvjp(losses.surprise,     surprise_x)
# fmt: on
