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


def use_one_thread() -> None:
    """Multiply matrices in one thread, unless a person chose otherwise.

    Small products gain little from a second thread. The threads of OpenBLAS wait for each other without
    sleeping, so on a busy machine a product can take a hundred times as long. What is large enough for
    several cores is divided by the framework: see `DataParallel` of `tinytorch.nn`.
    """
    for name in THREADS:
        os.environ.setdefault(name, "1")
