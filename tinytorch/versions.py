"""Which memory was changed in place, and when: so that `backward` never computes with values that are gone.

Given, not an exercise. PyTorch counts versions of a tensor; this counts changes, and remembers for the
memory of an array the last one. Views share memory, so a change through one is a change of all.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from functools import wraps
from typing import Any, ClassVar

import numpy as np


class Changes:
    """What operations in place leave behind.

    Attributes:
        count: how many there were so far. A node of the graph keeps the count at which it was made.
        last: for the memory of an array, by id: (a reference to it, the number of its last change, that of
            the last one that `backward` knows of).
    """

    count = 0
    last: ClassVar[dict[int, tuple[weakref.ref[Any] | None, int, int]]] = {}


def owner(array: np.ndarray) -> np.ndarray:
    """The array that a view looks into, at the end of all views; the array itself if it is none.

    >>> x = np.zeros((2, 3))
    >>> owner(x[0].reshape(3, 1)) is x
    True
    """
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array


def note(array: np.ndarray, recorded: bool = False) -> int:
    """Remember that ``array`` was changed in place just now, and give the number of the change."""
    Changes.count += 1
    set_versions(array, Changes.count, Changes.count if recorded else versions(array)[1])
    return Changes.count


def set_versions(array: np.ndarray, last: int, recorded: int) -> None:
    """Remember the numbers of the last changes of ``array``, as long as its memory exists."""
    memory = owner(array)
    key = id(memory)
    gone = weakref.ref(memory, lambda _: Changes.last.pop(key, None))
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
    """Let a method that writes into the arrays of ``self.parameters()`` leave word of it, as `note` does.

    A loss that was computed before a step of the optimizer has no gradient after it: the values that its
    rules would read are gone.
    """

    @wraps(method)
    def noted(self: Any, *args: Any, **kwargs: Any) -> Any:
        result = method(self, *args, **kwargs)
        for parameter in self.parameters():
            note(parameter.data)
        return result

    return noted


def view_index(index: Any, ndim: int) -> Any:
    """An index that gives a view also where it names one number, of which NumPy would give a copy.

    >>> view_index((0, 1), 2), view_index(0, 2)
    ((0, 1, Ellipsis), 0)
    """
    numbers = index if isinstance(index, tuple) else (index,)
    if len(numbers) == ndim and all(type(number) is int for number in numbers):
        return (*numbers, ...)
    return index
