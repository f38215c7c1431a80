"""Numbers that a seed makes: for laws that hold whatever the numbers are, and need many of them."""

import json
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from specs.arrays import Array
from specs.framework import lazy
from specs.laws import assert_equal, expect

manual_seed, default_generator = lazy("tensor", "manual_seed", "default_generator")


def normal(seed: int, *shape: int, dtype: DTypeLike = np.float64) -> Array:
    """An array of normally distributed numbers."""
    return np.random.default_rng(seed).standard_normal(shape).astype(dtype, copy=False)


def distinct(seed: int, *shape: int) -> Array:
    """An array in random order whose elements all differ by at least 0.1, and half are negative."""
    size = int(np.prod(shape))
    values = np.random.default_rng(seed).permutation(size)
    return (values * 0.1 - size * 0.05 + 0.025).reshape(shape)


def randomize(model: Any, seed: int) -> Any:
    """The model with every parameter drawn anew: weights and biases around 0, gains around 1."""
    generator = np.random.default_rng(seed)
    for name, parameter in model.named_parameters():
        drawn = 0.5 * generator.standard_normal(parameter.shape)
        parameter.data[...] = drawn + (1 if "ln" in name and name.endswith("weight") else 0)
    return model


def check_draws(make: Callable[..., Array]) -> None:
    """Check that ``make(generator=…)`` draws from that generator, and otherwise from the default one.

    One seed repeats and another does not; without a generator, left out or None, two draws differ, and
    `manual_seed` repeats them; with one, the default generator stays where it is.
    """
    draw = lambda seed: np.asarray(make(generator=np.random.default_rng(seed)))
    first = draw(1)
    assert_equal(draw(1), first)
    expect((draw(2) != first).any(), "other numbers from another seed", "the same")
    manual_seed(3)
    before = state_of(default_generator())
    draw(1)
    same = state_of(default_generator()) == before
    expect(same, "the default generator untouched, since one is given", "one that was drawn from")
    first, second = np.asarray(make()), np.asarray(make())
    expect((first != second).any(), "other numbers the next time", "the same")
    manual_seed(3)
    assert_equal(np.asarray(make(generator=None)), first)
    manual_seed(4)
    expect(
        (np.asarray(make()) != first).any(),
        "other numbers after another manual_seed",
        "the same",
    )


def state_of(generator: np.random.Generator) -> str:
    """Where a generator is, as a text: some of them hold arrays, which compare element by element."""
    return json.dumps(generator.bit_generator.state, default=np.ndarray.tolist)
