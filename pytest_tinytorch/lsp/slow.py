"""A spec that takes long: what an editor shows of it while it runs, at the line where it is."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
from lsprotocol import types
from msgspec import Struct

from pytest_tinytorch.lsp.diagnostics import SOURCE, View, columns_at, line_range
from pytest_tinytorch.lsp.folding import folded
from pytest_tinytorch.lsp.verdicts import Files
from pytest_tinytorch.run.loops import QUESTION
from pytest_tinytorch.run.meter import seconds

CODE = "slow"
"""Stands in the place of a state: this is no verdict."""


class Slow(Struct, frozen=True):
    """A spec that takes long; see `watch.view.Slow`.

    Attributes:
        used: the CPU time that it has used, in seconds.
        limit: the CPU time that it may use.
        exercise: that it is in; empty if that is not known.
        file: of that, from the root, or whole where it lies outside.
        line: in it, from 1.
        files: the source that runs.
    """

    used: float
    limit: float
    exercise: str = ""
    file: str = ""
    line: int = 0
    files: Files = msgspec.field(default_factory=dict)


def slow_in(message: Mapping[str, Any]) -> Slow | None:
    """What a message of a run that goes on says of a spec that takes long."""
    if message.get("slow") is None:
        return None
    return msgspec.convert(message["slow"] | {"files": message["files"]}, Slow)


def place_of(root: Path, slow: Slow, now: Files) -> tuple[Path, int] | None:
    """Where a run is: file and line. None if that is not known, or if the file says something else by now.

    Args:
        root: the workspace.
        slow: the spec that takes long.
        now: the source as it is.
    """
    file = root / slow.file
    mark = slow.files.get(str(file))
    known = bool(slow.file) and mark is not None and mark == now.get(str(file))
    return (file, slow.line) if known else None


def of_slow(view: View, slow: Slow, now: Files, stop: str) -> tuple[Path, types.Diagnostic] | None:
    """What is said where a run is; None as in `place_of`.

    Args:
        view: what diagnostics are made with.
        slow: the spec that takes long.
        now: the source as it is.
        stop: what the action is called that ends the run.
    """
    place = place_of(view.root, slow, now)
    if place is None:
        return None
    path, line = place
    text = f"{slow.exercise} has been running for {seconds(slow.used)} of CPU time: {QUESTION}"
    rest = f'It is ended after {seconds(slow.limit)}. To stop it now: code action "{stop}".'
    lines = view.page(path).lines
    columns = columns_at(lines, line)
    diagnostic = types.Diagnostic(
        range=line_range(lines, line, view.codec),
        message="\n".join(folded(one, columns=columns) for one in (text, rest)),
        severity=types.DiagnosticSeverity.Information,
        source=SOURCE,
        code=CODE,
        data={"nodeids": [], "unit": None, "exercise": slow.exercise},
    )
    return path, diagnostic
