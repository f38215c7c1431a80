"""An autograder for Gradescope: its zip, and its script in a folder as Gradescope makes it."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

import pytest_tinytorch
from pytest_tinytorch.grade import surroundings
from pytest_tinytorch.grade.autograder import autograder_zip
from pytest_tinytorch.grade.course import Limits
from pytest_tinytorch.grade.kit import open_kit
from pytest_tinytorch.grade.sandbox import NoSandbox, Sandbox
from pytest_tinytorch.grade.sandboxkind import Kind
from pytest_tinytorch.grade.surroundings import choose_sandbox, container_of, owner_of_container
from pytest_tinytorch.grade.wheel import wheel
from tests.grade.classes import DESK, SOLVED, hand_in, needed_sandbox
from tests.support import kit, toy
from tests.support.long import is_long

BASH = shutil.which("bash")
SCHEMA = json.loads(
    Path(pytest_tinytorch.__file__)
    .with_name("export")
    .joinpath("gradescope.schema.json")
    .read_text("utf-8")
)
COURSE = "[course]\ntitle = 'Toys'\n[points]\n'03' = 4\n"


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """What is in the zip of a course of toys, by path."""
    folder = tmp_path_factory.mktemp("course")
    (folder / "course.toml").write_text(COURSE, encoding="utf-8")
    root = toy.build(folder / "kit")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        words = ("--course", str(folder / "course.toml"), "--checkpoint", "01-03")
        for name in ("one.zip", "two.zip"):
            said = kit.tito("grade", "--gradescope-zip", str(folder / name), *words)
            assert "upload it on Gradescope" in said
    assert (folder / "one.zip").read_bytes() == (folder / "two.zip").read_bytes()
    with zipfile.ZipFile(folder / "one.zip") as archive:
        modes = {info.filename: info.external_attr >> 16 for info in archive.infolist()}
        assert {name for name, mode in modes.items() if mode & 0o111} == {
            "setup.sh",
            "run_autograder",
        }
        return {name: archive.read(name) for name in archive.namelist()}


class TestZip:
    def test_has_the_course_the_specs_and_the_kit(self, files):
        assert files["options"] == b"--checkpoint=01-03\n"
        assert files["course.toml"].decode() == COURSE
        for path in (
            "specs/test_01_adding.py",
            "tinytorch/adding.py",
            "curriculum.toml",
            "pytest.ini",
        ):
            assert f"kit/{path}" in files
        assert b"NotImplementedError" in files["kit/tinytorch/adding.py"]
        assert files["kit/reference/tinytorch/adding.py"].decode() == SOLVED["adding"]
        pinned = files["constraints.txt"].decode().split()
        assert {line.partition("==")[0] for line in pinned} == {
            *("pytest", "hypothesis", "numpy", "pytest-timeout")
        }

    def test_of_the_installed_kit_takes_its_solution_from_the_wheel(self):
        opened = open_kit(None, None, {"checkpoint": "02", "borrow": "01"})
        with zipfile.ZipFile(io.BytesIO(autograder_zip(opened, None, None))) as archive:
            names = archive.namelist()
        assert "kit/specs/test_01_tensor.py" in names
        assert not [name for name in names if name.startswith("kit/reference/")]
        assert "course.toml" not in names

    @pytest.mark.skipif(BASH is None, reason="the scripts are for bash")
    @pytest.mark.parametrize("script", ["setup.sh", "run_autograder"])
    def test_has_scripts_that_bash_can_read(self, files, script):
        assert files[script].startswith(b"#!/usr/bin/env bash\n")
        subprocess.run([BASH, "-n", "-c", files[script].decode()], check=True)

    def test_is_refused_where_nothing_is_asked_for(self, tmp_path, monkeypatch):
        monkeypatch.chdir(toy.build(tmp_path / "kit"))
        words = ("--gradescope-zip", str(tmp_path / "a.zip"), "--checkpoint", "00")
        assert "nothing that gives points" in kit.tito("grade", *words, code=2)
        assert not (tmp_path / "a.zip").exists()


class TestWheel:
    def test_can_be_installed_and_has_the_kit(self, tmp_path):
        name, data = wheel()
        (tmp_path / name).write_bytes(data)
        words = ("--no-index", "--no-deps", "--no-compile", "--target", str(tmp_path / "to"))
        pip = [sys.executable, "-m", "pip", "install", "--quiet", *words, str(tmp_path / name)]
        subprocess.run(pip, check=True)
        code = (
            "from importlib.metadata import entry_points, version\n"
            "from pytest_tinytorch.evidence.implementation import kit_home\n"
            "from pytest_tinytorch.grade.kit import open_kit\n"
            "print(version('pytest-tinytorch'), kit_home().parts[-2:])\n"
            "print([e.value for e in entry_points(group='pytest11', name='tinytorch')][0])\n"
            "print(open_kit(None, None, {'checkpoint': '01'}).asked[0].label)\n"
        )
        done = subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONPATH": str(tmp_path / "to"), "PYTHONUTF8": "1"},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=True,
        )
        version, plugin, unit = done.stdout.splitlines()
        assert version.endswith("('pytest_tinytorch', 'shipped')")
        assert plugin == "pytest_tinytorch.plugin"
        assert unit == "01 tensor"

    def test_says_of_each_file_what_is_in_it(self):
        """pip believes the list, so it has to be whole."""
        _, data = wheel()
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = archive.namelist()
            (record,) = [name for name in names if name.endswith("/RECORD")]
            listed = [line.split(",")[0] for line in archive.read(record).decode().splitlines()]
        assert sorted(listed) == sorted(names)
        assert not [name for name in names if "__pycache__" in name or "/website/" in name]


@pytest.fixture
def open_folder():
    """A folder that other users can read, unlike pytest's own."""
    home = Path(tempfile.mkdtemp(prefix="autograder-"))
    home.chmod(0o755)
    yield home
    shutil.rmtree(home)


@pytest.fixture
def autograder(files, open_folder):
    """Gradescope's folder, which other users can read, and what runs its script with an interpreter."""
    needed_sandbox()
    if BASH is None:
        pytest.skip("the scripts are for bash")
    home = open_folder / "autograder"
    home.mkdir()
    for path, data in files.items():
        (home / "source" / path).parent.mkdir(parents=True, exist_ok=True)
        (home / "source" / path).write_bytes(data)
    shutil.copy(home / "source" / "run_autograder", home)
    for name in ("submission", "results"):
        (home / name).mkdir()

    def run(python=sys.executable, code=0):
        variables = {"AUTOGRADER": str(home), "PYTHON": str(python), "PATH": os.environ["PATH"]}
        done = subprocess.run(
            [BASH, str(home / "run_autograder")],
            env=variables,
            cwd=home,
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=False,
        )
        assert done.returncode == code, done.stdout + done.stderr
        results = home / "results" / "results.json"
        return (
            json.loads(results.read_text("utf-8"))
            if results.exists()
            else done.stdout + done.stderr
        )

    run.home = home
    return run


def points(results):
    Draft202012Validator(SCHEMA).validate(results)
    return {test["name"]: (test["score"], test["max_score"]) for test in results["tests"]}


class TestScript:
    def test_grades_by_the_rules_of_the_course(self, autograder):
        hand_in(autograder.home / "submission", DESK["half"])
        results = autograder()
        assert points(results) == {
            "01 adding": (1, 1),
            "02 doubling": (0, 1),
            "03 squaring": (0, 4),
        }
        assert results["score"] == 1
        assert results["extra_data"]["sandbox"].startswith("bubblewrap")

    def test_says_what_is_wrong_with_what_was_uploaded(self, autograder):
        (autograder.home / "submission" / "adding.py").write_text("", encoding="utf-8")
        results = autograder()
        assert results["score"] == 0
        assert "there is no folder tinytorch/" in results["output"]

    def test_takes_no_export_for_more_than_a_submission(self, autograder):
        place = hand_in(autograder.home / "submission" / "x", DESK["half"]).parent
        (place / "submission_metadata.yml").write_text("x:\n  :submitters: []\n", encoding="utf-8")
        assert autograder()["score"] == 1

    def test_leaves_no_results_if_the_machine_fails(self, autograder):
        said = autograder(python="/bin/false", code=1)
        assert isinstance(said, str)


@pytest.fixture
def others_python(open_folder):
    """An interpreter that another user can run with all packages."""
    if os.name != "posix" or os.geteuid() != 0:
        pytest.skip("only root can become another user")
    home = open_folder / "python"
    home.mkdir()
    same = shutil.which(f"python3.{sys.version_info.minor}", path="/usr/bin:/usr/local/bin")
    builder = [same or sys.executable, "-m", "venv", "--without-pip", str(home / "own")]
    subprocess.run(builder, check=True)
    packages = next((home / "own" / "lib").glob("python3*/site-packages"))
    folders = [path for path in sys.path if path.endswith("-packages")] + [str(kit.ROOT)]
    lines = [f"import site; site.addsitedir({path!r})" for path in folders]
    (packages / "others.pth").write_text("\n".join(lines), encoding="utf-8")
    python = home / "own" / "bin" / "python"
    known = subprocess.run(
        [python, "-c", "import numpy, pytest, hypothesis, pytest_tinytorch"],
        cwd="/",
        user=59_000,
        group=59_000,
        extra_groups=[],
        capture_output=True,
        check=False,
    )
    if known.returncode != 0:
        pytest.skip(f"another user cannot run Python here: {known.stderr.decode()[-200:]}")
    return python


SNOOPS = (
    "import os, pathlib\n"
    "HOME = pathlib.Path({home!r})\n"
    "found = [os.getuid() == 0]\n"
    "for place in ('source/course.toml', 'source/kit/specs', 'results'):\n"
    "    found.append(os.access(HOME / place, os.R_OK))\n"
    "if any(found):\n"
    "    raise RuntimeError(str(found))\n"
)
"""Fails if it finds what a submission must not see."""


@pytest.fixture
def no_namespaces(tmp_path, monkeypatch):
    """Bubblewrap as it is in Gradescope's container."""
    program = tmp_path / "bwrap"
    program.write_text(
        "#!/bin/sh\necho 'bwrap: No permissions to create new namespace' >&2\nexit 1\n", "utf-8"
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")


class TestContainer:
    """Where bubblewrap does not start, as in Gradescope's container."""

    def test_grades_as_another_user_and_says_so(self, autograder, others_python, no_namespaces):
        home = autograder.home
        snoops = SNOOPS.format(home=str(home)) + SOLVED["adding"]
        hand_in(home / "submission", {**SOLVED, "adding": snoops})
        subprocess.run(["chmod", "-R", "go=", str(home / "source")], check=True)
        results = autograder(python=others_python)
        assert points(results)["01 adding"] == (1, 1), results
        assert results["score"] == 6
        assert results["extra_data"] == {"sandbox": "container"}
        assert (
            "graded in a container of Gradescope, without a sandbox of its own" in results["output"]
        )

    @pytest.mark.parametrize(
        ("variables", "owner"),
        [
            ({}, ""),
            ({"GITHUB_ACTIONS": "true"}, ""),
            ({"GITHUB_ACTIONS": "true", "RUNNER_ENVIRONMENT": "self-hosted"}, ""),
            ({"GITHUB_ACTIONS": "true", "RUNNER_ENVIRONMENT": "github-hosted"}, "GitHub"),
        ],
    )
    def test_is_recognized_by_its_owners_signs(self, tmp_path, variables, owner):
        variables = {"AUTOGRADER": str(tmp_path), **variables}
        assert owner_of_container(variables) == owner
        for name in ("run_autograder", "source", "submission", "results"):
            (tmp_path / name).mkdir()
        assert owner_of_container(variables) == "Gradescope"

    def test_is_never_used_for_several_submissions(self, no_namespaces, monkeypatch):
        monkeypatch.setattr(surroundings, "owner_of_container", lambda: "Gradescope")
        monkeypatch.setattr(surroundings, "container_of", lambda owner: Sandbox(Kind.CONTAINER))
        assert choose_sandbox(None, "", True, Limits()).kind == Kind.CONTAINER
        assert choose_sandbox(None, "", False, Limits()).kind == Kind.BUBBLEWRAP
        assert choose_sandbox("none", "", True, Limits()).kind == Kind.NONE
        with pytest.raises(NoSandbox, match="--image is for"):
            choose_sandbox(None, "kit:1", True, Limits())

    def test_is_not_used_where_root_stays_root(self, monkeypatch):
        monkeypatch.setattr(surroundings.os, "geteuid", lambda: 0)
        monkeypatch.setattr(surroundings, "trouble_as", lambda uid: "no module named numpy")
        with pytest.raises(NoSandbox, match=r"as another user, .* no module named numpy"):
            container_of("Gradescope")

    def test_cannot_be_asked_for(self, tmp_path):
        said = kit.tito(
            "grade", "x", "--sandbox", "container", "--out", str(tmp_path / "o"), code=2
        )
        assert "'container' is not one of" in said


@pytest.mark.skipif(
    not is_long(), reason="installs packages, so it needs an index of them, and a minute"
)
def test_an_image_can_be_set_up(autograder, files):
    home = autograder.home
    variables = {**os.environ, "AUTOGRADER": str(home)}
    subprocess.run([BASH, str(home / "source" / "setup.sh")], env=variables, check=True)
    hand_in(home / "submission", SOLVED)
    assert autograder(python=home / "environment" / "bin" / "python")["score"] == 6
    assert oct((home / "source").stat().st_mode & 0o077) == "0o0"
