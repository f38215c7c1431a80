"""Progress as Rich renderables. Nothing here prints, reads a file or knows pytest."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.console import Group, RenderableType
from rich.text import Text

from pytest_tinytorch.course.curriculum import Unit
from pytest_tinytorch.evidence.progress import GroupCount, Progress, Task, numbers
from pytest_tinytorch.evidence.tally import (
    BORROWED,
    BROKEN,
    LOCKED,
    NOT_RUN,
    PASSED,
    STALE,
    TODO,
)
from pytest_tinytorch.terminal.layout import fold, indented, left_out, path_line, rule
from pytest_tinytorch.terminal.marks import JOIN, STYLE, UNICODE, Glyphs
from pytest_tinytorch.terminal.timeline import panel, panels, timeline

TODO_LINES = 8
LABEL = 13


def report(progress: Progress, marks: Glyphs = UNICODE, width: int = 80) -> RenderableType:
    """The section that ends a run."""
    parts: list[RenderableType] = [
        *todo_list(progress),
        rule(marks, "tinytorch capabilities"),
    ]
    parts += [Text(f" ! {warning}", style="yellow") for warning in progress.warnings]
    parts += path_line(progress, width)
    parts += tiers(progress, marks, width)
    parts += ran(progress, marks, width)
    parts += timeline(progress, marks, width)
    parts += [panel(progress, progress.curriculum.unit(i), marks) for i in panels(progress)]
    parts += next_step(progress, marks, width)
    parts.append(rule(marks, progress.verdict_line()))
    return Group(*parts)


def capabilities(progress: Progress, marks: Glyphs = UNICODE, width: int = 80) -> RenderableType:
    """The map, without a run: every unit with its question, or what its owner can now do."""
    parts: list[RenderableType] = path_line(progress, width)
    shown = [u for u in progress.curriculum.units if not progress.asked or u.id in progress.asked]
    for unit in (u for u in shown if u not in progress.left_out):
        parts.append(line(progress, unit, marks, width))
        state = progress.state[unit.id]
        words = unit.capability if state == PASSED else unit.question or unit.builds
        parts.append(indented(Text(words), 4, width))
    return Group(
        rule(marks, "tinytorch capabilities"),
        *parts,
        *left_out(progress.left_out, width),
        rule(marks, progress.verdict_line()),
    )


def line(progress: Progress, unit: Unit, marks: Glyphs, width: int) -> Text:
    """A unit with its mark, its stars, its state, and what it waits for."""
    state = progress.state[unit.id]
    style = "dim" if state in (LOCKED, NOT_RUN) else STYLE[state]
    head = Text(f" {marks.of(state)} {unit.label:<18}", style=STYLE[state])
    head.append("*" * unit.stars if marks.plain else "★" * unit.stars, "dim")
    words = f"  {state}"
    if state == LOCKED:
        words += f", needs {numbers(progress.waits_for(unit))}"
    return fold(head, Text(words, style), width)


def tiers(progress: Progress, marks: Glyphs, width: int) -> list[RenderableType]:
    """A bar for each tier, and below it the mark of each of its checkpoints."""
    by_number = {unit.number: unit for unit in progress.curriculum.checkpoints}
    bar = max(8, min(31, width - LABEL - 18))
    lines: list[RenderableType] = []
    grouped: set[str] = set()
    for tier in progress.curriculum.tiers:
        grouped.update(tier.numbers)
        units = [by_number[n] for n in tier.numbers if by_number[n] not in progress.left_out]
        own = [unit for unit in units if progress.belongs(unit)]
        head = Text(f" {tier.name:<{LABEL}} ")
        head.append(progress_bar(progress, own, marks, bar) if own else "borrowed")
        lines += [head, _marked(progress, units, marks, width)] if units else []
    rest = [unit for unit in by_number.values() if unit.number not in grouped]
    return [*([_marked(progress, rest, marks, width, indent=1)] if rest else []), *lines]


def progress_bar(progress: Progress, units: Sequence[Unit], marks: Glyphs, length: int) -> Text:
    """How many of some units are passed, as a bar and in numbers."""
    passed = progress.count(units)
    filled = length * passed // len(units)
    bar = Text().append(marks.full * filled, "green").append(marks.empty * (length - filled), "dim")
    return bar.append(f"  {passed} of {len(units)}")


def _marked(
    progress: Progress, units: Sequence[Unit], marks: Glyphs, width: int, indent: int = LABEL + 2
) -> Text:
    """Units on as few lines as they need, each with its mark."""
    words = Text()
    for unit in units:
        state = progress.state[unit.id]
        if words:
            words.append("  ")
        words.append(f"{marks.of(state)}{JOIN}{unit.number}{JOIN}{unit.name}", STYLE[state])
    return indented(words, indent if width >= 60 else min(indent, 2), width)


def ran(progress: Progress, marks: Glyphs, width: int) -> list[RenderableType]:
    """One line for each unit that ran and is not plainly passed, with its sub-capabilities."""
    lines: list[RenderableType] = []
    for unit in progress.curriculum.units:
        verdict = progress.verdicts.get(unit.id)
        state = progress.state[unit.id]
        if verdict is None or state in (PASSED, LOCKED, STALE, BORROWED):
            continue
        passed = verdict.counts.get(PASSED, 0)
        line = Text(f" {unit.label} ", style="bold").append(unit.question, "italic")
        line.append(f"  {passed} of {verdict.total} specs", STYLE[state])
        lines += [Text(""), line]
        groups = progress.groups.get(unit.id, ())
        if groups:
            lines.append(indented(_groups(groups, marks), 3, width))
        if verdict.kind in (BROKEN, NOT_RUN) and verdict.headline:
            lines.append(indented(Text(verdict.headline, style=STYLE[verdict.kind]), 3, width))
    return lines


def _groups(groups: Iterable[GroupCount], marks: Glyphs) -> Text:
    words = Text()
    for group in groups:
        full = group.passed == group.total
        if words:
            words.append("   ")
        name = group.name.replace(" ", JOIN)
        mark = marks.passed if full else marks.open
        words.append(
            f"{mark}{JOIN}{name}{JOIN}{group.passed}/{group.total}", "green" if full else ""
        )
    return words


def todo_list(progress: Progress) -> list[RenderableType]:
    """Untouched stubs of the earliest unit that has any: one line each, not a traceback."""
    todos = [task for task in progress.tasks if task.kind == TODO]
    if not todos:
        return []
    unit = todos[0].unit
    own = [task for task in todos if task.unit.id == unit.id]
    lines: list[RenderableType] = [
        Text(f"To do in {unit.label} (next: {own[0].exercise})", style="bold yellow")
    ]
    left = max(len(task.place) for task in own[:TODO_LINES])
    middle = max(len(task.exercise) for task in own[:TODO_LINES])
    for task in own[:TODO_LINES]:
        lines.append(
            Text(
                f"  {task.place:<{left}}  {task.exercise:<{middle}}  {waiting(task)}", no_wrap=True
            )
        )
    if len(own) > TODO_LINES:
        lines.append(Text(f"  and {len(own) - TODO_LINES} more", style="dim"))
    return lines


def waiting(task: Task) -> str:
    """How many specs wait for a task."""
    return "1 spec waits" if task.waiting == 1 else f"{task.waiting} specs wait"


def next_step(progress: Progress, marks: Glyphs, width: int = 80) -> list[RenderableType]:
    """What to do next, with a place to click or a command to type."""
    task = progress.next_task
    if task is not None and task.place:
        name = task.exercise or task.unit.name
        text = f"  {task.place}  {name} {marks.dash} {waiting(task)}"
    elif (current := progress.current) is not None:
        text = f"  {current.command}  {marks.dash} {current.title}"
    else:
        return []
    # Two spaces before a place are an entry of the to-do list, to people and to editors.
    return [Text(""), fold(Text(" Next", "bold"), Text(text, "bold"), width, indent=3)]
