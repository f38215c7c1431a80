"""Where the state machine touches the kit: workspace, gate, Judge and ledger, without pytest.

A run of specs is played: their outcomes come from the model's world, and everything that judges them is
the real thing.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from pytest_tinytorch.course.options import Options
from pytest_tinytorch.evidence import gate
from pytest_tinytorch.evidence.ledger import SCHEMA
from pytest_tinytorch.evidence.outcomes import LASTING, Outcome, State
from pytest_tinytorch.evidence.workspace import Workspace, open_workspace
from pytest_tinytorch.run.judge import Judge
from tests.proofs.verdicts import materials
from tests.proofs.verdicts.model import Ask, helpers, present_specs
from tests.proofs.verdicts.world import SPECS, UNITS, Specs, World, outcome
from tests.support import toy

NODEIDS = {(u, s): materials.nodeid(u, s) for u in UNITS for s in SPECS[u]}

COUNTED = frozenset(
    {
        *("adding", "doubling", "squaring", "laws", "extra"),
        *("data", "helper", "threshold", "conftest"),
        *(f"spec {unit}" for unit in UNITS),
    }
)
"""Things that digests cover."""
ISOLATED = frozenset({"hangs", "crashes", "exits"})
"""Contents that are not judged rightly in one process."""
HELPER = "toyhelper.py"


def contents_of(thing: str) -> list[str]:
    """What a rule may put into a thing."""
    found = [c for c in materials.CONTENTS[thing] if c not in ISOLATED]
    needs = {"helped": "helper", "fed": "data"}
    return [c for c in found if needs.get(c, thing) in COUNTED]


@dataclass(frozen=True)
class Line:
    """What one good line of the ledger says."""

    unit: str
    verdict: str
    digests: tuple[str, str]
    own: bool
    helpers: frozenset[tuple[str, str]] = frozenset()
    exact: str = ""


def ledger_lines(file: Path) -> tuple[list[Line], int]:
    """The good lines of a ledger, and how many are damaged: read without the kit."""
    good, damaged = [], 0
    for line in file.read_bytes().splitlines() if file.exists() else ():
        if not line.strip():
            continue
        try:
            table = json.loads(line.decode("utf-8"))
            assert table["schema"] == SCHEMA
            assert table["verdict"] in LASTING
            assert isinstance(table["own"], bool)
            assert all(isinstance(table[k], str) for k in ("unit", "at", "source", "specs"))
            assert isinstance(table["outcomes"], dict)
            digests = table["source"], table["specs"]
            unit, verdict = toy.short(table["unit"]), table["verdict"]
            seen = frozenset(table.get("helpers", {}).items())
            assert all(isinstance(digest, str) for _, digest in seen)
            exact = table.get("exact", "")
            assert isinstance(exact, str)
            good.append(Line(unit, verdict, digests, table["own"], seen, exact))
        except (ValueError, KeyError, TypeError, AttributeError, AssertionError):
            damaged += 1
    return good, damaged


def long(unit: str) -> str:
    return f"milestone-{unit[1:]}" if unit.startswith("m") else f"checkpoint-{unit}"


def shortened(states: Any) -> dict[str, str]:
    return {toy.short(unit): str(state) for unit, state in states.items()}


@dataclass(frozen=True)
class Shown:
    """What the kit says of the workspace as it stands.

    Attributes:
        states: unit to state.
        damaged: how many lines of the ledger it could not read.
        digests: unit to the digests that its verdicts are filed under.
    """

    states: dict[str, str]
    damaged: int
    digests: dict[str, tuple[str, str]]


@dataclass
class Core:
    """A workspace on the disk, and the kit's own judgement of it."""

    root: Path
    ledger: Path = field(init=False)

    def __post_init__(self) -> None:
        self.ledger = self.root / ".tinytorch" / "ledger.jsonl"

    def open(self, options: Options | None = None) -> Workspace:
        return open_workspace(self.root, options or Options(), "curriculum.toml")

    def shown(self, options: Options | None = None) -> Shown:
        """What the map shows, without a run."""
        workspace = self.open(options)
        return Shown(
            shortened(workspace.progress().state),
            len(workspace.ledger.damage),
            {toy.short(unit): pair for unit, pair in workspace.digests.items()},
        )


@dataclass
class Played:
    """A run that has begun: workspace, plan and ledger are read; its specs are still to come."""

    core: Core
    options: Options
    ask: Ask
    world: World

    def __post_init__(self) -> None:
        self.workspace = self.core.open(self.options)
        self.workspace.ledger  # noqa: B018 - read now: else it would be when it is first needed
        narrowed = self.ask.named is not None
        self.plan = self.workspace.plan(narrowed)
        config: Any = SimpleNamespace(
            option=SimpleNamespace(collectonly=False, setuponly=False),
            getini=lambda name: {"tinytorch_curriculum": "curriculum.toml"}.get(name, ""),
            hook=SimpleNamespace(
                pytest_tinytorch_milestone_unlocked=lambda **_: None,
                pytest_tinytorch_checkpoint_passed=lambda **_: None,
                pytest_tinytorch_report=lambda **_: None,
            ),
        )
        names_specs = narrowed and self.ask.chosen is None
        self.judge = Judge(config, self.workspace, self.plan, narrowed, names_specs)
        self.helper = helper_found(self.core.root)

    @property
    def digests(self) -> dict[str, tuple[str, str]]:
        return {toy.short(unit): pair for unit, pair in self.workspace.digests.items()}

    def play(self, order: Sequence[tuple[str, str]], upto: int | None = None) -> Specs:
        """Let the specs run in this order as the Runner would; ``upto``: Ctrl-C after so many.

        Returns those that ran, and leaves on itself how pytest would say that it went.
        """
        failed: set[Any] = set()
        ran: set[tuple[str, str]] = set()
        collected = [spec for spec in order if self._is_collected(*spec)]
        self.status, self.stopped = pytest.ExitCode.OK, False
        if not collected:
            self.status = pytest.ExitCode.NO_TESTS_COLLECTED
        for number, (unit, spec) in enumerate(collected):
            if number == upto:
                self.status = pytest.ExitCode.INTERRUPTED
                break
            state = State.LOCKED
            if self._is_open(unit, failed):
                state = State(outcome(self.world, self.ask.solved, unit, spec))
                ran.add((unit, spec))
                if state != State.PASSED:
                    failed.add(long(unit))
            self.judge.outcomes[NODEIDS[unit, spec]] = Outcome(state, unit=long(unit))
            if state not in (State.PASSED, State.LOCKED) and not self._let_through(unit, state):
                self.status = pytest.ExitCode.TESTS_FAILED
                self.stopped = self.ask.stop
            if self.stopped:
                break
        if helpers(self.world, self.ask, frozenset(ran)):
            self.judge.testimony.found[HELPER] = {self.helper}
        return frozenset(ran)

    def finish(self) -> tuple[dict[str, str] | None, int]:
        """Let the Judge judge; the states that it reports, if it reports, and the exit code."""
        session: Any = SimpleNamespace(
            shouldstop=False, shouldfail=self.stopped, exitstatus=self.status
        )
        self.judge.pytest_sessionfinish(session, self.status)
        progress = self.judge.progress
        return progress and shortened(progress.state), int(session.exitstatus)

    def _is_collected(self, unit: str, spec: str) -> bool:
        """What is locked from the start is not even collected; what is named one by one always is."""
        if spec not in present_specs(self.world, unit):
            return False
        if self.ask.named is not None and (unit, spec) not in self.ask.named:
            return False
        if self.ask.chosen is None and not self.plan.gated:
            return True
        return long(unit) in self.plan.to_run and self._is_open(unit, ())

    def _is_open(self, unit: str, failed: Iterable[Any]) -> bool:
        course = self.workspace.curriculum
        found = gate.blocking_need(course, course.unit(long(unit)), frozenset(failed), self.plan)
        return found is None

    def _let_through(self, unit: str, state: State) -> bool:
        once = self.workspace.ledger.once_passed()
        return self.ask.todo_ok and state == State.TODO and long(unit) not in once


def helper_found(root: Path) -> tuple[str, int]:
    """What a witness says of the helper: its digest, and when it was written."""
    file = root / HELPER
    return hashlib.sha256(file.read_bytes()).hexdigest(), file.stat().st_mtime_ns


def contents_of_helpers(seen: Iterable[tuple[str, str]]) -> frozenset[tuple[str, str]]:
    """What the helpers that a line lists were, as a world says it."""
    texts = materials.SHARED["helper"][1]
    named = {hashlib.sha256((text or "").encode()).hexdigest(): n for n, text in texts.items()}
    return frozenset(("helper", named.get(digest, f"strange {path}")) for path, digest in seen)
