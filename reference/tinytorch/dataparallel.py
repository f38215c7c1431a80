"""`nn.DataParallel`: a module whose batches are divided among threads.

Given, not an exercise. NumPy lets other threads work while it computes. So each thread takes a part of the
batch through the whole module, and back. They wait for each other once on each way; the threads that BLAS
libraries have of their own do so after each product, without sleeping.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar, copy_context
from itertools import pairwise
from threading import Thread
from typing import Any

import numpy as np

from tinytorch.layers import Module
from tinytorch.meeting import Draws, Meeting
from tinytorch.primitive import Array, defvjp, generator_of_thread, observer, primitive
from tinytorch.replicas import Copies, has_rows, leaf, leaves_of, of_part, wants_gradient
from tinytorch.tensor import Tensor, default_generator

MOST = 4
"""How many threads there are at most if nobody says how many: Python itself runs in one at a time."""

divided: ContextVar[bool] = ContextVar("divided", default=False)
"""Whether this thread works on a part. It is not divided again."""


class DataParallel(Module):
    """Give each batch to ``module`` in parts, one a thread. Results and gradients are those of the whole.

    Wrap a model, and train and use it as before; ``module`` is the model itself, so save
    ``model.module.state_dict()``. The first axis of each array and Tensor that you pass by position is
    divided. What else you pass, and all that you pass by keyword, goes whole to each thread.

    Each thread calls a copy of the module. The copies share all values of parameters, buffers and arrays.
    They have to compute each row from the same row of the inputs alone, but for BatchNorm, which normalizes
    by the whole batch: so each part has to call it, and as often. What a copy sets as an attribute is lost.

    It pays where a part computes for milliseconds; small models are slower with it. Let NumPy multiply in
    one thread then: set the variable ``OPENBLAS_NUM_THREADS`` to 1 before anything imports NumPy.

    Where there are many scores, such as those of each token, let the module compute the loss as well, with
    ``reduction="none"`` and a row for each row of the inputs: then the loss is divided too, and nobody has to
    join the scores.

    Args:
        module: takes a batch, and returns one Tensor that has as many rows as the inputs.
        num_threads: how many threads. None: as many as there are cores, but at most four.
    Raises:
        TypeError: ``module`` is not a Module or ``num_threads`` not an integer, and the message names it; or
            what the module returns for a part is not a Tensor.
        ValueError: ``num_threads`` is below 1, and the message names its value; inputs differ in the length
            of their first axis, and the message names their shapes; or the result of a part has
            another number of rows than the part, or another shape or dtype than that of the first part.
        RuntimeError: the module uses a tensor that requires a gradient, and is neither an input nor a
            parameter of the copy, such as one that a lambda knows. Pass it by keyword.

    An error of the module names shapes of a part; a note says which rows that part has. A result has one
    `backward`, even with ``retain_graph=True``.

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
        if isinstance(num_threads, bool) or not isinstance(num_threads, (int, np.integer)):
            raise TypeError(f"num_threads must be an integer or None, got {num_threads!r}")
        if num_threads < 1:
            raise ValueError(f"num_threads must be at least 1, got {num_threads}")
        self.module = module
        self.num_threads = int(num_threads)

    def forward(self, *inputs: Any, **options: Any) -> Any:
        """What the module makes of the inputs.

        A batch of one row goes to the module itself; so does each while somebody counts operations.
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
        raise ValueError(
            f"inputs must have the same number of rows, got shapes {shapes}:"
            " pass by keyword what is not to be divided"
        )
    return int(shapes[0][0]) if shapes else 0


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
        whole = {id(x): x for x in (*options.values(), *module.parameters()) if wants_gradient(x)}
        self.whole = list(whole.values())
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
        made = Copies(known, self.meeting, place).of(module)
        self.calls.append(lambda: made(*rows, **named))

    def result(self) -> Any:
        """The module's result for all rows, recorded as one operation."""
        draws = Draws(default_generator(), len(self.parts))

        def forward(place: int) -> Tensor:
            generator_of_thread.set(draws.of(place))
            return self.forward(place)

        outs = self.in_threads(forward)
        self.calls.clear()
        draws.end()
        first = outs[0]
        for part, out in zip(self.parts, outs, strict=True):
            if out.shape[1:] != first.shape[1:] or out.dtype != first.dtype:
                raise ValueError(
                    f"module must return rows of one shape and dtype, got {first.shape[1:]} {first.dtype}"
                    f" for the first part and {out.shape[1:]} {out.dtype} for rows {told(part)}"
                )
        joined = np.empty_like(first.data, shape=(self.parts[-1].stop, *first.shape[1:]))
        for part, out in zip(self.parts, outs, strict=True):
            joined[part] = out.data
        self.outs = outs if any(out.requires_grad for out in outs) else []
        # Given a Tensor, a primitive returns one; given a dtype, it does not decide on another.
        arguments = self.used() if self.outs else [Tensor(0.0)]
        return data_parallel(*arguments, joined=joined, division=self, dtype=joined.dtype)

    def forward(self, place: int) -> Tensor:
        """What the module makes of one part."""
        out = self.calls[place]()
        rows = self.parts[place].stop - self.parts[place].start
        if not isinstance(out, Tensor):
            raise TypeError(f"module must return a Tensor, got {type(out).__name__}")
        if out.shape[:1] != (rows,):
            raise ValueError(
                f"module must return a row for each of {rows} rows, got shape {out.shape}"
            )
        return out

    def used(self) -> list[Tensor]:
        """The inputs and parameters that the results depend on; drops the leaves of all others."""
        found: set[int] = set()
        for out, leaves in zip(self.outs, self.leaves, strict=True):
            own = {id(x): number for number, x in enumerate(leaves)}
            for x in leaves_of(out):
                if id(x) not in own:
                    raise RuntimeError(
                        f"module uses a tensor of shape {x.shape} that requires a gradient and is neither"
                        " an input nor a parameter of its copy: pass it by keyword, or detach() it"
                    )
                found.add(own[id(x)])
        numbers = sorted(found)
        self.leaves = [[leaves[number] for number in numbers] for leaves in self.leaves]
        rows = len(self.by_rows)
        self.by_rows, self.whole = (
            [self.by_rows[number] for number in numbers if number < rows],
            [self.whole[number - rows] for number in numbers if number >= rows],
        )
        return [*self.by_rows, *self.whole]

    def share(self, position: int, g: Array) -> Array:
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
            *map(self.total, found[rows:]),
        ]

    def joined(self, x: Tensor, shares: Sequence[Array | None]) -> Array:
        """The gradient of an input: that of each part in its rows."""
        out = np.zeros_like(x.data)
        for part, share in zip(self.parts, shares, strict=True):
            if share is not None:
                out[part] = share
        return out

    def total(self, shares: Sequence[Array | None]) -> Array:
        """The gradient of what parts use whole: the sum, always in the same order."""
        first, *others = [share for share in shares if share is not None]
        for share in others:
            first += share
        return first

    def in_threads(self, function: Callable[[int], Any]) -> list[Any]:
        """``function`` of each part's number, each in a thread; the results in order.

        Raises:
            The first error of all: others may come of it.
        """
        results: list[Any] = [None] * len(self.parts)
        failed: list[BaseException] = []

        def run(place: int) -> None:
            divided.set(True)
            try:
                results[place] = function(place)
            except BaseException as error:
                rows = told(self.parts[place])
                error.add_note(f"in rows {rows} of the batch, the part of one thread")
                failed.append(error)
            finally:
                self.meeting.leave()

        self.meeting.begin()
        others: list[Thread] = []
        try:
            for place in range(1, len(self.parts)):
                # A thread has a context of its own, and with it another `no_grad` and `numpy.errstate`.
                thread = Thread(target=copy_context().run, args=(run, place), daemon=True)
                thread.start()
                others.append(thread)
            copy_context().run(run, 0)
        except BaseException as error:  # a thread that cannot be started, or an interrupt
            failed.append(error)
        finally:
            self.meeting.is_over = True  # no call: an interrupt would come before its first line
        for thread in others:
            thread.join()
        try:
            if failed:
                raise failed[0]
            return results
        finally:
            failed.clear()  # an error knows where it was raised, and so this list


@primitive
def data_parallel(*arrays: Array, joined: Array, division: Division, dtype: Any) -> Array:
    """The joined results of all parts, computed from these arrays."""
    return joined


def data_parallel_shares(
    position: int, g: Array, ans: Array, *arrays: Array, division: Division, **rest: Any
) -> Array:
    """The gradient of each argument, which the parts have computed together."""
    return division.share(position, g)


defvjp(data_parallel, every=data_parallel_shares)


def told(part: slice) -> str:
    """
    >>> told(slice(0, 3))
    '0 to 2'
    """
    return f"{part.start} to {part.stop - 1}"
