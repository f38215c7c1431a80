"""`tito lsp` in Monaco: a red exercise with its law and its hints, lenses, and a green one."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.lsp.client import PATIENCE
from tests.lsp.install import MONACO
from tests.lsp.test_protocol import gone
from tests.support import browser, toy
from tests.support.long import is_long
from tests.support.warm import learners_environment
from tests.watch.test_watch import RIGHT, WRONG

HERE = Path(__file__).parent
MODULE = "tinytorch/adding.py"
LAW = "add(x, y) equals x + y."
SIZE = {"width": 800, "height": 500}

pytestmark = [
    pytest.mark.skipif(not is_long(), reason="a browser runs in it: only under TINYTORCH_LONG"),
    pytest.mark.skipif(not MONACO.is_file(), reason="no Monaco: run `python -m tests.lsp.install`"),
]


@pytest.fixture
def root(tmp_path):
    root = toy.build(tmp_path.resolve())
    toy.write(root, {MODULE: WRONG})
    return root


@contextmanager
def page(root):
    """The editor, with the module in it."""
    bridge = subprocess.Popen(
        ["node", "bridge.mjs", sys.executable, root, MODULE],
        cwd=HERE,
        env=learners_environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        port = int(bridge.stdout.readline())
        with browser.running() as chromium:
            tab = chromium.new_page(viewport=SIZE)
            tab.set_default_timeout(PATIENCE * 1000)
            file = quote((root / MODULE).as_posix())
            tab.goto(f"http://127.0.0.1:{port}/?file={file}")
            yield tab
    finally:
        bridge.stdin.close()
        bridge.wait(PATIENCE)
        bridge.stdout.close()


def screenshot(tab, name):
    if folder := os.environ.get("TINYTORCH_SCREENSHOTS"):
        Path(folder).mkdir(parents=True, exist_ok=True)
        tab.screenshot(path=Path(folder) / f"{name}.png", animations="disabled")


def lens(tab, text):
    return tab.locator(".codelens-decoration a").filter(has_text=text).first


def run(tab, action):
    """An action of the editor, as its keys do it."""
    tab.evaluate("(name) => { editor.focus(); editor.trigger('test', name); }", action)


def test_red_and_green(root):
    with page(root) as tab:
        lens(tab, "0 of 1 law holds").wait_for()
        lens(tab, "1 of 1 law holds").wait_for()
        run(tab, "editor.action.marker.next")
        tab.locator(".marker-widget").filter(has_text=LAW).wait_for()
        screenshot(tab, "monaco-red")
        run(tab, "closeMarkersNavigation")

        run(tab, "editor.action.quickFix")
        menu = tab.locator(".action-widget")
        menu.filter(has_text="Hint 1 for add").wait_for()
        menu.filter(has_text=f"Show the command that runs this law alone: {LAW}").wait_for()
        screenshot(tab, "monaco-actions")
        tab.keyboard.press("Escape")

        tab.evaluate("(text) => editor.getModel().setValue(text)", RIGHT)
        tab.locator(".squiggly-error").wait_for(state="detached")
        (root / MODULE).write_text(RIGHT, encoding="utf-8", newline="")
        tab.locator("#status").filter(has_text=re.compile("^02 doubling to do")).wait_for()
        held = tab.locator(".codelens-decoration a", has_text="1 of 1 law holds")
        held.nth(1).wait_for()
        assert tab.locator(".codelens-decoration a", has_text="0 of 1 law holds").count() == 0
        screenshot(tab, "monaco-green")
    assert gone(root)
