"""Specs of 18 acceleration."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from specs.clocks import Clock
from specs.framework import lazy, resolve
from specs.gradients import check_gradient
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
from specs.memory import peak_of
from specs.oracles import acceleration as slow
from specs.oracles import activations as exact
from specs.oracles import spatial
from specs.seeded import normal
from specs.strategies import FLOATS, seeds

matmul_loops, matmul_outer, matmul_tiled, memory_traffic = lazy(
    "acceleration", "matmul_loops", "matmul_outer", "matmul_tiled", "memory_traffic"
)
conv2d_fast, fused_linear_relu, fused_gelu = lazy(
    "acceleration", "conv2d_fast", "fused_linear_relu", "fused_gelu"
)
DynamicBatcher = lazy("acceleration", "DynamicBatcher")
count_flops = lazy("profiling", "count_flops")
conv2d = lazy("spatial", "conv2d")
relu, gelu = lazy("activations", "relu", "gelu")
Tensor = lazy("tensor", "Tensor")

PRODUCTS = {"loops": matmul_loops, "outer": matmul_outer, "tiled": matmul_tiled}
SHAPES = st.tuples(*[st.integers(0, 7)] * 3)
PAIRS = st.one_of(st.integers(1, 2), st.tuples(*[st.integers(1, 2)] * 2))


def whole(seed, *shape):
    """Small integers: sums of their products are exact in any order."""
    return np.random.default_rng(seed).integers(-9, 10, shape)


class TestProducts:
    """from loops to vectors"""

    @pytest.mark.parametrize("name", PRODUCTS)
    @given(SHAPES, st.sampled_from([np.float32, np.float64, np.int64]), seeds())
    def test_are_exact(self, name, shape, dtype, seed):
        """For integers every product equals NumPy's exactly, for any shape, even empty ones."""
        n, k, m = shape
        x, y = whole(seed, n, k).astype(dtype), whole(seed + 1, k, m).astype(dtype)
        got = ask(PRODUCTS[name], x, y)
        assert_dtype(got, dtype)
        assert_equal(got, x @ y)

    @pytest.mark.parametrize("name", PRODUCTS)
    def test_promote_dtypes(self, name):
        """float32 times float64 is float64."""
        x, y = whole(0, 2, 3).astype(np.float32), whole(1, 3, 2).astype(np.float64)
        assert_dtype(ask(PRODUCTS[name], x, y), np.float64)

    @pytest.mark.parametrize("name", PRODUCTS)
    def test_check_shapes(self, name):
        """Shapes that do not fit raise ValueError that names both."""
        for x, y in (((2, 3), (2, 3)), ((3,), (3, 2)), ((2, 3), (3,))):
            with raises(ValueError, naming=f"{x} {y}"):
                ask(PRODUCTS[name], np.zeros(x), np.zeros(y))

    def test_vectors_beat_loops(self, stopwatch):
        """matmul_outer is at least 10 times as fast as three loops."""
        x, y = normal(0, 24, 24), normal(1, 24, 24)
        loops, outer = resolve(matmul_loops), resolve(matmul_outer)
        ask(outer, x, y)
        stopwatch.assert_faster(lambda: outer(x, y), lambda: loops(x, y), 10, "three loops")


class TestTiles:
    """tiles"""

    @given(SHAPES, st.integers(1, 9), seeds())
    def test_any_tile_gives_the_same(self, shape, tile, seed):
        """Tiles that do not divide the shapes, or are larger than them, change nothing."""
        n, k, m = shape
        x, y = whole(seed, n, k).astype(float), whole(seed + 1, k, m).astype(float)
        assert_equal(ask(matmul_tiled, x, y, tile=tile), x @ y)

    def test_uses_tiles_of_the_size_asked_for(self):
        """Besides the result, a product of 256×256 in tiles of 16 holds less than a tenth of a matrix."""
        x, y = normal(0, 256, 256), normal(1, 256, 256)
        result, peak = peak_of(matmul_tiled, x, y, tile=16)
        beyond = peak - result.nbytes
        expect(beyond < x.nbytes // 10, f"less than {x.nbytes // 10:,} bytes", f"{beyond:,} bytes")

    def test_takes_whole_tiles(self):
        """Tiles are sliced whole: 96×96 in tiles of 32 needs 27 pairs of them, and no single numbers."""
        taken = []

        class Watched(np.ndarray):
            """Remembers the shapes of what is taken out of it."""

            def __getitem__(self, index):
                part = super().__getitem__(index)
                taken.append(np.shape(part))
                return part

        x, y = (normal(seed, 96, 96).view(Watched) for seed in (0, 1))
        ask(matmul_tiled, x, y, tile=32)
        tiles = taken.count((32, 32))
        # 9 of either, each taken once or for every pair; strips of 32 rows or columns may come before.
        some = 18 <= tiles <= 54 and len(taken) <= 2 * 54
        told = f"{tiles} tiles, and {len(taken) - tiles} other parts"
        expect(some, "from 18 to 54 tiles of (32, 32) taken out of x and y, and little else", told)

    @pytest.mark.parametrize("tile", [0, -1, 2.0, True])
    def test_sizes_are_checked(self, tile):
        """A tile that is not an integer of at least 1 raises ValueError that names it."""
        with raises(ValueError, naming="tile"):
            ask(matmul_tiled, np.zeros((2, 2)), np.zeros((2, 2)), tile=tile)
        with raises(ValueError, naming="tile"):
            ask(memory_traffic, 2, 2, 2, tile)


class TestTraffic:
    """what moves through memory"""

    @given(*[st.integers(1, 20)] * 3, st.integers(1, 25), st.sampled_from([4, 8]))
    def test_is_what_a_walk_over_the_tiles_counts(self, n, k, m, tile, itemsize):
        """memory_traffic equals the numbers read and written tile by tile, times their bytes."""
        moved = slow.numbers_moved(n, k, m, tile) * itemsize
        assert_equal(ask(memory_traffic, n, k, m, tile, itemsize), moved)
        assert_equal(ask(memory_traffic, n, k, m, tile) * itemsize, 4 * moved)

    @given(*[st.integers(1, 6)] * 3, st.integers(1, 4))
    def test_falls_with_the_tile(self, rows, inner, columns, tile):
        """Where tiles divide the shapes, tiles twice as wide halve what is read."""
        n, k, m = (2 * tile * size for size in (rows, inner, columns))
        read = [ask(memory_traffic, n, k, m, t, 1) - n * m for t in (tile, 2 * tile)]
        assert_equal(read[0], 2 * read[1])


class TestConvolution:
    """convolution in one go"""

    @given(PAIRS, st.tuples(*[st.integers(0, 2)] * 2), st.booleans(), st.booleans(), seeds())
    @example((2, 1), (0, 1), True, True, 0)
    def test_is_conv2d_and_relu(self, stride, padding, bias, relu, seed):
        """conv2d_fast equals a naive convolution, followed by relu if that is set."""
        x, weight = normal(seed, 2, 3, 5, 6), normal(seed + 1, 4, 3, 3, 2)
        shift = normal(seed + 2, 4) if bias else None
        expected = spatial.conv2d(x, weight, shift, stride, padding)
        expected = np.maximum(expected, 0) if relu else expected
        got = ask(conv2d_fast, x, weight, shift, stride=stride, padding=padding, relu=relu)
        assert_close(got, expected)

    def test_beats_loops(self, stopwatch):
        """conv2d_fast is at least 10 times as fast as seven loops."""
        x, weight, bias = normal(0, 2, 3, 8, 8), normal(1, 4, 3, 3, 3), normal(2, 4)
        fast = resolve(conv2d_fast)
        assert_close(ask(fast, x, weight, bias), slow.conv2d_loops(x, weight, bias))
        loops = lambda: slow.conv2d_loops(x, weight, bias)
        stopwatch.assert_faster(lambda: fast(x, weight, bias), loops, 10, "seven loops")

    @pytest.mark.parametrize("n", [1, 2, 37])
    def test_every_block_is_finished(self, n):
        """Batches that fill several blocks, the last one smaller, get bias and relu everywhere."""
        x, weight, bias = normal(0, n, 8, 20, 20), normal(1, 4, 8, 3, 3), normal(2, 4)
        expected = np.maximum(spatial.conv2d(x, weight, bias), 0)
        assert_close(ask(conv2d_fast, x, weight, bias, relu=True), expected)

    @given(PAIRS, st.tuples(*[st.integers(0, 1)] * 2), st.booleans(), seeds())
    def test_gradients_are_right(self, stride, padding, relu, seed):
        """The gradients of images, kernels and bias pass through the relu and the convolution."""
        x, weight = normal(seed, 2, 2, 4, 5), normal(seed + 1, 3, 2, 2, 3)
        bias = np.array([0.3, -0.2, 0.1])
        before = spatial.conv2d(x, weight, bias, stride, padding)
        if relu and np.abs(before).min() < 1e-3:
            return  # too near to the corner of relu for a difference
        keywords = {"stride": stride, "padding": padding} | ({"relu": True} if relu else {})
        check_gradient(
            lambda *arrays: conv2d_fast(*arrays, **keywords),
            *(x, weight, bias),
            seed=seed,
            of=conv2d_fast,
        )

    def test_makes_nothing_as_large_as_its_result(self):
        """Besides the result it holds windows of a few images, and no second array of that size."""
        arrays = (normal(0, 64, 4, 32, 32), normal(1, 32, 4, 3, 3), normal(2, 32))
        x, weight, bias = (array.astype(np.float32) for array in arrays)
        result, peak = peak_of(conv2d_fast, x, weight, bias, relu=True)
        room = int(result.nbytes * 1.5)
        expect(peak < room, f"a peak below {room:,} bytes", f"{peak:,} bytes")

    def test_shapes_are_checked(self):
        """Not a batch of images, wrong channels, or a wrong bias raises ValueError that names the shape."""
        x, weight = np.zeros((1, 2, 4, 4)), np.zeros((3, 2, 2, 2))
        for bad, naming in (((3, 1, 2, 2), "(3, 1, 2, 2)"), ((3, 2), "(3, 2)")):
            with raises(ValueError, naming=naming):
                ask(conv2d_fast, x, np.zeros(bad))
        with raises(ValueError, naming="bias (2,)"):
            ask(conv2d_fast, x, weight, np.zeros(2))
        with raises(ValueError, naming="(2, 2, 4)"):
            ask(conv2d_fast, np.zeros((2, 2, 4)), weight)


class TestFusion:
    """fused functions"""

    @given(st.sampled_from(FLOATS), st.lists(st.integers(0, 4), max_size=2), seeds())
    def test_linear_relu_is_what_it_is_made_of(self, dtype, lead, seed):
        """fused_linear_relu(x, W, b) equals max(x Wᵀ + b, 0), for any leading shape."""
        x, weight = normal(seed, *lead, 3).astype(dtype), normal(seed + 1, 5, 3).astype(dtype)
        bias = normal(seed + 2, 5).astype(dtype)
        got = call(fused_linear_relu, x, weight, bias)
        assert_dtype(got, dtype)
        assert_close(got, slow.linear_relu(x, weight, bias))

    @given(seeds())
    def test_linear_relu_has_gradients(self, seed):
        """The gradients of x, weight and bias are right, for rows in any leading shape."""
        x, weight, bias = normal(seed, 2, 3, 4), normal(seed + 1, 5, 4), normal(seed + 2, 5)
        if np.abs(x @ weight.T + bias).min() > 1e-3:
            check_gradient(fused_linear_relu, x, weight, bias, seed=seed)
        else:
            call(fused_linear_relu, x, weight, bias)

    @given(st.sampled_from(FLOATS), seeds())
    def test_gelu_is_the_formula(self, dtype, seed):
        """fused_gelu equals each form of gelu, even for large values, and for any layout."""
        x = (normal(seed, 3, 4) * 20).astype(dtype)
        for form, formula in (("none", exact.gelu), ("tanh", slow.gelu)):
            expected = formula(x.astype(np.float64)).astype(dtype)
            for given_x, wanted in ((x, expected), (x.T, expected.T), (x[:0], expected[:0])):
                got = call(fused_gelu, given_x, approximate=form)
                assert_dtype(got, dtype)
                assert_close(got, wanted)
        assert_equal(call(fused_gelu, x), call(fused_gelu, x, approximate="none"))
        assert_shape(call(fused_gelu, x[0, 0]), ())

    @pytest.mark.parametrize("extra", [-1, 0, 1])
    def test_gelu_reaches_the_end(self, extra):
        """Sizes around a multiple of the block are computed to the last element."""
        x = normal(0, (1 << 18) + extra)
        assert_close(call(fused_gelu, x, approximate="tanh"), slow.gelu(x))

    @given(seeds())
    def test_gelu_has_a_gradient(self, seed):
        """The gradient of fused_gelu is that of gelu, in both forms."""
        x = normal(seed, 2, 3)
        check_gradient(fused_gelu, x, seed=seed)
        check_gradient(lambda a: fused_gelu(a, approximate="tanh"), x, seed=seed, of=fused_gelu)

    def test_inputs_stay(self):
        """No input is overwritten, and a result has its own memory."""
        x, weight, bias = normal(0, 3, 4), normal(1, 2, 4), normal(2, 2)
        kept = x.copy()
        assert_no_alias(call(fused_gelu, x), x)
        assert_no_alias(call(fused_linear_relu, x, weight, bias), x, bias)
        assert_equal(x, kept)

    def test_one_array_is_enough(self):
        """Both hold their result, and besides it less than half of such an array."""
        x = normal(0, 1024, 512).astype(np.float32)
        weight, bias = normal(1, 512, 512).astype(np.float32), normal(2, 512).astype(np.float32)
        long = normal(3, 2048, 1024).astype(np.float32)
        gpt2 = lambda x: fused_gelu(x, approximate="tanh")
        for work in ((gpt2, x), (fused_gelu, long), (fused_linear_relu, x, weight, bias)):
            _, peak = peak_of(*work)
            room = int(work[1].nbytes * 1.5)
            expect(peak < room, f"a peak below {room:,} bytes", f"{peak:,} bytes")

    def test_they_count_as_what_they_are_made_of(self):
        """count_flops of each fused function is that of its parts: fusion saves traffic, not operations."""
        x, weight, bias = (
            Tensor(normal(seed, *s)) for seed, s in ((0, (5, 4)), (1, (3, 4)), (2, (3,)))
        )
        images, kernels = Tensor(normal(3, 2, 3, 6, 5)), Tensor(normal(4, 4, 3, 3, 2))
        shift = Tensor(normal(5, 4))
        pairs = (
            ((fused_linear_relu, x, weight, bias), lambda: relu(x @ weight.T + bias)),
            ((fused_gelu, x), lambda: gelu(x)),
            ((conv2d_fast, images, kernels), lambda: conv2d(images, kernels)),
            (
                (lambda: conv2d_fast(images, kernels, shift, relu=True),),
                lambda: relu(conv2d(images, kernels, shift)),
            ),
        )
        for fused, parts in pairs:
            assert_equal(ask(count_flops, *fused), count_flops(parts))

    def test_shapes_are_checked(self):
        """Shapes that do not fit raise ValueError that names them."""
        with raises(ValueError, naming="(2, 3) (4, 5)"):
            call(fused_linear_relu, np.zeros((2, 3)), np.zeros((4, 5)), np.zeros(4))
        with raises(ValueError, naming="bias (5,)"):
            call(fused_linear_relu, np.zeros((2, 3)), np.zeros((4, 3)), np.zeros(5))
        with raises(ValueError, naming="approximate"):
            call(fused_gelu, np.zeros(3), approximate="sigmoid")

    def test_gelu_is_faster_than_its_steps(self, stopwatch):
        """On four million numbers the form "tanh" is at least 1.2 times as fast as step by step."""
        x = normal(0, 1 << 22).astype(np.float32)
        fused = resolve(fused_gelu)
        work = lambda: fused(x, approximate="tanh")
        ask(fused, x[:3], approximate="tanh")
        steps = "the formula, one step after the other"
        stopwatch.assert_faster(work, lambda: slow.gelu(x), 1.2, steps)


class TestBatches:
    """batches that do not wait too long"""

    def batcher(self, size=3, wait=10.0):
        clock = Clock()
        return ask(DynamicBatcher, size, wait, clock), clock

    def test_a_full_batch_leaves_at_once(self):
        """As soon as max_batch_size requests wait, take gives them in the order of arrival."""
        batcher, _ = self.batcher()
        for number in range(7):
            ask(batcher.add, number)
        got = [ask(batcher.take) for _ in range(3)]
        assert_equal(got, [[0, 1, 2], [3, 4, 5], []])
        assert_equal(len(batcher), 1)

    def test_has_a_clock_by_default(self):
        """Without a clock, time.monotonic tells the time."""
        batcher = ask(DynamicBatcher, 1, 0.0)
        ask(batcher.add, "a")
        assert_equal(ask(batcher.take), ["a"])

    def test_nobody_waits_longer_than_max_wait(self):
        """A batch that is not full leaves when its first request has waited for max_wait."""
        batcher, clock = self.batcher()
        assert_equal(ask(batcher.take), [])
        for time, request in ((1.0, "a"), (9.0, "b")):
            clock.time = time
            ask(batcher.add, request)
        clock.time = 10.9
        assert_equal(ask(batcher.take), [])
        clock.time = 11.0
        assert_equal(ask(batcher.take), ["a", "b"])

    def test_the_deadline_says_when(self):
        """None if nothing waits; the first arrival plus max_wait; no later than now if the batch is full."""
        batcher, clock = self.batcher()
        deadline = lambda: batcher.deadline
        assert_equal(ask(deadline), None)
        for time in (2.0, 3.0):
            clock.time = time
            ask(batcher.add, time)
            assert_equal(ask(deadline), 12.0)
        for time in (5.0, 6.0):
            clock.time = time
            ask(batcher.add, time)
            expect(ask(deadline) <= time, f"a deadline of {time} at most", batcher.deadline)
        ask(batcher.take)
        assert_equal(batcher.deadline, 16.0)

    def test_a_wait_of_0_batches_what_is_there(self):
        """With max_wait 0, whatever waits leaves at the next take."""
        batcher, _ = self.batcher(wait=0.0)
        ask(batcher.add, "a")
        ask(batcher.add, "b")
        assert_equal(ask(batcher.take), ["a", "b"])

    def test_flush_does_not_wait(self):
        """flush gives a batch of all that wait, at most max_batch_size, and [] if nothing does."""
        batcher, _ = self.batcher(size=2)
        for number in range(3):
            ask(batcher.add, number)
        assert_equal([ask(batcher.flush) for _ in range(3)], [[0, 1], [2], []])

    def test_a_clock_must_not_go_backwards(self):
        """A time before the last one raises ValueError that names the clock; no request is lost."""
        batcher, clock = self.batcher()
        clock.time = 5.0
        ask(batcher.add, "a")
        clock.time = 4.0
        for action in (lambda: batcher.add("b"), batcher.take):
            with raises(ValueError, naming="clock"):
                ask(action)
        assert_equal(ask(batcher.flush), ["a"])

    @pytest.mark.parametrize(
        ("size", "wait", "naming"),
        [
            (0, 1.0, "max_batch_size 0"),
            (1.5, 1.0, "max_batch_size 1.5"),
            (1, -1.0, "max_wait -1"),
            (1, np.nan, "max_wait nan"),
            (1, np.inf, "max_wait inf"),
        ],
    )
    def test_arguments_are_checked(self, size, wait, naming):
        """Sizes below 1 and invalid waits raise ValueError that names them."""
        with raises(ValueError, naming=naming):
            ask(DynamicBatcher, size, wait)

    def test_nobody_is_lost_overtaken_or_late(self):
        """Calling take at each deadline serves every request once, in order, on time, in full batches."""

        class Serving(RuleBasedStateMachine):
            def __init__(self):
                super().__init__()
                self.clock = Clock()
                self.batcher = ask(DynamicBatcher, 3, 5.0, self.clock)
                self.waiting = []  # (arrival, number)
                self.arrived = 0

            @rule()
            def arrive(self):
                ask(self.batcher.add, self.arrived)
                self.waiting.append((self.clock.time, self.arrived))
                self.arrived += 1

            @rule(seconds=st.integers(0, 4))
            def wait(self, seconds):
                self.clock.time += seconds

            @rule()
            def serve(self):
                late = bool(self.waiting) and self.clock.time >= self.waiting[0][0] + 5.0
                count = 3 if late or len(self.waiting) >= 3 else 0
                leaving, self.waiting = self.waiting[:count], self.waiting[count:]
                assert_equal(ask(self.batcher.take), [number for _, number in leaving])

            @invariant()
            def all_are_there(self):
                assert_equal(len(self.batcher), len(self.waiting))

        few = settings(max_examples=max(5, settings().max_examples // 5), stateful_step_count=20)
        run_state_machine_as_test(Serving, settings=few)
