"""`tito checkpoint`: the map of the course, and runs of its parts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Group, RenderableType
from rich.text import Text

from pytest_tinytorch.course import selection
from pytest_tinytorch.course.curriculum import Unit
from pytest_tinytorch.course.selection import unit_ranges
from pytest_tinytorch.evidence.outcomes import State
from pytest_tinytorch.evidence.progress import percent_text
from pytest_tinytorch.terminal import report
from pytest_tinytorch.terminal.glyphs import JOIN, STYLE, Glyphs
from pytest_tinytorch.terminal.layout import fold, indented
from pytest_tinytorch.tito.session import (
    Session,
    complete,
    open_session,
    print_json,
    state_table,
)
from pytest_tinytorch.tito.sharing import CARD, NAME

if TYPE_CHECKING:
    from pytest_tinytorch.evidence.progress import Progress

BAR = 20


@click.group()
def checkpoint() -> None:
    """See and run checkpoints."""


@checkpoint.command()
@click.option(
    "--detailed", is_flag=True, help="also show questions, capabilities and numbers of specs"
)
@click.option("--json", "as_json", is_flag=True, help="print JSON, for programs")
def status(detailed: bool, as_json: bool) -> None:
    """Show the state of each checkpoint, and how many of its specs pass for the current source.

    Example: tito checkpoint status --detailed
    """
    session = open_session()
    progress = session.progress
    if as_json:
        units = progress.curriculum.checkpoints
        print_json(
            [
                state_table(progress, unit) | {"stars": unit.stars, "share": progress.share(unit)}
                for unit in units
            ]
        )
    elif detailed:
        session.show(report.capability_map(progress, session.glyphs, session.width))
        session.show(passed_of_total(session))
    else:
        tiers = report.tier_lines(progress, session.glyphs, session.width)
        line = Text(progress.verdict_line(), "bold")
        session.show(Group(*tiers, indented(line, 1, session.width)))


@checkpoint.command()
@click.option("--horizontal", is_flag=True, help="show a bar for each stage and its checkpoints")
def timeline(horizontal: bool) -> None:
    """Show the course as a tree: tiers, checkpoints, and what each waits for.

    Example: tito checkpoint timeline --horizontal
    """
    session = open_session()
    session.show(
        bars(session.progress, session.glyphs, session.width) if horizontal else tree(session)
    )


@checkpoint.command(context_settings={"ignore_unknown_options": True})
@click.argument("which", metavar="NAME", shell_complete=complete("checkpoint"))
@click.argument("arguments", metavar="[-- PYTEST OPTIONS]", nargs=-1)
def test(which: str, arguments: tuple[str, ...]) -> None:
    """Run checkpoints and what they need: 05, 01-07, autograd, foundation, all.

    Example: tito checkpoint test 01-05
    """
    session = open_session()
    session.refuse_unknown(selection.select_checkpoints, which)
    raise SystemExit(session.pytest(["--checkpoint", which, *arguments]))


@checkpoint.command(context_settings={"ignore_unknown_options": True})
@click.argument("arguments", metavar="[-- PYTEST OPTIONS]", nargs=-1)
def unlock(arguments: tuple[str, ...]) -> None:
    """Run everything that is open, and open what follows from it.

    Exit code 0 unless something is wrong, broken, not run or to do again.
    """
    raise SystemExit(open_session().pytest(["--todo-ok", *arguments]))


@checkpoint.command()
@click.argument("stage", metavar="STAGE")
@CARD
@NAME
def celebrate(stage: str, folder: Path | None, name: str) -> None:
    """Celebrate a stage that you passed, with words and cards to share.

    Stages are named in `tito checkpoint timeline --horizontal`.

    Example: tito checkpoint celebrate Basics --card cards
    """
    from pytest_tinytorch.evidence.claims import is_passed
    from pytest_tinytorch.tito.celebrate import (
        stage_celebration,
        stage_named,
        stage_wait,
        write_cards,
    )

    session = open_session()
    progress = session.progress
    chosen, claims = stage_named(session, stage), session.claims(progress)
    if not is_passed(progress, claims, chosen):
        session.say(stage_wait(progress, claims, chosen), fg="yellow")
        raise SystemExit(1)
    from pytest_tinytorch.export.cards.card import stage_card
    from pytest_tinytorch.export.cards.words import profile_text

    card = stage_card(progress, claims, chosen, name)
    session.show(stage_celebration(session, progress, card))
    session.say("\nTo share:", bold=True)
    session.say(profile_text(card), hang=0)
    if folder is not None:
        write_cards(session, folder, [card])


def passed_of_total(session: Session) -> Group:
    """How many specs there are, and when what was passed."""
    manifest, achievements = session.workspace.manifest, session.progress.achievements
    lines = [Text()]
    for unit in session.progress.checkpoints:
        total = len(manifest.get(unit.id, ()))
        head = Text(f" {unit.label:<18} {total:>4} specs")
        when = f"  first passed {achievements[unit.id].at[:10]}" if unit.id in achievements else ""
        lines.append(fold(head, Text(when, "dim"), session.width))
    return Group(*lines)


def tree(session: Session) -> RenderableType:
    """Tiers as branches, checkpoints as leaves, connected by lines."""
    progress, glyphs = session.progress, session.glyphs
    units = [u for u in progress.curriculum.checkpoints if u not in progress.left_out]
    from rich.tree import Tree

    root = Tree(Text(progress.curriculum.title, "bold"), guide_style="dim")
    grouped = {number for tier in progress.curriculum.tiers for number in tier.numbers}
    for unit in units:
        if unit.number not in grouped:
            root.add(leaf(progress, glyphs, unit))
    for tier in progress.curriculum.tiers:
        shown = [unit for unit in units if unit.number in tier.numbers]
        own = [unit for unit in shown if progress.is_on_path(unit)]
        if shown:
            text = f"{progress.count_passed(own)} of {len(own)}" if own else "borrowed"
            branch = root.add(Text(f"{tier.name}  {text}", "bold"))
            for unit in shown:
                branch.add(leaf(progress, glyphs, unit))
    return root


def leaf(progress: Progress, glyphs: Glyphs, unit: Unit) -> Text:
    """A checkpoint with its state, and what it waits for."""
    state = progress.state[unit.id]
    text = Text(f"{glyphs.of(state)} {unit.label}", STYLE[state])
    waits = progress.opens_after(unit)
    if waits and state != State.PASSED:
        text.append(f"  opens after {unit_ranges(waits)}", "dim")
    return text


def bars(progress: Progress, glyphs: Glyphs, width: int) -> RenderableType:
    """A bar for each stage, with how far each of its checkpoints is, and a last one for all of the course."""
    rows = [
        (stage.name, [unit for unit in progress.checkpoints if unit.number in stage.numbers])
        for stage in progress.curriculum.stages
    ]
    followed = progress.learning_path
    rows.append((followed.name if followed else "all", list(progress.checkpoints)))
    length = max(6, min(BAR, width - 26))
    lines: list[RenderableType] = []
    for name, units in (row for row in rows if row[1]):
        bar = report.progress_bar(progress, units, glyphs, length)
        lines.append(Text(f" {name:<13}").append(bar))
        told = shares(progress, units) if units != rows[-1][1] else None
        lines += [indented(told, 15 if width >= 60 else 2, width)] if told else []
    return Group(*lines)


def shares(progress: Progress, units: Sequence[Unit]) -> Text:
    """How much of the specs of each checkpoint passes, as far as the ledger knows that."""
    known = [(unit, share) for unit in units if (share := progress.share(unit)) is not None]
    text = Text()
    for unit, share in known:
        text.append("  " if text else "")
        name = f"{unit.name}{JOIN}{percent_text(share)}"
        text.append(name, "green" if share == 1 else "yellow")
    return text
