"""What is left to write of a module, as its file has it."""

from __future__ import annotations

from pathlib import Path

from pytest_tinytorch.course.curriculum import Unit
from pytest_tinytorch.course.exercises import Exercise, locate_exercises
from pytest_tinytorch.tito.session import Session


def file_of(session: Session, unit: Unit) -> Path:
    """The learner's file, even where their path takes the module from the reference."""
    return session.workspace.implementation.folder / "tinytorch" / f"{unit.name}.py"


def untouched_exercises(session: Session, unit: Unit) -> list[Exercise]:
    """The exercises of a module that are still stubs, in the order of the file."""
    try:
        text = file_of(session, unit).read_text(encoding="utf-8")
        return [exercise for exercise in locate_exercises(text, unit.hints) if exercise.untouched]
    except (OSError, SyntaxError, ValueError):
        return []
