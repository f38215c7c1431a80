"""When a run looks for garbage: not while modules are imported, and not among what they have made."""

from __future__ import annotations

import gc

import pytest

NEW_OBJECTS = 50_000
"""How many objects are made before Python looks, until specs run. By default it is 700."""


class Garbage:
    """A plugin that puts it off until specs are collected. What is there by then stays until the end anyway.

    So neither Python nor pytest looks among it again, which both do at the end of a run: together with the
    imports that took a fourth of a short one.
    """

    def __init__(self, config: pytest.Config) -> None:
        self.threshold = gc.get_threshold()
        config.add_cleanup(self.look_again)  # for a run that collects nothing
        gc.set_threshold(NEW_OBJECTS, *self.threshold[1:])

    def pytest_collection_finish(self) -> None:
        gc.freeze()
        self.look_again()

    def look_again(self) -> None:
        """As often as before."""
        gc.set_threshold(*self.threshold)
