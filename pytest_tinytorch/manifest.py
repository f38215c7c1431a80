"""The manifest: the names of all specs of every unit, so that a shrunken collection is noticed.

Test selection, a deleted class or a failed import make a run smaller, never larger; a group total
taken from the run itself would not show it. Maintainers write the file with
``python -m pytest_tinytorch.manifest`` and check it with ``--check``.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from pytest_tinytorch.curriculum import Curriculum

FILE = "specs/manifest.json"


def read(root: Path) -> dict[str, tuple[str, ...]]:
    """Unit id to the node ids of its specs.

    Raises:
        ValueError: the file is missing or damaged; the message says how to write it anew.
    """
    file = root / FILE
    mend = "restore it, or write it anew with `python -m pytest_tinytorch.manifest`"
    try:
        table = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ValueError(f"{file}: {error.strerror}; {mend}") from error
    except ValueError as error:
        raise ValueError(f"{file}: not JSON ({error}); {mend}") from error
    if not isinstance(table, dict) or not all(isinstance(v, list) for v in table.values()):
        raise ValueError(f"{file}: must map units to lists of node ids; {mend}")
    return {unit: tuple(map(str, nodeids)) for unit, nodeids in table.items()}


def group(curriculum: Curriculum, nodeids: Iterable[str]) -> dict[str, list[str]]:
    """Node ids by the unit they belong to; those that belong to none are left out."""
    table: dict[str, list[str]] = {unit.id: [] for unit in curriculum.units}
    for nodeid in nodeids:
        owner = curriculum.owner(nodeid)
        if owner is not None:
            table[owner.id].append(nodeid)
    return table


def collect(root: Path) -> list[str]:
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


def text(table: Mapping[str, Iterable[str]]) -> str:
    """The manifest as it stands in the file."""
    return json.dumps(table, indent=1, ensure_ascii=False) + "\n"


def main(arguments: list[str]) -> int:
    """Write the manifest of the workspace in the current folder, or ``--check`` it."""
    from pytest_tinytorch import settings

    root = Path.cwd()
    new = text(group(settings.curriculum(root), collect(root)))
    file = root / FILE
    if arguments == ["--check"]:
        if not file.is_file() or file.read_text(encoding="utf-8") != new:
            print(f"{FILE} is out of date: run `python -m pytest_tinytorch.manifest`")
            return 1
        return 0
    file.write_text(new, encoding="utf-8", newline="\n")
    print(f"wrote {FILE}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
