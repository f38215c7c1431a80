"""Where a wheel has the kit's files; links that lead round in a circle, modules that are hidden or gone."""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec
from pathlib import Path

SHIPPED = "shipped"
"""In a wheel: copies of the kit's files, see `kit.files.PATTERNS`. A checkout has the files themselves. The
build reads this, before any library is installed."""


BUILT_ON = frozenset(
    {"hypothesis", "msgspec", "numpy", "pluggy", "pytest", "pytest_timeout", "rich"}
)
"""Packages that every run imports."""
INSTALL = "run `python -m pip install -e .` in"
"""What brings back all that the kit is built on; a workspace follows."""


def real_path(path: Path) -> Path:
    """A path without links. For one that goes round in a circle `Path.resolve` may raise; this does not."""
    return Path(os.path.realpath(path))


def why(error: Exception) -> str:
    """What an error says, for a message that names the file: without its number and the path once more.

    >>> why(IsADirectoryError(21, "Is a directory", "/w/course.toml")), why(ValueError("no table"))
    ('Is a directory', 'no table')
    """
    return getattr(error, "strerror", None) or str(error)


def inside(file: Path, folder: Path) -> str | None:
    """A file from a folder that it is in, with slashes; None if it is elsewhere.

    A command asks that of every file of a workspace, and `Path.relative_to` takes ten times as long.

    >>> inside(Path("/w/specs/laws.py"), Path("/w")), inside(Path("/wide/laws.py"), Path("/w"))
    ('specs/laws.py', None)
    """
    path, start = str(file), f"{str(folder).rstrip(os.sep)}{os.sep}"
    return path[len(start) :].replace(os.sep, "/") if path.startswith(start) else None


def leads_nowhere(file: Path) -> bool:
    """Whether this is a link to something that is not there, that is no file, or that is the link itself."""
    return file.is_symlink() and not file.is_file()


def hiding(root: Path) -> list[Path]:
    """What hides a module of Python's own, or of `BUILT_ON`, from all that is started in ``root``.

    ``python -m`` looks there first, for itself and for every library.
    """
    found = [*root.glob("*.py"), *(file.parent for file in root.glob("*/__init__.py"))]
    return sorted(file for file in found if file.stem in sys.stdlib_module_names | BUILT_ON)


def hidden_by(file: Path) -> str:
    """What a file of `hiding` hides, in words."""
    whose = "the package" if file.stem in BUILT_ON else "Python's own module"
    return f"{whose} {file.stem}"


def is_needed(file: Path) -> bool:
    """Whether a run needs what a file hides: it has been imported by this program, or will be."""
    return file.stem in BUILT_ON or file.stem in sys.modules


def missing() -> list[str]:
    """The packages of `BUILT_ON` that this Python does not find."""
    return sorted(name for name in BUILT_ON if find_spec(name) is None)


def lacking(root: Path) -> str:
    """What pytest does not find where it is started in ``root``, and what to do; empty if it finds all.

    Its workers, and a run of another kind, would crash.
    """
    if gone := missing():
        return f"{sys.executable} has no {' and no '.join(gone)}: {INSTALL} {root}"
    hides = next(filter(is_needed, hiding(root)), None)
    return f"{hides} hides {hidden_by(hides)}, which pytest needs: rename it" if hides else ""


def python_in(root: Path) -> list[str]:
    """The command that starts Python in ``root``, and finds Python's own modules whatever lies there."""
    return [sys.executable, "-P"] if hiding(root) else [sys.executable]
