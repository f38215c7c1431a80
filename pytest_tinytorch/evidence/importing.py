"""How `import tinytorch` finds the package under test and compiles it: each time anew, from pinned source."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import lru_cache
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from importlib.util import spec_from_file_location
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

from pytest_tinytorch.evidence.implementation import PACKAGE, Implementation

Guard = Callable[[str], AbstractContextManager[object]]
"""Given the name of a module, something to import it in."""

REFUSED = (
    "tinytorch cannot be imported here: this process judges it, and the specs run in others. Import it"
    " inside a test or a fixture, or add --no-isolate."
)


ANSWERS = frozenset({"specs", "reference"})
"""Packages that a module under test may not import in any run: they have what it is asked for."""


class ForbiddenImport(SyntaxError):
    """A module under test has a statement that imports one of `ANSWERS`; it has the place of it."""


def refused_text(name: str) -> str:
    """What is said where the package under test imports what judges it."""
    return f"{PACKAGE} may not import {name}, which judges it: write what you need yourself"


class FreshLoader(SourceFileLoader):
    """Compiles from source every time.

    Two saves within a second leave a cached file that looks up to date but is not, and a learner
    would be shown the verdict on code that is gone.
    """

    def __init__(
        self, fullname: str, path: str, data: bytes | None, guard: Guard = nullcontext
    ) -> None:
        super().__init__(fullname, path)
        self.data = data
        self.guard = guard

    def exec_module(self, module: ModuleType) -> None:
        with self.guard(module.__name__):
            super().exec_module(module)

    def path_stats(self, path: str) -> dict[str, float]:
        raise OSError("no bytecode is read or written for the package under test")

    def source_to_code(self, data: Any, path: Any, *, _optimize: int = -1) -> CodeType:  # type: ignore[override]
        """Source as code. A process that forks compiles once for all its children."""
        return compile_allowed(bytes(data), str(path))

    def get_data(self, path: str) -> bytes:
        """The bytes of a file: of the module itself as they were when they were pinned."""
        pinned = self.data if path == self.path else None
        return super().get_data(path) if pinned is None else pinned


def compile_cached(data: bytes, path: str) -> CodeType:
    """Source as code, remembered by its content. Every error names the place."""
    found = _compiled(data, path)
    if isinstance(found, SyntaxError):
        raise type(found)(*found.args)  # a new one: whoever catches it adds to it
    return found


@lru_cache(maxsize=256)
def _compiled(data: bytes, path: str) -> CodeType | SyntaxError:
    """The same; an error is remembered, too. Each spec of a module imports it, whether it can or not."""
    try:
        return compile(data, path, "exec", dont_inherit=True)
    except (SyntaxError, ValueError) as error:
        if isinstance(error, SyntaxError) and error.filename:
            return error.with_traceback(None)
        line = data.partition(b"\0")[0].count(b"\n") + 1  # what Python gives no place of
        return SyntaxError(str(error), (path, line, None, None))


@lru_cache(maxsize=256)
def compile_allowed(data: bytes, path: str) -> CodeType:
    """The same, of a module that imports nothing of what judges it.

    Raises:
        ForbiddenImport: it does.
    """
    code = compile_cached(data, path)
    if (found := answer_in(code)) is not None:
        raise ForbiddenImport(refused_text(found[0]), (path, found[1], None, None))
    return code


def answer_in(code: CodeType) -> tuple[str, int] | None:
    """(name, line) of the first of `ANSWERS` that a statement imports, in whatever function; None if none."""
    if any(name.partition(".")[0] in ANSWERS for name in code.co_names):
        import dis  # few modules have such a name at all

        for step in dis.get_instructions(code):
            if step.opname == "IMPORT_NAME" and step.argval.partition(".")[0] in ANSWERS:
                return step.argval, (step.positions and step.positions.lineno) or 1
    inner = (answer_in(one) for one in code.co_consts if isinstance(one, CodeType))
    return next((found for found in inner if found is not None), None)


def compile_sources(sources: Mapping[Path, bytes]) -> None:
    """Compile what this run judges, once for all forks."""
    for file, data in sources.items():
        try:
            compile_allowed(data, str(file))
        except (SyntaxError, ValueError):
            continue  # whoever imports it is told


class Finder:
    """Finds `tinytorch` and its modules where an Implementation says.

    Attributes:
        implementation: says where.
        pinned: the source that is found, whatever is saved, made or removed meanwhile. Without it, what is on
            the disk.
        guard: what a module is imported in.
        open: whether this process may import the package. One that judges specs in others may not.
    """

    def __init__(
        self,
        implementation: Implementation,
        pinned: Mapping[Path, bytes] | None = None,
        guard: Guard = nullcontext,
    ) -> None:
        self.implementation = implementation
        self.pinned = pinned
        self.guard = guard
        self.open = True

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        package, _, module = fullname.partition(".")
        if package != PACKAGE:
            return None
        if not self.open:
            raise ImportError(REFUSED, name=fullname)
        file = self._file(module or "__init__")
        if file is None:
            return self._find_beside(fullname, path) if module else None
        return spec_from_file_location(
            fullname,
            file,
            loader=FreshLoader(fullname, str(file), (self.pinned or {}).get(file), self.guard),
            submodule_search_locations=[str(file.parent)] if file.stem == "__init__" else None,
        )

    def _file(self, module: str) -> Path | None:
        """The file of a module, if there is one."""
        places = self.implementation.places(module)
        there = Path.is_file if self.pinned is None else self.pinned.__contains__
        return next(filter(there, places), None)

    def _find_beside(self, fullname: str, path: Sequence[str] | None) -> ModuleSpec:
        """A module that is no file of Python, in the folder of the package under test and nowhere else.

        A workspace that is installed has a finder of its own, which would answer for any other.
        """
        found = PathFinder.find_spec(fullname, path)
        made_since = (
            self.pinned is not None and found and isinstance(found.loader, SourceFileLoader)
        )
        if found is None or made_since:
            raise ModuleNotFoundError(f"No module named {fullname!r}", name=fullname)
        return found


def install_finder(
    implementation: Implementation,
    pinned: Mapping[Path, bytes] | None = None,
    guard: Guard = nullcontext,
) -> Finder:
    """Let `import tinytorch` find this implementation from now on; forget one already imported."""
    uninstall_finder()
    finder = Finder(implementation, pinned, guard)
    sys.meta_path.insert(0, finder)
    return finder


def installed_finder() -> Finder | None:
    """What `install_finder` has installed last, if anything."""
    return next((finder for finder in sys.meta_path if isinstance(finder, Finder)), None)


def pin(implementation: Implementation, pinned: Mapping[Path, bytes]) -> None:
    """Let the finder that is installed find other source from now on. None of it may be imported yet."""
    finder = installed_finder()
    assert finder is not None
    finder.implementation, finder.pinned = implementation, pinned


def is_imported() -> bool:
    """Whether anything of the package under test is imported in this process."""
    return any(name.partition(".")[0] == PACKAGE for name in sys.modules)


def open_finder(is_open: bool) -> None:
    """Let this process import the package under test, or refuse it."""
    finder = installed_finder()
    if finder is not None:
        finder.open = is_open


def uninstall_finder() -> None:
    """Take back `install_finder`."""
    sys.meta_path[:] = [finder for finder in sys.meta_path if not isinstance(finder, Finder)]
    for name in [name for name in sys.modules if name.partition(".")[0] == PACKAGE]:
        del sys.modules[name]
