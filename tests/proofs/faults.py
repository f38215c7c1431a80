"""What code under test can do to its process: a row for each fault, and what the run has to say all the same.

The fault is in `add` of the toy course's 01, or at the import of its module. What needs 01 is passed if 01
is, and locked if it is not; 03, which runs after it in the same run, has nothing to do with it and is passed.
"""

from __future__ import annotations

from dataclasses import dataclass
from textwrap import indent

from tests.support import toy

RIGHT = "return x + y"
PASSED, BROKEN, WRONG = frozenset({"passed"}), frozenset({"broken"}), frozenset({"wrong"})
NOT_RUN = frozenset({"not run"})
RED = BROKEN | WRONG
ANY = PASSED | RED | NOT_RUN
"""Where it is a matter of taste: what counts is that nothing else is hurt."""


@dataclass(frozen=True)
class Fault:
    """One row.

    Attributes:
        name: what the code does.
        inside: the body of `add`; what follows it in a row that goes on is the right answer.
        at_import: what stands above the functions.
        states: what 01 may be.
        innocent: what 03 may be.
        cpu_seconds: how much CPU time the run may use, its start and both limits of a loop included.
        plain: whether that holds without isolation too.
        files: other files of the workspace, from its root.
        code: the exit code, if it does not follow from the states.
        written: whether there is a report to be written.
    """

    name: str
    inside: str = RIGHT
    at_import: str = ""
    states: frozenset[str] = BROKEN
    innocent: frozenset[str] = PASSED
    cpu_seconds: float = 20.0
    plain: bool = False
    files: tuple[tuple[str, str], ...] = ()
    code: int | None = None
    written: bool = True

    @property
    def source(self) -> str:
        """`tinytorch/adding.py` with the fault in it."""
        body = indent(self.inside, "    ").lstrip()
        return f"{self.at_import}\n\n{toy.REFERENCE['adding'].replace(RIGHT, body)}"


def going_on(name: str, inside: str, states: frozenset[str] = PASSED, **more: bool) -> Fault:
    """Something that is done once, before the right answer is given."""
    once = f"global done\nif not done:\n    done = True\n{indent(inside, '    ')}\n{RIGHT}"
    return Fault(name, once, "done = False", states, **more)


ASKED_BY_COLLECTION = """
class Named:
    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        from tinytorch import adding

        return getattr(adding, name)

named = Named()
"""
"""A stand-in whose attributes pytest asks for while it collects, and passes over what that raises."""

LOOPS = (
    Fault("a loop in Python", "while True:\n    pass", plain=True),
    Fault("a loop in C", "import itertools\nreturn sum(itertools.count())"),
    Fault("a loop at import", at_import="while True:\n    pass", plain=True),
    Fault(
        "a loop at import, while specs are collected",
        at_import="while True:\n    pass",
        plain=True,
        files=(("specs/test_zz_more.py", ASKED_BY_COLLECTION),),
    ),
    Fault(
        "a loop in a metaclass, at import",
        at_import="class M(type):\n"
        "    def __new__(*given):\n"
        "        while True:\n"
        "            pass\n"
        "class C(metaclass=M):\n"
        "    pass",
    ),
    Fault(
        "a loop in __del__",
        "class C:\n"
        "    def __del__(self):\n"
        "        while True:\n"
        "            pass\n"
        "C()\n"
        "return x + y",
    ),
    Fault(
        "a loop in __repr__",
        "class C:\n    def __repr__(self):\n        while True:\n            pass\nreturn C()",
        states=RED,
    ),
    Fault(
        "a loop in the text of an exception",
        "class E(Exception):\n"
        "    def __str__(self):\n"
        "        while True:\n"
        "            pass\n"
        "raise E",
        states=RED,
    ),
    Fault(
        "a loop that catches everything",
        "while True:\n"
        "    try:\n"
        "        while True:\n"
        "            pass\n"
        "    except BaseException:\n"
        "        pass",
    ),
    Fault(
        "a loop that ignores SIGALRM",
        "import signal\nsignal.signal(signal.SIGALRM, signal.SIG_IGN)\nwhile True:\n    pass",
    ),
    Fault(
        "a loop that ignores all signals",
        "import signal\n"
        "for s in set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP}:\n"
        "    signal.signal(s, signal.SIG_IGN)\n"
        "while True:\n"
        "    pass",
    ),
    Fault(
        "a loop in a regular expression", "import re\nre.match('(a*)*b', 'a' * 60)\nreturn x + y"
    ),
)

WAITING = (
    Fault("sleeps for ever", "import time\ntime.sleep(10**6)"),
    Fault(
        "a lock that nobody releases",
        "import threading\nlock = threading.Lock()\nlock.acquire()\nlock.acquire()",
    ),
    Fault(
        "joins a thread that sleeps",
        "import threading, time\n"
        "t = threading.Thread(target=time.sleep, args=(10**6,), daemon=True)\n"
        "t.start()\n"
        "t.join()",
    ),
    Fault("reads from a pipe that nobody writes to", "import os\nos.read(os.pipe()[0], 1)"),
    Fault("asks for input", "input()\nreturn x + y", states=RED, plain=True),
    Fault(
        "stops itself",
        "import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)\nreturn x + y",
        states=ANY,
    ),
)

ENDINGS = (
    Fault("a segmentation fault", "import ctypes\nctypes.string_at(0)"),
    Fault("aborts", "import os\nos.abort()"),
    Fault(
        "kills itself", "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)", states=NOT_RUN
    ),
    Fault(
        "terminates itself",
        "import os, signal\nos.kill(os.getpid(), signal.SIGTERM)\nreturn x + y",
        states=NOT_RUN,
    ),
    Fault("kills its group", "import os, signal\nos.killpg(0, signal.SIGKILL)", states=NOT_RUN),
    Fault("ends the process with 0", "import os\nos._exit(0)"),
    Fault("ends the process with 0 at import", at_import="import os\nos._exit(0)"),
    Fault(
        "ends the process with 0 in a thread",
        "import os, threading, time\n"
        "threading.Thread(target=os._exit, args=(0,)).start()\n"
        "time.sleep(1)\n"
        "return x + y",
    ),
    Fault(
        "wrong, and ends with 0 at exit",
        "return x + y + 1",
        "import atexit, os\natexit.register(os._exit, 0)",
        WRONG,
    ),
    Fault(
        "a recursion without end and without limit",
        "import sys\nsys.setrecursionlimit(10**9)\nf = lambda n: [f(n + 1)]\nreturn f(x)",
        cpu_seconds=60,
    ),
    Fault("a recursion without end", "return add(x, y)", states=RED, plain=True),
    Fault("SystemExit at import", at_import="raise SystemExit(0)"),
    Fault("SystemExit", "raise SystemExit(0)", states=RED, plain=True),
    Fault("KeyboardInterrupt", "raise KeyboardInterrupt", states=RED),
    Fault("KeyboardInterrupt at import", at_import="raise KeyboardInterrupt", states=RED),
    Fault(
        "SIGINT to itself",
        "import os, signal\nos.kill(os.getpid(), signal.SIGINT)\nreturn x + y",
        states=ANY,
    ),
    Fault("GeneratorExit", "raise GeneratorExit", states=RED),
    Fault("skips", "import pytest\npytest.skip('no')", states=RED, plain=True),
    Fault(
        "skips at import",
        at_import="import pytest\npytest.skip('no', allow_module_level=True)",
        states=RED,
    ),
    Fault("fails as expected", "import pytest\npytest.xfail('no')", states=RED, plain=True),
    Fault("ends pytest", "import pytest\npytest.exit('bye', returncode=0)", states=RED, plain=True),
    Fault(
        "ends pytest at import",
        at_import="import pytest\npytest.exit('bye', returncode=0)",
        states=RED,
    ),
    Fault("becomes another program", "import os\nos.execv('/bin/true', ['true'])"),
)

LEFT_BEHIND = (
    going_on("a fork that sleeps", "import os, time\nif os.fork() == 0:\n    time.sleep(10**6)"),
    going_on("a fork that goes on", "import os\nos.fork()"),
    going_on(
        "a program that sleeps",
        "import subprocess, sys\n"
        "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(10**6)'])",
    ),
    going_on(
        "a thread that sleeps",
        "import threading, time\nthreading.Thread(target=time.sleep, args=(10**6,)).start()",
    ),
    going_on(
        "a thread that loops",
        "import threading\n"
        "def loop():\n"
        "    while True:\n"
        "        pass\n"
        "threading.Thread(target=loop).start()",
        states=PASSED | RED,
    ),
    going_on(
        "a daemon thread that prints",
        "import threading, time\n"
        "def talk():\n"
        "    while True:\n"
        "        print('hello')\n"
        "        time.sleep(0.001)\n"
        "threading.Thread(target=talk, daemon=True).start()",
    ),
    going_on(
        "SystemExit in a thread",
        "import sys, threading\nthreading.Thread(target=sys.exit).start()",
        plain=True,
    ),
    going_on(
        "a generator that will not close",
        "def g():\n"
        "    while True:\n"
        "        try:\n"
        "            yield\n"
        "        except GeneratorExit:\n"
        "            yield\n"
        "global kept\n"
        "kept = g()\n"
        "next(kept)",
        plain=True,
    ),
    going_on(
        "a loop of asyncio that goes on",
        "import asyncio, threading\n"
        "threading.Thread(target=asyncio.new_event_loop().run_forever).start()",
    ),
    going_on(
        "a new session", "import os\ntry:\n    os.setsid()\nexcept OSError:\n    pass", plain=True
    ),
)

POISON = (
    going_on("len is 0", "import builtins\nbuiltins.len = lambda of: 0", ANY),
    going_on("isinstance is True", "import builtins\nbuiltins.isinstance = lambda *of: True", ANY),
    going_on("no print", "import builtins\ndel builtins.print", ANY),
    going_on("no open", "import builtins\nbuiltins.open = None", ANY),
    going_on(
        "another module in the place of 03", "import sys\nsys.modules['tinytorch.squaring'] = sys"
    ),
    going_on("no modules", "import sys\nsys.modules.clear()", ANY),
    going_on("no way to import", "import sys\nsys.path.clear()\nsys.meta_path.clear()", ANY),
    going_on(
        "a recursion limit of 60",
        "import sys\nsys.setrecursionlimit(60 + len(__import__('inspect').stack()))",
        ANY,
    ),
    going_on("no environment", "import os\nos.environ.clear()", plain=True),
    going_on("another folder", "import os\nos.chdir('/')", plain=True),
    going_on(
        "no time",
        "import time\n"
        "time.time = time.perf_counter = time.monotonic = time.process_time = lambda: 0",
        ANY,
    ),
    going_on(
        "warnings are errors", "import warnings\nwarnings.simplefilter('error')", ANY, plain=True
    ),
    going_on(
        "other hooks of exceptions",
        "import sys, threading\nsys.excepthook = threading.excepthook = sys.unraisablehook = None",
        plain=True,
    ),
    going_on(
        "other handlers of signals",
        "import signal\n"
        "for s in (signal.SIGINT, signal.SIGTERM, signal.SIGALRM, signal.SIGCHLD):\n"
        "    signal.signal(s, signal.SIG_IGN)",
        plain=True,
    ),
    going_on(
        "a trace function that raises",
        "import sys\ndef trace(*given):\n    raise ValueError\nsys.settrace(trace)",
        ANY,
    ),
    going_on(
        "no open files allowed",
        "import resource\nresource.setrlimit(resource.RLIMIT_NOFILE, (0, 0))",
        ANY,
    ),
    going_on(
        "random numbers are seeded and replaced",
        "import random\nrandom.seed(0)\nrandom.random = lambda: 0.5",
        ANY,
        plain=True,
    ),
)

CHANNELS = (
    going_on("closes sys.stdout", "import sys\nsys.stdout.close()", ANY),
    going_on("closes descriptor 1", "import os\nos.close(1)", ANY),
    going_on("closes descriptors 3 to 255", "import os\nos.closerange(3, 256)", ANY),
    going_on("closes all descriptors", "import os\nos.closerange(0, 256)", ANY),
    going_on(
        "writes into all descriptors",
        "import os\n"
        "for n in range(3, 64):\n"
        "    try:\n"
        "        os.set_blocking(n, False)\n"
        "        os.write(n, b'nonsense' * 100)\n"
        "    except OSError:\n"
        "        pass",
        ANY,
    ),
    going_on("prints 50 MB", "print('x' * 50_000_000)"),
    Fault("a message of 50 MB", "raise ValueError('x' * 50_000_000)", states=WRONG, cpu_seconds=40),
    Fault(
        "a message that is no text",
        "raise ValueError('\\ud800\\x00\\x1b[2J')",
        states=WRONG,
        plain=True,
    ),
    Fault(
        "an exception that cannot be shown",
        "class E(Exception):\n    def __str__(self):\n        raise self\nraise E",
        states=RED,
        plain=True,
    ),
    Fault(
        "more memory than there is",
        "import numpy\nreturn numpy.ones(10**13)",
        states=RED,
        plain=True,
    ),
    Fault(
        "== that calls itself",
        "class C:\n    def __eq__(self, other):\n        return self == other\nreturn C()",
        states=RED,
        plain=True,
    ),
    Fault(
        "neither true nor false",
        "class C:\n"
        "    def __eq__(self, other):\n"
        "        return self\n"
        "    def __bool__(self):\n"
        "        raise ValueError\n"
        "return C()",
        states=RED,
        plain=True,
    ),
)

FILES = (
    going_on(
        "deletes its own file",
        "from pathlib import Path\nPath(__file__).unlink()",
        frozenset({"stale", "not run"}),
    ),
    going_on(
        "deletes the ledger's folder",
        "import shutil\nshutil.rmtree('.tinytorch', ignore_errors=True)",
        plain=True,
    ),
    Fault(
        "lets the specs of 03 pass whatever it does",
        "from pathlib import Path\n"
        "file = Path('specs/test_03_squaring.py')\n"
        "file.write_text(file.read_text().replace('== 9', '!= 0'))\n"
        "return x + y + 1",
        states=WRONG | NOT_RUN | {"stale"},
        innocent=frozenset({"passed", "stale", "not run"}),
    ),
    Fault(
        "a conftest that imports the package",
        files=(("conftest.py", "import tinytorch.adding\n"),),
        states=PASSED,
        code=4,
        written=False,
    ),
)

FAULTS = (*LOOPS, *WAITING, *ENDINGS, *LEFT_BEHIND, *POISON, *CHANNELS, *FILES)
