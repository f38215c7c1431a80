"""Who asks a process for runs: a program that watches the workspace. Each has one run at a time."""

from __future__ import annotations

import json
import os
import re
import socket
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import IO, Any, Literal

import msgspec
from msgspec import Struct

from pytest_tinytorch.run import linux
from pytest_tinytorch.watch.request import ENDED, LEFT, Request

ERROR_CHARACTERS = 2000
SPECS = re.compile(r"specs/test_\w+\.py")
"""The files that examples are drawn for. They are imported where runs are forked, so no others may be."""


class Asked(Struct, frozen=True):
    """What a line of JSON asks for.

    Attributes:
        do: what.
        request: to run.
        files: of specs, to draw examples for.
    """

    do: Literal["run", "stop", "draw", "leave"]
    request: Request | None = None
    files: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if (self.do == "run") != (self.request is not None):
            raise ValueError("a run has a request, and nothing else has one")
        if not all(map(SPECS.fullmatch, self.files)):
            raise ValueError(f"no files of specs: {self.files}")


def line_of(message: Mapping[str, Any]) -> bytes:
    """A line of JSON; it begins with a line's end, as a run that was killed may have left half of one."""
    return f"\n{json.dumps(message)}\n".encode()


class Client:
    """One who asks.

    Args:
        connection: to them.

    Attributes:
        gone: whether they will ask for nothing more.
        child: the process that runs specs for them; 0 if none does.
    """

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.lines: list[bytes] = []
        self.rest = b""
        self.gone = False
        self.child = 0
        self.number = 0
        self.errors: IO[bytes] | None = None

    def fileno(self) -> int:
        """For `select`."""
        return self.connection.fileno()

    def read(self) -> None:
        """Take what they have written."""
        data = b""
        with suppress(OSError):
            data = self.connection.recv(1 << 16)
        *whole, self.rest = (self.rest + data).split(b"\n")
        self.lines += [line for line in whole if line.strip()]
        self.gone = self.gone or not data

    def asked(self) -> Sequence[Asked]:
        """What they ask for. Who says something else is none of ours, and gone."""
        found, self.lines = self.lines, []
        with suppress(msgspec.DecodeError, msgspec.ValidationError):
            return [msgspec.json.decode(line, type=Asked) for line in found]
        self.gone = True
        return ()

    def send(self, message: Mapping[str, Any]) -> None:
        """Tell them, and wait until they have read enough. For the run: it holds up nobody else."""
        with suppress(OSError):
            self.connection.sendall(line_of(message))

    def send_at_once(self, message: Mapping[str, Any]) -> None:
        """Tell them without waiting. Who has read nothing for long is let go."""
        data = line_of(message)
        with suppress(OSError):
            self.gone = self.connection.send(data, socket.MSG_DONTWAIT) < len(data) or self.gone
            return
        self.gone = True

    def begin(self, number: int) -> bool:
        """Fork a process that runs specs for them; whether this is it."""
        self.end_run()
        self.number, self.errors = number, tempfile.TemporaryFile()  # noqa: SIM115
        self.child = os.fork()
        if self.child:
            return False
        os.setsid()
        linux.end_with_parent()
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(self.errors.fileno(), 2)
        # The code under test gets no hand on it: it runs in forks of this one.
        os.register_at_fork(after_in_child=self.connection.close)
        return True

    def look_after_run(self) -> None:
        """Tell that a run has ended, if it has; what it wrote to stderr is told as well."""
        if not self.child or os.waitpid(self.child, os.WNOHANG)[0] == 0:
            return
        self.child = 0
        assert self.errors is not None
        self.errors.seek(0)
        text = self.errors.read().decode("utf-8", "replace")[-ERROR_CHARACTERS:]
        self.send_at_once({"number": self.number, "beat": ENDED, "text": text})

    def end_run(self) -> None:
        """Kill a run, with all that it has started."""
        if self.child:
            linux.end_group(self.child)
            self.child = 0

    def leave(self, last: bool) -> None:
        """End what is theirs, and tell them whether anybody else is left."""
        self.end_run()
        self.send_at_once({"beat": LEFT, "last": last})
