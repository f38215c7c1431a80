"""The Judge: where reports arrive, with or without workers. It makes the verdict and keeps the ledger."""

from __future__ import annotations

import platform
import time
from collections.abc import Generator, Sequence
from datetime import UTC, datetime
from typing import Any, cast

import pytest
from msgspec.structs import replace

from pytest_tinytorch.course.curriculum import UnitId
from pytest_tinytorch.course.options import CURRICULUM_SETTING, SPECS_SETTING
from pytest_tinytorch.evidence import gate, judgement, ledger
from pytest_tinytorch.evidence.causes import Cause, causes_of
from pytest_tinytorch.evidence.changes import Changes, written_meanwhile
from pytest_tinytorch.evidence.conclusion import Terms
from pytest_tinytorch.evidence.following import Following, read_following, remember
from pytest_tinytorch.evidence.ledger import Achievement, Event
from pytest_tinytorch.evidence.outcomes import Outcome, State, Verdict
from pytest_tinytorch.evidence.plan import Plan
from pytest_tinytorch.evidence.progress import Progress, Task, group_counts, open_tasks
from pytest_tinytorch.evidence.workspace import Workspace
from pytest_tinytorch.kit.installed import field_in, version_of
from pytest_tinytorch.kit.specs import specs_status
from pytest_tinytorch.run.message import Message
from pytest_tinytorch.run.reports import attached_outcome, outcome_of
from pytest_tinytorch.run.witness import Testimony
from pytest_tinytorch.terminal import output

JUDGED = (
    pytest.ExitCode.OK,
    pytest.ExitCode.TESTS_FAILED,
    pytest.ExitCode.NO_TESTS_COLLECTED,
)
"""Codes of a run that went to its end. Any other says more than that something is not passed."""
VERSIONS = ("numpy", "pytest", "hypothesis", "pytest-tinytorch")


class Judge:
    """Where reports arrive, with or without workers: makes the verdict, keeps the ledger, reports."""

    def __init__(
        self,
        config: pytest.Config,
        workspace: Workspace,
        plan: Plan,
        narrowed: bool,
        names_specs: bool,
    ) -> None:
        self.config = config
        self.narrowed = narrowed
        self.names_specs = names_specs
        self.take(workspace, plan)
        self.testimony = Testimony()
        self.lasting: dict[UnitId, Verdict] = {}
        self.outcomes: dict[str, Outcome] = {}
        self.other_failures: list[str] = []
        self.progress: Progress | None = None
        self.changed = False  # whether a unit that was judged depends on something else by now
        self.paused = False  # while specs run that are not to be judged, as in a first look

    def take(self, workspace: Workspace, plan: Plan) -> None:
        """Judge this: for a run that waits, once more when it begins."""
        self.workspace = workspace
        self.plan = plan
        self.begun = time.time_ns()
        self.found = workspace.found  # of now: what is saved while the specs run is not judged
        self.followed = read_following(workspace.root)
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
        self.testimony.hear(report)
        outcome = outcome_of(report, self.workspace.curriculum)
        if outcome is None:
            if report.failed:
                self.other_failures.append(f"{report.nodeid} failed, which is not a spec")
            return
        if isinstance(report.longrepr, str):
            report.longrepr = cast(Any, report_message(report, outcome))
        before = self.outcomes.get(report.nodeid)
        if before is None or before.state == State.PASSED:
            self.outcomes[report.nodeid] = outcome

    @pytest.hookimpl(tryfirst=True)
    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self.other_failures.append(f"{report.nodeid} cannot be collected")

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_report_teststatus(self, report: Any) -> Generator[None, Any, Any]:
        """To do and locked are categories of their own: no traceback, no skip. Others hear of them, too."""
        status = yield
        outcome = attached_outcome(report)
        if outcome is not None and outcome.state == State.TODO:
            return "to do", "t", ("TO DO", {"yellow": True})
        if outcome is not None and outcome.state == State.LOCKED:
            return "locked", "l", ("LOCKED", {"light": True})
        return status

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
        if self.config.option.collectonly or self.config.option.setuponly:
            return
        asked = given.selects or (exitstatus == pytest.ExitCode.OK and not self.names_specs)
        if not (self.outcomes or asked):
            return
        cut_short = exitstatus not in JUDGED or bool(session.shouldstop or session.shouldfail)
        self.progress = self._with_failures_of_pytest(self._judge(not cut_short), exitstatus)
        session.exitstatus = self._exit_code(self.progress, exitstatus)
        for step in (self._record, self._announce):
            try:
                step(self.progress)
            except OSError as error:
                warnings = self.progress.warnings
                if str(error) not in warnings:  # a ledger that is none was told when it was read
                    warnings = (*warnings, f"cannot be written: {error}")
                self.progress = replace(self.progress, newly_passed=(), warnings=warnings)
                self.progress = with_failure(self.progress, "not everything could be written")
                session.exitstatus = pytest.ExitCode.USAGE_ERROR

    @pytest.hookimpl(tryfirst=True)
    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        if self.progress is not None:
            from pytest_tinytorch.terminal import screen  # Rich, which a worker does without

            commands = self.workspace.options.commands
            screen.show_report(self.progress, terminalreporter, commands)

    def _judge(self, complete: bool) -> Progress:
        workspace, plan = self.workspace, self.plan
        whole = complete and not self.narrowed
        curriculum = workspace.curriculum
        found = judgement.outcomes_by_unit(curriculum, workspace.manifest, self.outcomes)
        found = {unit: outcomes for unit, outcomes in found.items() if unit not in plan.borrowed}
        verdicts = judgement.verdicts(curriculum, workspace.manifest, plan, found, whole)
        remarks = self._reasons_to_grant_nothing()
        judged = gate.states_of_units(
            curriculum,
            judgement.without_passes(verdicts) if remarks else verdicts,
            workspace.known_verdict,
            workspace.stale,
            plan.borrowed,
        )
        changes = self._changes()
        self.changed = bool(changes.units)
        state = changes.shown(judged, verdicts)
        unsaved = workspace.implementation.unsaved
        grants = workspace.options.gate and not remarks and not unsaved
        passed = [unit for unit in verdicts if state[unit] == State.PASSED]
        newly_passed = tuple(u for u in passed if grants and u not in workspace.proved)
        to_do = [u for u in verdicts if state[u] == State.TODO and not self.narrowed]
        notes = judgement.milestone_notes(curriculum, found)
        achievements = workspace.ledger.achievements()
        if not workspace.options.reference:
            now = {u: Achievement(self.now, notes.get(u, {})) for u in newly_passed}
            achievements = now | achievements
        progress = Progress(
            curriculum=curriculum,
            state=state,
            verdicts=verdicts,
            groups={unit: group_counts(outcomes.values()) for unit, outcomes in found.items()},
            selected=self._asked_for(found),
            newly_passed=newly_passed,
            tasks=self._tasks(judgement.actionable_outcomes(found, state, self.narrowed)),
            notes=notes,
            warnings=(*workspace.ledger_warnings, *remarks, *changes.warnings(curriculum)),
            grants=grants,
            learning_path=workspace.learning_path,
            achievements=achievements,
            reference=workspace.options.reference,
            terms=self._terms(complete),
            recorded_counts=workspace.recorded_counts,
            untouched={unit: workspace.untouched_in(unit) for unit in to_do},
        )
        if not changes.written:
            # Source that was saved meanwhile is that of the next run. What lasts of this one is of the old.
            self.lasting = judgement.lasting_verdicts(replace(progress, state=judged))
        return progress

    def _tasks(self, outcomes: Sequence[Outcome]) -> tuple[Task, ...]:
        """What is to do, in the order in which the failures are told."""
        uses = self.workspace.uses(outcomes)
        return open_tasks(self.workspace.curriculum, outcomes, uses)

    def causes(self) -> tuple[Cause, ...]:
        """What is wrong or broken, each cause once, what is to be mended first in front."""
        uses = self.workspace.uses(self.outcomes.values())
        return causes_of(self.outcomes, self.workspace.curriculum, uses)

    def _asked_for(self, found: judgement.OutcomesByUnit) -> frozenset[UnitId]:
        """What the run is about: the units of the specs that were named, those that were picked, or both."""
        if not self.narrowed:
            return self.plan.selected
        return frozenset(found) | (frozenset() if self.names_specs else self.plan.selected)

    def _terms(self, complete: bool) -> Terms:
        given = self.workspace.options
        return Terms(
            names_specs=self.names_specs,
            todo_ok=given.todo_ok,
            once_passed=frozenset() if given.reference else self.workspace.ledger.once_passed(),
            complete=complete,
            failures=tuple(self.other_failures),
        )

    def _reasons_to_grant_nothing(self) -> list[str]:
        """Why what passes in this run is not proved by it, a line for each reason."""
        declared, course = map(self.config.getini, (SPECS_SETTING, CURRICULUM_SETTING))
        status = specs_status(self.workspace.root, bool(course), declared)
        return [reason for reason in (self.testimony.remark, status.remark) if reason]

    def _changes(self) -> Changes:
        """What was written while the specs ran."""
        workspace, found = self.workspace, self.found
        now = workspace.footing_now()
        return Changes(
            units=now.differing(found),
            written=(
                *written_meanwhile(found.marks, now.marks, workspace.root),
                *self.testimony.unsettled(workspace.root, self.begun),
            ),
        )

    def _record(self, progress: Progress) -> None:
        """Append what is new to the ledger."""
        if not self.lasting:
            return
        workspace = self.workspace
        made_with, helpers = versions(self.config), self.testimony.helpers()
        events = [
            Event(
                unit=unit,
                verdict=verdict.state,
                source=self.found.grounds[unit].source,
                specs=self.found.grounds[unit].specs,
                outcomes={str(kind): count for kind, count in verdict.counts.items()},
                own=not workspace.options.reference,
                at=self.now,
                versions=made_with,
                notes=progress.notes.get(unit, {}),
                helpers=helpers,
                exact=self.found.grounds[unit].exact,
                blames=progress.blamed.get(unit, ""),
            )
            for unit, verdict in self.lasting.items()
            if not self._beyond_what_is_asked(unit, verdict)
        ]
        ledger.record_events(workspace.ledger_file, events)
        self._remember()

    def _remember(self) -> None:
        """What was typed of paths and borrowing, for `tito`; what was chosen during the run stays."""
        given = self.workspace.options
        if given.reference or given.ledger is not None or given.source is not None:
            return
        if read_following(self.workspace.root) != self.followed:
            return
        path = given.learning_path if given.learning_path_from == "--path" else None
        borrow = given.borrow if given.borrow_from == "--borrow" else None
        remember(self.workspace.root, Following(path, borrow))

    def _beyond_what_is_asked(self, unit: UnitId, verdict: Verdict) -> bool:
        """Whether a milestone fell short of more than it takes to pass: that takes nothing back."""
        full = self.workspace.options.scale == "full"
        milestone = self.workspace.curriculum.unit(unit).is_milestone
        return full and milestone and verdict.state != State.PASSED

    def _with_failures_of_pytest(self, progress: Progress, code: int) -> Progress:
        """Let the last line tell what only pytest's own code would: both have to say the same."""
        if code == pytest.ExitCode.TESTS_FAILED and progress.conclusion.succeeded:
            return with_failure(
                progress, "something failed that is not a spec of the selected units"
            )
        if code == pytest.ExitCode.NO_TESTS_COLLECTED and self.narrowed:
            return with_failure(progress, "no spec was run")
        return progress

    def _exit_code(self, progress: Progress, code: int) -> int:
        """The exit code: pytest's own where it says more, or where specs were named and no units."""
        if code not in JUDGED or self.names_specs:
            return code
        if code == pytest.ExitCode.NO_TESTS_COLLECTED and self.narrowed:
            return code
        succeeded = progress.conclusion.succeeded
        return pytest.ExitCode.OK if succeeded else pytest.ExitCode.TESTS_FAILED

    def _announce(self, progress: Progress) -> None:
        """Tell exporters and the course's own hooks; but not of source that is nowhere saved."""
        if self.workspace.implementation.unsaved:
            return
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
            from pytest_tinytorch.export.formats import write_export  # what most runs do without

            write_export(progress, name, file, self.workspace.root)


def with_failure(progress: Progress, failure: str) -> Progress:
    """The same, with something that failed and is no unit's."""
    failures = (*progress.terms.failures, failure)
    return replace(progress, terms=replace(progress.terms, failures=failures))


def report_message(report: pytest.TestReport, outcome: Outcome) -> Message:
    """What is shown of a failed spec, at the place to fix, or else where the spec is."""
    glyphs = output.terminal_glyphs()
    file, line, _ = report.location
    place = (outcome.file, max(outcome.line, 1)) if outcome.file else (file, (line or 0) + 1)
    return Message(*place, glyphs.fit(str(report.longrepr)), glyphs.fit(outcome.headline))


def versions(config: pytest.Config) -> dict[str, str]:
    """What a verdict was made with: Python, what the kit is built on, and every plugin."""
    found = {"python": platform.python_version()}
    found |= {package: version_of(package) or "not installed" for package in VERSIONS}
    plugins = [about.read_text for _, about in config.pluginmanager.list_plugin_distinfo()]
    return found | dict(
        sorted((field_in(one, "Name"), field_in(one, "Version")) for one in plugins)
    )
