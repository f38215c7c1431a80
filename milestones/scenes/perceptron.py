"""The scene of 1957: one neuron learns, and shows its weights."""

from rich.text import Text

from milestones.experiments.perceptron import EPOCHS, experiment
from milestones.screen import Screen, at_least, at_most, threshold

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
    most = threshold("01", "untrained_accuracy_at_most")
    least = threshold("01", "trained_accuracy")
    return screen.result(
        [
            at_most("untrained, mean of 20", result.untrained, most),
            at_least("trained, test images", result.trained, least),
        ]
    )
