"""MLP, CNN and GPT, ours and PyTorch's, with the same weights and the same data."""

from __future__ import annotations

import warnings
from itertools import pairwise
from zlib import crc32

import numpy as np

import tinytorch as tt
from benchmarks import settings

MLP, BATCH, CLASSES = (784, 128, 10), 64, 10
INT8_MLP = (784, 256, 256, 10)
CHANNELS, IMAGES, SIDE = (3, 32, 64, 128), 128, 32
VOCABULARY, WIDTH, HEADS, LAYERS, TEXTS, LENGTH = 256, 64, 4, 2, 32, 64
CNN_RATE = 1e-3
"""Low: steps that overshoot make rounding errors grow from step to step, in any framework."""

CONTEXT = 320
PROMPT = [[72, 101, 108, 108, 111]]
UNCACHED, CACHED = 60, 256


def fill(named):
    """Put the same numbers into parameters of the same names: matrices by chance, biases 0."""
    for name, array in named:
        if array.ndim >= 2:
            generator = np.random.default_rng(crc32(name.encode()))
            array[...] = generator.standard_normal(array.shape) * array[0].size ** -0.5
        elif name.endswith("bias"):
            array[...] = 0


def ours_filled(model):
    fill((name, parameter.data) for name, parameter in model.named_parameters())
    return model


def torchs_filled(model):
    fill((name, parameter.detach().numpy()) for name, parameter in model.named_parameters())
    return model


def rows_of_pixels(count):
    """Images as rows (N, 784), and a class for each."""
    generator = np.random.default_rng(0)
    return generator.random((count, 784), np.float32), generator.integers(0, CLASSES, count)


def photographs():
    """Images (N, 3, 32, 32), and a class for each."""
    generator = np.random.default_rng(0)
    images = generator.standard_normal((IMAGES, CHANNELS[0], SIDE, SIDE)).astype(np.float32)
    return images, generator.integers(0, CLASSES, IMAGES)


def texts():
    """Token ids (N, T), and those that follow each."""
    drawn = np.random.default_rng(0).integers(0, VOCABULARY, (TEXTS, LENGTH + 1))
    return drawn[:, :-1], drawn[:, 1:].copy()


def divided(model):
    """The model; with several threads, each takes a part of a batch. A package may be older than that."""
    threads = settings.threads()
    can = threads > 1 and hasattr(tt.nn, "DataParallel")
    return tt.nn.DataParallel(model, threads) if can else model


# Steps


class Losses(tt.nn.Module):
    """A model, and the loss of each label. Where a batch is divided, so is this."""

    def __init__(self, model):
        self.model = model

    def forward(self, inputs, labels):
        scores = self.model(inputs).reshape(labels.size, -1)
        losses = tt.cross_entropy(scores, labels.reshape(-1), reduction="none")
        return losses.reshape(labels.shape)


def our_divided_step(model, optimizer, inputs, labels):
    """With one thread, the same as `our_step`."""
    whole = Losses(model)
    losses = divided(whole)
    if losses is whole:
        return our_step(model, optimizer, inputs, labels)

    def step():
        optimizer.zero_grad()
        loss = losses(inputs, labels).mean()
        loss.backward()
        optimizer.step()
        return loss.item()

    return step


def our_step(model, optimizer, inputs, labels):
    labels = labels.reshape(-1)

    def step():
        optimizer.zero_grad()
        loss = tt.cross_entropy(model(inputs).reshape(len(labels), -1), labels)
        loss.backward()
        optimizer.step()
        return loss.item()

    return step


def torch_step(model, optimizer, inputs, labels):
    import torch

    labels = torch.from_numpy(labels.reshape(-1))

    def step():
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(model(inputs).reshape(len(labels), -1), labels)
        loss.backward()
        optimizer.step()
        return loss.item()

    return step


# MLP


def our_mlp(sizes=MLP):
    layers = []
    for before, after in pairwise(sizes):
        layers += [tt.Linear(before, after), tt.ReLU()]
    return ours_filled(tt.Sequential(*layers[:-1]))


def torch_mlp(sizes=MLP):
    from torch import nn

    layers = []
    for before, after in pairwise(sizes):
        layers += [nn.Linear(before, after), nn.ReLU()]
    return torchs_filled(nn.Sequential(*layers[:-1]))


def our_mlp_sgd():
    model, (images, labels) = our_mlp(), rows_of_pixels(BATCH)
    return our_step(model, tt.SGD(model.parameters(), lr=0.1), tt.Tensor(images), labels)


def torch_mlp_sgd():
    import torch

    model, (images, labels) = torch_mlp(), rows_of_pixels(BATCH)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    return torch_step(model, optimizer, torch.from_numpy(images), labels)


def our_mlp_adam():
    model, (images, labels) = our_mlp(), rows_of_pixels(BATCH)
    return our_step(model, tt.Adam(model.parameters(), lr=1e-3), tt.Tensor(images), labels)


def torch_mlp_adam():
    import torch

    model, (images, labels) = torch_mlp(), rows_of_pixels(BATCH)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    return torch_step(model, optimizer, torch.from_numpy(images), labels)


# INT8: ours has ranges that were seen before, PyTorch takes them from each batch


def our_int8():
    images, _ = rows_of_pixels(IMAGES)
    batch = tt.Tensor(images)
    model = tt.quantize_model(our_mlp(INT8_MLP), [batch])
    return without_gradients(model, batch)


def torch_int8():
    import torch

    images, _ = rows_of_pixels(IMAGES)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = torch.ao.quantization.quantize_dynamic(torch_mlp(INT8_MLP), {torch.nn.Linear})
    return torch_without_gradients(model, torch.from_numpy(images))


# CNN


def our_cnn():
    layers = []
    for before, after in pairwise(CHANNELS):
        layers += [tt.Conv2d(before, after, 3, padding=1), tt.BatchNorm2d(after), tt.ReLU()]
        layers += [tt.MaxPool2d(2)]
    features = CHANNELS[-1] * (SIDE // 8) ** 2
    return ours_filled(tt.Sequential(*layers, tt.Flatten(), tt.Linear(features, CLASSES)))


def torch_cnn():
    from torch import nn

    layers = []
    for before, after in pairwise(CHANNELS):
        layers += [nn.Conv2d(before, after, 3, padding=1), nn.BatchNorm2d(after), nn.ReLU()]
        layers += [nn.MaxPool2d(2)]
    features = CHANNELS[-1] * (SIDE // 8) ** 2
    return torchs_filled(nn.Sequential(*layers, nn.Flatten(), nn.Linear(features, CLASSES)))


def our_cnn_step():
    model, (images, labels) = our_cnn(), photographs()
    return our_divided_step(
        model, tt.SGD(model.parameters(), lr=CNN_RATE), tt.Tensor(images), labels
    )


def torch_cnn_step():
    import torch

    model, (images, labels) = torch_cnn(), photographs()
    optimizer = torch.optim.SGD(model.parameters(), lr=CNN_RATE)
    return torch_step(model, optimizer, torch.from_numpy(images), labels)


def without_gradients(model, batch):
    model.eval()

    def use():
        with tt.no_grad():
            return model(batch).data

    return use


def torch_without_gradients(model, batch):
    import torch

    model.eval()

    def use():
        with torch.inference_mode():
            return model(batch).numpy()

    return use


def our_cnn_inference():
    return without_gradients(divided(our_cnn()), tt.Tensor(photographs()[0]))


def torch_cnn_inference():
    import torch

    return torch_without_gradients(torch_cnn(), torch.from_numpy(photographs()[0]))


# GPT


def our_gpt(context=LENGTH):
    return ours_filled(tt.GPT(tt.GPTConfig(VOCABULARY, context, WIDTH, HEADS, LAYERS)))


def torch_gpt(context=LENGTH):
    from benchmarks import torchgpt

    return torchs_filled(torchgpt.GPT(VOCABULARY, context, WIDTH, HEADS, LAYERS))


def our_gpt_step():
    model, (tokens, targets) = our_gpt(), texts()
    return our_divided_step(model, tt.Adam(model.parameters(), lr=1e-3), tokens, targets)


def torch_gpt_step():
    import torch

    model, (tokens, targets) = torch_gpt(), texts()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    return torch_step(model, optimizer, torch.from_numpy(tokens.copy()), targets)


def our_generate():
    model = our_gpt(CONTEXT)
    return lambda: model.generate(PROMPT, UNCACHED, temperature=0)


def torch_generate():
    model = torch_gpt(CONTEXT)
    return lambda: model.generate(PROMPT, UNCACHED, cached=False)


def our_cached_generate():
    model = our_gpt(CONTEXT)
    return lambda: tt.cached_generate(model, PROMPT, CACHED, temperature=0)


def our_fused_generate():
    model, generate = our_gpt(CONTEXT), tt.fused_generate  # imported here: code is not counted
    return lambda: generate(model, PROMPT, CACHED, temperature=0)


def torch_cached_generate():
    model = torch_gpt(CONTEXT)
    return lambda: model.generate(PROMPT, CACHED, cached=True)
