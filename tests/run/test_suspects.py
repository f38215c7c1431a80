"""The exercise that a failing line of a spec is about."""

from __future__ import annotations

import pytest

from pytest_tinytorch.course.callgraph import graph_of
from pytest_tinytorch.run import standins
from pytest_tinytorch.run.specsource import line_in_test, question_at
from pytest_tinytorch.run.suspects import Clue, calls_of, read_ahead, suspect
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


RULES = """
relu, exp = lazy("activations", "relu", "exp")
sgd, fit, score, make = lazy("layers", "sgd", "fit", "score", "make")
Net = lazy("layers", "Net")


@given(numbers())
def test_one_rule():
    check_gradient(relu, ones())


def test_two_of_them():
    fit(score(1))


def test_all_of_them():
    for function in (sgd, fit, score):
        function(1)


def test_what_is_made():
    net = Net(1)
    assert_equal(net(1).flag, True)


def test_only_made():
    assert_equal(Net(1).flag, True)
"""
WITH_RULES = """
def relu_x(g): return g
defvjp(a.relu, relu_x)
defvjp(a.exp, lambda g: g)
def sgd(x): return common(x)
def fit(x): return common(x) + long_one(x)
def score(x): return common(x)
def common(x): return x
def long_one(x):
    y = x + 1 + 2 + 3 + 4 + 5 + 6 + 7 + 8 + 9
    return y * y * y * y * y * y
class Net:
    def __init__(self, x): pass
    def forward(self, x): return x
"""
ALL = (
    *("relu_x", "gradient of exp", "sgd", "fit", "score", "common", "long_one"),
    *("Net.__init__", "Net.forward"),
)


@pytest.mark.parametrize(
    ("text", "clue", "exercise"),
    [
        ("check_gradient(relu", Clue("The gradient is right."), "relu_x"),
        ("fit(score(1))", Clue(text="backward through exp(Tensor(1.))"), "gradient of exp"),
        ("fit(score(1))", Clue(text="backward through relu(…)", called="relu_x"), "relu_x"),
        ("fit(score(1))", Clue(called="score"), "score"),
        ("fit(score(1))", Clue("score(x) is x."), "score"),
        ("fit(score(1))", Clue(test="test_score_of_nothing"), "score"),
        ("fit(score(1))", Clue(test="test_it[score-1]"), "score"),
        ("fit(score(1))", Clue(), "long_one"),  # what `fit` uses, and no spec asks for
        ("function(1)", Clue(), "common"),
        ("net(1)", Clue(), "Net.forward"),
        ("Net(1).flag", Clue(), "Net.__init__"),
        ("net(1)", Clue(called="Net.__init__"), "Net.forward"),
    ],
)
def test_other_things_speak_for_an_exercise_too(text, clue, exercise):
    line = next(i for i, line in enumerate(RULES.splitlines(), start=1) if text in line)
    assert suspect(RULES, line, "layers", WITH_RULES, ALL, clue) == exercise


def test_what_several_use_stays_with_its_caller():
    """Were it wrong, the others would be as well, and specs ask for them."""
    shared = WITH_RULES.replace("def score(x): return", "def score(x): return long_one(x) +")
    line = RULES.splitlines().index("    fit(score(1))") + 1
    assert suspect(RULES, line, "layers", WITH_RULES, ALL, Clue(called="fit")) == "long_one"
    assert suspect(RULES, line, "layers", shared, ALL, Clue(called="fit")) == "fit"


def test_a_law_of_what_an_object_gives_is_about_the_call():
    line = RULES.splitlines().index("    assert_equal(net(1).flag, True)") + 1
    clue = Clue("Net(1)(x) equals score(x).", called="score")
    assert suspect(RULES, line, "layers", WITH_RULES, ALL, clue) == "Net.forward"


MAKING = """
Guard, Sub = lazy("layers", "Guard", "Sub")


def test_is_left():
    with raises(KeyError), Guard(1):
        raise KeyError


def test_was_left():
    with Guard(1):
        x = 1
    assert_equal(after, 1)


def test_inside():
    with Guard(1):
        assert_equal(inside, 1)


def test_refuses():
    with raises(ValueError):
        Sub([])


def test_steps():
    sub = Sub([1])
    sub.update()
"""
MADE = """
class Guard:
    def __enter__(self): return 1
    def __exit__(self, *args): pass
class Base:
    def __init__(self, x):
        self.add(x)
    def add(self, x): return x + 1 + 2 + 3
class Sub(Base):
    def __init__(self, x):
        super().__init__(x)
    def update(self): return 1
"""


@pytest.mark.parametrize(
    ("text", "exercise"),
    [
        ("with raises(KeyError), Guard(1)", "Guard.__exit__"),
        ("assert_equal(after", "Guard.__exit__"),
        ("assert_equal(inside", "Guard.__enter__"),
        ("Sub([])", "Base.add"),
        ("sub.update()", "Sub.update"),
    ],
)
def test_making_an_object_and_leaving_it_are_steps_of_their_own(text, exercise):
    line = next(i for i, line in enumerate(MAKING.splitlines(), start=1) if text in line)
    exercises = ("Guard.__enter__", "Guard.__exit__", "Base.add", "Sub.update")
    assert suspect(MAKING, line, "layers", MADE, exercises) == exercise


def test_a_line_at_the_decorators_stands_for_the_test():
    lines = RULES.splitlines()
    decorator, inside = lines.index("@given(numbers())") + 1, lines.index("    fit(score(1))") + 1
    assert line_in_test(RULES, [decorator], "test_one_rule[a]") == decorator + 2
    assert line_in_test(RULES, [decorator, inside], "test_one_rule") == inside
    assert line_in_test("def", [1], "test") == line_in_test(RULES, [], "test_gone") == 0


def test_a_question_is_what_is_compared():
    line = RULES.splitlines().index("    assert_equal(net(1).flag, True)") + 1
    assert question_at(RULES, line) == "net(1).flag"
    assert question_at(RULES, 1) == ""


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


def test_what_is_known_of_a_function_is_kept_until_it_is_another_one():
    before = "def f(x):\n    return g(x)\n\n\ndef g(x):\n    return x\n"
    moved = f"# a comment\r\n{before}"
    for source, expected in ((before, ("g", "x")), (moved, ("g", "x"))):
        assert calls_of(source)["f"] == expected
    assert calls_of(before)["f"] is calls_of(moved)["f"]
    assert calls_of(before.replace("g(x)", "h(x)"))["f"] == ("h", "x")
    assert calls_of("class A:\n    def f(x): return x\n")["f"] == ("x",)


def test_rules_that_stand_in_one_line_are_told_apart():
    source = "defvjp(add, one); defvjp(mul, two)\n"
    names = ("gradient of add", "gradient of mul")
    graph = graph_of(f"def one(): pass\ndef two(): pass\n{source}", names)
    assert graph["gradient of add"] == {"one"}
    assert graph["gradient of mul"] == {"two"}


def test_looking_ahead_minds_nothing_that_does_not_parse():
    read_ahead("def f(", "adding", "def g(", ["g"])
    standins.read_ahead("def g(", ["g"])
