"""The experiment of 1998: a convolutional network finds a digit wherever it stands."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from milestones.classification import accuracy, confusions
from milestones.experiments import OnEpoch

if TYPE_CHECKING:
    from tinytorch.dataloader import DataLoader
    from tinytorch.datasets import CIFAR10, TinyDigits
    from tinytorch.layers import Module, Parameter, Sequential
    from tinytorch.tensor import Tensor
    from tinytorch.training import CosineSchedule

CANVAS, SIDE = 16, 8
MLP_HIDDEN = 128
CIFAR_MEAN, CIFAR_STD = (0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616)


@dataclass(frozen=True)
class Scale:
    """What is trained on, and for how long."""

    epochs: int
    batch: int
    learning_rate: float


SCALES = {
    "tiny": Scale(epochs=12, batch=32, learning_rate=5e-3),
    "full": Scale(epochs=7, batch=128, learning_rate=3e-3),
}


@dataclass(frozen=True)
class Result:
    """What one run found.

    Attributes:
        accuracy: on test images, in [0, 1].
        confusion: how often the row's class was taken for the column's.
        filters: the kernels of the first layer after training, (O, C, KH, KW).
        least_gradient: the smallest norm of any filter's gradient on one batch, over all layers.
        least_move: how far the filters of a layer went relative to their size, least of all layers.
        parameters: how many numbers were trained.
    """

    accuracy: float
    confusion: np.ndarray = field(repr=False)
    filters: np.ndarray = field(repr=False)
    least_gradient: float
    least_move: float
    parameters: int


@dataclass(frozen=True)
class Control:
    """What the same data gives without learned filters.

    Attributes:
        mlp: test accuracy of a network without convolutions.
        mlp_parameters: how many numbers it trained.
        frozen: test accuracy with the convolutions left as they were drawn.
    """

    mlp: float
    mlp_parameters: int
    frozen: float


def shifted(digits: TinyDigits, generator: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """TinyDigits, each put somewhere on a larger canvas: images (N, 1, 16, 16) and labels (N,)."""
    canvas = np.zeros((len(digits), 1, CANVAS, CANVAS), np.float32)
    corners = generator.integers(0, CANVAS - SIDE + 1, (len(digits), 2))
    for image, (top, left), digit in zip(canvas, corners, digits.images, strict=True):
        image[:, top : top + SIDE, left : left + SIDE] = digit
    return canvas, digits.labels


class Transformed:
    """A data set whose images are changed each time they are asked for."""

    def __init__(self, dataset: CIFAR10, transform: Callable[[np.ndarray], np.ndarray]) -> None:
        self.dataset = dataset
        self.transform = transform

    def __len__(self) -> int:
        return len(self.dataset)

    def __getitem__(self, index: int) -> tuple[np.ndarray, Any]:
        return self.fetch(index)

    def fetch(self, indices: np.ndarray | int) -> tuple[np.ndarray, Any]:
        images, labels = self.dataset.fetch(indices)
        return self.transform(images), labels


def digit_loaders(scale: Scale, generator: np.random.Generator) -> tuple[DataLoader, DataLoader]:
    """Batches of shifted digits to train on and to test with."""
    from tinytorch.dataloader import DataLoader, TensorDataset
    from tinytorch.datasets import TinyDigits

    train, test = (
        TensorDataset(*shifted(TinyDigits(train=train), generator)) for train in (True, False)
    )
    return DataLoader(train, scale.batch, shuffle=True, generator=generator), DataLoader(test, 100)


def photo_loaders(scale: Scale, generator: np.random.Generator) -> tuple[DataLoader, DataLoader]:
    """Batches of CIFAR-10, those to train on mirrored and moved at random."""
    from tinytorch.dataloader import (
        Compose,
        DataLoader,
        Normalize,
        RandomCrop,
        RandomHorizontalFlip,
    )
    from tinytorch.datasets import CIFAR10

    normal = Normalize(CIFAR_MEAN, CIFAR_STD)
    flip = RandomHorizontalFlip(generator=generator)
    crop = RandomCrop(32, padding=4, generator=generator)
    train = Transformed(CIFAR10(train=True), Compose([flip, crop, normal]))
    test = Transformed(CIFAR10(train=False), normal)
    return DataLoader(train, scale.batch, shuffle=True, generator=generator), DataLoader(test, 500)


def convolutional(
    layers: Iterable[tuple[int, int, int]], generator: np.random.Generator
) -> Iterator[Callable[[Tensor], Tensor]]:
    """Convolution, then whatever else, again and again: ``layers`` as (in, out, pooling)."""
    from tinytorch.activations import ReLU
    from tinytorch.spatial import BatchNorm2d, Conv2d, MaxPool2d

    for channels, filters, pooling in layers:
        yield Conv2d(channels, filters, 3, padding=1, bias=False, generator=generator)
        if pooling > 1:
            yield MaxPool2d(pooling)
        yield BatchNorm2d(filters)
        yield ReLU()


def digit_network(generator: np.random.Generator) -> Sequential:
    """Three convolutions; the last pooling looks at all places at once, and forgets which it was."""
    from tinytorch.layers import Flatten, Linear, Sequential

    layers = ((1, 12, 1), (12, 24, 2), (24, 32, 8))
    return Sequential(
        *convolutional(layers, generator), Flatten(), Linear(32, 10, generator=generator)
    )


def photo_network(generator: np.random.Generator) -> Sequential:
    """Three convolutions with twice the filters and half the height and width each time."""
    from tinytorch.layers import Flatten, Linear, Sequential

    layers = ((3, 32, 2), (32, 64, 2), (64, 128, 2))
    last = Linear(128 * 4 * 4, 10, generator=generator)
    return Sequential(*convolutional(layers, generator), Flatten(), last)


def train(
    model: Module,
    parameters: Sequence[Parameter],
    batches: DataLoader,
    scale: Scale,
    on_epoch: OnEpoch | None = None,
) -> None:
    """Teach a model to classify, changing only some of its parameters; freed memory is kept meanwhile."""
    from tinytorch.losses import cross_entropy
    from tinytorch.memory import keep_freed_memory
    from tinytorch.optimizers import AdamW
    from tinytorch.training import Trainer

    keep_freed_memory()
    optimizer = AdamW(parameters, lr=scale.learning_rate)
    trainer = Trainer(model, optimizer, cross_entropy, rates(scale, len(batches)))
    trainer.fit(batches, scale.epochs, on_epoch=on_epoch)


def rates(scale: Scale, batches: int) -> CosineSchedule:
    """The learning rate of each step, for so many batches an epoch."""
    from tinytorch.training import CosineSchedule

    steps = scale.epochs * batches
    return CosineSchedule(scale.learning_rate, steps, warmup_steps=steps // 10)


def divided(model: Module) -> Module:
    """The model; each thread takes a part of a batch, with as many threads as pay."""
    from tinytorch.nn import DataParallel

    parallel: Module = DataParallel(model)
    return parallel


def kernels(model: Sequential) -> list[Parameter]:
    """The filters of every convolution: the parameters with four axes."""
    return [parameter for parameter in model.parameters() if parameter.ndim == 4]


def least_norm(gradient: np.ndarray | None) -> float:
    """Of the gradients (O, C, KH, KW) of some filters, the smallest norm; 0 if they got none."""
    if gradient is None:
        return 0.0
    return float(np.linalg.norm(gradient.reshape(len(gradient), -1), axis=1).min())


def experiment(scale: str = "tiny", seed: int = 0, on_epoch: OnEpoch | None = None) -> Result:
    """Train a convolutional network: on shifted TinyDigits ("tiny") or, on several cores, CIFAR-10 ("full").

    Args:
        scale: a key of SCALES.
        seed: of the first weights, of the places of the digits and of the order of the images.
        on_epoch: called after each epoch with {"epoch", "loss"}.
    Returns:
        A `Result`.
    """
    from tinytorch.losses import cross_entropy

    sizes, generator = SCALES[scale], np.random.default_rng(seed)
    loaders, network = (
        (digit_loaders, digit_network) if scale == "tiny" else (photo_loaders, photo_network)
    )
    batches, test = loaders(sizes, generator)
    model = network(generator)
    before = [kernel.data.copy() for kernel in kernels(model)]
    images, labels = next(iter(batches))
    cross_entropy(model(images), labels).backward()
    least_gradient = min(least_norm(kernel.grad) for kernel in kernels(model))
    used = divided(model) if scale == "full" else model
    train(used, list(model.parameters()), batches, sizes, on_epoch)
    confusion = confusions(used, test)
    moves = [
        np.linalg.norm(kernel.data - old) / np.linalg.norm(old)
        for kernel, old in zip(kernels(model), before, strict=True)
    ]
    return Result(
        accuracy=accuracy(confusion),
        confusion=confusion,
        filters=kernels(model)[0].data,
        least_gradient=least_gradient,
        least_move=float(min(moves)),
        parameters=sum(parameter.size for parameter in model.parameters()),
    )


def control(seed: int = 0) -> Control:
    """What shifted TinyDigits give to a network without filters, and to one that may not learn its own.

    Returns:
        A `Control`.
    """
    from tinytorch.activations import ReLU
    from tinytorch.layers import Flatten, Linear, Sequential

    sizes, generator = SCALES["tiny"], np.random.default_rng(seed)
    batches, test = digit_loaders(sizes, generator)
    first = Linear(CANVAS * CANVAS, MLP_HIDDEN, generator=generator)
    mlp = Sequential(Flatten(), first, ReLU(), Linear(MLP_HIDDEN, 10, generator=generator))
    # Given more time, since it is quick: what it lacks is not training.
    longer = Scale(epochs=30, batch=sizes.batch, learning_rate=3e-3)
    train(mlp, list(mlp.parameters()), batches, longer)
    frozen = digit_network(generator)
    rest = [parameter for parameter in frozen.parameters() if parameter.ndim != 4]
    train(frozen, rest, batches, sizes)
    return Control(
        mlp=accuracy(confusions(mlp, test)),
        mlp_parameters=sum(parameter.size for parameter in mlp.parameters()),
        frozen=accuracy(confusions(frozen, test)),
    )
