"""A file that is only ever appended to: read within bounds, written whole or not at all, by one at a time."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

LONGEST = 64 * 1024 * 1024
"""Bytes that such a file has at most: a thousand times as many as years of work leave."""
PATIENCE = 60.0
"""Seconds to wait for a lock. The system frees it when its process is gone, but not while it is stopped."""


class Unusable(OSError):
    """What is there is no such file, so it is neither read nor written; the message says what it is."""


def read_bounded(file: Path) -> bytes:
    """What a file holds.

    Raises:
        FileNotFoundError: there is none.
        Unusable: it is something else, or too long to be one.
        OSError: it cannot be read.
    """
    check_usable(file, file.stat())
    with file.open("rb") as stream:
        return stream.read(LONGEST + 1)


def check_usable(file: Path, found: os.stat_result) -> None:
    """Unusable if this is no file that can be read to its end: a device may never end, a pipe never begin."""
    if stat.S_ISDIR(found.st_mode):
        raise Unusable(f"{file} is a folder, so no progress is read or kept")
    if not stat.S_ISREG(found.st_mode):
        raise Unusable(f"{file} is a device or a pipe, so no progress is read or kept")
    if found.st_size > LONGEST:
        raise Unusable(
            f"{file} has {found.st_size / 2**20:,.0f} MB, so no progress is read or kept: move it"
        )


@contextmanager
def locked(file: Path) -> Iterator[None]:
    """Wait until no other process appends to a file, and let none do so meanwhile.

    Raises:
        OSError: another process has held the lock for too long, or there can be no lock.
    """
    from filelock import FileLock, Timeout  # takes a while to import, and not every run appends

    make_folder(file.parent)
    try:
        with FileLock(file.with_name(f"{file.name}.lock"), timeout=PATIENCE):
            yield
    except Timeout:
        raise OSError(f"{file}: another run has been writing for {PATIENCE:g} s") from None


def append(file: Path, data: bytes) -> None:
    """Add bytes at the end, after a line that a crash may have cut short, and see them on the disk.

    All of it in one write, whole or not at all. Call it within `locked`.

    Raises:
        Unusable: there is something else.
        OSError: it cannot be written, as on a full disk; the file is as it was.
    """
    if file.exists():
        check_usable(file, file.stat())
    flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0)
    descriptor = os.open(file, flags, 0o666)
    try:
        size = os.fstat(descriptor).st_size
        if size and last_byte(descriptor) != b"\n":
            data = b"\n" + data
        try:
            write_all(descriptor, data)
            os.fsync(descriptor)
        except OSError as error:
            with suppress(OSError):
                os.ftruncate(descriptor, size)
            raise OSError(error.errno, os.strerror(error.errno or 0), str(file)) from None
    finally:
        os.close(descriptor)
    if not size:
        sync_folder(file.parent)


def write_all(descriptor: int, data: bytes) -> None:
    """Write in one go; a disk that has no room for the end of it says why when asked for the rest."""
    while data:
        data = data[os.write(descriptor, data) :]


def last_byte(descriptor: int) -> bytes:
    os.lseek(descriptor, -1, os.SEEK_END)
    return os.read(descriptor, 1)


def make_folder(folder: Path) -> None:
    """Make a folder and those above it, and see their names on the disk."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    sync_folder(folder.parent)


def sync_folder(folder: Path) -> None:
    """See the names of new files on the disk; Windows does so by itself."""
    if os.name != "posix":
        return
    with suppress(OSError):  # some file systems do not offer it
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
