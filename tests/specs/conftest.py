"""The worked solution as `tinytorch`, for tests of what specs are made of."""

from __future__ import annotations

import pytest

from pytest_tinytorch.api import LawBroken
from pytest_tinytorch.evidence import implementation, importing
from specs import laws
from tests.support import kit


@pytest.fixture
def reference():
    """The worked solution as `tinytorch`."""
    importing.install_finder(implementation.Implementation(kit.REFERENCE, kit.REFERENCE))
    yield
    importing.uninstall_finder()


@pytest.fixture(autouse=True)
def no_call_before():
    """No message tells of a call of another test."""
    laws.forget()
    yield
    laws.forget()


@pytest.fixture
def broken():
    """Calls something, and gives the (expected, got) of the law that it breaks; None if it holds."""

    def run(function, *args, **kwargs):
        try:
            function(*args, **kwargs)
        except LawBroken as error:
            return error.expected, error.got
        return None

    return run
