"""Values and calls in words, as a person would write them: what the message of a spec is made of."""

import inspect
from collections.abc import Mapping, Sequence
from types import CodeType
from typing import Any

import numpy as np

from specs.arrays import Array
from specs.framework import Lazy

Location = tuple[str, int, str]


def show(value: object) -> str:
    """A value short enough to read and, when small, exact enough to paste.

    Of a large array the first and the last elements are shown, and its shape.
    """
    try:
        return _show(value)
    except NotImplementedError:  # an untouched stub, which tells of itself
        raise
    except Exception as error:
        return f"{type(value).__name__}(...), which cannot be shown: {type(error).__name__}"


def show_with_type(value: object) -> str:
    """The same where the type is what is wrong: ``NoneType: None``."""
    return f"{type(value).__name__}: {show(value)}"


def _show(value: object) -> str:
    if isinstance(value, np.ndarray):
        return show_array(value)
    if isinstance(data := getattr(value, "data", None), np.ndarray):
        return f"Tensor({show_array(data)})"
    if type(value).__repr__ is object.__repr__:  # an address tells nobody anything
        return f"{type(value).__name__}(...)"
    return f"{value!r:.200}"


def show_array(array: Array) -> str:
    """The elements on one line."""
    small = array.size <= 20
    text = np.array2string(
        array if small else array.ravel(),
        separator=", ",
        threshold=20,
        edgeitems=3,
        max_line_width=10**6,
    )
    text = " ".join(text.split())
    return text if small else f"{text}  shape {array.shape}"


class Description:
    """A call as a person could write it, put into words only if it is told: few calls are.

    Args:
        function: what is called.
        args: arrays that nobody changes any more, or texts.
        kwargs: shown at once.
        array: what an array is made by, as the learner's code is given it.
    """

    def __init__(
        self,
        function: object,
        args: Sequence[Array | str],
        kwargs: Mapping[str, object],
        array: str = "Tensor",
    ) -> None:
        self.function = function
        self.args = args
        self.array = array
        self.kwargs = {name: show(value) for name, value in kwargs.items()}

    def __str__(self) -> str:
        parts = [self.written(a) if isinstance(a, np.ndarray) else a for a in self.args]
        parts += [f"{name}={value}" for name, value in self.kwargs.items()]
        return f"{name_of(self.function)}({', '.join(parts)})"

    def written(self, array: Array) -> str:
        """An array as an argument. One that does not lie in memory row by row is made so."""
        rows = show(array)
        return f"{self.array}({rows if array.flags.c_contiguous else f'np.asfortranarray({rows})'})"


def describe(
    function: object, args: Sequence[object], kwargs: Mapping[str, object], array: str = "Tensor"
) -> str:
    """A call as a person could write it, of arguments that may change later."""
    told = [arg if isinstance(arg, np.ndarray) else show(arg) for arg in args]
    return str(Description(function, told, kwargs, array))


def name_of(function: object) -> str:
    """A function as a person writes it."""
    if isinstance(function, Lazy):
        return repr(function)
    return str(getattr(function, "__qualname__", type(function).__name__))


def location(function: Any) -> Location | None:
    """(file, line, name) of a function, or of a class's or module's ``forward``, or None."""
    if not inspect.isroutine(function):
        function = getattr(function, "forward", None) or type(function).__call__
    try:
        code = getattr(inspect.unwrap(function), "__code__", None)
    except ValueError:  # functions that wrap each other
        return None
    if not isinstance(code, CodeType):
        return None
    return code.co_filename, code.co_firstlineno, code.co_qualname
