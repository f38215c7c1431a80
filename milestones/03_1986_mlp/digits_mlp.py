"""The experiment of 1986: back-propagation teaches a network to read handwritten digits."""

from dataclasses import dataclass, field

import numpy as np

HIDDEN = 256
DROPPED = 0.5
EPOCHS = 30
BATCH = 32
LEARNING_RATE = 1e-2


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


def experiment(seed=0, on_epoch=None):
    """Train a network with one hidden layer on TinyDigits.

    Args:
        seed: of the first weights and of the order of the images.
        on_epoch: called after each epoch with {"epoch", "loss"}.
    Returns:
        A `Result`.
    """
    from tinytorch.activations import ReLU
    from tinytorch.dataloader import DataLoader
    from tinytorch.datasets import TinyDigits
    from tinytorch.layers import Dropout, Flatten, Linear, Sequential
    from tinytorch.losses import cross_entropy
    from tinytorch.optimizers import AdamW
    from tinytorch.training import CosineSchedule, Trainer

    generator = np.random.default_rng(seed)
    train, test = TinyDigits(train=True), TinyDigits(train=False)
    first = Linear(64, HIDDEN, generator=generator)
    hidden = (first, ReLU(), Dropout(DROPPED, generator=generator))
    model = Sequential(Flatten(), *hidden, Linear(HIDDEN, 10, generator=generator))
    batches = DataLoader(train, BATCH, shuffle=True, generator=generator)
    before = first.weight.data.copy()
    trainer = Trainer(
        model,
        AdamW(model.parameters(), lr=LEARNING_RATE),
        cross_entropy,
        schedule=CosineSchedule(LEARNING_RATE, EPOCHS * len(batches)),
    )
    trainer.fit(batches, EPOCHS, on_epoch=on_epoch)
    confusion = confusions(model, DataLoader(test, BATCH))
    return Result(
        accuracy=float(np.trace(confusion) / confusion.sum()),
        confusion=confusion,
        first_layer_moved=float(
            np.linalg.norm(first.weight.data - before) / np.linalg.norm(before)
        ),
        parameters=sum(parameter.size for parameter in model.parameters()),
    )


def confusions(model, batches):
    """(10, 10): how often each digit (row) was read as each digit (column)."""
    from tinytorch.autograd import no_grad

    counts = np.zeros((10, 10), np.int64)
    model.eval()
    with no_grad():
        for images, labels in batches:
            np.add.at(counts, (labels.data, model(images).data.argmax(axis=1)), 1)
    return counts
