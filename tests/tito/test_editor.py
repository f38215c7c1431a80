"""`tito editor`: it writes settings where nothing else is in the way, and says what to add elsewhere."""

from __future__ import annotations

import subprocess
from pathlib import Path
from textwrap import dedent

import pytest

from pytest_tinytorch.kit.editors import EDITORS
from pytest_tinytorch.tito import editor
from tests.support import kit, toy

OWN = [name for name, one in EDITORS.items() if one.file and not one.shared]
"""Editors that have a file of their own in a workspace."""


@pytest.fixture
def root(tmp_path, monkeypatch):
    """A toy workspace, and a `tito` elsewhere."""
    root = toy.build(tmp_path.resolve() / "here")
    monkeypatch.setattr(editor, "own_tito", lambda: Path("/env/bin/tito"))
    monkeypatch.chdir(root)
    return root


@pytest.mark.parametrize("name", OWN)
def test_writes_the_file_of_an_editor_once(root, name):
    file, one = root / EDITORS[name].file, EDITORS[name]
    assert f"{one.file} is written" in kit.tito("editor", name)
    assert file.read_text(encoding="utf-8") == one.settings("/env/bin/tito")
    assert f"{one.file} is ready" in kit.tito("editor", name)
    assert f"{name:<9} {one.title:<13} ready" in kit.tito("editor")


@pytest.mark.parametrize("name", [name for name in EDITORS if name not in OWN])
def test_prints_what_an_editor_keeps_elsewhere(root, name):
    before = kit.contents(root)
    text = kit.tito("editor", name)
    words, block = text.split("\n\n", 1)
    assert EDITORS[name].place in " ".join(words.split())
    shown = block.partition("\nMore about editors: ")[0]
    assert dedent(shown.rstrip()) + "\n" == EDITORS[name].settings("/env/bin/tito")
    assert kit.contents(root) == before


def test_a_file_that_says_something_else_stays_and_the_settings_are_shown(root):
    (root / ".nvim.lua").write_text("vim.o.number = true\n", encoding="utf-8")
    text = kit.tito("editor", "neovim")
    assert ".nvim.lua is there and stays as it is" in text
    assert "  vim.lsp.enable('tinytorch')" in text
    assert (root / ".nvim.lua").read_text(encoding="utf-8") == "vim.o.number = true\n"
    assert ".nvim.lua says something else" in kit.tito("editor")


def test_vs_code_needs_nothing_with_the_kits_own_extension(root):
    """Its file is one of every workspace, and git has it: a path does not belong there."""
    file = root / ".vscode/settings.json"
    for before in (None, "{}\n"):
        if before is not None:
            toy.write(root, {".vscode/settings.json": before})
        text = " ".join(kit.tito("editor", "vscode").split())
        assert "VS Code: nothing is needed with the kit's own extension. Otherwise put" in text
        assert "in your own settings.json" in text
        assert '"glspc.server.command": "/env/bin/tito"' in text
        assert (file.read_text(encoding="utf-8") if file.exists() else None) == before
        assert "VS Code       nothing is needed with the kit's own extension\n" in kit.tito(
            "editor"
        )


def test_a_path_that_has_moved_is_renewed(root, monkeypatch):
    kit.tito("editor", "neovim,emacs")
    monkeypatch.setattr(editor, "own_tito", lambda: root / ".venv/bin/tito")
    assert ".nvim.lua starts another tito" in kit.tito("editor")
    assert ".nvim.lua now starts .venv/bin/tito" in kit.tito("editor", "neovim")
    assert "'.venv/bin/tito', 'lsp'" in (root / ".nvim.lua").read_text(encoding="utf-8")


@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_a_path_that_is_gone_is_replaced_in_a_file_of_ones_own(root, ends):
    before = (
        f"vim.o.number = true{ends}vim.lsp.config('t', {{ cmd = {{ '/gone/tito', 'lsp' }} }})\xe9"
    )
    (root / ".nvim.lua").write_bytes(before.encode("latin-1"))
    assert ".nvim.lua starts a tito that is not there" in kit.tito("editor")
    text = " ".join(kit.tito("editor", "neovim").split())
    assert ".nvim.lua now starts /env/bin/tito, and stays as it is otherwise" in text
    after = before.replace("/gone/tito", "/env/bin/tito")
    assert (root / ".nvim.lua").read_bytes() == after.encode("latin-1")
    assert "neovim    Neovim        ready" in kit.tito("editor")


def test_a_tito_that_is_there_is_left_to_whoever_chose_it(root, tmp_path):
    other = tmp_path / "tito"
    other.touch()
    before = f"vim.o.number = true\ncmd = {{ '{other.as_posix()}', 'lsp' }}\n"
    (root / ".nvim.lua").write_text(before, encoding="utf-8")
    assert ".nvim.lua is there and stays as it is" in kit.tito("editor", "neovim")
    assert (root / ".nvim.lua").read_text(encoding="utf-8") == before


class TestGit:
    @pytest.fixture(autouse=True)
    def repository(self, root):
        self.git(root, "init", "-q")

    def git(self, root, *words):
        subprocess.run(["git", *words], cwd=root, check=True, capture_output=True)

    def said(self, name="neovim"):
        return " ".join(kit.tito("editor", name).split())

    @pytest.mark.parametrize("name", OWN)
    def test_is_told_of_nothing_where_it_leaves_the_file_out(self, root, name):
        (root / ".gitignore").write_bytes((kit.ROOT / ".gitignore").read_bytes())
        assert "this machine" not in self.said(name)
        self.git(root, "add", "-A")
        listed = subprocess.run(["git", "ls-files"], cwd=root, check=True, capture_output=True)
        assert EDITORS[name].file not in listed.stdout.decode().split()

    def test_that_would_take_the_file_is_to_leave_it_out(self, root):
        assert ".nvim.lua names a program of this machine: name it in .gitignore" in self.said()

    def test_that_has_the_file_is_to_forget_it(self, root):
        (root / ".nvim.lua").write_text(EDITORS["neovim"].settings("/gone/tito"), encoding="utf-8")
        self.git(root, "add", ".nvim.lua")
        assert "`git rm --cached .nvim.lua`" in self.said()

    def test_may_have_a_path_from_the_workspace(self, root, monkeypatch):
        monkeypatch.setattr(editor, "own_tito", lambda: root / ".venv/bin/tito")
        assert "this machine" not in self.said()


def test_works_in_a_folder_below_and_nowhere_else(root, monkeypatch, tmp_path):
    monkeypatch.chdir(root / "specs")
    kit.tito("editor", "helix")
    assert (root / ".helix/languages.toml").is_file()
    monkeypatch.chdir(tmp_path)
    assert "not in a tinytorch workspace" in kit.tito("editor", code=2)


def test_takes_the_names_that_people_use_and_asks_whether_one_was_meant(root):
    assert kit.tito("editor", "nvim,Neovim").count(".nvim.lua is") == 1
    text = " ".join(kit.tito("editor", "vim", code=2).split())
    assert "'vim' is none of vscode, neovim" in text
    assert text.endswith("Did you mean 'neovim'?")


def test_what_cannot_be_is_said_in_a_line(root):
    assert "'vi' is none of vscode, neovim" in kit.tito("editor", "neovim,vi", code=2)
    assert not (root / ".nvim.lua").exists()
    (root / ".zed").write_text("in the way\n", encoding="utf-8")
    assert ".zed" in kit.tito("editor", "zed", code=1).splitlines()[-1]


def test_a_folder_in_the_place_of_a_file_is_named_and_the_others_are_listed(root):
    (root / ".nvim.lua").mkdir()
    text = kit.tito("editor", "neovim", code=1)
    assert text.splitlines()[-1] == "Error: .nvim.lua is a folder: move it, or remove it"
    assert "Errno" not in text
    text = kit.tito("editor")
    assert "neovim    Neovim        .nvim.lua is a folder" in text
    assert [line.split()[0] for line in text.splitlines()] == [*EDITORS]


def test_says_how_to_install_the_server_where_it_is_not(root, monkeypatch):
    monkeypatch.setattr(editor, "find_spec", lambda name: None)
    assert 'pip install "pytest-tinytorch[lsp]"' in kit.tito("editor", "neovim")


def test_a_new_workspace_may_have_settings_at_once(root, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = kit.tito("init", "new", "--editor", "neovim", "--editor", "zed,sublime")
    assert ".nvim.lua is written" in text
    assert '"selector": "source.python"' in text
    assert {".nvim.lua", ".zed/settings.json"} <= {*kit.contents(tmp_path / "new")}
    text = kit.tito("init", "new", "--editor", "emacs", code=2)
    assert "`tito editor NAME`" in text
    assert "is none of" in kit.tito("init", "newer", "--editor", "ed", code=2)
    assert not (tmp_path / "newer").exists()


@pytest.mark.parametrize("columns", ["80", "40"])
def test_sentences_are_folded_and_settings_are_not(root, monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", columns)
    text = kit.tito("editor", *EDITORS)
    settings = {
        line for one in EDITORS.values() for line in one.settings("/env/bin/tito").splitlines()
    }
    lines = [line for line in text.splitlines() if line.strip() not in map(str.strip, settings)]
    assert max(map(len, lines)) <= int(columns)
