"""`tito path`: the learning paths, what each holds and borrows, and how far you are on it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import click
from rich.console import Group, RenderableType
from rich.text import Text

from pytest_tinytorch.course import selection
from pytest_tinytorch.course.curriculum import Group as LearningPath
from pytest_tinytorch.course.curriculum import Unit
from pytest_tinytorch.course.options import PATH_SETTING
from pytest_tinytorch.evidence.progress import Progress, numbers
from pytest_tinytorch.evidence.workspace import assemble
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
        chosen = [selection.path(curriculum, name)] if name else list(curriculum.paths)
    except selection.UnknownName as error:
        raise click.UsageError(str(error)) from None
    if as_json:
        print_json([described(session, one) for one in chosen])
        return
    parts: list[RenderableType] = []
    for one in chosen:
        parts += [summary(session, one), *(itemised(session, one) if name else [])]
    following = name or "NAME"
    parts.append(Text(f"Follow it for a run: pytest -p tinytorch --path {following}"))
    parts.append(Text(f'Or always: {PATH_SETTING} = "{following}" in the settings of pytest'))
    session.show(Group(*parts))


def walked(session: Session, one: LearningPath) -> Progress:
    """Where the learner stands on a path, whichever they follow now."""
    old = session.workspace
    given = replace(old.options, path=one.name)
    return assemble(old.root, given, old.curriculum).progress()


def modules(progress: Progress) -> list[Unit]:
    """What there is to write on a path."""
    return [unit for unit in progress.checkpoints if unit.source]


def is_followed(session: Session, one: LearningPath) -> bool:
    """Whether the workspace's settings name this path."""
    return session.workspace.path == one


def described(session: Session, one: LearningPath) -> dict[str, Any]:
    """A path as plain values."""
    progress = walked(session, one)
    return {
        "name": one.name,
        "weeks": one.weeks,
        "followed": is_followed(session, one),
        "passed": progress.count(modules(progress)),
        "modules": labels(modules(progress)),
        "borrows": labels(progress.curriculum.borrows(one)),
        "milestones": labels(progress.milestones),
    }


def labels(units: Iterable[Unit]) -> list[str]:
    return [unit.label for unit in units]


def summary(session: Session, one: LearningPath) -> Text:
    """Name, weeks, how far, what it holds and what it borrows."""
    progress = walked(session, one)
    own, lent = modules(progress), progress.curriculum.borrows(one)
    text = Text(one.name, "bold")
    text.append(one.takes and f"  {one.takes}", "not bold")
    if is_followed(session, one):
        text.append("  you follow it", "green not bold")
    text.append("\n  ").append(report.progress_bar(progress, own, session.marks, BAR))
    text.append(f"\n  modules {numbers(own)}" + (f", borrows {numbers(lent)}" if lent else ""))
    if progress.milestones:
        text.append(f"\n  milestones {numbers(progress.milestones)}")
    return text.append("\n")


def itemised(session: Session, one: LearningPath) -> list[RenderableType]:
    """Each unit of a path with where it stands."""
    progress = walked(session, one)
    units = [*modules(progress), *progress.milestones]
    return [*(report.line(progress, unit, session.marks, session.width) for unit in units), Text()]
