"""The experiments: what a milestone trains and measures, one function for its test and its scene."""

from collections.abc import Callable

OnEpoch = Callable[[dict[str, float]], None]
"""Called after each epoch of a training with {"epoch", "loss"}."""
