"""Code under test that would end the program: that ends a spec or an import, and never the run.

A person's Ctrl-C still does. It arrives between two instructions; code raises by a statement.
"""

from __future__ import annotations

import opcode
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType

import pytest

from pytest_tinytorch.evidence.implementation import PACKAGE
from pytest_tinytorch.run.exceptions import ModuleEndsProgram, SpecEnded
from pytest_tinytorch.run.processstate import kept

HYPOTHESIS = "hypothesis"


@contextmanager
def importing(module: str) -> Iterator[None]:
    """Import a module under test: it cannot end the program, and leaves the process as it was.

    What importing it changes would otherwise hold for all specs that come later, of whatever unit.
    """
    try:
        with kept():
            yield
    except BaseException as error:
        if not ends_program(error):
            raise
        ending = ModuleEndsProgram(module, error)
        raise ending.with_traceback(error.__traceback__) from None


def ends_program(error: BaseException) -> bool:
    """Whether an exception would end the program, or pytest, and comes from neither a person nor us."""
    if isinstance(error, KeyboardInterrupt):
        return not is_from_person(error)
    if isinstance(error, Exception):
        return isinstance(error, pytest.exit.Exception)
    return not isinstance(error, SpecEnded)


def is_from_person(error: BaseException | None) -> bool:
    """Whether an exception is a Ctrl-C, or was raised while one was handled."""
    while error is not None:
        if isinstance(error, KeyboardInterrupt) and not is_raised_by_statement(error):
            return True
        error = error.__context__
    return False


def is_raised_by_statement(error: BaseException) -> bool:
    """Whether a ``raise`` has raised an exception."""
    place = innermost(error.__traceback__)
    if place is None:
        return False
    instruction = place.tb_frame.f_code.co_code[place.tb_lasti]
    return opcode.opname[instruction] == "RAISE_VARARGS"


def drops_example(error: BaseException) -> bool:
    """Whether code under test has told Hypothesis that an input does not count, by `assume`, say."""
    place = innermost_outside(HYPOTHESIS, error.__traceback__)
    if type(error).__module__.partition(".")[0] != HYPOTHESIS or place is None:
        return False
    return str(place.tb_frame.f_globals.get("__name__")).partition(".")[0] == PACKAGE


def place_of(error: BaseException) -> str:
    """What an exception is and where it came up, in one line."""
    place = innermost(error.__traceback__)
    where = f" ({place.tb_frame.f_code.co_filename}:{place.tb_lineno})" if place else ""
    return f"{type(error).__name__}{where}"


def innermost_outside(package: str, traceback: TracebackType | None) -> TracebackType | None:
    """The last entry of a traceback in code that is not of this package."""
    found = None
    while traceback is not None:
        name = str(traceback.tb_frame.f_globals.get("__name__"))
        found = found if name.partition(".")[0] == package else traceback
        traceback = traceback.tb_next
    return found


def innermost(traceback: TracebackType | None) -> TracebackType | None:
    """The last entry of a traceback: where the exception came up."""
    while traceback is not None and traceback.tb_next is not None:
        traceback = traceback.tb_next
    return traceback
