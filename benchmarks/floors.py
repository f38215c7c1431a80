"""The floor of a row: the calls of NumPy that it cannot do without, into arrays that are there already.

No Tensor, no gradient is recorded, and no array is made on the way. So what lies between a floor and 1 is
what NumPy lacks, and what lies between our ratio and the floor is ours: Python, and arrays that are made.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from benchmarks import mlpfloor, models, operations
from benchmarks.row import Work

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Floor:
    """The least that a row needs.

    Attributes:
        work: sets the calls up and gives them.
        calls: what is timed, in words.
        missing: what the other library has and NumPy does not.
    """

    work: Callable[[], Work]
    calls: str
    missing: str


class Rows:
    """512 × 512 numbers, and all arrays that their floors write into."""

    def __init__(self):
        side = operations.SIDE
        self.x, self.g = operations.drawn(side, side), operations.drawn(side, side, seed=2)
        self.out, self.back, self.work = (np.empty_like(self.x) for _ in range(3))
        self.weight, self.bias = np.ones(side, np.float32), np.zeros(side, np.float32)
        self.ones, self.row = np.ones(side, np.float32), np.empty(side, np.float32)
        self.column, self.inverse = (np.empty((side, 1), np.float32) for _ in range(2))
        self.places, self.classes = np.arange(side), operations.labels()
        self.starts = self.places * side

    def softmax(self):
        """No number is so large that its row would need less; the sums show it."""
        np.exp(self.x, out=self.out)
        np.matmul(self.out, self.ones, out=self.column[:, 0])
        return np.divide(self.out, self.column, out=self.out)

    def exponentials(self):
        """Of each row less its largest number, and their sums; gives the right ones before."""
        np.maximum.reduceat(self.x.reshape(-1), self.starts, out=self.column[:, 0])
        np.subtract(self.x, self.column, out=self.out)
        right = self.out[self.places, self.classes]
        np.exp(self.out, out=self.out)
        np.matmul(self.out, self.ones, out=self.column[:, 0])
        return right

    def softmax_back(self):
        np.vecdot(self.g, self.out, out=self.column[:, 0])
        np.subtract(self.g, self.column, out=self.back)
        return np.multiply(self.back, self.out, out=self.back)

    def cross_entropy(self):
        right = self.exponentials()
        return (np.log(self.column[:, 0]) - right).mean()

    def cross_entropy_back(self):
        share = operations.drawn(seed=2) / len(self.x)
        np.multiply(self.out, share / self.column, out=self.out)
        self.out[self.places, self.classes] -= share
        return self.out

    def mean(self, x):
        """Of each row, as a column."""
        np.matmul(x, self.ones, out=self.column[:, 0])
        return np.divide(self.column, len(self.ones), out=self.column)

    def layer_norm(self):
        np.subtract(self.x, self.mean(self.x), out=self.out)
        np.vecdot(self.out, self.out, out=self.inverse[:, 0])
        self.inverse[...] = 1 / np.sqrt(self.inverse / len(self.ones) + 1e-5)
        np.multiply(self.out, self.inverse, out=self.out)
        np.multiply(self.out, self.weight, out=self.back)
        return np.add(self.back, self.bias, out=self.back)

    def layer_norm_back(self):
        """The gradients of weight and bias, and then that of x."""
        np.multiply(self.g, self.out, out=self.work)
        np.matmul(self.ones, self.work, out=self.row)
        np.matmul(self.ones, self.g, out=self.row)
        along = self.work @ self.weight / len(self.ones)
        mean = self.g @ self.weight / len(self.ones)
        np.multiply(self.out, along[:, None], out=self.work)
        np.multiply(self.g, self.weight, out=self.back)
        np.subtract(self.back, mean[:, None], out=self.back)
        np.subtract(self.back, self.work, out=self.back)
        return np.multiply(self.back, self.inverse, out=self.back)


def each(*names: str) -> Callable[[], Work]:
    """The methods of `Rows` of these names, one after the other."""

    def made():
        rows = Rows()
        steps = [getattr(rows, name) for name in names]
        return lambda: [step() for step in steps][-1]

    return made


def step_products():
    """Of a step of the GPT: each product of two matrices, there and back, and the exponentials."""
    rows, width, heads = models.TEXTS * models.LENGTH, models.WIDTH, models.HEADS
    stack, length, part = models.TEXTS * heads, models.LENGTH, models.WIDTH // models.HEADS
    layers = [(rows, width, 3 * width), (rows, width, width), (rows, width, 4 * width)]
    layers += [(rows, 4 * width, width)]
    every = models.LAYERS * layers + [(rows, width, models.VOCABULARY)]
    shapes: list[tuple[Shape, Shape]] = [((n, k), (k, m)) for n, k, m in every]
    attention = [((length, part), (part, length)), ((length, length), (length, part))]
    for one, other in models.LAYERS * attention:
        shapes.append(((stack, *one), (stack, *other)))
    products = [tripled(*pair) for pair in shapes]
    sizes = [(stack, length, length), (rows, 4 * width), (rows, models.VOCABULARY)]
    scores, hidden, logits = (operations.drawn(*size) for size in sizes)
    outs = [np.empty_like(array) for array in (scores, hidden, logits)]

    def run():
        for x, y, out, x_back, y_back in products:
            np.matmul(x, y, out=out)
            np.matmul(out, y.swapaxes(-1, -2), out=x_back)
            np.matmul(x.swapaxes(-1, -2), out, out=y_back)
        for _ in range(models.LAYERS):
            np.exp(scores, out=outs[0])
            np.tanh(hidden, out=outs[1])
        np.exp(logits, out=outs[2])

    return run


def tripled(one, other):
    """Two factors, their product, and room for the gradients of both."""
    x, y = operations.drawn(*one), operations.drawn(*other)
    return x, y, x @ y, np.empty_like(x), np.empty_like(y)


def generation():
    """The tokens of the row, in plain NumPy: no checks, no Tensors, no modules."""
    model = models.our_gpt(models.CONTEXT)
    sizes = (models.LAYERS, models.HEADS, models.CONTEXT, models.WIDTH // models.HEADS)
    table, places = model.token_embedding.weight.data, model.position.weight.data
    blocks = [arrays_of(block) for block in model.blocks]
    last = model.ln_f.weight.data, model.ln_f.bias.data

    def run():
        text, new, start = list(models.PROMPT[0]), models.PROMPT[0], 0
        cache = np.empty(sizes, np.float32), np.empty(sizes, np.float32)
        for _ in range(models.CACHED):
            x = table[new] + places[start : start + len(new)]  # (T, D)
            for number, block in enumerate(blocks):
                x = through(block, x, cache[0][number], cache[1][number], start)
            start += len(new)
            new = [int((table @ normal(x[-1:], *last)[0]).argmax())]
            text += new
        return np.array([text])

    return run


def chain():
    """The sums of gradients that a chain of nodes with one leaf in each needs."""
    share = np.ones(1, np.float32)

    def run():
        total = share
        for _ in range(operations.NODES):
            total = total + share
        return total

    return run


def arrays_of(block):
    """The parameters of a block, in the order of use."""
    attn, mlp = block.attn, block.mlp
    tensors = [block.ln_1.weight, block.ln_1.bias, attn.in_proj_weight, attn.in_proj_bias]
    tensors += [attn.out_proj.weight, attn.out_proj.bias, block.ln_2.weight, block.ln_2.bias]
    tensors += [mlp.fc.weight, mlp.fc.bias, mlp.proj.weight, mlp.proj.bias]
    return [tensor.data for tensor in tensors]


def through(block, x, keys, values, start):
    """One block for new places (T, D), which look at all before them."""
    weight_1, bias_1, inner, inner_bias, outer, outer_bias, weight_2, bias_2, *mlp = block
    count, heads = len(x), len(keys)
    projected = normal(x, weight_1, bias_1) @ inner.T
    projected += inner_bias
    query, key, value = projected.reshape(count, 3, heads, -1).transpose(1, 2, 0, 3)  # (H, T, d)
    end = start + count
    keys[:, start:end], values[:, start:end] = key, value
    scores = query @ keys[:, :end].swapaxes(1, 2)  # (H, T, S)
    scores *= query.shape[-1] ** -0.5
    if count > 1:
        scores[:, ~np.tri(count, end, start, dtype=bool)] = -np.inf
    scores -= np.maximum.reduce(scores, axis=-1, keepdims=True)
    np.exp(scores, out=scores)
    scores /= np.add.reduce(scores, axis=-1, keepdims=True)
    seen = scores @ values[:, :end]  # (H, T, d)
    joined = seen.transpose(1, 0, 2).reshape(count, -1) @ outer.T
    joined += outer_bias
    joined += x
    hidden = normal(joined, weight_2, bias_2) @ mlp[0].T
    hidden += mlp[1]
    out = gelu(hidden) @ mlp[2].T
    out += mlp[3]
    out += joined
    return out


def normal(x, weight, bias):
    centered = x - np.add.reduce(x, axis=-1, keepdims=True) / x.shape[-1]
    centered *= 1 / np.sqrt(np.vecdot(centered, centered) / x.shape[-1] + 1e-5)[:, None]
    centered *= weight
    centered += bias
    return centered


def gelu(x):
    inner = x * x
    inner *= 0.044715
    inner += 1
    inner *= x
    inner *= (2 / np.pi) ** 0.5
    np.tanh(inner, out=inner)
    inner += 1
    inner *= x
    inner *= 0.5
    return inner


FUSED = "one loop that does all steps of a row while it is in a register, and an exponential that is as fast"
LOOPS = "one loop for all steps of a row, in place of one call and one pass over memory for each"
CALLS = "calls that cost less; arithmetic is a small part of the microseconds that each takes"

STEP = "the same step in plain NumPy, without Tensors, modules and checks"
NOTHING = "nothing; what lies above are nodes, rules and modules in Python"

FLOORS: dict[str, Floor] = {
    "mlp-sgd": Floor(mlpfloor.step_with(mlpfloor.sgd), STEP, NOTHING),
    "mlp-adam": Floor(mlpfloor.step_with(mlpfloor.adam), STEP, NOTHING),
    "gpt-step": Floor(
        step_products,
        "all products of matrices, there and back, and the exponentials of attention, gelu and loss",
        "attention, gelu and the steps of Adam as one loop each, and an array for scores that never exists",
    ),
    "generate-cached": Floor(
        generation, "the same tokens in plain NumPy, without Tensors, modules and checks", CALLS
    ),
    "softmax": Floor(each("softmax"), "exp, sum, divide", FUSED),
    "softmax-back": Floor(
        each("softmax", "softmax_back"),
        "those of softmax; a product summed along rows, subtract, multiply",
        FUSED,
    ),
    "layer-norm": Floor(
        each("layer_norm"), "sum, subtract, sum of squares, multiply, multiply, add", LOOPS
    ),
    "layer-norm-back": Floor(
        each("layer_norm", "layer_norm_back"),
        "those of layer norm, whose normalized rows are kept; four sums, four products, two differences",
        LOOPS,
    ),
    "cross-entropy": Floor(each("cross_entropy"), "maximum, subtract, exp, sum, log", FUSED),
    "graph": Floor(
        chain,
        "20,000 sums of the gradients of one number",
        "nodes, rules and the walk through the graph in a compiled language",
    ),
    "cross-entropy-back": Floor(
        each("cross_entropy", "cross_entropy_back"),
        "those of cross entropy, whose exponentials are kept; multiply, and subtract in one column",
        "an exponential that is as fast",
    ),
}
"""By the name of the row."""
