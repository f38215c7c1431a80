"""What 19 calculates, element by element, and a machine whose speed is known."""

import numpy as np


def median(samples):
    """The sample in the middle, or the mean of both."""
    ordered = sorted(samples)
    n = len(ordered)
    return ordered[n // 2] if n % 2 else (ordered[n // 2 - 1] + ordered[n // 2]) / 2


def mad(samples):
    return median([abs(sample - median(samples)) for sample in samples])


def frontier(points, maximize):
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


class Work:
    """A function whose name is ``work``, and that shows in a message as what it takes."""

    __name__ = "work"

    def __init__(self, run, shown):
        self.run = run
        self.shown = shown

    def __call__(self):
        self.run()

    def __repr__(self):
        return f"<takes {self.shown} s>"


class Machine:
    """A clock, and functions that take a known time on it, with noise that is known as well.

    Args:
        seed: of the noise.
        noise: its standard deviation, relative to the time.
        drift: how much slower every call makes the machine.
    Attributes:
        log: the names of the functions in the order in which they were called.
    """

    def __init__(self, seed=0, noise=0.0, drift=0.0):
        self.time = 0.0
        self.generator = np.random.default_rng(seed)
        self.noise = noise
        self.drift = drift
        self.log = []

    def __call__(self):
        return self.time

    def __repr__(self):
        return "<simulated clock>"

    def spend(self, seconds):
        noise = np.exp(self.noise * self.generator.standard_normal())
        self.time += seconds * noise * (1 + self.drift) ** len(self.log)

    def scripted(self, *times):
        """A function that takes these seconds, one after the other."""
        rest = iter(times)

        def work():
            self.time += next(rest)

        return Work(work, ", ".join(f"{seconds:g}" for seconds in times))

    def taking(self, seconds, name="work"):
        """A function that takes ``seconds`` a call."""

        def work():
            self.spend(seconds)
            self.log.append(name)

        return Work(work, f"{seconds:g}")
