"""A process that has done all that specs need before they run, and waits for requests.

It is started by `processes`. A line of JSON on stdin asks for a run; what that comes to is told in
lines of JSON on stdout. With --once it runs in this very process, and ends. Otherwise each run is a
fork: of a process with one thread, in which the code under test is never imported.
"""

from __future__ import annotations

import json
import os
import select
import sys
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

import pytest

from pytest_tinytorch.evidence.implementation import PACKAGE, compile_cached
from pytest_tinytorch.run import linux, profiles
from pytest_tinytorch.threads import use_one_thread
from pytest_tinytorch.watch import forks
from pytest_tinytorch.watch.examples import Drawer, Drawn, use_up
from pytest_tinytorch.watch.plugin import WatchPlugin
from pytest_tinytorch.watch.request import ENDED, Request

NEEDED = ("hypothesis.extra.numpy", "hypothesis.stateful", "numpy", "numpy.testing")
"""What specs import in any case."""
LOOK_AGAIN = 0.02
"""Seconds between two looks at whether a run has ended."""
ERROR_CHARACTERS = 2000


class Messages:
    """Where messages go: the standard output as it was before everything else was kept from it."""

    def __init__(self) -> None:
        self.descriptor = os.dup(1)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)

    def send(self, message: Mapping[str, Any]) -> None:
        """One line; it begins with a line's end, as a run that was killed may have left half of one."""
        data = f"\n{json.dumps(message)}\n".encode()
        with suppress(BrokenPipeError):
            while data:
                data = data[os.write(self.descriptor, data) :]


def prepare(root: Path) -> None:
    """Import, parse and compile what every run needs."""
    use_one_thread()
    sources = [f for name in (PACKAGE, "reference") for f in sorted((root / name).rglob("*.py"))]
    for file in sources:
        with suppress(SyntaxError, ValueError, OSError):
            compile_cached(file.read_bytes(), str(file))
    forks.warm_up(NEEDED, sources)
    profiles.register_profiles()


class Server:
    """Answers requests, one after the other; a new one ends the run of the old one."""

    def __init__(self, messages: Messages, profile: str, once: bool) -> None:
        self.messages = messages
        self.profile = profile
        self.once = once
        self.drawn: Drawn = {}
        self.to_draw: list[str] = []
        self.lines: list[str] = []
        self.rest = b""
        self.requests = os.dup(0)  # pytest puts another file in the place of stdin while it runs
        self.child = 0
        self.number = 0
        self.errors: IO[bytes] | None = None

    def serve(self) -> None:
        """Until stdin ends."""
        while True:
            wait = LOOK_AGAIN if self.child else (0.0 if self.to_draw else None)
            if not self.lines and not self.read(wait):
                break
            if self.lines:
                self.handle(json.loads(self.lines.pop(0)))
            self.look_after_child()
            if self.to_draw and not self.child and not self.lines:
                self.draw()
        self.end_child()

    def read(self, wait: float | None) -> bool:
        """Wait for requests, for some seconds or for ever; False once there will be no more."""
        if not self.once and not select.select([self.requests], [], [], wait)[0]:
            return True
        data = os.read(self.requests, 1 << 16)
        *whole, self.rest = (self.rest + data).split(b"\n")
        self.lines += [line.decode() for line in whole if line.strip()]
        return bool(data)

    def handle(self, asked: Mapping[str, Any]) -> None:
        """Do what a line of JSON asks for."""
        if asked["do"] == "stop":
            self.end_child()
        elif asked["do"] == "draw":
            self.to_draw = [*asked["files"]]
            if self.once:
                self.draw()
        else:
            self.end_child()
            self.begin(Request(**asked["request"]))

    def begin(self, request: Request) -> None:
        """Run specs: in a fork, or here and then no more."""
        if self.once:
            self.run(request)
            return
        self.number, self.errors = request.number, tempfile.TemporaryFile()  # noqa: SIM115
        self.child = os.fork()
        if self.child == 0:
            os.setsid()
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            os.dup2(self.errors.fileno(), 2)
            self.run(request)
        use_up(self.drawn)

    def run(self, request: Request) -> None:
        """Run pytest, and end this process."""
        plugin_of_run = WatchPlugin(request, self.drawn, self.messages.send, forks=not self.once)
        # `WatchPlugin` isolates specs in a way of its own.
        quiet = ["-q", "-p", "no:cacheprovider", "--no-isolate"]
        code = 1
        try:
            code = int(
                pytest.main(
                    ["-p", "tinytorch", *quiet, *request.arguments], plugins=[plugin_of_run]
                )
            )
        finally:
            sys.stderr.flush()
            os._exit(code)

    def look_after_child(self) -> None:
        """Tell that a run has ended, if it has; what it wrote to stderr is told as well."""
        if not self.child or os.waitpid(self.child, os.WNOHANG)[0] == 0:
            return
        self.child = 0
        assert self.errors is not None
        self.errors.seek(0)
        text = self.errors.read().decode("utf-8", "replace")[-ERROR_CHARACTERS:]
        self.messages.send({"number": self.number, "beat": ENDED, "text": text})

    def end_child(self) -> None:
        """Kill a run, with all that it has started."""
        if self.child:
            linux.end_group(self.child)
            self.child = 0

    def draw(self) -> None:
        """Draw examples for the next file that has none, until there is something else to do."""
        file = self.to_draw[0]
        quiet = ["-p", PACKAGE, "-p", "no:cacheprovider", "-q"]
        # A property keeps the profile under which its file was imported.
        arguments = [*quiet, f"--hypothesis-profile={self.profile}", file]
        pytest.main(arguments, plugins=[Drawer(self.drawn, self.has_request)])
        if not self.has_request():
            del self.to_draw[0]

    def has_request(self) -> bool:
        """Whether a request waits."""
        return not self.once and bool(select.select([self.requests], [], [], 0)[0])


def main(arguments: list[str]) -> None:
    """Serve the workspace in the current folder."""
    messages = Messages()
    root = Path.cwd()
    sys.path.insert(0, str(root))
    prepare(root)
    messages.send({"beat": "ready"})
    profile = arguments[arguments.index("--profile") + 1]
    Server(messages, profile, once="--once" in arguments).serve()


if __name__ == "__main__":
    main(sys.argv[1:])
