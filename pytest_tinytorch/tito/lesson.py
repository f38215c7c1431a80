"""What is shown of a module: in short, when it begins, and when it is done."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.text import Text

from pytest_tinytorch.course.curriculum import Unit
from pytest_tinytorch.course.selection import unit_ranges
from pytest_tinytorch.evidence.outcomes import State
from pytest_tinytorch.evidence.progress import Progress
from pytest_tinytorch.terminal import report
from pytest_tinytorch.terminal.glyphs import STYLE
from pytest_tinytorch.terminal.layout import fold, indented, lesson_command
from pytest_tinytorch.tito.choosing import begin_here
from pytest_tinytorch.tito.session import Session, state_table
from pytest_tinytorch.tito.unwritten import file_of, untouched_exercises

if TYPE_CHECKING:
    from rich.table import Table


def status_lines(session: Session, progress: Progress, units: Iterable[Unit]) -> Group:
    """Modules, each on one line."""
    return Group(*(status_line(session, progress, unit) for unit in units))


def status_line(session: Session, progress: Progress, unit: Unit) -> Text:
    """A module on one line: its state, and how much is left to write."""
    left, off = untouched_exercises(session, unit), unit in progress.left_out
    state = State.LOCKED if off else progress.state[unit.id]
    text = "off path" if off else state
    head = Text(f" {session.glyphs.of(state)} {unit.label:<17} {text}", STYLE[state])
    text = f"  {len(left)} of {len(unit.hints)} exercises to write" if left else ""
    head.pad_right(max(0, 30 - head.cell_len) if text else 0)
    return fold(head, Text(text, "dim"), session.width)


def described(session: Session, progress: Progress, unit: Unit) -> dict[str, object]:
    """A module as plain values."""
    left = untouched_exercises(session, unit)
    return state_table(progress, unit) | {
        "question": unit.question,
        "builds": unit.builds,
        "history": unit.history,
        "leads_to": [milestone.label for milestone in what_it_opens(progress, unit)],
        "file": str(file_of(session, unit)),
        "exercises": list(unit.hints),
        "left": [exercise.name for exercise in left],
        "lines": {exercise.name: exercise.line for exercise in left},
    }


def what_it_opens(progress: Progress, unit: Unit) -> list[Unit]:
    """The milestones that depend on a module."""
    return [m for m in progress.milestones if unit.id in progress.curriculum.closure([m.id])]


def introduction(session: Session, progress: Progress, unit: Unit) -> Group:
    """What is printed when a module begins."""
    stars = ("*" if session.glyphs.plain else "★") * unit.stars
    needs = [progress.curriculum.unit(need) for need in unit.needs]
    lock, milestones = progress.lock_text(unit), what_it_opens(progress, unit)
    facts = {
        "Builds": unit.builds,
        "History": unit.history,
        "Needs": f"{unit_ranges(needs)}: {lock}" if lock else "nothing more",
        "Leads to": milestones
        and f"{milestones[0].year}, {milestones[0].title}: {milestones[0].builds}",
        "Lesson": lesson_command(unit),
    }
    parts: list[RenderableType] = [
        Text(f"{unit.number} {unit.title}  ", "bold").append(stars, "yellow"),
        Text(f"{unit.question}\n", "italic"),
        labeled({label: text for label, text in facts.items() if text}),
        *to_do(session, unit),
        Text(f"\nThen  tito module complete {unit.number}", "bold"),
        *way_in(progress, unit),
    ]
    if progress.current is not None and progress.current.is_milestone:
        milestone = progress.current
        command = f"tito milestone start {milestone.year}"
        parts.append(fold(Text(f"{milestone.label} is open:"), Text(f" {command}"), session.width))
    if unit in progress.left_out and progress.learning_path:
        parts.append(Text(f"It is not on the path {progress.learning_path.name}.", "yellow"))
    return Group(*parts)


def way_in(progress: Progress, unit: Unit) -> list[RenderableType]:
    """How to begin with a module that is locked."""
    needs = progress.curriculum.closure(unit.needs)
    waits = [
        need
        for need in progress.checkpoints
        if need.id in needs and need.source and progress.state[need.id] != State.PASSED
    ]
    if not waits or not progress.lock_text(unit):
        return []
    return [Text(f"To begin here anyway: {begin_here(waits)}", "dim")]


def labeled(table: Mapping[str, object]) -> Table:
    """Texts beside their labels, each folded in its own column."""
    from rich.table import Table

    grid = Table.grid(padding=(0, 1))
    grid.add_column(no_wrap=True)
    grid.add_column()
    for label, text in table.items():
        grid.add_row(Text(label, "dim"), Text(str(text)))
    return grid


def to_do(session: Session, unit: Unit) -> list[RenderableType]:
    """The exercises that are still stubs, each with a place to click."""
    left = untouched_exercises(session, unit)
    if not left:
        return [Text("\nNothing is left to write: run the specs.", "bold")]
    file, dash = shown_path(session, file_of(session, unit)), session.glyphs.dash
    places = [f"  {file}:{one.line}" for one in left]
    column = max(map(len, places))
    return [
        Text(f"\nTo do {dash} {len(left)} of {len(unit.hints)} exercises", "bold yellow"),
        *(
            fold(Text(place.ljust(column)), Text(f"  {one.name}"), session.width)
            for place, one in zip(places, left, strict=True)
        ),
    ]


def celebration(session: Session, before: Progress, after: Progress, unit: Unit) -> Group:
    """What is printed when a module is done: what it opened, and what is next."""
    from pytest_tinytorch.terminal.milestones import framed

    glyphs, width = session.glyphs, session.width
    title = f"{unit.label} passed"
    text = Text(unit.capability, "bold")
    for tier in after.curriculum.tiers:
        own = [u for u in after.checkpoints if u.number in tier.numbers]
        if unit in own:
            text.append(f"\n{tier.name}  ", "not bold")
            text.append(report.progress_bar(after, own, glyphs, max(8, min(20, width - 32))))
    parts: list[RenderableType] = [Text(), framed(text, title, glyphs)]
    for other in newly_opened(before, after):
        if other.is_milestone and other != after.current:
            head = Text(f"{other.year}     tito milestone start {other.number}")
            parts.append(fold(head, Text(f"  {glyphs.dash} {other.title}"), width))
    parts += [] if after.current is None else [next_command(session, after.current)]
    return Group(*parts)


def newly_opened(before: Progress, after: Progress) -> list[Unit]:
    """What waits for nothing any more."""
    units = (*after.checkpoints, *after.milestones)
    return [unit for unit in units if before.unmet_needs(unit) and not after.unmet_needs(unit)]


def next_command(session: Session, unit: Unit) -> Text:
    """What to type to go on with a unit."""
    what = unit.title
    if unit.is_milestone:
        way = "milestone start"
    elif not unit.source:
        way = "checkpoint test"
    elif is_red(session, unit):
        way, what = "module test", "see what fails"
    else:
        way = "module start"
    head = Text(f"Next     tito {way} {unit.year or unit.number}")
    return fold(head, Text(f"  {session.glyphs.dash} {what}"), session.width, indent=9)


def is_red(session: Session, unit: Unit) -> bool:
    """Whether the last run found that what is written is wrong, or does not run."""
    return session.progress.state[unit.id] in (State.WRONG, State.BROKEN)


def where_to_begin(progress: Progress, width: int) -> list[RenderableType]:
    """How to begin in the middle, for those who have passed nothing yet."""
    if progress.learning_path or any(state == State.PASSED for state in progress.state.values()):
        return []
    text = "To begin elsewhere: `tito path` shows shorter paths; `tito path borrow 01-08` opens 09."
    return [Text(), indented(Text(text, "dim"), 1, width)]


def shown_path(session: Session, file: Path) -> str:
    """A path as short as it can be clicked on."""
    try:
        return file.relative_to(Path.cwd()).as_posix()
    except ValueError:
        return str(file)
