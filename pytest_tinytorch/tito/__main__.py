"""The program: the command `tito`, and `python -m pytest_tinytorch.tito` where that is not on the path."""

from __future__ import annotations

import atexit
import gc

NEW_OBJECTS = 50_000
"""How many objects are made before Python looks for circles among them. What shows a screen makes fewer."""


def run() -> None:
    """Run a command. Looking for garbage took a quarter of its time: to begin with, and at its end."""
    gc.set_threshold(NEW_OBJECTS)
    atexit.register(gc.freeze)  # the system takes back all memory at once
    from pytest_tinytorch.tito.main import main

    main(prog_name="tito")


if __name__ == "__main__":
    run()
