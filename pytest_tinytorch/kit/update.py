"""An update: what becomes of each file of a workspace when the kit is newer than it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from pytest_tinytorch.evidence.implementation import PACKAGE
from pytest_tinytorch.kit import record
from pytest_tinytorch.kit.record import Record

ADD, REPLACE, RESTORE, OFFER, REMOVE, LEAVE = (
    "add",
    "replace",
    "restore",
    "offer",
    "remove",
    "leave",
)
"""What can become of a file:

add      it is not there, and is written
replace  it is as the kit wrote it, and the newer one takes its place
restore  the kit's own was changed: the change is kept as a backup, and the kit's takes its place
offer    it is the learner's: it stays, and the newer one is put where they can look at it
remove   it is as the kit wrote it, and the kit no longer has it
leave    the kit no longer has it, but it was changed: it stays
"""

KITS = ("specs/", "milestones/", "datasets/")
"""Folders that are the kit's: a mixture of versions in them would not match the manifest."""
BACKUPS = ".tinytorch/backups"
OFFERS = ".tinytorch/updates"


@dataclass(frozen=True)
class Action:
    """What becomes of one file."""

    what: str
    path: str

    @property
    def offer(self) -> str:
        """Where the kit's version is put if the file is the learner's."""
        return f"{OFFERS}/{self.path.removeprefix(PACKAGE + '/')}"


def plan_update(
    written: Mapping[str, str], kit: Mapping[str, str], found: Mapping[str, str]
) -> list[Action]:
    """What there is to do; nothing for files that are as they should be.

    Args:
        written: path to digest of what an earlier kit wrote.
        kit: path to digest of what the kit would write now.
        found: path to digest of what is in the workspace.
    """
    fates = {
        path: file_action(path, written.get(path), kit.get(path), found.get(path))
        for path in sorted({*written, *kit})
    }
    return [Action(what, path) for path, what in fates.items() if what is not None]


def file_action(path: str, written: str | None, new: str | None, found: str | None) -> str | None:
    """What becomes of one file, by its digests; None for nothing."""
    if found == new:
        return None
    if found is None:
        thrown_away = written is not None and not path.startswith((*KITS, f"{PACKAGE}/"))
        return None if thrown_away else ADD
    if new is None:
        return REMOVE if found == written else LEAVE
    if found == written:
        return REPLACE
    if path.startswith(KITS):
        return RESTORE
    return None if written == new else OFFER


def digests(root: Path, paths: Iterable[str]) -> dict[str, str]:
    """The digest of each of these files that is there."""
    return {
        path: record.digest(path, (root / path).read_bytes())
        for path in paths
        if (root / path).is_file()
    }


def apply_update(
    root: Path, actions: Iterable[Action], contents: Mapping[str, bytes], after: Record, stamp: str
) -> None:
    """Do what was planned. The record comes last, so that an update that was cut short can be repeated.

    Args:
        root: the workspace.
        actions: of `plan_update`.
        contents: path to content of every file of the kit.
        after: the record to leave behind.
        stamp: names the folder for backups.
    """
    for action in actions:
        file = root / action.path
        if action.what == RESTORE:
            replace_file(root / BACKUPS / stamp / action.path, file.read_bytes())
        if action.what in (ADD, REPLACE, RESTORE):
            replace_file(file, contents[action.path])
        elif action.what == OFFER:
            replace_file(root / action.offer, contents[action.path])
        elif action.what == REMOVE:
            file.unlink()
    replace_file(root / record.FILE, after.text().encode("utf-8"))


def replace_file(file: Path, content: bytes) -> None:
    """Write a file, which is the old one until the new one is whole."""
    file.parent.mkdir(parents=True, exist_ok=True)
    whole = file.with_name(f"{file.name}.{os.getpid()}.new")
    try:
        whole.write_bytes(content)
        whole.replace(file)
    finally:
        whole.unlink(missing_ok=True)
