"""Which checkpoints a save can have changed: pure, over a workspace as it stands."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from pytest_tinytorch.course.curriculum import Unit
from pytest_tinytorch.evidence.implementation import PACKAGE
from pytest_tinytorch.evidence.workspace import Workspace


def affected_checkpoints(
    workspace: Workspace, saved: Collection[str] | None, focus: str | None
) -> tuple[Unit, ...]:
    """The checkpoints to run after a save, in the order of the course.

    Args:
        workspace: as it stands.
        saved: module names as `saved_modules` gives them; None if nothing was saved: at the start, and
            when a person asks.
        focus: the number of the one checkpoint that is watched, or None for whatever is affected.
    Returns:
        The one that is watched, if the save is part of what it depends on. Otherwise those that depend
        on what was saved, and that have been started: what is locked by an untouched stub, and what is
        nothing but stubs unless it was saved itself, cannot have changed.
    """
    curriculum, borrowed = workspace.curriculum, workspace.borrowed()
    own_units = [u for u in curriculum.checkpoints if u.source and u.id not in borrowed]
    if saved is None:
        return _at_the_start(workspace, own_units, focus)
    touched = {unit.id for unit in own_units if not saved or unit.name in saved}
    standing = [u for u in own_units if curriculum.closure([u.id]) & touched]
    if focus is not None:
        return tuple(unit for unit in standing if unit.number == focus)
    untouched = workspace.untouched
    own = {unit.id for unit in own_units if unit.name in saved}
    return tuple(
        unit
        for unit in standing
        if (unit.id in own or unit.id not in untouched)
        and not (curriculum.closure([unit.id]) - {unit.id}) & untouched - borrowed
    )


def _at_the_start(
    workspace: Workspace, own_units: Collection[Unit], focus: str | None
) -> tuple[Unit, ...]:
    """The checkpoint that is watched, or else the first one that is not proved."""
    if focus is not None:
        return tuple(unit for unit in own_units if unit.number == focus)
    return tuple(u for u in own_units if u.id not in workspace.proved)[:1]


def saved_modules(folder: Path, files: Collection[Path], names: Collection[str]) -> frozenset[str]:
    """The modules of the package in ``folder`` that ``files`` are; empty if any module may use one.

    Args:
        folder: holds the package.
        files: that were saved, all below the package.
        names: of the modules that belong to a checkpoint.
    """
    found = {file.stem for file in files if file.parent == folder / PACKAGE}
    own = found <= set(names) and all(file.parent == folder / PACKAGE for file in files)
    return frozenset(found) if own else frozenset()
