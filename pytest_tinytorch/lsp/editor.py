"""The other end, as a desk needs it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

from lsprotocol import types
from pygls.workspace import PositionCodec

from pytest_tinytorch.lsp.client import Client
from pytest_tinytorch.lsp.diagnostics import Page


class Timer(Protocol):
    """Something that is going to happen."""

    def cancel(self) -> None:
        """Let it not happen."""


class Editor(Protocol):
    """An editor."""

    @property
    def client(self) -> Client:
        """What it can do."""

    @property
    def codec(self) -> PositionCodec:
        """Counts columns as it does."""

    def publish(self, page: Page, found: list[types.Diagnostic]) -> None:
        """Show the diagnostics of a file in the place of those before."""

    def refresh(self) -> None:
        """Let it ask anew for what stands above exercises."""

    def status(self, table: Mapping[str, Any]) -> None:
        """Show where the learner stands."""

    def say(self, text: str) -> None:
        """Show a message to a person."""

    def log(self, text: str) -> None:
        """Keep a message for who looks for it."""

    def busy(self, root: Path, title: str, stop: Callable[[], None]) -> None:
        """Show what goes on in a workspace; without a title nothing does any more."""

    def later(self, seconds: float, call: Callable[[], None]) -> Timer:
        """Call something after a while."""

    def soon(self, call: Callable[[], None]) -> None:
        """Call something from another thread."""
