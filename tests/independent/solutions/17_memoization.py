"""17 · memoization: the exercises, written from docstrings by someone who had not seen the worked solution."""


class KVCache:
    def __init__(
        self,
        num_layers: int,
        batch: int,
        num_heads: int,
        head_dim: int,
        capacity: int,
        dtype: DTypeLike = DEFAULT_DTYPE,
    ) -> None:
        sizes = dict(
            num_layers=num_layers,
            batch=batch,
            num_heads=num_heads,
            head_dim=head_dim,
            capacity=capacity,
        )
        wrong = [f"{name} is {size}" for name, size in sizes.items() if size < 1]
        if wrong:
            raise ValueError(f"every size is 1 or more, but {' and '.join(wrong)}")
        shape = (num_layers, batch, num_heads, capacity, head_dim)
        self.keys, self.values = np.zeros(shape, dtype), np.zeros(shape, dtype)
        self.length = 0

    def for_model(cls, model: GPT, batch: int) -> Self:
        c = model.config
        return cls(
            num_layers=c.num_layers,
            batch=batch,
            num_heads=c.num_heads,
            head_dim=c.embed_dim // c.num_heads,
            capacity=c.context_length,
            dtype=model.token_embedding.weight.dtype,
        )

    def check_room(self, count: int) -> None:
        free = self.capacity - self.length
        if count > free:
            raise ValueError(
                f"{count} places do not fit: of capacity {self.capacity} only {free} are free"
            )

    def put(self, layer: int, key: Array, value: Array) -> tuple[Array, Array]:
        _, n, heads, _, d = self.keys.shape
        for name, array in (("key", key), ("value", value)):
            fits = array.ndim == 4 and array.shape[:2] == (n, heads) and array.shape[3] == d
            if not fits or array.shape != key.shape:
                raise ValueError(
                    f"{name} has shape {array.shape}, wanted is (N={n}, H={heads}, T, d={d})"
                )
        new = key.shape[2]
        self.check_room(new)
        end = self.length + new
        self.keys[layer, :, :, self.length : end, :] = key
        self.values[layer, :, :, self.length : end, :] = value
        return self.keys[layer, :, :, :end, :], self.values[layer, :, :, :end, :]

    def advance(self, count: int) -> None:
        self.check_room(count)
        self.length = self.length + count

    def reset(self) -> None:
        self.length = 0


def look(query: Array, keys: Array, values: Array) -> Array:
    mask = causal_mask(query.shape[2], keys.shape[2]) if query.shape[2] > 1 else None
    return attend(Tensor(query), keys, values, mask=mask).data


def cached_logits(model: GPT, indices: Tensor | ArrayLike, cache: KVCache) -> Array:
    ids = check_indices(indices, model.config.vocab_size)
    expected = cache.keys.shape[1]
    if ids.ndim != 2 or ids.shape[1] == 0 or len(ids) != expected:
        raise ValueError(f"(N={expected}, T) tokens with T at least 1 are wanted, not {ids.shape}")
    texts, new = ids.shape
    cache.check_room(new)
    with no_grad():
        x = model.position(model.token_embedding(ids), start=cache.length)  # (N, T, D)
        for layer, block in enumerate(model.blocks):
            query, key, value = (part.data for part in block.attn.project(block.ln_1(x)))
            seen = look(query, *cache.put(layer, key, value))
            x = x + block.attn.out_proj(block.attn.join_heads(Tensor(seen)))
            x = x + block.mlp(block.ln_2(x))
        vectors = model.ln_f(x).data
    cache.advance(new)
    table = model.token_embedding.weight.data
    return np.dot(vectors.reshape(texts * new, -1), table.T).reshape(texts, new, len(table))


def cached_generate(
    model: GPT,
    prompt: Tensor | ArrayLike,
    max_new_tokens: int,
    temperature: float = 1.0,
    top_k: int | None = None,
    generator: np.random.Generator | None = None,
    stop: int | None = None,
) -> Array:
    read = check_indices(prompt, model.config.vocab_size, "prompt").astype(np.int64)
    if read.ndim != 2 or read.shape[1] == 0:
        raise ValueError(f"there must be a prompt (N, T) with T at least 1, this is {read.shape}")
    texts, length = read.shape
    if max_new_tokens < 0:
        raise ValueError(f"max_new_tokens: {max_new_tokens} is negative")
    whole, context = length + max_new_tokens, model.config.context_length
    if whole > context:
        raise ValueError(
            f"{length} tokens and {max_new_tokens} new ones are {whole}, context_length is {context}"
        )
    text = np.empty((texts, whole), np.int64)
    text[:, :length] = read
    cache = KVCache.for_model(model, texts)
    ended = np.zeros(texts, bool)
    new = read
    while length < whole and not ended.all():
        logits = cached_logits(model, new, cache)[:, -1]
        token = sample(logits, temperature, top_k, generator)
        if stop is not None:
            token = np.where(ended, stop, token)
            ended |= token == stop
        text[:, length] = token
        new = text[:, length : length + 1]
        length += 1
    return text[:, :length].copy()
