"""Which rows of a long table a run of the tests takes: one of a few, or under `tox -e long` all."""

from __future__ import annotations

import os
from collections.abc import Sequence

VARIABLE = "TINYTORCH_LONG"


def is_long() -> bool:
    """Whether the environment asks for a long run."""
    return bool(os.environ.get(VARIABLE))


def one_in(count: int, rows: Sequence) -> Sequence:
    """One row of each ``count``, so that all kinds are there; in a long run all rows."""
    return rows if is_long() else rows[::count]
