"""Laws of the options that many modules share: whichever it is, an option does something."""

from collections.abc import Callable
from typing import Any

import numpy as np

from specs.laws import assert_equal, equal, expect
from specs.seeded import state_of


def check_dtype_option(make: Callable[..., Any]) -> None:
    """Demand that all parameters of ``make(dtype=…)`` have that dtype; float32 where none is given."""
    for options in ({}, {"dtype": np.float64}, {"dtype": np.float16}):
        wanted = np.dtype(options.get("dtype", np.float32))
        for name, parameter in make(**options).named_parameters():
            found = parameter.data.dtype
            expect(equal(found, wanted), f"{name} of dtype {wanted}", f"dtype {found}")


def check_order_of_draws(make: Callable[..., Any]) -> None:
    """Demand that a bias changes no weight: what ``make(bias=…, generator=…)`` draws for it comes last.

    So one seed gives the same weights with and without a bias, and where there is none, none is drawn.
    """
    ends, states = [], []
    for bias in (True, False):
        generator = np.random.default_rng(5)
        states.append(make(bias=bias, generator=generator).state_dict())
        ends.append(state_of(generator))
    with_bias, without = states
    for name, value in without.items():
        assert_equal(value, with_bias[name])
    if any(np.any(value) for name, value in with_bias.items() if name.endswith("bias")):
        expect(ends[0] != ends[1], "nothing drawn for a bias that is not there", "as many draws")
