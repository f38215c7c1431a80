"""Which source `import tinytorch` finds: the learner's, the reference's, or a mixture by module."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from importlib.util import spec_from_file_location
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

from pytest_tinytorch.course.curriculum import Curriculum, Unit
from pytest_tinytorch.evidence.digests import Snapshot

PACKAGE = "tinytorch"
GIVEN = frozenset({"__init__", "primitive", "datasets", "downloads", "formats"})
"""Modules of the package that nobody has to write, and that are never to blame."""


SHIPPED = "shipped"
"""In a wheel: copies of the kit's files, see `kit.files.PATTERNS`. A checkout has the files themselves."""


def kit_home() -> Path:
    """The folder with the files of the kit."""
    shipped = Path(__file__).parents[1] / SHIPPED
    return shipped if shipped.is_dir() else Path(__file__).parents[2]


def reference_folder(root: Path) -> Path:
    """The folder with the worked solution for the workspace in ``root``: its own, or else the kit's."""
    own = root / "reference"
    return own if own.is_dir() else kit_home() / "reference"


@dataclass(frozen=True)
class Implementation:
    """Where each module of `tinytorch` comes from.

    Attributes:
        folder: holds the package ``tinytorch/`` under test.
        reference: holds the worked solution.
        borrowed: names of the modules taken from the reference.
    """

    folder: Path
    reference: Path
    borrowed: frozenset[str] = field(default_factory=frozenset)

    def file(self, module: str) -> Path:
        """The file of ``tinytorch.<module>``; of the package itself for ``__init__``."""
        name, *inner = module.split(".")
        folder = self.reference if name in self.borrowed else self.folder
        place = (folder / PACKAGE).joinpath(name, *inner)
        package = place / "__init__.py"
        return package if package.is_file() else place.with_name(f"{place.name}.py")

    def shared_files(self, curriculum: Curriculum) -> list[Path]:
        """Files of the package that belong to no checkpoint, given or added: any module may use them."""
        package = self.folder / PACKAGE
        own = {package / f"{unit.name}.py" for unit in curriculum.checkpoints if unit.source}
        return sorted(file for file in package.rglob("*.py") if file not in own)

    def sources(self) -> dict[Path, bytes]:
        """Every file of the package under test, and what is in it now."""
        files = {*(self.folder / PACKAGE).rglob("*.py"), *map(self.file, self.borrowed)}
        return {file: file.read_bytes() for file in sorted(files) if file.is_file()}

    def digest(self, curriculum: Curriculum, unit: Unit, snapshot: Snapshot) -> str:
        """The digest of all source that ``unit`` stands on, and of where it is taken from."""
        closure = curriculum.closure([unit.id])
        modules = [need.name for need in curriculum.units if need.id in closure and need.source]
        origin = "reference" if self.folder == self.reference else "student"
        borrowed = ",".join(name for name in modules if name in self.borrowed)
        return f"{origin}{':' + borrowed if borrowed else ''}:" + snapshot.digest(
            [*self.shared_files(curriculum), *(self.file(name) for name in modules)]
        )


class FreshLoader(SourceFileLoader):
    """Compiles from source every time.

    Two saves within a second leave a cached file that looks up to date but is not, and a learner
    would be shown the verdict on code that is gone.
    """

    def __init__(self, fullname: str, path: str, pinned: Mapping[Path, bytes]) -> None:
        super().__init__(fullname, path)
        self.pinned = pinned

    def path_stats(self, path: str) -> dict[str, float]:
        raise OSError("no bytecode is read or written for the package under test")

    def source_to_code(self, data: Any, path: Any, *, _optimize: int = -1) -> CodeType:  # type: ignore[override]
        """Source as code. A process that forks compiles once for all its children."""
        return compile_cached(bytes(data), str(path))

    def get_data(self, path: str) -> bytes:
        """The bytes of a file, as they were when they were pinned."""
        found = self.pinned.get(Path(path))
        return super().get_data(path) if found is None else found


@lru_cache(maxsize=256)
def compile_cached(data: bytes, path: str) -> CodeType:
    """Source as code, remembered by its content. Every error names the place."""
    try:
        return compile(data, path, "exec", dont_inherit=True)
    except (SyntaxError, ValueError) as error:
        if isinstance(error, SyntaxError) and error.filename:
            raise
        line = data.partition(b"\0")[0].count(b"\n") + 1  # what Python gives no place of
        raise SyntaxError(str(error), (path, line, None, None)) from None


class Finder(MetaPathFinder):
    """Finds `tinytorch` and its modules where an Implementation says.

    Attributes:
        pinned: the bytes of files whatever is saved meanwhile; other files are read from the disk.
    """

    def __init__(self, implementation: Implementation) -> None:
        self.implementation = implementation
        self.pinned: dict[Path, bytes] = {}

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        package, _, module = fullname.partition(".")
        if package != PACKAGE:
            return None
        file = self.implementation.file(module or "__init__")
        if not file.is_file():
            return find_beside(fullname, path) if module else None
        return spec_from_file_location(
            fullname,
            file,
            loader=FreshLoader(fullname, str(file), self.pinned),
            submodule_search_locations=[str(file.parent)] if file.stem == "__init__" else None,
        )


def find_beside(fullname: str, path: Sequence[str] | None) -> ModuleSpec:
    """A module that is no file of Python, in the folder of the package under test and nowhere else.

    A workspace that is installed has a finder of its own, which would answer for any other.
    """
    found = PathFinder.find_spec(fullname, path)
    if found is None:
        raise ModuleNotFoundError(f"No module named {fullname!r}", name=fullname)
    return found


def install_finder(implementation: Implementation) -> Finder:
    """Let `import tinytorch` find this implementation from now on; forget one already imported."""
    uninstall_finder()
    finder = Finder(implementation)
    sys.meta_path.insert(0, finder)
    return finder


def uninstall_finder() -> None:
    """Take back `install_finder`."""
    sys.meta_path[:] = [finder for finder in sys.meta_path if not isinstance(finder, Finder)]
    for name in [name for name in sys.modules if name.partition(".")[0] == PACKAGE]:
        del sys.modules[name]
