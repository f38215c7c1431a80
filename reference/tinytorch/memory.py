"""Given: memory that a program frees and soon needs again."""

from __future__ import annotations

import numpy as np

LARGEST = 31 * 2**20
"""Bytes. From 32 MiB on glibc does not remember what was freed."""


def keep_freed_memory() -> None:
    """Let later steps of training find the memory that earlier ones have freed.

    A step frees all that its graph holds, and the next one needs as much again. glibc, the C library of
    most Linux systems, gives freed memory back to the system when there is much of it, so that the next step
    waits while the system clears each page anew: a third of the time of a small GPT's step. What is
    "much" glibc learns from the largest block that a program has freed. So this frees a large one, which
    nothing was ever written into; from then on up to 62 MiB of freed memory stay with the process. Where
    another C library is used, nothing changes.

    `import tinytorch` never does this: only a program knows whether it trains.

    >>> keep_freed_memory()
    """
    np.empty(LARGEST, np.uint8)
