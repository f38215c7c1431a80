"""Changes of the reference: what is changed and what never is, and that specs are asked about each."""

from __future__ import annotations

import ast
import random
from dataclasses import replace

import pytest

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
