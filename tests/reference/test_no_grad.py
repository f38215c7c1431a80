"""`no_grad` as the decorator of a generator function: each step is decorated, and nothing between them."""

from __future__ import annotations

import pytest


@pytest.fixture
def leaf(reference):
    return reference.Tensor([1.0], requires_grad=True)


@pytest.fixture
def doubles(reference, leaf):
    """Yields what it computes from a leaf, and what it is sent."""

    @reference.no_grad()
    def run():
        factor = 2
        try:
            while True:
                factor = (yield leaf * factor) or factor
        except KeyError:
            yield leaf * 100
        return "the end"

    return run


def test_each_step_records_nothing(leaf, doubles):
    steps = doubles()
    assert not next(steps).requires_grad
    assert (leaf * 1).requires_grad
    assert not steps.send(5).requires_grad
    assert (leaf * 1).requires_grad


def test_what_is_sent_arrives(doubles):
    steps = doubles()
    next(steps)
    assert steps.send(5).item() == 5
    assert next(steps).item() == 5


def test_what_is_thrown_arrives_and_the_end_has_a_value(doubles):
    steps = doubles()
    next(steps)
    assert steps.throw(KeyError("x")).item() == 100
    with pytest.raises(StopIteration) as end:
        next(steps)
    assert end.value.value == "the end"


def test_it_can_be_closed(reference):
    closed = []

    @reference.no_grad()
    def run():
        try:
            yield 1
        finally:
            closed.append(True)

    steps = run()
    next(steps)
    steps.close()
    assert closed == [True]
