"""13 · transformers: the exercises, written from docstrings by someone who had not seen the worked solution."""


def normalized(x: Array, eps: float) -> tuple[Array, Array]:
    centered = x - x.mean(axis=-1, keepdims=True)
    variance = np.square(centered).mean(axis=-1, keepdims=True)
    inverse = 1 / np.sqrt(variance + eps)
    return centered * inverse, inverse


def layer_norm(x: Array, weight: Array, bias: Array, *, eps: float = 1e-5) -> Array:
    check_floating(x, "x")
    unit, _ = normalized(x, eps)
    return (weight * unit + bias).astype(x.dtype, copy=False)


def layer_norm_x(
    g: Array, ans: Array, x: Array, weight: Array, bias: Array, *, eps: float = 1e-5
) -> Array:
    unit, inverse = normalized(x, eps)
    d = x.shape[-1]
    h = weight * g
    shift = np.einsum("...d->...", h)[..., None]
    stretch = np.einsum("...d,...d->...", h, unit)[..., None]
    return (d * h - shift - unit * stretch) * (inverse / d)


def layer_norm_weight(
    g: Array, ans: Array, x: Array, weight: Array, bias: Array, *, eps: float = 1e-5
) -> Array:
    unit, _ = normalized(x, eps)
    return (unit * g).reshape(-1, x.shape[-1]).sum(axis=0)


def layer_norm_bias(
    g: Array, ans: Array, x: Array, weight: Array, bias: Array, *, eps: float = 1e-5
) -> Array:
    return np.add.reduce(g.reshape(-1, x.shape[-1]))


class LayerNorm:
    def __init__(
        self, normalized_shape: int, eps: float = 1e-5, *, dtype: DTypeLike = DEFAULT_DTYPE
    ) -> None:
        if normalized_shape < 1:
            raise ValueError(f"normalized_shape is {normalized_shape}, less than 1")
        self.eps = eps
        self.weight = Parameter(np.full(normalized_shape, 1, dtype))
        self.bias = Parameter(np.full(normalized_shape, 0, dtype))

    def forward(self, x: Tensor) -> Tensor:
        if x.ndim == 0 or x.shape[-1] != len(self.weight):
            raise ValueError(
                f"vectors of length D={len(self.weight)} are needed, not a shape of {x.shape}"
            )
        return layer_norm(x, self.weight, self.bias, eps=self.eps)


class MLP:
    def __init__(
        self,
        embed_dim: int,
        hidden_dim: int | None = None,
        *,
        generator: np.random.Generator | None = None,
        dtype: DTypeLike = DEFAULT_DTYPE,
    ) -> None:
        if hidden_dim is None:
            hidden_dim = 4 * embed_dim
        self.fc = Linear(embed_dim, hidden_dim, generator=generator, dtype=dtype)
        self.proj = Linear(hidden_dim, embed_dim, generator=generator, dtype=dtype)

    def forward(self, x: Tensor) -> Tensor:
        thought = gelu(self.fc(x), approximate="tanh")
        return self.proj(thought)


class TransformerBlock:
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
        self.ln_1 = LayerNorm(embed_dim, dtype=dtype)
        self.attn = MultiHeadAttention(embed_dim, num_heads, generator=generator, dtype=dtype)
        self.dropout = Dropout(dropout, generator=generator)
        self.ln_2 = LayerNorm(embed_dim, dtype=dtype)
        self.mlp = MLP(embed_dim, hidden_dim, generator=generator, dtype=dtype)

    def forward(self, x: Tensor, mask: Tensor | Array | None = None) -> Tensor:
        seen = self.attn(self.ln_1(x), mask)
        x = x + self.dropout(seen)
        thought = self.mlp(self.ln_2(x))
        return x + self.dropout(thought)


class GPTConfig:
    def count_parameters(self) -> int:
        d = self.embed_dim
        tables = (self.vocab_size + self.context_length) * d
        attention = 4 * d**2 + 4 * d
        mlp = 8 * d**2 + 5 * d
        norms = 4 * d
        return tables + self.num_layers * (attention + mlp + norms) + 2 * d


def sample(
    logits: Array,
    temperature: float = 1.0,
    top_k: int | None = None,
    generator: np.random.Generator | None = None,
) -> Array:
    if not (0 <= temperature < np.inf):
        raise ValueError(f"temperature is {temperature}: it should be finite, and 0 or more")
    if top_k is not None and top_k < 1:
        raise ValueError(f"top_k is {top_k}, less than 1")
    highest = logits.max(axis=1, keepdims=True)
    if not np.isfinite(highest).all():
        raise ValueError(f"logits have a row whose highest score is not finite: {highest.ravel()}")
    if temperature == 0:
        return logits.argmax(axis=1).astype(np.int64)
    with np.errstate(over="ignore"):
        scores = (logits - highest).astype(np.float64) / temperature
    if top_k is not None:
        for row in scores:
            row[np.argsort(-row, kind="stable")[top_k:]] = -np.inf
    source = generator if generator is not None else default_generator()
    # The largest of the scores with Gumbel noise is token i with the probability softmax(scores)[i].
    return (scores + source.gumbel(size=scores.shape)).argmax(axis=1).astype(np.int64)


class GPT:
    def __init__(
        self,
        config: GPTConfig,
        *,
        generator: np.random.Generator | None = None,
        dtype: DTypeLike = DEFAULT_DTYPE,
    ) -> None:
        self.config = config
        d = config.embed_dim
        kinds = {"generator": generator, "dtype": dtype}
        self.token_embedding = Embedding(config.vocab_size, d, **kinds)
        self.position = PositionalEncoding(d, config.context_length, "learned", **kinds)
        self.dropout = Dropout(config.dropout, generator=generator)
        blocks = []
        for _ in range(config.num_layers):
            blocks.append(TransformerBlock(d, config.num_heads, None, config.dropout, **kinds))
        self.blocks = Sequential(*blocks)
        self.ln_f = LayerNorm(d, dtype=dtype)
        source = generator if generator is not None else default_generator()

        def redraw(weight: Parameter, deviation: float) -> None:
            weight.data[...] = deviation * source.standard_normal(weight.shape)

        small = INITIAL_DEVIATION / (2 * config.num_layers) ** 0.5
        redraw(self.token_embedding.weight, INITIAL_DEVIATION)
        redraw(self.position.weight, INITIAL_DEVIATION)
        for block in blocks:
            redraw(block.attn.in_proj_weight, INITIAL_DEVIATION)
            redraw(block.attn.out_proj.weight, small)
            redraw(block.mlp.fc.weight, INITIAL_DEVIATION)
            redraw(block.mlp.proj.weight, small)
            for bias in (
                block.attn.in_proj_bias,
                block.attn.out_proj.bias,
                block.mlp.fc.bias,
                block.mlp.proj.bias,
            ):
                bias.data.fill(0)

    def forward(self, indices: Tensor | ArrayLike) -> Tensor:
        ids = indices.data if isinstance(indices, Tensor) else np.asarray(indices)
        self.check_length(ids)
        x = self.dropout(self.position(self.token_embedding(ids)))  # (N, T, D)
        mask = causal_mask(ids.shape[1])
        for block in self.blocks:
            x = block(x, mask)
        return self.ln_f(x) @ self.token_embedding.weight.T  # (N, T, V)

    def check_length(self, indices: Array) -> None:
        if indices.ndim != 2:
            raise ValueError(f"indices have two axes (N, T), not a shape of {indices.shape}")
        if not 1 <= indices.shape[1] <= self.config.context_length:
            raise ValueError(
                f"indices (N, T) of shape {indices.shape} have a length T that is not in"
                f" [1, context_length={self.config.context_length}]"
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
        text = prompt.data if isinstance(prompt, Tensor) else np.asarray(prompt)
        if text.ndim != 2 or text.shape[1] < 1:
            raise ValueError(f"the prompt has to be (N, T) with T of 1 or more, not {text.shape}")
        if max_new_tokens < 0:
            raise ValueError(f"max_new_tokens is {max_new_tokens}, less than 0")
        text = check_indices(text, self.config.vocab_size, "prompt").astype(np.int64)
        ended = np.zeros(len(text), bool)
        modes = [(part, part.training) for part in self.modules()]
        try:
            self.eval()
            with no_grad():
                while max_new_tokens > 0 and not (stop is not None and ended.all()):
                    window = text[:, -self.config.context_length :]
                    scores = self(window).data[:, -1]
                    chosen = sample(scores, temperature, top_k, generator)
                    if stop is not None:
                        chosen[ended] = stop
                        ended |= chosen == stop
                    text = np.column_stack([text, chosen])
                    max_new_tokens -= 1
        finally:
            for part, mode in modes:
                part.training = mode
        return text
