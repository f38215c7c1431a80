"""The scripts of the milestones as a person starts them, and what the code behind them may import."""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys

import pytest

from tests.support import kit, toy

MILESTONES = kit.ROOT / "milestones"
SCRIPTS = sorted(MILESTONES.glob("*/run.py"))
FILES = sorted(MILESTONES.rglob("*.py"))
SCRIPT = SCRIPTS[0].read_text(encoding="utf-8")
PERCEPTRON = "01_1957_perceptron"
MANIFEST, PACKAGE = {"specs/manifest.json": "{}"}, {"tinytorch/__init__.py": ""}


def tree(file):
    return ast.parse(file.read_text(encoding="utf-8"))


def name(file):
    return file.relative_to(MILESTONES).as_posix()


def attributes(file):
    """Every attribute that a file reads or sets, as it is written there."""
    nodes = ast.walk(tree(file))
    return {ast.unparse(node) for node in nodes if isinstance(node, ast.Attribute)}


def imported(file):
    """The modules that a file names in its imports."""
    for node in ast.walk(tree(file)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module


def setting(line):
    return {"pytest.ini": f"[pytest]\n{line}\n"}


def python(folder, *arguments):
    return subprocess.run(
        [sys.executable, *map(str, arguments)],
        cwd=folder,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )


class TestCode:
    def test_nobody_edits_the_path(self):
        assert not [name(file) for file in FILES if "sys.path" in attributes(file)]

    def test_only_the_public_module_of_the_plugin_is_imported(self):
        """Folders that begin with a digit are not seen by import-linter, which checks the rest."""
        found = {(name(file), module) for file in FILES for module in imported(file)}
        plugins = {pair for pair in found if pair[1].startswith("pytest_tinytorch")}
        assert len(plugins) >= len(SCRIPTS)
        assert not [pair for pair in plugins if pair[1] != "pytest_tinytorch.api"]

    def test_every_milestone_has_the_same_script(self):
        units = kit.course().milestones
        assert [f"milestones/{script.parent.name}/" for script in SCRIPTS] == [
            unit.spec_path for unit in units
        ]
        assert len({ast.unparse(tree(script).body[1:]) for script in SCRIPTS}) == 1

    def test_the_framework_is_not_imported_before_an_experiment_runs(self):
        """So a module of the learner's that is broken keeps no milestone from being collected."""
        modules = [
            f"milestones.{folder}.{file.stem}"
            for folder in ("experiments", "scenes")
            for file in sorted((MILESTONES / folder).glob("[!_]*.py"))
        ]
        assert len(modules) == 12
        lines = (
            f"import sys, {', '.join(modules)}; print([n for n in sys.modules if n == 'tinytorch'])"
        )
        done = python(kit.ROOT, "-c", lines)
        assert done.stdout.strip() == "[]", done.stderr


class TestStart:
    @pytest.mark.parametrize("script", SCRIPTS, ids=name)
    def test_from_any_folder(self, script, tmp_path):
        year = script.parent.name.split("_")[1]
        done = python(tmp_path, script, "--help")
        assert done.returncode == 0, done.stderr
        assert f"\n{year}: " in done.stdout
        assert ("--scale" in done.stdout) == (year in ("1986", "1998"))

    @pytest.mark.parametrize(
        ("folder", "files", "said"),
        [
            (PERCEPTRON, {}, "is not a tinytorch workspace: it has no specs/manifest.json"),
            ("07_2022_chat", MANIFEST, "07_2022_chat is not a milestone of the curriculum"),
            (PERCEPTRON, MANIFEST, "has no package tinytorch/"),
            (PERCEPTRON, MANIFEST | setting("tinytorch_curriculum = none.toml"), "none.toml: "),
            (PERCEPTRON, MANIFEST | PACKAGE | setting("tinytorch_path = nowhere"), "nowhere"),
        ],
        ids=["no workspace", "no milestone", "no package", "no curriculum", "no path"],
    )
    def test_says_in_a_line_what_is_wrong(self, folder, files, said, tmp_path):
        shutil.copytree(MILESTONES, tmp_path / "milestones")
        script = f"milestones/{folder}/run.py"
        toy.write(tmp_path, {script: SCRIPT} | files)
        done = python(tmp_path, script)
        assert done.returncode == 1
        assert done.stdout == ""
        (line,) = done.stderr.splitlines()
        assert said in line
