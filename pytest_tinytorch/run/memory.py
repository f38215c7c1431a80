"""What a process does with memory that it has freed: a milestone takes the same arrays at every step."""

from __future__ import annotations

import ctypes
import sys

TRIM_THRESHOLD, MMAP_THRESHOLD = -1, -3
"""Parameters of glibc's ``mallopt``, as its header numbers them."""

MIB = 1 << 20
LARGEST_FREE, LARGEST_ARRAY = 256 * MIB, 32 * MIB
"""Bytes that stay with the process once they are free, and of the largest array that comes from them."""


def keep_freed_memory() -> bool:
    """Keep freed memory in this process rather than give it back; says whether that can be had.

    Training takes arrays of a few MiB and frees them at each step. glibc hands them back to the
    system, which clears each page anew: a fifth of the time of a milestone. Other systems keep them.
    """
    if sys.platform != "linux":
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # other libraries than glibc have none
    return bool(
        mallopt and mallopt(TRIM_THRESHOLD, LARGEST_FREE) and mallopt(MMAP_THRESHOLD, LARGEST_ARRAY)
    )
