"""20 · Competition: a model made smaller and faster, measured fairly, entered, ranked, and deployed."""

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
    digest = hashlib.sha256()
    for name, value in sorted(model.state_dict().items()):
        value = np.asarray(value)
        digest.update(f"{name} {value.dtype.str} {value.shape}\n".encode())
        digest.update(np.ascontiguousarray(value).tobytes())
    return digest.hexdigest()


def digest_of_source(folder: str | Path) -> str:
    """A fingerprint of the Python files in a folder: their names, and their text with any line endings.

    The files are in UTF-8, whatever the computer's own encoding. Files in folders inside it do not count.
    """
    digest = hashlib.sha256()
    for file in sorted(Path(folder).glob("*.py")):
        text = file.read_text(encoding="utf-8")  # which makes every line end a \\n
        digest.update(f"{file.name} {len(text)}\n{text}".encode())
    return digest.hexdigest()


def stored_bytes(model: Module) -> int:
    """How many bytes a model takes if each array is stored in its smaller form: as it is, or as `to_csr`.

    The arrays are those of the state dict: parameters and Buffers, where a quantized model has its
    weights. Treat arrays of more than two axes as matrices with a row for each entry of the first.
    """
    total = 0
    for value in model.state_dict().values():
        value = np.asarray(value)
        sparse = value.nbytes
        if value.ndim >= 2 and value.size:
            sparse = to_csr(value.reshape(len(value), -1)).nbytes
        total += min(value.nbytes, sparse)
    return total


def energy_of(model: Module, inputs: Tensor) -> float:
    """Picojoules for one pass, by counting operations: what a chip would spend on arithmetic alone.

    FLOAT_ENERGY for each operation that `count_flops` sees. `QuantizedLinear` and its like do theirs on
    INT8: 2 for each weight and each row that it multiplies, with INT8_ENERGY. Record nothing for gradients.

    Args:
        model: in evaluation mode. Afterwards it is as it was.
        inputs: a Tensor.
    """
    whole = 0

    def counting(layer: QuantizedLinear) -> Callable[..., Tensor]:
        forward = layer.forward

        def counted(x: Tensor) -> Tensor:
            nonlocal whole
            out = forward(x)
            rows = out.size // len(layer.codes.data)
            whole += 2 * layer.codes.size * rows
            return out

        return counted

    layers = [module for module in model.modules() if isinstance(module, QuantizedLinear)]
    own = [vars(layer).get("forward") for layer in layers]
    for layer in layers:
        layer.forward = counting(layer)  # type: ignore[method-assign]  # for a while
    try:
        with no_grad():
            floats = count_flops(model, inputs)
    finally:
        for layer, forward in zip(layers, own, strict=True):
            del layer.forward
            if forward is not None:
                layer.forward = forward  # type: ignore[method-assign]  # as before
    return FLOAT_ENERGY * floats + INT8_ENERGY * whole


def accuracy_of(model: Module, inputs: Tensor, labels: Array) -> float:
    """The share of labels that have the highest score: (N, classes) scores, or (N, T, classes)."""
    with no_grad():
        scores = model(inputs).data
    return float((scores.argmax(axis=-1) == np.asarray(labels)).mean())


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
    told = {name: value for name, value in document.items() if name != "seal"}
    text = json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


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
    with no_grad():
        times = compare(lambda: baseline(inputs), lambda: model(inputs), **timing)
    found = {
        "seconds": times.baseline.median / times.ratio,
        "baseline_seconds": times.baseline.median,
    }
    for prefix, which in (("", model), ("baseline_", baseline)):
        found[f"{prefix}accuracy"] = accuracy_of(which, inputs, labels)
        found[f"{prefix}bytes"] = stored_bytes(which)
        found[f"{prefix}energy"] = energy_of(which, inputs)
    return found


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
        made = cls(
            name=name,
            track=track,
            model=digest_of(model),
            source=digest_of_source(source),
            **measurements(model, baseline, inputs, labels, **timing),
        )
        validate(made.document())
        return made

    def document(self) -> dict[str, Any]:
        """The submission as JSON values, with a seal."""
        document = asdict(self)
        return document | {"seal": seal_of(document)}

    @classmethod
    def from_document(cls, document: Any) -> Self:
        """The submission that a document describes.

        Raises:
            InvalidSubmission: as `validate`; each problem names the property, such as ``seal``.
        """
        validate(document)
        return cls(**{name: value for name, value in document.items() if name != "seal"})


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
    if not isinstance(document, dict):
        raise InvalidSubmission([f"a submission is an object, got {type(document).__name__}"])
    problems = [f"{name} is missing" for name in PROPERTIES if name not in document]
    problems += [f"{name} does not belong here" for name in document if name not in PROPERTIES]
    for name, rule in PROPERTIES.items():
        if name in document:
            problems += problems_of(name, document[name], rule)
    if not problems and document["seal"] != seal_of(document):
        problems.append("seal does not fit: the submission was changed after it was measured")
    if problems:
        raise InvalidSubmission(problems)


def problems_of(name: str, value: Any, rule: Mapping[str, Any]) -> list[str]:
    """What is wrong with one value, as a list of sentences that begin with its name: none or one.

    Args:
        value: any JSON value.
        rule: one of PROPERTIES: type, and perhaps enum, pattern, minimum, maximum, exclusiveMinimum.
    """
    if not isinstance(value, TYPES[rule["type"]]) or isinstance(value, bool):
        return [f"{name} must be of type {rule['type']}, got {value!r}"]
    if isinstance(value, (int, float)) and not abs(value) <= sys.float_info.max:
        return [f"{name} must be finite, got {value!r}"]
    if "enum" in rule and value not in rule["enum"]:
        return [f"{name} must be one of {rule['enum']}, got {value!r}"]
    if "pattern" in rule and not re.fullmatch(rule["pattern"], value):
        return [f"{name} must match {rule['pattern']}, got {value!r}"]
    if "exclusiveMinimum" in rule and not value > rule["exclusiveMinimum"]:
        return [f"{name} must be above {rule['exclusiveMinimum']}, got {value!r}"]
    if "minimum" in rule and not rule["minimum"] <= value <= rule["maximum"]:
        return [f"{name} must be in [{rule['minimum']}, {rule['maximum']}], got {value!r}"]
    return []


def score(submission: Submission, floor: float = FLOOR) -> float:
    """The baseline's measurement divided by the model's, for what its track counts; more is better.

    Both measurements are from the same run, so you can compare scores from different machines. A model that
    loses more than ``floor`` of the baseline's accuracy has score 0, however small or fast it is.

    >>> numbers = dict(accuracy=0.9, baseline_accuracy=0.91, seconds=1.0, baseline_seconds=3.0)
    >>> sizes = dict(bytes=100, baseline_bytes=200, energy=1.0, baseline_energy=1.0)
    >>> score(Submission("mine", "latency", **numbers, **sizes, model="", source=""))
    3.0
    """
    if submission.accuracy < submission.baseline_accuracy - floor - 1e-12:
        return 0.0
    counted = TRACKS[submission.track]
    return getattr(submission, f"baseline_{counted}") / getattr(submission, counted)


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
        validate(submission.document())
        self.submissions.append(submission)

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
        validate(submission.document())
        if digest_of(model) != submission.model:
            raise InvalidSubmission(["model is not the one that was measured: its digest differs"])
        measured = measurements(model, baseline, inputs, labels, **timing)
        self.enter(replace(submission, **measured, environment=environment()))
        return self.submissions[-1]

    def ranking(self, track: str) -> list[tuple[float, Submission]]:
        """(score, submission) of each name's best attempt in a track, the best first.

        Of equal scores the more accurate is first, and of those the one that was entered first. Do not
        rank a model below the floor.

        Raises:
            ValueError: there is no such track; the message names the tracks: ``latency``, ``size``
                and ``energy``.
        """
        if track not in TRACKS:
            raise ValueError(f"track must be one of {list(TRACKS)}, got {track!r}")
        scored = [(score(s, self.floor), s) for s in self.submissions if s.track == track]
        scored.sort(key=lambda entry: (-entry[0], -entry[1].accuracy))
        names, best = set(), []
        for points, submission in scored:
            if points > 0 and submission.name not in names:
                names.add(submission.name)
                best.append((points, submission))
        return best

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
        path = Path(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        whole = path.with_name(path.name + ".new")
        documents = [submission.document() for submission in self.submissions]
        whole.write_text(json.dumps(documents, indent=1), encoding="utf-8")
        whole.replace(path)

    @classmethod
    def load(cls, path: str | Path, floor: float = FLOOR) -> Self:
        """The leaderboard that was saved, with this ``floor``; an empty one if there is no such file.

        Raises:
            InvalidSubmission: the file is not JSON, or one of its submissions is not valid; the message
                names the file.
        """
        board, path = cls(floor), Path(path)
        if not path.exists():
            return board
        try:
            documents = json.loads(path.read_text(encoding="utf-8"))
            if not isinstance(documents, list):
                raise InvalidSubmission(["a leaderboard is a list of submissions"])
            board.submissions = [Submission.from_document(document) for document in documents]
        except InvalidSubmission as error:
            raise InvalidSubmission([f"{path}: {problem}" for problem in error.problems]) from None
        except ValueError as error:
            raise InvalidSubmission([f"{path} is not JSON: {error}"]) from None
        return board


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
        known = np.asarray(known, np.float64)
        if len(known) < 2:
            raise ValueError(f"known must be at least 2 inputs, got {len(known)}")
        if window < 1:
            raise ValueError(f"window must be at least 1, got {window}")
        means = known.reshape(len(known), -1).mean(axis=1)  # (N,)
        self.mean, self.spread = float(means.mean()), float(means.std())
        if not self.spread > 0:
            raise ValueError("known must differ: all of these inputs have the same mean")
        self.latencies, self.means = deque(maxlen=window), deque(maxlen=window)
        self.answered, self.errors = 0, 0
        self.first, self.last = None, None

    def record(self, sample: Array, arrived: float, left: float, failed: bool = False) -> None:
        """Record one request: its input, when it arrived and left, and whether it failed.

        If it failed, count only that and its arrival.
        """
        self.first = arrived if self.first is None else min(self.first, arrived)
        if failed:
            self.errors += 1
            return
        self.answered += 1
        self.last = left if self.last is None else max(self.last, left)
        self.latencies.append(left - arrived)
        self.means.append(float(np.mean(sample)))

    def report(self) -> Report:
        """The current `Report`. Percentiles are nearest ranks."""
        lasted = Latency(tuple(self.latencies))
        p50, p95, p99 = (lasted.percentile(p) if self.latencies else None for p in (50, 95, 99))
        seconds = self.last - self.first if self.answered else 0.0  # type: ignore[operator]  # known then
        throughput = self.answered / seconds if seconds > 0 else 0.0
        drift = abs(np.mean(self.means) - self.mean) / self.spread if self.means else 0.0
        return Report(self.answered, self.errors, p50, p95, p99, throughput, float(drift))


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
        ticket = self.tickets
        self.batcher.add((ticket, np.array(sample), self.batcher.now()))
        self.pending.add(ticket)
        self.tickets += 1
        return ticket

    def step(self) -> int:
        """Answer a batch if one is due; returns how many requests left."""
        return self.answer(self.batcher.take())

    def drain(self) -> int:
        """Answer all waiting requests now; returns how many there were."""
        count = 0
        while len(self.batcher):
            count += self.answer(self.batcher.flush())
        return count

    def answer(self, batch: Sequence[tuple[int, Array, float]]) -> int:
        """Run the model on some requests, and keep a result or an error for each.

        Anything that is not an Exception, such as a KeyboardInterrupt, is not a result: it propagates.
        """
        if not batch:
            return 0
        try:
            outcomes: Sequence[Array | Exception] = self.outputs([sample for _, sample, _ in batch])
        except Exception as error:
            if len(batch) > 1:
                return sum(self.answer([request]) for request in batch)
            outcomes = [error]
        left = self.batcher.now()
        for (ticket, sample, arrived), outcome in zip(batch, outcomes, strict=True):
            failed = isinstance(outcome, Exception)
            self.monitor.record(sample, arrived, left, failed)
            self.results[ticket] = outcome
            self.pending.remove(ticket)
        return len(batch)

    def outputs(self, samples: Sequence[Array]) -> list[Array]:
        """The model's rows for some inputs, without gradients.

        Raises:
            ValueError: there are more or fewer rows than inputs, and the message names both numbers; or
                whatever the model raises.
        """
        with no_grad():
            rows = self.model(Tensor(np.stack(samples))).data
        if len(rows) != len(samples):
            raise ValueError(f"the model gave {len(rows)} rows for {len(samples)} inputs")
        return list(rows)

    def result(self, ticket: int) -> Array | None:
        """The answer to a request, once; None while it waits.

        Raises:
            KeyError: there is no such ticket, or its answer or error has already been fetched.
            Exception: what the model raised for this request.
        """
        if ticket in self.pending:
            return None
        if ticket not in self.results:
            raise KeyError(f"no answer waits for ticket {ticket!r}")
        outcome = self.results.pop(ticket)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome


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
    batcher = server.batcher
    start, tickets, waiting = batcher.now(), [], deque(arrivals)
    while waiting or len(batcher):
        now = batcher.now()
        while waiting and start + waiting[0][0] <= now:
            tickets.append(server.submit(waiting.popleft()[1]))
        if not server.step():
            nexts = [start + waiting[0][0]] if waiting else []
            nexts += [batcher.deadline] if len(batcher) else []  # type: ignore[list-item]  # not None
            sleep(max(0.0, min(nexts) - batcher.now()))
    return tickets
