"""What 19 calculates, element by element."""

from collections.abc import Collection, Sequence
from math import comb


def median(samples: Sequence[float]) -> float:
    """The sample in the middle, or the mean of both."""
    ordered = sorted(samples)
    n = len(ordered)
    return ordered[n // 2] if n % 2 else (ordered[n // 2 - 1] + ordered[n // 2]) / 2


def mad(samples: Sequence[float]) -> float:
    return median([abs(sample - median(samples)) for sample in samples])


def share_of_medians(n: int, k: int) -> float:
    """The probability that the median of n draws from 0, …, n - 1, an odd number of them, is k or less.

    It is if more than half of the draws are.
    """
    p = (k + 1) / n
    return sum(comb(n, m) * p**m * (1 - p) ** (n - m) for m in range(n // 2 + 1, n + 1))


def frontier(points: Sequence[Sequence[float]], maximize: Collection[int]) -> list[int]:
    """Compare every point with every other."""
    found = []
    for i, point in enumerate(points):
        for other in points:
            signs = [-1 if column in maximize else 1 for column in range(len(point))]
            gains = [s * (a - b) for s, a, b in zip(signs, point, other, strict=True)]
            if min(gains) >= 0 and max(gains) > 0:
                break
        else:
            found.append(i)
    return found
