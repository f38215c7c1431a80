"""Workspaces of any size, and programs that run in them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks import watch

CURRICULUM = """
title = "Growing"

[[checkpoints]]
number = "00"
name = "environment"
title = "Environment"
stars = 1
question = "Is everything ready?"
capability = "It runs."
builds = "Nothing."
"""

SETTINGS = """
[pytest]
addopts = -p tinytorch
testpaths = specs
tinytorch_curriculum = curriculum.toml
"""

SPEC = '''
    def test_number_{number}(self):
        """Law number {number} holds."""
        assert {number} + 1 > {number}
'''

GROUP = 50
"""Specs of a class."""

EVENT = {
    "verdict": "passed",
    "specs": "b" * 64,
    "outcomes": {"passed": 60},
    "own": True,
    "at": "2026-01-01T00:00:00+00:00",
    "versions": {"python": "3.12.1", "numpy": "2.1.0"},
    "schema": 1,
}


@dataclass(frozen=True)
class Folder:
    """A folder that is gone when nobody uses it any more."""

    place: tempfile.TemporaryDirectory[str] = field(
        default_factory=lambda: tempfile.TemporaryDirectory(prefix="growth-")
    )

    @property
    def root(self) -> Path:
        return Path(self.place.name)

    def run(self, *arguments: str) -> None:
        """Run a module of Python in it; what it says about the work there is not asked."""
        hidden = {"PYTHONDONTWRITEBYTECODE", "PYTHONPATH", "CI"}
        environment = {name: value for name, value in os.environ.items() if name not in hidden}
        command = [sys.executable, "-m", *arguments]
        subprocess.run(command, cwd=self.root, env=environment, stdout=subprocess.DEVNULL)


def ledger(events):
    """`tito checkpoint status` with so many events in the ledger."""
    folder = Folder()
    root = watch.workspace(folder.root)
    (root / ".tinytorch").mkdir()
    lines = (
        json.dumps(EVENT | {"unit": f"checkpoint-{n % 20 + 1:02}", "source": f"{n:064x}"})
        for n in range(events)
    )
    text = "".join(f"{line}\n" for line in lines)
    (root / ".tinytorch" / "ledger.jsonl").write_text(text, encoding="utf-8")
    return lambda: folder.run("pytest_tinytorch.tito", "checkpoint", "status")


def specs(count):
    """A run of so many specs, each of which takes no time."""
    folder = Folder()
    root = folder.root
    classes = [
        f'class TestGroup{first}:\n    """group {first}"""\n'
        + "".join(SPEC.format(number=n) for n in range(first, min(first + GROUP, count)))
        for first in range(0, count, GROUP)
    ]
    files = {
        "curriculum.toml": CURRICULUM,
        "pytest.ini": SETTINGS,
        "specs/__init__.py": "",
        "specs/test_00_environment.py": '"""00."""\n\n\n' + "\n\n".join(classes),
        "tinytorch/__init__.py": '"""Nothing."""\n',
        "reference/tinytorch/__init__.py": '"""Nothing."""\n',
    }
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    list_specs(root, count)
    return lambda: folder.run("pytest", "-q", "-p", "no:cacheprovider")


def list_specs(root: Path, count: int) -> None:
    """Write down which specs there are, as `pytest_tinytorch.manifest` does."""
    from pytest_tinytorch.course import curriculumfile
    from pytest_tinytorch.course.options import WORKSPACE_FILE
    from pytest_tinytorch.evidence import manifest

    file = "specs/test_00_environment.py"
    nodeids = [f"{file}::TestGroup{n - n % GROUP}::test_number_{n}" for n in range(count)]
    course = curriculumfile.load_curriculum(root / "curriculum.toml")
    text = manifest.manifest_text(manifest.specs_by_unit(course, nodeids))
    (root / WORKSPACE_FILE).write_text(text, encoding="utf-8")
