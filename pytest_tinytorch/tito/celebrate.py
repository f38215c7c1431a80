"""Celebrating a milestone or a stage: what it proved, what it opened, and what you can share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from pytest_tinytorch.course.commands import TITO
from pytest_tinytorch.course.curriculum import NamedCheckpoints, Unit, UnitId
from pytest_tinytorch.course.nearest import meant
from pytest_tinytorch.course.selection import unit_ranges
from pytest_tinytorch.evidence.claims import Claim, own_checkpoints
from pytest_tinytorch.evidence.outcomes import State
from pytest_tinytorch.evidence.progress import Progress
from pytest_tinytorch.terminal import milestones as drawn
from pytest_tinytorch.terminal.layout import capitalized
from pytest_tinytorch.tito.session import Session

if TYPE_CHECKING:
    from pytest_tinytorch.export.cards.card import Card
    from pytest_tinytorch.export.journey.numbers import Measure
    from pytest_tinytorch.export.journey.pictures import Picture

Command = Callable[..., None]
NARROW, BAR = 72, 16
"""Numbers have no bars on fewer columns than this; and the length of a bar."""


def milestone_celebration(
    session: Session, progress: Progress, claim: Claim, pictures: Sequence[Picture]
) -> Group:
    """What to show of a proved milestone."""
    from pytest_tinytorch.export.cards.card import milestone_card

    unit, glyphs = claim.unit, session.glyphs
    card = milestone_card(progress, claim, pictures)
    text = Text(unit.capability, "bold")
    text.append(f"\n{capitalized(card.place)}, {card.proof.partition(' · ')[0]}", "not bold")
    text.append(f"\nBadge: {unit.badge}", "yellow not bold")
    facts = {
        "Proved": unit.builds,
        "Code": card.origin,
        "Picture": picture_text(claim, pictures),
        "Opened": opened_text(progress, unit),
        "Next": next_text(progress, unit),
    }
    return Group(
        drawn.framed(text, f"{unit.year} {glyphs.dot} {unit.title}", glyphs),
        *numbers(session, card.measures),
        *labeled_lines(facts),
    )


def stage_celebration(session: Session, progress: Progress, card: Card) -> Group:
    """What to show of a proved stage."""
    text = Text("\n".join(card.sentences), "bold")
    text.append(f"\n{capitalized(card.place)}, {card.title}, {card.proof}", "not bold")
    following = next((u for u in progress.curriculum.way if u == progress.current), None)
    todo = f"{following.label}: {TITO.start(following)}" if following else ""
    facts = {"Code": card.origin, "Next": todo}
    return Group(drawn.framed(text, card.headline, session.glyphs), *labeled_lines(facts))


def labeled_lines(facts: dict[str, str]) -> list[RenderableType]:
    """Texts next to their labels; empty ones are left out."""
    grid = Table.grid(padding=(0, 1))
    grid.add_column(no_wrap=True)
    grid.add_column()
    for label, text in facts.items():
        if text:
            grid.add_row(Text(f" {label}", "bold"), Text(text))
    return [grid]


def numbers(session: Session, measures: Sequence[Measure]) -> list[RenderableType]:
    """The learner's own numbers, compared with what is required."""
    from pytest_tinytorch.export.journey.numbers import wholes

    narrow, glyphs, whole = session.width < NARROW, session.glyphs, wholes(measures)
    grid = Table.grid(padding=(0, 2))
    for one in measures:
        asked = Text(one.asked, "dim")
        name, shown = Text(f" {one.name}"), Text(one.shown, "bold")
        if narrow:
            grid.add_row(name, shown if not one.asked else Text.assemble(shown, ", ", asked))
            continue
        bar = Text()
        if one.value is not None:
            filled = round(BAR * min(1.0, max(0.0, one.value / whole[one.unit])))
            bar.append(glyphs.full * filled, "green").append(glyphs.empty * (BAR - filled), "dim")
        grid.add_row(name, shown, bar, asked)
    return [Text(), grid, Text()] if measures else [Text()]


def picture_text(claim: Claim, pictures: Sequence[Picture]) -> str:
    """Where the milestone's pictures are, if the proved code drew them."""
    from pytest_tinytorch.export.cards.card import proved_pictures
    from pytest_tinytorch.export.journey.pictures import FOLDER

    right = proved_pictures(claim, pictures)
    if right:
        return ", ".join((FOLDER / f"{picture.name}.png").as_posix() for picture in right)
    again = TITO.start(claim.unit)
    if any(picture.belongs_to(claim.unit) for picture in pictures):
        return f"of an earlier version of your code: {again} draws it again"
    return f"none yet: {again} draws one, if matplotlib is installed"


def opened_text(progress: Progress, unit: Unit) -> str:
    """What a milestone opened, or what that still waits for."""
    return "; ".join(standing_text(progress, other) for other in progress.opened_by(unit))


def standing_text(progress: Progress, unit: Unit) -> str:
    """How to start a unit, or what it waits for."""
    if not progress.is_on_path(unit):
        return f"{unit.label}, which is not on your path"
    if progress.state[unit.id] == State.PASSED:
        return f"{unit.label}, which is passed"
    lock = progress.lock_text(unit)
    return f"{unit.label}, which {lock}" if lock else f"{unit.label}: {TITO.start(unit)}"


def next_text(progress: Progress, unit: Unit) -> str:
    """The challenge after a milestone; if it is met, the first milestone that is not passed."""
    following = progress.opened_by(unit)
    if following and all(progress.state[other.id] == State.PASSED for other in following):
        left = [u for u in progress.milestones if progress.state[u.id] != State.PASSED]
        return f"{left[0].title}: {standing_text(progress, left[0])}" if left else ""
    return drawn.next_challenge(progress, unit, TITO)


def stage_named(session: Session, text: str) -> NamedCheckpoints:
    """The stage that a person names; a usage error lists all stages."""
    stages = session.workspace.curriculum.stages
    by_name = {stage.name.lower(): stage for stage in stages}
    found = by_name.get(text.strip().lower())
    if found is None:
        names = [stage.name for stage in stages]
        valid = ", ".join(names) or "none"
        raise click.UsageError(f"unknown stage {text!r}.{meant(text, names)} Valid: {valid}")
    return found


def stage_wait(progress: Progress, claims: dict[UnitId, Claim], stage: NamedCheckpoints) -> str:
    """What a stage that cannot be claimed yet waits for."""
    own = own_checkpoints(progress, stage)
    left = [unit for unit in own if unit.id not in claims]
    lent = [u for u in progress.borrowed if u.number in stage.numbers]
    if not left and lent:
        return f"You borrow {unit_ranges(lent)}, so nothing in {stage.name} is yours."
    if not left:
        return f"{stage.name} has nothing for you to write on this path."
    waits = f"{stage.name} is not passed yet: it waits for {unit_ranges(left)}."
    return f"{waits} {TITO.start(left[0])}"


def write_cards(session: Session, folder: Path, cards: Sequence[Card], quiet: bool = False) -> None:
    """Write the files of cards; a one-line error says if that fails, or if PNG is not possible."""
    from pytest_tinytorch.export.cards.write import card_files
    from pytest_tinytorch.export.files import write_all

    files, missing = card_files(folder, cards)
    try:
        write_all(files)
    except OSError as error:
        raise click.ClickException(unwritable(folder, error)) from error
    if not quiet:
        named = ", ".join(card.slug for card in cards)
        session.say(f"wrote {len(files)} files into {folder}: {named}")
    if missing:
        raise click.ClickException(missing)


def unwritable(folder: Path, error: OSError) -> str:
    """Why a folder cannot be written to, and what to do."""
    if folder.exists() and not folder.is_dir():
        return f"{folder} is a file: name a folder"
    return f"{folder} cannot be written: {error.strerror}. Name another folder"
