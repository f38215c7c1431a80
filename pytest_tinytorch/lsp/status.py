"""Where a learner stands, in a line for the editor's status bar."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pytest_tinytorch.course.curriculum import Unit
from pytest_tinytorch.evidence.progress import Progress


def status(root: str, progress: Progress) -> dict[str, Any]:
    """Checkpoint and milestone, as plain values.

    Args:
        root: the address of the workspace.
        progress: where the learner stands.
    """
    checkpoint = progress.current_checkpoint
    milestones = progress.milestones
    following = next((m for m in milestones if progress.state[m.id] != "passed"), None)
    return {
        "workspace": root,
        "checkpoint": described(progress, checkpoint),
        "milestone": described(progress, following),
        "text": text_of(progress, checkpoint, following),
    }


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


def text_of(progress: Progress, checkpoint: Unit | None, milestone: Unit | None) -> str:
    """Both in a few words: ``02 activations wrong · 2 of 21 · next: 1957 perceptron``."""
    units = progress.checkpoints
    passed = f"{progress.count_passed(units)} of {len(units)}"
    parts = [f"{checkpoint.label} {progress.state[checkpoint.id]}"] if checkpoint else []
    parts += [passed if checkpoint else f"{passed} passed"]
    parts += [f"next: {milestone.label}"] if milestone else []
    return " · ".join(parts)
