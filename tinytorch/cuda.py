"""What programs call in `torch.cuda` before they use the CPU.

Given, not an exercise.
"""

from __future__ import annotations

from typing import Any

from tinytorch.instead import no_such_name


def is_available() -> bool:
    """False: there is only the CPU."""
    return False


def device_count() -> int:
    """0."""
    return 0


def manual_seed(seed: int) -> None:
    """Does nothing: no random numbers are drawn on a GPU."""


manual_seed_all = manual_seed


def empty_cache() -> None:
    """Does nothing: there is no GPU memory."""


def synchronize() -> None:
    """Does nothing: every operation has finished when it returns."""


def __getattr__(name: str) -> Any:
    raise no_such_name("tinytorch.cuda", name)
