"""The recipes of milestones from the first weight to the test, ours and PyTorch's.

Both sides start from the same weights, which our model draws. Both take the same batches in the same order
from our DataLoader, with pictures mirrored and shifted alike; its time counts on both sides. Only dropout is
drawn by each side on its own. Where there is some, in MNIST, the orders of later epochs differ too, because
our dropout and our orders come from one generator.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from benchmarks.models import divided
from milestones.classification import accuracy, confusions
from milestones.experiments import OnEpoch, digits_mlp, shifted_digits, tinytalks_gpt

SEED = 0
LONGER = 15
"""Epochs of CIFAR-10 for 80%: twelve come so close that rounding errors decide."""


@dataclass(frozen=True)
class Part:
    """How much of a recipe is done: all of it unless something is given.

    Attributes:
        examples: only so many, of those to train on and of those to test with.
        epochs: other than the recipe's.
        dropout: whether there is any.
    """

    examples: int | None = None
    epochs: int | None = None
    dropout: bool = True


Side = Callable[[Part, OnEpoch | None], float]
"""Does a recipe on one side, and returns the share of the test that is right."""


def cut(dataset, part):
    """A data set that keeps only the first examples, as many as a part has."""
    for name in ("images", "labels", "questions", "answers"):
        if hasattr(dataset, name):
            setattr(dataset, name, getattr(dataset, name)[: part.examples])
    return dataset


# MNIST


def mnist(part):
    """(sizes, generator, model, images to train on, batches to test with)."""
    from tinytorch import datasets
    from tinytorch.dataloader import DataLoader

    sizes, generator = digits_mlp.SCALES["full"], np.random.default_rng(SEED)
    sizes = replace(
        sizes,
        epochs=part.epochs or sizes.epochs,
        dropped=sizes.dropped if part.dropout else 0.0,
    )
    digits, test = (cut(datasets.MNIST(train=train), part) for train in (True, False))
    model = digits_mlp.network(digits.images[0].size, sizes, generator)
    return sizes, generator, model, digits, DataLoader(test, 500)


def our_mnist(part, on_epoch=None):
    sizes, generator, model, digits, test = mnist(part)
    digits_mlp.train(model, list(model.parameters()), digits, sizes, generator, on_epoch)
    return accuracy(confusions(model, test))


def torch_mnist(part, on_epoch=None):
    import torch

    from benchmarks import torchtraining
    from tinytorch.dataloader import DataLoader

    torch.manual_seed(SEED)
    sizes, generator, ours, digits, test = mnist(part)
    model = torchtraining.twin(ours)
    batches = DataLoader(digits, sizes.batch, shuffle=True, generator=generator)
    rates = digits_mlp.rates(sizes, len(batches))
    torchtraining.train(model, batches, sizes.epochs, rates, on_epoch=on_epoch)
    return torchtraining.accuracy(model, test)


# CIFAR-10


def cifar10(part):
    """(sizes, model, batches to train on, batches to test with)."""
    sizes, generator = shifted_digits.SCALES["full"], np.random.default_rng(SEED)
    sizes = replace(sizes, epochs=part.epochs or sizes.epochs)
    batches, test = shifted_digits.photo_loaders(sizes, generator)
    for loader in (batches, test):
        transformed: Any = loader.dataset
        cut(transformed.dataset, part)
    return sizes, shifted_digits.photo_network(generator), batches, test


def our_cifar10(part, on_epoch=None):
    sizes, model, batches, test = cifar10(part)
    used = divided(model)
    shifted_digits.train(used, list(model.parameters()), batches, sizes, on_epoch)
    return accuracy(confusions(used, test))


def torch_cifar10(part, on_epoch=None):
    from benchmarks import torchtraining

    sizes, ours, batches, test = cifar10(part)
    model = torchtraining.twin(ours)
    rates = shifted_digits.rates(sizes, len(batches))
    torchtraining.train(model, batches, sizes.epochs, rates, on_epoch=on_epoch)
    return torchtraining.accuracy(model, test)


def longer(side: Side) -> Side:
    """A recipe of CIFAR-10 with more epochs, unless a part has its own."""

    def work(part, on_epoch=None):
        return side(replace(part, epochs=part.epochs or LONGER), on_epoch)

    return work


# TinyTalks


def tinytalks(part):
    """(generator, talks, tokenizer, model)."""
    from tinytorch.datasets import TinyTalks
    from tinytorch.tokenization import BPETokenizer

    generator = np.random.default_rng(SEED)
    talks = cut(TinyTalks("train"), part)
    tokenizer = BPETokenizer().train(talks.text(), tinytalks_gpt.VOCABULARY)
    model = tinytalks_gpt.new_gpt(tokenizer, tinytalks_gpt.CONTEXT, generator)
    return generator, talks, tokenizer, model


def our_tinytalks(part, on_epoch=None):
    generator, talks, tokenizer, model = tinytalks(part)
    epochs = part.epochs or tinytalks_gpt.EPOCHS
    tinytalks_gpt.train(model, talks, tokenizer, epochs, generator, on_epoch)
    return tinytalks_gpt.asked(model, tokenizer, talks).exact


def torch_tinytalks(part, on_epoch=None):
    from benchmarks import torchtraining

    generator, talks, tokenizer, ours = tinytalks(part)
    model = torchtraining.gpt_twin(ours)
    epochs = part.epochs or tinytalks_gpt.EPOCHS
    batches = tinytalks_gpt.loader(talks, tokenizer, generator)
    torchtraining.train(
        model,
        batches,
        epochs,
        tinytalks_gpt.rates(epochs, len(batches)),
        loss=torchtraining.answer_loss(tinytalks_gpt.IGNORED),
        clip_norm=tinytalks_gpt.LONGEST_GRADIENT,
        on_epoch=on_epoch,
        betas=tinytalks_gpt.BETAS,
    )
    asked: Any = torchtraining.Greedy(model)
    return tinytalks_gpt.asked(asked, tokenizer, talks).exact
