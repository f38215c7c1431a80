"""Folders for a while: they go with the program that made them, or else when the next one is made."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock

PREFIX, OWNER = "tinytorch-", "owner"
"""How the name of such a folder begins, and the file in it that whoever made it keeps locked."""
YOUNG = 60
"""Seconds for which a folder may have no owner yet."""


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """A folder with nothing in it but its lock; it goes at the end. What killed programs left goes now."""
    remove_left()
    folder = Path(tempfile.mkdtemp(prefix=PREFIX))
    owner = FileLock(folder / OWNER)
    owner.acquire()
    try:
        yield folder
    finally:
        owner.release()
        shutil.rmtree(folder, ignore_errors=True)


def remove_left() -> None:
    """Remove folders of this user whose owner is gone: the system frees what a killed program has locked."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with suppress(OSError):  # it is another user's, or went meanwhile
            if is_left(folder):
                shutil.rmtree(folder)


def is_left(folder: Path) -> bool:
    """Whether a folder is one of ours, and nobody holds it any more.

    Raises:
        OSError: it cannot be looked into.
    """
    status, owner = folder.lstat(), folder / OWNER
    mine = not hasattr(os, "getuid") or status.st_uid == os.getuid()
    if folder.is_symlink() or not mine or not folder.is_dir():
        return False
    if time.time() - status.st_mtime < YOUNG:
        return False
    if not owner.is_file():
        return not any(folder.iterdir())  # who made it was killed before it could be locked
    with FileLock(owner, timeout=0):  # Timeout is an OSError
        return True
