"""`tito init` and `tito update`: a workspace out of an installation of the kit, and newer files for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

import click

from pytest_tinytorch.course.options import WORKSPACE_FILE
from pytest_tinytorch.kit import record, starter, update
from pytest_tinytorch.kit.editors import EditorSettings
from pytest_tinytorch.kit.files import DISTRIBUTION, kit_version
from pytest_tinytorch.kit.record import Record
from pytest_tinytorch.kit.update import Action
from pytest_tinytorch.tito import git
from pytest_tinytorch.tito.editor import chosen, completed, set_up
from pytest_tinytorch.tito.session import print_json

WORDS = {
    update.ADD: "new",
    update.REPLACE: "newer",
    update.RESTORE: "restored",
    update.OFFER: "yours",
    update.REMOVE: "gone",
    update.LEAVE: "yours",
}
NOTES = {
    update.RESTORE: "you changed it; your version goes to {backups}",
    update.OFFER: "it stays; the kit's new version goes to {offer}",
    update.LEAVE: "it stays; the kit no longer has it",
}


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--no-git", is_flag=True, help="do not create a git repository")
@click.option(
    "--editor",
    "editors",
    metavar="NAME",
    multiple=True,
    callback=chosen,
    shell_complete=completed,
    help="let this editor show verdicts at your lines, as `tito editor` does; for several: NAME,NAME",
)
def init(folder: Path, no_git: bool, editors: list[EditorSettings]) -> None:
    """Create a workspace in DIR: exercises, specs, milestones, data, editor settings.

    DIR must be new or empty.

    Example: tito init my-torch --editor neovim
    """
    target = folder.resolve()
    refused = reason_to_refuse(target)
    if refused:
        raise click.UsageError(refused)
    version, name = kit_version(), starter.project_name(target.name)
    files = starter.workspace_files(name, version)
    files[record.FILE] = record_of(name, version, files).text().encode("utf-8")
    try:
        starter.create_workspace(target, files)
    except OSError as error:
        raise click.ClickException(f"{error}. Nothing was left behind.") from error
    click.echo(f"{target} is ready.")
    for line in set_up(target, editors):
        click.echo(line)
    if not no_git:
        click.echo(git.begin_repository(target, f"A workspace of pytest-tinytorch {version}"))
    click.echo("\nNext:\n")
    if target != Path.cwd():
        click.echo(f"  cd {quoted(folder)}")
    click.echo("  tito    # where you are, and what comes next")


@click.command("update")
@click.option(
    "--check",
    is_flag=True,
    help="only show what would change; exit code 1 if there is something to update",
)
@click.option("--json", "as_json", is_flag=True, help="print JSON, for programs")
def update_command(check: bool, as_json: bool) -> None:
    """Bring newer specs, milestones and data from the installed kit into the workspace.

    Your own files stay untouched.

    Example: tito update --check
    """
    root = find_made_workspace(Path.cwd())
    try:
        before = record.read_record(root)
    except (OSError, ValueError) as error:
        raise click.UsageError(str(error)) from error
    version = kit_version()
    if record.is_newer(before.version, version):
        raise click.UsageError(
            f"{root} was written by pytest-tinytorch {before.version}, and {version} is installed:"
            f" python -m pip install --upgrade {DISTRIBUTION}"
        )
    contents = starter.workspace_files(before.name, version)
    after = record_of(before.name, version, contents)
    stamp = datetime.now().strftime("update-%Y%m%d-%H%M%S-%f")
    try:
        found = update.digests(root, {*before.files, *after.files})
        actions = update.plan_update(before.files, after.files, found)
        if not check and (actions or after != before):
            update.apply_update(root, actions, contents, after, stamp)
    except OSError as error:
        raise click.ClickException(
            f"{error}. Once you have fixed that, run it again: it continues where it stopped."
        ) from error
    if as_json:
        print_json([asdict(action) for action in actions])
    else:
        show(actions, before.version, version, f"{update.BACKUPS}/{stamp}/", check)
    raise SystemExit(1 if check and actions else 0)


def record_of(name: str, version: str, contents: dict[str, bytes]) -> Record:
    """The record of what the kit writes."""
    digests = {path: record.digest(path, content) for path, content in contents.items()}
    return Record(version, name, digests)


def reason_to_refuse(target: Path) -> str | None:
    """Why no workspace can be made in ``target``, and what to do; None if it can."""
    advice = "name a new or empty folder"
    present = next(folder for folder in (target, *target.parents) if folder.exists())
    if not present.is_dir():
        return f"{present} is a file: {advice}"
    if is_workspace(target):
        return (
            f"{target} is already a workspace: there, `tito update` brings newer specs, and"
            " `tito editor NAME` the settings of an editor"
        )
    if target.is_dir() and any(target.iterdir()):
        return f"{target} is not empty: {advice}"
    around = next((folder for folder in target.parents if is_workspace(folder)), None)
    if around:
        return f"{target} is inside the workspace {around}: name a folder outside of it"
    return None


def is_workspace(folder: Path) -> bool:
    return any((folder / file).is_file() for file in (record.FILE, WORKSPACE_FILE))


def find_made_workspace(start: Path) -> Path:
    """The workspace at or above ``start`` that the kit has written."""
    for folder in (start, *start.parents):
        if (folder / record.FILE).is_file():
            return folder
        if is_workspace(folder):
            raise click.UsageError(
                f"{folder} has no {record.FILE}, so `tito init` did not make it:"
                " get newer specs with git, as in `git pull`"
            )
    raise click.UsageError(f"{start} is not in a workspace: make one with `tito init DIR`")


def show(actions: Sequence[Action], before: str, version: str, backups: str, check: bool) -> None:
    """Say what was done, or for ``check`` what would be."""
    if not actions:
        click.echo(f"Up to date with {DISTRIBUTION} {version}.")
        return
    step = version if before == version else f"{before} to {version}"
    click.echo(f"{DISTRIBUTION} {step}:\n")
    for action in actions:
        click.echo(f"  {WORDS[action.what]:<9} {action.path}")
        if action.what in NOTES:
            note = NOTES[action.what].format(backups=backups, offer=action.offer)
            click.echo(f"            {note}")
    if check:
        click.echo("\nTo do this: tito update")
    else:
        click.echo(
            "\nDone. You have to prove again what depends on newer files: tito checkpoint unlock"
        )


def quoted(folder: Path) -> str:
    """A path as it can be pasted into a shell."""
    return f'"{folder}"' if " " in str(folder) else str(folder)
