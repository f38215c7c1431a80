"""The exercise that a failing line of a spec is about."""

from __future__ import annotations

import pytest

from pytest_tinytorch.run.suspects import suspect
from tests.support import kit

SPEC = """
relu, gelu = lazy("activations", "relu", "gelu")
Linear = lazy("layers", "Linear")
Module, check = lazy("layers", "Module", "check")


def linear():
    return Linear(2, 3)


class TestLayers:
    def test_a_function(self):
        x = ones()
        assert_equal(check(x), x)

    def test_an_error(self):
        with raises(ValueError):
            check(ones())

    def test_a_method(self):
        model = Linear(1, 2)
        state = model.state_dict()
        expect(state is not None, "a state")

    def test_a_given_method(self):
        model = Linear(1, 2)
        assert_equal(list(model.parameters()), [])

    def test_what_is_made(self):
        layer = Linear(1, 2)
        assert_equal(layer.weight, 1)

    def test_a_helper(self):
        assert_equal(linear().weight, 1)

    def test_another_module(self):
        assert_equal(relu(1), 1)
"""
SOURCE = """
class Module:
    def parameters(self):
        return [x for _, x in self.named_tensors()]
"""
EXERCISES = ("check", "Module.state_dict", "Module.named_tensors", "Linear.__init__")


def line_of(text):
    return next(i for i, line in enumerate(SPEC.splitlines(), start=1) if text in line)


@pytest.mark.parametrize(
    ("text", "exercise"),
    [
        ("assert_equal(check(x)", "check"),
        ("with raises", "check"),
        ('expect(state is not None, "a state")', "Module.state_dict"),
        ("list(model.parameters())", "Module.named_tensors"),
        ("layer.weight", "Linear.__init__"),
        ("linear().weight", "Linear.__init__"),
        ("relu(1)", ""),
        ("relu, gelu", ""),
    ],
)
def test_the_line_says_it(text, exercise):
    assert suspect(SPEC, line_of(text), "layers", SOURCE, EXERCISES) == exercise


def test_a_spec_that_does_not_parse_says_nothing():
    assert suspect("def", 1, "layers", SOURCE, EXERCISES) == ""


@pytest.mark.parametrize("unit", kit.modules(), ids=lambda unit: unit.name)
def test_nearly_every_line_of_the_kit_leads_to_an_exercise(unit):
    text = (kit.ROOT / unit.spec_path).read_text(encoding="utf-8")
    lines = [
        i for i, line in enumerate(text.splitlines(), start=1) if line.startswith("        assert_")
    ]
    source = kit.reference_text(unit.name)
    found = [suspect(text, line, unit.name, source, unit.hints) for line in lines]
    assert sum(map(bool, found)) >= 0.85 * len(found)
