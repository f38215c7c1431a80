"""The items of a folder, a zip, a tarball or a commit, without writing any, and within bounds."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import IO, Any

from pytest_tinytorch.evidence.implementation import PACKAGE
from pytest_tinytorch.grade.course import MEGABYTE, Limits
from pytest_tinytorch.grade.repositories import Repository, items_of_commit
from pytest_tinytorch.grade.taking import (
    FILE,
    FOLDER,
    Item,
    Part,
    Refused,
    Taken,
    checked,
    is_hidden,
    packages,
    take,
)

Place = Path | Part | Repository
"""Where a submission is: a folder, an archive, a part of a download, or a commit."""
ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")
MOST_ITEMS = 20_000
"""More files and folders than these are looked at in no submission."""
LARGEST_ARCHIVE = 100 * MEGABYTE
LARGEST_CONTENT = 400 * MEGABYTE
"""Bytes of an archive, and of what is packed in it, whether it is taken or not."""
DAMAGED = (
    *(OSError, EOFError, ValueError, RuntimeError, NotImplementedError, MemoryError, KeyError),
    *(zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError),
)
"""What libraries raise for an archive that is none, or that has a password."""
OPENERS: dict[str, Callable[..., Any]] = {
    "gz": gzip.open,
    "tgz": gzip.open,
    "bz2": bz2.open,
    "xz": lzma.open,
    "tar": nullcontext,
}
KINDS = {
    stat.S_IFLNK: "symbolic link",
    stat.S_IFIFO: "pipe",
    stat.S_IFSOCK: "socket",
    stat.S_IFCHR: "device",
    stat.S_IFBLK: "device",
}


def take_from(place: Place, limits: Limits) -> Taken:
    """What is graded of the submission at ``place``.

    Raises:
        Refused: it cannot be read, is not what a submission is, or is too large.
    """
    try:
        if isinstance(place, Repository):
            with items_of_commit(place) as items:
                return take(_few(items), limits)
        if isinstance(place, Part):
            return _take_or_open(_few(iter(place.items)), limits)
        if place.is_dir():
            return _take_or_open(items_of_folder(place), limits)
        if not place.is_file():
            raise Refused("it is no regular file")
        with place.open("rb") as stream:
            return _take_packed(stream, place.name, limits, _take_or_open)
    except Refused:
        raise
    except DAMAGED as error:
        raise Refused(f"it cannot be read: {str(error) or type(error).__name__}") from error


def _take_packed(
    stream: IO[bytes],
    name: str,
    limits: Limits,
    take_zip: Callable[[Iterable[Item], Limits], Taken],
) -> Taken:
    if stream.seek(0, os.SEEK_END) > LARGEST_ARCHIVE:
        raise Refused(f"the archive is larger than {LARGEST_ARCHIVE // MEGABYTE} MB")
    stream.seek(0)
    if name.lower().endswith(".zip"):
        with zipfile.ZipFile(stream) as archive:
            return take_zip(_few(items_of_zip(archive)), limits)
    return take(_few(items_of_tar(stream, name, limits)), limits)


def _take_or_open(items: Iterable[Item], limits: Limits) -> Taken:
    """What is taken of these items; of the one archive among them, if there is no package beside it."""
    found = [checked(item) for item in items]
    packed = [] if packages(item.path for item in found) else archives_among(found)
    if len(packed) > 1:
        names = ", ".join(sorted(item.path for item in packed)[:2])
        raise Refused(f"there are several archives in it, and no folder {PACKAGE}/: {names}")
    if not packed:
        return take(found, limits)
    return _take_packed(
        io.BytesIO(packed[0].read(LARGEST_ARCHIVE + 1)), packed[0].path, limits, take
    )


def archives_among(items: Iterable[Item]) -> list[Item]:
    """The archives among items, those left out that the system has added."""
    return [
        item
        for item in items
        if item.kind == FILE
        and item.path.lower().endswith(ARCHIVES)
        and not is_hidden(item.path.split("/"))
    ]


def _few(items: Iterator[Item], packed: bool = True) -> Iterator[Item]:
    """The items; Refused if there are too many, or too much is packed in them."""
    size = 0
    for number, item in enumerate(items):
        size += item.size if packed else 0
        if number >= MOST_ITEMS:
            raise Refused(f"there are more than {MOST_ITEMS:,} files in it")
        if size > LARGEST_CONTENT:
            raise Refused(f"more than {LARGEST_CONTENT // MEGABYTE} MB are packed in it")
        yield item


def items_of_folder(place: Path) -> Iterator[Item]:
    """The items of the package in a folder, if it is there, or else all items of the folder."""
    start = place / PACKAGE
    if start.is_symlink():
        raise Refused(f"{PACKAGE}/ is a symbolic link")
    return _few(_walk(place, start if start.is_dir() else place), packed=False)


def _walk(place: Path, folder: Path) -> Iterator[Item]:
    with os.scandir(folder) as entries:
        found = sorted(entries, key=lambda entry: entry.name)
    for entry in found:
        path = Path(entry.path).relative_to(place).as_posix()
        status = entry.stat(follow_symlinks=False)
        if stat.S_ISDIR(status.st_mode):
            yield Item(path, FOLDER)
            if entry.name[0] != ".":
                yield from _walk(place, Path(entry.path))
        elif stat.S_ISREG(status.st_mode):
            yield Item(path, FILE, status.st_size, partial(read_file, Path(entry.path)))
        else:
            yield Item(path, KINDS.get(stat.S_IFMT(status.st_mode), "no regular file"))


def read_file(file: Path, most: int) -> bytes:
    """The first bytes of a regular file. What has become a link or a pipe meanwhile is not opened."""
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    with open(os.open(file, flags | getattr(os, "O_BINARY", 0)), "rb") as stream:  # noqa: PTH123
        if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
            raise Refused(f"{file.name} is no regular file")
        return stream.read(most)


def items_of_zip(archive: zipfile.ZipFile) -> Iterator[Item]:
    """The items of a zip. What its table says of sizes is not believed when it is read."""
    for info in archive.infolist():
        kind = KINDS.get(stat.S_IFMT(info.external_attr >> 16), FILE)
        if info.is_dir():
            yield Item(info.filename, FOLDER)
        else:
            yield Item(info.filename, kind, info.file_size, partial(_read_packed, archive, info))


def _read_packed(archive: zipfile.ZipFile, info: zipfile.ZipInfo, most: int) -> bytes:
    with archive.open(info) as stream:
        return stream.read(most)


def items_of_tar(stream: IO[bytes], name: str, limits: Limits) -> Iterator[Item]:
    """The items of a tarball, read from front to back, since it has no table."""
    opened = OPENERS[name.lower().rpartition(".")[2]]
    most = limits.file_size * MEGABYTE
    with opened(stream) as packed:
        bounded = Bounded(packed, LARGEST_CONTENT)
        with tarfile.open(fileobj=bounded, mode="r|") as archive:
            for member in archive:
                data = b""
                if member.isreg() and 0 <= member.size <= most:
                    content = archive.extractfile(member)
                    data = content.read(most + 1) if content else b""
                yield Item(member.name, _kind(member), member.size, partial(_first, data))


def _first(data: bytes, most: int) -> bytes:
    return data[:most]


def _kind(member: tarfile.TarInfo) -> str:
    kinds = {
        FILE: member.isreg(),
        FOLDER: member.isdir(),
        "symbolic link": member.issym(),
        "hard link": member.islnk(),
        "pipe": member.isfifo(),
    }
    return next((kind for kind, holds in kinds.items() if holds), "device")


class Bounded(io.RawIOBase):
    """A stream that refuses to give more than so many bytes.

    Args:
        stream: read from its beginning.
        most: how many bytes it gives in all.
    """

    def __init__(self, stream: IO[bytes], most: int) -> None:
        self.stream = stream
        self.left = most

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        if size < 0 or size > self.left:
            raise Refused("more is packed in it than it may hold")
        data = self.stream.read(size)
        self.left -= len(data)
        return data
