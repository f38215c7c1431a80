"""20 · competition: the exercises, written from docstrings by someone who had not seen the worked solution."""

import math
import os


def digest_of(model: Module) -> str:
    sha = hashlib.sha256()
    state = model.state_dict()
    for name in sorted(state):
        array = state[name]
        sha.update(f"{name} {array.dtype.str} {array.shape}\n".encode())
        sha.update(array.tobytes(order="C"))
    return sha.hexdigest()


def digest_of_source(folder: str | Path) -> str:
    folder = Path(folder)
    sha = hashlib.sha256()
    files = {path.relative_to(folder).as_posix(): path for path in folder.glob("*.py")}
    for name, path in sorted(files.items()):
        lines = path.read_bytes().replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        sha.update(f"{name}\n{len(lines)}\n".encode())
        sha.update(lines)
    return sha.hexdigest()


def stored_bytes(model: Module) -> int:
    total = 0
    for array in [t.data for t in (*model.parameters(), *model.buffers())]:
        size = array.nbytes
        if array.ndim >= 2 and array.size:
            size = min(size, to_csr(array.reshape(len(array), -1)).nbytes)
        total += size
    return total


def energy_of(model: Module, inputs: Tensor) -> float:
    products = 0

    def counting(part: QuantizedLinear) -> Callable[[Array], Array]:
        product = part.product

        def counted(rows: Array) -> Array:
            nonlocal products
            products += len(rows) * part.codes.data.size
            return product(rows)

        return counted

    quantized = [part for part in model.modules() if isinstance(part, QuantizedLinear)]
    for part in quantized:
        vars(part)["product"] = counting(part)
    try:
        with no_grad():
            flops = count_flops(model, inputs)
    finally:
        for part in quantized:
            del vars(part)["product"]
    return float(flops * FLOAT_ENERGY + 2 * products * INT8_ENERGY)


def accuracy_of(model: Module, inputs: Tensor, labels: Array) -> float:
    with no_grad():
        scores = model(inputs).data
    answers = labels.data if isinstance(labels, Tensor) else np.asarray(labels)
    if scores.shape[:-1] != answers.shape:
        raise ValueError(f"scores {scores.shape} and labels {answers.shape} do not fit")
    right = np.count_nonzero(scores.argmax(axis=-1) == answers)
    return right / answers.size


def seal_of(document: Mapping[str, Any]) -> str:
    rest = {name: value for name, value in document.items() if name != "seal"}
    text = json.dumps(rest, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def measurements(
    model: Module, baseline: Module, inputs: Tensor, labels: Array, **timing: Any
) -> dict[str, Any]:
    with no_grad():
        race = compare(lambda: baseline(inputs), lambda: model(inputs), **timing)
    found: dict[str, Any] = {}
    for prefix, measured in (("", model), ("baseline_", baseline)):
        found[prefix + "accuracy"] = accuracy_of(measured, inputs, labels)
        found[prefix + "bytes"] = stored_bytes(measured)
        found[prefix + "energy"] = energy_of(measured, inputs)
    found["baseline_seconds"] = race.baseline.median
    found["seconds"] = race.baseline.median / race.ratio
    return found


class Submission:
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
        wrong = [
            *problems_of("name", name, PROPERTIES["name"]),
            *problems_of("track", track, PROPERTIES["track"]),
        ]
        if wrong:
            raise InvalidSubmission(wrong)
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
        said = asdict(self)
        said["seal"] = seal_of(said)
        return said

    def from_document(cls, document: Any) -> Self:
        validate(document)
        said = {name: value for name, value in document.items() if name != "seal"}
        said["environment"] = dict(said["environment"])
        return cls(**said)


def validate(document: Any) -> None:
    if not isinstance(document, dict):
        raise InvalidSubmission([f"a submission is an object, not {type(document).__name__}"])
    problems = [f"{name} is missing" for name in PROPERTIES if name not in document]
    for name, value in document.items():
        if name in PROPERTIES:
            problems.extend(problems_of(name, value, PROPERTIES[name]))
        else:
            problems.append(f"{name} is no property of a submission")
    if not problems and document["seal"] != seal_of(document):
        problems.append("seal is not that of the rest: something was changed")
    if problems:
        raise InvalidSubmission(problems)


def problems_of(name: str, value: Any, rule: Mapping[str, Any]) -> list[str]:
    kind = rule["type"]
    if not isinstance(value, TYPES[kind]) or (isinstance(value, bool) and kind != "boolean"):
        return [f"{name} must be of type {kind}, it is {value!r}"]
    if kind in ("number", "integer"):
        try:
            finite = math.isfinite(value)
        except OverflowError:  # a whole number too large for any float
            finite = False
        if not finite:
            return [f"{name} must be finite, it is {value!r:.40}"]
    if "enum" in rule and value not in rule["enum"]:
        return [f"{name} must be one of {rule['enum']}, it is {value!r}"]
    if "pattern" in rule:
        found = re.search(rule["pattern"], value)
        # Python's $ also matches before a line end, that of JSON Schema does not.
        if not found or (rule["pattern"].endswith("$") and found.end() != len(value)):
            return [f"{name} must match {rule['pattern']}, it is {value!r}"]
    if "minimum" in rule and value < rule["minimum"]:
        return [f"{name} must be at least {rule['minimum']}, it is {value}"]
    if "maximum" in rule and value > rule["maximum"]:
        return [f"{name} must be at most {rule['maximum']}, it is {value}"]
    if "exclusiveMinimum" in rule and value <= rule["exclusiveMinimum"]:
        return [f"{name} must be above {rule['exclusiveMinimum']}, it is {value}"]
    return []


def score(submission: Submission, floor: float = FLOOR) -> float:
    lost = submission.baseline_accuracy - submission.accuracy
    if lost > floor + 1e-9:  # 0.9 - 0.88 is a little above 0.02
        return 0.0
    said = asdict(submission)
    counted = TRACKS[submission.track]
    return said[f"baseline_{counted}"] / said[counted]


class Leaderboard:
    def enter(self, submission: Submission) -> None:
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
        validate(submission.document())
        if digest_of(model) != submission.model:
            raise InvalidSubmission(["model has another digest than the one that was submitted"])
        numbers = measurements(model, baseline, inputs, labels, **timing)
        judged = replace(submission, **numbers, environment=environment())
        self.enter(judged)
        return judged

    def ranking(self, track: str) -> list[tuple[float, Submission]]:
        if track not in TRACKS:
            raise ValueError(f"track {track!r} does not exist, there are {', '.join(TRACKS)}")
        attempts = []
        for entered, made in enumerate(self.submissions):
            if made.track == track and (points := score(made, self.floor)) > 0:
                attempts.append((-points, -made.accuracy, entered))
        best: dict[str, tuple[float, Submission]] = {}
        for points, _, entered in sorted(attempts):
            made = self.submissions[entered]
            best.setdefault(made.name, (-points, made))
        return list(best.values())

    def save(self, path: str | Path) -> None:
        path = Path(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps([made.document() for made in self.submissions], indent=1)
        beside = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            beside.write_text(text + "\n", encoding="utf-8")
            beside.replace(path)
        finally:
            beside.unlink(missing_ok=True)

    def load(cls, path: str | Path, floor: float = FLOOR) -> Self:
        board = cls(floor)
        try:
            documents = json.loads(Path(path).read_bytes())
        except FileNotFoundError:
            return board
        except ValueError as error:
            raise InvalidSubmission([f"{path} is not JSON: {error}"]) from error
        if not isinstance(documents, list):
            raise InvalidSubmission([f"{path} holds no list of submissions"])
        for document in documents:
            try:
                board.submissions.append(Submission.from_document(document))
            except InvalidSubmission as error:
                raise InvalidSubmission(
                    f"{path}: {problem}" for problem in error.problems
                ) from error
        return board


class Monitor:
    def __init__(self, known: Array, window: int = 1000) -> None:
        if not isinstance(window, (int, np.integer)) or isinstance(window, bool) or window < 1:
            raise ValueError(f"window must be a whole number of at least 1, not {window!r}")
        known = np.asarray(known)
        if known.ndim < 1 or len(known) < 2:
            raise ValueError(f"known must hold at least 2 inputs, its shape is {known.shape}")
        means = [float(np.mean(sample, dtype=np.float64)) for sample in known]
        self.center = sum(means) / len(means)
        self.spread = math.sqrt(sum((mean - self.center) ** 2 for mean in means) / len(means))
        if not self.spread > 1e-12 * abs(self.center):
            raise ValueError(
                "known inputs must differ in their means, or nothing tells how far they spread"
            )
        self.latencies = deque(maxlen=int(window))
        self.means = deque(maxlen=int(window))
        self.first = self.last = None
        self.answered = self.errors = 0

    def record(self, sample: Array, arrived: float, left: float, failed: bool = False) -> None:
        self.first = arrived if self.first is None else min(self.first, arrived)
        if failed:
            self.errors += 1
            return
        self.means.append(float(np.mean(sample, dtype=np.float64)))
        self.answered += 1
        self.latencies.append(left - arrived)
        self.last = left if self.last is None else max(self.last, left)

    def report(self) -> Report:
        p50 = p95 = p99 = None
        if self.latencies:
            p50, p95, p99 = map(Latency(tuple(self.latencies)).percentile, (50, 95, 99))
        throughput = drift = 0.0
        if self.first is not None and self.last is not None and self.last > self.first:
            throughput = self.answered / (self.last - self.first)
        if self.means:
            drift = abs(sum(self.means) / len(self.means) - self.center) / self.spread
        return Report(self.answered, self.errors, p50, p95, p99, throughput, drift)


class Server:
    def submit(self, sample: Array) -> int:
        arrived = self.batcher.now()
        ticket = self.tickets
        self.batcher.add((ticket, np.array(sample), arrived))
        self.pending.add(ticket)
        self.tickets += 1
        return ticket

    def step(self) -> int:
        return self.answer(self.batcher.take())

    def drain(self) -> int:
        left = 0
        while len(self.batcher):
            left += self.answer(self.batcher.flush())
        return left

    def answer(self, batch: Sequence[tuple[int, Array, float]]) -> int:
        if not batch:
            return 0
        try:
            rows: Sequence[Array | Exception] = self.outputs([sample for _, sample, _ in batch])
        except Exception as error:
            if len(batch) > 1:  # find out whose fault it is
                return sum(self.answer([alone]) for alone in batch)
            rows = [error]
        left = self.batcher.now()
        for (ticket, sample, arrived), row in zip(batch, rows, strict=True):
            self.results[ticket] = row
            self.pending.discard(ticket)
            self.monitor.record(sample, arrived, left, failed=isinstance(row, Exception))
        return len(batch)

    def outputs(self, samples: Sequence[Array]) -> list[Array]:
        with no_grad():
            made = self.model(Tensor(np.stack(samples)))
        rows = made.data if isinstance(made, Tensor) else np.asarray(made)
        if rows.ndim == 0 or len(rows) != len(samples):
            raise ValueError(
                f"{len(samples)} inputs need as many rows, the model gave {rows.shape}"
            )
        return [row.copy() for row in rows]

    def result(self, ticket: int) -> Array | None:
        if ticket in self.pending:
            return None
        if ticket not in self.results:
            raise KeyError(f"ticket {ticket} was never given, or its answer was fetched before")
        found = self.results.pop(ticket)
        if isinstance(found, Exception):
            raise found
        return found


def serve(
    server: Server,
    arrivals: Iterable[tuple[float, Array]],
    sleep: Callable[[float], object] = time.sleep,
) -> list[int]:
    batcher = server.batcher
    begin = batcher.now()

    def wait_until(moment: float) -> None:
        """Sleep until then, and step whenever a batch has to leave meanwhile."""
        while True:
            now, leaves = batcher.now(), batcher.deadline
            if leaves is not None and leaves <= now:
                server.step()
            elif now >= moment:
                return
            else:
                sleep((moment if leaves is None else min(moment, leaves)) - now)

    tickets = []
    for seconds, sample in arrivals:
        wait_until(begin + seconds)
        tickets.append(server.submit(sample))
    while (leaves := batcher.deadline) is not None:
        wait_until(leaves)
    return tickets
