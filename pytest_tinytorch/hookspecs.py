"""Hooks that a course can implement in its conftest."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    import pytest

    from pytest_tinytorch.course.curriculum import Unit
    from pytest_tinytorch.evidence.progress import Progress

hookspec = pluggy.HookspecMarker("pytest")


@hookspec
def pytest_tinytorch_checkpoint_passed(
    config: pytest.Config, checkpoint: Unit, progress: Progress
) -> None:
    """Called on the controller, once for each checkpoint that this run passed and none before it."""


@hookspec
def pytest_tinytorch_milestone_unlocked(
    config: pytest.Config, milestone: Unit, progress: Progress
) -> None:
    """Called on the controller, once for each milestone that this run passed and none before it."""


@hookspec
def pytest_tinytorch_report(config: pytest.Config, progress: Progress) -> None:
    """Called on the controller at the end of each run that judged a unit, before the report is shown."""
