"""`tito grade`: what you can ask for. Nothing that grades is imported before you do."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pytest_tinytorch.grade.sandboxkind import ASKED

if TYPE_CHECKING:
    from pytest_tinytorch.grade.session import Shard

SELECTING = ("checkpoint", "milestone", "borrow", "path")
"""Options that say what is graded, as a run of pytest has them."""
FOLDER = click.Path(path_type=Path, file_okay=False)
FILE = click.Path(path_type=Path, dir_okay=False, exists=True)


def read_shard(context: click.Context, parameter: click.Parameter, text: str | None) -> Shard:
    """The part of a class that ``2/8`` means."""
    from pytest_tinytorch.grade.session import WHOLE

    if text is None:
        return WHOLE
    found = re.fullmatch(r"([1-9]\d*)/([1-9]\d*)", text)
    if found is None or int(found[1]) > int(found[2]):
        raise click.BadParameter(
            f"write it as 2/8, the second of eight parts, from 1/8 to 8/8; got {text!r}"
        )
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
    type=click.Choice(ASKED),
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
def grade(gradescope_zip: Path | None, **given: Any) -> None:
    """Grade the submissions of a class, each in a sandbox.

    SUBMISSION is a folder with tinytorch/ in it, a zip, a tarball, a git repository (PATH@COMMIT), or a
    folder of those; or a download of Gradescope, Moodle or Classroom. Of each, only the files in tinytorch/
    are taken. The specs are those of the workspace you are in, or the installed kit's.
    DIR gets a page, a CSV and JSON for the class; and for each submission JSON, JUnit, Gradescope's results,
    a log and feedback. Run the same command again to continue, or to grade only what has changed.

    Example: tito grade submissions/ --checkpoint 01-07 --out graded/
    """
    from pytest_tinytorch.tito import grading

    named = {name: given.pop(name) for name in SELECTING}
    selected = {name: value for name, value in named.items() if value is not None}
    if gradescope_zip is not None:
        grading.write_autograder(gradescope_zip, given["course"], selected)
        return
    if given["out"] is None:
        raise click.UsageError("name the folder for the results: --out DIR")
    if given["seed"] and not given["only"]:
        raise click.UsageError("--seed needs --only ID: canaries are drawn anew for all others")
    grading.grade_or_merge(grading.Asked(selected=selected, **given))
