"""How many bytes a call holds at once, measured without any code under test."""

import tracemalloc

from specs.laws import ask


def peak_of(function, *args, **kwargs):
    """(result, bytes): what a call gives, and the most that it held beyond what was there before."""
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        result = ask(function, *args, **kwargs)
        return result, tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()
