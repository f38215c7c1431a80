"""Products of tensors, and tensors put side by side: PyTorch's functions for it.

Given, not an exercise. All are composed of what the modules have. Only `tinytorch.functions` offers them.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Any, Literal

import numpy as np

from tinytorch import functions
from tinytorch.arranging import diagonal, raw, wrap
from tinytorch.instead import refuse


def mm(input: Any, mat2: Any) -> Any:
    """The product of two matrices."""
    return input @ mat2


bmm = mv = dot = mm


def outer(input: Any, vec2: Any) -> Any:
    """Each of one vector times each of the other."""
    return input.unsqueeze(1) * vec2


def addmm(input: Any, mat1: Any, mat2: Any) -> Any:
    """input + mat1 @ mat2."""
    return input + mat1 @ mat2


def trace(input: Any) -> Any:
    """The sum of the diagonal of a matrix."""
    return diagonal(input).sum()


def cdist(x1: Any, x2: Any) -> Any:
    """The distance of each row of one to each row of the other."""
    return functions.norm(x1.unsqueeze(-2) - x2.unsqueeze(-3), dim=-1)


def einsum(equation: str, *operands: Any) -> Any:
    """Products and sums by letters, ``"bij,bjk->bik"``, each letter an axis.

    Composed of products and one sum: a letter that is summed costs memory as if it stayed.
    """
    inputs, _, out = equation.replace(" ", "").partition("->")
    terms = inputs.split(",")
    if "." in equation or any(len(set(term)) < len(term) for term in terms):
        refuse(f"einsum({equation!r})", "use one letter for each axis, or permute and @")
    if "->" not in equation:
        out = "".join(sorted(c for c in set(inputs) - {","} if inputs.count(c) == 1))
    letters = out + "".join(sorted(set(inputs) - set(out) - {","}))
    total: Any = 1
    for term, x in zip(terms, operands, strict=True):
        present = [c for c in letters if c in term]
        x = x.permute(*[term.index(c) for c in present])
        total = total * x[tuple(slice(None) if c in term else None for c in letters)]
    summed = tuple(range(len(out), len(letters)))
    return total.sum(summed) if summed else total


def meshgrid(*tensors: Any, indexing: Literal["ij", "xy"] = "ij") -> tuple[Any, ...]:
    """The coordinates of a grid, one tensor for each axis."""
    return tuple(map(wrap, np.meshgrid(*[raw(x) for x in tensors], indexing=indexing)))


def vstack(tensors: Sequence[Any]) -> Any:
    """Joined as rows."""
    rows = [x.reshape(1, -1) if x.ndim < 2 else x for x in tensors]
    return import_module("tinytorch.tensor").cat(rows, 0)


def hstack(tensors: Sequence[Any]) -> Any:
    """Joined side by side."""
    return import_module("tinytorch.tensor").cat(list(tensors), 0 if tensors[0].ndim < 2 else 1)
