"""The proofs: what the specs are worth, shown on the reference, on stubs, and on mixtures of both."""

from __future__ import annotations

from itertools import pairwise

import pytest

from pytest_tinytorch.course import exercises
from tests.support import kit
from tests.support.long import one_in

CHECKPOINTS = [unit.number for unit in kit.course().checkpoints]
ALL = {*CHECKPOINTS, *(f"m{unit.number}" for unit in kit.course().milestones)}
EXERCISES = [(unit, exercise) for unit in kit.modules() for exercise in unit.hints]

RULES = ("Arithmetic", "Elementwise", "ReductionAndShape")


def closure(number: str) -> set[str]:
    """What passes when the modules up to ``number`` are solved: checkpoints and milestones."""
    done = {unit.id for unit in kit.course().checkpoints if unit.number <= number}
    for milestone in kit.course().milestones:
        if kit.course().closure(milestone.needs) <= done:
            done.add(milestone.id)
    return {unit.replace("checkpoint-", "").replace("milestone-", "m") for unit in done}


def test_untouched_stubs_earn_only_00(tmp_path):
    stub_run = kit.run(
        None, tmp_path / "ledger.jsonl", cold=True
    )  # with paths as learners see them
    assert stub_run.passed() == {"00"}, stub_run.output
    assert stub_run.states["01"] == "todo"
    others = {s for u, s in stub_run.states.items() if u not in ("00", "01")}
    assert others == {"locked"}
    assert stub_run.code == 1
    lines = stub_run.output.splitlines()  # they fit on a screen
    assert len(lines) < 60
    ours = next(n for n, line in enumerate(lines) if line.startswith("collected"))
    assert max(map(len, lines[ours:])) <= 80


def test_untouched_stubs_are_fine_where_todo_is(tmp_path):
    run = kit.run(kit.mixture(tmp_path, []), tmp_path / "ledger.jsonl", "--todo-ok", "-n", "2")
    assert run.passed() == {"00"}, run.output
    assert run.code == 0


@pytest.mark.parametrize("unit", kit.modules(), ids=lambda unit: unit.name)
def test_a_module_stands_on_nothing_but_what_it_needs(unit, tmp_path):
    """It passes while no module can be imported that is not among its needs."""
    below = kit.course().closure([unit.id])
    others = {other.name: "def (\n" for other in kit.modules() if other.id not in below}
    source = kit.mixture(tmp_path, [one.name for one in kit.modules()], others)
    run = kit.run(source, tmp_path / "ledger.jsonl", unit.spec_path, profile="glance")
    kinds = run.json["units"][unit.id]["specs"]
    assert kinds.pop("passed") > 0, run.output
    assert not any(kinds.values()), run.output


@pytest.mark.slow
def test_the_reference_earns_everything_with_workers_in_random_order(tmp_path):
    """In workers of the supervisor, as in CI. Those of xdist take turns, and need longer."""
    options = ["--reference", "--isolate", "-n", "2"]
    run = kit.run(None, tmp_path / "ledger.jsonl", *options, shuffle=7)
    assert run.passed() == ALL, run.output
    assert run.code == 0
    for unit in kit.course().milestones:
        shown = {name for name, of in unit.shows.items() if not of.startswith("full_")}
        assert shown <= run.json["units"][unit.id]["notes"].keys(), unit.label


@pytest.mark.slow
def test_the_reference_passes_all_specs_in_order(tmp_path):
    """In one process, where no spec may leave anything behind that turns a later one wrong.

    One example of each shows that, and earns nothing; the other proofs draw as many as a learner.
    """
    options = ["--reference", "--checkpoint", "all"]
    run = kit.run(None, tmp_path / "ledger.jsonl", *options, cold=True, profile="glance")
    kinds = {
        unit.number: {*run.json["units"][unit.id]["specs"]} for unit in kit.course().checkpoints
    }
    assert kinds == {number: {"passed"} for number in CHECKPOINTS}, run.output


@pytest.mark.slow
def test_each_prefix_of_the_reference_earns_exactly_itself(tmp_path):
    """One ledger serves all prefixes: what a shorter one proved is not run again.

    The last prefix, that of all modules, is the reference itself.
    """
    solved: list[str] = []
    passed: set[str] = set()
    for unit, following in pairwise(kit.course().checkpoints):
        solved += [unit.name] if unit.source else []
        source = kit.mixture(tmp_path / unit.number, solved)
        ready = sorted(closure(unit.number) - passed - {unit.number})  # milestones that open now
        asked = ["--checkpoint", f"{unit.number},{following.number}"]
        asked += ["--milestone", ",".join(m[1:] for m in ready)] if ready else []
        run = kit.run(source, tmp_path / "ledger.jsonl", *asked)
        passed = run.passed()
        assert passed == closure(unit.number), f"{unit.label}\n{run.output}"
        assert run.states[following.number] in ("todo", "locked")
        assert run.code == 1


@pytest.mark.parametrize("unit", kit.modules(), ids=lambda unit: unit.name)
def test_no_spec_passes_on_an_untouched_module(unit, tmp_path):
    """All modules but one are solved: every spec of that one reports that it is to do."""
    others = [other.name for other in kit.modules() if other.name != unit.name]
    run = kit.run(kit.mixture(tmp_path, others), tmp_path / "ledger.jsonl", unit.spec_path)
    specs = run.json["units"][unit.id]["specs"]
    assert set(specs) == {"todo"}, run.output


@pytest.mark.parametrize(
    ("unit", "exercise"),
    one_in(5, EXERCISES),
    ids=[f"{u.number} {e}" for u, e in one_in(5, EXERCISES)],
)
def test_an_exercise_is_missed_by_specs_of_its_checkpoint_as_to_do(unit, exercise, tmp_path):
    """An untouched stub locks what stands on it; that is right because its module cannot pass.

    And it is never told as something wrong elsewhere, whatever catches what a stub raises.
    """
    text = exercises.cut_stubs(kit.reference_text(unit.name), unit.number, unit.name, [exercise])
    everything = [other.name for other in kit.modules()]
    source = kit.mixture(tmp_path, everything, {unit.name: text})
    run = kit.run(source, tmp_path / "ledger.jsonl", unit.spec_path, profile="glance")
    specs = run.json["units"][unit.id]["specs"]
    assert "todo" in specs, run.output
    assert specs.keys() <= {"todo", "passed"}, run.output
    assert run.code == 1


def test_rules_are_judged_without_what_walks_the_graph(tmp_path):
    """05 can be begun with a rule: a rule is a function of arrays."""
    walk = ["topological_order", "flow", "backward", "grad"]
    text = exercises.cut_stubs(kit.reference_text("autograd"), "05", "autograd", walk)
    everything = [unit.name for unit in kit.modules()]
    source = kit.mixture(tmp_path, everything, {"autograd": text})
    rules = [f"specs/test_05_autograd.py::Test{kind}Rules" for kind in RULES]
    run = kit.run(source, tmp_path / "ledger.jsonl", *rules, profile="glance")
    assert run.json["units"]["checkpoint-05"]["specs"].keys() == {"passed"}, run.output
