"""`tito`: its groups of commands, and those that stand alone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click

from pytest_tinytorch.terminal import output

COMMANDS = {
    "checkpoint": "See and run checkpoints.",
    "completion": "Print a script that lets your shell complete names.",
    "data": "See, fetch and verify data sets.",
    "docs": "Read the lesson of a module, a milestone or an exercise.",
    "doctor": "Check your setup, and say how to fix what is wrong.",
    "editor": "Write the settings with which your editor starts `tito lsp`, or show what to paste.",
    "grade": "Grade the submissions of a class, each in a sandbox.",
    "init": "Create a workspace in DIR: exercises, specs, milestones, data, editor settings.",
    "lsp": "Bring verdicts into your editor: your editor starts this, and talks to it.",
    "milestone": "Relive history with your own code.",
    "module": "Work on one module: its number or its name.",
    "path": "See the learning paths, choose or leave one, borrow modules.",
    "python": "Open Python, or run SCRIPT, with your tinytorch and the modules you borrow.",
    "report": "Show your progress in the terminal, or write it to files.",
    "specs": "Check whether your specs are the kit's.",
    "update": "Bring newer specs, milestones and data from the installed kit into the workspace.",
    "watch": "Run specs at each save: an immediate first look, then the full verdict, which counts.",
}
"""The commands, each with the first sentence of its help: `tito --help` need not import them to show it."""


HELP = 80
"""Columns of help, at most."""


@contextmanager
def folded_errors() -> Iterator[None]:
    """Fold the message of an error where a terminal would cut its words; elsewhere it stays one line."""
    try:
        yield
    except click.ClickException as error:
        columns = output.error_columns()
        if not columns:
            raise
        text = output.folded(f"Error: {error.format_message()}", columns).removeprefix("Error: ")
        if isinstance(error, click.UsageError):
            raise click.UsageError(text, error.ctx) from error
        raise click.ClickException(text) from error


class Commands(click.Group):
    """Imports a command when somebody names it, since each depends on much that the others do not."""

    def list_commands(self, context: click.Context) -> list[str]:
        return sorted(COMMANDS)

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,
    ) -> click.Context:
        """Let help be as wide as the terminal, even where that has fewer columns than Click allows for."""
        extra.setdefault("terminal_width", max(20, min(HELP, output.columns()) - 2))
        with folded_errors():
            return super().make_context(info_name, args, parent, **extra)

    def invoke(self, ctx: click.Context) -> Any:
        with folded_errors():
            return super().invoke(ctx)

    def resolve_command(
        self, context: click.Context, arguments: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(context, arguments)
        except click.UsageError as error:
            from pytest_tinytorch.tito.commands import suggestion

            text = f"{error.message}{suggestion(self, context, arguments)}"
            raise click.UsageError(text, context) from None

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        return load(name) if name in COMMANDS else None

    def format_commands(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([*COMMANDS.items()])


@click.group(
    cls=Commands, invoke_without_command=True, epilog="Shell completion: tito completion --help"
)
@click.version_option(package_name="pytest-tinytorch")
@click.pass_context
def main(context: click.Context) -> None:
    """Build a deep-learning framework, one module at a time.

    Without a command: where you are, and what is next. You can do everything here with pytest as well.
    """
    if context.invoked_subcommand is not None:
        return
    from pytest_tinytorch.tito.here import place
    from pytest_tinytorch.tito.session import NoWorkspace, open_session

    try:
        session = open_session()
    except NoWorkspace as error:
        click.echo(f"{context.get_help()}\n\n{error}")
        return
    session.show(place(session))


def load(name: str) -> click.Command:
    """The command of that name, one of COMMANDS."""
    match name:
        case "init" | "update":
            from pytest_tinytorch.tito import workspaces

            return workspaces.init if name == "init" else workspaces.update_command
        case "module":
            from pytest_tinytorch.tito.module import module

            return module
        case "checkpoint":
            from pytest_tinytorch.tito.checkpoint import checkpoint

            return checkpoint
        case "milestone":
            from pytest_tinytorch.tito.milestone import milestone

            return milestone
        case "data":
            from pytest_tinytorch.tito.data import data

            return data
        case "watch":
            from pytest_tinytorch.tito.watch import watch

            return watch
        case "editor":
            from pytest_tinytorch.tito.editor import editor

            return editor
        case "lsp":
            from pytest_tinytorch.tito.lsp import lsp

            return lsp
        case "path":
            from pytest_tinytorch.tito.paths import path

            return path
        case "python":
            from pytest_tinytorch.tito.python import python

            return python
        case "specs":
            from pytest_tinytorch.tito.specs import specs

            return specs
        case "report":
            from pytest_tinytorch.tito.report import report

            return report
        case "docs":
            from pytest_tinytorch.tito.docs import docs

            return docs
        case "grade":
            from pytest_tinytorch.tito.grade import grade

            return grade
        case "doctor":
            from pytest_tinytorch.tito.checkup import doctor

            return doctor
        case _:
            return completion


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print a script that lets your shell complete names.

    Add it to your shell's settings, and it completes commands, modules, milestones and paths.

    Example: tito completion bash >> ~/.bashrc
    """
    lines = {
        "bash": 'eval "$(_TITO_COMPLETE=bash_source tito)"',
        "zsh": 'eval "$(_TITO_COMPLETE=zsh_source tito)"',
        "fish": "_TITO_COMPLETE=fish_source tito | source",
    }
    click.echo(lines[shell])
