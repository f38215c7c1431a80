"""What a first look at specs has seen, on few examples of each property."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence

import pytest

from pytest_tinytorch.evidence.outcomes import Outcome, State
from pytest_tinytorch.plugin import RUNNER, WITNESS
from pytest_tinytorch.run.reports import attached_outcome
from pytest_tinytorch.run.runner import Runner
from pytest_tinytorch.run.witness import Witness
from pytest_tinytorch.watch.view import Failure


class FirstLook:
    """What a first look has seen: the last kind of each spec, the first red one, and all reports.

    Args:
        previews: node ids of the specs that are tried in part. Of those that hold nothing is reported.
    """

    def __init__(self, previews: Collection[str] = ()) -> None:
        self.previews = previews
        self.outcomes: dict[str, State] = {}
        self.red: Failure | None = None
        self.reports: list[pytest.TestReport] = []

    @property
    def kinds(self) -> Counter[State]:
        """How many specs came to what."""
        return Counter(self.outcomes.values())

    def arrived(self, report: pytest.TestReport) -> bool:
        """Take a report; says whether to go on."""
        self.reports.append(report)
        kind = state_of(report)
        if kind is None:
            return True
        if self.outcomes.get(report.nodeid, State.PASSED) == State.PASSED:
            self.outcomes[report.nodeid] = kind
        if kind in (State.WRONG, State.BROKEN):
            self.red = failure_of(report)
        return self.red is None

    def ended(self, nodeid: str) -> None:
        """A spec has ended, and all that there is to report of it has come."""
        if nodeid in self.previews:
            self.outcomes.setdefault(nodeid, State.PASSED)

    def of_whole(self) -> list[pytest.TestReport]:
        """The reports of all specs that came to their end, but for those that were tried in part."""
        ended = {report.nodeid for report in self.reports if report.when == "teardown"}
        return [r for r in self.reports if r.nodeid in ended and r.nodeid not in self.previews]

    @pytest.hookimpl
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.arrived(report)


def first_look_in_process(
    session: pytest.Session, items: Sequence[pytest.Item], look: FirstLook
) -> None:
    """A first look in this very process, while the Judge pauses; the Runner forgets it afterwards."""
    plugins = session.config.pluginmanager
    plugins.register(look)
    for item in items:
        # Without a next item all that was set up is torn down: the look may end after any spec.
        session.config.hook.pytest_runtest_protocol(item=item, nextitem=None)
        if look.red is not None:
            break
    plugins.unregister(look)
    runner, witness = plugins.get_plugin(RUNNER), plugins.get_plugin(WITNESS)
    assert isinstance(runner, Runner)
    assert isinstance(witness, Witness)
    runner.forget()
    witness.forget()


def state_of(report: pytest.TestReport) -> State | None:
    """What a report says of a spec, if anything."""
    outcome = attached_outcome(report)
    if outcome is not None:
        return outcome.state
    return State.BROKEN if report.failed else None


def failure_of(report: pytest.TestReport) -> Failure | None:
    """A report of a spec that did not pass as the terminal shows it; None of any other."""
    kind = state_of(report)
    if kind in (None, State.PASSED, State.NOT_RUN):
        return None
    outcome = attached_outcome(report) or Outcome(State.BROKEN)
    return Failure(report.nodeid, outcome, str(report.longrepr), report.capstdout)
