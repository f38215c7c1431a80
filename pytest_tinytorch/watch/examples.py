"""Examples drawn before they are needed. Drawing them is most of what a property takes its time for.

A full run uses what Hypothesis has drawn for it meanwhile: as many examples as a run draws, each set
once. Where one of them fails, Hypothesis itself runs the property, to make the example smaller.
"""

from __future__ import annotations

import inspect
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import pytest
from hypothesis import Phase, example, settings
from hypothesis.database import ReadOnlyDatabase
from hypothesis.errors import UnsatisfiedAssumption
from hypothesis.strategies import DataObject

from pytest_tinytorch.plugin import DRAWER
from pytest_tinytorch.run.trials import SEED, SETTINGS

PREVIEW_EXAMPLES = 5
"""How many examples of each property a first look tries."""

REMEMBERED_EXAMPLES = 3
"""How many remembered failures a run begins with: as many as Hypothesis takes for 25 examples."""

UNSAVED = "unsaved"
"""The profile of a run that leaves nothing behind."""

Example = Mapping[str, Any]
"""The keyword arguments of a property's function."""


@dataclass(frozen=True)
class Examples:
    """What was drawn for a property.

    Attributes:
        values: all that a run draws; none for a property that cannot be replayed.
        used: whether a full run has had them: the next one is to have others.
    """

    values: tuple[Example, ...] = ()
    used: bool = False


Drawn = dict[str, Examples]
"""By node id."""


class CannotReplay(BaseException):
    """A property draws while it runs. Hypothesis would go on after an Exception."""


def use_up(drawn: Drawn) -> None:
    """Let no later run have what is given to one now; a first look may."""
    for nodeid, examples in drawn.items():
        drawn[nodeid] = replace(examples, used=True)


def is_to_draw(examples: Examples | None) -> bool:
    """Whether a property has no examples for the next run, and can have some."""
    return examples is None or (examples.used and bool(examples.values))


class Drawer:
    """A plugin that draws examples of properties and runs no spec.

    Strategies never call the code under test, so nothing of it is imported.

    Args:
        drawn: filled with examples; what no run has used yet is not drawn again.
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
        items[:] = [i for i in items if is_property(i) and is_to_draw(self.drawn.get(i.nodeid))]

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


def draw_examples(item: pytest.Function) -> Examples:
    """The examples that a run of a property draws: what its function is called with, by keyword."""
    handle = item.obj.hypothesis
    found: list[Example] = []

    def collect(*args: Any, **kwargs: Any) -> None:
        one = {name: value for name, value in kwargs.items() if value is not item.instance}
        if not replayable(one):
            raise CannotReplay
        found.append(one)

    inner = handle.inner_test
    handle.inner_test = collect  # what Hypothesis documents for plugins that wrap properties
    try:
        with having(item, database=None):  # or it remembers where drawing ended
            run_with_hypothesis(item)
    except CannotReplay:
        return Examples()
    finally:
        handle.inner_test = inner
    return Examples(tuple(found))


@contextmanager
def having(item: pytest.Function, **changed: Any) -> Iterator[None]:
    """Let a property have other settings of Hypothesis for a while."""
    owner = vars(getattr(item.obj, "__func__", item.obj))
    before = owner.get(SETTINGS)
    owner[SETTINGS] = settings(before, **changed)
    try:
        yield
    finally:
        owner[SETTINGS] = before


def run_with_hypothesis(item: pytest.Function) -> None:
    """Run a property as pytest itself would."""
    item.obj(**{name: item.funcargs[name] for name in inspect.signature(item.obj).parameters})


def replayable(one: Example) -> bool:
    """Whether an example holds all that it will draw: `data()` draws while the spec runs."""
    return not any(isinstance(value, DataObject) for value in one.values())


def run_example(item: pytest.Function, one: Example) -> None:
    """Run the function of a property on an example, without Hypothesis."""
    instance = () if item.instance is None else (item.instance,)
    item.obj.hypothesis.inner_test(*instance, **one)


def passes_remembered(item: pytest.Function) -> bool:
    """Whether a property holds on the failures that Hypothesis remembers, as many as a run begins with."""
    try:
        with having(item, phases=[Phase.explicit, Phase.reuse], max_examples=REMEMBERED_EXAMPLES):
            run_with_hypothesis(item)
    except Exception:
        return False
    return True


def passes_all(
    item: pytest.Function, examples: Sequence[Example], has_failed: bool = False
) -> bool:
    """Whether a property holds on all that was drawn for a full run; if not, Hypothesis has to run it.

    What fails here and not there is an example of it from now on: it may be rare, or fail only outside of
    Hypothesis.

    Args:
        item: the property.
        examples: that were drawn for it.
        has_failed: whether it was red last time: it begins with what it failed on then.
    Raises:
        Exception: what Hypothesis finds, once an example has failed.
    """
    if has_failed and not passes_remembered(item):
        return False
    for one in examples:
        try:
            run_example(item, one)
        except UnsatisfiedAssumption:
            return False  # it draws another one instead
        except Exception:
            run_with_hypothesis(item)
            example(**one)(getattr(item.obj, "__func__", item.obj))
            return False
    return True


def run_all(item: pytest.Function, examples: Sequence[Example]) -> None:
    """Run the function of a property on examples; where it does not hold on all, Hypothesis has to run it."""
    for one in examples:
        run_example(item, one)


def replay_examples(item: pytest.Function, examples: Sequence[Example]) -> None:
    """Run the function of a property on a few examples, without Hypothesis."""
    for one in examples:
        try:
            run_example(item, one)
        except UnsatisfiedAssumption:
            continue
        except Exception as error:
            lines = (f"    {name}={value!r},\n" for name, value in one.items())
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
