"""How each editor is told of `tito lsp`: a file in the workspace, or what to paste elsewhere."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from string import Template

from msgspec import Struct

COMMAND = re.compile(r"""["'](?P<command>(?:[^"'\n]*[/\\])?tito(?i:\.exe)?)["']""")
"""The name or the path of `tito`, as settings of any kind have it: between quotes."""
READY, MOVED, LOST, YOURS, ABSENT = "ready", "moved", "lost", "yours", "absent"
"""What the file of an editor can be:

ready   it starts the `tito` that is meant
moved   it is as it was written here, for a `tito` elsewhere
lost    it says more, and starts a `tito` that is not there
yours   it says something else
absent  it is not there
"""


class EditorSettings(Struct, frozen=True):
    """How an editor is told of `tito lsp`.

    Attributes:
        name: as commands take it.
        title: as people call it.
        text: the settings; ``$tito`` stands for the command.
        language: that they are written in.
        place: where a person puts them.
        file: from the root of a workspace; empty if the editor keeps them elsewhere.
        once: what a person does besides, once.
        spared: why nothing has to be written at all; empty if something has to be.
        shared: whether the file is one of every workspace: git has it, so it is to name no machine's `tito`.
        takes_relative: whether a command may be a path from the workspace.
    """

    name: str
    title: str
    text: str
    language: str
    place: str
    file: str = ""
    once: str = ""
    spared: str = ""
    shared: bool = False
    takes_relative: bool = False

    def settings(self, command: str) -> str:
        """The settings for a command: the name or the path of `tito`."""
        return Template(self.text).substitute(tito=command)

    def command(self, tito: Path, root: Path) -> str:
        """How settings in a workspace name a `tito`; with slashes, which need no escape anywhere."""
        if self.takes_relative and tito.is_relative_to(root):
            return tito.relative_to(root).as_posix()
        return tito.as_posix()

    def state(self, found: str | None, command: str, root: Path) -> str:
        """What a file of a workspace is that says ``found``; None if it is not there."""
        if found is None:
            return ABSENT
        named = named_command(found)
        if named is None or named == command:
            return READY if named else YOURS
        if found.replace("\r\n", "\n") == self.settings(named):
            return MOVED
        return YOURS if located(named, root) else LOST


def named_command(text: str) -> str | None:
    """The command that settings name; None if they do not name `tito`.

    >>> named_command("cmd = { '/home/you/.venv/bin/tito', 'lsp' }")
    '/home/you/.venv/bin/tito'
    """
    found = COMMAND.search(text)
    return found["command"].replace("\\\\", "\\") if found else None


def with_command(text: str, command: str) -> str:
    """Settings that start another `tito`, and say all else that they said.

    >>> with_command("cmd = { '/gone/tito', 'lsp' }  -- mine", "/here/tito")
    "cmd = { '/here/tito', 'lsp' }  -- mine"
    """
    named = named_command(text)
    old = [found["command"] for found in COMMAND.finditer(text) if named_command(found[0]) == named]
    for one in dict.fromkeys(old):
        for quote in "\"'":
            text = text.replace(f"{quote}{one}{quote}", f"{quote}{command}{quote}")
    return text


def located(command: str, root: Path) -> Path | None:
    """The program that an editor starts in a workspace for a command; None if there is none."""
    if Path(command).name == command:
        found = shutil.which(command)
        return Path(found) if found else None
    file = root / Path(command).expanduser()
    return file if file.is_file() else None


NEOVIM = """\
vim.lsp.config('tinytorch', {
  cmd = { '$tito', 'lsp' },
  filetypes = { 'python' },
  root_markers = { 'specs/manifest.json' },
  capabilities = { experimental = { tinytorchStatus = true } },
  handlers = {
    ['tinytorch/status'] = function(_, status)
      vim.g.tinytorch = status.text  -- for a status line: %{get(g:, 'tinytorch', '')}
      vim.cmd.redrawstatus()
    end,
  },
})
vim.lsp.enable('tinytorch')
vim.diagnostic.config({ virtual_lines = true })  -- whole messages, below their line
vim.o.signcolumn = 'yes'  -- or else text moves whenever a sign comes or goes
vim.api.nvim_create_autocmd({ 'LspAttach', 'DiagnosticChanged' }, {
  callback = function(event) vim.lsp.codelens.refresh({ bufnr = event.buf }) end,
})
"""

EMACS = """\
((nil . ((eglot-server-programs . (((python-mode python-ts-mode) . ("$tito" "lsp")))))))
"""

HELIX = """\
[language-server.tinytorch]
command = "$tito"
args = ["lsp"]

[[language]]
name = "python"
language-servers = ["basedpyright", "ruff", "tinytorch"]
"""

ZED = """\
{
  "languages": {"Python": {"language_servers": ["pylsp"]}},
  "lsp": {"pylsp": {"binary": {"path": "$tito", "arguments": ["lsp"]}}}
}
"""

SUBLIME = """\
{
  "clients": {
    "tinytorch": {
      "enabled": true,
      "command": ["$tito", "lsp"],
      "selector": "source.python"
    }
  }
}
"""

VSCODE = """\
{
  "glspc.server.command": "$tito",
  "glspc.server.commandArguments": ["lsp"],
  "glspc.server.languageId": ["python"]
}
"""

PYCHARM = """\
Name               tinytorch
Command            "$tito" lsp
File name pattern  *.py
Language ID        python
"""

EDITORS: Mapping[str, EditorSettings] = {
    one.name: one
    for one in (
        EditorSettings(
            name="vscode",
            title="VS Code",
            text=VSCODE,
            language="json",
            place="in your own settings.json, for an extension for servers of any kind, such as Generic"
            " LSP Client",
            file=".vscode/settings.json",
            spared="nothing is needed with the kit's own extension.",
            shared=True,
        ),
        EditorSettings(
            name="neovim",
            title="Neovim",
            text=NEOVIM,
            language="lua",
            place="in .nvim.lua, or in your own init.lua",
            file=".nvim.lua",
            once="Neovim 0.11 or newer reads the file if your init.lua says `vim.o.exrc = true`;"
            " start nvim in the workspace's folder, and allow the file when it asks.",
            takes_relative=True,
        ),
        EditorSettings(
            name="helix",
            title="Helix",
            text=HELIX,
            language="toml",
            place="in .helix/languages.toml, or in your own languages.toml",
            file=".helix/languages.toml",
        ),
        EditorSettings(
            name="zed",
            title="Zed",
            text=ZED,
            language="json",
            place="in .zed/settings.json",
            file=".zed/settings.json",
        ),
        EditorSettings(
            name="emacs",
            title="Emacs",
            text=EMACS,
            language="elisp",
            place="in .dir-locals.el",
            file=".dir-locals.el",
            once="Open a module, answer `!` when Emacs asks about the setting, and type M-x eglot.",
        ),
        EditorSettings(
            name="pycharm",
            title="PyCharm",
            text=PYCHARM,
            language="text",
            place="with the plugin LSP4IJ, in View, Tool Windows, LSP Console, New Language Server",
        ),
        EditorSettings(
            name="sublime",
            title="Sublime Text",
            text=SUBLIME,
            language="json",
            place="with the package LSP, in Preferences, Package Settings, LSP, Settings",
        ),
    )
}
"""By name, in the order in which they are shown."""
ALSO_CALLED = {"nvim": "neovim"}
"""What people call an editor besides."""


def named_editor(word: str) -> EditorSettings | None:
    """The editor that a word names, in any case; None if there is none."""
    name = word.lower()
    return EDITORS.get(ALSO_CALLED.get(name, name))
