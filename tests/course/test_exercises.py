"""Stubs are cut out of source as the curriculum says, and found again in whatever a learner made of it."""

from __future__ import annotations

import ast

import pytest

from pytest_tinytorch.course import exercises
from pytest_tinytorch.course.exercises import (
    Exercise,
    any_untouched,
    below_decorators,
    cut_stubs,
    line_spans,
    locate_exercises,
    locate_untouched,
)
from tests.support import kit

SOURCE = '''"""05 · Toy."""

import numpy as np

from tinytorch.primitive import Variable, defvjp

LIMIT = 3


@primitive
def double(x):
    """Twice x."""
    # the solution's own comment
    y = x + x
    return y


def given(x):
    return x


class Box:
    """A box."""

    size = 1

    def __init__(self, x):
        """Keep x."""
        self.x = x

    def open(self):
        return self.x


defvjp(double, lambda g, ans, x: 2 * g)
defvjp(tensor.add, lambda g, ans, x, y: g,
       lambda g, ans, x, y: g)
defvjp(join, every=lambda i, g, ans, *xs: g)
'''

NAMES = (
    "double",
    "Box.__init__",
    "Box.open",
    "gradient of double",
    "gradient of add",
    "gradient of join",
)


def test_a_stub_keeps_signature_docstring_and_all_that_is_given():
    text = cut_stubs(SOURCE, "05", "toy", NAMES)
    ast.parse(text)
    assert '    """Twice x."""\n    raise NotImplementedError("05 toy: double")\n' in text
    assert (
        '        """Keep x."""\n        raise NotImplementedError("05 toy: Box.__init__")' in text
    )
    assert '    def open(self):\n        raise NotImplementedError("05 toy: Box.open")' in text
    assert 'defvjp(double, todo("05 toy: gradient of double"))\n' in text
    assert (
        'defvjp(tensor.add, todo("05 toy: gradient of add"),\n'
        '                   todo("05 toy: gradient of add"))\n'
    ) in text
    assert 'defvjp(join, every=todo("05 toy: gradient of join"))\n' in text
    assert "from tinytorch.primitive import Variable, defvjp, todo\n" in text
    assert "def given(x):\n    return x\n" in text
    assert "LIMIT = 3" in text
    assert "solution" not in text


def test_a_stub_takes_its_identity_from_no_prose():
    text = cut_stubs(SOURCE.replace("05 · Toy", "Audacious"), "05", "toy", NAMES)
    assert text.count("05 toy: ") == 7


def test_rules_need_an_import_of_defvjp():
    source = SOURCE.replace("from tinytorch.primitive import Variable, defvjp\n", "")
    with pytest.raises(LookupError, match="import defvjp"):
        cut_stubs(source, "05", "toy", ["gradient of add"])


def test_of_nothing_is_the_source_itself():
    assert cut_stubs(SOURCE, "05", "toy", []) == SOURCE


@pytest.mark.parametrize("name", ["triple", "Box.close", "gradient of mul", "Box", "box.open"])
def test_what_cannot_be_cut_is_named(name):
    with pytest.raises(LookupError, match=name):
        cut_stubs(SOURCE, "05", "toy", [name])


def test_exercises_are_found_with_their_state():
    text = cut_stubs(SOURCE, "05", "toy", ["Box.open", "gradient of add"])
    found = locate_exercises(text, [*NAMES, "not there"])
    assert [e.name for e in found] == list(NAMES)
    assert {e.name for e in found if e.untouched} == {"Box.open", "gradient of add"}
    lines = text.splitlines()
    for exercise in found:
        if exercise.untouched:
            assert (
                "NotImplementedError(" in lines[exercise.line - 1]
                or "todo(" in lines[exercise.line - 1]
            )


def test_an_abstract_method_of_ones_own_is_no_stub():
    text = 'def f():\n    raise NotImplementedError("subclasses do this")\n'
    assert locate_exercises(text, ["f"]) == [Exercise("f", 1, False)]


def test_a_half_written_stub_is_still_one():
    text = 'def f(x):\n    y = x\n    raise NotImplementedError("01 toy: f")\n'
    assert locate_exercises(text, ["f"]) == [Exercise("f", 3, True)]


@pytest.fixture
def parsed(monkeypatch):
    """The sources that are parsed from now on."""
    kit.stub_texts()
    found, parse = [], exercises.syntax_tree
    monkeypatch.setattr(exercises, "syntax_tree", lambda text: found.append(text) or parse(text))
    for remembered in (exercises.parse, exercises.located_in):
        remembered.cache_clear()
    return found


class TestKeptStubs:
    """The files that the kit begins a module with are known by their digests."""

    @pytest.mark.parametrize("unit", kit.modules(), ids=lambda unit: unit.name)
    def test_are_not_parsed_and_say_what_a_parser_says(self, parsed, unit):
        text = kit.stub_texts()[f"{unit.name}.py"]
        known = locate_exercises(text, unit.hints)
        assert known == locate_untouched(text, unit.hints)
        assert any_untouched(text, unit.hints)
        assert parsed == []
        assert known == list(exercises.located_in(text, tuple(unit.hints)))
        assert {one.name for one in known if one.untouched} == {*unit.hints}

    def test_of_some_exercises_are_those(self, parsed):
        text = kit.stub_texts()["activations.py"]
        assert [one.name for one in locate_exercises(text, ["gelu", "relu"])] == ["relu", "gelu"]
        assert parsed == []

    @pytest.mark.parametrize("edit", ["# mine\n{}", "{}\n", "{}def mine(): pass\n"])
    def test_count_for_no_other_text(self, parsed, edit):
        text = edit.format(kit.stub_texts()["activations.py"])
        assert locate_exercises(text, ["relu"])[0].untouched
        assert parsed == [text]

    def test_know_no_other_exercise(self, parsed):
        text = kit.stub_texts()["activations.py"]
        assert [one.name for one in locate_exercises(text, ["relu", "softsign"])] == ["relu"]
        assert parsed == [text]

    @pytest.mark.parametrize("damaged", [None, "", "[]", '{"a": 1}'])
    def test_that_are_damaged_count_for_nothing(self, parsed, tmp_path, monkeypatch, damaged):
        file = tmp_path / "untouched.json"
        if damaged is not None:
            file.write_text(damaged, encoding="utf-8")
        monkeypatch.setattr(exercises, "KEPT", file)
        exercises.kept_stubs.cache_clear()
        text = kit.stub_texts()["activations.py"]
        assert locate_exercises(text, ["relu"])[0].untouched
        assert parsed == [text]
        exercises.kept_stubs.cache_clear()


def test_a_file_without_the_words_of_a_stub_is_not_parsed(parsed):
    assert locate_untouched(SOURCE, NAMES) == []
    assert not any_untouched(SOURCE, NAMES)
    assert parsed == []
    assert [
        one.name for one in locate_untouched(cut_stubs(SOURCE, "05", "toy", NAMES[:1]), NAMES)
    ] == ["double"]


def test_spans_reach_from_the_decorator_to_the_last_line():
    found = line_spans(SOURCE, NAMES)
    lines = SOURCE.splitlines()
    first, last = found["double"]
    assert (lines[first - 1], lines[last - 1]) == ("@primitive", "    return y")
    first, last = found["gradient of add"]
    assert last == first + 1


@pytest.mark.parametrize(("line", "below"), [(1, 1), (2, 5), (5, 5), (6, 6), (7, 7), (99, 99)])
def test_a_function_is_found_below_its_decorators(line, below):
    lines = ("x = 1", "@primitive", "@cached(", ")", "def f(x):", "    return x", "@nothing")
    assert below_decorators(lines, line) == below
