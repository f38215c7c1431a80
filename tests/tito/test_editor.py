"""`tito editor`: it writes settings where nothing else is in the way, and says what to add elsewhere."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from pytest_tinytorch.kit.editors import EDITORS
from pytest_tinytorch.tito import editor
from tests.support import kit, toy


@pytest.fixture
def root(tmp_path, monkeypatch):
    """A toy workspace, and a `tito` elsewhere."""
    root = toy.build(tmp_path.resolve() / "here")
    monkeypatch.setattr(editor, "own_tito", lambda: Path("/env/bin/tito"))
    monkeypatch.chdir(root)
    return root


@pytest.mark.parametrize("name", [name for name, one in EDITORS.items() if one.file])
def test_writes_the_file_of_an_editor_once(root, name):
    file, one = root / EDITORS[name].file, EDITORS[name]
    assert f"{one.file} is written" in kit.tito("editor", name)
    assert file.read_text(encoding="utf-8") == one.settings("/env/bin/tito")
    assert f"{one.file} is ready" in kit.tito("editor", name)
    assert f"{name:<9} {one.title:<13} ready" in kit.tito("editor")


@pytest.mark.parametrize("name", [name for name, one in EDITORS.items() if not one.file])
def test_prints_what_an_editor_keeps_elsewhere(root, name):
    before = kit.contents(root)
    text = kit.tito("editor", name)
    words, block = text.split("\n\n", 1)
    assert EDITORS[name].place in " ".join(words.split())
    assert dedent(block.rstrip()) + "\n" == EDITORS[name].settings("/env/bin/tito")
    assert kit.contents(root) == before


def test_a_file_that_says_something_else_stays_and_the_settings_are_shown(root):
    (root / ".nvim.lua").write_text("vim.o.number = true\n", encoding="utf-8")
    text = kit.tito("editor", "neovim")
    assert ".nvim.lua is there and stays as it is" in text
    assert "  vim.lsp.enable('tinytorch')" in text
    assert (root / ".nvim.lua").read_text(encoding="utf-8") == "vim.o.number = true\n"
    assert ".nvim.lua says something else" in kit.tito("editor")


def test_vs_code_needs_nothing_with_the_kits_own_extension(root):
    file = root / ".vscode/settings.json"
    toy.write(root, {".vscode/settings.json": "{}\n"})
    text = " ".join(kit.tito("editor", "vscode").split())
    assert text.startswith("VS Code: nothing is needed with the kit's own extension. Otherwise: ")
    assert '"glspc.server.command": "/env/bin/tito"' in text
    assert file.read_text(encoding="utf-8") == "{}\n"
    assert "VS Code       nothing is needed with the kit's own extension\n" in kit.tito("editor")


def test_a_path_that_has_moved_is_renewed(root, monkeypatch):
    kit.tito("editor", "neovim,emacs")
    monkeypatch.setattr(editor, "own_tito", lambda: root / ".venv/bin/tito")
    assert ".nvim.lua starts another tito" in kit.tito("editor")
    assert ".nvim.lua now starts .venv/bin/tito" in kit.tito("editor", "neovim")
    assert "'.venv/bin/tito', 'lsp'" in (root / ".nvim.lua").read_text(encoding="utf-8")


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
