"""The scene of 1969: four points, one layer, and then a hidden one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from milestones.experiments.xor import EDGE, HIDDEN, experiment
from milestones.screen import Screen, at_most, percent, threshold

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def show(screen: Screen) -> bool:
    """The experiment on a terminal; returns whether its thresholds were reached."""
    screen.say("Two inputs; the answer is yes if exactly one of them is. No line separates them:\n")
    screen.say("   no  | yes\n  -----+-----\n   yes | no\n")
    with screen.training(f"a hidden layer of {HIDDEN}") as on_epoch:
        result = experiment(screen.options.seed, on_epoch=on_epoch)
    screen.picture("02_answers", lambda axes: draw_answers(axes, result.answers))
    most = threshold("02", "one_layer_accuracy_at_most")
    least = threshold("02", "hidden_layer_accuracy")
    got = result.hidden_layer
    return screen.result(
        [
            at_most("one layer, its best epoch", result.one_layer, most),
            ("with a hidden layer", percent(got), percent(least), got >= least),
        ]
    )


def draw_answers(axes: Axes, answers: np.ndarray) -> None:
    """What the network answers everywhere, blue for yes, and the four points with the right answers."""
    axes.imshow(answers, cmap="RdBu", vmin=0, vmax=1, origin="lower", extent=(-EDGE, EDGE) * 2)
    for x in (-1, 1):
        for y in (-1, 1):
            axes.text(
                x, y, "yes" if x != y else "no", ha="center", va="center", color="w", weight="bold"
            )
    axes.set_axis_off()
