"""Examples drawn before they are needed. Drawing them is most of what a property takes its time for."""

from __future__ import annotations

import inspect
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import pytest
from hypothesis import settings
from hypothesis.database import ReadOnlyDatabase
from hypothesis.errors import UnsatisfiedAssumption
from hypothesis.strategies import DataObject

from pytest_tinytorch.plugin import DRAWER
from pytest_tinytorch.run.trials import SEED, SETTINGS

PREVIEW_EXAMPLES = 5
"""How many examples of each property are drawn."""

UNSAVED = "unsaved"
"""The profile of a run that leaves nothing behind."""

Drawn = dict[str, tuple[Mapping[str, Any], ...]]
"""Node id to keyword arguments; none for a property that cannot be replayed."""


class EnoughDrawn(BaseException):
    """A property has drawn what is wanted. Hypothesis would go on after an Exception."""


class Drawer:
    """A plugin that draws examples of properties and runs no spec.

    Strategies never call the code under test, so nothing of it is imported.

    Args:
        drawn: filled with examples; what is in it already is not drawn again.
        interrupted: asked before each property; once it says yes, drawing ends.
    """

    def __init__(self, drawn: Drawn, interrupted: Callable[[], bool]) -> None:
        self.drawn = drawn
        self.interrupted = interrupted
        self.session: pytest.Session | None = None
        self.__name__ = DRAWER  # what pytest registers it under

    @pytest.hookimpl
    def pytest_sessionstart(self, session: pytest.Session) -> None:
        self.session = session

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items[:] = [i for i in items if is_property(i) and i.nodeid not in self.drawn]

    @pytest.hookimpl
    def pytest_runtest_logfinish(self) -> None:
        if self.session is not None and self.interrupted():
            self.session.shouldstop = "there is something else to do"

    @pytest.hookimpl(tryfirst=True)
    def pytest_pyfunc_call(self, pyfuncitem: pytest.Function) -> bool:
        self.drawn[pyfuncitem.nodeid] = draw_examples(pyfuncitem)
        return True


def is_property(item: pytest.Item) -> bool:
    """Whether Hypothesis runs this spec."""
    return getattr(getattr(item, "obj", None), "hypothesis", None) is not None


def draw_examples(item: pytest.Function) -> tuple[Mapping[str, Any], ...]:
    """A few examples of a property: what its function would be called with, by keyword."""
    handle = item.obj.hypothesis
    found: list[Mapping[str, Any]] = []

    def collect(*args: Any, **kwargs: Any) -> None:
        example = {name: value for name, value in kwargs.items() if value is not item.instance}
        found.append(example)
        if len(found) == PREVIEW_EXAMPLES or not replayable(example):
            raise EnoughDrawn

    inner, owner = handle.inner_test, vars(getattr(item.obj, "__func__", item.obj))
    before = owner.get(SETTINGS)
    handle.inner_test = collect  # what Hypothesis documents for plugins that wrap properties
    owner[SETTINGS] = settings(before, database=None)  # or it remembers where drawing ended
    try:
        item.obj(**{name: item.funcargs[name] for name in inspect.signature(item.obj).parameters})
    except EnoughDrawn:
        pass
    finally:
        handle.inner_test = inner
        owner[SETTINGS] = before
    return tuple(found) if all(map(replayable, found)) else ()


def replayable(example: Mapping[str, Any]) -> bool:
    """Whether an example holds all that it will draw: `data()` draws while the spec runs."""
    return not any(isinstance(value, DataObject) for value in example.values())


def replay_examples(item: pytest.Function, examples: Sequence[Mapping[str, Any]]) -> None:
    """Run the function of a property on examples, without Hypothesis."""
    inner = item.obj.hypothesis.inner_test
    instance = () if item.instance is None else (item.instance,)
    for example in examples:
        try:
            inner(*instance, **example)
        except UnsatisfiedAssumption:
            continue
        except Exception as error:
            lines = (f"    {name}={value!r},\n" for name, value in example.items())
            error.add_note(f"Falsifying example: {item.name}(\n{''.join(lines)})")
            raise


def draw_anew(items: Iterable[pytest.Item]) -> None:
    """Let each property draw examples of its own: a fork would draw those that all forks draw.

    The option --hypothesis-seed does so as well, and so does `hypothesis.seed`. But with them
    Hypothesis neither remembers a failure nor begins with the one that it remembers.
    """
    usual = settings()
    for item in filter(is_property, items):
        function: Any = getattr(item, "obj", None)
        owner = vars(getattr(function, "__func__", function))
        if not (owner.get(SETTINGS) or usual).derandomize:
            owner[SEED] = secrets.randbits(64)


def keep_none(items: Iterable[pytest.Item]) -> None:
    """Let properties read the failures that Hypothesis remembers, and add none to them."""
    usual = settings()
    if usual.database is not None:  # for those that are made while specs run
        settings.register_profile(UNSAVED, usual, database=ReadOnlyDatabase(usual.database))
        settings.load_profile(UNSAVED)
    for item in filter(is_property, items):
        function: Any = getattr(item, "obj", None)
        owner = vars(getattr(function, "__func__", function))
        chosen = owner.get(SETTINGS) or usual
        if chosen.database is not None:
            owner[SETTINGS] = settings(chosen, database=ReadOnlyDatabase(chosen.database))
