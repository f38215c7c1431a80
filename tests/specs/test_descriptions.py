"""Values and calls in words: exact where they are small, short where not, and never an error."""

from __future__ import annotations

import numpy as np
import pytest

from specs.descriptions import (
    called,
    code,
    describe,
    location,
    name_of,
    show,
    show_apart,
    show_with_type,
)
from specs.framework import lazy


class Plain:
    pass


class Holder:
    def __init__(self, data):
        self.data = data


class Mute:
    def __repr__(self):
        raise RuntimeError("no text")


class Touchy:
    @property
    def data(self):
        raise RuntimeError("hands off")


class Wordless:
    def __repr__(self):
        return 3


class Stub:
    def __repr__(self):
        raise NotImplementedError("01 tensor: Tensor.__repr__")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (np.array([1.0, np.nan, -np.inf]), "[ 1., nan, -inf]"),
        (np.array([[1, 2], [3, 4]]), "[[1, 2], [3, 4]]"),
        (np.array(2.5), "2.5"),
        (np.zeros((0, 3)), "[] shape (0, 3)"),
        (np.arange(20), f"[ {list(range(20))}".replace("[ [", "[ ")),
        (np.arange(21), "[ 0, 1, 2, ..., 18, 19, 20] shape (21,)"),
        (np.zeros((3, 7)), "[0., 0., 0., ..., 0., 0., 0.] shape (3, 7)"),
        (np.array(["a"]), "['a']"),
        (Holder(np.array([1])), "Tensor([1])"),
        (Holder(3), "Holder(...)"),
        (Plain(), "Plain(...)"),
        (Plain, "Plain"),
        ("a" * 300, "'" + "a" * 199),
        ([None, 1.5], "[None, 1.5]"),
        (np.float32(1.5), "np.float32(1.5)"),
        (Mute(), "Mute(...), which cannot be shown: RuntimeError"),
        ([Mute()], "list(...), which cannot be shown: RuntimeError"),
        (np.array([Mute()], object), "ndarray(...), which cannot be shown: RuntimeError"),
        (Touchy(), "Touchy(...), which cannot be shown: RuntimeError"),
        (Wordless(), "Wordless(...), which cannot be shown: TypeError"),
    ],
)
def test_a_value_is_shown(value, text):
    assert " ".join(show(value).split()) == " ".join(text.split())
    assert "\n" not in show(value)


def test_a_small_array_can_be_pasted():
    x = np.random.default_rng(0).standard_normal((2, 3)).astype(np.float32).round(3)
    assert np.array_equal(np.array(eval(show(x)), np.float32), x)


ARRAYS = [
    np.zeros((0, 3), np.float32),
    np.zeros((2, 0)),
    np.float32([0.1, np.nan, -np.inf]),
    np.array([0.1, 1 / 3]),
    np.array(2.5),
    np.array([1, -2]),
    np.array([1, 2], np.int8),
    np.array([[True], [False]]),
    np.float16([0.1]),
    np.random.default_rng(0).standard_normal((4, 10)),
]


@pytest.mark.parametrize("array", ARRAYS, ids=str)
@pytest.mark.parametrize("maker", ["np.array", "Tensor"])
def test_an_array_in_a_call_is_the_same_once_it_is_pasted(array, maker):
    def tensor(data):
        """As the framework has it: numbers of Python are float32."""
        plain = np.asarray(data)
        single = not isinstance(data, np.ndarray) and plain.dtype == np.float64
        return plain.astype(np.float32) if single else plain

    got = eval(code(array, maker), {"np": np, "Tensor": tensor})
    assert got.dtype == array.dtype
    assert np.array_equal(got, array, equal_nan=array.dtype.kind == "f")


@pytest.mark.parametrize("seed", [0, 3])
def test_a_generator_in_a_call_is_its_seed(seed):
    text = code(np.random.default_rng(seed))
    again = eval(text, {"np": np})
    assert again.random() == np.random.default_rng(seed).random()


def test_a_generator_that_was_used_is_not_told_as_new():
    generator = np.random.default_rng(3)
    generator.random()
    assert code(generator) == "np.random.default_rng(3)...used"


class Wide:
    def __repr__(self):
        return "Wide(p=0.3)"

    def forward(self, x):
        return x

    def spread(self):
        return self


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (np.float32, "np.float32"),
        (np.dtype(np.int8), "np.int8"),
        ([np.float32([1]), 2], "[np.array([1.], np.float32), 2]"),
        ({"lr": 0.1, "x": np.ones(1)}, "{'lr': 0.1, 'x': np.array([1.])}"),
        ((np.ones(1),), "(np.array([1.]),)"),
        (float("nan"), "np.nan"),
        (slice(None, 2), "slice(None, 2, None)"),
        (..., "Ellipsis"),
        ("text", "'text'"),
    ],
)
def test_other_values_are_written_as_in_python(value, text):
    assert code(value) == text
    eval(text, {"np": np})


def test_an_object_that_is_called_has_its_own_arguments():
    assert str(describe(Wide(), [np.float32([1])], {})) == "Wide(p=0.3)(Tensor([1.]))"
    assert called(Wide().spread) == "Wide(p=0.3).spread"


def test_nobody_is_shown_an_address_or_a_place_in_the_specs():
    def inner():
        pass

    for value in (iter([]), inner, lambda: 0, {"a": iter([1])}, [inner], object(), Plain()):
        for text in (show(value), code(value), name_of(value)):
            assert not any(word in text for word in ("0x", "<locals>", "<lambda>")), text


@pytest.mark.parametrize(
    ("left", "right", "texts"),
    [
        (0.1, 0.2, ("0.1", "0.2")),
        (np.array(-0.001), np.array(-0.0010000001), ("-0.001", "-0.0010000001")),
        (np.float32([0.5]), np.array([0.5]), ("[0.5] float32", "[0.5] float64")),
        (
            np.array([1 / 3]),
            np.array([1 / 3 + 1e-12]),
            ("[0.3333333333333333]", "[0.3333333333343333]"),
        ),
        (True, np.True_, ("True", "np.True_")),
    ],
)
def test_two_values_that_differ_look_different(left, right, texts):
    assert show_apart(left, right) == texts


def test_a_type_that_is_wrong_is_told():
    assert show_with_type(None) == "NoneType: None"
    assert show_with_type(np.array([1])) == "ndarray: [1]"


def test_a_stub_that_shows_tells_of_itself():
    with pytest.raises(NotImplementedError):
        show(Stub())


def test_a_call_is_written_as_a_person_would():
    args = [np.array([1.0]), 3, "x", None]
    assert (
        str(describe(max, args, {"dim": -1})) == "max(Tensor(np.array([1.])), 3, 'x', None, dim=-1)"
    )
    assert str(describe(Plain, [np.ones(1)], {"w": np.ones(1)}, "np.array")) == (
        "Plain(np.array([1.]), w=np.array([1.]))"
    )
    assert str(describe(lazy("tensor", "exp"), [], {})) == "exp()"


def test_a_call_is_told_as_it_was_when_it_was_made():
    array, names = np.array([1.0]), ["x"]
    text = describe(max, [array, [array], names], {"w": array}, "np.array")
    array[0] = 9.0
    names[0] = "y"
    expected = "max(np.array([1.]), [np.array([1.])], ['x'], w=np.array([1.]))"
    assert str(text) == expected


def test_an_array_is_written_as_it_lies_in_memory():
    rows = np.arange(4).reshape(2, 2)
    assert str(describe(max, [rows.T], {})) == "max(Tensor(np.asfortranarray([[0, 2], [1, 3]])))"
    assert str(describe(max, [rows.copy("F")[:, :1]], {})) == "max(Tensor([[0], [2]]))"


@pytest.mark.parametrize(
    ("function", "name"),
    [
        (len, "len"),
        (Plain, "Plain"),
        (Plain(), "Plain"),
        (Holder.__init__, "Holder.__init__"),
        ([].append, "list.append"),
        (lazy("activations", "relu"), "relu"),
        (None, "NoneType"),
    ],
)
def test_a_function_has_a_name(function, name):
    assert name_of(function) == name


class Layer:
    def forward(self, x):
        return x


class Function:
    def __call__(self, x):
        return x


class Confused:
    forward = 3


class MoreConfused:
    __code__ = 3
    forward = None


MoreConfused.forward = MoreConfused()


def written(function):
    code = function.__code__
    return code.co_filename, code.co_firstlineno, code.co_qualname


def looped():
    pass


looped.__wrapped__ = looped


@pytest.mark.parametrize(
    ("function", "where"),
    [
        (written, written(written)),
        (Layer, written(Layer.forward)),
        (Layer(), written(Layer.forward)),
        (Layer().forward, written(Layer.forward)),
        (Function(), written(Function.__call__)),
        (Plain, None),
        (Plain(), None),
        (Confused(), None),
        (MoreConfused(), None),
        (looped, None),
        (len, None),
        (None, None),
    ],
)
def test_a_function_is_written_somewhere(function, where):
    assert location(function) == where
