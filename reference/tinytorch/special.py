"""The error function and the normal distribution on whole arrays; NumPy has neither.

Given, not an exercise. Python's `math` has `erf` and `erfc` for single numbers. Here they are evaluated at
a few dozen points, and Chebyshev polynomials through these points give all other values.
"""

from __future__ import annotations

import math
from functools import cache

import numpy as np
from numpy.polynomial import chebyshev

Array = np.ndarray

MIDDLE = 3.0
"""The point of the axis from 0 to infinity that is mapped to the middle of [-1, 1]."""

DEGREE = 24
"""The degree of the polynomial, for a relative error of 3e-14."""

SHORT = 12
"""The degree for float32 and float16, which is three times as fast, for an error of 2e-8."""


def erf(x: Array) -> Array:
    """The error function: 2/√π · ∫₀ˣ exp(-t²) dt, in the shape and dtype of ``x``, which is floating.

    The relative error is below 1e-7, and below 1e-13 for float64.

    >>> erf(np.array([-np.inf, 0.0, 0.5]))
    array([-1.        ,  0.        ,  0.52049988])
    """
    wide = np.abs(x, dtype=np.float64)
    low = np.minimum(wide, 1)
    near_zero = low * chebyshev.chebval(2 * low * low - 1, slope_coefficients())
    far = 1 - tail(wide, x.itemsize)
    return np.copysign(np.where(wide < 1, near_zero, far), x).astype(x.dtype)


def normal_cdf(x: Array) -> Array:
    """Φ(x): the probability that a number from the standard normal distribution is at most x.

    Φ(x) = ½ (1 + erf(x/√2)), with a relative error below 1e-7 even far below zero, where that difference
    would be only rounding. The result has the shape and dtype of ``x``, which is floating.

    >>> normal_cdf(np.array([-10.0, 0.0, 1.0]))
    array([7.61985302e-24, 5.00000000e-01, 8.41344746e-01])
    """
    above = tail(np.abs(x, dtype=np.float64) / math.sqrt(2), x.itemsize) / 2
    return np.where(x < 0, above, 1 - above).astype(x.dtype)


def tail(z: Array, itemsize: int) -> Array:
    """erfc(z) = 1 - erf(z) for z ≥ 0, float64: exp(-z²) times a function that varies little."""
    places = 1 - 2 * MIDDLE / (z + MIDDLE)  # (z - MIDDLE) / (z + MIDDLE), also for an infinite z
    if itemsize == 8:
        return np.exp(-z * z) * chebyshev.chebval(places, tail_coefficients(DEGREE))
    *others, highest = chebyshev.cheb2poly(tail_coefficients(SHORT))
    total = np.full_like(places, highest)
    for coefficient in reversed(others):
        total *= places
        total += coefficient
    total *= np.exp(-z * z)
    return total


@cache
def tail_coefficients(degree: int) -> Array:
    """The coefficients of the polynomial for exp(z²) · erfc(z) on [-1, 1]."""

    def at(place: float) -> float:
        return scaled_tail(MIDDLE * (1 + place) / (1 - place))

    return np.asarray(chebyshev.chebinterpolate(np.vectorize(at), degree))


@cache
def slope_coefficients() -> Array:
    """The coefficients of the polynomial for erf(z) / z with z² in [0, 1], mapped to [-1, 1]."""

    def at(place: float) -> float:
        z = math.sqrt((1 + place) / 2)
        return math.erf(z) / z

    return np.asarray(chebyshev.chebinterpolate(np.vectorize(at), 14))


def scaled_tail(z: float) -> float:
    """exp(z²) · erfc(z); for large z, where that is 0 times infinity, by Laplace's continued fraction.

    >>> scaled_tail(0.0), round(scaled_tail(100.0), 9)
    (1.0, 0.005641614)
    """
    if z < MIDDLE:
        return math.exp(z * z) * math.erfc(z)
    below = z
    for k in range(60, 0, -1):
        below = z + k / 2 / below
    return 1 / (math.sqrt(math.pi) * below)
