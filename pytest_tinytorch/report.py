"""Progress as Rich renderables. Nothing here prints, reads a file or knows pytest."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.box import ASCII, ROUNDED
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.rule import Rule
from rich.text import Text

from pytest_tinytorch.curriculum import Unit
from pytest_tinytorch.marks import JOIN, STYLE, UNICODE, Glyphs
from pytest_tinytorch.progress import GroupCount, Progress, Task, numbers
from pytest_tinytorch.tally import (
    BORROWED,
    BROKEN,
    LOCKED,
    NOT_RUN,
    PASSED,
    STALE,
    TODO,
)

TODO_LINES = 8
LABEL = 13


def report(progress: Progress, marks: Glyphs = UNICODE, width: int = 80) -> RenderableType:
    """The section that ends a run."""
    parts: list[RenderableType] = [
        *todo_list(progress),
        rule(marks, "tinytorch capabilities"),
    ]
    parts += [Text(f" ! {warning}", style="yellow") for warning in progress.warnings]
    parts += path_line(progress, marks, width)
    parts += tiers(progress, marks, width)
    parts += ran(progress, marks, width)
    parts += timeline(progress, marks, width)
    parts += [panel(progress, progress.curriculum.unit(i), marks) for i in panels(progress)]
    parts += next_step(progress, marks)
    parts.append(rule(marks, progress.verdict_line()))
    return Group(*parts)


def rule(marks: Glyphs, title: str) -> Rule:
    """A line across with a title in it."""
    return Rule(Text(title, style="bold"), characters=marks.line, style="dim")


def capabilities(progress: Progress, marks: Glyphs = UNICODE, width: int = 80) -> RenderableType:
    """The map, without a run: every unit with its question, or what its owner can now do."""
    parts: list[RenderableType] = path_line(progress, marks, width)
    shown = [u for u in progress.curriculum.units if not progress.asked or u.id in progress.asked]
    for unit in (u for u in shown if u not in progress.left_out):
        parts.append(line(progress, unit, marks))
        state = progress.state[unit.id]
        words = unit.capability if state == PASSED else unit.question or unit.builds
        parts.append(_indented(Text(words), 4, width))
    return Group(
        rule(marks, "tinytorch capabilities"),
        *parts,
        *left_out(progress.left_out, width),
        rule(marks, progress.verdict_line()),
    )


def line(progress: Progress, unit: Unit, marks: Glyphs) -> Text:
    """A unit with its mark, its stars, its state, and what it waits for."""
    state = progress.state[unit.id]
    text = Text(f" {marks.of(state)} {unit.label:<18}", style=STYLE[state])
    text.append("*" * unit.stars if marks.plain else "★" * unit.stars, "dim")
    text.append(f"  {state}", "dim" if state in (LOCKED, NOT_RUN) else STYLE[state])
    if state == LOCKED:
        text.append(f", needs {numbers(progress.waits_for(unit))}", "dim")
    return text


def path_line(progress: Progress, marks: Glyphs, width: int) -> list[RenderableType]:
    """The learning path that is followed, how far it is, and what it borrows; nothing without one."""
    line = progress.path_line()
    text = Text().append("Path ", "bold").append(marks.fit(line))
    return [_indented(text, 1, width)] if line else []


def left_out(units: Sequence[Unit], width: int) -> list[RenderableType]:
    """What is not on the path that is followed, on one line: there is nothing to do about it."""
    if not units:
        return []
    return [_indented(Text(f"not on this path: {numbers(units)}", style="dim"), 1, width)]


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
    return _indented(words, indent if width >= 60 else 2, width)


def _indented(text: Text, indent: int, width: int) -> Text:
    """Text wrapped to ``width`` with every line indented."""
    from rich.console import Console

    lines = text.wrap(Console(width=width), max(16, width - indent - 1))
    wrapped = Text("\n").join(Text(" " * indent).append_text(line) for line in lines)
    return Text.from_markup("").append_text(wrapped)


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
            lines.append(_indented(_groups(groups, marks), 3, width))
        if verdict.kind in (BROKEN, NOT_RUN) and verdict.headline:
            lines.append(_indented(Text(verdict.headline, style=STYLE[verdict.kind]), 3, width))
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


def timeline(progress: Progress, marks: Glyphs, width: int) -> list[RenderableType]:
    """The milestones in a row of years, or one below the other where that is too wide."""
    units = progress.milestones
    if not units:
        return left_out(other_milestones(progress), width)
    row = Text(" ")
    for unit in units:
        state = progress.state[unit.id]
        if unit is not units[0]:
            row.append(f" {marks.line * 2} ", "dim")
        row.append(f"{unit.year} {_milestone_mark(state, marks)} {unit.name}", STYLE[state])
    if row.cell_len > width or len(units) > 3:
        return [Text(""), *tree(progress, marks, width)]
    waiting = next((u for u in units if progress.state[u.id] != PASSED), None)
    lines: list[RenderableType] = [Text(""), row]
    if waiting is not None and progress.waits_for(waiting):
        lines.append(Text(f" {waiting.year} needs {numbers(progress.waits_for(waiting))}", "dim"))
    lines += left_out(other_milestones(progress), width)
    return lines


def tree(progress: Progress, marks: Glyphs, width: int) -> list[RenderableType]:
    """The milestones one below the other, each with what it waits for."""
    lines: list[RenderableType] = []
    told = False
    for unit in progress.milestones:
        state = progress.state[unit.id]
        line = Text(f" {unit.year} {_milestone_mark(state, marks)} {unit.name}", style=STYLE[state])
        waits = progress.waits_for(unit) if state == LOCKED else ()
        if waits and not told:
            told = True
            line.append(f"  needs {numbers(waits)}", "dim")
        elif state not in (LOCKED, PASSED):
            line.append(f"  {'open' if state == NOT_RUN else state}")
        line.truncate(width - 1)
        lines.append(line)
    return [*lines, *left_out(other_milestones(progress), width)]


def other_milestones(progress: Progress) -> list[Unit]:
    """The milestones that are not on the path that is followed."""
    return [unit for unit in progress.left_out if unit.is_milestone]


def history(progress: Progress, marks: Glyphs, width: int, horizontal: bool) -> RenderableType:
    """The timeline on its own: a row of years, or a tree that says what each milestone proves."""
    head, foot = rule(marks, "tinytorch timeline"), rule(marks, progress.verdict_line())
    if horizontal:
        return Group(head, *timeline(progress, marks, width), foot)
    lines = path_line(progress, marks, width)
    for unit in progress.milestones:
        state = progress.state[unit.id]
        words = f"{state}, needs {numbers(progress.waits_for(unit))}" if state == LOCKED else state
        lines.append(
            Text(
                f" {unit.year} {_milestone_mark(state, marks)} {unit.title}  ", STYLE[state]
            ).append(words, "dim")
        )
        lines.append(_indented(Text(unit.builds), 8, width))
    return Group(head, *lines, *left_out(other_milestones(progress), width), foot)


def _milestone_mark(state: str, marks: Glyphs) -> str:
    return marks.open if state in (LOCKED, NOT_RUN) else marks.of(state)


def panels(progress: Progress) -> list[str]:
    """Ids of the milestones to celebrate, at most the last one of a run."""
    milestones = {unit.id for unit in progress.curriculum.milestones}
    gained = [unit_id for unit_id in progress.gained if unit_id in milestones]
    return gained[-1:]


def panel(progress: Progress, unit: Unit, marks: Glyphs) -> RenderableType:
    """What an unlocked milestone gets: its year, the learner's numbers, the badge, what is next."""
    text = Text(unit.capability, style="bold")
    for name, value in progress.notes.get(unit.id, {}).items():
        text.append(f"\n{name}: {value}", "not bold")
    text.append(f"\nBadge: {unit.badge}", "yellow not bold")
    text.append(f"\nNext: {unit.challenge}", "not bold")
    title = f"{unit.year} {marks.dot} {unit.title}"
    return Panel(text, title=title, border_style="green", box=ASCII if marks.plain else ROUNDED)


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


def next_step(progress: Progress, marks: Glyphs) -> list[RenderableType]:
    """What to do next, with a place to click or a command to type."""
    task = progress.next_task
    lines: list[RenderableType] = [Text("")]
    if task is not None and task.place:
        name = task.exercise or task.unit.name
        text = f" Next  {task.place}  {name} {marks.dash} {waiting(task)}"
        return [*lines, Text(text, style="bold")]
    current = progress.current
    if current is None:
        return []
    option = "--milestone" if current.is_milestone else "--checkpoint"
    command = f" Next  pytest -p tinytorch {option} {current.number}"
    return [*lines, Text(f"{command}  {marks.dash} {current.title}", style="bold")]
