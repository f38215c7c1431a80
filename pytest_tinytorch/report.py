"""Progress as Rich renderables. Nothing here prints, reads a file or knows pytest."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rich.box import ASCII, ROUNDED
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.rule import Rule
from rich.text import Text

from pytest_tinytorch.curriculum import Unit
from pytest_tinytorch.progress import GroupCount, Progress, Task, numbers
from pytest_tinytorch.tally import (
    BORROWED,
    BROKEN,
    LOCKED,
    NOT_RUN,
    PASSED,
    STALE,
    TODO,
    WRONG,
)

TODO_LINES = 8
LABEL = 13
JOIN = "\ue000"
"""Stands for a space at which no line is broken; `screen.render` makes it one. (Rich breaks at U+00A0.)"""

STYLE = {
    PASSED: "green",
    WRONG: "red",
    BROKEN: "red",
    TODO: "yellow",
    STALE: "yellow",
    BORROWED: "cyan",
    LOCKED: "dim",
    NOT_RUN: "",
}


@dataclass(frozen=True)
class Glyphs:
    """The characters of a report; a terminal without Unicode gets the second set."""

    passed: str = "✓"
    wrong: str = "✗"
    todo: str = "•"
    stale: str = "~"
    borrowed: str = "="
    locked: str = "·"
    open: str = "○"
    full: str = "█"
    empty: str = "░"
    line: str = "─"
    dash: str = "—"
    dot: str = "·"
    plain: bool = False

    def of(self, state: str) -> str:
        """The mark for a state."""
        marks = {PASSED: self.passed, WRONG: self.wrong, BROKEN: self.wrong, TODO: self.todo}
        marks |= {STALE: self.stale, BORROWED: self.borrowed, LOCKED: self.locked}
        return marks.get(state, self.open)

    def fit(self, text: str) -> str:
        """Any text in the characters of this set, as long as it was."""
        if not self.plain:
            return text
        return text.translate(SIMPLE).encode("ascii", "replace").decode("ascii")


SIMPLE = str.maketrans("—–·…’✗×", "---.'xx")

UNICODE = Glyphs()
PLAIN = Glyphs("+", "x", "*", "~", "=", "-", "o", "#", ".", "-", "-", "-", plain=True)


def glyphs(encoding: str | None) -> Glyphs:
    """The richest set that an output encoding can carry."""
    try:
        "✓✗•○█░─—·".encode(encoding or "ascii")
    except (LookupError, UnicodeEncodeError):
        return PLAIN
    return UNICODE


def report(progress: Progress, marks: Glyphs = UNICODE, width: int = 80) -> RenderableType:
    """The section that ends a run."""
    parts: list[RenderableType] = [
        *todo_list(progress),
        rule(marks, "tinytorch capabilities"),
    ]
    parts += [Text(f" ! {warning}", style="yellow") for warning in progress.warnings]
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
    parts: list[RenderableType] = []
    shown = [u for u in progress.curriculum.units if not progress.asked or u.id in progress.asked]
    for unit in shown:
        state = progress.state[unit.id]
        head = Text(f" {marks.of(state)} {unit.label:<18}", style=STYLE[state])
        head.append("*" * unit.stars if marks.plain else "★" * unit.stars, "dim")
        head.append(f"  {state}", "dim" if state in (LOCKED, NOT_RUN) else STYLE[state])
        if state == LOCKED:
            head.append(f", needs {numbers(progress.waits_for(unit))}", "dim")
        parts.append(head)
        words = unit.capability if state == PASSED else unit.question or unit.builds
        parts.append(_indented(Text(words), 4, width))
    return Group(
        rule(marks, "tinytorch capabilities"), *parts, rule(marks, progress.verdict_line())
    )


def tiers(progress: Progress, marks: Glyphs, width: int) -> list[RenderableType]:
    """A bar for each tier, and below it the mark of each of its checkpoints."""
    by_number = {unit.number: unit for unit in progress.curriculum.checkpoints}
    bar = max(8, min(31, width - LABEL - 18))
    lines: list[RenderableType] = []
    grouped: set[str] = set()
    for tier in progress.curriculum.tiers:
        units = [by_number[n] for n in tier.numbers]
        grouped.update(tier.numbers)
        passed = progress.count(units)
        filled = bar * passed // len(units)
        line = Text(f" {tier.name:<{LABEL}} ")
        line.append(marks.full * filled, "green").append(marks.empty * (bar - filled), "dim")
        line.append(f"  {passed} of {len(units)}")
        lines += [line, _marked(progress, units, marks, width)]
    rest = [unit for unit in by_number.values() if unit.number not in grouped]
    return [*([_marked(progress, rest, marks, width, indent=1)] if rest else []), *lines]


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
    units = progress.curriculum.milestones
    if not units:
        return []
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
    return lines


def tree(progress: Progress, marks: Glyphs, width: int) -> list[RenderableType]:
    """The milestones one below the other, each with what it waits for."""
    lines: list[RenderableType] = []
    told = False
    for unit in progress.curriculum.milestones:
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
    return lines


def history(progress: Progress, marks: Glyphs, width: int, horizontal: bool) -> RenderableType:
    """The timeline on its own: a row of years, or a tree that says what each milestone proves."""
    head, foot = rule(marks, "tinytorch timeline"), rule(marks, progress.verdict_line())
    if horizontal:
        return Group(head, *timeline(progress, marks, width), foot)
    lines: list[RenderableType] = []
    for unit in progress.curriculum.milestones:
        state = progress.state[unit.id]
        words = f"{state}, needs {numbers(progress.waits_for(unit))}" if state == LOCKED else state
        lines.append(
            Text(
                f" {unit.year} {_milestone_mark(state, marks)} {unit.title}  ", STYLE[state]
            ).append(words, "dim")
        )
        lines.append(_indented(Text(unit.builds), 8, width))
    return Group(head, *lines, foot)


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
    return [*lines, Text(f" Next  {current.command}  {marks.dash} {current.title}", style="bold")]
