"""`tito path`: the learning paths, what each holds and borrows, and how far you are on it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import click
from rich.console import Group, RenderableType
from rich.text import Text

from pytest_tinytorch.course import selection
from pytest_tinytorch.course.curriculum import NamedCheckpoints as LearningPath
from pytest_tinytorch.course.curriculum import Unit
from pytest_tinytorch.course.options import PATH_SETTING
from pytest_tinytorch.course.selection import unit_ranges
from pytest_tinytorch.evidence.progress import Progress
from pytest_tinytorch.evidence.workspace import build_workspace
from pytest_tinytorch.terminal import report
from pytest_tinytorch.tito.session import Session, complete, open_session, print_json

BAR = 20


@click.command()
@click.argument("name", required=False, shell_complete=complete("path"))
@click.option("--json", "as_json", is_flag=True, help="for programs")
def path(name: str | None, as_json: bool) -> None:
    """Learning paths, and how far you are.

    With a name: what that path holds and borrows, unit by unit.

    Example: tito path vision
    """
    session = open_session()
    curriculum = session.workspace.curriculum
    try:
        chosen = (
            [selection.select_learning_path(curriculum, name)]
            if name
            else list(curriculum.learning_paths)
        )
    except selection.UnknownName as error:
        raise click.UsageError(str(error)) from None
    if as_json:
        print_json([path_table(session, one) for one in chosen])
        return
    parts: list[RenderableType] = []
    for one in chosen:
        parts += [summary(session, one), *(itemized(session, one) if name else [])]
    following = name or "NAME"
    parts.append(Text(f"Follow it for a run: pytest -p tinytorch --path {following}"))
    parts.append(Text(f'Or always: {PATH_SETTING} = "{following}" in the settings of pytest'))
    session.show(Group(*parts))


def progress_on(session: Session, one: LearningPath) -> Progress:
    """Where the learner stands on a path, whichever they follow now."""
    old = session.workspace
    given = replace(old.options, learning_path=one.name)
    return build_workspace(old.root, given, old.curriculum).progress()


def modules(progress: Progress) -> list[Unit]:
    """What there is to write on a path."""
    return [unit for unit in progress.checkpoints if unit.source]


def is_followed(session: Session, one: LearningPath) -> bool:
    """Whether the workspace's settings name this path."""
    return session.workspace.learning_path == one


def path_table(session: Session, one: LearningPath) -> dict[str, Any]:
    """A path as plain values."""
    progress = progress_on(session, one)
    return {
        "name": one.name,
        "weeks": one.weeks,
        "followed": is_followed(session, one),
        "passed": progress.count_passed(modules(progress)),
        "modules": labels(modules(progress)),
        "borrows": labels(progress.curriculum.borrowed_by(one)),
        "milestones": labels(progress.milestones),
    }


def labels(units: Iterable[Unit]) -> list[str]:
    return [unit.label for unit in units]


def summary(session: Session, one: LearningPath) -> Text:
    """Name, weeks, how far, what it holds and what it borrows."""
    progress = progress_on(session, one)
    own, borrowed = modules(progress), progress.curriculum.borrowed_by(one)
    text = Text(one.name, "bold")
    text.append(one.duration and f"  {one.duration}", "not bold")
    if is_followed(session, one):
        text.append("  you follow it", "green not bold")
    text.append("\n  ").append(report.progress_bar(progress, own, session.glyphs, BAR))
    text.append(
        f"\n  modules {unit_ranges(own)}"
        + (f", borrows {unit_ranges(borrowed)}" if borrowed else "")
    )
    if progress.milestones:
        text.append(f"\n  milestones {unit_ranges(progress.milestones)}")
    return text.append("\n")


def itemized(session: Session, one: LearningPath) -> list[RenderableType]:
    """Each unit of a path with where it stands."""
    progress = progress_on(session, one)
    units = [*modules(progress), *progress.milestones]
    return [
        *(report.unit_line(progress, unit, session.glyphs, session.width) for unit in units),
        Text(),
    ]
