"""The extension in VS Code: a red exercise with its law and a hint, the debugger, and a green one."""

from __future__ import annotations

import os
import re
import shutil
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest

from pytest_tinytorch.tito.lsp import INSTALL
from tests.lsp.install import EXTENSION, WATCHDOG
from tests.lsp.test_protocol import gone
from tests.lsp.vscode.window import Window, serving
from tests.support import browser, kit, toy
from tests.support.long import is_long

MODULE = "tinytorch/activations.py"
STUB = 'raise NotImplementedError("02 activations: relu")'
WRONG, RIGHT = "return np.maximum(x, 0.1 * x)", "return np.maximum(x, 0)"
LAW = "relu(x) equals max(x, 0), element by element."

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not is_long(), reason="takes minutes: only under TINYTORCH_LONG"),
    pytest.mark.skipif(sys.platform == "win32", reason="an environment is linked to"),
    pytest.mark.skipif(
        not (WATCHDOG.is_file() and EXTENSION.is_file()),
        reason="no VS Code: run `python -m tests.lsp.install`",
    ),
]


@pytest.fixture
def root(tmp_path):
    """A workspace in which the first exercise of 02 is wrong, and its environment."""
    root = tmp_path.resolve() / "my-torch"
    kit.tito("init", str(root))
    (root / ".venv").symlink_to(sys.prefix, target_is_directory=True)
    shutil.copy(kit.REFERENCE / "tinytorch" / "tensor.py", root / "tinytorch")
    replace(root / MODULE, STUB, WRONG)
    return root


def replace(file, before, after):
    text = file.read_text(encoding="utf-8")
    assert text.count(before) == 1
    file.write_text(text.replace(before, after), encoding="utf-8")


def screenshot(window, name):
    if folder := os.environ.get("TINYTORCH_SCREENSHOTS"):
        Path(folder).mkdir(parents=True, exist_ok=True)
        window.photograph(Path(folder) / f"{name}.png")


def test_red_debugged_and_green(root, tmp_path):
    pytest.importorskip("debugpy")
    place = tmp_path / "vscode"
    place.mkdir()
    with serving(place) as address, browser.running() as chromium:
        window = Window(chromium, address, root, MODULE)
        with telling(window, place / "failure.png"):
            window.command("View: Toggle Primary Side Bar Visibility")
            is_red(window)
            is_debugged(window)
            replace(root / MODULE, WRONG, RIGHT)
            is_green(window)
    assert gone(root)


def test_what_is_missing_is_told_and_may_come_later(tmp_path):
    root, place = toy.build(tmp_path.resolve() / "my-torch"), tmp_path / "vscode"
    place.mkdir()
    tito = root / ".venv" / "bin" / "tito"
    tito.parent.mkdir(parents=True)
    tito.write_text(f"#!/bin/sh\necho 'Error: needs pygls: {INSTALL}' >&2\nexit 1\n", "utf-8")
    tito.chmod(0o755)
    with serving(place, PATH="/usr/bin:/bin") as address, browser.running() as chromium:
        window = Window(chromium, address, root, "tinytorch/adding.py")
        with telling(window, place / "failure.png"):
            window.sees(".notifications-toasts", f"Error: needs pygls: {INSTALL}")
            shutil.rmtree(root / ".venv")
            window.command("tinytorch: Restart the Language Server")
            window.sees(".notifications-toasts", "There is no tito in .venv, PATH.")
            (root / ".venv").symlink_to(sys.prefix, target_is_directory=True)
            window.command("tinytorch: Restart the Language Server")
            window.lens("to do: 0 of 1 law holds").wait_for()
    assert gone(root)


@contextmanager
def telling(window, file):
    """If something is not to be seen, what is?"""
    try:
        yield
    except Exception:
        window.photograph(file)
        print(f"what is to be seen instead: {file}")
        raise


def is_red(window):
    window.lens(re.compile(r"^\d of 7 laws hold")).wait_for()
    window.command("Go to Next Problem in Files")
    window.sees(".marker-widget", LAW)
    window.lens("hint").click()
    window.sees(".notifications-toasts", "relu, hint 1 of 3")
    window.sees(".statusbar", "02 activations wrong")
    screenshot(window, "vscode-red")
    window.command("Notifications: Clear All Notifications")


def is_debugged(window):
    window.command("tinytorch: Run a Law Alone Under the Debugger")
    window.sees(
        ".debug-viewlet .monaco-list-row", re.compile(r"x =\s*array\(-1\.")
    )  # the smallest counterexample
    window.sees(".debug-viewlet .monaco-list-row", re.compile(r"relu\s*activations\.py"))
    window.command("View: Toggle Panel Visibility")
    screenshot(window, "vscode-debugger")
    window.command("Debug: Stop")
    window.page.locator(".debug-toolbar").wait_for(state="hidden")
    window.command("View: Toggle Primary Side Bar Visibility")


def is_green(window):
    window.go_to(30)
    window.lens("7 of 7 laws hold").wait_for()
    window.sees(".statusbar", "02 activations to do")  # the other exercises are stubs
    screenshot(window, "vscode-green")
    window.command("tinytorch: Stop the Run")
    window.sees(".notifications-toasts", "Nothing is being checked.")
