"""Functions that are given beside the exercises, each on a tensor x: their values and gradients are compared.

`test_given.py` compares with differences, `live.py` with PyTorch.
"""

from __future__ import annotations

from typing import Any

import numpy as np

CORNERS = [
    "x.norm()",
    "x.norm(3, dim=1)",
    "x.norm(dim=1)",
    "x.norm(-float('inf'), dim=1)",
    "x[0].std() + x.std()",
    "x.std(1)",
    "F.relu6(x)",
    "F.hardtanh(x)",
    "F.softplus(x, 2)",
    "F.leaky_relu(x)",
    "F.elu(x)",
    "F.logsigmoid(x)",
    "F.smooth_l1_loss(x, torch.zeros(3, 4).double())",
    "F.l1_loss(x, torch.zeros(3, 4).double())",
    "F.binary_cross_entropy(x.clip(0, 1), torch.tensor(mask).double())",
    "torch.max(x, 1)[0]",
    "torch.min(x, 0)[0]",
    "torch.max(x)",
    "x.amax(1)",
    "torch.maximum(x, x * 0)",
    "torch.minimum(x, x * 0)",
    "x.prod(1)",
    "x.clamp(0, 1)",
    "F.normalize(x, dim=1)",
    "F.cosine_similarity(x, x + 1)",
    "torch.logsumexp(x.masked_fill(x == 0, -float('inf')), 1)",
    "x.masked_fill(x == 0, 2.0)",
    "torch.cdist(x, x * 2 + 1)",
]
"""Looked at where values are 0 or 1, and several are equal: there `live.py` can, and differences cannot."""

EXPRESSIONS = {
    "matrix": [
        "torch.sin(x)",
        "x.cos()",
        "torch.tan(x)",
        "x.expm1()",
        "x.sign() * x",
        "x.floor() * x",
        "x.ceil() * x",
        "x.round() * x",
        "torch.round(x, decimals=1) * x",
        "torch.minimum(x, x * 0.5)",
        "torch.maximum(x, x * 0.5)",
        "x % (x * 0.3 + 2)",
        "torch.remainder(x, 0.7)",
        "x.cumsum(0)",
        "torch.cumsum(x, dim=-1)",
        "x.prod()",
        "x.std()",
        "x.std(1, False)",
        "x.std(0, keepdim=True, correction=0)",
        "torch.var(x, 1, False, True)",
        "torch.var_mean(x, 1)[0]",
        "x.norm()",
        "x.norm(1, 1)",
        "x.norm(float('inf'))",
        "x.norm(3, dim=0, keepdim=True)",
        "x.norm('fro')",
        "x.median()",
        "x.median(1)[0]",
        "x.logsumexp(1)",
        "torch.logsumexp(x, 0, keepdim=True)",
        "x.softmax(1)",
        "x.log_softmax(0)",
        "x.sort(1, descending=True)[0] * torch.arange(4.0)",
        "x.topk(2)[0]",
        "x.topk(2, dim=0, largest=False)[0]",
        "x.gather(1, torch.tensor(places))",
        "x.gather(0, torch.tensor(places % 3))",
        "x.masked_fill(torch.tensor(mask), -1000000000.0)",
        "x.masked_select(torch.tensor(mask))",
        "torch.where(torch.tensor(mask), x, 2.0)",
        "x.where(torch.tensor(mask), x * 2)",
        "x.repeat(2, 3)",
        "x.repeat(2, 1, 2)",
        "x.tile((2,))",
        "x.repeat_interleave(2, 1)",
        "torch.repeat_interleave(x, torch.tensor([1, 2, 0]), dim=0)",
        "x.flip(0, 1) * x",
        "x.roll(1, 1) * x",
        "x.roll(2) * x",
        "x.tril()",
        "x.triu(-1)",
        "x.diag()",
        "torch.diag(x[0], 1)",
        "torch.diag(x[0], -2)",
        "x.diagonal(1)",
        "(x @ x.T).trace()",
        "x.chunk(3, 1)[0]",
        "x.split([1, 3], 1)[1]",
        "x.unbind(1)[2]",
        "x.narrow(1, 1, 2)",
        "x.select(1, -1)",
        "x.unflatten(1, (2, 2))",
        "torch.einsum('ij,kj->ik', x, x)",
        "torch.einsum('ij->j', x)",
        "torch.einsum('ij,ij', x, x)",
        "torch.einsum('ij->ji', x)",
        "torch.cdist(x, x + 1.0)",
        "torch.outer(x[0], x[1])",
        "torch.addmm(x, x, x.T @ x)",
        "torch.lerp(x, x * 2, 0.3)",
        "torch.square(x)",
        "x.clamp_min(0.1)",
        "torch.vstack([x, x])",
        "torch.hstack([x, x])",
        "torch.hstack([x[0], x[1]])",
        "F.linear(x, torch.ones(2, 4).double(), torch.ones(2).double())",
        "F.layer_norm(x, (4,))",
        "F.normalize(x, dim=0)",
        "F.cosine_similarity(x, x * x, dim=1)",
        "F.gelu(x, approximate='tanh')",
        "F.leaky_relu(x, 0.2)",
        "F.elu((x * 50), 0.5)",
        "F.silu(x)",
        "F.softplus(x)",
        "F.softplus((x * 100))",
        "F.relu6((x * 5))",
        "F.hardtanh(x)",
        "F.logsigmoid((x * 10))",
        "F.glu(x, 1)",
        "F.l1_loss(x, x.detach() * 2)",
        "F.smooth_l1_loss(x, x.detach() * 2, beta=0.5)",
        "F.huber_loss(x, x.detach() * 0, delta=0.7)",
        "F.binary_cross_entropy(torch.sigmoid(x), (x.detach() > 0).double())",
        "F.kl_div(x, torch.softmax(x.detach() * 2, dim=1), reduction='batchmean')",
        "F.kl_div(x, x.detach() * 2, log_target=True, reduction='sum')",
        "F.nll_loss(x, torch.tensor([0, 1, 3]), weight=torch.tensor([1.0, 2, 3, 4]).double())",
        "F.nll_loss(x, torch.tensor([0, -100, 3]))",
        "F.nll_loss(x, torch.tensor([0, -100, 3]), reduction='none')",
        "F.cross_entropy(x, torch.tensor([0, 1, 3]), weight=torch.arange(1, 5).double(), reduction='sum')",
        "F.cross_entropy(x, torch.tensor([0, 2, 3]), ignore_index=2)",
        "F.cross_entropy(x, torch.tensor([0, 2, 3]), label_smoothing=0.2)",
        "F.cross_entropy(x, torch.tensor([0, 2, 3]), label_smoothing=0.2, reduction='none')",
        "F.cross_entropy(x[0], torch.tensor(2))",
        "F.cross_entropy(x[0], torch.tensor(2), reduction='none')",
        "F.cross_entropy(x, torch.softmax(x.detach(), dim=1))",
        "x.float().double() * x",
        "x.clone() * x",
        "torch.max(x, 1)[0]",
        "torch.min(x, 0).values",
        "x.amax(1)",
        "x.aminmax(dim=1)[1]",
        "torch.linalg.norm(x)",
        "torch.linalg.vector_norm(x, 3, dim=1)",
        "torch.take_along_dim(x, torch.tensor(places), 1)",
        "x.index_select(0, torch.tensor([2, 0, 0]))",
        "F.embedding(torch.tensor([[0, 2], [1, 1]]), x)",
    ],
    "positive": [
        "x.log2()",
        "x.log10()",
        "x.log1p()",
        "x.rsqrt()",
        "x.reciprocal()",
    ],
    "with_zeros": [
        "x.prod(1, keepdim=True)",
        "torch.prod(x, 0)",
    ],
    "images": [
        "F.log_softmax(x, 1)",
        "x.triu(1)",
        "x.movedim(1, -1) * 2",
        "x.movedim(-1, 0) * 2",
        "torch.einsum('bchw,bdhw->bcd', x, x)",
        "F.conv2d(x, torch.ones(2, 3, 3, 3).double(), None, 1, 1)",
        "F.conv2d(x, torch.ones(2, 3, 3, 3).double(), padding='same')",
        "F.max_pool2d(x, 3, 2, 1)",
        "F.avg_pool2d(x, 2)",
        "F.avg_pool2d(x, 3, 2, 1)",
        "F.adaptive_avg_pool2d(x, (2, 3))",
        "F.batch_norm(x, torch.arange(3).double(), torch.arange(1, 4).double(), torch.arange(3).double())",
        "F.layer_norm(x, (6, 6), torch.ones(6, 6).double() * 2)",
        "F.pad(x, (1, 2, 0, 1), value=3.0)",
        "F.interpolate(x, scale_factor=2)",
        "F.interpolate(x, size=(12, 18))",
        "F.cross_entropy(x, torch.tensor(classes))",
        "F.cross_entropy(x, torch.tensor(classes), reduction='none')",
        "F.cross_entropy(x, torch.tensor(classes), label_smoothing=0.2)",
        "F.cross_entropy(x, torch.softmax(x.detach(), dim=1), reduction='none')",
        "F.scaled_dot_product_attention(x, x * 2, x, is_causal=True)",
        "F.scaled_dot_product_attention(x, x * 2, x, scale=0.3)",
    ],
}


def inputs() -> dict[str, np.ndarray]:
    """What x is in each group; no value is where a function has a corner."""
    generator = np.random.default_rng(0)
    matrix = generator.standard_normal((3, 4))
    with_zeros = np.abs(matrix)
    with_zeros[0, 0] = 0
    return {
        "matrix": matrix,
        "positive": np.abs(matrix) + 0.2,
        "with_zeros": with_zeros,
        "corners": np.array([[0, 0, 0, 0], [1, 0, 1, 0.5], [-1, 6, 6, -0.0]]),
        "images": generator.standard_normal((2, 3, 6, 6)),
    }


def names() -> dict[str, Any]:
    """What else an expression may use."""
    return {
        "np": np,
        "mask": inputs()["matrix"] > 0,
        "places": np.array([[0, 1, 1, 3], [2, 2, 0, 0], [1, 0, 3, 2]]),
        "classes": np.arange(72).reshape(2, 6, 6) % 3,
    }


def value_and_gradient(code: str, torch: Any, functional: Any, x: np.ndarray) -> tuple[Any, Any]:
    """The value of an expression, and the gradient of its sum with weights 1, 2, 3, … / 7."""
    x = torch.tensor(x, requires_grad=True)
    y = eval(code, {**names(), "torch": torch, "F": functional, "x": x})
    weights = np.arange(1, 1 + y.numel()).reshape(tuple(y.shape)) / 7
    (y * torch.tensor(weights)).sum().backward()
    return y.detach().numpy(), np.asarray(x.grad)
