"""`tito editor`: the settings with which an editor starts `tito lsp` in this workspace."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Collection, Iterator
from importlib.util import find_spec
from pathlib import Path
from textwrap import indent

import click

from pytest_tinytorch.course.nearest import meant
from pytest_tinytorch.kit.editors import (
    ABSENT,
    EDITORS,
    LOST,
    MOVED,
    READY,
    YOURS,
    EditorSettings,
    named_editor,
    with_command,
)
from pytest_tinytorch.terminal import output
from pytest_tinytorch.tito import git
from pytest_tinytorch.tito.lsp import INSTALL
from pytest_tinytorch.tito.session import find_workspace

WORDS = {
    ABSENT: "{file} is written.",
    MOVED: "{file} now starts {command}.",
    LOST: "{file} now starts {command}, and stays as it is otherwise.",
    READY: "{file} is ready.",
    YOURS: "{file} is there and stays as it is. Add this to it:",
}
LISTED = {
    ABSENT: "no {file}",
    MOVED: "{file} starts another tito",
    LOST: "{file} starts a tito that is not there",
    READY: "ready",
    YOURS: "{file} says something else",
}
PAGE = "tito docs editors"
"""What shows the page about editors."""


def chosen(
    context: click.Context, parameter: click.Parameter, given: tuple[str, ...]
) -> list[EditorSettings]:
    """The editors that are named, one by one or between commas."""
    names = [name.strip() for text in given for name in text.split(",") if name.strip()]
    return list({one.name: one for one in map(editor_named, names)}.values())


def editor_named(word: str) -> EditorSettings:
    """The editor that a word names.

    Raises:
        click.BadParameter: there is none.
    """
    if (one := named_editor(word)) is not None:
        return one
    raise click.BadParameter(f"{word!r} is none of {', '.join(EDITORS)}.{meant(word, EDITORS)}")


def completed(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """The names of editors, for the shell."""
    return [name for name in EDITORS if name.startswith(incomplete.lower())]


@click.command()
@click.argument(
    "editors", metavar="[EDITOR]...", nargs=-1, callback=chosen, shell_complete=completed
)
def editor(editors: list[EditorSettings]) -> None:
    """Write the settings with which your editor starts `tito lsp`, or show what to paste.

    Without a name: which editors there are, and what this workspace has for each. A file that says
    something else stays as it is, but for the path of a tito that is gone. `tito docs editors` says more.

    Example: tito editor neovim
    """
    root = find_workspace(Path.cwd())
    lines = set_up(root, editors) if editors else overview(root)
    try:
        for line in lines:
            click.echo(line)
    except OSError as error:
        raise click.ClickException(in_the_way(error, root)) from error


def set_up(root: Path, editors: Collection[EditorSettings]) -> Iterator[str]:
    """Write settings into a workspace where nothing else is in the way; says what was done.

    Raises:
        OSError: a file cannot be read or written.
    """
    for one in editors:
        command = one.command(own_tito(), root)
        found = read(root / one.file) if one.file else None
        state = one.state(found, command, root)
        if not one.file or (one.shared and state in (ABSENT, YOURS)):
            yield from to_paste(one, command)
            continue
        if state in (ABSENT, MOVED, LOST):
            text = one.settings(command) if found is None else with_command(found, command)
            write(root / one.file, text)
        yield prose(f"{one.title}: {WORDS[state].format(file=one.file, command=command)}")
        if state == YOURS:
            yield f"\n{indent(one.settings(command), '  ')}"
        if one.once and state != READY:
            yield prose(f"  {one.once}", hang=0)
        if state != YOURS and not one.shared and Path(command).is_absolute():
            yield from map(prose, git.warnings(root, one.file))
    if editors:
        yield from [f"The server is an extra: {INSTALL}"] if find_spec("pygls") is None else []
        yield f"More about editors: {PAGE}"


def to_paste(one: EditorSettings, command: str) -> Iterator[str]:
    """The settings of an editor that keeps them outside of workspaces."""
    head = f"{one.title} keeps its settings elsewhere. Put"
    if one.spared:
        head = f"{one.title}: {one.spared} Otherwise put"
    yield prose(f"{head} this {one.place}:")
    yield f"\n{indent(one.settings(command), '  ')}"


def prose(text: str, hang: int = 2) -> str:
    """A sentence as the terminal has room for it; settings are never folded."""
    return output.folded(text, output.columns(), hang)


def overview(root: Path) -> Iterator[str]:
    """Each editor, and what a workspace has for it."""
    for one in EDITORS.values():
        state = "settings to paste"
        if one.file:
            try:
                state = listed(one, root)
            except OSError as error:
                state = in_the_way(error, root)
        yield f"  {one.name:<9} {one.title:<13} {state}"


def listed(one: EditorSettings, root: Path) -> str:
    """What a workspace has for an editor that has a file there.

    Raises:
        OSError: the file cannot be read.
    """
    found = one.state(read(root / one.file), one.command(own_tito(), root), root)
    if one.spared and found in (ABSENT, YOURS):
        return one.spared.rstrip(".")
    return LISTED[found].format(file=one.file)


def in_the_way(error: OSError, root: Path) -> str:
    """Why a file of a workspace can be neither read nor written."""
    file = Path(error.filename or root)
    name = file.relative_to(root).as_posix() if file.is_relative_to(root) else str(file)
    if isinstance(error, IsADirectoryError | PermissionError) and file.is_dir():
        return f"{name} is a folder: move it, or remove it"
    return f"{name}: {error.strerror or error}"


def read(file: Path) -> str | None:
    """What a file says, byte by byte; None if it is not there."""
    try:
        return file.read_bytes().decode("utf-8", "surrogateescape")
    except FileNotFoundError:
        return None


def write(file: Path, text: str) -> None:
    """Write a file as `read` reads it, with its folder."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(text.encode("utf-8", "surrogateescape"))


def own_tito() -> Path:
    """The `tito` of the Python that runs this."""
    folder = Path(sys.executable).parent
    found = shutil.which("tito", path=str(folder)) or shutil.which("tito")
    return Path(found or folder / "tito")
