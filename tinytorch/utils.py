"""The namespaces `tinytorch.utils` and `tinytorch.utils.data`: the datasets and loaders of 08.

Given, not an exercise. Names are looked up when they are used.
"""

from __future__ import annotations

from importlib import import_module
from types import ModuleType
from typing import Any

from tinytorch.instead import no_such_name, refuse, submodule

EXPORTS = ("DataLoader", "Dataset", "Subset", "TensorDataset", "default_collate", "random_split")


def loader(given: type) -> type:
    """The DataLoader of 08, with those arguments of PyTorch's that change nothing here."""

    class DataLoader(given):  # type: ignore[misc]
        __doc__ = given.__doc__

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
            """As in 08. Workers, their settings and pinned memory change nothing: batches are made here."""
            if sampler is not None or batch_sampler is not None:
                refuse("a sampler", "use DataLoader(Subset(dataset, indices)), or shuffle=True")
            super().__init__(
                dataset,
                batch_size,
                shuffle=bool(shuffle),
                drop_last=drop_last,
                generator=generator,
                collate_fn=collate_fn,
            )

    DataLoader.__module__, DataLoader.__qualname__ = "tinytorch.utils.data", "DataLoader"
    return DataLoader


class Data(ModuleType):
    """The class of `tinytorch.utils.data`."""

    def __getattr__(self, name: str) -> Any:
        if name not in EXPORTS:
            raise no_such_name(self.__name__, name, EXPORTS)
        module = import_module("tinytorch.dataloader")
        if name == "default_collate":
            return module.collate
        found = getattr(module, name)
        if name == "DataLoader":
            found = self.DataLoader = loader(found)
        return found

    def __dir__(self) -> list[str]:
        return list(EXPORTS)


data = submodule("tinytorch.utils.data", Data("tinytorch.utils.data", __doc__))


def __getattr__(name: str) -> Any:
    raise no_such_name("tinytorch.utils", name, ["data"])
