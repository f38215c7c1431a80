"""`tito`: its groups of commands, and those that stand alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click
from rich.console import Group
from rich.text import Text

from pytest_tinytorch import options
from pytest_tinytorch.export import formats
from pytest_tinytorch.terminal import report
from pytest_tinytorch.terminal.layout import fold, indented
from pytest_tinytorch.tito import doctor as examination
from pytest_tinytorch.tito import surroundings
from pytest_tinytorch.tito.checkpoint import checkpoint
from pytest_tinytorch.tito.data import data
from pytest_tinytorch.tito.milestone import milestone
from pytest_tinytorch.tito.module import module
from pytest_tinytorch.tito.paths import path
from pytest_tinytorch.tito.session import open_session, print_json
from pytest_tinytorch.tito.specs import specs
from pytest_tinytorch.tito.watch import watch
from pytest_tinytorch.tito.workspaces import init, update_command


@click.group(epilog="Shell completion: tito completion --help")
@click.version_option(package_name="pytest-tinytorch")
def main() -> None:
    """Build a deep-learning framework, one module at a time.

    Everything here can be done with pytest as well: tito only says it in other words.
    """


main.add_command(init)
main.add_command(update_command)
main.add_command(module)
main.add_command(checkpoint)
main.add_command(milestone)
main.add_command(data)
main.add_command(watch)
main.add_command(path)
main.add_command(specs)


def files(command: Callable[..., None]) -> Callable[..., None]:
    """An option for each format of a report: the file to write it to."""
    for name, text in reversed(options.EXPORTS.items()):
        kind = click.Path(path_type=Path)
        command = click.option(f"--{name}", type=kind, metavar="FILE", help=text)(command)
    return command


@main.command("report")
@files
def report_command(**asked: Path | None) -> None:
    """Where you stand: on the terminal, or as files.

    Example: tito report --markdown progress.md --badge badge.svg
    """
    session = open_session()
    progress = session.progress
    wanted = {name: file for name, file in asked.items() if file is not None}
    for name, file in wanted.items():
        try:
            formats.write_export(progress, name, file, session.workspace.root)
        except OSError as error:
            raise click.ClickException(f"{file} cannot be written: {error.strerror}") from error
        session.say(f"wrote {file}")
    if not wanted:
        session.show(report.capability_report(progress, session.glyphs, session.width))


@main.command()
@click.option("--json", "as_json", is_flag=True, help="for programs")
def doctor(as_json: bool) -> None:
    """Check your set-up, and say how to mend it.

    Exit code 1 if something has to be mended.
    """
    session = open_session()
    findings = [*examination.examine_kit(session), *surroundings.examine_environment(session)]
    if as_json:
        print_json([finding.table() for finding in findings])
    else:
        lines = []
        for finding in findings:
            mark = session.glyphs.passed if finding.ok else session.glyphs.wrong
            style = "green" if finding.ok else "red" if finding.needed else "yellow"
            head = Text(f" {mark} {finding.what}:", style)
            lines.append(fold(head, Text(f" {finding.found}"), session.width))
            if not finding.ok:
                lines.append(indented(Text(finding.remedy, "bold"), 5, session.width))
        session.show(Group(*lines))
    raise SystemExit(1 if any(f.needed and not f.ok for f in findings) else 0)


@main.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """What lets your shell complete names.

    Add it to your shell's settings; commands, modules, milestones and paths are then completed.

    Example: tito completion bash >> ~/.bashrc
    """
    lines = {
        "bash": 'eval "$(_TITO_COMPLETE=bash_source tito)"',
        "zsh": 'eval "$(_TITO_COMPLETE=zsh_source tito)"',
        "fish": "_TITO_COMPLETE=fish_source tito | source",
    }
    click.echo(lines[shell])
