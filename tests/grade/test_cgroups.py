"""Cgroups: what is written where the system lets the grader have some, and that nothing is where it does not.

A folder stands for the system's: it has the files, and does nothing. One test needs the real thing.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from pytest_tinytorch.grade import cgroups
from pytest_tinytorch.grade.attempt import judged
from pytest_tinytorch.grade.canaries import Planting
from pytest_tinytorch.grade.cgroups import BESIDE, Group, Groups, delegated, opened
from pytest_tinytorch.grade.course import MEGABYTE, Course, Limits
from pytest_tinytorch.grade.jobs import Answer, Job
from pytest_tinytorch.grade.kit import Kit
from pytest_tinytorch.grade.launch import run
from pytest_tinytorch.grade.sandbox import Sandbox
from pytest_tinytorch.grade.sandboxkind import Kind
from tests.grade import classes
from tests.support import kit

SMALL = Limits(memory=256, processes=24, cpu=1)
ON_LINUX = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has cgroups")


@pytest.fixture
def tree(tmp_path):
    """(where cgroups are, what says which is ours, ours): a cgroup with all that a delegated one has."""
    mount, told = tmp_path / "cgroup", tmp_path / "told"
    own = mount / "user.slice" / "grader.scope"
    own.mkdir(parents=True)
    files = {
        "cgroup.controllers": "cpu memory pids\n",
        "cgroup.procs": "",
        "cgroup.subtree_control": "",
    }
    for name, text in files.items():
        (own / name).write_text(text, encoding="ascii")
    told.write_text("12:cpu:/x\n0::/user.slice/grader.scope\n", encoding="ascii")
    return mount, told, own


@pytest.fixture
def removes(monkeypatch):
    """Removing a cgroup removes its files, as the system does it."""
    monkeypatch.setattr(Path, "rmdir", shutil.rmtree)


class TestFinding:
    def test_takes_the_one_that_it_was_started_in(self, tree):
        mount, told, own = tree
        assert delegated(mount, told) == own

    @pytest.mark.parametrize(
        ("name", "text"),
        [
            ("cgroup.controllers", "cpu pids\n"),
            ("cgroup.controllers", "memory\n"),
            ("told", "4:memory:/x\n"),
        ],
        ids=["no memory", "no processes", "version 1"],
    )
    def test_takes_none_that_cannot_limit(self, tree, name, text):
        mount, told, own = tree
        (told if name == "told" else own / name).write_text(text, encoding="ascii")
        assert delegated(mount, told) is None

    def test_takes_none_that_it_may_not_write(self, tree, monkeypatch):
        mount, told, own = tree
        closed = own / "cgroup.subtree_control"
        monkeypatch.setattr(os, "access", lambda place, mode: place != closed)
        assert delegated(mount, told) is None

    def test_takes_none_where_the_system_has_none(self, tmp_path):
        assert delegated(tmp_path, tmp_path / "nothing") is None
        with opened(tmp_path, tmp_path / "nothing") as groups:
            assert groups is None


class TestMakingRoom:
    def test_moves_the_grader_into_one_of_its_own(self, tree, removes):
        mount, told, own = tree
        (own / "tinytorch-run-0123").mkdir()  # of a grader that was killed
        with opened(mount, told) as groups:
            assert groups == Groups(own)
            moved = (own / "tinytorch-grader" / "cgroup.procs").read_text(encoding="ascii")
            assert moved == f"{os.getpid()}\n"
            control = (own / "cgroup.subtree_control").read_text(encoding="ascii")
            assert control == "+memory +pids\n"
            assert not (own / "tinytorch-run-0123").exists()
        assert (own / "cgroup.subtree_control").read_text(encoding="ascii") == "-memory -pids\n"
        assert (own / "cgroup.procs").read_text(encoding="ascii") == f"{os.getpid()}\n"
        assert not (own / "tinytorch-grader").exists()

    def test_goes_without_where_others_are_in_it(self, tree, removes, monkeypatch):
        mount, told, own = tree
        write = cgroups.write

        def busy(folder, name, value):
            if str(value).startswith("+"):
                raise OSError(16, "Device or resource busy")
            write(folder, name, value)

        monkeypatch.setattr(cgroups, "write", busy)
        with opened(mount, told) as groups:
            assert groups is None
        assert (own / "cgroup.procs").read_text(encoding="ascii") == f"{os.getpid()}\n"
        assert not (own / "tinytorch-grader").exists()


class TestGroup:
    def test_has_the_limits_of_a_course(self, tmp_path, removes):
        with Groups(tmp_path).one(SMALL) as group:
            found = {f.name: f.read_text(encoding="ascii") for f in group.folder.iterdir()}
            assert group.folder.parent == tmp_path
        assert found == {
            "memory.max": f"{256 * MEGABYTE}\n",
            "memory.swap.max": "0\n",
            "pids.max": f"{24 + BESIDE}\n",
        }
        assert [*tmp_path.iterdir()] == []

    def test_ends_what_is_in_it(self, tmp_path, monkeypatch):
        told = []
        monkeypatch.setattr(
            cgroups, "write", lambda folder, name, value: told.append((name, value))
        )
        with Groups(tmp_path).one(SMALL):
            told.clear()
        assert told == [("cgroup.kill", 1)]

    @ON_LINUX
    def test_is_entered_before_the_program_begins(self, tmp_path):
        words = Group(tmp_path).entered(
            [sys.executable, "-c", "import os, sys; print(os.getpid(), sys.argv)", "a b"]
        )
        done = subprocess.run(words, capture_output=True, text=True, check=True)
        process = (tmp_path / "cgroup.procs").read_text(encoding="ascii").strip()
        assert done.stdout == f"{process} ['-c', 'a b']\n"

    @ON_LINUX
    def test_that_cannot_be_entered_begins_nothing(self, tmp_path):
        words = Group(tmp_path / "gone").entered([sys.executable, "-c", "print('begun')"])
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        assert (done.returncode != 0, done.stdout) == (True, "")

    @pytest.mark.parametrize(
        ("text", "starved"),
        [("low 0\noom 2\noom_kill 1\n", True), ("oom 2\noom_kill 0\n", False), (None, False)],
    )
    def test_tells_whether_memory_ran_out(self, tmp_path, text, starved):
        if text is not None:
            (tmp_path / "memory.events").write_text(text, encoding="ascii")
        assert Group(tmp_path).starved == starved


def job(folder, box, **more):
    return Job(Kit({}, {}, kit.course(), Course(limits=SMALL), (), (), ""), box, folder, **more)


class TestResults:
    def test_say_that_there_was_one(self, tmp_path):
        box = Sandbox(Kind.BUBBLEWRAP)
        assert job(tmp_path, box).kept_apart == "bubblewrap"
        with_groups = job(tmp_path, box, groups=Groups(tmp_path))
        assert with_groups.kept_apart == "bubblewrap with cgroups"
        result, _ = judged(Answer(trouble="no"), (), with_groups, Planting())
        assert result.grade.sandbox == "bubblewrap with cgroups"

    @pytest.mark.parametrize("told", [{"trouble": "no answer"}, {"code": -9}])
    def test_of_a_run_that_used_up_the_memory_are_its_own_fault(self, tmp_path, told):
        answer = Answer(**told, starved=True)
        result, again = judged(answer, (), job(tmp_path, Sandbox(Kind.NONE)), Planting())
        assert (result.grade.ending, again) == ("ended", False)
        assert result.grade.reason == "its processes used more than 256 MB of memory together"

    @ON_LINUX
    def test_are_made_in_it(self, tmp_path, monkeypatch, removes):
        """Without a sandbox, and with a folder that stands for the system's."""
        monkeypatch.setattr(
            "pytest_tinytorch.grade.launch.command",
            lambda *rest: [sys.executable, "-c", "print(7)"],
        )
        entered = []
        enter = Group.entered
        monkeypatch.setattr(
            Group, "entered", lambda self, words: entered.append(self.folder) or enter(self, words)
        )
        for name in ("kit", "out", "cgroup"):
            (tmp_path / name).mkdir()
        own = job(tmp_path, Sandbox(Kind.NONE), groups=Groups(tmp_path / "cgroup"))
        answer = run(tmp_path / "kit", tmp_path / "out", own, Planting())
        assert (answer.trouble, answer.code, answer.starved) == ("", 0, False)
        assert len(entered) == 1
        assert not entered[0].exists()


@ON_LINUX
def test_memory_is_limited_for_all_processes_together(tmp_path, monkeypatch):
    """Each of many uses less than it may: the real thing."""
    box = classes.needed_sandbox()
    code = (
        "import os, time\n"
        "for _ in range(8):\n"
        "    if os.fork() == 0:\n"
        "        kept = bytearray(100 << 20)\n"
        "        kept[::4096] = b'x' * (len(kept) // 4096)\n"
        "        time.sleep(20)\n"
        "        os._exit(0)\n"
        "while True:\n"
        "    try:\n"
        "        os.wait()\n"
        "    except ChildProcessError:\n"
        "        break\n"
    )
    monkeypatch.setattr(
        "pytest_tinytorch.grade.launch.command", lambda *rest: [sys.executable, "-c", code]
    )
    for name in ("kit", "out"):
        (tmp_path / name).mkdir()
    with opened() as groups:
        if groups is None:
            pytest.skip("no cgroup is delegated to this process")
        answers = [
            run(tmp_path / "kit", tmp_path / "out", replace(one, groups=groups), Planting())
            for one in (job(tmp_path, box), job(tmp_path, box))
        ]
        assert [answer.starved for answer in answers] == [True, True]
        assert not [*groups.folder.glob("tinytorch-run-*")]
