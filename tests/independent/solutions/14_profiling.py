"""14 · profiling: the exercises, written from docstrings by someone who had not seen the worked solution."""

from contextlib import ExitStack, contextmanager


def owner_of(array: Array) -> Array:
    owner, link = array, array.base
    while link is not None:
        if isinstance(link, np.ndarray):
            owner = link
        link = getattr(
            link, "base", None
        )  # as_strided puts a stand-in between, which has a base too
    return owner


def arrays_in(thing: Any) -> Iterator[Array]:
    if isinstance(thing, np.ndarray):
        yield thing
    elif isinstance(thing, (tuple, list)):
        for inner in thing:
            yield from arrays_in(inner)
    elif isinstance(thing, dict):
        yield from arrays_in(list(thing.values()))


def count_parameters(module: Module) -> int:
    counted: dict[int, int] = {}
    for parameter in module.parameters():
        counted[id(parameter)] = parameter.data.size
    return sum(counted.values())


def flops_of(op: Primitive, arrays: Sequence[Any], params: Mapping[str, Any], ans: Array) -> int:
    own = getattr(op, "flops", None)
    if own is not None:
        return int(own(arrays, params, ans))
    name = op.__name__
    elements = int(np.size(ans))
    if name in MOVES:
        return 0
    if name == "matmul":
        return elements * 2 * np.shape(arrays[0])[-1]
    if name == "conv2d":
        kernel = arrays[1].shape
        each = 2 * kernel[1] * kernel[2] * kernel[3]
        if len(arrays) == 3 and arrays[2] is not None:
            each += 1
        return elements * each
    if name in ("max_pool2d", "avg_pool2d"):
        window = params["kernel_size"]
        height, width = window if isinstance(window, (tuple, list)) else (window, window)
        return elements * int(height) * int(width)
    largest = elements
    for array in arrays:
        largest = max(largest, int(np.size(array)))
    return largest * PER_ELEMENT.get(name, 1)


def observed(watch: Observer) -> Iterator[None]:
    outer = observer.get()

    def both(op: Primitive, arrays: Sequence[Any], params: Mapping[str, Any], ans: Array) -> None:
        if outer is not None:
            outer(op, arrays, params, ans)
        watch(op, arrays, params, ans)

    token = observer.set(both)
    try:
        yield
    finally:
        observer.reset(token)


def count_flops(function: Callable[..., object], *args: Any, **kwargs: Any) -> int:
    counts: list[int] = []
    with observed(lambda *seen: counts.append(flops_of(*seen))):
        function(*args, **kwargs)
    return sum(counts)


def held_arrays(tensor: Tensor) -> list[Array]:
    found: dict[int, Array] = {}

    def hold(thing: Any) -> None:
        for array in arrays_in(thing):
            owner = owner_of(array)
            found.setdefault(id(owner), owner)

    seen = {id(tensor)}
    layer: list[Any] = [tensor]
    while layer:  # one layer of the graph after the other
        below = []
        for made in layer:
            hold(made.data)
            node = made.grad_fn
            if node is None:
                continue
            hold(list(node.params.values()))
            for arg in node.args or ():
                if not isinstance(arg, Variable):
                    hold(arg)
                elif id(arg) not in seen:
                    seen.add(id(arg))
                    below.append(arg)
        layer = below
    return list(found.values())


def footprint(
    module: Module,
    output: Tensor,
    optimizer: Optimizer | None = None,
    inputs: Iterable[Tensor] = (),
) -> Footprint:
    parameters, gradients = 0, 0
    not_ours = set()
    for parameter in module.parameters():
        parameters += parameter.data.nbytes
        if parameter.requires_grad:
            gradients += parameter.data.nbytes
        not_ours.add(id(owner_of(parameter.data)))
    for given in inputs:
        not_ours.add(id(owner_of(given.data)))
    activations = 0
    for array in held_arrays(output):
        if id(array) not in not_ours:
            activations += array.nbytes
    remembered = 0 if optimizer is None else optimizer.state_bytes()
    return Footprint(parameters, gradients, remembered, activations)


def peak_memory(function: Callable[..., object], *args: Any, **kwargs: Any) -> int:
    if not callable(function):
        raise TypeError(f"function cannot be called, so there is nothing to measure: {function!r}")
    ours = not tracemalloc.is_tracing()
    if ours:
        tracemalloc.start()
    try:
        tracemalloc.reset_peak()
        before = tracemalloc.get_traced_memory()[0]
        function(*args, **kwargs)
        highest = tracemalloc.get_traced_memory()[1]
    finally:
        if ours:
            tracemalloc.stop()
    return max(0, highest - before)


class Latency:
    def percentile(self, percent: float) -> float:
        if not 0 < percent <= 100:
            raise ValueError(f"a percentile is above 0 and at most 100, not {percent}")
        total = len(self.samples)
        rank = 0
        for rank, sample in enumerate(sorted(self.samples), start=1):
            if 100 * rank >= percent * total:
                return sample
        raise ValueError("there are no samples")

    def median(self) -> float:
        ordered = sorted(self.samples)
        middle = len(ordered) // 2
        if len(ordered) % 2 == 1:
            return ordered[middle]
        return (ordered[middle - 1] + ordered[middle]) / 2


def latency(
    function: Callable[..., object],
    *args: Any,
    warmup: int = 3,
    repeats: int = 20,
    clock: Callable[[], float] = time.perf_counter,
) -> Latency:
    if not callable(function):
        raise TypeError(f"no function to time: {function!r} cannot be called")
    if warmup < 0:
        raise ValueError(f"warmup counts calls, so it is 0 or more, not {warmup}")
    if repeats < 1:
        raise ValueError(f"repeats: at least one call must be timed, not {repeats}")
    for _ in range(warmup):
        function(*args)
    taken: list[float] = []
    while len(taken) < repeats:
        start = clock()
        function(*args)
        end = clock()
        if end < start:
            raise ValueError(f"the clock ran backwards, from {start} to {end}")
        taken.append(end - start)
    return Latency(tuple(taken))


class Profiler:
    def __init__(self, model: Module, clock: Callable[[], float] = time.perf_counter) -> None:
        self.model = model
        self.clock = clock
        self.rows: dict[str, Row] = {}
        self.parts: list[tuple[Module, Row]] = []
        self.working: list[Row] = []  # the innermost part at work is the last
        self.since = 0.0
        self.undo = ExitStack()
        known: set[int] = set()
        for name, part in model.named_modules():
            learned = 0
            for value in vars(part).values():
                if isinstance(value, Parameter) and id(value) not in known:
                    known.add(id(value))
                    learned += value.data.size
            row = Row(name, type(part).__name__, learned)
            self.rows[name] = row
            self.parts.append((part, row))

    def __enter__(self) -> Self:
        self.undo.enter_context(observed(self.count))
        for part, row in self.parts:
            attributes = vars(part)
            if "forward" in attributes:  # somebody put one there: it comes back
                self.undo.callback(attributes.__setitem__, "forward", attributes["forward"])
            else:
                self.undo.callback(attributes.pop, "forward", None)
            attributes["forward"] = self.reporting(row, part.forward)
        self.since = self.clock()
        return self

    def __exit__(self, *error: object) -> None:
        self.undo.close()
        self.working.clear()

    def reporting(self, row: Row, forward: Callable[..., Any]) -> Callable[..., Any]:
        def watched(*args: Any, **kwargs: Any) -> Any:
            self.charge()
            row.calls += 1
            self.working.append(row)
            try:
                return forward(*args, **kwargs)
            finally:
                self.charge()
                self.working.pop()

        return watched

    def charge(self) -> None:
        now = self.clock()
        if self.working:
            self.working[-1].seconds += now - self.since
        self.since = now

    def count(
        self, op: Primitive, arrays: Sequence[Any], params: Mapping[str, Any], ans: Array
    ) -> None:
        if self.working:
            row = self.working[-1]
            row.flops += flops_of(op, arrays, params, ans)
            row.bytes += int(np.asarray(ans).nbytes)

    def bottlenecks(self, by: str = "seconds") -> list[Row]:
        if by not in ("seconds", "flops", "bytes", "parameters"):
            raise ValueError(
                f"by: seconds, flops, bytes and parameters can be compared, not {by!r}"
            )
        ordered = list(self.rows.values())
        ordered.sort(key=lambda row: -getattr(row, by))
        return ordered
