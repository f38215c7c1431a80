"""How a spec calls the framework and says what it expects, so that a red spec can teach.

Whatever the learner's code gives, a law holds or is broken (`LawBroken`): these functions have no
errors of their own. What the learner's code itself raises comes out as it is.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, NoReturn
from weakref import ReferenceType, ref

import numpy as np
from numpy.typing import DTypeLike

from pytest_tinytorch.api import LawBroken
from specs.arrays import Array
from specs.descriptions import (
    Location,
    array_in,
    describe,
    location,
    name_of,
    show,
    show_apart,
    show_with_type,
)
from specs.framework import lazy, resolve
from specs.messages import missing

Tensor = lazy("tensor", "Tensor")


@dataclass(frozen=True)
class Call:
    """A call of the learner's code, kept for the message. Its text is anything that `str` shows."""

    text: object
    where: Location | None
    gave: tuple[ReferenceType[Array], ...] = ()

    def is_source_of(self, value: object) -> bool:
        """Whether a value is what the call gave."""
        array = array_in(value)
        return array is not None and any(one() is array for one in self.gave)


last_call: ContextVar[Call | None] = ContextVar("last_call", default=None)
"""Which call a message tells of. A fixture of `specs/conftest.py` forgets it between specs."""

earlier_calls: ContextVar[tuple[Call, ...]] = ContextVar("earlier_calls", default=())
"""The last few calls that came back, the latest last: a law may compare what two of them gave."""


def remember(text: object, function: object) -> None:
    """Keep for the message what is about to be called, and where it is written."""
    last_call.set(Call(text, location(function)))


def forget() -> None:
    """Let no message tell of a call that was made before now."""
    last_call.set(None)
    earlier_calls.set(())


def came_back(result: Any) -> None:
    """Keep what the last call gave, as long as somebody else does."""
    last = last_call.get()
    if last is not None:
        parts = result if isinstance(result, tuple) else (result,)
        gave = tuple(ref(part) for part in parts if type(part) is np.ndarray)
        last_call.set(done := Call(last.text, last.where, gave))
        earlier_calls.set((*earlier_calls.get()[-2:], done))


def call_of(got: object, expected: object) -> Call | None:
    """The call that gave ``got``: the last one, unless that gave what is expected."""
    last, earlier = last_call.get(), earlier_calls.get()
    sources = [one for one in earlier if one.is_source_of(got)]
    others = [one for one in earlier if not one.is_source_of(expected)]
    if sources:
        return sources[-1]
    return others[-1] if others and last is not None and last.is_source_of(expected) else last


def call(function: Any, *args: Any, **kwargs: Any) -> Any:
    """Call the learner's function with ndarrays wrapped in Tensors; give its result as arrays.

    Checks that the result is a Tensor (or a tuple of them) and that no input was changed, and
    remembers the call for the message. Arrays keep their layout in memory; Tensors among the
    arguments are passed as they are.
    """
    real = resolve(function)
    # The negative of a 0-d array is a NumPy scalar: both are meant as tensors.
    given = [np.asarray(arg) if isinstance(arg, np.generic) else arg for arg in args]
    before = [arg.copy("K") if isinstance(arg, np.ndarray) else None for arg in given]
    text = describe(function, given, kwargs)
    remember(text, real)
    wrapped = [Tensor(arg.copy("K")) if isinstance(arg, np.ndarray) else arg for arg in given]
    result = attempt(real, text, wrapped, kwargs)
    for arg, original in zip(wrapped, before, strict=True):
        if original is not None and not same(data := getattr(arg, "data", None), original):
            broken("inputs that stay as they were", f"an input changed to {show(data)}")
    arrays = unwrap(result)
    came_back(arrays)
    return arrays


def ask(function: Any, *args: Any, **kwargs: Any) -> Any:
    """Call a function or method of the learner's on anything, and give its result as it is.

    Checks that no ndarray among the arguments was changed, and remembers the call for the message;
    where arrays go in and Tensors come out, use `call`.
    """
    real = resolve(function)
    text = describe(function, args, kwargs, array="np.array")
    remember(text, real)
    before = [(arg, arg.copy()) for arg in args if isinstance(arg, np.ndarray)]
    result = attempt(real, text, args, kwargs)
    for arg, original in before:
        if not same(arg, original):
            broken("inputs that stay as they were", f"an input changed to {show(arg)}")
    return result


def attempt(
    real: Callable[..., Any], text: object, args: Sequence[Any], kwargs: Mapping[str, Any]
) -> Any:
    """Make a call; an exception that comes out of it carries the call's text for the message."""
    if not callable(real):
        broken("something to call", show_with_type(real))
    try:
        return real(*args, **kwargs)
    except Exception as error:
        error.__dict__["called"] = str(text)  # an exception of the learner's may be frozen
        raise


def unwrap(result: Any) -> Any:
    """The arrays of a Tensor, or of a tuple or list of Tensors; anything else breaks a law."""
    if isinstance(result, (tuple, list)):
        return tuple(unwrap(part) for part in result)
    return data_of(result)


def data_of(tensor: Any) -> Array:
    """The array of a Tensor; anything else breaks a law."""
    if not isinstance(tensor, Tensor):
        broken("a Tensor", show_with_type(tensor))
    data = getattr(tensor, "data", None)
    if not isinstance(data, np.ndarray):
        broken("a Tensor whose data is an ndarray", f"data of type {type(data).__name__}")
    return np.asarray(data)


def broken(
    expected: str,
    got: str,
    error: Exception | None = None,
    values: tuple[object, object] = (None, None),
) -> NoReturn:
    """Raise LawBroken with what is known of a call of this spec, and of an error that it raised.

    ``values`` are what came and what was expected: they tell which of several calls is meant.
    """
    last = call_of(*values)
    if last is None:
        raise LawBroken(expected, got) from error
    raise LawBroken(expected, got, str(last.text), last.where) from error


def expect(holds: object, expected: str, got: object) -> None:
    """Demand that something holds: ``expect(y.min() >= 0, "no negative value", y)``."""
    if not truth(holds):
        broken(expected, got if isinstance(got, str) else show(got))


def assert_equal(got: object, expected: object) -> None:
    """Same value exactly; arrays also in shape. NaNs in arrays are equal to each other."""
    if not isinstance(expected, np.ndarray) and not isinstance(got, np.ndarray):
        if not equal(got, expected):
            broken(*show_apart(expected, got))
        return
    left, right = array_of(got), array_of(expected)
    if left is None or right is None or is_numeric(left) != is_numeric(right):
        broken(show(expected), show_with_type(got), values=(got, expected))
    demand_shape(left.shape, right.shape, got, expected)
    demand(~differing(left, right), expected, got, left, right, (got, expected))


def assert_close(
    got: object, expected: object, rtol: float | None = None, atol: float | None = None
) -> None:
    """Same shape, and every value within the rounding that the coarser dtype allows.

    NaN equals NaN and infinity equals itself. A single number is expected of every element.
    """
    left, right = array_of(got), array_of(expected)
    if left is None or right is None or not (is_numeric(left) and is_numeric(right)):
        broken(show(expected), show_with_type(got), values=(got, expected))
    fine = left.dtype == np.float64 and right.dtype != np.float32
    rtol = rtol if rtol is not None else (1e-9 if fine else 1e-4)
    atol = atol if atol is not None else (1e-10 if fine else 1e-5)
    if right.ndim > 0:
        demand_shape(left.shape, right.shape, got, expected)
    demand(close(left, right, rtol, atol), right, left, left, right, (got, expected))


def close(left: Array, right: Array, rtol: float, atol: float) -> Array:
    """Where ``left`` is close to ``right``: `np.isclose`, which is asked only if something is not."""
    with np.errstate(all="ignore"):  # a difference that overflows is a difference
        if left.dtype.kind == right.dtype.kind == "f":
            gap = np.abs(left - right)
            near: Array = (gap <= atol + rtol * np.abs(right)) & (gap < np.inf)
            if near.all():
                return near
        return np.isclose(left, right, rtol, atol, equal_nan=True)


def demand(
    holds: Array,
    expected: object,
    got: object,
    left: Array,
    right: Array,
    values: tuple[object, object],
) -> None:
    """Demand that ``left`` is what ``right`` is wherever one looks; else say where it is not.

    Nothing is shown while all holds: that takes longer than the comparison.
    """
    if holds.all():
        return
    wanted, words = show_apart(expected, got)
    if left.size > 1:  # else it is plain to see
        at = tuple(int(i) for i in np.argwhere(~holds)[0])
        pair = left[at], np.broadcast_to(right, left.shape)[at]
        texts = [str(one) if isinstance(one, np.generic) else show(one) for one in pair]
        here, there = texts if texts[0] != texts[1] else show_apart(*pair)
        words += f"  first difference at {list(at)}: {here} instead of {there}"
    broken(wanted, words, values=values)


def demand_shape(
    found: tuple[int, ...], shape: tuple[int, ...], got: object, expected: object
) -> None:
    """Demand the shape of what is expected."""
    if found != shape:
        broken(f"shape {shape}", f"shape {found}", values=(got, expected))


def assert_shape(got: object, shape: Sequence[int]) -> None:
    """Exactly this shape."""
    found = getattr(got, "shape", None)
    if found is None:
        array = array_of(got)
        if array is None or not is_numeric(array):
            broken(f"shape {tuple(shape)}", show_with_type(got))
        found = array.shape
    if not equal(found, tuple(shape)):
        broken(f"shape {tuple(shape)}", f"shape {show(found)}", values=(got, None))


def assert_dtype(got: object, dtype: DTypeLike) -> None:
    """Exactly this dtype."""
    found = getattr(got, "dtype", None)
    if found is None:
        broken(f"dtype {np.dtype(dtype)}", show_with_type(got))
    if not equal(found, np.dtype(dtype)):
        name = str(found) if isinstance(found, np.dtype) else show(found)
        broken(f"dtype {np.dtype(dtype)}", f"dtype {name}", values=(got, None))


def assert_finite(got: object) -> None:
    """No NaN and no infinity."""
    array = array_of(got)
    if array is None or not is_numeric(array):
        broken("every value finite", show_with_type(got))
    bad = np.argwhere(~np.isfinite(array))
    if len(bad):
        at = tuple(int(i) for i in bad[0])
        broken("every value finite", f"{show(got)}  {array[at]} at {list(at)}", values=(got, None))


def assert_no_alias(got: object, *inputs: object) -> None:
    """The result has memory of its own."""
    array = array_of(got)
    if array is None or not is_numeric(array):
        broken("a result with memory of its own", show_with_type(got))
    for given in inputs:
        other = array_of(given)
        if other is not None and np.shares_memory(array, other):
            broken("a result with memory of its own", "a result that shares memory with an input")


def assert_own(make: Callable[[], Any]) -> None:
    """Each call gives an array of its own, which may be written to without a change to any other."""
    first = make()
    if not isinstance(first, np.ndarray):
        broken("an ndarray", show_with_type(first))
    if not first.flags.writeable:
        broken("an array that can be written to", "a read-only one")
    original = first.copy()
    first[...] = np.zeros((), first.dtype)
    assert_equal(make(), original)


@contextmanager
def raises(*types: Any, naming: str = "") -> Iterator[None]:
    """Demand an error of one of ``types`` whose message mentions what ``naming`` has.

    Numbers count in any order and notation, other words as they are: see `specs.messages`.

    An untouched stub raises NotImplementedError: that is never taken for the error demanded. Nor is
    a law that is broken meanwhile: it says that a call came back.
    """
    wanted = " or ".join(name_of(t) for t in types)
    wanted += f" whose message mentions {naming}" if naming else ""
    try:
        yield
    except NotImplementedError:
        raise
    except LawBroken:
        broken(wanted, "no error")
    except Exception as error:
        said = message_of(error)
        if not isinstance(error, types):
            broken(wanted, f"{type(error).__name__}: {said}", error)
        if lacks := missing(naming, said):
            broken(wanted, f"your message: {said}; it should mention {' '.join(lacks)}", error)
    else:
        broken(wanted, "no error")


def message_of(error: Exception) -> str:
    """What an exception says; nothing if even that fails."""
    try:
        return str(error)
    except Exception:
        return ""


def truth(value: object) -> bool:
    """Whether something holds. What says neither yes nor no, as two numbers at once, does not."""
    try:
        return bool(value)
    except (TypeError, ValueError):
        return False


def equal(got: object, expected: object) -> bool:
    """Whether two things are equal. Those that cannot be compared, as lists of arrays, are not."""
    try:
        return bool(got == expected)
    except (TypeError, ValueError):
        return False


def same(got: object, expected: Array) -> bool:
    """Whether something is this array, in shape and values."""
    array = array_of(got)
    return (
        array is not None and array.shape == expected.shape and not differing(array, expected).any()
    )


def array_of(value: Any) -> Array | None:
    """Something as an array; None if it cannot be one, as a ragged list.

    Of a class derived from arrays the array itself: what the class says of comparisons may be a lie.
    """
    try:
        return np.asarray(value)
    except (TypeError, ValueError):
        return None


def is_numeric(array: Array) -> bool:
    """Whether the elements are numbers or booleans."""
    return array.dtype.kind in "biufc"


def differing(left: Array, right: Array) -> Array:
    """Where two arrays of one shape differ. A NaN does not differ from a NaN."""
    try:
        differs = np.asarray(left != right)
    except (TypeError, ValueError):  # of elements that cannot be compared
        return np.ones(left.shape, bool)
    if differs.any() and is_numeric(left) and is_numeric(right):
        differs = differs & ~(np.isnan(left) & np.isnan(right))
    return differs
