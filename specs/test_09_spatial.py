"""Specs of 09 spatial."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from specs.framework import lazy, resolve
from specs.gradients import check_gradient, remember_rule
from specs.laws import (
    ask,
    assert_close,
    assert_dtype,
    assert_equal,
    assert_no_alias,
    assert_shape,
    call,
    expect,
    raises,
)
from specs.memory import peak_bytes
from specs.modules import check_order_of_draws
from specs.oracles import spatial as oracle
from specs.seeded import check_draws, distinct, normal
from specs.strategies import FLOATS, seeds

output_size, windows, patches, BLOCK_BYTES = lazy(
    "spatial", "output_size", "windows", "patches", "BLOCK_BYTES"
)
conv2d, max_pool2d, avg_pool2d, batch_norm = lazy(
    "spatial", "conv2d", "max_pool2d", "avg_pool2d", "batch_norm"
)
Conv2d, MaxPool2d, AvgPool2d, BatchNorm2d = lazy(
    "spatial", "Conv2d", "MaxPool2d", "AvgPool2d", "BatchNorm2d"
)
Tensor = lazy("tensor", "Tensor")
Parameter, Buffer, Sequential = lazy("layers", "Parameter", "Buffer", "Sequential")

SIZES = st.integers(1, 3) | st.tuples(st.integers(1, 3), st.integers(1, 3))
PADDINGS = st.integers(0, 2) | st.tuples(st.integers(0, 2), st.integers(0, 2))


@st.composite
def settings(draw):
    """(image size, kernel_size, stride, padding) that fit each other."""
    kernel, stride, padding = draw(SIZES), draw(SIZES), draw(PADDINGS)
    (kh, kw), (top, left) = oracle.both(kernel), oracle.both(padding)
    height = draw(st.integers(max(1, kh - 2 * top), 6))
    width = draw(st.integers(max(1, kw - 2 * left), 6))
    return (height, width), kernel, stride, padding


@st.composite
def pool_settings(draw):
    """(image size, kernel_size, stride or None, padding of at most half the kernel)."""
    kernel = draw(SIZES)
    (kh, kw), stride = oracle.both(kernel), draw(st.none() | SIZES)
    padding = (draw(st.integers(0, kh // 2)), draw(st.integers(0, kw // 2)))
    size = (draw(st.integers(kh, 6)), draw(st.integers(kw, 6)))
    return size, kernel, stride, padding


class TestWindows:
    """windows over images"""

    @given(settings())
    def test_output_size_counts_the_places(self, drawn):
        """output_size is ⌊(size + 2 padding - kernel_size) / stride⌋ + 1 for height and width."""
        size, kernel, stride, padding = drawn
        found = list(oracle.places(np.zeros((1, 1, *size)), kernel, stride, padding, 0))
        expected = (max(i for i, *_ in found) + 1, max(j for _, j, _ in found) + 1)
        assert_equal(tuple(output_size(size, kernel, stride, padding)), expected)

    @given(settings(), seeds(), st.sampled_from((0, 2.5, -np.inf)))
    def test_show_what_a_loop_would_see(self, drawn, seed, fill):
        """windows(x)[n, i, j] is the window at place (i, j) of image n, channels last, with fill around."""
        size, kernel, stride, padding = drawn
        x = normal(seed, 2, 3, *size)
        got = ask(windows, x, kernel, stride, padding, fill)
        for i, j, window in oracle.places(x, kernel, stride, padding, fill):
            assert_equal(got[:, i, j], window.transpose(0, 2, 3, 1))

    def test_are_not_copied(self):
        """windows without padding are a read-only view: they take no memory of their own."""
        x = np.zeros((1, 1, 8, 8))
        got = ask(windows, x, 3, 1, 0)
        expect(np.shares_memory(got, x), "a view of the images", "a copy")
        for padding in (0, 1):
            got = ask(windows, x, 3, 1, padding)
            expect(not got.flags.writeable, "a read-only view", "one that can be written to")

    @given(st.sampled_from((1, 5, 12)))
    def test_patches_are_all_windows_in_order(self, n):
        """patches yields every image once, in order, as rows of windows."""
        x = normal(0, n, 2, 60, 60)  # so large that not all images make one block
        seen = windows(x, 2, 1, 0)
        rows = [(images, matrix.copy()) for images, matrix in patches(seen)]
        covered = np.concatenate([np.arange(n)[images] for images, _ in rows])
        assert_equal(covered, np.arange(n))
        assert_equal(
            np.concatenate([m for _, m in rows]), np.ascontiguousarray(seen).reshape(-1, 8)
        )

    def test_patches_come_in_blocks(self):
        """A block has about BLOCK_BYTES, and the next one overwrites it."""
        seen = windows(np.zeros((12, 2, 60, 60)), 2, 1, 0)
        bytes_of_all, block = seen.size * seen.itemsize, resolve(BLOCK_BYTES)
        blocks = [matrix for _, matrix in ask(patches, seen)]
        largest = max(matrix.nbytes for matrix in blocks)
        expect(largest <= 2 * block, f"at most about {block:,} bytes", f"{largest:,} bytes")
        most = 1 + 2 * bytes_of_all // block
        expect(
            len(blocks) <= most, f"at most {most} blocks for {bytes_of_all:,} bytes", len(blocks)
        )
        expect(np.shares_memory(*blocks[:2]), "one array for all blocks", "a new one for each")


class TestConvolution:
    """convolution"""

    @given(settings(), st.sampled_from(FLOATS), st.booleans(), seeds())
    def test_matches_its_definition(self, drawn, dtype, bias, seed):
        """conv2d equals a loop over images, kernels and places, for any stride and padding."""
        size, kernel, stride, padding = drawn
        x = normal(seed, 2, 3, *size).astype(dtype)
        weight = normal(seed + 1, 4, 3, *oracle.both(kernel)).astype(dtype)
        b = normal(seed + 2, 4).astype(dtype) if bias else None
        args = (x, weight, b) if bias else (x, weight)
        got = call(conv2d, *args, stride=stride, padding=padding)
        assert_close(got, oracle.conv2d(x, weight, b, stride, padding))
        assert_dtype(got, dtype)

    @given(seeds())
    def test_is_linear(self, seed):
        """conv2d(a x + y, w) equals a conv2d(x, w) + conv2d(y, w)."""
        x, y, w = (
            normal(seed, 1, 2, 5, 5),
            normal(seed + 1, 1, 2, 5, 5),
            normal(seed + 2, 3, 2, 3, 3),
        )
        assert_close(call(conv2d, 2.5 * x + y, w), 2.5 * call(conv2d, x, w) + call(conv2d, y, w))

    @given(st.integers(-2, 2), st.integers(-2, 2), seeds())
    def test_moves_with_the_image(self, down, right, seed):
        """Moving the image moves the output: conv2d(roll(x)) equals roll(conv2d(x)) inside."""
        x, w = np.zeros((1, 1, 12, 12)), normal(seed, 2, 1, 3, 3)
        x[:, :, 4:8, 4:8] = normal(seed + 1, 4, 4)
        moved = call(conv2d, np.roll(x, (down, right), (2, 3)), w)
        assert_close(moved, np.roll(call(conv2d, x, w), (down, right), (2, 3)))

    @given(seeds())
    def test_of_one_pixel_mixes_channels(self, seed):
        """A kernel of 1×1 is a matrix product over the channels of each pixel."""
        x, w = normal(seed, 2, 3, 4, 4), normal(seed + 1, 5, 3, 1, 1)
        assert_close(call(conv2d, x, w), np.einsum("nchw,oc->nohw", x, w[:, :, 0, 0]))

    def test_of_no_images_is_empty(self):
        """conv2d of no images gives no images of the right shape."""
        assert_shape(call(conv2d, np.zeros((0, 2, 5, 5)), np.zeros((3, 2, 3, 3))), (0, 3, 3, 3))

    def test_images_do_not_see_each_other(self):
        """conv2d of many images equals conv2d of each alone, and kernel gradients are the sum over images."""
        x, w = normal(0, 20, 6, 24, 24), normal(1, 3, 6, 3, 3)
        alone = np.concatenate([call(conv2d, x[n : n + 1], w) for n in range(len(x))])
        assert_close(call(conv2d, x, w), alone)
        total = np.zeros_like(w)
        for images in (x, *np.split(-x, len(x))):
            kernels = Tensor(w, requires_grad=True)
            conv2d(Tensor(images), kernels).sum().backward()
            total += kernels.grad
        assert_close(total, np.zeros_like(w), atol=1e-6)

    def test_needs_little_memory(self):
        """Forward and backward never hold the windows of all images at once."""
        x = Tensor(normal(0, 64, 8, 16, 16).astype(np.float32), requires_grad=True)
        w = Tensor(normal(1, 8, 8, 3, 3).astype(np.float32), requires_grad=True)
        all_windows = 9 * x.data.nbytes
        _, peak = peak_bytes(lambda: conv2d(x, w, padding=1).sum().backward())
        expect(
            peak < all_windows,
            f"a peak below {all_windows:,} bytes, the windows of all images",
            f"{peak:,} bytes",
        )


class TestConvolutionGradients:
    """gradients of convolution"""

    @given(settings(), seeds())
    def test_are_right(self, drawn, seed):
        """The gradients of images, kernels and bias are right for any stride and padding."""
        size, kernel, stride, padding = drawn
        x, w = normal(seed, 2, 2, *size), normal(seed + 1, 3, 2, *oracle.both(kernel))
        check_gradient(
            lambda a, b, c: conv2d(a, b, c, stride=stride, padding=padding),
            x,
            w,
            normal(seed + 2, 3),
            seed=seed,
            of=conv2d,
        )

    def test_are_right_without_options(self):
        """Without stride and padding, the gradients are those of stride 1 and no padding."""
        check_gradient(conv2d, normal(0, 1, 2, 4, 5), normal(1, 3, 2, 3, 2), normal(2, 3))

    @given(seeds())
    def test_are_adjoint(self, seed):
        """⟨g, conv2d(x, w)⟩ equals ⟨x's gradient, x⟩ and equals ⟨w's gradient, w⟩."""
        x = Tensor(normal(seed, 1, 2, 5, 4), requires_grad=True)
        w = Tensor(normal(seed + 1, 3, 2, 3, 2), requires_grad=True)
        out = conv2d(x, w, stride=2, padding=1)
        g = normal(seed + 2, *out.shape)
        out.backward(g)
        product = np.asarray((g * out.data).sum())
        assert_close(np.asarray((x.grad * x.data).sum()), product)
        assert_close(np.asarray((w.grad * w.data).sum()), product)

    @given(st.sampled_from(FLOATS))
    def test_keep_the_dtype(self, dtype):
        """Gradients have the dtype of what they belong to."""
        x = Tensor(normal(0, 1, 1, 4, 4).astype(dtype), requires_grad=True)
        w = Tensor(normal(1, 1, 1, 3, 3).astype(dtype), requires_grad=True)
        conv2d(x, w).sum().backward()
        assert_dtype(x.grad, dtype)
        assert_dtype(w.grad, dtype)


class TestPooling:
    """pooling"""

    @given(pool_settings(), st.sampled_from(FLOATS), seeds())
    def test_max_matches_its_definition(self, drawn, dtype, seed):
        """max_pool2d is the largest value of each window; padding never wins."""
        size, kernel, stride, padding = drawn
        x = (normal(seed, 2, 3, *size) - 3).astype(dtype)
        got = call(max_pool2d, x, kernel_size=kernel, stride=stride, padding=padding)
        assert_equal(got, oracle.max_pool2d(x, kernel, stride, padding).astype(dtype))
        assert_dtype(got, dtype)

    @given(pool_settings(), st.sampled_from((*FLOATS, np.float16)), seeds())
    def test_avg_matches_its_definition(self, drawn, dtype, seed):
        """avg_pool2d is the mean of each window; padding counts as zeros."""
        size, kernel, stride, padding = drawn
        x = normal(seed, 2, 3, *size).astype(dtype)
        got = call(avg_pool2d, x, kernel_size=kernel, stride=stride, padding=padding)
        room = 0.01 if dtype == np.float16 else None
        assert_close(got, oracle.avg_pool2d(x, kernel, stride, padding), room, room)
        assert_dtype(got, dtype)

    @given(pool_settings(), seeds())
    def test_gradients_are_right(self, drawn, seed):
        """The gradients of both poolings are right, overlapping windows and padding included."""
        size, kernel, stride, padding = drawn
        keywords = {"kernel_size": kernel, "stride": stride, "padding": padding}
        x = distinct(seed, 2, 2, *size)
        check_gradient(lambda a: max_pool2d(a, **keywords), x, seed=seed, of=max_pool2d)
        check_gradient(lambda a: avg_pool2d(a, **keywords), x, seed=seed, of=avg_pool2d)

    def test_a_window_moves_by_its_own_size(self):
        """Without stride and padding, windows are side by side, and the gradients match."""
        x = distinct(0, 1, 2, 4, 6)
        for pool in (max_pool2d, avg_pool2d):
            expected = call(pool, x, kernel_size=2, stride=2, padding=0)
            assert_equal(call(pool, x, kernel_size=2), expected)
            check_gradient(lambda a, pool=pool: pool(a, kernel_size=2), x, of=pool)

    def test_a_tie_goes_to_the_first(self):
        """If a window has several largest elements, the first, row by row, gets the whole gradient."""
        x = Tensor(np.array([[[[0.0, 1.0, 0.0, 0.0], [1.0, 0.0, 0.0, 0.0]]]]), requires_grad=True)
        remember_rule(resolve(max_pool2d), [x.data], 0)
        max_pool2d(x, kernel_size=2).backward(np.array([[[[3.0, 5.0]]]]))
        assert_equal(x.grad, np.array([[[[0.0, 3.0, 5.0, 0.0], [0.0, 0.0, 0.0, 0.0]]]]))

    def test_what_is_no_number_is_the_largest(self):
        """A window with NaN gives NaN, and its gradient goes to the NaN, so that the fault stays visible."""
        x = Tensor(np.array([[[[1.0, np.nan], [2.0, np.nan]]]]), requires_grad=True)
        got = max_pool2d(x, kernel_size=2)
        assert_equal(got.data, np.array([[[[np.nan]]]]))
        got.backward(np.array([[[[3.0]]]]))
        remember_rule(resolve(max_pool2d), [x.data], 0)
        assert_equal(x.grad, np.array([[[[0.0, 3.0], [0.0, 0.0]]]]))

    def test_an_infinite_gradient_stays_in_its_place(self):
        """Where the gradient is infinite, elements that are not the largest still get 0, not NaN."""
        x = Tensor(np.array([[[[0.0, -1.0]]]]), requires_grad=True)
        remember_rule(resolve(max_pool2d), [x.data], 0)
        max_pool2d(x, kernel_size=(1, 2)).backward(np.array([[[[np.inf]]]]))
        assert_equal(x.grad, np.array([[[[np.inf, 0.0]]]]))

    def test_padding_gets_no_gradient(self):
        """An infinite value next to padding is the largest of its window, and gets the gradient."""
        x = Tensor(np.array([[[[np.inf, 0.0], [0.0, 0.0]]]]), requires_grad=True)
        remember_rule(resolve(max_pool2d), [x.data], 0)
        max_pool2d(x, kernel_size=2, padding=1).backward(np.array([[[[3.0, 0.0], [0.0, 0.0]]]]))
        assert_equal(x.grad, np.array([[[[3.0, 0.0], [0.0, 0.0]]]]))

    @given(seeds())
    def test_of_one_pixel_changes_nothing_and_aliases_nothing(self, seed):
        """Pooling with a window of one pixel returns the image, in its own memory."""
        x = Tensor(normal(seed, 1, 2, 3, 3))
        for pool in (max_pool2d, avg_pool2d):
            got = pool(x, kernel_size=1)
            assert_equal(got.data, x.data)
            assert_no_alias(got.data, x.data)


class TestBatchNorm:
    """batch normalization"""

    @given(seeds(), st.sampled_from((1e-5, 0.5)), st.booleans())
    def test_matches_its_definition(self, seed, eps, of_batch):
        """(x - mean) / √(var + eps) · weight + bias, channel by channel, in the dtype of x."""
        x, mean = normal(seed, 3, 2, 3, 3), normal(seed + 1, 2)
        var = normal(seed + 2, 2) ** 2 + 0.5
        weight, bias = np.array([2.0, -0.5]), np.array([1.0, 3.0])
        expected = oracle.batch_norm(x, weight, bias, mean, var, eps)
        single = [a.astype(np.float32) for a in (x, weight, bias)]
        got = call(batch_norm, *single, mean=mean, var=var, eps=eps, of_batch=of_batch)
        assert_close(got, expected, atol=1e-5)
        assert_dtype(got, np.float32)

    @given(st.booleans(), seeds())
    def test_rules_are_right(self, of_batch, seed):
        """The gradients of images, weight and bias are right, whether mean and var are the batch's or not."""
        x, weight, bias = normal(seed, 3, 2, 2, 3), normal(seed + 1, 2), normal(seed + 2, 2)
        fixed = normal(seed + 3, 2), np.abs(normal(seed + 4, 2)) + 0.5

        def forward(a, b, c):
            mean, var = fixed
            if of_batch:
                mean, var = a.data.mean(axis=(0, 2, 3)), a.data.var(axis=(0, 2, 3))
            return batch_norm(a, b, c, mean=mean, var=var, eps=1e-5, of_batch=of_batch)

        check_gradient(forward, x, weight, bias, seed=seed, of=batch_norm)

    @given(st.integers(2, 4), st.integers(1, 3), seeds())
    def test_normalizes_each_channel_while_training(self, n, c, seed):
        """In training each channel of the output has mean 0 and variance 1, however far from 0 it was."""
        x = normal(seed, n, c, 4, 4) * 5 + (np.arange(c)[:, None, None] * 10 + 1e8)
        got = call(BatchNorm2d(c), x)
        assert_close(got.mean(axis=(0, 2, 3)), np.zeros(c), atol=1e-6)
        assert_close(got.var(axis=(0, 2, 3)), np.ones(c), rtol=1e-4)

    @given(seeds(), st.sampled_from((1e-5, 0.5)))
    def test_then_scales_and_shifts(self, seed, eps):
        """The normalized channel is multiplied by its weight and moved by its bias; eps is the layer's."""
        x, layer = normal(seed, 3, 2, 3, 3), BatchNorm2d(2, eps)
        layer.weight.data[:], layer.bias.data[:] = (2.0, -0.5), (1.0, 3.0)
        mean, var = x.mean(axis=(0, 2, 3)), x.var(axis=(0, 2, 3))
        expected = oracle.batch_norm(x, (2.0, -0.5), (1.0, 3.0), mean, var, eps)
        assert_close(call(layer, x), expected, rtol=1e-5)

    @given(st.floats(0.1, 0.9), st.integers(1, 4), seeds())
    def test_follows_the_batches(self, momentum, batches, seed):
        """running = (1 - momentum) · running + momentum · batch, with the unbiased variance."""
        layer, mean, var = BatchNorm2d(2, momentum=momentum), np.zeros(2), np.ones(2)
        for number in range(batches):
            x = normal(seed + number, 3, 2, 2, 2) * 2 + 1
            call(layer, x)
            mean = (1 - momentum) * mean + momentum * x.mean(axis=(0, 2, 3))
            var = (1 - momentum) * var + momentum * x.var(axis=(0, 2, 3), ddof=1)
        assert_close(layer.running_mean.data, mean.astype(np.float32))
        assert_close(layer.running_var.data, var.astype(np.float32))

    def test_follows_by_a_tenth_unless_told(self):
        """The default momentum is 0.1."""
        layer, x = BatchNorm2d(1), np.arange(6.0).reshape(6, 1, 1, 1)
        call(layer, x)
        assert_close(layer.running_mean.data, np.array([0.25], np.float32))
        assert_close(layer.running_var.data, np.array([0.9 + 0.1 * x.var(ddof=1)], np.float32))

    def test_counts_the_batches(self):
        """num_batches_tracked, a Buffer of shape () and int64, counts the batches of training."""
        layer, x = BatchNorm2d(1), np.arange(2.0).reshape(2, 1, 1, 1)
        assert_shape(layer.num_batches_tracked.data, ())
        assert_dtype(layer.num_batches_tracked.data, np.int64)
        counts = []
        for training in (True, True, False, True):
            call(layer.train(training), x)
            counts.append(layer.num_batches_tracked.item())
        assert_equal(counts, [1, 2, 2, 3])

    @given(seeds())
    def test_uses_what_it_followed_afterwards(self, seed):
        """After eval() the running statistics normalize, and a batch changes nothing."""
        layer = BatchNorm2d(2)
        call(layer, normal(seed, 4, 2, 3, 3) + 2)
        layer.eval()
        before = layer.state_dict()
        x = normal(seed + 1, 1, 2, 3, 3)
        mean, var = before["running_mean"], before["running_var"]
        expected = oracle.batch_norm(x, (1, 1), (0, 0), mean, var, 1e-5)
        assert_close(call(layer, x), expected.astype(np.float32))  # the statistics are no finer
        assert_equal(layer.running_mean.data, before["running_mean"])
        assert_equal(layer.running_var.data, before["running_var"])

    @given(st.booleans(), seeds())
    def test_gradients_are_right(self, training, seed):
        """The gradient of the images is right through the layer, in training and in evaluation."""
        layer, x = BatchNorm2d(2), normal(seed, 3, 2, 2, 3)
        layer.weight.data[:] = normal(seed + 1, 2)
        layer.running_var.data[:] = np.abs(normal(seed + 4, 2)) + 0.5
        check_gradient(layer.train(training), x, seed=seed, of=BatchNorm2d.forward)

    def test_a_channel_that_never_changes_stays_finite(self):
        """A constant channel becomes its bias: eps prevents 0 / 0."""
        assert_close(call(BatchNorm2d(1), np.full((2, 1, 2, 2), 3.0)), np.zeros((2, 1, 2, 2)))


class TestModules:
    """layers for images"""

    @given(settings(), seeds(), st.booleans())
    def test_conv_does_what_conv2d_does(self, drawn, seed, bias):
        """Conv2d(x) equals conv2d(x) with its weight, bias, stride and padding."""
        size, kernel, stride, padding = drawn
        make = np.random.default_rng(seed)
        layer = Conv2d(2, 3, kernel, stride=stride, padding=padding, bias=bias, generator=make)
        x = normal(seed, 2, 2, *size)
        b = layer.bias.data if bias else None
        assert_close(
            call(layer, x), oracle.conv2d(x, layer.weight.data, b, stride, padding), 1e-4, 1e-5
        )

    @given(seeds())
    def test_conv_begins_within_its_bounds(self, seed):
        """First weights, then biases, fill ±1/√(in_channels · KH · KW), from the generator; stride is 1."""
        layer, same = (
            Conv2d(6, 40, (3, 2), generator=np.random.default_rng(seed)) for _ in range(2)
        )
        for name in ("weight", "bias"):
            check_draws(lambda name=name, **given: getattr(Conv2d(2, 3, 2, **given), name).data)
        check_order_of_draws(lambda **options: Conv2d(2, 3, 2, **options))
        bound = np.float32(1 / 6)  # a float32 near it is rounded to this
        assert_shape(layer.weight.data, (40, 6, 3, 2))
        assert_shape(layer.bias.data, (40,))
        assert_shape(call(layer, np.zeros((1, 6, 5, 4), np.float32)), (1, 40, 3, 3))
        assert_equal(layer.weight.data, same.weight.data)
        for parameter in (layer.weight, layer.bias):
            expect(isinstance(parameter, Parameter), "a Parameter", type(parameter).__name__)
            assert_dtype(parameter.data, np.float32)
            expect(np.abs(parameter.data).max() <= bound, f"values within ±{bound:.3f}", parameter)
        expect(
            np.abs(layer.weight.data).max() > 0.95 * bound, f"a range of ±{bound:.3f}", layer.weight
        )
        expect(layer.bias.data.std() > 0.3 * bound, "biases that are drawn", layer.bias)

    @given(pool_settings(), seeds())
    def test_pools_do_what_their_functions_do(self, drawn, seed):
        """MaxPool2d(…)(x) equals max_pool2d(x, …), and AvgPool2d likewise."""
        size, kernel, stride, padding = drawn
        x, keywords = normal(seed, 1, 2, *size), {"stride": stride, "padding": padding}
        for make, function in ((MaxPool2d, max_pool2d), (AvgPool2d, avg_pool2d)):
            expected = call(function, x, kernel_size=kernel, **keywords)
            assert_equal(call(make(kernel, **keywords), x), expected)

    def test_save_what_pytorch_saves(self):
        """The state dict has weights, biases and running statistics under PyTorch's names."""
        model = Sequential(Conv2d(1, 2, 3), BatchNorm2d(2))
        names = set(model.state_dict())
        followed = {"1.running_mean", "1.running_var", "1.num_batches_tracked"}
        expected = {"0.weight", "0.bias", "1.weight", "1.bias"} | followed
        expect(names == expected, str(sorted(expected)), str(sorted(names)))
        trained = [name for name, _ in model.named_parameters()]
        expect("1.running_mean" not in trained, "statistics that are not trained", str(trained))


class TestErrors:
    """errors that name what does not fit"""

    @given(st.integers(1, 3))
    def test_a_kernel_larger_than_the_padded_image(self, size):
        """A window larger than the padded image is a ValueError that names its size."""
        big = size + 3
        with raises(ValueError, naming=f"({big}, {big})"):
            conv2d(
                Tensor(np.zeros((1, 1, size, size))), Tensor(np.zeros((1, 1, big, big))), padding=1
            )
        for kernel in ((size + 1, size + 1), (1, size + 1), (size + 1, 1)):
            with raises(ValueError, naming=str(kernel)):
                max_pool2d(Tensor(np.zeros((1, 1, size, size))), kernel_size=kernel)

    @given(st.integers(1, 4))
    def test_channels_that_do_not_fit(self, c):
        """Kernels for another number of channels are a ValueError that names both shapes."""
        with raises(ValueError, naming=f"(2, {c + 1}, 3, 3) (1, {c}, 5, 5)"):
            conv2d(Tensor(np.zeros((1, c, 5, 5))), Tensor(np.zeros((2, c + 1, 3, 3))))
        with raises(ValueError, naming=f"{c + 1} {c}"):
            BatchNorm2d(c + 1)(Tensor(np.zeros((1, c, 5, 5))))
        x, weight = Tensor(np.zeros((1, c, 5, 5))), Tensor(np.zeros((2, c, 3, 3)))
        for count in (1, 3):
            with raises(ValueError, naming=f"(2,) ({count},)"):
                conv2d(x, weight, Tensor(np.zeros(count)))

    @given(st.sampled_from(((5, 5), (1, 5, 5))))
    def test_images_without_batch_or_channels(self, shape):
        """Images that are not (N, C, H, W) are a ValueError that names the shape."""
        for function in (
            lambda x: conv2d(x, Tensor(np.zeros((1, 1, 3, 3)))),
            lambda x: max_pool2d(x, kernel_size=2),
            lambda x: avg_pool2d(x, kernel_size=2),
            BatchNorm2d(1),
        ):
            with raises(ValueError, naming=str(shape)):
                function(Tensor(np.zeros(shape)))

    @pytest.mark.parametrize("dtype", [np.int64, np.uint8, np.bool_])
    def test_images_of_integers(self, dtype):
        """Images of integers or booleans are a TypeError that names the dtype, even without padding."""
        x = Tensor(np.ones((2, 1, 4, 4), dtype))
        for function in (
            lambda x: conv2d(x, Tensor(np.ones((1, 1, 3, 3)))),
            lambda x: max_pool2d(x, kernel_size=2),
            lambda x: avg_pool2d(x, kernel_size=2),
            BatchNorm2d(1),
            BatchNorm2d(1).eval(),
        ):
            with raises(TypeError, naming=np.dtype(dtype).name):
                function(x)

    @given(st.integers(-2, 0))
    def test_sizes_that_make_no_sense(self, n):
        """Stride, kernel or channels below 1 and negative padding are ValueErrors that name the argument."""
        cases = (((8, 8), 2, n, 0, "stride"), ((8, 8), n, 1, 0, "kernel_size"))
        for size, kernel, stride, padding, name in (*cases, ((8, 8), 2, 1, n - 1, "padding")):
            with raises(ValueError, naming=name):
                output_size(size, kernel, stride, padding)
        for make, channels in (
            (lambda: Conv2d(n, 1, 3), "in_channels"),
            (lambda: Conv2d(1, n, 3), "out_channels"),
            (lambda: BatchNorm2d(n), "num_features"),
        ):
            with raises(ValueError, naming=f"{channels} {n}"):
                make()

    def test_sizes_that_are_no_numbers(self):
        """A size that is neither an integer nor a pair of them is a TypeError that names the argument."""
        for wrong in (1.5, "2", (1, 2, 3), True):
            with raises(TypeError, naming="stride"):
                output_size((8, 8), 2, wrong, 0)

    def test_padding_of_more_than_half_a_window(self):
        """Pooling with more padding than half the window is a ValueError: a window could see only padding."""
        for pool in (max_pool2d, avg_pool2d):
            with raises(ValueError, naming="padding 2"):
                pool(Tensor(np.zeros((1, 1, 8, 8))), kernel_size=3, padding=2)

    def test_one_element_a_channel_in_training(self):
        """Training on a single element per channel is a ValueError that names the shape."""
        with raises(ValueError, naming="(1, 2, 1, 1)"):
            BatchNorm2d(2)(Tensor(np.zeros((1, 2, 1, 1))))
