"""The scene of 1957: one neuron learns, and shows its weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from rich.text import Text

from milestones.experiments.perceptron import EPOCHS, experiment
from milestones.screen import Screen, at_least, at_most, threshold

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SHADES = " .:-=+*#%@"


def show(screen: Screen) -> bool:
    """The experiment on a terminal; returns whether its thresholds were reached."""
    screen.say("Frank Rosenblatt's machine had 400 photocells. Yours has 64 pixels and one neuron.")
    with screen.training(f"one neuron, {EPOCHS} epochs") as on_epoch:
        result = experiment(screen.options.seed, on_epoch=on_epoch)
    screen.say("Its weights, dark where ink favors a 1, light where it favors a 0:")
    low, high = result.weights.min(), result.weights.max()
    for row in result.weights:
        shades = [SHADES[int((value - low) / (high - low) * 9.99)] * 2 for value in row]
        screen.console.print(Text("   " + "".join(shades)))
    screen.picture("01_weights", lambda axes: draw_weights(axes, result.weights))
    most = threshold("01", "untrained_accuracy_at_most")
    least = threshold("01", "trained_accuracy")
    return screen.result(
        [
            at_most("untrained, mean of 20", result.untrained, most),
            at_least("trained, test images", result.trained, least),
        ]
    )


def draw_weights(axes: Axes, weights: np.ndarray) -> None:
    """The weights as pixels: blue where ink speaks for a 1, red where it speaks for a 0."""
    most = np.abs(weights).max()
    axes.imshow(weights, cmap="RdBu", vmin=-most, vmax=most)
    axes.set_axis_off()
