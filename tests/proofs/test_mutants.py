"""Changes of the reference: what is changed and what never is, and that specs are asked about each."""

from __future__ import annotations

import ast
import json
import random
from dataclasses import replace

import pytest

from benchmarks import mutants as strength
from benchmarks.mutants import Trial
from tests.proofs.mutants import mutants, unnoticed
from tests.support import kit

SOURCE = '''
def f(x, *, keep=True):
    """Half of x, 1 of 2."""
    if x < 0 and not keep:
        raise ValueError(f"{x + 1} is 2 small")
    total = g(x, start=1.5)  # ½, in UTF-8
    total += 1
    h(total)
    return -total // 2


def given(x):
    return x + 1
'''


def changed():
    return [(m.before, m.after) for m in mutants(SOURCE, ["f"])]


def test_every_kind_of_change_is_made_once():
    assert sorted(changed()) == sorted(
        [
            ("True", "False"),
            ("x < 0 and not keep", "True"),
            ("x < 0 and not keep", "False"),
            ("x < 0 and not keep", "(x < 0 or not keep)"),
            ("x < 0", "(x <= 0)"),
            ("0", "1"),
            ("not keep", "(keep)"),
            ("g(x, start=1.5)", "g(x)"),
            ("1.5", "4.0"),
            ("total += 1", "pass"),
            ("1", "2"),
            ("h(total)", "pass"),
            ("-total // 2", "(-total * 2)"),
            ("-total", "(total)"),
            ("2", "3"),
        ]
    )


def test_a_change_is_where_it_says_and_nowhere_else():
    for mutant in mutants(SOURCE, ["f"]):
        ast.parse(mutant.source)
        lines = zip(SOURCE.splitlines(), mutant.source.splitlines(), strict=True)
        assert [n for n, (a, b) in enumerate(lines, start=1) if a != b] == [mutant.line]


@pytest.mark.parametrize("unit", kit.modules(), ids=lambda unit: unit.name)
def test_changes_of_the_reference_are_python(unit):
    source = kit.reference_text(unit.name)
    found = list(mutants(source, list(unit.hints)))
    for mutant in random.Random(0).sample(found, 5):
        assert ast.dump(ast.parse(mutant.source)) != ast.dump(ast.parse(source))


def test_what_specs_do_not_notice_is_told(monkeypatch):
    unit = replace(kit.course().unit("checkpoint-02"), hints={"relu": ()})
    text_of = kit.reference_text
    before = text_of(unit.name)
    after = before.replace(
        "    return np.maximum(x, 0)", "    unused = 1\n    return np.maximum(x, 0)"
    )
    assert after != before
    given = lambda module: after if module == unit.name else text_of(module)
    monkeypatch.setattr(kit, "reference_text", given)
    count, survivors = unnoticed(unit, limit=0, seed=0)
    assert (count, [(m.before, m.after) for m in survivors]) == (2, [("1", "2")])


class TestTable:
    """`python -m benchmarks.mutants`"""

    def test_tells_luck_from_strength(self):
        found = [Trial("", (3,)), Trial("", (2, 1, 1)), Trial("", (1, 0, 2)), Trial("", (0, 0, 0))]
        assert strength.row("02", [*found, Trial("", (0, 1, 0))]) == "| 02 | 5 | 3 | 2 | 2 | 2 |"

    def test_tries_other_seeds_where_few_specs_notice(self, monkeypatch, capsys, tmp_path):
        unit = replace(kit.course().unit("checkpoint-02"), hints={"relu": ()})
        monkeypatch.setattr(strength.selection, "select_checkpoints", lambda *which: [unit])
        for reds, line in (([3], "| 1 | 1 | 0 | 0 | 0 |"), ([1, 0, 1], "| 1 | 1 | 0 | 1 | 1 |")):
            asked = []
            monkeypatch.setattr(
                strength, "red", lambda *of, reds=reds, asked=asked: asked.append(of) or reds.pop(0)
            )
            details = tmp_path / "details.json"
            strength.main(["02", "--details", str(details)])
            assert f"| 02 activations {line}" in capsys.readouterr().out
            assert [seed for *_, seed in asked] == list(strength.SEEDS[: len(asked)])
            (trial,) = json.loads(details.read_text(encoding="utf-8"))["02 activations"]
            assert "0 -> 1" in trial["change"]

    def test_counts_red_specs(self, tmp_path):
        unit = kit.course().unit("checkpoint-02")
        folder = kit.mixture(tmp_path, [other.name for other in kit.modules()])
        assert strength.red(unit, folder, seed=1) == 0
        file = folder / "tinytorch/activations.py"
        source = file.read_text(encoding="utf-8")
        file.write_text(source.replace("return np.maximum(x, 0)", "return x"), encoding="utf-8")
        assert strength.red(unit, folder, seed=1) == strength.ENOUGH
