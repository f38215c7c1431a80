"""How soon a verdict comes after a save: `tito watch` beside pytest-watcher, on the same specs and edits.

    pip install -e ".[bench]" && python -m benchmarks.watch [PAIRS]

Each pair saves the same edit in two workspaces, one after the other, and waits for both verdicts: every
second edit is a wrong one. What is printed are ratios of the times from save to verdict, so that they
hold on any machine, as long as nothing else keeps it busy.
"""

from __future__ import annotations

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


def edits(pairs):
    """(right, text) of each edit."""
    right = (ROOT / "reference" / "tinytorch" / "tensor.py").read_text(encoding="utf-8")
    wrong = right.replace("    return x * y\n", "    return x + y\n", 1)
    assert wrong != right
    for number in range(pairs):
        text = wrong if number % 2 else right
        yield not number % 2, f"{text}\n\nEDIT = {number}\n"


@dataclass(frozen=True)
class Edit:
    """Seconds from a save to the verdicts on it.

    Attributes:
        right: whether the edit was a right one.
        first, full: of `tito watch`; where there is no first look the full verdict is both.
        theirs: of pytest-watcher.
    """

    right: bool
    first: float
    full: float
    theirs: float


def measured(pairs):
    """One `Edit` after the other."""
    with tempfile.TemporaryDirectory() as place:
        ours = Tito(workspace(Path(place) / "ours"))
        theirs = Watcher(workspace(Path(place) / "theirs"))
        try:
            time.sleep(5 * PAUSE)
            for right, text in edits(pairs):
                began = ours.save(text)
                moments = ours.verdicts()
                time.sleep(PAUSE)
                saved = theirs.save(text)
                whole = theirs.verdict() - saved
                full = moments["full"] - began
                yield Edit(right, moments.get("first", moments["full"]) - began, full, whole)
        finally:
            ours.end()
            theirs.end()


def main(pairs):
    """Measure, and print a table."""
    found = []
    for edit in measured(pairs):
        seconds = (f"{value:.3f}" for value in (edit.first, edit.full, edit.theirs))
        print(*seconds, "right" if edit.right else "wrong", flush=True)
        found.append(edit)
    print("\n| edit | first verdict | full verdict |\n|---|---|---|")
    for name, chosen in (("right", True), ("wrong", False)):
        picked = [edit for edit in found if edit.right is chosen]
        first = statistics.median(edit.first / edit.theirs for edit in picked)
        full = statistics.median(edit.full / edit.theirs for edit in picked)
        print(f"| {name} | {first:.2f} | {full:.2f} |")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10)
