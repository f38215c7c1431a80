"""What milestones 03 and 04 share: measuring a classifier, and showing what it takes for what."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from rich.text import Text

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from tinytorch.layers import Module
    from tinytorch.tensor import Tensor


def confusions(
    model: Module, batches: Iterable[tuple[Tensor, Tensor]], classes: int = 10
) -> np.ndarray:
    """(classes, classes): how often each class (row) was taken for each class (column)."""
    from tinytorch.autograd import no_grad

    counts = np.zeros((classes, classes), np.int64)
    model.eval()
    with no_grad():
        for images, labels in batches:
            np.add.at(counts, (labels.data, model(images).data.argmax(axis=1)), 1)
    return counts


def accuracy(confusion: np.ndarray) -> float:
    """The share of a confusion matrix that stands on its diagonal."""
    return float(np.trace(confusion) / confusion.sum())


def table(confusion: np.ndarray) -> list[Text]:
    """A confusion matrix as lines for the terminal."""
    digits = max(4, len(str(confusion.max())) + 1)
    lines = [Text("      " + "".join(f"{c:{digits}}" for c in range(len(confusion))), "dim")]
    for true, row in enumerate(confusion):
        line = Text(f"   {true}  ", "dim")
        for taken, count in enumerate(row):
            style = "green" if taken == true else "red" if count else "dim"
            line.append(f"{count or '.':>{digits}}", style)
        lines.append(line)
    return lines


def draw_confusion(axes: Axes, confusion: np.ndarray, names: Sequence[str] | None = None) -> None:
    """A confusion matrix as a picture."""
    names = [str(c) for c in range(len(confusion))] if names is None else names
    shares = confusion / confusion.sum(axis=1, keepdims=True)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    axes.set(xlabel="taken for", ylabel="true class")
    axes.set_xticks(range(len(names)), names, rotation=60, ha="right")
    axes.set_yticks(range(len(names)), names)
    for true, taken in np.argwhere(confusion):
        dark = shares[true, taken] > 0.5
        count = str(confusion[true, taken])
        axes.text(taken, true, count, ha="center", va="center", color="w" if dark else "k", size=7)
