"""Models that both frameworks make, what goes into them, and how PyTorch writes and reads a checkpoint.

`make_weights.py` fills and runs them in PyTorch, `test_weights.py` and its neighbors here, `live.py` in both.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np

from tests.support import kit

FOLDER = Path(__file__).parent / "weights"
DIGESTS = FOLDER / "digests.json"
SCHEDULES = FOLDER / "schedules.json"

OPTIMIZERS = {
    "sgd": lambda optim, params: optim.SGD(params, lr=0.1, momentum=0.9, nesterov=True),
    "adam": lambda optim, params: optim.Adam(params, lr=0.05, betas=(0.8, 0.9), weight_decay=0.1),
    "adamw": lambda optim, params: optim.AdamW(params, lr=0.05, weight_decay=0.2),
}

RATES = {
    "lambda": lambda rates, o: rates.LambdaLR(o, lambda epoch: 1 / (1 + epoch)),
    "step": lambda rates, o: rates.StepLR(o, 2, gamma=0.5),
    "exponential": lambda rates, o: rates.ExponentialLR(o, 0.9),
    "multi_step": lambda rates, o: rates.MultiStepLR(o, [1, 3, 3, 6], gamma=0.5),
    "cosine": lambda rates, o: rates.CosineAnnealingLR(o, 8),
}

STEPS_BEFORE, STEPS_AFTER = 3, 4


def layers(nn: Any) -> Any:
    """One model that holds a layer of each kind, with and without what can be left out."""
    return nn.ModuleDict(
        {
            "linear": nn.Linear(3, 4),
            "linear_plain": nn.Linear(3, 4, bias=False),
            "conv": nn.Conv2d(2, 3, (3, 2), 2, 1),
            "conv_plain": nn.Conv2d(2, 3, 3, bias=False),
            "norm_2d": nn.BatchNorm2d(2),
            "norm_1d": nn.BatchNorm1d(3),
            "embedding": nn.Embedding(5, 4),
            "layer_norm": nn.LayerNorm(3),
            "attention": nn.MultiheadAttention(4, 2, batch_first=True),
            "attention_plain": nn.MultiheadAttention(4, 2, bias=False, batch_first=True),
            "nested": nn.Sequential(
                nn.Linear(3, 4),
                nn.Sequential(nn.Tanh(), nn.Sequential(nn.Linear(4, 2), nn.LayerNorm(2))),
            ),
            "images": nn.Sequential(
                nn.Conv2d(2, 3, 3), nn.BatchNorm2d(3), nn.ReLU(), nn.Flatten(), nn.Linear(48, 2)
            ),
            "shared": shared(nn),
        }
    )


def shared(nn: Any) -> Any:
    """A layer that is used twice, and one that has the weight of another."""
    twice, alike = nn.Linear(3, 3), nn.Linear(3, 3)
    alike.weight = twice.weight
    return nn.Sequential(twice, nn.Tanh(), alike, nn.Sequential(twice))


def network(nn: Any) -> Any:
    """A small model to train."""
    return nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))


def numbers(name: str, *shape: int) -> np.ndarray:
    """Numbers that belong to a name."""
    generator = np.random.default_rng(zlib.crc32(name.encode()))
    return generator.standard_normal(shape).astype(np.float32)


def filled(model: Any, tensor: Any) -> Any:
    """The model with numbers of its own at all places; ``tensor`` makes one of an array."""
    state = {}
    for name, value in model.state_dict().items():
        alone = not name.startswith("shared") or name == "shared.2.bias"
        made = numbers(name if alone else "shared", *value.shape)
        if name.endswith("running_var"):
            made = np.abs(made) + 0.5
        if name.endswith("num_batches_tracked"):
            made = np.array(len(name))
        state[name] = tensor(made)
    model.load_state_dict(state)
    return model


def results(model: Any, tensor: Any) -> Iterator[tuple[str, Any]]:
    """Yield (name, output) for each layer of `layers`, in use."""
    model.eval()
    inputs = {
        "rows": tensor(numbers("rows", 4, 3)),
        "images": tensor(numbers("images", 2, 2, 6, 6)),
        "sequences": tensor(numbers("sequences", 2, 3, 4)),
        "tokens": tensor(np.array([[0, 4], [1, 1]])),
    }
    kinds = {"conv": "images", "norm_2d": "images", "images": "images", "embedding": "tokens"}
    for name, layer in model.items():
        if name.startswith("attention"):
            x = inputs["sequences"]
            yield name, layer(x, x, x)[0]
        else:
            yield name, layer(inputs[kinds.get(name.removesuffix("_plain"), "rows")])


def train(model: Any, optimizer: Any, tensor: Any, steps: range) -> None:
    """Some steps towards random targets."""
    for step in steps:
        x, y = tensor(numbers(f"x {step}", 8, 3)), tensor(numbers(f"y {step}", 8, 2))
        optimizer.zero_grad()
        ((model(x) - y) ** 2).mean().backward()
        optimizer.step()


def page_functions() -> dict[str, Any]:
    """`write_checkpoint` and `read_checkpoint` as docs/pytorch.md has them for PyTorch."""
    text = (kit.ROOT / "docs" / "pytorch.md").read_text(encoding="utf-8")
    (code,) = [
        code
        for code in re.findall(r"```python\n(.*?)```", text, re.DOTALL)
        if "def write_checkpoint" in code
    ]
    names: dict[str, Any] = {}
    exec(code, names)
    return names


def copy_of(model, optimizer=None):
    """All that a load may change."""
    return model.state_dict(), deepcopy(optimizer.state_dict()) if optimizer else None


def assert_same(got, expected):
    """Two states, or parts of them, are equal to the last bit."""
    if isinstance(expected, dict):
        assert list(got) == list(expected)
        for name in expected:
            assert_same(got[name], expected[name])
    elif isinstance(expected, (list, tuple)):
        assert len(got) == len(expected)
        for one, other in zip(got, expected, strict=True):
            assert_same(one, other)
    else:
        np.testing.assert_array_equal(got, expected)
