"""Values and calls in words, as a person would write them: what the message of a spec is made of.

`show` is for reading. `code` is for calls: what it gives can be pasted into Python after
``from tinytorch import *`` and ``import numpy as np``, as far as a value can be written at all.
"""

import inspect
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from types import CodeType
from typing import Any

import numpy as np

from specs.arrays import Array
from specs.framework import Lazy

Location = tuple[str, int, str]

SHOWN, WRITTEN = 20, 40
"""How many elements of an array are shown, and are written into a call; of larger ones six are."""

LONGEST, LONGEST_CALL = 200, 800
"""Characters of what is no array, and of one argument."""

CANNOT_CHANGE = (bool, int, float, str, type, type(None))
"""Types whose values can be put into words at any time."""

ADDRESS = re.compile(r"<(?:\w+ )?(?:[\w.]+\.)?(\w+)(?: object)? at 0x[0-9A-Fa-f]+>")


def show(value: object) -> str:
    """A value short enough to read and, when small, exact enough to paste.

    Of a large array the first and the last elements are shown, and its shape.
    """
    return guarded(_show, value)


def show_with_type(value: object) -> str:
    """The same where the type is what is wrong: ``NoneType: None``."""
    return f"{type_name(value)}: {show(value)}"


def show_apart(left: object, right: object) -> tuple[str, str]:
    """Two values that differ, with as many digits as that takes, or else with their dtypes or types."""
    texts = show(left), show(right)
    for way in (show_exactly, show_dtype, show_with_type):
        if texts[0] != texts[1] or "..." in texts[0]:  # what differs may not be among what is shown
            break
        texts = guarded(way, left), guarded(way, right)
    return texts


def show_exactly(value: object) -> str:
    """A value with all its digits."""
    array = array_in(value)
    if array is None:
        return f"{float(value)!r}" if isinstance(value, np.floating) else show(value)
    return elements(array, array.size <= SHOWN, "unique")


def show_dtype(value: object) -> str:
    """A value with all its digits and its dtype, if it has one."""
    dtype = getattr(value, "dtype", None)
    return f"{show_exactly(value)} {dtype}" if isinstance(dtype, np.dtype) else show_exactly(value)


def guarded(show_one: Any, value: object) -> str:
    """A text for a value, whatever its own methods do."""
    try:
        return str(show_one(value))
    except NotImplementedError:  # an untouched stub, which tells of itself
        raise
    except Exception as error:
        return cannot_be_shown(value, error)


def cannot_be_shown(value: object, error: Exception) -> str:
    return f"{type(value).__name__}(...), which cannot be shown: {type(error).__name__}"


def array_in(value: object) -> Array | None:
    """The array that a value is or holds, if any."""
    data = value if isinstance(value, np.ndarray) else getattr(value, "data", None)
    return data if isinstance(data, np.ndarray) else None


def _show(value: object) -> str:
    if isinstance(value, np.ndarray):
        return show_array(value)
    if isinstance(data := getattr(value, "data", None), np.ndarray):
        return f"Tensor({show_array(data)})"
    return show_other(value, LONGEST)


def show_other(value: object, longest: int) -> str:
    """What is no array: never with an address, which tells nobody anything."""
    if inspect.isroutine(value) or isinstance(value, type):
        return name_of(value)
    if type(value).__repr__ is object.__repr__:
        return f"{type(value).__name__}(...)"
    text = repr(value).replace("<locals>.", "").replace("<lambda>", "function")
    text = re.sub(r" at 0x[0-9A-Fa-f]+", "", ADDRESS.sub(r"\1(...)", text))
    return " ".join(text.split())[:longest]


def type_name(value: object) -> str:
    """The name of a type; of NumPy's scalars as one writes it, since some share it with Python's."""
    kind = type(value)
    return f"np.{kind.__name__}" if isinstance(value, np.generic) else kind.__name__


def show_array(array: Array) -> str:
    """The elements on one line."""
    small = array.size <= SHOWN
    text = elements(array, small)
    if array.size == 0 and array.ndim > 1:
        return f"{text}  shape {array.shape}"
    return text if small else f"{text}  shape {array.shape}"


def elements(array: Array, all_of_them: bool, digits: str = "maxprec") -> str:
    """The elements of an array in brackets, all or the first and last few."""
    text = np.array2string(
        array if all_of_them else array.ravel(),
        separator=", ",
        threshold=array.size if all_of_them else 6,
        edgeitems=3,
        max_line_width=10**6,
        floatmode=digits,  # type: ignore[arg-type]
    )
    return " ".join(text.split())


class Later:
    """A text that is made when it is told: few calls are, and words take longer than most calls."""

    def __init__(self, make: Callable[[], str]) -> None:
        self.make = make

    def __str__(self) -> str:
        return self.make()


def code(value: object, array: str = "Tensor") -> str:
    """A value as one writes it in Python; ``array`` is what makes one of an ndarray."""
    return str(code_of_now(value, array))


def code_of_now(value: object, array: str = "Tensor") -> Later | str:
    """The same for a value that may change: arrays are copied, and put into words only if told."""
    try:
        return _code_of_now(value, array)
    except NotImplementedError:
        raise
    except Exception as error:
        return cannot_be_shown(value, error)


def _code_of_now(value: object, array: str) -> Later | str:
    if isinstance(value, np.ndarray):
        return array_of_now(value, array)
    if isinstance(data := getattr(value, "data", None), np.ndarray):
        wanted = ", requires_grad=True" if getattr(value, "requires_grad", False) is True else ""
        return array_of_now(data, type(value).__name__, wanted)
    if isinstance(value, list | tuple) and type(value) in (list, tuple):
        parts = [code_of_now(one, "np.array") for one in value]
        return Later(lambda: sequence_code(parts, type(value)))
    if type(value) in CANNOT_CHANGE:
        return Later(lambda: guarded(_code, value))
    return _code(value)


def array_of_now(array: Array, maker: str, wanted: str = "") -> Later:
    """The text of an array that may change."""
    kept = array.copy("K")
    return Later(lambda: guarded(lambda one: array_code(one, maker, wanted), kept))


def _code(value: object) -> str:
    if isinstance(value, dict) and type(value) is dict:
        entries = [f"{key!r}: {code(one, 'np.array')}" for key, one in value.items()]
        return f"{{{', '.join(entries)}}}"
    if isinstance(value, np.random.Generator):
        return generator_code(value)
    if is_dataclass(value) and not isinstance(value, type) and (text := dataclass_code(value)):
        return text
    if isinstance(value, float) and not np.isfinite(value):
        return special(f"{value!r}") if not isinstance(value, np.generic) else f"np.{value!r}"
    if isinstance(value, np.dtype):
        return f"np.{value.name}"
    if isinstance(value, type) and issubclass(value, np.generic):
        return f"np.{value.__name__}"
    return show_other(value, LONGEST_CALL if isinstance(value, str) else LONGEST)


def array_code(array: Array, maker: str, wanted: str = "") -> str:
    """An ndarray in a call: the dtype is written where it is another than its elements would give."""
    if array.size > WRITTEN:
        return f"{maker}({show_array(array)}{wanted})"
    plain = (
        np.dtype(np.float32 if maker != "np.array" else np.float64),
        np.dtype(int),
        np.dtype(bool),
    )
    dtype = (
        ""
        if array.dtype in plain or array.dtype.kind not in "biufc"
        else f", np.{array.dtype.name}"
    )
    if array.size == 0:
        dtype = "" if array.dtype == np.float64 else f", np.{array.dtype.name}"
        inner = f"np.zeros({array.shape}{dtype})"
        return inner if maker == "np.array" else f"{maker}({inner}{wanted})"
    text = special(elements(array, True, "unique"))
    if not array.flags.c_contiguous:  # it lies in memory column by column, and is made so
        dtype = ", np.float32" if array.dtype == np.float32 else dtype
        text = f"np.asfortranarray({text}{dtype})"
        return text if maker == "np.array" else f"{maker}({text}{wanted})"
    if maker == "np.array":
        return f"np.array({text}{dtype})"
    if array.dtype == np.float64:
        text = f"np.array({text})"
    elif dtype:
        text = f"np.array({text}{dtype})"
    return f"{maker}({text}{wanted})"


def special(text: str) -> str:
    """NaN and infinity as one writes them."""
    return re.sub(r"\b(nan|inf)\b", r"np.\1", text)


def sequence_code(values: Sequence[Later | str], kind: type) -> str:
    """A list or tuple of values, each as one writes it."""
    parts = ", ".join(map(str, values))
    if kind is list:
        return f"[{parts}]"
    return f"({parts},)" if len(values) == 1 else f"({parts})"


def dataclass_code(value: Any) -> str:
    """A dataclass as it is made, if that is not too long: ``Quantized(codes=np.array([1], np.int8), …)``."""
    given = [(one.name, getattr(value, one.name)) for one in fields(value) if one.init]
    parts = ", ".join(f"{name}={code(part, 'np.array')}" for name, part in given)
    text = f"{type(value).__name__}({parts})"
    return text if len(text) <= 2 * LONGEST else ""


def generator_code(generator: np.random.Generator) -> str:
    """A generator as the seed that it was made from, if it has not been used."""
    seeds = getattr(generator.bit_generator, "seed_seq", None)
    entropy = getattr(seeds, "entropy", None)
    if isinstance(entropy, int) and entropy.bit_length() <= 64:
        fresh = np.random.default_rng(entropy).bit_generator.state
        used = "" if fresh == generator.bit_generator.state else "...used"
        return f"np.random.default_rng({entropy}){used}"
    return "np.random.default_rng(...)"


def describe(
    function: object,
    args: Iterable[object],
    kwargs: Mapping[str, object],
    array: str = "Tensor",
) -> Later:
    """A call as a person could write it, of arguments as they are now. They may change later.

    Args:
        function: what is called.
        args: by position.
        kwargs: by name.
        array: what an array is made by, as the learner's code is given it.
    """
    told = [code_of_now(arg, array) for arg in args]
    named = {name: code_of_now(value, "np.array") for name, value in kwargs.items()}

    def words() -> str:
        parts = [*map(str, told), *(f"{name}={text}" for name, text in named.items())]
        return f"{called(function)}({', '.join(parts)})"

    return Later(words)


def called(function: object) -> str:
    """A function as it is called: a module with its own arguments, a method with its object."""
    owner = getattr(function, "__self__", None)
    if inspect.isroutine(function) and owner is not None and not inspect.ismodule(owner):
        made = owner.__name__ if isinstance(owner, type) else made_by(owner)
        name = getattr(function, "__name__", "")
        return f"{made}.{name}" if made else name_of(function)
    if not inspect.isroutine(function) and not isinstance(function, (type, Lazy)):
        return made_by(function) or name_of(function)
    return name_of(function)


def made_by(owner: object) -> str:
    """How an object is made, if its text says so: ``Dropout(p=0.3)``."""
    text = guarded(lambda one: show_other(one, LONGEST), owner)
    name = type(owner).__name__
    return text if re.fullmatch(rf"{name}\([\w=., ()'\[\]-]*\)", text) and "..." not in text else ""


def name_of(function: object) -> str:
    """A function as a person writes it."""
    if isinstance(function, Lazy):
        return repr(function)
    name = str(getattr(function, "__qualname__", type(function).__name__))
    return name.rpartition("<locals>.")[2].replace("<lambda>", "function")


def location(function: Any) -> Location | None:
    """(file, line, name) of a function, a class's ``__init__``, a module's ``forward``, or None."""
    if isinstance(function, type) and inspect.isfunction(getattr(function, "__init__", None)):
        function = getattr(function, "__init__", None)
    elif not inspect.isroutine(function):
        function = getattr(function, "forward", None) or type(function).__call__
    try:
        written = getattr(inspect.unwrap(function), "__code__", None)
    except ValueError:  # functions that wrap each other
        return None
    if not isinstance(written, CodeType):
        return None
    return written.co_filename, written.co_firstlineno, written.co_qualname
