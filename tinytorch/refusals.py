"""NumPy's errors about arguments that do not fit, in the words of whoever passed them.

Given, not an exercise. A primitive computes on arrays, so an error inside it speaks of axes, ufuncs and
operands. `explained` says which argument it is about. It leaves unknown errors alone: an error in a function
that you wrote is shown as it was raised, at the line that raised it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np


def explained(
    error: Exception, name: str, arrays: Sequence[Any], params: Mapping[str, Any]
) -> Exception:
    """An exception that names the argument, or ``error`` itself.

    Args:
        error: what was raised.
        name: of the primitive.
        arrays, params: the arguments of the call.

    >>> x, y = np.ones(2), np.ones(3)
    >>> try:
    ...     x + y
    ... except ValueError as error:
    ...     explained(error, "add", [x, y], {})
    ValueError('add: the shapes (2,) (3,) do not broadcast')
    """
    if isinstance(error, NotImplementedError):
        return error
    for explain in RULES:
        found = explain(error, str(error), name, arrays, params)
        if found is not None:
            return found
    return error


def dtypes(arrays: Sequence[Any]) -> str:
    """The dtypes of the arguments, each once."""
    return " and ".join(dict.fromkeys(str(x.dtype) for x in arrays if hasattr(x, "dtype")))


def broadcasting(
    error: Exception, said: str, name: str, arrays: Sequence[Any], params: Mapping[str, Any]
) -> Exception | None:
    """Shapes of the arguments that do not broadcast; shapes inside a function are left alone."""
    if not (isinstance(error, ValueError) and "could not be broadcast together" in said):
        return None
    shapes = said.partition("shapes ")[2].strip()  # as NumPy writes them: (2,3) (4,)
    given = {str(np.shape(x)).replace(" ", "") for x in arrays}
    if not given >= set(shapes.split()):
        return None
    return ValueError(f"{name}: the shapes {shapes} do not broadcast")


def one_axis(
    error: Exception, said: str, name: str, arrays: Sequence[Any], params: Mapping[str, Any]
) -> Exception | None:
    """An axis that does not exist, is named twice, or is several where one is expected."""
    dim = params.get("dim")
    if isinstance(error, np.exceptions.AxisError):
        return IndexError(f"{name}: dim {dim} is not an axis of shape {np.shape(arrays[0])}")
    if "duplicate value in 'axis'" in said:
        return ValueError(f"{name}: dim {dim} names an axis twice, shape {np.shape(arrays[0])}")
    if isinstance(error, TypeError) and dim is not None and not isinstance(dim, int):
        return TypeError(f"{name}: dim must be an integer, got {dim!r}")
    return None


def too_many_indices(
    error: Exception, said: str, name: str, arrays: Sequence[Any], params: Mapping[str, Any]
) -> Exception | None:
    """More indices than axes."""
    if not (isinstance(error, IndexError) and "too many indices" in said):
        return None
    shape = np.shape(arrays[0])
    way = "use x.item() for its number" if not shape else "use one index for each axis at most"
    return IndexError(f"too many indices for a tensor of shape {shape}: {way}")


def numbers(
    error: Exception, said: str, name: str, arrays: Sequence[Any], params: Mapping[str, Any]
) -> Exception | None:
    """Tensors or text instead of a number, and numbers that a dtype cannot hold."""
    if isinstance(error, OverflowError):
        return ValueError(
            f"{name}: {said.removeprefix('Python integer ')}, a dtype: use x.long() first"
        )
    if isinstance(error, TypeError):
        for key, value in params.items():
            if key in ("input", "other", "mat2", "exponent") and hasattr(value, "data"):
                return TypeError(f"{name} takes tensors by position: use {name}(x), not {key}=x")
            if is_array(value):
                continue  # an array may well be meant
            if hasattr(value, "data") or isinstance(value, str):
                return TypeError(f"{name}: {key} must be a number, got {value!r:.60}")
            parts = value if isinstance(value, tuple) else ()
            if not all(isinstance(part, (int, np.integer)) for part in parts):
                return TypeError(f"{name}: {key} must hold integers, got {value!r:.60}")
    return None


def is_array(value: object) -> bool:
    """Whether a value is an array of NumPy's with axes: a number of NumPy's is a number."""
    return isinstance(value, np.ndarray) and value.ndim > 0


def unfit_dtypes(
    error: Exception, said: str, name: str, arrays: Sequence[Any], params: Mapping[str, Any]
) -> Exception | None:
    """Dtypes that an operation does not support."""
    if "Integers to negative integer powers" in said:
        return ValueError(
            f"{name}: integers have no negative powers, got dtype {dtypes(arrays)}: use x.float()"
        )
    if isinstance(error, TypeError) and ("ufunc" in said or "numpy boolean" in said):
        return TypeError(
            f"{name} is not offered for dtype {dtypes(arrays)}: use x.float() or x.long()"
        )
    return None


def no_values(
    error: Exception, said: str, name: str, arrays: Sequence[Any], params: Mapping[str, Any]
) -> Exception | None:
    """No values to reduce."""
    if isinstance(error, ValueError) and ("zero-size array" in said or "empty sequence" in said):
        shape = np.shape(arrays[0])
        return ValueError(f"{name} of no values: shape {shape}, dim {params.get('dim')}")
    return None


Explain = Callable[[Exception, str, str, Sequence[Any], Mapping[str, Any]], Exception | None]

RULES: tuple[Explain, ...] = (
    broadcasting,
    one_axis,
    too_many_indices,
    numbers,
    unfit_dtypes,
    no_values,
)
