"""Clocks that move only as a spec moves them: what takes time there takes a known time."""

import numpy as np


class Clock:
    """A clock that somebody else moves; `sleep` moves it, too."""

    def __init__(self):
        self.time = 0.0

    def __call__(self):
        return self.time

    def sleep(self, seconds):
        self.time += seconds


class Ticks:
    """A clock that goes on by the next of some steps each time it is asked."""

    def __init__(self, *steps):
        self.steps = list(steps)
        self.now = 100.0

    def __call__(self):
        self.now += self.steps.pop(0) if self.steps else 0.0
        return self.now


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
