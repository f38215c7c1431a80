"""The Runner: where specs run. It collects the right ones, holds back what is locked, explains failures."""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager, nullcontext
from functools import partial, wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_tinytorch.course.curriculum import Unit, UnitId
from pytest_tinytorch.course.exercises import STUB_MESSAGE, locate_exercises
from pytest_tinytorch.evidence import gate
from pytest_tinytorch.evidence.implementation import PACKAGE
from pytest_tinytorch.evidence.importing import installed_finder
from pytest_tinytorch.evidence.outcomes import Outcome, State
from pytest_tinytorch.evidence.paths import real_path
from pytest_tinytorch.evidence.plan import Plan
from pytest_tinytorch.evidence.workspace import Workspace
from pytest_tinytorch.run import endings
from pytest_tinytorch.run.debugger import Debugger
from pytest_tinytorch.run.exceptions import (
    EndsProgram,
    ExampleDropped,
    SameLoop,
    SpecEnded,
    StubReached,
)
from pytest_tinytorch.run.explainer import Explainer, Finding
from pytest_tinytorch.run.memory import keep_freed_memory
from pytest_tinytorch.run.message import error_text
from pytest_tinytorch.run.places import MENDED_BY, Spec
from pytest_tinytorch.run.processstate import kept
from pytest_tinytorch.run.reports import (
    IS_CANARY,
    UNIT,
    attach_outcome,
    json_value,
    mark_failed,
    mark_skipped,
    unit_of,
)
from pytest_tinytorch.run.shortcut import Shortcut
from pytest_tinytorch.run.spectimer import SpecTimer, is_debugging, stderr_of
from pytest_tinytorch.run.trials import FAILED_WITH, Trials, in_order

if TYPE_CHECKING:  # the library below it takes a while, and only workers need it
    from pytest_tinytorch.run.turns import Turns

FULL_TRACEBACKS = ("long", "native")


class Runner:
    """Registered wherever specs run: in the one process, or in each worker of xdist."""

    def __init__(self, workspace: Workspace, plan: Plan, turns: Turns | None = None) -> None:
        self.turns = turns
        self.failed: set[UnitId] = set()
        self.held: dict[str, State] = {}  # node id to why it did not begin: LOCKED or NOT_RUN
        self.take(workspace, plan)
        self.timer = SpecTimer(lambda file: self.explainer.places.is_learners(Path(file).resolve()))
        self.shortcut = Shortcut(self.timer)
        self.trials = Trials(self.timer)
        self.debugger = Debugger()

    def take(self, workspace: Workspace, plan: Plan) -> None:
        """Run this: for a run that waits, once more when it begins."""
        self.workspace = workspace
        self.plan = plan
        self.explainer = Explainer(
            workspace.curriculum,
            workspace.implementation,
            workspace.root,
            workspace.options.hints,
            self._is_sound,
            workspace.options.commands,
        )

    @pytest.hookimpl
    def pytest_ignore_collect(self, collection_path: Path, config: pytest.Config) -> bool | None:
        """Leave out what is sure to stay locked. A discovery shows everything."""
        if not self.plan.gated or config.option.collectonly:
            return None
        unit = self._unit_at(collection_path)
        if unit is None or collection_path.is_dir():
            return None
        if unit.id not in self.plan.to_run:
            return True
        return self._lock(unit) is not None or None

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_make_collect_report(
        self, collector: pytest.Collector
    ) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
        """Let no code that a spec file calls while it is collected end the run."""
        try:
            return (yield)
        except (SystemExit, KeyboardInterrupt) as error:
            if not (endings.ends_program(error) and self.explainer.places.raised_by_learner(error)):
                raise
            text = f"ends the program: {endings.place_of(error)}"
            return pytest.CollectReport(collector.nodeid, "failed", text, [])

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection(self, session: pytest.Session) -> None:
        """From now on an import of the package has a limit even where no spec runs."""
        stderr_of(session.config)
        if (finder := installed_finder()) is not None:
            finder.guard = partial(self._importing, session.config)

    @contextmanager
    def _importing(self, config: pytest.Config, module: str) -> Iterator[None]:
        """What a module under test is imported in."""
        with self.timer.limiting_import(config, module), endings.importing(module):
            yield

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Bring specs into the order of the course."""
        place = {unit.id: number for number, unit in enumerate(self.workspace.curriculum.units)}
        for item in items:
            item.stash[UNIT] = self.workspace.curriculum.unit_of_spec(item.nodeid)
        items.sort(key=lambda item: place[unit.id] if (unit := unit_of(item)) else -1)
        for item in items:
            if unit_of(item) is not None:
                stop_at_stubs(item)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        """Limit the time of a spec. One that measures time has the machine, where others run beside it."""
        if (unit := unit_of(item)) and unit.is_milestone:
            keep_freed_memory()
        turn = self.turns.take(alone=measures_time(item)) if self.turns else nullcontext()
        with turn, self.timer.limiting(item):
            return (yield)

    @pytest.hookimpl(tryfirst=True, specname="pytest_runtest_setup")
    def pytest_hold_back(self, item: pytest.Item) -> None:
        """End a spec before it begins if its unit is sure to stay locked, or if it cannot measure.

        Not from the wrapper below: what other plugins set up around a spec has to be there when they
        tear it down.
        """
        unit = unit_of(item)
        need = self._lock(unit) if unit else None
        if unit is not None and need is not None:
            self.held[item.nodeid] = State.LOCKED
            label = self.workspace.curriculum.unit(need).label
            pytest.skip(f"locked: {unit.label} needs {label}")
        if unit is not None and measures_time(item) and timing_is_off(item.config):
            self.held[item.nodeid] = State.NOT_RUN
            pytest.skip("not measured: --benchmark-disable")

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> Generator[None, object, object]:
        return (yield from self._phase())

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, object, object]:
        return (yield from self._phase())

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_teardown(self, item: pytest.Item) -> Generator[None, object, object]:
        return (yield from self._phase())

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_fixture_setup(
        self, fixturedef: pytest.FixtureDef[Any], request: Any
    ) -> Generator[None, object, object]:
        """Let pytest know of a fixture that what ends a spec has ended.

        It remembers ordinary exceptions only. A fixture that it takes for one that never began is not torn
        down, and fails with an error of pytest's own the next time.
        """
        try:
            return (yield)
        except SpecEnded as error:
            known: Any = (error, error.__traceback__)
            fixturedef.cached_result = (None, fixturedef.cache_key(request), known)
            raise

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_pyfunc_call(self, pyfuncitem: pytest.Function) -> Generator[None, object, object]:
        """Put back what the code under test has changed of the process, before anyone else is there."""
        unit = unit_of(pyfuncitem)
        try:
            # Hypothesis has each failure represented, and shows that if it never comes again.
            short = represented_by(pyfuncitem, pytest.ExceptionInfo.exconly)
            with short if unit else nullcontext(), kept() if unit else nullcontext():
                result = yield
                self.shortcut.raise_failure(pyfuncitem)
                return result
        except Exception as error:
            if unit is not None and not self.shortcut.running:
                self._try(pyfuncitem, unit, error)
            raise

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Put what a spec came to on its report; our message takes the place of pytest's traceback."""
        unit = unit_of(item)
        if unit is None:
            return (yield)
        end_as(call, self.timer.take_ended())
        finding = self._finding(item, unit, call)
        full = item.config.getoption("tbstyle") in FULL_TRACEBACKS
        make_printable(call)
        text = finding.text if finding is not None else ""
        with nullcontext() if full or finding is None else represented_by(item, lambda _: text):
            report = yield
        report.user_properties = [(name, json_value(x)) for name, x in report.user_properties]
        if finding is not None:
            self._show(report, unit, finding, full)
            if IS_CANARY not in item.stash:
                self._remember_failure(unit, finding.outcome.state)
            attach_outcome(report, finding.outcome)
        elif report.when == "call":
            group, _ = group_and_law(item)
            note = dict(report.user_properties)
            attach_outcome(report, Outcome(State.PASSED, group=group, note=note))
        return report

    def _finding(
        self, item: pytest.Item, unit: Unit, call: pytest.CallInfo[None]
    ) -> Finding | None:
        """What the exception that ended a phase of a spec means; None if it ended without one."""
        if call.excinfo is None:
            return None
        group, law = group_and_law(item)
        error = call.excinfo.value
        if item.nodeid in self.held:
            return Finding(Outcome(self.held[item.nodeid], group=group, headline=str(error)), "")
        if isinstance(error, SameLoop):
            return Finding(Outcome(State.NOT_RUN, str(error), group=group), str(error))
        return self.explainer.explain(Spec(item.nodeid, unit, group, law), error)

    def _try(self, item: pytest.Item, unit: Unit, error: Exception) -> None:
        """Find out by trial what a spec fails for, unless another one of this run has already told."""
        found = self.explainer.explain(Spec(item.nodeid, unit, *group_and_law(item)), error).outcome
        confirmed = self.trials.confirmed.get(unit.name, [])
        if found.state != State.WRONG or found.exercise in confirmed or not unit.source:
            return
        if measures_time(item) or is_debugging(item.config):
            return
        place = self.workspace.implementation
        own, solution = place.file(unit.name), place.reference / PACKAGE / f"{unit.name}.py"
        if not self.explainer.places.is_learners(real_path(own)) or not solution.is_file():
            return
        text, source = solution.read_text(encoding="utf-8"), place.text(own)
        if text == source:
            return
        written = [one.name for one in locate_exercises(source, unit.hints) if not one.untouched]
        order = in_order(found.exercise, confirmed, written, source)
        name = self.trials.blamed(item, unit.name, real_path(own), text, order)
        if name:
            error.__dict__[MENDED_BY] = name

    def _show(
        self, report: pytest.TestReport, unit: Unit, finding: Finding, whole_traceback: bool
    ) -> None:
        """Let pytest count and show a finding as what it is."""
        kind = finding.outcome.state
        if kind in (State.LOCKED, State.NOT_RUN) and not report.failed:
            return
        if kind == State.NOT_RUN:
            mark_skipped(report, finding, report.location[:2])
        elif kind == State.TODO and self._lets_through(unit):
            mark_skipped(report, finding)
        else:
            mark_failed(report, finding, whole_traceback and kind != State.TODO)

    def _remember_failure(self, unit: Unit, state: State) -> None:
        """What needs a unit that has failed is held back from now on."""
        stays_proved = state == State.NOT_RUN and unit.id in self.workspace.proved
        if state != State.LOCKED and not stays_proved:
            self.failed.add(unit.id)

    @pytest.hookimpl(tryfirst=True, optionalhook=True)
    def pytest_timeout_set_timer(self, item: pytest.Item) -> bool | None:
        """Specs have a timer of ours; other tests keep the one of pytest-timeout."""
        return True if unit_of(item) is not None else None

    @pytest.hookimpl(tryfirst=True, optionalhook=True)
    def pytest_timeout_cancel_timer(self, item: pytest.Item) -> bool | None:
        """Called at the end, and before a debugger looks at a failure."""
        if unit_of(item) is None:
            return None
        self.timer.cancel()
        return True

    def _phase(self) -> Generator[None, object, object]:
        self.timer.in_phase = True
        try:
            return (yield)
        except (pytest.exit.Exception, KeyboardInterrupt) as error:
            is_theirs = self.explainer.places.raised_by_learner(error)
            if self.debugger.is_left or not (endings.ends_program(error) and is_theirs):
                raise
            raise EndsProgram(error).with_traceback(error.__traceback__) from None
        finally:
            self.timer.in_phase = False

    def forget(self) -> None:
        """Forget what has failed: the specs are to run again."""
        self.failed.clear()
        self.held.clear()
        self.timer.loops.clear()
        self.timer.endless.clear()

    def _is_sound(self, unit: UnitId) -> bool:
        """Whether a unit is proved, or could not have let this one run otherwise, and has not failed here."""
        plan = self.plan
        known = unit in plan.borrowed or unit in self.workspace.proved
        return (known or (plan.gated and unit in plan.to_run)) and unit not in self.failed

    def _lets_through(self, unit: Unit) -> bool:
        """Whether an untouched stub of a unit is no failure here; it is where it once was passed."""
        workspace = self.workspace
        return workspace.options.todo_ok and unit.id not in workspace.ledger.once_passed()

    def _lock(self, unit: Unit) -> UnitId | None:
        return gate.blocking_need(self.workspace.curriculum, unit, self.failed, self.plan)

    def _unit_at(self, path: Path) -> Unit | None:
        try:
            relative = path.relative_to(self.workspace.root).as_posix()
        except ValueError:
            return None
        return self.workspace.curriculum.unit_of_spec(relative)


def measures_time(item: pytest.Item) -> bool:
    """Whether a spec uses the fixture of pytest-benchmark."""
    return "benchmark" in getattr(item, "fixturenames", ())


def timing_is_off(config: pytest.Config) -> bool:
    """Whether pytest-benchmark was told not to measure: nothing that it would prove is proved."""
    disabled = config.getoption("benchmark_disable", False)
    return bool(disabled) and not config.getoption("benchmark_enable", False)


@contextmanager
def represented_by(
    item: pytest.Item, text: Callable[[pytest.ExceptionInfo[BaseException]], str]
) -> Iterator[None]:
    """Let an item show a failure as ``text``: a traceback costs more to make than most specs to run."""
    item.repr_failure = lambda excinfo, style=None: text(excinfo)  # type: ignore[method-assign]
    try:
        yield
    finally:
        del item.repr_failure


def make_printable(call: pytest.CallInfo[None]) -> None:
    """Let pytest show an exception whose own `str` raises, which would end the whole run."""
    if call.excinfo is None:
        return
    try:
        str(call.excinfo.value)
    except Exception:
        error = AssertionError(error_text(call.excinfo.value))
        error = error.with_traceback(call.excinfo.value.__traceback__)
        call.excinfo = pytest.ExceptionInfo.from_exception(error)


def end_as(call: pytest.CallInfo[None], ended: SpecEnded | None) -> None:
    """Let a phase have ended in what was raised to end it, though code under test swallowed that."""
    if ended is None or (call.excinfo and isinstance(call.excinfo.value, SpecEnded)):
        return
    try:
        raise ended
    except SpecEnded:
        call.excinfo = pytest.ExceptionInfo.from_current()


def stop_at_stubs(item: pytest.Item) -> None:
    """Let a property end as soon as it reaches an untouched stub: no input makes that any smaller.

    Nor does the code under test say which inputs count.
    """
    handle = getattr(getattr(item, "obj", None), "hypothesis", None)
    if handle is None or hasattr(handle.inner_test, "stops_at_stubs"):
        return
    inner = handle.inner_test

    @wraps(inner)
    def test(*args: Any, **kwargs: Any) -> Any:
        try:
            return inner(*args, **kwargs)
        except NotImplementedError as error:
            if re.fullmatch(STUB_MESSAGE, str(error)):
                raise StubReached(error) from error
            setattr(test, FAILED_WITH, (args, kwargs))
            raise
        except BaseException as error:
            if endings.drops_example(error):
                raise ExampleDropped(error) from error
            if isinstance(error, Exception):
                setattr(test, FAILED_WITH, (args, kwargs))
            raise

    test.stops_at_stubs = True  # type: ignore[attr-defined]
    handle.inner_test = test  # what Hypothesis documents for plugins that wrap properties


def group_and_law(item: pytest.Item) -> tuple[str, str]:
    """(group, law) of a spec: the first lines of the docstrings of its class and its function."""
    owner = getattr(item, "cls", None)
    law = first_line(getattr(getattr(item, "function", None), "__doc__", None))
    return first_line(getattr(owner, "__doc__", None)) or item.name, law


def first_line(text: str | None) -> str:
    """The first paragraph of a docstring as one line."""
    return " ".join((text or "").strip().partition("\n\n")[0].split())
