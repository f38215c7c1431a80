"""Pictures of what a milestone found, as PNG files. They need matplotlib: the extra ``plots``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from pytest_tinytorch.api import PICTURES

Draw = Callable[[Any], object]
"""Fills a figure: called with its axes, one or an array of them if there are several."""


def save(
    name: str,
    draw: Draw,
    columns: int = 1,
    rows: int = 1,
    size: tuple[float, float] = (4.5, 4.5),
    source: str = "",
) -> Path | None:
    """Let ``draw`` fill a figure, and save it.

    Args:
        name: of the file, without its ending.
        draw: called with the axes.
        columns, rows: how many axes.
        size: of each, in inches.
        source: the digest of the code that drew it. The file keeps it, so that a picture can be told from
            one of other code.
    Returns:
        The file's path, or None where matplotlib is not installed.
    """
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError:
        return None
    figure = Figure(figsize=(columns * size[0], rows * size[1]), layout="constrained")
    FigureCanvasAgg(figure)
    draw(figure.subplots(rows, columns))
    file = PICTURES / f"{name}.png"
    file.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(file, dpi=120, metadata={"Source": source} if source else None)
    return file
