"""What CI does on a learner's fork, at each stage of the way."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys

import pytest

from tests import kit, toy
from tests.warm import learners_environment

BASH = shutil.which("bash")


@pytest.fixture
def fork(tmp_path):
    """A toy workspace with the script that the workflow calls."""
    root = toy.build(tmp_path)
    (root / ".ci").mkdir()
    shutil.copy(kit.ROOT / ".ci" / "learn", root / ".ci" / "learn")
    return root


def learn(root, summary):
    environment = learners_environment() | {
        "CI": "true",
        "GITHUB_STEP_SUMMARY": str(summary),
        "PYTHON": sys.executable,
        "PYTHONPATH": str(kit.ROOT),
    }
    command = [BASH, str(root / ".ci" / "learn"), "-p", "no:cacheprovider"]
    return subprocess.run(
        command, env=environment, capture_output=True, text=True, encoding="utf-8", check=False
    )


@pytest.mark.skipif(BASH is None, reason="the script is for bash")
class TestFork:
    @pytest.mark.parametrize(
        ("solved", "passed"), [((), 1), (("adding",), 2), (tuple(toy.REFERENCE)[1:], 6)]
    )
    def test_whatever_is_done_is_told_and_nothing_fails(self, fork, tmp_path, solved, passed):
        toy.solve(fork, *solved)
        done = learn(fork, tmp_path / "summary.md")
        assert done.returncode == 0, done.stdout + done.stderr
        table = json.loads((fork / ".tinytorch" / "progress.json").read_text(encoding="utf-8"))
        states = [unit["state"] for unit in table["units"].values()]
        assert states.count("passed") == passed
        summary = (tmp_path / "summary.md").read_text(encoding="utf-8")
        assert summary.startswith("## tinytorch: ")
        assert (fork / ".tinytorch" / "badge.svg").is_file()

    def test_what_is_wrong_fails_and_is_in_the_summary(self, fork, tmp_path):
        toy.write(fork, {"tinytorch/adding.py": toy.REFERENCE["adding"].replace("x + y", "x - y")})
        done = learn(fork, tmp_path / "summary.md")
        assert done.returncode == 1
        assert "❌ wrong | 01 adding" in (tmp_path / "summary.md").read_text(encoding="utf-8")


def test_the_workflow_calls_that_script():
    text = (kit.ROOT / ".github" / "workflows" / "learn.yml").read_text(encoding="utf-8")
    assert "bash .ci/learn" in text
    if os.name == "posix":
        assert os.access(kit.ROOT / ".ci" / "learn", os.X_OK)
