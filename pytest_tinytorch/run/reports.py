"""The seam to pytest's reports: the one place where an outcome is put on one, and read back from it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pytest
from msgspec.structs import asdict

from pytest_tinytorch.course.curriculum import Curriculum, Unit
from pytest_tinytorch.evidence.outcomes import Outcome, State
from pytest_tinytorch.run.explainer import Finding
from pytest_tinytorch.terminal.plaintext import encodable_text

ATTRIBUTE = "tinytorch"
"""What a report carries its outcome in, as plain JSON values; xdist brings it to the controller."""

TESTIMONY = "tinytorch_testimony"
"""What a report carries of helpers and examples, if there is anything to say of them."""

CRASHED = "the process that ran it crashed"

UNIT = pytest.StashKey[Unit | None]()
"""Where an item keeps the unit that its spec belongs to; None for a test of somebody else."""


IS_CANARY = pytest.StashKey[bool]()
"""Where an item says that it is a canary of the grader's: nothing of it may show in a verdict."""


def unit_of(item: pytest.Item) -> Unit | None:
    """The unit that the spec of an item belongs to, if any."""
    return item.stash.get(UNIT, None)


def attach_outcome(report: pytest.TestReport, outcome: Outcome) -> None:
    """Put an outcome on a report. A worker can send nothing but plain values."""
    setattr(
        report,
        ATTRIBUTE,
        asdict(outcome) | {"state": str(outcome.state), "note": dict(outcome.note)},
    )


def attached_outcome(report: Any) -> Outcome | None:
    """The outcome that was put on a report, if one was."""
    table = getattr(report, ATTRIBUTE, None)
    return None if table is None else Outcome(**table | {"state": State(table["state"])})


def attach_testimony(report: pytest.TestReport, told: Mapping[str, Any]) -> None:
    """Put on a report what the spec ran with, as plain values."""
    setattr(report, TESTIMONY, told)


def attached_testimony(report: Any) -> Mapping[str, Any] | None:
    """What was put on a report of what the spec ran with, if anything."""
    found: Mapping[str, Any] | None = getattr(report, TESTIMONY, None)
    return found


def outcome_of(report: pytest.TestReport, curriculum: Curriculum) -> Outcome | None:
    """What a report says of a spec; None if it says nothing, or is of another test.

    A failed report that carries no outcome was made in the place of a process that has crashed.
    """
    outcome = attached_outcome(report)
    if outcome is None and report.failed and (unit := curriculum.unit_of_spec(report.nodeid)):
        return Outcome(State.BROKEN, CRASHED, unit=unit.id, crashed=True)
    return outcome


def ending_report(
    item: pytest.Item, text: str, outcome: Outcome | None = None
) -> pytest.TestReport:
    """What is reported of a spec that has ended its process; skipped, if the machine has ended it."""
    if outcome is not None and outcome.state == State.NOT_RUN:
        file, line, _ = item.location
        skipped = (file, line or 0, text)
        report = pytest.TestReport(item.nodeid, item.location, {}, "skipped", skipped, "call")
    else:
        report = pytest.TestReport(item.nodeid, item.location, {}, "failed", text, "call")
    if outcome is not None:
        attach_outcome(report, outcome)
    return report


def mark_failed(report: pytest.TestReport, finding: Finding, whole_traceback: bool) -> None:
    """Show a finding; a skip or xfail that the code under test raised is none."""
    report.outcome = "failed"
    if hasattr(report, "wasxfail"):
        del report.wasxfail
    if whole_traceback:
        report.sections.append(("tinytorch", finding.text))
    else:
        report.longrepr = finding.text


def mark_skipped(
    report: pytest.TestReport, finding: Finding, place: tuple[str, int | None] | None = None
) -> None:
    """Let pytest take a spec for skipped: that grants nothing, and fails nothing."""
    file, line = place or (finding.outcome.file, finding.outcome.line)
    report.outcome = "skipped"
    report.longrepr = (file, line or 0, finding.text)


def json_value(value: Any) -> Any:
    """A number that a spec shows, as JSON and workers can carry it: NumPy's are none of theirs."""
    if hasattr(value, "item") and getattr(value, "size", 0) == 1:
        value = value.item()
    if isinstance(value, str | bool | int | None) or (
        isinstance(value, float) and math.isfinite(value)
    ):
        return encodable_text(value) if isinstance(value, str) else value
    return encodable_text(str(value))
