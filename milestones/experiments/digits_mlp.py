"""The experiment of 1986: back-propagation teaches a network to read handwritten digits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from milestones.classification import accuracy, confusions
from milestones.experiments import OnEpoch

if TYPE_CHECKING:
    from tinytorch.datasets import MNIST, TinyDigits
    from tinytorch.layers import Parameter, Sequential
    from tinytorch.training import CosineSchedule


@dataclass(frozen=True)
class Scale:
    """What is trained, and for how long."""

    hidden: int
    dropped: float
    epochs: int
    batch: int
    learning_rate: float


SCALES = {
    "tiny": Scale(hidden=256, dropped=0.5, epochs=30, batch=32, learning_rate=1e-2),
    "full": Scale(hidden=512, dropped=0.2, epochs=12, batch=128, learning_rate=2e-3),
}
NARROW = Scale(hidden=16, dropped=0.0, epochs=40, batch=32, learning_rate=1e-2)
"""With few hidden units it matters what each of them stands for."""


@dataclass(frozen=True)
class Result:
    """What one run found.

    Attributes:
        accuracy: on test images, in [0, 1].
        confusion: (10, 10), how often the row's digit was read as the column's.
        first_layer_moved: how far the first layer's weights went, relative to their size.
        parameters: how many numbers were trained.
    """

    accuracy: float
    confusion: np.ndarray = field(repr=False)
    first_layer_moved: float
    parameters: int


@dataclass(frozen=True)
class Control:
    """A narrow network, trained as a whole, and with its first layer left as it was drawn."""

    trained: float
    frozen: float


def network(pixels: int, sizes: Scale, generator: np.random.Generator) -> Sequential:
    """Pixels, one hidden layer, ten scores."""
    from tinytorch.activations import ReLU
    from tinytorch.layers import Dropout, Flatten, Linear, Sequential

    first = Linear(pixels, sizes.hidden, generator=generator)
    hidden = (first, ReLU(), Dropout(sizes.dropped, generator=generator))
    return Sequential(Flatten(), *hidden, Linear(sizes.hidden, 10, generator=generator))


def train(
    model: Sequential,
    parameters: Sequence[Parameter],
    dataset: TinyDigits | MNIST,
    sizes: Scale,
    generator: np.random.Generator,
    on_epoch: OnEpoch | None = None,
) -> None:
    """Teach a model to read, changing only some of its parameters."""
    from tinytorch.dataloader import DataLoader
    from tinytorch.losses import cross_entropy
    from tinytorch.optimizers import AdamW
    from tinytorch.training import Trainer

    batches = DataLoader(dataset, sizes.batch, shuffle=True, generator=generator)
    optimizer = AdamW(parameters, lr=sizes.learning_rate)
    trainer = Trainer(model, optimizer, cross_entropy, rates(sizes, len(batches)))
    trainer.fit(batches, sizes.epochs, on_epoch=on_epoch)


def rates(sizes: Scale, batches: int) -> CosineSchedule:
    """The learning rate of each step, for so many batches an epoch."""
    from tinytorch.training import CosineSchedule

    return CosineSchedule(sizes.learning_rate, sizes.epochs * batches)


def experiment(scale: str = "tiny", seed: int = 0, on_epoch: OnEpoch | None = None) -> Result:
    """Train a network with one hidden layer: on TinyDigits ("tiny") or on MNIST ("full").

    Args:
        scale: a key of SCALES.
        seed: of the first weights and of the order of the images.
        on_epoch: called after each epoch with {"epoch", "loss"}.
    Returns:
        A `Result`.
    """
    from tinytorch import datasets
    from tinytorch.dataloader import DataLoader

    sizes, generator = SCALES[scale], np.random.default_rng(seed)
    images = datasets.TinyDigits if scale == "tiny" else datasets.MNIST
    digits, test = images(train=True), images(train=False)
    model = network(digits.images[0].size, sizes, generator)
    first = model[1].weight
    before = first.data.copy()
    train(model, list(model.parameters()), digits, sizes, generator, on_epoch)
    confusion = confusions(model, DataLoader(test, 500))
    return Result(
        accuracy=accuracy(confusion),
        confusion=confusion,
        first_layer_moved=float(np.linalg.norm(first.data - before) / np.linalg.norm(before)),
        parameters=sum(parameter.size for parameter in model.parameters()),
    )


def control(seed: int = 0) -> Control:
    """What a narrow hidden layer on TinyDigits is worth when it learns, and when it may not.

    Returns:
        A `Control`.
    """
    from tinytorch.dataloader import DataLoader
    from tinytorch.datasets import TinyDigits

    found = []
    for freeze in (False, True):
        generator = np.random.default_rng(seed)
        model = network(64, NARROW, generator)
        parameters = list((model[-1] if freeze else model).parameters())
        train(model, parameters, TinyDigits(train=True), NARROW, generator)
        found.append(accuracy(confusions(model, DataLoader(TinyDigits(train=False), 200))))
    return Control(*found)
