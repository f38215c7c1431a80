"""Where a learner stands, in a line for the editor's status bar."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pygls import uris

from pytest_tinytorch.course.curriculum import Unit
from pytest_tinytorch.course.selection import unit_ranges
from pytest_tinytorch.evidence.progress import Progress
from pytest_tinytorch.lsp.editor import Editor


class StatusLine:
    """The line, told only where it says something else.

    Args:
        root: the workspace.
        editor: shows it.
    """

    def __init__(self, root: Path, editor: Editor) -> None:
        self.uri = uris.from_fs_path(str(root)) or ""
        self.editor = editor
        self.told: Mapping[str, Any] = {}

    def show(self, progress: Progress, checking: str) -> None:
        """Show where the learner stands, and what is being checked; of that no log is kept."""
        table = status(self.uri, progress, checking)
        if table != self.told and (self.editor.client.status or not checking):
            self.told = table
            self.editor.status(table)


def status(root: str, progress: Progress, checking: str = "") -> dict[str, Any]:
    """Checkpoint and milestone, and what is being checked, as plain values.

    Args:
        root: the address of the workspace.
        progress: where the learner stands.
        checking: what a run is about; empty if none goes on.
    """
    checkpoint = progress.current_checkpoint
    milestones = progress.milestones
    following = next((m for m in milestones if progress.state[m.id] != "passed"), None)
    return {
        "workspace": root,
        "checkpoint": described(progress, checkpoint),
        "milestone": described(progress, following),
        "checking": checking or None,
        "text": text_of(progress, checkpoint, following, checking),
    }


def checking_text(units: Sequence[Unit]) -> str:
    """What a run is about: ``checking 02 activations``."""
    labels = units[0].label if len(units) == 1 else unit_ranges(units)
    return f"checking {labels}".rstrip()


def described(progress: Progress, unit: Unit | None) -> Mapping[str, Any] | None:
    """A unit as plain values; None where all are passed."""
    if unit is None:
        return None
    units = progress.milestones if unit.is_milestone else progress.checkpoints
    return {
        "number": unit.number,
        "name": unit.name,
        "title": unit.title,
        "year": unit.year or None,
        "state": str(progress.state[unit.id]),
        "passed": progress.count_passed(units),
        "of": len(units),
    }


def text_of(
    progress: Progress, checkpoint: Unit | None, milestone: Unit | None, checking: str = ""
) -> str:
    """All in a few words: ``02 activations wrong · 2 of 21 · next: 1957 perceptron``.

    While something is checked, that stands in the place of the checkpoint.
    """
    units = progress.checkpoints
    passed = f"{progress.count_passed(units)} of {len(units)}"
    here = f"{checkpoint.label} {progress.state[checkpoint.id].words}" if checkpoint else ""
    parts = [checking or here, passed if checkpoint else f"{passed} passed"]
    parts += [f"next: {milestone.label}"] if milestone else []
    return " · ".join(filter(None, parts))
