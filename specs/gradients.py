"""Our gradient checker: a gradient is right when ⟨u, Jv⟩ = ⟨Jᵀu, v⟩ for every u and v.

J is the Jacobian of the function at a point. The left side is measured by central differences of
the function itself at float64; the right side is what `backward` says, or what the rules alone say.
No formula is assumed.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from specs.arrays import Array
from specs.descriptions import Later, describe, show
from specs.framework import lazy, resolve
from specs.laws import broken, data_of, remember, same

Tensor = lazy("tensor", "Tensor")
vjps = lazy("primitive", "vjps")

STEP = 1e-5
TOLERANCE = 1e-6
"""Relative. Central differences are good to about 1e-9 here; a rule wrong by 0.1% is off by 1e-3."""


def check_gradient(
    function: Callable[..., Any],
    *arrays: ArrayLike,
    seed: int = 0,
    of: Any = None,
    tolerance: float = TOLERANCE,
    alone: bool = False,
) -> None:
    """Demand that `backward` through ``function`` agrees with central differences.

    Args:
        function: takes one Tensor for each array, gives one Tensor. Must be smooth near the point.
        arrays: the point; each is taken as float64.
        seed: draws the directions u and v; with an odd one u lies in memory column by column.
        of: the primitive whose rule is to blame; ``function`` itself unless given.
        tolerance: on the two inner products, relative to their size.
        alone: whether to judge the rules alone, without `backward`; see `pull_back`.
    """
    point = [np.asarray(array, np.float64) for array in arrays]
    op = resolve(function if of is None else of)
    remember_rule(op, point, 0)
    directions = np.random.default_rng(seed)
    tensors = [Tensor(array.copy("K"), requires_grad=True) for array in point]
    out = function(*tensors)
    ans = data_of(out).copy()
    u = direction(directions, ans.shape)
    incoming = np.array(u, order="F" if seed % 2 else "C")  # rules may not count on a layout
    if alone:
        pull_back(out, incoming, *tensors)
    else:
        out.backward(incoming)
    check_unchanged("the incoming gradient", incoming, u)
    check_unchanged("the result", out.data, ans)
    for position, (array, tensor) in enumerate(zip(point, tensors, strict=True)):
        remember_rule(op, point, position)
        check_unchanged(f"argument {position}", tensor.data, array)
        grad = gradient_of(tensor, array, position)
        v = direction(directions, array.shape)
        change = difference(function, point, position, v)
        measured, claimed = float((u * change).sum()), float((grad * v).sum())
        scale = float(np.abs(u * change).sum() + np.abs(grad * v).sum())
        if not abs(measured - claimed) <= tolerance * max(scale, 1e-3):
            broken(
                f"⟨u, Jv⟩ = {measured:.6g} for argument {position}, by central differences",
                f"⟨Jᵀu, v⟩ = {claimed:.6g}, from the gradient {show(grad)}",
            )


def check_rule(function: Callable[..., Any], *arrays: ArrayLike, **options: Any) -> None:
    """Check the rules alone: `flow` and `backward` need not be written."""
    check_gradient(function, *arrays, alone=True, **options)


def pull_back(out: Any, grad: ArrayLike, *tensors: Any) -> None:
    """Set ``.grad`` of ``tensors`` to their gradients, by the rules of what was recorded and this walk."""
    grads = {id(out): np.asarray(grad)}
    for tensor in results_first(out):
        for arg, share in vjps(tensor.grad_fn, grads[id(tensor)], tensor.data):
            before = grads.get(id(arg))
            grads[id(arg)] = np.asarray(share if before is None else before + share)
    for tensor in tensors:
        tensor.grad = grads.get(id(tensor))


def results_first(out: Any) -> list[Any]:
    """The tensors that were computed on the way to ``out``, each before what it was computed from."""
    found: dict[int, Any] = {}

    def visit(tensor: Any) -> None:
        if getattr(tensor, "grad_fn", None) is not None and id(tensor) not in found:
            for arg in tensor.grad_fn.args:
                visit(arg)
            found[id(tensor)] = tensor

    visit(out)
    return [*found.values()][::-1]


def direction(draw: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Numbers of random sign, none near zero, where a wrong element of a gradient could hide."""
    drawn = draw.uniform(-1, 1, shape)
    return np.asarray(drawn + np.copysign(0.5, drawn))


def difference(
    function: Callable[..., Any], point: Sequence[Array], position: int, v: Array
) -> Array:
    """J v by central differences in one argument, as an array of the output's shape."""
    ends = []
    for sign in (1, -1):
        moved = [a + sign * STEP * v if i == position else a for i, a in enumerate(point)]
        ends.append(np.asarray(data_of(function(*map(Tensor, moved))), np.float64))
    return (ends[0] - ends[1]) / (2 * STEP)


def check_unchanged(name: str, now: object, before: Array) -> None:
    """A rule computes something new, and changes nothing that it was called with."""
    if not same(now, before):
        broken(f"{name} to stay as it was, {show(before)}", f"changed in place to {show(now)}")


def gradient_of(tensor: Any, array: Array, position: int) -> Array:
    """The gradient, which is an ndarray of numbers of the shape of what it is the gradient of."""
    grad = getattr(tensor, "grad", None)
    if not isinstance(grad, np.ndarray):
        broken(f"grad of argument {position} to be an ndarray", show(grad))
    if grad.shape != array.shape:
        broken(f"grad of argument {position} of shape {array.shape}", f"shape {grad.shape}")
    if grad.dtype.kind not in "biuf":
        broken(f"grad of argument {position} to be of real numbers", f"dtype {grad.dtype}")
    return grad


def remember_rule(op: Any, point: Sequence[Array], position: int) -> None:
    """Keep the call for the message, with the place of the rule rather than of the primitive.

    Arguments that have no rule, such as a condition, do not count for ``position``.
    """
    rules = [rule for rule in getattr(op, "rules", ()) if rule is not None]
    rule = getattr(op, "rule_for_every", None) or (rules[position] if position < len(rules) else op)
    text = describe(op, point, {})
    remember(Later(lambda: f"backward through {text}"), rule)
