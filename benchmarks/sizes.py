"""Work that can be done at any size: what `benchmarks.growth` measures."""

from __future__ import annotations

import numpy as np

import tinytorch as tt
from benchmarks import models, text

SHORT_TEXTS, IMAGES, CHANNELS = 4, 4, (3, 16)


def graph(nodes):
    """Made and gone back through."""

    def run():
        x = tt.Tensor([1.0], requires_grad=True)
        end = x
        for _ in range(nodes):
            end = end + x
        end.backward()

    return run


def batch(rows):
    """A step of the MLP."""
    model, (images, labels) = models.our_mlp(), models.rows_of_pixels(rows)
    return models.our_step(model, tt.SGD(model.parameters(), lr=0.1), tt.Tensor(images), labels)


def gpt_step(length, vocabulary):
    model = tt.GPT(tt.GPTConfig(vocabulary, length, models.WIDTH, models.HEADS, models.LAYERS))
    drawn = np.random.default_rng(0).integers(0, vocabulary, (SHORT_TEXTS, length + 1))
    optimizer = tt.SGD(model.parameters(), lr=0.1)
    return models.our_step(models.ours_filled(model), optimizer, drawn[:, :-1], drawn[:, 1:].copy())


def sequence(length):
    """A step of the GPT on four texts."""
    return gpt_step(length, models.VOCABULARY)


def vocabulary(tokens):
    """A step of the GPT: its table is looked up, multiplied by, and moved."""
    return gpt_step(32, tokens)


def generation(tokens):
    """Each token has all before it read again."""
    model = models.our_gpt(tokens + 5)
    return lambda: model.generate(models.PROMPT, tokens, temperature=0)


def cached_generation(tokens):
    model = models.our_gpt(tokens + 5)
    return lambda: tt.cached_generate(model, models.PROMPT, tokens, temperature=0)


def image(side):
    """A convolution of 16 kernels, a norm and a pool, forward and backward."""
    model = tt.Sequential(
        tt.Conv2d(*CHANNELS, 3, padding=1), tt.BatchNorm2d(CHANNELS[1]), tt.ReLU(), tt.MaxPool2d(2)
    )
    drawn = np.random.default_rng(0).standard_normal((IMAGES, CHANNELS[0], side, side))
    images = tt.Tensor(drawn.astype(np.float32))
    return lambda: model(images).sum().backward()


def softmax(classes):
    scores = tt.Tensor(np.random.default_rng(0).standard_normal((64, classes)).astype(np.float32))
    return lambda: tt.softmax(scores)


def bpe_training(letters):
    """All merges that a word of letters by chance has."""
    word = text.letters(letters, 20, "一")
    return lambda: tt.BPETokenizer().train(word, 10**6)


def bpe_encoding(letters):
    """One word of letters by chance."""
    word = text.letters(letters, 10, "a")
    tokenizer = tt.BPETokenizer().train(text.letters(10_000, 10, "a"), 768)
    return lambda: tokenizer.encode(word)
