"""Arguments that PyTorch has in another place can only be given by name."""

from __future__ import annotations

import numpy as np
import pytest

CALLS = {
    "Linear(2, 1, True, 'cpu')": "a device",
    "Conv2d(3, 8, 3, 1, 1, 2)": "a dilation",
    "Embedding(10, 4, 0)": "a padding index",
    "LayerNorm(4, 1e-5, True)": "elementwise_affine",
    "MultiHeadAttention(8, 2, 0.0)": "dropout",
    "MSELoss(None)": "size_average",
    "CrossEntropyLoss(x)": "weights of the classes",
    "BCEWithLogitsLoss(x)": "weights of the examples",
    "mse_loss(x, x, True)": "size_average",
    "cross_entropy(x, y, x)": "weights of the classes",
    "binary_cross_entropy_with_logits(x, x, x)": "weights of the examples",
    "tensor.var(x, 1, False)": "without the correction",
    "DataLoader([1, 2], 1, False, None)": "a sampler",
}
"""What a user of PyTorch writes, and what is meant there by the last argument."""


@pytest.mark.parametrize("call", CALLS)
def test_it_is_a_type_error(reference, call):
    names = {name: getattr(reference, name) for name in reference.__all__}
    names |= {"x": reference.Tensor([[1.0, 2.0]]), "y": np.array([0])}
    with pytest.raises(TypeError, match="positional argument"):
        eval(call, names)
