"""What `tito path` writes into the settings: the path that you follow, and the modules that you borrow."""

from __future__ import annotations

from pathlib import Path

import click

from pytest_tinytorch import settings
from pytest_tinytorch.course import selection
from pytest_tinytorch.course.commands import TITO
from pytest_tinytorch.course.curriculum import NamedCheckpoints
from pytest_tinytorch.course.options import BORROW_SETTING, NO_BORROWING, PATH_SETTING
from pytest_tinytorch.course.selection import unit_ranges
from pytest_tinytorch.evidence.following import Following, remember
from pytest_tinytorch.tito.session import Session

NEW_FILE = "pytest.ini"
"""Where settings go if there are none."""


def choose(session: Session, chosen: NamedCheckpoints) -> None:
    """Follow a path from now on."""
    root = session.workspace.root
    lent = lent_by_settings(root)
    refuse_nothing_to_write(session, chosen, lent)
    file = write_setting(root, PATH_SETTING, chosen.name)
    remember(root, Following())
    session.say(f"You follow the path {chosen.name} from now on.")
    session.say(f"The setting is in {file.name}: {PATH_SETTING} = {chosen.name}")
    tell(session)


def borrow(session: Session, modules: str) -> None:
    """Borrow modules from now on."""
    root = session.workspace.root
    if modules == NO_BORROWING:
        remove_setting(root, BORROW_SETTING)
        remember(root, Following(settings.followed(root)["the last run"].path))
        session.say("You borrow nothing now, except what a path leaves out.")
        tell(session)
        return
    name, before = settings.followed(root)[PATH_SETTING].path, lent_by_settings(root)
    curriculum = session.workspace.curriculum
    try:
        chosen = selection.select_learning_path(curriculum, name) if name else None
        refuse_nothing_to_write(session, chosen, modules)
    except selection.UnknownName as error:
        raise click.UsageError(str(error)) from None
    file = write_setting(root, BORROW_SETTING, modules)
    remember(root, Following())
    session.say(f"You borrow {modules} from now on.")
    session.say(f"The setting is in {file.name}: {BORROW_SETTING} = {modules}")
    if before not in (None, modules):
        session.say(f"It replaces what you borrowed before: {before}")
    session.say(
        "For these, the course's worked solution runs, in specs and in milestone scripts;"
        " your own files stay as they are. Start programs of your own with `tito python`:"
        " plain `python` imports your own modules only."
    )
    tell(session)
    warn_of_borrowed_milestones(session.reopened())


def lent_by_settings(root: Path) -> str | None:
    """What the settings borrow, as they have it."""
    return settings.followed(root)[BORROW_SETTING].borrow


def leave(session: Session) -> None:
    """Follow no path, and borrow nothing."""
    root = session.workspace.root
    before = settings.followed(root)
    found = [remove_setting(root, name) for name in (PATH_SETTING, BORROW_SETTING)]
    remember(root, Following())
    if before["addopts"] != Following():
        raise click.ClickException(
            "addopts, or PYTEST_ADDOPTS, names --path or --borrow: remove it there"
        )
    if any(found) or before["the last run"] != Following():
        session.say("You follow the whole course again, and borrow nothing.")
        session.say(
            "The ledger keeps what you proved. It counts again once you pass what it needs,"
            " or borrow that again."
        )
    else:
        session.say("You follow no path, and borrow nothing.")


def refuse_nothing_to_write(
    session: Session, chosen: NamedCheckpoints | None, lent: str | None
) -> None:
    """Raise a usage error if everything on a path is borrowed, so that nothing is left to write."""
    curriculum = session.workspace.curriculum
    borrowed = selection.select_checkpoints(curriculum, lent) if lent else ()
    held = curriculum.ids_on_path(chosen)
    modules = [unit for unit in curriculum.checkpoints if unit.id in held and unit.source]
    if modules and not [unit for unit in modules if unit not in borrowed]:
        name = f"the path {chosen.name}" if chosen else "the course"
        raise click.UsageError(
            f"{name} contains {unit_ranges(modules)}, and all of it would be borrowed ({lent}):"
            " nothing would be left to write. Borrow less, or stop borrowing first: tito path borrow none"
        )


def tell(session: Session) -> None:
    """Say what follows from the settings."""
    progress = session.reopened().progress
    line = progress.learning_path_line()
    current = progress.current
    session.say(line) if line else None
    if current is not None:
        session.say(f"You are at {current.label}. `tito` says what is next.")


def warn_of_borrowed_milestones(session: Session) -> None:
    """Say which milestones cannot be the learner's, since they would depend on borrowed modules only."""
    progress = session.progress
    found = [unit for unit in progress.milestones if progress.has_only_borrowed(unit)]
    if not found:
        return
    from pytest_tinytorch.terminal.milestones import way_to_own

    use, it = ("use", "them") if len(found) > 1 else ("uses", "it")
    session.say(
        f"{unit_ranges(found)} {use} borrowed modules only, so you cannot celebrate {it}."
        f" {way_to_own(progress, found[0], TITO)}",
        fg="yellow",
    )


def write_setting(root: Path, name: str, value: str) -> Path:
    """Write a setting of pytest, and return its file."""
    file = settings.settings_file(root) or root / NEW_FILE
    try:
        before = file.read_bytes().decode("utf-8") if file.is_file() else "[pytest]\n"
        ends = "\r\n" if "\r\n" in before else "\n"
        text = before.replace("\r\n", "\n")
        after = settings.with_setting(file.name, text, name, value)
        if after is None:
            raise click.ClickException(
                f"{file} has no section for pytest's settings:"
                f" add {name} = {value} to your settings yourself"
            )
        write(file, after.replace("\n", ends))
    except OSError as error:
        raise click.ClickException(f"{file} cannot be written: {error.strerror}") from error
    return file


def write(file: Path, text: str) -> None:
    """Write settings: all of the text, or nothing of it."""
    from pytest_tinytorch.kit.update import replace_file  # what shows a path writes nothing

    replace_file(file, text.encode("utf-8"))


def remove_setting(root: Path, name: str) -> bool:
    """Remove a setting of pytest; returns whether it was there."""
    file = settings.settings_file(root)
    if file is None:
        return False
    try:
        before = file.read_bytes().decode("utf-8")
        after = settings.without_setting(before, name)
        if after != before:
            write(file, after)
    except OSError as error:
        raise click.ClickException(f"{file} cannot be written: {error.strerror}") from error
    return after != before
