"""08 · DataLoader: datasets, batches, shuffling, splits and transforms.

The lesson: tito docs 08
"""

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
        raise NotImplementedError("08 dataloader: TensorDataset.__init__")

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
        raise NotImplementedError("08 dataloader: TensorDataset.fetch")


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
    raise NotImplementedError("08 dataloader: collate")


def batch_of(dataset: Items, indices: Sequence[int] | Array) -> Any:
    """The items ``indices`` of a dataset as one batch of Tensors.

    If the dataset has a method ``fetch``, call it once, with the array of all indices. Otherwise
    take each item with ``dataset[index]``, where index is an int, and collate the list; errors
    then name the items by their indices in the dataset.

    Args:
        dataset: any dataset.
        indices: integers (N,), an array or a range.
    """
    raise NotImplementedError("08 dataloader: batch_of")


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
        raise NotImplementedError("08 dataloader: Subset.__getitem__")

    def fetch(self, indices: Array) -> Any:
        """The items ``indices`` (N,) of the subset as one batch, as fast as the dataset allows."""
        raise NotImplementedError("08 dataloader: Subset.fetch")


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
    raise NotImplementedError("08 dataloader: random_split")


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
        raise NotImplementedError("08 dataloader: DataLoader.__init__")

    def __len__(self) -> int:
        """How many batches a pass has."""
        raise NotImplementedError("08 dataloader: DataLoader.__len__")

    def __iter__(self) -> Iterator[Any]:
        """Yield the batches of one pass; ``self.batch`` makes each when it is needed.

        Each pass has its own order: ``generator.permutation`` of the indices if ``shuffle``,
        drawn once when the pass begins, or else 0, 1, 2, …. Two passes at the same time, or one
        abandoned halfway, do not affect each other.
        """
        raise NotImplementedError("08 dataloader: DataLoader.__iter__")

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
        raise NotImplementedError("08 dataloader: Compose.__call__")


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
        raise NotImplementedError("08 dataloader: Normalize.__init__")

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
        raise NotImplementedError("08 dataloader: Normalize.__call__")


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
        raise NotImplementedError("08 dataloader: RandomHorizontalFlip.__init__")

    def __call__(self, x: Array) -> Array:
        """The images, some of them mirrored.

        Args:
            x: an array (..., C, H, W). Draw a separate decision for each of the leading indices,
                so that some images of a batch are mirrored and others are not.
        Returns:
            A new array of the same shape and dtype.
        """
        raise NotImplementedError("08 dataloader: RandomHorizontalFlip.__call__")


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
        raise NotImplementedError("08 dataloader: RandomCrop.__init__")

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
        raise NotImplementedError("08 dataloader: RandomCrop.__call__")


def check_images(x: Array) -> Array:
    """Given, not an exercise. ``x`` itself, if it is an array (..., C, H, W), or else an error."""
    if not isinstance(x, np.ndarray):
        raise TypeError(f"x must be an ndarray (..., C, H, W), got {type(x).__name__}")
    if x.ndim < 3:
        raise ValueError(f"x must have axes (..., C, H, W), got shape {x.shape}")
    return x
