"""Specs of 14 profiling."""

import tracemalloc
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from specs.clocks import Ticks
from specs.framework import lazy, resolve
from specs.laws import ask, assert_close, assert_equal, expect, raises
from specs.models import left_alone, peculiar
from specs.oracles.competition import nearest_rank
from specs.seeded import normal

count_parameters, count_flops, flops_of = lazy(
    "profiling", "count_parameters", "count_flops", "flops_of"
)
footprint, held_arrays, peak_memory = lazy("profiling", "footprint", "held_arrays", "peak_memory")
latency, Latency, Profiler = lazy("profiling", "latency", "Latency", "Profiler")
observer = lazy("primitive", "observer")
Tensor, cat, where = lazy("tensor", "Tensor", "cat", "where")
matmul, exp = lazy("tensor", "matmul", "exp")
relu, softmax = lazy("activations", "relu", "softmax")
Module, Linear, Sequential, Dropout, Flatten = lazy(
    "layers", "Module", "Linear", "Sequential", "Dropout", "Flatten"
)
SGD, Adam = lazy("optimizers", "SGD", "Adam")

sizes = st.integers(1, 6)


def values(*shape):
    return Tensor(normal(0, *shape))


def network(inputs=3, hidden=4, outputs=2):
    generator = np.random.default_rng(0)
    return Sequential(
        Linear(inputs, hidden, generator=generator),
        relu,
        Linear(hidden, outputs, generator=generator),
    )


class TestParameters:
    """count parameters"""

    @given(sizes, sizes, sizes)
    def test_are_all_that_is_learned(self, inputs, hidden, outputs):
        """A network of two layers has (in + 1) · hidden + (hidden + 1) · out parameters."""
        found = ask(count_parameters, network(inputs, hidden, outputs))
        assert_equal(found, (inputs + 1) * hidden + (hidden + 1) * outputs)

    def test_shared_ones_count_once(self):
        """A layer used twice, or a weight that two layers share, is one set of numbers, even if frozen."""
        layer, other = Linear(3, 3), Linear(3, 3)
        assert_equal(ask(count_parameters, Sequential(layer, relu, layer)), 12)
        layer.bias.requires_grad = False
        other.weight = layer.weight
        assert_equal(ask(count_parameters, Sequential(layer, other)), 15)

    def test_nothing_learns_nothing(self):
        """A module without parameters has 0."""
        assert_equal(ask(count_parameters, Flatten()), 0)


class TestOperations:
    """count operations"""

    @given(sizes, sizes, sizes, st.booleans())
    def test_of_a_linear_layer(self, rows, inputs, outputs, bias):
        """Linear takes 2 · rows · in · out, and rows · out more for a bias."""
        layer = Linear(inputs, outputs, bias=bias, dtype=np.float64)
        expected = rows * outputs * (2 * inputs + bias)
        assert_equal(ask(count_flops, layer, values(rows, inputs)), expected)

    @given(sizes, sizes, sizes, sizes)
    def test_of_a_stack_of_products(self, stack, n, k, m):
        """matmul takes 2 k for each element of the result, for stacks and vectors too."""
        for y in (values(k, m), values(stack, k, m)):
            x = values(stack, n, k)
            assert_equal(ask(count_flops, matmul, x, y), 2 * stack * n * k * m)
        assert_equal(ask(count_flops, matmul, values(k), values(k)), 2 * k)

    @given(sizes, sizes)
    def test_of_elementwise_functions(self, n, m):
        """A sum or an exponential takes one for each element of the result, however it broadcasts."""
        assert_equal(ask(count_flops, lambda x, y: x + y, values(n, 1), values(1, m)), n * m)
        assert_equal(ask(count_flops, exp, values(n, m)), n * m)
        assert_equal(ask(count_flops, softmax, values(n, m)), 5 * n * m)

    @given(sizes, sizes)
    def test_of_a_reduction(self, n, m):
        """A sum over an axis takes one for each element that is summed."""
        assert_equal(ask(count_flops, lambda x: x.sum(dim=0), values(n, m)), n * m)

    @given(sizes, sizes)
    def test_moving_costs_nothing(self, n, m):
        """Reshaping, transposing, indexing and joining compute nothing."""
        for move in (
            lambda x: x.reshape(-1),
            lambda x: x.permute(1, 0),
            lambda x: x[0],
            lambda x: x.expand(2, n, m),
            lambda x: cat([x, x]),
            lambda x: where(x.data > 0, x, x),
        ):
            assert_equal(ask(count_flops, move, values(n, m)), 0)

    def test_of_what_later_modules_add(self):
        """conv2d takes 2 C KH KW per output, plus a bias; pooling its window; others the largest array."""
        named = lambda name: SimpleNamespace(__name__=name)
        x, w, b, out = (np.zeros(s) for s in ((2, 3, 8, 8), (4, 3, 5, 5), (4,), (2, 4, 4, 4)))
        assert_equal(ask(flops_of, named("conv2d"), [x, w, b], {}, out), 128 * (2 * 75 + 1))
        assert_equal(ask(flops_of, named("conv2d"), [x, w, None], {}, out), 128 * 150)
        assert_equal(ask(flops_of, named("conv2d"), [x, w], {}, out), 128 * 150)
        assert_equal(ask(flops_of, named("conv2d"), [x, w[:1]], {}, out[:, :1]), 32 * 150)
        for kernel, area in ((3, 9), ((2, 5), 10), ([4, 2], 8)):
            params = {"kernel_size": kernel}
            assert_equal(ask(flops_of, named("max_pool2d"), [x], params, out), 128 * area)
        assert_equal(ask(flops_of, named("embedding"), [w], {"indices": b}, out), 0)
        assert_equal(ask(flops_of, named("layer_norm"), [out, b, b], {}, out), 8 * 128)
        assert_equal(ask(flops_of, named("pick"), [b, x], {}, out), x.size)
        assert_equal(ask(flops_of, named("exp"), [out], {}, out), 128)

    def test_an_operation_may_say_itself_what_it_takes(self):
        """An op with its own flops, a function of (arrays, params, ans), counts what that returns."""
        own = lambda arrays, params, ans: 100 * len(arrays) + params["more"] + ans.size
        op, x = SimpleNamespace(__name__="matmul", flops=own), np.ones((2, 3))
        assert_equal(ask(flops_of, op, [x, x], {"more": 7}, x), 213)

    def test_add_up_over_a_network(self):
        """A network takes what its parts take, in every call, and nothing is counted twice."""
        model, x = network(), values(5, 3)
        expected = 5 * 4 * 7 + 5 * 4 + 5 * 2 * 9
        assert_equal(ask(count_flops, model, x), expected)
        assert_equal(ask(count_flops, lambda x: (model(x), model(x)), x), 2 * expected)
        assert_equal(ask(count_flops, lambda *, x: model(x), x=x), expected)

    def test_gradients_do_not_count(self):
        """Only the forward pass counts, even if backward runs inside."""
        model, x = network(), values(5, 3)
        forward = ask(count_flops, lambda x: model(x).sum(), x)
        assert_equal(ask(count_flops, lambda x: model(x).sum().backward(), x), forward)

    def test_counting_ends(self):
        """After a count, even one that failed, only an earlier observer goes on counting."""

        def fail(x):
            raise KeyError("inside")

        assert_equal(ask(count_flops, exp, values(3)), 3)
        expect(resolve(observer).get() is None, "no observer left", "one that still counts")
        with raises(KeyError):
            ask(count_flops, fail, values(2))
        expect(resolve(observer).get() is None, "no observer left", "one that still counts")
        got = ask(count_flops, lambda x: (exp(x), count_flops(exp, values(1)), exp(x)), values(3))
        expect(
            got in (6, 7), "a count that goes on after one inside it: 6, or 7 with that one", got
        )


class TestMemory:
    """where memory goes"""

    @given(sizes, sizes)
    def test_of_parameters_and_gradients(self, inputs, outputs):
        """Parameters and their gradients take 4 bytes per number each, in float32."""
        model = network(inputs, 4, outputs)
        got = ask(footprint, model, model(Tensor(np.zeros((2, inputs), np.float32))))
        expected = 4 * ((inputs + 1) * 4 + 5 * outputs)
        assert_equal((got.parameters, got.gradients, got.optimizer), (expected, expected, 0))

    def test_of_optimizers(self):
        """The optimizer's state is 0 for SGD, and twice the parameters for Adam."""
        model, x = network(), Tensor(np.zeros((2, 3), np.float32))
        for make, times in ((SGD, 0), (Adam, 2)):
            optimizer = make(model.parameters(), lr=0.1)
            model(x).sum().backward()
            optimizer.step()
            got = ask(footprint, model, model(x), optimizer)
            assert_equal(got.optimizer, times * got.parameters)
            assert_equal(got.total, (2 + times) * got.parameters + got.activations)

    @given(st.integers(1, 20))
    def test_activations_grow_with_the_batch(self, rows):
        """What a graph holds besides parameters and inputs grows in proportion to the batch."""
        model = network()
        held = []
        for n in (rows, 2 * rows):
            x = Tensor(np.zeros((n, 3), np.float32))
            held.append(ask(footprint, model, model(x), inputs=[x]).activations)
        assert_equal(held[1], 2 * held[0])

    def test_activations_are_the_results_in_between(self):
        """x @ w, the sum with a bias and relu of it are held: three arrays; a view is none."""
        layer, whole = Linear(3, 4), np.zeros((9, 3), np.float32)
        x, layer.weight.data = Tensor(whole[:5]), np.zeros((6, 3), np.float32)[:4]  # views
        out = relu(x @ layer.weight.T + layer.bias).reshape(-1)
        assert_equal(ask(footprint, layer, out, inputs=[x]).activations, 3 * 5 * 4 * 4)
        assert_equal(ask(footprint, layer, out).activations, 3 * 5 * 4 * 4 + whole.nbytes)

    def test_constants_that_a_graph_holds_count(self):
        """Arrays among the arguments, such as a dropout mask, are held too, even those in a tuple."""
        x = Tensor(np.zeros((5, 3)), requires_grad=True)
        mask, index = np.ones((5, 3)), np.array([0, 1])
        read = np.frombuffer(bytes(120))
        seen = np.lib.stride_tricks.sliding_window_view(mask.reshape(-1), 3)[:5]  # (5, 3) windows
        for out, held, what in (
            (x * mask, mask, "the mask"),
            (x[index], index, "the index"),
            (x[:, index], index, "the index"),
            (x * mask.reshape(3, 5).T[:, 1:2], mask, "the array of a view of a view"),
            (x * seen, mask, "the array that windows are of"),
            (x * read.reshape(5, 3), read, "the array of bytes that are somebody else's"),
        ):
            found = {id(array) for array in ask(held_arrays, out)}
            expect(id(held) in found, f"{what} among the arrays held", f"{len(found)} others")

    def test_each_memory_counts_once(self):
        """Shared parts of a graph, and several views of one array, are one memory."""
        x = Tensor(np.zeros(10), requires_grad=True)
        y = exp(x)
        assert_equal(len(ask(held_arrays, (y.reshape(2, 5)[0] + y.reshape(2, 5)[1]) * y[:5])), 4)
        for _ in range(60):  # 2⁶⁰ ways lead back to x
            x = x + x
        assert_equal(len(ask(held_arrays, x)), 61)

    def test_without_a_graph_only_the_result_is_held(self):
        """If nothing requires a gradient, only the result is held."""
        x = Tensor(np.zeros(10))
        assert_equal(len(ask(held_arrays, exp(x) + 1)), 1)


class TestPeakMemory:
    """the most memory at once"""

    @given(st.integers(10, 40))
    def test_is_what_a_call_holds_at_most(self, rows):
        """Two arrays alive at once both count, even once they are gone."""

        def work():
            first = np.zeros((rows, 1000))
            return (first + 1).sum()

        got = ask(peak_memory, work)
        expect(16_000 * rows <= got < 16_000 * rows + 50_000, f"about {16_000 * rows} bytes", got)

    def test_leaves_out_what_was_there_before(self):
        """Memory taken before the call, or given back before it, is not counted."""
        already = tracemalloc.is_tracing()
        tracemalloc.start()
        try:
            before = np.zeros(1_000_000)
            np.zeros(2_000_000).sum()
            got = ask(peak_memory, lambda: before[:10].sum())
        finally:
            if not already:
                tracemalloc.stop()
        expect(got < 50_000, "a few bytes", got)

    def test_hands_on_arguments(self):
        """The function is called once, with the given arguments; what is not callable is a TypeError."""
        calls = []
        ask(peak_memory, lambda *a, **k: calls.append((a, k)), 1, name=2)
        assert_equal(calls, [((1,), {"name": 2})])
        with raises(TypeError, naming="function"):
            ask(peak_memory, 3)

    def test_leaves_tracing_as_it_was(self):
        """If memory was already being traced, tracing stays on; if not, it ends, even after an error."""
        already = tracemalloc.is_tracing()
        for tracing in (False, True):
            tracemalloc.stop()
            if tracing:
                tracemalloc.start()
            ask(peak_memory, lambda: None)
            assert_equal(tracemalloc.is_tracing(), tracing)
            with raises(ZeroDivisionError):
                ask(peak_memory, lambda: 1 / 0)
            assert_equal(tracemalloc.is_tracing(), tracing)
        if not already:
            tracemalloc.stop()


class TestLatency:
    """how long calls take"""

    @given(st.integers(0, 5), st.lists(st.integers(0, 100), min_size=1, max_size=10))
    def test_measures_each_call(self, warmup, durations):
        """Each sample is the time from before a call until after it; warm-up calls do not count."""
        clock, calls = Ticks(), []

        def work(argument):
            calls.append(argument)
            number = len(calls) - 1 - warmup
            clock.now += durations[number] if number >= 0 else 1000

        got = ask(latency, work, "x", warmup=warmup, repeats=len(durations), clock=clock)
        assert_close(np.array(got.samples), np.array(durations, float))
        assert_equal(calls, ["x"] * (warmup + len(durations)))

    @given(st.lists(st.floats(0, 100), min_size=1, max_size=20), st.integers(1, 200))
    @example([4.0, 1.0, 3.0, 2.0], 100)
    @example([float(n) for n in range(1, 101)], 14)
    @example([float(n) for n in range(1, 1001)], 199)
    def test_percentiles_are_nearest_ranks(self, samples, halves):
        """percentile(p) is the smallest sample that at least p percent do not exceed."""
        percent = halves / 2
        assert_equal(
            ask(Latency(tuple(samples)).percentile, percent), nearest_rank(samples, percent)
        )

    @given(st.lists(st.floats(0, 100), min_size=1, max_size=20), st.randoms())
    def test_the_median_does_not_follow_outliers(self, samples, random):
        """The median is the middle, whatever the order and however slow the slowest call is."""
        shuffled = list(samples)
        random.shuffle(shuffled)
        expected = float(np.median(samples))
        assert_equal(ask(lambda: Latency(tuple(shuffled)).median), expected)
        if len(samples) >= 3:
            slow = (*sorted(samples)[:-1], 1e9)
            assert_equal(ask(lambda: Latency(slow).median), expected)

    def test_calls_twenty_times_unless_told(self):
        """By default, 3 calls warm up and 20 are timed."""
        calls = []
        got = ask(latency, calls.append, 1)
        assert_equal((len(got.samples), len(calls)), (20, 23))

    def test_real_time_goes_on(self):
        """With the real clock a longer call takes longer."""
        short = ask(latency, lambda: sum(range(100)), repeats=9)
        long = ask(latency, lambda: sum(range(100_000)), repeats=9)
        expect(long.median > short.median > 0, "more time for more work", long.median)

    def test_arguments_are_checked(self):
        """No calls, a clock that goes backward: ValueError; no function: TypeError; each names it."""
        with raises(ValueError, naming="repeats 0"):
            ask(latency, len, "x", repeats=0)
        with raises(ValueError, naming="warmup -1"):
            ask(latency, len, "x", warmup=-1)
        with raises(ValueError, naming="clock"):
            ask(latency, len, "x", clock=Ticks(0, -1), warmup=0)
        for percent in (0, -1, 101):
            with raises(ValueError, naming=f"{percent}"):
                ask(Latency((1.0,)).percentile, percent)
        with raises(TypeError, naming="function"):
            ask(latency, 3)

    def test_errors_come_through(self):
        """An error that the function raises goes through unchanged."""
        with raises(ZeroDivisionError):
            ask(latency, lambda: 1 / 0)


class TestProfiler:
    """which part takes what"""

    def test_gives_each_part_its_own(self):
        """Rows hold parameters, calls, flops and bytes of a part, without the parts inside it."""
        model, x = network(), Tensor(np.zeros((5, 3), np.float32))
        profiler = ask(Profiler, model)
        for _ in range(2):
            with profiler:
                model(x)
        assert_equal(list(profiler.rows), ["", "0", "2"])
        found = [(r.kind, r.parameters, r.calls, r.flops) for r in profiler.rows.values()]
        expected = [
            ("Sequential", 0, 2, 2 * 20),
            ("Linear", 16, 2, 2 * 140),
            ("Linear", 10, 2, 2 * 90),
        ]
        assert_equal(found, expected)
        size = [row.bytes for row in profiler.rows.values()]
        at_once = [2 * 80, 2 * 80, 2 * 40]  # what `linear` gives
        one_by_one = [2 * 80, 2 * (48 + 80 + 80), 2 * (32 + 40 + 40)]  # weight turned, product, sum
        expect(size in (at_once, one_by_one), f"bytes {at_once} or {one_by_one}", size)

    def test_rows_add_up(self):
        """The rows' parameters and flops add up to those of the model."""
        model, x = network(), values(5, 3)
        with Profiler(model) as profiler:
            exp(model(x))  # exp is no part of it
        rows = profiler.rows.values()
        assert_equal(sum(row.flops for row in rows), ask(count_flops, model, x))
        assert_equal(sum(row.parameters for row in rows), ask(count_parameters, model))

    def test_shared_parameters_belong_to_the_first(self):
        """A weight that two parts share is counted in the first row only."""
        model = Sequential(Linear(3, 3), Linear(3, 3))
        model[1].weight = model[0].weight
        rows = ask(Profiler, model).rows
        assert_equal((rows["0"].parameters, rows["1"].parameters), (12, 3))

    def test_time_goes_to_the_innermost_part(self):
        """A part's seconds are those it spent itself: time inside its parts belongs to them."""
        clock = Ticks()

        class Part(Module):
            def __init__(self, takes, inner=None):
                self.takes = takes
                if inner is not None:
                    self.inner = inner

            def forward(self, x):
                clock.now += self.takes
                x = self.inner(x) if "inner" in vars(self) else x
                clock.now += self.takes
                return x

        model = Part(1, Part(10, Part(100)))
        with ask(Profiler, model, clock=clock) as profiler:
            model(values(1))
            clock.now += 5000
            model(x=values(1))
        seconds = [row.seconds for row in profiler.rows.values()]
        assert_equal(seconds, [4.0, 40.0, 400.0])
        assert_equal([row.seconds for row in ask(profiler.bottlenecks)], [400.0, 40.0, 4.0])

    def test_leaves_the_model_as_it_was(self):
        """Inside, results are the same; afterwards every part's forward is restored, even after errors."""
        model, x = peculiar(network()), values(5, 3)
        plain = model(x).data
        with left_alone(model):
            with Profiler(model):
                assert_equal(model(x).data, plain)
            with raises(KeyError), Profiler(model):
                raise KeyError("inside")
        expect(resolve(observer).get() is None, "nobody who counts afterwards", "one who does")

    @pytest.mark.parametrize("by", ["seconds", "flops", "bytes", "parameters"])
    def test_bottlenecks_come_first(self, by):
        """bottlenecks and table begin with the row that takes most of what by names."""
        model, x = network(3, 50, 2), values(5, 3)
        with Profiler(model) as profiler:
            model(x)
        rows = ask(profiler.bottlenecks, by)
        found = [getattr(row, by) for row in rows]
        assert_equal(found, sorted(found, reverse=True))
        lines = ask(profiler.table, by).splitlines()
        assert_equal(len(lines), 4)
        expect(rows[0].kind in lines[1], f"a first line with {rows[0].kind}", lines[1])
        share = f"{found[0] / sum(found):.1%}"
        expect(lines[1].endswith(share), f"a share of {share}", lines[1])

    def test_equal_rows_keep_their_order(self):
        """Rows that take the same stay in the order of the model; if nothing ran, shares are 0%."""
        profiler = ask(Profiler, network())
        assert_equal([row.name for row in profiler.bottlenecks("flops")], ["", "0", "2"])
        expect("0.0%" in profiler.table(), "shares of 0.0%", profiler.table())

    def test_by_is_checked(self):
        """bottlenecks raises ValueError that names by if it cannot sort by that."""
        for by in ("speed", "calls"):
            with raises(ValueError, naming="by"):
                ask(ask(Profiler, network()).bottlenecks, by)
