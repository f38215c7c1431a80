"""What `Module` does by itself, whichever layer it is."""

from __future__ import annotations

import pytest


@pytest.fixture
def layer(reference):
    return reference.Linear(2, 1)


def test_a_parameter_is_not_lost_without_a_word(reference, layer):
    for value in (reference.zeros(1, 2), 0.0):
        with pytest.raises(TypeError, match=r"weight is a Parameter .*write Parameter\(…\)"):
            layer.weight = value
    assert [name for name, _ in layer.named_parameters()] == ["weight", "bias"]


def test_a_buffer_is_not_lost_without_a_word(reference):
    norm = reference.BatchNorm2d(1)
    with pytest.raises(TypeError, match="running_mean is a Buffer"):
        norm.running_mean = reference.zeros(1)


def test_a_parameter_may_be_replaced_or_taken_away(reference, layer):
    layer.weight = reference.Parameter([[1.0, 2.0]])
    layer.bias = None
    layer.scale = reference.zeros(1)
    layer.scale = 3
    assert [name for name, _ in layer.named_parameters()] == ["weight"]
