"""Work of several threads at once.

Given, not an exercise. NumPy lets other threads work while it computes, so parts of a batch can be computed
side by side. The threads that BLAS libraries have of their own divide single products and nothing else, and
those of OpenBLAS wait for each other without sleeping, after each product. These wait once, for all of it.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar, copy_context
from itertools import pairwise
from typing import Any

LARGE = 1 << 20
"""From this many elements on, work takes milliseconds. To start a thread takes a tenth of one."""

threads: ContextVar[int] = ContextVar("threads", default=1)
"""How many threads share the work; `set_num_threads` sets it."""


def get_num_threads() -> int:
    """How many threads share the work of a convolution.

    >>> get_num_threads()
    1
    """
    return threads.get()


def set_num_threads(num_threads: int) -> None:
    """Let so many threads share the work of a convolution, here and in what is called from here.

    It is 1 at first, where PyTorch begins with all cores. NumPy should then multiply in one thread: set the
    variable ``OPENBLAS_NUM_THREADS`` to 1 before anything imports NumPy. The scripts of milestones do both.

    Args:
        num_threads: at least 1; as many as there are cores is best.
    Raises:
        TypeError: it is not an integer; the message names ``num_threads``.
        ValueError: it is below 1; the message names its value.
    """
    if isinstance(num_threads, bool) or not isinstance(num_threads, int):
        raise TypeError(f"num_threads must be an integer, got {num_threads!r}")
    if num_threads < 1:
        raise ValueError(f"num_threads must be at least 1, got {num_threads}")
    threads.set(num_threads)


def each_part(function: Callable[[slice], Any], array: Any) -> list[Any]:
    """Call ``function`` with slices that divide the first axis of ``array``; its results, in order.

    With one thread, or for a small array, it is called once, with all. With more threads the slices are
    computed side by side, so a function must write only into its own part of what they share.

    Args:
        function: gets a slice of the first axis.
        array: what is divided; only its shape counts.
    Raises:
        What ``function`` raises, once every part that began has ended.

    >>> import numpy as np
    >>> x, out = np.arange(6.0), np.empty(6)
    >>> def double(part):
    ...     out[part] = 2 * x[part]
    >>> each_part(double, x), out
    ([None], array([ 0.,  2.,  4.,  6.,  8., 10.]))
    """
    rows = len(array)
    count = min(threads.get(), rows) if array.size >= LARGE else 1
    bounds = [rows * number // count for number in range(1, count)]
    first, *others = [slice(start, stop) for start, stop in pairwise([0, *bounds, rows])]
    if not others:
        return [function(first)]
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(len(others)) as pool:
        # A thread has a context of its own, and with it another `numpy.errstate`.
        running = [pool.submit(copy_context().run, function, part) for part in others]
        own = function(first)
    return [own, *(one.result() for one in running)]
