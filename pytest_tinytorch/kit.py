"""The files that a workspace is made of: which they are, and where this installation has them."""

from __future__ import annotations

from importlib.metadata import version as installed
from pathlib import Path

DISTRIBUTION = "pytest-tinytorch"
SHIPPED = "shipped"
"""Beside this file in a wheel: copies of what `PATTERNS` names. A checkout has the files themselves."""

PATTERNS = (
    "reference/tinytorch/*.py",
    "specs/**/*.py",
    "specs/manifest.json",
    "milestones/**/*.py",
    "milestones/**/README.md",
    "datasets/*/[!.]*",
    "conftest.py",
    ".vscode/*.json",
    ".idea/runConfigurations/*.xml",
    ".github/workflows/learn.yml",
    ".ci/learn",
)
"""What the wheel carries, from the root of the repository. The build reads this too."""


def home() -> Path:
    """The folder with the files of the kit."""
    shipped = Path(__file__).with_name(SHIPPED)
    return shipped if shipped.is_dir() else Path(__file__).parents[1]


def reference(root: Path) -> Path:
    """The folder with the worked solution for the workspace in ``root``: its own, or else the kit's."""
    own = root / "reference"
    return own if own.is_dir() else home() / "reference"


def version() -> str:
    """The version that is installed."""
    return installed(DISTRIBUTION)


def files(home: Path) -> dict[str, Path]:
    """Each file of the kit in ``home``, by its path from there with slashes, in order."""
    found = {
        file.relative_to(home).as_posix(): file
        for pattern in PATTERNS
        for file in home.glob(pattern)
        if file.is_file()
    }
    return dict(sorted(found.items()))
