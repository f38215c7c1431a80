"""Grading on other people's machines: GitHub's workflow and GitLab's jobs, their lines as they stand."""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
import subprocess
import sys

import pytest
import yaml

from pytest_tinytorch.tito.grade import grade
from tests.grade.classes import needed_sandbox
from tests.support import kit, toy

BASH = shutil.which("bash")
WORKFLOW = yaml.load(
    (kit.ROOT / ".github" / "workflows" / "grade.yml").read_text(encoding="utf-8"), yaml.BaseLoader
)
EXAMPLE = re.compile(r"^<!-- example: ([^\n]+) -->\n```yaml\n(.*?)^```$", re.MULTILINE | re.DOTALL)
EXAMPLES = {
    name: yaml.load(text, yaml.BaseLoader)
    for name, text in EXAMPLE.findall(
        (kit.ROOT / "docs" / "grading.md").read_text(encoding="utf-8")
    )
}
INPUTS = WORKFLOW["on"]["workflow_call"]["inputs"]
JOBS = WORKFLOW["jobs"]


def steps(job):
    return JOBS[job]["steps"]


def lines_of(job, name):
    """What the step of a job runs that has this name or id."""
    (step,) = [step for step in steps(job) if name in (step.get("name"), step.get("id"))]
    return step["run"]


class TestGitHub:
    def test_gives_every_input_to_the_jobs(self):
        """In an environment, never in the text of a command, where a name could give orders."""
        used = re.findall(r"inputs\.(\w+)", json.dumps(WORKFLOW))
        assert {*used} == {*INPUTS}
        for job in JOBS.values():
            assert not [step for step in job["steps"] if "${{" in step.get("run", "")]

    def test_knows_every_option_that_it_gives(self):
        known = {word for option in grade.params for word in option.opts}
        for job, name in (("part", "grade"), ("merge", "merge")):
            assert {*re.findall(r"--[a-z]+", lines_of(job, name))} <= known

    def test_grades_in_parts_and_then_merges_whatever_there_is(self):
        assert JOBS["part"]["strategy"]["fail-fast"] == "false"
        assert (JOBS["part"]["needs"], JOBS["merge"]["needs"]) == ("divide", "part")
        assert JOBS["merge"]["if"] == "${{ !cancelled() }}"
        uploads = {
            s["with"]["name"]: s
            for job in JOBS
            for s in steps(job)
            if "upload" in s.get("uses", "")
        }
        assert {name: step["with"]["path"] for name, step in uploads.items()} == {
            "part-${{ matrix.part }}": "part",
            "graded": "graded",
        }
        assert {step["if"] for step in uploads.values()} == {"${{ !cancelled() }}"}

    def test_may_only_read(self):
        assert WORKFLOW["permissions"] == {"contents": "read"}
        assert not [job for job in JOBS.values() if "permissions" in job]

    def test_is_called_as_the_docs_say(self):
        (job,) = EXAMPLES["grade-week-1.yml"]["jobs"].values()
        assert job["uses"] == "./.github/workflows/grade.yml"
        assert {*job["with"]} <= {*INPUTS}


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """A workspace, a class that needs no run, and what runs lines of bash as the services do."""
    needed_sandbox()
    if BASH is None:
        pytest.skip("the lines are for bash")
    root = toy.build(tmp_path / "kit")
    for name in "abcde":
        (root / "submissions" / name).mkdir(parents=True)
    (root / "class.csv").write_text("submission\n" + "\n".join("abcdef") + "\n", encoding="utf-8")
    (root / "course.toml").write_text("[course]\ntitle = 'Toys'\n", encoding="utf-8")
    programs = tmp_path / "bin"
    programs.mkdir()
    command = f'#!/bin/sh\nexec "{sys.executable}" -m pytest_tinytorch.tito "$@"\n'
    (programs / "tito").write_text(command, encoding="utf-8")
    (programs / "tito").chmod(0o755)

    def run(lines, **variables):
        given = {
            "GITHUB_OUTPUT": str(root / "output"),
            "GITHUB_STEP_SUMMARY": str(root / "summary"),
        }
        path = {"PATH": f"{programs}:{os.environ['PATH']}", "PYTHONPATH": str(kit.ROOT)}
        subprocess.run(
            [BASH, "--noprofile", "--norc", "-eo", "pipefail", "-c", lines],
            cwd=root,
            env={**path, **given, **variables},
            check=True,
        )

    run.root = root
    return run


def graded(folder):
    with (folder / "graded" / "grades.csv").open(encoding="utf-8", newline="") as stream:
        return {row["id"]: row["ending"] for row in csv.DictReader(stream)}


WHOLE = {**dict.fromkeys("abcde", "refused"), "f": "absent"}


def test_the_lines_for_github_grade_a_class(machine):
    inputs = {name: one["default"] for name, one in INPUTS.items()}
    inputs |= {"names": "class.csv", "course": "course.toml", "checkpoint": "01", "shards": "2"}
    given = {
        name: inputs[re.search(r"inputs\.(\w+)", text)[1]] for name, text in WORKFLOW["env"].items()
    }
    machine(lines_of("divide", "divide"), **given)
    parts = json.loads((machine.root / "output").read_text(encoding="utf-8").removeprefix("parts="))
    assert parts == [1, 2]
    (machine.root / "parts").mkdir()
    for part in parts:
        machine(lines_of("part", "grade"), **given, PART=str(part))
        (machine.root / "part").rename(machine.root / "parts" / f"part-{part}")
    machine(lines_of("merge", "merge"), **given)
    assert graded(machine.root) == WHOLE
    assert "5 refused, 1 absent" in (machine.root / "summary").read_text(encoding="utf-8")


def test_the_lines_for_gitlab_grade_a_class(machine):
    jobs = EXAMPLES[".gitlab-ci.yml"]
    assert jobs["merge"]["needs"] == ["part"]
    assert int(jobs["part"]["parallel"]) > 1
    for index in ("1", "2"):
        machine("\n".join(jobs["part"]["script"]), CI_NODE_INDEX=index, CI_NODE_TOTAL="2")
    assert {file.name for file in (machine.root / "parts").iterdir()} == {"1", "2"}
    machine("\n".join(jobs["merge"]["script"]))
    assert graded(machine.root) == dict.fromkeys("abcde", "refused")
