"""The milestones in a terminal: in a row of years, as a list, and one to celebrate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Group, RenderableType
from rich.text import Text

from pytest_tinytorch.course.commands import PYTEST, Commands
from pytest_tinytorch.course.curriculum import Unit, UnitId
from pytest_tinytorch.course.options import NO_BORROWING
from pytest_tinytorch.course.selection import unit_ranges
from pytest_tinytorch.evidence.outcomes import State
from pytest_tinytorch.evidence.progress import Progress
from pytest_tinytorch.terminal.glyphs import STYLE, Glyphs
from pytest_tinytorch.terminal.layout import (
    fold,
    indented,
    last_line,
    learning_path_line,
    left_out_line,
    titled_rule,
)

if TYPE_CHECKING:
    from rich.panel import Panel


def milestone_row(progress: Progress, glyphs: Glyphs, width: int) -> list[RenderableType]:
    """The milestones in a row of years, or as a list if that is too wide."""
    units = progress.milestones
    if not units:
        return left_out_line(other_milestones(progress), width)
    row = Text(" ")
    for unit in units:
        state = progress.state[unit.id]
        if unit is not units[0]:
            row.append(f" {glyphs.line * 2} ", "dim")
        row.append(f"{unit.year} {milestone_glyph(state, glyphs)} {unit.name}", STYLE[state])
    if row.cell_len > width or len(units) > 3:
        return [Text(""), *milestone_tree(progress, glyphs, width)]
    waiting = next((u for u in units if progress.state[u.id] != State.PASSED), None)
    lines: list[RenderableType] = [Text(""), row]
    if waiting is not None and progress.unmet_needs(waiting):
        lines.append(
            indented(Text(f"{waiting.year} {progress.lock_text(waiting)}", "dim"), 1, width)
        )
    lines += left_out_line(other_milestones(progress), width)
    return lines


def milestone_tree(progress: Progress, glyphs: Glyphs, width: int) -> list[RenderableType]:
    """The milestones as a list, with what the first locked one waits for."""
    lines: list[RenderableType] = []
    locked = first_locked(progress)
    for unit in progress.milestones:
        state = progress.state[unit.id]
        text = Text(
            f" {unit.year} {milestone_glyph(state, glyphs)} {unit.name}", style=STYLE[state]
        )
        if unit is locked:
            text = fold(text, Text(f"  {progress.lock_text(unit)}", "dim"), width, indent=8)
        elif state == State.PASSED and progress.has_only_borrowed(unit):
            text = fold(text, Text("  with borrowed modules only"), width, indent=8)
        elif state not in (State.LOCKED, State.PASSED):
            text.append(f"  {milestone_word(state)}")
        lines.append(text)
    return [*lines, *left_out_line(other_milestones(progress), width)]


def milestone_line(progress: Progress, glyphs: Glyphs, width: int) -> list[RenderableType]:
    """The milestones from left to right on as many lines as they need."""
    units, locked = progress.milestones, first_locked(progress)
    cell = 2 + max((len(unit.name) for unit in units), default=0)
    count = max(1, (width - 1) // cell)
    lines: list[RenderableType] = []
    for start in range(0, len(units), count):
        row = units[start : start + count]
        states = [progress.state[unit.id] for unit in row]
        state_names = [
            "" if state in (State.LOCKED, State.PASSED) else milestone_word(state)
            for state in states
        ]
        cells = [[str(unit.year) for unit in row], [unit.name for unit in row], state_names]
        lines += [
            Text(""),
            row_of_glyphs(progress, row, glyphs, cell, more=start + count < len(units)),
        ]
        for texts in cells:
            line = " " + "".join(text.ljust(cell) for text in texts).rstrip()
            lines += [Text(line, "dim" if texts is state_names else "")] if line.strip() else []
    if locked is not None:
        text = f"{locked.year} {progress.lock_text(locked)}"
        lines.append(indented(Text(text, "dim"), 1, width))
    return [*lines, *left_out_line(other_milestones(progress), width)]


def row_of_glyphs(
    progress: Progress, row: Sequence[Unit], glyphs: Glyphs, cell: int, more: bool
) -> Text:
    """A line with a mark for each milestone of a row; it is open at the end if there are more."""
    text = Text(" ")
    for unit in row:
        state = progress.state[unit.id]
        text.append(milestone_glyph(state, glyphs), STYLE[state])
        length = cell - 1 if unit is not row[-1] else 2 * more
        text.append(glyphs.line * length, "green" if state == State.PASSED else "dim")
    return text


def first_locked(progress: Progress) -> Unit | None:
    """The first milestone that waits for something, if there is one."""
    return next((u for u in progress.milestones if progress.state[u.id] == State.LOCKED), None)


def milestone_word(state: State) -> str:
    """A state in a word: a milestone that has not run, and is not locked, is open."""
    return "open" if state == State.NOT_RUN else state.words


def other_milestones(progress: Progress) -> list[Unit]:
    """The milestones that are not on the followed path."""
    return [unit for unit in progress.left_out if unit.is_milestone]


def timeline_report(
    progress: Progress, glyphs: Glyphs, width: int, horizontal: bool
) -> RenderableType:
    """The timeline on its own: along a line, or a tree that says what each milestone proves."""
    head = titled_rule(glyphs, "tinytorch timeline")
    foot = last_line(progress, glyphs, width)
    lines = learning_path_line(progress, width)
    if horizontal:
        return Group(head, *lines, *milestone_line(progress, glyphs, width), *foot)
    for unit in progress.milestones:
        state = progress.state[unit.id]
        text = milestone_word(state)
        if state == State.LOCKED:
            text += f", opens after {unit_ranges(progress.opens_after(unit))}"
        name = Text(f" {unit.year} {milestone_glyph(state, glyphs)} {unit.title}", STYLE[state])
        lines.append(fold(name, Text(f"  {text}", "dim"), width, indent=8))
        lines.append(indented(Text(unit.builds), 8, width))
    return Group(head, *lines, *left_out_line(other_milestones(progress), width), *foot)


def milestone_glyph(state: State, glyphs: Glyphs) -> str:
    """The mark of a milestone: one that is still to come is open, not locked away."""
    return glyphs.open if state in (State.LOCKED, State.NOT_RUN) else glyphs.of(state)


def milestones_to_celebrate(progress: Progress) -> list[UnitId]:
    """Ids of the milestones to celebrate, at most the last one of a run."""
    milestones = {unit.id for unit in progress.curriculum.milestones}
    newly_passed = [unit_id for unit_id in progress.newly_passed if unit_id in milestones]
    return newly_passed[-1:]


def celebration_panel(
    progress: Progress, unit: Unit, glyphs: Glyphs, commands: Commands = PYTEST
) -> RenderableType:
    """What to show of an unlocked milestone: its year, the learner's numbers, the badge, what is next."""
    title = f"{unit.year} {glyphs.dot} {unit.title}"
    numbers = [f"{name}: {value}" for name, value in milestone_numbers(progress, unit).items()]
    if progress.has_only_borrowed(unit):
        text = Text(f"{borrowed_text(unit)}\n", "bold")
        text.append("\n".join([*numbers, way_to_own(progress, unit, commands)]), "not bold")
        return framed(text, title, glyphs, style="cyan")
    text = Text(unit.capability, "bold")
    for line in numbers:
        text.append(f"\n{line}", "not bold")
    text.append(f"\nBadge: {unit.badge}", "yellow not bold")
    if challenge := next_challenge(progress, unit, commands):
        text.append(f"\nNext: {challenge}", "not bold")
    text.append(f"\nShow it: tito milestone celebrate {unit.year}", "not bold")
    return framed(text, title, glyphs)


def borrowed_text(unit: Unit) -> str:
    """What is said of a milestone that depends on no module of the learner's."""
    return f"{unit.label} uses borrowed modules only: nothing in it is yours yet."


def way_to_own(progress: Progress, unit: Unit, commands: Commands) -> str:
    """Which module to write, so that a milestone counts as the learner's."""
    lent = [one for one in progress.borrowed_for(unit) if one.source]
    easiest = min(reversed(lent), key=lambda one: one.stars)
    rest = [one for one in progress.borrowed if one.source and one != easiest]
    command = commands.borrow(unit_ranges(rest).replace(" ", "") or NO_BORROWING)
    return (
        f"Write one of {unit_ranges(lent)} yourself, and pass it again."
        f" To leave {easiest.label} out of what you borrow: {command}"
    )


def next_challenge(progress: Progress, unit: Unit, commands: Commands = PYTEST) -> str:
    """The challenge after a milestone; if it is not on the path, the next one that is, if there is one."""
    later = [other for other in progress.curriculum.milestones if other.number > unit.number]
    own = [other for other in later if progress.is_on_path(other)]
    if not later:
        return unit.challenge
    if not own:
        return ""
    what = unit.challenge if own[0] == later[0] else own[0].title
    return f"{what}: {commands.start(own[0])}"


def framed(text: Text, title: str, glyphs: Glyphs, style: str = "green") -> Panel:
    """A frame around what to celebrate."""
    from rich.box import ASCII, ROUNDED  # few screens have a frame
    from rich.panel import Panel

    return Panel(text, title=title, border_style=style, box=ASCII if glyphs.plain else ROUNDED)


def milestone_numbers(progress: Progress, unit: Unit) -> Mapping[str, Any]:
    """The numbers that a milestone showed: in this run, or else when it was last passed."""
    if unit.id in progress.notes:
        return progress.notes[unit.id]
    return progress.achievements[unit.id].notes if unit.id in progress.achievements else {}
