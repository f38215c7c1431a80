"""Installs the editors that long runs try, from npm: python -m tests.lsp.install"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

HERE = Path(__file__).parent
EXTENSION = HERE.parents[1] / "editors" / "vscode" / "tinytorch.vsix"
MONACO = HERE / "monaco" / "dist" / "page.js"
VSCODE = HERE / "vscode" / "node_modules" / "code-server" / "lib" / "vscode"
SERVER = VSCODE / "out" / "server-main.js"
WATCHDOG = VSCODE / "node_modules" / "native-watchdog" / "build" / "Release" / "watchdog.js"
"""Ends orphans, and is built from C++; VS Code starts without it only if something stands in."""


def install() -> None:
    """Install and build what is missing."""
    npm = shutil.which("npm")
    if npm is None:
        print("npm is missing: the language server is tried neither in VS Code nor in Monaco")
        return

    def run(folder: Path, *words: str) -> None:
        subprocess.run([npm, *words], cwd=folder, check=True)

    if not EXTENSION.is_file():
        run(EXTENSION.parent, "ci")
        run(EXTENSION.parent, "run", "package")
    if not MONACO.is_file():
        run(HERE / "monaco", "install")
        run(HERE / "monaco", "run", "build")
    if not SERVER.is_file():
        run(HERE / "vscode", "install")
    if not WATCHDOG.is_file():
        run(VSCODE, "install", "--omit=dev", "--ignore-scripts")
        WATCHDOG.parent.mkdir(parents=True, exist_ok=True)
        WATCHDOG.write_text("exports.start = () => {};\n", encoding="utf-8")


if __name__ == "__main__":
    install()
