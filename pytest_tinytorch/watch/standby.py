"""A run that begins before anybody saves: its options are read, its specs are collected, and it waits.

What it has read by then it does not judge: it reads the source once it knows what to run. Should anything
else have been written meanwhile, or other specs be to run, it gives up, and a run that begins anew
takes its place.
"""

from __future__ import annotations

import gc
import os
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NoReturn

import msgspec
import pytest
from msgspec.structs import replace

from pytest_tinytorch import options, plugin, settings
from pytest_tinytorch.course.curriculum import Unit
from pytest_tinytorch.evidence import importing
from pytest_tinytorch.evidence.digests import read_if_present
from pytest_tinytorch.evidence.implementation import PACKAGE, Implementation
from pytest_tinytorch.evidence.plan import Plan
from pytest_tinytorch.evidence.workspace import Workspace
from pytest_tinytorch.run import standins, suspects
from pytest_tinytorch.run.judge import Judge
from pytest_tinytorch.run.reports import unit_of
from pytest_tinytorch.run.runner import Runner
from pytest_tinytorch.run.shortcut import fits
from pytest_tinytorch.run.witness import Witness, digest_and_time, helper_digests
from pytest_tinytorch.watch.affected import affected_checkpoints
from pytest_tinytorch.watch.request import Request, as_saved


class Order(msgspec.Struct, frozen=True):
    """What a run is told that waits.

    Attributes:
        request: what to do.
        drawn: whether no other run has had the examples that it holds.
    """

    request: Request
    drawn: bool


class Orders:
    """Where a run that waits is told what to do: a file, and a pipe that ends once something is in it.

    So whoever gives an order waits for nobody, and who waits for one is never left alone. An order that is
    still there once the run has ended was not taken on.
    """

    def __init__(self) -> None:
        self.file = tempfile.TemporaryFile()  # noqa: SIM115
        reading, writing = os.pipe()
        self.reading, self.writing = os.fdopen(reading, "rb"), os.fdopen(writing, "wb")

    def only_read(self) -> None:
        """In the process that waits."""
        self.writing.close()

    def only_give(self) -> None:
        """In the process that it waits for."""
        self.reading.close()

    def give(self, order: Order) -> None:
        """Tell what to do."""
        self.file.write(msgspec.json.encode(order))
        self.file.flush()
        self.writing.close()

    def wait(self) -> Order | None:
        """What to do, after waiting for it; None if nobody is left who would tell."""
        self.reading.read()
        self.file.seek(0)
        text = self.file.read()
        return msgspec.json.decode(text, type=Order) if text else None

    def take_on(self) -> None:
        """Say that it is done from here. The code under test has no hand on either."""
        self.file.truncate(0)
        self.close()

    def are_left(self) -> bool:
        """Whether there is an order that nobody has taken on."""
        return os.fstat(self.file.fileno()).st_size > 0

    def close(self) -> None:
        """Let go of both."""
        for file in (self.file, self.reading, self.writing):
            file.close()


class Standby:
    """What a run that waits has to find again as it was.

    Args:
        root: the workspace.
        orders: where it is told what to do.
    """

    def __init__(self, root: Path, orders: Orders) -> None:
        self.root = root
        self.orders = orders
        self.begun = time.time_ns()
        self.settings = settings_in(root)
        self.helpers: Mapping[str, tuple[str, int]] = {}

    def look_ahead(self, items: Sequence[pytest.Item], workspace: Workspace) -> None:
        """Find out what every spec is asked for, how it can run, and what explains its failure."""
        for item in items:
            _ = item.location, fits(item)
        units = {item.path: unit for item in items if (unit := unit_of(item)) is not None}
        for file, unit in units.items():
            read_ahead(text_in(file), unit, workspace.implementation)
        gc.freeze()  # what is there now stays: no worker is to look among it for garbage

    def order(self, witness: Witness) -> Order:
        """What to do, after waiting for it."""
        names = frozenset(sys.modules)
        self.helpers = helper_digests(self.root, names)
        if not self.helpers:
            witness.seen |= names  # no spec has to look through all of them again
        return self.orders.wait() or give_up()

    def renew(self, config: pytest.Config, request: Request) -> bool:
        """Let a run judge the source as it is now; says whether all else is as it was, so that it may."""
        judge, runner = (config.pluginmanager.get_plugin(n) for n in (plugin.JUDGE, plugin.RUNNER))
        assert isinstance(judge, Judge)
        assert isinstance(runner, Runner)
        if importing.is_imported() or not self.is_as_it_was():
            return False
        config.stash[plugin.UNSAVED] = unsaved_of(request)
        try:
            found = plugin.workspace_of(config, options.read_options(config))
            found = replace(found, pinned=found.implementation.sources())
            plan = found.plan(judge.narrowed)
        except (ValueError, pytest.UsageError):
            return False
        asks_for_the_same = checkpoints_of(found, request) == config.option.checkpoint
        if not (asks_for_the_same and runs_the_same(plan, judge.plan) and is_beside(found, judge)):
            return False
        self.orders.take_on()
        importing.pin(found.implementation, found.sources)
        runner.take(found, plan)
        judge.take(found, plan)
        return True

    def is_as_it_was(self) -> bool:
        """Whether settings and helpers are as this run has read them."""
        helpers = self.helpers.items()
        return self.settings == settings_in(self.root) and all(
            told == digest_and_time(self.root / path) and told[1] < self.begun
            for path, told in helpers
        )


def read_ahead(spec: str, unit: Unit, place: Implementation) -> None:
    """Find out what explains the failures of a unit's specs, as far as its source will be what it is now."""
    solution = place.reference / PACKAGE / f"{unit.name}.py"
    suspects.read_ahead(spec, unit.name, text_in(place.file(unit.name)), unit.hints)
    standins.read_ahead(text_in(solution), unit.hints)


def text_in(file: Path) -> str:
    """What is in a file; nothing if that is no text."""
    try:
        return (read_if_present(file) or b"").decode("utf-8")
    except UnicodeDecodeError:
        return ""


def give_up() -> NoReturn:
    """End this process, and let another one do what it was asked for."""
    os._exit(1)


def settings_in(root: Path) -> Mapping[Path, bytes | None] | None:
    """What stands in the files that say what a workspace is; None if they cannot be read."""
    try:
        return {file: read_if_present(file) for file in settings.files_of(root)}
    except ValueError:
        return None


def unsaved_of(request: Request) -> Mapping[str, bytes]:
    """What stands in an editor, as it would be saved."""
    return {name: as_saved(text) for name, text in request.unsaved.items()}


def checkpoints_of(workspace: Workspace, request: Request) -> str:
    """What a request runs in a workspace, as the option ``--checkpoint``; empty if that is nothing."""
    if request.everything:
        return "all"
    chosen = affected_checkpoints(workspace, request.saved, request.focus)
    return ",".join(unit.number for unit in chosen)


def runs_the_same(plan: Plan, other: Plan) -> bool:
    """Whether the same specs are collected for two plans."""
    return replace(plan, proved=other.proved) == other


def is_beside(workspace: Workspace, judge: Judge) -> bool:
    """Whether nothing that judges the source was written since a run was begun, or is another now."""
    now, before = workspace.found, judge.found
    return now.marks == before.marks and all(
        ground.specs == before.grounds[unit].specs for unit, ground in now.grounds.items()
    )
