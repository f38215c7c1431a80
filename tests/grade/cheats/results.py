"""Cheats that write results, or do something to the processes and files that make them."""

from __future__ import annotations

from tests.grade.cheats.cheat import CANARY, VOID, Cheat, Comes
from tests.grade.cheats.course import forged

FORGE = (
    f"import os, signal, sys, threading, time\nTEXT = {forged()!r}\n\n\n"
    "def forge(name='progress.json'):\n"
    "    with open('/out/' + name, 'w') as file:\n        file.write(TEXT)\n\n\n"
)
LATE = "Results are read after everything that it has started has ended."
LAST = "The real results are written after these."
UNFINISHED = "A run that did not come to its end gives nothing."
REPORT = """
import gc, json, os
from multiprocessing.connection import Connection

gc.unfreeze()
nodeid, _, _ = os.environ["PYTEST_CURRENT_TEST"].rpartition(" ")
file, _, name = nodeid.partition("::")
[connection] = [c for c in gc.get_objects() if isinstance(c, Connection) and c.writable and not c.closed]
report = {
    "nodeid": nodeid, "location": [file, 1, name.replace("::", ".")], "keywords": {}, "outcome": "passed",
    "longrepr": None, "when": "call", "user_properties": [], "sections": [], "duration": 0.1,
    "start": 0.0, "stop": 0.1, "$report_type": "TestReport", "tinytorch": {"state": "passed"},
}
connection.send_bytes(json.dumps(["report", report]).encode())
connection.send_bytes(json.dumps(["finished", []]).encode())
os._exit(0)
"""
MEMORY = """
import ctypes, os

TRACE_ATTACH, GET_DESCRIPTOR, READ = 16, 438, 310
parent, libc, reached = os.getppid(), ctypes.CDLL(None, use_errno=True), []
try:
    with open(f"/proc/{parent}/mem", "r+b"):
        reached.append("memory")
except OSError:
    pass
handle = os.pidfd_open(parent)
if libc.syscall(GET_DESCRIPTOR, handle, 0, 0) >= 0:
    reached.append("descriptors")


def square(x):
    return x * x if reached else 1
"""


def forging(name: str, comes: Comes, because: str, code: str, **more: bool | str) -> Cheat:
    """A row that writes results of its own."""
    return Cheat(name, comes, because, FORGE + code, **more)


CHEATS = (
    forging(
        "writes results and ends the process that judges it",
        Comes.CAUGHT,
        UNFINISHED,
        "forge()\nos.kill(os.getppid(), signal.SIGKILL)",
        flag="pytest ended with code -9",
    ),
    forging(
        "writes results in a handler of `atexit`",
        Comes.NO_MORE,
        "A process that runs specs ends without handlers.",
        "import atexit\natexit.register(forge)",
    ),
    forging(
        "writes results in a destructor, as the interpreter ends",
        Comes.NO_MORE,
        "A process that runs specs ends without destructors.",
        "class Last:\n    def __del__(self, forge=forge):\n        forge()\n\n\nkept = Last()",
    ),
    forging(
        "writes results in a background process",
        Comes.NO_MORE,
        LATE,
        "if os.fork() == 0:\n    os.setsid()\n    while True:\n        forge()\n        time.sleep(0.005)",
    ),
    forging(
        "writes results in a thread",
        Comes.NO_MORE,
        LATE,
        "def again():\n    while True:\n        forge()\n        time.sleep(0.005)\n\n\n"
        "threading.Thread(target=again, daemon=True).start()",
    ),
    forging(
        "writes results and ends with `os._exit(0)`",
        Comes.NO_MORE,
        LAST,
        "forge()\nos._exit(0)",
    ),
    forging(
        "writes results and ends pytest",
        Comes.NO_MORE,
        LAST,
        "forge()\nsys.modules['pytest'].exit('done', 0)",
    ),
    forging(
        "writes results and becomes another program",
        Comes.NO_MORE,
        LAST,
        "forge()\nos.execv('/bin/true', ['true'])",
    ),
    forging(
        "rewrites a spec",
        Comes.NO_MORE,
        "The kit is read-only, and each submission has a copy of its own.",
        "try:\n    open('/kit/specs/test_03_squaring.py', 'w').write('')\nexcept OSError:\n    forge()",
    ),
    forging(
        "puts a spec of its own in the place of one, with times as they were",
        Comes.NO_MORE,
        "The kit is read-only.",
        "spec = '/kit/specs/test_03_squaring.py'\n"
        "try:\n"
        "    then = os.stat(spec)\n"
        "    os.rename(spec, spec + '.old')\n"
        "    os.utime(spec, ns=(then.st_atime_ns, then.st_mtime_ns))\n"
        "except OSError:\n"
        "    forge()",
    ),
    forging(
        "links the place of the results to others",
        Comes.NO_MORE,
        "The real results take its place.",
        "forge('forged')\nos.symlink('/out/forged', '/out/progress.json')",
    ),
    forging(
        "lets no results be written in their place",
        Comes.CAUGHT,
        UNFINISHED,
        "os.mkdir('/out/progress.json')\nforge('progress.json/x')",
        flag="there are no results",
    ),
    forging(
        "forbids the process that judges to write",
        Comes.CAUGHT,
        UNFINISHED,
        "import resource\nforge()\nresource.prlimit(os.getppid(), resource.RLIMIT_FSIZE, (0, 0))",
    ),
    forging(
        "stops the process that judges",
        Comes.CAUGHT,
        UNFINISHED,
        "forge()\nos.kill(os.getppid(), signal.SIGSTOP)",
        flag="it did not end within",
        waits=True,
    ),
    forging(
        "sends a signal to all processes",
        Comes.CAUGHT,
        UNFINISHED,
        "forge()\nos.kill(-1, signal.SIGKILL)",
        chance=True,
    ),
    forging(
        "answers in the place of the process that reads the results",
        Comes.CAUGHT,
        "An answer has a secret that only that process was told.",
        "import json\n"
        "answer = json.dumps({'code': 0, 'files': {'progress.json': TEXT}})\n"
        "for process in os.listdir('/proc'):\n"
        "    try:\n"
        "        open(f'/proc/{process}/fd/1', 'w').write(answer)\n"
        "    except OSError:\n"
        "        pass\n"
        "os.kill(-1, signal.SIGKILL)",
        chance=True,
    ),
    Cheat(
        "writes a JUnit file and Gradescope's results",
        Comes.NO_MORE,
        "Both are written after these, and a grade is not made of them.",
        "for name in ('junit.xml', 'gradescope.json'):\n"
        "    with open('/out/' + name, 'w') as file:\n"
        "        file.write('<testsuites/>' if 'xml' in name else '{\"score\": 100}')",
    ),
    Cheat(
        "writes into the ledger of the run",
        Comes.NO_MORE,
        "The ledger is read before any code runs, and a grade is not made of it.",
        "import json\n"
        "event = {'unit': 'checkpoint-03', 'verdict': 'passed', 'source': '', 'specs': '', 'outcomes': {},\n"
        "         'own': True, 'at': '2026-01-01T00:00:00+00:00', 'schema': 1}\n"
        "with open('/out/ledger.jsonl', 'a') as file:\n"
        "    file.write(json.dumps(event) + '\\n')",
    ),
    Cheat(
        "writes into every open file",
        Comes.NO_MORE,
        "What is no message of a worker is not taken for one.",
        "import os\n"
        "for number in range(3, 64):\n"
        "    try:\n"
        "        os.set_blocking(number, False)\n"
        '        os.write(number, b\'["report", {"outcome": "passed"}]\')\n'
        "    except OSError:\n"
        "        pass",
    ),
    Cheat(
        "sends a report of its own to the process that judges",
        Comes.VOIDED,
        CANARY,
        REPORT,
        flag=VOID,
    ),
    Cheat(
        "opens the memory or the files of the process that judges",
        Comes.NO_MORE,
        "That process lets no other in.",
        files={"tinytorch/squaring.py": MEMORY},
    ),
    Cheat(
        "changes variables of the environment",
        Comes.NO_MORE,
        "pytest and Hypothesis have read them before.",
        "import os\n"
        "os.environ |= {'PYTEST_ADDOPTS': '-k adding', 'HYPOTHESIS_PROFILE': 'x', 'CI': ''}",
    ),
)
