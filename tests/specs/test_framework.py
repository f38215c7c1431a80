"""Stand-ins for the learner's names: looked up late, and in everything else like the real ones."""

from __future__ import annotations

import inspect
import sys
from types import ModuleType

import pytest

from pytest_tinytorch.api import MissingName
from specs.framework import Lazy, lazy, resolve


class Real:
    """A class of the learner's."""

    size = 3

    def __init__(self, *args, **kwargs):
        self.given = args, kwargs


@pytest.fixture
def module(monkeypatch):
    """A module `tinytorch.made` with a class and a few things that are none."""
    made = ModuleType("tinytorch.made")
    made.__file__ = "tinytorch/made.py"
    made.Real, made.double, made.nothing = Real, lambda x: 2 * x, None
    monkeypatch.setitem(sys.modules, "tinytorch.made", made)
    return made


def test_nothing_is_looked_up_before_it_is_used():
    one = lazy("no_such_module", "Name")
    assert repr(one) == "Name"
    assert repr(lazy("no_such_module", "a", "b")) == "(a, b)"
    assert not inspect.isclass(one)
    assert not hasattr(one, "__wrapped__")
    assert not hasattr(one, "_mock_name")  # pytest asks for it while it collects
    with pytest.raises(ModuleNotFoundError):
        resolve(one)


def test_one_name_gives_one_stand_in_and_more_give_a_tuple(module):
    assert isinstance(lazy("made", "Real"), Lazy)
    real, double = lazy("made", "Real", "double")
    assert resolve(real) is Real
    assert resolve(double) is module.double


def test_what_is_no_stand_in_stays_what_it_is():
    for thing in (None, 3, Real, "Real", [lazy("made", "Real")]):
        assert resolve(thing) is thing


def test_it_is_used_as_the_real_one(module):
    stand = lazy("made", "Real")
    assert stand(1, x=2).given == ((1,), {"x": 2})
    assert stand.size == 3
    assert isinstance(Real(), stand)
    assert not isinstance(3, stand)
    assert isinstance(Real(), (int, stand))

    class Derived(stand):
        pass

    assert Derived.__mro__[1] is Real


def test_it_follows_what_the_module_has_now(module):
    stand = lazy("made", "Real")
    module.Real = int
    assert resolve(stand) is int


def test_a_name_that_is_missing_tells_where_to_define_it(module):
    with pytest.raises(MissingName, match=r"tinytorch\.made has no 'gone'") as caught:
        lazy("made", "gone")(1)
    assert caught.value.file == "tinytorch/made.py"
    assert caught.value.__suppress_context__


def test_what_is_no_class_has_no_instances(module):
    for name in ("nothing", "double"):
        assert not isinstance(None, lazy("made", name))
