"""Bare `tito`: where you are, and what to do next."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.text import Text

from pytest_tinytorch.evidence.outcomes import State
from pytest_tinytorch.evidence.progress import Progress
from pytest_tinytorch.terminal import report
from pytest_tinytorch.terminal.layout import fold, indented, learning_path_line, lesson_command
from pytest_tinytorch.tito.lesson import (
    is_red,
    next_command,
    shown_path,
    where_to_begin,
)
from pytest_tinytorch.tito.session import Session
from pytest_tinytorch.tito.unwritten import file_of, untouched_exercises


def place(session: Session) -> Group:
    """Where the learner stands and what comes next, on one small screen."""
    progress, width = session.progress, session.width
    parts: list[RenderableType] = [
        *(Text(f" ! {warning}", "yellow") for warning in progress.warnings),
        *learning_path_line(progress, width),
        *report.tier_lines(progress, session.glyphs, width),
        Text(),
    ]
    current = progress.current
    if current is None:
        parts.append(Text(" You passed everything that is open.", "bold green"))
        passed = [u for u in progress.milestones if progress.state[u.id] == State.PASSED]
        parts += [Text(f" Show it  tito milestone celebrate {u.year}") for u in passed[-1:]]
        return Group(*parts)
    head = Text(f" You are at {current.label}", "bold")
    parts.append(fold(head, Text(f"  {current.question or current.builds}", "italic"), width))
    if progress.state[current.id] == State.STALE:
        text = "You passed it, but what it depends on has changed since: run its specs again."
        parts.append(indented(Text(text, "yellow"), 1, width))
    parts += steps(session, progress)
    return Group(*parts)


def steps(session: Session, progress: Progress) -> list[RenderableType]:
    """What to do next, where it is explained, and which milestone that leads to."""
    current, width = progress.current, session.width
    assert current is not None
    parts: list[RenderableType] = [indented(next_command(session, current), 1, width)]
    if current.is_milestone:
        parts.append(Text(f" Prove it tito milestone test {current.year}"))
    left = untouched_exercises(session, current) if current.source else []
    if left:
        place = f"{shown_path(session, file_of(session, current))}:{left[0].line}"
        count = f"{len(left)} of {len(current.hints)} exercises to write"
        parts.append(
            fold(Text(f" Begin    {place}"), Text(f"  {left[0].name}, {count}"), width, indent=10)
        )
    if current.source and is_red(session, current):
        parts.append(Text(f" Hint     tito module hint {current.number}"))
    parts.append(Text(f" Lesson   {lesson_command(current)}"))
    locked = next((u for u in progress.milestones if progress.lock_text(u)), None)
    if locked is not None and not current.is_milestone:
        text = Text(f" {progress.lock_text(locked)}")
        parts.append(fold(Text(f" Then     {locked.year}"), text, width, indent=10))
    return [*parts, *where_to_begin(progress, width)]
