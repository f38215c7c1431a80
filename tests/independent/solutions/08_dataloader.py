"""08 · dataloader: the exercises, written from docstrings by someone who had not seen the worked solution."""


class TensorDataset:
    def __init__(
        self, *tensors: ArrayLike, transform: Callable[[Array], Array] | None = None
    ) -> None:
        kept = []
        for one in tensors:
            kept.append(Tensor(one).data)
        shapes = [a.shape for a in kept]
        if not shapes or () in shapes or any(s[0] != shapes[0][0] for s in shapes):
            raise ValueError(
                f"tensors need at least one member and one common first length; shapes: {shapes}"
            )
        self.arrays = tuple(kept)
        self.transform = transform

    def fetch(self, indices: Array | slice | int) -> tuple[Array, ...]:
        found = []
        for position, array in enumerate(self.arrays):
            if isinstance(indices, slice):
                rows = array[indices]
            else:
                rows = np.asarray(np.take(array, indices, axis=0))
            if position == 0 and self.transform is not None:
                rows = self.transform(rows)
            found.append(rows)
        return tuple(found)


def collate(items: Sequence[Any], indices: Sequence[int] | Array | None = None) -> Any:
    count = len(items)
    if count == 0:
        raise ValueError("a batch needs at least one item")
    names = list(range(count)) if indices is None else indices
    nested = (tuple, list)
    if isinstance(items[0], nested):
        width = len(items[0])
        columns = [[] for _ in range(width)]
        for name, item in zip(names, items, strict=True):
            size = len(item) if isinstance(item, nested) else "no tuple"
            if size != width:
                raise ValueError(f"item {names[0]} has length {width}, but item {name} has {size}")
            for column, part in zip(columns, item, strict=True):
                column.append(part)
        return tuple(collate(column, names) for column in columns)
    batch = None
    arrays = []
    for name, item in zip(names, items, strict=True):
        if isinstance(item, nested):
            raise ValueError(
                f"the first item is an array, but item {name} a tuple of length {len(item)}"
            )
        array = Tensor(item).data
        if arrays and array.shape != arrays[0].shape:
            raise ValueError(
                f"item {name} has shape {array.shape}, but item {names[0]} has {arrays[0].shape}"
            )
        arrays.append(array)
    batch = np.empty((count, *arrays[0].shape), np.result_type(*[a.dtype for a in arrays]))
    for row, array in enumerate(arrays):
        batch[row] = array
    return Tensor(batch)


def batch_of(dataset: Items, indices: Sequence[int] | Array) -> Any:
    gather = getattr(dataset, "fetch", None)
    if gather is not None:
        return as_tensors(gather(np.fromiter(indices, np.int64)))
    numbers = [int(i) for i in indices]
    return collate([dataset[i] for i in numbers], numbers)


class Subset:
    def __getitem__(self, index: int) -> Any:
        return self.dataset[self.indices[index].item()]

    def fetch(self, indices: Array) -> Any:
        return batch_of(self.dataset, np.take(self.indices, indices))


def random_split(
    dataset: Items,
    lengths: Sequence[int] | Sequence[float],
    generator: np.random.Generator | None = None,
) -> list[Subset]:
    total = len(dataset)
    for length in lengths:
        if length < 0:
            raise ValueError(f"lengths must be 0 or more, and sum to {total}, or 1, not {lengths}")
    if any(isinstance(length, (float, np.floating)) for length in lengths):
        if abs(sum(lengths) - 1) > 1e-6 or any(length != length for length in lengths):
            raise ValueError(f"lengths must sum to 1, not {lengths}")
        sizes = [math.floor(f * total) for f in lengths]
        for extra in range(total - sum(sizes)):
            sizes[extra % len(sizes)] += 1
    else:
        sizes = list(lengths)
        if sum(sizes) != total:
            raise ValueError(f"lengths must sum to {total}, not {lengths}")
    if generator is None:
        generator = default_generator()
    shuffled = generator.random(total).argsort()
    parts = []
    at = 0
    for size in sizes:
        parts.append(Subset(dataset, shuffled[at : at + size]))
        at += size
    return parts


class DataLoader:
    def __init__(
        self,
        dataset: Items,
        batch_size: int = 1,
        shuffle: bool = False,
        *,
        drop_last: bool = False,
        generator: np.random.Generator | None = None,
        collate_fn: Callable[[list[Any]], Any] | None = None,
    ) -> None:
        if isinstance(batch_size, (bool, np.bool_)):
            raise TypeError(f"batch_size is a bool: {batch_size}")
        try:
            whole = operator.index(batch_size)
        except TypeError:
            raise TypeError(f"batch_size has to be an int: {batch_size!r}") from None
        if whole < 1:
            raise ValueError(f"batch_size has to be 1 or more: {batch_size}")
        if not len(dataset):
            raise ValueError("dataset is empty")
        self.dataset, self.batch_size = dataset, batch_size
        self.shuffle, self.drop_last = shuffle, drop_last
        self.generator, self.collate_fn = generator, collate_fn

    def __len__(self) -> int:
        full, rest = divmod(len(self.dataset), self.batch_size)
        return full + (1 if rest and not self.drop_last else 0)

    def __iter__(self) -> Iterator[Any]:
        count = len(self.dataset)
        order: Any = range(count)
        if self.shuffle:
            source = self.generator if self.generator is not None else default_generator()
            order = source.permutation(count)
        size = self.batch_size
        return (self.batch(order[n * size : (n + 1) * size]) for n in range(len(self)))


class Compose:
    def __call__(self, x: Any) -> Any:
        def from_(position: int, value: Any) -> Any:
            if position == len(self.transforms):
                return value
            return from_(position + 1, self.transforms[position](value))

        return from_(0, x)


class Normalize:
    def __init__(
        self, mean: float | Sequence[float] | Array, std: float | Sequence[float] | Array
    ) -> None:
        self.mean = np.reshape(np.array(mean, np.float64), (-1, 1, 1))
        self.std = np.reshape(np.array(std, np.float64), (-1, 1, 1))
        if self.mean.size != self.std.size:
            raise ValueError(f"mean has {self.mean.size} numbers, std {self.std.size}")
        for s in self.std.flat:
            if not s > 0:
                raise ValueError(f"std has {s}, which is not positive")

    def __call__(self, x: Array) -> Array:
        check_images(x)
        channels = len(self.mean)
        if channels != 1 and x.shape[-3] != channels:
            raise ValueError(f"images of shape {x.shape} do not have {channels} channels")
        out = np.empty(x.shape, x.dtype if x.dtype.kind == "f" else np.float32)
        for c in range(x.shape[-3]):
            which = c if channels > 1 else 0
            mean, std = self.mean[which, 0, 0], self.std[which, 0, 0]
            out[..., c, :, :] = (x[..., c, :, :].astype(np.float64) - mean) / std
        return out


class RandomHorizontalFlip:
    def __init__(self, p: float = 0.5, generator: np.random.Generator | None = None) -> None:
        if not (p >= 0 and p <= 1):
            raise ValueError(f"p is a probability, not {p}")
        self.p = p
        self.generator = generator

    def __call__(self, x: Array) -> Array:
        check_images(x)
        source = self.generator if self.generator is not None else default_generator()
        out = x.copy()
        for place in np.ndindex(x.shape[:-3]):
            if source.random() < self.p:
                out[place] = np.flip(x[place], axis=-1)
        return out


class RandomCrop:
    def __init__(
        self,
        size: int | tuple[int, int],
        padding: int = 0,
        generator: np.random.Generator | None = None,
    ) -> None:
        both = tuple(size) if isinstance(size, (tuple, list)) else (size, size)
        if len(both) != 2:
            raise ValueError(f"size is one number or two, not {size!r}")
        for n in both:
            if not isinstance(n, (int, np.integer)) or n < 1:
                raise ValueError(f"size must be made of whole numbers from 1 on, not {size!r}")
        if padding < 0:
            raise ValueError(f"padding below zero: {padding}")
        self.size, self.padding, self.generator = both, padding, generator

    def __call__(self, x: Array) -> Array:
        check_images(x)
        height, width = self.size
        pad = self.padding
        *lead, channels, rows, columns = x.shape
        down, right = rows + 2 * pad - height, columns + 2 * pad - width
        if down < 0 or right < 0:
            raise ValueError(
                f"size {self.size} does not fit into images of shape {x.shape}, padding {pad}"
            )
        source = self.generator if self.generator is not None else default_generator()
        out = np.zeros((*lead, channels, height, width), x.dtype)
        for place in np.ndindex(*lead):
            canvas = np.zeros((channels, rows + 2 * pad, columns + 2 * pad), x.dtype)
            canvas[:, pad : pad + rows, pad : pad + columns] = x[place]
            top = int(source.integers(down + 1))
            left = int(source.integers(right + 1))
            out[place] = canvas[:, top : top + height, left : left + width]
        return out
