"""01 · tensor: the exercises, written from docstrings by someone who had not seen the worked solution."""


def as_array(data: ArrayLike, dtype: DTypeLike | None = None) -> Array:
    if isinstance(data, Variable):
        data = data.data
    if isinstance(data, (np.ndarray, np.generic)):
        found = np.asarray(data)
        target = found.dtype if dtype is None else np.dtype(dtype)
    else:
        try:
            found = np.array(data)
        except ValueError as error:
            raise ValueError(
                f"data is ragged: its rows have different lengths ({error})"
            ) from error
        default = {"f": np.dtype(DEFAULT_DTYPE), "i": np.dtype(np.int64), "u": np.dtype(np.int64)}
        target = default.get(found.dtype.kind, found.dtype) if dtype is None else np.dtype(dtype)
    if found.dtype.kind not in "biuf" or target.kind not in "biuf":
        raise TypeError(
            f"data has to hold real numbers or booleans; this is {found.dtype} -> {target}"
        )
    return found if found.dtype == target else found.astype(target)


class Tensor:
    def __init__(self, data: ArrayLike, requires_grad: bool = False) -> None:
        values = as_array(data)
        if requires_grad and not np.issubdtype(values.dtype, np.floating):
            raise TypeError(
                f"requires_grad makes sense for floating values only, these are {values.dtype}"
            )
        self.data, self.requires_grad = values, bool(requires_grad)
        self.grad = self.grad_fn = None

    def item(self) -> float:
        value = self.data.ravel().tolist()
        if len(value) != 1:
            raise ValueError(
                f"item() is for one element, this tensor of shape {self.shape} has {len(value)}"
            )
        return value[0]


def tensor(data: ArrayLike, dtype: DTypeLike | None = None, requires_grad: bool = False) -> Tensor:
    values = as_array(data, dtype)
    own = np.empty_like(values)
    own[...] = values
    return Tensor(own, requires_grad)


def full(
    shape: int | Sequence[int],
    fill_value: float,
    dtype: DTypeLike | None = None,
    requires_grad: bool = False,
) -> Tensor:
    value = as_array(fill_value, dtype)
    out = np.empty(shape, value.dtype)
    out[...] = value
    return Tensor(out, requires_grad)


def arange(*bounds: float, dtype: DTypeLike | None = None) -> Tensor:
    if not 1 <= len(bounds) <= 3:
        raise TypeError(f"arange takes one to three bounds, not {len(bounds)}")
    start, stop, step = (0, bounds[0], 1) if len(bounds) == 1 else (*bounds, 1)[:3]
    if step == 0:
        raise ValueError(f"a step of {step} never arrives anywhere")
    if all(isinstance(bound, (int, np.integer)) for bound in bounds):
        return Tensor(
            as_array(list(range(start, stop, step)) or np.empty(0, np.int64), dtype or np.int64)
        )
    # One candidate more than needed, and then only those that are before `stop`.
    many = math.ceil((stop - start) / step)
    values = start + step * np.arange(many + 1 if many > 0 else 0, dtype=np.float64)
    values = values[values < stop] if step > 0 else values[values > stop]
    return Tensor(as_array(values, DEFAULT_DTYPE if dtype is None else dtype))


def add(x: Array, y: Array) -> Array:
    return np.add(x, y)


def matmul(x: Array, y: Array) -> Array:
    shapes = f"{np.shape(x)} and {np.shape(y)}"
    if np.ndim(x) == 0 or np.ndim(y) == 0:
        raise ValueError(f"a number has no rows or columns to multiply: the shapes are {shapes}")
    row, column = x.ndim == 1, y.ndim == 1
    left = x[np.newaxis, :] if row else x
    right = y[:, np.newaxis] if column else y
    n, k = left.shape[-2:]
    m = right.shape[-1]
    if right.shape[-2] != k:
        raise ValueError(f"the inner lengths of a product must agree, the shapes are {shapes}")
    if right.ndim == 2:
        front = left.shape[:-2]
        out = np.dot(left.reshape(math.prod(front) * n, k), right).reshape(*front, n, m)
    else:
        try:
            front = np.broadcast_shapes(left.shape[:-2], right.shape[:-2])
        except ValueError:
            raise ValueError(f"these stacks of matrices do not broadcast: {shapes}") from None
        lefts = np.broadcast_to(left, (*front, n, k))
        rights = np.broadcast_to(right, (*front, k, m))
        out = np.empty((*front, n, m), np.result_type(x, y))
        for place in np.ndindex(*front):
            np.dot(lefts[place], rights[place], out=out[place])
    if row:
        out = out[..., 0, :]
    if column:
        out = out[..., 0]
    return out


def exp(x: Array) -> Array:
    return np.exp(at_least_single(x))


def clip(x: Array, *, min: float | None = None, max: float | None = None) -> Array:
    if min is None and max is None:
        raise ValueError("clip needs at least one of min and max, and both are None")
    out = np.array(x)
    if min is not None:
        out = np.where(out < min, min, out)
    if max is not None:
        out = np.where(out > max, max, out)
    return out


def where(condition: Array, x: Array, y: Array) -> Array:
    condition = np.asarray(condition, dtype=bool)
    shape = np.broadcast_shapes(condition.shape, np.shape(x), np.shape(y))
    out = np.empty(shape, np.result_type(x, y))
    out[...] = y
    np.copyto(out, x, where=condition)
    return out


def sum(x: Array, *, dim: int | tuple[int, ...] | None = None, keepdim: bool = False) -> Array:
    check_dim(dim, x.shape)
    return np.add.reduce(x, axis=dim, keepdims=keepdim)


def max(x: Array, *, dim: int | tuple[int, ...] | None = None, keepdim: bool = False) -> Array:
    check_dim(dim, x.shape)
    return np.maximum.reduce(x, axis=dim, keepdims=keepdim)


def min(x: Tensor, dim: int | tuple[int, ...] | None = None, keepdim: bool = False) -> Tensor:
    turn = neg if x.dtype.kind == "f" else invert
    return turn(max(turn(x), dim=dim, keepdim=keepdim))


def mean(x: Tensor, dim: int | tuple[int, ...] | None = None, keepdim: bool = False) -> Tensor:
    total = sum(x, dim=dim, keepdim=keepdim)
    return div(total, count(x.shape, dim))


def var(
    x: Tensor,
    dim: int | tuple[int, ...] | None = None,
    *,
    keepdim: bool = False,
    correction: int = 1,
) -> Tensor:
    away = sub(x, mean(x, dim, True))
    squares = sum(mul(away, away), dim=dim, keepdim=keepdim)
    left = count(x.shape, dim) - correction
    return div(squares, left if left > 0 else 0)


def argmax(x: Array, *, dim: int | None = None, keepdim: bool = False) -> Array:
    check_dim(dim, x.shape)
    if dim is None:
        best = np.argmax(x.ravel())
        return best.reshape((1,) * x.ndim) if keepdim else best
    best = np.argmax(np.moveaxis(x, dim, -1), axis=-1)
    return np.expand_dims(best, dim) if keepdim else best


def reshape(x: Array, *, shape: tuple[int, ...]) -> Array:
    refusal = ValueError(f"shape {x.shape} cannot become {shape}")
    known, open_place = 1, None
    for place, length in enumerate(shape):
        if length == -1 and open_place is None:
            open_place = place
        elif length < 0:
            raise refusal
        else:
            known *= length
    if open_place is None:
        if known != x.size:
            raise refusal
        return x.reshape(shape)
    if known == 0 or x.size % known:
        raise refusal
    return x.reshape(*shape[:open_place], x.size // known, *shape[open_place + 1 :])


def permute(x: Array, *, dims: tuple[int, ...]) -> Array:
    check_dim(tuple(dims), x.shape)
    order = [axis + x.ndim if axis < 0 else axis for axis in dims]
    if len(order) != x.ndim or len(set(order)) != x.ndim:
        raise ValueError(f"dims {dims} do not name each axis of shape {x.shape} exactly once")
    return x.transpose(order)


def transpose(x: Tensor, dim0: int, dim1: int) -> Tensor:
    check_dim((dim0, dim1), x.shape)
    order = list(range(x.ndim))
    order[dim0], order[dim1] = order[dim1], order[dim0]
    return permute(x, dims=tuple(order))


def flatten(x: Tensor, start_dim: int = 0, end_dim: int = -1) -> Tensor:
    shape = x.shape or (1,)
    for dim in (start_dim, end_dim):
        if not -len(shape) <= dim < len(shape):
            raise IndexError(f"flatten: dim {dim} is not an axis of shape {x.shape}")
    first, last = start_dim % len(shape), end_dim % len(shape)
    if first > last:
        raise ValueError(f"start_dim {start_dim} is behind end_dim {end_dim}")
    joined = 1
    for length in shape[first : last + 1]:
        joined *= length
    return reshape(x, shape=(*shape[:first], joined, *shape[last + 1 :]))


def squeeze(x: Tensor, dim: int | None = None) -> Tensor:
    check_dim(dim, x.shape)
    kept = []
    for axis, length in enumerate(x.shape):
        asked = dim is None or axis == dim or axis - len(x.shape) == dim
        if not (asked and length == 1):
            kept.append(length)
    return reshape(x, shape=tuple(kept))


def unsqueeze(x: Tensor, dim: int) -> Tensor:
    if not -x.ndim - 1 <= dim <= x.ndim:
        raise IndexError(f"dim {dim} would not be an axis once shape {x.shape} has one more")
    before = dim if dim >= 0 else x.ndim + 1 + dim
    return getitem(x, index=(slice(None),) * before + (np.newaxis, ...))


def expand(x: Array, *, shape: tuple[int, ...]) -> Array:
    refusal = ValueError(f"shape {x.shape} does not stretch to {shape}")
    new = len(shape) - x.ndim
    if new < 0:
        raise refusal
    lengths, strides = [], []
    for axis, wanted in enumerate(shape):
        have = x.shape[axis - new] if axis >= new else None
        if wanted == -1:
            wanted = -1 if have is None else have
        if wanted < 0 or have not in (None, 1, wanted):
            raise refusal
        lengths.append(wanted)
        strides.append(x.strides[axis - new] if have == wanted else 0)
    return np.lib.stride_tricks.as_strided(x, lengths, strides, writeable=False)


def concatenate(*arrays: Array, dim: int = 0) -> Array:
    if not arrays:
        raise ValueError("there must be at least one array to join, there is none")
    first = arrays[0]
    check_dim(dim, first.shape)
    dim %= first.ndim
    total = 0
    for array in arrays:
        others = array.shape[:dim] + array.shape[dim + 1 :]
        if array.ndim != first.ndim or others != first.shape[:dim] + first.shape[dim + 1 :]:
            raise ValueError(f"only along {dim} may shapes differ: {[a.shape for a in arrays]}")
        total += array.shape[dim]
    out = np.empty(first.shape[:dim] + (total,) + first.shape[dim + 1 :], np.result_type(*arrays))
    begin = 0
    for array in arrays:
        end = begin + array.shape[dim]
        out[(slice(None),) * dim + (slice(begin, end),)] = array
        begin = end
    return out


def stack(tensors: Sequence[Tensor], dim: int = 0) -> Tensor:
    if len(tensors) == 0:
        raise ValueError("stack wants at least one tensor and got none")
    shapes = [tensor.shape for tensor in tensors]
    if len(set(shapes)) > 1:
        raise ValueError(f"only tensors of one shape can be stacked, these are {shapes}")
    return concatenate(*[unsqueeze(tensor, dim) for tensor in tensors], dim=dim)


def manual_seed(seed: int) -> np.random.Generator:
    Randomness.generator = np.random.Generator(np.random.Philox(seed))
    return Randomness.generator


def rand(
    *shape: int | Sequence[int],
    generator: np.random.Generator | None = None,
    dtype: type[np.float32] | type[np.float64] = DEFAULT_DTYPE,
    requires_grad: bool = False,
) -> Tensor:
    source = generator if generator is not None else default_generator()
    return Tensor(source.random(size=unpack(shape), dtype=dtype), requires_grad)
