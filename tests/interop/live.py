"""Beside PyTorch itself, which `tox -e interop` installs: expected values, functions, programs."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tests.interop import expressions, habits
from tests.interop.test_given import CASES, frameworks
from tests.interop.test_programs import check_autoencoder, check_characters, check_digits

__all__ = ["frameworks"]  # a fixture


@pytest.mark.parametrize("name", dict(habits.habits()))
def test_a_habit_is_one(name, tmp_path):
    """The value that is kept is what PyTorch gives."""
    expected, code = habits.expected()[name], dict(habits.habits())[name]
    if "raises" in str(expected):
        with pytest.raises(Exception, match="CUDA"):
            habits.evaluate(code, "torch", tmp_path / "file.pt")
    else:
        got = habits.evaluate(code, "torch", tmp_path / "file.pt")
        assert habits.same(got, expected), (got, expected)


@pytest.mark.parametrize(
    ("group", "code"),
    [*CASES, *(("corners", code) for code in expressions.CORNERS)],
    ids=lambda value: value,
)
def test_a_function_is_that_of_pytorch(group, code, frameworks):
    x = expressions.inputs()[group]
    value, gradient = expressions.value_and_gradient(code, *frameworks, x)
    wanted, wanted_gradient = expressions.value_and_gradient(code, torch, torch.nn.functional, x)
    assert (value.shape, value.dtype) == (wanted.shape, wanted.dtype)
    np.testing.assert_allclose(value, wanted, rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(gradient, wanted_gradient, rtol=1e-5, atol=1e-6)


def test_the_programs_are_programs(tmp_path):
    check_digits("torch")
    check_characters("torch")
    check_autoencoder("torch", tmp_path / "autoencoder.pt")
