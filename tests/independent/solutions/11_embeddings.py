"""11 · embeddings: the exercises, written from docstrings by someone who had not seen the worked solution."""


def embedding(weight: Array, *, indices: Array) -> Array:
    return np.take(weight, indices, axis=0)


def embedding_weight(g: Array, ans: Array, weight: Array, *, indices: Array) -> Array:
    rows, dim = weight.shape
    flat = indices.astype(np.int64).ravel()
    shares = g.reshape(flat.size, dim)
    total = np.empty(weight.shape, g.dtype)
    for d in range(dim):
        total[:, d] = np.bincount(flat, weights=shares[:, d], minlength=rows)
    return total


class Embedding:
    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        *,
        generator: np.random.Generator | None = None,
        dtype: DTypeLike = DEFAULT_DTYPE,
    ) -> None:
        if num_embeddings < 1:
            raise ValueError(f"num_embeddings may not be {num_embeddings}")
        if embedding_dim < 1:
            raise ValueError(f"embedding_dim may not be {embedding_dim}")
        source = generator if generator is not None else default_generator()
        table = source.normal(size=(num_embeddings, embedding_dim))
        self.weight = Parameter(table.astype(dtype))

    def forward(self, indices: Tensor | ArrayLike) -> Tensor:
        rows = check_indices(indices, self.weight.shape[0])
        return embedding(self.weight, indices=rows)


def sinusoids(length: int, embedding_dim: int, dtype: DTypeLike = DEFAULT_DTYPE) -> Array:
    if length < 1:
        raise ValueError(f"length may not be {length}")
    if embedding_dim < 2 or embedding_dim % 2 == 1:
        raise ValueError(
            f"embedding_dim may not be {embedding_dim}: it takes an even number from 2 on"
        )
    places = np.arange(length, dtype=np.float64)
    table = np.empty((length, embedding_dim))
    for i in range(embedding_dim // 2):
        angles = places / 10000 ** (2 * i / embedding_dim)
        table[:, 2 * i], table[:, 2 * i + 1] = np.sin(angles), np.cos(angles)
    return table.astype(dtype)


class PositionalEncoding:
    def __init__(
        self,
        embedding_dim: int,
        max_length: int,
        kind: str = "sinusoidal",
        *,
        generator: np.random.Generator | None = None,
        dtype: DTypeLike = DEFAULT_DTYPE,
    ) -> None:
        if max_length < 1:
            raise ValueError(f"max_length may not be {max_length}")
        if embedding_dim < 1:
            raise ValueError(f"embedding_dim may not be {embedding_dim}")
        self.kind = kind
        if kind == "learned":
            source = generator if generator is not None else default_generator()
            table = 0.02 * source.normal(size=(max_length, embedding_dim))
            self.weight = Parameter(table.astype(dtype))
        elif kind == "sinusoidal":
            self.weight = Tensor(sinusoids(max_length, embedding_dim, dtype))
        else:
            raise ValueError(f"kind is 'sinusoidal' or 'learned', not {kind!r}")

    def forward(self, x: Tensor, start: int = 0) -> Tensor:
        longest, dim = self.weight.shape
        if x.ndim < 2 or x.shape[-1] != dim:
            raise ValueError(f"the last axis has to be D={dim}, the shape is {x.shape}")
        if start < 0:
            raise ValueError(f"start may not be {start}")
        stop = start + x.shape[-2]
        if stop > longest:
            raise ValueError(
                f"a sequence up to place {stop} does not fit into max_length {longest}"
            )
        return x + self.weight[start:stop]
