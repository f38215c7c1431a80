"""What a spec changes of its process is put back, so that it turns no other unit's specs wrong."""

from __future__ import annotations

import sys
import textwrap

import numpy as np
import pytest

from pytest_tinytorch.run.processstate import kept
from tests.support import toy

PROBE = '''"""What all specs of a process share."""

import builtins
import decimal
import gc
import locale
import os
import signal
import sys
import warnings

import numpy

BEFORE = {}


def state():
    environment = {k: v for k, v in os.environ.items() if k != "PYTEST_CURRENT_TEST"}
    return {
        "folder": os.getcwd(),
        "environment": environment,
        "path": list(sys.path),
        "finders": list(sys.meta_path),
        "recursion": sys.getrecursionlimit(),
        "errors": numpy.geterr(),
        "printing": numpy.get_printoptions(),
        "locale": locale.setlocale(locale.LC_ALL),
        "precision": decimal.getcontext().prec,
        "collector": (gc.isenabled(), gc.get_threshold()),
        "trace": (sys.gettrace(), sys.getprofile()),
        "builtins": {name: id(value) for name, value in vars(builtins).items()},
        "handlers": [signal.getsignal(s) for s in (signal.SIGINT, signal.SIGTERM)],
        "alarm": signal.getsignal(getattr(signal, "SIGALRM", signal.SIGINT)) == signal.SIG_IGN,
        "filters": [entry[0] for entry in warnings.filters],
        "streams": [s is None or s.closed for s in (sys.stdout, sys.stderr, sys.__stdout__)],
        "descriptors": [os.fstat(number).st_ino for number in (1, 2)],
    }
'''
FAULTS = {
    "closes stdout": "sys.stdout.close()",
    "closes stderr": "sys.stderr.close()",
    "closes the first stdout": "sys.__stdout__.close()",
    "takes stdout away": "sys.stdout = sys.stderr = None",
    "closes descriptor 1": "os.close(1)",
    "exchanges descriptor 1": "os.dup2(os.open(os.devnull, os.O_WRONLY), 1)",
    "changes the folder": "os.chdir(os.path.dirname(os.getcwd()))",
    "clears the environment": "os.environ.clear()",
    "replaces the environment": "os.environ = {}",
    "clears the path": "sys.path.clear()",
    "removes finders": "sys.meta_path[:] = sys.meta_path[1:]",
    "makes warnings errors": "warnings.simplefilter('error')",
    "lowers the recursion limit": "sys.setrecursionlimit(len(inspect.stack()) + 60)",
    "makes NumPy raise": "np.seterr(all='raise')",
    "changes how NumPy prints": "np.set_printoptions(precision=1)",
    "replaces len": "builtins.len = lambda x: 0",
    "removes isinstance": "del builtins.isinstance",
    "ignores signals": "signal.signal(getattr(signal, 'SIGALRM', signal.SIGINT), signal.SIG_IGN)",
    "ignores Ctrl-C": "signal.signal(signal.SIGINT, signal.SIG_IGN)",
    "changes the locale": "locale.setlocale(locale.LC_ALL, 'C' if locale.setlocale(0) != 'C' else '')",
    "changes decimals": "decimal.getcontext().prec = 2",
    "stops the collector": "gc.disable()",
    "changes the collector": "gc.set_threshold(0)",
    "traces": "sys.settrace(lambda *arguments: None)",
    "profiles": "sys.setprofile(lambda *arguments: None)",
}
LAST = ("takes stdout away", "replaces len", "removes isinstance")
"""Those that none of the others could come after."""
IMPORTS = """\
import builtins, decimal, gc, inspect, locale, os, signal, sys, warnings
import numpy as np
"""
REMEMBER = """\
    def test_runs(self):
        from specs import probe

        probe.BEFORE.update(probe.state())
"""
COMPARE = """

class TestProcess:
    def test_is_as_it_was(self):
        from specs import probe

        print("still here")
        now = probe.state()
        assert [key for key in now if now[key] != probe.BEFORE[key]] == []
"""


def build(root):
    """A workspace in which a spec of 03 looks at whether the process is as one of 00 found it."""
    toy.solve(toy.build(root), "adding", "doubling", "squaring")
    first = toy.SPECS["specs/test_00_environment.py"].partition("    def test_runs")[0]
    last = toy.SPECS["specs/test_03_squaring.py"]
    toy.write(root, {"specs/probe.py": PROBE, "specs/test_00_environment.py": first + REMEMBER})
    toy.write(root, {"specs/test_03_squaring.py": last + COMPARE})
    return root


def check(run):
    assert (run.states["01"], run.states["03"], run.code) == ("passed", "passed", 0), run.output
    assert "all passed" in run.output


@pytest.mark.parametrize("fault", FAULTS)
def test_a_function_of_one_unit_turns_no_other_wrong(tmp_path, fault):
    text = IMPORTS + toy.REFERENCE["adding"].replace(
        "    return -x", f"    {FAULTS[fault]}\n    return -x"
    )
    toy.write(build(tmp_path), {"tinytorch/adding.py": text})
    check(toy.pytest_in(tmp_path))


def test_nor_do_modules_while_they_are_imported(tmp_path):
    """Not even the spec that imports them, which is another one with ``-n`` or in another order."""
    build(tmp_path)
    names = [name for name in FAULTS if "descriptor" not in name]
    names.sort(key=lambda name: name in LAST)
    faults = "\n".join(FAULTS[name] for name in names)
    text = IMPORTS + toy.REFERENCE["squaring"] + f"\n\n{faults}\n"
    toy.write(tmp_path, {"tinytorch/squaring.py": text})
    last = toy.SPECS["specs/test_03_squaring.py"]
    compare = COMPARE.replace(
        "from specs import probe\n", "import tinytorch.squaring\n        from specs import probe\n"
    )
    toy.write(tmp_path, {"specs/test_03_squaring.py": compare + "\n\n" + last})
    check(toy.pytest_in(tmp_path))


class TestKept:
    def test_what_is_added_stays(self, monkeypatch):
        monkeypatch.delenv("TINYTORCH_ADDED", raising=False)
        with kept():
            exec(
                "import os, sys; os.environ['TINYTORCH_ADDED'] = '1'; sys.path.append('added')", {}
            )
        assert sys.path.pop() == "added"
        import os

        assert os.environ.pop("TINYTORCH_ADDED") == "1"

    def test_a_recursion_limit_that_was_raised_stays(self):
        before = sys.getrecursionlimit()
        try:
            with kept():
                sys.setrecursionlimit(before + 1)
            assert sys.getrecursionlimit() == before + 1
        finally:
            sys.setrecursionlimit(before)

    def test_a_trace_that_is_gone_comes_back_and_a_debuggers_next_one_stays(self):
        def first(*arguments):
            return None

        def second(*arguments):
            return None

        before = sys.gettrace()
        found = []
        try:
            for changed in (None, second):
                sys.settrace(first)
                with kept():
                    sys.settrace(changed)
                found.append(sys.gettrace())
        finally:
            sys.settrace(before)
        assert found == [first, second]

    def test_works_while_an_exception_passes(self):
        def fail():
            with kept():
                np.seterr(all="raise")
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            fail()
        assert np.geterr()["over"] != "raise"

    def test_what_cannot_be_put_back_hides_nothing(self, tmp_path, monkeypatch):
        folder = tmp_path / "gone"
        folder.mkdir()
        monkeypatch.chdir(folder)
        with kept():
            exec(
                textwrap.dedent("import os, shutil; shutil.rmtree(os.getcwd()); os.chdir('/')"), {}
            )

    def test_streams_can_be_closed_again(self):
        with kept():
            sys.stdout.close()
        assert not sys.stdout.closed
        assert "close" not in vars(sys.stdout)
