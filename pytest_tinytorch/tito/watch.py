"""`tito watch`: save a file, and see at once whether it is right."""

from __future__ import annotations

import argparse
import json
import queue
import signal
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from itertools import count
from pathlib import Path
from shutil import get_terminal_size
from typing import Any

import click
from msgspec.structs import replace

from pytest_tinytorch.evidence.workspace import Workspace, build_workspace
from pytest_tinytorch.run import profiles
from pytest_tinytorch.tito.session import Session, complete, open_session
from pytest_tinytorch.watch import keys, processes
from pytest_tinytorch.watch.files import saves
from pytest_tinytorch.watch.loop import QUIT, Loop, Terminal
from pytest_tinytorch.watch.request import Request, Setup

CLEAR = "\x1b[2J\x1b[3J\x1b[H"
POLL = 0.2
"""Seconds. On Windows a thread that waits for ever does not see Ctrl-C."""


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("which", metavar="[NN]", required=False, shell_complete=complete("checkpoint"))
@click.argument("arguments", metavar="[-- PYTEST OPTIONS]", nargs=-1)
@click.option(
    "--json", "as_json", is_flag=True, help="print a line of JSON for each verdict, for programs"
)
def watch(which: str | None, arguments: tuple[str, ...], as_json: bool) -> None:
    """Run specs at each save: an immediate first look, then the full verdict, which counts.

    Without NN: everything that the saved file can affect. Keys: a all, h hint, n next, q quit.

    Example: tito watch 05
    """
    if which and which.startswith("-"):  # no NN, and pytest's options
        arguments, which = (which, *arguments), None
    session = open_session()
    focus = session.module(which).number if which else None
    terminal = Lines() if as_json else Screen(session)
    Watch(session, focus, arguments, terminal, processes.may_fork()).run()


class Screen:
    """The terminal, as a watch writes to it."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def begin(self, title: str) -> None:
        """A new run: on a terminal it has the screen for itself."""
        if self.session.color:
            click.echo(CLEAR, nl=False)
        self.show(f"{time.strftime('%H:%M:%S')}  {title}")

    def show(self, text: str) -> None:
        """Add text."""
        click.echo(self.session.glyphs.fit(text), color=self.session.color)

    def tell(self, message: Mapping[str, Any]) -> None:
        """Nothing: its text is shown."""


class Lines:
    """Verdicts for a program that reads along."""

    def begin(self, title: str) -> None:
        """Nothing: what a run comes to is told when it is known."""

    def show(self, text: str) -> None:
        """Nothing: the text is part of the message."""

    def tell(self, message: Mapping[str, Any]) -> None:
        """One line."""
        click.echo(json.dumps(message))


class Watch:
    """Threads for files, keys and processes bring events; this one handles them one by one."""

    def __init__(
        self,
        session: Session,
        focus: str | None,
        arguments: tuple[str, ...],
        terminal: Terminal,
        forks: bool,
    ) -> None:
        self.events: queue.SimpleQueue[tuple[str, Any]] = queue.SimpleQueue()
        workspace = session.workspace
        numbers = count(1)

        def blank() -> Request:
            width = max(20, get_terminal_size().columns)
            glyphs = session.glyphs
            return Request(next(numbers), width=width, color=session.color, plain=glyphs.plain)

        kind = processes.Forking if forks else processes.Spare
        named = named_in(arguments)
        tell = lambda message: self.events.put(("told", message))
        self.loop = Loop(
            root=workspace.root,
            source=judged(workspace, named),
            blank=blank,
            processes=kind(Setup(workspace.root, named.hypothesis_profile, arguments), tell),
            terminal=terminal,
            focus=focus,
        )
        self.loop.follow(workspace.curriculum)

    def run(self) -> None:
        """Until somebody presses q, or Ctrl-C while nothing runs, twice."""
        signal.signal(signal.SIGINT, lambda *_: self.events.put(("interrupted", None)))
        stop = threading.Event()
        threading.Thread(target=self.watch_files, args=(stop,), daemon=True).start()
        try:
            with keys.single():  # the terminal is as it was before the processes have ended
                threading.Thread(target=self.read_keys, daemon=True).start()
                self.loop.start()
                while self.handle(*self.next_event()):
                    pass
        finally:
            stop.set()
            self.loop.processes.close()

    def read_keys(self) -> None:
        """Bring an event for each key; a program that reads along and is gone has pressed q."""
        keys.each(self.press)
        if isinstance(self.loop.terminal, Lines):
            self.events.put(("key", QUIT))

    def press(self, key: str) -> bool:
        """Bring an event for a key; False if it is the last one."""
        self.events.put(("key", key))
        return key != QUIT

    def next_event(self) -> tuple[str, Any]:
        """The next event, after waiting for it."""
        while True:
            try:
                return self.events.get(timeout=POLL if sys.platform == "win32" else None)
            except queue.Empty:
                continue

    def handle(self, what: str, value: Any) -> bool:
        """Do what an event asks for; False if that is to end."""
        if what == "key":
            return self.loop.key(value)
        if what == "interrupted":
            return self.loop.interrupted()
        if what == "saved":
            self.loop.saved(value)
        else:
            self.loop.receive(value)
        return True

    def watch_files(self, stop: threading.Event) -> None:
        """Bring an event for each save of a Python file of the package or of the specs."""
        for found in saves(self.loop.root, self.loop.source, stop):
            self.events.put(("saved", found))


def named_in(arguments: Sequence[str]) -> argparse.Namespace:
    """What pytest's arguments name that a watch has to know too; the others are pytest's alone."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    parser.add_argument("--hypothesis-profile", default=profiles.usual())
    parser.add_argument("--source", type=Path)
    parser.add_argument("--reference", action="store_true")
    try:
        return parser.parse_known_args(arguments)[0]
    except argparse.ArgumentError as error:
        raise click.UsageError(str(error)) from None


def judged(workspace: Workspace, named: argparse.Namespace) -> Path:
    """The folder that holds the package to judge, as pytest itself will find it from the root."""
    source = workspace.root / named.source if named.source else None
    asked = replace(workspace.options, source=source, reference=named.reference)
    try:
        found = build_workspace(workspace.root, asked, workspace.curriculum)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    return found.implementation.folder
