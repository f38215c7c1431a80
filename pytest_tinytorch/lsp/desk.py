"""One workspace as an editor has it open: what somebody does there, what runs, and what runs tell."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

from pytest_tinytorch.course.curriculum import Unit, UnitId
from pytest_tinytorch.evidence.digests import read_if_present
from pytest_tinytorch.evidence.outcomes import State
from pytest_tinytorch.evidence.progress import Progress
from pytest_tinytorch.lsp import verdicts
from pytest_tinytorch.lsp.board import Board
from pytest_tinytorch.lsp.editor import Editor, Timer
from pytest_tinytorch.lsp.laws import held_text
from pytest_tinytorch.lsp.running import Running
from pytest_tinytorch.lsp.sheets import Sheet
from pytest_tinytorch.lsp.shelf import Document, Shelf
from pytest_tinytorch.lsp.sight import is_judged, sight_of
from pytest_tinytorch.lsp.status import StatusLine, checking_text
from pytest_tinytorch.lsp.verdicts import Files, Told
from pytest_tinytorch.run import profiles
from pytest_tinytorch.watch.files import saves
from pytest_tinytorch.watch.loop import Loop, Processes, joined
from pytest_tinytorch.watch.request import (
    ENDED,
    FIRST,
    FULL,
    NOTHING,
    PROGRESS,
    Request,
    Setup,
    fingerprint,
)

FAILED = "failed"
"""What is told where no process could be started."""
PAUSE = 0.4
"""Seconds without typing after which what stands in the editor is run."""
GRACE = 2.0
"""Seconds for which what is known of older source stays in sight while nothing is known of newer."""


Start = Callable[[Setup, Callable[[Mapping[str, Any]], None]], Processes]
"""Starts processes that run specs; they tell what they have to say."""


class Desk:
    """A workspace, from when the first of its modules is opened.

    Attributes:
        shelf: documents and files.
        loop: what runs, and what runs next.
        memory: what runs have told, for the source as it is or as it was.
        states: of all units, for what is saved.
        running: what is shown of the run that goes on.
    """

    def __init__(self, root: Path, editor: Editor, start: Start) -> None:
        self.root, self.editor, self.shelf = root, editor, Shelf(root)
        self.running = Running(root, editor, self.stop, self._show_anew)
        self.board = Board(self.shelf, editor, self.running)
        self.memory = self.shelf.proved()
        self.states: Mapping[UnitId, State] = self.shelf.workspace.progress().state
        self.line = StatusLine(root, editor)
        self.asked: set[UnitId] = set()
        self.hints: dict[tuple[UnitId, str], int] = {}  # exercise to the hint that was shown last
        self.waiting = False  # what is known of older source may still be in sight
        self.timers: dict[str, Timer] = {}
        self.closed = threading.Event()
        self.seen: dict[str, str] = dict(self.shelf.saved())
        setup = Setup(root, profiles.usual())
        tell = lambda message: editor.soon(partial(self.receive, message))
        self.loop = self._loop(start(setup, tell))
        threading.Thread(target=self._watch_files, daemon=True).start()
        self.send_status()

    def _loop(self, processes: Processes) -> Loop:
        numbers, workspace = count(1), self.shelf.workspace
        loop = Loop(
            root=self.root,
            source=workspace.implementation.folder,
            blank=lambda: Request(next(numbers)),
            processes=processes,
            terminal=self,
        )
        loop.follow(workspace.curriculum)
        return loop

    def close(self) -> None:
        """Take note of nothing any more."""
        self.closed.set()
        for name in [*self.timers]:
            self._cancel(name)

    def end(self) -> None:
        """End all that runs, and wait for that. A thread may do it, once the desk is closed."""
        self.loop.processes.close()

    def clear(self) -> None:
        """Take back what is shown."""
        self.running.end()
        self.board.clear()

    # What somebody does in the editor.

    def open(self, file: Path, document: Document) -> None:
        """A document is opened; a module of which nothing is known is run."""
        self.shelf.documents[file] = document
        self._look_again()
        unit = self.shelf.unit_at(file)
        if unit is not None and not is_judged(self.shelf, self.memory, unit):
            self.loop.opened(file)
        self._typed()
        self.publish()

    def change(self, file: Path, document: Document) -> None:
        """Somebody types. It is run after a pause."""
        self.shelf.documents[file] = document
        if self.shelf.is_source(file):
            self._wait()
            self._after("typed", PAUSE, self._typed)

    def shut(self, file: Path) -> None:
        """A document is closed: what was not saved in it is gone."""
        self.shelf.documents.pop(file, None)
        self._typed()
        self.publish()

    def told_of(self, files: Collection[Path]) -> None:
        """The editor tells of files that were written: those of package and specs matter."""
        places = (self.shelf.package, self.root / "specs")
        self.saved([f for f in files if any(f.is_relative_to(place) for place in places)])

    def saved(self, files: Collection[Path]) -> None:
        """Files may have been saved: those count that hold something else now."""
        now = {str(file): fingerprint(read_if_present(file) or b"") for file in files}
        changed = [file for file in files if self.seen.get(str(file)) != now[str(file)]]
        self.seen |= now
        self._look_again()
        if changed:
            self._cancel("typed")
            self._wait()
            self.loop.saved(changed, self.shelf.unsaved())
            self.publish()

    def _look_again(self) -> None:
        """Take note of what the workspace is now, if its settings, curriculum or specs were written."""
        if not self.shelf.is_outdated():
            return
        try:
            self.shelf.reopen()
        except (
            OSError,
            ValueError,
        ) as error:  # it is being written, or wrong: what was there counts
            self.editor.log(f"{self.root}: {error}")
            return
        workspace = self.shelf.workspace
        units = {unit.id for unit in workspace.curriculum.units}
        self.memory = self.memory.of_units(units)
        self.asked &= units
        self.states = workspace.progress().state
        self.loop.follow(workspace.curriculum)
        self.send_status()

    def run(self, unit: Unit) -> None:
        """Somebody asks for a verdict on a module, and is told."""
        self.asked.add(unit.id)
        self.loop.opened(self.shelf.package / f"{unit.name}.py")

    def _typed(self) -> None:
        self._cancel("typed")
        self.loop.typed(self.shelf.unsaved())

    def _wait(self) -> None:
        """What is in sight is about older source: it may stay while a verdict is on its way."""
        self.waiting = True
        self._after("waiting", GRACE, self._wait_no_more)

    def _wait_no_more(self) -> None:
        self.waiting = False
        self.publish()

    def _after(self, name: str, seconds: float, call: Callable[[], None]) -> None:
        self._cancel(name)
        self.timers[name] = self.editor.later(seconds, call)

    def _cancel(self, name: str) -> None:
        if name in self.timers:
            self.timers.pop(name).cancel()

    def _watch_files(self) -> None:
        """A thread: brings what anybody saves, until the desk is closed."""
        try:
            for files in saves(self.root, self.shelf.package.parent, self.closed, (".json",)):
                self.editor.soon(partial(self.saved, files))
        except Exception as error:  # the system watches no more; the editor tells what it saves
            self.editor.soon(partial(self.editor.log, f"{self.root} is not watched: {error}"))

    # What runs tell.

    def receive(self, message: Mapping[str, Any]) -> None:
        """Take a message of a run."""
        if self.closed.is_set():
            return
        self._look_again()
        if message["beat"] == FAILED:
            self.editor.say(f"tinytorch: {message['text']}")
        self.loop.receive(message)
        if not self.loop.running:
            self.running.end()
        elif message["beat"] == PROGRESS:
            self.running.go_on(message)
        self.send_status()

    def begin(self, title: str) -> None:
        """A run begins."""
        modules = joined(self.loop.unjudged, self.loop.unseen) or ()
        units = self.shelf.workspace.curriculum.checkpoints
        self.running.begin(checking_text([unit for unit in units if unit.name in modules]))
        self.send_status()

    def stop(self) -> None:
        """Somebody stops a run, and is told."""
        if not self.loop.running:
            self.editor.say("Nothing is being checked.")
            return
        self.loop.interrupted()
        self.running.end()
        self.send_status()
        self.editor.say(f"Stopped {self.running.title}.")

    def show(self, text: str) -> None:
        """Nothing: what there is to show is told as a message."""

    def tell(self, message: Mapping[str, Any]) -> None:
        """Take what the run that counts has to say."""
        if message["beat"] in (FIRST, FULL, NOTHING):
            self._take(verdicts.told(message))
        elif message["beat"] == ENDED and self.loop.running:
            self.editor.log(f"A run ended without a verdict.\n{message['text']}".rstrip())

    def _take(self, new: Told) -> None:
        self.memory = verdicts.with_told(self.memory, new, self.shelf.workspace.curriculum)
        self.waiting = self.waiting and new.files != self.shelf.now()
        if new.beat == FULL and not new.unsaved:
            self.states = {**self.states, **{UnitId(u): s for u, s in new.states.items()}}
        if new.beat != FIRST:
            self._answer(new)
        self._show_anew()
        if new.beat != FIRST and not new.unsaved:
            self.saved(self._unheard(new.files))

    def _show_anew(self) -> None:
        """Show what is known, and let the editor ask for code lenses.

        Neovim asks for them when it is told of diagnostics, and at no other time.
        """
        self.publish(again=not self.editor.client.refreshes)
        self.editor.refresh()

    def _unheard(self, files: Files) -> list[Path]:
        """The files of the package that a run has found other than we know: nobody told of a save."""
        both = [file for file in {**self.seen, **files} if self.shelf.is_source(Path(file))]
        return [Path(file) for file in both if self.seen.get(file) != files.get(file)]

    def _answer(self, new: Told) -> None:
        """Tell who has asked for a verdict."""
        for unit in map(self.shelf.workspace.curriculum.unit, self.asked):
            held = held_text(self.shelf.laws(unit), new.specs)
            lock = self.progress().lock_text(unit)
            self.editor.say(f"{unit.label}: {lock or held or new.text or new.headline}")
        self.asked.clear()

    # What is shown.

    def publish(self, again: bool = False) -> None:
        """Show what is known; ``again`` as in `Board.show`.

        While a verdict is on its way, what is in sight stays for a moment.
        """
        known = sight_of(self.shelf, self.memory)
        if known.is_less and self.waiting and not self.board.has_broken_file():
            return
        self.board.show(known, self.progress(), again)

    def sheet(self, file: Path) -> Sheet | None:
        """A module that is open, with what is known of the source as it is."""
        self._look_again()
        unit = self.shelf.unit_at(file)
        known = sight_of(self.shelf, self.memory, [unit.id] if unit is not None else [])
        return self.shelf.sheet(file, known)

    def progress(self) -> Progress:
        """Where the learner stands, by what is saved."""
        workspace = self.shelf.workspace
        return Progress(workspace.curriculum, self.states, learning_path=workspace.learning_path)

    def send_status(self) -> None:
        """Show where the learner stands, and what is being checked."""
        self.line.show(self.progress(), self.running.text)
