"""One training step of an MLP 784-128-10 at batch 64, ours beside PyTorch's; shown, never asserted.

tox -e bench
python -m pytest benchmarks --reference --benchmark-group-by=group
"""

import numpy as np
import pytest

BATCH, PIXELS, HIDDEN, CLASSES = 64, 784, 128, 10


@pytest.fixture
def batch():
    generator = np.random.default_rng(0)
    images = generator.random((BATCH, PIXELS), np.float32)  # (N, D)
    return images, generator.integers(0, CLASSES, BATCH)  # (N, D), (N,)


@pytest.mark.benchmark(group="mlp step")
def test_tinytorch(benchmark, batch):
    import tinytorch as tt

    images, labels = batch
    layers = (tt.Linear(PIXELS, HIDDEN), tt.ReLU(), tt.Linear(HIDDEN, CLASSES))
    model = tt.Sequential(*layers)
    optimizer = tt.SGD(model.parameters(), lr=0.1)
    inputs = tt.Tensor(images)

    def step():
        optimizer.zero_grad()
        tt.cross_entropy(model(inputs), labels).backward()
        optimizer.step()

    benchmark(step)


@pytest.mark.benchmark(group="mlp step")
def test_torch(benchmark, batch):
    torch = pytest.importorskip("torch", reason="pip install -e '.[bench]' installs it")
    images, labels = (torch.from_numpy(array) for array in batch)
    layers = (torch.nn.Linear(PIXELS, HIDDEN), torch.nn.ReLU(), torch.nn.Linear(HIDDEN, CLASSES))
    model = torch.nn.Sequential(*layers)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)

    def step():
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(images), labels).backward()
        optimizer.step()

    benchmark(step)
