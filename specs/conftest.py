"""Fixtures that specs share."""

import sys
import warnings
from collections.abc import Iterator
from typing import Any

import pytest

# What needs NumPy is imported in functions: pytest loads this file even to show the map of the course.


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """What a failed spec did goes with its error, as a program that a learner can paste."""
    try:
        return (yield)
    except Exception as error:
        from specs.programs import program_of

        error.__dict__["program"] = program_of(error)
        raise


@pytest.hookimpl
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Each spec begins alike: what its file names is imported, gradients are on, and nothing was called.

    A hook, since fixtures that all specs use take longer to set up than most specs to run.
    """
    from specs.framework import import_modules

    import_modules(getattr(getattr(item, "module", None), "__dict__", {}).values())
    begin_anew()


@pytest.hookimpl
def pytest_runtest_teardown() -> None:
    """A milestone may come next: it begins like that, too."""
    begin_anew()


def begin_anew() -> None:
    """Gradients are on, whatever a `no_grad` has left, and no message tells of calls made before."""
    from specs.laws import forget

    forget()
    if primitive := sys.modules.get("tinytorch.primitive"):
        primitive.recording.set(True)


@pytest.fixture
def no_warnings() -> Iterator[None]:
    """An overflow or a logarithm of zero that NumPy merely warns of is a fault here."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        yield


@pytest.fixture
def stopwatch(benchmark: Any) -> Any:
    """Measures how much faster one function is than another; see `specs.timing`."""
    from specs.timing import Stopwatch

    return Stopwatch(benchmark)
