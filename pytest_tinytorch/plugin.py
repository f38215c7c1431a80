"""The hooks: thin, and the only place besides `options` that knows pytest."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Generator, Mapping
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from pytest_tinytorch import options
from pytest_tinytorch.course.curriculum import CurriculumError
from pytest_tinytorch.course.options import (
    CURRICULUM_SETTING,
    WORKSPACE_FILE,
    Options,
)
from pytest_tinytorch.course.selection import UnknownName
from pytest_tinytorch.evidence import importing
from pytest_tinytorch.evidence.digests import read_if_present
from pytest_tinytorch.evidence.paths import lacking, missing
from pytest_tinytorch.evidence.standing import CONFTEST
from pytest_tinytorch.run import isolation, profiles
from pytest_tinytorch.run.garbage import Garbage
from pytest_tinytorch.run.isolation import Isolation
from pytest_tinytorch.threads import use_one_thread

JUDGE, RUNNER, WITNESS = "tinytorch-judge", "tinytorch-runner", "tinytorch-witness"
"""The names that they are registered under."""
DRAWER = "tinytorch-drawer"
"""The name of a plugin that only draws examples: where it is, nothing runs, so nothing is judged."""
WORKER_PLAN = "tinytorch_plan"
WORKER_TURNS = "tinytorch_turns"
WORKER_SOURCES = "tinytorch_sources"
TIMING_COLUMNS = ["median", "iqr", "rounds"]
"""What pytest-benchmark shows of a timing, unless asked for more: this fits 80 columns."""
TURNS = pytest.StashKey[str]()
ISOLATION = pytest.StashKey[Isolation]()
UNSAVED = pytest.StashKey[Mapping[str, bytes]]()
"""Where a run has what stands in an editor in the place of files, see `Implementation.unsaved`."""
PROGRESS_FOLDER = ".tinytorch"


def pytest_addoption(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
    options.add_options(parser)
    pluginmanager.register(options.CommandLine(parser), options.COMMAND_LINE)


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    from pytest_tinytorch import hookspecs

    pluginmanager.add_hookspecs(hookspecs)


def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """Choose the implementation before any conftest can import the package under test.

    Its source is read here, once: all processes of the run import these bytes.
    """
    if is_workspace(early_config) and not missing():  # which pytest_configure tells
        early_config.pluginmanager.register(Garbage(early_config))
        given = options.options_from_namespace(early_config.known_args_namespace, early_config)
        use_one_thread()
        if given.runs or speaks_of_profiles(early_config.rootpath):
            profiles.register_profiles()
        early_config.stash[ISOLATION] = isolation_of(early_config, given)
        try:
            workspace = workspace_of(early_config, given)
            importing.install_finder(workspace.implementation, workspace.sources, guard_import)
        except pytest.UsageError:
            return  # said again, and shown properly, by pytest_configure
        # Not even a conftest may import it where it is judged.
        importing.open_finder(not early_config.stash[ISOLATION].on)


@pytest.hookimpl(wrapper=True, specname="pytest_load_initial_conftests")
def pytest_outlast_conftests() -> Generator[None, object, object]:
    """Let no conftest end the program: its exit code could be 0, though nothing has run."""
    try:
        return (yield)
    except SystemExit as error:
        from pytest_tinytorch.run.endings import place_of

        raise pytest.UsageError(f"a conftest ends the program: {place_of(error)}") from error


def pytest_configure(config: pytest.Config) -> None:
    if not is_workspace(config):
        if (config.invocation_params.dir / WORKSPACE_FILE).is_file():
            raise pytest.UsageError(
                f"pytest took {config.rootpath} for its root, because of a path on the command line."
                " Write options with =, as in --source=DIR or --ledger=FILE, or add --rootdir=."
            )
        if options.read_options(config).selects:
            raise pytest.UsageError(
                f"{config.rootpath} is not a tinytorch workspace: it has no {WORKSPACE_FILE}"
            )
        return
    refuse_to_lack(config.rootpath)
    if not options.read_options(config).runs:
        return  # what shows the map needs nothing of what runs specs, nor Hypothesis, nor NumPy
    from pytest_tinytorch.evidence.plan import Plan
    from pytest_tinytorch.run import linux
    from pytest_tinytorch.run.durations import Durations
    from pytest_tinytorch.run.judge import Judge
    from pytest_tinytorch.run.runner import Runner
    from pytest_tinytorch.run.telling import Teller
    from pytest_tinytorch.run.witness import Witness

    choose_profile(config)
    if config.pluginmanager.has_plugin(DRAWER):
        return
    worker = getattr(config, "workerinput", None)
    workspace = pinned_workspace(config, worker)
    narrowed = options.is_narrowed(config)
    try:
        plan = Plan.from_text(worker[WORKER_PLAN]) if worker else workspace.plan(narrowed)
        workspace.manifest  # noqa: B018 - a damaged manifest is told before the run
    except ValueError as error:
        raise pytest.UsageError(str(error)) from error
    if not worker and workspace.options.selects and not options.has_path_arguments(config):
        config.args[:] = workspace.collection_paths(plan)
    if not getattr(config.option, "benchmark_columns", TIMING_COLUMNS):
        config.option.benchmark_columns = TIMING_COLUMNS
    config.pluginmanager.register(Witness(workspace.root), WITNESS)
    if worker:
        from pytest_tinytorch.run.turns import Turns

        turns = Turns(Path(worker[WORKER_TURNS]))
        config.pluginmanager.register(Runner(workspace, plan, turns), RUNNER)
    else:
        runner = Runner(workspace, plan)
        names_specs = narrowed and options.names_specs(config)
        judge = Judge(config, workspace, plan, narrowed, names_specs)
        config.pluginmanager.register(runner, RUNNER)
        config.pluginmanager.register(runner.debugger)
        config.pluginmanager.register(judge, JUDGE)
        if options.tells_once(config):
            config.pluginmanager.register(Teller(judge))
        forks = config.stash[ISOLATION].on and linux.is_here()
        durations = Durations(config, judge, threaded=not forks)
        config.pluginmanager.register(durations)
        isolate(config, workspace, runner, durations.beat)


def pytest_cmdline_main(config: pytest.Config) -> int | None:
    """Print the map or the timeline instead of running."""
    given = options.read_options(config)
    if given.runs:
        return None
    if not is_workspace(config):
        raise pytest.UsageError(f"{config.rootpath} is not a tinytorch workspace")
    refuse_to_lack(config.rootpath)
    from pytest_tinytorch.terminal import screen

    workspace = workspace_of(config, given)
    try:
        workspace.manifest  # noqa: B018 - a damaged manifest is told before anything is shown
        progress = workspace.progress()
    except ValueError as error:
        raise pytest.UsageError(str(error)) from error
    screen.show_map(progress, given, color=config.getoption("color"))
    return 0


def pytest_report_header(config: pytest.Config) -> str | None:
    """Say where specs run, where that is not in this very process."""
    decided = config.stash.get(ISOLATION, None)
    return decided.header() if decided else None


def isolation_of(config: pytest.Config, given: Options) -> Isolation:
    """Whether this run is isolated. A worker of xdist is a process of its own already."""
    if "PYTEST_XDIST_WORKER" in os.environ or not given.runs:
        return Isolation(False)
    namespace = config.known_args_namespace
    if getattr(namespace, "collectonly", False) or not may_run_specs(config):
        return Isolation(False)
    markers = isolation.unended_runs(config.rootpath / PROGRESS_FOLDER)
    decided = isolation.decide(given, markers)
    if not decided.on:
        return decided
    return isolation.decide(given, markers, isolation.interactive_option(namespace))


def may_run_specs(config: pytest.Config) -> bool:
    """Whether the paths on the command line reach specs: a run of other tests is left to pytest."""
    named = getattr(config.known_args_namespace, "file_or_dir", None) or ["."]
    paths = [(config.invocation_params.dir / arg.partition("::")[0]).resolve() for arg in named]
    folders = [(config.rootpath / name).resolve() for name in ("specs", "milestones")]
    return any(p.is_relative_to(f) or f.is_relative_to(p) for p in paths for f in folders)


def isolate(config: pytest.Config, workspace: Any, runner: Any, beat: Callable[[], None]) -> None:
    """Let workers run the specs: forks on Linux, elsewhere workers of xdist."""
    from pytest_tinytorch.run import linux

    if not may_run_specs(config):
        return
    marker = isolation.RunMarker(workspace.root / PROGRESS_FOLDER)
    told = config.option.collectonly or isolation.has_debugger()  # an editor kills what it debugs
    if workspace.options.isolate is not False and not told:
        config.pluginmanager.register(marker)
    if not config.stash[ISOLATION].on:
        return
    count = len(config.getoption("tx", None) or [None])
    if linux.is_here():
        from pytest_tinytorch.run.supervisor import Supervisor

        config.option.dist, config.option.tx = "no", []  # these workers take the place of xdist's
        planter, prepare = planter_of(config), become_worker
        if planter is not None:
            prepare = become_graded_worker
        supervisor = Supervisor(runner, prepare, count, marker, beat, planter)
        config.pluginmanager.register(supervisor)
    elif config.getoption("dist", "no") == "no":
        config.option.dist, config.option.tx = "load", ["popen"]
        config.option.maxworkerrestart = str(sys.maxsize)


def become_worker(config: pytest.Config) -> None:
    """In a fork: the package may be imported; the Judge hears of all where it was forked from."""
    importing.open_finder(True)
    judge: Any = config.pluginmanager.get_plugin(JUDGE)
    judge.paused = True


def become_graded_worker(config: pytest.Config) -> None:
    """In a fork of a graded run: besides, the package may not import what judges it."""
    from pytest_tinytorch.run.importguard import guard_imports

    become_worker(config)
    guard_imports()


def planter_of(config: pytest.Config) -> Any:
    """Who plants canaries, if `tito grade` has begun this run. Nobody reads its memory then."""
    descriptor = config.getoption("tinytorch_canaries")
    if descriptor is None:
        return None
    from pytest_tinytorch.run import linux
    from pytest_tinytorch.run.planting import Planter

    linux.keep_private()
    return Planter(descriptor)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Hand a worker of xdist plan and source, so that all do the same, and a place to take turns at."""
    judge = node.config.pluginmanager.get_plugin(JUDGE)
    if judge is not None:
        sources = judge.workspace.sources
        node.workerinput[WORKER_PLAN] = judge.plan.to_text()
        node.workerinput[WORKER_SOURCES] = {str(file): data for file, data in sources.items()}
        node.workerinput[WORKER_TURNS] = turns_folder(node.config)


def guard_import(module: str) -> AbstractContextManager[None]:
    """What a module under test is imported in; what shows the map imports none, and needs none of this."""
    from pytest_tinytorch.run.endings import importing

    return importing(module)


def turns_folder(config: pytest.Config) -> str:
    """The folder where the workers of this run take turns; it goes when the run ends."""
    if TURNS not in config.stash:
        from pytest_tinytorch.run.scratch import scratch_folder

        held = ExitStack()
        config.stash[TURNS] = str(held.enter_context(scratch_folder()))
        config.add_cleanup(held.close)
    return config.stash[TURNS]


def is_workspace(config: pytest.Config) -> bool:
    return (config.rootpath / WORKSPACE_FILE).is_file()


def pinned_workspace(config: pytest.Config, worker: Mapping[str, Any] | None) -> Any:
    """The workspace with the source that is imported: as it was at the start of the run.

    A worker of xdist has read the source itself before it was told anything. Should a save have come
    between, what it has imported is forgotten.
    """
    workspace = workspace_of(config, options.read_options(config))
    finder = importing.installed_finder()
    same = finder is not None and finder.implementation == workspace.implementation
    read = finder.pinned if finder is not None and same else None
    pinned = read
    if worker is not None:
        pinned = {Path(file): data for file, data in worker[WORKER_SOURCES].items()}
    workspace = replace(workspace, pinned=pinned)
    if not same or workspace.sources != read:
        importing.install_finder(workspace.implementation, workspace.sources, guard_import)
        importing.open_finder(not config.stash[ISOLATION].on)
    return workspace


def speaks_of_profiles(root: Path) -> bool:
    """Whether a conftest may load one of our profiles, as far as its text tells.

    Otherwise a run that only shows the map need not import Hypothesis, which takes as long as pytest itself.
    """
    files = [root / folder / CONFTEST for folder in (".", "specs", "milestones")]
    return any(b"hypothesis" in (read_if_present(file) or b"") for file in files)


def refuse_to_lack(root: Path) -> None:
    """Refuse to run without a module that every run needs; the error says what to do."""
    if lack := lacking(root):
        raise pytest.UsageError(lack)


def workspace_of(config: pytest.Config, given: Options) -> Any:
    """The workspace at the root; whatever is wrong with it or the options is a usage error."""
    from pytest_tinytorch.evidence.workspace import open_workspace

    try:
        found = open_workspace(config.rootpath, given, config.getini(CURRICULUM_SETTING))
    except (CurriculumError, UnknownName, ValueError) as error:
        raise pytest.UsageError(str(error)) from error
    unsaved = config.stash.get(UNSAVED, {})
    return replace(found, implementation=replace(found.implementation, unsaved=unsaved))


def choose_profile(config: pytest.Config) -> None:
    """Load the profile that fits, unless the person named one."""
    from hypothesis import settings

    if not config.getoption("hypothesis_profile", None):
        settings.load_profile(profiles.usual())
