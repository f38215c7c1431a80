"""A run that somebody has stopped: what an editor shows of it until the next one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from lsprotocol import types
from msgspec import Struct

from pytest_tinytorch.lsp.diagnostics import SOURCE, View, columns_at, line_range
from pytest_tinytorch.lsp.folding import folded
from pytest_tinytorch.lsp.verdicts import Files

CODE = "stopped"
"""Stands in the place of a state: this is no verdict."""
WHAT_NOW = (
    "Its specs have no verdict on this source. To try them: change the file and save it,"
    " or choose run above an exercise."
)


class Stopped(Struct, frozen=True):
    """A run that was stopped.

    Attributes:
        title: what it was about: ``checking 02 activations``.
        places: file and line, from 1, of each place to tell it at.
        files: the source as it was then.
    """

    title: str
    places: Sequence[tuple[Path, int]]
    files: Files


def of_stopped(view: View, stopped: Stopped, now: Files) -> list[tuple[Path, types.Diagnostic]]:
    """Where to say that a run was stopped; nowhere if the source is other than it was then.

    Args:
        view: what diagnostics are made with.
        stopped: the run.
        now: the source as it is.
    """
    if stopped.files != now:
        return []
    return [(file, _told(view, stopped.title, file, line)) for file, line in stopped.places]


def _told(view: View, title: str, file: Path, line: int) -> types.Diagnostic:
    lines = view.page(file).lines
    columns = columns_at(lines, line)
    texts = (f"You have stopped {title}.", WHAT_NOW)
    return types.Diagnostic(
        range=line_range(lines, line, view.codec),
        message="\n".join(folded(text, columns=columns) for text in texts),
        severity=types.DiagnosticSeverity.Information,
        source=SOURCE,
        code=CODE,
        data={"nodeids": [], "unit": None, "exercise": ""},
    )
