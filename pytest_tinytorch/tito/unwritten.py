"""The exercises of a module: what is left to write, and what the last run found wrong, as its file has it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from pytest_tinytorch.course.curriculum import Unit
from pytest_tinytorch.course.exercises import Exercise, locate_exercises, locate_untouched
from pytest_tinytorch.course.syntax import compiled_syntax_tree
from pytest_tinytorch.evidence.outcomes import State
from pytest_tinytorch.tito.session import Session

RED = (State.WRONG, State.BROKEN)
"""What is written is wrong, or does not run."""


def file_of(session: Session, unit: Unit) -> Path:
    """The learner's file, even where their path takes the module from the reference."""
    return session.workspace.implementation.folder / "tinytorch" / f"{unit.name}.py"


def exercises_of(session: Session, unit: Unit) -> list[Exercise]:
    """The exercises of a module in the order of the file; none if it cannot be read."""
    return _found_by(locate_exercises, session, unit)


def untouched_exercises(session: Session, unit: Unit) -> list[Exercise]:
    """The exercises of a module that are still stubs, in the order of the file."""
    return _found_by(locate_untouched, session, unit)


def _found_by(
    locate: Callable[[str, Iterable[str]], list[Exercise]], session: Session, unit: Unit
) -> list[Exercise]:
    try:
        return locate(file_of(session, unit).read_text(encoding="utf-8"), unit.hints)
    except (OSError, SyntaxError, ValueError):
        return []


def unparsed(session: Session, unit: Unit) -> tuple[int, str] | None:
    """(line, what is wrong) where a module cannot be parsed; None if it can, or cannot be read."""
    try:
        compiled_syntax_tree(file_of(session, unit).read_text(encoding="utf-8"))
    except SyntaxError as error:
        return error.lineno or 1, error.msg
    except (OSError, ValueError):
        pass
    return None


def blamed_exercise(session: Session, unit: Unit) -> str:
    """The exercise that the last run found wrong; empty if it found none, or the source has changed."""
    progress = session.progress
    is_red = progress.state[unit.id] in RED
    return progress.blamed.get(unit.id, "") if is_red else ""
