"""What a run must say, from the laws alone: a model of the toy course that imports nothing of the kit.

A unit stands on some of the things in the world; a proof is a unit, its verdict, and what it stood on.
Passed is what has a proof for the present world and whose needs are passed. Everything else follows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from tests.proofs.verdicts.world import MODULES, NEEDS, SAME, SPECS, UNITS, Specs, World, outcome

WORST_FIRST = ("broken", "wrong", "todo")
WAITED_FOR_IN_VAIN = ("broken", "wrong", "stale", "not run")
"""States of what a locked unit needs: only for what is to do it is right to wait."""


@dataclass(frozen=True)
class Proof:
    """The verdict that the specs of a unit came to, and all that it stood on."""

    unit: str
    verdict: str
    stood_on: frozenset[tuple[str, str]]

    @property
    def own(self) -> bool:
        return ("origin", "reference") not in self.stood_on

    @property
    def is_strange(self) -> bool:
        """Whether it speaks of a world that never was, as a garbled line does."""
        return any("strange" in f"{thing} {content}" for thing, content in self.stood_on)


def strange(what: str, own: bool) -> frozenset[tuple[str, str]]:
    """What no unit ever stands on."""
    return frozenset({("strange", what), ("origin", "learner" if own else "reference")})


Proofs = frozenset[Proof]


@dataclass(frozen=True)
class Ask:
    """What is asked of a run.

    Attributes:
        chosen: the units that `--checkpoint` and `--milestone` name; None without either.
        named: the specs that node ids, ``-k`` or ``--lf`` leave; None without any.
        lent: the units that `--borrow` or `--path` takes as given.
        reference: whether the worked solution is judged.
        gate: False with `--no-gate`.
        todo_ok: with `--todo-ok`.
        stop: with ``-x``.
    """

    chosen: frozenset[str] | None = None
    named: Specs | None = None
    lent: frozenset[str] = frozenset()
    reference: bool = False
    gate: bool = True
    todo_ok: bool = False
    stop: bool = False

    @property
    def selected(self) -> frozenset[str]:
        return (frozenset(UNITS) if self.chosen is None else self.chosen) - self.lent

    @property
    def given(self) -> frozenset[str]:
        """The units that need no pass: all that a run on the reference is not about, or what is lent."""
        return frozenset(UNITS) - self.selected if self.reference else self.lent

    @property
    def solved(self) -> frozenset[str]:
        """The units whose modules are the reference's."""
        return frozenset(UNITS) if self.reference else self.lent


@dataclass(frozen=True)
class Report:
    """What a run must say: the state of every unit, its exit code, and all that is proved after it.

    It may fail although all that was asked for is passed, if something else that it ran is not.
    """

    states: Mapping[str, str]
    code: int
    proofs: Proofs
    may_fail: bool = False


def closure(units: Iterable[str], without: frozenset[str] = frozenset()) -> frozenset[str]:
    found = frozenset(units) - without
    needs = {need for unit in found for need in NEEDS[unit]} - without
    return found if needs <= found else closure(found | needs, without)


def let_through_unseen(ask: Ask, states: Mapping[str, str]) -> frozenset[str]:
    """The units that ``--todo-ok`` lets through because they are locked: their sources were not looked at."""
    return frozenset(unit for unit in states if ask.todo_ok and states[unit] == "locked")


def stands_on(world: World, ask: Ask, unit: str) -> frozenset[tuple[str, str]]:
    """Every thing that can make a difference to a unit, and what is in it."""
    modules = {MODULES[u] for u in closure([unit]) if u in MODULES}
    learners = modules - {MODULES[u] for u in ask.solved if u in MODULES}
    things = {f"spec {unit}", "laws", "conftest", *learners}
    things |= set() if ask.reference else {"extra", "data"}
    things |= {"threshold"} if unit == "m01" else set()
    found = {(thing, SAME.get(world[thing], world[thing])) for thing in things}
    found |= {(module, "borrowed") for module in modules - learners}
    if not ask.reference and world["adding"].startswith("documented"):
        found.add(("docstrings", "count"))  # somebody reads some, and nobody knows whose
    return frozenset(found | {("origin", "reference" if ask.reference else "learner")})


def helpers(world: World, ask: Ask, ran: Specs) -> frozenset[tuple[str, str]]:
    """The helper module, if a run has imported it: all that the run proves stands on it too."""
    used = any("01" in closure([unit]) and unit != "m02" for unit, _ in ran)
    own = "01" not in ask.solved and world["adding"] == "helped"
    return frozenset({("helper", world["helper"])} if used and own else ())


def still_holds(world: World, ask: Ask, proof: Proof) -> bool:
    """Whether all that a proof stood on is as it was."""
    if proof.unit not in UNITS:
        return False
    now = stands_on(world, ask, proof.unit)
    return now <= proof.stood_on <= now | {("helper", world["helper"])}


def taken(proof: Proof) -> frozenset[str]:
    """The modules that were borrowed for a proof."""
    return frozenset(thing for thing, what in proof.stood_on if what == "borrowed")


def holds_as_borrowed(world: World, proof: Proof) -> bool:
    """Whether nothing has changed that a proof stood on, whatever is borrowed now."""
    lent = frozenset(unit for unit, module in MODULES.items() if module in taken(proof))
    return proof.own and still_holds(world, Ask(lent=lent), proof)


def passed_with_others(world: World, proofs: Proofs) -> frozenset[str]:
    """The units that passed with what is there, whatever was borrowed, and that lost nothing with less."""
    passes = [p for p in proofs if p.own and p.verdict == "passed"]
    held = {(p.unit, taken(p)) for p in passes if holds_as_borrowed(world, p)}
    lost = {(p.unit, taken(p)) for p in passes} - held
    return frozenset(
        unit for unit, lent in held if not any(u == unit and less < lent for u, less in lost)
    )


def present_specs(world: World, unit: str) -> tuple[str, ...]:
    """The specs that its file still has."""
    return SPECS[unit][:1] if world[f"spec {unit}"] == "shrunk" else SPECS[unit]


def known_states(world: World, proofs: Proofs, ask: Ask) -> dict[str, str]:
    """What is known without a run, open or not: what is proved, and that a stub is untouched."""
    stubs = ("untouched", "half")
    todo = {u: "todo" for u, m in MODULES.items() if u not in ask.solved and world[m] in stubs}
    return todo | {p.unit: p.verdict for p in proofs if still_holds(world, ask, p)}


def to_run(world: World, proofs: Proofs, ask: Ask) -> frozenset[str]:
    """The units whose specs a run is to try."""
    if ask.named is not None or not ask.gate:
        return ask.selected
    known = known_states(world, proofs, ask)
    proved = {unit for unit in UNITS if known.get(unit) == "passed"}
    return ask.selected | (closure(ask.selected) - proved - ask.given)


def specs_that_run(world: World, proofs: Proofs, ask: Ask) -> Specs:
    """The specs that a run tries that nothing cuts short. What is locked may be among them."""
    narrow = ask.chosen is not None or (ask.named is None and ask.gate)
    units = to_run(world, proofs, ask) if narrow else UNITS
    found = frozenset((unit, spec) for unit in units for spec in present_specs(world, unit))
    return found if ask.named is None else found & ask.named


def until_first_failure(world: World, ask: Ask, specs: Specs) -> Specs:
    """What ``-x`` leaves of a run in the order of the course: what waits for a stub does not begin."""
    stubs = {
        unit for unit, state in known_states(world, frozenset(), ask).items() if state == "todo"
    }
    gated = ask.gate and ask.named is None
    done: list[tuple[str, str]] = []
    for spec in [(u, s) for u in UNITS for s in SPECS[u] if (u, s) in specs]:
        if gated and stubs & closure(NEEDS[spec[0]], without=ask.given):
            continue
        done.append(spec)
        if outcome(world, ask.solved, *spec) != "passed":
            break
    return frozenset(done)


def report(world: World, proofs: Proofs, ask: Ask, ran: Specs | None = None) -> Report:
    """What a run must come to. ``ran``: the specs it got to, if something cut it short."""
    meant = specs_that_run(world, proofs, ask)
    if ran is None:
        ran = until_first_failure(world, ask, meant) if ask.stop else meant
    whole = ask.named is None and ran == meant
    if ask.stop and any(outcome(world, ask.solved, *spec) != "passed" for spec in ran):
        whole = False
    units = to_run(world, proofs, ask)
    verdicts = {}
    for unit in UNITS:
        came_to = [outcome(world, ask.solved, *spec) for spec in ran if spec[0] == unit]
        missing = len(came_to) < len(SPECS[unit])
        all_held = None if missing and not whole else "broken" if missing else "passed"
        if unit not in ask.given and (came_to or (whole and unit in units)):
            worst = next((kind for kind in WORST_FIRST if kind in came_to), all_held)
            verdicts[unit] = (worst, not missing)
    states = fold(world, proofs, ask, {u: v for u, (v, _) in verdicts.items() if v})
    new = {
        Proof(unit, verdict, stands_on(world, ask, unit) | helpers(world, ask, ran))
        for unit, (verdict, complete) in verdicts.items()
        if ask.gate and complete and states[unit] == verdict
    }
    code = exit_code(world, proofs, ask, states, ran)
    may_fail = any(states[unit] != "passed" for unit in verdicts.keys() - ask.selected)
    return Report(states, code, proofs | new, may_fail)


def fold(world: World, proofs: Proofs, ask: Ask, verdicts: Mapping[str, str]) -> dict[str, str]:
    """The state of every unit: what this run found, over what is known, where all needs are passed."""
    known = known_states(world, proofs, ask)
    once = {p.unit for p in proofs if p.own and p.verdict == "passed" and not ask.reference}
    once -= passed_with_others(world, proofs)
    states: dict[str, str] = {}
    for unit in UNITS:
        stale = unit in once and known.get(unit) != "passed"
        if unit in ask.given:
            states[unit] = "borrowed"
        elif not all(states[need] in ("passed", "borrowed") for need in NEEDS[unit]):
            states[unit] = "stale" if stale else "locked"
        else:
            states[unit] = verdicts.get(unit, known.get(unit, "stale" if stale else "not run"))
    return states


def exit_code(world: World, proofs: Proofs, ask: Ask, states: Mapping[str, str], ran: Specs) -> int:
    """0 only if all that was asked for is passed; named specs one by one have pytest's own code."""
    if not ask.selected:
        return 4
    failed = any(outcome(world, ask.solved, *spec) != "passed" for spec in ran)
    if ask.named is not None and (not ran or ask.chosen is None):
        return int(failed) if ran else 5
    if not ask.todo_ok:
        named = ask.named is not None and failed
        return int(named or any(states[unit] != "passed" for unit in ask.selected))
    once = {p.unit for p in proofs if p.own and p.verdict == "passed" and not ask.reference}
    tried = ask.selected | {unit for unit, _ in ran if states[unit] != "stale"}
    back = any(states[unit] == "todo" and unit in once for unit in tried)
    bad = any(states[unit] in ("wrong", "broken", "stale", "not run") for unit in tried)
    waits = {need for unit in tried if states[unit] == "locked" for need in closure([unit])}
    return int(back or bad or any(states[need] in WAITED_FOR_IN_VAIN for need in waits))
