"""What is shown of a module: in short, when it begins, and when it is done."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from rich.console import Group, RenderableType
from rich.text import Text

from pytest_tinytorch.course.commands import TITO, lesson_command
from pytest_tinytorch.course.curriculum import Unit
from pytest_tinytorch.course.selection import unit_ranges
from pytest_tinytorch.evidence.outcomes import State
from pytest_tinytorch.evidence.progress import Progress
from pytest_tinytorch.terminal.glyphs import STYLE
from pytest_tinytorch.terminal.layout import beside, fold, indented
from pytest_tinytorch.tito.session import Session, state_table
from pytest_tinytorch.tito.unwritten import RED, file_of, untouched_exercises


def status_lines(session: Session, progress: Progress, units: Iterable[Unit]) -> Group:
    """Modules, each on one line."""
    return Group(*(status_line(session, progress, unit) for unit in units))


def status_line(session: Session, progress: Progress, unit: Unit) -> Text:
    """A module on one line: its state, and how much is left to write."""
    left, off = untouched_exercises(session, unit), unit in progress.left_out
    state = State.LOCKED if off else progress.state[unit.id]
    text = "off path" if off else state.words
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
        "Needs": f"{unit_ranges(needs)}: {lock or 'ready'}" if needs else "",
        "Leads to": leads_to(milestones),
        "Lesson": lesson_command(unit),
    }
    parts: list[RenderableType] = [
        Text(f"{unit.number} {unit.title}  ", "bold").append(stars, "yellow"),
        Text(f"{unit.question}\n", "italic"),
        *labeled({label: text for label, text in facts.items() if text}, session.width),
        *to_do(session, unit),
        *ways_to_test(session, unit),
        *way_in(progress, unit),
    ]
    if progress.current is not None and progress.current.is_milestone:
        milestone = progress.current
        command = Text(f" {TITO.start(milestone)}")
        parts.append(fold(Text(f"{milestone.label} is open:"), command, session.width))
    if unit in progress.left_out and progress.learning_path:
        parts.append(Text(f"It is not on the path {progress.learning_path.name}.", "yellow"))
    return Group(*parts)


def ways_to_test(session: Session, unit: Unit) -> list[RenderableType]:
    """What runs the specs, meanwhile and at the end."""
    ways = {"test": "after each exercise", "complete": "when you have written all of them"}
    return [
        Text(),
        *(
            fold(
                Text(f"tito module {way} {unit.number}", "bold"),
                Text(f"  {session.glyphs.dash} {when}"),
                session.width,
            )
            for way, when in ways.items()
        ),
    ]


def leads_to(milestones: Sequence[Unit]) -> str:
    """The first milestone that a module leads to in words, and the later ones by year."""
    if not milestones:
        return ""
    first, *later = milestones
    after = f"; later {unit_ranges(later)}" if later else ""
    return f"{first.year}, {first.title}: {first.builds}{after}"


def way_in(progress: Progress, unit: Unit) -> list[RenderableType]:
    """How to begin with a module that is locked."""
    waits = progress.modules_before(unit)
    return [Text(f"To begin here anyway: {TITO.begin_at(waits)}", "dim")] if waits else []


def labeled(table: Mapping[str, str], width: int) -> list[RenderableType]:
    """Texts beside their labels, each folded in its own column."""
    column = 1 + max(map(len, table))
    return [
        Text.assemble((label.ljust(column - 1), "dim"), " ", beside(Text(text), column, width))
        for label, text in table.items()
    ]


def to_do(session: Session, unit: Unit) -> list[RenderableType]:
    """The exercises that are still stubs, each with a place to click."""
    left = untouched_exercises(session, unit)
    if not left:
        return [Text("\nNothing is left to write.", "bold")]
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


def celebration(session: Session, unit: Unit) -> RenderableType:
    """What is printed when a module is done, after the report, which says what it opened and what is next."""
    from pytest_tinytorch.terminal.milestones import framed

    return framed(Text(unit.capability, "bold"), f"{unit.label} passed", session.glyphs)


def next_command(session: Session, unit: Unit) -> Text:
    """What to type to go on with a unit."""
    command, what = TITO.start(unit), unit.title
    state = session.progress.state[unit.id]
    left = untouched_exercises(session, unit) if unit.source else []
    if state in RED:
        command, what = TITO.test(unit), "see what fails"
    elif state == State.STALE or (unit.source and not left):
        command, what = TITO.test(unit), "run its specs"
    elif unit.source and len(left) < len(unit.hints):
        command, what = TITO.test(unit), f"when you have written {left[0].name}"
    head = Text(f"Next     {command}")
    return fold(head, Text(f"  {session.glyphs.dash} {what}"), session.width, indent=9)


def where_to_begin(progress: Progress, width: int) -> list[RenderableType]:
    """How to begin in the middle, for those who have passed nothing yet."""
    if progress.learning_path or any(state == State.PASSED for state in progress.state.values()):
        return []
    text = (
        "To begin elsewhere: `tito path` shows shorter paths;"
        " with `tito path borrow 01-08` you begin at module 09."
    )
    return [Text(), indented(Text(text, "dim"), 1, width)]


def shown_path(session: Session, file: Path) -> str:
    """A path as short as it can be clicked on."""
    try:
        return file.relative_to(Path.cwd()).as_posix()
    except ValueError:
        return str(file)
