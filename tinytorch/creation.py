"""Functions that make tensors with PyTorch's arguments: ``device="cpu"``, `zeros_like`, `linspace`, files.

Given, not an exercise. `zeros`, `ones` and the like are those of 01, which need no ``device``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache, wraps
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from tinytorch.arranging import common_shape
from tinytorch.instead import no_such_name, only_cpu, refuse
from tinytorch.primitive import Array, Variable, check_floating, recording

MADE_BY_TENSOR = "zeros ones full"
"""Functions of 01 that also take a device here."""


@cache
def on_cpu(name: str) -> Callable[..., Any]:
    """The function of 01 with that name, which also accepts the CPU as device."""

    @wraps(getattr(import_module("tinytorch.tensor"), name))
    def made(*args: Any, device: Any = None, size: Any = None, **kwargs: Any) -> Any:
        only_cpu(device)
        args = args if size is None else (size, *args)
        return getattr(import_module("tinytorch.tensor"), name)(*args, **kwargs)

    return made


def __getattr__(name: str) -> Any:
    if name in MADE_BY_TENSOR.split():
        return on_cpu(name)
    raise no_such_name("tinytorch", name)


def tensor(data: Any, dtype: DTypeLike | None = None, **more: Any) -> Any:
    """`tensor.tensor`; a list of NumPy's float64 keeps its dtype, as in PyTorch."""
    first = data
    while isinstance(first, (list, tuple)) and first:
        first = first[0]
    if dtype is None and first is not data and getattr(first, "dtype", None) == np.float64:
        dtype = np.float64
    return on_cpu("tensor")(data, dtype=dtype, **more)


def drawn(name: str, size: tuple[Any, ...], dtype: Any, options: dict[str, Any]) -> Any:
    """What a random function of 01 draws, in float32 or float64; float16 is rounded from float32."""
    dtype = np.dtype(np.float32 if dtype is None else dtype)
    if dtype.kind != "f":
        raise TypeError(f"dtype of {name} must be floating, got {dtype}: use randint")
    if dtype != np.float16:
        return on_cpu(name)(*size, dtype=dtype, **options)
    wanted = options.pop("requires_grad", False)
    return on_cpu(name)(*size, **options).to(dtype).requires_grad_(wanted)


def rand(*size: Any, dtype: DTypeLike | None = None, **more: Any) -> Any:
    """Numbers from [0, 1): `tensor.rand`."""
    return drawn("rand", size, dtype, more)


def randn(*size: Any, dtype: DTypeLike | None = None, **more: Any) -> Any:
    """Normally distributed numbers: `tensor.randn`."""
    return drawn("randn", size, dtype, more)


def arange(
    *bounds: float,
    start: float | None = None,
    end: float | None = None,
    step: float | None = None,
    dtype: DTypeLike | None = None,
    requires_grad: bool = False,
    device: Any = None,
) -> Any:
    """`tensor.arange`, with ``start``, ``end`` and ``step`` also by name.

    Raises:
        ValueError: the step is 0, or a bound is not finite.
        TypeError: ``dtype`` is bool.

    If the bounds are in the wrong order, the tensor is empty.
    """
    only_cpu(device)
    names = ("end",) if len(bounds) == 1 and end is None else ("start", "end", "step")
    by_name = {"start": start, "end": end, "step": step}
    given = {name: value for name, value in by_name.items() if value is not None}
    given = {"start": 0, "step": 1, **given, **dict(zip(names, bounds, strict=False))}
    if "end" not in given or len(bounds) > 3:
        raise TypeError("arange needs an end: use arange(end) or arange(start, end, step)")
    ordered = [given[name] for name in by_name]
    numbers = [getattr(n, "item", lambda n=n: n)() for n in ordered]
    if not all(map(np.isfinite, numbers)) or numbers[2] == 0:
        raise ValueError(f"start and end must be finite and step not 0, got {numbers}")
    kind = None if dtype is None else np.dtype(dtype).kind
    if kind == "b":
        raise TypeError("dtype of arange must not be bool: use arange(n) % 2 == 1")
    if kind == "u" and min(numbers[:2]) < 0:
        raise ValueError(
            f"start and end must be at least 0 for dtype {np.dtype(dtype)}, got {numbers}"
        )
    if (
        dtype is not None and np.dtype(dtype) == np.int64
    ):  # before any step is made, as PyTorch does it
        numbers = [int(n) for n in numbers]
    made = import_module("tinytorch.tensor").arange(*numbers, dtype=dtype)
    return made.requires_grad_(requires_grad)


def eye(
    n: int,
    m: int | None = None,
    *,
    dtype: DTypeLike = np.float32,
    requires_grad: bool = False,
    device: Any = None,
) -> Any:
    """Ones on the diagonal: `tensor.eye`."""
    only_cpu(device)
    if n < 0 or (m is not None and m < 0):
        raise ValueError(f"n and m must be at least 0, got {n} and {m}")
    return import_module("tinytorch.tensor").eye(n, m, dtype).requires_grad_(requires_grad)


def new(
    array: Any, dtype: DTypeLike | None = None, requires_grad: bool = False, device: Any = None
) -> Any:
    """A tensor that holds ``array``."""
    only_cpu(device)
    array = np.asarray(array) if dtype is None else np.asarray(array).astype(dtype)
    return import_module("tinytorch.tensor").Tensor(array, requires_grad)


def sizes(shape: tuple[Any, ...]) -> tuple[int, ...]:
    """The shape that both ``f(2, 3)`` and ``f((2, 3))`` mean."""
    return tuple(shape[0]) if len(shape) == 1 and isinstance(shape[0], (tuple, list)) else shape


def generator_of(generator: np.random.Generator | None) -> np.random.Generator:
    """The given generator, or the default one."""
    return generator or import_module("tinytorch.tensor").default_generator()


def zeros_like(input: Any, dtype: DTypeLike | None = None, **more: Any) -> Any:
    """Zeros in the shape and dtype of ``input``."""
    return new(np.zeros_like(input.data, dtype), **more)


def ones_like(input: Any, dtype: DTypeLike | None = None, **more: Any) -> Any:
    """Ones in the shape and dtype of ``input``."""
    return new(np.ones_like(input.data, dtype), **more)


def full_like(input: Any, fill_value: float, dtype: DTypeLike | None = None, **more: Any) -> Any:
    """One value in the shape and dtype of ``input``."""
    return new(filled(input.shape, fill_value, dtype or input.dtype), **more)


def filled(shape: Any, fill_value: float, dtype: DTypeLike) -> Array:
    """One value everywhere.

    Raises:
        ValueError: the dtype cannot hold it; the message names fill_value.
    """
    try:
        return np.full(shape, fill_value, dtype)
    except OverflowError:
        raise ValueError(f"fill_value {fill_value} does not fit dtype {np.dtype(dtype)}") from None


empty_like = zeros_like


def empty(*size: Any, dtype: DTypeLike = np.float32, **more: Any) -> Any:
    """Zeros: nobody needs what memory happens to hold."""
    return new(np.zeros(sizes(size), dtype), **more)


def rand_like(input: Any, dtype: DTypeLike | None = None, **more: Any) -> Any:
    """Numbers from [0, 1) in the shape and dtype of ``input``."""
    return rand(input.shape, dtype=dtype or input.dtype, **more)


def randn_like(input: Any, dtype: DTypeLike | None = None, **more: Any) -> Any:
    """Normally distributed numbers in the shape and dtype of ``input``."""
    return randn(input.shape, dtype=dtype or input.dtype, **more)


def randint(
    *bounds: Any,
    low: int | None = None,
    high: int | None = None,
    size: Sequence[int] | None = None,
    generator: np.random.Generator | None = None,
    dtype: DTypeLike = np.int64,
    **more: Any,
) -> Any:
    """Integers: ``randint(high, size)`` or ``randint(low, high, size)``, below ``high``."""
    by_name = [given for given in (low, high, size) if given is not None]
    if not (2 <= len(bounds) + len(by_name) <= 3 and (size is not None or len(bounds) > 1)):
        raise TypeError("randint needs a bound and a size: use randint(low, high, size)")
    *ends, shape = (*bounds, *by_name) if size is not None else (*by_name, *bounds)
    low, high = (0, *ends) if len(ends) == 1 else ends
    if low >= high or (np.dtype(dtype) == np.bool_ and (low < 0 or high > 2)):
        raise ValueError(f"low must be below high, and both fit dtype, got {low} and {high}")
    return new(generator_of(generator).integers(low, high, tuple(shape)), dtype, **more)


def randperm(n: int, generator: np.random.Generator | None = None, **more: Any) -> Any:
    """The numbers from 0 to n - 1 in a random order."""
    return new(generator_of(generator).permutation(n), **more)


def normal(
    mean: Any,
    std: Any = 1.0,
    size: Sequence[int] | None = None,
    generator: np.random.Generator | None = None,
    dtype: DTypeLike | None = None,
    **more: Any,
) -> Any:
    """Normally distributed numbers; mean and standard deviation are numbers, or tensors that broadcast.

    Raises:
        ValueError: ``std`` is negative, or ``size`` is missing for numbers or given for tensors.
    """
    given = [x.data for x in (mean, std) if isinstance(x, Variable)]
    m, s = (x.data if isinstance(x, Variable) else np.asarray(x) for x in (mean, std))
    if (s < 0).any():
        raise ValueError(f"std must be at least 0, got {s.min()}")
    if (size is None) != bool(given) or (isinstance(size, (int, float))):
        raise ValueError("size must be given for numbers, as a tuple, and not for tensors")
    if any(x.dtype.kind != "f" for x in given) or (dtype and np.dtype(dtype).kind != "f"):
        raise TypeError("dtype of mean and std must be floating")
    shape = tuple(size) if size is not None else common_shape(m.shape, s.shape)
    numbers = generator_of(generator).standard_normal(shape) * s + m
    return new(numbers.astype(dtype or (given[0].dtype if given else np.float32)), **more)


def bernoulli(input: Any, generator: np.random.Generator | None = None) -> Any:
    """1 with the probability that ``input`` has there, else 0."""
    check_floating(input, "input")
    return new((generator_of(generator).random(input.shape) < input.data).astype(input.dtype))


def multinomial(
    input: Any,
    num_samples: int,
    replacement: bool = False,
    generator: np.random.Generator | None = None,
) -> Any:
    """Indices for each row, drawn in proportion to its weights.

    Raises:
        ValueError: weights are negative, not finite or all zero, or fewer than ``num_samples`` can be drawn.
        TypeError: ``input`` is not floating.
    """
    check_floating(input, "input")
    if input.ndim not in (1, 2) or num_samples < 1:
        raise ValueError(
            f"input must have one axis or two and num_samples be at least 1,"
            f" got shape {input.shape} and {num_samples}"
        )
    weights = input.data.astype(np.float64)
    if not np.isfinite(weights).all() or (weights < 0).any() or (weights.sum(-1) <= 0).any():
        raise ValueError("input must be weights: use numbers that are at least 0, and not all 0")
    fewest = (weights > 0).sum(-1).min(initial=num_samples)
    if not replacement and num_samples > fewest:
        raise ValueError(
            f"num_samples must be at most {fewest} without replacement, got {num_samples}"
        )
    draw = generator_of(generator).choice
    rows = weights.reshape(-1, weights.shape[-1])
    drawn = [draw(len(row), num_samples, replacement, row / row.sum()) for row in rows]
    return new(np.array(drawn, np.int64).reshape(*weights.shape[:-1], num_samples))


def linspace(start: Any, end: Any, steps: int, dtype: DTypeLike = np.float32, **more: Any) -> Any:
    """``steps`` evenly spaced numbers from ``start`` to ``end``, both included.

    Raises:
        ValueError: ``steps`` is not an integer of at least 0, or a bound is more than one number.
        TypeError: ``dtype`` is bool.
    """
    if not isinstance(steps, (int, np.integer)) or isinstance(steps, bool) or steps < 0:
        raise ValueError(f"steps must be an integer, at least 0, got {steps!r}")
    bounds = [x.data if isinstance(x, Variable) else np.asarray(x) for x in (start, end)]
    if any(bound.ndim for bound in bounds):
        raise ValueError(f"start and end must be numbers, got shapes {[b.shape for b in bounds]}")
    if np.dtype(dtype) == np.bool_:
        raise TypeError("dtype of linspace must not be bool")
    whole = np.dtype(dtype).kind in "iu"  # before any step is made, as PyTorch does it
    first, last = (int(bound) if whole else bound.item() for bound in bounds)
    return new(np.linspace(first, last, steps), dtype, **more)


def from_numpy(ndarray: Array) -> Any:
    """A tensor that shares memory with an ndarray."""
    if not isinstance(ndarray, np.ndarray):
        raise TypeError(
            f"from_numpy needs an ndarray: use tinytorch.tensor for {type(ndarray).__name__}"
        )
    return new(ndarray)


def scalar_tensor(value: float, **more: Any) -> Any:
    """A tensor of one number, 0-d."""
    return on_cpu("tensor")(value, **more)


def is_tensor(obj: Any) -> bool:
    """Whether ``obj`` is a Tensor."""
    return isinstance(obj, Variable)


def new_tensor(input: Any, data: Any, dtype: DTypeLike | None = None, **more: Any) -> Any:
    """A tensor of ``data`` in the dtype of ``input``."""
    return new(import_module("tinytorch.tensor").as_array(data), dtype or input.dtype, **more)


def new_full(
    input: Any, size: Any, fill_value: float, dtype: DTypeLike | None = None, **more: Any
) -> Any:
    """One value everywhere, in the given shape and the dtype of ``input``."""
    return new(filled(size, fill_value, dtype or input.dtype), **more)


def new_zeros(input: Any, *size: Any, **more: Any) -> Any:
    """Zeros in the dtype of ``input``."""
    return new_full(input, sizes(size), 0, **more)


def new_ones(input: Any, *size: Any, **more: Any) -> Any:
    """Ones in the dtype of ``input``."""
    return new_full(input, sizes(size), 1, **more)


new_empty = new_zeros


def of_type(name: str) -> Callable[..., Any]:
    """PyTorch's older way to make a tensor of some dtype: ``LongTensor([1, 2])``."""

    def made(data: Any = ()) -> Any:
        if isinstance(data, int):
            refuse("a size alone", f"use tinytorch.zeros(n, dtype=tinytorch.{name})")
        return new(import_module("tinytorch.tensor").as_array(data), name)

    made.makes = name  # type: ignore[attr-defined]  # for `x.type(LongTensor)`
    return made


FloatTensor, DoubleTensor, BoolTensor = of_type("float32"), of_type("float64"), of_type("bool")
LongTensor, IntTensor, ByteTensor = of_type("int64"), of_type("int32"), of_type("uint8")


class Generator(np.random.Generator):
    """NumPy's generator under PyTorch's name, with its `manual_seed`."""

    def __init__(self, device: Any = None) -> None:
        """Start from an unpredictable seed."""
        only_cpu(device)
        super().__init__(np.random.PCG64())

    def manual_seed(self, seed: int) -> Generator:
        """Start again, with the numbers of ``numpy.random.default_rng(seed)``."""
        self.bit_generator.state = np.random.PCG64(seed).state
        return self


def compile(model: Any = None, **options: Any) -> Any:
    """``model`` unchanged: there is nothing to compile. Also a decorator."""
    return (lambda function: function) if model is None else model


def seed() -> None:
    """Start the default generator from an unpredictable seed."""
    import_module("tinytorch.tensor").manual_seed(None)


class set_grad_enabled:
    """Turn recording on or off from now on; with ``with set_grad_enabled(training):``, for a block."""

    def __init__(self, mode: bool) -> None:
        self.before, self.mode = recording.get(), bool(mode)
        recording.set(self.mode)

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """As a decorator it covers the function alone."""
        recording.set(self.before)
        return (enable_grad() if self.mode else no_grad())(function)

    def __enter__(self) -> None:
        """The constructor has already set it."""

    def __exit__(self, *error: object) -> None:
        recording.set(self.before)


class enable_grad:
    """Record operations in a block, even inside `no_grad`. Also a decorator, with or without parentheses."""

    def __new__(cls, function: Any = None) -> Any:
        """A context; for ``@enable_grad`` the decorated function."""
        return super().__new__(cls) if function is None else cls()(function)

    def __enter__(self) -> None:
        self.before = recording.get()
        recording.set(True)

    def __exit__(self, *error: object) -> None:
        recording.set(self.before)

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        def with_recording(*args: Any, **kwargs: Any) -> Any:
            with enable_grad():
                return function(*args, **kwargs)

        return with_recording


def is_grad_enabled() -> bool:
    """Whether operations are recorded."""
    return recording.get()


def no_grad(function: Any = None) -> Any:
    """`autograd.no_grad`; as a decorator also without parentheses."""
    context = import_module("tinytorch.autograd").no_grad()
    return context if function is None else context(function)


def inference_mode(mode: Any = True) -> Any:
    """`no_grad`: nothing is recorded. Also a decorator, with or without parentheses."""
    if callable(mode):
        return no_grad(mode)
    return no_grad() if mode else enable_grad()


def set_printoptions(**options: Any) -> None:
    """`numpy.set_printoptions`: NumPy prints the values."""
    np.set_printoptions(**{{"sci_mode": "suppress"}.get(k, k): v for k, v in options.items()})
