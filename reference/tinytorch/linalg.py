"""What programs use of `torch.linalg`: the length of vectors. NumPy has the rest.

Given, not an exercise.
"""

from __future__ import annotations

from typing import Any

from tinytorch.functions import norm as length
from tinytorch.instead import no_such_name


def vector_norm(x: Any, ord: float = 2, dim: Any = None, keepdim: bool = False) -> Any:
    """The length of the vector of all values, or along ``dim``."""
    return length(x, ord, dim, keepdim)


def norm(A: Any, ord: float | None = None, dim: Any = None, keepdim: bool = False) -> Any:
    """The square root of the sum of squares, of all values or along ``dim``; ``ord`` is for vectors only."""
    if ord is not None and dim is None and A.ndim != 1:
        raise ValueError(f"ord is for vectors: use dim, got shape {A.shape}")
    return length(A, 2 if ord is None else ord, dim, keepdim)


def __getattr__(name: str) -> Any:
    raise no_such_name("tinytorch.linalg", name)
