"""Collects the node ids of all specs, and writes them down in the manifest, or checks it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from pytest_tinytorch.course.curriculum import Curriculum
from pytest_tinytorch.course.options import WORKSPACE_FILE
from pytest_tinytorch.evidence import manifest


def collect_nodeids(root: Path) -> list[str]:
    """The node ids of all specs and milestones, from a collection of their own."""
    command = [sys.executable, "-m", "pytest", "-p", "tinytorch", "--collect-only", "-qq"]
    quiet = ["-p", "no:randomly", "-p", "no:cacheprovider", "-s", "-o", "addopts=", "--color=no"]
    done = subprocess.run(
        [*command, *quiet, "--tinytorch-nodeids"],
        cwd=root,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(f"collection failed:\n{(done.stdout + done.stderr)[-2000:]}")
    prefix = "nodeid "
    return [x.removeprefix(prefix) for x in done.stdout.splitlines() if x.startswith(prefix)]


def main(root: Path, curriculum: Curriculum, arguments: list[str]) -> int:
    """Write the manifest of the workspace in ``root``, or ``--check`` it; gives the exit code."""
    new = manifest.manifest_text(manifest.specs_by_unit(curriculum, collect_nodeids(root)))
    file = root / WORKSPACE_FILE
    if arguments == ["--check"]:
        if not file.is_file() or file.read_text(encoding="utf-8") != new:
            print(f"{WORKSPACE_FILE} is out of date: run `python -m pytest_tinytorch.manifest`")
            return 1
        return 0
    file.write_text(new, encoding="utf-8", newline="\n")
    print(f"wrote {WORKSPACE_FILE}")
    return 0
