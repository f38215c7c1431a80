"""`nn.DataParallel`: a module whose batches are divided among threads.

Given, not an exercise. NumPy lets other threads work while it computes. So each thread takes a part of the
batch through the whole module, and back. They wait for each other once on each way; the threads that BLAS
libraries have of their own do so after each product, without sleeping.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar, copy_context
from itertools import pairwise
from typing import Any

import numpy as np

from tinytorch.layers import Module, Parameter
from tinytorch.meeting import Meeting
from tinytorch.primitive import Array, defvjp, observer, primitive
from tinytorch.tensor import Tensor, default_generator

Source = np.random.Generator

MOST = 4
"""How many threads there are at most if nobody says how many: Python itself runs in one at a time."""

divided: ContextVar[bool] = ContextVar("divided", default=False)
"""Whether this thread works on a part. It is not divided again."""


class DataParallel(Module):
    """Give each batch to ``module`` in parts, one a thread. Results and gradients are those of the whole.

    Wrap a model, and train and use it as before; ``module`` is the model itself, so save
    ``model.module.state_dict()``. The first axis of what you pass by position is divided; what you pass by
    keyword goes whole to each thread. BatchNorm normalizes by the whole batch. A module that draws, such as
    Dropout, has another generator in each thread, which begins with a number that its own one has drawn.

    It pays where a part computes for milliseconds; small models are slower with it. Let NumPy multiply in
    one thread then: set the variable ``OPENBLAS_NUM_THREADS`` to 1 before anything imports NumPy.

    A result has one `backward`, and a parameter that the module does not use gets zeros from it. What a
    module raises names the shape of a part; a note says which rows that was.

    Args:
        module: what each thread calls a copy of. The copies share the values of its parameters and all
            else that it holds, and it keeps nothing of what it computes. It returns one Tensor, whose
            rows depend on the same rows of the inputs.
        num_threads: how many threads. None: as many as there are cores, but at most four.
    Raises:
        TypeError: ``module`` is not a Module or ``num_threads`` not an integer, and the message names it; or
            the module returns something else than a Tensor.
        ValueError: ``num_threads`` is below 1, and the message names its value; inputs differ in the length
            of their first axis, and the message names their shapes; or the module returns another number
            of rows.

    >>> from tinytorch.layers import Linear
    >>> model = DataParallel(Linear(2, 3), num_threads=2)
    >>> model(Tensor(np.zeros((5, 2), np.float32))).shape
    (5, 3)
    """

    def __init__(self, module: Module, num_threads: int | None = None) -> None:
        """Check the arguments and remember them."""
        if not isinstance(module, Module):
            raise TypeError(f"module must be a Module, got {type(module).__name__}")
        if num_threads is None:
            num_threads = min(os.cpu_count() or 1, MOST)
        if isinstance(num_threads, bool) or not isinstance(num_threads, int):
            raise TypeError(f"num_threads must be an integer or None, got {num_threads!r}")
        if num_threads < 1:
            raise ValueError(f"num_threads must be at least 1, got {num_threads}")
        self.module = module
        self.num_threads = num_threads

    def forward(self, *inputs: Any, **options: Any) -> Any:
        """What the module makes of the inputs.

        Whoever counts operations (14) sees the module called with all rows at once.
        """
        rows = number_of_rows(inputs)
        count = min(self.num_threads, rows)
        if count < 2 or divided.get() or observer.get() is not None:
            return self.module(*inputs, **options)
        bounds = [rows * number // count for number in range(count + 1)]
        return Division(self.module, inputs, options, bounds).result()

    def extra_repr(self) -> str:
        return f"num_threads={self.num_threads}"


def number_of_rows(inputs: Sequence[Any]) -> int:
    """The length of the first axis of all inputs that have one; 0 if none has."""
    shapes = [x.shape for x in inputs if has_rows(x)]
    if len({shape[0] for shape in shapes}) > 1:
        raise ValueError(f"inputs must have the same number of rows, got shapes {shapes}")
    return int(shapes[0][0]) if shapes else 0


def has_rows(x: Any) -> bool:
    """Whether ``x`` is an array or Tensor with axes."""
    return isinstance(x, (Tensor, np.ndarray)) and x.ndim > 0


def wants_gradient(x: Any) -> bool:
    """Whether ``x`` is a Tensor that requires a gradient."""
    return isinstance(x, Tensor) and x.requires_grad


class Division:
    """One batch in parts: what each thread is given, and what the whole gets back.

    Args:
        module: what is copied for each part.
        inputs: what is divided.
        options: what each part gets whole, by keyword.
        bounds: the row where each part begins, and the number of rows.
    """

    def __init__(
        self,
        module: Module,
        inputs: Sequence[Any],
        options: Mapping[str, Any],
        bounds: Sequence[int],
    ) -> None:
        self.parts = [slice(*pair) for pair in pairwise(bounds)]
        self.meeting = Meeting(len(self.parts))
        # Tensors whose rows go to one part each, and those that all parts use whole.
        self.by_rows = [x for x in inputs if has_rows(x) and wants_gradient(x)]
        self.whole = [x for x in (*options.values(), *module.parameters()) if wants_gradient(x)]
        self.leaves: list[list[Tensor]] = []
        self.calls: list[Callable[[], Any]] = []
        for place, part in enumerate(self.parts):
            self.prepare(module, inputs, options, place, part)
        self.outs: list[Tensor] = []
        self.latest: tuple[Any, list[Array]] = (None, [])

    def prepare(
        self,
        module: Module,
        inputs: Sequence[Any],
        options: Mapping[str, Any],
        place: int,
        part: slice,
    ) -> None:
        """Make the copy of the module for one part, and leaves that get this part's gradients."""
        known: dict[int, Any] = {id(x): leaf(x) for x in self.whole}
        rows = [of_part(x, part) if has_rows(x) else x for x in inputs]
        own = [x for x in rows if has_rows(x) and wants_gradient(x)]
        self.leaves.append([*own, *(known[id(x)] for x in self.whole)])
        named = {name: known.get(id(value), value) for name, value in options.items()}
        made = replica(module, known, self.meeting, place)
        self.calls.append(lambda: made(*rows, **named))

    def result(self) -> Any:
        """The module's result for all rows, recorded as one operation."""
        outs = self.in_threads(self.forward)
        joined = np.empty_like(outs[0].data, shape=(self.parts[-1].stop, *outs[0].shape[1:]))
        for part, out in zip(self.parts, outs, strict=True):
            joined[part] = out.data
            if out.grad_fn is not None:  # nobody else has it
                out.data = joined[part]  # instead of a copy of its own
        self.outs = outs if any(out.requires_grad for out in outs) else []

        def DataParallel(*arrays: Array, dtype: Any) -> Array:  # as its node in the graph is called
            return joined

        operation = primitive(DataParallel)
        defvjp(operation, every=self.share)
        # Given a Tensor, a primitive returns one; given a dtype, it does not decide on another.
        arguments = [*self.by_rows, *self.whole] if self.outs else [Tensor(0.0)]
        return operation(*arguments, dtype=joined.dtype)

    def forward(self, place: int) -> Tensor:
        """What the module makes of one part."""
        out = self.calls[place]()
        rows = self.parts[place].stop - self.parts[place].start
        if not isinstance(out, Tensor):
            raise TypeError(f"module must return a Tensor, got {type(out).__name__}")
        if out.shape[:1] != (rows,):
            raise ValueError(f"module must return a row for each of {rows}, got shape {out.shape}")
        return out

    def share(self, position: int, g: Array, ans: Array, *arrays: Array, dtype: Any) -> Array:
        """The gradient of one argument. Those of all are computed when the first is asked for."""
        if self.latest[0] is not g:
            self.latest = g, self.gradients(g)
        return self.latest[1][position]

    def gradients(self, g: Array) -> list[Array]:
        """The gradients of all arguments. The graphs of the parts are freed meanwhile."""
        outs, self.outs = self.outs, []
        if not outs:
            raise RuntimeError(
                "DataParallel goes back once, even with retain_graph=True: add up the losses and call"
                " backward once, or call the model again"
            )

        def backward(place: int) -> None:
            if outs[place].requires_grad:
                outs[place].backward(g[self.parts[place]])

        self.in_threads(backward)
        found = [[tensor.grad for tensor in tensors] for tensors in zip(*self.leaves, strict=True)]
        self.leaves.clear()
        rows = len(self.by_rows)
        return [
            *map(self.joined, self.by_rows, found[:rows]),
            *map(self.total, self.whole, found[rows:]),
        ]

    def joined(self, x: Tensor, shares: Sequence[Array | None]) -> Array:
        """The gradient of an input: that of each part in its rows."""
        out = np.zeros_like(x.data)
        for part, share in zip(self.parts, shares, strict=True):
            if share is not None:
                out[part] = share
        return out

    def total(self, x: Tensor, shares: Sequence[Array | None]) -> Array:
        """The gradient of what all parts use: the sum, always in the same order."""
        first, *others = [share for share in shares if share is not None] or [np.zeros_like(x.data)]
        for share in others:
            first += share
        return first

    def in_threads(self, function: Callable[[int], Any]) -> list[Any]:
        """``function`` of each part's number, each in a thread; the results in order.

        Raises:
            The first error of all: others may come of it.
        """
        failed: list[BaseException] = []

        def run(place: int) -> Any:
            divided.set(True)
            try:
                return function(place)
            except BaseException as error:
                part = self.parts[place]
                error.add_note(
                    f"in rows {part.start} to {part.stop - 1} of the batch, the part of one thread"
                )
                failed.append(error)
                self.meeting.end()
                raise

        try:
            with ThreadPoolExecutor(len(self.parts) - 1) as pool:
                # A thread has a context of its own, and with it another `no_grad` and `numpy.errstate`.
                others = [
                    pool.submit(copy_context().run, run, place)
                    for place in range(1, len(self.parts))
                ]
                results = [copy_context().run(run, 0)]
            return results + [one.result() for one in others]
        except BaseException as error:
            raise (failed or [error])[0] from None


def of_part(x: Any, part: slice) -> Any:
    """The rows of an array or Tensor; of one that requires a gradient, a leaf."""
    return Tensor(x.data[part], x.requires_grad) if isinstance(x, Tensor) else x[part]


def leaf(x: Any) -> Any:
    """A Tensor or Parameter of the same values in the same memory, with a gradient of its own."""
    made = type(x)(x.data, x.requires_grad) if isinstance(x, Parameter) else Tensor(x.data, True)
    made.data = x.data
    return made


def replica(module: Any, known: dict[int, Any], meeting: Meeting, place: int) -> Any:
    """A copy of a module and of its parts, for one thread.

    Args:
        module: what is copied.
        known: the id of what was copied before to its copy; tensors that are not in it are shared.
        meeting: where the threads add up what a BatchNorm has to know of the whole batch.
        place: the number of the thread.
    """
    if id(module) in known:
        return known[id(module)]
    made = known[id(module)] = object.__new__(type(module))
    for name, value in vars(module).items():
        if isinstance(value, Module):
            value = replica(value, known, meeting, place)
        elif name == "generator" and module.training and isinstance(value, Source | None):
            value = np.random.default_rng((value or default_generator()).integers(1 << 63))
        vars(made)[name] = known.get(id(value), value)
    if module.training and "running_mean" in vars(module):
        from tinytorch.sharednorm import share

        share(made, meeting, place)
    return made
