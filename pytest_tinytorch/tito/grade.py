"""`tito grade`: grade the submissions of a class, each on its own, and go on where a run was stopped."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from functools import partial
from pathlib import Path
from shlex import quote

import click
from click.core import ParameterSource

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
    WHOLE,
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
UNSAID = (None, ParameterSource.DEFAULT, ParameterSource.DEFAULT_MAP)
"""Where the value of an option comes from that nobody gave."""
FOLDER = click.Path(path_type=Path, file_okay=False)
FILE = click.Path(path_type=Path, dir_okay=False, exists=True)


def read_shard(context: click.Context, parameter: click.Parameter, text: str | None) -> Shard:
    """The part of a class that ``2/8`` means."""
    if text is None:
        return WHOLE
    found = re.fullmatch(r"([1-9]\d*)/([1-9]\d*)", text)
    if found is None or int(found[1]) > int(found[2]):
        raise click.BadParameter(f"write it as 2/8, the second of eight parts; got {text!r}")
    return int(found[1]), int(found[2])


def read_seed(context: click.Context, parameter: click.Parameter, text: str) -> str:
    """A seed of canaries, as grades keep it."""
    if text and not re.fullmatch(r"[0-9a-f]{32}", text):
        raise click.BadParameter(f"take it from grade.json, 32 digits from 0 to f; got {text!r}")
    return text


def read_address(
    context: click.Context, parameter: click.Parameter, text: str | None
) -> str | None:
    """The address of a scheduler, as Dask writes it."""
    if text is not None and not re.fullmatch(r"(tcp|tls)://[^/\s]+:\d+/?", text):
        raise click.BadParameter(f"write it as tcp://HOST:PORT or tls://HOST:PORT; got {text!r}")
    return text


@click.command()
@click.argument("places", metavar="SUBMISSION...", nargs=-1)
@click.option("--out", type=FOLDER, metavar="DIR", help="the folder for the results")
@click.option(
    "--checkpoint", metavar="WHICH", help="grade these checkpoints: 05, 01-07, foundation"
)
@click.option("--milestone", metavar="WHICH", help="grade these milestones: 1986, 01-03")
@click.option(
    "--borrow", metavar="WHICH", help="take these modules from the reference, for everybody"
)
@click.option("--path", metavar="NAME", help="follow a learning path")
@click.option("--course", type=FILE, help="a TOML file with points, late days and limits")
@click.option(
    "--names",
    type=FILE,
    help="a CSV file with the columns submission, id, name, late_days; others go to grades.csv as they are",
)
@click.option(
    "--moodle", type=FILE, help="Moodle's grading worksheet: write it to DIR/moodle.csv with grades"
)
@click.option(
    "--classroom",
    type=FILE,
    help="Classroom's roster: write points by user name to DIR/classroom.csv",
)
@click.option(
    "--sandbox",
    type=click.Choice(sandboxes.ASKED),
    help="what keeps submissions apart: bubblewrap, unless you ask for another",
)
@click.option(
    "--image", default="", help="of docker or podman: has Python and this kit, and no network"
)
@click.option("--env", multiple=True, metavar="NAME", help="a variable that submissions may see")
@click.option(
    "--jobs", type=click.IntRange(1, 500), help="how many run at a time; one for each core"
)
@click.option(
    "--scheduler",
    metavar="ADDRESS",
    callback=read_address,
    help="run them on this Dask cluster: tcp://HOST:PORT, or tls://HOST:PORT",
)
@click.option("--shard", metavar="K/N", callback=read_shard, help="grade only the K-th of N parts")
@click.option(
    "--merge", is_flag=True, help="put the results of shards, which you name, into one folder"
)
@click.option(
    "--only", multiple=True, metavar="ID", help="grade this submission again, and no other"
)
@click.option(
    "--seed",
    default="",
    callback=read_seed,
    help="with --only: plant the canaries of this seed, which grade.json has",
)
@click.option("--verbose", is_flag=True, help="with --only: print what its run says")
@click.option(
    "--gradescope-zip",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="grade nothing, and write an autograder for Gradescope with this kit and course",
)
def grade(
    places: Sequence[str],
    out: Path | None,
    course: Path | None,
    names: Path | None,
    moodle: Path | None,
    classroom: Path | None,
    sandbox: str | None,
    image: str,
    env: Sequence[str],
    jobs: int | None,
    scheduler: str | None,
    shard: Shard,
    merge: bool,
    only: Sequence[str],
    seed: str,
    verbose: bool,
    gradescope_zip: Path | None,
    **asked: str | None,
) -> None:
    """Grade the submissions of a class, each in a sandbox.

    SUBMISSION is a folder with tinytorch/ in it, a zip, a tarball, a git repository (PATH@COMMIT), or a
    folder of those; or a download of Gradescope, Moodle or Classroom. Of each, only the files in tinytorch/
    are taken. The specs are those of the workspace you are in, or the installed kit's.
    DIR gets a page, a CSV and JSON for the class; and for each submission JSON, JUnit, Gradescope's results,
    a log and feedback. Run the same command again to continue, or to grade only what has changed.

    Example: tito grade submissions/ --checkpoint 01-07 --out graded/
    """
    selected = {name: value for name, value in asked.items() if value is not None}
    if gradescope_zip is not None:
        write_autograder(gradescope_zip, course, selected)
        return
    if out is None:
        raise click.UsageError("name the folder for the results: --out DIR")
    if seed and not only:
        raise click.UsageError("--seed needs --only ID: canaries are drawn anew for all others")
    store = Store(out.absolute())
    try:
        records = read_records(moodle, classroom)
        if merge:
            refuse_for_merge(click.get_current_context())
            with store.held():
                conclude(merge_classes([*map(Path, places)], store), store, records)
            return
        kit = open_kit(here(), course, selected)
        listed = read_list(names) if names else students_of(records)
        found = find_submissions(places, listed)
        chosen = chosen_ids(found, only)
        store.refuse_among(named_places(places))
        for line in [*origins(found), *(f"{names}: {one}" for one in unread_columns(listed or {}))]:
            click.echo(line)
        inside = sandbox_for(sandbox, image, scheduler, len(found) == 1, kit.course.limits)
        variables = {name: os.environ[name] for name in env if name in os.environ}
        job = Job(kit, inside, store.work, variables, seed=seed)
        mine = in_shard(found, shard)
        with store.held():
            work = plan(mine, job, store, chosen)
            if work.todo and inside.is_closed and scheduler is None:
                sandboxes.prepare_check(inside, kit.course.limits, store.work)
            screen = Screen(len(work.todo), [grade.ending for grade in work.known.values()])
            here_only = bool(work.todo) and scheduler is None
            with screen.shown(), groups_for(inside, here_only) as groups:
                runs = runs_on(scheduler, jobs, screen.say)
                job = replace(job, groups=groups)
                summary = grade_class(mine, work, job, store, runs, shard, screen.tell)
            if verbose:
                tell_all(summary, chosen, store, kit)
            conclude(summary, store, records)
    except WRONG as error:
        raise click.UsageError(str(error)) from error
    except KeyboardInterrupt:
        click.echo("\nStopped. What was graded is kept: run the same command again to continue.")
        raise SystemExit(130) from None


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


def sandbox_for(
    kind: str | None, image: str, scheduler: str | None, alone: bool, limits: Limits
) -> Sandbox:
    """The sandbox of this machine. On a cluster each worker finds its own, so there this is what to find."""
    if scheduler is not None:
        return sandboxes.asked_for(kind, image)
    return choose_sandbox(kind, image, alone, limits)


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
        raise click.UsageError(f"no submission is called {word!r}.{meant(word, names)}")
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
