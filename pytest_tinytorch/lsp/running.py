"""The run that goes on, as an editor shows it: what it checks, which exercise takes long, how to stop it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pytest_tinytorch.lsp.editor import Editor
from pytest_tinytorch.lsp.slow import Slow, place_of, slow_in
from pytest_tinytorch.lsp.stopped import Stopped
from pytest_tinytorch.lsp.verdicts import Files


class Running:
    """The run that goes on.

    Args:
        root: the workspace.
        editor: shows it.
        stop: ends it.
        changed: called when the exercise that takes long is another one or has gone on, and when somebody
            has stopped the run, until the next one.

    Attributes:
        title: what it is about: ``checking 02 activations``.
        text, more: the same, in the line for the status and in more words; empty if no run goes on.
        slow: the spec that takes long, if one does.
        modules: that the run is about.
        stopped: the last run, if somebody has stopped it.
    """

    def __init__(
        self, root: Path, editor: Editor, stop: Callable[[], None], changed: Callable[[], None]
    ) -> None:
        self.root, self.editor, self.stop, self.changed = root, editor, stop, changed
        self.title = self.text = self.more = ""
        self.slow: Slow | None = None
        self.modules: Sequence[Path] = ()
        self.stopped: Stopped | None = None

    @property
    def stop_title(self) -> str:
        """What the action is called that ends the run; empty if none goes on."""
        return f"Stop {self.title}" if self.text else ""

    def begin(self, title: str, modules: Sequence[Path]) -> None:
        """A run begins that is about some modules."""
        self.title, self.modules = title, modules
        self._take(title, title, None, None)

    def go_on(self, message: Mapping[str, Any]) -> None:
        """A run tells how far it is."""
        slow = slow_in(message)
        suspected = ": a loop that never ends?" if slow else ""
        self._take(f"{self.title}{suspected}", f"{self.title}: {message['text']}", slow, None)

    def end(self) -> None:
        """No run goes on."""
        self._take("", "", None, self.stopped)

    def end_by_hand(self, files: Files) -> None:
        """Somebody has ended the run. That is told where it took long, or else at the head of its modules.

        Args:
            files: the source as it is.
        """
        where = place_of(self.root, self.slow, files) if self.slow is not None else None
        places = [where] if where is not None else [(file, 1) for file in self.modules]
        self._take("", "", None, Stopped(self.title, places, files))

    def show(self, is_final: bool = False) -> None:
        """Show what a run does, unless what it can tell is known."""
        self.editor.busy(self.root, "" if is_final else self.more, self.stop)

    def _take(self, text: str, more: str, slow: Slow | None, stopped: Stopped | None) -> None:
        before = self.slow, self.stopped
        self.text, self.more, self.slow, self.stopped = text, more, slow, stopped
        if before != (slow, stopped):
            self.changed()
