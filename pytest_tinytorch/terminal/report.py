"""Progress as Rich renderables. Nothing here prints, reads a file or knows pytest."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.console import Group, RenderableType
from rich.text import Text

from pytest_tinytorch.course.commands import PYTEST, Commands, lesson_command
from pytest_tinytorch.course.curriculum import Unit
from pytest_tinytorch.course.selection import unit_ranges
from pytest_tinytorch.evidence.outcomes import State, Verdict
from pytest_tinytorch.evidence.progress import GroupCount, Progress, Task, percent_text
from pytest_tinytorch.terminal.glyphs import JOIN, STYLE, UNICODE, Glyphs
from pytest_tinytorch.terminal.layout import (
    fold,
    indented,
    last_line,
    learning_path_line,
    left_out_line,
    titled_rule,
)

TODO_LINES = 8
LABEL = 13


def capability_report(
    progress: Progress, glyphs: Glyphs = UNICODE, width: int = 80, commands: Commands = PYTEST
) -> RenderableType:
    """The section that ends a run."""
    from pytest_tinytorch.terminal.milestones import (  # panels, which the map does without
        celebration_panel,
        milestone_row,
        milestones_to_celebrate,
    )

    parts: list[RenderableType] = [
        *todo_list(progress, width),
        titled_rule(glyphs, "tinytorch capabilities"),
    ]
    parts += [Text(f" ! {warning}", style="yellow") for warning in progress.warnings]
    parts += learning_path_line(progress, width)
    parts += tier_lines(progress, glyphs, width)
    parts += units_that_ran(progress, glyphs, width)
    parts += milestone_row(progress, glyphs, width)
    parts += [
        celebration_panel(progress, progress.curriculum.unit(i), glyphs, commands)
        for i in milestones_to_celebrate(progress)
    ]
    parts += opened_line(progress, width)
    parts += next_step(progress, glyphs, width, commands)
    parts += last_line(progress, glyphs, width)
    return Group(*parts)


def capability_map(progress: Progress, glyphs: Glyphs = UNICODE, width: int = 80) -> RenderableType:
    """The map, without a run: every unit with its question, or what its owner can now do."""
    parts: list[RenderableType] = learning_path_line(progress, width)
    shown = [
        u for u in progress.curriculum.units if not progress.selected or u.id in progress.selected
    ]
    for unit in (u for u in shown if u not in progress.left_out):
        parts.append(unit_line(progress, unit, glyphs, width))
        state = progress.state[unit.id]
        text = unit.capability if state == State.PASSED else unit.question or unit.builds
        parts.append(indented(Text(text), 4, width))
    return Group(
        titled_rule(glyphs, "tinytorch capabilities"),
        *parts,
        *left_out_line(progress.left_out, width),
        *last_line(progress, glyphs, width),
    )


def unit_line(progress: Progress, unit: Unit, glyphs: Glyphs, width: int) -> Text:
    """A unit with its mark, its stars, its state, and what it waits for."""
    state = progress.state[unit.id]
    style = "dim" if state in (State.LOCKED, State.NOT_RUN) else STYLE[state]
    head = Text(f" {glyphs.of(state)} {unit.label:<18}", style=STYLE[state])
    head.append("*" * unit.stars if glyphs.plain else "★" * unit.stars, "dim")
    text = f"  {state.words}"
    if state == State.LOCKED:
        text += f", opens after {unit_ranges(progress.opens_after(unit))}"
    return fold(head, Text(text, style), width)


def tier_lines(progress: Progress, glyphs: Glyphs, width: int) -> list[RenderableType]:
    """A bar for each tier, and below it the mark of each of its checkpoints."""
    by_number = {unit.number: unit for unit in progress.curriculum.checkpoints}
    bar = max(8, min(31, width - LABEL - 18))
    lines: list[RenderableType] = []
    grouped: set[str] = set()
    for tier in progress.curriculum.tiers:
        grouped.update(tier.numbers)
        units = [by_number[n] for n in tier.numbers if by_number[n] not in progress.left_out]
        own = [unit for unit in units if progress.is_on_path(unit)]
        head = Text(f" {tier.name:<{LABEL}} ")
        head.append(progress_bar(progress, own, glyphs, bar) if own else "borrowed")
        lines += [head, _marked(progress, units, glyphs, width)] if units else []
    rest = [unit for unit in by_number.values() if unit.number not in grouped]
    return [*([_marked(progress, rest, glyphs, width, indent=1)] if rest else []), *lines]


def progress_bar(progress: Progress, units: Sequence[Unit], glyphs: Glyphs, length: int) -> Text:
    """How many of some units are passed, as a bar and in numbers."""
    passed = progress.count_passed(units)
    filled = length * passed // len(units)
    bar = (
        Text().append(glyphs.full * filled, "green").append(glyphs.empty * (length - filled), "dim")
    )
    return bar.append(f"  {passed} of {len(units)}")


def _marked(
    progress: Progress, units: Sequence[Unit], glyphs: Glyphs, width: int, indent: int = LABEL + 2
) -> Text:
    """Units on as few lines as they need, each with its mark."""
    text = Text()
    for unit in units:
        state = progress.state[unit.id]
        if text:
            text.append("  ")
        name = f"{glyphs.of(state)}{JOIN}{unit.number}{JOIN}{unit.name}"
        text.append(name + part_text(progress, unit), STYLE[state])
    return indented(text, indent if width >= 60 else min(indent, 2), width)


def part_text(progress: Progress, unit: Unit) -> str:
    """How much of a unit's specs pass, after its name, if that is a part of them."""
    share = progress.share(unit)
    return f"{JOIN}{percent_text(share)}" if share and share < 1 else ""


def units_that_ran(progress: Progress, glyphs: Glyphs, width: int) -> list[RenderableType]:
    """One line for each unit that ran and is not plainly passed, with its sub-capabilities."""
    lines: list[RenderableType] = []
    for unit in progress.curriculum.units:
        verdict = progress.verdicts.get(unit.id)
        state = progress.state[unit.id]
        if verdict is None or state in (State.LOCKED, State.STALE, State.BORROWED):
            continue
        if state == State.PASSED and not verdict.counts.get(State.NOT_RUN):
            continue
        line = Text(f"{unit.label} ", style="bold").append(unit.question, "italic")
        line.append(f"  {passed_text(verdict)}", STYLE[state])
        lines += [Text(""), indented(line, 1, width)]
        groups = progress.groups.get(unit.id, ())
        if groups:
            lines += _groups(groups, glyphs, width)
        if verdict.state in (State.BROKEN, State.NOT_RUN) and verdict.headline:
            lines.append(indented(Text(verdict.headline, style=STYLE[verdict.state]), 3, width))
    return lines


def passed_text(verdict: Verdict) -> str:
    """How many specs of a unit passed, out of how many; of those that ran, if others were not to run."""
    passed, ran = verdict.counts.get(State.PASSED, 0), sum(verdict.counts.values())
    if not verdict.missing:
        return f"{passed} of {ran} specs"
    return f"{passed} of {ran} spec{'s' * (ran != 1)} that ran"


def _groups(groups: Iterable[GroupCount], glyphs: Glyphs, width: int) -> list[Text]:
    """Sub-capabilities with their counts, none of them broken; if one is too long, each on its own lines."""
    parts = []
    for group in groups:
        full = group.passed == group.total
        mark = glyphs.passed if full else glyphs.open
        name = f"{mark} {group.name} {group.passed}/{group.total}"
        parts.append(Text(name, "green" if full else ""))
    if any(part.cell_len > width - 4 for part in parts):
        return [indented(part, 3, width, hang=2) for part in parts]
    whole = [Text(part.plain.replace(" ", JOIN), part.style) for part in parts]
    return [indented(Text("   ").join(whole), 3, width)]


def todo_list(progress: Progress, width: int) -> list[RenderableType]:
    """Untouched stubs of the earliest unit that has any: one line each, not a traceback."""
    todos = [task for task in progress.tasks if task.state == State.TODO]
    if not todos:
        return []
    unit = todos[0].unit
    own = [task for task in todos if task.unit.id == unit.id]
    head = Text(f"To do in {unit.label} (next: {own[0].exercise})", style="bold yellow")
    lines: list[RenderableType] = [head]
    shown = own[:TODO_LINES]
    left = max(len(task.location) for task in shown)
    middle = max(len(task.exercise) for task in shown)
    waiting = [waiting_text(task) for task in shown]
    fits = left + middle + max(map(len, waiting)) + 6 <= width
    for task, text in zip(shown, waiting, strict=True):
        if fits:
            row = f"  {task.location:<{left}}  {task.exercise:<{middle}}  {text}"
            lines.append(Text(row, no_wrap=True))
        else:
            lines.append(Text(f"  {task.location}"))
            lines.append(indented(Text(f"{task.exercise}, {text}"), 4, width))
    more = more_text(len(own) - len(shown), progress.untouched.get(unit.id, 0) - len(own))
    lines += [indented(Text(more, style="dim"), 2, width)] if more else []
    return lines


def more_text(left_out: int, unreached: int) -> str:
    """What is said of exercises to do that are not listed; empty if there are none.

    Args:
        left_out: how many specs have reached.
        unreached: how many they have not: another exercise comes before them.

    >>> more_text(4, 0), more_text(2, 4)
    ('and 4 more', 'and 6 more, 4 of which no spec has reached yet')
    """
    unreached = max(unreached, 0)
    if not left_out + unreached:
        return ""
    told = {0: "", left_out + unreached: " that no spec has reached yet"}
    some = f", {unreached} of which no spec has reached yet"
    return f"and {left_out + unreached} more{told.get(unreached, some)}"


def waiting_text(task: Task) -> str:
    """How many specs wait for a task."""
    return "1 spec waits" if task.waiting_specs == 1 else f"{task.waiting_specs} specs wait"


def matter_text(task: Task) -> str:
    """What is the matter with a task, and how many specs wait for it."""
    word = "still to do" if task.state == State.TODO else task.state.words
    return f"{word}, {waiting_text(task)}"


def opened_line(progress: Progress, width: int) -> list[RenderableType]:
    """What this run has opened, on a line; nothing if it opened nothing."""
    names = ", ".join(unit.label for unit in progress.opened)
    return [Text(""), indented(Text(f"Opened  {names}", "green"), 1, width)] if names else []


def next_step(
    progress: Progress, glyphs: Glyphs, width: int = 80, commands: Commands = PYTEST
) -> list[RenderableType]:
    """What to do next, with a place to click or a command to type."""
    task = progress.next_task
    if task is not None and task.location:
        lesson = lesson_command(task.unit, task.exercise)
        name = task.exercise or task.unit.name
        text = f"  {task.location}  {name} {glyphs.dash} {matter_text(task)}"
    elif (current := progress.current) is not None:
        lesson = lesson_command(current)
        again = progress.state[current.id] in (State.STALE, State.WRONG, State.BROKEN)
        command = commands.test(current) if again else commands.start(current)
        text = f"  {command}  {glyphs.dash} {current.title}"
    else:
        return []
    # Two spaces before a place are an entry of the to-do list, to people and to editors.
    return [
        Text(""),
        fold(Text(" Next", "bold"), Text(text, "bold"), width, indent=3),
        Text(f" Lesson  {lesson}"),
    ]
