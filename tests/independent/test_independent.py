"""Right code that the specs have never met is green: each module, written by others from its docstrings."""

from __future__ import annotations

import pytest

from tests.independent.assembly import SOLUTIONS, assemble
from tests.support import kit

EVERYTHING = [unit.name for unit in kit.modules()]


def solution(unit):
    """The learner's file of a module with an independent solution."""
    text = (SOLUTIONS / f"{unit.number}_{unit.name}.py").read_text(encoding="utf-8")
    return assemble(kit.stub_texts()[f"{unit.name}.py"], text, unit.hints)


@pytest.mark.parametrize("unit", kit.modules(), ids=lambda unit: unit.name)
def test_a_right_module_is_green(unit, tmp_path):
    source = kit.mixture(tmp_path, EVERYTHING, {unit.name: solution(unit)})
    run = kit.run(source, tmp_path / "ledger.jsonl", unit.spec_path, profile="ci")
    assert run.code == 0, run.output
    kinds = run.json["units"][unit.id]["specs"]
    assert kinds.pop("passed") > 0, run.output
    assert not any(kinds.values()), kinds
