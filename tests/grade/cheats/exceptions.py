"""Cheats that end a spec, or everything, before a law is looked at, or change settings of the process."""

from __future__ import annotations

from tests.grade.cheats.cheat import GUARD, Cheat, Comes
from tests.grade.cheats.judging import PYTEST

RAISED = "Whatever comes out of its code, the spec fails."

CHEATS = (
    Cheat(
        "imports pytest, to skip",
        Comes.NO_MORE,
        GUARD,
        "import pytest",
        "pytest.skip('no time')",
    ),
    Cheat("skips", Comes.NO_MORE, RAISED, PYTEST, "pytest.skip('no time')"),
    Cheat("fails as expected", Comes.NO_MORE, RAISED, PYTEST, "pytest.xfail('no time')"),
    Cheat(
        "raises `unittest.SkipTest`",
        Comes.NO_MORE,
        RAISED,
        "import unittest",
        "raise unittest.SkipTest",
    ),
    Cheat("ends pytest", Comes.NO_MORE, RAISED, PYTEST, "pytest.exit('bye', 0)"),
    Cheat("ends the program", Comes.NO_MORE, RAISED, "import sys", "sys.exit(0)"),
    Cheat("ends the process", Comes.NO_MORE, RAISED, "import os", "os._exit(0)"),
    Cheat("interrupts itself", Comes.NO_MORE, RAISED, "", "raise KeyboardInterrupt"),
    Cheat(
        "skips in a handler of signals, after it has answered",
        Comes.NO_MORE,
        RAISED,
        "import signal, unittest\ndef end(*given):\n    raise unittest.SkipTest\n",
        "signal.signal(signal.SIGVTALRM, end)\n"
        "signal.setitimer(signal.ITIMER_VIRTUAL, 1e-4)\n"
        "return 1",
    ),
    Cheat(
        "lowers the recursion limit, so that no law can be checked",
        Comes.NO_MORE,
        RAISED,
        "import inspect, sys",
        "sys.setrecursionlimit(len(inspect.stack()) + 8)\nreturn 1",
    ),
    Cheat(
        "filters warnings",
        Comes.NO_MORE,
        "A law that is broken is no warning.",
        "import warnings",
        "warnings.simplefilter('ignore')\nwarnings.showwarning = lambda *given: None\nreturn 1",
    ),
)
