"""18 · acceleration: the exercises, written from docstrings by someone who had not seen the worked solution."""

from tinytorch.primitive import Array, check_floating, defvjp, primitive


def matmul_loops(x: Array, y: Array) -> Array:
    check_matrices(x, y)
    out = np.zeros((x.shape[0], y.shape[1]), np.result_type(x, y))
    for i in range(x.shape[0]):
        for j in range(y.shape[1]):
            for l in range(x.shape[1]):
                out[i, j] += x[i, l] * y[l, j]
    return out


def matmul_outer(x: Array, y: Array) -> Array:
    check_matrices(x, y)
    out = np.zeros((x.shape[0], y.shape[1]), np.result_type(x, y))
    for column, row in zip(x.T, y, strict=True):
        out += np.outer(column, row)
    return out


def matmul_tiled(x: Array, y: Array, tile: int = TILE) -> Array:
    check_matrices(x, y)
    check_size(tile, "tile")
    (n, k), m = x.shape, y.shape[1]
    out = np.zeros((n, m), np.result_type(x, y))
    for top in range(0, n, tile):
        for left in range(0, m, tile):
            here = out[top : top + tile, left : left + tile]
            for start in range(0, k, tile):
                of_x = x[top : top + tile, start : start + tile]
                of_y = y[start : start + tile, left : left + tile]
                here += of_x @ of_y
    return out


def memory_traffic(n: int, k: int, m: int, tile: int, itemsize: int = 4) -> int:
    check_size(tile, "tile")
    rows_of_tiles = (n + tile - 1) // tile
    columns_of_tiles = (m + tile - 1) // tile
    read = n * k * columns_of_tiles + k * m * rows_of_tiles
    return int((read + n * m) * itemsize)


def conv2d_fast(
    x: Array,
    weight: Array,
    bias: Array | None = None,
    *,
    stride: Size = 1,
    padding: Size = 0,
    relu: bool = False,
) -> Array:
    check_image(x)
    if weight.ndim != 4 or weight.shape[1] != x.shape[1]:
        raise ValueError(
            f"kernels {weight.shape} are no (O, C={x.shape[1]}, KH, KW), as images {x.shape} need"
        )
    outputs = len(weight)
    if bias is not None and bias.shape != (outputs,):
        raise ValueError(
            f"a bias {bias.shape} does not fit kernels {weight.shape}: it is ({outputs},)"
        )
    seen = windows(x, weight.shape[2:], stride, padding)
    kernels = np.moveaxis(weight, 1, 3).reshape(outputs, -1).T  # (KH * KW * C, O)
    n, height, width = seen.shape[:3]
    out = np.empty((n, height, width, outputs), np.result_type(x, weight))
    for images, rows in patches(seen):
        block = out[images].reshape(len(rows), outputs)  # a view: what is done to it is done to out
        np.dot(rows.astype(out.dtype, copy=False), kernels.astype(out.dtype, copy=False), out=block)
        if bias is not None:
            block += bias
        if relu:
            np.maximum(block, 0, out=block)
    return np.moveaxis(out, 3, 1)


def through_relu(rule: Callable[..., Array]) -> Callable[..., Array]:

    def fast_rule(g: Array, ans: Array, *arrays: Any, relu: bool = False, **where: Size) -> Array:
        return rule(let(g, ans, relu), ans, *arrays, **where)

    return fast_rule


defvjp(conv2d_fast, through_relu(conv2d_x), through_relu(conv2d_weight), through_relu(conv2d_bias))


def fused_linear_relu(x: Array, weight: Array, bias: Array) -> Array:
    if weight.ndim != 2 or x.shape[-1:] != weight.shape[1:]:
        raise ValueError(f"x {x.shape} and weight {weight.shape} share no in_features")
    if bias.shape != weight.shape[:1]:
        raise ValueError(f"bias {bias.shape} must be {weight.shape[:1]}, x is {x.shape}")
    out_features, in_features = weight.shape
    dtype = np.result_type(x, weight, bias)
    rows = x.reshape(x.size // in_features, in_features).astype(dtype, copy=False)
    out = np.dot(rows, weight.T.astype(dtype, copy=False))
    np.add(out, bias, out=out)
    np.maximum(out, 0, out=out)
    return out.reshape(*x.shape[:-1], out_features)


def linear_relu_weight(g: Array, ans: Array, x: Array, weight: Array, bias: Array) -> Array:
    leading = list(range(x.ndim - 1))
    return np.tensordot(let(g, ans, True), x, axes=(leading, leading))


def linear_relu_x(g: Array, ans: Array, x: Array, weight: Array, bias: Array) -> Array:
    return np.dot(let(g, ans, True), weight)


def linear_relu_bias(g: Array, ans: Array, x: Array, weight: Array, bias: Array) -> Array:
    total = let(g, ans, True)
    while total.ndim > 1:
        total = total.sum(axis=0)
    return total


defvjp(fused_linear_relu, linear_relu_x, linear_relu_weight, linear_relu_bias)


def fused_gelu(x: Array, *, approximate: str = "none") -> Array:
    check_floating(x, "x")
    if approximate not in ("none", "tanh"):
        raise ValueError(f"approximate is 'none' or 'tanh', not {approximate!r}")
    out = np.empty_like(x)
    parts = np.nditer(
        [x, out],
        flags=["external_loop", "buffered", "zerosize_ok"],
        op_flags=[["readonly"], ["writeonly"]],
        buffersize=BLOCK,
    )
    with parts:
        for given, made in parts:
            if approximate == "none":
                for start in range(0, len(given), 4096):
                    some = given[start : start + 4096]
                    made[start : start + 4096] = some * normal_cdf(some)
                continue
            np.multiply(given, given, out=made)
            made *= GELU_CUBIC
            made += 1
            made *= given
            made *= SQRT_2_OVER_PI
            np.tanh(made, out=made)
            made += 1
            made *= given
            made *= 0.5
    return out


class DynamicBatcher:
    def __init__(
        self, max_batch_size: int, max_wait: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        check_size(max_batch_size, "max_batch_size")
        number = isinstance(max_wait, (int, float, np.number)) and not isinstance(max_wait, bool)
        if not number or not 0 <= max_wait < float("inf"):
            raise ValueError(
                f"max_wait is a number of seconds, 0 or more and finite, not {max_wait!r}"
            )
        if not callable(clock):
            raise ValueError(f"clock must be callable, but {clock!r} is not")
        self.max_batch_size = int(max_batch_size)
        self.max_wait = max_wait
        self.clock = clock
        self.waiting = deque()
        self.latest = -float("inf")

    def now(self) -> float:
        time_now = self.clock()
        if not time_now >= self.latest:
            raise ValueError(f"the clock went backwards, from {self.latest} to {time_now}")
        self.latest = time_now
        return time_now

    def add(self, request: Any) -> None:
        self.waiting.append((self.now(), request))

    def deadline(self) -> float | None:
        if not self.waiting:
            return None
        first_came = self.waiting[0][0]
        patience_ends = first_came + self.max_wait
        if len(self.waiting) < self.max_batch_size:
            return patience_ends
        became_full = self.waiting[self.max_batch_size - 1][0]
        return min(patience_ends, became_full)

    def take(self) -> list[Any]:
        leaves = self.deadline
        if leaves is None or self.now() < leaves:
            return []
        return self.flush()

    def flush(self) -> list[Any]:
        batch: list[Any] = []
        while self.waiting and len(batch) < self.max_batch_size:
            _, request = self.waiting.popleft()
            batch.append(request)
        return batch
