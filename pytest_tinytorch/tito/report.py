"""`tito report`: where you stand, in the terminal or as files; cards and a portfolio to share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Group
from rich.text import Text

from pytest_tinytorch.course.options import EXPORTS
from pytest_tinytorch.terminal.layout import fold
from pytest_tinytorch.tito.session import Session, open_session
from pytest_tinytorch.tito.sharing import NAME

if TYPE_CHECKING:
    from pytest_tinytorch.evidence.progress import Progress
    from pytest_tinytorch.export.portfolio.page import Portfolio

FOLDER = click.Path(path_type=Path)


def files(command: Callable[..., None]) -> Callable[..., None]:
    """An option for each format of a report: the file to write it to."""
    for name, text in reversed(EXPORTS.items()):
        kind = click.Path(path_type=Path)
        command = click.option(f"--{name}", type=kind, metavar="FILE", help=text)(command)
    return command


@click.command()
@files
@click.option(
    "--portfolio",
    type=FOLDER,
    metavar="DIR",
    help="write a page to publish, DIR/index.html: what you proved, and how to check it",
)
@click.option(
    "--show",
    multiple=True,
    metavar="MODULE.NAME",
    help="show this function of yours in the portfolio, as in tensor.matmul; may be repeated",
)
@click.option(
    "--cards",
    type=FOLDER,
    metavar="DIR",
    help="write a card of each milestone and stage that you passed",
)
@NAME
@click.option(
    "--digests",
    is_flag=True,
    help="print the digests of what each proof depends on, to compare them",
)
def report(
    portfolio: Path | None,
    show: tuple[str, ...],
    cards: Path | None,
    name: str,
    digests: bool,
    **asked: Path | None,
) -> None:
    """Show your progress in the terminal, or write it to files.

    Example: tito report --markdown progress.md --badge badge.svg

    Example: tito report --portfolio site --name "Ada Lovelace" --show tensor.matmul
    """
    if show and portfolio is None:
        raise click.UsageError("--show requires --portfolio DIR: functions appear in the portfolio")
    session = open_session()
    progress = session.progress
    wanted = {name: file for name, file in asked.items() if file is not None}
    if digests:
        session.show(digest_lines(session, progress))
    elif not wanted and portfolio is None and cards is None:
        from pytest_tinytorch.course.commands import TITO
        from pytest_tinytorch.terminal.report import capability_report

        session.show(capability_report(progress, session.glyphs, session.width, TITO))
    write_exports(session, progress, wanted)
    if portfolio is not None:
        write_portfolio(session, progress, portfolio, show, name)
    if cards is not None:
        write_all_cards(session, progress, cards, name)


def write_exports(session: Session, progress: Progress, wanted: dict[str, Path]) -> None:
    """Write a report in each format that is requested."""
    if not wanted:
        return
    from pytest_tinytorch.export.formats import write_export

    for name, file in wanted.items():
        try:
            write_export(progress, name, file, session.workspace.root)
        except OSError as error:
            raise click.ClickException(f"{file} cannot be written: {error.strerror}") from error
        session.say(f"wrote {file}")


def digest_lines(session: Session, progress: Progress) -> Group:
    """Each proved unit, with the digests of what it depends on."""
    claims = session.claims(progress)
    if not claims:
        return Group(Text("Nothing is proved yet.", "yellow"))
    lines = []
    for claim in claims.values():
        head = Text(f" {claim.unit.label:<18} source {claim.source}")
        lines.append(fold(head, Text(f"  specs {claim.event.specs}"), session.width))
    return Group(*lines)


def write_portfolio(
    session: Session, progress: Progress, folder: Path, shown: Sequence[str], name: str
) -> None:
    """Write the page, or say in one line why that is not possible."""
    from pytest_tinytorch.export.files import write_whole
    from pytest_tinytorch.export.journey.pictures import read_pictures
    from pytest_tinytorch.export.portfolio import functions, page
    from pytest_tinytorch.tito.celebrate import unwritable

    claims = session.claims(progress)
    if not any(claim.unit.source for claim in claims.values()):
        raise click.ClickException(nothing_proved(progress))
    source = functions.Source(session.workspace, progress, claims)
    try:
        chosen = [source.find(text) for text in dict.fromkeys(shown)]
    except functions.NotShown as error:
        raise click.BadParameter(str(error), param_hint="--show") from None
    pictures = read_pictures(session.workspace.root)
    made = page.Portfolio(progress, page.of_work(claims), pictures, chosen, name)
    file = folder / "index.html"
    try:
        if file.is_file() and page.GENERATOR not in file.read_text("utf-8", "replace"):
            raise click.ClickException(f"{file} is not a portfolio: name another folder")
        write_whole(file, page.portfolio_page(made).encode("utf-8"))
    except OSError as error:
        raise click.ClickException(unwritable(folder, error)) from error
    session.say(f"wrote {file}")
    for text in left_out(made):
        session.say(f"left out {text}", fg="yellow")


def left_out(made: Portfolio) -> list[str]:
    """Pictures that the proved code did not draw, and the command that draws them again."""
    from pytest_tinytorch.export.cards.card import proved_pictures

    return [
        f"{picture.name}.png: it was not drawn by the proved code."
        f" tito milestone start {claim.unit.year} draws it again"
        for claim in made.milestones
        for picture in made.pictures
        if picture.belongs_to(claim.unit)
        and picture.data
        and picture not in proved_pictures(claim, made.pictures)
    ]


def write_all_cards(session: Session, progress: Progress, folder: Path, name: str) -> None:
    """Write the card of each milestone and each stage that is passed."""
    from pytest_tinytorch.evidence.claims import stages_passed
    from pytest_tinytorch.export.cards.card import milestone_card, stage_card
    from pytest_tinytorch.export.journey.pictures import read_pictures
    from pytest_tinytorch.tito.celebrate import write_cards

    claims, pictures = session.claims(progress), read_pictures(session.workspace.root)
    milestones = [claim for claim in claims.values() if claim.unit.is_milestone]
    made = [milestone_card(progress, claim, pictures, name) for claim in milestones]
    made += [stage_card(progress, claims, stage, name) for stage in stages_passed(progress, claims)]
    if not made:
        raise click.ClickException(
            "no milestone and no stage is passed yet, so there is no card. `tito` says what is next"
        )
    write_cards(session, folder, made)


def nothing_proved(progress: Progress) -> str:
    """The message for someone who has nothing to show yet."""
    units = progress.curriculum.units
    if any(unit.id in progress.achievements for unit in units if unit.source):
        return "nothing is proved for the current source: tito checkpoint unlock proves it again"
    return "nothing of yours is proved yet, so there is nothing to show. `tito` says what is next"
