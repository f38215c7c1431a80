"""Containers: what an engine is told. The engine here is a stub; no real one has run these lines."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import replace

import pytest

from pytest_tinytorch.grade import containers
from pytest_tinytorch.grade.attempt import attempt, key_of
from pytest_tinytorch.grade.containers import Container, run_command, unfit
from pytest_tinytorch.grade.course import Limits
from pytest_tinytorch.grade.jobs import Job
from pytest_tinytorch.grade.kit import judges, open_kit
from pytest_tinytorch.grade.sandbox import (
    Kind,
    NoSandbox,
    Sandbox,
    asked_for,
    find_sandbox,
    outer_environment,
    prepare_check,
)
from pytest_tinytorch.grade.taking import take
from tests.grade.classes import MARK, SOLVED, hand_in, processes
from tests.grade.test_grading import commands, table, waited
from tests.grade.test_taking import items
from tests.support import kit, toy

SMALL = Limits(written=2, scratch=3, processes=24, memory=1024)
STUB = '''#!{python}
"""An engine that writes down what it is told, and runs the command in a folder instead of a container."""
import json, os, sys
from pathlib import Path

here, words = Path(__file__).parent, sys.argv[1:]
with (here / "told.jsonl").open("a") as told:
    told.write(json.dumps(words) + "\\n")
if words[0] == "ps":
    print("abc\\ndef")
if words[0] != "run":
    sys.exit()
place = words.index("--entrypoint")
image, arguments = words[place + 2], words[place + 3 :]
if image == "missing":
    sys.exit("docker: Error response from daemon: No such image: missing")
(mount,) = [word for word in words if word.startswith("type=bind")]
source = mount.split(",")[1].removeprefix("source=")
out = here / "out"
out.mkdir(exist_ok=True)
request = arguments[-1].replace("=/out/", f"={{out}}/").replace('"/out"', json.dumps(str(out)))
request = request.replace('"/kit"', json.dumps(source)).replace('"python"', json.dumps(sys.executable))
names = [words[n + 1].split("=", 1) for n, word in enumerate(words) if word == "--env"]
environment = dict(names) | {{"PATH": os.environ["PATH"], "PYTHONPATH": {root!r}}}
os.chdir(source)
assert arguments[:-1] == ["-m", "pytest_tinytorch.grade.inside"]
code = (
    "import json, sys; from pytest_tinytorch.grade import inside, sandbox; sandbox.HIDDEN = ();"
    "sys.exit(inside.main(json.loads(sys.argv[1])))"  # as in an image without PyTorch and SciPy
)
os.execve({python!r}, [{python!r}, "-c", code, request], environment)
'''


@pytest.fixture
def engine(tmp_path, monkeypatch):
    """The folder of a stub that is called docker; no other program of that name is found."""
    folder = tmp_path / "engine"
    folder.mkdir()
    file = folder / "docker"
    file.write_text(STUB.format(python=sys.executable, root=str(kit.ROOT)), encoding="utf-8")
    file.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    return folder


def told(engine, first):
    """The command lines that begin so."""
    file = engine / "told.jsonl"
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    return [words for words in map(json.loads, lines) if words[0] == first]


def container(tmp_path):
    return Container("podman", "kit:1", tmp_path, tmp_path / "run-a" / "kit", "/kit", "/out")


class TestCommandLines:
    @pytest.fixture
    def line(self, tmp_path):
        return run_command(container(tmp_path), SMALL, ["-c", "pass"], {"DATA": "d"})

    def after(self, line, option):
        return [line[n + 1] for n, word in enumerate(line) if word == option]

    def test_leave_nothing_behind(self, line, tmp_path):
        assert line[:2] == ["podman", "run"]
        assert "--rm" in line
        assert self.after(line, "--name") == [container(tmp_path).name]
        assert self.after(line, "--label") == [f"tinytorch-grader={tmp_path}"]

    def test_give_nothing_of_the_machine(self, line, tmp_path):
        assert self.after(line, "--network") == ["none"]
        assert self.after(line, "--env") == ["DATA=d"]
        source = tmp_path / "run-a" / "kit"
        assert self.after(line, "--mount") == [f"type=bind,source={source},target=/kit,readonly"]
        assert self.after(line, "--pull") == ["never"]
        assert not {"--volume", "-v", "--privileged", "--env-file", "--pid", "--device"} & {*line}

    def test_give_no_rights(self, line):
        assert self.after(line, "--cap-drop") == ["ALL"]
        assert self.after(line, "--security-opt") == ["no-new-privileges"]
        assert self.after(line, "--user") == ["59000:59000"]
        assert "--cap-add" not in line

    def test_limit_what_is_used(self, line):
        assert self.after(line, "--pids-limit") == ["24"]
        assert self.after(line, "--memory") == self.after(line, "--memory-swap") == ["1024m"]
        assert self.after(line, "--cpus") == ["1"]
        assert "--read-only" in line
        assert self.after(line, "--tmpfs") == [
            "/tmp:rw,exec,mode=1777,size=3m",
            "/out:rw,mode=1777,size=4m",
        ]
        assert self.after(line, "--shm-size") == ["3m"]

    def test_end_with_what_runs(self, line):
        assert line[-5:] == ["--entrypoint", "python", "kit:1", "-c", "pass"]
        assert "--interactive" in line

    def test_name_each_run_in_another_way(self, tmp_path):
        one = container(tmp_path)
        other = replace(one, workspace=tmp_path / "run-b" / "kit")
        assert one.name != other.name
        assert one.name.replace("-", "").isalnum()


@pytest.mark.skipif(sys.platform == "win32", reason="the stub is a script")
class TestStub:
    def test_a_class_is_graded_in_containers(self, engine, tmp_path, monkeypatch):
        toy.build(tmp_path / "kit")
        hand_in(tmp_path / "desk" / "a", SOLVED)
        monkeypatch.chdir(tmp_path / "kit")
        monkeypatch.setenv("SECRET_TOKEN", "x")
        words = ["grade", tmp_path / "desk", "--out", tmp_path / "out"]
        words += ["--sandbox", "docker", "--image", "kit:1"]
        said = kit.tito(*map(str, words))
        row = table(tmp_path / "out")["a"]
        assert (row["ending"], row["points"]) == ("graded", "5"), said
        assert row["flags"] == ""
        _, run = told(engine, "run")
        request = json.loads(run[-1])
        assert (request["command"][0], request["folder"], request["out"]) == (
            "python",
            "/kit",
            "/out",
        )
        assert "NPROC" not in request["limits"]
        assert "SECRET_TOKEN" not in " ".join(run)
        assert ["rm", "--force", run[run.index("--name") + 1]] in told(engine, "rm")

    def test_what_was_left_behind_is_ended_before_anything_runs(self, engine, tmp_path):
        prepare_check(find_sandbox("docker", "kit:1"), SMALL, tmp_path)
        label = f"label=tinytorch-grader={tmp_path}"
        assert told(engine, "ps") == [["ps", "--all", "--quiet", "--filter", label]]
        assert told(engine, "rm")[0] == ["rm", "--force", "abc", "def"]

    def test_a_container_ends_with_its_grader(self, engine, tmp_path):
        toy.build(tmp_path / "kit")
        hand_in(tmp_path / "desk" / "slow", {"adding": "import time\ntime.sleep(1000)\n"})
        words = ["grade", tmp_path / "desk", "--out", tmp_path / "out", "--env", MARK]
        words += ["--sandbox", "docker", "--image", "kit:1"]
        command = [sys.executable, "-m", "pytest_tinytorch.tito", *map(str, words)]
        environment = os.environ | {MARK: str(os.getpid())}
        with subprocess.Popen(command, cwd=tmp_path / "kit", env=environment) as grading:
            waited(lambda: any(b"the run" in line for line in commands(processes())))
            grading.send_signal(signal.SIGKILL)
        waited(lambda: not processes())

    def test_a_missing_image_is_an_error_that_says_what_helps(self, engine, tmp_path):
        with pytest.raises(NoSandbox, match=r"No such image: missing\. build or pull"):
            prepare_check(find_sandbox("docker", "missing"), SMALL, tmp_path)


class TestImages:
    def report(self, hidden=(), **other):
        return json.dumps({"judges": judges() | other, "hidden": hidden}).encode()

    def test_with_the_same_kit_can_be_used(self):
        assert unfit(self.report()) == ""

    def test_with_another_kit_cannot(self):
        here = judges()["numpy"]
        assert unfit(self.report(numpy="1.0")) == (
            f"another kit is installed in it: numpy 1.0, not {here}"
        )

    def test_with_answers_in_them_cannot(self):
        assert "could read /p/shipped, /p/torch" in unfit(self.report(["/p/shipped", "/p/torch"]))

    @pytest.mark.parametrize("text", [b"", b"[]", b"Python 3", b'{"judges": 1}'])
    def test_that_say_nothing_cannot(self, text):
        assert "install pytest-tinytorch in it" in unfit(text)


class TestAsking:
    @pytest.mark.parametrize("engine", ["docker", "podman"])
    def test_needs_an_image(self, engine):
        with pytest.raises(NoSandbox, match=f"--sandbox {engine} needs an image: --image NAME"):
            find_sandbox(engine)

    @pytest.mark.parametrize("kind", [None, "bubblewrap", "none"])
    def test_for_an_image_needs_an_engine(self, kind):
        with pytest.raises(NoSandbox, match="--image is for --sandbox docker"):
            asked_for(kind, "kit:1")

    def test_for_an_engine_that_is_not_there_is_an_error(self, tmp_path, monkeypatch):
        monkeypatch.setenv("PATH", str(tmp_path))
        with pytest.raises(NoSandbox, match="there is no podman here: install it"):
            find_sandbox("podman", "kit:1")

    @pytest.mark.skipif(sys.platform == "win32", reason="the stub is a script")
    def test_is_possible_on_other_systems(self, engine, monkeypatch):
        monkeypatch.setattr(sys, "platform", "darwin")
        assert find_sandbox("docker", "kit:1").program == str(engine / "docker")


def test_an_engine_sees_the_environment_and_a_run_does_not(monkeypatch):
    monkeypatch.setenv("DOCKER_HOST", "unix:///x")
    assert outer_environment(Sandbox(Kind.DOCKER, image="kit:1"))["DOCKER_HOST"] == "unix:///x"


def test_another_image_grades_anew(tmp_path):
    toy.build(tmp_path / "kit")
    job = Job(open_kit(tmp_path / "kit", None, {}), Sandbox(Kind.DOCKER, image="kit:1"), tmp_path)
    taken = take(items("tinytorch/a.py"), Limits())
    assert key_of(taken, job) != key_of(
        taken, replace(job, sandbox=replace(job.sandbox, image="kit:2"))
    )


def test_an_engine_that_fails_is_trouble(tmp_path):
    toy.build(tmp_path / "kit")
    box = Sandbox(Kind.DOCKER, str(tmp_path / "nowhere"), image="kit:1")
    job = Job(open_kit(tmp_path / "kit", None, {}), box, tmp_path)
    result = attempt(take(items("tinytorch/a.py"), Limits()), job)
    assert result.grade.ending == "void"
    assert str(tmp_path / "nowhere") in result.grade.reason


def test_the_words_of_engines_are_known():
    assert containers.remedy("Error: x: image not known") == "build or pull it first"
    assert containers.remedy("Cannot connect to the Docker daemon") == (
        "is it running, and may you use it?"
    )
    assert containers.remedy("something else") == ""
