"""Tells each cause once: the first spec in full, the others in a line below it.

pytest's own terminal stays. What has been told already gets a status category of its own, so that pytest
counts it and shows no second message. It has failed all the same, for exit codes, exports and the ledger.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Any

import pytest

from pytest_tinytorch.evidence.causes import RED, Cause, Key, key_of, more_text
from pytest_tinytorch.evidence.outcomes import Outcome
from pytest_tinytorch.run.judge import Judge
from pytest_tinytorch.run.message import Message
from pytest_tinytorch.run.reports import attached_outcome

CATEGORY = "same cause"
"""What pytest counts a failure as that has been told with another."""

SHOWN_BY_PYTEST = ("failed", "error")

LINES = 50
"""How many lines the messages of a run may take together, after the first."""


class Teller:
    """Registered where reports arrive, unless the person asked to see all of them.

    Args:
        judge: where the outcomes are.
    """

    def __init__(self, judge: Judge) -> None:
        self.judge = judge
        self.first: dict[Key, str] = {}
        self.left_out: tuple[Cause, ...] = ()

    @pytest.hookimpl(wrapper=True)
    def pytest_report_teststatus(self, report: Any) -> Generator[None, Any, Any]:
        """Give what has been told a category of its own. Other plugins hear of it all the same."""
        status = yield
        outcome = attached_outcome(report)
        if outcome is None or not report.failed or outcome.state not in RED or self.judge.paused:
            return status
        first = self.first.setdefault(key_of(report.nodeid, outcome), report.nodeid)
        if first == report.nodeid:
            return status
        return CATEGORY, "f", ("SAME CAUSE", {"red": True})

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Bring what pytest is going to show into the order in which it should be mended."""
        reporter: Any = session.config.pluginmanager.get_plugin("terminalreporter")
        if reporter is None:
            return
        self.left_out = arrange(reporter.stats, self.judge.causes())

    @pytest.hookimpl(tryfirst=True)
    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        if self.left_out:
            terminalreporter.ensure_newline()
            terminalreporter.write_line(f"  {left_out_text(self.left_out)}")


def arrange(stats: dict[str, list[Any]], causes: Sequence[Cause]) -> tuple[Cause, ...]:
    """Sort what pytest shows by cause, one report each, as many as fit; gives those that do not.

    Reports of other tests stay where they are, after those of specs.
    """
    shown = {
        report.nodeid: (kind, report)
        for kind in (*SHOWN_BY_PYTEST, CATEGORY)
        for report in stats.get(kind, ())
        if is_spec(report)
    }
    for kind in (*SHOWN_BY_PYTEST, CATEGORY):
        if kind in stats:
            stats[kind][:] = [report for report in stats[kind] if not is_spec(report)]
    room, left_out = LINES, []
    front: dict[str, list[Any]] = {kind: [] for kind in SHOWN_BY_PYTEST}
    for number, cause in enumerate(causes):
        found = next((shown.pop(nodeid) for nodeid in cause.nodeids if nodeid in shown), None)
        if found is None:
            continue
        kind, report = found
        if kind == CATEGORY:
            kind = "failed" if report.when == "call" else "error"
        if isinstance(report.longrepr, Message):
            report.longrepr.more = more_text(cause)
        room -= lines_of(report)
        if number and room < 0:
            left_out.append(cause)
            stats.setdefault(CATEGORY, []).append(report)
        else:
            front[kind].append(report)
    for kind, reports in front.items():
        if reports:
            stats[kind][:0] = reports
    stats.setdefault(CATEGORY, []).extend(report for _, report in shown.values())
    for kind in (*SHOWN_BY_PYTEST, CATEGORY):
        if not stats.get(kind, True):
            del stats[kind]
    return tuple(left_out)


def is_spec(report: Any) -> bool:
    """Whether a report is of a spec that is wrong or broken."""
    outcome: Outcome | None = attached_outcome(report)
    return outcome is not None and outcome.state in RED


def lines_of(report: Any) -> int:
    """How many lines pytest shows of a report: a heading, the message, and what was printed."""
    printed: int = sum(1 + text.count("\n") for _, text in getattr(report, "sections", ()))
    return 1 + len(str(report.longrepr).splitlines()) + 1 + printed


def left_out_text(causes: Sequence[Cause]) -> str:
    """What is said of causes that are not shown."""
    names = list(dict.fromkeys(c.outcome.exercise or c.outcome.file for c in causes))
    named = ", ".join(name for name in names[:3] if name)
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return f"Also red, perhaps for the same reason: {named}{more}. -v shows all."
