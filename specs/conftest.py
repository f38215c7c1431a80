"""Fixtures that specs share."""

import sys

import pytest

from specs.timing import Stopwatch


@pytest.fixture(autouse=True)
def recording():
    """Each spec begins with gradients on, whatever a `no_grad` of an earlier one has left."""
    yield
    if primitive := sys.modules.get("tinytorch.primitive"):
        primitive.recording.set(True)


@pytest.fixture
def stopwatch(benchmark):
    """Measures how much faster one function is than another; see `specs.timing`."""
    return Stopwatch(benchmark)
