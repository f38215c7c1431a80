"""One workspace as an editor has it open: what somebody does there, what runs, and what runs tell."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterable, Mapping
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from pytest_tinytorch.course.curriculum import Unit, UnitId
from pytest_tinytorch.evidence.digests import read_if_present
from pytest_tinytorch.lsp import verdicts
from pytest_tinytorch.lsp.board import Board
from pytest_tinytorch.lsp.diagnostics import BORROWED
from pytest_tinytorch.lsp.editor import Editor
from pytest_tinytorch.lsp.knowledge import Knowledge
from pytest_tinytorch.lsp.laws import held_text
from pytest_tinytorch.lsp.memory import differing
from pytest_tinytorch.lsp.running import Running
from pytest_tinytorch.lsp.sheets import Sheet
from pytest_tinytorch.lsp.shelf import Document, Shelf
from pytest_tinytorch.lsp.status import StatusLine, checking_text
from pytest_tinytorch.lsp.timers import Timers
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
MOMENT = 0.1
"""Seconds without typing after which what is known is shown at the lines where it stands now."""
LOOK = 500
"""Milliseconds without a save after which settings and the ledger are looked at."""
GRACE = 2.0
"""Seconds for which what is known of older source stays in sight while nothing is known of newer."""


Start = Callable[[Setup, Callable[[Mapping[str, Any]], None]], Processes]
"""Starts processes that run specs; they tell what they have to say."""


class Desk:
    """A workspace, from when the first of its modules is opened.

    Attributes:
        shelf: documents and files.
        loop: what runs, and what runs next.
        known: what runs have told, and what the ledger says.
        running: what is shown of the run that goes on.
    """

    def __init__(self, root: Path, editor: Editor, start: Start) -> None:
        self.root, self.editor, self.shelf = root, editor, Shelf(root)
        self.running = Running(root, editor, self.stop, self._show_anew)
        self.board = Board(self.shelf, editor, self.running)
        self.known = Knowledge(self.shelf)
        self.line = StatusLine(root, editor)
        self.asked: set[UnitId] = set()
        self.hints: dict[tuple[UnitId, str], int] = {}  # exercise to the hint that was shown last
        self.waiting = False  # what is known of older source may still be in sight
        self.timers = Timers(editor)
        self.closed = threading.Event()
        self.seen: dict[str, str] = dict(self.shelf.on_disk())
        self.begun: Files = {}  # what was saved when the run began
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
        self.timers.cancel_all()

    def end(self) -> None:
        """End all that runs, and wait for that. A thread may do it, once the desk is closed."""
        self.loop.processes.close()

    def clear(self) -> None:
        """Take back what is shown."""
        self.running.end()
        self.running.show()
        self.board.clear()

    # What somebody does in the editor.

    def open(self, file: Path, document: Document) -> None:
        """A document is opened; a module of which nothing is known is run."""
        self.shelf.documents[file] = document
        self._look_again()
        unit = self.shelf.unit_at(file)
        self._judge([unit] if unit is not None else [])
        self._typed()

    def change(self, file: Path, document: Document) -> None:
        """Somebody types. It is run after a pause."""
        self.shelf.documents[file] = document
        if self.shelf.is_source(file):
            self._wait()
            self.timers.after("moved", MOMENT, self._moved)
            self.timers.after("typed", PAUSE, self._typed)

    def shut(self, file: Path) -> None:
        """A document is closed: what was not saved in it is gone."""
        self.shelf.close(file)
        self._typed()

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
            if not all(map(self.shelf.is_source, changed)):
                self.known.forget()
            self.timers.cancel("typed")
            self._wait()
            self.loop.saved(changed, self.shelf.unsaved())
            self.publish()

    def look(self) -> None:
        """Nothing was saved for a while: see whether a command in a terminal has written what counts here."""
        if self.closed.is_set():
            return
        self._look_again(not self.loop.running and self.known.is_recorded_elsewhere())

    def _look_again(self, anyway: bool = False) -> None:
        """Take note of what the workspace is now, if its settings, curriculum or specs were written."""
        if not anyway and not self.shelf.is_outdated():
            return
        try:
            self.known.reopen()
        except (
            OSError,
            ValueError,
        ) as error:  # it is being written, or wrong: what was there counts
            self.editor.log(f"{self.root}: {error}")
            return
        curriculum = self.shelf.workspace.curriculum
        self.asked &= {unit.id for unit in curriculum.units}
        self.loop.follow(curriculum)
        self._judge(self.known.units())
        self._show_anew()
        self.send_status()

    def run(self, unit: Unit) -> None:
        """Somebody asks for a verdict on a module, and is told."""
        if self.shelf.is_borrowed(unit):
            self.editor.say(f"{unit.label} {BORROWED}")
            return
        self.asked.add(unit.id)
        self.loop.opened([self.shelf.file_of(unit)])

    def _judge(self, units: Iterable[Unit]) -> None:
        """Run those units that have no verdict, unless that is what runs."""
        found = [
            self.shelf.file_of(unit)
            for unit in self.known.unjudged(units)
            if unit.source and not self._runs(unit)
        ]
        if found:
            self.loop.opened(found)

    def _runs(self, unit: Unit) -> bool:
        """Whether a verdict on a unit, for the source as it is, is on its way."""
        request, modules = self.loop.request, joined(self.loop.unjudged, self.loop.unseen)
        if request is None or not self.loop.running or unit.name not in (modules or {unit.name}):
            return False
        judged, now = self.shelf.saved_but(request.unsaved, self.begun), self.shelf.now()
        return not differing(unit.id, judged, now, self.shelf.workspace.curriculum)

    def _moved(self) -> None:
        """Somebody has just typed: what is known stands at other lines. An error in half a line can wait."""
        if not self.board.has_broken_file():
            self.waiting = self.waiting and not self.board.has_new_stub()
            self.publish()

    def _typed(self) -> None:
        """Run what stands in editors, unless every verdict on it is known."""
        self.timers.cancel("typed")
        unsaved = self.shelf.unsaved()
        if (unsaved or not self.loop.unjudged) and not self.known.unjudged(self.known.units()):
            self.loop.known(unsaved)
            self._show_anew()
        else:
            self.loop.typed(unsaved)
            self.publish()
        if not self.loop.running:
            self.running.end()
        self.send_status()

    def _wait(self) -> None:
        """What is in sight is about older source: it may stay while a verdict is on its way."""
        self.waiting = True
        self.timers.after("waiting", GRACE, self._wait_no_more)

    def _wait_no_more(self) -> None:
        self.waiting = False
        self.publish()

    def _watch_files(self) -> None:
        """A thread: brings what anybody saves, until the desk is closed."""
        try:
            package = self.shelf.package.parent
            for files in saves(self.root, package, self.closed, (".json",), beat=LOOK):
                self.editor.soon(partial(self.saved, files) if files else self.look)
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
        self.begun = self.shelf.saved()
        checked = [unit for unit in units if unit.name in modules]
        files = [self.shelf.file_of(unit) for unit in checked]
        open_ones = [*filter(self.shelf.is_source, self.shelf.documents)]
        self.running.begin(checking_text(checked), files or open_ones)
        self.send_status()

    def stop(self) -> None:
        """Somebody stops a run, and is told."""
        if not self.loop.running:
            self.editor.say("Nothing is being checked.")
            return
        self.loop.interrupted()
        self.waiting = False
        self.running.end_by_hand(self.shelf.now())
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
        request = self.loop.request
        self.known.take(new, (request.saved if request is not None else None) or ())
        self.waiting = self.waiting and self.shelf.judged(new.files) != self.shelf.now()
        if new.beat != FIRST:
            self._answer(new)
        self._show_anew()
        if new.beat != FIRST and not new.unsaved:
            self.saved(self._unheard(new.files))

    def _unheard(self, files: Files) -> list[Path]:
        """The files of the package that a run has found other than we know: nobody told of a save."""
        both = [file for file in {**self.seen, **files} if self.shelf.is_source(Path(file))]
        return [Path(file) for file in both if self.seen.get(file) != files.get(file)]

    def _answer(self, new: Told) -> None:
        """Tell who has asked for a verdict."""
        for unit in map(self.shelf.workspace.curriculum.unit, self.asked):
            held = held_text(self.shelf.laws(unit), new.specs)
            lock = self.known.progress().lock_text(unit)
            if unit.name in self.board.broken_modules():
                held = f"{unit.name}.py does not parse"
            self.editor.say(f"{unit.label}: {lock or held or new.text or new.headline}")
        self.asked.clear()

    # What is shown.

    def publish(self, again: bool = False) -> None:
        """Show what is known; ``again`` as in `Board.show`.

        While a verdict is on its way, what is in sight stays for a moment.
        """
        known = self.known.in_sight()
        if known.is_less and self.waiting and not self.board.has_broken_file():
            return
        self.board.show(known, self.known.progress(), again)

    def _show_anew(self) -> None:
        """Show what is known, and let the editor ask for all else."""
        # Neovim asks for code lenses when it is told of diagnostics, and at no other time.
        self.publish(again=not self.editor.client.refreshes)
        self.editor.refresh()

    def sheet(self, file: Path) -> Sheet | None:
        """A module that is open, with what is known of the source as it is."""
        self._look_again()
        unit = self.shelf.unit_at(file)
        known = self.known.in_sight([unit.id] if unit is not None else [])
        sheet = self.shelf.sheet(file, known)
        if sheet is None or unit is None:
            return sheet
        lock, stopped = self.known.progress().lock_text(unit), self.running.stopped
        is_stopped = stopped is not None and stopped.files == self.shelf.now()
        return replace(sheet, locked=bool(lock), stopped=is_stopped)

    def send_status(self) -> None:
        """Show where the learner stands, and what is being checked.

        Nothing is where a run can tell nothing new: a file that does not parse has its error already.
        """
        modules = joined(self.loop.unjudged, self.loop.unseen) or {""}
        is_final = modules <= self.board.broken_modules()
        self.running.show(is_final)
        self.line.show(self.known.progress(), "" if is_final else self.running.text)
