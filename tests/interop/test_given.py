"""Gradients of the functions that are given beside the exercises, against differences of their values."""

from __future__ import annotations

from importlib import import_module

import numpy as np
import pytest

from pytest_tinytorch.evidence import implementation, importing
from tests.interop import expressions
from tests.support import kit

STEP = 1e-6
CASES = [(group, code) for group, codes in expressions.EXPRESSIONS.items() for code in codes]

HIDDEN = ("detach", "float()")
"""What makes differences see more than a gradient does: constants that move with x, and coarse steps."""

SEEN = [(group, code) for group, code in CASES if not any(word in code for word in HIDDEN)]


@pytest.fixture(scope="module")
def frameworks():
    importing.install_finder(implementation.Implementation(kit.REFERENCE, kit.REFERENCE))
    try:
        yield import_module("tinytorch"), import_module("tinytorch.nn.functional")
    finally:
        importing.uninstall_finder()


@pytest.mark.parametrize(("group", "code"), SEEN, ids=lambda value: value)
def test_gradient_is_that_of_the_values(group, code, frameworks):
    """At a few places: the sum with weights moves as the gradient says."""
    x = expressions.inputs()[group]
    _, gradient = expressions.value_and_gradient(code, *frameworks, x)
    assert gradient.shape == x.shape
    for place in (0, x.size // 2, x.size - 1):
        ends = []
        for direction in (-1, 1):
            moved = x.copy()
            moved.flat[place] += direction * STEP
            value, _ = expressions.value_and_gradient(code, *frameworks, moved)
            ends.append((value * np.arange(1, 1 + value.size).reshape(value.shape) / 7).sum())
        assert gradient.flat[place] == pytest.approx(
            (ends[1] - ends[0]) / (2 * STEP), rel=1e-4, abs=1e-6
        )
