"""The experiment of 1957: one neuron learns to tell two digits apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from milestones.experiments import OnEpoch

if TYPE_CHECKING:
    from tinytorch.layers import Linear
    from tinytorch.tensor import Tensor

LEARNING_RATE = 0.5
EPOCHS = 60


@dataclass(frozen=True)
class Result:
    """What one run of the experiment found: accuracies on test images, in [0, 1]."""

    untrained: float
    trained: float
    weights: np.ndarray  # (8, 8): how much each pixel speaks for the second digit


def experiment(
    seed: int = 0, digits: tuple[int, int] = (0, 1), on_epoch: OnEpoch | None = None
) -> Result:
    """Train one neuron on the images of two digits.

    Args:
        seed: of the first weights.
        digits: the two classes.
        on_epoch: called after each epoch with {"epoch", "loss"}.
    Returns:
        A `Result`.

    The untrained accuracy is the mean over twenty neurons with random weights: a single one can be
    right by luck, as a clock that stands still is.
    """
    from tinytorch.layers import Linear
    from tinytorch.losses import binary_cross_entropy_with_logits
    from tinytorch.optimizers import SGD
    from tinytorch.training import Trainer

    train, test = pixels(True, digits), pixels(False, digits)
    generator = np.random.default_rng(seed)
    strangers = [accuracy(Linear(64, 1, generator=generator), *test) for _ in range(20)]
    neuron = Linear(64, 1, generator=generator)
    optimizer = SGD(neuron.parameters(), lr=LEARNING_RATE)
    trainer = Trainer(neuron, optimizer, binary_cross_entropy_with_logits)
    trainer.fit([train], EPOCHS, on_epoch=on_epoch)
    weights = neuron.weight.data.reshape(8, 8).copy()
    return Result(float(np.mean(strangers)), accuracy(neuron, *test), weights)


def pixels(train: bool, digits: tuple[int, int]) -> tuple[Tensor, Tensor]:
    """(images, targets) of two digits: Tensors (N, 64), and (N, 1) of 0 and 1."""
    from tinytorch.datasets import TinyDigits
    from tinytorch.tensor import Tensor

    data = TinyDigits(train=train)
    chosen = np.isin(data.labels, digits)
    images = data.images[chosen].reshape(-1, 64) - 0.5  # (N, 64), centered
    targets = (data.labels[chosen] == digits[1]).astype(np.float32)[:, None]  # (N, 1)
    return Tensor(images), Tensor(targets)


def accuracy(neuron: Linear, images: Tensor, targets: Tensor) -> float:
    """How many images fall on the right side of the line."""
    from tinytorch.autograd import no_grad

    with no_grad():
        says_second = neuron(images).data > 0  # (N, 1)
    return float((says_second == (targets.data > 0.5)).mean())
