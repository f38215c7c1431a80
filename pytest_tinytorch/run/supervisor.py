"""The supervisor: runs specs in workers, and never imports the code under test itself.

What it hears goes to the same hooks as in any run, so the Judge and pytest's own plugins notice no
difference. Nothing that happens in a worker can end it, or keep it from ending.
"""

from __future__ import annotations

import gc
import os
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from pytest_tinytorch.course.curriculum import UnitId
from pytest_tinytorch.evidence.importing import compile_sources
from pytest_tinytorch.evidence.outcomes import State
from pytest_tinytorch.run import linux
from pytest_tinytorch.run.isolation import RunMarker
from pytest_tinytorch.run.limits import Limit, limit_of
from pytest_tinytorch.run.loops import MODULE, Loop
from pytest_tinytorch.run.places import Frame, Spec
from pytest_tinytorch.run.planting import Planter, Sieve
from pytest_tinytorch.run.pool import Listener, Pool
from pytest_tinytorch.run.reports import attached_outcome, ending_report, unit_of
from pytest_tinytorch.run.runner import Runner, group_and_law, measures_time
from pytest_tinytorch.run.workerends import Ending
from pytest_tinytorch.run.workers import Prepare

Arrived = Callable[[pytest.TestReport], bool]


class Relay:
    """Hands on what workers tell: reports to whoever asked for them, all else to pytest's hooks.

    Args:
        config: of the run.
        runner: the Runner, which every worker has a copy of.
        arrived: told of each report; says whether to go on.
        ended: told of each spec that has ended.
    """

    def __init__(
        self,
        config: pytest.Config,
        runner: Runner,
        arrived: Arrived,
        ended: Callable[[str], object] = lambda nodeid: None,
    ) -> None:
        self.config = config
        self.runner = runner
        self.reported = arrived
        self.ended = ended
        self.trouble = False

    def started(self, item: pytest.Item) -> None:
        self.config.hook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)

    def finished(self, item: pytest.Item) -> None:
        self.config.hook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
        self.ended(item.nodeid)

    def warned(self, data: Sequence[Any]) -> None:
        """Hand a warning on. Its category may be the code's own, so only the name is left of it."""
        name, text, file, line, when, nodeid, location = data
        category = type(name, (UserWarning,), {})
        message = warnings.WarningMessage(category(text), category, file, line)
        place = tuple(location) if location else None
        self.config.hook.pytest_warning_recorded.call_historic(
            kwargs={"warning_message": message, "when": when, "nodeid": nodeid, "location": place}
        )

    def died(self, item: pytest.Item, ending: Ending, frames: Sequence[Frame]) -> bool:
        """Report a spec that has ended its worker."""
        self.trouble = True
        unit = unit_of(item)
        if unit is None:
            return self.reported(ending_report(item, str(ending)))
        if ending.state == State.BROKEN:
            self.runner.timer.loops += self._imports_among(frames, item.nodeid)
        spec = Spec(item.nodeid, unit, *group_and_law(item))
        finding = self.runner.explainer.explain(spec, ending, frames)
        return self.reported(ending_report(item, finding.text, finding.outcome))

    def _imports_among(self, frames: Sequence[Frame], nodeid: str) -> list[Loop]:
        """The modules that were being imported: no later spec is to come to the same end."""
        files = [frame.file for frame in frames if frame.name == MODULE]
        learners = filter(self.runner.explainer.places.is_learners, files)
        return [Loop(str(file), MODULE, 1, nodeid) for file in learners]

    def limit(self, item: pytest.Item) -> Limit | None:
        return limit_of(item)


class Supervisor:
    """A plugin that takes the place of pytest's own loop.

    Args:
        runner: the Runner.
        prepare: called in each worker, before it runs anything.
        count: how many workers may run side by side.
        marker: what tells the next run that this one had trouble.
        beat: called while workers run, many times a minute.
        planter: knows the canaries of a graded run.
    """

    def __init__(
        self,
        runner: Runner,
        prepare: Prepare,
        count: int,
        marker: RunMarker,
        beat: Callable[[], None],
        planter: Planter | None = None,
    ) -> None:
        self.runner = runner
        self.prepare = prepare
        self.count = 1 if planter else count
        self.marker = marker
        self.beat = beat
        self.planter = planter

    @pytest.hookimpl
    def pytest_runtestloop(self, session: pytest.Session) -> bool | None:
        """Run every spec in a worker; whatever a worker left behind ends before this does."""
        ignored = session.config.option.continue_on_collection_errors
        if (session.testsfailed and not ignored) or session.config.option.collectonly:
            return None  # pytest says what it is
        relay = Relay(
            session.config, self.runner, lambda report: hand_on(report, session, self.runner)
        )
        listener: Listener = Sieve(relay, self.planter) if self.planter else relay
        items = self.planter.among(session.items) if self.planter else session.items
        compile_sources(self.runner.workspace.sources)
        kept = linux.children_of(os.getpid())
        linux.adopt_orphans()
        gc.collect()
        gc.freeze()
        try:
            for groups, count in self.rounds(items):
                loops = self.runner.timer.loops
                Pool(listener, self.prepare, count, loops=loops, beat=self.beat).run(groups)
                stop_if_asked(session)
        finally:
            self.marker.trouble |= relay.trouble
            linux.end_children(kept)
            linux.adopt_orphans(False)
            gc.unfreeze()
        if self.planter:
            self.planter.tell()
        return True

    def rounds(self, items: Sequence[pytest.Item]) -> list[tuple[list[list[pytest.Item]], int]]:
        """What to run: groups, and how many of them side by side. Those that measure time run alone."""
        if self.count == 1:
            return [(groups_by_unit(items, 1), 1)]
        timed = [item for item in items if measures_time(item)]
        others = [item for item in items if not measures_time(item)]
        return [(groups_by_unit(others, self.count), self.count), (groups_by_unit(timed, 1), 1)]


def hand_on(report: pytest.TestReport, session: pytest.Session, runner: Runner) -> bool:
    """Hand a report on as in any run; says whether to go on. Later workers know what failed."""
    outcome = attached_outcome(report)
    unit = runner.workspace.curriculum.unit_of_spec(report.nodeid)
    if unit and outcome and outcome.state not in (State.PASSED, State.LOCKED):
        runner.failed.add(unit.id)
    session.config.hook.pytest_runtest_logreport(report=report)
    return not (session.shouldfail or session.shouldstop)


def stop_if_asked(session: pytest.Session) -> None:
    """End the run as pytest does, for ``-x`` and the like."""
    if session.shouldfail:
        raise session.Failed(session.shouldfail)
    if session.shouldstop:
        raise session.Interrupted(session.shouldstop)


def groups_by_unit(items: Sequence[pytest.Item], count: int) -> list[list[pytest.Item]]:
    """Specs by unit, in the order in which the units come; a unit is cut so that ``count`` are busy.

    A worker for each unit: what the code of one does to its process does not reach the next.
    """
    units: dict[UnitId | None, list[pytest.Item]] = {}
    for item in items:
        unit = unit_of(item)
        units.setdefault(unit.id if unit else None, []).append(item)
    pieces = -(-count // max(1, len(units)))
    return [
        part
        for found in units.values()
        for part in (found[n::pieces] for n in range(pieces))
        if part
    ]
