"""The file that has a curriculum: read, checked, and remembered by its text."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from pytest_tinytorch.course.curriculum import Curriculum, CurriculumError
from pytest_tinytorch.course.kept import KEPT, TABLE, kept_in

DEFAULT = TABLE
"""The kit's own."""


def load_curriculum(path: Path = DEFAULT) -> Curriculum:
    """Read and check a curriculum file.

    Raises:
        CurriculumError: it cannot be read, or an entry is wrong; the message names it.
    """
    try:
        return parse_curriculum(path.read_bytes().decode("utf-8").replace("\r\n", "\n"))
    except OSError as error:
        raise CurriculumError(f"{path}: {error.strerror}") from error
    except ValueError as error:  # it is not UTF-8, not TOML, or an entry is wrong
        raise CurriculumError(f"{path}: {error}") from None


@lru_cache(maxsize=4)
def parse_curriculum(text: str) -> Curriculum:
    """A curriculum from its TOML. Remembered by its text: a run asks for it more than once."""
    if (kept := kept_in(KEPT, text, Curriculum)) is not None:
        return kept
    # The kit's own was checked when it was kept, so few starts need what checks it.
    from pytest_tinytorch.course.entries import build_curriculum

    return build_curriculum(table_of(text))


def table_of(text: str) -> Mapping[str, Any]:
    """The values in a text of TOML; ValueError if it is none."""
    import tomllib  # takes a while, as does what it reads

    return tomllib.loads(text)
