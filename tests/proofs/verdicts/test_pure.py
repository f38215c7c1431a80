"""The state machine on the pure core: gate, judgement, ledger, digests; specs are only played."""

from __future__ import annotations

import os
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from pytest_tinytorch.run import judge
from tests.proofs.verdicts import core, machine, materials, model
from tests.proofs.verdicts.requests import Request, requests
from tests.proofs.verdicts.world import MODULES, SPECS, UNITS

STEPS = 50
"""In one sequence."""
SEQUENCES = int(os.environ.get("TINYTORCH_PURE_STEPS", "1000")) // STEPS
INTERRUPTED = 2
IN_ORDER = [(unit, spec) for unit in UNITS for spec in SPECS[unit]]


class Pure(machine.Verdicts):
    """Runs are played. Two may be under way at once, and files are saved meanwhile."""

    def __init__(self) -> None:
        super().__init__()
        self.under_way: list[tuple[machine.Begun, core.Played]] = []

    def start(self, request: Request) -> tuple[machine.Begun, core.Played] | None:
        """A run that has read all it needs; none if there is nothing to judge."""
        ask = request.ask()
        try:
            played = core.Played(self.core, request.options(), ask, self.world)
        except ValueError:
            assert not ask.selected
            return None
        assert ask.selected
        self.file_digests(ask, played.digests)
        return machine.Begun(ask, self.world, self.proofs, len(self.saved)), played

    def end(
        self, begun: machine.Begun, played: core.Played, order: Any, upto: int | None = None
    ) -> None:
        ran = played.play(order, upto)
        interrupted = played.status == INTERRUPTED
        self.last_write = self.size_of_ledger()
        states, code = played.finish()
        expected = model.report(begun.world, begun.proofs, begun.ask, ran if interrupted else None)
        if interrupted:
            expected = model.Report(expected.states, INTERRUPTED, expected.proofs)
        self.judge(begun, expected, states, code)

    @rule(request=requests())
    def run_in_order(self, request: Request) -> None:
        if found := self.start(request):
            self.end(*found, order=IN_ORDER)

    @rule(request=requests(), order=st.permutations(IN_ORDER))
    def run_in_random_order(self, request: Request, order: Any) -> None:
        if found := self.start(request):
            self.end(*found, order=IN_ORDER if request.stop else order)

    @rule(request=requests(), order=st.permutations(IN_ORDER), upto=st.integers(0, 7))
    def run_until_ctrl_c(self, request: Request, order: Any, upto: int) -> None:
        if found := self.start(request):
            self.end(*found, order=IN_ORDER if request.stop else order, upto=upto)

    @rule(request=requests(), unit=st.sampled_from(["01", "02"]))
    def run_without_a_spec(self, request: Request, unit: str) -> None:
        """A file that lost its last test, until the kit's is put back."""
        thing = f"spec {unit}"
        self.put(thing, "shrunk")
        if found := self.start(request):
            self.end(*found, order=IN_ORDER)
        self.put(thing, "kit")

    @rule(module=st.sampled_from(sorted(MODULES.values())))
    def go_back_to_a_stub(self, module: str) -> None:
        """What was passed once is not let through when it is to do again."""
        for content, request in (("right", Request()), ("untouched", Request(todo_ok=True))):
            self.put(module, content)
            self.end(*self.start(request), order=IN_ORDER)

    @rule(request=requests(), edit=machine.MODULE_EDIT | machine.ANY_EDIT, back=st.booleans())
    def save_while_it_runs(self, request: Request, edit: machine.Edit, back: bool) -> None:
        """``back``: and it is undone before the run ends."""
        if found := self.start(request):
            thing, before = edit[0], self.world[edit[0]]
            self.put(*edit)
            if back:
                self.put(thing, before)
            self.end(*found, order=IN_ORDER)

    @precondition(lambda self: len(self.under_way) < 2)
    @rule(request=requests())
    def begin_a_run(self, request: Request) -> None:
        """It ends later: what comes between is saved, or run, meanwhile."""
        if found := self.start(request):
            self.under_way.append(found)

    @precondition(lambda self: self.under_way)
    @rule(last=st.booleans())
    def end_a_run(self, last: bool) -> None:
        self.end(*self.under_way.pop(-1 if last else 0), order=IN_ORDER)

    @precondition(lambda self: self.under_way)
    @rule()
    def kill_a_run(self) -> None:
        """Nothing of it comes anywhere."""
        self.under_way.pop()


def test_the_core_says_what_the_model_says(tmp_path, monkeypatch):
    monkeypatch.setattr(judge, "versions", lambda *_: {})  # a slow look at what is installed

    class Machine(Pure):
        fresh = materials.build(tmp_path / "fresh", materials.START)

    machine.play(Machine, SEQUENCES, STEPS, int(os.environ.get("TINYTORCH_SEED", "1")))
