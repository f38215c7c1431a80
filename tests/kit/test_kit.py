"""`tito init`: which files the kit has, and the workspace that is made of them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from types import ModuleType

import click
import pytest

from pytest_tinytorch.course.exercises import locate_exercises
from pytest_tinytorch.evidence import implementation
from pytest_tinytorch.evidence.implementation import Implementation
from pytest_tinytorch.evidence.importing import Finder
from pytest_tinytorch.kit import files as shipped
from pytest_tinytorch.kit import record, starter
from pytest_tinytorch.tito import git
from pytest_tinytorch.tito.main import load
from tests.support import kit


@pytest.fixture(autouse=True)
def nobody(tmp_path, monkeypatch):
    """Git on a machine where nobody has set it up, and a folder to be in; gives git's settings."""
    settings = tmp_path / "gitconfig"
    settings.touch()
    (tmp_path / "here").mkdir()
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(settings))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.chdir(tmp_path / "here")
    return settings


class TestFiles:
    @pytest.mark.parametrize("folder", ["specs", "milestones", "datasets"])
    def test_the_kit_has_all_of_its_folders(self, folder):
        present = {
            file.relative_to(kit.ROOT).as_posix()
            for file in (kit.ROOT / folder).rglob("*")
            if file.is_file() and file.suffix != ".pyc"
        }
        carried = shipped.kit_files(kit.ROOT)
        assert present == {path for path in carried if path.startswith(f"{folder}/")}

    def test_the_kit_never_has_what_somebody_wrote(self, tmp_path):
        for path in (
            "tinytorch/tensor.py",
            ".tinytorch/ledger.jsonl",
            "specs/__pycache__/laws.pyc",
        ):
            (tmp_path / path).parent.mkdir(parents=True)
            (tmp_path / path).touch()
        assert shipped.kit_files(tmp_path) == {}

    def test_a_workspace_with_a_solution_of_its_own_uses_it(self, tmp_path):
        assert implementation.reference_folder(tmp_path) == implementation.kit_home() / "reference"
        (tmp_path / "reference").mkdir()
        assert implementation.reference_folder(tmp_path) == tmp_path / "reference"


class TestAnotherWorkspaceThatIsInstalled:
    def test_lends_no_module_that_is_missing_in_this_one(self, tmp_path, monkeypatch):
        (tmp_path / "tinytorch" / "folder").mkdir(parents=True)
        path = [str(tmp_path / "tinytorch")]
        package = ModuleType("tinytorch")
        package.__path__ = path
        monkeypatch.setitem(sys.modules, "tinytorch", package)
        finder = Finder(Implementation(tmp_path, tmp_path))
        with pytest.raises(ModuleNotFoundError, match=r"tinytorch\.tensor"):
            finder.find_spec("tinytorch.tensor", path)
        assert finder.find_spec("tinytorch.folder", path) is not None
        assert finder.find_spec("numpy") is None


class TestStarter:
    def test_nothing_is_solved(self):
        files = starter.workspace_files("my-torch", "0.1.0")
        for unit in kit.modules():
            text = files[f"tinytorch/{unit.name}.py"].decode("utf-8")
            found = locate_exercises(text, unit.hints)
            assert {exercise.name for exercise in found} == set(unit.hints)
            assert all(exercise.untouched for exercise in found)
        assert not [path for path in files if path.startswith("reference")]

    def test_settings_are_those_of_the_repository(self):
        text = starter.workspace_files("my-torch", "0.1.0")["pyproject.toml"].decode("utf-8")
        made, ours = (
            tomllib.loads(text),
            tomllib.loads((kit.ROOT / "pyproject.toml").read_text("utf-8")),
        )
        assert made["tool"]["pytest"] == ours["tool"]["pytest"]
        assert made["build-system"] == ours["build-system"]
        assert made["project"]["requires-python"] == ours["project"]["requires-python"]
        assert made["project"]["dependencies"] == ["pytest-tinytorch>=0.1.0"]
        assert made["project"]["name"] == "my-torch"

    def test_an_assistant_is_asked_to_tutor(self):
        files = starter.workspace_files("my-torch", "0.1.0")
        text = files["AGENTS.md"].decode("utf-8")
        assert text.index("**Question.**") < text.index("**Hint.**") < text.index("**Idea.**")
        assert text.index("**Idea.**") < text.index("**Never the body.**")
        assert {"`tito module hint 05 backward`", "`lessons/`"} <= set(re.findall(r"`[^`]+`", text))
        for name in ("CLAUDE.md", "GEMINI.md", ".github/copilot-instructions.md"):
            (line,) = files[name].decode("utf-8").splitlines()
            assert "AGENTS.md" in line

    def test_commands_that_an_assistant_is_told_of_exist(self):
        text = starter.workspace_files("my-torch", "0.1.0")["AGENTS.md"].decode("utf-8")
        for words in re.findall(r"`tito ([^`]+)`", text):
            name, *rest = words.split()
            command = load(name)
            if isinstance(command, click.Group):
                command = command.commands[rest[0]]
            options = {option for one in command.params for option in one.opts}
            assert {word for word in rest if word.startswith("--")} <= options

    def test_the_workflow_runs_although_it_is_no_fork(self):
        before = (kit.ROOT / starter.WORKFLOW).read_text("utf-8")
        after = starter.workspace_files("my-torch", "0.1.0")[starter.WORKFLOW].decode("utf-8")
        assert "repository.fork" in before
        assert "fork" not in after
        kept = [line for line in before.splitlines() if "fork" not in line and line[:1] != "#"]
        assert after.splitlines()[1:] == kept

    @pytest.mark.parametrize(
        ("folder", "name"),
        [
            ("my-torch", "my-torch"),
            ("My torch (2)", "My-torch-2"),
            ("numpy", "my-numpy"),
            ("ФИО", "my-torch"),
        ],
    )
    def test_a_project_has_a_name_that_pip_takes(self, folder, name):
        assert starter.project_name(folder) == name


class TestInit:
    def test_makes_a_workspace_with_a_first_commit(self, tmp_path):
        text = kit.tito("init", "my-torch")
        root = Path("my-torch").resolve()
        assert "cd my-torch" in text
        assert "It is a git repository with a first commit." in text
        assert set(kit.contents(root)) == {*starter.workspace_files("x", "0"), record.FILE}
        log = subprocess.check_output(["git", "log", "--format=%an|%s"], cwd=root, text=True)
        assert log == f"tito|A workspace of pytest-tinytorch {shipped.kit_version()}\n"
        assert not subprocess.check_output(["git", "status", "--porcelain"], cwd=root)
        assert "is already a workspace" in kit.tito("init", "my-torch", code=2)

    def test_takes_the_folder_that_it_is_in(self, tmp_path):
        text = kit.tito("init", ".")
        assert "cd " not in text
        assert record.read_record(Path.cwd()).name == "here"

    def test_quotes_what_a_shell_would_split(self):
        assert 'cd "two words"' in kit.tito("init", "two words", "--no-git")

    def test_the_first_commit_is_the_persons_if_they_have_a_name(self, nobody):
        nobody.write_text("[user]\nname = Ada\nemail = ada@example.org\n", encoding="utf-8")
        kit.tito("init", "my-torch")
        command = ["git", "log", "--format=%an|%ae"]
        assert (
            subprocess.check_output(command, cwd="my-torch", text=True) == "Ada|ada@example.org\n"
        )

    def test_neither_hooks_nor_signatures_stand_in_the_way(self, nobody, tmp_path):
        hook = tmp_path / "hooks" / "pre-commit"
        hook.parent.mkdir()
        for name in ("pre-commit", "commit-msg", "prepare-commit-msg"):
            hook.with_name(name).write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
            hook.with_name(name).chmod(0o755)
        nobody.write_text(
            f"[core]\nhooksPath = {hook.parent.as_posix()}\n"
            "[commit]\ngpgSign = true\n[gpg]\nprogram = there-is-no-such-program\n",
            encoding="utf-8",
        )
        assert "with a first commit" in kit.tito("init", "my-torch")

    def test_what_git_says_is_told_and_the_files_stay(self, nobody):
        nobody.write_text("[user\n", encoding="utf-8")
        assert "`git init` failed" in kit.tito("init", "my-torch")
        assert Path("my-torch", "specs", "laws.py").is_file()

    def test_goes_on_without_git(self, monkeypatch):
        monkeypatch.setattr(git.shutil, "which", lambda name: None)
        assert "git is not installed" in kit.tito("init", "my-torch")
        assert Path("my-torch", "specs", "laws.py").is_file()

    def test_makes_no_repository_inside_another(self):
        subprocess.check_call(["git", "init", "-q"])
        assert "is inside a git repository" in kit.tito("init", "my-torch")
        assert not Path("my-torch", ".git").exists()

    def test_is_not_led_astray_inside_a_hook_of_git(self, tmp_path, monkeypatch):
        subprocess.check_call(["git", "init", "-q", str(tmp_path / "other")])
        monkeypatch.setenv("GIT_DIR", str(tmp_path / "other" / ".git"))
        assert "with a first commit" in kit.tito("init", "my-torch")
        assert Path("my-torch", ".git").is_dir()

    def test_refuses_what_it_would_spoil(self):
        kit.tito("init", "my-torch", "--no-git")
        said = kit.tito("init", "my-torch/specs/mine", code=2)
        assert f"inside the workspace {Path('my-torch').resolve()}: name a folder outside" in said
        Path("full").mkdir()
        Path("full", "essay.txt").touch()
        assert "is not empty: name a new or empty folder" in kit.tito("init", "full", code=2)
        for place in ("full/essay.txt", "full/essay.txt/below"):
            assert "essay.txt is a file: name a new or empty folder" in kit.tito(
                "init", place, code=2
            )
        assert os.listdir("full") == ["essay.txt"]  # noqa: PTH208 - nothing was added

    @pytest.mark.parametrize("failure", [OSError(28, "No space left"), KeyboardInterrupt()])
    @pytest.mark.parametrize("place", ["new/and/deep", "empty"])
    def test_leaves_nothing_half_made(self, monkeypatch, place, failure):
        Path("empty").mkdir()
        write, count = Path.write_bytes, iter(range(1000))

        def write_some(file, content):
            if next(count) == 50:
                write(file, content[:10])
                raise failure
            return write(file, content)

        monkeypatch.setattr(Path, "write_bytes", write_some)
        text = kit.tito("init", place, code=1)
        assert next(count) > 50
        assert ("Nothing was left behind" in text) == isinstance(failure, OSError)
        assert list(Path.cwd().rglob("*")) == [Path.cwd() / "empty"]
