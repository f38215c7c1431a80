"""What batches divided among threads cannot be, what that says, and that nothing stays behind."""

from __future__ import annotations

import gc
import threading
import weakref
from contextlib import nullcontext, suppress

import numpy as np
import pytest


@pytest.fixture
def tt(reference):
    return reference


def draw(*shape):
    return np.random.default_rng(0).standard_normal(shape).astype(np.float32)


@pytest.mark.parametrize("shape", [(4, 3, 2, 2), (4, 2, 2)])
def test_a_norm_refuses_what_it_refuses_undivided(tt, shape):
    layer, x = tt.BatchNorm2d(2), tt.Tensor(draw(*shape))
    with pytest.raises(ValueError, match="shape") as wanted:
        layer(x)
    with pytest.raises(ValueError, match="shape") as caught:
        tt.nn.DataParallel(layer, 2)(x)
    assert str(caught.value) == str(wanted.value).replace("(4, ", "(2, ")


class TestNormsThatDoNotMeet:
    """A thread that waits for one that never comes would wait for ever."""

    def refused(self, tt, forward, *, backward=False):
        class Odd(tt.nn.Module):
            def __init__(self):
                self.norm, self.other = tt.nn.BatchNorm1d(2), tt.nn.BatchNorm1d(2)

        Odd.forward = forward
        x = tt.tensor(
            [[1.0, 2.0], [2.0, 1.0], [-1.0, 3.0], [-2.0, 1.0], [-3.0, 0.0]], requires_grad=True
        )
        model = tt.nn.DataParallel(Odd(), 2)
        if backward:
            loss = model(x).sum()
        with pytest.raises(RuntimeError, match="as often, and in the same order, for each part"):
            loss.backward() if backward else model(x)

    def test_one_part_skips_it(self, tt):
        self.refused(tt, lambda self, x: self.norm(x) if x.data[0, 0] > 0 else x)

    def test_one_part_calls_it_more_often(self, tt):
        self.refused(tt, lambda self, x: tt.cat([self.norm(x[i : i + 1]) for i in range(len(x))]))

    def test_parts_call_two_in_another_order(self, tt):
        def forward(self, x):
            first, second = (self.norm, self.other)[:: 1 if x.data[0, 0] > 0 else -1]
            return second(first(x))

        self.refused(tt, forward)

    def test_one_part_uses_it_without_its_result(self, tt):
        def forward(self, x):
            normal = self.norm(x)
            return normal if x.data[0, 0] > 0 else x * 1

        self.refused(tt, forward, backward=True)

    def test_a_thread_cannot_be_started(self, tt, monkeypatch):
        start, started = threading.Thread.start, []

        def start_one(thread):
            if started:
                raise RuntimeError("can't start new thread")
            started.append(thread)
            start(thread)

        monkeypatch.setattr(threading.Thread, "start", start_one)
        with pytest.raises(RuntimeError, match="can't start new thread"):
            tt.nn.DataParallel(tt.nn.BatchNorm1d(2), 3)(tt.Tensor(draw(6, 2)))


@pytest.mark.parametrize(
    ("result", "said"),
    [
        (lambda x: x[:, : int(x.data[0, 0])], r"got \(3,\) float32 for the first part and \(1,\)"),
        (
            lambda x: x.double() if x.data[0, 0] > 2 else x,
            r"got \(4,\) float64 for the first part and",
        ),
    ],
)
def test_parts_have_to_return_the_same_shape_and_dtype(tt, result, said):
    class Returning(tt.nn.Module):
        def forward(self, x):
            return result(x)

    x = tt.Tensor(np.array([3, 3, 1, 1], np.float32)[:, None] * np.ones((1, 4), np.float32))
    with pytest.raises(ValueError, match=said + ".* for rows 2 to 3"):
        tt.nn.DataParallel(Returning(), 2)(x)


def test_a_second_way_back_is_refused(tt):
    loss = tt.nn.DataParallel(tt.Linear(2, 1), 2)(tt.Tensor(draw(4, 2))).sum()
    loss.backward(retain_graph=True)
    with pytest.raises(RuntimeError, match="goes back once, even with retain_graph=True"):
        loss.backward()


@pytest.mark.parametrize("is_parameter", [True, False])
def test_what_a_copy_does_not_hold_is_refused(tt, is_parameter):
    class Closed(tt.nn.Module):
        def __init__(self):
            self.w = tt.nn.Parameter(draw(2)) if is_parameter else tt.tensor(draw(2))
            self.w.requires_grad = True
            self.double = lambda x: x * self.w

        def forward(self, x):
            return self.double(x)

    with pytest.raises(
        RuntimeError, match=r"of shape \(2,\) that requires a gradient and is neither"
    ):
        tt.nn.DataParallel(Closed(), 2)(tt.Tensor(draw(4, 2)))


class TestMemory:
    """What a call needs is freed with its result, without the garbage collector."""

    @pytest.fixture(autouse=True)
    def without_collector(self):
        gc.disable()
        yield
        gc.enable()

    def test_a_result_that_is_dropped_frees_all(self, tt):
        model, x = tt.nn.DataParallel(tt.nn.BatchNorm1d(2), 2), tt.Tensor(draw(4, 2))
        for recording in (True, False):
            with nullcontext() if recording else tt.no_grad():
                out = model(x * 1)
            inner = (
                weakref.ref(out.grad_fn.params["division"].outs[0]) if recording else lambda: None
            )
            whole = weakref.ref(out.data)
            del out
            assert (inner(), whole()) == (None, None)

    def test_gradients_are_not_kept(self, tt):
        module = tt.Linear(64, 64)
        out = tt.nn.DataParallel(module, 2)(tt.Tensor(draw(4, 64)))
        out.sum().backward()
        gradient = weakref.ref(module.weight.grad)
        module.zero_grad()
        assert gradient() is None
        assert out.shape == (4, 64)

    @pytest.mark.parametrize("wrong", [0, 1])
    def test_an_error_keeps_no_input(self, tt, wrong):
        class Failing(tt.nn.Module):
            def forward(self, x):
                if x.data[0, 0] == wrong:
                    raise KeyError("mine")
                return x

        x = tt.Tensor(np.arange(2.0)[:, None])
        array = weakref.ref(x.data)
        with suppress(KeyError):
            tt.nn.DataParallel(Failing(), 2)(x)
        del x
        assert array() is None


class TestErrors:
    @pytest.mark.parametrize("wrong", [0, 1])
    def test_the_first_comes_out_with_its_rows_and_no_thread_is_left(self, tt, wrong):
        class Failing(tt.nn.Module):
            def __init__(self):
                self.norm = tt.BatchNorm2d(2)

            def forward(self, x):
                if x.data[0, 0, 0, 0] == wrong:
                    raise KeyError("mine")
                return self.norm(x)

        x = np.arange(2, dtype=np.float32).repeat(3)[:, None, None, None] * np.ones((1, 2, 2, 2))
        before = threading.active_count()
        with pytest.raises(KeyError, match="mine") as caught:
            tt.nn.DataParallel(Failing(), 2)(tt.Tensor(x))  # the other waits at the norm
        rows = ("0 to 2", "3 to 5")[wrong]
        assert caught.value.__notes__ == [f"in rows {rows} of the batch, the part of one thread"]
        assert threading.active_count() == before

    @pytest.mark.parametrize("wrong", [0, 1])
    def test_an_error_keeps_its_cause(self, tt, wrong):
        class Failing(tt.nn.Module):
            def forward(self, x):
                try:
                    return {0: x}[int(x.data[0, 0] == wrong)]
                except KeyError as error:
                    raise ValueError("mine") from error

        with pytest.raises(ValueError, match="mine") as caught:
            tt.nn.DataParallel(Failing(), 2)(tt.Tensor(np.arange(2.0)[:, None]))
        assert isinstance(caught.value.__cause__, KeyError)

    def test_numpy_handles_errors_alike_in_all_threads(self, tt):
        class Reciprocal(tt.nn.Module):
            def forward(self, x):
                return 1 / x

        x, reciprocal = tt.Tensor(np.array([[1.0], [0.0]])), tt.nn.DataParallel(Reciprocal(), 2)
        with np.errstate(divide="raise"), pytest.raises(FloatingPointError):
            reciprocal(x)

    @pytest.mark.parametrize("wrong", [0, -1])
    def test_fewer_than_one_thread_is_refused(self, tt, wrong):
        with pytest.raises(ValueError, match=f"num_threads must be at least 1, got {wrong}"):
            tt.nn.DataParallel(tt.Linear(1, 1), wrong)

    @pytest.mark.parametrize("wrong", [2.0, "2", True, [0, 1]])
    def test_only_a_number_of_threads_is_taken(self, tt, wrong):
        with pytest.raises(TypeError, match="num_threads must be an integer or None, got"):
            tt.nn.DataParallel(tt.Linear(1, 1), wrong)

    def test_only_a_module_is_taken(self, tt):
        with pytest.raises(TypeError, match="module must be a Module, got function"):
            tt.nn.DataParallel(lambda x: x)

    def test_inputs_of_different_length_are_refused(self, tt):
        with pytest.raises(
            ValueError, match=r"same number of rows, got shapes \[\(4, 2\), \(3,\)\]"
        ):
            tt.nn.DataParallel(tt.Linear(2, 2), 2)(draw(4, 2), draw(3))

    @pytest.mark.parametrize(
        ("result", "error", "said"),
        [
            (lambda x: (x, x), TypeError, "must return a Tensor, got tuple"),
            (lambda x: x.sum(), ValueError, r"a row for each of 2 rows, got shape \(\)"),
            (lambda x: x[:1], ValueError, r"a row for each of 2 rows, got shape \(1, 2\)"),
        ],
    )
    def test_a_module_has_to_return_a_tensor_with_its_rows(self, tt, result, error, said):
        class Returning(tt.nn.Module):
            def forward(self, x):
                return result(x)

        with pytest.raises(error, match=said):
            tt.nn.DataParallel(Returning(), 2)(tt.Tensor(draw(4, 2)))
