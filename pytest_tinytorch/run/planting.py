"""Runs canaries among the specs of a graded run, and tells nobody of them but the grader."""

from __future__ import annotations

import ast
import inspect
import json
import os
import socket
import textwrap
from collections.abc import Mapping, Sequence
from functools import wraps
from types import MethodType
from typing import Any

import pytest

from pytest_tinytorch.course.syntax import syntax_tree
from pytest_tinytorch.evidence.outcomes import State
from pytest_tinytorch.run.canaries import OWN_BODY, Canary, rewritten
from pytest_tinytorch.run.decoys import Decoys
from pytest_tinytorch.run.limits import Limit
from pytest_tinytorch.run.places import Frame
from pytest_tinytorch.run.pool import Listener
from pytest_tinytorch.run.reports import IS_CANARY, UNIT, attached_outcome
from pytest_tinytorch.run.runner import stop_at_stubs
from pytest_tinytorch.run.workerends import Ending

LARGEST = 1 << 20
"""Bytes of what the grader says."""


class Planter:
    """Knows the canaries of a run, and tells the grader what they came to.

    Args:
        descriptor: of a socket, on which the grader has said in a line which canaries there are. No process
            that is forked from this one has it, and none can open it.
    """

    def __init__(self, descriptor: int) -> None:
        self.connection = socket.socket(fileno=descriptor)
        os.register_at_fork(after_in_child=self.connection.close)
        with self.connection.makefile("rb") as stream:
            self.canaries = [Canary(*row) for row in json.loads(stream.readline(LARGEST))]
        self.planted: dict[pytest.Item, int] = {}
        self.came_to: dict[int, State] = {}

    def among(self, items: Sequence[pytest.Item]) -> list[pytest.Item]:
        """The specs with canaries among them, each next to its host: no order tells which is which."""
        found = [*items]
        hosts = {item.nodeid: item for item in items if isinstance(item, pytest.Function)}
        for number, canary in enumerate(self.canaries):
            host = hosts.get(canary.spec)
            if host is not None:  # a unit that is sure to stay locked is not collected
                twin = twin_of(host, canary)
                self.planted[twin] = number
                found.insert(found.index(host) + (not canary.ahead), twin)
        self.canaries.clear()
        return found

    def note(self, item: pytest.Item, state: State) -> None:
        """Keep what a canary came to: the first of its phases that did not pass decides."""
        number = self.planted[item]
        if self.came_to.get(number, State.PASSED) == State.PASSED:
            self.came_to[number] = state

    def tell(self) -> None:
        """Tell the grader."""
        self.connection.sendall(json.dumps([*self.came_to.items()]).encode())
        self.connection.close()


class Sieve:
    """Hands on what workers tell of specs, and keeps what they tell of canaries. For one worker at a time.

    Args:
        listener: who hears of specs.
        planter: who keeps what canaries came to.
    """

    def __init__(self, listener: Listener, planter: Planter) -> None:
        self.listener = listener
        self.planter = planter
        self.running: pytest.Item | None = None

    def started(self, item: pytest.Item) -> None:
        self.running = item if item in self.planter.planted else None
        if self.running is None:
            self.listener.started(item)

    def reported(self, report: pytest.TestReport) -> bool:
        if self.running is None:
            return self.listener.reported(report)
        if (outcome := attached_outcome(report)) is not None:
            self.planter.note(self.running, outcome.state)
        elif report.failed:
            self.planter.note(self.running, State.BROKEN)
        return True

    def warned(self, data: Sequence[Any]) -> None:
        if self.running is None:
            self.listener.warned(data)

    def finished(self, item: pytest.Item) -> None:
        if self.running is None:
            self.listener.finished(item)

    def died(self, item: pytest.Item, ending: Ending, frames: Sequence[Frame]) -> bool:
        if self.running is None:
            return self.listener.died(item, ending, frames)
        self.planter.note(item, ending.state)
        return True

    def limit(self, item: pytest.Item) -> Limit | None:
        return self.listener.limit(item)


def twin_of(host: pytest.Function, canary: Canary) -> pytest.Function:
    """The canary of a host, to run as any other spec."""
    function = inspect.unwrap(
        getattr(getattr(host.obj, "hypothesis", None), "inner_test", host.function)
    )
    lines, first = inspect.getsourcelines(function)
    tree = syntax_tree(textwrap.dedent("".join(lines)))
    ast.increment_lineno(tree, first - 1)
    node = tree.body[0]
    assert isinstance(node, ast.FunctionDef)
    names: dict[str, Any] = function.__globals__
    made = defined(rewritten(node, canary), function.__code__.co_filename, names)
    decoys = Decoys(canary.amount, names)
    twin = without_shrinking(made(decoys))
    if not canary.passes:
        twin = failing_briefly(twin, None if canary.site == OWN_BODY else decoys)
    bound = MethodType(twin, host.cls()) if host.cls else twin
    item: pytest.Function = pytest.Function.from_parent(
        host.parent,
        name=host.name,
        originalname=host.originalname,
        callspec=getattr(host, "callspec", None),
        callobj=bound,
    )
    item.stash[UNIT] = host.stash[UNIT]
    item.stash[IS_CANARY] = True
    stop_at_stubs(item)
    return item


def defined(module: ast.Module, file: str, names: Mapping[str, Any]) -> Any:
    """The function ``make`` of a module, with the global names of a file of specs."""
    space: dict[str, Any] = {}
    exec(compile(module, file, "exec", dont_inherit=True), names, space)  # type: ignore[arg-type]
    return space["make"]


def failing_briefly(function: Any, decoys: Decoys | None) -> Any:
    """A canary that must fail: its error has no story, since nobody reads it and to tell it takes a while.

    It fails also if every value that ``decoys`` came to was empty; not if they came to none, which no honest
    run does: then nothing has been judged.
    """

    @wraps(function)
    def other(*args: Any, **kwargs: Any) -> None:
        try:
            function(*args, **kwargs)
        except Exception:
            raise AssertionError from None
        assert decoys is None or decoys.moved or not decoys.kept

    return other


def without_shrinking(function: Any) -> Any:
    """A property that is content with the first example it fails for: nobody reads its message."""
    if not hasattr(function, "hypothesis"):
        return function
    from hypothesis import Phase, settings

    return settings(phases=[Phase.explicit, Phase.generate])(function)
