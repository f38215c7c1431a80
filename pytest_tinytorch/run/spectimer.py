"""The time limit around each spec, and what is known of loops from one spec to the next."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cache

import pytest
from msgspec.structs import replace

from pytest_tinytorch.run import hardlimit
from pytest_tinytorch.run.exceptions import ModuleNeverEnds, SameLoop, SpecEnded, TimeLimit
from pytest_tinytorch.run.limits import Limit, limit_of, limit_of_import
from pytest_tinytorch.run.loops import MODULE, Loop
from pytest_tinytorch.run.ticks import SystemClocks, start_ticks
from pytest_tinytorch.run.timelimit import SHORT_TICK, TICK, Alarm
from pytest_tinytorch.run.workerends import UNSTOPPABLE

STDERR = pytest.StashKey[int | None]()
"""Where a run keeps the descriptor of its real stderr."""


class SpecTimer:
    """Ends the spec that runs, should it reach its limit.

    Attributes:
        loops: the functions that ran into the limit so far. Whoever goes on with the rest of a run in
            another process puts them there.
        endless: the modules whose import ran into the limit while no spec ran.
        in_phase: whether a phase of a spec runs, and not what reports on it.
    """

    def __init__(self, is_learners: Callable[[str], bool]) -> None:
        self.is_learners = cache(is_learners)  # asked for each frame, in the middle of a spec
        self.loops: list[Loop] = []
        self.endless: dict[str, TimeLimit] = {}
        self.in_phase = False
        self.alarm: Alarm | None = None
        self.running = ExitStack()

    @contextmanager
    def limiting(self, item: pytest.Item) -> Iterator[None]:
        """Give a spec its limit; nothing to other tests, or while a debugger is attached."""
        with self._watching(item.config, item.nodeid, limit_of(item)):
            yield

    @contextmanager
    def limiting_import(self, config: pytest.Config, module: str) -> Iterator[None]:
        """Give the import of a module under test a limit where no spec runs, as while specs are collected.

        Raises:
            ModuleNeverEnds: it was reached, now or when the module was imported before.
            SameLoop: an earlier spec did not come back from this import.
        """
        if self.alarm is not None:
            with self._importing_once(module, self.alarm.nodeid):
                yield
            return
        if module in self.endless:
            raise ModuleNeverEnds(module, self.endless[module])
        try:
            with self._watching(config, module, limit_of_import(config)), self._in_phase():
                yield
        except TimeLimit as error:
            self.endless[module] = error
            raise ModuleNeverEnds(module, error).with_traceback(error.__traceback__) from None

    @contextmanager
    def _importing_once(self, module: str, nodeid: str) -> Iterator[None]:
        """Import a module for a spec, unless another one did not come back from that."""
        file = str(getattr(sys.modules.get(module), "__file__", ""))
        known = [x for x in self.loops if (x.file, x.function) == (file, MODULE)]
        before = next((loop.nodeid for loop in known if loop.nodeid != nodeid), None)
        if before is not None:
            raise SameLoop(before)
        try:
            yield
        except TimeLimit:
            if not known:
                self.loops.append(Loop(file, MODULE, 1, nodeid))
            raise

    @contextmanager
    def _in_phase(self) -> Iterator[None]:
        self.in_phase = True
        try:
            yield
        finally:
            self.in_phase = False

    @contextmanager
    def _watching(self, config: pytest.Config, name: str, limit: Limit | None) -> Iterator[None]:
        """Let an alarm look at what runs inside, if there is a limit."""
        if limit is None or is_debugging(config):
            yield
            return
        clocks = SystemClocks()
        self.alarm = Alarm(
            limit,
            name,
            clocks.read,
            tick=SHORT_TICK if self.loops else TICK,
            loops=self.loops,
            is_learners=self.is_learners,
            armed=lambda: self.in_phase and not is_debugging(config),
            give_up=lambda: end_process(config, name),
        )
        try:
            with ExitStack() as self.running:
                self.running.callback(clocks.close)
                end = limit.cpu + hardlimit.GRACE_SECONDS
                self.running.enter_context(hardlimit.process_ends_after(end, stderr_of(config)))
                self.running.callback(start_ticks(self.alarm))
                yield
        finally:
            self.alarm = None

    @contextmanager
    def trying(self, seconds: float) -> Iterator[None]:
        """Run code under test once more, for at most so long; what ends it is no outcome of the spec."""
        alarm = self.alarm
        if alarm is None:
            yield
            return
        limit, meter = alarm.limit, alarm.meter
        alarm.limit = replace(limit, cpu=meter.cpu + seconds, waiting=meter.waiting + seconds)
        try:
            yield
        finally:
            alarm.limit, alarm.held, alarm.tries = limit, [], 0
            alarm.raised = alarm.untold = None

    def cancel(self) -> None:
        """Let the spec that runs go on without a limit."""
        self.running.close()

    @property
    def has_untold(self) -> bool:
        """Whether something has ended a phase of the spec that runs, and no report says so yet."""
        return self.alarm is not None and self.alarm.untold is not None

    def take_ended(self) -> SpecEnded | None:
        """What ended the phase that is to be reported, if anything did; the loop is remembered."""
        if self.alarm is None or self.alarm.untold is None:
            return None
        ended, self.alarm.untold = self.alarm.untold, None
        if isinstance(ended, TimeLimit) and ended.loop and ended.loop not in self.loops:
            self.loops.append(ended.loop)
        return ended


def stderr_of(config: pytest.Config) -> int | None:
    """The real stderr, whatever pytest captures. To be asked for first while nothing is captured."""
    if STDERR not in config.stash:
        config.stash[STDERR] = file = hardlimit.real_stderr()
        if file is not None:
            config.add_cleanup(lambda: os.close(file))
    return config.stash[STDERR]


def is_debugging(config: pytest.Config) -> bool:
    """Whether somebody steps through the code, and has not told pytest-timeout to overlook it."""
    import pytest_timeout

    if config.getoption("timeout_disable_debugger_detection", None):
        return False
    return bool(pytest_timeout.is_debugging())


def end_process(config: pytest.Config, name: str) -> None:
    """The last resort against code that catches every exception: no other spec waits for it for ever."""
    capture = config.pluginmanager.getplugin("capturemanager")
    if capture is not None:
        capture.stop_global_capturing()
    print(f"\n{name} cannot be stopped: it catches every exception", file=sys.stderr)
    sys.stderr.flush()
    os._exit(UNSTOPPABLE)
