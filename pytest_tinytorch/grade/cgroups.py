"""A cgroup for each run, where the system lets the grader have some: what its processes use together.

Without one, memory is limited for each process (`RLIMIT_AS`). Cgroups are folders of the system's; version 2
is needed. One that has processes itself cannot limit others in it, so the grader moves into one of its own.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from pytest_tinytorch.grade.course import MEGABYTE, Limits

MOUNT = Path("/sys/fs/cgroup")
TOLD = Path("/proc/self/cgroup")
"""Where the system says which cgroup this process is in."""
CONTROLLERS = ("memory", "pids")
PROCESSES, CONTROL = "cgroup.procs", "cgroup.subtree_control"
HOME, RUN = "tinytorch-grader", "tinytorch-run-"
BESIDE = 4
"""Processes of the sandbox itself, which no limit of a run counts where there is no cgroup."""
TRIES, LOOKS, PAUSE = 50, 10, 0.1
"""How often it is tried to remove a cgroup, and to make room in one; the seconds in between."""


@dataclass(frozen=True)
class Group:
    """The cgroup of one run.

    Attributes:
        folder: the one.
    """

    folder: Path

    def entered(self, command: list[str]) -> list[str]:
        """The command line that moves itself in here, and then is ``command``."""
        enter = 'echo $$ >"$0" && exec "$@"'
        return ["/bin/sh", "-c", enter, str(self.folder / PROCESSES), *command]

    @property
    def starved(self) -> bool:
        """Whether the system has ended a process since all together used too much memory."""
        with suppress(OSError):
            told = (self.folder / "memory.events").read_text(encoding="ascii").splitlines()
            return any(line.startswith("oom_kill ") and line != "oom_kill 0" for line in told)
        return False


@dataclass(frozen=True)
class Groups:
    """Where cgroups for runs are made.

    Attributes:
        folder: the cgroup that the grader was started in.
    """

    folder: Path

    @contextmanager
    def one(self, limits: Limits) -> Iterator[Group]:
        """A cgroup for a run, with its limits. At the end of the block all that is in it ends.

        Raises:
            OSError: it cannot be made.
        """
        group = Group(self.folder / f"{RUN}{uuid4().hex[:16]}")
        group.folder.mkdir()
        try:
            write(group.folder, "memory.max", limits.memory * MEGABYTE)
            write(group.folder, "pids.max", limits.processes + BESIDE)
            with suppress(OSError):  # a machine without swap has no limit of it
                write(group.folder, "memory.swap.max", 0)
            yield group
        finally:
            end(group.folder)


def write(folder: Path, name: str, value: object) -> None:
    """Tell the system something of a cgroup.

    Raises:
        OSError: it does not do it.
    """
    (folder / name).write_text(f"{value}\n", encoding="ascii")


def end(folder: Path) -> None:
    """End what is in a cgroup, and remove it."""
    with suppress(OSError):  # Linux 5.14 and later; else it ends with the sandbox
        write(folder, "cgroup.kill", 1)
    for _ in range(TRIES):
        with suppress(OSError):
            folder.rmdir()
        if not folder.exists():
            return
        time.sleep(PAUSE)


def delegated(mount: Path = MOUNT, told: Path = TOLD) -> Path | None:
    """The cgroup of this process, if it may make others in it that limit memory; None if it may not.

    Args:
        mount: where cgroups are.
        told: a file that says which of them is this process's.
    """
    try:
        lines = told.read_text(encoding="utf-8").splitlines()
        path = next(line for line in lines if line.startswith("0::/")).removeprefix("0::/")
        folder = (mount / path).resolve()
        known = (folder / "cgroup.controllers").read_text(encoding="ascii").split()
    except (OSError, StopIteration):
        return None
    places = (folder, folder / PROCESSES, folder / CONTROL)
    usable = {*CONTROLLERS} <= {*known} and all(os.access(place, os.W_OK) for place in places)
    return folder if usable else None


@contextmanager
def opened(mount: Path = MOUNT, told: Path = TOLD) -> Iterator[Groups | None]:
    """Where cgroups for runs can be made while the block runs; None where that cannot be."""
    folder = delegated(mount, told)
    if folder is None or not entered(folder):
        yield None
        return
    try:
        yield Groups(folder)
    finally:
        left(folder)


def entered(folder: Path) -> bool:
    """Make room for other cgroups in this one: says whether it could be done."""
    for old in folder.glob(f"{RUN}*"):  # of a grader that was killed
        with suppress(OSError):
            old.rmdir()
    try:
        (folder / HOME).mkdir(exist_ok=True)
        write(folder / HOME, PROCESSES, os.getpid())
    except OSError:
        left(folder)
        return False
    for _ in range(LOOKS):
        with suppress(
            OSError
        ):  # others are in it: of a trial of the sandbox, or a shell, which stays
            write(folder, CONTROL, " ".join(f"+{name}" for name in CONTROLLERS))
            return True
        time.sleep(PAUSE)
    left(folder)
    return False


def left(folder: Path) -> None:
    """Undo what `entered` has done."""
    with suppress(OSError):
        write(folder, CONTROL, " ".join(f"-{name}" for name in CONTROLLERS))
    with suppress(OSError):
        write(folder, PROCESSES, os.getpid())
        (folder / HOME).rmdir()
