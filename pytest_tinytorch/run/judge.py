"""The Judge: where reports arrive, with or without workers. It makes the verdict and keeps the ledger."""

from __future__ import annotations

import platform
from collections.abc import Generator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any, cast

import pytest

from pytest_tinytorch.course.curriculum import Curriculum, UnitId
from pytest_tinytorch.evidence import gate, judgement, ledger
from pytest_tinytorch.evidence.ledger import Achievement, Event
from pytest_tinytorch.evidence.outcomes import Outcome, State, Verdict
from pytest_tinytorch.evidence.plan import Plan
from pytest_tinytorch.evidence.progress import Progress, group_counts, open_tasks
from pytest_tinytorch.evidence.workspace import Workspace
from pytest_tinytorch.export import formats
from pytest_tinytorch.run.explainer import Message
from pytest_tinytorch.run.reports import attached_outcome, outcome_of
from pytest_tinytorch.terminal import screen

VERSIONS = ("numpy", "pytest", "hypothesis", "pytest-tinytorch")


class Judge:
    """Where reports arrive, with or without workers: makes the verdict, keeps the ledger, reports."""

    def __init__(
        self, config: pytest.Config, workspace: Workspace, plan: Plan, narrowed: bool
    ) -> None:
        self.config = config
        self.workspace = workspace
        self.plan = plan
        self.narrowed = narrowed
        self.digests = workspace.digests  # of now: what is saved while the specs run is not judged
        self.outcomes: dict[str, Outcome] = {}
        self.other_failures = False
        self.progress: Progress | None = None
        self.paused = False  # while specs run that are not to be judged, as in a first look
        self.now = datetime.now(UTC).isoformat(timespec="seconds")

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_logreport(
        self, report: pytest.TestReport
    ) -> Generator[None, object, object]:
        """Take note of a report, before anyone else reads it: they are shown our message."""
        if not self.paused:
            self._keep(report)
        return (yield)

    def _keep(self, report: pytest.TestReport) -> None:
        outcome = outcome_of(report, self.workspace.curriculum)
        if outcome is None:
            self.other_failures |= report.failed
            return
        if isinstance(report.longrepr, str):
            report.longrepr = cast(Any, report_message(report, outcome))
        before = self.outcomes.get(report.nodeid)
        if before is None or before.state == State.PASSED:
            self.outcomes[report.nodeid] = outcome

    @pytest.hookimpl(tryfirst=True)
    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        self.other_failures |= report.failed

    @pytest.hookimpl(tryfirst=True)
    def pytest_report_teststatus(self, report: Any) -> tuple[str, str, Any] | None:
        """Todo and locked are categories of their own: no traceback, no skip."""
        outcome = attached_outcome(report)
        if outcome is not None and outcome.state == State.TODO:
            return "todo", "t", ("TODO", {"yellow": True})
        if outcome is not None and outcome.state == State.LOCKED:
            return "locked", "l", ("LOCKED", {"light": True})
        return None

    @pytest.hookimpl
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """List node ids for the manifest."""
        if self.workspace.options.nodeids:
            for item in session.items:
                print(f"nodeid {item.nodeid}")

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        given = self.workspace.options
        if exitstatus == pytest.ExitCode.INTERRUPTED:  # a worker that was interrupted is no crash
            self.outcomes = {n: o for n, o in self.outcomes.items() if not o.crashed}
        if self.config.option.collectonly or not (self.outcomes or given.selects):
            return
        finished = exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED)
        finished |= exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED
        cut_short = not finished or bool(session.shouldstop or session.shouldfail)
        self.progress = self._judge(whole=not self.narrowed and not cut_short)
        if finished and not self.narrowed:
            session.exitstatus = self._exit_code(self.progress)
        for step in (self._record, self._announce):
            try:
                step(self.progress)
            except OSError as error:
                warnings = self.progress.warnings
                if str(error) not in warnings:  # a ledger that is none was told when it was read
                    warnings = (*warnings, f"cannot be written: {error}")
                self.progress = replace(self.progress, newly_passed=(), warnings=warnings)
                session.exitstatus = pytest.ExitCode.USAGE_ERROR

    @pytest.hookimpl(tryfirst=True)
    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        if self.progress is not None:
            screen.show_report(self.progress, terminalreporter)

    def _judge(self, whole: bool) -> Progress:
        workspace, plan = self.workspace, self.plan
        curriculum = workspace.curriculum
        found = judgement.outcomes_by_unit(curriculum, workspace.manifest, self.outcomes)
        found = {unit: outcomes for unit, outcomes in found.items() if unit not in plan.borrowed}
        verdicts = judgement.verdicts(curriculum, workspace.manifest, plan, found, whole)
        state = gate.states_of_units(
            curriculum, verdicts, workspace.known_verdicts, workspace.stale, plan.borrowed
        )
        changed = [u for u, now in workspace.digests_now().items() if now != self.digests[u]]
        state |= {unit: State.STALE for unit in changed if state[unit] == State.PASSED}
        passed = [unit for unit in verdicts if state[unit] == State.PASSED]
        grants = workspace.options.gate
        newly_passed = tuple(u for u in passed if grants and u not in workspace.proved)
        notes = judgement.milestone_notes(curriculum, found)
        achievements = workspace.ledger.achievements()
        if not workspace.options.reference:
            now = {u: Achievement(self.now, notes.get(u, {})) for u in newly_passed}
            achievements = now | achievements
        return Progress(
            curriculum=curriculum,
            state=state,
            verdicts=verdicts,
            groups={unit: group_counts(outcomes.values()) for unit, outcomes in found.items()},
            selected=frozenset(found) if self.narrowed else plan.selected,
            newly_passed=newly_passed,
            tasks=open_tasks(
                curriculum, judgement.actionable_outcomes(found, state, self.narrowed)
            ),
            notes=notes,
            warnings=(*workspace.ledger.damage, *changed_source_warnings(changed, curriculum)),
            grants=grants,
            learning_path=workspace.learning_path,
            achievements=achievements,
        )

    def _record(self, progress: Progress) -> None:
        """Append what is new to the ledger."""
        workspace = self.workspace
        events = [
            Event(
                unit=unit,
                verdict=verdict.state,
                source=self.digests[unit][0],
                specs=self.digests[unit][1],
                outcomes={str(kind): count for kind, count in verdict.counts.items()},
                own=not workspace.options.reference,
                at=self.now,
                versions=versions(),
                notes=progress.notes.get(unit, {}),
            )
            for unit, verdict in judgement.lasting_verdicts(progress).items()
            if not self._beyond_what_is_asked(unit, verdict)
        ]
        ledger.record_events(workspace.ledger_file, events)

    def _beyond_what_is_asked(self, unit: UnitId, verdict: Verdict) -> bool:
        """Whether a milestone fell short of more than it takes to pass: that takes nothing back."""
        full = self.workspace.options.scale == "full"
        milestone = self.workspace.curriculum.unit(unit).is_milestone
        return full and milestone and verdict.state != State.PASSED

    def _exit_code(self, progress: Progress) -> int:
        given = self.workspace.options
        once_passed = frozenset() if given.reference else self.workspace.ledger.once_passed()
        succeeded = judgement.run_succeeded(progress, once_passed, given.todo_ok)
        if succeeded and not self.other_failures:
            return pytest.ExitCode.OK
        return pytest.ExitCode.TESTS_FAILED

    def _announce(self, progress: Progress) -> None:
        """Tell exporters and the course's own hooks."""
        hook = self.config.hook
        for unit_id in progress.newly_passed:
            unit = progress.curriculum.unit(unit_id)
            if unit.is_milestone:
                hook.pytest_tinytorch_milestone_unlocked(
                    config=self.config, milestone=unit, progress=progress
                )
            else:
                hook.pytest_tinytorch_checkpoint_passed(
                    config=self.config, checkpoint=unit, progress=progress
                )
        hook.pytest_tinytorch_report(config=self.config, progress=progress)

    @pytest.hookimpl
    def pytest_tinytorch_report(self, config: pytest.Config, progress: Progress) -> None:
        for name, file in self.workspace.options.exports:
            formats.write_export(progress, name, file, self.workspace.root)


def report_message(report: pytest.TestReport, outcome: Outcome) -> Message:
    """What is shown of a failed spec, at the place to mend, or else where the spec is."""
    glyphs = screen.terminal_glyphs()
    file, line, _ = report.location
    place = (outcome.file, max(outcome.line, 1)) if outcome.file else (file, (line or 0) + 1)
    return Message(*place, glyphs.fit(str(report.longrepr)), glyphs.fit(outcome.headline))


def changed_source_warnings(changed: Sequence[UnitId], curriculum: Curriculum) -> list[str]:
    """What to say if source was saved while the specs ran: they may have seen either version."""
    if not changed:
        return []
    return [f"{curriculum.unit(changed[0]).label} changed during the run: run it again"]


def versions() -> dict[str, str]:
    """What a verdict was made with."""
    found = {"python": platform.python_version()}
    for package in VERSIONS:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    return found
