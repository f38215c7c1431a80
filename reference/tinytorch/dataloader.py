"""08 · DataLoader: datasets, batches, shuffling, splits and transforms."""

import operator

import numpy as np

from tinytorch.tensor import Tensor, default_generator


class Dataset:
    """Items that are numbered from 0: derive from it and write ``__len__`` and ``__getitem__``.

    Nothing else is asked of a dataset, and a list is one as well. A dataset that can gather many
    items faster than one by one may also have ``fetch(indices)``: see `TensorDataset.fetch`.

    >>> class Squares(Dataset):
    ...     def __len__(self):
    ...         return 4
    ...     def __getitem__(self, index):
    ...         return index**2
    >>> Squares()[3]
    9
    """

    def __len__(self):
        raise TypeError(f"{type(self).__name__} must define __len__")

    def __getitem__(self, index):
        raise TypeError(f"{type(self).__name__} must define __getitem__")


class TensorDataset(Dataset):
    """Arrays whose first axes belong together: item i is the tuple of their rows i.

    Args:
        tensors: Tensors, arrays or lists, at least one, all equally long on their first axis.
        transform: if given, called with rows of the first array each time they are asked for, such
            as images (C, H, W), or many at once (N, C, H, W); gives what stands in their place.
    Attributes:
        arrays: the ndarrays, a tuple. They are not copied.
        transform: as given.
    """

    def __init__(self, *tensors, transform=None):
        """Keep the arrays and the transform; see the class.

        Raises:
            ValueError: there are no tensors, one of them is 0-d, or their first axes differ in
                length; the message shows the shapes.
        """
        arrays = tuple(Tensor(tensor).data for tensor in tensors)
        shapes = [array.shape for array in arrays]
        if not arrays or not all(shapes):
            raise ValueError(f"tensors must be at least one, with at least one axis, got {shapes}")
        if len({len(array) for array in arrays}) > 1:
            raise ValueError(f"tensors must be equally long on their first axis, got {shapes}")
        self.arrays = arrays
        self.transform = transform

    def __len__(self):
        return len(self.arrays[0])

    def __getitem__(self, index):
        return tuple(Tensor(rows) for rows in self.fetch(index))

    def fetch(self, indices):
        """The rows of every array at ``indices``, gathered in one go, as a tuple of arrays.

        One array operation gathers a batch much faster than a loop over its items.

        Args:
            indices: integers (N,); or a single one, or a slice.
        Returns:
            One array (N, ...) for each array of the dataset; the first one transformed.
        Raises:
            IndexError: an index is not within the dataset.
        """
        first, *others = [array[indices] for array in self.arrays]
        if self.transform is not None:
            first = self.transform(first)
        return first, *others


class Subset(Dataset):
    """Some items of a dataset, in an order of its own; nothing is copied.

    Args:
        dataset: where the items are.
        indices: which ones: item i of the subset is item ``indices[i]`` of the dataset.
    """

    def __init__(self, dataset, indices):
        self.dataset = dataset
        self.indices = np.fromiter(map(operator.index, indices), np.int64)

    def __len__(self):
        return len(self.indices)

    def __getitem__(self, index):
        """Item ``index`` of the subset; IndexError if there is none."""
        return self.dataset[int(self.indices[index])]

    def fetch(self, indices):
        """Many items at once, as a batch of arrays: what `fetch` gives for those of the dataset."""
        return fetch(self.dataset, self.indices[indices])


def random_split(dataset, lengths, generator=None):
    """Share the items of a dataset among parts, at random; each item goes into exactly one part.

    Args:
        dataset: what to split.
        lengths: whole numbers that sum to ``len(dataset)``; or fractions, written as floats, that
            sum to 1. A fraction f becomes ⌊f · len(dataset)⌋ items. The items that this leaves over
            go to the first parts, one to each.
        generator: an `np.random.Generator`; the default one if None. The same seed gives the same
            parts.
    Returns:
        A list of `Subset`s, one for each length. A part may be empty.
    Raises:
        ValueError: the lengths are negative or do not sum to what they must.

    >>> parts = random_split(range(10), [0.75, 0.25], np.random.default_rng(0))
    >>> [len(part) for part in parts]
    [8, 2]
    """
    count = len(dataset)
    total, wanted = sum(lengths), count
    if any(isinstance(length, float) for length in lengths):
        wanted = 1.0
    if any(length < 0 for length in lengths) or not np.isclose(total, wanted, rtol=0, atol=1e-6):
        raise ValueError(f"lengths must not be negative and sum to {wanted}, got {list(lengths)}")
    if wanted == 1.0 and any(isinstance(length, float) for length in lengths):
        lengths = [int(fraction * count) for fraction in lengths]
        for part in range(count - sum(lengths)):
            lengths[part] += 1
    generator = default_generator() if generator is None else generator
    order = generator.permutation(count)
    ends = np.cumsum(lengths)
    return [Subset(dataset, order[end - length : end]) for end, length in zip(ends, lengths)]
