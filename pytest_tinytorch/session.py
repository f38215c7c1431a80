"""One run: the Runner is where specs run, the Judge where their reports arrive."""

from __future__ import annotations

import platform
from collections.abc import Callable, Generator
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import pytest

from pytest_tinytorch import export, gate, ledger, options, profiles, screen, tally, timelimit
from pytest_tinytorch.curriculum import Unit
from pytest_tinytorch.gate import Plan
from pytest_tinytorch.ledger import Event
from pytest_tinytorch.messages import Explainer, Spec
from pytest_tinytorch.progress import Progress, group_counts, tasks
from pytest_tinytorch.tally import (
    BROKEN,
    LOCKED,
    PASSED,
    TODO,
    WRONG,
    Outcome,
    Verdict,
)
from pytest_tinytorch.workspace import Workspace

ATTRIBUTE = "tinytorch"
"""What a report carries its outcome in; xdist brings it to the controller."""

FULL_TRACEBACKS = ("long", "native")
VERSIONS = ("numpy", "pytest", "hypothesis", "pytest-tinytorch")


class Runner:
    """Where specs run: collects the right ones, holds back what is locked, explains failures."""

    def __init__(self, workspace: Workspace, plan: Plan) -> None:
        self.workspace = workspace
        self.plan = plan
        self.failed: set[str] = set()
        self.locked: set[str] = set()
        self.in_phase = False
        self.cancel: Callable[[], None] | None = None
        self.explainer = Explainer(
            workspace.curriculum, workspace.implementation, workspace.root, workspace.options.hints
        )

    @pytest.hookimpl
    def pytest_ignore_collect(self, collection_path: Path, config: pytest.Config) -> bool | None:
        """Leave out what is sure to stay locked. A discovery shows everything."""
        if not self.plan.gated or config.option.collectonly:
            return None
        unit = self._unit_at(collection_path)
        if unit is None or collection_path.is_dir():
            return None
        if unit.id not in self.plan.run:
            return True
        return self._lock(unit) is not None or None

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Bring specs into the order of the course, and give each its time limit."""
        from hypothesis import settings

        place = {unit.id: number for number, unit in enumerate(self.workspace.curriculum.units)}
        units = {item.nodeid: self._unit_of(item) for item in items}
        order = {nodeid: place[unit.id] if unit else -1 for nodeid, unit in units.items()}
        items.sort(key=lambda item: order[item.nodeid])
        examples = settings().max_examples
        for item in items:
            unit = units[item.nodeid]
            if unit is not None and item.get_closest_marker("timeout") is None:
                item.add_marker(pytest.mark.timeout(profiles.seconds(unit.is_milestone, examples)))

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        unit = self._unit_of(item)
        need = self._lock(unit) if unit else None
        if unit is not None and need is not None:
            self.locked.add(item.nodeid)
            label = self.workspace.curriculum.unit(need).label
            pytest.skip(f"locked: {unit.label} needs {label}")

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        unit = self._unit_of(item)
        if unit is None:
            return report
        group, law = words(item)
        outcome: Outcome | None = None
        if call.excinfo is not None and item.nodeid in self.locked:
            outcome = Outcome(LOCKED, group=group, headline=str(call.excinfo.value))
        elif call.excinfo is not None:
            spec = Spec(item.nodeid, unit, group, law)
            finding = self.explainer.explain(spec, call.excinfo.value)
            outcome = finding.outcome
            report.outcome = "failed"  # a skip or xfail that the code under test raised is none
            if item.config.getoption("tbstyle") not in FULL_TRACEBACKS or outcome.kind == TODO:
                report.longrepr = finding.text
            else:
                report.sections.append(("tinytorch", finding.text))
            self.failed.add(unit.id)
        elif report.when == "call":
            outcome = Outcome(PASSED, group=group, note=dict(report.user_properties))
        if outcome is not None:
            setattr(report, ATTRIBUTE, asdict(outcome))
        return report

    @pytest.hookimpl(wrapper=True, tryfirst=True, specname="pytest_runtest_setup")
    def phase_setup(self, item: pytest.Item) -> Generator[None, object, object]:
        return (yield from self._phase())

    @pytest.hookimpl(wrapper=True, tryfirst=True, specname="pytest_runtest_call")
    def phase_call(self, item: pytest.Item) -> Generator[None, object, object]:
        return (yield from self._phase())

    @pytest.hookimpl(wrapper=True, tryfirst=True, specname="pytest_runtest_teardown")
    def phase_teardown(self, item: pytest.Item) -> Generator[None, object, object]:
        return (yield from self._phase())

    @pytest.hookimpl(tryfirst=True, optionalhook=True)
    def pytest_timeout_set_timer(self, item: pytest.Item, settings: Any) -> bool | None:
        """Our own timer for specs; other tests keep the one of pytest-timeout."""
        from pytest_timeout import is_debugging

        if self._unit_of(item) is None:
            return None
        if not is_debugging() or settings.disable_debugger_detection:
            self.cancel = timelimit.start(settings.timeout, lambda: self.in_phase)
        return True

    @pytest.hookimpl(tryfirst=True, optionalhook=True)
    def pytest_timeout_cancel_timer(self, item: pytest.Item) -> bool | None:
        if self._unit_of(item) is None:
            return None
        if self.cancel is not None:
            self.cancel()
            self.cancel = None
        return True

    def _phase(self) -> Generator[None, object, object]:
        self.in_phase = True
        try:
            return (yield)
        finally:
            self.in_phase = False

    def _lock(self, unit: Unit) -> str | None:
        return gate.doomed(self.workspace.curriculum, unit, self.failed, self.plan)

    def _unit_of(self, item: pytest.Item) -> Unit | None:
        return self.workspace.curriculum.owner(item.nodeid)

    def _unit_at(self, path: Path) -> Unit | None:
        try:
            relative = path.relative_to(self.workspace.root).as_posix()
        except ValueError:
            return None
        return self.workspace.curriculum.owner(relative)


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
        verdicts = self._verdicts(whole)
        state = gate.states(
            workspace.curriculum,
            verdicts,
            workspace.proved,
            workspace.stale,
            plan.borrowed - verdicts.keys(),
        )
        by_unit = self._by_unit()
        gained = [
            unit.id
            for unit in workspace.curriculum.units
            if unit.id in verdicts
            and state[unit.id] == PASSED
            and unit.id not in workspace.proved
            and workspace.options.gate
        ]
        return Progress(
            curriculum=workspace.curriculum,
            state=state,
            verdicts=verdicts,
            groups={unit_id: group_counts(found.values()) for unit_id, found in by_unit.items()},
            asked=frozenset(by_unit) if self.named else plan.asked,
            gained=tuple(gained),
            tasks=tasks(workspace.curriculum, self.outcomes.values()),
            notes={
                unit.id: {k: v for o in by_unit[unit.id].values() for k, v in o.note.items()}
                for unit in workspace.curriculum.milestones
                if unit.id in by_unit
            },
            warnings=workspace.ledger.damage,
            granting=workspace.options.gate,
        )

    def _verdicts(self, whole: bool) -> dict[str, Verdict]:
        """The verdict on every unit that ran, or that should have."""
        by_unit = self._by_unit()
        curriculum, manifest = self.workspace.curriculum, self.workspace.manifest
        failed = {u for u, found in by_unit.items() if any(o.kind != PASSED for o in found.values())}
        verdicts = {}
        for unit in curriculum.units:
            expected = whole and unit.id in self.plan.run
            expected = expected and gate.doomed(curriculum, unit, failed, self.plan) is None
            if unit.id in by_unit or expected:
                found = by_unit.get(unit.id, {})
                verdicts[unit.id] = tally.verdict(manifest.get(unit.id, ()), found, expected)
        return verdicts

    def _by_unit(self) -> dict[str, dict[str, Outcome]]:
        """Outcomes by the unit whose specs they are of, in the order of the manifest."""
        manifest = self.workspace.manifest
        place = {nodeid: n for ids in manifest.values() for n, nodeid in enumerate(ids)}
        by_unit: dict[str, dict[str, Outcome]] = {}
        for nodeid in sorted(self.outcomes, key=lambda nodeid: place.get(nodeid, len(place))):
            owner = self.workspace.curriculum.owner(nodeid)
            if owner is not None:
                by_unit.setdefault(owner.id, {})[nodeid] = self.outcomes[nodeid]
        return by_unit

    def _record(self, progress: Progress) -> None:
        """Append what is new to the ledger; a locked or partial unit proves nothing."""
        if not progress.granting:
            return
        now = datetime.now(UTC).isoformat(timespec="seconds")
        lent = self.plan.borrowed
        events = [
            Event(
                unit=unit_id,
                verdict=verdict.kind,
                source=self.workspace.digests[unit_id][0],
                specs=self.workspace.digests[unit_id][1],
                outcomes=dict(verdict.counts),
                own=not self.workspace.options.reference and unit_id not in lent,
                at=now,
                versions=versions(),
                notes=progress.notes.get(unit_id, {}),
            )
            for unit_id, verdict in progress.verdicts.items()
            if progress.state[unit_id] in (PASSED, WRONG, TODO, BROKEN) and not verdict.missing
        ]
        try:
            ledger.append(self.workspace.ledger_file, self.workspace.ledger.news(events))
        except OSError as error:
            raise pytest.UsageError(
                f"progress cannot be written to {self.workspace.ledger_file}: {error.strerror}"
            ) from error

    def _exit_code(self, progress: Progress) -> int:
        """0 only if all that was asked for is passed, or with ``--todo-ok`` is merely not begun."""
        if self.other_failures:
            return pytest.ExitCode.TESTS_FAILED
        allowed: set[str] = set()
        if self.workspace.options.todo_ok:
            allowed = {TODO, LOCKED}
            gone_back = self.workspace.ledger.once_passed()
            bad = (WRONG, BROKEN, tally.STALE)
            for unit_id in progress.verdicts.keys() | progress.asked:
                back = progress.state[unit_id] == TODO and unit_id in gone_back
                if progress.state[unit_id] in bad or (back and not self.workspace.options.reference):
                    return pytest.ExitCode.TESTS_FAILED
        done = gate.succeeded(progress.asked, progress.state, allowed)
        return pytest.ExitCode.OK if done else pytest.ExitCode.TESTS_FAILED

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


def words(item: pytest.Item) -> tuple[str, str]:
    """(group, law) of a spec: the first lines of the docstrings of its class and its function."""
    owner = getattr(item, "cls", None)
    law = first_line(getattr(getattr(item, "function", None), "__doc__", None))
    return first_line(getattr(owner, "__doc__", None)) or item.name, law


def first_line(text: str | None) -> str:
    """The first paragraph of a docstring as one line."""
    return " ".join((text or "").strip().partition("\n\n")[0].split())


def versions() -> dict[str, str]:
    """What a verdict was made with."""
    found = {"python": platform.python_version()}
    for package in VERSIONS:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    return found
