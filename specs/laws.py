"""How a spec calls the framework and says what it expects, so that a red spec can teach."""

import inspect
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

import numpy as np

from pytest_tinytorch.failures import LawBroken
from specs.student import Lazy, lazy, resolve

Tensor = lazy("tensor", "Tensor")


@dataclass(frozen=True)
class Call:
    """A call of the student's code, kept for the message. Its text is anything that `str` shows."""

    text: object
    where: tuple | None


last_call: ContextVar[Call | None] = ContextVar("last_call", default=None)
"""Which call a message tells of. A fixture of `specs/conftest.py` forgets it between specs."""


def remember(text, function):
    """Keep for the message what is about to be called, and where it is written."""
    last_call.set(Call(text, location(function)))


def forget():
    """Let no message tell of a call that was made before now."""
    last_call.set(None)


def call(function, *args, **kwargs):
    """Call the student's function with ndarrays wrapped in Tensors; give its result as arrays.

    Checks that the result is a Tensor (or a tuple of them) and that no input was changed, and
    remembers the call for the message. Tensors among the arguments are passed as they are.
    """
    real = resolve(function)
    # The negative of a 0-d array is a NumPy scalar: both are meant as tensors.
    args = [np.asarray(arg) if isinstance(arg, np.generic) else arg for arg in args]
    before = [arg.copy() if isinstance(arg, np.ndarray) else None for arg in args]
    told = [show(a) if copy is None else copy for a, copy in zip(args, before, strict=True)]
    text = Description(function, told, kwargs)
    remember(text, real)
    wrapped = [Tensor(arg.copy()) if isinstance(arg, np.ndarray) else arg for arg in args]
    result = attempt(real, text, wrapped, kwargs)
    for arg, original in zip(wrapped, before, strict=True):
        if original is not None and not np.array_equal(arg.data, original, equal_nan=True):
            broken("inputs that stay as they were", f"an input changed to {show(arg.data)}")
    return unwrap(result)


def ask(function, *args, **kwargs):
    """Call a function or method of the student's on anything, and give its result as it is.

    Only remembers the call for the message; where arrays go in and Tensors come out, use `call`.
    """
    real = resolve(function)
    text = describe(function, args, kwargs, array="np.array")
    remember(text, real)
    return attempt(real, text, args, kwargs)


def attempt(real, text, args, kwargs):
    """Make a call; an exception that comes out of it carries the call's text for the message."""
    try:
        return real(*args, **kwargs)
    except Exception as error:
        error.called = str(text)
        raise


def unwrap(result):
    """The arrays of a Tensor, or of a tuple or list of Tensors; anything else breaks a law."""
    if isinstance(result, (tuple, list)):
        return tuple(unwrap(part) for part in result)
    if not isinstance(result, Tensor):
        broken("a Tensor", f"{type(result).__name__}: {show(result)}")
    if not isinstance(result.data, np.ndarray):
        broken("a Tensor whose data is an ndarray", f"data of type {type(result.data).__name__}")
    return result.data


def broken(expected, got):
    """Raise LawBroken with what is known of the last call of this spec."""
    last = last_call.get()
    if last is None:
        raise LawBroken(expected, got)
    raise LawBroken(expected, got, str(last.text), last.where)


def expect(holds, expected, got):
    """Demand that something holds: ``expect(y.min() >= 0, "no negative value", y)``."""
    if not holds:
        broken(expected, got if isinstance(got, str) else show(got))


def assert_equal(got, expected):
    """Same value exactly; arrays also in shape. NaNs are equal to each other."""
    if isinstance(expected, np.ndarray) or isinstance(got, np.ndarray):
        assert_shape(got, np.shape(expected))
        if not np.array_equal(got, expected, equal_nan=np.asarray(expected).dtype.kind == "f"):
            broken(show(expected), f"{show(got)}{first_difference(got, expected, 0, 0)}")
    elif got != expected:
        broken(show(expected), show(got))


def assert_close(got, expected, rtol=None, atol=None):
    """Same shape, and every value within the rounding that the coarser dtype allows.

    NaN equals NaN and infinity equals itself.
    """
    got, expected = np.asarray(got), np.asarray(expected)
    fine = got.dtype == np.float64 and expected.dtype != np.float32
    rtol = rtol if rtol is not None else (1e-9 if fine else 1e-4)
    atol = atol if atol is not None else (1e-10 if fine else 1e-5)
    assert_shape(
        got,
        np.broadcast_shapes(got.shape, expected.shape) if expected.ndim == 0 else expected.shape,
    )
    if not np.allclose(got, expected, rtol, atol, equal_nan=True):
        broken(show(expected), f"{show(got)}{first_difference(got, expected, rtol, atol)}")


def assert_shape(got, shape):
    """Exactly this shape."""
    if np.shape(got) != tuple(shape):
        broken(f"shape {tuple(shape)}", f"shape {np.shape(got)}")


def assert_dtype(got, dtype):
    """Exactly this dtype."""
    if got.dtype != np.dtype(dtype):
        broken(f"dtype {np.dtype(dtype)}", f"dtype {got.dtype}")


def assert_finite(got):
    """No NaN and no infinity."""
    bad = ~np.isfinite(got)
    if bad.any():
        at = tuple(int(i) for i in np.argwhere(bad)[0])
        broken("every value finite", f"{show(got)}  {got[at]} at {list(at)}")


def assert_no_alias(got, *inputs):
    """The result has memory of its own."""
    for given in inputs:
        if np.shares_memory(got, given):
            broken("a result with memory of its own", "a result that shares memory with an input")


@contextmanager
def raises(*types, naming=""):
    """Demand an error of one of ``types`` whose message contains each word of ``naming``.

    An untouched stub raises NotImplementedError: that is never taken for the error demanded.
    """
    wanted = " or ".join(t.__name__ for t in types)
    wanted += f" whose message names {naming}" if naming else ""
    try:
        yield
    except NotImplementedError:
        raise
    except types as error:
        missing = [word for word in naming.split() if word not in str(error)]
        if missing:
            broken(wanted, f"{type(error).__name__}: {error}")
    except Exception as error:
        broken(wanted, f"{type(error).__name__}: {error}")
    else:
        broken(wanted, "no error")


def show(value):
    """A value short enough to read and, when small, exact enough to paste.

    Of a large array the first and the last elements are shown, and its shape.
    """
    if isinstance(value, np.ndarray):
        small = value.size <= 20
        text = np.array2string(
            value if small else value.ravel(),
            separator=", ",
            threshold=20,
            edgeitems=3,
            max_line_width=10**6,
        )
        text = " ".join(text.split())
        return text if small else f"{text}  shape {value.shape}"
    if hasattr(value, "data") and isinstance(value.data, np.ndarray):
        return f"Tensor({show(value.data)})"
    if type(value).__repr__ is object.__repr__:  # an address tells nobody anything
        return f"{type(value).__name__}(...)"
    return f"{value!r:.200}"


class Description:
    """A call as a person could write it, put into words only if it is told: few calls are.

    Args:
        function: what is called.
        args: arrays that nobody changes any more, or texts.
        kwargs: shown at once.
        array: what an array is made by, as the student's code is given it.
    """

    def __init__(self, function, args, kwargs, array="Tensor"):
        self.function = function
        self.args = args
        self.array = array
        self.kwargs = {name: show(value) for name, value in kwargs.items()}

    def __str__(self):
        parts = [f"{self.array}({show(a)})" if isinstance(a, np.ndarray) else a for a in self.args]
        parts += [f"{name}={value}" for name, value in self.kwargs.items()]
        return f"{name_of(self.function)}({', '.join(parts)})"


def describe(function, args, kwargs, array="Tensor"):
    """A call as a person could write it, of arguments that may change later."""
    told = [arg if isinstance(arg, np.ndarray) else show(arg) for arg in args]
    return str(Description(function, told, kwargs, array))


def name_of(function):
    """A function as a person writes it."""
    if isinstance(function, Lazy):
        return function._name
    return getattr(function, "__qualname__", type(function).__name__)


def location(function):
    """(file, line, name) of a function, or of a class's or module's ``forward``, or None."""
    if not inspect.isroutine(function):
        function = getattr(function, "forward", None) or type(function).__call__
    code = getattr(inspect.unwrap(function), "__code__", None) if function else None
    if code is None:
        return None
    return code.co_filename, code.co_firstlineno, code.co_qualname


def first_difference(got, expected, rtol, atol):
    """Where the first difference is, in words, when that is not plain to see."""
    got, expected = np.broadcast_arrays(np.asarray(got), np.asarray(expected))
    if got.size <= 1:
        return ""
    differs = ~np.isclose(got, expected, rtol, atol, equal_nan=got.dtype.kind == "f")
    if not differs.any():
        return ""
    at = tuple(int(i) for i in np.argwhere(differs)[0])
    return f"  first difference at {list(at)}: {got[at]} instead of {expected[at]}"
