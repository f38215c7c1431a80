"""14 · Profiling: where a model's parameters, operations, memory and time go.

The lesson: tito docs 14
"""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from tinytorch.layers import Module, Parameter
from tinytorch.optimizers import Optimizer
from tinytorch.primitive import Array, Observer, Primitive, Variable, observer
from tinytorch.tensor import Tensor

MOVES = ("reshape", "permute", "expand", "getitem", "concatenate", "embedding", "where")
"""Operations that only move numbers, and compute nothing."""

PER_ELEMENT = {
    "softmax": 5,
    "masked_softmax": 5,
    "log_softmax": 5,
    "surprise": 5,
    "layer_norm": 8,
    "batch_norm": 2,
    "gelu": 8,
}
"""How many operations each of these functions counts for, per element. All others count for one."""


def count_parameters(module: Module) -> int:
    """How many numbers the parameters of a module hold. One that two parts share counts once.

    A frozen one, which learns nothing for a while, counts too.

    >>> from tinytorch.layers import Linear
    >>> count_parameters(Linear(3, 2))
    8
    """
    raise NotImplementedError("14 profiling: count_parameters")


def flops_of(op: Primitive, arrays: Sequence[Any], params: Mapping[str, Any], ans: Array) -> int:
    """How many additions, multiplications and the like one operation takes.

    - matmul: 2 k for each element of the result, k products and k sums; k is the length that is summed,
      for stacks too.
    - conv2d: 2 C KH KW for each element of the result, and one more if there is a bias.
    - max_pool2d, avg_pool2d: KH KW for each element of the result; kernel_size is a number or a pair.
    - MOVES: nothing.
    - an operation with its own ``flops``, a function of (arrays, params, ans): what that returns.
    - everything else: PER_ELEMENT or else 1, for each element of the largest array, result included. An
      exponential or a root counts for one, like a sum.

    Args:
        op: a primitive, whose ``__name__`` says what it is.
        arrays, params, ans: what it was called with, and its result.
    Returns:
        An int.

    >>> from tinytorch.tensor import matmul
    >>> flops_of(matmul, [np.ones((2, 3)), np.ones((3, 5))], {}, np.ones((2, 5)))
    60
    """
    raise NotImplementedError("14 profiling: flops_of")


@contextmanager
def observed(watch: Observer) -> Iterator[None]:
    """A context in which ``watch(op, arrays, params, ans)`` sees every operation on Tensors.

    Afterwards, even after an error, the earlier observer is back.
    """
    raise NotImplementedError("14 profiling: observed")


def count_flops(function: Callable[..., object], *args: Any, **kwargs: Any) -> int:
    """How many operations a call of a module, or of any function of Tensors, takes.

    Count them with `flops_of` as they happen, so that what runs is what counts. Gradients do not count.

    >>> from tinytorch.layers import Linear
    >>> from tinytorch.tensor import ones
    >>> count_flops(Linear(3, 2), ones(4, 3))  # 4 · 2 · (2 · 3 + 1)
    56
    """
    raise NotImplementedError("14 profiling: count_flops")


@dataclass(frozen=True)
class Footprint:
    """Bytes that training a model holds.

    Attributes:
        parameters: of the parameters.
        gradients: as many again, for a gradient of each.
        optimizer: of the optimizer's state.
        activations: of the arrays that `backward` will need, except parameters and inputs.
    """

    parameters: int
    gradients: int
    optimizer: int
    activations: int

    @property
    def total(self) -> int:
        """The sum of all four."""
        return self.parameters + self.gradients + self.optimizer + self.activations


def held_arrays(tensor: Tensor) -> list[Array]:
    """Every array that the graph behind a tensor holds, the tensor's own included, each piece of memory once.

    These are the data of all tensors that it was made from, and the arrays among the arguments and
    parameters of the operations, even those in tuples and lists, as in ``x[:, index]``. A view, a view of a
    view, and windows hold the whole array that they are parts of.
    """
    raise NotImplementedError("14 profiling: held_arrays")


def footprint(
    module: Module,
    output: Tensor,
    optimizer: Optimizer | None = None,
    inputs: Iterable[Tensor] = (),
) -> Footprint:
    """What training holds in memory after a forward pass.

    Args:
        module: the model.
        output: what it returned, with the graph behind it.
        optimizer: its `state_bytes` count; 0 without one.
        inputs: Tensors that went in: they belong to the data and do not count. Nor does the array that
            one of them, or a parameter, is a view of.
    Returns:
        A `Footprint`.
    """
    raise NotImplementedError("14 profiling: footprint")


def peak_memory(function: Callable[..., object], *args: Any, **kwargs: Any) -> int:
    """The most bytes that a call held at any moment, beyond what was there before.

    Measure with `tracemalloc`, to which NumPy reports its arrays. If tracing was already on, it
    stays on afterwards.

    Raises:
        TypeError: ``function`` is not callable; the message names it.
    """
    raise NotImplementedError("14 profiling: peak_memory")


@dataclass(frozen=True)
class Latency:
    """How long calls took, in seconds.

    Attributes:
        samples: one for each call, in the order in which they were made.
    """

    samples: tuple[float, ...]

    def percentile(self, percent: float) -> float:
        """The smallest sample that at least ``percent`` in a hundred do not exceed (nearest rank).

        Its rank is percent · n / 100 if that is whole, 7 for 7 percent of 100 samples, or else the next one.

        Raises:
            ValueError: ``percent`` is not in (0, 100]; the message names its value.

        >>> Latency((4.0, 1.0, 3.0, 2.0)).percentile(50)
        2.0
        """
        raise NotImplementedError("14 profiling: Latency.percentile")

    @property
    def median(self) -> float:
        """The sample in the middle, or the mean of the two in the middle: half of the calls took longer."""
        raise NotImplementedError("14 profiling: Latency.median")


def latency(
    function: Callable[..., object],
    *args: Any,
    warmup: int = 3,
    repeats: int = 20,
    clock: Callable[[], float] = time.perf_counter,
) -> Latency:
    """Measure repeatedly how long a call takes.

    The first calls are slower than the rest: caches are cold, memory is not allocated yet. Make ``warmup``
    calls first, and do not measure them.

    Args:
        function: called with ``args``.
        warmup: calls that do not count, 0 or more.
        repeats: calls that do, at least 1.
        clock: gives the time in seconds.
    Returns:
        A `Latency` with ``repeats`` samples.
    Raises:
        ValueError: ``warmup`` is negative, ``repeats`` is below 1, or ``clock`` went backward. The message
            names the argument, and the value of the first two.
        TypeError: ``function`` is not callable; the message names it.
    """
    raise NotImplementedError("14 profiling: latency")


@dataclass
class Row:
    """What one part of a model took, without the parts inside it.

    Attributes:
        name: as in the state dict; empty for the model itself.
        kind: its class.
        parameters: how many numbers it learns itself.
        calls: how often it ran.
        flops: operations.
        bytes: of all results of operations.
        seconds: time.
    """

    name: str
    kind: str
    parameters: int
    calls: int = 0
    flops: int = 0
    bytes: int = 0
    seconds: float = 0.0


class Profiler:
    """Watches a model run, and shows each part's share.

    Use it as a context: inside, every call of the model counts; used again, it continues to count. What a
    part does itself counts for it, and what its inner parts do counts for them, so that rows add up.

    Args:
        model: a Module.
        clock: gives the time in seconds.
    Attributes:
        rows: a `Row` for each part of the model, by name, in the order of `named_modules`.

    >>> from tinytorch.layers import Linear, Sequential
    >>> from tinytorch.tensor import ones
    >>> model = Sequential(Linear(3, 2), Linear(2, 1))
    >>> with Profiler(model) as profiler:
    ...     _ = model(ones(4, 3))
    >>> profiler.rows["0"].flops, profiler.rows["1"].flops
    (56, 20)
    """

    def __init__(self, model: Module, clock: Callable[[], float] = time.perf_counter) -> None:
        """Make an empty row for each part; watch nothing yet."""
        raise NotImplementedError("14 profiling: Profiler.__init__")

    def __enter__(self) -> Self:
        """Begin to watch: every part's ``forward`` reports when it begins and ends."""
        raise NotImplementedError("14 profiling: Profiler.__enter__")

    def __exit__(self, *error: object) -> None:
        """Stop watching, even after an error: every part's ``forward`` is what it was."""
        raise NotImplementedError("14 profiling: Profiler.__exit__")

    def reporting(self, row: Row, forward: Callable[..., Any]) -> Callable[..., Any]:
        """A ``forward`` that does the same, and counts for ``row`` meanwhile."""
        raise NotImplementedError("14 profiling: Profiler.reporting")

    def charge(self) -> None:
        """Charge the time since the last charge to the innermost running part."""
        raise NotImplementedError("14 profiling: Profiler.charge")

    def count(
        self, op: Primitive, arrays: Sequence[Any], params: Mapping[str, Any], ans: Array
    ) -> None:
        """Charge an operation to the innermost running part."""
        raise NotImplementedError("14 profiling: Profiler.count")

    def bottlenecks(self, by: str = "seconds") -> list[Row]:
        """The rows, the most expensive first.

        Args:
            by: "seconds", "flops", "bytes" or "parameters". Equal rows keep their order.
        Raises:
            ValueError: ``by`` is something else; the message names it.
        """
        raise NotImplementedError("14 profiling: Profiler.bottlenecks")

    def table(self, by: str = "seconds") -> str:
        """The bottlenecks as text: a line for each part, with its share of what ``by`` names."""
        rows = self.bottlenecks(by)
        whole = sum(getattr(row, by) for row in rows) or 1
        lines = [f"{'part':<24}{'parameters':>12}{'flops':>14}{'bytes':>14}{'ms':>10}{by:>12}"]
        for row in rows:
            name = f"{row.name} {row.kind}".strip()[:23]
            share = getattr(row, by) / whole
            numbers = (
                f"{row.parameters:>12,}{row.flops:>14,}{row.bytes:>14,}{row.seconds * 1e3:>10.2f}"
            )
            lines.append(f"{name:<24}{numbers}{share:>12.1%}")
        return "\n".join(lines)
