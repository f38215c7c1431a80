"""Whole runs whose specs are isolated: what code does to its process reaches no other verdict."""

from __future__ import annotations

import pytest

from pytest_tinytorch.evidence import ledger
from pytest_tinytorch.run import linux
from tests.support import toy

pytestmark = pytest.mark.skipif(not linux.is_here(), reason="needs forks")

ALL = {"00", "01", "02", "03", "m01", "m02"}


@pytest.fixture
def workspace(tmp_path):
    root = toy.build(tmp_path)
    toy.solve(root, "adding", "doubling", "squaring")
    return root


def squaring(workspace, *lines, head=""):
    """Let `square` begin with some lines."""
    body = "".join(f"    {line}\n" for line in lines)
    text = toy.REFERENCE["squaring"].replace("    return x * x", f"{body}    return x * x")
    toy.write(workspace, {"tinytorch/squaring.py": head + text})


def markers(workspace):
    return [file.name for file in (workspace / ".tinytorch").glob("running-*")]


@pytest.mark.parametrize("workers", [(), ("-n", "2")])
def test_earns_the_same_as_any_run(workspace, workers):
    run = toy.pytest_in(workspace, "--isolate", *workers, cold=True)
    assert (run.code, run.passed()) == (0, ALL), run.output
    assert "8 passed" in run.output
    events = ledger.read_ledger(workspace / ".tinytorch/ledger.jsonl").events
    assert {toy.short(event.unit) for event in events} == ALL
    assert markers(workspace) == []


ENDS = {
    "os._exit(0)": (("import os", "os._exit(0)"), "os._exit"),
    "segmentation fault": (("import ctypes", "ctypes.string_at(0)"), "squaring.py:7"),
    "pytest is patched": (
        ("import pluggy", "pluggy.HookCaller.__call__ = None"),
        "pytest itself fail",
    ),
    "KeyboardInterrupt": (("raise KeyboardInterrupt",), ""),
    "all files closed": (("import os", "os.closerange(3, 256)"), "process that ran it"),
}


@pytest.mark.parametrize("ending", ENDS)
def test_an_end_breaks_the_spec_that_made_it_and_no_other(workspace, ending):
    lines, says = ENDS[ending]
    squaring(workspace, *lines)
    run = toy.pytest_in(workspace, "--isolate", "--junit-xml=junit.xml")
    assert run.code == 1
    assert run.passed() == {"00", "01", "02", "m01"}, run.output
    assert run.states["03"] in ("broken", "wrong")
    assert says in run.output
    assert 'failures="1"' in (workspace / "junit.xml").read_text(encoding="utf-8")


def test_an_end_from_outside_takes_nothing_back(workspace):
    squaring(workspace, "if os.path.exists('now'): os.kill(os.getpid(), 9)", head="import os\n")
    assert toy.pytest_in(workspace, "--isolate").passed() == ALL
    proved = (workspace / ".tinytorch/ledger.jsonl").read_bytes()
    toy.write(workspace, {"now": ""})
    run = toy.pytest_in(workspace, "--isolate", "--checkpoint=03", "-rs")
    assert run.json["units"]["checkpoint-03"]["specs"] == {"not run": 1}
    assert run.states["03"] == "passed"  # by the proof of before
    assert "killed from outside (SIGKILL)" in run.output
    assert (workspace / ".tinytorch/ledger.jsonl").read_bytes() == proved


def test_what_is_left_behind_ends_with_the_run(workspace):
    child = "if os.fork() == 0: os.setsid(); open('child', 'w').write(str(os.getpid())); time.sleep(999)"
    waits = "threading.Thread(target=time.sleep, args=(999,)).start()"
    exits = "atexit.register(os._exit, 0)"
    squaring(workspace, child, waits, exits, head="import atexit, os, threading, time\n")
    run = toy.pytest_in(workspace, "--isolate")
    assert (run.code, run.passed()) == (0, ALL)
    left = workspace / "child"
    assert not left.exists() or linux.usage_of(int(left.read_text(encoding="utf-8"))) is None


LOOPS = {
    "in Python": ("while True:", "    pass"),
    "in C": ("import itertools", "sum(itertools.count())"),
    "that catches everything": (
        "while True:",
        "    try:",
        "        while True: pass",
        "    except BaseException: pass",
    ),
    "without signals": (
        "import signal",
        "for n in (signal.SIGALRM, signal.SIGPROF, signal.SIGVTALRM): signal.signal(n, signal.SIG_IGN)",
        "while True: pass",
    ),
    "that sleeps": ("import time", "time.sleep(1e6)"),
}


@pytest.mark.parametrize("loop", LOOPS)
def test_a_loop_ends_once_for_all_specs_that_meet_it(workspace, loop):
    squaring(workspace, *LOOPS[loop])
    more = "".join(
        f"""
    def test_again_{n}(self):
        \"\"\"Once more.\"\"\"
        from tinytorch.squaring import square

        assert square({n}) == {n * n}
"""
        for n in range(3)
    )
    toy.write(
        workspace, {"specs/test_03_squaring.py": toy.SPECS["specs/test_03_squaring.py"] + more}
    )
    toy.remake_manifest(workspace)
    run = toy.pytest_in(workspace, "--isolate", "--timeout=1", "-rs")
    assert run.code == 1
    assert run.states["03"] == "broken"
    assert run.passed() == {"00", "01", "02", "m01"}
    assert run.json["units"]["checkpoint-03"]["specs"] == {"broken": 1, "not run": 3}, run.output
    assert run.output.count("same cause as specs/test_03_squaring.py::TestSquare") == 3
    assert "squaring.py:" in run.output


def test_a_copy_of_the_worker_reports_nothing(workspace):
    squaring(workspace, "import os", "os.fork()")
    run = toy.pytest_in(workspace, "--isolate")
    assert "8 passed" in run.output
    assert run.code == 0


def test_a_unit_meets_nothing_that_another_left(workspace):
    closes = "    import os, sys\n    sys.stdout.close()\n    os.close(1)\n    return -x"
    text = toy.REFERENCE["adding"].replace("    return -x", closes)
    toy.write(workspace, {"tinytorch/adding.py": text})
    run = toy.pytest_in(workspace, "--isolate")
    assert run.states["03"] == "passed"
    assert run.json["units"]["checkpoint-03"]["specs"] == {"passed": 1}


def test_a_conftest_cannot_import_what_is_judged(workspace):
    toy.write(workspace, {"conftest.py": "import tinytorch.adding\n"})
    run = toy.pytest_in(workspace, "--isolate", cold=True)
    assert run.code == 4
    assert "conftest.py:1" in run.output
    assert "add --no-isolate" in run.output
    assert toy.pytest_in(workspace, "--no-isolate", cold=True).code == 0


def test_the_run_after_one_that_did_not_end_is_isolated(workspace):
    squaring(workspace, "import os", "os._exit(0)")
    run = toy.pytest_in(workspace, cold=True)
    assert run.json == {}
    (marker,) = markers(workspace)
    assert marker.startswith("running-")
    again = toy.pytest_in(workspace, cold=True)
    assert "(the last run did not finish)" in again.output
    assert again.states["03"] == "broken"
    assert len(markers(workspace)) == 2  # this one had trouble, too
    toy.solve(workspace, "squaring")
    assert "did not finish" in toy.pytest_in(workspace, cold=True).output
    assert markers(workspace) == []
    assert "did not finish" not in toy.pytest_in(workspace, cold=True).output


def test_stops_at_the_first_failure_if_asked(workspace):
    squaring(workspace, "raise ValueError")
    run = toy.pytest_in(workspace, "--isolate", "-x")
    assert "stopping after 1 failures" in run.output
    assert run.states["m01"] != "passed"


def test_hands_on_warnings_output_and_properties(workspace):
    warns = "warnings.warn('of my own', DeprecationWarning)"
    squaring(workspace, warns, "print('said')", "raise ValueError", head="import warnings\n")
    run = toy.pytest_in(workspace, "--isolate")
    assert "DeprecationWarning: of my own" in run.output
    assert "Captured stdout call" in run.output
    assert run.json["units"]["milestone-01"]["notes"] == {"doubled sum": 4}


def test_elsewhere_a_worker_of_xdist_takes_the_place_of_a_fork(workspace):
    squaring(workspace, "import os", "os._exit(0)")
    run = toy.pytest_in(workspace, "--isolate", "-p", "elsewhere_plugin", cold=True)
    assert run.code == 1
    assert run.states["03"] == "broken"
    assert run.passed() == {"00", "01", "02", "m01"}


def test_debugging_needs_this_process(workspace):
    run = toy.pytest_in(workspace, "--isolate", "-s", cold=True)
    assert "specs run in this process (-s)" in run.output
    assert run.code == 0


def test_ci_isolates(workspace):
    run = toy.pytest_in(workspace, variables={"CI": "true"}, cold=True)
    assert "separate processes (CI)" in run.output


def test_tests_that_are_no_specs_are_left_to_pytest(workspace):
    toy.write(workspace, {"own/test_mine.py": "def test_mine():\n    assert True\n"})
    run = toy.pytest_in(workspace, "--isolate", "own", cold=True)
    assert "separate processes" not in run.output
    assert "1 passed" in run.output
    assert markers(workspace) == []
    assert "separate processes" in toy.pytest_in(workspace, "--isolate", "own", "specs").output
