"""What only Linux tells of processes: how much CPU they used, whether they wait, what they left behind."""

from __future__ import annotations

import ctypes
import os
import re
import signal
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from msgspec import Struct

from pytest_tinytorch.run.meter import Clocks

PROC = Path("/proc")
PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_CHILD_SUBREAPER = 1, 4, 36
"""From linux/prctl.h."""
NANOSECONDS = 1e9
STOPPED = frozenset("Tt")


def is_here() -> bool:
    """Whether this is Linux, with all that the functions below need."""
    return sys.platform == "linux" and hasattr(os, "pidfd_open") and (PROC / "self/stat").exists()


class Usage(Struct, frozen=True):
    """What a process has used so far.

    Attributes:
        cpu: seconds of CPU time, of all its threads.
        queued: seconds that its first thread was ready to run while others kept the cores busy.
        stopped: whether a signal has stopped it.
    """

    cpu: float = 0.0
    queued: float = 0.0
    stopped: bool = False

    def clocks(self, wall: float) -> Clocks:
        """The same as a reading of clocks."""
        return Clocks(wall, self.cpu, self.queued)


def usage_of(process: int) -> Usage | None:
    """What a process has used so far; None if it is gone.

    >>> usage_of(os.getpid()).stopped
    False
    """
    try:
        state, fields = _stat(process)
        queued = (PROC / str(process) / "schedstat").read_text(encoding="ascii").split()[1]
    except (OSError, IndexError, ValueError):
        return None
    ticks = int(fields[10]) + int(fields[11])  # utime and stime
    return Usage(ticks / os.sysconf("SC_CLK_TCK"), int(queued) / NANOSECONDS, state in STOPPED)


def catches(process: int, number: int) -> bool:
    """Whether a process has a handler for a signal, which would otherwise end it; False if it is gone.

    >>> catches(os.getpid(), signal.SIGINT)
    True
    """
    try:
        text = (PROC / str(process) / "status").read_text(encoding="ascii", errors="replace")
    except OSError:
        return False
    caught = re.search(r"^SigCgt:\s*([0-9a-f]+)$", text, re.MULTILINE)
    return caught is not None and bool(int(caught[1], 16) >> (number - 1) & 1)


def children_of(process: int) -> set[int]:
    """The processes that have this one for their parent."""
    return {child for child, parent in _parents() if parent == process}


def end_children(kept: set[int]) -> int:
    """Kill all children of this process but those in ``kept``, and theirs in turn; says how many.

    For a process that `adopt_orphans`: the children of one that is killed become its own.
    """
    ended = 0
    while children := children_of(os.getpid()) - kept:
        for child in children:
            with suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
            with suppress(ChildProcessError):
                os.waitpid(child, 0)
            ended += 1
    return ended


def end_group(leader: int) -> int:
    """Kill a child that leads a group of processes, and the group; gives its exit code."""
    for kill in (os.killpg, os.kill):  # the group is not there before the fork has made it
        with suppress(ProcessLookupError, PermissionError):
            kill(leader, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(leader, 0)[1])


def adopt_orphans(adopt: bool = True) -> None:
    """Become the parent of every descendant that loses its own: none of them gets away."""
    _prctl(PR_SET_CHILD_SUBREAPER, int(adopt))


def end_with_parent() -> None:
    """Let the system kill this process when its parent ends."""
    _prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def keep_private() -> None:
    """Let no other process of this user read or write the memory of this one, trace it, or take its files."""
    if is_here():
        _prctl(PR_SET_DUMPABLE, 0)


def _prctl(option: int, value: int) -> None:
    ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0)


def _parents() -> Iterator[tuple[int, int]]:
    """(process, its parent) of all processes."""
    for folder in PROC.iterdir():
        if folder.name.isdecimal():
            with suppress(OSError, ValueError, IndexError):
                yield int(folder.name), int(_stat(int(folder.name))[1][0])


def _stat(process: int) -> tuple[str, list[str]]:
    """(state, the fields after it) of ``/proc/N/stat``; the name before may hold any character."""
    text = (PROC / str(process) / "stat").read_text(encoding="utf-8", errors="replace")
    state, *fields = text.rpartition(")")[2].split()
    return state, fields
