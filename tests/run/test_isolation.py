"""When specs are isolated, what a pool of workers counts, and what an end says of the source."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pytest_tinytorch.course.options import Options
from pytest_tinytorch.evidence.outcomes import State
from pytest_tinytorch.run import isolation, linux, workerends
from pytest_tinytorch.run.linux import Usage
from pytest_tinytorch.run.meter import CAP
from pytest_tinytorch.run.pool import LOOK_SECONDS, Watched

SOME = (Path("running-1"),)
GRADED = (("gradescope", Path("results.json")),)
only_linux = pytest.mark.skipif(not linux.is_here(), reason="reads /proc")


class TestDecision:
    @pytest.mark.parametrize(
        ("given", "markers", "ci", "interactive", "expected"),
        [
            (Options(), (), "", "", (False, "")),
            (Options(isolate=True), (), "", "", (True, "--isolate")),
            (Options(), SOME, "", "", (True, "the last run did not finish")),
            (Options(), (), "true", "", (True, "CI")),
            (Options(), (), "false", "", (False, "")),
            (Options(exports=GRADED), (), "", "", (True, "the results are for grading")),
            (Options(exports=(("json", Path("a")),)), (), "", "", (False, "")),
            (Options(isolate=False, exports=GRADED), SOME, "true", "", (False, "")),
            (Options(isolate=True), (), "", "--pdb", (False, "--pdb")),
            (Options(), (), "true", "-s", (False, "-s, although CI")),
            (Options(), (), "", "--pdb", (False, "")),
        ],
    )
    def test_of_each_reason(self, monkeypatch, given, markers, ci, interactive, expected):
        monkeypatch.setenv("CI", ci)
        decided = isolation.decide(given, markers, interactive)
        assert (decided.on, decided.why) == expected

    def test_is_said_at_the_head_of_a_run(self):
        assert "separate processes (CI)" in isolation.Isolation(True, "CI").header()
        assert "this process (--pdb)" in isolation.Isolation(False, "--pdb").header()
        assert isolation.Isolation(False).header() is None


class TestMarkers:
    def test_of_processes_that_are_gone(self, tmp_path):
        gone = subprocess.Popen([sys.executable, "-c", "pass"])
        gone.wait()
        alive = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
        names = [f"running-{n}" for n in (gone.pid, alive.pid, os.getpid(), "x")]
        for name in names:
            (tmp_path / name).touch()
        found = {marker.name for marker in isolation.unended_runs(tmp_path)}
        alive.communicate()
        assert found == {names[0], names[2]}

    def test_go_when_a_run_ends_well(self, tmp_path):
        marker = isolation.RunMarker(tmp_path / "new")
        marker.pytest_runtestloop()
        assert marker.file.exists()
        marker.pytest_runtest_logstart()
        marker.pytest_runtest_logfinish()
        marker.pytest_keyboard_interrupt()
        marker.pytest_unconfigure()
        assert not marker.file.exists()

    def test_stay_when_a_spec_is_interrupted(self, tmp_path):
        marker = isolation.RunMarker(tmp_path)
        marker.pytest_runtestloop()
        marker.pytest_runtest_logstart()
        marker.pytest_keyboard_interrupt()
        marker.pytest_unconfigure()
        assert marker.file.exists()

    def test_go_when_a_person_quits_the_debugger_but_stay_once_they_have_left_it(self, tmp_path):
        for left in (False, True):
            marker = isolation.RunMarker(tmp_path)
            marker.pytest_runtestloop()
            marker.pytest_runtest_logstart()
            marker.pytest_enter_pdb()
            if left:
                marker.pytest_leave_pdb()
            marker.pytest_keyboard_interrupt()
            marker.pytest_unconfigure()
            assert marker.file.exists() is left


class TestWatched:
    def test_counts_cpu_however_long_it_takes(self):
        watched = Watched(Usage(), 0.0)
        watched.look(Usage(cpu=1.0), 100.0)
        watched.look(Usage(cpu=1.5), 200.0)
        assert (watched.meter.cpu, watched.meter.waiting, watched.stopped) == (1.5, 0.0, 0.0)

    def test_counts_no_pause_of_its_own(self):
        watched = Watched(Usage(), 0.0)
        watched.look(Usage(), 1000.0)
        assert watched.meter.waiting == CAP * LOOK_SECONDS

    def test_counts_no_waiting_for_a_core(self):
        watched = Watched(Usage(), 0.0)
        for n in range(1, 101):
            watched.look(Usage(cpu=0.01 * n, queued=0.24 * n), 0.25 * n)
        assert watched.meter.waiting == pytest.approx(0.0, abs=1e-9)

    def test_counts_a_sleep_as_waiting_and_a_stop_as_none(self):
        watched = Watched(Usage(), 0.0)
        for n in range(1, 9):
            watched.look(Usage(stopped=4 < n < 8), 0.25 * n)
        assert (watched.meter.waiting, watched.stopped) == (1.25, 0.75)


@pytest.mark.parametrize(
    ("ending", "state", "says"),
    [
        (workerends.of_code(0), State.BROKEN, "exited with code 0"),
        (workerends.of_code(-11), State.BROKEN, "SIGSEGV"),
        (workerends.of_code(-6), State.BROKEN, "SIGABRT"),
        (workerends.of_code(-9), State.NOT_RUN, "SIGKILL"),
        (workerends.of_code(-15), State.NOT_RUN, "SIGTERM"),
        (workerends.of_code(-63), State.BROKEN, "63"),
        (workerends.of_failure("TypeError: x"), State.BROKEN, "pytest itself fail: TypeError: x"),
        (workerends.of_code(workerends.UNSTOPPABLE), State.BROKEN, "catches every exception"),
        (workerends.of_code(-24), State.BROKEN, "loop that never ends"),
        (workerends.of_loop(31.4), State.BROKEN, "31 s of CPU time"),
        (workerends.of_same_cause("a::b"), State.NOT_RUN, "same cause as a::b"),
        (workerends.of_waiting(61.2), State.BROKEN, "61 s of waiting"),
        (workerends.of_stop(61.2), State.NOT_RUN, "stopped for 61 s"),
    ],
)
def test_an_end_is_evidence_only_where_the_code_has_made_it(ending, state, says):
    assert ending.state == state
    assert says in str(ending)


@only_linux
class TestLinux:
    def test_tells_what_a_process_uses(self):
        before = linux.usage_of(os.getpid()).cpu
        while linux.usage_of(os.getpid()).cpu < before + 0.05:
            pass
        assert linux.usage_of(2**22 + 1) is None

    def test_tells_whether_a_process_is_stopped(self):
        child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
        assert child.pid in linux.children_of(os.getpid())
        assert not linux.usage_of(child.pid).stopped
        child.send_signal(19)
        while not linux.usage_of(child.pid).stopped:
            pass
        child.send_signal(18)
        child.communicate()
        assert child.pid not in linux.children_of(os.getpid())

    def test_ends_the_children_of_children(self):
        script = """
import os, subprocess, sys
from pytest_tinytorch.run import linux
kept = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
linux.adopt_orphans()
inner = "import os, time; os.setsid(); print(os.fork(), flush=True); time.sleep(1000)"
outer = subprocess.Popen([sys.executable, "-c", inner], stdout=subprocess.PIPE, text=True)
orphan = int(outer.stdout.readline())
ended = linux.end_children({kept.pid})
print(ended, linux.usage_of(orphan), kept.poll())
kept.communicate()
"""
        done = subprocess.run(
            [sys.executable, "-c", script], capture_output=True, text=True, check=True
        )
        assert done.stdout.split() == ["2", "None", "None"]
