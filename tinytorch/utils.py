"""The namespaces `tinytorch.utils` and `tinytorch.utils.data`: the datasets and loaders of 08.

Given, not an exercise. Names are looked up when they are used.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from types import ModuleType
from typing import Any

import numpy as np

from tinytorch.instead import no_such_name, refuse, submodule

SAMPLERS = ("RandomSampler", "SequentialSampler", "WeightedRandomSampler", "ConcatDataset")
EXPORTS = ("DataLoader", "Dataset", "Subset", "TensorDataset", "default_collate", "random_split")


def loader(given: type) -> type:
    """The DataLoader of 08, with the arguments of PyTorch's that have no effect here."""

    class DataLoader(given):  # type: ignore[misc]  # `help` shows the docstring of 08
        def __init__(
            self,
            dataset: Any,
            batch_size: int = 1,
            shuffle: bool = False,
            *,
            sampler: Any = None,
            batch_sampler: Any = None,
            num_workers: int = 0,
            collate_fn: Any = None,
            pin_memory: bool = False,
            drop_last: bool = False,
            timeout: float = 0,
            worker_init_fn: Any = None,
            generator: Any = None,
            persistent_workers: bool = False,
            prefetch_factor: int | None = None,
        ) -> None:
            """As in 08. Workers, their settings and pinned memory have no effect in a single process."""
            if batch_sampler is not None:
                refuse("a batch_sampler", "use batch_size with sampler or shuffle")
            if sampler is not None and shuffle:
                raise ValueError("use sampler or shuffle, not both")
            self.sampler, self.num_workers, self.pin_memory = sampler, num_workers, pin_memory
            super().__init__(
                dataset,
                batch_size,
                shuffle=bool(shuffle),
                drop_last=drop_last,
                generator=generator,
                collate_fn=collate_fn,
            )

        def __len__(self) -> int:
            if self.sampler is None:
                return super().__len__()
            return -(-len(self.sampler) // self.batch_size) - (
                self.drop_last and len(self.sampler) % self.batch_size > 0
            )

        def __iter__(self) -> Iterator[Any]:
            if self.sampler is None:
                yield from super().__iter__()
                return
            order = np.array(list(self.sampler), np.int64)
            for start in range(0, len(self) * self.batch_size, self.batch_size):
                yield self.batch(order[start : start + self.batch_size])

    DataLoader.__module__, DataLoader.__qualname__ = "tinytorch.utils.data", "DataLoader"
    return DataLoader


class Data(ModuleType):
    """The class of `tinytorch.utils.data`."""

    def __getattr__(self, name: str) -> Any:
        if name in SAMPLERS:
            return getattr(import_module("tinytorch.sampling"), name)
        if name not in EXPORTS:
            raise no_such_name(self.__name__, name, dir(self))
        module = import_module("tinytorch.dataloader")
        if name == "default_collate":
            return module.collate
        found = getattr(module, name)
        if name == "DataLoader":
            found = self.DataLoader = loader(found)
        return found

    def __dir__(self) -> list[str]:
        return [*EXPORTS, *SAMPLERS]


data = submodule(
    "tinytorch.utils.data", Data("tinytorch.utils.data", "The datasets and loaders of 08.")
)


def __getattr__(name: str) -> Any:
    raise no_such_name("tinytorch.utils", name, ["data"])
