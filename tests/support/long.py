"""Which rows of a long table a run of the tests takes: half of them, or under `tox -e long` all."""

from __future__ import annotations

import os
from collections.abc import Sequence

VARIABLE = "TINYTORCH_LONG"


def is_long() -> bool:
    """Whether the environment asks for a long run."""
    return bool(os.environ.get(VARIABLE))


def every_other(rows: Sequence) -> Sequence:
    """Every other row, so that all kinds are there; all rows if the environment asks for a long run."""
    return rows if is_long() else rows[::2]
