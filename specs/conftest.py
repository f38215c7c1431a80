"""Fixtures that specs share."""

import pytest

from specs.timing import Stopwatch


@pytest.fixture
def stopwatch(benchmark):
    """Measures how much faster one function is than another; see `specs.timing`."""
    return Stopwatch(benchmark)
