"""The Judge: where reports arrive, with or without workers. It makes the verdict and keeps the ledger."""

from __future__ import annotations

import platform
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any, cast

import pytest

from pytest_tinytorch import export, gate, judgement, ledger, options, screen
from pytest_tinytorch.gate import Plan
from pytest_tinytorch.ledger import Event
from pytest_tinytorch.messages import Message
from pytest_tinytorch.progress import Progress, group_counts, tasks
from pytest_tinytorch.runner import ATTRIBUTE
from pytest_tinytorch.tally import BROKEN, LOCKED, PASSED, TODO, Outcome
from pytest_tinytorch.workspace import Workspace

VERSIONS = ("numpy", "pytest", "hypothesis", "pytest-tinytorch")


class Judge:
    """Where reports arrive, with or without workers: makes the verdict, keeps the ledger, reports."""

    def __init__(
        self, config: pytest.Config, workspace: Workspace, plan: Plan, named: bool
    ) -> None:
        self.config = config
        self.workspace = workspace
        self.plan = plan
        self.named = named
        self.outcomes: dict[str, Outcome] = {}
        self.other_failures = False
        self.progress: Progress | None = None

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        outcome = self._outcome(report)
        if outcome is None:
            self.other_failures |= report.failed
            return
        if isinstance(report.longrepr, str):
            marks = screen.glyphs_of_terminal()
            message = Message(marks.fit(report.longrepr), marks.fit(outcome.headline))
            report.longrepr = cast(Any, message)  # pytest asks only for toterminal() and str()
        before = self.outcomes.get(report.nodeid)
        if before is None or before.kind == PASSED:
            self.outcomes[report.nodeid] = outcome

    @pytest.hookimpl(tryfirst=True)
    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        self.other_failures |= report.failed

    @pytest.hookimpl(tryfirst=True)
    def pytest_report_teststatus(self, report: Any) -> tuple[str, str, Any] | None:
        """Todo and locked are categories of their own: no traceback, no skip."""
        kind = getattr(report, ATTRIBUTE, {}).get("kind")
        if kind == TODO:
            return "todo", "t", ("TODO", {"yellow": True})
        if kind == LOCKED:
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
        if self.config.option.collectonly or not (self.outcomes or given.selects):
            return
        finished = exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED)
        finished |= exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED
        cut_short = not finished or bool(session.shouldstop or session.shouldfail)
        self.progress = self._judge(whole=not self.named and not cut_short)
        self._record(self.progress)
        if finished and not self.named:
            session.exitstatus = self._exit_code(self.progress)
        self._announce(self.progress)

    @pytest.hookimpl(tryfirst=True)
    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        if self.progress is not None:
            screen.show_report(self.progress, terminalreporter)

    def _outcome(self, report: pytest.TestReport) -> Outcome | None:
        """What a report says of a spec; None if it says nothing, or is of another test."""
        carried = getattr(report, ATTRIBUTE, None)
        if carried is not None:
            return Outcome(**carried)
        if report.failed and (unit := self.workspace.curriculum.owner(report.nodeid)):
            return Outcome(BROKEN, "the process that ran it has crashed", unit=unit.id)
        return None

    def _judge(self, whole: bool) -> Progress:
        workspace, plan = self.workspace, self.plan
        curriculum = workspace.curriculum
        found = judgement.by_unit(curriculum, workspace.manifest, self.outcomes)
        verdicts = judgement.verdicts(curriculum, workspace.manifest, plan, found, whole)
        borrowed = plan.borrowed - verdicts.keys()
        state = gate.states(curriculum, verdicts, workspace.known, workspace.stale, borrowed)
        passed = [unit for unit in verdicts if state[unit] == PASSED]
        granting = workspace.options.gate
        return Progress(
            curriculum=curriculum,
            state=state,
            verdicts=verdicts,
            groups={unit: group_counts(outcomes.values()) for unit, outcomes in found.items()},
            asked=frozenset(found) if self.named else plan.asked,
            gained=tuple(u for u in passed if granting and u not in workspace.proved),
            tasks=tasks(curriculum, judgement.to_act_on(found, state, self.named)),
            notes=judgement.notes(curriculum, found),
            warnings=workspace.ledger.damage,
            granting=granting,
        )

    def _record(self, progress: Progress) -> None:
        """Append what is new to the ledger."""
        workspace = self.workspace
        now = datetime.now(UTC).isoformat(timespec="seconds")
        events = [
            Event(
                unit=unit,
                verdict=verdict.kind,
                source=workspace.digests[unit][0],
                specs=workspace.digests[unit][1],
                outcomes=dict(verdict.counts),
                own=not workspace.options.reference and unit not in self.plan.borrowed,
                at=now,
                versions=versions(),
                notes=progress.notes.get(unit, {}),
            )
            for unit, verdict in judgement.evidence(progress).items()
        ]
        try:
            ledger.append(workspace.ledger_file, workspace.ledger.news(events))
        except OSError as error:
            raise pytest.UsageError(
                f"progress cannot be written to {workspace.ledger_file}: {error.strerror}"
            ) from error

    def _exit_code(self, progress: Progress) -> int:
        given = self.workspace.options
        once_passed = frozenset() if given.reference else self.workspace.ledger.once_passed()
        succeeded = judgement.succeeded(progress, once_passed, given.todo_ok)
        if succeeded and not self.other_failures:
            return pytest.ExitCode.OK
        return pytest.ExitCode.TESTS_FAILED

    def _announce(self, progress: Progress) -> None:
        """Tell exporters and the course's own hooks."""
        hook = self.config.hook
        for unit_id in progress.gained:
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
        file = options.read(config).json
        if file is not None:
            export.write_json(progress, file)


def versions() -> dict[str, str]:
    """What a verdict was made with."""
    found = {"python": platform.python_version()}
    for package in VERSIONS:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    return found
