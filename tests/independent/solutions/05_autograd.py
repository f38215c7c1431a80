"""05 · autograd: the exercises, written from docstrings by someone who had not seen the worked solution."""

from tinytorch import special


def unbroadcast(g: Array, x: Array) -> Array:
    while g.ndim > x.ndim:
        g = np.asarray(g.sum(axis=0))
    for axis, length in enumerate(x.shape):
        if length != g.shape[axis]:
            g = g.sum(axis=axis, keepdims=True)
    return g


def topological_order(tensor: t.Tensor) -> list[t.Tensor]:
    # How often each tensor is used; one whose uses have all been listed can be listed itself.
    uses = {id(tensor): 0}
    made_of: dict[int, list[Any]] = {}
    found = [tensor]
    for user in found:  # it grows meanwhile
        made_of[id(user)] = arguments(user)
        for argument in made_of[id(user)]:
            if id(argument) not in uses:
                uses[id(argument)] = 0
                found.append(argument)
            uses[id(argument)] += 1
    order = [tensor]
    for user in order:
        for argument in made_of[id(user)]:
            uses[id(argument)] -= 1
            if uses[id(argument)] == 0:
                order.append(argument)
    return order


def flow(tensor: t.Tensor, grad: Array, retain_graph: bool) -> Iterator[tuple[t.Tensor, Array]]:
    waiting = topological_order(tensor)[::-1]
    asked = {id(tensor): grad}
    while waiting:
        current = waiting.pop()
        g = asked.pop(id(current))
        yield current, g
        node = current.grad_fn
        if node is not None:
            for argument, part in vjps(node, g, current.data):
                part = np.asarray(part, argument.dtype)
                if id(argument) in asked:
                    part = np.asarray(asked[id(argument)] + part)
                asked[id(argument)] = part
            if not retain_graph:
                node.args, node.params = None, {}
        del g


def backward(
    tensor: t.Tensor, grad: t.Tensor | Array | None = None, retain_graph: bool = False
) -> None:
    for reached, g in flow(tensor, first_gradient(tensor, grad), retain_graph):
        if reached.grad_fn is None:
            before = 0 if reached.grad is None else reached.grad
            reached.grad = np.array(before + g, dtype=reached.dtype)


def grad(
    output: t.Tensor,
    inputs: Sequence[t.Tensor] | t.Tensor,
    grad_output: t.Tensor | Array | None = None,
    retain_graph: bool = False,
) -> list[Array]:
    if isinstance(inputs, t.Tensor):
        return grad(output, [inputs], grad_output, retain_graph)
    places = {id(wanted): None for wanted in inputs}
    for reached, g in flow(output, first_gradient(output, grad_output), retain_graph):
        if id(reached) in places:
            places[id(reached)] = g.copy()
    results = [places[id(wanted)] for wanted in inputs]
    for position, result in enumerate(results):
        if result is None:
            raise RuntimeError(f"input {position} has nothing to do with the output")
    return results


class no_grad:
    def __enter__(self) -> no_grad:
        self.before.append(recording.set(False))
        return self

    def __exit__(self, *error: object) -> None:
        recording.reset(self.before.pop())


def as_matrices(g: Array, x: Array, y: Array) -> tuple[Array, Array, Array]:
    rows = x[np.newaxis, :] if x.ndim == 1 else x
    columns = y[:, np.newaxis] if y.ndim == 1 else y
    if y.ndim == 1:
        g = g[..., np.newaxis]
    if x.ndim == 1:
        g = g[..., np.newaxis, :]
    return g, rows, columns


def matmul_x(g: Array, ans: Array, x: Array, y: Array) -> Array:
    g, rows, columns = as_matrices(g, x, y)
    wanted = t.matmul(g, np.swapaxes(columns, -1, -2))
    return unbroadcast(wanted, rows).reshape(x.shape)


def matmul_y(g: Array, ans: Array, x: Array, y: Array) -> Array:
    g, rows, columns = as_matrices(g, x, y)
    if columns.ndim == 2:
        k, m = columns.shape
        many = math.prod(rows.shape[:-1])
        wanted = np.dot(g.reshape(many, m).T, rows.reshape(many, k)).T
    else:
        wanted = t.matmul(np.swapaxes(rows, -1, -2), g)
    return unbroadcast(wanted, columns).reshape(y.shape)


def pow_x(g: Array, ans: Array, x: Array, y: Array) -> Array:
    base, exponent = np.asarray(x, ans.dtype), np.asarray(y, ans.dtype)
    constant = exponent == 0
    slope = exponent * base ** np.where(constant, 1, exponent - 1)
    return unbroadcast(np.where(constant, 0, g * slope), x)


def pow_y(g: Array, ans: Array, x: Array, y: Array) -> Array:
    base, exponent = np.asarray(x, ans.dtype), np.asarray(y, ans.dtype)
    still = (base == 0) & (exponent >= 0)
    slope = ans * np.log(np.where(still, 1, base))
    return unbroadcast(np.where(still, 0, g * slope), y)


def maximum_x(g: Array, ans: Array, x: Array, y: Array) -> Array:
    part = np.select([x < y, x == y], [0, g / 2], g)
    return unbroadcast(np.asarray(part, g.dtype), x)


def sum_x(
    g: Array,
    ans: Array,
    x: Array,
    *,
    dim: int | tuple[int, ...] | None = None,
    keepdim: bool = False,
) -> Array:
    out = np.empty(x.shape, g.dtype)
    out[...] = widen(g, dim, keepdim)
    return out


def max_x(
    g: Array,
    ans: Array,
    x: Array,
    *,
    dim: int | tuple[int, ...] | None = None,
    keepdim: bool = False,
) -> Array:
    top = widen(ans, dim, keepdim)
    largest = (x == top) | ((x != x) & (top != top))
    ties = np.sum(largest, axis=dim, keepdims=True, dtype=g.dtype)
    return np.where(largest, widen(g, dim, keepdim) / ties, 0)


def getitem_x(g: Array, ans: Array, x: Array, *, index: Any) -> Array:
    out = np.zeros(x.shape, g.dtype)
    parts = index if isinstance(index, tuple) else (index,)
    if all(
        part is None or part is ... or isinstance(part, (int, slice, np.integer)) for part in parts
    ):
        out[index] = g  # a view: no element is in it twice
    else:
        np.add.at(out, index, g)
    return out


def concatenate_each(position: int, g: Array, ans: Array, *arrays: Array, dim: int = 0) -> Array:
    begin = 0
    for array in arrays[:position]:
        begin += array.shape[dim]
    places = range(begin, begin + arrays[position].shape[dim])
    return g.take(places, axis=dim)


def gelu_x(g: Array, ans: Array, x: Array, *, approximate: str = "none") -> Array:
    if approximate == "none":
        below = special.normal_cdf(x)
        return g * (below + x * np.exp(-x * x / 2) / np.sqrt(2 * np.pi)).astype(x.dtype)
    SLOPE, CUBIC = activations.SQRT_2_OVER_PI, activations.GELU_CUBIC
    tanh = np.tanh(SLOPE * (x + CUBIC * x * x * x))
    inner = SLOPE * (1 + 3 * CUBIC * x * x)
    return g * (0.5 * (1 + tanh) + 0.5 * x * (1 - tanh) * (1 + tanh) * inner)


def softmax_x(g: Array, ans: Array, x: Array, *, dim: int = -1) -> Array:
    weighted = ans * g
    return weighted - ans * weighted.sum(axis=dim, keepdims=True)


def log_softmax_x(g: Array, ans: Array, x: Array, *, dim: int = -1) -> Array:
    return g - np.exp(ans) * g.sum(axis=dim, keepdims=True)


def surprise_x(g: Array, ans: Array, x: Array, *, classes: Array) -> Array:
    expected = activations.softmax(x, dim=1)
    for row, label in enumerate(classes.tolist()):
        expected[row, label] -= 1
    return expected * g[:, np.newaxis]


def clip_x(
    g: Array, ans: Array, x: Array, *, min: float | None = None, max: float | None = None
) -> Array:
    return np.where(ans == x, g, 0)


defvjp(t.add, lambda g, ans, x, y: unbroadcast(g, x), lambda g, ans, x, y: unbroadcast(g, y))
defvjp(t.sub, lambda g, ans, x, y: unbroadcast(g, x), lambda g, ans, x, y: -unbroadcast(g, y))
defvjp(
    t.mul, lambda g, ans, x, y: unbroadcast(y * g, x), lambda g, ans, x, y: unbroadcast(x * g, y)
)
defvjp(
    t.div,
    lambda g, ans, x, y: unbroadcast(g / y, x),
    lambda g, ans, x, y: unbroadcast(-(g / y) * ans, y),
)
defvjp(t.neg, lambda g, ans, x: -g)
defvjp(t.exp, lambda g, ans, x: g * ans)
defvjp(t.log, lambda g, ans, x: g / x)
defvjp(t.sqrt, lambda g, ans, x: 0.5 * g / ans)
defvjp(t.abs, lambda g, ans, x: g * np.sign(x))
defvjp(t.clip, clip_x)
defvjp(
    t.where,
    None,
    lambda g, ans, condition, x, y: unbroadcast(np.where(condition, g, 0), x),
    lambda g, ans, condition, x, y: unbroadcast(np.where(condition, 0, g), y),
)
defvjp(t.reshape, lambda g, ans, x, *, shape: g.reshape(x.shape))
defvjp(
    t.permute, lambda g, ans, x, *, dims: g.transpose(np.argsort([dim % x.ndim for dim in dims]))
)
defvjp(t.expand, lambda g, ans, x, *, shape: unbroadcast(g, x))
defvjp(activations.relu, lambda g, ans, x: np.where(x <= 0, 0, g))
defvjp(activations.sigmoid, lambda g, ans, x: g * ans * (1 - ans))
defvjp(activations.tanh, lambda g, ans, x: g * (1 - ans) * (1 + ans))
