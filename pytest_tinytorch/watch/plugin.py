"""The plugin of one watched run: a first look at specs on examples drawn before, then the full verdict."""

from __future__ import annotations

import linecache
import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from importlib.util import decode_source
from pathlib import Path
from typing import Any

import pytest

from pytest_tinytorch import options, plugin
from pytest_tinytorch.evidence import importing
from pytest_tinytorch.evidence.causes import causes_of
from pytest_tinytorch.evidence.outcomes import Outcome, State
from pytest_tinytorch.evidence.progress import Progress
from pytest_tinytorch.plugin import JUDGE, RUNNER, WITNESS
from pytest_tinytorch.run.judge import Judge
from pytest_tinytorch.run.pool import Pool
from pytest_tinytorch.run.runner import Runner, measures_time
from pytest_tinytorch.run.shortcut import fits
from pytest_tinytorch.run.supervisor import Arrived, Relay
from pytest_tinytorch.run.witness import Witness
from pytest_tinytorch.watch import examples, findings, view
from pytest_tinytorch.watch.beat import Beat, Send
from pytest_tinytorch.watch.examples import Drawn, Examples
from pytest_tinytorch.watch.firstlook import FirstLook, failure_of, first_look_in_process
from pytest_tinytorch.watch.request import CHANGED, Request
from pytest_tinytorch.watch.standby import Standby, checkpoints_of, give_up, unsaved_of
from pytest_tinytorch.watch.view import Failure

NOTHING_DRAWN = Examples()


class WatchPlugin:
    """Runs the specs of a request twice, and sends both verdicts.

    Where this process may fork, specs run in forks only: the first look leaves nothing behind that
    the full run could see, and both use all cores. What ran whole in the first look need not run again.

    Args:
        request: what to do.
        drawn: examples by node id.
        send: takes messages for the terminal.
        forks: whether this process may fork.
        standby: of a run that waits. Then ``request`` is the last one: most often the next is like it.
    """

    def __init__(
        self,
        request: Request,
        drawn: Drawn,
        send: Send,
        forks: bool,
        standby: Standby | None = None,
    ) -> None:
        self.request = request
        self.standby = standby
        self.drawn = drawn
        self.send = send
        self.forks = forks
        self.looking = False
        self.seen: list[pytest.TestReport] = []  # in the first look, of specs that ran whole
        self.place: dict[str, int] = {}  # of each spec in the order of the course
        self.failures: list[Failure] = []
        self.broken_files: list[str] = []
        self.unsettled = False

    @pytest.hookimpl(tryfirst=True)
    def pytest_load_initial_conftests(self, early_config: pytest.Config) -> None:
        """Let the run find what stands in an editor, before anything reads the package."""
        early_config.stash[plugin.UNSAVED] = unsaved_of(self.request)

    @pytest.hookimpl(tryfirst=True)
    def pytest_cmdline_main(self, config: pytest.Config) -> int | None:
        """Choose what to run, from the files as they are now."""
        workspace = plugin.workspace_of(config, options.read_options(config))
        config.option.checkpoint = checkpoints_of(workspace, self.request)
        if config.option.checkpoint:
            return None
        if self.standby is not None:
            give_up()
        about = findings.judged(self.request, workspace.sources)
        self.send(view.nothing_message(self.request) | about)
        return 0

    @pytest.hookimpl
    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self.broken_files.append(str(report.longrepr))

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool | None:
        if self.standby is not None:
            self._wait(session, self.standby)
        if session.testsfailed:
            return None  # pytest ends it: a spec file cannot be collected
        self._prepare(session.items)
        judge = judge_of(session.config)
        importing.compile_sources(judge.workspace.sources)
        for file, data in judge.workspace.sources.items() if self.request.unsaved else ():
            show_in_tracebacks(file, data)
        if self.standby is None and has_changed(judge):
            self.unsettled = True
            return True
        self._first_look(session)
        self._full(session)
        return True

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        judge = judge_of(session.config)
        if self.unsettled or judge.changed:
            self.send({"number": self.request.number, "beat": CHANGED})
        elif judge.progress is not None:
            outcomes = outcomes_of_open_units(judge, judge.progress, self.place)
            failures = [failure for failure in self.failures if failure.nodeid in outcomes]
            failures.sort(key=lambda failure: self.place[failure.nodeid])
            uses, curriculum = judge.workspace.uses(outcomes.values()), judge.workspace.curriculum
            causes = causes_of(outcomes, curriculum, uses)
            message = view.full_message(
                self.request, judge.progress, failures, causes, self.broken_files
            )
            sources = {unit: source for unit, (source, _) in judge.found.digests.items()}
            specs = {nodeid: outcome.state for nodeid, outcome in outcomes.items()}
            told = findings.of_full_verdict(judge.progress, specs, failures, causes)
            self._send(judge, message | told | {"sources": sources})

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> bool | None:
        """Take the shorter way where it is likely to do: what does not hold there runs in pytest's own."""
        if not self.forks or item.nodeid in self.request.failed or not fits(item):
            return None
        is_property, preview = examples.is_property(item), self.looking and self._is_preview(item)
        drawn = self.drawn.get(item.nodeid, NOTHING_DRAWN)
        if is_property and (not drawn.values or (drawn.used and not preview)):
            return None  # Hypothesis runs it
        brief = runner_of(item.config).shortcut
        return (brief.is_open() and brief.holds(item, is_property, tells=not preview)) or None

    @pytest.hookimpl(tryfirst=True)
    def pytest_pyfunc_call(self, pyfuncitem: pytest.Function) -> bool | None:
        """Run a property on what was drawn for it: in the first look on a few of these, then on all."""
        nodeid = pyfuncitem.nodeid
        drawn = self.drawn.get(nodeid, NOTHING_DRAWN)
        if drawn.values and self.looking and nodeid not in self.request.urgent:
            examples.replay_examples(pyfuncitem, drawn.values[: examples.PREVIEW_EXAMPLES])
            return True
        if not drawn.values or drawn.used:
            return None
        if runner_of(pyfuncitem.config).shortcut.running:
            examples.run_all(pyfuncitem, drawn.values)
            return True
        has_failed = nodeid in self.request.failed
        return examples.passes_all(pyfuncitem, drawn.values, has_failed) or None

    @pytest.hookimpl
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        failure = failure_of(report)
        if not self.looking and failure is not None:
            self.failures.append(failure)

    def _wait(self, session: pytest.Session, standby: Standby) -> None:
        """Wait for what to do. Nothing is told before: this run may turn out to be of no use."""
        if session.testsfailed:
            give_up()
        standby.look_ahead(session.items, judge_of(session.config).workspace)
        order = standby.order(witness_of(session.config))
        self.request = order.request
        if not order.drawn:
            examples.use_up(self.drawn)
        if not standby.renew(session.config, self.request):
            give_up()

    def _prepare(self, items: list[pytest.Item]) -> None:
        """Last failures first; otherwise as the course has them."""
        examples.draw_anew(items)
        if self.request.unsaved:
            examples.keep_none(items)
        self.place = {item.nodeid: number for number, item in enumerate(items)}
        failed = set(self.request.failed)
        items.sort(key=lambda item: item.nodeid not in failed)

    def _first_look(self, session: pytest.Session) -> None:
        """Try what can be tried at once; end at the first spec that is wrong or broken."""
        judge = judge_of(session.config)
        if (found := syntax_error(judge)) is not None:
            told = findings.of_syntax_error(*found)
            self._send(judge, view.syntax_message(self.request, *found) | told)
            return
        items = [item for item in session.items if self._quick(item)]
        if not any(item.nodeid in self.drawn for item in items):
            return
        look = FirstLook({item.nodeid for item in items if self._is_preview(item)})
        self.looking = judge.paused = True
        if self.forks:
            beat = self._beat(session, len(items))
            run_in_workers(session, items, look.arrived, cores(), beat, ended=look.ended)
            self.seen = look.of_whole()
        else:
            first_look_in_process(session, items, look)
        self.looking = judge.paused = False
        total, curriculum = len(session.items), judge.workspace.curriculum
        as_drawn = look.red is not None and look.red.nodeid in look.previews
        message = view.first_look_message(
            self.request, look.kinds, look.red, total, curriculum, as_drawn
        )
        self._send(judge, message | findings.of_first_look(look.outcomes, look.red))

    def _send(self, judge: Judge, message: Mapping[str, Any]) -> None:
        """Send a message with the source that it is about."""
        self.send({**message, **findings.judged(self.request, judge.workspace.sources)})

    def _quick(self, item: pytest.Item) -> bool:
        """Whether a spec belongs to the first look."""
        if measures_time(item):
            return False
        urgent = item.nodeid in self.request.urgent
        drawn = self.drawn.get(item.nodeid, NOTHING_DRAWN)
        return urgent or not examples.is_property(item) or bool(drawn.values)

    def _is_preview(self, item: pytest.Item) -> bool:
        """Whether the first look tries a spec on a few examples only."""
        return examples.is_property(item) and item.nodeid not in self.request.urgent

    def _full(self, session: pytest.Session) -> None:
        """Every spec as in any run; those that measure time alone, after all others."""
        if not self.forks:
            for item, following in zip(session.items, [*session.items[1:], None], strict=True):
                session.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            return
        seen = {report.nodeid for report in self.seen}
        hand_on = session.config.hook.pytest_runtest_logreport
        timed = [item for item in session.items if measures_time(item)]
        others = [i for i in session.items if not measures_time(i) and i.nodeid not in seen]
        beat = self._beat(session, len(session.items))
        beat.done |= seen

        def arrived(report: pytest.TestReport) -> bool:
            hand_on(report=report)
            return True

        for report in self.seen:
            arrived(report)
        run_in_workers(session, others, arrived, cores(), beat, self._cost)
        run_in_workers(session, timed, arrived, 1, beat)

    def _beat(self, session: pytest.Session, total: int) -> Beat:
        """Says how far so many specs are, and of which source."""
        config = session.config
        send = partial(self._send, judge_of(config))
        return Beat(total, self.request, send, runner_of(config).explainer.places)

    def _cost(self, item: pytest.Item) -> int:
        """How dear a spec is in a full run: most of all a property for which Hypothesis has yet to draw."""
        if not examples.is_property(item):
            return 0
        drawn = self.drawn.get(item.nodeid, NOTHING_DRAWN)
        return 1 if drawn.values and not drawn.used else 2


def syntax_error(judge: Judge) -> tuple[str, SyntaxError] | None:
    """The first module that this run needs and that does not parse: its path from the root, and the error."""
    workspace = judge.workspace
    for unit in workspace.curriculum.units:
        if unit.id not in judge.plan.to_run or not unit.source:
            continue
        file = workspace.implementation.file_among(workspace.sources, unit.name)
        try:
            importing.compile_cached(workspace.sources.get(file, b""), str(file))
        except SyntaxError as error:
            inside = file.is_relative_to(workspace.root)
            return (file.relative_to(workspace.root).as_posix() if inside else str(file)), error
        except ValueError:
            continue  # no text at all: the full verdict says so
    return None


def show_in_tracebacks(file: Path, data: bytes) -> None:
    """Let tracebacks show lines of source that is nowhere saved; `linecache` would read the file."""
    with suppress(SyntaxError, ValueError):
        lines = decode_source(data).splitlines(keepends=True)
        linecache.cache[str(file)] = (len(data), None, lines, str(file))


def outcomes_of_open_units(
    judge: Judge, progress: Progress, place: Mapping[str, int]
) -> dict[str, Outcome]:
    """What the specs of open units came to, in the order of the course, as any other run has them.

    Here they run side by side, and what failed last comes first: a spec may have run before a need of its
    unit failed. In any other run it would not have begun.
    """
    owner, held = progress.curriculum.unit_of_spec, (State.LOCKED, State.STALE)
    found = sorted(judge.outcomes.items(), key=lambda one: place.get(one[0], len(place)))
    return {
        nodeid: outcome
        for nodeid, outcome in found
        if (unit := owner(nodeid)) is None or progress.state[unit.id] not in held
    }


def judge_of(config: pytest.Config) -> Judge:
    """The Judge of this run."""
    judge = config.pluginmanager.get_plugin(JUDGE)
    assert isinstance(judge, Judge)
    return judge


def runner_of(config: pytest.Config) -> Runner:
    """The Runner of this run."""
    runner = config.pluginmanager.get_plugin(RUNNER)
    assert isinstance(runner, Runner)
    return runner


def witness_of(config: pytest.Config) -> Witness:
    """The Witness of this run."""
    witness = config.pluginmanager.get_plugin(WITNESS)
    assert isinstance(witness, Witness)
    return witness


def run_in_workers(
    session: pytest.Session,
    items: Sequence[pytest.Item],
    arrived: Arrived,
    count: int,
    beat: Beat,
    cost: Callable[[pytest.Item], int] = lambda item: 0,
    ended: Callable[[str], None] = lambda nodeid: None,
) -> None:
    """Run specs in ``count`` workers, which all have as many of each cost."""

    def over(nodeid: str) -> None:
        beat.done.add(nodeid)
        ended(nodeid)

    runner = runner_of(session.config)
    loops = runner.timer.loops
    relay = Relay(session.config, runner, arrived, over)
    # Most specs take the shorter way, which tears nothing down that others have left.
    pool = Pool(relay, plugin.become_worker, count, loops=loops, apart=True, beat=beat)
    beat.pool = pool
    pool.run(dealt(items, count, cost))


def dealt(
    items: Sequence[pytest.Item], count: int, cost: Callable[[pytest.Item], int]
) -> list[list[pytest.Item]]:
    """Specs in ``count`` hands, dealt one by one, the dear ones first; each hand is in the order given."""
    order = sorted(range(len(items)), key=lambda number: -cost(items[number]))
    return [[items[number] for number in sorted(order[first::count])] for first in range(count)]


def cores() -> int:
    """How many processes can run side by side."""
    return len(os.sched_getaffinity(0))


def has_changed(judge: Judge) -> bool:
    """Whether something is on the disk that this run does not judge."""
    return bool(judge.workspace.footing_now().differing(judge.found))
