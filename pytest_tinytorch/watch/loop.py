"""What a watch does at each event, whatever the terminal, the files and the processes are."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

from pytest_tinytorch.course.curriculum import Curriculum
from pytest_tinytorch.evidence.implementation import PACKAGE
from pytest_tinytorch.terminal import output
from pytest_tinytorch.watch.affected import saved_modules
from pytest_tinytorch.watch.request import CHANGED, ENDED, FIRST, FULL, NOTHING, PROGRESS, Request

QUIT = "q"
KEYS = {"a": "all", "h": "hint", "n": "next", QUIT: "quit"}
REPEAT_KEYS = ("\r", "\n", " ")
TO_STOP = "Ctrl-C stops this run, and so does the save that fixes it."
"""What is said once a spec takes long."""


Modules = set[str] | None
"""Names of modules; None if any module may have changed."""


def joined(some: Modules, others: Modules) -> Modules:
    """All of them."""
    return None if some is None or others is None else some | others


class Processes(Protocol):
    """Where specs run."""

    def run(self, request: Request) -> None:
        """Begin a run, and end the one before."""

    def stop(self) -> None:
        """End the run."""

    def draw(self, files: Sequence[str]) -> None:
        """Draw examples of these spec files while there is nothing else to do."""

    def restart(self) -> None:
        """Forget everything that was imported."""

    def close(self) -> None:
        """End all."""


class Terminal(Protocol):
    """Where it is shown."""

    def begin(self, title: str) -> None:
        """Clear the screen for a new run."""

    def show(self, text: str) -> None:
        """Add text."""

    def tell(self, message: Mapping[str, Any]) -> None:
        """Hand on a message whole, to a program that reads along."""


@dataclass
class Loop:
    """A watch: its focus, the last verdict, and what to do next.

    Attributes:
        root: the workspace.
        source: the folder that holds the package under test.
        blank: a request with what is the same in all of them.
        processes: where specs run.
        terminal: where it is shown.
        names: of the modules that belong to a checkpoint.
        places: checkpoint id to its spec file, from the root.
        focus: number of the checkpoint that is watched; None for whatever a save affects.
        unsaved: what stands in editors in the place of files of the package, by their paths from it.
    """

    root: Path
    source: Path
    blank: Callable[[], Request]
    processes: Processes
    terminal: Terminal
    names: Collection[str] = ()
    places: Mapping[str, str] = field(default_factory=dict)
    focus: str | None = None
    unsaved: Mapping[str, str] = field(default_factory=dict)
    request: Request | None = None
    verdict: Mapping[str, Any] = field(default_factory=dict)
    unjudged: Modules = field(default_factory=set)  # saved, and not judged
    unseen: Modules = field(default_factory=set)  # typed, and not judged
    running: bool = False  # no verdict of the request has come yet
    ending: bool = False  # Ctrl-C was the last that was heard; another one ends the watch
    following: str | None = None  # number of the next checkpoint, by the last full verdict
    drawn: Sequence[str] = ()  # spec files that examples are drawn for
    hints: tuple[str, Sequence[str]] = ("", ())  # the exercise that was red last, and its hints
    hints_shown: int = 0

    def follow(self, curriculum: Curriculum) -> None:
        """Take modules and specs as a curriculum has them now."""
        units = [unit for unit in curriculum.checkpoints if unit.source]
        self.names = [unit.name for unit in units]
        self.places = {unit.id: unit.spec_path for unit in units}

    def start(self) -> None:
        """The first run."""
        self.begin("watching", None)

    def saved(self, files: Collection[Path], unsaved: Mapping[str, str] | None = None) -> None:
        """Run what a save can have changed, and what earlier saves may have, that no verdict has seen.

        Args:
            files: that were saved.
            unsaved: what stands in editors now, as `Request.unsaved`.
        """
        package = self.source / PACKAGE
        own = [file for file in files if file.is_relative_to(package)]
        if len(own) < len(files):
            self.processes.restart()  # specs are imported before they run
        self._note(unsaved or {})
        self.unjudged = self._with(self.unjudged, own)
        if not self.unsaved:
            self.unjudged, self.unseen = joined(self.unjudged, self.unseen), set()
        self._run_saved(self._shown(files))

    def opened(self, files: Collection[Path]) -> None:
        """Run what files of the package can affect, as if they had been saved."""
        self.unjudged = self._with(self.unjudged, files)
        self._run_saved(f"{self._shown(files)} opened")

    def typed(self, unsaved: Mapping[str, str]) -> None:
        """Run what stands in editors, once what is saved has its verdict.

        Args:
            unsaved: all of it, as `Request.unsaved`. Where there is none, what is saved is run again, unless
                that is what runs.
        """
        if not self._note(unsaved):
            return
        if not unsaved and self._is_running(self.unseen):
            self.unseen = set()
        elif not unsaved:
            self.unjudged, self.unseen = joined(self.unjudged, self.unseen), set()
            self._run_saved("nothing is unsaved")
        elif not self.running or self._runs_unsaved():
            self._run_unsaved()

    def known(self, unsaved: Mapping[str, str]) -> None:
        """Take note of what stands in editors where everything has its verdict: a run of other text ends.

        Args:
            unsaved: all of it, as `Request.unsaved`.
        """
        self.unsaved, self.unseen = unsaved, set()
        if self.running and self._runs_unsaved():
            self.running = False
            self.processes.stop()
            self.processes.draw(self.drawn)

    def key(self, key: str) -> bool:
        """Do what a key asks for; False if that is to end."""
        if key == QUIT:
            return False
        if key == "a":
            self.begin("all", None, everything=True)
        elif key == "n":
            self._next()
        elif key == "h":
            self._hint()
        elif key in REPEAT_KEYS and self.request is not None:
            self.begin("again", self.request.saved, self.request.everything)
        return True

    def interrupted(self) -> bool:
        """Ctrl-C ends a run, and the watch if nothing has run since the last one: False then."""
        if self.ending:
            return False
        if self.running:
            text = "Stopped, without a verdict. Return runs it again, q or Ctrl-C quits."
        else:
            text = "Nothing runs: q quits, or Ctrl-C once more."
        self.running, self.ending = False, True
        self.processes.stop()
        self.terminal.show(text)
        return True

    def receive(self, message: Mapping[str, Any]) -> None:
        """Take a message of a run; what an older one still says is passed over."""
        request, beat = self.request, message["beat"]
        if request is None or message.get("number") != request.number:
            return
        if beat != PROGRESS:
            self.terminal.tell(message)
        if self.request is not request:
            return  # who was told has begun another run
        if beat == CHANGED:
            self._run(request)
        elif beat == ENDED and not self.verdict:
            self.terminal.show(f"The run ended without a verdict.\n{message['text']}".rstrip())
            self._go_on([])
        elif beat == PROGRESS:
            text = f"{message['text']} {TO_STOP}" if message.get("slow") else message["text"]
            self.terminal.show(output.folded(text, request.width))
        elif beat in (FIRST, NOTHING):
            self.terminal.show(message["text"])
            if message.get("hints"):
                self._keep_hints(message)
        elif beat == FULL:
            self._settle(message)
        if beat == NOTHING:
            self.verdict = message
            self._help()
            self._go_on([])

    def begin(
        self,
        title: str,
        saved: Sequence[str] | None,
        everything: bool = False,
        unsaved: Mapping[str, str] | None = None,
        focus: str | None = None,
    ) -> None:
        """Begin a run: see `Request`; ``focus`` is for this one run."""
        self.terminal.begin(title)
        before = self.verdict if self.verdict.get("beat") == FULL else {}
        if not before and self.request is not None:  # the run was ended, and has told nothing
            before = {"failed": self.request.failed, "urgent": self.request.urgent}
        self._run(
            replace(
                self.blank(),
                saved=saved,
                focus=focus or self.focus,
                everything=everything,
                failed=tuple(before.get("failed", ())),
                urgent=tuple(before.get("urgent", ())),
                unsaved=dict(unsaved or {}),
            )
        )

    def _run(self, request: Request) -> None:
        self.request, self.verdict, self.running, self.ending = request, {}, True, False
        self.processes.run(request)

    def _note(self, unsaved: Mapping[str, str]) -> bool:
        """Take note of what stands in editors: whether anything is other than before."""
        both = {**self.unsaved, **unsaved}
        changed = [name for name in both if self.unsaved.get(name) != unsaved.get(name)]
        self.unsaved = unsaved
        if changed:
            self.unseen = self._with(self.unseen, self._files(changed))
        return bool(changed)

    def _is_running(self, modules: Modules) -> bool:
        """Whether a run of what is saved goes on that is about these modules, and may be about others."""
        covers = self.unjudged is None or (modules is not None and modules <= self.unjudged)
        return self.running and not self._runs_unsaved() and covers

    def _run_saved(self, title: str) -> None:
        """Run what no verdict has seen of what is saved."""
        self.begin(title, sorted(self.unjudged) if self.unjudged is not None else [])

    def _run_unsaved(self) -> None:
        """Run what stands in editors, with what no verdict has seen of what is saved."""
        found = self._with(joined(self.unjudged, self.unseen), self._files(self.unsaved))
        self.begin("typed", sorted(found) if found is not None else [], unsaved=self.unsaved)

    def _files(self, names: Iterable[str]) -> list[Path]:
        return [self.source / PACKAGE / name for name in names]

    def _with(self, modules: Modules, files: Collection[Path]) -> Modules:
        """Modules to judge, and those that files of the package are."""
        touched = saved_modules(self.source, files, self.names) if files else frozenset()
        return joined(modules, set(touched) or None)

    def _runs_unsaved(self) -> bool:
        return self.request is not None and bool(self.request.unsaved)

    def _go_on(self, places: Sequence[str]) -> None:
        """A run is over: run what has been typed meanwhile, or else draw examples for spec files."""
        self.running = False
        told = self.request.unsaved if self.request is not None else {}
        if told == self.unsaved:
            self.unseen = set()
            if places:
                self.drawn = places
                self.processes.draw(places)
        elif self.unsaved:
            self._run_unsaved()

    def _settle(self, message: Mapping[str, Any]) -> None:
        """The full verdict is there: nothing that is saved is left to judge."""
        self.verdict, self.following = message, message["next"]
        if not self._runs_unsaved():
            self.unjudged = set()
        self._keep_hints(message)
        self.terminal.show(message["text"])
        self._help()
        self._go_on([self.places[u] for u in message["asked"] if u in self.places])

    def _next(self) -> None:
        following = self.following
        if not self.verdict:
            self.terminal.show(self._no_verdict())
        elif following is None:
            self.terminal.show("There is no next checkpoint: all are passed.")
        elif following == self.focus:
            self.terminal.show(f"Checkpoint {following} is next until it passes.")
        else:
            self.focus = following
            self.begin(f"checkpoint {following}: from now on, each save runs it alone", None)

    def _hint(self) -> None:
        exercise, hints = self.hints
        if not hints:
            why = "There is no hint for this." if self.verdict else self._no_verdict()
            self.terminal.show(why)
            return
        self.hints_shown = min(self.hints_shown + 1, len(hints))
        lines = [f"{n}. {text}" for n, text in enumerate(hints[: self.hints_shown], start=1)]
        self.terminal.show("\n".join([f"{exercise}:", *lines]))

    def _no_verdict(self) -> str:
        """What is said to who asks for something that only a verdict tells."""
        if self.running:
            return "Wait for the full verdict."
        return "There is no verdict yet: Return runs the specs."

    def _keep_hints(self, message: Mapping[str, Any]) -> None:
        """Hints stay at hand while the next run goes on, those that were shown too."""
        found = (message["exercise"], tuple(message["hints"]))
        if found[0] != self.hints[0]:
            self.hints_shown = 0
        self.hints = found

    def _help(self) -> None:
        self.terminal.show("  ".join(f"{key} {word}" for key, word in KEYS.items()))

    def _shown(self, files: Collection[Path]) -> str:
        names = sorted({self._short(file) for file in files})
        return ", ".join(names[:2]) + (f" and {len(names) - 2} more" if len(names) > 2 else "")

    def _short(self, file: Path) -> str:
        return (
            file.relative_to(self.root).as_posix() if file.is_relative_to(self.root) else str(file)
        )
