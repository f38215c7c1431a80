"""PyTorch's functions that multiply tensors, or put them side by side.

Given, not an exercise. All are composed from the modules. You reach them as functions of `tinytorch`.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Any, Literal

import numpy as np

from tinytorch import functions
from tinytorch.arranging import diagonal
from tinytorch.instead import refuse
from tinytorch.precision import in_single


def of_axes(name: str, input: Any, other: Any, axes: tuple[int, int]) -> None:
    """Refuse shapes that `@` accepts and the function of that name does not."""
    if (input.ndim, other.ndim) != axes:
        raise ValueError(
            f"{name} needs {axes[0]} and {axes[1]} axes, got shapes {input.shape} and {other.shape}: use @"
        )
    if input.dtype == np.bool_ and other.dtype == np.bool_:
        raise TypeError(f"{name} is not offered for dtype bool: use x.float()")


def mm(input: Any, mat2: Any) -> Any:
    """The product of two matrices."""
    of_axes("mm", input, mat2, (2, 2))
    return input @ mat2


def bmm(input: Any, mat2: Any) -> Any:
    """The products of two stacks of equally many matrices."""
    of_axes("bmm", input, mat2, (3, 3))
    if len(input) != len(mat2):
        raise ValueError(f"bmm needs stacks of one length, got {input.shape} and {mat2.shape}")
    return input @ mat2


def mv(input: Any, vec: Any) -> Any:
    """A matrix times a vector."""
    of_axes("mv", input, vec, (2, 1))
    return input @ vec


def dot(input: Any, tensor: Any) -> Any:
    """The dot product of two vectors, a number."""
    of_axes("dot", input, tensor, (1, 1))
    return input @ tensor


def outer(input: Any, vec2: Any) -> Any:
    """Each element of one vector times each of the other."""
    if (input.ndim, vec2.ndim) != (1, 1):
        raise ValueError(f"outer needs two vectors, got shapes {input.shape} and {vec2.shape}")
    return input.unsqueeze(1) * vec2


def addmm(input: Any, mat1: Any, mat2: Any, *, beta: float = 1, alpha: float = 1) -> Any:
    """beta · input + alpha · mat1 @ mat2; with beta 0, NaN in ``input`` has no effect."""
    of_axes("addmm", mat1, mat2, (2, 2))
    product = mat1 @ mat2 if alpha == 1 else (mat1 @ mat2) * alpha
    if beta == 0:
        return product
    input = input.expand(product.shape)
    return (input if beta == 1 else input * beta) + product


def trace(input: Any) -> Any:
    """The sum of the diagonal of a matrix."""
    if input.ndim != 2:
        raise ValueError(f"trace is for matrices, got shape {input.shape}: use diagonal and sum")
    return diagonal(input).sum()


@in_single
def cdist(x1: Any, x2: Any, p: float = 2.0, compute_mode: Any = None) -> Any:
    """The distance from each row of x1 to each row of x2; `functions.norm` explains ``p``."""
    if min(x1.ndim, x2.ndim) < 2 or x1.shape[-1] != x2.shape[-1]:
        raise ValueError(f"x1 and x2 must hold rows of one length, got {x1.shape} and {x2.shape}")
    return functions.norm(x1.unsqueeze(-2) - x2.unsqueeze(-3), p, dim=-1)


def einsum(equation: str, *operands: Any) -> Any:
    """Products and sums by letters, ``"bij,bjk->bik"``; each letter is an axis.

    Composed of products and one sum: a summed letter costs as much memory as one that stays.
    """
    if len(operands) == 1 and isinstance(operands[0], (tuple, list)):
        operands = tuple(operands[0])
    inputs, _, out = equation.replace(" ", "").partition("->")
    terms = inputs.split(",")
    if "." in equation or any(len(set(term)) < len(term) for term in terms):
        refuse(f"einsum({equation!r})", "use one letter for each axis, or permute and @")
    if "->" not in equation:
        out = "".join(sorted(c for c in set(inputs) - {","} if inputs.count(c) == 1))
    letters = out + "".join(sorted(set(inputs) - set(out) - {","}))
    total: Any = None
    for term, x in zip(terms, operands, strict=True):
        present = [c for c in letters if c in term]
        x = x.permute(*[term.index(c) for c in present])
        x = x[tuple(slice(None) if c in term else None for c in letters)]
        total = x if total is None else total * x
    summed = tuple(range(len(out), len(letters)))
    return total.sum(summed) if summed else total


def meshgrid(*tensors: Any, indexing: Literal["ij", "xy"] = "ij") -> tuple[Any, ...]:
    """The coordinates of a grid, one tensor for each axis."""
    given = tensors[0] if len(tensors) == 1 and isinstance(tensors[0], (tuple, list)) else tensors
    if not given or any(x.ndim > 1 or x.dtype != given[0].dtype for x in given):
        raise ValueError("tensors must be vectors or numbers of one dtype, at least one")
    if indexing not in ("ij", "xy"):
        raise ValueError(f"indexing must be 'ij' or 'xy', got {indexing!r}")
    shape = tuple(x.numel() for x in given)
    grids = []
    for axis, x in enumerate(given):
        lengths = [1] * len(given)
        lengths[axis] = shape[axis]
        grid = x.reshape(lengths).expand(shape)
        grids.append(grid.transpose(0, 1) if indexing == "xy" and len(given) > 1 else grid)
    return tuple(grids)


def some(tensors: Sequence[Any]) -> list[Any]:
    """At least one tensor."""
    if not len(tensors):
        raise ValueError("tensors must hold at least one tensor to join")
    return list(tensors)


def vstack(tensors: Sequence[Any]) -> Any:
    """Joined as rows."""
    tensors = some(tensors)
    rows = [x.reshape(1, -1) if x.ndim < 2 else x for x in tensors]
    return import_module("tinytorch.tensor").cat(rows, 0)


def hstack(tensors: Sequence[Any]) -> Any:
    """Joined side by side."""
    tensors = some(tensors)
    return import_module("tinytorch.tensor").cat(tensors, 0 if tensors[0].ndim < 2 else 1)
