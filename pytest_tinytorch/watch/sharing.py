"""Where programs that watch the same workspace find the one process that runs specs for all of them.

It listens on a socket of Linux that has a name and no file, so nothing is left behind, and nothing has to
be written. The name says all that is imported before a run begins: two programs that would start the same
process come to the same name, and once anything of it is saved, to another one.
"""

from __future__ import annotations

import json
import os
import socket
import struct
import sysconfig
from collections.abc import Iterator
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from pytest_tinytorch.evidence.digests import files_below
from pytest_tinytorch.evidence.paths import python_in
from pytest_tinytorch.watch.request import Setup

PLUGIN = Path(__file__).parents[1]
SETTINGS = frozenset({".py", ".toml", ".ini", ".cfg"})
"""Endings of files in the workspace's own folder that decide how pytest starts there."""
VARIABLES = (
    "PYTHON",
    "PYTEST",
    "TINYTORCH",
    "HYPOTHESIS",
    "OMP_",
    "OPENBLAS",
    "MKL_",
    "NPY_",
    "LC_",
    "LD_",
)
"""What variables begin with that decide how Python and pytest start."""
NAMED = frozenset({"LANG", "CI", "HOME", "TMPDIR", "VIRTUAL_ENV"})
"""Other variables that do."""
SPACES = ("mnt", "pid", "user", "net")
"""Namespaces of Linux: the same path may be another folder in a container."""
PEER = struct.Struct("3i")
"""Process, user and group at the other end: `struct ucred` of sys/socket.h."""


def address_of(setup: Setup) -> bytes | None:
    """The name of the socket of a process that is started so; None where there can be none."""
    try:
        folder = setup.root.stat()
        told = [
            os.getuid(),
            [os.readlink(f"/proc/self/ns/{space}") for space in SPACES],  # noqa: PTH115
            [os.path.realpath(setup.root), folder.st_dev, folder.st_ino],
            [*python_in(setup.root), setup.profile, *setup.arguments],
            sorted((name, value) for name, value in os.environ.items() if decides(name)),
            sorted(marks(setup.root)),
        ]
    except (AttributeError, OSError):
        return None
    return b"\0tinytorch-" + sha256(json.dumps(told).encode()).hexdigest()[:32].encode()


def decides(variable: str) -> bool:
    """Whether a variable of the environment decides how Python and pytest start."""
    return variable in NAMED or variable.startswith(VARIABLES)


def marks(root: Path) -> Iterator[tuple[str, int, int, int, int]]:
    """What tells that a file was written that is imported before a run begins, whatever is in it now.

    Programs that put an older file back set the time of its content; that of its status they cannot set.
    """
    own = [*PLUGIN.rglob("*.py"), *root.iterdir(), *files_below(root / "specs")]
    files = [file for file in own if file.suffix in SETTINGS]
    for file in (*files, Path(sysconfig.get_path("purelib"))):
        with suppress(OSError):
            found = file.stat()
            times = (found.st_mtime_ns, found.st_ctime_ns)
            yield str(file), *times, found.st_size, found.st_ino


def joined(address: bytes) -> socket.socket | None:
    """A connection to the process that listens there; None if none does."""
    own = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    with suppress(OSError):
        own.connect(address)
        if is_of_this_user(own):
            return own
    own.close()
    return None


def opened(address: bytes) -> socket.socket | None:
    """A socket that listens there; None if another one does, or may be about to."""
    door = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    with suppress(OSError):
        door.bind(address)
        door.listen()
        return door
    door.close()
    return None


def is_of_this_user(connection: socket.socket) -> bool:
    """Whether the program at the other end was started by the user of this one."""
    told = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, PEER.size)
    return bool(PEER.unpack(told)[1] == os.getuid())
