"""Beside PyTorch itself, which `tox -e interop` installs: expected values, functions, programs."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tests.interop import expressions, habits
from tests.interop.test_given import CASES, frameworks
from tests.interop.test_programs import check_autoencoder, check_characters, check_digits
from tests.reference.test_precision import HALF, h
from tests.reference.test_refusals import REFUSED, TAKEN

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


NAMES = {"np": np, "h": h, "x": torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])}


def in_torch(code):
    """The value of an expression that is written for the framework."""
    for ours, its in (("tt.Tensor", "torch.tensor"), ("tt.mse", "F.mse"), ("tt.", "torch.")):
        code = code.replace(ours, its)
    code = code.replace("np.int64", "torch.int64").replace("np.uint8", "torch.uint8")
    code = code.replace("torch.BatchNorm2d(1)", "torch.nn.BatchNorm2d(1).half()")
    got = eval(code, {**NAMES, "torch": torch, "F": torch.nn.functional})
    return got.detach().numpy() if isinstance(got, torch.Tensor) else got


@pytest.mark.parametrize("code", [*HALF, *TAKEN])
def test_what_is_right_is_what_pytorch_gives(code):
    np.testing.assert_allclose(in_torch(code), {**HALF, **TAKEN}[code], rtol=1e-6)


@pytest.mark.parametrize("code", REFUSED)
def test_what_is_refused_pytorch_refuses(code):
    with pytest.raises((TypeError, ValueError, RuntimeError, IndexError, AttributeError)):
        in_torch(code)
