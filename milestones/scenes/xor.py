"""The scene of 1969: four points, one layer, and then a hidden one."""

from milestones.experiments.xor import HIDDEN, experiment
from milestones.screen import Screen, at_most, percent, threshold


def show(screen: Screen) -> bool:
    """The experiment on a terminal; returns whether its thresholds were reached."""
    screen.say("Two inputs; the answer is yes if exactly one of them is. No line separates them:\n")
    screen.say("   no  | yes\n  -----+-----\n   yes | no\n")
    with screen.training(f"a hidden layer of {HIDDEN}") as on_epoch:
        result = experiment(screen.options.seed, on_epoch=on_epoch)
    most = threshold("02", "one_layer_accuracy_at_most")
    least = threshold("02", "hidden_layer_accuracy")
    got = result.hidden_layer
    return screen.result(
        [
            at_most("one layer, its best epoch", result.one_layer, most),
            ("with a hidden layer", percent(got), percent(least), got >= least),
        ]
    )
