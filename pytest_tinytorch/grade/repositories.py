"""A submission in a git repository on this machine: the files of a commit, read without running any of it."""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import Timer
from typing import IO
from urllib.parse import urlsplit
from urllib.request import url2pathname

from pytest_tinytorch.grade.taking import FILE, Item, Refused

HEAD = "HEAD"
SECONDS = 120.0
"""How long git may take for one submission."""
LONGEST_PATH = 64 * 1024
"""Bytes of a path in a commit."""
MODES = {b"120000": "symbolic link", b"160000": "submodule"}
"""What is no file, by how git writes its mode."""
BORROWS = ("commondir", "objects/info/alternates")
"""Files by which a repository uses the objects of another one."""
KEPT = ("PATH", "SYSTEMROOT", "TEMP", "TMPDIR")
SCHEME = re.compile(r"[a-z][a-z0-9+.-]*://|[\w.-]+@[\w.-]+:", re.IGNORECASE)
"""How the address of a repository begins that is somewhere else."""


@dataclass(frozen=True)
class Repository:
    """A commit of a repository.

    Attributes:
        folder: a bare repository, or a folder with ``.git`` in it.
        ref: a commit, a tag or a branch.
    """

    folder: Path
    ref: str = HEAD

    def __str__(self) -> str:
        return f"{self.folder}@{self.ref}"


def place_of(text: str) -> tuple[Path, str | None]:
    """The path that a person has named, and the commit in it: None for the files that lie there.

    ``PATH``, ``PATH@REF``, ``PATH#REF`` and ``file://`` with the same; what exists by its whole name is that.

    Raises:
        Refused: it is on another machine.
    """
    local = text.lower().startswith("file://")
    if not local and not _exists(text) and SCHEME.match(text):
        raise Refused(
            "only repositories on this machine are read: clone it first, with `git clone --bare`"
        )
    whole = _local(text) if local else text
    if not _exists(whole):
        for mark in re.finditer("[@#]", whole):
            path, ref = whole[: mark.start()], whole[mark.end() :]
            if ref and _exists(path):
                return Path(path), ref
    return Path(whole), HEAD if local else None


def _local(address: str) -> str:
    """The path of a ``file://`` address, with what stands behind it."""
    parts = urlsplit(address)
    if parts.netloc not in ("", "localhost"):
        raise Refused(
            "only repositories on this machine are read: write file:///, with three slashes"
        )
    return url2pathname(parts.path) + (f"#{parts.fragment}" if parts.fragment else "")


def _exists(path: str) -> bool:
    return os.path.exists(path)  # noqa: PTH110  (also for names that no file can have)


def git_folder(place: Path) -> Path | None:
    """What git keeps for a place: its ``.git``, or itself if it is bare; None if it is no repository."""
    for folder in (place / ".git", place):
        parts = (
            (folder / "HEAD").is_file(),
            (folder / "objects").is_dir(),
            (folder / "refs").is_dir(),
        )
        if all(parts):
            return folder
    return None


def is_bare(place: Path) -> bool:
    """Whether a folder is a repository without files beside it."""
    return git_folder(place) == place


@contextmanager
def items_of_commit(place: Repository) -> Iterator[Iterator[Item]]:
    """The items of a commit, for as long as the block runs.

    Raises:
        Refused: there is no such commit, or the repository cannot be read, or it uses another one.
    """
    git = own_folder(place.folder)
    commit = commit_of(git, place.ref)
    listing = ("ls-tree", "-r", "-z", "-l", "--full-tree", commit)
    with started(git, *listing) as listed, started(git, "cat-file", "--batch") as objects:
        yield _items(listed, objects)


def own_folder(place: Path) -> Path:
    """What git keeps for a repository, if nothing in it leads to another one."""
    git = git_folder(place)
    if git is None:
        raise Refused("it is no git repository")
    if any((git / name).exists() for name in BORROWS):
        raise Refused("its objects are in another repository: hand it in as a clone of its own")
    if git.name == ".git" and git.is_symlink():
        raise Refused(".git is a symbolic link")
    if strange := next(_strange(git.resolve()), ""):
        raise Refused(f"what git keeps has something other than files in it: {strange}")
    return git.resolve()


def _strange(git: Path) -> Iterator[str]:
    """Links, pipes and devices in what git keeps: they lead elsewhere, or git would wait for them."""
    for folder, folders, files in os.walk(git):
        for name in (*folders, *files):
            mode = os.lstat(os.path.join(folder, name)).st_mode  # noqa: PTH118
            if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
                yield name


def commit_of(git: Path, ref: str) -> str:
    """The digest of a commit."""
    words = ("rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}")
    with started(git, *words) as process:
        said = _output(process).read(200).decode("ascii", "replace").strip()
        if process.wait() != 0 or not re.fullmatch("[0-9a-f]{40,64}", said):
            raise Refused(f"there is no commit {ref} in it")
    return said


def _items(listed: subprocess.Popen[bytes], objects: subprocess.Popen[bytes]) -> Iterator[Item]:
    for line in _lines(_output(listed)):
        about, _, path = line.partition(b"\t")
        mode, _, name, size = about.split()
        kind = MODES.get(mode, FILE)
        if kind == FILE and not size.isdigit():
            raise Refused("git cannot read it: a file is missing")
        read = partial(_read_object, objects, name)
        text = path.decode("utf-8", "replace")
        yield Item(text, kind, int(size) if kind == FILE else 0, read)
    if listed.wait() != 0:
        raise Refused("git cannot read it: it is damaged, or far too large")


def _lines(stream: IO[bytes]) -> Iterator[bytes]:
    """What a stream says between zeros."""
    rest = b""
    while data := stream.read(LONGEST_PATH):
        *lines, rest = (rest + data).split(b"\0")
        yield from lines
        if len(rest) > LONGEST_PATH:
            raise Refused("a path in it is too long")


def _read_object(objects: subprocess.Popen[bytes], name: bytes, most: int) -> bytes:
    """The first bytes of a file of the commit."""
    assert objects.stdin is not None
    objects.stdin.write(name + b"\n")
    objects.stdin.flush()
    said = _output(objects).readline(200).split()
    if said[1:2] != [b"blob"]:
        raise Refused("git cannot read it: a file is missing")
    size = int(said[2])
    data = _output(objects).read(size + 1)
    if len(data) <= size:
        raise Refused("git cannot read it: a file is damaged")
    return data[: min(size, most)]


def _output(process: subprocess.Popen[bytes]) -> IO[bytes]:
    assert process.stdout is not None
    return process.stdout


@contextmanager
def started(git: Path, *words: str) -> Iterator[subprocess.Popen[bytes]]:
    """A command of git on a repository, ended with the block, and after some time at the latest."""
    program = shutil.which("git")
    if program is None:
        raise Refused("git is not installed, and this is a git repository")
    command = [program, "--no-pager", f"--git-dir={git}", *words]
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command, cwd=git, env=environment(), stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL
    ) as process:
        timer = Timer(SECONDS, process.kill)
        timer.start()
        try:
            yield process
        finally:
            timer.cancel()
            process.kill()


def environment() -> dict[str, str]:
    """What git sees: no settings of this machine or person, no other machine, no replaced objects."""
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    return {
        **kept,
        "LC_ALL": "C",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_ALLOW_PROTOCOL": "none",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_OPTIONAL_LOCKS": "0",
    }
