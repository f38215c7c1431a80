"""What `tito grade` does: it grades a class, each submission on its own, and goes on where a run stopped."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from functools import partial
from pathlib import Path
from shlex import quote

import click
from click.core import ParameterSource
from msgspec import Struct

from pytest_tinytorch.course.curriculum import CurriculumError
from pytest_tinytorch.course.nearest import meant
from pytest_tinytorch.course.selection import UnknownName
from pytest_tinytorch.export.files import write_whole
from pytest_tinytorch.grade import cgroups, cluster, pool
from pytest_tinytorch.grade import sandbox as sandboxes
from pytest_tinytorch.grade.cgroups import Groups
from pytest_tinytorch.grade.classlist import ListError, read_list, unread_columns
from pytest_tinytorch.grade.course import CourseError, Limits
from pytest_tinytorch.grade.feedback import home_command, home_note
from pytest_tinytorch.grade.grades import Ending
from pytest_tinytorch.grade.jobs import Job
from pytest_tinytorch.grade.kit import Kit, open_kit
from pytest_tinytorch.grade.pool import GradeMany
from pytest_tinytorch.grade.records import Records, read_records, students_of
from pytest_tinytorch.grade.sandbox import NoSandbox, Sandbox
from pytest_tinytorch.grade.session import (
    Shard,
    grade_class,
    in_shard,
    merge_classes,
    plan,
)
from pytest_tinytorch.grade.store import PAGE, TABLE, Busy, InTheWay, Store
from pytest_tinytorch.grade.submissions import (
    Submission,
    find_submissions,
    named_places,
    origins,
)
from pytest_tinytorch.grade.summary import (
    MergeError,
    Summary,
    is_final,
    submission_of,
)
from pytest_tinytorch.grade.surroundings import choose_sandbox
from pytest_tinytorch.terminal.plaintext import harmless_text
from pytest_tinytorch.tito.gradescreen import Screen
from pytest_tinytorch.tito.session import NoWorkspace, find_workspace

WRONG = (
    CourseError,
    CurriculumError,
    UnknownName,
    ListError,
    NoSandbox,
    MergeError,
    Busy,
    InTheWay,
    ValueError,
)
"""What a person can mend, and whose message says how."""
MERGING = ("places", "out", "merge", "moodle", "classroom")
"""What has a meaning when shards are put together."""
SHOWN = 6
"""How many submissions a message names."""
UNSAID = (None, ParameterSource.DEFAULT, ParameterSource.DEFAULT_MAP)
"""Where the value of an option comes from that nobody gave."""


class Asked(Struct, frozen=True):
    """What a person asks of `tito grade`; `tito grade --help` says what each means."""

    places: Sequence[str]
    out: Path
    selected: Mapping[str, str]
    course: Path | None
    names: Path | None
    moodle: Path | None
    classroom: Path | None
    sandbox: str | None
    image: str
    env: Sequence[str]
    jobs: int | None
    scheduler: str | None
    shard: Shard
    merge: bool
    only: Sequence[str]
    seed: str
    verbose: bool


def grade_or_merge(asked: Asked) -> None:
    """Grade a class, or put together what shards of it came to, and write the results."""
    store = Store(asked.out.absolute())
    try:
        records = read_records(asked.moodle, asked.classroom)
        if asked.merge:
            refuse_for_merge(click.get_current_context())
            with store.held():
                conclude(merge_classes([*map(Path, asked.places)], store), store, records)
        else:
            grade_all(asked, store, records)
    except WRONG as error:
        raise click.UsageError(str(error)) from error
    except KeyboardInterrupt:
        click.echo("\nStopped. What was graded is kept: run the same command again to continue.")
        raise SystemExit(130) from None


def grade_all(asked: Asked, store: Store, records: Sequence[Records]) -> None:
    """Grade what is not graded yet, and say what came of it."""
    kit = open_kit(here(), asked.course, asked.selected)
    listed = read_list(asked.names) if asked.names else students_of(records)
    found = find_submissions(asked.places, listed)
    chosen = chosen_ids(found, asked.only)
    store.refuse_among(named_places(asked.places))
    unread = [f"{asked.names}: {one}" for one in unread_columns(listed or {})]
    for line in [*origins(found), *unread]:
        click.echo(line)
    inside = sandbox_for(asked, len(found) == 1, kit.course.limits)
    variables = {name: os.environ[name] for name in asked.env if name in os.environ}
    job = Job(kit, inside, store.work, variables, seed=asked.seed)
    mine = in_shard(found, asked.shard)
    with store.held():
        work = plan(mine, job, store, chosen)
        here_only = bool(work.todo) and asked.scheduler is None
        if here_only and inside.is_closed:
            sandboxes.prepare_check(inside, kit.course.limits, store.work)
        screen = Screen(len(work.todo), [grade.ending for grade in work.known.values()])
        with screen.shown(), groups_for(inside, here_only) as groups:
            runs = runs_on(asked.scheduler, asked.jobs, screen.say)
            job = replace(job, groups=groups)
            summary = grade_class(mine, work, job, store, runs, asked.shard, screen.tell)
        if asked.verbose:
            tell_all(summary, chosen, store, kit)
        conclude(summary, store, records)


def tell_all(summary: Summary, chosen: frozenset[str], store: Store, kit: Kit) -> None:
    """Print what the chosen runs say, the seed of their canaries, and how to see the same at home."""
    for line in summary.lines:
        if line.id in chosen:
            files = store.files(submission_of(line))
            click.echo(harmless_text(files.get("log.txt", ""), 10**6))
            if line.grade.seed:
                click.echo(
                    f"The same canaries again: --only {quote(line.id)} --seed {line.grade.seed}"
                )
    click.echo(f"At home: {home_command(kit)}\n{home_note()}")


def write_autograder(file: Path, course: Path | None, selected: Mapping[str, str]) -> None:
    """Write an autograder for Gradescope, and say what to do with it."""
    from pytest_tinytorch.grade.autograder import autograder_zip

    try:
        data = autograder_zip(open_kit(here(), course, selected), here(), course)
        write_whole(file, data)
    except (*WRONG, OSError) as error:
        raise click.UsageError(str(error)) from error
    click.echo(f"{file}: upload it on Gradescope, under Configure Autograder")


def sandbox_for(asked: Asked, alone: bool, limits: Limits) -> Sandbox:
    """The sandbox of this machine. On a cluster each worker finds its own, so there this is what to find."""
    if asked.scheduler is not None:
        return sandboxes.asked_for(asked.sandbox, asked.image)
    return choose_sandbox(asked.sandbox, asked.image, alone, limits)


def groups_for(sandbox: Sandbox, runs_here: bool) -> AbstractContextManager[Groups | None]:
    """Cgroups for the runs of this machine, where it lets us have some. A container has one of its own."""
    return cgroups.opened() if runs_here and not sandbox.is_container else nullcontext()


def runs_on(scheduler: str | None, jobs: int | None, say: Callable[[str], None]) -> GradeMany:
    """What runs the submissions: this machine, or a cluster."""
    if scheduler is None:
        return partial(pool.grade_many, jobs=jobs or os.cpu_count() or 1)
    return partial(cluster.grade_many, address=scheduler, jobs=jobs, say=say)


def here() -> Path | None:
    """The workspace at or above the current folder; None if there is none, which means the installed kit."""
    try:
        return find_workspace(Path.cwd())
    except NoWorkspace:
        return None


def refuse_for_merge(context: click.Context) -> None:
    """Refuse options that change nothing in shards, which are graded already."""
    for one in context.command.params:
        name = one.name or ""
        given = context.get_parameter_source(name) not in UNSAID
        if given and name not in MERGING:
            raise click.UsageError(
                f"{one.opts[0]} changes nothing with --merge: name it for each shard, which grades nothing"
                " twice, and merge them then"
            )


def chosen_ids(found: Sequence[Submission], only: Iterable[str]) -> frozenset[str]:
    """The ids of the submissions that are chosen, by id or by another name. No other word will do."""
    if not found:
        raise click.UsageError("there is nothing to grade: name folders or archives of submissions")
    return frozenset(chosen_id(found, word) for word in only)


def chosen_id(found: Sequence[Submission], word: str) -> str:
    """The id of the one submission that is called so."""
    ids = [one.id for one in found]
    called = [word] if word in ids else [one.id for one in found if word in one.also]
    if len(called) > 1:
        raise click.UsageError(f"--only {word}: say which: {', '.join(called)}")
    if not called:
        names = [*ids, *(name for one in found for name in one.also)]
        there = ", ".join(ids[:SHOWN]) + (f" and {len(ids) - SHOWN} more" if ids[SHOWN:] else "")
        told = meant(word, names) or f" There is {there}"
        raise click.UsageError(f"no submission is called {word!r}.{told}")
    return called[0]


def conclude(summary: Summary, store: Store, records: Sequence[Records] = ()) -> None:
    """Say what came of it; exit code 1 if something has to be graded again."""
    endings = [line.grade.ending for line in summary.lines]
    counts = [f"{endings.count(ending)} {ending}" for ending in Ending if ending in endings]
    click.echo(f"{', '.join(counts)}. The class: {store.folder / PAGE}, {store.folder / TABLE}")
    for one in records:
        record = one.record(summary)
        store.write_record(record.name, record.data)
        click.echo(record.told())
    if left := [line for line in summary.lines if not is_final(line)]:
        click.echo(f"Run it again for these: {', '.join(line.id for line in left)}")
        raise SystemExit(1)
