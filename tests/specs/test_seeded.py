"""Numbers that a seed makes, and the memory that a call takes."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from pytest_tinytorch.api import LawBroken
from specs.laws import expect
from specs.memory import peak_bytes, peak_of
from specs.seeded import distinct, normal, randomize

MEGABYTE = 1 << 20


class TestSeeded:
    @pytest.mark.parametrize("shape", [(), (0, 3), (2, 3), (400,)])
    @pytest.mark.parametrize("make", [normal, distinct])
    def test_a_seed_decides(self, make, shape):
        x = make(1, *shape)
        assert x.shape == shape
        assert x.dtype == np.float64
        assert np.array_equal(make(1, *shape), x)
        assert x.size == 0 or shape == () or not np.array_equal(make(2, *shape), x)

    def test_normal_numbers_are_those_of_numpy(self):
        expected = np.random.default_rng(3).standard_normal((2, 5))
        assert np.array_equal(normal(3, 2, 5), expected)
        assert normal(3, 2, 5, dtype=np.float32).dtype == np.float32
        assert np.array_equal(normal(3, 2, 5, dtype=np.float32), expected.astype(np.float32))

    @pytest.mark.parametrize("shape", [(2,), (3, 4), (12, 12)])
    def test_distinct_numbers_are_apart_and_on_both_sides_of_zero(self, shape):
        x = distinct(0, *shape)
        assert np.diff(np.sort(x, axis=None)).min() >= 0.1 - 1e-9
        assert (x < 0).sum() == x.size // 2
        assert np.abs(x).min() > 0.02
        assert x.size == 2 or not np.array_equal(np.sort(x, axis=None), x.ravel())

    def test_parameters_are_drawn_anew(self, reference):
        from tinytorch.transformers import TransformerBlock

        block = TransformerBlock(4, 2, dtype=np.float64)
        before = block.state_dict()
        assert randomize(block, 0) is block
        after = block.state_dict()
        assert all((after[name] != before[name]).all() for name in before)
        assert after["attn.in_proj_weight"].dtype == np.float64
        gains = np.concatenate([randomize(block, n).state_dict()["ln_1.weight"] for n in range(50)])
        biases = np.concatenate([randomize(block, n).state_dict()["ln_1.bias"] for n in range(50)])
        assert abs(gains.mean() - 1) < 0.2
        assert abs(biases.mean()) < 0.2


class TestMemory:
    @pytest.fixture(params=[False, True], ids=["not traced", "traced already"])
    def traced(self, request):
        """Whether somebody else measures memory, too, who has seen much of it."""
        if request.param:
            tracemalloc.start()
            np.zeros(8 * MEGABYTE, np.uint8)
        kept = np.zeros(2 * MEGABYTE, np.uint8)
        yield request.param
        del kept
        tracemalloc.stop()

    def test_what_is_held_at_once_is_counted(self, traced):
        def work():
            for _ in range(3):
                np.zeros(MEGABYTE, np.uint8)
            return np.zeros(10)

        result, peak = peak_bytes(work)
        assert result.size == 10
        assert MEGABYTE <= peak < 1.1 * MEGABYTE
        assert tracemalloc.is_tracing() == traced

    def test_an_error_leaves_all_as_it_was(self, traced):
        with pytest.raises(ZeroDivisionError):
            peak_bytes(lambda: 1 / 0)
        assert tracemalloc.is_tracing() == traced

    def test_the_call_of_a_student_is_remembered(self, traced):
        assert peak_of(pow, 2, 3)[0] == 8
        with pytest.raises(LawBroken) as caught:
            expect(False, "it", "else")
        assert caught.value.called == "pow(2, 3)"
