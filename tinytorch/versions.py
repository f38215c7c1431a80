"""Which memory was changed in place, and when, so that `backward` never computes with overwritten values.

Given, not an exercise. PyTorch counts versions of each tensor. This counts all changes, and remembers the
last one of each array's memory. Views share memory, so a change through one changes all.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from functools import wraps
from typing import Any, ClassVar

import numpy as np

from tinytorch.instead import refuse


class Changes:
    """A record of the operations in place.

    Attributes:
        count: the number of changes so far. A node of the graph keeps the count at which it was made.
        last: for the memory of an array, by id: (a reference to it, the number of its last change, and that
            of its last recorded change).
    """

    count = 0
    last: ClassVar[dict[int, tuple[weakref.ref[Any] | None, int, int]]] = {}


def owner(array: np.ndarray) -> np.ndarray:
    """The array that owns the memory of a view; the array itself if it is not a view.

    >>> x = np.zeros((2, 3))
    >>> owner(x[0].reshape(3, 1)) is x
    True
    """
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array


def note(array: np.ndarray, recorded: bool = False) -> int:
    """Remember that ``array`` has just been changed in place, and return the number of the change."""
    Changes.count += 1
    memory = owner(array)
    gone, _, before = Changes.last.get(id(memory), (None, 0, 0))
    set_versions(memory, Changes.count, Changes.count if recorded else before, gone)
    return Changes.count


def set_versions(
    array: np.ndarray, last: int, recorded: int, gone: weakref.ref[Any] | None = None
) -> None:
    """Remember the numbers of the last changes of ``array``, as long as its memory exists.

    ``gone`` is the reference that notices the end of that memory, if there is one already.
    """
    memory = owner(array)
    key = id(memory)
    gone = gone or weakref.ref(memory, lambda _: Changes.last.pop(key, None))
    Changes.last[key] = gone, last, recorded


def versions(array: np.ndarray) -> tuple[int, int]:
    """The numbers of the last change of ``array`` and of the last recorded one; 0 if there was none.

    >>> x = np.zeros(3)
    >>> before = versions(x)
    >>> number = note(x[1:])
    >>> before, versions(x) == (number, 0)
    ((0, 0), True)
    """
    return Changes.last.get(id(owner(array)), (None, 0, 0))[1:]


def notes_changes(method: Callable[..., Any]) -> Callable[..., Any]:
    """Let a method that writes into the arrays of ``self.parameters()`` record it, as `note` does.

    A loss computed before a step of the optimizer has no gradient after it: the values that its rules would
    read are overwritten.
    """

    @wraps(method)
    def noted(self: Any, *args: Any, **kwargs: Any) -> Any:
        result = method(self, *args, **kwargs)
        for parameter in self.parameters():
            note(parameter.data)
        return result

    return noted


def view_index(index: Any, ndim: int) -> Any:
    """An index that gives a view even for a single number, of which NumPy would give a copy.

    >>> view_index((0, 1), 2), view_index(0, 2)
    ((0, 1, Ellipsis), 0)
    """
    parts = index if isinstance(index, tuple) else (index,)
    if len(parts) == ndim and all(type(part) is int for part in parts):
        return (*parts, ...)
    for part in parts:
        if type(part) not in PLAIN:
            check_index(parts, ndim)
            break
    return index


PLAIN = frozenset([int, slice, type(None), type(...)])
"""Parts of an index that mean the same to NumPy and PyTorch."""


def check_index(parts: tuple[Any, ...], ndim: int) -> None:
    """Refuse an index of arrays that has another meaning in PyTorch.

    Raises:
        TypeError: an array of uint8, which is a mask there; or a number and an array with a slice between
            them, whose result has its axes in another order there.
    """
    if any(getattr(part, "dtype", None) == np.uint8 for part in parts):
        refuse(
            "an index of dtype uint8", "use mask.bool() for a mask, or index.long() for positions"
        )
    if len(parts) < 3:
        return  # nothing can stand between two parts
    arrays = [None if type(part) in PLAIN else np.asarray(part) for part in parts]
    taken = sum(count_axes(part, array) for part, array in zip(parts, arrays, strict=True))
    layout = ""  # a letter for each part: an array, a number, or axes that stay
    for part, array in zip(parts, arrays, strict=True):
        if array is not None and array.ndim:
            layout += "a"
        elif array is not None or type(part) is int:
            layout += "n"
        elif part is not ... or ndim > taken:
            layout += ":"
    apart = ":" in layout.strip(":")  # NumPy then puts the axes of the arrays in front
    inner = layout.replace("n", "").rstrip(":")
    if "n" in layout and apart and inner.startswith(":") and ":" not in inner.strip(":"):
        refuse(
            "an index with a number, and an array or a list apart from it",
            "use two steps, such as x[0][:, [1, 2]] for x[0, :, [1, 2]]",
        )


def count_axes(part: Any, array: np.ndarray | None) -> int:
    """How many axes a part of an index stands for."""
    if array is not None and array.dtype == np.bool_:
        return array.ndim
    return 0 if part is None or part is ... else 1
