"""`tito path`: the learning paths, what each contains and borrows, and how far you are on it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import click
from rich.console import Group, RenderableType
from rich.text import Text

from pytest_tinytorch.course import selection
from pytest_tinytorch.course.curriculum import NamedCheckpoints as LearningPath
from pytest_tinytorch.course.curriculum import Unit
from pytest_tinytorch.course.selection import unit_ranges
from pytest_tinytorch.evidence.progress import Progress
from pytest_tinytorch.terminal import report
from pytest_tinytorch.terminal.layout import fold, indented
from pytest_tinytorch.tito.session import Session, complete, open_session, print_json

BAR = 20
VERBS = ("choose", "borrow", "leave")


@click.command()
@click.argument(
    "words",
    metavar="[NAME | choose NAME | borrow MODULES | leave]",
    nargs=-1,
    shell_complete=complete("path"),
)
@click.option("--json", "as_json", is_flag=True, help="print JSON, for programs")
def path(words: tuple[str, ...], as_json: bool) -> None:
    """See the learning paths, choose or leave one, borrow modules.

    With a name: what that path contains and borrows, unit by unit. `choose` and `borrow` write your choice
    into pytest's settings, so that pytest, tito and the milestone scripts follow it; `leave` ends both.
    For a borrowed module they run the course's worked solution; your own file stays as it is.

    Examples: tito path vision, tito path choose vision, tito path borrow 01-08, tito path leave
    """
    session = open_session()
    if words and words[0] in VERBS:
        from pytest_tinytorch.tito import choosing  # what shows a path chooses none
    match words:
        case ("choose", name):
            choosing.choose(session, select(session, name))
        case ("borrow", *modules) if modules:
            choosing.borrow(session, ",".join(modules))
        case ("leave",):
            choosing.leave(session)
        case ("choose",):
            raise click.UsageError(f"choose which path? {', '.join(names(session))}")
        case ("borrow",):
            raise click.UsageError("borrow which modules? For example: tito path borrow 01-08")
        case () | (_,):
            show(session, words[0] if words else None, as_json)
        case ("leave" | "choose", *_):
            raise click.UsageError(f"one path at a time: tito path choose {words[1]}")
        case _:
            from pytest_tinytorch.course.nearest import nearest

            near = nearest(words[0], VERBS)
            right = " ".join(["tito path", *near, *words[1:]]) if near else "tito path --help"
            raise click.UsageError(f"unknown {words[0]!r}: did you mean `{right}`?")


def names(session: Session) -> list[str]:
    return [one.name for one in session.workspace.curriculum.learning_paths]


def select(session: Session, name: str) -> LearningPath:
    """The path of that name; a usage error names the nearest."""
    try:
        return selection.select_learning_path(session.workspace.curriculum, name)
    except selection.UnknownName as error:
        raise click.UsageError(str(error)) from None


def show(session: Session, name: str | None, as_json: bool) -> None:
    """Show one path with its units, or a summary of all."""
    curriculum = session.workspace.curriculum
    chosen = [select(session, name)] if name else list(curriculum.learning_paths)
    if as_json:
        print_json([path_table(session, one) for one in chosen])
        return
    parts: list[RenderableType] = []
    for one in chosen:
        parts += [summary(session, one), *(itemized(session, one) if name else [])]
    following = name or "NAME"
    lent = session.progress.learning_path_line()
    parts += [indented(Text(f"Now: {lent}"), 0, session.width, hang=2)] if lent else []
    if not (name and is_followed(session, chosen[0])):
        parts.append(Text(f"Follow it: tito path choose {following}"))
    once = Text(f" pytest -p tinytorch --path {following}")
    parts.append(fold(Text("For one run:"), once, session.width, indent=2))
    parts += [Text("Leave it: tito path leave")] if lent else []
    session.show(Group(*parts))


def progress_on(session: Session, one: LearningPath) -> Progress:
    """The learner's progress on a path, whichever they follow now."""
    return session.workspace.on_path(one.name).progress()


def modules(progress: Progress) -> list[Unit]:
    """The modules to write on a path."""
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
        "summary": one.summary,
        "followed": is_followed(session, one),
        "passed": progress.count_passed(modules(progress)),
        "modules": labels(modules(progress)),
        "borrows": labels(progress.curriculum.borrowed_by(one)),
        "milestones": labels(progress.milestones),
    }


def labels(units: Iterable[Unit]) -> list[str]:
    return [unit.label for unit in units]


def summary(session: Session, one: LearningPath) -> Text:
    """Name, weeks, progress, modules, and what it borrows."""
    progress = progress_on(session, one)
    own, borrowed = modules(progress), progress.curriculum.borrowed_by(one)
    text = Text(one.name, "bold")
    text.append(one.duration and f"  {one.duration}", "not bold")
    if is_followed(session, one):
        text.append("  you follow it", "green not bold")
    if one.summary:
        text.append("\n").append_text(indented(Text(one.summary, "italic"), 2, session.width))
    text.append("\n  ").append(report.progress_bar(progress, own, session.glyphs, BAR))
    lines = [
        f"modules {unit_ranges(own)}" + (f", borrows {unit_ranges(borrowed)}" if borrowed else "")
    ]
    lines += [f"milestones {unit_ranges(progress.milestones)}"] if progress.milestones else []
    for line in lines:
        text.append("\n").append_text(indented(Text(line, "not bold"), 2, session.width))
    return text.append("\n")


def itemized(session: Session, one: LearningPath) -> list[RenderableType]:
    """Each unit of a path, with its state."""
    progress = progress_on(session, one)
    units = [*modules(progress), *progress.milestones]
    return [
        *(report.unit_line(progress, unit, session.glyphs, session.width) for unit in units),
        Text(),
    ]
