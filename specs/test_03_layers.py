"""Specs of 03 layers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from specs.framework import lazy
from specs.laws import (
    assert_close,
    assert_dtype,
    assert_equal,
    assert_no_alias,
    assert_shape,
    call,
    expect,
    raises,
)
from specs.oracles import layers as oracle
from specs.seeded import check_draws
from specs.strategies import FLOATS, arrays, seeds, shapes

Module, Parameter, Buffer = lazy("layers", "Module", "Parameter", "Buffer")
Linear, Dropout, Flatten, Sequential = lazy("layers", "Linear", "Dropout", "Flatten", "Sequential")
Tensor = lazy("tensor", "Tensor")

SIDES = st.integers(1, 5)


def generator(seed=0):
    return np.random.default_rng(seed)


def linear(rows, columns, seed=0, **keywords):
    """A Linear with known first values."""
    return Linear(rows, columns, generator=generator(seed), **keywords)


def tower():
    """A module of modules: a Linear, a plain function, and a Sequential with a Linear and more in it."""

    class Tower(Module):
        def __init__(self):
            self.first = linear(2, 3)
            inner = Sequential(Sequential(linear(2, 1, bias=False)))
            self.rest = Sequential(abs, linear(3, 2, bias=False), inner)
            self.scale = Parameter(np.ones(1, np.float32))
            self.count = Buffer(np.zeros(2, np.float32))

        def forward(self, x):
            return self.rest(self.first(x)) * self.scale

    return Tower()


NAMES = ["scale", "first.weight", "first.bias", "rest.1.weight", "rest.2.0.0.weight"]
MODULES = ["", "first", "rest", "rest.1", "rest.2", "rest.2.0", "rest.2.0.0"]


class TestLinear:
    """linear layers"""

    @given(shapes(0, 2, 1), SIDES, SIDES, seeds(), st.booleans())
    def test_matches_its_definition(self, front, rows, columns, seed, bias):
        """Linear(x) equals x Wᵀ + b for any axes in front."""
        layer = linear(rows, columns, seed, bias=bias, dtype=np.float64)
        x = generator(seed).standard_normal((*front, rows))
        b = layer.bias.data if bias else None
        assert_close(call(layer, x), oracle.linear(x, layer.weight.data, b))

    @given(SIDES, SIDES)
    def test_parameters_have_pytorchs_shapes(self, rows, columns):
        """weight has shape (out_features, in_features) and bias (out_features,)."""
        layer = linear(rows, columns)
        assert_shape(layer.weight.data, (columns, rows))
        assert_shape(layer.bias.data, (columns,))
        expect(linear(rows, columns, bias=False).bias is None, "no bias", "a bias")

    @given(SIDES, st.sampled_from(FLOATS))
    def test_parameters_are_trained_in_their_dtype(self, side, dtype):
        """weight and bias are Parameters of the given dtype that require a gradient."""
        layer = linear(side, side, dtype=dtype)
        for parameter in (layer.weight, layer.bias):
            expect(isinstance(parameter, Parameter), "a Parameter", type(parameter).__name__)
            expect(parameter.requires_grad, "a parameter that requires a gradient", "one that not")
            assert_dtype(parameter.data, dtype)

    @given(st.integers(1, 3), SIDES)
    def test_float32_is_the_default(self, rows, columns):
        """Without a dtype, parameters are float32, and so is the output for float32 input."""
        layer = linear(rows, columns)
        assert_dtype(layer.weight.data, np.float32)
        assert_dtype(call(layer, np.ones((2, rows), np.float32)), np.float32)

    @given(st.integers(2, 5))
    def test_refuses_other_lengths(self, rows):
        """An input whose last axis is not in_features is a ValueError that names it and the shape."""
        for shape in ((3, rows - 1), ()):
            with raises(ValueError, naming=f"in_features {rows} {shape}"):
                linear(rows, 1)(Tensor(np.zeros(shape)))

    @pytest.mark.parametrize("dtype", [np.int64, np.uint8, np.bool_])
    def test_refuses_integers(self, dtype):
        """An input of integers or booleans is a TypeError that names its dtype."""
        with raises(TypeError, naming=np.dtype(dtype).name):
            call(linear(2, 1), np.ones((3, 2), dtype))

    @given(st.integers(-3, 0))
    def test_refuses_sizes_below_one(self, size):
        """A size below 1 is a ValueError that names it."""
        with raises(ValueError, naming=f"in_features {size}"):
            linear(size, 1)
        with raises(ValueError, naming=f"out_features {size}"):
            linear(1, size)


class TestFirstValues:
    """first values of the weights"""

    @given(st.sampled_from((4, 100, 400)), seeds())
    def test_fill_their_range_evenly(self, rows, seed):
        """First weights and biases fill ±1/√in_features evenly: mean 0, deviation bound/√3."""
        layer = linear(rows, 2000 // rows * 4, seed)
        bound = np.float32(1 / np.sqrt(rows))  # a float32 near it is rounded to this
        for values in (layer.weight.data, layer.bias.data):
            expect(np.abs(values).max() <= bound, f"values within ±{bound:.4g}", values)
            if values.size < 2000:  # too few to tell: biases of layers with long rows
                continue
            expect(np.abs(values).max() > 0.97 * bound, f"a range of ±{bound:.4g}", values)
            expect(abs(values.mean()) < 0.06 * bound, "a mean near 0", f"{values.mean():.4g}")
            ratio = values.std() / (bound / np.sqrt(3))
            expect(abs(ratio - 1) < 0.06, "a deviation of bound/√3", f"{ratio:.3g} times that")

    @given(seeds())
    def test_come_from_the_generator(self, seed):
        """The same generator seed gives the same values, another seed others; weight comes before bias."""
        first, same, other = linear(3, 4, seed), linear(3, 4, seed), linear(3, 4, seed + 1)
        assert_equal(first.weight.data, same.weight.data)
        assert_equal(first.bias.data, same.bias.data)
        expect((first.weight.data != other.weight.data).any(), "other values", "the same values")
        expect((first.bias.data != 0).all(), "a bias that is drawn", first.bias.data)
        assert_equal(linear(3, 4, seed, bias=False).weight.data, first.weight.data)

    def test_come_from_manual_seed_otherwise(self):
        """Without a generator the default one draws, which manual_seed sets; with one it stays untouched."""
        for name in ("weight", "bias"):
            check_draws(lambda name=name, **given: getattr(Linear(3, 4, **given), name).data)


class TestFindingParameters:
    """finding parameters"""

    def test_are_found_in_all_parts(self):
        """named_parameters names them by the attributes on the way, in order of assignment."""
        expect(
            [n for n, _ in tower().named_parameters()] == NAMES,
            str(NAMES),
            str([n for n, _ in tower().named_parameters()]),
        )

    def test_are_the_parameters_themselves(self):
        """parameters() yields the objects that the layers use, not copies."""
        model = tower()
        found = [id(parameter) for parameter in model.parameters()]
        wanted = [model.scale, model.first.weight, model.first.bias, model.rest[1].weight]
        missing = [p for p in [*wanted, model.rest[2][0][0].weight] if id(p) not in found]
        expect(not missing, "the model's own parameters", f"{len(missing)} of them missing")
        expect(len(found) == 5, "five parameters", f"{len(found)}")

    def test_are_listed_once_when_shared(self):
        """A parameter or a module that is used twice is listed once."""
        shared = linear(2, 2)
        model = Sequential(shared, shared)
        expect(
            len(list(model.parameters())) == 2, "2 parameters", f"{len(list(model.parameters()))}"
        )
        expect(len(list(model.modules())) == 2, "2 modules", f"{len(list(model.modules()))}")
        one, other = linear(2, 2), linear(2, 2)
        other.weight = one.weight
        count = len(list(Sequential(one, other).parameters()))
        expect(count == 3, "3 parameters", str(count))

    def test_buffers_are_saved_but_not_trained(self):
        """A Buffer is among buffers() and in the state dict, and not among parameters()."""
        model = tower()
        buffers = list(model.named_buffers())
        expect([n for n, _ in buffers] == ["count"], "['count']", str([n for n, _ in buffers]))
        expect(next(iter(model.buffers())) is model.count, "the buffer itself", "another tensor")
        expect("count" in model.state_dict(), "count in the state dict", "no count")

    def test_modules_are_found_by_name(self):
        """named_modules yields the module itself as prefix, then all parts; children only direct ones."""
        names = [name for name, _ in tower().named_modules()]
        expect(names == MODULES, str(MODULES), str(names))
        names = [name for name, _ in tower().named_modules("top")]
        below = ["top", *(f"top.{name}" for name in MODULES[1:])]
        expect(names == below, str(below), str(names))
        model = tower()
        children = list(model.children())
        expect(
            len(children) == 2 and children[0] is model.first and children[1] is model.rest,
            "first and rest",
            f"{len(children)} children",
        )

    def test_forget_their_gradients(self):
        """zero_grad sets the grad of every parameter to None."""
        model = tower()
        for parameter in model.parameters():
            parameter.grad = np.ones(parameter.shape)
        model.zero_grad()
        left = [n for n, p in model.named_parameters() if p.grad is not None]
        expect(not left, "no gradients", f"gradients of {left}")


class TestState:
    """saving and loading values"""

    def test_has_pytorchs_names(self):
        """state_dict names parameters and then buffers by the attributes on the way."""
        names = list(tower().state_dict())
        expect(names == [*NAMES, "count"], str([*NAMES, "count"]), str(names))

    @given(seeds())
    def test_is_a_copy(self, seed):
        """Changing a state dict never changes the module, nor vice versa."""
        layer = linear(2, 3, seed)
        state = layer.state_dict()
        assert_equal(state["weight"], layer.weight.data)
        assert_no_alias(state["weight"], layer.weight.data)

    @given(seeds())
    def test_comes_back_into_the_same_memory(self, seed):
        """load_state_dict copies values, of another dtype or in Tensors too, into the existing arrays."""
        source, target = linear(2, 3, seed), linear(2, 3, seed + 1)
        array, parameter = target.weight.data, target.weight
        state = source.state_dict()
        target.load_state_dict(state)
        assert_equal(target.weight.data, source.weight.data)
        assert_equal(target.bias.data, source.bias.data)
        expect(target.weight is parameter, "the same Parameter", "another one")
        expect(target.weight.data is array, "the same array", "another one")
        assert_no_alias(target.weight.data, state["weight"])
        state = {
            "weight": state["weight"].astype(np.float64) + 1,
            "bias": Tensor(state["bias"] + 1),
        }
        target.load_state_dict(state)
        assert_dtype(target.weight.data, np.float32)
        assert_close(target.weight.data, source.weight.data + 1)
        assert_equal(target.bias.data, source.bias.data + 1)

    def test_of_the_wrong_names_is_refused(self):
        """Missing or unexpected names are a KeyError that lists all; strict=False allows them."""
        layer = linear(2, 3)
        before = layer.state_dict()
        wrong = {"weight": before["weight"] + 1, "extra": np.zeros(1)}
        with raises(KeyError, naming="bias extra"):
            layer.load_state_dict(wrong)
        assert_equal(layer.weight.data, before["weight"])
        with raises(KeyError, naming="extra more"):
            layer.load_state_dict({**before, "extra": np.zeros(1), "more": np.zeros(1)})
        with raises(KeyError, naming="weight bias"):
            layer.load_state_dict({})
        layer.load_state_dict(wrong, strict=False)
        assert_equal(layer.weight.data, before["weight"] + 1)
        assert_equal(layer.bias.data, before["bias"])

    def test_of_the_wrong_shape_is_refused(self):
        """An array of another shape is a ValueError that names it and both shapes, strict or not."""
        layer = linear(2, 3)
        before = layer.state_dict()
        wrong = {"weight": before["weight"] + 1, "bias": np.zeros(1, np.float32)}
        for strict in (True, False):
            with raises(ValueError, naming="bias (3,) (1,)"):
                layer.load_state_dict(wrong, strict=strict)
            assert_equal(layer.weight.data, before["weight"])


class TestDropout:
    """dropout"""

    @given(arrays(), st.sampled_from((0.2, 0.5, 0.9)), seeds())
    def test_drops_or_scales(self, x, p, seed):
        """While training each element becomes 0 or x / (1 - p), in the dtype of x."""
        got = call(Dropout(p, generator=generator(seed)), x)
        dropped = np.isclose(got, 0)
        kept = np.isclose(got, x / (1 - p), rtol=1e-5, atol=1e-6)
        expect((dropped | kept).all(), f"each element 0 or x / {1 - p:.2g}", got)
        assert_dtype(got, x.dtype)
        assert_shape(got, x.shape)
        assert_dtype(call(Dropout(p, generator=generator(seed)), x.astype(np.float16)), np.float16)

    @given(st.sampled_from((0.1, 0.5, 0.8)), seeds())
    def test_drops_the_part_it_should(self, p, seed):
        """Of 20,000 elements about p · 20,000 are dropped, and the mean stays."""
        got = call(Dropout(p, generator=generator(seed)), np.ones((100, 200)))
        part = float((got == 0).mean())
        expect(abs(part - p) < 0.02, f"about {p} dropped", f"{part:.4f} dropped")
        expect(abs(got.mean() - 1) < 0.1, "a mean of about 1", f"{got.mean():.4f}")

    @given(arrays(), st.sampled_from((0.0, 0.3, 1.0)))
    def test_does_nothing_in_use(self, x, p):
        """After eval() the output equals the input."""
        assert_equal(call(Dropout(p).eval(), x), x)

    @given(arrays())
    def test_has_ends(self, x):
        """p = 0 changes nothing and p = 1 makes everything zero, without NaN or warning."""
        with np.errstate(all="raise"):
            assert_equal(call(Dropout(0.0), x), x)
            assert_equal(call(Dropout(1.0), x), np.zeros_like(x))

    @given(seeds())
    def test_draws_from_its_generator_anew_each_time(self, seed):
        """The same seed drops the same elements; a second call drops others."""
        x = np.ones((8, 8))
        layer = Dropout(0.5, generator=generator(seed))
        first, second = call(layer, x), call(layer, x)
        assert_equal(call(Dropout(0.5, generator=generator(seed)), x), first)
        expect((first != second).any(), "another mask the second time", "the same mask")
        check_draws(lambda **given: call(Dropout(0.5, **given), x))

    @pytest.mark.parametrize("training", [True, False])
    def test_refuses_integers(self, training):
        """Integers or booleans are a TypeError that names the dtype: half of one is not an integer."""
        for p in (0.5, 0.0, 1.0):
            layer = Dropout(p).train(training)
            for dtype in (np.int64, np.uint8, np.bool_):
                with raises(TypeError, naming=np.dtype(dtype).name):
                    call(layer, np.ones(3, dtype))

    @given(st.sampled_from((-0.1, 1.1, float("nan"))))
    def test_refuses_what_is_no_probability(self, p):
        """p outside [0, 1] is a ValueError that names it."""
        with raises(ValueError, naming=f"p {p}"):
            Dropout(p)


class TestModes:
    """training and evaluation"""

    def test_reach_all_parts(self):
        """train() and eval() reach every part, and return the module."""
        model = Sequential(Dropout(), Sequential(Dropout(), Sequential(Sequential(Dropout()))))
        for mode, switch in ((False, model.eval), (True, model.train)):
            expect(switch() is model, "the module itself", "something else")
            modes = [module.training for module in model.modules()]
            expect(modes == [mode] * 7, f"training {mode} everywhere", str(modes))

    def test_begin_with_training(self):
        """A new module is in training mode; train(False) is eval()."""
        model = Sequential(Dropout())
        expect(model.training is True, "training at first", str(model.training))
        model.train(False)
        modes = [module.training for module in model.modules()]
        expect(modes == [False, False], "no part in training", str(modes))


class TestContainers:
    """putting modules together"""

    @given(st.lists(st.integers(-5, 5), max_size=5), st.integers(-9, 9))
    def test_apply_one_after_the_other(self, steps, x):
        """Sequential(f, g)(x) equals g(f(x)); an empty one returns x."""
        model = Sequential(*[lambda v, s=s: v * 2 + s for s in steps])
        expected = x
        for step in steps:
            expected = expected * 2 + step
        assert_equal(model(x), expected)

    def test_have_length_order_and_places(self):
        """len, iteration, indexing and slicing of a Sequential are those of a list."""
        parts = [linear(1, 1), abs, Flatten()]
        model = Sequential(*parts)
        expect(len(model) == 3, "length 3", str(len(model)))
        same = all(a is b for a, b in zip(model, parts, strict=True))
        expect(same, "the parts in order", "something else")
        expect(model[-1] is parts[-1], "the last part at -1", "something else")
        tail = model[1:]
        expect(isinstance(tail, Sequential) and len(tail) == 2, "a Sequential of 2", str(tail))

    def test_refuse_what_cannot_be_called(self):
        """Something that is not callable is a TypeError that names its position."""
        with raises(TypeError, naming="1"):
            Sequential(abs, 3)

    @given(arrays(min_dims=2, min_side=1))
    def test_flatten_keeps_the_first_axis(self, x):
        """Flatten()(x) has shape (N, rest) with the elements in order."""
        assert_equal(call(Flatten(), x), x.reshape(len(x), -1))

    @given(arrays(min_dims=3, min_side=1))
    def test_flatten_joins_the_axes_it_is_told(self, x):
        """Flatten(0, 1)(x) joins the first two axes."""
        assert_equal(call(Flatten(0, 1), x), x.reshape(-1, *x.shape[2:]))

    def test_a_module_of_ones_own(self):
        """A subclass of Module with parts and a forward is callable."""
        got = call(tower(), np.ones((4, 2), np.float32))
        assert_shape(got, (4, 1))
