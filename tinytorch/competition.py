"""20 · Competition: a model made smaller and faster, measured fairly, entered, ranked, and deployed.

The lesson: tito docs 20
"""

from __future__ import annotations

import hashlib
import json
import platform
import re
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Self

import numpy as np

from tinytorch.acceleration import DynamicBatcher
from tinytorch.autograd import no_grad
from tinytorch.benchmarking import compare
from tinytorch.compression import to_csr
from tinytorch.layers import Module
from tinytorch.primitive import Array
from tinytorch.profiling import Latency, count_flops
from tinytorch.quantization import QuantizedLinear
from tinytorch.tensor import Tensor

TRACKS = {"latency": "seconds", "size": "bytes", "energy": "energy"}
"""What counts in each track; less is better in all of them."""

FLOOR = 0.02
"""How much accuracy a model may lose compared with its baseline."""

FLOAT_ENERGY, INT8_ENERGY = 2.3, 0.15
"""Picojoules of one operation, half a product and half a sum: FP32 (3.7 and 0.9), and INT8 products
summed as INT32 (0.2 and 0.1), on a chip of 45 nm (Horowitz, ISSCC 2014)."""

POSITIVE = {"type": "number", "exclusiveMinimum": 0}
SHARE = {"type": "number", "minimum": 0, "maximum": 1}
DIGEST = {"type": "string", "pattern": "^[0-9a-f]{64}$"}

PROPERTIES: dict[str, dict[str, Any]] = {
    "version": {"type": "integer", "enum": [1]},
    "name": {"type": "string", "pattern": r"^\S(.*\S)?$"},
    "track": {"type": "string", "enum": list(TRACKS)},
    "accuracy": SHARE,
    "baseline_accuracy": SHARE,
    "seconds": POSITIVE,
    "baseline_seconds": POSITIVE,
    "bytes": POSITIVE,
    "baseline_bytes": POSITIVE,
    "energy": POSITIVE,
    "baseline_energy": POSITIVE,
    "model": DIGEST,
    "source": DIGEST,
    "environment": {"type": "object"},
    "seal": DIGEST,
}
SCHEMA = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "A submission to the TinyTorch competition",
    "type": "object",
    "properties": PROPERTIES,
    "required": list(PROPERTIES),
    "additionalProperties": False,
}
"""What a submission looks like as JSON, for whoever reads it with another program."""

TYPES: dict[str, Any] = {"string": str, "integer": int, "number": (int, float), "object": dict}


class InvalidSubmission(ValueError):
    """A submission that cannot be entered; ``problems`` lists everything that is wrong with it."""

    def __init__(self, problems: Iterable[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = tuple(problems)


def digest_of(model: Module) -> str:
    """A fingerprint of everything that a model has learned, Buffers included: 64 hexadecimal digits.

    SHA-256 of the entries of the state dict, one after the other in the order of their names: the text
    ``f"{name} {dtype.str} {shape}"`` and a line feed, as UTF-8, then the bytes in C order. Two models
    have the same digest only if they compute with the same numbers.
    """
    raise NotImplementedError("20 competition: digest_of")


def digest_of_source(folder: str | Path) -> str:
    """A fingerprint of the Python files in a folder: their names, and their text with any line endings.

    The files are in UTF-8, whatever the computer's own encoding. Files in folders inside it do not count.
    """
    raise NotImplementedError("20 competition: digest_of_source")


def stored_bytes(model: Module) -> int:
    """How many bytes a model takes if each array is stored in its smaller form: as it is, or as `to_csr`.

    The arrays are those of the state dict: parameters and Buffers, where a quantized model has its
    weights. Treat arrays of more than two axes as matrices with a row for each entry of the first.
    """
    raise NotImplementedError("20 competition: stored_bytes")


def energy_of(model: Module, inputs: Tensor) -> float:
    """Picojoules for one pass, by counting operations: what a chip would spend on arithmetic alone.

    FLOAT_ENERGY for each operation that `count_flops` sees. `QuantizedLinear` and its like do theirs on
    INT8: 2 for each weight and each row that it multiplies, with INT8_ENERGY. Record nothing for gradients.

    Args:
        model: in evaluation mode. Afterwards it is as it was.
        inputs: a Tensor.
    """
    raise NotImplementedError("20 competition: energy_of")


def accuracy_of(model: Module, inputs: Tensor, labels: Array) -> float:
    """The share of labels that have the highest score: (N, classes) scores, or (N, T, classes)."""
    raise NotImplementedError("20 competition: accuracy_of")


def environment() -> dict[str, str]:
    """What a measurement was made with."""
    return {
        "python": platform.python_version(),
        "numpy": np.__version__,
        "system": platform.system(),
        "machine": platform.machine(),
    }


def seal_of(document: Mapping[str, Any]) -> str:
    """A fingerprint of all that a submission says, except the seal: changing anything breaks it.

    SHA-256 of the JSON with sorted keys and no spaces. What is not ASCII is escaped, as `json.dumps` does.
    """
    raise NotImplementedError("20 competition: seal_of")


def measurements(
    model: Module, baseline: Module, inputs: Tensor, labels: Array, **timing: Any
) -> dict[str, Any]:
    """Everything measured about a model and its baseline, under the names that a `Submission` has.

    The model's ``seconds`` are the baseline's divided by the ratio of `compare`, which comes from pairs: so
    their quotient is that ratio, whatever else the machine did meanwhile. Record nothing for gradients.

    Args:
        model, baseline: Modules in evaluation mode; they take ``inputs`` and return scores.
        inputs: a Tensor.
        labels: the right answers, see `accuracy_of`.
        timing: keywords for `compare`: pairs, warmup, clock.
    Returns:
        A dict.
    """
    raise NotImplementedError("20 competition: measurements")


@dataclass(frozen=True)
class Submission:
    """One attempt: what a model achieves, next to what its baseline achieves in the same run.

    Attributes:
        name: of the attempt.
        track: "latency", "size" or "energy".
        accuracy, seconds, bytes, energy: of the model; seconds for one pass over the inputs.
        baseline_accuracy, baseline_seconds, baseline_bytes, baseline_energy: of the baseline.
        model, source: digests.
        environment: what it was measured with.
        version: of the schema.
    """

    name: str
    track: str
    accuracy: float
    baseline_accuracy: float
    seconds: float
    baseline_seconds: float
    bytes: int
    baseline_bytes: int
    energy: float
    baseline_energy: float
    model: str
    source: str
    environment: dict[str, str] = field(default_factory=environment)
    version: int = 1

    @classmethod
    def measure(
        cls,
        name: str,
        track: str,
        model: Module,
        baseline: Module,
        inputs: Tensor,
        labels: Array,
        source: str | Path,
        **timing: Any,
    ) -> Self:
        """Measure a model alongside its baseline, in this process and on this machine.

        Args:
            name, track: of the attempt.
            model, baseline, inputs, labels, timing: as for `measurements`.
            source: the folder whose code made the model.
        Raises:
            InvalidSubmission: the ``track`` is unknown, the ``name`` is empty, or a number is not finite;
                each problem names the property.
        """
        raise NotImplementedError("20 competition: Submission.measure")

    def document(self) -> dict[str, Any]:
        """The submission as JSON values, with a seal."""
        raise NotImplementedError("20 competition: Submission.document")

    @classmethod
    def from_document(cls, document: Any) -> Self:
        """The submission that a document describes.

        Raises:
            InvalidSubmission: as `validate`; each problem names the property, such as ``seal``.
        """
        raise NotImplementedError("20 competition: Submission.from_document")


def validate(document: Any) -> None:
    """Check that a document is a submission that nobody has changed.

    It must have each of PROPERTIES and no other, each of its type, finite, even as a float, within its
    bounds, and matching its pattern as a whole, with no line ending after it. And the seal must be that of
    the rest; check it last.

    Args:
        document: what `json.loads` made of a file.
    Raises:
        InvalidSubmission: with all ``problems``; each names the property, such as ``seal`` or ``seconds``.
    """
    raise NotImplementedError("20 competition: validate")


def problems_of(name: str, value: Any, rule: Mapping[str, Any]) -> list[str]:
    """What is wrong with one value, as a list of sentences that begin with its name: none or one.

    Args:
        value: any JSON value.
        rule: one of PROPERTIES: type, and perhaps enum, pattern, minimum, maximum, exclusiveMinimum.
    """
    raise NotImplementedError("20 competition: problems_of")


def score(submission: Submission, floor: float = FLOOR) -> float:
    """The baseline's measurement divided by the model's, for what its track counts; more is better.

    Both measurements are from the same run, so you can compare scores from different machines. A model that
    loses more than ``floor`` of the baseline's accuracy has score 0, however small or fast it is.

    >>> numbers = dict(accuracy=0.9, baseline_accuracy=0.91, seconds=1.0, baseline_seconds=3.0)
    >>> sizes = dict(bytes=100, baseline_bytes=200, energy=1.0, baseline_energy=1.0)
    >>> score(Submission("mine", "latency", **numbers, **sizes, model="", source=""))
    3.0
    """
    raise NotImplementedError("20 competition: score")


class Leaderboard:
    """Attempts, ranked by track. It trusts only times that it measured.

    Args:
        floor: how much accuracy a model may lose.
    Attributes:
        floor: as given.
        submissions: all that were entered, in order.
    """

    def __init__(self, floor: float = FLOOR) -> None:
        """There are no submissions yet."""
        self.floor = floor
        self.submissions: list[Submission] = []

    def enter(self, submission: Submission) -> None:
        """Add an attempt, after `validate`; a name may enter again.

        Raises:
            InvalidSubmission: as `validate`; each problem names the property, such as ``seconds``.
        """
        raise NotImplementedError("20 competition: Leaderboard.enter")

    def judge(
        self,
        submission: Submission,
        model: Module,
        baseline: Module,
        inputs: Tensor,
        labels: Array,
        **timing: Any,
    ) -> Submission:
        """Enter an attempt with what this machine measures, alongside the baseline in the same run.

        Args:
            submission: what somebody claims about ``model``.
            model, baseline, inputs, labels, timing: as for `measurements`.
        Returns:
            The submission that was entered: as submitted, but with this machine's numbers and environment.
        Raises:
            InvalidSubmission: as `validate`, and each problem names the property, such as ``seconds``; or
                ``model`` is not the one that it was made with, and the message names ``model``.
        """
        raise NotImplementedError("20 competition: Leaderboard.judge")

    def ranking(self, track: str) -> list[tuple[float, Submission]]:
        """(score, submission) of each name's best attempt in a track, the best first.

        Of equal scores the more accurate is first, and of those the one that was entered first. Do not
        rank a model below the floor.

        Raises:
            ValueError: there is no such track; the message names the tracks: ``latency``, ``size``
                and ``energy``.
        """
        raise NotImplementedError("20 competition: Leaderboard.ranking")

    def table(self, track: str) -> str:
        """The ranking as text, a line for each name."""
        lines = [f"{'':>3} {'name':<24}{'score':>8}{'accuracy':>10}{TRACKS[track]:>14}"]
        for place, (points, made) in enumerate(self.ranking(track), start=1):
            counted = getattr(made, TRACKS[track])
            lines.append(
                f"{place:>3} {made.name[:23]:<24}{points:>7.2f}×{made.accuracy:>10.1%}{counted:>14,.6g}"
            )
        return "\n".join(lines)

    def save(self, path: str | Path) -> None:
        """Write all submissions as JSON in UTF-8; create the folder, and those above it, if necessary.

        Keep the old file until the new one is complete: write another file, and move that into its place.
        """
        raise NotImplementedError("20 competition: Leaderboard.save")

    @classmethod
    def load(cls, path: str | Path, floor: float = FLOOR) -> Self:
        """The leaderboard that was saved, with this ``floor``; an empty one if there is no such file.

        Raises:
            InvalidSubmission: the file is not JSON, or one of its submissions is not valid; the message
                names the file.
        """
        raise NotImplementedError("20 competition: Leaderboard.load")


@dataclass(frozen=True)
class Report:
    """How a server has done lately.

    Attributes:
        answered, errors: how many requests were answered, and how many failed.
        p50, p95, p99: latencies in seconds that this many percent did not exceed; None without any.
        throughput: answers per second, from the first request to the last answer; 0 without any.
        drift: how far the mean of the recent inputs' means is from that of the known inputs' means, in
            standard deviations of the latter (divided by N).
        All but ``errors`` are about requests that did not fail; only the first request may be one that did.
    """

    answered: int
    errors: int
    p50: float | None
    p95: float | None
    p99: float | None
    throughput: float
    drift: float


class Monitor:
    """Watches a server: latencies, throughput, errors, and whether inputs have changed.

    Inputs drift: a camera gets dirty, and no error shows it. So compare the mean of each input with the
    means of inputs that the model was trained on.

    Args:
        known: inputs that the model knows, (N, ...) with N at least 2.
        window: for how many requests to remember latencies and inputs, at least 1.
    Raises:
        ValueError: too few inputs in ``known``, or all with the same mean, and the message names ``known``;
            or ``window`` is below 1, and the message names it and its value.
    """

    latencies: deque[float]
    means: deque[float]
    first: float | None
    last: float | None

    def __init__(self, known: Array, window: int = 1000) -> None:
        """Learn what inputs look like; no request has come yet."""
        raise NotImplementedError("20 competition: Monitor.__init__")

    def record(self, sample: Array, arrived: float, left: float, failed: bool = False) -> None:
        """Record one request: its input, when it arrived and left, and whether it failed.

        If it failed, count only that and its arrival.
        """
        raise NotImplementedError("20 competition: Monitor.record")

    def report(self) -> Report:
        """The current `Report`. Percentiles are nearest ranks."""
        raise NotImplementedError("20 competition: Monitor.report")


class Server:
    """Answers requests with a model, in the batches of a `DynamicBatcher`, watched by a `Monitor`.

    Nothing here waits or runs by itself: the caller calls `step`, at the batcher's deadline at
    the latest. A request that makes the model fail fails alone: run its batch again one by one.

    Args:
        model: takes a Tensor (n, ...) and returns one with a row for each.
        batcher: a `DynamicBatcher`; its clock is the server's.
        monitor: a `Monitor`.
    """

    pending: set[int]
    results: dict[int, Array | Exception]

    def __init__(
        self, model: Callable[[Tensor], Tensor], batcher: DynamicBatcher, monitor: Monitor
    ) -> None:
        """There are no requests yet."""
        self.model, self.batcher, self.monitor = model, batcher, monitor
        self.tickets = 0
        self.pending, self.results = set(), {}

    def submit(self, sample: Array) -> int:
        """Request the answer to one input, an array, which is copied; returns a ticket for `result`."""
        raise NotImplementedError("20 competition: Server.submit")

    def step(self) -> int:
        """Answer a batch if one is due; returns how many requests left."""
        raise NotImplementedError("20 competition: Server.step")

    def drain(self) -> int:
        """Answer all waiting requests now; returns how many there were."""
        raise NotImplementedError("20 competition: Server.drain")

    def answer(self, batch: Sequence[tuple[int, Array, float]]) -> int:
        """Run the model on some requests, and keep a result or an error for each.

        Anything that is not an Exception, such as a KeyboardInterrupt, is not a result: it propagates.
        """
        raise NotImplementedError("20 competition: Server.answer")

    def outputs(self, samples: Sequence[Array]) -> list[Array]:
        """The model's rows for some inputs, without gradients.

        Raises:
            ValueError: there are more or fewer rows than inputs, and the message names both numbers; or
                whatever the model raises.
        """
        raise NotImplementedError("20 competition: Server.outputs")

    def result(self, ticket: int) -> Array | None:
        """The answer to a request, once; None while it waits.

        Raises:
            KeyError: there is no such ticket, or its answer or error has already been fetched.
            Exception: what the model raised for this request.
        """
        raise NotImplementedError("20 competition: Server.result")


def serve(
    server: Server,
    arrivals: Iterable[tuple[float, Array]],
    sleep: Callable[[float], object] = time.sleep,
) -> list[int]:
    """Submit requests at given times, as if they came from outside, until all are answered.

    Args:
        server: its batcher has the clock.
        arrivals: (seconds from now, sample), in the order of their times.
        sleep: waits for a number of seconds.
    Returns:
        The tickets, in the order of arrival.
    """
    raise NotImplementedError("20 competition: serve")
