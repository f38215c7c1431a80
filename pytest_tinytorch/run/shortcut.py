"""A shorter way through pytest, for specs that need no fixture.

What pytest does around a short spec takes longer than the spec: it captures what is printed, collects what
is logged, evaluates marks, sets up fixtures, and reports on each of these steps. A spec that holds needs
none of it where nobody is shown what it prints. All other hooks are called as ever: those that say whether
a spec may run, limit its time, and say what it came to, and whatever a course or a plugin adds.

What does not hold this way runs again, in pytest's own, and only that is told.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Literal, get_args

import pytest

from pytest_tinytorch.run.spectimer import SpecTimer

AROUND = frozenset({"capturemanager", "logging-plugin", "skipping", "timeout"})
"""Plugins that show what a spec prints, or do what a mark says that it does not have."""
LEFT_OUT = {
    "setup": AROUND | {"runner", "benchmark"},  # they set up what a spec uses
    "call": AROUND,
    "teardown": AROUND | {"runner"},
}
"""Plugins that are not called in a phase."""
HYPOTHESIS = "hypothesispytest"
"""Nor is this one, where examples were drawn before: it prepares all for a run by Hypothesis."""

MARKS = ("skip", "skipif", "xfail", "usefixtures")
"""With one of them a spec takes pytest's own way."""

QUITTING = (pytest.exit.Exception, KeyboardInterrupt)
"""What ends a run of pytest."""

Phase = Literal["setup", "call", "teardown"]
Hook = Callable[..., Any]

PARAMETERS = pytest.StashKey[dict[str, Any] | None]()
"""Where a spec keeps the arguments that it is called with; None if it needs more than these."""


class Shortcut:
    """Runs specs on the shorter way.

    Args:
        timer: limits their time.

    Attributes:
        running: whether a spec runs on it now: nobody need explain yet why it fails.
        failed: node id of the spec that has failed last, and with what.
    """

    def __init__(self, timer: SpecTimer) -> None:
        self.timer = timer
        self.running = False
        self.failed: tuple[str, BaseException] | None = None
        self.hooks: dict[tuple[Path, bool], dict[Phase, Hook]] = {}
        self.streams: list[tuple[int, int]] = []

    def is_open(self) -> bool:
        """Whether what specs print goes where it went first. If not, pytest's capturing mends that."""
        now = [(found.st_dev, found.st_ino) for found in map(stat_of, (0, 1, 2)) if found]
        self.streams = self.streams or now
        return now == self.streams and len(now) == 3

    def holds(self, item: pytest.Item, is_property: bool, tells: bool) -> bool:
        """Run a spec that `fits`; says whether it holds.

        Args:
            item: the spec.
            is_property: whether Hypothesis would run it in any other run.
            tells: whether reports are to say that it holds.
        """
        assert isinstance(item, pytest.Function)
        item.funcargs.update(parameters_of(item) or {})
        item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
        with self._on_it():
            calls = self._run(item, is_property)
        errors = [call.excinfo.value for call in calls if call.excinfo is not None]
        if errors or self.timer.has_untold:
            item.funcargs.clear()
            if errors and not is_property:  # of a property Hypothesis knows better
                self.failed = item.nodeid, errors[0]
            return False
        for call in calls[1:] if tells else ():  # nothing was set up
            report = item.ihook.pytest_runtest_makereport(item=item, call=call)
            item.ihook.pytest_runtest_logreport(report=report)
        item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
        return True

    def raise_failure(self, item: pytest.Item) -> None:
        """Let a spec fail that has failed on the shorter way, though it holds now: some code fails once."""
        if self.failed is not None and self.failed[0] == item.nodeid:
            raise self.failed[1]

    def _run(self, item: pytest.Item, is_property: bool) -> list[pytest.CallInfo[Any]]:
        """Run the phases of a spec."""
        key = (item.path.parent, is_property)
        if key not in self.hooks:
            self.hooks[key] = hooks_of(item, is_property)
        hooks = self.hooks[key]
        calls = [phase("setup", partial(hooks["setup"], item=item))]
        if calls[0].excinfo is None:
            calls.append(phase("call", partial(hooks["call"], item=item)))
        return [*calls, phase("teardown", partial(hooks["teardown"], item=item, nextitem=None))]

    @contextmanager
    def _on_it(self) -> Iterator[None]:
        self.running = True
        try:
            yield
        finally:
            self.running = False


def stat_of(descriptor: int) -> os.stat_result | None:
    """What a descriptor leads to, if anything."""
    try:
        return os.fstat(descriptor)
    except OSError:
        return None


def phase(when: Phase, run: Callable[[], Any]) -> pytest.CallInfo[Any]:
    """What a phase of a spec comes to."""
    return pytest.CallInfo.from_call(run, when, QUITTING)


def hooks_of(item: pytest.Item, is_property: bool) -> dict[Phase, Hook]:
    """What is called for each phase of the items in a folder."""
    manager = item.config.pluginmanager
    found: dict[Phase, Hook] = {}
    for when in get_args(Phase):
        name = f"pytest_runtest_{when}"
        left_out = LEFT_OUT[when] | ({HYPOTHESIS} if is_property else set())
        called = getattr(item.ihook, name).get_hookimpls()
        kept = {one.plugin for one in called if one.plugin_name not in left_out}
        others = [plugin for plugin in manager.get_plugins() if plugin not in kept]
        found[when] = manager.subset_hook_caller(name, others)
    return found


def fits(item: pytest.Item) -> bool:
    """Whether a spec can take the shorter way."""
    return parameters_of(item) is not None


def parameters_of(item: pytest.Item) -> dict[str, Any] | None:
    """The arguments of a spec that needs no fixture and has no mark that decides anything; else None."""
    if PARAMETERS not in item.stash:
        item.stash[PARAMETERS] = find_parameters(item)
    return item.stash[PARAMETERS]


def find_parameters(item: pytest.Item) -> dict[str, Any] | None:
    """The same, found out."""
    if type(item) is not pytest.Function or any(map(item.get_closest_marker, MARKS)):
        return None
    given: dict[str, Any] = getattr(getattr(item, "callspec", None), "params", {})
    named = {name for mark in item.iter_markers("parametrize") for name in names_in(mark)}
    needed = set(item.fixturenames)
    return {name: given[name] for name in needed} if needed <= named & given.keys() else None


def names_in(mark: pytest.Mark) -> list[str]:
    """The arguments that a mark ``parametrize`` gives as they are; those of fixtures are none."""
    if len(mark.args) != 2 or mark.kwargs.get("indirect"):
        return []
    names = mark.args[0]
    return [name.strip() for name in names.split(",")] if isinstance(names, str) else [*names]
