"""A process that has done all that specs need before they run, and waits for requests.

It is started by `programs`. A line of JSON asks for a run; what that comes to is told in lines of JSON.
With --once it reads stdin, writes stdout, runs in this very process, and ends. Otherwise stdin is a socket,
more who ask may come in at the --door, and each run is a fork: of a process with one thread, in which the
code under test is never imported. It ends when nobody is left who asks.
"""

from __future__ import annotations

import argparse
import os
import select
import socket
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
import pytest

from pytest_tinytorch import settings
from pytest_tinytorch.evidence.implementation import PACKAGE
from pytest_tinytorch.evidence.importing import compile_allowed
from pytest_tinytorch.run import profiles
from pytest_tinytorch.threads import use_one_thread
from pytest_tinytorch.watch import forks
from pytest_tinytorch.watch.clients import Asked, Client, line_of
from pytest_tinytorch.watch.examples import Drawer, Drawn, use_up
from pytest_tinytorch.watch.plugin import WatchPlugin
from pytest_tinytorch.watch.request import Request
from pytest_tinytorch.watch.sharing import is_of_this_user
from pytest_tinytorch.watch.standby import Orders, Standby

NEEDED = (
    "email.parser",
    "filelock",
    "hypothesis.extra.numpy",
    "hypothesis.stateful",
    "numpy",
    "numpy.polynomial",
    "numpy.testing",
)
"""What specs import in any case, and whoever writes down what they came to."""
LOOK_AGAIN = 0.02
"""Seconds between two looks at whether a run has ended."""


def prepare(root: Path) -> None:
    """Import, parse and compile what every run needs."""
    use_one_thread()
    sources = [f for name in (PACKAGE, "reference") for f in sorted((root / name).rglob("*.py"))]
    for file in sources:
        with suppress(SyntaxError, ValueError, OSError):
            compile_allowed(file.read_bytes(), str(file))
    forks.warm_up(NEEDED, sources)
    profiles.register_profiles()


class Runs:
    """What all runs have in common.

    Args:
        profile: of Hypothesis, under which examples are drawn.
        arguments: for pytest.
    """

    def __init__(self, profile: str, arguments: Sequence[str]) -> None:
        self.profile = profile
        self.arguments = arguments
        self.drawn: Drawn = {}
        self.version = 0  # of what was drawn: each is for one run

    def run(
        self,
        request: Request,
        send: Callable[[Mapping[str, Any]], None],
        forks: bool,
        orders: Orders | None = None,
    ) -> None:
        """Run pytest, and end this process; with ``orders`` it waits for one."""
        standby = None if orders is None else Standby(Path.cwd(), orders)
        plugin_of_run = WatchPlugin(request, self.drawn, send, forks, standby)
        # `WatchPlugin` isolates specs in a way of its own.
        quiet = ["-q", "-p", "no:cacheprovider", "--no-isolate"]
        code = 1
        try:
            followed = settings.followed_options(Path.cwd(), self.arguments)  # as it is now
            words = ["-p", "tinytorch", *quiet, *followed, *self.arguments]
            code = int(pytest.main(words, plugins=[plugin_of_run]))
        finally:
            sys.stderr.flush()
            os._exit(code)

    def draw(self, file: str, interrupted: Callable[[], bool]) -> None:
        """Draw examples for a file that has none, until there is something else to do."""
        quiet = ["-p", PACKAGE, "-p", "no:cacheprovider", "-q"]
        # A property keeps the profile under which its file was imported.
        words = [*quiet, f"--hypothesis-profile={self.profile}", file]
        before = dict(self.drawn)
        pytest.main(words, plugins=[Drawer(self.drawn, interrupted)])
        if any(before.get(nodeid) is not found for nodeid, found in self.drawn.items()):
            self.version += 1

    def use_up(self) -> None:
        """Let no later run have the examples that one has now."""
        use_up(self.drawn)
        self.version += 1


class Server:
    """Serves those who ask: a new request of theirs ends the run of their old one, and nobody else's.

    Args:
        runs: what all runs have in common.
        first: who has started this process.
        door: where others come in.
    """

    def __init__(self, runs: Runs, first: Client, door: socket.socket | None) -> None:
        self.runs = runs
        self.clients = [first]
        self.doors = [door] if door is not None else []
        self.to_draw: list[str] = []

    def serve(self) -> None:
        """Until nobody is left."""
        while self.clients:
            running = any(client.run for client in self.clients)
            for one in self.ready(LOOK_AGAIN if running else 0.0 if self.to_draw else None):
                if isinstance(one, Client):
                    one.read()
                else:
                    self.let_in(one)
            for client in [*self.clients]:
                self.attend(client)
            if self.to_draw and not any(client.run for client in self.clients):
                self.draw()
                if not self.to_draw:
                    self.prepare()

    def ready(self, wait: float | None) -> list[Client | socket.socket]:
        """Who has something to say, or wants to come in; after some seconds at most, or whenever that is."""
        asking: list[Client | socket.socket] = [*self.clients, *self.doors]
        return select.select(asking, [], [], wait)[0]

    def let_in(self, door: socket.socket) -> None:
        """One more who asks."""
        connection, _ = door.accept()
        if is_of_this_user(connection):
            self.clients.append(Client(connection))
        else:
            connection.close()

    def attend(self, client: Client) -> None:
        """Do what somebody asks for, and tell them whether their run has ended."""
        for asked in client.asked():
            if asked.do == "leave":
                client.gone = True
            else:
                self.do(client, asked)
        if client.look_after_run() and client.request is not None:
            self.begin(client, client.request)
        if client.gone:
            self.clients.remove(client)
            if not self.clients:
                self.close()  # first: nobody comes in any more
            client.leave(last=not self.clients)
            if self.clients:
                client.connection.close()

    def do(self, client: Client, asked: Asked) -> None:
        """Do what somebody asks for."""
        if asked.do == "draw":
            self.to_draw += [file for file in asked.files if file not in self.to_draw]
            return
        client.end_run()
        if asked.request is None:
            return
        if not client.hand_over(asked.request, self.runs.version):
            self.begin(client, asked.request)
        self.runs.use_up()

    def begin(self, client: Client, request: Request) -> None:
        """Begin a run."""
        if client.begin(request):
            self.serve_alone(client)
            self.runs.run(request, client.send, forks=True)

    def prepare(self) -> None:
        """Begin a run for each who has had one; it waits for what they ask next."""
        version = self.runs.version
        for client in self.clients:
            if client.request is None or client.is_prepared(version):
                continue
            if (orders := client.prepare(version)) is not None:
                self.serve_alone(client)
                self.runs.run(client.request, client.send, forks=True, orders=orders)

    def serve_alone(self, client: Client) -> None:
        """In a fork: it is for one of those who ask."""
        for other in self.clients:
            if other is not client:
                other.forget()
        self.close()

    def close(self) -> None:
        """Let nobody come in any more."""
        for door in self.doors:
            door.close()
        self.doors.clear()

    def draw(self) -> None:
        """Draw examples for the next file, until there is something else to do."""
        file = self.to_draw[0]
        self.runs.draw(file, lambda: bool(self.ready(0)))
        if not self.ready(0):
            self.to_draw.remove(file)


def serve_once(runs: Runs) -> None:
    """Do what stdin asks for, until a run ends this process."""
    answers, requests = os.dup(1), os.fdopen(os.dup(0), "rb")
    keep_from(0, 1)  # pytest puts other files in their places, too

    def send(message: Mapping[str, Any]) -> None:
        data = line_of(message)
        with suppress(BrokenPipeError):
            while data:
                data = data[os.write(answers, data) :]

    for line in requests:
        asked = msgspec.json.decode(line, type=Asked)
        for file in asked.files:
            runs.draw(file, lambda: False)
        if asked.request is not None:
            runs.run(asked.request, send, forks=False)


def keep_from(*descriptors: int) -> None:
    """Let nobody else use files of this process that are open: nothing stands in their places."""
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in descriptors:
        os.dup2(nothing, descriptor)
    os.close(nothing)


def read_arguments(words: Sequence[str]) -> argparse.Namespace:
    """Our own arguments, and after ``--`` those for pytest."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--profile", required=True)
    parser.add_argument("--once", action="store_true")
    parser.add_argument("--door", type=int)
    end = [*words, "--"].index("--")
    return parser.parse_args(words[:end], argparse.Namespace(arguments=words[end + 1 :]))


def main(words: Sequence[str]) -> None:
    """Serve the workspace in the current folder."""
    given = read_arguments(words)
    root = Path.cwd()
    sys.path.insert(0, str(root))
    runs = Runs(given.profile, given.arguments)
    if given.once:
        prepare(root)
        serve_once(runs)
        return
    first = Client(socket.socket(fileno=os.dup(0)))
    door = socket.socket(fileno=given.door) if given.door is not None else None
    if door is not None:
        door.set_inheritable(False)
    keep_from(0, 1)
    prepare(root)
    Server(runs, first, door).serve()


if __name__ == "__main__":
    main(sys.argv[1:])
