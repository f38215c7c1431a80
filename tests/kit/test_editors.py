"""The settings of editors: they parse, they name what they start, and the page shows these and no others."""

from __future__ import annotations

import json
import re
import sys
import tomllib
from pathlib import Path

import pytest

from pytest_tinytorch.kit import editors
from pytest_tinytorch.kit.editors import ABSENT, EDITORS, LOST, MOVED, READY, YOURS
from tests.support import kit

PAGE = (kit.ROOT / "docs" / "editors.md").read_text(encoding="utf-8")
SECTION = PAGE.partition("### Settings\n")[2].partition("\n### ")[0]
PARSERS = {"json": json.loads, "toml": tomllib.loads, "lua": str, "elisp": str, "text": str}
"""What reads settings; Neovim and Emacs read theirs in tests/lsp."""
each = pytest.mark.parametrize("one", EDITORS.values(), ids=EDITORS)


def block(one):
    """The settings of an editor, as the page has them."""
    own = SECTION.partition(f"#### {one.title}\n")[2].partition("\n#### ")[0]
    (found,) = re.findall(rf"^```{one.language}\n(.*?)^```$", own, re.MULTILINE | re.DOTALL)
    return found


@each
def test_the_page_has_the_settings_that_are_written(one):
    assert block(one) == one.settings("tito")


@each
def test_the_page_says_whether_they_were_tried(one):
    (row,) = re.findall(rf"^\| {one.title}[^|\n]*\|([^|\n]+)\|([^|\n]+)\|$", SECTION, re.MULTILINE)
    assert re.match("tried: [0-9]|settings that parse|to type", row[1].strip())
    assert one.file in row[0]


@each
@pytest.mark.parametrize("command", ["tito", "/home/you/my torch/.venv/bin/tito"])
def test_they_parse_and_name_their_command(one, command):
    text = one.settings(command)
    assert PARSERS[one.language](text)
    assert editors.named_command(text) == command
    assert text.endswith("\n")


@each
def test_a_file_is_known_again(one, tmp_path):
    there = tmp_path / "tito"
    there.touch(mode=0o755)
    state = lambda found: one.state(found, "/here/tito", tmp_path)
    text, gone = one.settings("/here/tito"), one.settings("/gone/bin/tito")
    assert state(None) == ABSENT
    assert state(text) == READY
    assert state(f"{text}# mine\n") == READY
    assert state(gone) == state(gone.replace("\n", "\r\n")) == MOVED
    assert state(f"{gone}# mine\n") == LOST
    assert state(f"{one.settings(there.as_posix())}# mine\n") == YOURS
    assert state("") == YOURS


@each
def test_another_command_takes_the_place_of_one_and_the_rest_stays(one):
    text = f"{one.settings('/gone/tito')}-- mine: 'x' \"/else/tito\"\r\n"
    assert editors.with_command(text, "/here/tito") == text.replace("/gone/tito", "/here/tito")


def test_a_command_with_escapes_is_replaced_as_it_is_written():
    text = "cmd = {'C:\\\\gone\\\\tito.exe', 'lsp'}"
    assert editors.with_command(text, "/here/tito") == "cmd = {'/here/tito', 'lsp'}"


@each
def test_a_file_of_every_workspace_is_shared_and_git_leaves_out_the_others(one):
    ignored = [(kit.ROOT / ".gitignore"), (kit.ROOT / "pytest_tinytorch/kit/templates/gitignore")]
    assert one.shared == bool(one.spared) == (kit.ROOT / (one.file or "no file")).is_file()
    for file in ignored if one.file and not one.shared else ():
        assert one.file in file.read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize(
    ("word", "name"),
    [("neovim", "neovim"), ("Neovim", "neovim"), ("NVIM", "neovim"), ("VSCode", "vscode")],
)
def test_an_editor_is_named_in_any_case(word, name):
    assert editors.named_editor(word) is EDITORS[name]
    assert editors.named_editor(f"{word}!") is None


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ('{"command": ["C:\\\\kit\\\\tito.exe", "lsp"]}', "C:\\kit\\tito.exe"),
        ("cmd = {'~/bin/tito'}", "~/bin/tito"),
        ("cmd = {'C:/kit/tito.EXE'}", "C:/kit/tito.EXE"),
        ('"titoxe" "atito"', None),
        ("tito", None),
    ],
)
def test_a_command_is_found_in_settings_of_any_kind(text, command):
    assert editors.named_command(text) == command


def test_a_tito_in_the_workspace_is_named_from_there_where_the_editor_takes_that():
    root, tito = Path("/home/you/torch"), Path("/home/you/torch/.venv/bin/tito")
    assert EDITORS["neovim"].command(tito, root) == ".venv/bin/tito"
    assert EDITORS["emacs"].command(tito, root) == "/home/you/torch/.venv/bin/tito"
    assert EDITORS["neovim"].command(Path("/else/tito"), root) == "/else/tito"


def test_a_command_is_located_as_an_editor_does(tmp_path, monkeypatch):
    file = tmp_path / "bin" / ("tito.exe" if sys.platform == "win32" else "tito")
    file.parent.mkdir()
    file.touch(mode=0o755)
    monkeypatch.setenv("PATH", str(file.parent))
    assert editors.located(file.name, tmp_path) == file
    assert editors.located(f"bin/{file.name}", tmp_path) == file
    assert editors.located(str(file), Path("/")) == file
    assert editors.located("lib/tito", tmp_path) is None
    monkeypatch.setenv("PATH", "")
    assert editors.located("tito", tmp_path) is None
