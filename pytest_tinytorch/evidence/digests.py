"""Digests of files: of Python by what it does, of everything else by its bytes."""

from __future__ import annotations

import ast
import hashlib
import os
import stat
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from pytest_tinytorch.course.syntax import syntax_tree

Fingerprint = Callable[[bytes], str]
"""From what is in a file to what is compared of it."""

Mark = tuple[int, int, int]
"""What tells that a file was written, whatever is in it now: time, size and number of the file."""

MISSING = "missing"

CHUNK = 1 << 16
"""Bytes of a file that are read at once where its size does not say how many there are."""


class Snapshot:
    """Files at one moment: each is read once, and each folder listed once, however often it is asked for.

    Attributes:
        pinned: source whose bytes have been read already, and count whatever is on the disk.
        code: the fingerprint of such source: docstrings count as soon as any of it reads one.
        marks: the marks of all other files that were asked for.

    Args:
        pinned: what to pin.
        beside: one of the same moment, with the same in each file that both have pinned: what it has read is
            not read again.
    """

    def __init__(
        self, pinned: Mapping[Path, bytes] | None = None, beside: Snapshot | None = None
    ) -> None:
        self.pinned = pinned or {}
        self.marks: dict[Path, Mark | None] = beside.marks if beside else {}
        self._seen: dict[tuple[Path, Fingerprint], str] = beside._seen if beside else {}
        self._below: dict[Path, tuple[Path, ...]] = beside._below if beside else {}
        # What was looked through beside, and is silent about docstrings, is not looked through again.
        silent = beside.pinned.keys() if beside and beside.code is of_code else set()
        documented = any(self.of(file, docstrings_read) for file in self.pinned.keys() - silent)
        self.code: Fingerprint = of_documented_code if documented else of_code

    def of(self, file: Path, fingerprint: Fingerprint) -> str:
        """The fingerprint of a file; a word that none can have if it cannot be read."""
        key = (file, fingerprint)
        if key not in self._seen:
            data = self.pinned.get(file)
            if data is None:
                found, data = read_with_mark(file)
                self.marks.setdefault(file, found)
            self._seen[key] = MISSING if data is None else fingerprint(data)
        return self._seen[key]

    def below(self, folder: Path) -> tuple[Path, ...]:
        """The files in a folder and in those inside it, as `files_below` gives them."""
        if folder not in self._below:
            self._below[folder] = tuple(files_below(folder))
        return self._below[folder]


def digest(entries: Iterable[tuple[str, str]]) -> str:
    """One digest over names and fingerprints, in the order given."""
    total = hashlib.sha256()
    for name, fingerprint in entries:
        total.update(f"{name}\0{fingerprint}\0".encode("utf-8", "backslashreplace"))
    return total.hexdigest()[:16]


def files_below(folder: Path) -> list[Path]:
    """All files in a folder and in those inside it, in order, without what nobody has written on purpose.

    That is what Python has compiled, what is hidden, and what editors keep beside a file while it is open.
    """
    found = []
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name != "__pycache__" and name[0] != "."]
        kept = [name for name in names if name[0] not in ".#" and name[-1] != "~"]
        found += [os.path.join(place, name) for name in kept]  # noqa: PTH118 - half the time
    found.sort(key=lambda file: file.split(os.sep))  # noqa: PTH206 - half the time
    return [*map(Path, found)]


def mark(file: Path) -> Mark | None:
    """The mark of a file; None if there is none."""
    try:
        return _mark_of(os.stat(file))  # noqa: PTH116 - half the time
    except (OSError, ValueError):  # no name of a file has a null
        return None


def _mark_of(status: os.stat_result) -> Mark:
    return status.st_mtime_ns, status.st_size, status.st_ino


def read_if_present(file: Path) -> bytes | None:
    """What is in a file; None if it cannot be read, or is a device or a pipe: it may have no end."""
    return read_with_mark(file)[1]


def read_with_mark(file: Path) -> tuple[Mark | None, bytes | None]:
    """The mark of a file, and what is in it; each None if there is none, as `mark` and `read_if_present` say.

    A command reads all files of a workspace, and Python's streams take twice as long.
    """
    found = None
    try:
        status = os.stat(file)  # noqa: PTH116 - half the time
        found = _mark_of(status)
        return found, _content(file, status.st_size) if stat.S_ISREG(status.st_mode) else None
    except (OSError, ValueError):
        return found, None


def _content(file: Path, size: int) -> bytes:
    """What is in a file, which said to have that size."""
    descriptor = os.open(file, os.O_RDONLY | getattr(os, "O_BINARY", 0))
    try:
        data = os.read(descriptor, size + 1)
        while more := os.read(descriptor, CHUNK):  # it may have grown, or have no size
            data += more
        return data
    finally:
        os.close(descriptor)


def of_bytes(data: bytes) -> str:
    """Every byte counts."""
    return hashlib.sha256(data).hexdigest()


def of_text(data: bytes) -> str:
    """Every byte counts but the line ends: git makes of them what the system has."""
    return of_bytes(data.replace(b"\r\n", b"\n") if b"\r" in data else data)


@lru_cache(maxsize=1024)
def of_code(data: bytes) -> str:
    """Python counts by its syntax tree without docstrings. Remembered, since to parse takes a while."""
    return _of_tree(data, documented=False)


@lru_cache(maxsize=1024)
def of_documented_code(data: bytes) -> str:
    """Python counts by its syntax tree, docstrings and all: for code that reads them."""
    return _of_tree(data, documented=True)


def docstrings_read(data: bytes) -> str:
    """A word if code speaks of docstrings at all, else nothing. To see what it does it would have to run."""
    # To look for either takes as long as to look for three letters, which few files have.
    speaks = b"doc" in data and (b"__doc__" in data or b"getdoc" in data)
    return "docstrings" if speaks else ""


def _of_tree(data: bytes, documented: bool) -> str:
    """What does not parse counts by its bytes, so any change shows."""
    try:
        text = canonical(syntax_tree(data), documented)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return of_bytes(data)
    return hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()


def canonical(node: Any, documented: bool = False) -> str:
    """A syntax tree as text, the same on every version of Python.

    `ast.dump` is not: its treatment of empty fields has changed between versions.
    """
    if isinstance(node, list):
        return f"[{','.join(canonical(item, documented) for item in node)}]"
    if not isinstance(node, ast.AST):
        return repr(node)
    fields = []
    for name, value in ast.iter_fields(node):
        if not documented and name == "body" and isinstance(value, list) and _has_docstring(node):
            value = value[1:]
        if value is not None and value != []:
            fields.append(f"{name}={canonical(value, documented)}")
    return f"{type(node).__name__}({','.join(fields)})"


def _has_docstring(node: ast.AST) -> bool:
    documented = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
    return isinstance(node, documented) and ast.get_docstring(node, clean=False) is not None
