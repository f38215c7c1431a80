"""What surrounds the kit, for `tito doctor`: the environment that Python runs in, and the editor."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from pytest_tinytorch.kit.editors import EDITORS, EditorSettings, located, named_command
from pytest_tinytorch.tito.doctor import Finding
from pytest_tinytorch.tito.editor import in_the_way
from pytest_tinytorch.tito.session import Session

SETTINGS = ".vscode/settings.json"
ENABLED = "python.testing.pytestEnabled"
INTERPRETER = "python.defaultInterpreterPath"
BACK = "git checkout -- .vscode"
SERVER = "tito lsp"
PATIENCE = 60
"""Seconds within which a language server has to answer."""


def examine_environment(session: Session) -> list[Finding]:
    """Look at all of it; nothing here is needed for the loop on a terminal."""
    looks: list[Callable[[Session], list[Finding]]] = [
        environment,
        command,
        vscode,
        server,
        editors,
    ]
    return [finding for look in looks for finding in look(session)]


def environment(session: Session) -> list[Finding]:
    """Whether this Python has an environment of its own."""
    own = sys.prefix != sys.base_prefix or bool(os.environ.get("CONDA_PREFIX"))
    remedy = "python -m venv .venv, activate it, and install the kit there"
    found = sys.prefix if own else f"none, this is the Python in {sys.prefix}"
    return [Finding("virtual environment", own, found, remedy, needed=False)]


def command(session: Session) -> list[Finding]:
    """Whether the command `pytest` belongs to the Python that has the kit."""
    found = shutil.which("pytest")
    here = {Path(sys.executable).parent, Path(sys.prefix) / "bin", Path(sys.prefix) / "Scripts"}
    ok = found is not None and Path(found).parent in here
    installed = any(
        (folder / name).is_file() for folder in here for name in ("pytest", "pytest.exe")
    )
    remedy = "write tito or python -m pytest instead of pytest"
    if installed:
        remedy = f"activate the environment in {sys.prefix}, or {remedy}"
    return [Finding("command pytest", ok, found or "not on PATH", remedy, needed=False)]


def vscode(session: Session) -> list[Finding]:
    """Whether VS Code has the settings that its test explorer needs, and runs this Python."""
    root = session.workspace.root
    file = root / SETTINGS
    try:
        settings = parsed(file.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        return [Finding("VS Code", False, f"no {SETTINGS}", f"restore it: {BACK}", needed=False)]
    except OSError as error:
        found = in_the_way(error, root)
        return [Finding("VS Code", False, found, f"then restore it: {BACK}", needed=False)]
    except ValueError as error:
        remedy = f"fix it, or restore it: {BACK}"
        return [Finding("VS Code", False, f"{SETTINGS}: {error}", remedy, needed=False)]
    enabled = settings.get(ENABLED) is True
    found = "runs tests with pytest" if enabled else "does not run tests with pytest"
    remedy = f'"{ENABLED}": true in {SETTINGS}'
    return [
        Finding("VS Code", enabled, found, remedy, needed=False),
        *interpreter(settings, root),
    ]


def interpreter(settings: Mapping[str, Any], root: Path) -> list[Finding]:
    """Whether VS Code runs this Python; nothing, if that cannot be known from here.

    It takes what the settings name, or else finds an environment inside the workspace by itself.
    """
    here = Path(sys.prefix)
    remedy = f"in VS Code: Python: Select Interpreter, {sys.executable}"
    if INTERPRETER in settings:
        text = str(settings[INTERPRETER]).replace("${workspaceFolder}", str(root))
        named = Path(os.path.expandvars(text)).expanduser()
        folder = named if named.is_dir() else named.parent.parent
        ok = folder.is_dir() and folder.resolve() == here.resolve()
        return [Finding("VS Code's Python", ok, text, remedy, needed=False)]
    if root in here.parents:
        return [Finding("VS Code's Python", True, str(here))]
    if os.environ.get("TERM_PROGRAM") == "vscode":
        found = f"{here} is outside of the workspace, where VS Code does not look on its own"
        return [Finding("VS Code's Python", False, found, remedy, needed=False)]
    return []


def parsed(text: str) -> Mapping[str, Any]:
    """Settings of VS Code: JSON that may have comments, and commas before a closing bracket."""
    try:
        found = json.loads(text)
    except ValueError:
        found = parsed_with_comments(text)
    if not isinstance(found, dict):
        raise ValueError("not a table of settings")
    return found


def parsed_with_comments(text: str) -> object:
    """What is no JSON, but may be what VS Code takes; ValueError says where it is not."""
    import json5  # reads it in a hundred times as long

    try:
        return json5.loads(text)
    except ValueError as error:
        raise ValueError(str(error).replace("<string>:", "line ")) from error


PARSERS: Mapping[str, Callable[[str], object]] = {"json": parsed, "toml": tomllib.loads}
"""What reads settings in a language; Lua and Lisp only their editors can read."""


def server(session: Session) -> list[Finding]:
    """Whether `tito lsp` can start, and answers an editor; nothing if it is not installed."""
    if find_spec("pygls") is None:
        return []  # it is among the packages
    trouble = silence(session.workspace.root)
    remedy = f"{sys.executable} -m pip install --upgrade --force-reinstall pygls"
    return [Finding(SERVER, not trouble, trouble or "answers", remedy, needed=False)]


def silence(root: Path) -> str:
    """Why a language server does not answer an editor that says hello and goodbye; empty if it does."""
    hello: dict[str, Any] = {"processId": None, "rootUri": None, "capabilities": {}}
    asked = framed(id=1, method="initialize", params=hello)
    asked += framed(id=2, method="shutdown") + framed(method="exit")
    try:
        done = subprocess.run(
            [sys.executable, "-m", "pytest_tinytorch.tito", "lsp"],
            cwd=root,
            input=asked,
            capture_output=True,
            timeout=PATIENCE,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"no answer within {PATIENCE} seconds"
    if b'"capabilities"' in done.stdout and done.returncode == 0:
        return ""
    said = done.stderr.decode(errors="replace").strip().splitlines() or ["no answer"]
    return said[-1]


def framed(**message: Any) -> bytes:
    """A message as a language server takes it."""
    body = json.dumps({"jsonrpc": "2.0"} | message).encode()
    return b"Content-Length: %d\r\n\r\n%s" % (len(body), body)


def editors(session: Session) -> list[Finding]:
    """Whether the settings of each editor parse and start a `tito` that exists; nothing of others."""
    root = session.workspace.root
    found = (settings_of(one, root) for one in EDITORS.values() if one.file)
    return [finding for finding in found if finding is not None]


def settings_of(one: EditorSettings, root: Path) -> Finding | None:
    """The settings of one editor; None if they are not there, or are about something else."""
    what, remedy = f"{one.title} with {SERVER}", f"tito editor {one.name}"
    try:
        text = (root / one.file).read_text(encoding="utf-8-sig")
        named = named_command(text)
        if named is None:
            return None
        PARSERS.get(one.language, str)(text)
    except FileNotFoundError:
        return None
    except OSError as error:
        return Finding(what, False, in_the_way(error, root), f"then: {remedy}", needed=False)
    except ValueError as error:
        remedy = f"fix it, or delete it and: {remedy}"
        return Finding(what, False, f"{one.file}: {error}", remedy, needed=False)
    ok = located(named, root) is not None
    found = f"{one.file} starts {named}" + ("" if ok else ", which is not there")
    return Finding(what, ok, found, remedy, needed=False)
