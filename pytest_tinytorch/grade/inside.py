"""The process inside the sandbox: sets limits, runs pytest, ends what is left, and prints the results.

A script of its own. It imports no more than it needs, since it runs before the limits are set.
"""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import stat
import subprocess
import sys
import time
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

LOG = "log.txt"
ANSWER_SECONDS, LONGEST_ANSWER = 5.0, 1 << 20
"""How long, and how much, is read of what the process that judges has said: it is gone by then."""
CHECK = [sys.executable, "-c", "import numpy, pytest, hypothesis"]
"""What shows that the packages are there for whoever the run becomes."""


def main(request: dict[str, Any]) -> int:
    """Do what is asked, and print what came of it as one line of JSON; gives the exit code."""
    from pytest_tinytorch.run import linux

    if request.get("check"):
        return check(request)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    out = Path(request["out"])
    kept = own_descendants()
    linux.keep_private()
    first = json.loads(first_line()) if request.get("secretly") else None
    judge = Judge(first["canaries"]) if first else None
    began = time.monotonic()
    try:
        code = run(request, out, judge)
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        print(json.dumps({"trouble": f"{request['what']}: {error}"}))
        return 0
    finally:
        end_others(is_alone(request["namespace"]), kept)
    wall = time.monotonic() - began
    files = {name: text_of(out / name, most) for name, most in request["files"].items()}
    found = {name: text for name, text in files.items() if text is not None}
    told: dict[str, Any] = {"code": code, "cpu": cpu_seconds(), "wall": wall, "files": found}
    if first and judge:
        told |= {"secret": first["secret"], "canaries": judge.said()}
    print(json.dumps(told))
    return 0


def check(request: dict[str, Any]) -> int:
    """See whether the packages are there. In a container, tell which, and what must not be seen."""
    if request.get("tells"):
        from pytest_tinytorch.grade.kit import judges
        from pytest_tinytorch.grade.sandbox import hidden_places

        hidden = [str(place) for place in hidden_places()]
        print(json.dumps({"judges": judges(), "hidden": hidden}))
    return subprocess.run(CHECK, check=False, **other_user(request["uid"])).returncode


class Judge:
    """A line to the process that judges. No other can open it: it is a socket, and that one lets none in.

    Args:
        canaries: what to tell it.
    """

    def __init__(self, canaries: list[Any]) -> None:
        self.ours, self.theirs = socket.socketpair()
        self.ours.sendall(f"{json.dumps(canaries)}\n".encode())

    @property
    def option(self) -> str:
        """Of pytest, which says where to listen."""
        return f"--tinytorch-canaries={self.theirs.fileno()}"

    def said(self) -> str:
        """What it has said, once it is gone."""
        self.theirs.close()
        self.ours.settimeout(ANSWER_SECONDS)
        found = b""
        with suppress(OSError):
            while len(found) < LONGEST_ANSWER and (part := self.ours.recv(1 << 16)):
                found += part
        return found.decode("utf-8", "replace")


def first_line() -> bytes:
    """The first line of stdin, and no byte more: what comes after it is looked at elsewhere."""
    line = b""
    while not line.endswith(b"\n") and (byte := os.read(sys.stdin.fileno(), 1)):
        line += byte
    return line


def run(request: dict[str, Any], out: Path, judge: Judge | None = None) -> int | None:
    """Run the command within limits; gives its exit code, None if it did not end in time."""
    other = other_user(request["uid"])
    command = request["command"]
    if judge is not None:
        other["pass_fds"] = (judge.theirs.fileno(),)
        command = [*command, judge.option]
    if sys.platform != "win32":
        import resource  # noqa: F401  the child, as another user, may not be able to read it any more

        other["preexec_fn"] = partial(set_limits, request["limits"])
        other["start_new_session"] = True
    with (out / LOG).open("wb") as log:
        process = subprocess.Popen(
            command,
            cwd=request["folder"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            **other,
        )
    try:
        return wait_for(process, request["seconds"])
    finally:
        end_group(process)


def wait_for(process: subprocess.Popen[bytes], seconds: float) -> int | None:
    """Wait for the end of a process; None if it does not end in time, or if the grader has ended before it.

    The grader holds the other end of stdin. It may be gone before the system knows what should end with it.
    """
    from pytest_tinytorch.run import linux

    if not linux.is_here():
        with suppress(subprocess.TimeoutExpired):
            return process.wait(seconds)
        return None
    handle = os.pidfd_open(process.pid)
    ready, _, _ = select.select([handle, sys.stdin.fileno()], [], [], seconds)
    os.close(handle)
    return process.wait() if handle in ready else None


def other_user(uid: int | None) -> dict[str, Any]:
    """How a process is told to become another user, one without groups and rights; None stays who it is."""
    return {} if uid is None else {"user": uid, "group": uid, "extra_groups": []}


def set_limits(limits: dict[str, int]) -> None:
    """In the child: set each limit by its name in ``resource``, the hard one too, and end with the parent."""
    import resource

    from pytest_tinytorch.run import linux

    if linux.is_here():
        linux.end_with_parent()

    for name, value in limits.items():
        with suppress(ValueError):  # the machine already allows less
            resource.setrlimit(getattr(resource, f"RLIMIT_{name}"), (value, value))


def own_descendants() -> set[int]:
    """Adopt what loses its parent from now on, where the system can do that; gives the children there are."""
    from pytest_tinytorch.run import linux

    if not linux.is_here():
        return set()
    linux.end_with_parent()
    linux.adopt_orphans()
    return linux.children_of(os.getpid())


def end_group(process: subprocess.Popen[bytes]) -> None:
    """End the process and all of its group."""
    if sys.platform != "win32":
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    process.kill()
    process.wait()


def is_alone(graders: str | None) -> bool:
    """Whether this has a namespace of processes of its own, other than the grader's."""
    return graders is not None and namespace() not in (None, graders)


def namespace() -> str | None:
    """What the system calls the namespace of processes that this is in; None if it has none."""
    with suppress(OSError):
        return os.readlink("/proc/self/ns/pid")  # noqa: PTH115
    return None


def end_others(alone: bool, kept: set[int]) -> None:
    """End whatever the run has left behind: all other processes, if this one is alone in its namespace."""
    from pytest_tinytorch.run import linux

    if alone:
        with suppress(ProcessLookupError, PermissionError):
            os.kill(-1, signal.SIGKILL)
    if linux.is_here():
        linux.end_children(kept)


def text_of(file: Path, most: int) -> str | None:
    """The beginning of a regular file; None if there is none. A link is not followed."""
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    try:
        with os.fdopen(os.open(file, flags | getattr(os, "O_BINARY", 0)), "rb") as stream:
            if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
                return None
            return stream.read(most).decode("utf-8", "replace")
    except OSError:
        return None


def cpu_seconds() -> float:
    """CPU time of everything that ran in here."""
    try:
        import resource
    except ImportError:
        return 0.0
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    sys.exit(main(json.loads(sys.argv[1])))
