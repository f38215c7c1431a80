"""Fixtures that specs share."""

import sys

import pytest

from specs.laws import forget
from specs.timing import Stopwatch


@pytest.fixture(autouse=True)
def recording():
    """Each spec begins with gradients on, whatever a `no_grad` of an earlier one has left."""
    yield
    if primitive := sys.modules.get("tinytorch.primitive"):
        primitive.recording.set(True)


@pytest.fixture(autouse=True)
def calls_of_its_own():
    """The message of a spec tells of its own calls, never of one that an earlier spec made."""
    forget()
    yield
    forget()  # a milestone may come next


@pytest.fixture
def stopwatch(benchmark):
    """Measures how much faster one function is than another; see `specs.timing`."""
    return Stopwatch(benchmark)
