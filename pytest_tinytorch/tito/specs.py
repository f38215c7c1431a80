"""`tito specs`: whether the specs of the workspace are the kit's, and how a course stands by its own."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from pytest_tinytorch import settings
from pytest_tinytorch.course.options import CURRICULUM_SETTING, SPECS_SETTING
from pytest_tinytorch.kit.specs import SpecsStatus, specs_status
from pytest_tinytorch.kit.update import replace_file
from pytest_tinytorch.tito.session import Session, open_session, print_json

NEW_FILE = "pytest.ini"
"""Where settings go if there are none."""


@click.group()
def specs() -> None:
    """Whether your specs are the kit's.

    A run on others grants nothing, unless the settings declare their digest.
    """


@specs.command()
@click.option("--json", "as_json", is_flag=True, help="for programs")
def status(as_json: bool) -> None:
    """Which specs differ from the kit's; exit code 1 if nothing is granted for it.

    Example: tito specs status
    """
    session = open_session()
    found = status_of(session.workspace.root)
    if as_json:
        print_json(asdict(found) | {"trusted": found.trusted})
    else:
        show(session, found)
    raise SystemExit(0 if found.trusted else 1)


@specs.command()
def accept() -> None:
    """Declare the specs as they are: for a course that has changed them on purpose.

    This writes their digest into the settings of pytest. Whoever edits a spec later has to do it again.

    Example: tito specs accept
    """
    session = open_session()
    found = status_of(session.workspace.root)
    if found.trusted:
        session.say("There is nothing to declare: a run on these specs grants.")
        return
    file = declare(session.workspace.root, found.digest)
    session.say(f"{file.name} declares them: {SPECS_SETTING} = {found.digest}")


def status_of(root: Path) -> SpecsStatus:
    """How the specs of a workspace stand to the kit's, by its settings."""
    try:
        given = settings.read_settings(root)
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    declared = str(given.get(SPECS_SETTING, ""))
    return specs_status(root, bool(given.get(CURRICULUM_SETTING)), declared)


def show(session: Session, found: SpecsStatus) -> None:
    """Say it in a few lines."""
    for path, what in found.differing.items():
        session.say(f"  {what:<8} {path}")
    if not found.differing:
        session.say("The specs are as they should be.")
    elif found.trusted:
        session.say("The settings declare them as they are.")
    else:
        session.say(
            "Runs grant nothing on them. If your course has changed them: tito specs accept"
        )


def declare(root: Path, digest: str) -> Path:
    """Write the digest of the specs into the settings, and give their file."""
    file = settings.settings_file(root) or root / NEW_FILE
    try:
        before = file.read_bytes().decode("utf-8") if file.is_file() else "[pytest]\n"
        ends = "\r\n" if "\r\n" in before else "\n"
        text = before.replace("\r\n", "\n")
        after = settings.with_setting(file.name, text, SPECS_SETTING, digest)
        if after is None:
            raise click.ClickException(
                f"{file} has no heading of its own for the settings of pytest:"
                f" add {SPECS_SETTING} = {digest} to them yourself"
            )
        replace_file(file, after.replace("\n", ends).encode("utf-8"))
    except OSError as error:
        raise click.ClickException(f"{file} cannot be written: {error.strerror}") from error
    return file
