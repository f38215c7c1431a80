"""`tito module`: begin, test, complete, reset one module, or ask for a hint."""

from __future__ import annotations

from pathlib import Path

import click

from pytest_tinytorch.course.curriculum import Unit
from pytest_tinytorch.evidence.outcomes import State
from pytest_tinytorch.tito.session import Session, complete, open_session, print_json
from pytest_tinytorch.tito.unwritten import file_of, untouched_exercises

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

    Shows what the module opened, and what is next.

    Example: tito module complete 05
    """
    session = open_session()
    unit, before = session.module(which), session.progress
    code = session.pytest(["--checkpoint", unit.number, *arguments])
    after = session.reopened().progress
    if code == 0 and after.state[unit.id] == State.PASSED:
        from pytest_tinytorch.tito.lesson import celebration

        session.show(celebration(session, before, after, unit))
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

    Without EXERCISE: the first that you still have to write, or else the first that a run of the specs
    blames. Without NN: the module that you are at.

    Example: tito module hint 05 backward --level 2
    """
    session = open_session()
    if which and exercise is None and (owner := module_with(session, which)):
        which, exercise = owner.number, which
    unit = session.module(which) if which else current_module(session)
    name = exercise or red_exercise(session, unit)
    if name is None:
        session.say(f"Nothing is red in {unit.label}. Name an exercise: {', '.join(unit.hints)}")
        return
    if name not in unit.hints:
        from difflib import get_close_matches

        near = get_close_matches(name, unit.hints, n=1, cutoff=0.5)
        meant = f" Did you mean {near[0]!r}?" if near else ""
        raise click.UsageError(
            f"{unit.label} has no exercise {name!r}.{meant} Exercises: {', '.join(unit.hints)}"
        )
    session.say(f"{unit.label} · {name}", bold=True)
    for number, text in enumerate(unit.hints[name][:level], start=1):
        session.say(f"  {number}. {text}")


def module_with(session: Session, exercise: str) -> Unit | None:
    """The only module with an exercise of that name, unless it is the name of a unit, too."""
    checkpoints = session.workspace.curriculum.checkpoints
    owners = [unit for unit in checkpoints if exercise in unit.hints]
    is_unit = any(exercise in (unit.name, unit.number) for unit in checkpoints)
    return owners[0] if len(owners) == 1 and not is_unit else None


def current_module(session: Session) -> Unit:
    """The module that is next: the first that is open and not passed."""
    current = session.progress.current_checkpoint
    if current is None:
        raise click.UsageError("you passed all modules that are open: name one")
    if not current.source:
        raise click.UsageError(
            f"{current.label} comes first, and has no module: tito checkpoint test {current.number}"
        )
    return current


def red_exercise(session: Session, unit: Unit) -> str | None:
    """The exercise of a module that is red: the first stub, or else what a run of its specs blames."""
    left = untouched_exercises(session, unit)
    if left:
        return left[0].name
    import json
    from tempfile import TemporaryDirectory

    session.say(f"Running the specs of {unit.label} ...")
    with TemporaryDirectory() as folder:
        file = Path(folder) / "progress.json"
        session.quietly(["--checkpoint", unit.number, f"--tinytorch-json={file}"])
        try:
            progress = json.loads(file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise click.ClickException(
                f"the run gave no verdict: tito module test {unit.number} says why"
            ) from None
    names = [task["exercise"] for task in progress["tasks"] if task["unit"] == unit.id]
    found = next((name for name in names if name in unit.hints), None)
    if found is None and progress["units"][unit.id]["state"] == "broken":
        raise click.ClickException(
            f"{unit.label} is broken: tito module test {unit.number} says where"
        )
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
