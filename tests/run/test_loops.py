"""What the limit does to a run: one loop costs one limit, and is told once."""

from __future__ import annotations

import sys

import pytest

from pytest_tinytorch.evidence import ledger
from pytest_tinytorch.run import linux
from tests.support import toy

ENDLESS = "while True:\n        pass"
SWALLOWED = (
    "try:\n        while True:\n            pass\n    except BaseException:\n        return x * x"
)
CHECK = """
import signal

def test_of_somebody_else():
    assert signal.getitimer(signal.ITIMER_PROF) == (0, 0)
    assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)
    import resource
    assert resource.getrlimit(resource.RLIMIT_CPU)[0] == resource.RLIM_INFINITY
"""

posix = pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")


@pytest.fixture
def workspace(tmp_path):
    """A toy workspace that is solved."""
    workspace = toy.build(tmp_path)
    toy.solve(workspace, "adding", "doubling", "squaring")
    return workspace


def rewrite(workspace, module, old, new):
    text = toy.REFERENCE[module]
    assert old in text
    toy.write(workspace, {f"tinytorch/{module}.py": text.replace(old, new)})


def counts(run, unit):
    return run.json["units"][unit]["specs"]


def test_a_loop_that_many_specs_reach_is_told_once(workspace):
    """The specs of doubling come to it through `double`; they are skipped, and grant nothing."""
    rewrite(workspace, "adding", "return x + y", ENDLESS)
    run = toy.pytest_in(workspace, "--no-gate", "--timeout=1", "-rs")
    assert counts(run, "checkpoint-01") == {"broken": 1, "passed": 1}
    assert counts(run, "checkpoint-02") == {"not run": 2}
    assert counts(run, "milestone-01") == {"not run": 1}
    assert counts(run, "checkpoint-03") == {"passed": 1}
    assert "1 failed, 4 passed, 3 skipped" in run.output
    assert run.output.count("that is the limit, set by --timeout=1") == 1
    cause = "not run: same cause as specs/test_01_adding.py::TestAdd::test_is_the_sum"
    assert " ".join(run.output.split()).count(cause) == 3
    assert "tinytorch/adding.py:6 in add" in run.output


def test_a_spec_that_is_not_run_takes_nothing_back(workspace):
    """The same source loops in the second run only; squaring comes to the loop after doubling did."""
    loop = "import os\n\ndef hold():\n    while os.environ.get('LOOP'):\n        pass\n"
    rewrite(workspace, "adding", '"""01 · Adding."""\n', f'"""01."""\n{loop}')
    rewrite(
        workspace,
        "doubling",
        "    return",
        "    from tinytorch.adding import hold\n    hold()\n    return",
    )
    rewrite(
        workspace,
        "squaring",
        "    return",
        "    from tinytorch.adding import hold\n    hold()\n    return",
    )
    assert toy.pytest_in(workspace, "--checkpoint=all").code == 0
    file = workspace / ".tinytorch" / "ledger.jsonl"
    before = ledger.read_ledger(file).events
    run = toy.pytest_in(workspace, "--checkpoint=all", "--timeout=1", variables={"LOOP": "1"})
    assert counts(run, "checkpoint-03") == {"not run": 1}
    assert run.states == {"00": "passed", "01": "passed", "02": "broken", "03": "passed"} | {
        "m01": run.states["m01"],
        "m02": run.states["m02"],
    }
    new = ledger.read_ledger(file).events[len(before) :]
    assert [(event.unit, event.verdict) for event in new] == [("checkpoint-02", "broken")]


def test_code_that_waits_is_told_so_and_code_that_swallows_the_end_is_no_pass(workspace):
    rewrite(workspace, "doubling", "return add(x, x)", "import time\n    time.sleep(60)")
    rewrite(workspace, "squaring", "return x * x", SWALLOWED)
    run = toy.pytest_in(workspace, "--checkpoint=all", "--timeout=1")
    assert "no verdict: it waited for 1" in run.output
    assert "tinytorch/doubling.py:9 in double" in run.output
    assert counts(run, "checkpoint-02") == {"broken": 1, "not run": 1}
    assert counts(run, "checkpoint-03") == {"broken": 1}
    assert "tinytorch/squaring.py:7 in square" in run.output


@posix
def test_a_setting_is_named_and_zero_switches_limits_off(workspace):
    rewrite(workspace, "squaring", "return x * x", ENDLESS)
    toy.write(workspace, {"pytest.ini": toy.CONFIGURATION + "timeout = 0.5\n"})
    run = toy.pytest_in(workspace, "--checkpoint=03")
    assert "that is the limit, set by timeout = 0.5 in the settings" in run.output
    limited = "resource.getrlimit(resource.RLIMIT_CPU)[0] != resource.RLIM_INFINITY"
    body = f"    import resource\n    return -1 if {limited} else x * x\n"
    toy.write(workspace, {"tinytorch/squaring.py": f"def square(x):\n{body}"})
    assert toy.pytest_in(workspace, "--checkpoint=03", "--timeout=5").states["03"] == "wrong"
    assert toy.pytest_in(workspace, "--checkpoint=03", "--timeout=0").states["03"] == "passed"


def test_an_import_that_never_ends_ends_while_specs_are_collected(workspace):
    """Without a limit there, the run would never end."""
    text = toy.REFERENCE["adding"] + "\n\nwhile True:\n    pass\n"
    toy.write(workspace, {"tinytorch/adding.py": text})
    toy.write(workspace, {"specs/test_zz_more.py": "from tinytorch.adding import add\n"})
    toy.write(workspace, {"specs/test_zz_other.py": "from tinytorch.adding import add\n"})
    run = toy.pytest_in(workspace, "--no-isolate", "--timeout=1", timeout=60)
    assert run.code == 2, run.output
    assert run.output.count("ModuleNeverEnds: no verdict after 1") == 2
    assert "tinytorch/adding.py:14" in run.output
    assert run.cpu is None or run.cpu < 8


IMPORTED = """

import pytest


@pytest.fixture(autouse=True)
def imported():
    import tinytorch.adding
"""
"""The specs of the course import in a fixture what they are about."""

NO_RETURN = {
    "a loop": ("while True:\n    pass", "no verdict after 1", ()),
    "a loop in a function": (
        "def hold():\n    while True:\n        pass\n\nhold()",
        "no verdict after 1",
        (),
    ),
    "a loop, isolated": ("while True:\n    pass", "no verdict after 1", ("--isolate",)),
    "a loop in C": (
        "import itertools\nsum(itertools.count())",
        "the module cannot be imported: no verdict",
        ("--isolate",),
    ),
    "os._exit": (
        "import os\nos._exit(0)",
        "the module cannot be imported: the process that ran it exited with code 0",
        ("--isolate",),
    ),
    "a crash": (
        "import ctypes\nctypes.string_at(0)",
        "the module cannot be imported: the process that ran it crashed (SIGSEGV)",
        ("--isolate",),
    ),
}


@posix
@pytest.mark.parametrize("code", NO_RETURN)
def test_an_import_that_nobody_comes_back_from_is_one_cause(workspace, code):
    """Each spec imports the module in a fixture that all specs share; no function is called wrong."""
    source, says, options = NO_RETURN[code]
    if options and not linux.is_here():
        pytest.skip("needs forks")
    text = toy.REFERENCE["adding"] + f"\n\n{source}\n"
    toy.write(workspace, {"tinytorch/adding.py": text})
    many = "".join(
        f"\n    def test_more_{n}(self):\n        from tinytorch.adding import add\n"
        for n in range(6)
    )
    name = "specs/test_01_adding.py"
    specs = toy.SPECS[name].replace('"""01."""', f'"""01."""{IMPORTED}') + many
    toy.write(workspace, {name: specs})
    toy.remake_manifest(workspace)
    run = toy.pytest_in(workspace, "--no-gate", "--timeout=1", "-rs", *options)
    assert counts(run, "checkpoint-01") == {"broken": 1, "not run": 7}, run.output
    assert counts(run, "checkpoint-02") == {"not run": 2}, run.output
    assert run.states["03"] == "passed"
    told = " ".join(run.output.split())
    assert told.count(f"Broken {says}") == 1, run.output
    assert "tinytorch/adding.py:1" in run.output
    assert " in add" not in run.output
    assert ("Law" in run.output) == ("hold" in source)


@posix
def test_a_test_that_is_no_spec_has_no_limit(workspace):
    toy.write(workspace, {"specs/test_zz_more.py": CHECK})
    run = toy.pytest_in(workspace)
    assert run.code == 0, run.output
    assert "9 passed" in run.output
