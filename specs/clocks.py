"""Clocks that move only as a spec moves them: what takes time there takes a known time."""

from collections.abc import Callable

import numpy as np


class Clock:
    """A clock that somebody else moves; `sleep` moves it, too."""

    def __init__(self) -> None:
        self.time = 0.0

    def __call__(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        """Let so much time pass."""
        self.time += seconds


class Ticks:
    """A clock that goes on by the next of some steps each time it is asked."""

    def __init__(self, *steps: float) -> None:
        self.steps = list(steps)
        self.now = 100.0

    def __call__(self) -> float:
        self.now += self.steps.pop(0) if self.steps else 0.0
        return self.now


class Work:
    """A function whose name is ``work``, and that shows in a message as what it takes."""

    __name__ = "work"

    def __init__(self, run: Callable[[], object], shown: str) -> None:
        self.run = run
        self.shown = shown

    def __call__(self) -> None:
        self.run()

    def __repr__(self) -> str:
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

    def __init__(self, seed: int = 0, noise: float = 0.0, drift: float = 0.0) -> None:
        self.time = 0.0
        self.generator = np.random.default_rng(seed)
        self.noise = noise
        self.drift = drift
        self.log: list[str] = []

    def __call__(self) -> float:
        return self.time

    def __repr__(self) -> str:
        return "<simulated clock>"

    def spend(self, seconds: float) -> None:
        """Let so much time pass, but for noise and drift."""
        noise = np.exp(self.noise * self.generator.standard_normal())
        self.time += seconds * noise * (1 + self.drift) ** len(self.log)

    def scripted(self, *times: float) -> Work:
        """A function that takes these seconds, one after the other."""
        rest = iter(times)

        def work() -> None:
            self.time += next(rest)

        return Work(work, ", ".join(f"{seconds:g}" for seconds in times))

    def taking(self, seconds: float, name: str = "work") -> Work:
        """A function that takes ``seconds`` a call."""

        def work() -> None:
            self.spend(seconds)
            self.log.append(name)

        return Work(work, f"{seconds:g}")
