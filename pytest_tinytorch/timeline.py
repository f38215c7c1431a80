"""The milestones on a terminal: in a row of years, below each other, and one to celebrate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.box import ASCII, ROUNDED
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.text import Text

from pytest_tinytorch.curriculum import Unit
from pytest_tinytorch.layout import fold, indented, left_out, path_line, rule
from pytest_tinytorch.marks import STYLE, Glyphs
from pytest_tinytorch.progress import Progress, numbers
from pytest_tinytorch.tally import LOCKED, NOT_RUN, PASSED


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
        row.append(f"{unit.year} {mark(state, marks)} {unit.name}", STYLE[state])
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
    words = told(progress)
    for unit in progress.milestones:
        state = progress.state[unit.id]
        text = Text(f" {unit.year} {mark(state, marks)} {unit.name}", style=STYLE[state])
        text.append(words[unit.id] and f"  {words[unit.id]}", "dim" if state == LOCKED else "")
        text.truncate(width - 1)
        lines.append(text)
    return [*lines, *left_out(other_milestones(progress), width)]


def along(progress: Progress, marks: Glyphs, width: int) -> list[RenderableType]:
    """The milestones from left to right on a line, on as many lines as they need."""
    units, words = progress.milestones, told(progress)
    cell = 2 + max((len(unit.name) for unit in units), default=0)
    count = max(1, (width - 1) // cell)
    lines: list[RenderableType] = []
    for start in range(0, len(units), count):
        row = units[start : start + count]
        lines += [Text(""), line_of(progress, row, marks, cell, more=start + count < len(units))]
        years = Text(" ").append("".join(str(unit.year).ljust(cell) for unit in row))
        names = Text(" ").append("".join(unit.name.ljust(cell) for unit in row), "bold")
        brief = {u: "" if word.startswith("needs") else word for u, word in words.items()}
        below = Text(" " + "".join(brief[unit.id].ljust(cell) for unit in row), "dim")
        for text in (years, names, *([below] if below.plain.strip() else [])):
            text.rstrip()
            text.truncate(width)
            lines.append(text)
    waits = [
        indented(Text(f"{unit.year} {words[unit.id]}", "dim"), 1, width)
        for unit in units
        if words[unit.id].startswith("needs")
    ]
    return [*lines, *waits, *left_out(other_milestones(progress), width)]


def line_of(progress: Progress, row: Sequence[Unit], marks: Glyphs, cell: int, more: bool) -> Text:
    """A line with a mark for each milestone of a row; it is open at the end if there are more."""
    text = Text(" ")
    for unit in row:
        state = progress.state[unit.id]
        text.append(mark(state, marks), STYLE[state])
        length = cell - 1 if unit is not row[-1] else 2 * more
        text.append(marks.line * length, "green" if state == PASSED else "dim")
    return text


def told(progress: Progress) -> dict[str, str]:
    """A word on each milestone that is not passed: of those that are locked, on the first."""
    words: dict[str, str] = {}
    for unit in progress.milestones:
        state, waits = progress.state[unit.id], progress.waits_for(unit)
        if state == LOCKED:
            first = not any(word.startswith("needs") for word in words.values())
            words[unit.id] = f"needs {numbers(waits)}" if waits and first else ""
        else:
            words[unit.id] = "" if state == PASSED else word_for(state)
    return words


def word_for(state: str) -> str:
    """A state in a word: a milestone that has not run, and is not locked, is open."""
    return "open" if state == NOT_RUN else state


def other_milestones(progress: Progress) -> list[Unit]:
    """The milestones that are not on the path that is followed."""
    return [unit for unit in progress.left_out if unit.is_milestone]


def history(progress: Progress, marks: Glyphs, width: int, horizontal: bool) -> RenderableType:
    """The timeline on its own: along a line, or a tree that says what each milestone proves."""
    head, foot = rule(marks, "tinytorch timeline"), rule(marks, progress.verdict_line())
    lines = path_line(progress, marks, width)
    if horizontal:
        return Group(head, *lines, *along(progress, marks, width), foot)
    for unit in progress.milestones:
        state = progress.state[unit.id]
        words = word_for(state)
        if state == LOCKED:
            words += f", needs {numbers(progress.waits_for(unit))}"
        name = Text(f" {unit.year} {mark(state, marks)} {unit.title}", STYLE[state])
        lines.append(fold(name, Text(f"  {words}", "dim"), width, indent=8))
        lines.append(indented(Text(unit.builds), 8, width))
    return Group(head, *lines, *left_out(other_milestones(progress), width), foot)


def mark(state: str, marks: Glyphs) -> str:
    """The mark of a milestone: one that is still to come is open, not locked away."""
    return marks.open if state in (LOCKED, NOT_RUN) else marks.of(state)


def panels(progress: Progress) -> list[str]:
    """Ids of the milestones to celebrate, at most the last one of a run."""
    milestones = {unit.id for unit in progress.curriculum.milestones}
    gained = [unit_id for unit_id in progress.gained if unit_id in milestones]
    return gained[-1:]


def panel(progress: Progress, unit: Unit, marks: Glyphs) -> RenderableType:
    """What an unlocked milestone gets: its year, the learner's numbers, the badge, what is next."""
    text = Text(unit.capability, style="bold")
    for name, value in shown_numbers(progress, unit).items():
        text.append(f"\n{name}: {value}", "not bold")
    text.append(f"\nBadge: {unit.badge}", "yellow not bold")
    text.append(f"\nNext: {unit.challenge}", "not bold")
    return panelled(text, f"{unit.year} {marks.dot} {unit.title}", marks)


def panelled(text: Text, title: str, marks: Glyphs) -> Panel:
    """A frame around what is to be celebrated."""
    return Panel(text, title=title, border_style="green", box=ASCII if marks.plain else ROUNDED)


def shown_numbers(progress: Progress, unit: Unit) -> Mapping[str, Any]:
    """The numbers that a milestone showed: in this run, or else when it was last passed."""
    if unit.id in progress.notes:
        return progress.notes[unit.id]
    return progress.proofs[unit.id].notes if unit.id in progress.proofs else {}
