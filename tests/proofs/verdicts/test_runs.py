"""The state machine with real runs of pytest: in any order, with workers, killed, stopped, two at once."""

from __future__ import annotations

import json
import os
import sys
import time
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import rule

from tests.proofs.verdicts import core, machine, materials, model
from tests.proofs.verdicts.model import Ask
from tests.proofs.verdicts.processes import Process
from tests.proofs.verdicts.requests import Request, narrowing, requests
from tests.proofs.verdicts.world import MODULES, Specs
from tests.support import toy

STEPS = 10
"""In one sequence."""
SEQUENCES = int(os.environ.get("TINYTORCH_RUN_STEPS", "60")) // STEPS
SEED = int(os.environ.get("TINYTORCH_SEED", "2"))
LONGEST_START = 3.0
"""Seconds in which a run has begun, or is over. No verdict depends on it."""
MOMENT = st.floats(0, LONGEST_START)
UNITS_BY_NODE = {nodeid: spec for spec, nodeid in core.NODEIDS.items()}

ISOLATED = ("--isolate", "--timeout=2")


class Runs(machine.Verdicts):
    """Every step that runs specs is a run of pytest as a learner starts it."""

    def begin_run(self, ask: Ask, request: Request) -> machine.Begun:
        if ask.selected:
            self.file_digests(ask, self.core.shown(request.options()).digests)
        self.last_write = self.size_of_ledger()
        return machine.Begun(ask, self.world, self.proofs, len(self.saved))

    def end_run(self, begun: machine.Begun, run: toy.Run) -> None:
        expected = model.report(begun.world, begun.proofs, begun.ask)
        if not begun.ask.selected:
            expected = model.Report({}, 4, begun.proofs)
        try:
            self.judge(begun, expected, run.states or None, run.code)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{run.output}") from error

    @rule(
        request=requests() | st.one_of(narrowing(last_failed=True)),
        workers=st.sampled_from([None, None, None, None, "0", "1", "2"]),
        shuffle=st.none() | st.integers(0, 99),
    )
    def run(self, request: Request, workers: str | None, shuffle: int | None) -> None:
        begun = self.begin_run(request.ask(self.failed_last()), request)
        arguments = request.arguments()
        if request.stop:  # what runs before the first failure is then a matter of order
            workers = shuffle = None
        arguments += [] if workers is None else ["-n", workers]
        self.end_run(begun, toy.pytest_in(self.core.root, *arguments, shuffle=shuffle, cache=True))

    @rule(request=st.one_of(narrowing(last_failed=True)), solved=st.booleans())
    def run_some_specs(self, request: Request, solved: bool) -> None:
        """``solved``: with modules that are right, so that the specs have something to prove."""
        for module in MODULES.values() if solved else ():
            self.put(module, "right")
        self.run_plainly(request)

    @rule(request=requests())
    def run_plainly(self, request: Request) -> None:
        begun = self.begin_run(request.ask(self.failed_last()), request)
        self.end_run(begun, toy.pytest_in(self.core.root, *request.arguments(), cache=True))

    @rule(request=requests(), content=st.sampled_from(["hangs", "crashes", "exits"]))
    def run_isolated(self, request: Request, content: str) -> None:
        before = self.world["adding"]
        self.put("adding", content)
        begun = self.begin_run(request.ask(), request)
        self.end_run(begun, toy.pytest_in(self.core.root, *request.arguments(), *ISOLATED))
        self.put("adding", before)

    @rule(request=requests(), moment=MOMENT)
    def kill_a_run(self, request: Request, moment: float) -> None:
        """All that it may leave is what it would have proved, or a part of that."""
        begun = self.begin_run(request.ask(), request)
        process = Process(self.core.root, *request.arguments())
        time.sleep(moment)
        process.kill()
        known, self.proofs = self.proofs, self.proofs_in_the_ledger()
        assert known <= self.proofs, f"lost: {known - self.proofs}"
        if begun.ask.selected:
            expected = model.report(begun.world, begun.proofs, begun.ask)
            assert self.proofs <= known | expected.proofs

    @rule(request=requests(), moment=MOMENT)
    def stop_a_run_for_a_moment(self, request: Request, moment: float) -> None:
        begun = self.begin_run(request.ask(), request)
        process = Process(self.core.root, *request.arguments())
        time.sleep(moment)
        process.stop_for(0.5)
        self.end_run(begun, process.result())

    @rule(first=requests(), second=requests(), moment=st.floats(0, 1))
    def run_two_at_once(self, first: Request, second: Request, moment: float) -> None:
        """Each may see what the other has proved, or not."""
        begun = [self.begin_run(request.ask(), request) for request in (first, second)]
        processes = [Process(self.core.root, *first.arguments())]
        time.sleep(moment)
        processes.append(Process(self.core.root, *second.arguments()))
        runs = [process.result() for process in processes]
        proofs = begun[0].proofs
        alone = [proved_by(one, proofs) for one in begun]
        may = proofs.union(*(proved_by(one, proofs.union(*alone)) for one in begun))
        known, self.proofs = self.proofs, self.proofs_in_the_ledger()
        assert known.union(*alone) <= self.proofs <= may
        for one, run, other in zip(begun, runs, reversed(alone), strict=True):
            self.says_one_of(one, run, [one.proofs, one.proofs | other])

    def says_one_of(self, begun: machine.Begun, run: toy.Run, proofs: list[model.Proofs]) -> None:
        if not begun.ask.selected:
            assert run.code == 4
            return
        expected = [model.report(begun.world, known, begun.ask) for known in proofs]
        said = (run.states or None, run.code)
        may = [(r.states, code) for r in expected for code in (r.code, max(r.code, r.may_fail))]
        assert said in [*may, (None, 5)], run.output

    @rule(
        request=requests(),
        moment=MOMENT,
        edit=machine.MODULE_EDIT | machine.ANY_EDIT,
        back=st.booleans(),
    )
    def save_while_it_runs(
        self, request: Request, moment: float, edit: machine.Edit, back: bool
    ) -> None:
        """It judges what was there when it began, and that may have been before or after."""
        early = self.begin_run(request.ask(), request)
        process = Process(self.core.root, *request.arguments())
        time.sleep(moment)
        before = self.world[edit[0]]
        self.put(*edit)
        late = self.begin_run(request.ask(), request)
        if back:
            self.put(edit[0], before)
        run = process.result()
        known = self.proofs
        try:
            self.end_run(early, run)
        except AssertionError:
            self.proofs = known
            self.end_run(late, run)

    def failed_last(self) -> Specs:
        """What pytest remembers for ``--lf``."""
        file = self.core.root / ".pytest_cache" / "v" / "cache" / "lastfailed"
        found: Any = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
        return frozenset(UNITS_BY_NODE[nodeid] for nodeid in found if nodeid in UNITS_BY_NODE)


def proved_by(begun: machine.Begun, known: model.Proofs) -> model.Proofs:
    """What a run proves that knows this much; one with nothing to judge proves nothing."""
    if not begun.ask.selected:
        return known
    return model.report(begun.world, known, begun.ask).proofs


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="it stops and kills groups of processes")
def test_runs_say_what_the_model_says(tmp_path):
    print(f"TINYTORCH_SEED={SEED}, {SEQUENCES} sequences of {STEPS} steps")

    class Machine(Runs):
        fresh = materials.build(tmp_path / "fresh", materials.START)

    machine.play(Machine, SEQUENCES, STEPS, SEED)
