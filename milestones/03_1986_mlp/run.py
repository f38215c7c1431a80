"""1986: watch a network learn to read. Start it with `python milestones/03_1986_mlp/run.py`."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from digits_mlp import NARROW, SCALES, control, experiment

from milestones import classification, stage


def show(screen):
    """The experiment on a terminal; returns whether its thresholds were reached."""
    full = screen.options.scale == "full"
    sizes = SCALES[screen.options.scale]
    images = (
        "60,000 handwritten digits of 28 by 28" if full else "1,000 handwritten digits of 8 by 8"
    )
    screen.say(f"{images} pixels, and a hidden layer of {sizes.hidden}.")
    with screen.training("reading digits") as on_epoch:
        result = experiment(screen.options.scale, screen.options.seed, on_epoch)
    screen.say("What was read (columns) for each digit (rows):")
    for line in classification.table(result.confusion):
        screen.console.print(line)
    draw = lambda axes: classification.draw_confusion(axes, result.confusion)
    screen.picture("03_confusion", draw, size=(6, 6))
    least = stage.threshold("03", "full_test_accuracy" if full else "test_accuracy")
    moved = stage.threshold("03", "first_layer_moved")
    rows = [
        stage.at_least("test accuracy", result.accuracy, least),
        stage.at_least("first layer moved by", result.first_layer_moved, moved),
    ]
    if not full:
        found = control(screen.options.seed)
        told = f"lost by {NARROW.hidden} random units ({stage.percent(found.frozen)})"
        cost = stage.threshold("03", "freezing_costs")
        rows.append(stage.at_least(told, found.trained - found.frozen, cost))
    reached = all(holds for *_, holds in rows)
    screen.result(rows, reached)
    return reached


if __name__ == "__main__":
    sys.exit(stage.play("03", show, scales=("tiny", "full")))
