"""What programs ask of `torch.cuda` before they use the CPU.

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
    """Nothing: no random numbers are drawn there."""


manual_seed_all = manual_seed


def empty_cache() -> None:
    """Nothing: there is no such memory."""


def synchronize() -> None:
    """Nothing: every operation is done when it returns."""


def __getattr__(name: str) -> Any:
    raise no_such_name("tinytorch.cuda", name)
