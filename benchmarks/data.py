"""Batches of a data set, ours and PyTorch's."""

from __future__ import annotations

import numpy as np

import tinytorch as tt

IMAGES, BATCH = 10_000, 64


def images():
    generator = np.random.default_rng(0)
    pixels = generator.random((IMAGES, 28, 28), np.float32)
    return pixels, generator.integers(0, 10, IMAGES)


def our_loader():
    loader = tt.DataLoader(tt.TensorDataset(*images()), batch_size=BATCH, shuffle=True)
    return lambda: sum(1 for _ in loader)


def torch_loader():
    import torch
    from torch.utils.data import DataLoader, TensorDataset

    dataset = TensorDataset(*map(torch.from_numpy, images()))
    loader = DataLoader(dataset, batch_size=BATCH, shuffle=True)
    return lambda: sum(1 for _ in loader)
