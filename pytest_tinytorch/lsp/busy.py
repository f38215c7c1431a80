"""Shows an editor that something goes on, and lets a person stop it there."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

from lsprotocol import types
from pygls.progress import Progress

TITLE = "tinytorch"


class Busy:
    """What goes on in each workspace, for an editor that shows it.

    Args:
        progress: gives access to it.
    """

    def __init__(self, progress: Progress) -> None:
        self.progress = progress
        self.numbers = count(1)
        self.tokens: dict[Path, str] = {}

    def show(self, root: Path, text: str, stop: Callable[[], None]) -> None:
        """Show what goes on in a workspace; an empty text ends it. A person who stops it calls ``stop``."""
        token = self.tokens.get(root)
        if not text:
            self._end(root)
        elif token is None:
            self._begin(root, text, stop)
        elif token in self.progress.tokens:
            self.progress.report(token, types.WorkDoneProgressReport(message=text))

    def _begin(self, root: Path, text: str, stop: Callable[[], None]) -> None:
        token = self.tokens[root] = f"{TITLE}-{next(self.numbers)}"

        def created(_: Any) -> None:
            if self.tokens.get(root) != token:  # it was over before the editor had answered
                self.progress.tokens.pop(token, None)
                return
            begin = types.WorkDoneProgressBegin(title=TITLE, message=text, cancellable=True)
            self.progress.begin(token, begin)
            self.progress.tokens[token].add_done_callback(lambda _: stopped())

        def stopped() -> None:
            if self.tokens.get(root) == token:
                stop()
                self._end(root)

        self.progress.create(token, created)

    def _end(self, root: Path) -> None:
        token = self.tokens.pop(root, None)
        if token is not None and self.progress.tokens.pop(token, None) is not None:
            self.progress.end(token, types.WorkDoneProgressEnd())
