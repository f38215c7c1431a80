"""How soon a verdict comes after a save: `tito watch` and `tito lsp` beside pytest-watcher, same edits.

    pip install -e ".[bench,lsp]" && python -m benchmarks.watch --edits 20

Each edit is saved in three workspaces, one after the other, and each time the verdict is waited for: every
second edit is a wrong one. `tito watch` and the editor begin in turn. What is printed are ratios of the
times from save to verdict, so that they hold on any machine, as long as nothing else keeps it busy.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
PARTS = (
    "specs",
    "milestones",
    "datasets",
    "reference",
    "tinytorch",
    "pyproject.toml",
    "conftest.py",
)
LAST_LINE = "of 21 checkpoints"
ENDED = re.compile(r"(passed|failed).* in \d")
PAUSE = 1.0
"""Seconds between two edits: a person is slower."""


def workspace(folder):
    """A copy of the kit in which module 01 is solved."""
    for part in PARTS:
        source, target = ROOT / part, folder / part
        folder.mkdir(exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, target)
    shutil.copy(ROOT / "reference" / "tinytorch" / "tensor.py", folder / "tinytorch")
    return folder


class Watched:
    """A program that watches a workspace, and what it prints."""

    def __init__(self, root, command):
        self.file = root / "tinytorch" / "tensor.py"
        self.process = subprocess.Popen(
            command,
            cwd=root,
            env=os.environ | {"PYTHONUTF8": "1", "COLUMNS": "80"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            encoding="utf-8",
        )

    def save(self, text):
        """Save the file; the moment at which that was done."""
        self.file.write_text(text, encoding="utf-8")
        return time.perf_counter()

    def end(self):
        self.process.kill()
        self.process.wait()


class Tito(Watched):
    def __init__(self, root):
        super().__init__(
            root, [sys.executable, "-m", "pytest_tinytorch.tito", "watch", "01", "--json"]
        )
        self.verdicts()

    def seconds(self, text):
        """Seconds from a save to the first look, if there is one, and to the full verdict."""
        began = self.save(text)
        moments = self.verdicts()
        full = moments["full"] - began
        rest(full)
        return moments.get("first", moments["full"]) - began, full

    def verdicts(self):
        """(moment, kind) of each verdict until the full one."""
        found = []
        for line in self.process.stdout or ():
            message = json.loads(line)
            if message["beat"] in ("first", "full"):
                found.append((time.perf_counter(), message["beat"]))
                if message["beat"] == "full":
                    return {beat: moment for moment, beat in found}
        raise RuntimeError("tito watch has ended")


def rest(took):
    """Wait for what goes on after something is shown: the rest of a run, and examples that are drawn."""
    time.sleep(PAUSE + took)


class Editor(Watched):
    """An editor that starts `tito lsp`, and has the file open."""

    def __init__(self, root):
        super().__init__(root, [sys.executable, "-m", "pytest_tinytorch.tito", "lsp"])
        streams: tuple[Any, Any] = (self.process.stdin, self.process.stdout)
        self.requests, self.answers = (one.buffer for one in streams)
        self.errors: dict[str, bool] = {}  # which files show any
        self.version, self.place = 1, {"uri": self.file.as_uri()}
        self.send("initialize", id=0, processId=None, rootUri=None, capabilities={})
        self.send("initialized")
        document = self.place | {"languageId": "python", "version": 1}
        self.send(
            "textDocument/didOpen", textDocument=document | {"text": self.file.read_text("utf-8")}
        )

    def send(self, method, **params):
        """Say something; with an ``id`` it is a question."""
        asked = {name: params.pop(name) for name in ("id",) if name in params}
        told = {"jsonrpc": "2.0", "method": method, "params": params} | asked
        body = json.dumps(told).encode()
        self.requests.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self.requests.flush()

    def save(self, text):
        self.version += 1
        changed = {"textDocument": self.place | {"version": self.version}}
        self.send("textDocument/didChange", **changed, contentChanges=[{"text": text}])
        moment = super().save(text)
        self.send("textDocument/didSave", textDocument=self.place)
        return moment

    def seconds(self, text, right, took):
        """Seconds from a save to what is then shown; ``took`` is how long a run takes."""
        written = self.save(text)
        seconds = self.verdict(right) - written
        rest(took)
        return seconds

    def verdict(self, right):
        """The moment at which what is shown is what it should be: an error in some file, or none in any."""
        while right is any(self.errors.values()):
            message = self.read()
            if message.get("method") == "textDocument/publishDiagnostics":
                params = message["params"]
                found = [one for one in params["diagnostics"] if one["severity"] == 1]
                self.errors[params["uri"]] = bool(found)
        return time.perf_counter()

    def read(self):
        """The next message."""
        length = 0
        while line := self.answers.readline().strip():
            length = int(line.partition(b":")[2]) if line.startswith(b"Content-Length") else length
        if not length:
            raise RuntimeError("tito lsp has ended")
        return json.loads(self.answers.read(length))


class Watcher(Watched):
    def __init__(self, root):
        pytest = ["-m", "pytest", "-p", "tinytorch", "--checkpoint", "01"]
        runner = ["--runner", sys.executable, *pytest]
        # With newer versions of watchdog its own pattern, *.py, holds in no folder below the first.
        patterns = ["--patterns", "*.py,*/*.py"]
        super().__init__(
            root, [sys.executable, "-m", "pytest_watcher", "tinytorch", "--now", *patterns, *runner]
        )
        self.verdict()

    def verdict(self):
        """The moment of the next verdict. It loses a save that comes before pytest has ended."""
        moment = 0.0
        for line in self.process.stdout or ():
            if LAST_LINE in line:
                moment = time.perf_counter()
            elif moment and ENDED.search(line):
                time.sleep(PAUSE)
                return moment
        raise RuntimeError("pytest-watcher has ended")


def edits(count):
    """(right, text) of each edit, a wrong one first: the workspaces begin with a right one."""
    right = (ROOT / "reference" / "tinytorch" / "tensor.py").read_text(encoding="utf-8")
    wrong = right.replace("    return x * y\n", "    return x + y\n", 1)
    assert wrong != right
    for number in range(count):
        text = right if number % 2 else wrong
        yield bool(number % 2), f"{text}\n\nEDIT = {number}\n"


@dataclass(frozen=True)
class Edit:
    """Seconds from a save to the verdicts on it.

    Attributes:
        right: whether the edit was a right one.
        first, full: of `tito watch`; where there is no first look the full verdict is both.
        line: of an editor. A right edit has none: what is wrong no more may go before there is a verdict.
        theirs: of pytest-watcher.
    """

    right: bool
    first: float
    full: float
    line: float
    theirs: float


def measured(count):
    """One `Edit` after the other."""
    with tempfile.TemporaryDirectory() as place:
        ours = Tito(workspace(Path(place) / "ours"))
        theirs = Watcher(workspace(Path(place) / "theirs"))
        editor = Editor(workspace(Path(place) / "editor"))
        try:
            time.sleep(5 * PAUSE)
            took = 0.0
            for number, (right, text) in enumerate(edits(count)):
                begins = bool(number // 2 % 2)  # whether the editor does, in every second pair
                line = editor.seconds(text, right, took) if begins else 0.0
                first, took = ours.seconds(text)
                line = line if begins else editor.seconds(text, right, took)
                saved = theirs.save(text)
                yield Edit(right, first, took, line, theirs.verdict() - saved)
        finally:
            for one in (ours, theirs, editor):
                one.end()


def main(count):
    """Measure, and print a table."""
    found = []
    for edit in measured(count):
        seconds = (f"{value:.3f}" for value in (edit.first, edit.full, edit.line, edit.theirs))
        print(*seconds, "right" if edit.right else "wrong", flush=True)
        found.append(edit)
    print("\n| edit | first look | full verdict | in the line | in the line / first look |")
    print("|---|---|---|---|---|")
    for right in (True, False):
        picked = [edit for edit in found if edit.right is right]
        columns = (
            [(edit.first, edit.theirs) for edit in picked],
            [(edit.full, edit.theirs) for edit in picked],
            [] if right else [(edit.line, edit.theirs) for edit in picked],
            [] if right else [(edit.line, edit.first) for edit in picked],
        )
        print("| right" if right else "| wrong", *map(median_ratio, columns), sep=" | ", end=" |\n")


def median_ratio(pairs):
    """The median of ratios as text; nothing if there are none."""
    return f"{statistics.median(a / b for a, b in pairs):.2f}" if pairs else ""


def read_arguments():
    """What was asked for."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.watch",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--edits", type=int, default=20, help="how many edits to save, half of them wrong (20)"
    )
    return parser.parse_args()


if __name__ == "__main__":
    main(read_arguments().edits)
