"""What a desk is going to do in a while, by name: of each name, the last one counts."""

from __future__ import annotations

from collections.abc import Callable

from pytest_tinytorch.lsp.editor import Editor, Timer


class Timers:
    """What is going to happen.

    Args:
        editor: has the clock.
    """

    def __init__(self, editor: Editor) -> None:
        self.editor = editor
        self.waiting: dict[str, Timer] = {}

    def after(self, name: str, seconds: float, call: Callable[[], None]) -> None:
        """Call something after a while, in the place of what was to be called by that name."""
        self.cancel(name)
        self.waiting[name] = self.editor.later(seconds, call)

    def cancel(self, name: str) -> None:
        """Let it not happen."""
        if name in self.waiting:
            self.waiting.pop(name).cancel()

    def cancel_all(self) -> None:
        """Let nothing happen any more."""
        for name in [*self.waiting]:
            self.cancel(name)
