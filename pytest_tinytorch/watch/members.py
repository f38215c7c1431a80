"""Programs that watch a workspace are members of one process, which forks for the runs of all."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from pytest_tinytorch.watch import sharing
from pytest_tinytorch.watch.programs import Connection, Program, Tell
from pytest_tinytorch.watch.request import LEFT, Setup

TRIES, PAUSE = 20, 0.05
"""How often a process is looked for that another program is about to start, and the seconds between."""


class Member:
    """A connection to a process that forks for each run, and that others may have one to as well.

    Args:
        own: the connection.
        program: the process, if it is a child of ours.
        tell: hears what it says.
        lost: called, with what it wrote to stderr, once it is gone although nobody has left it.
    """

    def __init__(
        self,
        own: socket.socket,
        program: Program | None,
        tell: Tell,
        lost: Callable[[Member, str], None],
    ) -> None:
        self.own, self.program = own, program
        self.tell, self.lost = tell, lost
        self.left: Mapping[str, Any] = {}  # what it said when we left
        self.over = threading.Event()
        reading, writing = (own.makefile(mode, encoding="utf-8") for mode in ("r", "w"))
        self.connection = Connection(reading, writing, self._told, self._over)

    def ask(self, **asked: Any) -> None:
        """Send a request."""
        self.connection.ask(**asked)

    def leave(self) -> None:
        """End what runs for us, and the process if nobody else needs it; wait for that."""
        self.ask(do="leave")
        self.over.wait()

    def _told(self, message: Mapping[str, Any]) -> None:
        if message["beat"] == LEFT:
            self.left = message
        else:
            self.tell(message)

    def _over(self) -> None:
        self.own.close()
        if self.program is not None and self.left.get("last"):
            self.program.wait()
        self.over.set()
        if not self.left:
            self.lost(self, self.program.last_words() if self.program is not None else "")
        if self.program is not None:
            self.program.wait()  # others may need it for long; it is a child of ours all the same


def enter(setup: Setup, tell: Tell, lost: Callable[[Member, str], None]) -> Member:
    """Join the process that runs specs of a workspace, or start it."""
    address, door = sharing.address_of(setup), None
    for _ in range(TRIES if address is not None else 0):
        assert address is not None
        if (own := sharing.joined(address)) is not None:
            return Member(own, None, tell, lost)
        if (door := sharing.opened(address)) is not None:
            break
        time.sleep(PAUSE)  # somebody is between the two
    return started(setup, door, tell, lost)


def started(
    setup: Setup, door: socket.socket | None, tell: Tell, lost: Callable[[Member, str], None]
) -> Member:
    """Start a process that forks; others can join it where a socket listens."""
    own, its = socket.socketpair()
    words, kept = ([], []) if door is None else (["--door", str(door.fileno())], [door.fileno()])
    try:
        return Member(own, Program(setup, words, stdin=its, stdout=its, pass_fds=kept), tell, lost)
    finally:
        its.close()
        if door is not None:
            door.close()
