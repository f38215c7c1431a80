"""Who asks a process for runs: a program that watches the workspace. Each has one run at a time.

Besides, each may have one that waits for what is asked next.
"""

from __future__ import annotations

import json
import os
import re
import socket
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import IO, Any, Literal

import msgspec
from msgspec import Struct

from pytest_tinytorch.run import linux
from pytest_tinytorch.watch.request import ENDED, LEFT, Request
from pytest_tinytorch.watch.standby import Order, Orders

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


@dataclass
class Run:
    """A process that runs specs.

    Attributes:
        process: its id.
        errors: what it writes to stderr.
        orders: where one is told what to do that waits for it.
        code: what it has ended with.
    """

    process: int
    errors: IO[bytes]
    orders: Orders | None = None
    code: int | None = None

    def has_ended(self) -> bool:
        """Whether it has ended by itself."""
        if self.code is None:
            process, status = os.waitpid(self.process, os.WNOHANG)
            self.code = os.waitstatus_to_exitcode(status) if process else None
        return self.code is not None

    def last_words(self) -> str:
        """The end of what it has written to stderr."""
        self.errors.seek(0)
        return self.errors.read().decode("utf-8", "replace")[-ERROR_CHARACTERS:]

    def begin(self, order: Order) -> bool:
        """Tell a run that waits what to do; says whether it is there to hear it."""
        assert self.orders is not None
        if self.has_ended():
            return False
        self.orders.give(order)
        return True

    def end(self) -> None:
        """Kill it, with all that it has started."""
        if self.orders is not None:
            self.orders.close()
        if self.code is None:
            self.code = linux.end_group(self.process)
        self.errors.close()


class Client:
    """One who asks.

    Args:
        connection: to them.

    Attributes:
        gone: whether they will ask for nothing more.
        request: what they have asked for last.
        run: what runs specs for them.
        waiting: what waits for their next request, and the examples that it was begun with.
    """

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.lines: list[bytes] = []
        self.rest = b""
        self.gone = False
        self.request: Request | None = None
        self.run: Run | None = None
        self.waiting: tuple[Run, int] | None = None

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

    def begin(self, request: Request) -> bool:
        """Fork a process that runs specs for them; whether this is it."""
        self.end_run()
        self.end_waiting()
        self.request = request
        self.run = self._fork()
        return self.run is None

    def is_prepared(self, drawn: int) -> bool:
        """Whether one waits already that holds these examples."""
        return self.waiting is not None and self.waiting[1] == drawn

    def prepare(self, drawn: int) -> Orders | None:
        """Fork a process that waits for what they ask next; in it, where it is told that.

        Args:
            drawn: which examples it holds.
        """
        self.end_waiting()
        orders = Orders()
        run = self._fork()
        if run is None:
            orders.only_read()
            return orders
        orders.only_give()
        run.orders = orders
        self.waiting = run, drawn
        return None

    def hand_over(self, request: Request, drawn: int) -> bool:
        """Let the process that waits do what they ask for, if there is one."""
        self.end_run()
        if self.waiting is None:
            return False
        (run, its), self.waiting = self.waiting, None
        if not run.begin(Order(request, its == drawn)):
            run.end()
            return False
        self.request, self.run = request, run
        return True

    def look_after_run(self) -> bool:
        """Tell that a run has ended, if it has, and what it wrote to stderr.

        Returns:
            Whether it has not taken on what it was asked for.
        """
        if self.run is None or not self.run.has_ended():
            return False
        assert self.request is not None
        run, self.run = self.run, None
        text, refused = run.last_words(), run.orders is not None and run.orders.are_left()
        run.end()
        if refused:
            return True
        self.send_at_once({"number": self.request.number, "beat": ENDED, "text": text})
        return False

    def end_run(self) -> None:
        """Kill a run."""
        if self.run is not None:
            self.run.end()
            self.run = None

    def end_waiting(self) -> None:
        """Kill a run that waits."""
        if self.waiting is not None:
            self.waiting[0].end()
            self.waiting = None

    def leave(self, last: bool) -> None:
        """End what is theirs, and tell them whether anybody else is left."""
        self.end_run()
        self.end_waiting()
        self.send_at_once({"beat": LEFT, "last": last})

    def forget(self) -> None:
        """In a fork for somebody else: let go of what leads to them, and to what waits for them."""
        self.connection.close()
        if self.waiting is not None and self.waiting[0].orders is not None:
            self.waiting[0].orders.close()

    def _fork(self) -> Run | None:
        """Fork a process for them; None in the process itself."""
        errors = tempfile.TemporaryFile()  # noqa: SIM115
        process = os.fork()
        if process:
            return Run(process, errors)
        os.setsid()
        linux.end_with_parent()
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(errors.fileno(), 2)
        # The code under test gets no hand on it: it runs in forks of this one.
        os.register_at_fork(after_in_child=self.connection.close)
        return None
