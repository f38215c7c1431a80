"""What surrounds the kit, for `tito doctor`: the environment that Python runs in, and the editor."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pytest_tinytorch.tito.doctor import Finding
from pytest_tinytorch.tito.session import Session

SETTINGS = ".vscode/settings.json"
ENABLED = "python.testing.pytestEnabled"
INTERPRETER = "python.defaultInterpreterPath"
BACK = "git checkout -- .vscode"


def examine_environment(session: Session) -> list[Finding]:
    """Look at all of it; nothing here is needed for the loop on a terminal."""
    looks: list[Callable[[Session], list[Finding]]] = [environment, command, vscode]
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
        settings = parsed(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return [Finding("VS Code", False, f"no {SETTINGS}", f"restore it: {BACK}", needed=False)]
    except (OSError, ValueError) as error:
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
    import json5  # it takes a while, and only a doctor reads settings

    try:
        found = json5.loads(text)
    except ValueError as error:
        raise ValueError(str(error).replace("<string>:", "line ")) from error
    if not isinstance(found, dict):
        raise ValueError("not a table of settings")
    return found
