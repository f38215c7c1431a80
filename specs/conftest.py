"""Fixtures that specs share."""

import sys
import warnings
from collections.abc import Iterator
from typing import Any

import pytest

# What needs NumPy is imported in the fixtures: pytest loads this file even to show the map of the course.


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """What a failed spec did goes with its error, as a program that a learner can paste."""
    try:
        return (yield)
    except Exception as error:
        from specs.programs import program_of

        error.__dict__["program"] = program_of(error)
        raise


@pytest.fixture(autouse=True)
def imported(request: pytest.FixtureRequest) -> None:
    """What a spec file names is imported before each of its specs begins, whichever comes first."""
    from specs.framework import import_modules

    import_modules(vars(request.module).values())


@pytest.fixture(autouse=True)
def recording() -> Iterator[None]:
    """Each spec begins with gradients on, whatever a `no_grad` of an earlier one has left."""
    yield
    if primitive := sys.modules.get("tinytorch.primitive"):
        primitive.recording.set(True)


@pytest.fixture(autouse=True)
def calls_of_its_own() -> Iterator[None]:
    """The message of a spec tells of its own calls, never of one that an earlier spec made."""
    from specs.laws import forget

    forget()
    yield
    forget()  # a milestone may come next


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
