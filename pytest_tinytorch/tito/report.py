"""`tito report`: where you stand, on the terminal or as files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click

from pytest_tinytorch.course.options import EXPORTS
from pytest_tinytorch.tito.session import open_session


def files(command: Callable[..., None]) -> Callable[..., None]:
    """An option for each format of a report: the file to write it to."""
    for name, text in reversed(EXPORTS.items()):
        kind = click.Path(path_type=Path)
        command = click.option(f"--{name}", type=kind, metavar="FILE", help=text)(command)
    return command


@click.command()
@files
def report(**asked: Path | None) -> None:
    """Show your progress in the terminal, or write it to files.

    Example: tito report --markdown progress.md --badge badge.svg
    """
    session = open_session()
    progress = session.progress
    wanted = {name: file for name, file in asked.items() if file is not None}
    if not wanted:
        from pytest_tinytorch.terminal.report import capability_report

        session.show(capability_report(progress, session.glyphs, session.width))
        return
    from pytest_tinytorch.export.formats import write_export

    for name, file in wanted.items():
        try:
            write_export(progress, name, file, session.workspace.root)
        except OSError as error:
            raise click.ClickException(f"{file} cannot be written: {error.strerror}") from error
        session.say(f"wrote {file}")
