"""The laws on arrays that every verdict rests on: what holds, what a message says, and no crash."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

from pytest_tinytorch.api import LawBroken
from specs import laws
from specs.laws import (
    assert_close,
    assert_dtype,
    assert_equal,
    assert_finite,
    assert_no_alias,
    assert_own,
    assert_shape,
)

NAN, INF = np.nan, np.inf
F32, F64 = np.float32, np.float64


class Unspeakable:
    """Neither shows nor compares, and has no truth value."""

    def __repr__(self):
        raise RuntimeError("no text")

    __hash__ = None

    def __eq__(self, other):
        raise TypeError("nothing to compare")

    def __bool__(self):
        raise ValueError("neither yes nor no")


class Shy:
    """Has the attributes of an array, and they are nonsense."""

    shape = "wide"
    dtype = "fuzzy"
    data = 3


class Liar(np.ndarray):
    """An array that equals everything, if you ask it."""

    def __array_ufunc__(self, ufunc, method, *inputs, **named):
        return np.zeros((), bool) if ufunc is np.not_equal else np.ones((), bool)

    def __array_function__(self, function, types, given, named):
        return np.ones((), bool)


NONSENSE = {
    "None": None,
    "text": "x",
    "bytes": b"\0",
    "ragged list": [1.0, [2.0, 3.0]],
    "ragged arrays": [np.zeros(2), np.zeros(3)],
    "dict": {"a": 1},
    "set": {1.5},
    "generator": (i for i in range(3)),
    "function": len,
    "class": np.ndarray,
    "object": object(),
    "huge number": 10**400,
    "decimal": Decimal("1.5"),
    "objects": np.array([None, 1.5], object),
    "an object": np.array(None, object),
    "texts": np.array(["a", "b"]),
    "dates": np.array(["2020-01-01", "NaT"], "datetime64[D]"),
    "records": np.zeros(2, [("a", int), ("b", float)]),
    "unspeakable": Unspeakable(),
    "unspeakable ones": [Unspeakable(), Unspeakable()],
    "array of the unspeakable": np.array([Unspeakable(), Unspeakable()], object),
    "shy": Shy(),
}
"""What is not the array of two numbers that a law was told to expect."""

EXPECTED = np.array([1.0, 1.5])

EVERY = {
    "equal": lambda got: assert_equal(got, EXPECTED),
    "equal to a 0-d array": lambda got: assert_equal(got, np.array(1.5)),
    "equal to an empty array": lambda got: assert_equal(got, np.zeros((0, 3))),
    "close": lambda got: assert_close(got, EXPECTED),
    "close to a number": lambda got: assert_close(got, 1.5),
    "close to a 0-d array": lambda got: assert_close(got, np.array(1.5, F32)),
    "of a shape": lambda got: assert_shape(got, (2, 3)),
    "of a dtype": lambda got: assert_dtype(got, F32),
}


class TestNonsense:
    @pytest.mark.parametrize("law", EVERY)
    @pytest.mark.parametrize("got", NONSENSE)
    def test_breaks_the_law(self, law, got):
        with pytest.raises(LawBroken) as caught:
            EVERY[law](NONSENSE[got])
        assert caught.value.expected
        assert caught.value.got

    @pytest.mark.parametrize("got", NONSENSE)
    def test_is_neither_finite_nor_has_memory_of_its_own(self, got):
        with pytest.raises(LawBroken):
            assert_finite(NONSENSE[got])
        with pytest.raises(LawBroken):
            assert_no_alias(NONSENSE[got], np.zeros(3))

    @pytest.mark.parametrize(
        "got", [n for n, v in NONSENSE.items() if not isinstance(v, np.ndarray)]
    )
    def test_has_not_even_the_shape_of_a_number(self, got):
        with pytest.raises(LawBroken):
            assert_shape(NONSENSE[got], ())

    @pytest.mark.parametrize("expected", NONSENSE)
    def test_is_never_what_an_array_of_numbers_equals(self, expected):
        for law in (assert_equal, assert_close):
            with pytest.raises(LawBroken):
                law(EXPECTED, NONSENSE[expected])

    def test_is_told_with_its_type(self, broken):
        assert broken(assert_close, None, 1.0) == ("1.0", "NoneType: None")
        assert broken(assert_close, "a", 1.0) == ("1.0", "str: 'a'")
        assert broken(assert_equal, None, np.array([1, 2])) == ("[1, 2]", "NoneType: None")
        assert broken(assert_shape, [1, [2]], (2,)) == ("shape (2,)", "list: [1, [2]]")
        assert broken(assert_dtype, 1.5, F32) == ("dtype float32", "float: 1.5")
        assert broken(assert_finite, "x") == ("every value finite", "str: 'x'")
        assert broken(assert_equal, 3, "3") == ("'3'", "3")

    def test_an_input_that_is_nonsense_shares_no_memory(self, broken):
        assert broken(assert_no_alias, np.zeros(2), None, [1, [2]]) is None


@pytest.mark.parametrize("law", EVERY)
def test_an_array_that_lies_is_not_asked(law):
    liar = np.zeros(2).view(Liar)
    assert (liar == EXPECTED).all()
    with pytest.raises(LawBroken):
        EVERY[law](liar)


class TestEqual:
    @pytest.mark.parametrize(
        ("got", "expected"),
        [
            (np.array([1.0, NAN, -INF]), np.array([1.0, NAN, -INF])),
            (np.array([1, 2]), np.array([1.0, 2.0], F32)),
            (np.array(2.0), np.array(2.0)),
            (np.float64(2.0), np.array(2.0)),
            (2, np.array(2.0)),
            ([1.0, 2.0], np.array([1.0, 2.0])),
            (np.zeros((0, 3)), np.zeros((0, 3))),
            (np.array([NAN + 1j]), np.array([NAN + 1j])),
            (np.array(["a", "b"]), np.array(["a", "b"])),
            (np.array([True]), np.array([True])),
            ("text", "text"),
            ([1, (2, None)], [1, (2, None)]),
            ({"a": F64}, {"a": F64}),
            (None, None),
        ],
    )
    def test_holds(self, got, expected, broken):
        assert broken(assert_equal, got, expected) is None

    @pytest.mark.parametrize(
        ("got", "expected"),
        [
            (np.array([1.0, 2.0]), np.array([1.0, np.nextafter(2.0, 3)])),
            (np.array([1.0, NAN]), np.array([1.0, 2.0])),
            (np.array([1.0, 2.0]), np.array([1.0, NAN])),
            (np.array([INF]), np.array([-INF])),
            (np.array([2**53 + 1]), np.array([2**53])),
            (np.array([1.0]), np.array(1.0)),
            (np.array([[1.0, 2.0]]), np.array([1.0, 2.0])),
            (np.zeros((0, 3)), np.zeros((3, 0))),
            (np.zeros((0, 3)), np.zeros((1, 3))),
            (np.array([1.0, 1.0]), np.array([1.0])),
            (np.array(["a", "b"]), np.array(["a", "c"])),
            (np.array([None]), np.array([0], object)),
            (np.array(["1"]), np.array([1])),
            (np.array([False]), np.array([True])),
            (np.array([Unspeakable(), 1], object), np.array([1, 1], object)),
            (np.array([np.zeros(2), 1], object), np.array([np.zeros(2), 1], object)),
            ([1, 2], [1, 3]),
            ([np.zeros(2)], [np.zeros(2)]),
            (float("nan"), float("nan")),
            (None, 0),
        ],
    )
    def test_is_broken(self, got, expected, broken):
        assert broken(assert_equal, got, expected) is not None

    def test_says_where_and_what(self, broken):
        got = np.array([[1, 2], [3, 4]])
        assert broken(assert_equal, got, got * [[1, 1], [1, 2]]) == (
            "[[1, 2], [3, 8]]",
            "[[1, 2], [3, 4]]  first difference at [1, 1]: 4 instead of 8",
        )
        assert broken(assert_equal, got, got + 1)[1].endswith("at [0, 0]: 1 instead of 2")
        assert broken(assert_equal, np.array([1]), np.array([2])) == ("[2]", "[1]")
        assert broken(assert_equal, got, got[0]) == ("shape (2,)", "shape (2, 2)")


class TestClose:
    @pytest.mark.parametrize(
        ("got", "expected"),
        [
            (np.array([1 + 1e-10]), np.array([1.0])),
            (np.array([1 + 5e-5], F32), np.array([1.0])),
            (np.array([1 + 5e-5]), np.array([1.0], F32)),
            (np.array([1e-11]), np.array([0.0])),
            (np.array([1e-6], F32), np.array([0.0])),
            (np.array([NAN, INF, -INF]), np.array([NAN, INF, -INF])),
            (np.array([[1.0, 1.0]]), 1.0),
            (np.zeros((0, 2)), np.zeros((0, 2))),
            (np.zeros((0, 2)), 5.0),
            (1.0, 1.0 + 1e-10),
            (Fraction(1, 2) * 1.0, 0.5),
            ([1.0, 2.0], np.array([1.0, 2.0])),
            (np.array([True, False]), np.array([1.0, 0.0])),
            (np.array([1 + 1j]), np.array([1 + 1j])),
            (np.array([1e308]), np.array([1e308])),
        ],
    )
    def test_holds(self, got, expected, broken):
        assert broken(assert_close, got, expected) is None

    @pytest.mark.parametrize(
        ("got", "expected"),
        [
            (np.array([1 + 1e-8]), np.array([1.0])),
            (np.array([1 + 3e-4], F32), np.array([1.0])),
            (np.array([1 + 3e-4]), np.array([1.0], F32)),
            (np.array([1e-9]), np.array([0.0])),
            (np.array([1e-4], F32), np.array([0.0])),
            (np.array([NAN]), np.array([1.0])),
            (np.array([1.0]), np.array([NAN])),
            (np.array([INF]), np.array([-INF])),
            (np.array([INF]), np.array([1e308])),
            (np.array([1e308]), np.array([-1e308])),
            (np.array([3e38], F32), np.array([-3e38], F32)),
            (np.array([6e4], np.float16), np.array([-6e4], np.float16)),
            (np.array([1.0, 1.0]), np.array([1.0])),
            (np.array(1.0), np.array([1.0])),
            (np.zeros((0, 2)), np.zeros((2, 0))),
            (np.array([1.0, 2.0]), 1.0),
        ],
    )
    @pytest.mark.filterwarnings("error")
    def test_is_broken(self, got, expected, broken):
        assert broken(assert_close, got, expected) is not None

    def test_takes_other_tolerances(self, broken):
        for tolerance in ({"rtol": 0.2}, {"atol": 0.2}):
            assert broken(assert_close, np.array([1.1]), np.array([1.0]), **tolerance) is None
        for tolerance in ({"rtol": 0, "atol": 0}, {"rtol": 1e-12, "atol": 0}):
            assert broken(assert_close, np.array([1 + 1e-11]), np.array([1.0]), **tolerance)
        assert broken(
            assert_close, np.array([3.0]), np.array([2.0]), rtol=0.4
        )  # of what is expected

    def test_says_where_and_what(self, broken):
        got = np.array([1.0, NAN, 3.0])
        assert broken(assert_close, got, [1.0, NAN, 4.0]) == (
            "[ 1., nan, 4.]",
            "[ 1., nan, 3.]  first difference at [2]: 3.0 instead of 4.0",
        )
        assert broken(assert_close, got[2], 4.0) == ("4.", "3.")
        assert broken(assert_close, got[::2], 1.0) == (
            "1.",
            "[1., 3.]  first difference at [1]: 3.0 instead of 1.0",
        )
        assert broken(assert_close, got, got[:2]) == ("shape (2,)", "shape (3,)")


class TestShapeAndDtype:
    @pytest.mark.parametrize(
        "got", [np.zeros((2, 3)), [[1, 2, 3], [4, 5, 6]], np.ones((2, 3), bool)]
    )
    def test_a_shape_holds(self, got, broken):
        assert broken(assert_shape, got, (2, 3)) is None
        assert broken(assert_shape, got, [2, 3]) is None
        for other in ((3, 2), (6,), (2, 3, 1), (2,), ()):
            assert broken(assert_shape, got, other) == (f"shape {other}", "shape (2, 3)")

    def test_numbers_have_a_shape(self, broken):
        for number in (1, 2.5, True, np.float32(1), np.array(1)):
            assert broken(assert_shape, number, ()) is None
            assert broken(assert_shape, number, (1,)) == ("shape (1,)", "shape ()")

    def test_a_list_is_no_shape(self, broken):
        thing = Shy()
        thing.shape = [2, 3]
        assert broken(assert_shape, thing, (2, 3)) == ("shape (2, 3)", "shape [2, 3]")

    @pytest.mark.parametrize("dtype", [F32, F64, np.float16, np.int64, np.bool_])
    def test_a_dtype_holds(self, dtype, broken):
        for got in (np.zeros(2, dtype), np.zeros((), dtype), dtype(0), np.zeros((0, 2), dtype)):
            assert broken(assert_dtype, got, dtype) is None
            assert broken(assert_dtype, got, np.uint8) == (
                "dtype uint8",
                f"dtype {np.dtype(dtype)}",
            )

    def test_what_is_no_dtype_is_shown(self, broken):
        assert broken(assert_dtype, Shy(), F32) == ("dtype float32", "dtype 'fuzzy'")


class TestFinite:
    @pytest.mark.parametrize("got", [np.zeros(3), np.zeros((0, 3)), np.array(1), 2.0, [1, 2], True])
    def test_holds(self, got, broken):
        assert broken(assert_finite, got) is None

    @pytest.mark.parametrize("bad", [NAN, INF, -INF])
    def test_is_broken_by_one_element(self, bad, broken):
        assert broken(assert_finite, np.array([[1.0], [bad]]))[1].endswith(f"{bad} at [1, 0]")
        for got in (bad, np.array(bad), [0.0, bad], np.array([bad], F32), np.array([bad * 1j])):
            assert broken(assert_finite, got)[0] == "every value finite"


class TestAlias:
    def test_memory_of_its_own_holds(self, broken):
        x, y = np.zeros(4), np.zeros(4)
        for got in (x.copy(), x[::2] + 1, np.float64(1), 1.5, np.zeros(0)):
            assert broken(assert_no_alias, got, x, y) is None
        assert broken(assert_no_alias, x[::2], x[1::2]) is None

    def test_a_view_of_any_input_is_an_alias(self, broken):
        x, y = np.zeros((2, 2)), np.zeros(4)
        for got in (x, x.T, x[1:], x.reshape(-1), x[..., None]):
            assert broken(assert_no_alias, got, x, y)
            assert broken(assert_no_alias, got, y, x)


class TestOwn:
    def test_a_new_array_each_time_holds(self, broken):
        assert broken(assert_own, lambda: np.array([True, False])) is None
        assert broken(assert_own, lambda: np.arange(1.0, 3.0)) is None

    def test_an_array_handed_out_twice_is_none(self, broken):
        kept = np.array([1.0, 2.0])
        assert broken(assert_own, lambda: kept) == (
            "[1., 2.]",
            "[0., 0.]  first difference at [0]: 0.0 instead of 1.0",
        )
        view = np.broadcast_to(np.array([1.0]), (2,))
        assert broken(assert_own, lambda: view)[1] == "a read-only one"
        assert broken(assert_own, lambda: [1.0])[0] == "an ndarray"


@pytest.mark.parametrize("demanded", [laws.assert_close, laws.assert_equal])
@pytest.mark.parametrize("value", [np.arange(12.0), np.zeros((0, 3)), np.array(2.0)], ids=str)
def test_nothing_is_put_into_words_while_a_law_holds(demanded, value, monkeypatch):
    """Showing an array takes several times as long as comparing it, and most laws hold."""
    monkeypatch.setattr(laws, "show", lambda shown: pytest.fail(f"shown: {shown!r}"))
    demanded(value, value.copy())
