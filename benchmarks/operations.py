"""Single operations, ours and PyTorch's: with and without the way back."""

from __future__ import annotations

from functools import partial

import numpy as np

import tinytorch as tt
from benchmarks.row import Row, Work

SIDE, CLASSES, NODES = 512, 10, 20_000


def drawn(*shape, seed=0):
    return np.asarray(np.random.default_rng(seed).standard_normal(shape), np.float32)


def labels():
    return np.random.default_rng(1).integers(0, SIDE, SIDE)


def our_softmax(x):
    return tt.softmax(x, dim=-1)


def torch_softmax(x):
    return x.softmax(dim=-1)


def our_layer_norm():
    layer = tt.LayerNorm(SIDE)
    return lambda x: layer(x)


def torch_layer_norm():
    import torch

    return torch.nn.LayerNorm(SIDE)


def our_cross_entropy():
    right = labels()
    return lambda x: tt.cross_entropy(x, right)


def torch_cross_entropy():
    import torch

    right = torch.from_numpy(labels())
    return lambda x: torch.nn.functional.cross_entropy(x, right)


def our_gelu(x):
    return tt.gelu(x, approximate="tanh")


def torch_gelu(x):
    import torch

    return torch.nn.functional.gelu(x, approximate="tanh")


def our_matmul():
    other = tt.Tensor(drawn(SIDE, SIDE))
    return lambda x: x @ other


def torch_matmul():
    import torch

    other = torch.from_numpy(drawn(SIDE, SIDE))
    return lambda x: x @ other


OPERATIONS: dict[str, tuple[Work, Work]] = {
    "softmax": (lambda: our_softmax, lambda: torch_softmax),
    "layer-norm": (our_layer_norm, torch_layer_norm),
    "cross-entropy": (our_cross_entropy, torch_cross_entropy),
    "gelu": (lambda: our_gelu, lambda: torch_gelu),
    "matmul": (our_matmul, torch_matmul),
}


def ours_forward(name):
    function, x = OPERATIONS[name][0](), tt.Tensor(drawn(SIDE, SIDE))

    def run():
        with tt.no_grad():
            return function(x).data

    return run


def torchs_forward(name):
    import torch

    function, x = OPERATIONS[name][1](), torch.from_numpy(drawn(SIDE, SIDE))

    def run():
        with torch.no_grad():
            return function(x).numpy()

    return run


def ours_both_ways(name):
    """There and back, with a gradient by chance."""
    function, x = OPERATIONS[name][0](), tt.Tensor(drawn(SIDE, SIDE), requires_grad=True)
    gradient = drawn(*function(x).shape, seed=2)

    def run():
        x.grad = None
        function(x).backward(gradient)
        return x.grad

    return run


def torchs_both_ways(name):
    import torch

    function, x = OPERATIONS[name][1](), torch.from_numpy(drawn(SIDE, SIDE)).requires_grad_()
    gradient = torch.from_numpy(drawn(*function(x).shape, seed=2))

    def run():
        x.grad = None
        function(x).backward(gradient)
        return x.grad.numpy()

    return run


def rows():
    """Two rows for each operation."""
    for name in OPERATIONS:
        title = f"{name.replace('-', ' ')} of {SIDE} × {SIDE}"
        yield Row(name, title, partial(ours_forward, name), partial(torchs_forward, name))
        yield Row(
            f"{name}-back",
            f"{title}, forward and backward",
            partial(ours_both_ways, name),
            partial(torchs_both_ways, name),
            within=1e-3,
        )


def our_add():
    x, y = tt.Tensor(1.0), tt.Tensor(2.0)
    return lambda: (x + y).data


def torch_add():
    import torch

    x, y = torch.tensor(1.0), torch.tensor(2.0)
    return lambda: (x + y).numpy()


def our_graph():
    """The graph is made once, and gone back through again and again."""
    x = tt.Tensor([1.0], requires_grad=True)
    end = chain(x)

    def run():
        x.grad = None
        end.backward(retain_graph=True)
        return x.grad

    return run


def torch_graph():
    import torch

    x = torch.tensor([1.0], requires_grad=True)
    end = chain(x)

    def run():
        x.grad = None
        end.backward(retain_graph=True)
        return x.grad.numpy()

    return run


def chain(x):
    """So many nodes, one behind the other, and the first one in each."""
    end = x
    for _ in range(NODES):
        end = end + x
    return end
