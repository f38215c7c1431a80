"""Pages of the documentation that are no lessons, and that messages name: `tito docs editors`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pytest_tinytorch.evidence.implementation import kit_home

GUIDES = {"editors": "docs/editors.md"}
"""What a person types, and the file in the kit; a wheel carries it, see `kit.files.PATTERNS`."""


def guide_file(words: Sequence[str]) -> Path | None:
    """The page that words mean; None if they mean something else."""
    file = GUIDES.get(" ".join(words).lower())
    return kit_home() / file if file else None


def guide_text(file: Path) -> str:
    """A page in Markdown that needs no other file: without links between pages, and pictures in words."""
    from pytest_tinytorch.lessons import (
        reading,
    )  # takes a while, and only who reads a page needs it

    return reading.readable(file.read_text(encoding="utf-8"))
