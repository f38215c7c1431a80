"""`tito specs`: whether the specs of the workspace are the kit's, and how a course stands by its own."""

from __future__ import annotations

from pathlib import Path

import click
from msgspec.structs import asdict

from pytest_tinytorch import settings
from pytest_tinytorch.course.options import CURRICULUM_SETTING, SPECS_SETTING
from pytest_tinytorch.kit.specs import SpecsStatus, specs_status
from pytest_tinytorch.tito.choosing import write_setting
from pytest_tinytorch.tito.session import Session, open_session, print_json


@click.group()
def specs() -> None:
    """Check whether your specs are the kit's.

    A run on changed specs grants nothing, unless the settings declare their digest.
    """


@specs.command()
@click.option("--json", "as_json", is_flag=True, help="print JSON, for programs")
def status(as_json: bool) -> None:
    """Show which specs differ from the kit's; exit code 1 if runs grant nothing because of it.

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
    """Declare the specs as they are, for a course that changed them on purpose.

    This writes their digest into pytest's settings. Do it again after each later change to a spec.

    Example: tito specs accept
    """
    session = open_session()
    found = status_of(session.workspace.root)
    if found.trusted:
        session.say("There is nothing to declare: runs on these specs count.")
        return
    file = write_setting(session.workspace.root, SPECS_SETTING, found.digest)
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
        session.say("The specs are the kit's.")
    elif found.trusted:
        session.say("The settings declare these specs.")
    else:
        session.say("Runs on them grant nothing. If your course changed them: tito specs accept")
