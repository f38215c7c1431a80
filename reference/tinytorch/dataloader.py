"""08 · DataLoader: datasets, batches, shuffling, splits and transforms."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike

from tinytorch.primitive import Array
from tinytorch.tensor import Tensor, default_generator


class Dataset:
    """Items numbered from 0: derive from this class and write ``__len__`` and ``__getitem__``.

    A dataset needs nothing else, and a list is one too. A dataset that can gather many
    items faster than one by one may also have ``fetch(indices)``, as `TensorDataset` does.

    >>> class Squares(Dataset):
    ...     def __len__(self):
    ...         return 4
    ...
    ...     def __getitem__(self, index):
    ...         return index**2
    >>> Squares()[3]
    9
    """

    # No NotImplementedError here: in this kit that is the mark of an exercise.
    def __len__(self) -> int:
        raise TypeError(f"{type(self).__name__} must define __len__")

    def __getitem__(self, index: int) -> Any:
        raise TypeError(f"{type(self).__name__} must define __getitem__")

    def __add__(self, other: Dataset) -> Any:
        """The items of both, one after the other. Given."""
        from tinytorch.sampling import ConcatDataset

        return ConcatDataset([self, other])


class Items(Protocol):
    """All that a dataset needs, so that a list works as well as a `Dataset`."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: int, /) -> Any: ...


class TensorDataset(Dataset):
    """Arrays whose rows belong together: item i is the tuple of their rows i, as Tensors.

    Args:
        tensors: Tensors, arrays or lists, at least one, all equally long on their first axis.
        transform: applied to the first of them, the images, each time you take some. Called
            with an array, one image (C, H, W) or many (N, C, H, W), it returns another array.
    Attributes:
        arrays: the ndarrays, a tuple. They are not copied.
        transform: as given.

    >>> pairs = TensorDataset([[0.5, 1.0], [1.5, 2.0]], [7, 8])
    >>> pairs[1]
    (Tensor([1.5, 2. ]), Tensor(8))
    """

    arrays: tuple[Array, ...]
    transform: Callable[[Array], Array] | None

    def __init__(
        self, *tensors: ArrayLike, transform: Callable[[Array], Array] | None = None
    ) -> None:
        """Keep ``arrays`` and ``transform``. ``Tensor(x).data`` is the array of each of ``tensors``.

        Raises:
            ValueError: there are no tensors, one is 0-d, or their first axes are not equally long.
                The message names ``tensors`` and all shapes.
        """
        arrays = tuple(Tensor(tensor).data for tensor in tensors)
        shapes = [array.shape for array in arrays]
        if not arrays or not all(shapes):
            raise ValueError(
                f"tensors must be at least one, and none of them 0-d, got shapes {shapes}"
            )
        if any(len(array) != len(arrays[0]) for array in arrays):
            raise ValueError(
                f"tensors must be equally long on their first axis, got shapes {shapes}"
            )
        self.arrays = arrays
        self.transform = transform

    @property
    def tensors(self) -> tuple[Tensor, ...]:
        """The arrays as Tensors that share their memory. Given."""
        return tuple(map(Tensor, self.arrays))

    def __len__(self) -> int:
        return len(self.arrays[0])

    def __getitem__(self, index: int) -> tuple[Tensor, ...]:
        return tuple(Tensor(rows) for rows in self.fetch(index))

    def fetch(self, indices: Array | slice | int) -> tuple[Array, ...]:
        """The rows at ``indices`` of every array, as a tuple of arrays; the first is transformed.

        Indexing an array with an array of integers gathers all rows at once, far faster than a
        loop. Call the transform only once too, with all rows.

        Args:
            indices: integers (N,), a slice, or a single integer; negative ones count from the end.
        Raises:
            IndexError: there is no such row.
        """
        first, *others = [array[indices] for array in self.arrays]
        if self.transform is not None:
            first = self.transform(first)
        return (first, *others)


def collate(items: Sequence[Any], indices: Sequence[int] | Array | None = None) -> Any:
    """Make one batch from a list of items by stacking them along a new first axis.

    Items are arrays, Tensors or numbers, which become one Tensor; or tuples (or lists) of them, even
    nested, which become a tuple of batches, one for each position.

    Args:
        items: at least one, all of the same form.
        indices: what an error calls the items: their indices in the dataset. If None, they are
            numbered from 0.
    Returns:
        A Tensor (N, ...) or a tuple. Each item counts as ``Tensor(item)``: Python floats become
        float32, and arrays keep their dtype. Where dtypes differ, the batch has one that holds all of
        them: 1 and 2.5 become 1.0 and 2.5. It has its own memory.
    Raises:
        ValueError: two items differ in shape, or tuples in length; the message names both shapes
            (or lengths) and the index of an item that differs from the first one.
        TypeError: an item is neither a number nor an array, for example a string.

    >>> collate([(np.zeros(3), 7), (np.ones(3), 8)])[1]
    Tensor([7, 8])
    """
    indices = range(len(items)) if indices is None else indices
    nested = isinstance(items[0], (tuple, list))
    parts = items if nested else [Tensor(item).data for item in items]
    forms = [f"{len(part)} parts" if nested else f"shape {part.shape}" for part in parts]
    for index, form in zip(indices, forms, strict=True):
        if form != forms[0]:
            raise ValueError(f"item {index} has {form}, but item {indices[0]} has {forms[0]}")
    if nested:
        return tuple(collate(column, indices) for column in zip(*parts, strict=True))
    return Tensor(np.stack(parts))


def batch_of(dataset: Items, indices: Sequence[int] | Array) -> Any:
    """The items ``indices`` of a dataset as one batch of Tensors.

    If the dataset has a method ``fetch``, call it once, with the array of all indices. Otherwise
    take each item with ``dataset[index]``, where index is an int, and collate the list; errors
    then name the items by their indices in the dataset.

    Args:
        dataset: any dataset.
        indices: integers (N,), an array or a range.
    """
    indices = np.asarray(indices)
    if hasattr(dataset, "fetch"):
        return as_tensors(dataset.fetch(indices))
    return collate([dataset[index] for index in indices.tolist()], indices)


def as_tensors(batch: Any) -> Any:
    """Given, not an exercise. Tensors for the arrays of a batch; tuples, even nested ones, stay tuples."""
    if isinstance(batch, (tuple, list)):
        return tuple(as_tensors(part) for part in batch)
    return Tensor(batch)


class Subset(Dataset):
    """Some items of a dataset, in any order; nothing is copied.

    Args:
        dataset: where the items are.
        indices: integers: item i of the subset is item ``indices[i]`` of the dataset.

    >>> Subset("abcd", [3, 0])[0]
    'd'
    """

    def __init__(self, dataset: Items, indices: Iterable[int]) -> None:
        self.dataset = dataset
        self.indices = np.fromiter(map(operator.index, indices), np.int64)

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, index: int) -> Any:
        """Item ``index`` of the subset, taken from the dataset with an int; -1 is the last one.

        Raises:
            IndexError: the subset has no item ``index``.
        """
        return self.dataset[int(self.indices[index])]

    def fetch(self, indices: Array) -> Any:
        """The items ``indices`` (N,) of the subset as one batch, as fast as the dataset allows."""
        return batch_of(self.dataset, self.indices[indices])


def random_split(
    dataset: Items,
    lengths: Sequence[int] | Sequence[float],
    generator: np.random.Generator | None = None,
) -> list[Subset]:
    """Split the items of a dataset into parts at random; each item goes into exactly one part.

    Args:
        dataset: what to split.
        lengths: integers that sum to ``len(dataset)``; or fractions, at least one of them a
            float, that sum to 1 up to rounding. A fraction f means ⌊f · len(dataset)⌋ items; the few
            items that are left over then go to the first parts, one to each.
        generator: an `np.random.Generator`, the default one if None. The same seed gives the same parts.
    Returns:
        A list of `Subset`s, one for each length. A part may be empty.
    Raises:
        ValueError: a length is negative, or they do not sum to what they should. The message names
            ``lengths``.

    >>> parts = random_split(range(10), [0.75, 0.25], np.random.default_rng(0))
    >>> [len(part) for part in parts]
    [8, 2]
    """
    lengths, count = list(lengths), len(dataset)
    fractions = any(isinstance(length, (float, np.floating)) for length in lengths)
    total = sum(lengths)
    right = math.isclose(total, 1) if fractions else total == count
    if not right or any(length < 0 for length in lengths):
        wanted = 1 if fractions else count
        raise ValueError(f"lengths must sum to {wanted}, with none below 0, got {lengths}")
    if fractions:
        lengths = [math.floor(fraction * count) for fraction in lengths]
        for part in range(count - sum(lengths)):
            lengths[part] += 1
    generator = default_generator() if generator is None else generator
    order = generator.permutation(count)
    parts = np.split(order, np.cumsum(lengths)[:-1])
    return [Subset(dataset, part) for part in parts]


class DataLoader:
    """Goes through a dataset in batches: ``for images, labels in loader``.

    Every item comes once in each pass, unless ``drop_last`` leaves some out. A batch is made only when
    you ask for it, so a dataset may be far larger than memory; only ``shuffle`` needs memory, 8 bytes
    per item, for the order.

    Args:
        dataset: has a length and items numbered from 0.
        batch_size: how many items a batch has. The last batch of a pass may have fewer.
        shuffle: whether each pass goes through the items in a new random order.
        drop_last: whether to leave out a last batch that would be smaller.
        generator: an `np.random.Generator` to draw the orders from; if None, the default one
            at the time of the pass. Without ``shuffle`` nothing is drawn.
        collate_fn: makes a batch from a list of items; if None, `batch_of` makes it.

    >>> [batch.tolist() for batch in DataLoader(range(5), batch_size=2)]
    [[0, 1], [2, 3], [4]]
    """

    dataset: Items
    batch_size: int
    shuffle: bool
    drop_last: bool
    generator: np.random.Generator | None
    collate_fn: Callable[[list[Any]], Any] | None

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
        """Keep each argument as an attribute of the same name.

        Raises:
            TypeError: ``batch_size`` is not an integer (nor is True); the message names it.
            ValueError: ``batch_size`` is below 1, and the message names it and its value; or
                ``dataset`` is empty, and the message names ``dataset``.
        """
        if isinstance(batch_size, bool) or not isinstance(batch_size, (int, np.integer)):
            raise TypeError(f"batch_size must be an integer, got {batch_size!r}")
        if batch_size < 1:
            raise ValueError(f"batch_size must be at least 1, got {batch_size}")
        if len(dataset) == 0:
            raise ValueError("dataset is empty: there is nothing to load")
        self.dataset = dataset
        self.batch_size = batch_size
        self.shuffle = shuffle
        self.drop_last = drop_last
        self.generator = generator
        self.collate_fn = collate_fn

    def __len__(self) -> int:
        """How many batches a pass has."""
        if self.drop_last:
            return len(self.dataset) // self.batch_size
        return math.ceil(len(self.dataset) / self.batch_size)

    def __iter__(self) -> Iterator[Any]:
        """Yield the batches of one pass; ``self.batch`` makes each when it is needed.

        Each pass has its own order: ``generator.permutation`` of the indices if ``shuffle``,
        drawn once when the pass begins, or else 0, 1, 2, …. Two passes at the same time, or one
        abandoned halfway, do not affect each other.
        """
        order: range | Array = range(len(self.dataset))
        if self.shuffle:
            generator = default_generator() if self.generator is None else self.generator
            order = generator.permutation(len(self.dataset))
        for start in range(0, len(self) * self.batch_size, self.batch_size):
            yield self.batch(order[start : start + self.batch_size])

    def batch(self, indices: range | Array) -> Any:
        """Given, not an exercise. The batch of the items ``indices``, an array or a range."""
        if self.collate_fn is None:
            return batch_of(self.dataset, indices)
        return self.collate_fn([self.dataset[int(index)] for index in indices])


class Compose:
    """Several transforms, one after the other.

    Args:
        transforms: functions; each is called with what the one before it returned.

    >>> Compose([abs, float])(-3)
    3.0
    """

    def __init__(self, transforms: Iterable[Callable[[Any], Any]]) -> None:
        self.transforms = list(transforms)

    def __call__(self, x: Any) -> Any:
        """What the last transform returns; ``x`` itself if there are none."""
        for transform in self.transforms:
            x = transform(x)
        return x


class Normalize:
    """Shift and scale each channel: (x - mean) / std.

    Args:
        mean: a number for each channel, or one for all; a list of one number is also one for all.
        std: likewise, and as many as in ``mean``.

    >>> Normalize(mean=0.5, std=0.25)(np.ones((1, 1, 2), np.float32))
    array([[[2., 2.]]], dtype=float32)
    """

    def __init__(
        self, mean: float | Sequence[float] | Array, std: float | Sequence[float] | Array
    ) -> None:
        """Keep ``mean`` and ``std`` as arrays (C, 1, 1), where C is 1 if there is one for all.

        Raises:
            ValueError: a ``std`` is not above 0, or there are not as many as in ``mean``; the
                message names ``std``.
        """
        self.mean = np.asarray(mean, np.float64).reshape(-1, 1, 1)  # (C, 1, 1)
        self.std = np.asarray(std, np.float64).reshape(-1, 1, 1)  # (C, 1, 1)
        if not (self.std > 0).all():
            raise ValueError(f"std must be above 0, got {std}")
        if self.mean.shape != self.std.shape:
            raise ValueError(f"mean and std must be equally many, got {mean} and {std}")

    def __call__(self, x: Array) -> Array:
        """The normalized images.

        Args:
            x: an array (..., C, H, W): one image, or many.
        Returns:
            A new array of the same shape, in the dtype of ``x`` if that is floating, else float32.
        Raises:
            ValueError: there is a mean for each channel, but ``x`` has a different number of channels;
                the message names the shape of ``x``.
        """
        channels = check_images(x).shape[-3]
        if len(self.mean) not in (1, channels):
            raise ValueError(f"mean is for {len(self.mean)} channels, but x has shape {x.shape}")
        dtype = x.dtype if x.dtype.kind == "f" else np.float32
        return (x.astype(dtype, copy=False) - self.mean.astype(dtype)) / self.std.astype(dtype)


class RandomHorizontalFlip:
    """Mirror images left to right, each with probability p.

    Args:
        p: the probability, in [0, 1].
        generator: an `np.random.Generator`, the default one if None.

    >>> RandomHorizontalFlip(p=1)(np.array([[[1, 2, 3]]]))
    array([[[3, 2, 1]]])
    """

    def __init__(self, p: float = 0.5, generator: np.random.Generator | None = None) -> None:
        """Keep both. ValueError if ``p`` is not in [0, 1]; it names ``p`` and its value."""
        if not 0 <= p <= 1:
            raise ValueError(f"p must be in [0, 1], got {p}")
        self.p = p
        self.generator = generator

    def __call__(self, x: Array) -> Array:
        """The images, some of them mirrored.

        Args:
            x: an array (..., C, H, W). Draw a separate decision for each of the leading indices,
                so that some images of a batch are mirrored and others are not.
        Returns:
            A new array of the same shape and dtype.
        """
        generator = default_generator() if self.generator is None else self.generator
        flip = generator.random(check_images(x).shape[:-3]) < self.p
        flipped = x.copy()
        flipped[flip] = x[flip][..., ::-1]
        return flipped


class RandomCrop:
    """Cut a window out of each image at a random place; padding lets it extend past the edge.

    Args:
        size: the height and width of the window, or one number for both.
        padding: how many rows and columns of zeros to put around an image first.
        generator: an `np.random.Generator`, the default one if None.

    >>> RandomCrop(2)(np.arange(9).reshape(1, 3, 3)).shape
    (1, 2, 2)
    """

    size: tuple[int, int]

    def __init__(
        self,
        size: int | tuple[int, int],
        padding: int = 0,
        generator: np.random.Generator | None = None,
    ) -> None:
        """Keep all three, ``size`` as a tuple (height, width).

        Raises:
            ValueError: ``size`` is not one or two integers of at least 1, or ``padding`` is
                negative; the message names the argument and its value.
        """
        # np.ndim tells a number from a pair, but mypy does not know that.
        self.size = (size, size) if np.ndim(size) == 0 else tuple(size)  # type: ignore[arg-type,assignment]
        whole = all(isinstance(n, (int, np.integer)) for n in self.size)
        if len(self.size) != 2 or not whole or min(self.size) < 1:
            raise ValueError(f"size must be one or two integers of at least 1, got {size}")
        if padding < 0:
            raise ValueError(f"padding must be at least 0, got {padding}")
        self.padding = padding
        self.generator = generator

    def __call__(self, x: Array) -> Array:
        """A window of each image.

        Args:
            x: an array (..., C, H, W). Draw a separate place for each of the leading indices.
                Every place where the window lies within the padded image is equally likely;
                cut all channels of an image at the same place.
        Returns:
            A new array (..., C, height, width) of the same dtype.
        Raises:
            ValueError: the window is larger than the padded image; the message names ``size`` and
                the shape of ``x``.
        """
        edges = [(0, 0)] * (check_images(x).ndim - 2) + [(self.padding, self.padding)] * 2
        padded = np.pad(x, edges)
        spare = np.subtract(padded.shape[-2:], self.size)
        if spare.min() < 0:
            raise ValueError(
                f"size {self.size} is larger than images of shape {x.shape} padded by {self.padding}"
            )
        generator = default_generator() if self.generator is None else self.generator
        images = padded.reshape(-1, *padded.shape[-3:])  # (N, C, H, W)
        top, left = generator.integers(0, spare + 1, size=(len(images), 2)).T  # (N,) each
        windows = np.lib.stride_tricks.sliding_window_view(images, self.size, axis=(-2, -1))
        crops = windows[np.arange(len(images)), :, top, left]  # (N, C, height, width)
        return crops.reshape(*x.shape[:-2], *self.size)


def check_images(x: Array) -> Array:
    """Given, not an exercise. ``x`` itself, if it is an array (..., C, H, W), or else an error."""
    if not isinstance(x, np.ndarray):
        raise TypeError(f"x must be an ndarray (..., C, H, W), got {type(x).__name__}")
    if x.ndim < 3:
        raise ValueError(f"x must have axes (..., C, H, W), got shape {x.shape}")
    return x
