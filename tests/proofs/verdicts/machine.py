"""The state machine: edits, runs and accidents in any order, held against the model after each step."""

from __future__ import annotations

import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.proofs.verdicts import core, materials, model
from tests.proofs.verdicts.model import Ask, Proof, Proofs, Report
from tests.proofs.verdicts.world import MODULES, UNITS, World

PRESENT = Ask()
"""What the map shows: the learner's own code, nothing borrowed."""

Edit = tuple[str, str]


def edits(*things: str) -> st.SearchStrategy[Edit]:
    """A thing, and what is put into it."""
    return st.one_of(
        st.tuples(st.just(thing), st.sampled_from(core.contents_of(thing))) for thing in things
    )


ANY_EDIT = edits(*sorted(core.COUNTED))
MODULE_EDIT = edits(*sorted(MODULES.values()))
PINNED = {*MODULES.values(), "extra"}
"""What a run reads once. It says nothing if anything else is saved meanwhile: nobody knows what was seen."""
GARBAGE = (b"{", b"\xff\xfe\x00", b"[1]", b'{"schema": 2, "unit": "checkpoint-01"}', b"null", b"\r")


@dataclass(frozen=True)
class Begun:
    """A run that has read everything, and has not yet written anything."""

    ask: Ask
    world: World
    proofs: Proofs
    saves: int = 0


class Verdicts(RuleBasedStateMachine):
    """The workspace, and what the model knows of it. Subclasses add the rules that run specs.

    Attributes:
        fresh: a workspace in which everything is as at the start; each machine takes a copy.
    """

    fresh: Path

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="verdicts-"))
        self.world: World = dict(materials.START)
        self.proofs: Proofs = frozenset()
        self.filed: dict[tuple[str, tuple[str, str]], frozenset[tuple[str, str]]] = {}
        self.filed_by_bytes: dict[tuple[str, str, str], frozenset[tuple[str, str]]] = {}
        self.damaged = 0
        self.last_write = 0
        self.saved: list[str] = []

    @initialize(solved=st.sets(st.sampled_from(sorted(MODULES.values()))))
    def begin(self, solved: set[str]) -> None:
        self.world = {**self.world, **dict.fromkeys(solved, "right")}
        self.core = core.Core(self.template())
        for module in solved:
            materials.put(self.core.root, module, "right")

    def template(self) -> Path:
        """A copy of a fresh workspace."""
        root = self.folder / "workspace"
        shutil.copytree(self.fresh, root, symlinks=True)
        return root

    def teardown(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    # What people do to files.

    def put(self, thing: str, content: str) -> None:
        materials.put(self.core.root, thing, content)
        self.world = {**self.world, thing: content}
        self.saved.append(thing)

    @rule(edit=MODULE_EDIT | ANY_EDIT)
    def edit(self, edit: Edit) -> None:
        self.put(*edit)

    @rule(
        module=st.sampled_from(sorted(MODULES.values())),
        text=st.sampled_from(["right", "commented"]),
    )
    def mend(self, module: str, text: str) -> None:
        self.put(module, text)

    @rule()
    def restore_the_kits_files(self) -> None:
        for thing, content in materials.START.items():
            if thing not in MODULES.values() and self.world[thing] != content:
                self.put(thing, content)

    # What happens to the ledger.

    @precondition(lambda self: self.core.ledger.exists())
    @rule(share=st.floats(0, 1))
    def cut_the_ledger(self, share: float) -> None:
        """A disk that was full, a machine that went down."""
        data = self.core.ledger.read_bytes()
        self.core.ledger.write_bytes(data[: int(share * len(data))])
        self.read_what_is_left()

    @precondition(lambda self: self.last_write < self.size_of_ledger())
    @rule(share=st.floats(0, 1))
    def cut_the_last_write(self, share: float) -> None:
        """A run is killed while it writes."""
        data = self.core.ledger.read_bytes()
        keep = self.last_write + int(share * (len(data) - self.last_write))
        self.core.ledger.write_bytes(data[:keep])
        self.read_what_is_left()

    @precondition(lambda self: self.size_of_ledger() > 0)
    @rule(share=st.floats(0, 1, exclude_max=True), value=st.integers(0, 255))
    def garble_a_byte(self, share: float, value: int) -> None:
        data = bytearray(self.core.ledger.read_bytes())
        data[int(share * len(data))] = value
        self.core.ledger.write_bytes(bytes(data))
        self.read_what_is_left()

    @rule(line=st.sampled_from(GARBAGE), ended=st.booleans())
    def add_a_line_of_somebody_else(self, line: bytes, ended: bool) -> None:
        """A newer kit, another program, half a line."""
        self.core.ledger.parent.mkdir(exist_ok=True)
        with self.core.ledger.open("ab") as stream:
            stream.write(line + b"\n" * ended)
        self.read_what_is_left()

    @rule()
    def remove_the_ledger(self) -> None:
        self.core.ledger.unlink(missing_ok=True)
        self.read_what_is_left()

    def size_of_ledger(self) -> int:
        return self.core.ledger.stat().st_size if self.core.ledger.exists() else 0

    def read_what_is_left(self) -> None:
        """After an accident: whatever still is a line of the ledger counts, and nothing else."""
        left = self.proofs_in_the_ledger()
        known = {proof for proof in left if not proof.is_strange}
        assert known <= self.proofs, known - self.proofs
        self.proofs = left
        self.last_write = self.size_of_ledger()

    def proofs_in_the_ledger(self) -> Proofs:
        """What its lines say; a line that an accident has changed speaks of a world that never was."""
        lines, self.damaged = core.ledger_lines(self.core.ledger)
        return frozenset(
            Proof(
                line.unit,
                line.verdict,
                self.stood_on(line) | core.contents_of_helpers(line.helpers),
            )
            for line in lines
        )

    def stood_on(self, line: core.Line) -> frozenset[tuple[str, str]]:
        """What a line speaks of; of the two digests of a source one is enough, if the other was hit."""
        things = self.filed.get((line.unit, line.digests))
        by_bytes = (line.unit, line.exact, line.digests[1])
        if things is not None and line.exact:
            self.filed_by_bytes.setdefault(by_bytes, things)
        known = things or self.filed_by_bytes.get(by_bytes)
        return known or model.strange(str(line.digests), line.own)

    # What must hold.

    def file_digests(self, ask: Ask, digests: dict[str, tuple[str, str]]) -> None:
        """The same digests for the same things, others for others: no proof lost, none too many."""
        for unit in UNITS:
            things = model.stands_on(self.world, ask, unit)
            before = self.filed.setdefault((unit, digests[unit]), things)
            assert before == things, f"{unit}: one digest for {before ^ things}"
        pairs = {(unit, things) for (unit, _), things in self.filed.items()}
        assert len(pairs) == len(self.filed), "two digests for the same things"

    def judge(
        self, begun: Begun, expected: Report, states: dict[str, str] | None, code: int
    ) -> None:
        """Hold what a run reported and recorded against the model.

        What was saved while it ran gives no evidence, and takes none.
        """
        saved = set(self.saved[begun.saves :])
        before, after = (
            {unit: model.stands_on(world, begun.ask, unit) for unit in UNITS}
            for world in (begun.world, self.world)
        )
        differ = {unit for unit in UNITS if before[unit] != after[unit]}
        changed = set(UNITS) if saved - PINNED else differ
        if states is not None:
            for unit in UNITS:
                excused = unit in changed and states[unit] != "passed"
                assert excused or states[unit] == expected.states[unit], (
                    f"{unit}: reported {states[unit]}, expected {expected.states[unit]}"
                )
        else:
            assert expected.code in (2, 4, 5), "nothing was reported"
        may_fail = changed or (expected.may_fail and begun.ask.named is None)
        assert code == expected.code or (may_fail and code == 1), (code, expected.code)
        unseen = model.let_through_unseen(begun.ask, states or {})
        if (differ - unseen) & begun.ask.selected and begun.ask.named is None:
            assert code != 0, f"{differ - unseen} changed meanwhile"
        known = self.proofs
        self.proofs = self.proofs_in_the_ledger()
        must = {p for p in expected.proofs - begun.proofs if p.unit not in changed}
        assert known | must <= self.proofs, f"lost: {(known | must) - self.proofs}"
        surplus = self.proofs - known - expected.proofs
        assert not surplus, f"recorded without proof: {surplus}"

    @invariant()
    def the_map_shows_what_is_proved(self) -> None:
        if not hasattr(self, "core"):
            return
        shown = self.core.shown()
        self.file_digests(PRESENT, shown.digests)
        assert shown.states == model.fold(self.world, self.proofs, PRESENT, {})
        assert shown.damaged == self.damaged


def play(machine: type[Verdicts], sequences: int, steps: int, start: int) -> None:
    """Play sequences of steps, the same for the same ``start``. TINYTORCH_SHRINK=1 shortens what fails."""
    phases = [Phase.generate, *[Phase.shrink] * bool(os.environ.get("TINYTORCH_SHRINK"))]
    run_state_machine_as_test(
        seed(start)(machine),
        settings=settings(
            max_examples=sequences,
            stateful_step_count=steps,
            deadline=None,
            database=None,
            report_multiple_bugs=False,
            suppress_health_check=list(HealthCheck),
            phases=phases,
        ),
    )
