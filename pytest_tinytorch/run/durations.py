"""Says before a milestone that lasts about how long it takes: nobody should think that the run hangs."""

from __future__ import annotations

import pytest

from pytest_tinytorch.course.curriculum import Unit, UnitId
from pytest_tinytorch.evidence import gate
from pytest_tinytorch.evidence.outcomes import State
from pytest_tinytorch.run.judge import Judge

LASTS_SECONDS = 10
"""What takes less is over before anybody wonders."""


class Durations:
    """Registered beside the Judge."""

    def __init__(self, config: pytest.Config, judge: Judge) -> None:
        self.config = config
        self.judge = judge
        self.told: set[UnitId] = set()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logstart(self, nodeid: str) -> None:
        workspace = self.judge.workspace
        unit = workspace.curriculum.unit_of_spec(nodeid)
        if unit is None or unit.id in self.told or self.config.get_verbosity() < 0:
            return
        text = duration(unit, workspace.options.scale)
        reporter = self.config.pluginmanager.get_plugin("terminalreporter")
        if text is None or reporter is None or self._is_locked(unit):
            return
        self.told.add(unit.id)
        reporter.ensure_newline()
        if self.config.get_terminal_writer().width_of_current_line:  # results of workers
            reporter.write_line("")
        reporter.write_line(text)

    def _is_locked(self, unit: Unit) -> bool:
        course, outcomes = self.judge.workspace.curriculum, self.judge.outcomes
        red = [nodeid for nodeid, outcome in outcomes.items() if outcome.state != State.PASSED]
        failed = {other.id for nodeid in red if (other := course.unit_of_spec(nodeid))}
        return gate.blocking_need(course, unit, failed, self.judge.plan) is not None


def duration(unit: Unit, scale: str) -> str | None:
    """About how long a milestone takes; None if that is soon.

    >>> duration(Unit("milestone", "05", "transformer", "", year=2017, cpu_seconds=80), "tiny")
    '2017 transformer: takes about 80 s'
    """
    seconds = unit.cpu_seconds_at(scale)
    if not unit.is_milestone or seconds < LASTS_SECONDS:
        return None
    told = f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} minutes"
    return f"{unit.label}: takes about {told}"
