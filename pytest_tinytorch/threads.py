"""How many threads multiply matrices. To be said before NumPy is imported: the libraries read it then."""

from __future__ import annotations

import os

THREADS = (
    "OPENBLAS_NUM_THREADS",
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)
"""Read by the libraries that multiply matrices for NumPy."""

QUIET = 0.5
"""A machine whose load is below this has a core for each thread."""


def use_one_thread() -> None:
    """Multiply matrices in one thread, unless a person chose otherwise.

    The products of specs are small, and gain little from a second thread. On a busy machine its
    threads wait for each other, and a product can take a hundred times as long.
    """
    for name in THREADS:
        os.environ.setdefault(name, "1")


def suit_threads(large: bool) -> None:
    """One thread, unless products are large and nothing else is running.

    The threads of OpenBLAS wait for each other without sleeping. With another process on one of two cores
    a training step of the CNN took 7 to 10 times as long in two threads as in one.
    """
    if not (large and load() < QUIET):
        use_one_thread()


def load() -> float:
    """How many processes wanted a core in the last minute; 0 where the system does not tell."""
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
