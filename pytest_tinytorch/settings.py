"""The settings of pytest in a workspace, read as pytest itself would, without starting it."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from iniconfig import IniConfig, ParseError

from pytest_tinytorch.course.curriculum import DEFAULT, Curriculum, load_curriculum
from pytest_tinytorch.course.options import CURRICULUM_SETTING, PATH_SETTING, Options
from pytest_tinytorch.evidence.workspace import Workspace, build_workspace

TABLES = {
    "pytest.toml": ("pytest",),
    ".pytest.toml": ("pytest",),
    "pytest.ini": ("pytest",),
    ".pytest.ini": ("pytest",),
    "pyproject.toml": ("tool", "pytest"),
    "tox.ini": ("pytest",),
    "setup.cfg": ("tool:pytest",),
}
"""Where the settings may stand, in the order in which pytest looks, and under which heading."""

ALWAYS = ("pytest.toml", ".pytest.toml", "pytest.ini", ".pytest.ini")
"""Files that are for pytest alone: one that says nothing still ends the search."""


def workspace_at(root: Path, reference: bool = False) -> Workspace:
    """The workspace in ``root`` as its settings have it: with its curriculum, on its path.

    Raises:
        CurriculumError, UnknownName, ValueError: as `open_workspace`, or the settings cannot be read.
    """
    path = str(read_settings(root).get(PATH_SETTING, "")) or None
    given = Options(learning_path=path, learning_path_from=PATH_SETTING, reference=reference)
    return build_workspace(root, given, curriculum_of(root))


def curriculum_of(root: Path) -> Curriculum:
    """The curriculum that the settings in ``root`` name, or the kit's own.

    Raises:
        CurriculumError, ValueError: it is wrong, or the settings cannot be read.
    """
    named = str(read_settings(root).get(CURRICULUM_SETTING, ""))
    return load_curriculum(root / named if named else DEFAULT)


def read_settings(root: Path) -> Mapping[str, Any]:
    """The settings in the first file that has any; none if no file has.

    Raises:
        ValueError: a file cannot be parsed; the message names it.
    """
    for name, heading in TABLES.items():
        file = root / name
        if not file.is_file():
            continue
        try:
            table: Any = _parsed(file)
        except (ValueError, ParseError) as error:
            raise ValueError(f"{file}: {error}") from error
        for key in heading:
            table = table.get(key, {})
        found = {**table, **table.get("ini_options", {})}
        if found or name in ALWAYS:
            return found
    return {}


def _parsed(file: Path) -> Mapping[str, Any]:
    text = file.read_text(encoding="utf-8")
    if file.suffix == ".toml":
        return tomllib.loads(text)
    return {section.name: dict(section.items()) for section in IniConfig(file.name, text)}
