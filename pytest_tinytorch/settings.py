"""The settings of pytest in a workspace, read as pytest itself would, without starting it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from pytest_tinytorch.course.curriculum import Curriculum
from pytest_tinytorch.course.curriculumfile import DEFAULT, load_curriculum
from pytest_tinytorch.course.options import (
    BORROW_SETTING,
    CURRICULUM_SETTING,
    PATH_SETTING,
    WORKSPACE_FILE,
    Options,
)
from pytest_tinytorch.course.selection import UnknownName
from pytest_tinytorch.evidence.digests import read_if_present
from pytest_tinytorch.evidence.following import FILE as LAST_RUN_FILE
from pytest_tinytorch.evidence.following import Following, read_following
from pytest_tinytorch.evidence.paths import why
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

WORDS = (b"tinytorch_", b"--path", b"--borrow")
"""Settings that have none of these words, not in `addopts` either, say nothing to the kit."""

LAST_RUN = "the last run"
"""Where a path or borrowing comes from that stands in no setting."""


def root_above(start: Path) -> Path | None:
    """The workspace at or above a folder; None if it is in none."""
    folders = (start, *start.parents)
    return next((folder for folder in folders if (folder / WORKSPACE_FILE).is_file()), None)


def workspace_at(
    root: Path, reference: bool = False, borrow: str | None = None, path: str | None = None
) -> Workspace:
    """The workspace in ``root`` as its settings and its last run have it: curriculum, path, what is borrowed.

    ``borrow`` and ``path`` come before both.

    Raises:
        CurriculumError, UnknownName, ValueError: as `open_workspace`, or the settings cannot be read.
    """
    curriculum = curriculum_of(root)
    asked = Options(learning_path=path, borrow=borrow, reference=reference)
    last, *others = followed(root).items()
    try:
        return build_workspace(root, _over(asked, [last, *others]), curriculum)
    except UnknownName:  # what the last run named need not be there any more
        return build_workspace(root, _over(asked, others), curriculum)


def _over(asked: Options, found: Iterable[tuple[str, Following]]) -> Options:
    """What was asked for, and where it is silent what is followed; what comes first counts."""
    for source, one in found:
        if asked.learning_path is None and one.path:
            asked = replace(asked, learning_path=one.path, learning_path_from=source)
        if asked.borrow is None and one.borrow:
            asked = replace(asked, borrow=one.borrow, borrow_from=source)
    return asked


def followed(root: Path) -> Mapping[str, Following]:
    """What a workspace follows and borrows, by what says so; what comes first counts.

    Raises:
        ValueError: the settings cannot be read, and may say something of it.
    """
    given = _read_if_told(root)
    path, borrow = (str(given.get(name, "")) or None for name in (PATH_SETTING, BORROW_SETTING))
    return {
        LAST_RUN: read_following(root),
        "addopts": in_addopts(given.get("addopts", "")),
        PATH_SETTING: Following(path),
        BORROW_SETTING: Following(borrow=borrow),
    }


def followed_options(root: Path, arguments: Sequence[str] = ()) -> list[str]:
    """What the last run followed and borrowed, as options; nothing that ``arguments`` say themselves."""
    last = read_following(root)
    found = {"--path": last.path, "--borrow": last.borrow}
    given = {word.partition("=")[0] for word in arguments}
    if "--reference" in given:
        return []
    return [f"{name}={value}" for name, value in found.items() if value and name not in given]


def in_addopts(text: object) -> Following:
    """What the options that pytest always gets say: those of the settings, and of PYTEST_ADDOPTS."""
    told = f"{text} {os.environ.get('PYTEST_ADDOPTS', '')}"
    if "--path" not in told and "--borrow" not in told:
        return Following()
    import argparse  # these two take a while, and few settings say either
    import shlex

    words = [str(word) for word in text] if isinstance(text, list) else shlex.split(str(text))
    words += shlex.split(os.environ.get("PYTEST_ADDOPTS", ""))
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    parser.add_argument("--path")
    parser.add_argument("--borrow")
    try:
        found, _ = parser.parse_known_args(words)
    except argparse.ArgumentError:
        return Following()
    return Following(found.path, found.borrow)


def curriculum_of(root: Path) -> Curriculum:
    """The curriculum that the settings in ``root`` name, or the kit's own.

    Raises:
        CurriculumError, ValueError: it is wrong, or the settings cannot be read.
    """
    named = str(_read_if_told(root).get(CURRICULUM_SETTING, ""))
    return load_curriculum(root / named if named else DEFAULT)


def read_settings(root: Path) -> Mapping[str, Any]:
    """The settings in the first file that has any; none if no file has.

    Raises:
        ValueError: a file cannot be read or parsed; the message names it.
    """
    return _first(root)[1]


def _read_if_told(root: Path) -> Mapping[str, Any]:
    """The same, but nothing where no file says anything to the kit: most do not, and TOML takes a while."""
    return read_settings(root) if any(_may_tell(root / name) for name in TABLES) else {}


def _may_tell(file: Path) -> bool:
    """Whether a file may say something to the kit; one that is there and cannot be read has to be named."""
    data = read_if_present(file)
    return file.is_file() if data is None else any(word in data for word in WORDS)


def files_of(root: Path) -> tuple[Path, ...]:
    """The files that say what a workspace is: settings, curriculum, its specs, what the last run followed.

    Whether they are there or not.

    Raises:
        ValueError: the settings cannot be read.
    """
    named = str(_read_if_told(root).get(CURRICULUM_SETTING, ""))
    found = (*TABLES, *([named] if named else []), WORKSPACE_FILE, LAST_RUN_FILE)
    return tuple(root / name for name in found)


def settings_file(root: Path) -> Path | None:
    """The file that `read_settings` reads, if there is one; errors as there."""
    return _first(root)[0]


def _first(root: Path) -> tuple[Path | None, Mapping[str, Any]]:
    for name, heading in TABLES.items():
        file = root / name
        if not file.is_file():
            continue
        try:
            table: Any = _parsed(name, file.read_text(encoding="utf-8"))
            for key in heading:
                table = _table_in(table, key)
            found = {**table, **_table_in(table, "ini_options")}
        except (OSError, ValueError) as error:
            raise ValueError(f"{file}: {why(error)}") from error
        if found or name in ALWAYS:
            return file, found
    return None, {}


def _table_in(table: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = table.get(key, {})
    if not isinstance(found, Mapping):
        raise ValueError(f"{key} = {found!r} is no table of settings")
    return found


def with_setting(file: str, text: str, name: str, value: str) -> str | None:
    r"""The text of a settings file with one more setting, or with another value for it.

    Only the line itself changes. None if the file has no heading for settings of pytest that stands on a
    line of its own.

    >>> with_setting("pytest.ini", "[pytest]\nminversion = 8\n", "tinytorch_path", "fast").splitlines()
    ['[pytest]', 'tinytorch_path = fast', 'minversion = 8']
    """
    toml = file.endswith(".toml")
    line = f'{name} = "{value}"' if toml else f"{name} = {value}"
    old = re.compile(rf"^{name}[ \t]*[=:].*$", re.MULTILINE)
    if old.search(text):
        return old.sub(lambda found: line, text, count=1)
    path = ".".join(TABLES[file])
    headings = [f"[{path}.ini_options]", f"[{path}]"] if toml else [f"[{path}]"]
    for heading in headings:
        found = re.search(rf"^{re.escape(heading)}[ \t]*(#.*)?$", text, re.MULTILINE)
        if found:
            return f"{text[: found.end()]}\n{line}{text[found.end() :]}"
    return None


def without_setting(text: str, name: str) -> str:
    """The text of a settings file without the line of one setting."""
    return re.sub(rf"^{name}[ \t]*[=:].*\n?", "", text, flags=re.MULTILINE)


@lru_cache(maxsize=8)
def _parsed(name: str, text: str) -> Mapping[str, Any]:
    """The sections of a file of settings. Remembered by its text: a command asks for it more than once."""
    if name.endswith(".toml"):
        import tomllib

        return tomllib.loads(text)
    from iniconfig import IniConfig, ParseError

    try:
        return {section.name: dict(section.items()) for section in IniConfig(name, text)}
    except ParseError as error:
        raise ValueError(str(error)) from error
