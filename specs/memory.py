"""How many bytes a call holds at once, measured without any code under test."""

import tracemalloc
from collections.abc import Callable
from typing import Any

from specs.descriptions import describe
from specs.framework import resolve
from specs.laws import attempt, remember


def peak_bytes(action: Callable[[], Any]) -> tuple[Any, int]:
    """(result, bytes): what it gives, and the most that it held beyond what was there before."""
    already = tracemalloc.is_tracing()
    if not already:
        tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        tracemalloc.reset_peak()
        result = action()
        return result, tracemalloc.get_traced_memory()[1] - before
    finally:
        if not already:
            tracemalloc.stop()


def peak_of(function: Any, *args: Any, **kwargs: Any) -> tuple[Any, int]:
    """The same of a call of the learner's, which is remembered for the message."""
    real = resolve(function)
    text = describe(function, args, kwargs, array="np.array")
    remember(text, real)
    return peak_bytes(lambda: attempt(real, text, args, kwargs))  # `ask` copies what it compares
