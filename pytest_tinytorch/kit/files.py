"""The files that a workspace is made of: which they are, and where this installation has them."""

from __future__ import annotations

from pathlib import Path

DISTRIBUTION = "pytest-tinytorch"

PATTERNS = (
    "reference/tinytorch/*.py",
    "specs/**/*.py",
    "specs/manifest.json",
    "milestones/**/*.py",
    "milestones/**/README.md",
    "datasets/*/[!.]*",
    "docs/modules/*.md",
    "docs/pictures/*.svg",
    "docs/editors.md",
    "conftest.py",
    ".vscode/*.json",
    ".idea/runConfigurations/*.xml",
    ".github/workflows/learn.yml",
    ".ci/learn",
)
"""What the wheel carries, from the root of the repository. The build reads this too."""


def kit_version() -> str:
    """The version that is installed."""
    from importlib.metadata import version  # takes a while, and most commands do not ask

    return version(DISTRIBUTION)


def kit_files(home: Path) -> dict[str, Path]:
    """Each file of the kit in ``home``, by its path from there with slashes, in order."""
    found = {
        file.relative_to(home).as_posix(): file
        for pattern in PATTERNS
        for file in home.glob(pattern)
        if file.is_file()
    }
    return dict(sorted(found.items()))
