"""Work of several threads: what is divided, by how many, and what comes of their errors."""

from __future__ import annotations

import threading

import numpy as np
import pytest

ROWS = 6
PATIENCE = 60
"""Seconds that a thread waits for another, which begins at once on any machine that works."""


@pytest.fixture
def parallel(reference):
    from tinytorch import parallel

    before = parallel.get_num_threads()
    yield parallel
    parallel.set_num_threads(before)


@pytest.fixture
def large(parallel):
    return np.broadcast_to(np.float32(0), (ROWS, parallel.LARGE))


def test_one_thread_does_all_at_once(parallel, large):
    assert parallel.get_num_threads() == 1
    assert parallel.each_part(lambda part: (part, threading.get_ident()), large) == [
        (slice(0, ROWS), threading.get_ident())
    ]


@pytest.mark.parametrize("count", [2, 3, 4, ROWS, 100])
def test_parts_divide_the_rows_and_come_in_order(parallel, large, count):
    parallel.set_num_threads(count)
    parts = parallel.each_part(lambda part: part, large)
    assert len(parts) == min(count, ROWS)
    assert [row for part in parts for row in range(ROWS)[part]] == list(range(ROWS))


def test_parts_are_computed_side_by_side(parallel, large):
    parallel.set_num_threads(3)
    meeting = threading.Barrier(3, timeout=PATIENCE)  # one alone would wait in vain

    def meet(part):
        meeting.wait()
        return threading.get_ident()

    assert len(set(parallel.each_part(meet, large))) == 3


def test_a_small_array_needs_no_thread(parallel):
    parallel.set_num_threads(2)
    for rows in (0, 1, ROWS):
        assert parallel.each_part(lambda part: part, np.zeros((rows, 8))) == [slice(0, rows)]


@pytest.mark.parametrize("wrong", [0, 3])
def test_an_error_comes_out_when_all_have_ended(parallel, large, wrong):
    parallel.set_num_threads(2)
    ended = []

    def work(part):
        if part.start == wrong:
            raise KeyError(wrong)
        ended.append(part.start)

    before = threading.active_count()
    with pytest.raises(KeyError, match=str(wrong)):
        parallel.each_part(work, large)
    assert ended == [3 - wrong]
    assert threading.active_count() == before


def test_numpy_handles_errors_alike_in_all_threads(parallel, large):
    parallel.set_num_threads(2)
    with np.errstate(divide="raise"), pytest.raises(FloatingPointError):
        parallel.each_part(lambda part: part.start and np.ones(1) / 0, large)


@pytest.mark.parametrize("name", ["conv2d", "conv2d_fast"])
def test_a_convolution_is_the_same_in_several_threads(reference, parallel, name, monkeypatch):
    monkeypatch.setattr(parallel, "LARGE", 1)
    convolve = getattr(reference, name)
    draw = np.random.default_rng(0).standard_normal
    x, weight, g = draw((5, 3, 9, 8)), draw((4, 3, 3, 3)), draw((5, 4, 5, 4))
    found = []
    for count in (1, 2, 3):
        parallel.set_num_threads(count)
        tensors = [reference.tensor(array, requires_grad=True) for array in (x, weight)]
        out = convolve(*tensors, stride=2, padding=1)
        out.backward(g)
        found.append([out.data, *(tensor.grad for tensor in tensors)])
    for several in found[1:]:
        for got, wanted in zip(several, found[0], strict=True):
            np.testing.assert_allclose(got, wanted, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("count", [0, -1])
def test_fewer_than_one_thread_is_refused(reference, parallel, count):
    with pytest.raises(ValueError, match=f"num_threads must be at least 1, got {count}"):
        reference.set_num_threads(count)


@pytest.mark.parametrize("count", [2.0, "2", None, True])
def test_only_a_number_of_threads_is_taken(reference, parallel, count):
    with pytest.raises(TypeError, match="num_threads must be an integer, got"):
        reference.set_num_threads(count)
    assert reference.get_num_threads() == 1
