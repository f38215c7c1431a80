"""09 · spatial: the exercises, written from docstrings by someone who had not seen the worked solution."""


def output_size(
    size: tuple[int, int], kernel_size: Size, stride: Size, padding: Size
) -> tuple[int, int]:
    kernel = pair(kernel_size, "kernel_size")
    step = pair(stride, "stride")
    border = pair(padding, "padding")
    if min(kernel) < 1:
        raise ValueError(f"kernel_size has to be 1 or more, not {kernel_size}")
    if min(step) < 1:
        raise ValueError(f"stride has to be 1 or more, not {stride}")
    if min(border) < 0:
        raise ValueError(f"padding has to be 0 or more, not {padding}")
    result = []
    for n, k, s, p in zip(size, kernel, step, border, strict=True):
        room = n + 2 * p - k
        if room < 0:
            raise ValueError(
                f"kernel_size {kernel} does not fit into a padded image of"
                f" {(size[0] + 2 * border[0], size[1] + 2 * border[1])}"
            )
        result.append(room // s + 1)
    return result[0], result[1]


def windows(x: Array, kernel_size: Size, stride: Size, padding: Size, fill: float = 0) -> Array:
    kh, kw = pair(kernel_size, "kernel_size")
    sh, sw = pair(stride, "stride")
    ph, pw = pair(padding, "padding")
    n, c, h, w = x.shape
    oh, ow = output_size((h, w), kernel_size, stride, padding)
    last = np.transpose(x, (0, 2, 3, 1))  # (N, H, W, C)
    if ph or pw:
        inner, last = last, np.full((n, h + 2 * ph, w + 2 * pw, c), fill, x.dtype)
        last[:, ph : ph + h, pw : pw + w] = inner
    bn, bh, bw, bc = last.strides
    return np.lib.stride_tricks.as_strided(
        last,
        shape=(n, oh, ow, kh, kw, c),
        strides=(bn, bh * sh, bw * sw, bh, bw, bc),
        writeable=False,
    )


def patches(seen: Array) -> Iterator[tuple[slice, Array]]:
    n, oh, ow, kh, kw, c = seen.shape
    bytes_each = max(1, oh * ow * kh * kw * c * seen.itemsize)
    many = min(max(BLOCK_BYTES // bytes_each, 1), max(n, 1))
    store = np.empty((many, oh, ow, kh, kw, c), seen.dtype)
    start = 0
    while start < n:
        stop = min(start + many, n)
        block = store[: stop - start]
        np.copyto(block, seen[start:stop])
        yield slice(start, stop), block.reshape((stop - start) * oh * ow, kh * kw * c)
        start = stop


def conv2d(
    x: Array, weight: Array, bias: Array | None = None, *, stride: Size = 1, padding: Size = 0
) -> Array:
    check_image(x)
    if weight.ndim != 4 or weight.shape[1] != x.shape[1]:
        raise ValueError(f"images {x.shape} and weight {weight.shape} do not belong together")
    if bias is not None and bias.shape != weight.shape[:1]:
        raise ValueError(f"bias {bias.shape} should have been {weight.shape[:1]}")
    seen = windows(x, weight.shape[2:], stride, padding)
    n, oh, ow, kh, kw, c = seen.shape
    out = np.zeros((n, oh, ow, len(weight)), np.result_type(x, weight))
    for k in range(kh):
        for l in range(kw):
            out += np.dot(seen[:, :, :, k, l], weight[:, :, k, l].T)
    if bias is not None:
        out += bias
    return np.moveaxis(out, -1, 1)


def conv2d_x(
    g: Array,
    ans: Array,
    x: Array,
    weight: Array,
    bias: Array | None = None,
    *,
    stride: Size = 1,
    padding: Size = 0,
) -> Array:
    sh, sw = pair(stride, "stride")
    ph, pw = pair(padding, "padding")
    n, c, h, w = x.shape
    oh, ow = g.shape[2:]
    last = np.moveaxis(g, 1, -1)  # (N, OH, OW, O)
    total = np.zeros((n, h + 2 * ph, w + 2 * pw, c), np.result_type(g, weight))
    for k in range(weight.shape[2]):
        for l in range(weight.shape[3]):
            met = total[:, k : k + sh * oh : sh, l : l + sw * ow : sw][:, :oh, :ow]
            met += np.dot(last, weight[:, :, k, l])
    return np.moveaxis(total[:, ph : ph + h, pw : pw + w], -1, 1)


def conv2d_weight(
    g: Array,
    ans: Array,
    x: Array,
    weight: Array,
    bias: Array | None = None,
    *,
    stride: Size = 1,
    padding: Size = 0,
) -> Array:
    seen = windows(x, weight.shape[2:], stride, padding)
    rows = np.moveaxis(g, 1, -1).reshape(-1, g.shape[1])
    total = np.empty(weight.shape, np.result_type(g, x))
    for k in range(weight.shape[2]):
        for l in range(weight.shape[3]):
            pixels = seen[:, :, :, k, l].reshape(len(rows), x.shape[1])
            total[:, :, k, l] = np.dot(rows.T, pixels)
    return total


def conv2d_bias(
    g: Array,
    ans: Array,
    x: Array,
    weight: Array,
    bias: Array | None = None,
    *,
    stride: Size = 1,
    padding: Size = 0,
) -> Array:
    return np.array([g[:, o].sum() for o in range(g.shape[1])], g.dtype)


def taps(x: Array, kernel_size: tuple[int, int], stride: tuple[int, int]) -> Iterator[Array]:
    oh, ow = output_size(x.shape[2:], kernel_size, stride, 0)
    for k in range(kernel_size[0]):
        for l in range(kernel_size[1]):
            rows = x[:, :, k :: stride[0]][:, :, :oh]
            yield rows[:, :, :, l :: stride[1]][:, :, :, :ow]


def max_pool2d(
    x: Array, *, kernel_size: Size, stride: Size | None = None, padding: Size = 0
) -> Array:
    padded, kernel, step = pool(x, kernel_size, stride, padding, -np.inf)
    best = None
    for tap in taps(padded, kernel, step):
        best = tap.copy() if best is None else np.maximum(best, tap, out=best)
    return best


def max_pool2d_x(
    g: Array,
    ans: Array,
    x: Array,
    *,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
) -> Array:
    padded, kernel, step = pool(x, kernel_size, stride, padding, -np.inf)
    best, winner = None, np.zeros(g.shape, np.int64)
    for number, tap in enumerate(taps(padded, kernel, step)):
        if best is None:
            best = tap.copy()
            continue
        better = (tap > best) | (np.isnan(tap) & ~np.isnan(best))
        np.copyto(winner, number, where=better)
        np.copyto(best, tap, where=better)
    total = np.zeros(padded.shape, g.dtype)
    for number, tap in enumerate(taps(total, kernel, step)):
        tap += np.where(winner == number, g, 0)
    return unpad(total, x.shape, padding)


def avg_pool2d(
    x: Array, *, kernel_size: Size, stride: Size | None = None, padding: Size = 0
) -> Array:
    padded, kernel, step = pool(x, kernel_size, stride, padding, 0)
    whole = 0
    for tap in taps(padded, kernel, step):
        whole = whole + tap
    return whole / (kernel[0] * kernel[1])


def avg_pool2d_x(
    g: Array,
    ans: Array,
    x: Array,
    *,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
) -> Array:
    padded, kernel, step = pool(x, kernel_size, stride, padding, 0)
    share = g / (kernel[0] * kernel[1])
    total = np.zeros(padded.shape, g.dtype)
    for tap in taps(total, kernel, step):
        tap += share
    return unpad(total, x.shape, padding)


def batch_norm(
    x: Array, weight: Array, bias: Array, *, mean: Array, var: Array, eps: float, of_batch: bool
) -> Array:
    out = np.empty_like(x)
    for c in range(x.shape[1]):
        out[:, c] = (x[:, c] - mean[c]) / np.sqrt(var[c] + eps) * weight[c] + bias[c]
    return out


def batch_norm_x(
    g: Array,
    ans: Array,
    x: Array,
    weight: Array,
    bias: Array,
    *,
    mean: Array,
    var: Array,
    eps: float,
    of_batch: bool,
) -> Array:
    total = np.empty(x.shape, g.dtype)
    count = x.size // x.shape[1]
    for c in range(x.shape[1]):
        root = np.sqrt(var[c] + eps)
        here = g[:, c]
        if of_batch:
            centered = x[:, c] - mean[c]
            along = np.vdot(here, centered) / (var[c] + eps)
            here = here - (here.sum() + centered * along) / count
        total[:, c] = here * (weight[c] / root)
    return total


def batch_norm_weight(
    g: Array,
    ans: Array,
    x: Array,
    weight: Array,
    bias: Array,
    *,
    mean: Array,
    var: Array,
    eps: float,
    of_batch: bool,
) -> Array:
    total = []
    for c in range(x.shape[1]):
        total.append((g[:, c] * (x[:, c] - mean[c])).sum() / np.sqrt(var[c] + eps))
    return np.array(total, g.dtype)


def batch_norm_bias(
    g: Array,
    ans: Array,
    x: Array,
    weight: Array,
    bias: Array,
    *,
    mean: Array,
    var: Array,
    eps: float,
    of_batch: bool,
) -> Array:
    return np.array([g[:, c].sum() for c in range(g.shape[1])], g.dtype)


class Conv2d:
    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Size,
        stride: Size = 1,
        padding: Size = 0,
        *,
        bias: bool = True,
        generator: np.random.Generator | None = None,
    ) -> None:
        for name, channels in {"in_channels": in_channels, "out_channels": out_channels}.items():
            if channels < 1:
                raise ValueError(f"{name} has to be positive, not {channels}")
        kh, kw = pair(kernel_size, "kernel_size")
        source = default_generator() if generator is None else generator
        limit = (in_channels * kh * kw) ** -0.5
        first = source.uniform(-limit, limit, size=(out_channels, in_channels, kh, kw))
        self.weight = Parameter(first.astype(np.float32))
        self.bias = None
        if bias:
            self.bias = Parameter(
                source.uniform(-limit, limit, size=out_channels).astype(np.float32)
            )
        self.stride, self.padding = stride, padding

    def forward(self, x: Tensor) -> Tensor:
        return conv2d(x, self.weight, self.bias, stride=self.stride, padding=self.padding)


class MaxPool2d:
    def forward(self, x: Tensor) -> Tensor:
        return max_pool2d(x, kernel_size=self.kernel_size, stride=self.stride, padding=self.padding)


class AvgPool2d:
    def forward(self, x: Tensor) -> Tensor:
        return avg_pool2d(x, kernel_size=self.kernel_size, stride=self.stride, padding=self.padding)


class BatchNorm2d:
    def __init__(self, num_features: int, eps: float = 1e-5, momentum: float = 0.1) -> None:
        if num_features < 1:
            raise ValueError(f"num_features has to be positive, not {num_features}")
        self.eps, self.momentum = eps, momentum
        self.weight = Parameter(np.full(num_features, 1, np.float32))
        self.bias = Parameter(np.full(num_features, 0, np.float32))
        self.running_mean = Buffer(np.full(num_features, 0, np.float32))
        self.running_var = Buffer(np.full(num_features, 1, np.float32))
        self.num_batches_tracked = Buffer(np.array(0))

    def forward(self, x: Tensor) -> Tensor:
        check_image(x)
        if x.shape[1] != len(self.weight):
            raise ValueError(f"num_features is {len(self.weight)}, not for images of {x.shape}")
        if self.training:
            mean, var = self.statistics(x.data)
        else:
            mean, var = self.running_mean.data, self.running_var.data
        return batch_norm(
            x, self.weight, self.bias, mean=mean, var=var, eps=self.eps, of_batch=self.training
        )

    def statistics(self, x: Array) -> tuple[Array, Array]:
        count = x.size // x.shape[1]
        if count < 2:
            raise ValueError(f"no variance of a single element a channel: {x.shape}")
        mean, var = np.empty(x.shape[1], x.dtype), np.empty(x.shape[1], x.dtype)
        for c in range(x.shape[1]):
            values = x[:, c].ravel()
            mean[c] = values.mean()
            var[c] = np.square(values - mean[c]).sum() / count
        for running, new in (
            (self.running_mean, mean),
            (self.running_var, var * (count / (count - 1))),
        ):
            running.data[...] = (1 - self.momentum) * running.data + self.momentum * new
        self.num_batches_tracked.data[...] += 1
        return mean, var
