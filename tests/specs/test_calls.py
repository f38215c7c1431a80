"""How specs call the learner's code: what goes in, what may come out, and what a message tells of it."""

from __future__ import annotations

import sys
from dataclasses import dataclass

import numpy as np
import pytest

from pytest_tinytorch.api import LawBroken, MissingName
from specs.framework import lazy
from specs.laws import (
    ask,
    assert_close,
    assert_equal,
    call,
    expect,
    forget,
    raises,
    remember,
    same,
    unwrap,
)

Tensor, exp, where = lazy("tensor", "Tensor", "exp", "where")
Linear = lazy("layers", "Linear")

pytestmark = pytest.mark.usefixtures("reference")


@pytest.fixture
def replace(monkeypatch):
    """Puts something in the place of a name of `tinytorch.tensor`."""

    def put(name, thing):
        Tensor.resolve()  # imports the module
        monkeypatch.setattr(sys.modules["tinytorch.tensor"], name, thing)

    return put


@pytest.fixture
def told():
    """The (expected, got, called, where) of the law that a call breaks."""

    def run(function, *args, **kwargs):
        with pytest.raises(LawBroken) as caught:
            function(*args, **kwargs)
        error = caught.value
        return error.expected, error.got, error.called, error.where

    return run


def double(x):
    return x * 2


class TestCall:
    @pytest.mark.parametrize("x", [np.arange(3.0), np.array(2.0), np.zeros((0, 2)), np.float64(3)])
    def test_wraps_and_unwraps_arrays(self, x):
        got = call(double, x)
        assert isinstance(got, np.ndarray)
        assert same(got, np.asarray(x) * 2)

    def test_keeps_the_layout_of_arrays(self):
        columns = np.asfortranarray(np.arange(6.0).reshape(2, 3))
        seen = []
        call(lambda x: seen.append(x.data.flags.f_contiguous) or x, columns)
        assert seen == [True]

    def test_passes_everything_else_as_it_is(self):
        seen = []
        tensor = Tensor([1.0])

        def keep(*args, **kwargs):
            seen.append((args, kwargs))
            return tensor

        call(keep, tensor, 3, "x", None, dim=1, weights=(array := np.zeros(2)))
        (args, kwargs) = seen[0]
        assert args == (tensor, 3, "x", None)
        assert kwargs == {"dim": 1, "weights": array}
        assert kwargs["weights"] is array

    def test_gives_a_tuple_of_arrays_for_tuples_and_lists(self):
        first, (second,) = call(lambda x: [x, (x * 2,)], np.ones(2))
        assert same(first, np.ones(2))
        assert same(second, np.full(2, 2.0))

    def test_the_students_function_cannot_reach_the_array_of_the_spec(self):
        x = np.zeros(2)

        def change(tensor):
            tensor.data[...] = 1
            return tensor

        with pytest.raises(LawBroken):
            call(change, x)
        assert same(x, np.zeros(2))

    @pytest.mark.parametrize(
        "data", [np.array([1.0, 3.0]), np.array([[1.0, 2.0]]), None, "x", [1, [2]], np.array(["a"])]
    )
    def test_an_input_that_changed_breaks_a_law(self, data, told):
        def change(x, y):
            y.data = data
            return x

        expected, got, called, _ = told(call, change, np.zeros(1), np.array([1.0, 2.0]))
        assert expected == "inputs that stay as they were"
        assert got.startswith("an input changed to ")
        assert called.endswith("change(Tensor(np.array([0.])), Tensor(np.array([1., 2.])))")

    def test_an_input_of_nothing_that_stays_is_none_that_changed(self):
        for x in (np.array(np.nan), np.array([True]), np.zeros((0, 3)), np.array(3)):
            assert same(call(lambda t: t, x), x)

    @pytest.mark.parametrize("result", [None, 1.0, "x", np.zeros(2), object(), {"a": 1}, Tensor])
    def test_what_is_no_tensor_breaks_a_law(self, result, told):
        expected, got, called, where = told(call, lambda x: result, np.ones(1))
        assert expected == "a Tensor"
        assert got.startswith(f"{type(result).__name__}: ")
        assert called.endswith("function(Tensor(np.array([1.])))")
        assert where[0] == __file__
        assert told(unwrap, [Tensor([1.0]), result])[0] == "a Tensor"

    @pytest.mark.parametrize("data", [None, 1.0, [1.0], np.float64(1), "x"])
    def test_data_that_is_no_array_breaks_a_law(self, data, told):
        def wrong(x):
            result = Tensor([1.0])
            result.data = data
            return result

        expected, got, *_ = told(call, wrong, np.ones(1))
        assert (expected, got) == (
            "a Tensor whose data is an ndarray",
            f"data of type {type(data).__name__}",
        )

    def test_a_tensor_without_data_breaks_a_law(self, replace, told):
        class Empty:
            def __init__(self, array):
                pass

        replace("Tensor", Empty)
        assert told(unwrap, Empty(1))[1] == "data of type NoneType"
        assert told(call, lambda x: x, np.ones(1))[1] == "an input changed to None"

    def test_a_name_that_is_no_class_has_no_instances(self, replace, told):
        replace("Tensor", lambda array: array)
        assert told(unwrap, np.zeros(2))[:2] == ("a Tensor", "ndarray: [0., 0.]")

    @pytest.mark.parametrize("nothing", [None, 3, "exp"])
    def test_what_cannot_be_called_breaks_a_law(self, nothing, replace, told):
        replace("exp", nothing)
        for how in (call, ask):
            expected, got, *_ = told(how, exp, np.ones(1))
            assert (expected, got) == (
                "something to call",
                f"{type(nothing).__name__}: {nothing!r}",
            )

    def test_a_name_that_is_missing_says_so(self):
        with pytest.raises(MissingName, match="no 'nothing'"):
            call(lazy("tensor", "nothing"), np.ones(1))


class TestAsk:
    def test_gives_and_takes_anything(self):
        thing = object()
        assert ask(lambda *args, **kwargs: (args, kwargs), thing, x=1) == ((thing,), {"x": 1})

    @pytest.mark.parametrize("x", [np.zeros(2), np.array(0.0), np.array([np.nan, 0])], ids=str)
    def test_an_array_may_not_be_changed(self, x, told):
        expected, got, called, _ = told(ask, lambda array: array.fill(1), x)
        assert expected == "inputs that stay as they were"
        assert "1." in got
        assert "0." in called
        assert same(x, np.ones_like(x))
        assert ask(lambda array: array + 1, x) is not x

    def test_remembers_what_its_arguments_were(self, told):
        ask(lambda items: items.clear(), items := [1, 2])
        assert items == []
        assert told(expect, False, "", "")[2].endswith("function([1, 2])")


class TestWhatIsRemembered:
    def test_is_the_last_call_and_where_it_is_written(self, told):
        ask(double, 1)
        call(double, np.array([1.0, 2.0]))
        _, _, called, where = told(expect, False, "it", "else")
        assert called == "double(Tensor(np.array([1., 2.])))"
        assert where == (__file__, double.__code__.co_firstlineno, "double")

    def test_is_told_as_it_was_before_the_call(self, told):
        def change(x, items):
            items.clear()
            x.data[...] = 5
            return x

        assert told(call, change, np.zeros(1), [1, 2])[2].endswith(
            "change(Tensor(np.array([0.])), [1, 2])"
        )

    def test_stays_what_it_was_whatever_the_spec_does_next(self, told):
        x = np.zeros(1)
        call(double, x)
        x[...] = 9
        assert told(expect, False, "it", "else")[2] == "double(Tensor(np.array([0.])))"

    def test_is_nothing_once_it_is_forgotten(self, told):
        ask(double, 1)
        forget()
        assert told(expect, False, "it", "else")[2:] == (None, None)

    def test_is_the_call_whose_result_is_wrong_not_the_one_that_says_what_is_right(self, told):
        def compare():
            assert_close(call(double, np.ones(1)), call(double, np.zeros(1)))

        def kept():
            got = call(double, np.ones(1))
            assert_equal(got, call(double, np.zeros(1)))

        def computed():
            assert_close(call(double, np.ones(1)) + 1, call(double, np.zeros(1)))

        for law in (compare, kept, computed):
            assert told(law)[2] == "double(Tensor(np.array([1.])))"

    def test_is_the_last_one_if_both_sides_are_computed(self, told):
        def compare():
            assert_close(call(double, np.ones(1)) + 1, call(double, np.zeros(1)) + 1)

        assert told(compare)[2] == "double(Tensor(np.array([0.])))"

    def test_may_be_any_text_and_any_place(self, told):
        remember("a step", double)
        assert told(expect, False, "it", "else")[2:] == (
            "a step",
            (__file__, double.__code__.co_firstlineno, "double"),
        )
        remember("a step", None)
        assert told(expect, False, "it", "else")[2:] == ("a step", None)

    def test_is_what_a_missing_error_is_told_with(self, told):
        def refuse():
            with raises(ValueError):
                ask(double, 4)

        assert told(refuse) == (
            "ValueError",
            "no error",
            "double(4)",
            (__file__, double.__code__.co_firstlineno, "double"),
        )

    def test_is_the_forward_of_a_module(self, told):
        call(Linear(2, 1), np.zeros((1, 2)))
        _, _, called, where = told(expect, False, "it", "else")
        assert (
            called
            == "Linear(in_features=2, out_features=1, bias=True)(Tensor(np.array([[0., 0.]])))"
        )
        assert where[2] == "Linear.forward"


@dataclass(frozen=True)
class Frozen(Exception):
    """An exception that takes no attribute."""


class TestErrorsOfTheLearners:
    @pytest.mark.parametrize("error", [ValueError("x"), Frozen(), NotImplementedError("stub")])
    def test_come_out_as_they_are_with_the_call(self, error):
        def fail(*_):
            raise error

        for how, text in ((call, "Tensor(np.array([1.]))"), (ask, "np.array([1.])")):
            with pytest.raises(type(error)) as caught:
                how(fail, np.ones(1))
            assert caught.value is error
            assert error.called.endswith(f"fail({text})")

    def test_of_a_stub_in_the_tensor_stay_what_they_are(self, replace):
        class Stub:
            def __init__(self, array):
                raise NotImplementedError("01 tensor: Tensor.__init__")

        replace("Tensor", Stub)
        with pytest.raises(NotImplementedError):
            call(double, np.ones(1))
