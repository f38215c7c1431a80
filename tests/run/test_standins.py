"""An exercise of the solution stands in for the learner's as long as it is looked at, and no longer."""

from __future__ import annotations

from types import ModuleType
from typing import ClassVar

import pytest

from pytest_tinytorch.course.exercises import find_node, parse
from pytest_tinytorch.run.standins import (
    CannotStandIn,
    compiled,
    in_class,
    standing_in,
    undecorated,
)

SOLUTION = '''
from __future__ import annotations
from math import floor

FACTOR = 2


def helper(x: Unknown) -> Unknown:
    return floor(x) * FACTOR


def double(x, times=1):
    """Twice."""
    return helper(x) * times


class Base:
    def size(self):
        return 1


class Part(Base):
    def __init__(self, n):
        self.n = n

    def size(self):
        return super().size() + self.n

    @property
    def half(self):
        return self.n / 2

    def total(self):
        return sum(part for part in [self.n, helper(0.5)])

    def is_like(self, other):
        return isinstance(other, Part)


defvjp(double, lambda g: 2 * g)
'''

LEARNERS = """
def double(x, times=3):
    return x


class Base:
    def size(self):
        return 10


class Part(Base):
    def __init__(self, n):
        self.n = -n

    def size(self):
        return 0

    @property
    def half(self):
        return self.n


defvjp(double, lambda g: g)
"""


def defvjp(op, *rules):
    op.rules, op.rule_for_every = rules, None


@pytest.fixture
def module():
    made = ModuleType("made")
    made.defvjp = defvjp
    exec(LEARNERS, vars(made))
    return made


def test_a_function_is_another_for_all_who_have_imported_it(module):
    imported, before = module.double, set(vars(module))
    with standing_in(module, SOLUTION, "double"):
        assert imported(1.5) == 2
        assert imported(1.5, times=5) == 10
    assert imported(1.5) == 1.5
    assert imported.__defaults__ == (3,)
    assert set(vars(module)) == before, "the helpers of the solution are gone"


def test_what_is_decorated_stays_so(module):
    def called(x):
        return ["decorated", called.__wrapped__(x)]

    called.__wrapped__, module.double = module.double, called
    with standing_in(module, SOLUTION, "double"):
        assert module.double(1.5) == ["decorated", 2]
    assert module.double(1.5) == ["decorated", 1.5]


class TestMethods:
    cases: ClassVar = {
        "Part.__init__": lambda part: part(3).n == 3,
        "Part.size": lambda part: part(3).size() == 10 - 3,  # of the learner's Base
        "Part.half": lambda part: part(4).half == -2,
        "Part.total": lambda part: part(4).total() == -4,
        "Part.is_like": lambda part: part(4).is_like(part(5)),
    }

    @pytest.mark.parametrize("name", cases)
    def test_are_those_of_the_solution_for_a_while(self, module, name):
        before = dict(vars(module.Part))
        with standing_in(module, SOLUTION, name):
            assert self.cases[name](module.Part)
        assert dict(vars(module.Part)) == before


def test_gradient_rules_are_replaced_and_put_back(module):
    with standing_in(module, SOLUTION, "gradient of double"):
        assert module.double.rules[0](3) == 6
    assert module.double.rules[0](3) == 3


def test_an_error_meanwhile_leaves_nothing_behind(module):
    with pytest.raises(ZeroDivisionError), standing_in(module, SOLUTION, "double"):
        raise ZeroDivisionError
    assert module.double(1.5) == 1.5


@pytest.mark.parametrize("name", ["nothing", "Part.nothing", "Nobody.size", "helper", "Part"])
def test_what_is_missing_in_one_of_the_two_cannot_stand_in(module, name):
    with pytest.raises(CannotStandIn), standing_in(module, SOLUTION, name):
        raise AssertionError("never entered")


def test_a_function_with_variables_of_another_one_cannot_be_replaced(module):
    def outer(y):
        return lambda x, times=3: x + y

    module.double = outer(1)
    with pytest.raises(CannotStandIn), standing_in(module, SOLUTION, "double"):
        raise AssertionError("never entered")
    assert module.double(1) == 2


def test_an_exercise_is_compiled_once_however_often_it_stands_in():
    function = find_node(parse(SOLUTION), "double")
    method = find_node(parse(SOLUTION), "Part.size")
    assert compiled(undecorated(function)) is compiled(undecorated(function))
    assert compiled(in_class("Part", method)) is compiled(in_class("Part", method))
