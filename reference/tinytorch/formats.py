"""File formats of image data sets: the IDX of MNIST, and the records of CIFAR-10.

Given, not an exercise. Nothing here trusts a file: reading has a limit, nothing is unpacked to disk,
and each number that a file states about itself is checked.
"""

from __future__ import annotations

import gzip
import math
import tarfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:  # to read a file takes no engine
    from tinytorch.primitive import Array

UNREADABLE = (EOFError, zlib.error, gzip.BadGzipFile, tarfile.TarError)
"""What the standard library raises if an archive is damaged or ends too early."""


def damaged(path: str | Path, why: str) -> ValueError:
    """The error to raise for a file with the wrong content."""
    return ValueError(
        f"{path} is damaged: {why}; replace it with a good copy (docs/data.md says where to get one)"
    )


def content(path: Path, size: int) -> bytes:
    """The bytes of a file, unpacked if its name ends in ``.gz``.

    Args:
        path: the file.
        size: the expected number of bytes. At most one more is read, however many there are.
    Raises:
        ValueError: it cannot be unpacked, for example because its end is missing.
    """
    with path.open("rb") as file:
        if path.suffix != ".gz":
            return file.read(size + 1)
        try:
            return gzip.GzipFile(fileobj=file).read(size + 1)
        except UNREADABLE as error:
            raise damaged(path, f"it cannot be unpacked ({error})") from error


def members(path: Path, folder: str, sizes: Mapping[str, int]) -> Iterator[tuple[str, bytes]]:
    """Some files of a ``.tar.gz`` archive, one after another, without writing any to disk.

    Only a regular file whose name is exactly ``folder/name`` is read. Everything else in the archive
    is skipped, including names that begin with ``..`` or ``/``.

    Args:
        path: the archive.
        folder: the folder in it that holds the files.
        sizes: maps the name of each file to its required size in bytes.
    Yields:
        (name, bytes) in the order of the archive, each name once.
    Raises:
        ValueError: the archive cannot be read, or a file is missing, occurs twice, is a link, or has
            another size.
    """
    missing = {f"{folder}/{name}": name for name in sizes}
    wanted = set(missing)
    try:
        with gzip.open(path) as unpacked, tarfile.open(fileobj=unpacked, mode="r:") as archive:
            for member in archive:
                if member.name in wanted:
                    name: Any = missing.pop(member.name, None)
                    check(path, member, sizes.get(name))
                    # Of a regular file there is always something to read, unlike of a folder.
                    yield name, archive.extractfile(member).read()  # type: ignore[union-attr]
            while unpacked.read(2**20):  # Only at the end does gzip compare its checksum.
                pass
    except UNREADABLE as error:
        raise damaged(path, f"it cannot be unpacked ({error})") from error
    if missing:
        raise damaged(path, f"it lacks {', '.join(sorted(missing))}")


def check(path: str | Path, member: tarfile.TarInfo, size: int | None) -> None:
    """Raise ValueError unless a member of an archive is a file that occurs once and has this size."""
    if size is None:
        raise damaged(path, f"{member.name} is in it twice")
    if not member.isreg():
        raise damaged(path, f"{member.name} is a link or a folder, and should be a file")
    if member.size != size:
        raise damaged(path, f"{member.name} has {member.size:,} bytes, and should have {size:,}")


def idx_size(shape: tuple[int, ...]) -> int:
    """The size in bytes of an IDX file with an array of this shape.

    >>> idx_size((60000, 28, 28))
    47040016
    """
    return 4 + 4 * len(shape) + math.prod(shape)


def read_idx(data: bytes, shape: tuple[int, ...], path: str | Path) -> Array:
    """The array of an IDX file: two zero bytes, one for the type, one for the number of axes, the
    length of each axis in four bytes (the highest one first), and then the numbers.

    Args:
        data: the bytes of the file.
        shape: the shape that the array must have.
        path: the file's name for errors.
    Returns:
        uint8, read-only: it shares the memory of ``data``.
    Raises:
        ValueError: the array has another type or shape, or the file is too short or too long.

    >>> read_idx(bytes([0, 0, 8, 1, 0, 0, 0, 3, 7, 8, 9]), (3,), "labels")
    array([7, 8, 9], dtype=uint8)
    """
    magic = bytes([0, 0, 8, len(shape)])
    start = idx_size(shape) - math.prod(shape)
    if data[:4] != magic:
        raise damaged(path, f"it begins with the bytes {data[:4].hex()}, and should {magic.hex()}")
    if len(data) >= start:
        found = tuple(np.frombuffer(data[4:start], ">u4").tolist())
        if found != tuple(shape):
            raise damaged(path, f"its array has the shape {found}, and should have {tuple(shape)}")
    if len(data) != idx_size(shape):
        which = "ends too early" if len(data) < idx_size(shape) else "goes on too long"
        raise damaged(path, f"it {which}: its array needs {idx_size(shape):,} bytes in all")
    return np.frombuffer(data, np.uint8, offset=start).reshape(shape)


def read_records(
    data: bytes, shape: tuple[int, ...], count: int, path: str | Path
) -> tuple[Array, Array]:
    """The records of a file of CIFAR-10: a byte for the label, and then the bytes of the image.

    Args:
        data: the bytes of the file.
        shape: the shape of an image.
        count: how many records there must be.
        path: the file's name for errors.
    Returns:
        (images, labels), both uint8, (count, *shape) and (count,).
    Raises:
        ValueError: the file is too short or too long.

    >>> images, labels = read_records(bytes([3, 10, 20, 4, 30, 40]), (1, 1, 2), 2, "batch")
    >>> images.tolist(), labels.tolist()
    ([[[[10, 20]]], [[[30, 40]]]], [3, 4])
    """
    size = count * (1 + math.prod(shape))
    if len(data) != size:
        which = "ends too early" if len(data) < size else "goes on too long"
        raise damaged(path, f"it {which}: {count:,} records need {size:,} bytes")
    records = np.frombuffer(data, np.uint8).reshape(count, -1)
    return records[:, 1:].reshape(count, *shape), records[:, 0]


def class_numbers(labels: Array, classes: int, path: str | Path) -> Array:
    """Labels as int64, after a check that each is the number of a class.

    Raises:
        ValueError: a label is not less than ``classes``.

    >>> class_numbers(np.array([0, 9], np.uint8), 10, "labels")
    array([0, 9])
    """
    if labels.max(initial=0) >= classes:
        raise damaged(path, f"it has a label {labels.max()}, and the highest is {classes - 1}")
    return labels.astype(np.int64)
