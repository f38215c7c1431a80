"""`tito milestone`: the moments of history, what they wait for, and what you have proved."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pytest_tinytorch.course import selection
from pytest_tinytorch.course.commands import TITO, VARIABLE
from pytest_tinytorch.course.curriculum import Unit, UnitId
from pytest_tinytorch.course.options import NO_BORROWING
from pytest_tinytorch.course.selection import unit_ranges
from pytest_tinytorch.evidence.outcomes import State
from pytest_tinytorch.tito.session import (
    Session,
    complete,
    open_session,
    print_json,
    state_table,
)
from pytest_tinytorch.tito.sharing import CARD, NAME

if TYPE_CHECKING:
    from pytest_tinytorch.evidence.claims import Claim
    from pytest_tinytorch.evidence.progress import Progress

ARGUMENT = click.argument("which", metavar="N", shell_complete=complete("milestone"))
AS_JSON = click.option("--json", "as_json", is_flag=True, help="print JSON, for programs")


@click.group()
def milestone() -> None:
    """Relive history with your own code."""


@milestone.command()
@click.option("--detailed", is_flag=True, help="also show what each proves, and your numbers")
@AS_JSON
def status(detailed: bool, as_json: bool) -> None:
    """Show the state of each milestone.

    Example: tito milestone status --detailed
    """
    session = open_session()
    progress = session.progress
    if as_json:
        print_json([state_table(progress, unit) for unit in progress.curriculum.milestones])
        return
    from pytest_tinytorch.terminal import milestones as drawn

    if not detailed:
        for line in drawn.milestone_tree(progress, session.glyphs, session.width):
            session.show(line)
        return
    session.show(drawn.timeline_report(progress, session.glyphs, session.width, horizontal=False))
    for unit in progress.milestones:
        for name, value in drawn.milestone_numbers(progress, unit).items():
            session.say(f" {unit.year}  {name}: {value}")


@milestone.command()
@click.option("--horizontal", is_flag=True, help="show them in a row, by year")
def timeline(horizontal: bool) -> None:
    """Show the milestones from first to last.

    Example: tito milestone timeline --horizontal
    """
    from pytest_tinytorch.terminal import milestones as drawn

    session = open_session()
    session.show(drawn.timeline_report(session.progress, session.glyphs, session.width, horizontal))


@milestone.command("list")
@AS_JSON
def list_all(as_json: bool) -> None:
    """List the milestones: numbers, years and names.

    Example: tito milestone list
    """
    session = open_session()
    units = session.workspace.curriculum.milestones
    if as_json:
        print_json([{"number": u.number, "year": u.year, "name": u.name} for u in units])
        return
    for unit in units:
        session.say(f" {unit.number}  {unit.year}  {unit.name:<12} {unit.title}", hang=11)


@milestone.command("next")
@AS_JSON
def next_milestone(as_json: bool) -> None:
    """Show the next milestone, and what it still needs.

    Example: tito milestone next
    """
    session = open_session()
    progress = session.progress
    unit = first_unpassed(progress)
    if as_json:
        print_json(None if unit is None else state_table(progress, unit))
        return
    if unit is None:
        session.say("You passed all milestones.", fg="green")
        return
    session.say(f"{unit.year} {unit.title}", bold=True)
    session.say(f"  {unit.builds}")
    session.say(f"  {unmet_text(progress, unit)}")


@milestone.command(context_settings={"ignore_unknown_options": True})
@click.argument("which", metavar="[N]", required=False, shell_complete=complete("milestone"))
@click.argument("arguments", metavar="[-- OPTIONS OF THE SCRIPT]", nargs=-1)
def start(which: str | None, arguments: tuple[str, ...]) -> None:
    """Run the script of a milestone: its story in your terminal, with your code.

    Without N: the next milestone that you have not passed.

    Example: tito milestone start 1957 -- --seed 7
    """
    session = open_session()
    progress = session.progress
    if which is not None and which.startswith("-"):
        arguments, which = (which, *arguments), None
    unit = session.milestone(which) if which else first_unpassed(progress)
    if unit is None:
        session.say("You passed all milestones. Name one to see it again.", fg="green")
        return
    if progress.state[unit.id] in (State.LOCKED, State.BORROWED) and "--reference" not in arguments:
        session.say(
            f"{unit.label} is {word_for(progress, unit)}. {unmet_text(progress, unit)}", fg="yellow"
        )
        raise SystemExit(1)
    root = session.workspace.root
    script = root / unit.spec_path / "run.py"
    if not script.is_file():
        raise click.ClickException(f"{script} is missing")
    import subprocess

    command = [sys.executable, str(script), *arguments]
    code = subprocess.call(command, cwd=root, env=os.environ | {VARIABLE: "tito"})
    if code == 0 and progress.state[unit.id] != State.PASSED and "--reference" not in arguments:
        session.say(f"\nProve it: {TITO.test(unit)}", bold=True)
    raise SystemExit(code)


@milestone.command(context_settings={"ignore_unknown_options": True})
@ARGUMENT
@click.argument("arguments", metavar="[-- PYTEST OPTIONS]", nargs=-1)
def test(which: str, arguments: tuple[str, ...]) -> None:
    """Prove milestones: 03, 01-03, mlp, 1986, all.

    Example: tito milestone test mlp
    """
    session = open_session()
    session.refuse_unknown(selection.select_milestones, which)
    raise SystemExit(session.pytest(["--milestone", which, *arguments]))


@milestone.command()
@AS_JSON
def check(as_json: bool) -> None:
    """Check whether the milestones that you passed still hold for the current source.

    Exit code 1 if an edit has made a milestone stale.
    """
    session = open_session()
    progress = session.progress
    stale = [u for u in progress.milestones if progress.state[u.id] == State.STALE]
    if as_json:
        print_json([state_table(progress, unit) for unit in stale])
    for unit in () if as_json else stale:
        session.say(f"{unit.label} passed for an earlier version of the source: {TITO.test(unit)}")
    if not stale and not as_json:
        session.say(f"{progress.count_passed(progress.milestones)} passed, none is stale.")
    raise SystemExit(1 if stale else 0)


@milestone.command()
@click.argument("which", metavar="[N]", required=False, shell_complete=complete("milestone"))
@CARD
@NAME
@AS_JSON
def celebrate(which: str | None, folder: Path | None, name: str, as_json: bool) -> None:
    """Show what a milestone proved and opened, with words and cards to share.

    Without N: the last one that you passed.

    Example: tito milestone celebrate 1986 --card cards --name "Ada Lovelace"
    """
    session = open_session()
    progress = session.progress
    claims = session.claims(progress)
    unit = session.milestone(which) if which else last_passed(progress, claims)
    if unit is None:
        raise click.ClickException(
            "no milestone is passed yet: tito milestone next says what to do"
        )
    claim = claims.get(unit.id)
    if claim is None:
        session.say(why_not(session, progress, unit), fg="yellow")
        raise SystemExit(1)
    from pytest_tinytorch.export.cards.card import milestone_card
    from pytest_tinytorch.export.cards.words import profile_text
    from pytest_tinytorch.export.journey.pictures import read_pictures
    from pytest_tinytorch.tito.celebrate import milestone_celebration, write_cards

    pictures = read_pictures(session.workspace.root)
    card = milestone_card(progress, claim, pictures, name)
    if as_json:
        print_json(celebrated(progress, claim) | {"text": profile_text(card)})
    else:
        session.show(milestone_celebration(session, progress, claim, pictures))
        session.say("\nTo share:", bold=True)
        session.say(profile_text(card), hang=0)
    if folder is not None:
        write_cards(session, folder, [card], quiet=as_json)


def why_not(session: Session, progress: Progress, unit: Unit) -> str:
    """Why a milestone cannot be celebrated, and what to do about it."""
    if progress.state[unit.id] == State.PASSED:
        from pytest_tinytorch.terminal.milestones import borrowed_text, way_to_own

        return f"{borrowed_text(unit)}\n{way_to_own(progress, unit, TITO)}"
    why = f"{unit.label} is {word_for(progress, unit)}. {unmet_text(progress, unit)}"
    lent = borrowed_when_passed(session, unit)
    if lent is None:
        return why
    needed = progress.curriculum.closure([unit.id])
    if all(
        one in lent for one in progress.curriculum.checkpoints if one.source and one.id in needed
    ):
        return f"{why}\nYou passed it with borrowed modules only: nothing in it was yours."
    command = TITO.borrow(unit_ranges(lent).replace(" ", "") or NO_BORROWING)
    named = unit_ranges(lent) or "nothing"
    return f"{why}\nYou passed it while you borrowed {named}. It counts again with: {command}"


def borrowed_when_passed(session: Session, unit: Unit) -> list[Unit] | None:
    """What was borrowed when a milestone passed that does not count now; None if that is not the reason."""
    workspace = session.workspace
    if unit.id not in workspace.proved_with_others:
        return None
    passed = [e for e in workspace.ledger.events if e.unit == unit.id and e.verdict == State.PASSED]
    lent = next(e.borrowed for e in reversed(passed) if e.borrowed is not None)
    return [one for one in workspace.curriculum.checkpoints if one.name in lent]


def celebrated(progress: Progress, claim: Claim) -> dict[str, object]:
    """A proved milestone as plain values, for programs."""
    unit, event = claim.unit, claim.event
    return state_table(progress, unit) | {
        "badge": unit.badge,
        "capability": unit.capability,
        "place": progress.place(unit)[0],
        "numbers": dict(claim.numbers),
        "borrowed": [one.label for one in claim.borrowed],
        "opened": [one.label for one in progress.opened_by(unit)],
        "proved_at": event.at,
        "digests": {"source": event.source, "specs": event.specs},
    }


def last_passed(progress: Progress, claims: Mapping[UnitId, Claim]) -> Unit | None:
    """The last milestone, by year, that can be celebrated; or else the last one that passed at some time."""
    for passed in (claims, progress.achievements):
        found = [unit for unit in progress.curriculum.milestones if unit.id in passed]
        if found:
            return found[-1]
    return None


def first_unpassed(progress: Progress) -> Unit | None:
    """The first milestone that is not passed."""
    return next((u for u in progress.milestones if progress.state[u.id] != State.PASSED), None)


def word_for(progress: Progress, unit: Unit) -> str:
    """A word for the state of a milestone that is not passed."""
    exceptions = {State.BORROWED: "left out", State.NOT_RUN: "not passed yet"}
    state = progress.state[unit.id]
    return exceptions.get(state, state)


def unmet_text(progress: Progress, unit: Unit) -> str:
    """What you still need before you can pass a milestone, as a sentence."""
    if progress.learning_path and not progress.is_on_path(unit):
        return f"It is not on the path {progress.learning_path.name}."
    lock = progress.lock_text(unit)
    if lock:
        return f"It {lock}."
    if progress.state[unit.id] == State.STALE:
        return f"Run it again: {TITO.test(unit)}"
    return f"It is open: {TITO.start(unit)}"
