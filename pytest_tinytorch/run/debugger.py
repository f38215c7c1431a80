"""Who quits a debugger ends the run: at once, however often a spec would call the same code again."""

from __future__ import annotations

import sys
from typing import Any, NoReturn

import pytest


class Debugger:
    """Knows whether somebody has quit it.

    pytest ends a run by an exception then. It comes out of the code under test, where it would count as that
    code's own, and Hypothesis calls the code once more to see whether it comes again.

    Attributes:
        is_left: whether somebody has quit.
    """

    def __init__(self) -> None:
        self.is_left = False

    @pytest.hookimpl
    def pytest_enter_pdb(self, pdb: Any) -> None:
        """Take note of it when somebody quits."""
        quit_run = pdb.do_quit

        def do_quit(arg: str) -> object:
            self.is_left = True
            sys.breakpointhook = leave
            return quit_run(arg)

        pdb.do_q = pdb.do_quit = pdb.do_exit = do_quit

    @pytest.hookimpl
    def pytest_unconfigure(self) -> None:
        """Leave breakpoints as they were."""
        sys.breakpointhook = sys.__breakpointhook__


def leave(*args: object, **kwargs: object) -> NoReturn:
    """What a breakpoint does once somebody has quit."""
    pytest.exit("Quitting debugger")
