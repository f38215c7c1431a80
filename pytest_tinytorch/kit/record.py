"""The record in a workspace: which version of the kit wrote it, and what it wrote."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from msgspec import Struct

FILE = ".tinytorch-kit.json"
"""At the root, so that it is found although everything else is lost, and committed with the rest."""
SCHEMA = 1


class Record(Struct, frozen=True):
    """What the kit wrote last.

    Attributes:
        version: of the kit.
        name: of the project, as it stands in its pyproject.toml.
        files: path to the digest of what the kit wrote there, or had to offer.
    """

    version: str
    name: str
    files: Mapping[str, str]

    def text(self) -> str:
        """The record as it stands in the file."""
        table = {"schema": SCHEMA, "version": self.version, "name": self.name}
        table["files"] = dict(sorted(self.files.items()))
        return json.dumps(table, indent=1, ensure_ascii=False) + "\n"


def read_record(root: Path) -> Record:
    """The record of the workspace in ``root``.

    Raises:
        OSError: it cannot be read.
        ValueError: it is damaged; the message says what to do.
    """
    from msgspec import ValidationError  # these two take a while, and most commands read no record

    file = root / FILE
    remedy = f"get it back with `git checkout -- {FILE}`"
    try:
        table = json.loads(file.read_text(encoding="utf-8"))
        return parse_record(table)
    except (ValueError, KeyError, TypeError, ValidationError) as error:
        raise ValueError(f"{file} is damaged ({error}): {remedy}") from error


def parse_record(table: Mapping[str, object]) -> Record:
    """The record in plain values; an exception says what is wrong with them."""
    from msgspec import convert
    from packaging.version import InvalidVersion, Version

    if table["schema"] != SCHEMA:
        raise ValueError(f"schema {table['schema']!r} is not {SCHEMA}")
    found = convert(table, Record)
    try:
        Version(found.version)
    except InvalidVersion as error:
        raise ValueError(str(error)) from error
    for path in found.files:
        pure = PurePosixPath(path)
        if pure.is_absolute() or ".." in pure.parts or "\\" in path or ":" in path:
            raise ValueError(f"{path!r} is not inside the workspace")
    return found


def is_newer(first: str, second: str) -> bool:
    """Whether version ``first`` came after ``second``."""
    from packaging.version import Version

    return Version(first) > Version(second)


def digest(path: str, content: bytes) -> str:
    """The digest by which a file is recognized again."""
    return hashlib.sha256(normalized(path, content)).hexdigest()


def normalized(path: str, content: bytes) -> bytes:
    """A file with the line ends of the kit, whatever git or an editor has made of them.

    Data sets are left as they are: they have digests of their own.
    """
    return content if path.startswith("datasets/") else content.replace(b"\r\n", b"\n")
