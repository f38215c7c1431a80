"""What the framework costs, counted: calls, operations and bytes of a step. No clock is read.

A count may grow by a twentieth, no more: whoever needs more says so here, and whoever needs less writes
down the smaller number. Times are measured in benchmarks, never here.
"""

from __future__ import annotations

import gc
import sys
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from pytest_tinytorch.evidence import implementation, importing
from tests.support import kit

ALLOWED = 1.05


@dataclass
class Costs:
    """What a step took.

    Attributes:
        calls: of primitives on Tensors.
        rules: of gradient rules.
        operations: of the calls, as module 14 counts them.
        held: the most bytes held at once, beyond what was there before.
        made: bytes that calls and rules took on their way, whether or not they gave them back: for each,
            the most that it held beyond what was held before it.
        functions: of Python's that were called, generators and comprehensions included. They are what takes
            time where arrays are small.
    """

    calls: int = 0
    rules: int = 0
    operations: int = 0
    held: int = 0
    made: int = 0
    functions: int = 0


class Meter:
    """Watches one step: an observer of primitives, and a `vjps` that counts."""

    def __init__(self, vjps: Callable[..., Iterator[Any]], flops_of: Callable[..., int]) -> None:
        self.costs = Costs()
        self.vjps, self.flops_of = vjps, flops_of
        self.start = self.before = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()

    def note(self) -> None:
        """Add what was taken since the last note."""
        now, peak = tracemalloc.get_traced_memory()
        self.costs.made += peak - self.before
        self.costs.held = max(self.costs.held, peak - self.start)
        self.before = now
        tracemalloc.reset_peak()

    def call(self, op: Any, arrays: Any, params: Any, ans: Any) -> None:
        self.costs.calls += 1
        self.costs.operations += int(self.flops_of(op, arrays, params, ans))
        self.note()

    def counted_vjps(self, node: Any, g: Any, ans: Any) -> Iterator[Any]:
        for found in self.vjps(node, g, ans):
            self.costs.rules += 1
            self.note()
            yield found


def functions_called(step: Callable[[], object]) -> int:
    """How many functions of Python's a step calls."""
    called = 0

    def note(frame: Any, event: str, arg: Any) -> None:
        nonlocal called
        called += event == "call"

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        step()
    finally:
        sys.setprofile(before)
    return called


@pytest.fixture(scope="module")
def tt():
    """The reference as `tinytorch`, whatever the package under test is."""
    importing.install_finder(implementation.Implementation(kit.REFERENCE, kit.REFERENCE))
    try:
        import tinytorch

        yield tinytorch
    finally:
        importing.uninstall_finder()


@pytest.fixture
def costs_of(tt, monkeypatch):
    """A function that gives the `Costs` of a step, which has run once before."""
    from tinytorch import autograd, profiling

    def measure(step: Callable[[], object]) -> Costs:
        gc.collect()
        gc.disable()  # it empties Python's lists of free tuples, so that the same step would take more
        try:
            functions = functions_called(step)
            tracemalloc.start()
            meter = Meter(autograd.vjps, profiling.flops_of)
            with monkeypatch.context() as patch, profiling.observed(meter.call):
                patch.setattr(autograd, "vjps", meter.counted_vjps)
                step()
            meter.note()
        finally:
            tracemalloc.stop()
            gc.enable()
        meter.costs.functions = functions
        return meter.costs

    return measure


def training(tt: Any, model: Any, inputs: Any, classes: np.ndarray) -> Callable[[], object]:
    """A step that trains: forward, loss, backward, AdamW."""
    optimizer = tt.AdamW(model.parameters())

    def step() -> None:
        optimizer.zero_grad()
        scores = model(inputs)
        tt.cross_entropy(scores.reshape(-1, scores.shape[-1]), classes).backward()
        optimizer.step()

    return step


def mlp(tt: Any) -> Callable[[], object]:
    """784-128-10, 64 rows."""
    draw = np.random.default_rng(0)
    layers = tt.Linear(784, 128, generator=draw), tt.ReLU(), tt.Linear(128, 10, generator=draw)
    images = tt.Tensor(draw.random((64, 784), np.float32))
    return training(tt, tt.Sequential(*layers), images, draw.integers(0, 10, 64))


def cnn_of(tt: Any) -> Any:
    """Three convolutions with batch norm, 32-64-128."""
    draw, layers = np.random.default_rng(0), []
    for inner, outer in ((3, 32), (32, 64), (64, 128)):
        layers.append(tt.Conv2d(inner, outer, 3, padding=1, bias=False, generator=draw))
        layers += [tt.MaxPool2d(2), tt.BatchNorm2d(outer), tt.ReLU()]
    return tt.Sequential(*layers, tt.Flatten(), tt.Linear(128 * 16, 10, generator=draw))


def cnn(tt: Any) -> Callable[[], object]:
    """The CNN, 8 images of 32×32."""
    draw = np.random.default_rng(0)
    images = tt.Tensor(draw.standard_normal((8, 3, 32, 32), np.float32))
    return training(tt, cnn_of(tt), images, draw.integers(0, 10, 8))


def cnn_inference(tt: Any) -> Callable[[], object]:
    """The CNN in use."""
    model = cnn_of(tt).eval()
    images = tt.Tensor(np.random.default_rng(0).standard_normal((8, 3, 32, 32), np.float32))
    return tt.no_grad()(lambda: model(images))


def gpt_of(tt: Any, context: int) -> Any:
    """2 layers, width 64, 4 heads, 256 tokens."""
    config = tt.GPTConfig(256, context, embed_dim=64, num_heads=4, num_layers=2)
    return tt.GPT(config, generator=np.random.default_rng(0))


def gpt(tt: Any) -> Callable[[], object]:
    """The GPT, 8 texts of 64 tokens."""
    text = np.random.default_rng(0).integers(0, 256, (8, 65))
    return training(tt, gpt_of(tt, 64), text[:, :-1], text[:, 1:].reshape(-1))


def generation(tt: Any) -> Callable[[], object]:
    """32 tokens with a cache."""
    model = gpt_of(tt, 64)
    return lambda: tt.cached_generate(model, [[1, 2, 3]], 32, temperature=0)


def fused_generation(tt: Any) -> Callable[[], object]:
    """The same in one operation a token."""
    model, generate = gpt_of(tt, 64), tt.fused_generate
    return lambda: generate(model, [[1, 2, 3]], 32, temperature=0)


def rows_of(function: Callable[[Any], Any], tt: Any) -> Callable[[], object]:
    """A function of 256 rows of 128, and its gradient."""
    x = tt.Tensor(np.random.default_rng(0).standard_normal((256, 128), np.float32), True)

    def step() -> None:
        x.grad = None
        result = function(x)
        result.backward(np.ones_like(result.data))

    return step


def softmax(tt: Any) -> Callable[[], object]:
    return rows_of(tt.softmax, tt)


def layer_norm(tt: Any) -> Callable[[], object]:
    return rows_of(tt.LayerNorm(128), tt)


def cross_entropy(tt: Any) -> Callable[[], object]:
    classes = np.random.default_rng(0).integers(0, 128, 256)
    return rows_of(lambda x: tt.cross_entropy(x, classes), tt)


def gelu(tt: Any) -> Callable[[], object]:
    """Of a million numbers, which are many blocks."""
    x = tt.Tensor(np.ones((1024, 1024), np.float32), True)
    g = np.ones_like(x.data)

    def step() -> None:
        x.grad = None
        tt.gelu(x, approximate="tanh").backward(g)

    return step


def graph(tt: Any) -> Callable[[], object]:
    """A chain of 500 sums, each with the leaf."""
    leaf = tt.Tensor([1.0], requires_grad=True)

    def step() -> None:
        result = leaf
        for _ in range(500):
            result = result + leaf
        result.backward()

    return step


MEASURED = {  # calls, rules, operations, bytes held, bytes made, functions
    mlp: Costs(7, 10, 13_029_185, 815_740, 913_694, 277),
    cnn: Costs(18, 28, 166_281_705, 5_337_453, 17_038_514, 2_155),
    cnn_inference: Costs(14, 0, 166_281_296, 2_083_538, 5_575_347, 513),
    gpt: Costs(52, 88, 140_411_393, 10_595_556, 21_747_534, 2_184),
    generation: Costs(1280, 0, 8_409_584, 87_845, 1_054_050, 9_415),
    fused_generation: Costs(32, 0, 8_409_584, 86_202, 287_002, 3_590),
    softmax: Costs(1, 1, 163_840, 431_408, 466_576, 51),  # `errstate`, in place of two passes
    layer_norm: Costs(1, 3, 262_144, 695_840, 864_896, 67),  # saves normalized vectors
    cross_entropy: Costs(3, 3, 164_097, 303_900, 339_006, 100),  # saves exponentials
    gelu: Costs(1, 1, 8_388_608, 12_585_440, 13_964_768, 124),
    graph: Costs(500, 1000, 500, 209_068, 558_940, 9_517),
}


@pytest.mark.parametrize("work", MEASURED, ids=lambda work: work.__name__)
def test_no_more_is_needed_than_was_measured(work, tt, costs_of):
    found, limits = costs_of(work(tt)), MEASURED[work]
    counts = ["calls", "rules", "operations", "functions"]
    if (
        sys.platform == "linux"
    ):  # elsewhere NumPy writes no result over an operand that nobody holds
        counts += ["held", "made"]
    more = {
        n: getattr(found, n) for n in counts if getattr(found, n) > ALLOWED * getattr(limits, n)
    }
    assert not more, f"more than {limits}"
