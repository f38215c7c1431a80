"""Specs of 15 quantization."""

from functools import partial

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from specs import seeded
from specs.framework import lazy, resolve
from specs.laws import (
    ask,
    assert_close,
    assert_dtype,
    assert_equal,
    assert_no_alias,
    assert_shape,
    expect,
    raises,
    unwrap,
)
from specs.models import assert_not_recorded, left_alone, peculiar, watch
from specs.oracles import spatial
from specs.strategies import FLOATS, arrays, numbers, seeds, shapes

scale_and_zero_point, encode, quantize, dequantize, Quantized = lazy(
    "quantization", "scale_and_zero_point", "encode", "quantize", "dequantize", "Quantized"
)
int8_matmul, quantized_rows = lazy("quantization", "int8_matmul", "quantized_rows")
QuantizedLinear, QuantizedConv2d = lazy("quantization", "QuantizedLinear", "QuantizedConv2d")
calibrate, quantize_model, model_bytes = lazy(
    "quantization", "calibrate", "quantize_model", "model_bytes"
)
to_half, GradScaler = lazy("quantization", "to_half", "GradScaler")
Tensor = lazy("tensor", "Tensor")
relu = lazy("activations", "relu")
Linear, Sequential, Dropout, Flatten, Module = lazy(
    "layers", "Linear", "Sequential", "Dropout", "Flatten", "Module"
)
BatchNorm2d, Conv2d = lazy("spatial", "BatchNorm2d", "Conv2d")
cross_entropy = lazy("losses", "cross_entropy")
Adam, SGD = lazy("optimizers", "Adam", "SGD")
held_arrays = lazy("profiling", "held_arrays")
TinyDigits = lazy("datasets", "TinyDigits")

normal = partial(seeded.normal, dtype=np.float32)

weights = arrays(shapes(1, 3, 1, max_side=5), np.float32, scale=1e3)


PAIRS = st.tuples(st.integers(1, 2), st.integers(1, 2))


def step_room(quantized):
    """Half a step, and what rounding at float32 adds to it."""
    return quantized.scale * 0.5001


def network():
    """An untrained network of 64, 48 and 10 units."""
    generator = np.random.default_rng(0)
    return Sequential(
        Flatten(), Linear(64, 48, generator=generator), relu, Linear(48, 10, generator=generator)
    )


def training_batches(optimizer, steps=200):
    """Images and labels of TinyDigits for each step, while the learning rate falls to nothing."""
    generator, train = np.random.default_rng(0), TinyDigits(train=True)
    for step in range(steps):
        optimizer.lr = 1e-2 * (1 - step / steps)
        rows = generator.integers(0, len(train), 64)
        yield train.images[rows], train.labels[rows]


def classifier():
    """A network trained on TinyDigits for a moment."""
    model = network()
    optimizer = Adam(model.parameters())
    for images, labels in training_batches(optimizer):
        model.zero_grad()
        cross_entropy(model(Tensor(images)), labels).backward()
        optimizer.step()
    return model


def right(model, dtype=np.float32):
    """The share of test digits that a model reads."""
    test = TinyDigits(train=False)
    return float(
        (model(Tensor(test.images.astype(dtype))).data.argmax(axis=1) == test.labels).mean()
    )


class TestRange:
    """spread codes over a range"""

    @given(numbers(1e4, np.float32), numbers(1e4, np.float32))
    @example(0.0, 1e-44)
    @example(2.0, 3.0)
    def test_affine_codes_reach_both_ends(self, first, second):
        """The lowest value and the highest are within half a step of what codes can represent."""
        low, high = sorted((first, second))
        scale, zero_point = ask(scale_and_zero_point, low, high)
        assert_dtype(scale, np.float32)
        assert_dtype(zero_point, np.int32)
        expect(-128 <= zero_point <= 127, "a zero_point that is a code", zero_point)
        reached = [float(scale) * (code - int(zero_point)) for code in (-128, 127)]
        room = 0.501 * float(scale)
        inside = reached[0] - room <= min(low, 0) and max(high, 0) <= reached[1] + room
        expect(inside, f"codes that reach from {low} to {high}", reached)
        wanted = max((max(high, 0) - min(low, 0)) / 255, np.finfo(np.float32).tiny)
        tight = float(scale) <= wanted * 1.0001 or low == high == 0
        expect(tight, "no wider than the range needs", scale)

    @given(numbers(1e4, np.float32), numbers(1e4, np.float32))
    @example(0.0, 1e-44)
    def test_symmetric_codes_have_0_in_the_middle(self, first, second):
        """symmetric=True has zero_point 0 and scale max(|low|, |high|) / 127."""
        low, high = sorted((first, second))
        scale, zero_point = ask(scale_and_zero_point, low, high, symmetric=True)
        assert_equal(int(zero_point), 0)
        largest = max(abs(low), abs(high))
        wanted = max(largest / 127, np.finfo(np.float32).tiny) if largest else 1
        assert_close(scale, np.float32(wanted), rtol=1e-6, atol=0)

    @pytest.mark.parametrize("symmetric", [False, True])
    def test_a_range_of_nothing_has_a_step(self, symmetric):
        """A range of only 0 has scale 1 and zero_point 0, even among other ranges."""
        scale, zero_point = ask(scale_and_zero_point, 0.0, 0.0, symmetric)
        assert_equal((float(scale), int(zero_point)), (1.0, 0))
        scale, zero_point = ask(
            scale_and_zero_point, np.array([0.0, -1.0]), np.array([0.0, 2.0]), symmetric
        )
        expect((scale > 0).all() and scale[0] == 1, "scales above 0", scale)

    def test_ranges_are_checked(self):
        """NaN, infinity, and a low end above the high one raise ValueError that names them."""
        for low, high, bad in ((0, np.inf, "inf"), (-np.inf, 0, "-inf"), (np.nan, 1, "nan")):
            with raises(ValueError, naming=bad):
                ask(scale_and_zero_point, low, high)
        with raises(ValueError, naming="2 1"):
            ask(scale_and_zero_point, 2.0, 1.0)


class TestRoundTrip:
    """there and back"""

    @given(weights, st.booleans())
    def test_is_off_by_half_a_step_at_most(self, x, symmetric):
        """dequantize(quantize(x)) differs from x by at most scale / 2, element by element."""
        q = ask(quantize, x, symmetric=symmetric)
        assert_dtype(q.codes, np.int8)
        back = ask(dequantize, q)
        assert_dtype(back, np.float32)
        assert_shape(back, x.shape)
        room = step_room(q) + 1e-6 * np.abs(x)
        expect((np.abs(back - x) <= room).all(), f"at most half a step of {q.scale:g}", back - x)

    @given(weights, st.booleans())
    def test_zero_is_exact(self, x, symmetric):
        """0 comes back as exactly 0, whatever the range."""
        x = np.concatenate([x.ravel(), [np.float32(0)]])
        assert_equal(float(ask(dequantize, ask(quantize, x, symmetric=symmetric))[-1]), 0.0)

    @given(weights, st.booleans())
    def test_keeps_the_order(self, x, symmetric):
        """The larger of two values never has the smaller code."""
        codes = ask(quantize, np.sort(x.ravel()), symmetric=symmetric).codes.astype(int)
        expect((np.diff(codes) >= 0).all(), "codes that do not fall", codes)

    @given(st.integers(-9, 9))
    def test_halves_go_to_the_even_neighbor(self, zero_point):
        """Codes are round(x / scale) + zero_point: rounded first, halves to even."""
        x = np.array([-1.5, -0.5, 0.5, 1.5, 2.5, 2.75]) / 4
        got = ask(encode, x, np.float32(0.25), np.int32(zero_point))
        assert_equal(got, np.array([-2, 0, 0, 2, 2, 3], np.int8) + np.int8(zero_point))

    @given(weights)
    def test_a_second_time_changes_nothing(self, x):
        """Dequantized values have the same codes with the same scale and zero_point."""
        q = ask(quantize, x)
        again = ask(encode, ask(dequantize, q), q.scale, q.zero_point)
        assert_equal(again, q.codes)

    @given(st.integers(-3, 2), seeds())
    def test_each_channel_has_its_own_range(self, axis, seed):
        """With an axis, each index along it is quantized as it would be alone."""
        x = normal(seed, 2, 3, 4) * np.array([1, 100, 0.01])[:, None].astype(np.float32)
        q = ask(quantize, x, axis=axis)
        for place in range(x.shape[axis]):
            alone = ask(quantize, np.take(x, place, axis))
            assert_equal(np.take(q.codes, place, axis), alone.codes)
        back = ask(dequantize, q)
        expect((np.abs(back - x) <= step_room(q)).all(), "half a step of each channel", back - x)

    @pytest.mark.parametrize("value", [0.0, 7.5, -3.25, 1e-30, 3e38])
    def test_constants_come_back(self, value):
        """An array of one value comes back to within a millionth, even a tiny or huge value."""
        x = np.full((2, 2), value, np.float32)
        assert_close(ask(dequantize, ask(quantize, x)), x, rtol=1e-6, atol=0)

    def test_takes_a_fourth_of_the_memory(self):
        """A thousand numbers take 1,000 bytes, plus 8 for scale and zero_point."""
        q = ask(quantize, normal(0, 1000))
        assert_equal((q.codes.nbytes, q.nbytes), (1000, 1008))

    def test_is_affine_unless_told(self):
        """By default the codes are spread over the range of the values."""
        x = np.array([0.0, 1.0])
        assert_equal(ask(quantize, x).codes, ask(quantize, x, None, False).codes)

    def test_of_nothing_is_nothing(self):
        """An array without values has no codes."""
        for axis in (None, 0):
            assert_shape(ask(quantize, np.zeros((2, 0)), axis).codes, (2, 0))

    def test_input_is_checked(self):
        """NaN, infinity, and an invalid axis raise ValueError."""
        for bad in (np.nan, np.inf, -np.inf):
            with raises(ValueError):
                ask(quantize, np.array([1.0, bad]))
        with raises(ValueError, naming="2 (2, 3)"):
            ask(quantize, np.zeros((2, 3)), axis=2)


class TestSaturation:
    """beyond the range"""

    @given(st.floats(1, 1e30), st.integers(-100, 100))
    def test_codes_end_at_the_ends(self, beyond, zero_point):
        """Values beyond the range get -128 or 127, and never wrap around; so does infinity."""
        for value in (beyond * 300, np.inf):
            got = ask(encode, np.array([value, -value]), np.float32(1), np.int32(zero_point))
            assert_equal(got, np.array([127, -128], np.int8))

    def test_nan_has_no_code(self):
        """encode raises ValueError for NaN."""
        with raises(ValueError):
            ask(encode, np.array([np.nan]), np.float32(1), np.int32(0))


class TestProducts:
    """products of INT8"""

    @given(st.integers(1, 4), st.integers(1, 300), st.integers(1, 4), seeds())
    def test_are_exact(self, n, k, m, seed):
        """int8_matmul equals the product of Python's integers, as int32."""
        draw = np.random.default_rng(seed)
        x = draw.integers(-128, 128, (n, k)).astype(np.int8)
        y = draw.integers(-128, 128, (k, m)).astype(np.int8)
        expected = x.astype(object) @ y.astype(object)
        got = ask(int8_matmul, x, y)
        assert_dtype(got, np.int32)
        assert_equal(got, expected.astype(np.int32))

    @pytest.mark.parametrize("k", [1023, 1025, 1041, 70_001])
    def test_stay_exact_when_they_are_long(self, k):
        """A sum of many products of 127 is right to the last digit, where INT8 and FP32 would not be."""
        x, y = np.full((1, k), 127, np.int8), np.full((k, 1), 127, np.int8)
        assert_equal(ask(int8_matmul, x, y), np.array([[16129 * k]], np.int32))
        x[...] = y[...] = -128
        x[0, -1] = y[-1, 0] = 1  # 2¹⁴ so often, and a last digit
        assert_equal(ask(int8_matmul, x, y), np.array([[16384 * (k - 1) + 1]], np.int32))

    def test_take_nothing_but_int8(self):
        """Another dtype raises TypeError that names it."""
        good, bad = np.zeros((2, 2), np.int8), np.zeros((2, 2), np.int32)
        with raises(TypeError, naming="int32"):
            ask(int8_matmul, bad, good)
        with raises(TypeError, naming="int32"):
            ask(int8_matmul, good, bad)

    @given(st.integers(1, 4), st.integers(1, 6), st.integers(1, 4), seeds())
    def test_of_values_equal_those_of_what_codes_stand_for(self, n, k, m, seed):
        """quantized_rows is dequantize(codes of rows) @ dequantize(weight)ᵀ, up to rounding."""
        rows, weight = normal(seed, n, k) + 1, ask(quantize, normal(seed + 1, m, k), 0, True)
        scale, zero_point = ask(scale_and_zero_point, float(rows.min()), float(rows.max()))
        got = ask(quantized_rows, rows, scale, zero_point, weight)
        assert_dtype(got, np.float32)
        codes = np.clip(np.round(rows / scale) + zero_point, -128, 127)
        expected = (scale * (codes - zero_point)) @ (weight.scale * weight.codes).T
        assert_close(got, expected.astype(np.float32), rtol=1e-4, atol=1e-4)


class TestLayers:
    """layers that compute with INT8"""

    @given(st.booleans(), st.sampled_from(FLOATS), seeds())
    def test_a_linear_layer_is_nearly_the_same(self, bias, dtype, seed):
        """QuantizedLinear stays within the error of half a step of inputs and weights, in float32."""
        generator = np.random.default_rng(seed)
        layer = Linear(6, 3, bias, generator=generator, dtype=dtype)
        x = normal(seed, 2, 4, 6).astype(dtype)
        made = ask(QuantizedLinear, layer, float(x.min()), float(x.max()))
        assert_shape(unwrap(ask(made, Tensor(x[0, 0]))), (3,))
        got, exact = unwrap(ask(made, Tensor(x))), layer(Tensor(x)).data
        assert_shape(got, exact.shape)
        assert_dtype(got, np.float32)
        weights = np.abs(layer.weight.data)
        step_x, step_w = (x.max() - x.min()) / 255, weights.max(axis=1) / 127
        room = 0.51 * (
            step_x * weights.sum(axis=1) + step_w * (np.abs(x).sum(-1)[..., None] + step_x * 3)
        )
        expect((np.abs(got - exact) <= room + 1e-5).all(), "an error within its bound", got - exact)

    @given(PAIRS, st.tuples(st.integers(0, 1), st.integers(0, 1)), seeds())
    @example((2, 1), (1, 0), 0)
    def test_a_convolution_is_one_of_what_codes_stand_for(self, stride, padding, seed):
        """QuantizedConv2d is the convolution of the images and kernels that the codes represent."""
        generator = np.random.default_rng(seed)
        conv = Conv2d(2, 3, (3, 2), stride=stride, padding=padding, generator=generator)
        x = normal(seed, 2, 2, 5, 6)
        low, high = float(x.min()), float(x.max())
        made = ask(QuantizedConv2d, conv, low, high)
        scale, zero_point = ask(scale_and_zero_point, low, high)
        seen = scale * (np.clip(np.round(x / scale) + zero_point, -128, 127) - zero_point)
        kernels = ask(dequantize, ask(quantize, conv.weight.data, 0, True))
        expected = spatial.conv2d(seen, kernels, conv.bias.data, stride, padding)
        assert_close(
            unwrap(ask(made, Tensor(x))), expected.astype(np.float32), rtol=1e-3, atol=1e-4
        )

    def test_weights_are_kept_as_int8(self):
        """The state has int8 codes, a scale for each output and its own bias, but no float weight."""
        state = ask(QuantizedLinear, Linear(100, 10), -1.0, 1.0).state_dict()
        expected = {"codes": "int8", "weight_scale": "float32", "bias": "float32"}
        expected |= {"scale": "float32", "zero_point": "int32"}
        assert_equal({name: str(value.dtype) for name, value in state.items()}, expected)
        assert_equal(state["weight_scale"].size, 10)
        layer = Linear(4, 2)
        made = ask(QuantizedLinear, layer, -1.0, 1.0)
        assert_no_alias(made.bias.data, layer.bias.data)

    def test_nothing_in_them_is_trained(self):
        """A quantized layer has no parameters, and its results have no gradient."""
        made = ask(QuantizedLinear, Linear(4, 2), -1.0, 1.0)
        assert_equal(list(made.parameters()), [])
        expect(not made(Tensor(normal(0, 2, 4))).requires_grad, "no gradient", "one")

    def test_shapes_are_checked(self):
        """A wrong width or number of channels raises ValueError that names both numbers."""
        with raises(ValueError, naming="4 (2, 3)"):
            ask(ask(QuantizedLinear, Linear(4, 2), -1.0, 1.0), Tensor(normal(0, 2, 3)))
        made = ask(QuantizedConv2d, Conv2d(2, 3, 3), -1.0, 1.0)
        with raises(ValueError, naming="2 (1, 3, 5, 5)"):
            ask(made, Tensor(normal(0, 1, 3, 5, 5)))


class TestModels:
    """a whole model in INT8"""

    def test_calibration_sees_the_inputs_of_each_part(self):
        """calibrate gives each Linear and Conv2d the least and the greatest of all its inputs."""
        model = Sequential(Linear(2, 2), relu, Dropout(0.9), Linear(2, 1))
        sizes = [np.float32(size) for size in (1, 9, 2)]
        for center in (0, 50, -50):  # a range need not include 0
            batches = [Tensor(center + size * normal(n, 5, 2)) for n, size in enumerate(sizes)]
            found = ask(calibrate, model, batches)
            inner = [relu(model[0](batch)).data for batch in batches]
            for name, seen in (("0", [batch.data for batch in batches]), ("3", inner)):
                expected = np.array([np.min(seen), np.max(seen)], np.float64)
                assert_close(np.array(found[name]), expected)
            assert_equal(sorted(found), ["0", "3"])

    def test_calibration_leaves_the_model_as_it_was(self):
        """Nothing is recorded or dropped; afterwards, error or not, each part has its mode and forward."""
        model = peculiar(Sequential(Linear(2, 2), Dropout(0.9), Linear(2, 1)))
        seen = watch(model)
        with left_alone(model):
            ask(calibrate, model, [Tensor(normal(0, 5, 2))])
            with raises(ValueError):
                ask(calibrate, model, [Tensor(normal(0, 5, 3))])
        assert_not_recorded(seen)
        expect(not seen[0].training, "a pass in evaluation mode", "one in training mode")

    def test_accuracy_and_memory(self):
        """On TinyDigits, INT8 loses at most a point, in less than a third of the total memory."""
        model = classifier().eval()
        before = right(model)
        images = TinyDigits(train=True).images[:200]
        made = ask(quantize_model, model, [(Tensor(images), None)])
        after = right(made)
        expect(before > 0.9, "a model that reads digits", before)
        expect(after >= before - 0.01, f"at least {before - 0.01:.3f}", after)
        small, large = ask(model_bytes, made), ask(model_bytes, model)
        expect(small * 3 < large, f"less than {large // 3} bytes", small)
        weights = [v.nbytes for n, v in made.state_dict().items() if n.endswith("codes")]
        assert_equal(
            4 * sum(weights), sum(p.data.nbytes for p in model.parameters() if p.ndim == 2)
        )

    def test_the_model_itself_stays(self):
        """quantize_model does not change the model; it reaches nested parts; copies do not train."""
        model = Sequential(Sequential(Conv2d(1, 2, 3), relu), Dropout(0.5), Flatten(), Linear(8, 2))
        with left_alone(peculiar(model, own_forward=False)):
            made = ask(quantize_model, model, [Tensor(normal(0, 2, 1, 4, 4))])
        expect(isinstance(model[0][0], Conv2d), "a Conv2d as before", type(model[0][0]).__name__)
        expect(
            not made[1].training, "a Dropout of the copy in evaluation mode", "one in training mode"
        )
        kinds = [type(made[0][0]).__name__, type(made[3]).__name__]
        assert_equal(kinds, ["QuantizedConv2d", "QuantizedLinear"])

    def test_a_layer_used_twice_is_one_part(self):
        """A layer used in two places is quantized in both, with the range of all its inputs."""
        shared = Linear(2, 2)
        model = Sequential(shared, Sequential(relu, shared))
        x = Tensor(3 * normal(0, 6, 2))
        made = ask(quantize_model, model, [x])
        expect(made[0] is made[1][1], "one part", "two, or one that is left")
        assert_equal(type(made[0]).__name__, "QuantizedLinear")
        both = [x.data, relu(shared(x)).data]
        low, high = min(v.min() for v in both), max(v.max() for v in both)
        expected = QuantizedLinear(shared, float(low), float(high)).state_dict()
        assert_close(made[0].state_dict()["scale"], expected["scale"])

    def test_a_forward_of_its_own_is_left(self):
        """A subclass of Linear with its own forward is copied as it is: nobody knows what it computes."""
        doubled = type(
            "Doubled", (resolve(Linear),), {"forward": lambda self, x: (x @ self.weight.T) * 2}
        )
        model, x = Sequential(doubled(2, 2, bias=False), Linear(2, 2)), Tensor(normal(0, 5, 2))
        made = ask(quantize_model, model, [x])
        assert_equal(
            [type(part).__name__ for part in made.children()], ["Doubled", "QuantizedLinear"]
        )
        assert_close(made[0](x).data, 2 * (x.data @ model[0].weight.data.T))

    def test_what_no_batch_reached_is_left(self):
        """A part that is not used has no range, and is copied as it is."""

        class Part(Module):
            def __init__(self):
                self.used, self.spare = Linear(2, 2), Linear(2, 2)

            def forward(self, x):
                return self.used(x)

        x = Tensor(normal(0, 5, 2))
        assert_equal(list(ask(calibrate, Part(), [x])), ["used"])
        kinds = [type(part).__name__ for part in ask(quantize_model, Part(), [x]).children()]
        assert_equal(kinds, ["QuantizedLinear", "Linear"])

    def test_a_single_layer_is_a_model(self):
        """quantize_model of a Linear is a QuantizedLinear."""
        made = ask(quantize_model, Linear(3, 2), [Tensor(normal(0, 4, 3))])
        assert_equal(type(made).__name__, "QuantizedLinear")

    def test_batches_are_needed(self):
        """Without a batch, calibrate raises ValueError that names batches."""
        with raises(ValueError, naming="batches"):
            ask(calibrate, Linear(2, 2), [])


class TestHalf:
    """half precision"""

    def test_takes_half_the_memory(self):
        """Parameters of to_half are float16, and with float16 inputs activations take half the bytes."""
        model = Sequential(Linear(20, 30), relu, Linear(30, 5))
        half = ask(to_half, model)
        assert_equal(2 * ask(model_bytes, half), ask(model_bytes, model))
        x = normal(0, 8, 20)
        sizes = [
            sum(a.nbytes for a in held_arrays(m(Tensor(x.astype(m[0].weight.dtype)))))
            for m in (model, half)
        ]
        assert_equal(sizes[0], 2 * sizes[1])
        assert_dtype(model[0].weight.data, np.float32)

    def test_reaches_what_is_no_parameter(self):
        """Fixed Tensors are float16 too, so that results are; Buffers stay, and gradients are not copied."""

        class Shifted(Module):
            def __init__(self):
                self.shift, self.norm = Tensor(np.ones(2, np.float32)), BatchNorm2d(2)

            def forward(self, x):
                return x + self.shift

        model = Sequential(Linear(2, 2), Shifted())
        model[0].weight.grad = np.ones((2, 2), np.float32)
        half = ask(to_half, model)
        assert_dtype(half(Tensor(np.ones((1, 2), np.float16))), np.float16)
        assert_dtype(half[1].norm.running_mean, np.float32)
        assert_dtype(model[1].shift, np.float32)
        assert_equal(half[0].weight.grad, None)

    def test_takes_a_parameter_without_numbers(self):
        """A parameter of size 0 becomes float16, too."""
        model = Sequential(Linear(2, 2))
        model[0].weight.data = np.zeros((0, 2), np.float32)
        assert_equal(ask(to_half, model)[0].weight.data, np.zeros((0, 2), np.float16))

    @pytest.mark.parametrize("large", [70_000, -70_000, 65_510])
    def test_names_what_is_too_large(self, large):
        """A parameter beyond ±65,504 raises ValueError that names it."""
        model = Sequential(Linear(2, 2))
        model[0].weight.data[0, 0] = large
        with raises(ValueError, naming="0.weight"):
            ask(to_half, model)
        model[0].weight.data[0, 0] = 65_504
        assert_equal(ask(to_half, model)[0].weight.data[0, 0], np.float16(65_504))

    def scaler(self, scale=4.0, interval=3):
        """A GradScaler for one weight, with plain gradient descent."""
        model = Linear(1, 1, bias=False)
        model.weight.data[...] = 1
        half = to_half(model)
        return (
            model,
            half,
            ask(GradScaler, model, half, SGD(model.parameters(), lr=0.5), scale, interval),
        )

    def test_unscales_before_the_step(self):
        """A scaled gradient of 4 · 2 moves the master weight by lr · 2, in float32; no older one counts."""
        model, half, scaler = self.scaler()
        model.weight.grad = np.array([[100.0]], np.float32)
        ask(scaler.step)
        assert_equal(float(model.weight.data[0, 0]), 1.0)
        scaler.scaled(half(Tensor(np.array([[2.0]], np.float16))).sum()).backward()
        assert_equal(float(half.weight.grad[0, 0]), 8.0)
        expect(ask(scaler.step) is True, "True", "False")
        assert_equal(float(model.weight.data[0, 0]), 0.0)
        assert_equal(float(half.weight.data[0, 0]), 0.0)
        assert_equal((half.weight.grad, model.weight.grad), (None, None))

    def test_leaves_out_steps_that_overflow(self):
        """An infinite or NaN gradient changes no weight, halves the scale, and counts as skipped."""
        model, half, scaler = self.scaler()
        for bad in (np.inf, np.nan):
            half.weight.grad = np.array([[bad]], np.float16)
            expect(ask(scaler.step) is False, "False", "True")
            assert_equal((half.weight.grad, model.weight.grad), (None, None))
        assert_equal((scaler.scale, scaler.skipped, float(model.weight.data[0, 0])), (1.0, 2, 1.0))
        half.weight.grad = np.array([[np.inf]], np.float16)
        scaler.step()
        assert_equal(scaler.scale, 1.0)

    def test_buffers_come_back(self):
        """A step gives the model the half model's buffers; a skipped step restores the old ones."""
        model = BatchNorm2d(1)
        half = to_half(model)
        scaler = ask(GradScaler, model, half, SGD(model.parameters(), lr=0.1))
        half.running_mean.data[...] = 5
        ask(scaler.step)
        assert_equal(float(model.running_mean.data[0]), 5.0)
        half.weight.grad, half.running_mean.data[...] = np.array([np.inf], np.float16), np.inf
        ask(scaler.step)
        assert_equal([float(m.running_mean.data[0]) for m in (model, half)], [5.0, 5.0])

    def test_grows_after_good_steps_in_a_row(self):
        """The scale doubles after growth_interval good steps in a row; an overflow restarts the count."""
        _, half, scaler = self.scaler(scale=4.0, interval=3)
        seen = []
        for bad in (0, 0, 1, 0, 0, 0, 0, 0, 0):
            half.weight.grad = np.array([[np.inf if bad else 0.0]], np.float16)
            scaler.step()
            seen.append(scaler.scale)
        assert_equal(seen, [4.0, 4.0, 2.0, 2.0, 2.0, 4.0, 4.0, 4.0, 8.0])

    def test_saves_small_gradients(self):
        """A gradient of 1e-8, which FP16 cannot hold, still moves the master weights."""
        model, half, scaler = self.scaler(scale=2.0**14)
        for linear in (model, half):
            linear.weight.data[...] = 0
        small, x = np.float16(1e-4), Tensor(np.array([[1.0]], np.float16))
        scaler.scaled(half(x).sum() * small * small).backward()
        ask(scaler.step)
        expected = -0.5 * float(small) ** 2
        assert_close(model.weight.data[0, 0], np.float32(expected), rtol=1e-2, atol=0)

    def test_trains_as_well(self):
        """Trained in mixed precision, a network reads as many digits as in FP32, within a point."""
        model = network()
        half, optimizer = ask(to_half, model), Adam(model.parameters())
        scaler = ask(GradScaler, model, half, optimizer)
        for images, labels in training_batches(optimizer):
            scaler.scaled(cross_entropy(half(Tensor(images.astype(np.float16))), labels)).backward()
            ask(scaler.step)
        full = right(classifier())
        expect(full > 0.9, "a model that reads digits", full)
        lost = full - right(half, np.float16)
        expect(lost <= 0.01, "at most 1 point lost", f"{lost:.3f}")

    @pytest.mark.parametrize("bad", [0, 0.5, -1])
    def test_numbers_are_checked(self, bad):
        """A scale or growth_interval below 1 raises ValueError that names it."""
        model = Linear(1, 1)
        half = to_half(model)
        for name in ("scale", "growth_interval"):
            with raises(ValueError, naming=name):
                ask(GradScaler, model, half, SGD(model.parameters(), lr=0.1), **{name: bad})
