"""What is taken of a submission: regular files of its package, of a stated size; all else is refused."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import PurePosixPath

from pytest_tinytorch.evidence.implementation import PACKAGE
from pytest_tinytorch.grade.course import MEGABYTE, Limits

FILE, FOLDER = "file", "folder"
COMPILED = frozenset({".pyc", ".pyo", ".so", ".pyd", ".dll", ".dylib", ".pth"})
"""Endings of files that are no source, or that Python obeys by themselves."""
DEEPEST = 4
"""How many folders may lie around the package."""
SHOWN = 5
"""How many refused files a remark names."""


class Refused(ValueError):
    """The submission as a whole is not graded; the message says why."""


@dataclass(frozen=True)
class Item:
    """One thing in a submission.

    Attributes:
        path: from the submission, with slashes, as it is written there.
        kind: ``file``, ``folder``, or what else it is: ``symbolic link``, ``pipe``.
        size: bytes, as far as it tells.
        read: gives at most so many bytes of it.
    """

    path: str
    kind: str
    size: int = 0
    read: Callable[[int], bytes] = lambda most: b""


@dataclass(frozen=True)
class Part:
    """What one student has in something that holds a whole class.

    Attributes:
        label: where it is, for people; unique.
        items: with paths from where the student's own begins.
    """

    label: str
    items: tuple[Item, ...] = field(default=(), compare=False)

    def __str__(self) -> str:
        return self.label


@dataclass(frozen=True)
class Taken:
    """What is graded of a submission.

    Attributes:
        files: path from the package, with slashes, to content; in order.
        refused: what was left out: path and reason.
    """

    files: tuple[tuple[str, bytes], ...]
    refused: tuple[tuple[str, str], ...] = ()

    @property
    def digest(self) -> str:
        """By which the same submission is recognized."""
        total = sha256()
        for path, content in self.files:
            total.update(f"{path}\0{len(content)}\0".encode("utf-8", "backslashreplace"))
            total.update(content)
        for path, why in self.refused:
            total.update(f"{path}\0{why}\0".encode("utf-8", "backslashreplace"))
        return total.hexdigest()[:32]

    @property
    def remarks(self) -> tuple[str, ...]:
        """What was left out, in a few lines."""
        lines = [f"not taken: {path} ({why})" for path, why in self.refused[:SHOWN]]
        more = len(self.refused) - SHOWN
        return (*lines, f"not taken: {more} more") if more > 0 else tuple(lines)


def take(items: Iterable[Item], limits: Limits) -> Taken:
    """What is graded of a submission that consists of these items.

    Raises:
        Refused: something in it is not what a submission is, or it is too large.
    """
    found = sorted((checked(item) for item in items), key=lambda item: item.path)
    home = home_of([item.path for item in found if item.kind == FILE])
    inside = [item for item in found if item.path.startswith(home) and item.kind != FOLDER]
    own = [(item.path.removeprefix(home), item) for item in inside]
    refused = [(_shown(path), why) for path, item in own if (why := reason(path, item))]
    kept = [(path, item) for path, item in own if not reason(path, item)]
    return Taken(tuple(_contents(kept, limits)), tuple(refused))


def checked(item: Item) -> Item:
    """The item with a path that stays inside, and has slashes only.

    Raises:
        Refused: it does not stay inside.
    """
    path = item.path.replace("\\", "/")
    parts = PurePosixPath(path).parts
    leaves = path.startswith("/") or ".." in parts or any(part[1:2] == ":" for part in parts)
    if leaves or "\0" in path:
        raise Refused(f"a path in it leads out of it: {_short(item.path)}")
    return Item("/".join(parts), item.kind, item.size, item.read)


def home_of(paths: Sequence[str]) -> str:
    """The path of the one package among files, with a slash at its end: the one that lies least deep.

    >>> home_of(["fork/reference/tinytorch/tensor.py", "fork/tinytorch/tensor.py"])
    'fork/tinytorch/'

    Raises:
        Refused: there is none, or there are several.
    """
    homes = packages(paths)
    if not homes:
        raise Refused(f"there is no folder {PACKAGE}/ with files of Python in it")
    least = min(map(len, homes))
    first, *more = sorted(home for home in homes if len(home) == least)
    if more:
        raise Refused(
            f"there are several folders {PACKAGE}/: {'/'.join(first)}, {'/'.join(more[0])}"
        )
    return "/".join(first) + "/"


def packages(paths: Iterable[str]) -> set[tuple[str, ...]]:
    """The folders of every package among files, each as its parts."""
    homes: set[tuple[str, ...]] = set()
    for path in paths:
        *folders, name = path.split("/")
        if name.endswith(".py") and not is_hidden(folders) and PACKAGE in folders[: DEEPEST + 1]:
            homes.add(tuple(folders[: folders.index(PACKAGE) + 1]))
    return homes


def is_hidden(parts: Iterable[str]) -> bool:
    """Whether one of these folders or files is not meant to be seen."""
    return any(part[:1] == "." or part == "__MACOSX" for part in parts)


def reason(path: str, item: Item) -> str:
    """Why a file of the package is not taken; empty if it is."""
    if item.kind != FILE:
        return item.kind
    if PurePosixPath(path).suffix.lower() in COMPILED:
        return "compiled, or a file that Python obeys"
    if any(not part.isprintable() for part in path.split("/")):
        return "its name cannot be shown"
    return ""


def _contents(kept: Sequence[tuple[str, Item]], limits: Limits) -> list[tuple[str, bytes]]:
    if len(kept) > limits.files:
        raise Refused(f"it has {len(kept):,} files, and {limits.files:,} are allowed")
    left = limits.total_size * MEGABYTE
    found, seen = [], set()
    for path, item in kept:
        most = limits.file_size * MEGABYTE
        content = item.read(most + 1) if item.size <= most else b" " * (most + 1)
        if len(content) > most:
            raise Refused(f"{_short(path)} is larger than {limits.file_size} MB")
        left -= len(content)
        if left < 0:
            raise Refused(f"its files are larger than {limits.total_size} MB together")
        if path in seen:
            raise Refused(f"{_short(path)} is in it twice")
        seen.add(path)
        found.append((path, content))
    return found


def _shown(path: str) -> str:
    return "".join(c if c.isprintable() else "\ufffd" for c in path)


def _short(path: str) -> str:
    text = _shown(path)
    return text if len(text) <= 80 else f"{text[:77]}..."
