"""15 · quantization: the exercises, written from docstrings by someone who had not seen the worked solution."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from tinytorch.spatial import Conv2d, check_image, pair, patches, windows


def scale_and_zero_point(
    low: float | Array, high: float | Array, symmetric: bool = False
) -> tuple[Array, Array]:
    lows, highs = np.asarray(low, np.float64), np.asarray(high, np.float64)
    for name, end in (("low", lows), ("high", highs)):
        if not np.isfinite(end).all():
            raise ValueError(f"{name} must be finite, but it is {end}")
    if (highs < lows).any():
        raise ValueError(f"the range is upside down: low {lows} and high {highs}")
    lows, highs = np.minimum(lows, 0), np.maximum(highs, 0)  # changes nothing for symmetric ones
    least = np.finfo(np.float32).tiny
    steps = np.maximum(-lows, highs) / 127 if symmetric else (highs - lows) / 255
    empty = steps == 0
    scale = np.where(empty, 1, np.maximum(steps, least)).astype(np.float32)
    if symmetric:
        return scale, np.zeros(scale.shape, np.int32)
    zero_point = np.clip(np.rint(LOWEST - lows / scale.astype(np.float64)), LOWEST, HIGHEST)
    zero_point = np.where(empty, 0, zero_point)
    return scale, zero_point.astype(np.int32)


def encode(x: Array, scale: float | Array, zero_point: int | Array) -> Array:
    x = np.asarray(x)
    if np.isnan(x).any():
        raise ValueError("x holds NaN, for which there is no code")
    with np.errstate(over="ignore"):  # too large is as good as infinite
        steps = np.divide(x, scale, dtype=np.result_type(x.dtype, np.float32))
    steps = np.rint(steps) + zero_point
    return np.clip(steps, LOWEST, HIGHEST).astype(np.int8)


def quantize(x: Tensor | Array, axis: int | None = None, symmetric: bool = False) -> Quantized:
    values = x.data if isinstance(x, Tensor) else np.asarray(x)
    if not np.isfinite(values).all():
        raise ValueError("only finite values have a range, but x holds NaN or infinity")
    if axis is None:
        others = tuple(range(values.ndim))
    elif -values.ndim <= axis < values.ndim:
        others = tuple(a for a in range(values.ndim) if a != axis % values.ndim)
    else:
        raise ValueError(f"x of shape {values.shape} has no axis {axis}")
    keep = axis is not None
    low = values.min(axis=others, keepdims=keep, initial=0)
    high = values.max(axis=others, keepdims=keep, initial=0)
    scale, zero_point = scale_and_zero_point(low, high, symmetric)
    return Quantized(encode(values, scale, zero_point), scale, zero_point)


def dequantize(quantized: Quantized) -> Array:
    distance = quantized.codes.astype(np.int32) - quantized.zero_point
    return np.multiply(distance, quantized.scale, dtype=np.float32, casting="unsafe")


def int8_matmul(x: Array, y: Array) -> Array:
    for name, factor in (("x", x), ("y", y)):
        if factor.dtype != np.int8:
            raise TypeError(f"{name} has dtype {factor.dtype}, only int8 is multiplied here")
    if x.ndim != 2 or y.ndim != 2 or x.shape[1] != y.shape[0]:
        raise ValueError(f"these are no factors (n, k) and (k, m): {x.shape} and {y.shape}")
    # 1024 products of at most 2¹⁴ are exact as float32; longer sums are cut into such pieces.
    total = np.zeros((x.shape[0], y.shape[1]), np.int32)
    for start in range(0, x.shape[1], 1024):
        left = x[:, start : start + 1024].astype(np.float32)
        right = y[start : start + 1024].astype(np.float32)
        total += np.dot(left, right).astype(np.int32)
    return total


def quantized_rows(
    rows: Array, scale: float | Array, zero_point: int | Array, weight: Quantized
) -> Array:
    codes = encode(rows, scale, zero_point)
    sums = int8_matmul(codes, weight.codes.T)
    of_weights = weight.codes.sum(axis=1, dtype=np.int32)
    sums -= np.asarray(zero_point, np.int32) * of_weights
    out = sums.astype(np.float32)
    out *= scale
    out *= weight.scale.reshape(1, -1)
    return out


class QuantizedLinear:
    def keep(self, weight: Quantized, bias: Tensor | None, low: float, high: float) -> None:
        scale, zero_point = scale_and_zero_point(low, high)
        self.codes = Buffer(weight.codes)
        self.weight_scale = Buffer(weight.scale)
        self.bias = None if bias is None else Buffer(np.array(bias.data, np.float32))
        self.scale = Buffer(scale)
        self.zero_point = Buffer(zero_point)

    def product(self, rows: Array) -> Array:
        out = quantized_rows(rows, self.scale.data, self.zero_point.data, self.weight())
        return out if self.bias is None else np.add(out, self.bias.data, dtype=np.float32)

    def forward(self, x: Tensor) -> Tensor:
        outputs, inputs = self.codes.shape
        if x.shape[-1:] != (inputs,):
            raise ValueError(f"the last axis must have in_features={inputs} places, x is {x.shape}")
        rows = x.data.reshape(int(np.prod(x.shape[:-1])), inputs)
        return Tensor(self.product(rows).reshape(*x.shape[:-1], outputs))


class QuantizedConv2d:
    def __init__(self, conv: Conv2d, low: float, high: float) -> None:
        kernels = conv.weight.data.transpose(0, 2, 3, 1)  # (O, KH, KW, C)
        self.kernel_size = kernels.shape[1:3]
        self.channels = kernels.shape[3]
        self.stride, self.padding = pair(conv.stride, "stride"), pair(conv.padding, "padding")
        rows = kernels.reshape(len(kernels), -1)
        self.keep(quantize(rows, axis=0, symmetric=True), conv.bias, low, high)

    def forward(self, x: Tensor) -> Tensor:
        check_image(x)
        if x.shape[1] != self.channels:
            raise ValueError(f"images (N, C={self.channels}, H, W) are needed, x is {x.shape}")
        seen = windows(x.data, self.kernel_size, self.stride, self.padding)
        n, height, width = seen.shape[:3]
        out = np.empty((n, len(self.codes), height, width), np.float32)
        for images, rows in patches(seen):
            made = self.product(rows).reshape(-1, height, width, len(self.codes))
            out[images] = made.transpose(0, 3, 1, 2)
        return Tensor(out)


@contextmanager
def at_rest(model: Module) -> Iterator[None]:
    before = {part: part.training for part in model.modules()}
    model.eval()
    try:
        with no_grad():
            yield
    finally:
        for part, training in before.items():
            part.training = training


class Listener:
    """Stands in for the ``forward`` of a part, and notes the range of what it is given."""

    def __init__(self, forward: Callable[..., Any]) -> None:
        self.forward = forward
        self.low, self.high = np.inf, -np.inf
        self.heard = False

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        values = (args[0] if args else next(iter(kwargs.values()))).data
        if values.size:
            self.heard = True
            self.low = float(np.minimum(self.low, values.min()))
            self.high = float(np.maximum(self.high, values.max()))
        return self.forward(*args, **kwargs)


def calibrate(
    model: Module, batches: Iterable[Tensor | Sequence[Tensor]]
) -> dict[str, tuple[float, float]]:
    listeners: dict[str, Listener] = {}
    undo: list[tuple[dict[str, Any], dict[str, Any]]] = []
    ran = False
    with at_rest(model):
        try:
            for name, part in model.named_modules():
                if type(part).forward in (Linear.forward, Conv2d.forward):
                    attributes = vars(part)
                    undo.append(
                        (attributes, {k: v for k, v in attributes.items() if k == "forward"})
                    )
                    listeners[name] = attributes["forward"] = Listener(part.forward)
            for batch in batches:
                ran = True
                model(batch if isinstance(batch, Tensor) else batch[0])
        finally:
            for attributes, old in undo:
                del attributes["forward"]
                attributes.update(old)
    if not ran:
        raise ValueError("batches is empty, so no part has a range")
    return {name: (ear.low, ear.high) for name, ear in listeners.items() if ear.heard}


def quantize_model(model: Module, batches: Iterable[Tensor | Sequence[Tensor]]) -> Module:
    ranges = calibrate(model, batches)
    clone = copy.deepcopy(model).eval()
    parts = dict(clone.named_modules())
    instead = {id(parts[name]): replacement(parts[name], *ends) for name, ends in ranges.items()}
    for part in parts.values():
        for attribute, child in list(part.named_children()):
            if id(child) in instead:
                setattr(part, attribute, instead[id(child)].eval())
    return instead.get(id(clone), clone).eval()


def to_half(model: Module) -> Module:
    limit = float(np.finfo(np.float16).max)
    for name, parameter in model.named_parameters():
        if (np.abs(parameter.data) > limit).any():
            raise ValueError(f"{name} holds numbers beyond {limit:,.0f}, the largest of FP16")
    clone = copy.deepcopy(model)
    for part in clone.modules():
        for value in vars(part).values():
            # Fixed tables are no parameters, but what is added to FP16 must be FP16 as well.
            if isinstance(value, Tensor) and not isinstance(value, Buffer):
                if value.data.dtype.kind == "f":
                    value.data = value.data.astype(np.float16)
                value.grad = None
    return clone


class GradScaler:
    def step(self) -> bool:
        shares = [(master, half, half.grad) for master, half in self.pairs]
        overflow = any(g is not None and not np.isfinite(g).all() for _, _, g in shares)
        if overflow:
            self.skipped += 1
            self.fine = 0
            self.scale = max(1.0, self.scale / 2)
            for kept, moved in self.buffers:
                np.copyto(moved.data, kept.data)
        else:
            for master, _, g in shares:
                master.grad = None if g is None else g.astype(master.dtype) / self.scale
            self.optimizer.step()
            for master, half, _ in shares:
                half.data[...] = master.data
            for kept, moved in self.buffers:
                np.copyto(kept.data, moved.data)
            self.fine += 1
            if self.fine >= self.growth_interval:
                self.fine = 0
                self.scale *= 2
        for master, half, _ in shares:
            master.grad = half.grad = None
        return not overflow
