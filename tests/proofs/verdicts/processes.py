"""Runs of pytest that can be disturbed while they go on: stopped, killed, two at once."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.support import toy, warm

SECONDS = 600
"""What no run takes; then something hangs."""


class Process:
    """One run of pytest, in a session of its own."""

    def __init__(self, root: Path, *arguments: str) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="run-"))
        self.file = self.folder / "progress.json"
        self.output = (self.folder / "output").open("w+b")
        options = ["-p", "no:cacheprovider", f"--tinytorch-json={self.file}"]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "pytest", *arguments, *options],
            cwd=root,
            env=warm.learners_environment(),
            stdin=subprocess.DEVNULL,
            stdout=self.output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to all of its group."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, number)

    def stop_for(self, seconds: float) -> None:
        """As a laptop does that is closed."""
        self.signal(signal.SIGSTOP)
        time.sleep(seconds)
        self.signal(signal.SIGCONT)

    def kill(self) -> None:
        self.signal(signal.SIGKILL)
        self.process.wait(SECONDS)

    def result(self) -> toy.Run:
        """What came of it."""
        code = self.process.wait(SECONDS)
        self.output.seek(0)
        text = self.output.read().decode("utf-8", "replace")
        found = json.loads(self.file.read_text(encoding="utf-8")) if self.file.exists() else {}
        return toy.Run(code, text, found)
