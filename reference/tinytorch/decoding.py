"""Text from a GPT on plain arrays: the steps of `cached_generate`, without modules and Tensors.

Given, not an exercise; it goes with module 18. A single token is a vector of a few dozen numbers, and passes
through some forty operations. Arithmetic takes less than half of the time: the rest is modules that call
modules, shapes that are checked, and arrays that become Tensors. Here your functions are called on arrays,
where a primitive is just its function, and one operation stands for all that a token needs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from tinytorch.activations import gelu
from tinytorch.arranging import check_indices
from tinytorch.attention import MultiHeadAttention, causal_mask
from tinytorch.embeddings import Embedding, PositionalEncoding
from tinytorch.layers import Dropout, Linear, Module, Sequential
from tinytorch.memoization import KVCache, attend
from tinytorch.primitive import Array, primitive
from tinytorch.profiling import PER_ELEMENT
from tinytorch.tensor import Tensor, linear, matmul
from tinytorch.transformers import GPT, MLP, LayerNorm, TransformerBlock, layer_norm, sample

KNOWN = frozenset(
    {
        *(GPT, Embedding, PositionalEncoding, Dropout, Sequential, TransformerBlock, LayerNorm),
        *(MultiHeadAttention, Linear, MLP),
    }
)
"""The parts of a GPT whose steps `fused_logits` takes; what any other class computes, it cannot know."""


def fused_generate(
    model: GPT,
    prompt: Tensor | ArrayLike,
    max_new_tokens: int,
    temperature: float = 1.0,
    top_k: int | None = None,
    generator: np.random.Generator | None = None,
    stop: int | None = None,
) -> Array:
    """Continue texts as `cached_generate` does, with one operation for each token.

    Args:
        model: a GPT that is made of the classes of the course, in any mode. It is not changed.
        prompt, max_new_tokens, temperature, top_k, generator, stop: as for `cached_generate`.
    Returns:
        (N, T + up to max_new_tokens) int64: the tokens of `cached_generate`, unless two scores are equal but
        for rounding.
    Raises:
        ValueError, IndexError: as `cached_generate`.
        TypeError: a part of the model is of another class, such as a `QuantizedLinear`, or has a ``forward``
            of its own; the message names it.

    >>> from tinytorch.transformers import GPTConfig
    >>> model = GPT(GPTConfig(vocab_size=9, context_length=8, embed_dim=4, num_heads=2, num_layers=1))
    >>> fused_generate(model, [[1, 2]], 3, temperature=0).shape
    (1, 5)
    """
    check_parts(model)
    context = model.config.context_length
    text = check_indices(prompt, model.config.vocab_size, "prompt").astype(np.int64)
    if text.ndim != 2 or text.shape[1] == 0:
        raise ValueError(f"prompt must have shape (N, T) with T at least 1, got {text.shape}")
    if not 0 <= max_new_tokens <= context - text.shape[1]:
        raise ValueError(
            f"max_new_tokens must be in [0, context_length {context} - {text.shape[1]} tokens of prompt],"
            f" got {max_new_tokens}"
        )
    cache = KVCache.for_model(model, len(text))
    parts, ended, table = [text], np.zeros(len(text), bool), model.token_embedding.weight.detach()
    while len(parts) <= max_new_tokens and not ended.all():
        logits = fused_logits(table, model=model, indices=parts[-1], cache=cache).data[:, -1]
        token = sample(logits, temperature, top_k, generator)  # (N,)
        if stop is not None:
            token = np.where(ended, stop, token)
            ended |= token == stop
        parts.append(token[:, None])
    return np.concatenate(parts, axis=1)


def check_parts(model: Module) -> None:
    """Raise TypeError, which names the part, unless all parts of a model are `KNOWN` and unchanged."""
    for name, part in model.named_modules():
        if type(part) not in KNOWN or "forward" in vars(part):
            raise TypeError(
                f"{name or 'model'}, of class {type(part).__name__}, computes in a way of its own, and"
                " fused_generate knows only the classes of the course: use cached_generate"
            )


@primitive
def fused_logits(table: Array, *, model: GPT, indices: Array, cache: KVCache) -> Array:
    """What `cached_logits` gives for new tokens, as one operation without a gradient rule.

    NumPy takes three times as long to combine (1, 1, D) with (D,) as two arrays (D,). So a single token of a
    single text is a vector, and has its two axes in front only in the attention.

    Args:
        table: that of the tokens, (V, D).
        model: whose other parameters are used.
        indices: new token ids in [0, V), (N, T).
        cache: as for `cached_logits`.
    Returns:
        (N, T, V).
    """
    (batch, count), start = indices.shape, cache.length
    x = table[indices] + model.position.weight.data[start : start + count]  # (N, T, D)
    if indices.size == 1:
        x = x.reshape(-1)  # (D,)
    mask = causal_mask(count, start + count) if count > 1 else None
    for layer, block in enumerate(model.blocks):
        attn, mlp = block.attn, block.mlp
        out = product(normed(x, block.ln_1), attn.in_proj_weight, attn.in_proj_bias)  # (…, 3 D)
        heads = out.reshape(batch, count, 3, attn.num_heads, -1).transpose(2, 0, 3, 1, 4)
        query, key, value = heads  # (N, H, T, d)
        seen = attend(query, *cache.put(layer, key, value), mask=mask)  # (N, H, T, d)
        joined = seen.swapaxes(1, 2).reshape(x.shape)  # (…, D)
        x = x + product(joined, attn.out_proj.weight, attn.out_proj.bias)
        hidden = product(normed(x, block.ln_2), mlp.fc.weight, mlp.fc.bias)  # (…, 4 D)
        x = x + product(gelu(hidden, approximate="tanh"), mlp.proj.weight, mlp.proj.bias)
    cache.advance(count)
    return matmul(normed(x, model.ln_f), table.T).reshape(batch, count, -1)


def normed(x: Array, norm: LayerNorm) -> Array:
    """`layer_norm` with the parameters of a layer, on arrays."""
    return layer_norm(x, norm.weight.data, norm.bias.data, eps=norm.eps)


def product(x: Array, weight: Tensor, bias: Tensor | None) -> Array:
    """x Wᵀ + b, on arrays."""
    return matmul(x, weight.data.T) if bias is None else linear(x, weight.data, bias.data)


def fused_logits_flops(arrays: Sequence[Any], params: Mapping[str, Any], ans: Array) -> int:
    """What the same steps count in `cached_logits`."""
    (table,), model, cache = arrays, params["model"], params["cache"]
    places, width = params["indices"].size, table.shape[1]
    norm = PER_ELEMENT["layer_norm"] * width
    total = places * (width + norm) + 2 * width * ans.size  # positions, last norm, scores
    for block in model.blocks:
        attn, mlp = block.attn, block.mlp
        total += places * (2 * norm + 3 * width)  # norms, two sums, a product of the query
        # Each query meets all keys and values that are held by now.
        seen = places * cache.length
        total += seen * (4 * width + PER_ELEMENT["softmax"] * attn.num_heads)
        for weight, bias in (
            (attn.in_proj_weight, attn.in_proj_bias),
            (attn.out_proj.weight, attn.out_proj.bias),
            (mlp.fc.weight, mlp.fc.bias),
            (mlp.proj.weight, mlp.proj.bias),
        ):
            total += places * (2 * weight.data.size + (bias is not None) * len(weight))
        total += places * PER_ELEMENT["gelu"] * len(mlp.fc.weight)
    return total


fused_logits.flops = fused_logits_flops
