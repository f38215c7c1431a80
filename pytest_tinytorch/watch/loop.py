"""What a watch does at each event, whatever the terminal, the files and the processes are."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

from pytest_tinytorch.evidence.implementation import PACKAGE
from pytest_tinytorch.watch.affected import saved_modules
from pytest_tinytorch.watch.request import CHANGED, ENDED, FIRST, FULL, NOTHING, PROGRESS, Request

KEYS = {"a": "all", "h": "hint", "n": "next", "q": "quit"}
REPEAT_KEYS = ("\r", "\n", " ")


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
        names: of the modules that belong to a checkpoint.
        places: checkpoint id to its spec file, from the root.
        blank: a request with what is the same in all of them.
        processes: where specs run.
        terminal: where it is shown.
        focus: number of the checkpoint that is watched; None for whatever a save affects.
    """

    root: Path
    source: Path
    names: Collection[str]
    places: Mapping[str, str]
    blank: Callable[[], Request]
    processes: Processes
    terminal: Terminal
    focus: str | None = None
    request: Request | None = None
    verdict: Mapping[str, Any] = field(default_factory=dict)
    unjudged: set[str] | None = field(default_factory=set)  # None: any module may have changed
    hints: tuple[str, Sequence[str]] = ("", ())  # the exercise that was red last, and its hints
    hints_shown: int = 0

    def start(self) -> None:
        """The first run."""
        self.begin("watching", None)

    def saved(self, files: Collection[Path]) -> None:
        """Run what a save can have changed, and what earlier saves may have, that no verdict has seen."""
        package = self.source / PACKAGE
        own = [file for file in files if file.is_relative_to(package)]
        if len(own) < len(files):
            self.processes.restart()  # specs are imported before they run
        touched = saved_modules(self.source, own, self.names) if own else frozenset()
        if not touched or self.unjudged is None:
            self.unjudged = None
        else:
            self.unjudged |= touched
        names = sorted({self._short(file) for file in files})
        shown = ", ".join(names[:2]) + (f" and {len(names) - 2} more" if len(names) > 2 else "")
        self.begin(shown, sorted(self.unjudged) if self.unjudged is not None else [])

    def key(self, key: str) -> bool:
        """Do what a key asks for; False if that is to end."""
        if key == "q":
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

    def interrupted(self) -> None:
        """Ctrl-C ends a run, never the watch."""
        self.processes.stop()
        self.terminal.show("stopped. Press q to quit.")

    def receive(self, message: Mapping[str, Any]) -> None:
        """Take a message of a run; what an older one still says is passed over."""
        if self.request is None or message.get("number") != self.request.number:
            return
        beat = message["beat"]
        if beat != PROGRESS:
            self.terminal.tell(message)
        if beat == CHANGED:
            self._run(self.request)
        elif beat == ENDED and not self.verdict:
            self.terminal.show(f"The run ended without a verdict.\n{message['text']}".rstrip())
        elif beat in (FIRST, NOTHING, PROGRESS):
            self.terminal.show(message["text"])
            if message.get("hints"):
                self._keep_hints(message)
        elif beat == FULL:
            self._settle(message)
        if beat == NOTHING:
            self.verdict = message
            self._help()

    def begin(self, title: str, saved: Sequence[str] | None, everything: bool = False) -> None:
        """Begin a run."""
        self.terminal.begin(title)
        before = self.verdict if self.verdict.get("beat") == FULL else {}
        if not before and self.request is not None:  # the run was ended, and has told nothing
            before = {"failed": self.request.failed, "urgent": self.request.urgent}
        self._run(
            replace(
                self.blank(),
                saved=saved,
                focus=self.focus,
                everything=everything,
                failed=tuple(before.get("failed", ())),
                urgent=tuple(before.get("urgent", ())),
            )
        )

    def _run(self, request: Request) -> None:
        self.request, self.verdict = request, {}
        self.processes.run(request)

    def _settle(self, message: Mapping[str, Any]) -> None:
        """The full verdict is there: nothing is left to judge, so examples can be drawn."""
        self.verdict, self.unjudged = message, set()
        self._keep_hints(message)
        self.terminal.show(message["text"])
        self._help()
        self.processes.draw([self.places[u] for u in message["asked"] if u in self.places])

    def _next(self) -> None:
        following = self.verdict.get("next")
        if following is None:
            why = "All checkpoints are passed." if self.verdict else "Wait for the full verdict."
            self.terminal.show(why)
            return
        self.focus = following
        self.begin(f"checkpoint {following}", None)

    def _hint(self) -> None:
        exercise, hints = self.hints
        if not hints:
            why = "There is no hint for this." if self.verdict else "Wait for the full verdict."
            self.terminal.show(why)
            return
        self.hints_shown = min(self.hints_shown + 1, len(hints))
        lines = [f"{n}. {text}" for n, text in enumerate(hints[: self.hints_shown], start=1)]
        self.terminal.show("\n".join([f"{exercise}:", *lines]))

    def _keep_hints(self, message: Mapping[str, Any]) -> None:
        """Hints stay at hand while the next run goes on, those that were shown too."""
        found = (message["exercise"], tuple(message["hints"]))
        if found[0] != self.hints[0]:
            self.hints_shown = 0
        self.hints = found

    def _help(self) -> None:
        self.terminal.show("  ".join(f"{key} {word}" for key, word in KEYS.items()))

    def _short(self, file: Path) -> str:
        return (
            file.relative_to(self.root).as_posix() if file.is_relative_to(self.root) else str(file)
        )
