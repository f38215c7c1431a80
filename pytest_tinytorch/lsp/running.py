"""The run that goes on, as an editor shows it: what it checks, which exercise takes long, how to stop it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pytest_tinytorch.lsp.editor import Editor
from pytest_tinytorch.lsp.slow import Slow, slow_in


class Running:
    """The run that goes on.

    Args:
        root: the workspace.
        editor: shows it.
        stop: ends it.
        changed: called when the exercise that takes long is another one, or has gone on.

    Attributes:
        title: what it is about: ``checking 02 activations``.
        text, more: the same, in the line for the status and in more words; empty if no run goes on.
        slow: the spec that takes long, if one does.
    """

    def __init__(
        self, root: Path, editor: Editor, stop: Callable[[], None], changed: Callable[[], None]
    ) -> None:
        self.root, self.editor, self.stop, self.changed = root, editor, stop, changed
        self.title = self.text = self.more = ""
        self.slow: Slow | None = None

    @property
    def stop_title(self) -> str:
        """What the action is called that ends the run; empty if none goes on."""
        return f"Stop {self.title}" if self.text else ""

    def begin(self, title: str) -> None:
        """A run begins."""
        self.title = title
        self._take(title, title, None)

    def go_on(self, message: Mapping[str, Any]) -> None:
        """A run tells how far it is."""
        slow = slow_in(message)
        suspected = ": a loop that never ends?" if slow else ""
        self._take(f"{self.title}{suspected}", f"{self.title}: {message['text']}", slow)

    def end(self) -> None:
        """No run goes on."""
        self._take("", "", None)

    def show(self, is_final: bool = False) -> None:
        """Show what a run does, unless what it can tell is known."""
        self.editor.busy(self.root, "" if is_final else self.more, self.stop)

    def _take(self, text: str, more: str, slow: Slow | None) -> None:
        before, self.slow, self.text, self.more = self.slow, slow, text, more
        if before != slow:
            self.changed()
