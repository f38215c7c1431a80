"""17 · Memoization: a GPT that remembers what it has read, and computes only what is new."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from tinytorch.arranging import check_indices, raw
from tinytorch.attention import causal_mask
from tinytorch.autograd import no_grad
from tinytorch.precision import exponentials
from tinytorch.primitive import Array, primitive
from tinytorch.tensor import DEFAULT_DTYPE, Tensor
from tinytorch.transformers import GPT, sample


class KVCache:
    """The keys and values of all places that a GPT has read, for every block.

    A place's key and value never change once they are computed: later tokens do not affect them. So
    allocate the memory once, for the longest possible text, and fill it from the front.

    Args:
        num_layers: blocks of the model, L.
        batch: texts read at once, N.
        num_heads: H.
        head_dim: length of each key and value, d.
        capacity: the longest text, C.
        dtype: of the arrays.
    Attributes:
        keys, values: arrays (L, N, H, C, d); only the first ``length`` places hold anything.
        length: how many places are held.
    Raises:
        ValueError: ``num_layers``, ``batch``, ``num_heads``, ``head_dim`` or ``capacity`` is below 1; the
            message names it and its value.
    """

    keys: Array
    values: Array
    length: int

    def __init__(
        self,
        num_layers: int,
        batch: int,
        num_heads: int,
        head_dim: int,
        capacity: int,
        dtype: DTypeLike = DEFAULT_DTYPE,
    ) -> None:
        """Check the sizes and allocate the memory."""
        sizes = {
            "num_layers": num_layers,
            "batch": batch,
            "num_heads": num_heads,
            "head_dim": head_dim,
            "capacity": capacity,
        }
        for name, size in sizes.items():
            if size < 1:
                raise ValueError(f"{name} must be at least 1, got {size}")
        shape = (num_layers, batch, num_heads, capacity, head_dim)
        self.keys = np.zeros(shape, dtype)
        self.values = np.zeros(shape, dtype)
        self.length = 0

    @classmethod
    def for_model(cls, model: GPT, batch: int) -> Self:
        """An empty cache for a GPT: as long as its context, in the dtype of its parameters."""
        config = model.config
        return cls(
            config.num_layers,
            batch,
            config.num_heads,
            config.embed_dim // config.num_heads,
            config.context_length,
            model.token_embedding.weight.dtype,
        )

    @property
    def capacity(self) -> int:
        """The longest text that fits."""
        return self.keys.shape[3]

    @property
    def nbytes(self) -> int:
        """The memory of keys and values, however many are held."""
        return self.keys.nbytes + self.values.nbytes

    def check_room(self, count: int) -> None:
        """Check for room for ``count`` more places; ValueError names that number and the capacity."""
        if self.length + count > self.capacity:
            raise ValueError(
                f"{self.length} places are held, {count} more do not fit into capacity {self.capacity}"
            )

    def put(self, layer: int, key: Array, value: Array) -> tuple[Array, Array]:
        """Write keys and values of new places after those already held, for one block.

        All blocks write to the same places, so ``length`` stays as it is until `advance`.

        Args:
            layer: the number of the block.
            key, value: arrays (N, H, T, d) for T new places.
        Returns:
            (keys, values) of all places of this block, the new ones included: views (N, H, length + T, d).
        Raises:
            ValueError: there is no room, see `check_room`, or the shape is not (N, H, T, d), and the message
                names the numbers N, H and d; then write nothing.
        """
        _, batch, heads, _, dim = self.keys.shape
        count = key.shape[2] if key.ndim == 4 else 0
        wanted = (batch, heads, count, dim)
        if key.shape != wanted or value.shape != wanted:
            raise ValueError(
                f"key and value must have shape (N={batch}, H={heads}, T, d={dim}),"
                f" got {key.shape} and {value.shape}"
            )
        self.check_room(count)
        end = self.length + count
        self.keys[layer, :, :, self.length : end] = key
        self.values[layer, :, :, self.length : end] = value
        return self.keys[layer, :, :, :end], self.values[layer, :, :, :end]

    def advance(self, count: int) -> None:
        """From now on the cache holds the places that every block has written."""
        self.check_room(count)
        self.length += count

    def reset(self) -> None:
        """Forget everything; keep the memory."""
        self.length = 0


@primitive
def attend(query: Array, key: Array, value: Array, *, mask: Array | None = None) -> Array:
    """`scaled_dot_product_attention` as one operation without a gradient rule. Given.

    All of its steps compute on arrays. For a single query, a Tensor made for each of them would take as long
    as the step itself.
    """
    scores = (query * query.shape[-1] ** -0.5) @ key.swapaxes(-2, -1)  # (N, H, T, S)
    weights, total = exponentials(scores, -1, mask)
    return weights @ value / total  # (N, H, T, d), fewer numbers to divide than weights


def attend_flops(arrays: Sequence[Any], params: Mapping[str, Any], ans: Array) -> int:
    """What its steps count: scaled queries, two products, and 5 for each score in softmax."""
    query, key, _ = arrays
    scores = ans[..., 0].size * key.shape[-2]
    return query.size + (2 * query.shape[-1] + 5) * scores + 2 * ans.size * key.shape[-2]


attend.flops = attend_flops


def cached_logits(model: GPT, indices: Tensor | ArrayLike, cache: KVCache) -> Array:
    """What `GPT.forward` would give for new tokens, after the text that the cache holds.

    Only the new places go through the blocks. Each block writes their keys and values into the cache and
    lets them look at all that are there; `causal_mask` for fewer queries than keys hides what comes later.
    Drop nothing, whatever mode the model is in, and record nothing for gradients. Compute
    with Tensors, so that `count_flops` counts it.

    Args:
        model: a GPT.
        indices: new token ids, (N, T) with T at least 1.
        cache: a `KVCache` for this model and N texts; it holds the new places afterwards.
    Returns:
        logits of the new places, an array (N, T, V).
    Raises:
        ValueError: not two axes, T is 0, or N is not the cache's, and the message names the shape;
            or no room, see `KVCache.check_room`. The cache is unchanged.
        IndexError: an id is not in the vocabulary; the message names it, and the cache is unchanged.
    """
    indices = raw(indices)
    batch = cache.keys.shape[1]
    if indices.ndim != 2 or indices.shape[1] == 0 or indices.shape[0] != batch:
        raise ValueError(
            f"indices must have shape (N={batch}, T) with T at least 1, got {indices.shape}"
        )
    count = indices.shape[1]
    cache.check_room(count)
    # A single new place may look at all that are there.
    mask = causal_mask(count, cache.length + count) if count > 1 else None
    with no_grad():
        x = model.position(model.token_embedding(indices), start=cache.length)  # (N, T, D)
        for layer, block in enumerate(model.blocks):
            query, key, value = block.attn.project(block.ln_1(x))  # (N, H, T, d)
            keys, values = cache.put(layer, key.data, value.data)  # (N, H, length + T, d)
            seen = attend(query, keys, values, mask=mask)
            x = x + block.attn.out_proj(block.attn.join_heads(seen))
            x = x + block.mlp(block.ln_2(x))
        logits = model.ln_f(x) @ model.token_embedding.weight.T
    cache.advance(count)
    return logits.data


def cached_generate(
    model: GPT,
    prompt: Tensor | ArrayLike,
    max_new_tokens: int,
    temperature: float = 1.0,
    top_k: int | None = None,
    generator: np.random.Generator | None = None,
    stop: int | None = None,
) -> Array:
    """Continue texts as `GPT.generate` does, reading every token only once.

    The first step reads the whole prompt, each later one only the token that was chosen last. With the
    same generator, or none and the same `manual_seed`, the result is the same. The text must fit into the
    context: where `GPT.generate` forgets its beginning, every place would move, and nothing in the cache
    would be right any more.

    Args:
        model, prompt, max_new_tokens, temperature, top_k, generator, stop: as for `GPT.generate`.
    Returns:
        (N, T + up to max_new_tokens) int64.
    Raises:
        ValueError: ``prompt`` is empty or not (N, T), or ``temperature`` or ``top_k`` is invalid, see
            `sample`, and the message names the argument; ``max_new_tokens`` is negative, and the message
            names it and its value; or prompt and new tokens are longer than the context, and the message
            names both lengths.
        IndexError: an id is not in the vocabulary; the message names it.
    """
    text = check_indices(prompt, model.config.vocab_size, "prompt").astype(np.int64)
    if text.ndim != 2 or text.shape[1] == 0:
        raise ValueError(f"prompt must have shape (N, T) with T at least 1, got {text.shape}")
    if max_new_tokens < 0:
        raise ValueError(f"max_new_tokens must not be negative, got {max_new_tokens}")
    context = model.config.context_length
    if text.shape[1] + max_new_tokens > context:
        raise ValueError(
            f"{text.shape[1]} tokens and max_new_tokens {max_new_tokens} are more than"
            f" context_length {context}"
        )
    cache = KVCache.for_model(model, len(text))
    parts, ended = [text], np.zeros(len(text), bool)
    for _ in range(max_new_tokens):
        logits = cached_logits(model, parts[-1], cache)[:, -1]  # (N, V)
        token = sample(logits, temperature, top_k, generator)  # (N,)
        if stop is not None:
            token = np.where(ended, stop, token)
            ended |= token == stop
        parts.append(token[:, None])
        if stop is not None and ended.all():
            break
    return np.concatenate(parts, axis=1)
