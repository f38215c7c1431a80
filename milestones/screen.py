"""What the scripts of all milestones share: options, live progress, a loss curve, a result."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from milestones import plots
from milestones.experiments import OnEpoch
from pytest_tinytorch.api import Unit, curriculum, explanation, glyphs_for, use_package

ROOT = Path(__file__).parents[1]
CURVE_WIDTH, CURVE_HEIGHT = 60, 8
LINE_SECONDS = 5
"""Seconds between two lines of progress, where no terminal shows a curve."""

BLOCKS = " ▁▂▃▄▅▆▇█"

Row = tuple[str, str, str, bool]
"""Of the result: what was measured, its value, what was wanted, and whether that holds."""


def unit(number: str) -> Unit:
    """The milestone's entry in the curriculum: its story, badge and thresholds."""
    return next(one for one in curriculum(ROOT).milestones if one.number == number)


def threshold(number: str, name: str) -> float:
    """A threshold of a milestone."""
    return unit(number).thresholds[name]


class Lines:
    """When the next line of progress is due.

    Args:
        clock: seconds that go by.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self.clock = clock
        self.last = clock()

    def due(self) -> bool:
        """Whether enough time has gone by since the last one; if so, this is the last one now."""
        now = self.clock()
        if now - self.last < LINE_SECONDS:
            return False
        self.last = now
        return True


def headline(title: str, losses: Sequence[float]) -> str:
    """How far a training is.

    >>> headline("one neuron", [0.5, 0.25])
    'one neuron: loss 0.2500 after 2 epochs'
    """
    epochs = "epoch" if len(losses) == 1 else "epochs"
    return f"{title}: loss {losses[-1]:.4f} after {len(losses)} {epochs}"


class Screen:
    """A terminal for one milestone: knows what it can show, and what was asked for.

    Attributes:
        source: gives the digest of the code that is shown. It takes a while, and only pictures need it.
    """

    def __init__(self, milestone: Unit) -> None:
        self.unit = milestone
        self.options = parse(milestone)
        self.glyphs = glyphs_for(sys.stdout.encoding)
        self.console = Console(legacy_windows=False, emoji=False, highlight=False)
        self.source: Callable[[], str] = str

    @contextmanager
    def training(self, title: str, keep: bool = True) -> Iterator[OnEpoch]:
        """Show the loss as it falls; yields what `Trainer.fit` takes as ``on_epoch``.

        The curve stays on the screen unless ``keep`` is False. Where output goes to no terminal, a
        line says from time to time how far it is.
        """
        losses: list[float] = []
        with Live(console=self.console, refresh_per_second=8, transient=True) as live:
            lines = Lines(time.monotonic)

            def on_epoch(record: dict[str, float]) -> None:
                losses.append(record["loss"])
                if self.console.is_terminal:
                    live.update(self.curve(title, losses))
                elif lines.due():
                    self.say(headline(title, losses))
                    self.console.file.flush()

            yield on_epoch
        if losses and keep:
            self.console.print(self.curve(title, losses))

    def curve(self, title: str, losses: Sequence[float]) -> Text:
        """The loss over the epochs, drawn in characters."""
        text = Text(f"{headline(title, losses)}\n", "bold")
        for row in rows(losses, min(CURVE_WIDTH, self.console.width - 2), self.glyphs.plain):
            text.append(f" {row}\n", "cyan")
        return text

    def say(self, words: str, style: str = "") -> None:
        """A paragraph, in characters that the terminal can show."""
        self.console.print(Text(self.glyphs.fit(words), style), soft_wrap=False)

    def head(self) -> None:
        """The title of the milestone."""
        title = f"{self.unit.year} {self.glyphs.dot} {self.unit.title}"
        self.console.rule(Text(self.glyphs.fit(title), "bold"), characters=self.glyphs.line)

    def picture(
        self,
        name: str,
        draw: plots.Draw,
        columns: int = 1,
        rows: int = 1,
        size: tuple[float, float] = (4.5, 4.5),
    ) -> None:
        """Save a picture, where matplotlib is there to draw it, and say where it is.

        What the worked solution draws is put aside: the other pictures are the learner's own.
        """
        name = f"reference/{name}" if self.options.reference else name
        file = plots.save(name, draw, columns, rows, size, self.source())
        if file is not None:
            self.say(f"A picture: {file}", "dim")

    def result(self, measured: Sequence[Row]) -> bool:
        """One screen at the end: what was measured against what was wanted; whether all of it holds."""
        table = Table(box=None, pad_edge=False)
        for name in ("measured", "value", "required", ""):
            table.add_column(name)
        for name, value, wanted, holds in measured:
            mark = self.glyphs.passed if holds else self.glyphs.wrong
            cells = [Text(self.glyphs.fit(str(cell))) for cell in (name, value, wanted)]
            table.add_row(*cells, Text(mark, "green" if holds else "red"))
        self.console.print(table)
        reached = all(holds for *_, holds in measured)
        word = self.unit.capability if reached else "Not there yet: see the marked rows above."
        self.say(f"\n{word}", "bold green" if reached else "bold red")
        if reached:
            self.say(f"Next: {self.unit.challenge}")
        return reached


def parse(milestone: Unit) -> argparse.Namespace:
    """The options of a milestone's script, from the command line."""
    parser = argparse.ArgumentParser(description=f"{milestone.year}: {milestone.builds}")
    parser.add_argument("--reference", action="store_true", help="run the worked solution")
    parser.add_argument(
        "--borrow", metavar="WHICH", help="take these modules from the worked solution: 01-04, none"
    )
    parser.add_argument("--seed", type=int, default=0, help="seed of the random numbers (0)")
    if any(name.startswith("full_") for name in milestone.thresholds):
        told = "tiny: the shipped data; full: the data set of that time, downloaded once"
        parser.add_argument("--scale", choices=("tiny", "full"), help=told)
    parser.set_defaults(scale="tiny")
    return parser.parse_args()


def play(milestone: Unit, show: Callable[[Screen], bool]) -> int:
    """Play the scene of a milestone.

    Args:
        milestone: its entry in the curriculum.
        show: called with the `Screen`; returns whether all thresholds were reached.
    Returns:
        The exit code: 0 only if all thresholds were reached.

    An untouched stub or an error in the learner's code is explained, not thrown; what is wrong with the
    workspace is said in a line.
    """
    screen = Screen(milestone)
    try:
        workspace = use_package(ROOT, screen.options.reference, screen.options.borrow)
    except ValueError as error:
        raise SystemExit(str(error)) from None
    workspace.sources  # noqa: B018 - read now: whatever is saved meanwhile has drawn nothing
    screen.source = lambda: workspace.found.grounds[milestone.id].source
    screen.head()
    try:
        return 0 if show(screen) else 1
    except Exception as error:
        told = explanation(workspace, screen.unit, error)
        if not told:
            raise  # a fault of the scene, not of the learner
        screen.say(told)
        return 1


def rows(values: Sequence[float], width: int, plain: bool) -> list[str]:
    """A curve as lines of characters, the highest first.

    >>> rows([0.0, 1.0], width=2, plain=True)[0]
    ' #'
    """
    columns = min(width, len(values))
    chosen = [values[i * len(values) // columns] for i in range(columns - 1)] + [values[-1]]
    low, high = min(chosen), max(chosen)
    span = high - low or 1.0
    heights = [(value - low) / span * CURVE_HEIGHT for value in chosen]
    lines = []
    for level in reversed(range(CURVE_HEIGHT)):
        parts = [min(max(height - level, 0.0), 1.0) for height in heights]
        if plain:
            lines.append("".join("#" if part > 0.5 else " " for part in parts))
        else:
            lines.append("".join(BLOCKS[round(part * 8)] for part in parts))
    return lines


def at_least(name: str, value: float, least: float) -> Row:
    """A row of the result for a share that has to reach a threshold."""
    return name, percent(value), f"at least {percent(least)}", value >= least


def at_most(name: str, value: float, most: float) -> Row:
    """A row of the result for a share that must not exceed a threshold."""
    return name, percent(value), f"at most {percent(most)}", value <= most


def percent(part: float) -> str:
    """0.975 as "97.5%"; 100% is said only of all."""
    if part > 1:
        return f"{part:.0%}"
    return "100%" if part == 1 else f"{min(part * 100, 99.9):.1f}%"
