"""Bare `tito`: where you are, and what to do next."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.text import Text

from pytest_tinytorch.course.commands import TITO, lesson_command
from pytest_tinytorch.course.curriculum import Unit
from pytest_tinytorch.evidence.outcomes import State
from pytest_tinytorch.evidence.progress import Progress
from pytest_tinytorch.settings import LAST_RUN
from pytest_tinytorch.terminal import report
from pytest_tinytorch.terminal.layout import fold, indented, learning_path_line
from pytest_tinytorch.tito.lesson import (
    next_command,
    shown_path,
    where_to_begin,
)
from pytest_tinytorch.tito.session import Session
from pytest_tinytorch.tito.unwritten import RED, blamed_exercise, exercises_of, file_of, unparsed


def place(session: Session) -> Group:
    """Where the learner stands and what comes next, on one small screen."""
    progress, width = session.progress, session.width
    parts: list[RenderableType] = [
        *(Text(f" ! {warning}", "yellow") for warning in progress.warnings),
        *learning_path_line(progress, width),
        *from_the_last_run(session),
        *report.tier_lines(progress, session.glyphs, width),
        Text(),
    ]
    current = progress.current
    if current is None:
        parts.append(Text(" You passed everything that is open.", "bold green"))
        passed = [u for u in progress.milestones if progress.state[u.id] == State.PASSED]
        own = [unit for unit in passed if not progress.has_only_borrowed(unit)]
        parts += [Text(f" Show it  tito milestone celebrate {u.year}") for u in own[-1:]]
        return Group(*parts)
    head = Text(f" You are at {current.label}", "bold")
    parts.append(fold(head, Text(f"  {current.question or current.builds}", "italic"), width))
    if progress.state[current.id] == State.STALE:
        text = "You passed it, but what it depends on has changed since: run its specs again."
        parts.append(indented(Text(text, "yellow"), 1, width))
    parts += steps(session, progress)
    return Group(*parts)


def from_the_last_run(session: Session) -> list[RenderableType]:
    """What ends a path or borrowing that only the last run was told; nothing if settings say it."""
    options = session.workspace.options
    named = [
        name
        for name, source in (
            ("--path", options.learning_path_from),
            ("--borrow", options.borrow_from),
        )
        if source == LAST_RUN
    ]
    text = f"As in your last run; the next pytest without {' and '.join(named)} ends that."
    return [indented(Text(text, "dim"), 6, session.width)] if named else []


def steps(session: Session, progress: Progress) -> list[RenderableType]:
    """What to do next, where it is explained, and which milestone that leads to."""
    current, width = progress.current, session.width
    assert current is not None
    parts: list[RenderableType] = [indented(next_command(session, current), 1, width)]
    if current.is_milestone and progress.state[current.id] != State.STALE:
        parts.append(Text(f" Prove it {TITO.test(current)}"))
    blamed = blamed_exercise(session, current)
    parts += place_to_edit(session, current, blamed)
    if current.source and progress.state[current.id] in RED:
        parts.append(Text(f" Hint     {TITO.hint(current, blamed)}"))
    parts.append(Text(f" Lesson   {lesson_command(current, blamed)}"))
    locked = next((u for u in progress.milestones if progress.lock_text(u)), None)
    if locked is not None and not current.is_milestone:
        head = Text(f" Then     milestone {locked.year},")
        text = Text(f" {locked.title}, {progress.lock_text(locked)}")
        parts.append(fold(head, text, width, indent=10))
    return [*parts, *where_to_begin(progress, width)]


def place_to_edit(session: Session, unit: Unit, blamed: str) -> list[RenderableType]:
    """What to fix, a file that does not parse first, or else what to write, with a place to click."""
    exercises = exercises_of(session, unit) if unit.source else []
    left = [exercise for exercise in exercises if exercise.untouched]
    count = f", {len(left)} of {len(unit.hints)} exercises to write" if left else ""
    label, shown = "Begin" if len(left) == len(unit.hints) else "Write", left[:1]
    if blamed:
        label, shown = "Fix", [exercise for exercise in exercises if exercise.name == blamed]
    file = shown_path(session, file_of(session, unit))
    is_broken = session.progress.state[unit.id] == State.BROKEN
    if is_broken and unit.source and (found := unparsed(session, unit)) is not None:
        head, tail = Text(f" Fix      {file}:{found[0]}"), Text(f"  {found[1]}")
        return [fold(head, tail, session.width, indent=10)]
    return [
        fold(
            Text(f" {label:<8} {file}:{one.line}"),
            Text(f"  {one.name}{'' if blamed else count}"),
            session.width,
            indent=10,
        )
        for one in shown
    ]
