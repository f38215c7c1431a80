"""13 · Transformers: a GPT, which reads a text and says what comes next."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from tinytorch.activations import gelu, softmax
from tinytorch.arranging import check_indices
from tinytorch.attention import MultiHeadAttention, causal_mask
from tinytorch.autograd import no_grad
from tinytorch.embeddings import Embedding, PositionalEncoding
from tinytorch.layers import Dropout, Linear, Module, Parameter, Sequential
from tinytorch.precision import in_single, sum_along, sum_keeping_axis
from tinytorch.primitive import Array, Saving, check_floating, defvjp, primitive
from tinytorch.tensor import DEFAULT_DTYPE, Tensor, default_generator

INITIAL_DEVIATION = 0.02
"""The standard deviation of the first weights, as in GPT-2."""


def normalized(x: Array, eps: float) -> tuple[Array, Array]:
    """(x̂, 1 / deviation): each vector along the last axis with mean 0 and variance 1.

    The variance is divided by the number of elements, and eps is added before the root.

    >>> normalized(np.array([1.0, 3.0]), 0.0)
    (array([-1.,  1.]), array([1.]))
    """
    centered = x - mean_of(x)
    squares = np.vecdot(centered, centered)[..., None] / x.shape[-1]
    inverse = 1 / np.sqrt(squares + eps)  # (…, 1)
    centered *= inverse
    return centered, inverse


def mean_of(x: Array) -> Array:
    """The mean along the last axis, which stays: (…, 1). Given."""
    return sum_keeping_axis(x, -1) / x.shape[-1]


@primitive
@in_single
def layer_norm(x: Array, weight: Array, bias: Array, *, eps: float = 1e-5) -> Array | Saving:
    """Normalize each vector, then stretch and shift its elements by the learned weight and bias.

    out = (x - mean) / √(variance + eps) · weight + bias, with mean and variance of the last axis

    Args:
        x: (…, D), floating.
        weight, bias: (D,).
        eps: prevents division by zero in a vector of equal elements.
    Returns:
        Same shape and dtype as ``x``.
    Raises:
        TypeError: ``x`` is not floating; the message names its dtype.

    The gradient rules need both results of `normalized` again. ``Saving(out, (x̂, 1 / deviation))`` hands
    them on as ``saved``, so leave x̂ as it is; if you return the result alone, ``saved`` is None, and the
    rules compute both again.

    >>> layer_norm(np.array([1.0, 3.0]), np.ones(2), np.zeros(2), eps=0.0)
    array([-1.,  1.])
    """
    check_floating(x, "x")
    normal, inverse = normalized(x, eps)
    out = np.multiply(normal, weight, dtype=normal.dtype)  # whatever the weight has
    out += bias
    return Saving(out, (normal, inverse))


@in_single
def layer_norm_x(
    g: Array,
    ans: Array,
    x: Array,
    weight: Array,
    bias: Array,
    *,
    eps: float = 1e-5,
    saved: tuple[Array, Array] | None = None,
) -> Array:
    """The gradient of the vectors.

    Shifting or stretching a vector changes nothing, so remove the parts of g that would do so:
    (h - mean(h) - x̂ · mean(h · x̂)) / deviation, with h = g · weight.
    """
    normal, inverse = saved or normalized(x, eps)  # (…, D) and (…, 1)
    h = g * weight  # (…, D)
    along = normal * (np.vecdot(h, normal)[..., None] / len(weight))  # x̂ · mean(h · x̂)
    h -= mean_of(h)
    h -= along
    h *= inverse
    return h


@in_single
def layer_norm_weight(
    g: Array,
    ans: Array,
    x: Array,
    weight: Array,
    bias: Array,
    *,
    eps: float = 1e-5,
    saved: tuple[Array, Array] | None = None,
) -> Array:
    """The gradient of the weight: Σ of g · x̂ over all vectors."""
    normal, _ = saved or normalized(x, eps)
    products = g * normal
    return sum_along(products.reshape(-1, len(weight)), 0)  # (D,)


@in_single
def layer_norm_bias(
    g: Array,
    ans: Array,
    x: Array,
    weight: Array,
    bias: Array,
    *,
    eps: float = 1e-5,
    saved: tuple[Array, Array] | None = None,
) -> Array:
    """The gradient of the bias: Σ of g over all vectors."""
    rows = g.reshape(-1, len(bias))
    return sum_along(rows, 0)  # (D,)


defvjp(layer_norm, layer_norm_x, layer_norm_weight, layer_norm_bias)


class LayerNorm(Module):
    """Keeps the vectors of a deep network at one size.

    Args:
        normalized_shape: the length of each vector, D.
        eps: added to the variance.
        dtype: of the parameters.
    Attributes:
        weight, bias: Parameters (D,), at first 1 and 0.
    Raises:
        ValueError: ``normalized_shape`` is below 1; the message names it and its value.
    """

    eps: float
    weight: Parameter
    bias: Parameter

    def __init__(
        self, normalized_shape: int, eps: float = 1e-5, *, dtype: DTypeLike = DEFAULT_DTYPE
    ) -> None:
        """Check the size and make the parameters."""
        if normalized_shape < 1:
            raise ValueError(f"normalized_shape must be at least 1, got {normalized_shape}")
        self.eps = eps
        self.weight = Parameter(np.ones(normalized_shape, dtype))
        self.bias = Parameter(np.zeros(normalized_shape, dtype))

    def forward(self, x: Tensor) -> Tensor:
        """Apply `layer_norm` with the weight, bias and eps of this layer.

        Args:
            x: (…, D).
        Raises:
            ValueError: the last axis is not D; the message names D, the number, and the shape.
        """
        if x.shape[-1:] != self.weight.shape:
            raise ValueError(f"x must have shape (…, D={len(self.weight)}), got {x.shape}")
        return layer_norm(x, self.weight, self.bias, eps=self.eps)

    def extra_repr(self) -> str:
        return f"{len(self.weight)}, eps={self.eps}"


class MLP(Module):
    """Two layers that process each place separately, between two looks at the others.

    Args:
        embed_dim: the length of each vector, D.
        hidden_dim: how many units are between them; 4 D by default.
        generator: draws the first values; the default one (`manual_seed`) if None.
        dtype: of the parameters.
    Attributes:
        fc: a Linear from D to hidden_dim.
        proj: a Linear back to D.
    """

    fc: Linear
    proj: Linear

    def __init__(
        self,
        embed_dim: int,
        hidden_dim: int | None = None,
        *,
        generator: np.random.Generator | None = None,
        dtype: DTypeLike = DEFAULT_DTYPE,
    ) -> None:
        """Make the two layers, fc first."""
        hidden_dim = 4 * embed_dim if hidden_dim is None else hidden_dim
        self.fc = Linear(embed_dim, hidden_dim, generator=generator, dtype=dtype)
        self.proj = Linear(hidden_dim, embed_dim, generator=generator, dtype=dtype)

    def forward(self, x: Tensor) -> Tensor:
        """proj(gelu(fc(x))), (…, D) to (…, D), with gelu's form "tanh", as GPT-2 has it."""
        return self.proj(gelu(self.fc(x), approximate="tanh"))


class TransformerBlock(Module):
    """Attention to the other places, then an MLP for each place; both add to the sequence.

    Each part works on a normalized copy of the sequence ("pre-norm", as in GPT-2), so that gradients
    reach the first block through sums alone.

    Args:
        embed_dim: the length of each vector, D.
        num_heads: of the attention; it must divide embed_dim.
        hidden_dim: of the MLP; 4 D by default.
        dropout: the probability of dropping an element of what is added, in training.
        generator: draws the first values and the dropout; the default one if None.
        dtype: of the parameters.
    Attributes:
        ln_1, attn, ln_2, mlp: LayerNorm, MultiHeadAttention, LayerNorm, MLP.
        dropout: a Dropout.
    """

    ln_1: LayerNorm
    attn: MultiHeadAttention
    ln_2: LayerNorm
    mlp: MLP
    dropout: Dropout

    def __init__(
        self,
        embed_dim: int,
        num_heads: int,
        hidden_dim: int | None = None,
        dropout: float = 0.0,
        *,
        generator: np.random.Generator | None = None,
        dtype: DTypeLike = DEFAULT_DTYPE,
    ) -> None:
        """Make the parts, in the order in which they are used."""
        self.ln_1 = LayerNorm(embed_dim, dtype=dtype)
        self.attn = MultiHeadAttention(embed_dim, num_heads, generator=generator, dtype=dtype)
        self.ln_2 = LayerNorm(embed_dim, dtype=dtype)
        self.mlp = MLP(embed_dim, hidden_dim, generator=generator, dtype=dtype)
        self.dropout = Dropout(dropout, generator=generator)

    def forward(self, x: Tensor, mask: Tensor | Array | None = None) -> Tensor:
        """x + attn(ln_1(x)), and then x + mlp(ln_2(x)), with dropout on what is added.

        Args:
            x: (N, T, D).
            mask: of the attention.
        Returns:
            (N, T, D).
        """
        x = x + self.dropout(self.attn(self.ln_1(x), mask))
        return x + self.dropout(self.mlp(self.ln_2(x)))


@dataclass(frozen=True)
class GPTConfig:
    """The sizes of a GPT.

    Attributes:
        vocab_size: how many tokens there are, V.
        context_length: the longest sequence it can read, C.
        embed_dim: the length of each vector, D.
        num_heads: heads of each attention.
        num_layers: how many blocks, L.
        dropout: the probability that an element is dropped in training.
    Raises:
        ValueError: ``vocab_size``, ``context_length``, ``embed_dim``, ``num_heads`` or ``num_layers`` is
            below 1, num_heads does not divide embed_dim, or dropout is not in [0, 1].

    >>> GPTConfig(vocab_size=50257, context_length=1024, embed_dim=768, num_heads=12, num_layers=12).num_heads
    12
    """

    vocab_size: int
    context_length: int
    embed_dim: int
    num_heads: int
    num_layers: int
    dropout: float = 0.0

    def __post_init__(self) -> None:
        for name in ("vocab_size", "context_length", "embed_dim", "num_heads", "num_layers"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")
        if self.embed_dim % self.num_heads:
            raise ValueError(
                f"num_heads must divide embed_dim, got {self.num_heads} and {self.embed_dim}"
            )
        if not 0 <= self.dropout <= 1:
            raise ValueError(f"dropout must be in [0, 1], got {self.dropout}")

    def count_parameters(self) -> int:
        """How many numbers a GPT of these sizes learns, without making one.

        V · D in the table of tokens, which also makes the output, C · D in that of places; in each
        block 4 D² + 4 D in the attention, 8 D² + 5 D in the MLP and 4 D in the norms; 2 D in the last norm.
        """
        d = self.embed_dim
        block = (4 * d * d + 4 * d) + (8 * d * d + 5 * d) + 4 * d
        return (self.vocab_size + self.context_length) * d + self.num_layers * block + 2 * d


def sample(
    logits: Array,
    temperature: float = 1.0,
    top_k: int | None = None,
    generator: np.random.Generator | None = None,
) -> Array:
    """Choose the next token of each sequence.

    Args:
        logits: scores, (N, V) array; do not change it.
        temperature: divides the scores: below 1 likely tokens become even likelier, above 1 less
            so. 0 means greedy: always the most likely token; of several, the one with the smallest id.
        top_k: choose only among the k tokens with the highest scores; None, or more than V, means among
            all. Of equal scores at the cutoff, keep those with the smallest ids.
        generator: draws; the default one (`manual_seed`) if None. Greedy draws nothing.
    Returns:
        (N,) int64.
    Raises:
        ValueError: ``temperature`` is negative or not finite, ``top_k`` is below 1, or the highest score of a
            row of ``logits`` is not finite: the row holds NaN or infinity, or nothing but -infinity. The
            message names the argument, and the value of ``top_k``.

    >>> sample(np.array([[0.0, 2.0, 1.0]]), temperature=0)
    array([1])
    """
    if not 0 <= temperature < np.inf:
        raise ValueError(f"temperature must be finite and not negative, got {temperature}")
    if top_k is not None and top_k < 1:
        raise ValueError(f"top_k must be at least 1, got {top_k}")
    if not np.isfinite(logits.max(axis=-1)).all():
        raise ValueError(
            "logits must be finite, or -infinity but for one in each row, got NaN or infinity"
        )
    if temperature == 0:
        return logits.argmax(axis=-1)
    # Exact at tiny temperatures too, where a score divided by it would overflow.
    scores = (logits - logits.max(axis=-1, keepdims=True)).astype(np.float64) / temperature
    if top_k is not None and top_k < scores.shape[-1]:
        order = np.argsort(-logits, axis=-1, kind="stable")
        np.put_along_axis(scores, order[:, top_k:], -np.inf, axis=-1)
    cumulative = np.cumsum(softmax(scores, dim=-1), axis=-1)  # (N, V)
    drawn = (generator or default_generator()).random((len(scores), 1)) * cumulative[:, -1:]
    return (cumulative <= drawn).sum(axis=-1)


class GPT(Module):
    """A decoder-only transformer: for each place of a text, scores for the token that follows.

    Look up token and place and add them, pass them through the blocks under a causal mask, and
    normalize; the table of tokens, used once more, turns vectors into scores.

    Args:
        config: the sizes, a GPTConfig.
        generator: draws the first values and the dropout; the default one if None.
        dtype: of the parameters.
    Attributes:
        token_embedding: an Embedding (V, D).
        position: a learned PositionalEncoding (C, D).
        dropout: a Dropout, on the sum of token and place; the blocks have the same probability.
        blocks: a Sequential of L blocks.
        ln_f: a LayerNorm.
    """

    config: GPTConfig
    token_embedding: Embedding
    position: PositionalEncoding
    dropout: Dropout
    blocks: Sequential
    ln_f: LayerNorm

    def __init__(
        self,
        config: GPTConfig,
        *,
        generator: np.random.Generator | None = None,
        dtype: DTypeLike = DEFAULT_DTYPE,
    ) -> None:
        """Make the parts in the order of use, then draw all matrices as GPT-2 does.

        Draw every parameter with two axes again from a normal distribution of mean 0 and
        deviation 0.02; biases become 0. Divide ``out_proj.weight`` and ``proj.weight`` of the blocks
        by √(2 L), because 2 L of their results add up.
        """
        generator = generator or default_generator()
        d = config.embed_dim
        self.config = config
        self.token_embedding = Embedding(config.vocab_size, d, generator=generator, dtype=dtype)
        self.position = PositionalEncoding(
            d, config.context_length, "learned", generator=generator, dtype=dtype
        )
        self.dropout = Dropout(config.dropout, generator=generator)
        self.blocks = Sequential(
            *[
                TransformerBlock(
                    d, config.num_heads, None, config.dropout, generator=generator, dtype=dtype
                )
                for _ in range(config.num_layers)
            ]
        )
        self.ln_f = LayerNorm(d, dtype=dtype)
        for name, parameter in self.named_parameters():
            if parameter.ndim == 2:
                scale = INITIAL_DEVIATION
                if name.endswith("proj.weight"):
                    scale /= np.sqrt(2 * config.num_layers)
                parameter.data[...] = scale * generator.standard_normal(parameter.shape)
            elif name.endswith("bias"):
                parameter.data[...] = 0

    def forward(self, indices: Tensor | ArrayLike) -> Tensor:
        """Scores for the token that follows each place, based only on the text up to that place.

        Args:
            indices: token ids, (N, T) with T from 1 to the context length; a Tensor, array or list.
        Returns:
            logits, (N, T, V).
        Raises:
            ValueError: not two axes, or T is 0, and the message names the shape; or T exceeds the
                context length, and the message names ``context_length`` and both lengths.
            IndexError: an id is not in [0, V); the message names it.
        """
        indices = check_indices(indices, self.config.vocab_size)
        self.check_length(indices)
        x = self.dropout(self.position(self.token_embedding(indices)))  # (N, T, D)
        mask = causal_mask(indices.shape[1])
        for block in self.blocks:
            x = block(x, mask)
        return self.ln_f(x) @ self.token_embedding.weight.T  # (N, T, V)

    def check_length(self, indices: Array) -> None:
        """Check that sequences have two axes, are not empty and fit into the context."""
        if indices.ndim != 2 or indices.shape[1] == 0:
            raise ValueError(
                f"indices must have shape (N, T) with T at least 1, got {indices.shape}"
            )
        if indices.shape[1] > self.config.context_length:
            raise ValueError(
                f"a sequence of {indices.shape[1]} tokens is longer than"
                f" context_length {self.config.context_length}"
            )

    def generate(
        self,
        prompt: Tensor | ArrayLike,
        max_new_tokens: int,
        temperature: float = 1.0,
        top_k: int | None = None,
        generator: np.random.Generator | None = None,
        stop: int | None = None,
    ) -> Array:
        """Continue texts, one token at a time.

        Each token is chosen by `sample` from the scores at the last place, given as much of the text as
        fits into the context. Nothing is recorded for gradients, nothing is dropped, and afterwards
        every part of the model is back in its earlier mode (`train` or `eval`), even after an error.

        Args:
            prompt: token ids, (N, T) with T at least 1; it may be longer than the context. Do not
                change it.
            max_new_tokens: how many to add at most, 0 or more.
            temperature, top_k, generator: as for `sample`.
            stop: a token that ends a text when it is added; one in the prompt ends nothing. Fill the rest
                of its row with it, and once every row has ended, add nothing more.
        Returns:
            (N, T + up to max_new_tokens) int64, a new array: the prompt and what was added.
        Raises:
            ValueError: ``prompt`` is empty or not (N, T), or ``temperature`` or ``top_k`` is invalid, see
                `sample`, and the message names the argument; or ``max_new_tokens`` is negative, and
                the message names it and its value.
            IndexError: an id is not in [0, V), wherever it is in the prompt; the message names it.
        """
        text = check_indices(prompt, self.config.vocab_size, "prompt").astype(np.int64)
        if text.ndim != 2 or text.shape[1] == 0:
            raise ValueError(f"prompt must have shape (N, T) with T at least 1, got {text.shape}")
        if max_new_tokens < 0:
            raise ValueError(f"max_new_tokens must not be negative, got {max_new_tokens}")
        ended = np.zeros(len(text), bool)
        modes = [(module, module.training) for module in self.modules()]
        self.eval()
        try:
            for _ in range(max_new_tokens):
                with no_grad():
                    logits = self(text[:, -self.config.context_length :]).data[:, -1]  # (N, V)
                token = sample(logits, temperature, top_k, generator)  # (N,)
                if stop is not None:
                    token = np.where(ended, stop, token)
                    ended |= token == stop
                text = np.concatenate([text, token[:, None]], axis=1)
                if ended.all():
                    break
        finally:
            for module, mode in modes:
                module.training = mode
        return text
