"""Changes of the reference: what is changed and what never is, what specs notice, and what is told of it."""

from __future__ import annotations

import ast
import random

import pytest
from msgspec.structs import replace

from pytest_tinytorch.course.exercises import find_node
from tests.proofs import changes, mutants
from tests.support import kit, warm

SOURCE = '''
def f(x, *, keep=True, kind="mean", dim=None):
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

forking = pytest.mark.skipif(not warm.possible(), reason="changes are tried in forks")


def changed():
    return [(m.before, m.after) for m in changes.mutants(SOURCE, ["f"])]


def test_every_kind_of_change_is_made_once():
    assert sorted(changed()) == sorted(
        [
            ("True", "False"),
            ("'mean'".replace("'", '"'), "'other than mean'"),
            ("None", "1"),
            ("x < 0 and not keep", "True"),
            ("x < 0 and not keep", "False"),
            ("x < 0 and not keep", "(x < 0 or not keep)"),
            ("x < 0", "(x <= 0)"),
            ("0", "1"),
            ("not keep", "(keep)"),
            ('raise ValueError(f"{x + 1} is 2 small")', "pass"),
            ("ValueError", "RuntimeError"),
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
    for mutant in changes.mutants(SOURCE, ["f"]):
        ast.parse(mutant.source)
        lines = zip(SOURCE.splitlines(), mutant.source.splitlines(), strict=True)
        assert [n for n, (a, b) in enumerate(lines, start=1) if a != b] == [mutant.line]


def test_the_same_change_is_told_apart_by_how_often_it_was_there():
    names = [m.name for m in changes.mutants("def f(x):\n    return 1 + x + 1\n", ["f"])]
    assert [name for name in names if name[1] == "1"] == [("f", "1", "2", 1), ("f", "1", "2", 2)]


def test_strict_is_left_alone():
    source = "def f(x):\n    return zip(x, strict=True)\n"
    assert list(changes.mutants(source, ["f"])) == []


def test_an_error_without_words_is_only_left_out():
    source = "def f(x):\n    try:\n        g(x)\n    except ValueError:\n        raise\n"
    assert [m.after for m in changes.mutants(source, ["f"]) if m.before == "raise"] == ["pass"]


@pytest.mark.parametrize("unit", kit.modules(), ids=lambda unit: unit.name)
def test_changes_of_the_reference_are_python(unit):
    source = kit.reference_text(unit.name)
    found = mutants.mutants_of(unit)
    for mutant in random.Random(0).sample(found, 5):
        assert ast.dump(ast.parse(mutant.source)) != ast.dump(ast.parse(source))


@pytest.mark.parametrize("unit", kit.modules(), ids=lambda unit: unit.name)
def test_what_makes_no_difference_is_a_change_of_the_reference(unit):
    listed = mutants.equivalents().get(unit.name, {})
    assert not listed.keys() - {mutant.name for mutant in mutants.mutants_of(unit)}
    assert all(listed.values())


@pytest.fixture
def with_something_unused(monkeypatch):
    """02 with a statement in `relu` that does nothing, as its only exercise."""
    unit = replace(kit.course().unit("checkpoint-02"), hints={"relu": ()})
    text_of = kit.reference_text
    before = text_of(unit.name)
    after = before.replace(
        "    return np.maximum(x, 0)", "    unused = 1\n    return np.maximum(x, 0)"
    )
    assert after != before
    given = lambda module: after if module == unit.name else text_of(module)
    monkeypatch.setattr(kit, "reference_text", given)
    return unit


@forking
def test_what_specs_do_not_notice_is_told(with_something_unused, monkeypatch, tmp_path, capsys):
    unit, file = with_something_unused, tmp_path / "results.jsonl"
    monkeypatch.setattr(mutants.selection, "select_checkpoints", lambda *which: [unit])
    mutants.main(["02", f"--results={file}", f"--page={tmp_path / 'page.md'}"])
    told = capsys.readouterr().out
    assert "02 activations: 1 of 2 changes noticed, 0 make no difference, 1 missed" in told
    assert '["relu", "1", "2"],  # tinytorch/activations.py:' in told
    page = (tmp_path / "page.md").read_text(encoding="utf-8")
    assert "| 02 activations | 2 | 1 | 0 | 1 | 0 | 0 |" in page
    assert "50.0% are noticed" in page
    assert "- **02 activations**, `relu`: `1` → `2`" in page
    size = file.stat().st_size
    mutants.main(["02", f"--results={file}"])
    assert file.stat().st_size == size  # all is known


def test_what_makes_no_difference_is_told_with_its_reason(with_something_unused, monkeypatch):
    unit = with_something_unused
    listed = {"activations": {("relu", "1", "2", 1): "nobody uses it"}}
    monkeypatch.setattr(mutants, "equivalents", lambda: listed)
    drawn = mutants.mutants_of(unit)
    known = {(mutants.key_of(m), 0): {"red": 0 if m.before == "1" else 3} for m in drawn}
    assert mutants.row(unit, drawn, {}) is None
    assert mutants.row(unit, drawn, {key: {"red": 1} for key in known}) is None
    found = mutants.row(unit, drawn, known)
    assert (found.killed, found.equivalent, found.missed) == (1, {"nobody uses it": 1}, [])
    text = mutants.page([found], ["03 layers"])
    assert "- **02 activations**: nobody uses it (1)." in text
    assert "Of the 1 changes that make a difference, 100.0% are noticed." in text
    assert "Not tried yet: 03 layers." in text
    assert text.endswith("## Changes that are missed\n\nNone.\n")
    with pytest.raises(AssertionError, match="is noticed after all"):
        mutants.row(unit, drawn, {key: {"red": 3} for key in known})


def test_luck_is_told_from_strength(with_something_unused):
    unit = with_something_unused
    drawn = mutants.mutants_of(unit)
    for reds, counts in (
        ((3,), (2, 0, 0)),
        ((2, 1, 1), (2, 2, 0)),
        ((1, 0, 1), (2, 2, 2)),
        ((0, 1, 0), (0, 0, 0)),
    ):
        known = {
            (mutants.key_of(m), seed): {"red": red} for m in drawn for seed, red in enumerate(reds)
        }
        found = mutants.row(unit, drawn, known)
        assert (found.killed, found.by_few, found.by_chance) == counts


def test_only_what_is_not_known_is_tried(with_something_unused):
    drawn = mutants.mutants_of(with_something_unused)
    one, other = map(mutants.key_of, drawn)
    found = lambda *reds: {
        (key, 0): {"red": red, "specs": "before"}
        for key, red in zip((one, other), reds, strict=True)
    }
    tried = lambda known, specs, seed: [
        [one, other].index(mutants.key_of(m)) for m in mutants.to_try(drawn, known, specs, seed)
    ]
    assert tried({}, "now", 0) == [0, 1]
    assert tried({}, "now", 1) == []
    assert tried(found(0, 1), "before", 0) == []
    assert tried(found(0, 1), "now", 0) == [0]
    assert tried(found(0, 1), "now", 1) == [1]
    assert tried(found(3, 2), "now", 2) == [1]


DRAWN = 5
"""Changes of each module that are tried in every run of these tests: a hundred."""


@forking
@pytest.mark.parametrize("unit", kit.modules(), ids=lambda unit: unit.name)
def test_a_drawn_hundred_is_noticed_and_every_parameter_is_used(unit, tmp_path):
    """`python -m tests.proofs.mutants` tries all changes. One run of the specs tells both."""
    listed = mutants.equivalents().get(unit.name, {})
    shuffled = mutants.mutants_of(unit)
    random.Random(0).shuffle(shuffled)
    drawn = [mutant for mutant in shuffled if mutant.name not in listed][:DRAWN]
    file = tmp_path / "results.jsonl"
    noted = mutants.attempt(unit, drawn, mutants.SEEDS[0], file, enough=1)
    known = mutants.read(file)
    missed = [m.name for m in drawn if not known[mutants.key_of(m), mutants.SEEDS[0]]["red"]]
    assert not missed
    assert not list(unused(unit, noted))


def unused(unit, noted):
    """Exercises that no spec reaches, and parameters that no spec leaves at their default, or all do.

    A gradient rule is asked for some arguments only where they were given.
    """
    source = kit.reference_text(unit.name)
    tree = ast.parse(source)
    for name in unit.hints:
        node = find_node(tree, name)
        inside = list(changes.blocks(source, name, node))
        if inside and not any(block.name in noted["reached"] for block in inside):
            yield name
        is_rule = isinstance(node, ast.FunctionDef) and [a.arg for a in node.args.args][:1] == ["g"]
        for block in inside:
            for parameter in block.parameters:
                default, other = noted["given"].get(f"{block.name} {parameter}", (False, False))
                if not other or not (default or is_rule):
                    yield f"{name}: {parameter}"


def test_what_no_spec_uses_is_told(with_something_unused):
    unit = replace(with_something_unused, hints={"relu": (), "gelu": ()})
    source = kit.reference_text(unit.name)
    places = {
        name: next(changes.blocks(source, name, find_node(ast.parse(source), name))).name
        for name in unit.hints
    }
    reached = {place: ["a spec"] for place in places.values()}
    used = {f"{places['gelu']} approximate": [True, True]}
    assert list(unused(unit, {"reached": reached, "given": used})) == []
    assert list(unused(unit, {"reached": {places["gelu"]: ["a spec"]}, "given": used})) == ["relu"]
    for seen in ([True, False], [False, True]):
        given = {f"{places['gelu']} approximate": seen}
        assert list(unused(unit, {"reached": reached, "given": given})) == ["gelu: approximate"]
