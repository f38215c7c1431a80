"""Which exercises use which others, as the source says."""

from __future__ import annotations

import pytest

from pytest_tinytorch.course.callgraph import (
    MANY_RULES,
    engine_of,
    rules_of,
    uses_of,
    with_engine,
)
from tests.support import kit


def uses(module, name):
    unit = next(unit for unit in kit.modules() if unit.name == module)
    return uses_of(kit.reference_text(module), unit.hints)[name]


@pytest.mark.parametrize(
    ("module", "name", "used"),
    [
        ("losses", "mse_loss", {"reduce"}),
        ("losses", "CrossEntropyLoss.forward", {"cross_entropy", "reduce", "surprise"}),
        ("autograd", "gradient of mul", {"unbroadcast"}),
        ("autograd", "backward", {"flow", "topological_order"}),
        ("tokenization", "BPETokenizer.encode", {"BPETokenizer.encode_word"}),
        ("activations", "relu", set()),
    ],
)
def test_what_the_course_uses(module, name, used):
    assert uses(module, name) == used


def test_the_length_of_itself_is_a_method():
    source = (
        "class A:\n"
        "    def __len__(self): return 1\n"
        "    def __iter__(self): return iter(range(len(self)))\n"
        "    def first(self, x): return len(x)\n"
    )
    found = uses_of(source, ["A.__len__", "A.__iter__", "A.first"])
    assert found["A.__iter__"] == {"A.__len__"}
    assert found["A.first"] == frozenset()


def test_annotations_and_names_of_its_own_say_nothing():
    source = "def f(x: g, h) -> g:\n    g = h(x)\n    return g\ndef g(): pass\ndef h(): pass\n"
    assert uses_of(source, ["f", "g", "h"])["f"] == frozenset()


def test_what_lists_have_too_says_nothing_unless_it_is_asked_of_itself():
    source = "class A:\n    def append(self): pass\n    def f(self, x):\n        {}.append(x)\n"
    for owner, found in (("x", set()), ("self", {"A.append"})):
        assert uses_of(source.format(owner), ["A.append", "A.f"])["A.f"] == found


def test_a_file_that_does_not_parse_says_nothing():
    assert uses_of("def", ["f"]) == {}
    assert engine_of("def", ["f"]) == (frozenset(), frozenset())


def test_rules_belong_to_their_operations():
    unit = next(unit for unit in kit.modules() if unit.name == "autograd")
    rules = rules_of(kit.reference_text("autograd"), unit.hints)
    assert rules["exp"] == ("gradient of exp",)
    assert rules["pow"] == ("pow_x", "pow_y")
    assert rules["concatenate"] == ("concatenate_each",)


def test_only_05_has_an_engine():
    found = {u.name: engine_of(kit.reference_text(u.name), u.hints) for u in kit.modules()}
    engines = {name: engine for name, (engine, _) in found.items() if engine}
    assert engines.keys() == {"autograd"}
    assert {"flow", "backward", "grad", "topological_order"} <= engines["autograd"]
    assert "unbroadcast" not in engines["autograd"] | found["autograd"][1]


def test_few_wrong_rules_explain_the_engine_and_it_explains_many():
    engine, rules = frozenset({"flow"}), frozenset("abcdef")
    table = dict.fromkeys([*engine, *rules], frozenset())
    few = with_engine(table, engine, rules, {"flow", "a"})
    assert (few["flow"], few["a"]) == (rules, frozenset())
    many = with_engine(table, engine, rules, {"flow", *"abcdef"[:MANY_RULES]})
    assert (many["flow"], many["a"]) == (frozenset(), engine)
