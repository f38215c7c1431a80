"""The folder that `--source` names: the one around a whole package, and what to say where it is another."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from pytest_tinytorch.evidence.implementation import PACKAGE
from pytest_tinytorch.evidence.paths import real_path

PARTIAL = (
    f"{PACKAGE}/ has no __init__.py, so the files that the kit gives are missing: copy what was handed in"
    f" over the {PACKAGE}/ of a new workspace (`tito init`), or use `tito grade`, which does that"
)
"""What is said of a package in which a student's own modules stand alone."""
DEPTH = 3
"""How far below a wrong folder the package is looked for."""
SEVERAL = 2
"""More packages than one are several; no more are looked for."""


def package_folder(named: Path) -> Path:
    """The folder that ``--source`` names.

    Raises:
        ValueError: it is not the folder around a whole package; the message says what to name.
    """
    folder = real_path(named)
    if not (folder / PACKAGE).is_dir():
        raise ValueError(f"--source={named}: {wrong_with(folder, named)}")
    if not (folder / PACKAGE / "__init__.py").is_file():
        raise ValueError(f"--source={named}: {PARTIAL}")
    return folder


def wrong_with(folder: Path, named: Path) -> str:
    """What is wrong with a folder that has no package in it, and what to name instead."""
    if folder.is_file():
        return "this is a file: unpack it, or let `tito grade` take it as it is"
    if not folder.is_dir():
        return f"there is no folder {folder}: name the one that contains {PACKAGE}/"
    if folder.name == PACKAGE and any(folder.glob("*.py")):
        around = named.parent if named.name == PACKAGE else folder.parent
        return f"this is the package itself: name the folder around it, --source={around}"
    found = [named / inner.relative_to(folder) for inner in packages_below(folder)]
    if len(found) == 1:
        return f"{PACKAGE}/ is further down: name --source={found[0]}"
    if found:
        return (
            f"several folders in it contain {PACKAGE}/: name one, such as --source={found[0]},"
            " or grade them all with `tito grade`"
        )
    return f"it has no package {PACKAGE}/: name the folder that contains it"


def packages_below(folder: Path) -> list[Path]:
    """The first folders below one that contain the package, at most `SEVERAL`, the least deep first."""
    level = [folder]
    found: list[Path] = []
    for _ in range(DEPTH):
        level = [inner for one in level for inner in _folders_in(one)]
        found += [one for one in level if (one / PACKAGE).is_dir()]
        if len(found) >= SEVERAL:
            break
    return found[:SEVERAL]


def _folders_in(folder: Path) -> Iterator[Path]:
    """The folders in one, in order. Hidden ones, and those that cannot be read, are left out; links too."""
    with suppress(OSError):
        for inner in sorted(folder.iterdir()):
            if inner.is_dir() and not inner.is_symlink() and inner.name[0] != ".":
                yield inner
