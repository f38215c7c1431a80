"""Digests of source text that do not change with comments, docstrings or layout."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any


class Snapshot:
    """The fingerprints of files at one moment: each file is read once, however often it is asked for.

    ``known`` are files whose bytes have been read already.
    """

    def __init__(self, known: Mapping[Path, bytes] | None = None) -> None:
        self.seen = {file: fingerprint_of(data) for file, data in (known or {}).items()}

    def digest(self, files: Iterable[Path]) -> str:
        """One digest over Python files, by their names and syntax trees, in the order given.

        A file that is missing or does not parse counts by its bytes, so any change shows.
        """
        total = hashlib.sha256()
        for file in files:
            if file not in self.seen:
                self.seen[file] = fingerprint(file)
            total.update(f"{file.name}\0{self.seen[file]}\0".encode())
        return total.hexdigest()[:16]


def fingerprint(file: Path) -> str:
    """The digest of one file's syntax tree. A device or a pipe counts as missing: it may have no end."""
    try:
        data = file.read_bytes() if file.is_file() else None
    except OSError:
        data = None
    return "missing" if data is None else fingerprint_of(data)


@lru_cache(maxsize=1024)
def fingerprint_of(data: bytes) -> str:
    """The digest of source text. Remembered: every unit asks for the files it stands on."""
    try:
        text = canonical(ast.parse(data))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return hashlib.sha256(data).hexdigest()
    return hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()


def canonical(node: Any) -> str:
    """A syntax tree as text, the same on every version of Python.

    `ast.dump` is not: its treatment of empty fields has changed between versions.
    """
    if isinstance(node, list):
        return f"[{','.join(canonical(item) for item in node)}]"
    if not isinstance(node, ast.AST):
        return repr(node)
    fields = []
    for name, value in ast.iter_fields(node):
        if name == "body" and isinstance(value, list) and value and _has_docstring(node):
            value = value[1:]
        if value is not None and value != []:
            fields.append(f"{name}={canonical(value)}")
    return f"{type(node).__name__}({','.join(fields)})"


def _has_docstring(node: ast.AST) -> bool:
    documented = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
    return isinstance(node, documented) and ast.get_docstring(node, clean=False) is not None
