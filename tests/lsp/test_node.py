"""`tito lsp` and the library of the protocol that VS Code is built on."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.lsp.client import PATIENCE
from tests.support import kit, toy
from tests.support.warm import learners_environment
from tests.watch.test_watch import processes_in

CLIENT = Path(__file__).with_name("node_client.js")
PACKAGES = kit.ROOT / "editors" / "vscode" / "node_modules"


def needs_node():
    """Skip a test where Node or its packages are missing."""
    if shutil.which("node") is None:
        pytest.skip("no node: install Node.js 20 or newer")
    if not (PACKAGES / "vscode-languageserver-protocol").is_dir():
        pytest.skip("no packages for Node: run `npm ci` in editors/vscode")


def test_an_editor_on_the_library_of_the_protocol(tmp_path):
    needs_node()
    root = toy.build(tmp_path.resolve())
    done = subprocess.run(
        ["node", CLIENT, sys.executable, root],
        env=learners_environment() | {"NODE_PATH": os.fspath(PACKAGES)},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=5 * PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert processes_in(root) == []
