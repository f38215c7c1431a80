"""The experiment of 2018: models of earlier milestones made smaller and faster, and measured fairly."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from milestones.experiments import OnEpoch, shifted_digits, tinytalks_gpt

if TYPE_CHECKING:
    from tinytorch.competition import Report, Submission
    from tinytorch.dataloader import DataLoader
    from tinytorch.layers import Module, Sequential
    from tinytorch.transformers import GPT

WIDTHS, STUDENT_WIDTHS = (24, 48, 64), (10, 20, 30)
PRUNING = ((0.6, 1), (0.8, 1), (0.9, 6))
"""Shares of the weights to prune, and the epochs of training after each."""

PRUNING_RATE, TEMPERATURE = 5e-3, 4.0
TEST_PLACES = 5
"""How many places each test digit is seen at: so a point is ten images, and not two."""

GPT_EPOCHS, GPT_CONTEXT = 12, 256
LATENCY_QUERIES, PAIRS = 20, 7

Write = Callable[..., np.ndarray]
"""How a GPT continues a text: called with the model, a prompt, how many tokens, and how to choose them."""


@dataclass(frozen=True)
class Digits:
    """Shifted TinyDigits: batches to train on, all their images, and more of those to test with."""

    batches: DataLoader
    train_images: np.ndarray
    images: np.ndarray
    labels: np.ndarray


@dataclass(frozen=True)
class Talk:
    """TinyTalks as rows of tokens, and for each place the token that follows, or none."""

    tokens: np.ndarray
    targets: np.ndarray


@dataclass(frozen=True)
class Step:
    """What one form of a model achieves.

    Attributes:
        model, name: which model, and what was done to it.
        accuracy: in [0, 1].
        bytes: as stored.
        latency: seconds that 90 of 100 single queries do not exceed.
        throughput: samples a second, all at once; tokens a second for the GPT.
    """

    model: str
    name: str
    accuracy: float
    bytes: int
    latency: float
    throughput: float


def digits(seed: int) -> Digits:
    """`Digits` whose places are drawn anew for each seed."""
    from tinytorch.dataloader import DataLoader, TensorDataset
    from tinytorch.datasets import TinyDigits

    generator = np.random.default_rng(seed)
    images, labels = shifted_digits.shifted(TinyDigits(train=True), generator)
    places = [
        shifted_digits.shifted(TinyDigits(train=False), generator) for _ in range(TEST_PLACES)
    ]
    batches = DataLoader(TensorDataset(images, labels), 32, shuffle=True, generator=generator)
    return Digits(batches, images, *(np.concatenate(part) for part in zip(*places, strict=True)))


def network(widths: tuple[int, int, int], generator: np.random.Generator) -> Sequential:
    """The network of 1998 with other widths."""
    from tinytorch.layers import Flatten, Linear, Sequential

    first, second, third = widths
    layers = ((1, first, 1), (first, second, 2), (second, third, 8))
    parts = shifted_digits.convolutional(layers, generator)
    return Sequential(*parts, Flatten(), Linear(third, 10, generator=generator))


def trained_cnn(data: Digits, seed: int, on_epoch: OnEpoch | None = None) -> Sequential:
    """A convolutional network that reads shifted digits: what everything else is compared with."""
    model = network(WIDTHS, np.random.default_rng(seed))
    scale = shifted_digits.SCALES["tiny"]
    shifted_digits.train(model, list(model.parameters()), data.batches, scale, on_epoch)
    return model.eval()


def quantized_cnn(model: Sequential, data: Digits) -> Sequential:
    """The same in INT8, calibrated on images that it was trained on."""
    from tinytorch.quantization import quantize_model
    from tinytorch.tensor import Tensor

    # A copy, so of the same class: to the types it is just a module.
    made: Any = quantize_model(model, [Tensor(data.train_images[:256])])
    return made.eval()


def pruned_cnn(model: Sequential, data: Digits) -> Sequential:
    """The same without nine of ten weights: pruned in steps, and trained on after each."""
    from tinytorch.compression import magnitude_prune
    from tinytorch.losses import cross_entropy
    from tinytorch.optimizers import AdamW
    from tinytorch.training import CosineSchedule, Trainer

    made = copy.deepcopy(model).train()
    for amount, epochs in PRUNING:
        masks = magnitude_prune(made, amount)
        optimizer = AdamW(made.parameters(), lr=PRUNING_RATE)
        schedule = CosineSchedule(PRUNING_RATE, epochs * len(data.batches))
        keep = lambda record, masks=masks: masks.apply()
        trainer = Trainer(made, optimizer, cross_entropy, schedule)
        trainer.fit(data.batches, epochs, on_step=keep)
    return made.eval()


def distilled_cnn(teacher: Sequential, data: Digits, seed: int) -> Sequential:
    """A network of less than half the width, which learns from the scores of the large one."""
    from tinytorch.autograd import no_grad
    from tinytorch.compression import distillation_loss
    from tinytorch.optimizers import AdamW
    from tinytorch.training import CosineSchedule

    student = network(STUDENT_WIDTHS, np.random.default_rng(seed + 1))
    scale = shifted_digits.SCALES["tiny"]
    schedule = CosineSchedule(scale.learning_rate, scale.epochs * len(data.batches), 50)
    optimizer, step = AdamW(student.parameters(), lr=scale.learning_rate), 0
    for _ in range(scale.epochs):
        for images, labels in data.batches:
            with no_grad():
                wanted = teacher(images)
            optimizer.zero_grad()
            distillation_loss(student(images), wanted, labels, TEMPERATURE).backward()
            optimizer.lr = schedule(step)
            optimizer.step()
            step += 1
    return student.eval()


def trained_gpt(seed: int, on_epoch: OnEpoch | None = None) -> tuple[GPT, Talk]:
    """(model, `Talk`): a GPT with room for long texts, trained on TinyTalks for a while."""
    from tinytorch.datasets import TinyTalks
    from tinytorch.tokenization import BPETokenizer

    generator, talks = np.random.default_rng(seed), TinyTalks("train")
    tokenizer = BPETokenizer().train(talks.text(), tinytalks_gpt.VOCABULARY)
    model = tinytalks_gpt.new_gpt(tokenizer, GPT_CONTEXT, generator)
    tinytalks_gpt.train(model, talks, tokenizer, GPT_EPOCHS, generator, on_epoch)
    rows = tinytalks_gpt.Conversations(talks, tokenizer, np.random.default_rng(seed))
    return model.eval(), Talk(*rows.fetch(range(len(rows))))


def quantized_gpt(model: GPT, talk: Talk) -> GPT:
    """The same in INT8."""
    from tinytorch.quantization import quantize_model

    tokens: Any = talk.tokens[:64]
    made: Any = quantize_model(model, [tokens])
    return made.eval()


def cnn_accuracy(model: Sequential, data: Digits) -> float:
    """The share of test images that a model reads."""
    from tinytorch.competition import accuracy_of
    from tinytorch.tensor import Tensor

    parts = np.array_split(np.arange(len(data.labels)), 4)
    hits = [
        accuracy_of(model, Tensor(data.images[rows]), data.labels[rows]) * len(rows)
        for rows in parts
    ]
    return float(sum(hits) / len(data.labels))


def gpt_accuracy(model: GPT, talk: Talk) -> float:
    """The share of tokens of the answers that a model expects most, given all before them."""
    from tinytorch.autograd import no_grad

    places = talk.targets != tinytalks_gpt.IGNORED
    with no_grad():
        best = np.concatenate(
            [model(talk.tokens[i : i + 70]).data.argmax(-1) for i in range(0, len(talk.tokens), 70)]
        )
    return float((best == talk.targets)[places].mean())


def cnn_step(name: str, model: Sequential, data: Digits) -> Step:
    """A `Step` of the CNN: one image at a time, and all of them in batches of 50."""
    from tinytorch.autograd import no_grad
    from tinytorch.benchmarking import Offline, SingleStream
    from tinytorch.competition import stored_bytes
    from tinytorch.tensor import Tensor

    samples = list(data.images[:200])

    def system(batch: Sequence[np.ndarray]) -> Any:
        with no_grad():
            return model(Tensor(np.stack(batch))).data

    stream = SingleStream(LATENCY_QUERIES).run(system, samples)
    offline = Offline(50).run(system, samples)
    accuracy, size = cnn_accuracy(model, data), stored_bytes(model)
    return Step("CNN", name, accuracy, size, stream.percentile(90), offline)


def gpt_step(name: str, model: GPT, write: Write, talk: Talk, length: int = 32) -> Step:
    """A `Step` of the GPT: one text of so many tokens at a time, and eight at once."""
    from tinytorch.benchmarking import Offline, SingleStream
    from tinytorch.competition import stored_bytes

    def system(batch: Sequence[np.ndarray]) -> Any:
        return write(model, np.stack(batch), length, temperature=0)

    prompts = list(talk.tokens[:8, :8])
    stream = SingleStream(3).run(system, prompts)
    offline = Offline(8).run(system, prompts) * length
    accuracy, size = gpt_accuracy(model, talk), stored_bytes(model)
    return Step("GPT", name, accuracy, size, stream.percentile(90), offline)


def plainly(model: GPT, prompt: np.ndarray, count: int, **choice: Any) -> np.ndarray:
    """Write as a GPT does without a cache."""
    return model.generate(prompt, count, **choice)


def long_text(write: Write, model: GPT, talk: Talk) -> Callable[[], np.ndarray]:
    """A function that lets ``write`` end two texts of 256 tokens, of which an eighth is missing."""
    missing = GPT_CONTEXT // 8
    begun = np.resize(talk.tokens[0], (2, GPT_CONTEXT - missing))
    return lambda: write(model, begun, missing, temperature=0)


def first_layer(model: Sequential, data: Digits) -> tuple[Callable[[], Any], Callable[[], Any]]:
    """(fast, loops): the first convolution of one image with your kernel, and number by number."""
    from specs.oracles.acceleration import conv2d_loops
    from tinytorch.acceleration import conv2d_fast

    weight = model[0].weight.data[:4]
    image, bias = data.images[:1], np.zeros(len(weight), np.float32)
    return (
        lambda: conv2d_fast(image, weight, bias, padding=1),
        lambda: conv2d_loops(image, weight, bias, padding=1),
    )


def times_as_fast(baseline: Callable[[], Any], candidate: Callable[[], Any]) -> float:
    """How often a candidate runs in the time of a baseline, by pairs measured in turn."""
    from tinytorch.benchmarking import compare

    return compare(baseline, candidate, pairs=PAIRS, warmup=1).ratio


def weight_bytes(model: Module) -> int:
    """Bytes of what is multiplied: parameters of two axes or more, or codes of INT8."""
    return sum(
        value.nbytes
        for name, value in model.state_dict().items()
        if value.ndim >= 2 and not name.endswith("weight_scale")
    )


def submissions(
    attempts: Mapping[str, Sequential], baseline: Sequential, data: Digits, pairs: int = PAIRS
) -> list[Submission]:
    """Every attempt at the CNN in every track, measured beside the baseline.

    Args:
        attempts: name to model.
    """
    import tinytorch
    from tinytorch.competition import TRACKS, Submission
    from tinytorch.tensor import Tensor

    source = Path(tinytorch.__file__).parent
    inputs, labels = Tensor(data.images[:200]), data.labels[:200]
    made: list[Submission] = []
    for name, model in attempts.items():
        first = Submission.measure(
            *(name, "latency", model, baseline, inputs, labels, source), pairs=pairs, warmup=1
        )
        made += [replace(first, track=track) for track in TRACKS]
    return made


def frontier(steps: Sequence[Step]) -> list[Step]:
    """Those of some steps that no other beats in latency, bytes and accuracy."""
    from tinytorch.benchmarking import pareto_frontier

    points = [(step.latency, step.bytes, step.accuracy) for step in steps]
    return [steps[i] for i in pareto_frontier(points, maximize=[2])]


def served(
    model: Sequential, data: Digits, requests: int = 200, rate: float = 400.0, seed: int = 0
) -> tuple[Report, np.ndarray]:
    """(Report, answers): requests that come at random times, answered on a real clock.

    Args:
        requests, rate: how many, and how many a second.
    """
    import time

    from tinytorch.acceleration import DynamicBatcher
    from tinytorch.competition import Monitor, Server, serve

    generator = np.random.default_rng(seed)
    times = np.cumsum(generator.exponential(1 / rate, requests))
    monitor = Monitor(data.train_images)
    server = Server(model, DynamicBatcher(16, 0.02, time.perf_counter), monitor)
    tickets = serve(server, list(zip(times, data.images[:requests], strict=True)))
    results: list[Any] = [server.result(ticket) for ticket in tickets]
    return monitor.report(), np.array([int(result.argmax()) for result in results])
