"""The scene of 1986: a network learns to read, and shows what it takes for what."""

from milestones import classification
from milestones.experiments.digits_mlp import NARROW, SCALES, control, experiment
from milestones.screen import Screen, at_least, percent, threshold


def show(screen: Screen) -> bool:
    """The experiment on a terminal; returns whether its thresholds were reached."""
    full = screen.options.scale == "full"
    sizes = SCALES[screen.options.scale]
    images = (
        "60,000 handwritten digits of 28 by 28" if full else "1,000 handwritten digits of 8 by 8"
    )
    screen.say(f"{images} pixels, and a hidden layer of {sizes.hidden}.")
    with screen.training("reading digits") as on_epoch:
        result = experiment(screen.options.scale, screen.options.seed, on_epoch)
    screen.say("What it read (columns) for each true digit (rows):")
    for line in classification.table(result.confusion):
        screen.console.print(line)
    draw = lambda axes: classification.draw_confusion(axes, result.confusion)
    screen.picture("03_confusion", draw, size=(6, 6))
    least = threshold("03", "full_test_accuracy" if full else "test_accuracy")
    moved = threshold("03", "first_layer_moved")
    rows = [
        at_least("test accuracy", result.accuracy, least),
        at_least("first layer moved by", result.first_layer_moved, moved),
    ]
    if not full:
        found = control(screen.options.seed)
        told = f"lost by {NARROW.hidden} random units ({percent(found.frozen)})"
        cost = threshold("03", "freezing_costs")
        rows.append(at_least(told, found.trained - found.frozen, cost))
    return screen.result(rows)
