"""Numbers that a seed makes: for laws that hold whatever the numbers are, and need many of them."""

from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from specs.arrays import Array


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
