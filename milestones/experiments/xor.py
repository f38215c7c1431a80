"""The experiment of 1969: what one layer cannot do, and a hidden one can."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from milestones.experiments import OnEpoch

if TYPE_CHECKING:
    from tinytorch.layers import Module
    from tinytorch.tensor import Tensor

HIDDEN = 8
EPOCHS = 600
LEARNING_RATE = 0.05
EDGE = 2.0
"""How far from the middle the answers are drawn; the points are 1 away from it."""


@dataclass(frozen=True)
class Result:
    """What one run found: how many of the four points are right, in [0, 1]."""

    one_layer: float
    hidden_layer: float
    answers: np.ndarray  # (41, 41): what the network answers everywhere, in [0, 1], from below left


def experiment(seed: int = 0, on_epoch: OnEpoch | None = None) -> Result:
    """Train one layer, and then a network with a hidden layer, on the four points of XOR.

    Args:
        seed: of the first weights.
        on_epoch: called after each epoch of the network with {"epoch", "loss"}.
    Returns:
        A `Result`. For the single layer it is the best accuracy that any epoch reached.
    """
    from tinytorch.activations import Tanh
    from tinytorch.layers import Linear, Sequential

    generator = np.random.default_rng(seed)
    line = Linear(2, 1, generator=generator)
    hidden = (Linear(2, HIDDEN, generator=generator), Tanh())
    network = Sequential(*hidden, Linear(HIDDEN, 1, generator=generator))
    best = max(accuracies(line))
    *_, last = accuracies(network, on_epoch)
    return Result(best, last, everywhere(network))


def everywhere(network: Module) -> np.ndarray:
    """(41, 41): how sure a network is of "yes", at each place around the four points."""
    from tinytorch.autograd import no_grad
    from tinytorch.tensor import Tensor

    places = np.linspace(-EDGE, EDGE, 41, dtype=np.float32)  # (41,)
    x, y = np.meshgrid(places, places)  # (41, 41) each
    inputs = np.stack([x.ravel(), y.ravel()], axis=1)  # (1681, 2)
    with no_grad():
        scores = network(Tensor(inputs)).data  # (1681, 1)
    return 1 / (1 + np.exp(-scores.reshape(x.shape)))  # (41, 41)


def points() -> tuple[Tensor, Tensor]:
    """The four points and whether exactly one of their coordinates is positive."""
    from tinytorch.tensor import Tensor

    inputs = np.array([[-1, -1], [-1, 1], [1, -1], [1, 1]], np.float32)  # (4, 2)
    return Tensor(inputs), Tensor(np.array([[0], [1], [1], [0]], np.float32))  # (4, 1)


def accuracies(model: Module, on_epoch: OnEpoch | None = None) -> list[float]:
    """Train a model; the share of points that are right after each epoch."""
    from tinytorch.autograd import no_grad
    from tinytorch.losses import binary_cross_entropy_with_logits
    from tinytorch.optimizers import Adam
    from tinytorch.training import Trainer

    inputs, targets = points()
    optimizer = Adam(model.parameters(), lr=LEARNING_RATE)
    trainer = Trainer(model, optimizer, binary_cross_entropy_with_logits)
    found: list[float] = []

    def measure(record: dict[str, float]) -> None:
        with no_grad():
            right = (model(inputs).data > 0) == (targets.data > 0.5)  # (4, 1)
        found.append(float(right.mean()))
        if on_epoch is not None:
            on_epoch(record)

    trainer.fit([(inputs, targets)], EPOCHS, on_epoch=measure)
    return found
