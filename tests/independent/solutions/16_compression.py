"""16 · compression: the exercises, written from docstrings by someone who had not seen the worked solution."""


def sparsity(x: Module | Tensor | Array) -> float:
    if isinstance(x, Module):
        arrays = [parameter.data for _, parameter in weights(x)]
    else:
        arrays = [x.data if isinstance(x, Tensor) else np.asarray(x)]
    zeros, all_of_them = 0, 0
    for array in arrays:
        zeros += array.size - int(np.count_nonzero(array))
        all_of_them += array.size
    return zeros / all_of_them if all_of_them else 0.0


class Masks:
    def apply(self) -> None:
        for parameter, mask in self.pairs:
            np.copyto(parameter.data, 0, where=~mask)


def smallest(scores: Array, count: int) -> Array:
    flat = np.array(scores).reshape(-1)
    kept = np.ones(flat.size, bool)
    if count > 0:
        flat = np.where(np.isnan(flat), np.inf, flat)
        edge = np.partition(flat, count - 1)[count - 1]
        kept[flat < edge] = False
        at_edge = np.flatnonzero(flat == edge)
        kept[at_edge[: count - int(np.sum(flat < edge))]] = False
    return kept.reshape(np.shape(scores))


def magnitude_prune(module: Module, amount: float, scope: str = "global") -> Masks:
    check_amount(amount)
    if scope not in ("global", "layer"):
        raise ValueError(f"scope: either 'global' or 'layer', not {scope!r}")
    found = weights(module)
    kept: dict[str, Array] = {}
    if scope == "layer":
        for name, parameter in found:
            sizes = np.abs(parameter.data)
            kept[name] = smallest(sizes, round(amount * sizes.size))
    elif found:
        everything = np.concatenate([np.abs(parameter.data).ravel() for _, parameter in found])
        left = smallest(everything, round(amount * everything.size))
        for name, parameter in found:
            kept[name], left = (
                left[: parameter.size].reshape(parameter.shape),
                left[parameter.size :],
            )
    return Masks(module, kept)


def structured_prune(module: Module, amount: float) -> Masks:
    check_amount(amount)
    parameters = dict(module.named_parameters())
    kept: dict[str, Array] = {}
    for name, parameter in weights(module):
        outputs = len(parameter.data)
        norms = np.empty(outputs)
        for output in range(outputs):
            norms[output] = np.linalg.norm(parameter.data[output].astype(np.float64))
        stay = smallest(norms, round(amount * outputs))
        kept[name] = np.empty(parameter.shape, bool)
        for output in range(outputs):
            kept[name][output] = stay[output]
        bias = name.removesuffix("weight") + "bias"
        if name.endswith("weight") and bias in parameters and parameters[bias].shape == (outputs,):
            kept[bias] = stay
    return Masks(module, kept)


def low_rank(linear: Linear, rank: int) -> Sequential:
    weight = linear.weight.data
    largest = min(weight.shape)
    if not 1 <= rank <= largest:
        raise ValueError(f"rank {rank} is impossible: it goes from 1 to {largest}")
    u, s, vt = np.linalg.svd(weight.astype(np.float64), full_matrices=False)
    roots = np.sqrt(s[:rank])
    out_features, in_features = weight.shape
    # The first values are overwritten: they shall not be drawn from the common generator.
    options = {"generator": np.random.default_rng(0), "dtype": weight.dtype}
    thin = Linear(in_features, rank, bias=False, **options)
    wide = Linear(rank, out_features, bias=linear.bias is not None, **options)
    thin.weight.data[...] = roots[:, None] * vt[:rank]
    wide.weight.data[...] = u[:, :rank] * roots
    if linear.bias is not None:
        wide.bias.data[...] = linear.bias.data
    return Sequential(thin, wide)


def distillation_loss(
    student: Tensor,
    teacher: Tensor | Array,
    labels: Tensor | Array,
    temperature: float = 2.0,
    alpha: float = 0.5,
) -> Tensor:
    taught = teacher.data if isinstance(teacher, Tensor) else np.asarray(teacher)
    if student.shape != taught.shape:
        raise ValueError(f"student {student.shape} and teacher {taught.shape} differ in shape")
    if not temperature > 0:
        raise ValueError(f"temperature must be above 0, it is {temperature}")
    if not 0 <= alpha <= 1:
        raise ValueError(f"alpha must be in [0, 1], it is {alpha}")
    hard = cross_entropy(student, labels)
    if alpha == 0:
        return hard
    # Σ p (log p - log q) = Σ p log p - Σ p log q, of which only the second part moves.
    logarithms = log_softmax(taught.astype(student.dtype) / temperature)
    p = softmax(taught.astype(student.dtype) / temperature)
    own = float(np.sum(p * logarithms))
    crossed = (log_softmax(student / temperature) * p).sum()
    soft = (own - crossed) / len(p)
    return alpha * temperature**2 * soft + (1 - alpha) * hard


class CSR:
    def dense(self) -> Array:
        matrix = np.zeros(self.shape, self.values.dtype)
        for row in range(self.shape[0]):
            here = slice(self.starts[row], self.starts[row + 1])
            matrix[row, self.columns[here]] = self.values[here]
        return matrix

    def __matmul__(self, x: Array) -> Array:
        if x.ndim != 2 or len(x) != self.shape[1]:
            raise ValueError(f"a matrix {self.shape} cannot be multiplied with {x.shape}")
        out = np.zeros((self.shape[0], x.shape[1]), np.result_type(self.values, x))
        for row in range(self.shape[0]):
            here = slice(self.starts[row], self.starts[row + 1])
            out[row] = np.dot(self.values[here], x[self.columns[here]])
        return out


def to_csr(x: Tensor | Array) -> CSR:
    matrix = x.data if isinstance(x, Tensor) else np.asarray(x)
    if matrix.ndim != 2:
        raise ValueError(f"a matrix has two axes, x has the shape {matrix.shape}")
    values, columns, starts = [], [], [0]
    for row in matrix:
        places = np.flatnonzero(row)
        columns.append(places.astype(np.int32))
        values.append(row[places])
        starts.append(starts[-1] + len(places))
    return CSR(
        np.concatenate([np.empty(0, matrix.dtype), *values]),
        np.concatenate([np.empty(0, np.int32), *columns]),
        np.array(starts, np.int32),
        (matrix.shape[0], matrix.shape[1]),
    )
