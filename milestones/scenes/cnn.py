"""The scene of 1998: filters learn to see, and are shown."""

from __future__ import annotations

import numpy as np
from rich.text import Text

from milestones import classification
from milestones.experiments.shifted_digits import SCALES, Control, Result, control, experiment
from milestones.screen import Row, Screen, at_least, percent, threshold

SHADES = " .:-=+*#%@"
CLASSES = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]


def show(screen: Screen) -> bool:
    """The experiment on a terminal; returns whether its thresholds were reached."""
    full = screen.options.scale == "full"
    if full:
        screen.say("60,000 color photographs of 32 by 32 pixels, ten kinds of things.")
    else:
        screen.say("1,000 digits of 8 by 8 pixels, each somewhere on a canvas of 16 by 16.")
    epochs = SCALES[screen.options.scale].epochs
    with screen.training(f"a convolutional network, {epochs} epochs") as on_epoch:
        result = experiment(screen.options.scale, screen.options.seed, on_epoch)
    show_filters(screen, result.filters)
    for line in classification.table(result.confusion):
        screen.console.print(line)
    names = CLASSES if full else None
    draw = lambda axes: classification.draw_confusion(axes, result.confusion, names)
    screen.picture("04_confusion", draw, size=(6, 6))
    draw = lambda axes: draw_filters(axes, result.filters)
    lines = -(-len(result.filters) // 8)
    screen.picture("04_filters", draw, columns=8, rows=lines, size=(1, 1))
    rows = wanted(result, full)
    if not full:
        rows += compared(result, control(screen.options.seed))
    return screen.result(rows)


def wanted(result: Result, full: bool) -> list[Row]:
    """What the run has to reach at its scale."""
    accuracy = threshold("04", "full_test_accuracy" if full else "test_accuracy")
    moved = threshold("04", "filters_moved")
    return [
        at_least("test accuracy", result.accuracy, accuracy),
        at_least("filters moved by", result.least_move, moved),
        ("least gradient", f"{result.least_gradient:.1e}", "above 0", result.least_gradient > 0),
    ]


def compared(result: Result, without: Control) -> list[Row]:
    """What shows that it is the learned filters that do it."""
    ahead, cost = result.accuracy - without.mlp, result.accuracy - without.frozen
    above = threshold("04", "points_above_mlp")
    freezing = threshold("04", "freezing_costs")
    return [
        at_least(f"ahead of an MLP ({percent(without.mlp)})", ahead, above),
        at_least(f"lost if frozen ({percent(without.frozen)})", cost, freezing),
    ]


def show_filters(screen: Screen, filters: np.ndarray) -> None:
    """The first filters, as far as they fit side by side: dark is positive."""
    screen.say("Its first filters, dark where they look for ink:")
    gray = filters.mean(axis=1)  # (O, KH, KW)
    span = np.abs(gray).max()
    shades = ((gray / span + 1) / 2 * (len(SHADES) - 1)).round().astype(int)
    fit = min(len(shades), (screen.console.width - 3) // (2 * shades.shape[2] + 2))
    for row in range(shades.shape[1]):
        cells = ["".join(SHADES[s] * 2 for s in kernel[row]) for kernel in shades[:fit]]
        screen.console.print(Text("   " + "  ".join(cells)))


def draw_filters(axes: np.ndarray, filters: np.ndarray) -> None:
    """Every filter as a small picture, in color if it has three channels."""
    low, high = filters.min(), filters.max()
    for place, cell in enumerate(axes.ravel()):
        cell.set_axis_off()
        if place < len(filters):
            picture = ((filters[place] - low) / (high - low)).transpose(1, 2, 0)  # (KH, KW, C)
            gray = picture.shape[2] == 1
            cell.imshow(picture[..., 0] if gray else picture, cmap="gray", vmin=0, vmax=1)
