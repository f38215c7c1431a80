"""12 · attention: the exercises, written from docstrings by someone who had not seen the worked solution."""


def causal_mask(queries: int, keys: int | None = None) -> Array:
    if keys is None:
        keys = queries
    if queries < 1 or keys < queries:
        raise ValueError(f"no mask for queries={queries} and keys={keys}")
    mask = np.zeros((queries, keys), bool)
    known = keys - queries
    for i in range(queries):
        mask[i, : known + i + 1] = True
    return mask


def masked_softmax(scores: Array, *, mask: Array) -> Array:
    top = np.max(scores, axis=-1, keepdims=True, where=mask, initial=-np.inf)
    out = np.zeros(scores.shape, scores.dtype)
    np.subtract(scores, top, out=out, where=mask)
    np.exp(out, out=out, where=mask)
    np.divide(out, np.sum(out, axis=-1, keepdims=True, where=mask), out=out, where=mask)
    return out


def attention_weights(query: Tensor, key: Tensor, mask: Tensor | Array | None = None) -> Tensor:
    if query.ndim < 2 or key.ndim < 2 or query.shape[-1] != key.shape[-1]:
        raise ValueError(f"query {query.shape} and key {key.shape} do not fit")
    small = query * query.shape[-1] ** -0.5
    scores = small @ key.transpose(-1, -2)  # (…, T, S)
    if mask is None:
        return softmax(scores)
    return masked_softmax(scores, mask=check_mask(mask, scores.shape))


def scaled_dot_product_attention(
    query: Tensor, key: Tensor, value: Tensor, mask: Tensor | Array | None = None
) -> Tensor:
    if value.ndim < 2 or key.ndim < 2 or value.shape[-2] != key.shape[-2]:
        raise ValueError(f"key {key.shape} and value {value.shape} do not fit")
    return attention_weights(query, key, mask) @ value


class MultiHeadAttention:
    def __init__(
        self,
        embed_dim: int,
        num_heads: int,
        *,
        bias: bool = True,
        generator: np.random.Generator | None = None,
        dtype: DTypeLike = DEFAULT_DTYPE,
    ) -> None:
        if embed_dim < 1 or num_heads < 1 or embed_dim % num_heads != 0:
            raise ValueError(f"embed_dim={embed_dim} cannot be shared among num_heads={num_heads}")
        super().__init__()
        source = generator if generator is not None else default_generator()
        limit = math.sqrt(6 / (embed_dim + 3 * embed_dim))
        first = source.uniform(-limit, limit, size=(3 * embed_dim, embed_dim))
        self.embed_dim, self.num_heads = embed_dim, num_heads
        self.in_proj_weight = Parameter(first.astype(dtype))
        self.in_proj_bias = Parameter(np.zeros(3 * embed_dim, dtype)) if bias else None
        self.out_proj = Linear(embed_dim, embed_dim, bias, generator=source, dtype=dtype)
        if bias:
            self.out_proj.bias.data.fill(0)

    def project(self, x: Tensor) -> tuple[Tensor, ...]:
        if self.in_proj_bias is None:
            wide = x @ self.in_proj_weight.transpose(0, 1)
        else:
            wide = linear(x, self.in_proj_weight, self.in_proj_bias)
        d = self.embed_dim
        return tuple(self.split_heads(wide[:, :, part * d : (part + 1) * d]) for part in range(3))

    def split_heads(self, x: Tensor) -> Tensor:
        n, t, d = x.shape
        return x.reshape(n, t, self.num_heads, d // self.num_heads).transpose(1, 2)

    def join_heads(self, x: Tensor) -> Tensor:
        n, h, t, width = x.shape
        return x.transpose(1, 2).reshape(n, t, h * width)

    def forward(self, x: Tensor, mask: Tensor | Array | None = None) -> Tensor:
        if x.ndim != 3 or x.shape[2] != self.embed_dim:
            raise ValueError(f"a sequence (N, T, D={self.embed_dim}) is needed, not {x.shape}")
        query, key, value = self.project(x)
        mixed = scaled_dot_product_attention(query, key, value, mask)
        return self.out_proj(self.join_heads(mixed))
