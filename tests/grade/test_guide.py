"""The guide for instructors: a course from a fork to the final grade, its commands as they stand there."""

from __future__ import annotations

import csv
import os
import re
import shutil
import subprocess
import sys

import pytest

from tests.grade.classes import hand_in, needed_sandbox
from tests.support import kit, toy
from tests.support.long import is_long

BASH = shutil.which("bash")
BLOCK = re.compile(
    r"^<!-- course(?:: ([^\n]+))? -->\n```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL
)
GUIDE = BLOCK.findall((kit.ROOT / "docs" / "instructors.md").read_text(encoding="utf-8"))
"""Each part of the course: the file that it is, if it is one, its language, and what is in it."""
WORKSHEET = "Identifier,Full name,ID number,Grade,Maximum grade,Feedback comments\n"
WORKSHEET += "Participant 7,Ann Smith,u1001,,100.00,\nParticipant 8,Łukasz Żółć,u1002,,100.00,\n"


def make_fork(folder):
    """A repository like a fork of the kit: the kit itself in a long run, and else a kit of toys."""
    if is_long():
        listed = subprocess.run(
            ["git", "ls-files", "-co", "--exclude-standard", "-z"],
            cwd=kit.ROOT,
            capture_output=True,
            check=True,
        )
        for name in filter(None, listed.stdout.decode().split("\0")):
            if (kit.ROOT / name).is_file():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(kit.ROOT / name, folder / name)
        names, texts = ("tensor", "activations"), kit.reference_text
    else:
        toy.build(folder)
        names, texts = ("adding", "doubling"), toy.REFERENCE.__getitem__
    for words in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "one"]):
        name = ("-c", "user.name=x", "-c", "user.email=x@localhost")
        subprocess.run(["git", *name, *words], cwd=folder, check=True)
    return {name: texts(name) for name in names}


@pytest.fixture
def course(tmp_path):
    """What runs a block of the guide, and the modules that students hand in."""
    needed_sandbox()
    if BASH is None or shutil.which("git") is None:
        pytest.skip("the commands are for bash and git")
    modules = make_fork(tmp_path / "fork")
    programs = tmp_path / "bin"
    programs.mkdir()
    for name, what in (("tito", "-P -m pytest_tinytorch.tito"), ("pytest", "-P -m pytest")):
        text = f'#!/bin/sh\nexec "{sys.executable}" {what} "$@"\n'
        (programs / name).write_text(text, encoding="utf-8")
    # What it would install is installed already.
    (programs / "pip").write_text(
        f'#!/bin/sh\necho "$@" >"{tmp_path}/installed"\n', encoding="utf-8"
    )
    for program in programs.iterdir():
        program.chmod(0o755)

    def run(lines):
        root = tmp_path / "course"
        done = subprocess.run(
            [BASH, "-euo", "pipefail", "-c", lines],
            cwd=root if root.exists() else tmp_path,
            env={
                **os.environ,
                "FORK": str(tmp_path / "fork"),
                "PATH": f"{programs}:{os.environ['PATH']}",
                "PYTHONPATH": str(kit.ROOT),
            },
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=False,
        )
        assert done.returncode == 0, f"{lines}\n{done.stdout}{done.stderr}"
        return done.stdout

    run.root, run.modules = tmp_path / "course", modules
    return run


def graded(folder):
    with (folder / "grades.csv").open(encoding="utf-8", newline="") as stream:
        return {row["id"]: (row["name"], row["points"]) for row in csv.DictReader(stream)}


def test_a_course_goes_from_a_fork_to_the_final_grade(course):
    (_, _, first), *others = GUIDE
    course(first)
    assert "-e .[grade]" in (course.root.parent / "installed").read_text(encoding="utf-8")
    for week in ("week-1", "final"):
        hand_in(course.root / "submissions" / week / "ann", course.modules)
        half = dict([*course.modules.items()][:1])
        hand_in(course.root / "submissions" / week / "lukasz", half)
    (course.root / "worksheet.csv").write_text(WORKSHEET, encoding="utf-8")
    said = ""
    for file, language, text in others:
        assert bool(file) == (language != "sh")
        if file:
            (course.root / file).write_text(text, encoding="utf-8")
        else:
            said += course(text)
    names = {"u1001": "Ann Smith", "u1002": "Łukasz Żółć", "u1003": "Eve Jones"}
    week, final = graded(course.root / "graded/week-1"), graded(course.root / "graded/final")
    assert week == {
        one: (names[one], points) for one, points in zip(names, ("5", "2.7", "0"), strict=True)
    }
    assert final == {
        one: (names[one], points) for one, points in zip(names, ("20", "10", "0"), strict=True)
    }
    assert (course.root / "week-1.zip").is_file()
    assert "At home: pytest -p tinytorch --isolate --checkpoint=01-02" in said
    sheet = (course.root / "graded/final/moodle.csv").read_text(encoding="utf-8").splitlines()
    assert [line.split(",")[3] for line in sheet] == ["Grade", "66.67", "33.33"]
