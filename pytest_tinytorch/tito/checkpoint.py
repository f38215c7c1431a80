"""`tito checkpoint`: the map of the course, and runs of its parts."""

from __future__ import annotations

from pathlib import Path

import click
from rich.console import Group, RenderableType
from rich.text import Text
from rich.tree import Tree

from pytest_tinytorch.course.curriculum import Unit
from pytest_tinytorch.course.selection import unit_ranges
from pytest_tinytorch.evidence.claims import is_passed
from pytest_tinytorch.evidence.outcomes import State
from pytest_tinytorch.evidence.progress import Progress
from pytest_tinytorch.terminal import report
from pytest_tinytorch.terminal.glyphs import STYLE, Glyphs
from pytest_tinytorch.terminal.layout import fold
from pytest_tinytorch.tito.celebrate import (
    CARD,
    NAME,
    stage_celebration,
    stage_named,
    stage_wait,
    write_cards,
)
from pytest_tinytorch.tito.session import (
    Session,
    complete,
    open_session,
    print_json,
    state_table,
)

BAR = 20


@click.group()
def checkpoint() -> None:
    """See and run checkpoints."""


@checkpoint.command()
@click.option("--detailed", is_flag=True, help="with questions, capabilities and numbers of specs")
@click.option("--json", "as_json", is_flag=True, help="for programs")
def status(detailed: bool, as_json: bool) -> None:
    """Where each checkpoint stands.

    Example: tito checkpoint status --detailed
    """
    session = open_session()
    progress = session.progress
    if as_json:
        units = progress.curriculum.checkpoints
        print_json([state_table(progress, unit) | {"stars": unit.stars} for unit in units])
    elif detailed:
        session.show(report.capability_map(progress, session.glyphs, session.width))
        session.show(passed_of_total(session))
    else:
        tiers = report.tier_lines(progress, session.glyphs, session.width)
        session.show(Group(*tiers, Text(f" {progress.verdict_line()}", "bold")))


@checkpoint.command()
@click.option("--horizontal", is_flag=True, help="a line of progress for each stage")
def timeline(horizontal: bool) -> None:
    """The course as a tree, from tier to checkpoint to what a checkpoint waits for.

    Example: tito checkpoint timeline --horizontal
    """
    session = open_session()
    drawn = bars(session) if horizontal else tree(session)
    session.show(drawn)


@checkpoint.command(context_settings={"ignore_unknown_options": True})
@click.argument("which", metavar="NAME", shell_complete=complete("checkpoint"))
@click.argument("arguments", metavar="[-- PYTEST OPTIONS]", nargs=-1)
def test(which: str, arguments: tuple[str, ...]) -> None:
    """Run checkpoints and what they need: 05, 01-07, autograd, foundation, all.

    Example: tito checkpoint test 01-05
    """
    raise SystemExit(open_session().pytest(["--checkpoint", which, *arguments]))


@checkpoint.command(context_settings={"ignore_unknown_options": True})
@click.argument("arguments", metavar="[-- PYTEST OPTIONS]", nargs=-1)
def unlock(arguments: tuple[str, ...]) -> None:
    """Run whatever is open, and open what that proves.

    Exit code 0 unless something is wrong, broken, not run or gone back.
    """
    raise SystemExit(open_session().pytest(["--todo-ok", *arguments]))


@checkpoint.command()
@click.argument("stage", metavar="STAGE")
@CARD
@NAME
def celebrate(stage: str, folder: Path | None, name: str) -> None:
    """What a stage of the course comes to once you have passed it, with words and cards to share.

    Stages are named in `tito checkpoint timeline --horizontal`.

    Example: tito checkpoint celebrate Basics --card cards
    """
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


def bars(session: Session) -> RenderableType:
    """A bar for each stage, and a last one for all of the course."""
    progress, glyphs = session.progress, session.glyphs
    rows = [
        (stage.name, [unit for unit in progress.checkpoints if unit.number in stage.numbers])
        for stage in progress.curriculum.stages
    ]
    followed = progress.learning_path
    rows.append((followed.name if followed else "all", list(progress.checkpoints)))
    length = max(6, min(BAR, session.width - 26))
    return Group(
        *(
            Text(f" {name:<13}").append(report.progress_bar(progress, units, glyphs, length))
            for name, units in rows
            if units
        )
    )
