"""`tito data`: which data sets there are, where they are, and whether they are whole."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from pytest_tinytorch.course.curriculum import DataSet
from pytest_tinytorch.course.curriculumfile import load_curriculum
from pytest_tinytorch.evidence.implementation import PACKAGE
from pytest_tinytorch.tito.session import Session, open_session, print_json

OPENED: Mapping[str, tuple[str, tuple[object, ...]]] = {
    "tinydigits": ("TinyDigits", (True, False)),
    "tinytalks": ("TinyTalks", ("train", "validation", "test")),
    "mnist": ("MNIST", (True, False)),
    "cifar10": ("CIFAR10", (True, False)),
}
"""Name of each data set of the kit's curriculum to its class in `tinytorch.datasets`, and to the arguments
that open each part of it."""
NAMES = click.Choice([*OPENED])
WHOLE, MISSING, DAMAGED = "whole", "not here", "damaged"
PROCESS = Path(__file__).with_name("dataset_process.py")
"""Opens data sets in a process of its own: `tito` never imports the package under test."""


@click.group()
def data() -> None:
    """See, fetch and verify data sets."""


@data.command("list")
@click.option("--json", "as_json", is_flag=True, help="print JSON, for programs")
def list_all(as_json: bool) -> None:
    """List the data sets, and which of them are here.

    Example: tito data list
    """
    session = open_session()
    rows = look(session, data_sets())
    if as_json:
        print_json([{"name": o.name, "state": s, "megabytes": o.download} for o, s, _ in rows])
        return
    for one, state, _ in rows:
        size = f"{one.download:g} MB" if one.download else "ships"
        session.say(f" {one.name:<11} {size:<7} {state:<9} {one.what}", hang=12)


@data.command()
@click.argument("name", type=NAMES)
def get(name: str) -> None:
    """Download a data set once, and check it.

    Example: tito data get mnist
    """
    session = open_session()
    ((one, state, why),) = look(session, [named(name)], download=True)
    if state != WHOLE:
        raise click.ClickException(why)
    session.say(f"{one.name} is here, and whole.")


@data.command()
@click.argument("name", type=NAMES, required=False)
@click.option("--json", "as_json", is_flag=True, help="print JSON, for programs")
def verify(name: str | None, as_json: bool) -> None:
    """Read every file of the data sets that are here, and check digests, formats and sizes.

    Exit code 1 if one is damaged, or if the one you name is not here.
    """
    session = open_session()
    found = look(session, [named(name)] if name else data_sets())
    bad = [one for one, state, _ in found if state == DAMAGED or (name and state == MISSING)]
    if as_json:
        print_json([{"name": one.name, "state": state, "why": why} for one, state, why in found])
    for one, state, why in () if as_json else found:
        session.say(f" {one.name:<11} {state}")
        if one in bad:
            session.say(f"   {why}")
    raise SystemExit(1 if bad else 0)


def data_sets() -> tuple[DataSet, ...]:
    """Those of the kit, whatever course a workspace follows."""
    return load_curriculum().datasets


def named(name: str) -> DataSet:
    """The data set that a person means."""
    return next(one for one in data_sets() if one.name == name)


def look(
    session: Session, sets: Sequence[DataSet], download: bool = False
) -> list[tuple[DataSet, str, str]]:
    """(data set, state, why) of each; what is not here is downloaded only if that is asked for."""
    answers = ask_process(session.workspace.implementation.folder, sets, download)
    return [(one, *state_and_reason(answer)) for one, answer in zip(sets, answers, strict=True)]


def state_and_reason(answer: Mapping[str, Any] | None) -> tuple[str, str]:
    """(state, why) of a data set, from what the process says of it."""
    if answer is None:
        return WHOLE, ""
    return (MISSING if answer["missing"] else DAMAGED), answer["why"]


def ask_process(
    folder: Path, sets: Sequence[DataSet], download: bool
) -> list[Mapping[str, Any] | None]:
    """Let the package in ``folder`` open every part of data sets, in a process of its own."""
    requests = [(*OPENED[one.name], {"download": download} if one.download else {}) for one in sets]
    # -P and -B: the package is taken from its folder, and that is left as it is.
    command = [sys.executable, "-P", "-B", str(PROCESS), str(folder), json.dumps(requests)]
    done = subprocess.run(command, stdout=subprocess.PIPE, encoding="utf-8", check=False)
    try:
        answers = json.loads(done.stdout)
    except ValueError:
        answers = f"the process that opens them ended with exit code {done.returncode}"
    if isinstance(answers, str):
        raise click.ClickException(f"{folder / PACKAGE} cannot open data sets: {answers}")
    return list(answers)
