"""Tries changes of one module: collects specs once, and runs them in a fork of this process for each change.

A first fork notes which spec reaches which statements, and how long it takes: a change is tried on the specs
that reach it, the quickest first, until enough are red, or one is and others are not soon found. The option
`--trials` names a file of JSON that says what to try.
"""

import json
import os
import time
from collections import defaultdict
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from msgspec.structs import asdict

from pytest_tinytorch.evidence import importing
from pytest_tinytorch.evidence.outcomes import Outcome, State
from pytest_tinytorch.plugin import RUNNER, WITNESS
from pytest_tinytorch.run.explainer import Explainer, Finding
from pytest_tinytorch.run.runner import measures_time

SLOWER = 20
"""A spec may take so many times the CPU time that it takes on the reference: fewer than a learner's may."""

LEAST_SECONDS = 1

PATIENCE = 10
"""So many specs more are run after the first red one, to find others that are red."""


@dataclass
class Notes:
    """What specs reach.

    Attributes:
        reached: block to the specs that reach it.
        given: block of a function and parameter to whether its default came, and whether anything else.
        seconds: spec to the CPU time that it takes.
    """

    spec: str = ""
    reached: dict = field(default_factory=lambda: defaultdict(list))
    given: dict = field(default_factory=lambda: defaultdict(lambda: [False, False]))
    seconds: dict = field(default_factory=dict)


current: ContextVar[Notes] = ContextVar("current")
"""What the changed module tells its notes to."""


def note(block, **parameters):
    """Called by the module under test whenever a block of an exercise is reached."""
    notes = current.get(None)
    if notes is None:
        return
    specs = notes.reached[block]
    if not specs or specs[-1] != notes.spec:
        specs.append(notes.spec)
    for name, (value, default) in parameters.items():
        seen = notes.given[f"{block} {name}"]
        if not all(seen):
            seen[type(value) is not type(default) or repr(value) != repr(default)] = True


class Trials:
    """Runs specs as often as there are changes, instead of once."""

    def __init__(self, request):
        self.request = request
        self.red = set()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session):
        if session.testsfailed:
            return None
        finder = importing.installed_finder()
        importing.compile_sources(finder.pinned)
        noted = self.request["noted"] or in_fork(lambda: self.look(session, finder))
        without_explanations(session.config.pluginmanager)
        Path(self.request["notes"]).write_text(json.dumps(noted), encoding="utf-8")
        for mutant in self.request["mutants"]:
            items = chosen(session.items, noted, mutant["block"], mutant["first"])
            red = in_fork(lambda m=mutant, i=items: self.run(session, finder, m["source"], i))
            # A process that does not come to its end is red altogether.
            count = self.request["enough"] if red is None else len(red)
            self.answer({"key": mutant["key"], "red": count, "by": red, **self.request["marks"]})
        return True

    @pytest.hookimpl
    def pytest_runtest_logreport(self, report):
        if report.failed:
            self.red.add(report.nodeid)

    def look(self, session, finder):
        """Run all specs, and tell what they reach."""
        self.put(finder, self.request["noting"])
        notes = Notes()
        current.set(notes)
        for item in session.items:
            notes.spec, before = item.nodeid, time.process_time()
            session.config.hook.pytest_runtest_protocol(item=item, nextitem=None)
            notes.seconds[item.nodeid] = time.process_time() - before
        red = [item.nodeid for item in session.items if item.nodeid in self.red]
        parts = {"reached": notes.reached, "given": notes.given, "seconds": notes.seconds}
        return parts | {"red": red}

    def run(self, session, finder, source, items):
        """Specs that are red with a source: as many as are enough, if they are soon found."""
        self.put(finder, source)
        patience = PATIENCE
        for item in items:
            session.config.hook.pytest_runtest_protocol(item=item, nextitem=None)
            if len(self.red) == self.request["enough"] or not patience:
                break
            patience -= bool(self.red)
        return sorted(self.red)

    def put(self, finder, source):
        """Let the module be imported from a source, in this process."""
        file = Path(self.request["file"])
        assert file in finder.pinned
        pinned = {**finder.pinned, file: source.encode()}
        importing.install_finder(finder.implementation, pinned, finder.guard)

    def answer(self, line):
        """Append a line of JSON to the file of results."""
        with Path(self.request["results"]).open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")


class NoExplainer(Explainer):
    """Does not find out why a spec is red: that takes longer than most specs."""

    def explain(self, spec, error):
        return Finding(Outcome(State.WRONG), "")


def without_explanations(plugins):
    """Let nobody look at what a spec did, but whether it is red."""
    plugins.unregister(name=WITNESS)
    runner = plugins.get_plugin(RUNNER)
    runner.explainer = NoExplainer(**asdict(runner.explainer))


def chosen(items, noted, block, first):
    """The specs that reach a block: some first, then the quickest.

    All of them where that is not noted, as with a gradient rule that is given by its name. A spec that
    counts lines of code, or measures time, may not stand the notes: it may reach everything.
    """
    seconds = noted["seconds"]
    reach = {*noted["reached"].get(block, []), *noted["red"]} if block else {*seconds}
    found = [item for item in items if item.nodeid in reach]
    for item in found:
        if not (item.get_closest_marker("timeout") or measures_time(item)):
            limit = SLOWER * seconds[item.nodeid] + LEAST_SECONDS
            item.add_marker(pytest.mark.timeout(limit))
    return sorted(found, key=lambda item: (item.nodeid not in first, seconds[item.nodeid]))


def in_fork(work):
    """What a function gives in a process of its own; None if that does not come to its end."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(reading)
            with os.fdopen(writing, "w", encoding="utf-8") as file:
                json.dump(work(), file)
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, encoding="utf-8") as file:
        text = file.read()
    os.waitpid(child, 0)
    return json.loads(text) if text else None


def pytest_addoption(parser):
    parser.addoption("--trials", type=Path)


def pytest_configure(config):
    request = json.loads(config.getoption("trials").read_text(encoding="utf-8"))
    config.pluginmanager.register(Trials(request))
