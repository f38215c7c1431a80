"""The scene of 1986: a network learns to read, and shows what it takes for what."""

from milestones import classification
from milestones.experiments.digits_mlp import NARROW, SCALES, control, experiment
from milestones.stage import Stage, at_least, percent, threshold


def show(stage: Stage) -> bool:
    """The experiment on a terminal; returns whether its thresholds were reached."""
    full = stage.options.scale == "full"
    sizes = SCALES[stage.options.scale]
    images = (
        "60,000 handwritten digits of 28 by 28" if full else "1,000 handwritten digits of 8 by 8"
    )
    stage.say(f"{images} pixels, and a hidden layer of {sizes.hidden}.")
    with stage.training("reading digits") as on_epoch:
        result = experiment(stage.options.scale, stage.options.seed, on_epoch)
    stage.say("What was read (columns) for each digit (rows):")
    for line in classification.table(result.confusion):
        stage.console.print(line)
    draw = lambda axes: classification.draw_confusion(axes, result.confusion)
    stage.picture("03_confusion", draw, size=(6, 6))
    least = threshold("03", "full_test_accuracy" if full else "test_accuracy")
    moved = threshold("03", "first_layer_moved")
    rows = [
        at_least("test accuracy", result.accuracy, least),
        at_least("first layer moved by", result.first_layer_moved, moved),
    ]
    if not full:
        found = control(stage.options.seed)
        told = f"lost by {NARROW.hidden} random units ({percent(found.frozen)})"
        cost = threshold("03", "freezing_costs")
        rows.append(at_least(told, found.trained - found.frozen, cost))
    return stage.result(rows)
