"""Progress in words: dates, numbers, and what to do next."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from pytest_tinytorch.course.commands import lesson_command
from pytest_tinytorch.course.curriculum import Unit
from pytest_tinytorch.course.selection import unit_ranges
from pytest_tinytorch.evidence.progress import Progress, Task
from pytest_tinytorch.export.journey import states
from pytest_tinytorch.export.journey.markup import Markup, element, join
from pytest_tinytorch.terminal.report import waiting_text

MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)


def date(at: str) -> Markup:
    """A day as people write it; text that is not a date stays unchanged."""
    try:
        day = datetime.fromisoformat(at)
    except ValueError:
        return element("span", at)
    return element("time", day_text(at), datetime=day.date().isoformat())


def day_text(at: str) -> str:
    """A day as people write it, without markup."""
    try:
        day = datetime.fromisoformat(at)
    except ValueError:
        return at
    return f"{day.day} {MONTHS[day.month - 1]} {day.year}"


def dashed(weeks: str) -> str:
    """A range as people write it."""
    return weeks.replace("-", "–")


def range_text(units: Iterable[Unit]) -> str:
    """Units in short, with neighbors as ranges."""
    return dashed(unit_ranges(units))


def links(units: Sequence[Unit]) -> Markup:
    """Units, each a link to its section."""
    return join(*(element("a", unit.label, href=f"#{unit.id}") for unit in units), by=", ")


def task_line(task: Task) -> Markup:
    """A task: where and what to write, and how many specs wait for it."""
    name = task.exercise or task.unit.name
    return join(
        element("code", task.location),
        element("span", join(name, f" — {waiting_text(task)}"), class_="what"),
    )


def command(text: str) -> Markup:
    """What to type, broken only between words."""
    return element("code", join(*(element("span", word) for word in text.split()), by=" "))


def next_step(progress: Progress) -> Markup:
    """What to do next: a place in the source or a command, or that everything is done."""
    task, current = progress.next_task, progress.current
    then: Markup | None
    if task is not None and task.location:
        step = element("p", task_line(task), class_="step")
        lesson = command(lesson_command(task.unit, task.exercise))
        then = join(
            element("p", "Then run ", command(task.unit.command), class_="then"),
            element("p", "Its lesson: ", lesson, class_="then"),
        )
    elif current is not None:
        step = element(
            "p",
            command(current.command),
            element("span", join(current.title, ". ", current.question or current.builds)),
            class_="step",
        )
        then = element("p", "Its lesson: ", command(lesson_command(current)), class_="then")
    else:
        step = element(
            "p",
            element("span", "You passed everything that is open.", class_="what"),
            class_="step",
        )
        then = _after(progress)
    return element("div", states.icon("torch", "torch"), element("div", step, then), class_="next")


def _after(progress: Progress) -> Markup | None:
    """The challenge of the last milestone."""
    milestones = progress.curriculum.milestones
    return element("p", f"What is left: {milestones[-1].challenge}.") if milestones else None
