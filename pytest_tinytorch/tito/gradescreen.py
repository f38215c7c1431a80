"""How far `tito grade` is, on a terminal and elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import click
from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from pytest_tinytorch.grade.grades import Ending, Row
from pytest_tinytorch.grade.summary import number
from pytest_tinytorch.terminal.plaintext import harmless_text


class Screen:
    """Tells how far the grading is: a bar on a terminal, and a line for each submission elsewhere.

    Args:
        todo: how many submissions run.
        others: how each of the others ended, which do not run.
    """

    def __init__(self, todo: int, others: Sequence[Ending] = ()) -> None:
        self.todo, self.others, self.done = todo, others, 0
        self.console = Console(legacy_windows=False)
        self.bar = bar_of(self.console) if self.console.is_terminal else None

    @contextmanager
    def shown(self) -> Iterator[None]:
        """Show it while the block runs."""
        click.echo(self.head())
        if self.bar is None or not self.todo:
            yield
            return
        with self.bar:
            self.task = self.bar.add_task("grading", total=self.todo)
            yield

    def head(self) -> str:
        """How many run, and how the others stand: those that never run are not known from a run before."""
        never = (Ending.REFUSED, Ending.ABSENT)
        counts = {"known": sum(ending not in never for ending in self.others)}
        counts |= {ending: self.others.count(ending) for ending in never}
        told = "".join(f", {count} {what}" for what, count in counts.items() if count)
        return f"{self.todo} of {self.todo + len(self.others)} to grade{told}"

    def tell(self, row: Row) -> None:
        """Tell of a submission that has been graded."""
        self.done += 1
        text = f"{row.submission.id}: {number(row.points)} of {number(row.full)}"
        if row.grade.ending != Ending.GRADED:
            text = f"{row.submission.id}: {row.grade.ending}, {row.grade.reason}"
        text = " ".join(harmless_text(text).split())
        if self.bar is None:
            click.echo(f"{self.done}/{self.todo}  {text}  ({row.grade.wall:.0f} s)")
        else:
            self.say(text)
            self.bar.advance(self.task)

    def say(self, text: str) -> None:
        """Print a line, above the bar if there is one."""
        text = " ".join(harmless_text(text).split())
        if self.bar is None:
            click.echo(text)
        else:
            self.bar.console.print(text, markup=False, highlight=False)


def bar_of(console: Console) -> Progress:
    """A bar with how many are done, how many in a minute, and how much time is left."""
    return Progress(
        TextColumn("{task.completed:g} of {task.total:g}"),
        BarColumn(),
        RateColumn(),
        TimeRemainingColumn(),
        TextColumn("left"),
        console=console,
        speed_estimate_period=600,
    )


class RateColumn(ProgressColumn):
    """How many submissions are graded in a minute."""

    def render(self, task: Task) -> Text:
        speed = task.speed or task.finished_speed
        return Text(f"{60 * speed:.1f} a minute" if speed else "")
