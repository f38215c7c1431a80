"""Orders in which a DataLoader can go through a dataset, and concatenated datasets.

Given, not an exercise.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from tinytorch.dataloader import Dataset
from tinytorch.tensor import default_generator


class SequentialSampler:
    """The indices in order."""

    def __init__(self, data_source: Any) -> None:
        self.data_source = data_source

    def __len__(self) -> int:
        return len(self.data_source)

    def __iter__(self) -> Iterator[int]:
        return iter(range(len(self)))


class RandomSampler(SequentialSampler):
    """The indices in a new random order each time."""

    def __init__(self, data_source: Any, generator: np.random.Generator | None = None) -> None:
        super().__init__(data_source)
        self.generator = generator

    def __iter__(self) -> Iterator[int]:
        return iter((self.generator or default_generator()).permutation(len(self)).tolist())


class WeightedRandomSampler:
    """Indices drawn in proportion to weights, which need not sum to one."""

    def __init__(
        self,
        weights: Sequence[float],
        num_samples: int,
        replacement: bool = True,
        generator: np.random.Generator | None = None,
    ) -> None:
        self.weights = np.asarray(getattr(weights, "data", weights), np.float64)
        self.num_samples, self.replacement, self.generator = num_samples, replacement, generator

    def __len__(self) -> int:
        return self.num_samples

    def __iter__(self) -> Iterator[int]:
        draw = (self.generator or default_generator()).choice
        shares = self.weights / self.weights.sum()
        return iter(draw(len(shares), self.num_samples, self.replacement, shares).tolist())


class ConcatDataset(Dataset):
    """Several datasets, concatenated."""

    def __init__(self, datasets: Iterable[Any]) -> None:
        self.datasets = list(datasets)
        self.cumulative_sizes = np.cumsum([len(dataset) for dataset in self.datasets]).tolist()

    def __len__(self) -> int:
        return self.cumulative_sizes[-1]

    def __getitem__(self, index: int) -> Any:
        at = range(len(self))[index]
        part = int(np.searchsorted(self.cumulative_sizes, at, side="right"))
        return self.datasets[part][at - (self.cumulative_sizes[part - 1] if part else 0)]
