"""What CI does on a learner's fork, at each stage of the way, in a clean clone."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from xml.etree import ElementTree

import pytest

from tests.support import kit, toy
from tests.support.warm import learners_environment

BASH = shutil.which("bash")
NAME = ("-c", "user.name=learner", "-c", "user.email=learner@localhost")
REPORTS = {"progress.md", "journey.html", "progress.json", "badge.svg", "badge.json"}


def git(folder, *arguments):
    """What git prints."""
    command = ["git", *NAME, *arguments]
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, encoding="utf-8", check=True
    )
    return done.stdout.strip()


@pytest.fixture
def clone(tmp_path):
    """Gives a clean clone of a toy workspace in which some modules are written."""

    def make(*solved, **changed):
        root = toy.build(tmp_path / "work")
        toy.solve(root, *solved)
        toy.write(root, {f"tinytorch/{name}.py": text for name, text in changed.items()})
        toy.write(root, {".gitignore": ".tinytorch/\n.hypothesis/\n__pycache__/\n"})
        (root / ".ci").mkdir()
        for name in (".ci/learn", ".gitattributes"):
            shutil.copy(kit.ROOT / name, root / name)
        git(root, "init", "-q", "-b", "main")
        git(root, "add", "-A")
        git(root, "commit", "-q", "-m", "Where I am")
        git(tmp_path, "clone", "-q", "--bare", str(root), "origin.git")
        git(tmp_path, "clone", "-q", "origin.git", "clone")
        return tmp_path / "clone"

    return make


def learn(root, *arguments):
    """The script, as the workflow calls it."""
    environment = learners_environment() | {
        "CI": "true",
        "GITHUB_ACTIONS": "true",
        "GITHUB_WORKSPACE": str(root),
        "GITHUB_STEP_SUMMARY": str(root.parent / "summary.md"),
        "PYTHON": sys.executable,
        "PYTHONPATH": str(kit.ROOT),
    }
    command = [BASH, ".ci/learn", *arguments]
    return subprocess.run(
        command,
        cwd=root,
        env=environment,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )


@pytest.mark.skipif(BASH is None, reason="the script is for bash")
class TestFork:
    @pytest.mark.parametrize(
        ("solved", "passed"), [((), 1), (("adding",), 2), (tuple(toy.REFERENCE)[1:], 6)]
    )
    def test_whatever_is_done_is_told_and_nothing_fails(self, clone, solved, passed):
        root = clone(*solved)
        (root.parent / "summary.md").write_text("of another step\n", encoding="utf-8")
        done = learn(root)
        assert done.returncode == 0, done.stdout + done.stderr
        reports = root / ".tinytorch" / "reports"
        assert {file.name for file in reports.iterdir()} == REPORTS
        table = json.loads((reports / "progress.json").read_text(encoding="utf-8"))
        states = [unit["state"] for unit in table["units"].values()]
        assert states.count("passed") == passed
        summary = (root.parent / "summary.md").read_text(encoding="utf-8")
        assert summary.startswith("of another step\n## tinytorch: ")
        assert "::error" not in done.stdout + done.stderr
        assert git(root, "status", "--porcelain") == ""

    def test_what_is_wrong_fails_and_is_told_at_its_line(self, clone):
        root = clone(adding=toy.REFERENCE["adding"].replace("return x + y", "return x + z"))
        done = learn(root)
        assert done.returncode == 1
        assert "::error file=tinytorch/adding.py,line=6::TestAdd.test_is_the_sum" in done.stderr
        summary = (root.parent / "summary.md").read_text(encoding="utf-8")
        assert "❌ wrong | 01 adding" in summary
        badge = (root / ".tinytorch" / "reports" / "badge.json").read_text(encoding="utf-8")
        assert json.loads(badge)["color"] == "red"

    def test_a_run_that_cannot_begin_leaves_no_old_reports(self, clone):
        root = clone()
        toy.write(root, {".tinytorch/reports/badge.svg": "of an earlier run"})
        done = learn(root, "--checkpoint=99")
        assert done.returncode == 4
        assert not (root / ".tinytorch" / "reports").exists()

    def test_the_badge_goes_to_a_branch_of_its_own(self, clone):
        root = clone("adding")
        learn(root)
        git(root, "commit", "-q", "--allow-empty", "-m", "not pushed")
        toy.write(root, {"tinytorch/adding.py": "half done\n", "staged.txt": "x"})
        git(root, "add", "staged.txt")
        before = [git(root, "status", "--porcelain"), git(root, "log", "--format=%H", "main")]
        for _ in range(2):
            done = learn(root, "badge")
            assert done.returncode == 0, done.stderr
        origin = root.parent / "origin.git"
        assert git(origin, "log", "--format=%s", "badge").startswith("How far ")
        assert len(git(origin, "log", "--format=%H", "badge").splitlines()) == 1
        assert git(origin, "log", "--format=%s", "main") == "Where I am"
        assert git(origin, "ls-tree", "-r", "--name-only", "badge").split() == [
            "badge.json",
            "badge.svg",
        ]
        picture = ElementTree.fromstring(git(origin, "show", "badge:badge.svg"))
        assert "2 of 4 checkpoints" in picture.get("aria-label")
        after = [git(root, "status", "--porcelain"), git(root, "log", "--format=%H", "main")]
        assert after == before


class TestWorkflow:
    TEXT = (kit.ROOT / ".github" / "workflows" / "learn.yml").read_text(encoding="utf-8")

    def test_calls_that_script(self):
        assert "- run: bash .ci/learn -n 2\n" in self.TEXT
        assert "- run: bash .ci/learn badge\n" in self.TEXT
        if os.name == "posix":
            assert os.access(kit.ROOT / ".ci" / "learn", os.X_OK)

    def test_keeps_what_the_script_writes(self):
        assert self.TEXT.count("path: .tinytorch/reports\n") == 2
        assert "include-hidden-files: true" in self.TEXT  # else a folder with a dot is left out

    def test_may_write_only_where_it_must(self):
        permissions = [line for line in self.TEXT.splitlines() if line.strip() == "contents: write"]
        assert len(permissions) == 1
        assert self.TEXT.index("contents: write") > self.TEXT.index("\n  badge:\n")
        assert "vars.TINYTORCH_BADGE == 'on'" in self.TEXT

    def test_the_line_for_forks_stands_alone(self):
        """A workspace of one's own is no fork: `tito init` leaves this line out."""
        lines = [line for line in self.TEXT.splitlines() if "repository.fork" in line]
        assert lines == ["    if: ${{ github.event.repository.fork }}"]
