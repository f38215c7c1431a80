"""A window of VS Code: its server, its extensions, and what a person does and sees in it."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import zipfile
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from tests.lsp.client import PATIENCE
from tests.lsp.install import EXTENSION, HERE, SERVER
from tests.support.warm import learners_environment

SETTINGS = {
    "editor.minimap.enabled": False,
    "extensions.autoCheckUpdates": False,
    "git.enabled": False,
    "workbench.startupEditor": "none",
}
SIZE = {"width": 960, "height": 640}
MILLISECONDS = 5 * PATIENCE * 1000
"""All of a module may have to run before there is something to see."""
STARTED = re.compile(r"Web UI available at .*:(\d+)")


@contextmanager
def serving(folder, **variables):
    """VS Code's server with the extension, and Python's debugger; its address."""
    extensions, data = folder / "extensions", folder / "data"
    shutil.copytree(HERE / "vscode" / "debugpy", extensions / "ms-python.debugpy-0.0.1")
    with zipfile.ZipFile(EXTENSION) as archive:
        archive.extractall(folder / "unpacked")
    shutil.copytree(folder / "unpacked" / "extension", extensions / "tinytorch.tinytorch-0.1.0")
    settings = data / "data" / "Machine" / "settings.json"
    settings.parent.mkdir(parents=True)
    settings.write_text(json.dumps(SETTINGS), encoding="utf-8")
    options = ["--host=127.0.0.1", "--port=0", "--without-connection-token", "--disable-telemetry"]
    options += ["--disable-workspace-trust"]
    options += ["--accept-server-license-terms", f"--server-data-dir={data}"]
    log = folder / "server.log"
    with log.open("wb") as output:
        server = subprocess.Popen(
            [shutil.which("node"), SERVER, *options, f"--extensions-dir={extensions}"],
            cwd=folder,
            env=learners_environment() | variables,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
        try:
            yield f"127.0.0.1:{port_of(server, log)}"
        finally:
            server.terminate()
            server.wait(PATIENCE)


def port_of(server, log):
    """The port that it has chosen."""
    while (found := STARTED.search(log.read_text(encoding="utf-8", errors="replace"))) is None:
        try:
            server.wait(0.2)
        except subprocess.TimeoutExpired:
            continue
        raise AssertionError(log.read_text(encoding="utf-8", errors="replace"))
    return int(found[1])


class Window:
    """A window with one file open."""

    def __init__(self, browser, address, root: Path, file: str) -> None:
        self.page = browser.new_page(viewport=SIZE)
        self.page.set_default_timeout(MILLISECONDS)
        opened = [["openFile", f"vscode-remote://{address}{(root / file).as_posix()}"]]
        payload = quote(json.dumps(opened))
        self.page.goto(f"http://{address}/?folder={root.as_posix()}&payload={payload}")
        self.page.locator(".monaco-workbench .editor-instance .view-lines").wait_for()

    def command(self, name):
        """Run a command by its name."""
        self.page.keyboard.press("F1")
        self.page.locator(".quick-input-widget input").fill(f">{name}")
        self.page.locator(".quick-input-list .monaco-list-row").filter(has_text=name).first.click()

    def go_to(self, line):
        """Go to a line of the file, where nothing else is in the way."""
        self.page.keyboard.press("Escape")
        self.page.keyboard.press("F1")
        self.page.locator(".quick-input-widget input").fill(f":{line}")
        self.page.keyboard.press("Enter")

    def sees(self, place, text):
        """Wait until a text is to be seen."""
        self.page.locator(place).filter(has_text=text).first.wait_for()

    def lens(self, text):
        """What stands above an exercise."""
        return self.page.locator(".codelens-decoration a").filter(has_text=text).first

    def photograph(self, file):
        """Take a picture, once nothing moves any more."""
        self.page.mouse.move(SIZE["width"] / 2, SIZE["height"] / 2)
        self.page.evaluate("() => Promise.all(document.getAnimations().map((one) => one.finished))")
        self.page.screenshot(path=file, animations="disabled")
