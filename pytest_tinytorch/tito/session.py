"""The workspace that a command works in, and the terminal that it writes to."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from msgspec import Struct
from msgspec.structs import replace

from pytest_tinytorch import settings
from pytest_tinytorch.course import selection
from pytest_tinytorch.course.commands import VARIABLE
from pytest_tinytorch.course.curriculum import CurriculumError, Unit, UnitId
from pytest_tinytorch.evidence.paths import python_in
from pytest_tinytorch.evidence.workspace import Workspace
from pytest_tinytorch.terminal import output
from pytest_tinytorch.terminal.glyphs import Glyphs

if TYPE_CHECKING:  # what some commands need, and others do without
    from rich.console import RenderableType

    from pytest_tinytorch.evidence.claims import Claim
    from pytest_tinytorch.evidence.progress import Progress


class NoWorkspace(click.UsageError):
    """No folder at or above the current one is a workspace."""


class Screen(Struct, frozen=True, dict=True):
    """A terminal.

    Attributes:
        glyphs: the characters that it can show.
        width: its columns.
        color: whether it shows colors.
    """

    glyphs: Glyphs
    width: int
    color: bool

    def show(self, renderable: RenderableType) -> None:
        """Print something in the colors and characters of the terminal."""
        from pytest_tinytorch.terminal import (
            screen,
        )  # Rich takes as long as half of Click

        click.echo(
            screen.rendered(renderable, self.width, self.color, self.glyphs), color=self.color
        )

    def say(self, text: str = "", hang: int = 2, **style: Any) -> None:
        """Print lines of text; what does not fit goes below, ``hang`` deeper than its line begins."""
        folded = output.folded(text, self.width, hang)
        click.secho(self.glyphs.fit(folded), color=self.color, **style)


class Session(Screen, frozen=True, dict=True):
    """A workspace, seen from a terminal.

    Attributes:
        workspace: read from the disk when the command began.
    """

    workspace: Workspace

    @cached_property
    def progress(self) -> Progress:
        """Where the learner stands; a usage error if path and borrowing leave nothing to write."""
        try:
            return self.workspace.progress()
        except ValueError as error:
            raise click.UsageError(str(error)) from error

    def claims(self, progress: Progress) -> dict[UnitId, Claim]:
        """What the learner may say of their work, each with its evidence, by the id of its unit."""
        from pytest_tinytorch.evidence.claims import claims_of

        return claims_of(self.workspace, progress)

    def reopened(self) -> Session:
        """The same terminal, and the workspace as its settings have it now."""
        return replace(self, workspace=settings.workspace_at(self.workspace.root))

    def checkpoint(self, text: str) -> Unit:
        """The one checkpoint that a number or a name means."""
        return self._one(text, selection.select_checkpoints)

    def milestone(self, text: str) -> Unit:
        """The one milestone that a number, a year or a name means."""
        return self._one(text, selection.select_milestones)

    def module(self, text: str) -> Unit:
        """The one checkpoint with a module of its own that a number or a name means."""
        unit = self.checkpoint(text)
        if not unit.source:
            raise click.UsageError(f"{unit.label} has no module: it is about your environment")
        return unit

    def refuse_unknown(self, select: Callable[..., tuple[Unit, ...]], text: str) -> None:
        """Raise a usage error if a text names no units."""
        try:
            select(self.workspace.curriculum, text)
        except selection.UnknownName as error:
            raise click.UsageError(str(error)) from None

    def _one(self, text: str, select: Callable[..., tuple[Unit, ...]]) -> Unit:
        try:
            units = select(self.workspace.curriculum, text)
        except selection.UnknownName as error:
            raise click.UsageError(str(error)) from None
        if len(units) != 1:
            labels = ", ".join(unit.label for unit in units)
            raise click.UsageError(f"{text!r} is ambiguous: {labels}. Name one")
        return units[0]

    def pytest(self, arguments: Sequence[str]) -> int:
        """Run pytest in the workspace, its output passed through; gives its exit code."""
        import subprocess  # takes a while, and what only shows something starts nothing

        root = self.workspace.root
        command = [*python_in(root), "-m", "pytest", "-p", "tinytorch"]
        words = [*command, *self.followed(arguments), *arguments]
        return subprocess.call(words, cwd=root, env=os.environ | {VARIABLE: "tito"})

    def quietly(self, arguments: Sequence[str]) -> int:
        """Run pytest as `pytest` does, its output thrown away."""
        import subprocess

        root = self.workspace.root
        command = [*python_in(root), "-m", "pytest", "-p", "tinytorch", "-q"]
        words = [*command, *self.followed(arguments), *arguments]
        return subprocess.run(words, cwd=root, capture_output=True, check=False).returncode

    def followed(self, arguments: Sequence[str]) -> list[str]:
        """What the last run followed and borrowed, as options; nothing that ``arguments`` say themselves."""
        return settings.followed_options(self.workspace.root, arguments)


def open_session() -> Session:
    """The workspace at or above the current folder; a usage error says what to do without one."""
    root = find_workspace(Path.cwd())
    try:
        workspace = settings.workspace_at(root)
        workspace.manifest  # noqa: B018 - a damaged manifest is told before anything is shown
    except (CurriculumError, ValueError) as error:
        raise click.UsageError(str(error)) from error
    screen = open_screen()
    return Session(screen.glyphs, screen.width, screen.color, workspace)


def open_screen() -> Screen:
    """The terminal of this process, wherever it is."""
    return Screen(output.terminal_glyphs(), max(20, output.columns()), output.shows_colors())


def find_workspace(start: Path) -> Path:
    """The folder with the specs, at or above ``start``."""
    if (found := settings.root_above(start)) is not None:
        return found
    raise NoWorkspace(
        f"{start} is not in a tinytorch workspace: go to the folder with specs/ and tinytorch/,"
        " or make one with `tito init DIR`"
    )


def print_json(table: object) -> None:
    """Print plain values for a program."""
    import json

    click.echo(json.dumps(table, indent=2, ensure_ascii=True))


def state_table(progress: Progress, unit: Unit) -> dict[str, Any]:
    """What a program may want to know of a unit."""
    return {
        "id": unit.id,
        "number": unit.number,
        "name": unit.name,
        "title": unit.title,
        "state": progress.state[unit.id],
        "needs": [need.label for need in progress.unmet_needs(unit)],
        "on_path": progress.is_on_path(unit),
    }


Completion = Callable[[click.Context, click.Parameter, str], list[str]]


def complete(kind: str) -> Completion:
    """Completion of the numbers and names of checkpoints or milestones, or of paths, for the shell."""

    def names(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
        try:
            curriculum = open_session().workspace.curriculum
        except click.UsageError:
            return []
        units = curriculum.milestones if kind == "milestone" else curriculum.checkpoints
        candidates = [word for unit in units for word in (unit.number, unit.name)]
        if kind == "path":
            candidates = [path.name for path in curriculum.learning_paths]
        return [word for word in candidates if word.startswith(incomplete)]

    return names
