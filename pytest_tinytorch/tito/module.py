"""`tito module`: begin, test, complete, reset one module, or ask for a hint."""

from __future__ import annotations

from pathlib import Path

import click

from pytest_tinytorch.course import selection
from pytest_tinytorch.course.commands import TITO
from pytest_tinytorch.course.curriculum import Unit
from pytest_tinytorch.evidence.outcomes import State
from pytest_tinytorch.tito.session import Session, complete, open_session, print_json
from pytest_tinytorch.tito.unwritten import blamed_exercise, file_of, unparsed, untouched_exercises

ARGUMENT = click.argument("which", metavar="NN", shell_complete=complete("checkpoint"))
OPTIONAL = click.argument(
    "which", metavar="[NN]", required=False, shell_complete=complete("checkpoint")
)
PASSED_ON = click.argument("arguments", metavar="[-- PYTEST OPTIONS]", nargs=-1)


@click.group()
def module() -> None:
    """Work on one module: its number or its name."""


@module.command()
@OPTIONAL
@click.option("--json", "as_json", is_flag=True, help="print JSON, for programs")
def status(which: str | None, as_json: bool) -> None:
    """Show the state of each module, and what is left to write.

    Example: tito module status 03
    """
    from pytest_tinytorch.tito.lesson import described, status_lines

    session = open_session()
    progress = session.progress
    units = [session.module(which)] if which else modules(session)
    if as_json:
        print_json([described(session, progress, unit) for unit in units])
        return
    session.show(status_lines(session, progress, units))


@module.command()
@OPTIONAL
@click.option("--edit", is_flag=True, help="open the file in $EDITOR")
@click.option("--json", "as_json", is_flag=True, help="print JSON, for programs")
def start(which: str | None, edit: bool, as_json: bool) -> None:
    """Show what a module builds, and what you have to write.

    Also shows its place in history, and what it leads to. Without NN: the next module.

    Example: tito module start 05 --edit
    """
    from pytest_tinytorch.tito.lesson import described, introduction

    session = open_session()
    progress = session.progress
    if not which and progress.current_checkpoint is None:
        session.say("You passed all modules that are open. Name one to see it again.", fg="green")
        return
    unit = session.module(which) if which else current_module(session)
    if as_json:
        print_json(described(session, progress, unit))
    else:
        session.show(introduction(session, progress, unit))
    if edit:
        click.edit(filename=str(file_of(session, unit)))


@module.command(context_settings={"ignore_unknown_options": True})
@ARGUMENT
@PASSED_ON
def test(which: str, arguments: tuple[str, ...]) -> None:
    """Run the specs of a module, and those of what it needs.

    Example: tito module test 05 -- --hints 1
    """
    session = open_session()
    raise SystemExit(session.pytest(["--checkpoint", session.module(which).number, *arguments]))


@module.command("complete", context_settings={"ignore_unknown_options": True})
@ARGUMENT
@PASSED_ON
def complete_module(which: str, arguments: tuple[str, ...]) -> None:
    """Run the specs of a module, and celebrate if they pass.

    The report says what the module opened, and what is next.

    Example: tito module complete 05
    """
    session = open_session()
    unit = session.module(which)
    code = session.pytest(["--checkpoint", unit.number, *arguments])
    if code == 0 and session.reopened().progress.state[unit.id] == State.PASSED:
        from pytest_tinytorch.tito.lesson import celebration

        session.show(celebration(session, unit))
    raise SystemExit(code)


@module.command()
@ARGUMENT
@click.option("--yes", is_flag=True, help="do not ask for confirmation")
def reset(which: str, yes: bool) -> None:
    """Begin a module again. Your version stays in .tinytorch/backups/.

    Example: tito module reset 05
    """
    session = open_session()
    unit = session.module(which)
    file, fresh = file_of(session, unit), stub_text(session, unit)
    if not yes:
        click.confirm(f"Replace {file} with the untouched stub?", abort=True)
    if file.is_file():
        kept = back_up(session, unit, file)
        session.say(f"Your version is kept: {kept}")
    file.write_text(fresh, encoding="utf-8", newline="\n")
    session.say(f"{file} is the untouched stub again.")


@module.command()
@OPTIONAL
@click.argument("exercise", required=False)
@click.option("--level", type=click.IntRange(1, 3), default=1, show_default=True)
def hint(which: str | None, exercise: str | None, level: int) -> None:
    """Show a hint for an exercise.

    Without EXERCISE: the one that the last run found wrong, or else the first that you still have to
    write, or else the first that a run of the specs blames. Without NN: the module that you are at.

    Example: tito module hint 05 backward --level 2
    """
    session = open_session()
    unit, named = exercise_meant(session, which, exercise)
    name = named or red_exercise(session, unit)
    if not name:
        session.say(f"Nothing is red in {unit.label}. Name an exercise: {', '.join(unit.hints)}")
        return
    session.say(f"{unit.label} · {name}", bold=True)
    for number, text in enumerate(unit.hints[name][:level], start=1):
        session.say(f"  {number}. {text}")
    if which == unit.name and which in unit.hints and name != which:
        session.say(f"For the exercise {which}: {TITO.hint(unit, which)}")


def exercise_meant(session: Session, which: str | None, exercise: str | None) -> tuple[Unit, str]:
    """The module that a person means, and the exercise if they name one; otherwise that is empty.

    Raises:
        click.UsageError: nothing has that name, or several have; it says which are near.
    """
    from pytest_tinytorch.lessons.find import NoLesson, find_exercise  # only a hint asks for one

    curriculum = session.workspace.curriculum
    try:
        if not which:
            return current_module(session), ""
        if exercise:
            topic = find_exercise(curriculum, exercise, session.module(which))
        elif selection.find_unit(curriculum, which):
            return session.module(which), ""
        else:
            topic = find_exercise(curriculum, which)
    except (NoLesson, selection.UnknownName) as error:
        raise click.UsageError(str(error)) from None
    return topic.unit, topic.exercise


def current_module(session: Session) -> Unit:
    """The module that is next: the first that is open and not passed."""
    current = session.progress.current_checkpoint
    if current is None:
        raise click.UsageError("you passed all modules that are open: name one")
    if not current.source:
        raise click.UsageError(
            f"{current.label} comes first, and has no module: {TITO.test(current)}"
        )
    return current


def red_exercise(session: Session, unit: Unit) -> str | None:
    """The exercise that is red: what the last run blames, else the first stub, else what a run blames."""
    if blamed := blamed_exercise(session, unit):
        return blamed
    left = untouched_exercises(session, unit)
    if left:
        return left[0].name
    if (wrong := unparsed(session, unit)) is not None:
        from pytest_tinytorch.tito.lesson import shown_path

        place = f"{shown_path(session, file_of(session, unit))}:{wrong[0]}"
        raise click.ClickException(f"{place}: {wrong[1]}. Nothing can run before that is mended")
    import json

    from pytest_tinytorch.run.scratch import scratch_folder

    session.say(f"Running the specs of {unit.label} ...")
    with scratch_folder() as folder:
        file = folder / "progress.json"
        session.quietly(["--checkpoint", unit.number, f"--tinytorch-json={file}"])
        try:
            progress = json.loads(file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise click.ClickException(
                f"the run gave no verdict: {TITO.test(unit)} says why"
            ) from None
    names = [task["exercise"] for task in progress["tasks"] if task["unit"] == unit.id]
    found = next((name for name in names if name in unit.hints), None)
    if found is None and progress["units"][unit.id]["state"] == "broken":
        raise click.ClickException(f"{unit.label} is broken: {TITO.test(unit)} says where")
    return found


def modules(session: Session) -> list[Unit]:
    """The checkpoints that have a module of their own."""
    return [unit for unit in session.workspace.curriculum.checkpoints if unit.source]


def stub_text(session: Session, unit: Unit) -> str:
    """The file as a learner begins with it, cut out of the reference."""
    from pytest_tinytorch.kit import stubs

    file = session.workspace.implementation.reference / "tinytorch" / f"{unit.name}.py"
    if not file.is_file():
        raise click.ClickException(f"{file} is missing, and the stub is made from it")
    return stubs.stub_text(file.read_text(encoding="utf-8"), unit)


def back_up(session: Session, unit: Unit, file: Path) -> Path:
    """Copy the learner's version to a name that no other backup has."""
    from time import strftime

    folder = session.workspace.root / ".tinytorch" / "backups"
    folder.mkdir(parents=True, exist_ok=True)
    stem = f"{unit.number}_{unit.name}-{strftime('%Y%m%d-%H%M%S')}"
    target, count = folder / f"{stem}.py", 1
    while target.exists():
        count += 1
        target = folder / f"{stem}-{count}.py"
    target.write_bytes(file.read_bytes())
    return target
