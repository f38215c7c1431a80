"""The pristine workspace that every submission is judged in: its files, their digest, and what is asked."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from pytest_tinytorch import settings
from pytest_tinytorch.course.curriculum import Curriculum, CurriculumError, Unit, UnitId
from pytest_tinytorch.course.options import (
    BORROW_SETTING,
    CURRICULUM_SETTING,
    PATH_SETTING,
    SPECS_SETTING,
    Options,
)
from pytest_tinytorch.evidence.digests import files_below
from pytest_tinytorch.evidence.implementation import PACKAGE, kit_home, reference_folder
from pytest_tinytorch.evidence.paths import SHIPPED
from pytest_tinytorch.evidence.workspace import build_workspace
from pytest_tinytorch.grade.course import Course, CourseError, read_course
from pytest_tinytorch.kit import record, starter, stubs
from pytest_tinytorch.kit.files import kit_version
from pytest_tinytorch.kit.record import Record
from pytest_tinytorch.kit.specs import only_specs, specs_status

FOLDERS = ("specs", "milestones", "datasets")
CONFTEST = "conftest.py"
REFERENCE = "reference"
JUDGES = ("pytest", "hypothesis", "numpy", "pytest-timeout", "pytest-tinytorch")
"""The packages that a verdict depends on besides the kit."""
PLUGIN = Path(__file__).parents[1]
BESIDE = ("website/", f"{SHIPPED}/")
"""Folders of the plugin that judge nothing: a checkout has the one, and an installed kit the other."""
NAME = "graded"
"""Of the project that the workspace pretends to be."""


@dataclass(frozen=True)
class Kit:
    """A workspace without a submission, and what is asked of one.

    Attributes:
        files: path from the workspace to content, of all but the package.
        package: file name to content of the package as a student begins with it.
        curriculum: what there is to learn.
        course: what is graded, and how.
        asked: the units that give points, in order.
        borrowed: the units that are taken from the reference.
        digest: of all that a verdict depends on besides the submission.
        solution: file name to content of the worked solution, which no workspace has.
    """

    files: Mapping[str, bytes]
    package: Mapping[str, bytes]
    curriculum: Curriculum
    course: Course
    asked: tuple[Unit, ...]
    borrowed: tuple[Unit, ...]
    digest: str
    solution: Mapping[str, bytes] = field(default_factory=dict)

    @property
    def options(self) -> list[str]:
        """The options of pytest that say what is graded."""
        course = self.course
        given = {
            "checkpoint": course.checkpoint,
            "milestone": course.milestone,
            "borrow": course.borrow,
            "path": course.path,
        }
        return [f"--{name}={value}" for name, value in given.items() if value is not None]

    def write(self, folder: Path, package: Mapping[str, bytes]) -> None:
        """Make the workspace in ``folder``, which must not be there, with a submission's package in it."""
        own = {f"{PACKAGE}/{path}": data for path, data in {**self.package, **package}.items()}
        starter.create_workspace(folder, {**self.files, **own})

    def changed(self, folder: Path) -> tuple[str, ...]:
        """What differs in a workspace from what `write` has made; the package is not looked at."""
        found = {path: _read(folder / path) for path in self.files}
        added = {
            path
            for part in FOLDERS
            for file in files_below(folder / part)
            if (path := file.relative_to(folder).as_posix()) not in self.files
        }
        return tuple(sorted(added | {p for p, data in found.items() if data != self.files[p]}))


def open_kit(root: Path | None, course_file: Path | None, asked: Mapping[str, Any]) -> Kit:
    """The kit of the workspace in ``root``, or the installed one, and what a course asks for.

    Args:
        root: a checkout, a fork or a workspace.
        course_file: see `course.read_course`.
        asked: what the command line says of checkpoint, milestone, borrow and path; it comes first.

    Raises:
        CourseError: the course is wrong, or the specs of the workspace are not to be trusted.
        CurriculumError, ValueError: as `settings.workspace_at`.
    """
    curriculum = settings.curriculum_of(root) if root else settings.curriculum_of(kit_home())
    course = followed(replace(read_course(course_file, curriculum), **asked), root)
    options = Options(
        checkpoint=course.checkpoint,
        milestone=course.milestone,
        borrow=course.borrow,
        learning_path=course.path,
        source=reference_folder(root or kit_home()),  # an installed kit has no other package
    )
    workspace = build_workspace(root or kit_home(), options, curriculum)
    selected, borrowed = workspace.selected(), workspace.borrowed()
    files = _files_of(root) if root else _installed_files()
    files |= _borrowed_files(root or kit_home(), curriculum, borrowed)
    reference = reference_folder(root or kit_home())
    package = {
        name: text.encode("utf-8")
        for name, text in stubs.generate_stubs(curriculum, reference).items()
    }
    worth = [unit for unit in curriculum.units if unit.source or unit.is_milestone]
    kit = Kit(
        files,
        package,
        curriculum,
        course,
        tuple(unit for unit in worth if unit.id in selected),
        tuple(unit for unit in worth if unit.id in borrowed - selected),
        "",
        _solution(curriculum, reference / PACKAGE),
    )
    if not kit.asked:
        without = ", ".join(unit.label for unit in curriculum.units if unit.id in selected)
        told = f", and {without} gives none" if without else ""
        raise CourseError(
            f"nothing that gives points is asked for{told}: name checkpoints or milestones"
        )
    return replace(kit, digest=digest_of(kit, judges()))


def _solution(curriculum: Curriculum, folder: Path) -> dict[str, bytes]:
    """The worked solution of every module that students write."""
    names = [f"{unit.name}.py" for unit in curriculum.checkpoints if unit.source]
    found = {name: _read(folder / name) for name in names}
    return {name: data for name, data in found.items() if data is not None}


def followed(course: Course, root: Path | None) -> Course:
    """The course with what the settings of the workspace follow and borrow, where it is silent itself."""
    if root is None:
        return course
    given = settings.read_settings(root)
    options = settings.in_addopts(given.get("addopts", ""))
    path = course.path or options.path or str(given.get(PATH_SETTING, "")) or None
    borrow = course.borrow or options.borrow or str(given.get(BORROW_SETTING, "")) or None
    return replace(course, path=path, borrow=borrow)


def _files_of(root: Path) -> dict[str, bytes]:
    """The files of a workspace that judge, without its package."""
    given = settings.read_settings(root)
    named = str(given.get(CURRICULUM_SETTING, ""))
    status = specs_status(root, bool(named), str(given.get(SPECS_SETTING, "")))
    if not status.trusted:
        raise CourseError(
            f"{root}: {status.named}. If your course changed them on purpose, run `tito specs accept`"
        )
    files = [file for folder in FOLDERS for file in files_below(root / folder)]
    files += [root / name for name in (CONFTEST, record.FILE) if (root / name).is_file()]
    if (file := settings.settings_file(root)) is not None:
        files.append(file)
    if named:
        place = (root / named).resolve()
        if not place.is_relative_to(root.resolve()):
            raise CurriculumError(f"{place} is outside of {root}: put the curriculum inside")
        files.append(root / named)
    found = {file.relative_to(root).as_posix(): file.read_bytes() for file in files}
    if record.FILE not in found and not named:
        found[record.FILE] = _record(found)
    return found


def _installed_files() -> dict[str, bytes]:
    """The files of a workspace as `tito init` makes it, without its package."""
    made = starter.workspace_files(NAME, kit_version())
    kept = (*(f"{folder}/" for folder in FOLDERS), CONFTEST, "pyproject.toml")
    found = {path: data for path, data in made.items() if path.startswith(kept)}
    return found | {record.FILE: _record(found)}


def _record(files: Mapping[str, bytes]) -> bytes:
    """The record that calls these specs the kit's: where they run is no kit to compare them with."""
    specs = only_specs(dict.fromkeys(files, ""))
    digests = {path: record.digest(path, files[path]) for path in specs}
    return Record(kit_version(), NAME, digests).text().encode("utf-8")


@cache
def own_specs() -> Mapping[str, bytes]:
    """Path to content of what the installed kit's own specs judge with."""
    folder = kit_home() / "specs"
    return {f"specs/{file.name}": file.read_bytes() for file in sorted(folder.glob("*.py"))}


def _borrowed_files(
    root: Path, curriculum: Curriculum, borrowed: frozenset[UnitId]
) -> dict[str, bytes]:
    """The files of the worked solution that are lent, and no other."""
    folder = reference_folder(root) / PACKAGE
    names = [unit.name for unit in curriculum.checkpoints if unit.id in borrowed and unit.source]
    found = {name: _read(folder / f"{name}.py") for name in names}
    return {
        f"{REFERENCE}/{PACKAGE}/{name}.py": data for name, data in found.items() if data is not None
    }


def judges() -> dict[str, str]:
    """What a verdict depends on besides the kit's files, by name: versions, and the digest of the plugin."""
    files = {file.relative_to(PLUGIN).as_posix(): file for file in PLUGIN.rglob("*.py")}
    own = {path: _read(f) or b"" for path, f in files.items() if not path.startswith(BESIDE)}
    versions = {package: _version(package) for package in JUDGES}
    return {"python": platform.python_version(), **versions, "plugin": _digest(own)[:12]}


def differences(wanted: Mapping[str, str], found: Mapping[str, str]) -> str:
    """What differs between what should judge and what does, in a line; empty if nothing does.

    >>> differences({"python": "3.12.1", "numpy": "2.1"}, {"python": "3.12.1", "numpy": "2.0"})
    'numpy 2.0, not 2.1'
    """
    differ = [name for name in wanted if found.get(name) != wanted[name]]
    return "; ".join(f"{name} {found.get(name, 'missing')}, not {wanted[name]}" for name in differ)


def digest_of(kit: Kit, judges: Mapping[str, str]) -> str:
    """The digest of a kit whose specs these judge."""
    told = [_digest(kit.files), _digest(kit.package), *kit.options]
    told += [f"{name} {version}" for name, version in judges.items()]
    return sha256("\0".join(told).encode("utf-8")).hexdigest()[:32]


def _digest(files: Mapping[str, bytes]) -> str:
    total = sha256()
    for path, data in sorted(files.items()):
        total.update(f"{path}\0{len(data)}\0".encode("utf-8", "backslashreplace"))
        total.update(data)
    return total.hexdigest()


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "missing"


def _read(file: Path) -> bytes | None:
    try:
        return file.read_bytes()
    except OSError:
        return None
