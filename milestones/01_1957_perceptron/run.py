"""1957: watch one neuron learn. Start it with `python milestones/01_1957_perceptron/run.py`."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from perceptron import EPOCHS, experiment
from rich.text import Text

from milestones import stage

SHADES = " .:-=+*#%@"


def show(screen):
    """The experiment on a terminal; returns whether its thresholds were reached."""
    screen.say("Frank Rosenblatt's machine had 400 photocells. Yours has 64 pixels and one neuron.")
    with screen.training(f"one neuron, {EPOCHS} epochs") as on_epoch:
        result = experiment(screen.options.seed, on_epoch=on_epoch)
    screen.say("Its weights, dark where ink speaks for a 1, light where it speaks for a 0:")
    low, high = result.weights.min(), result.weights.max()
    for row in result.weights:
        shades = [SHADES[int((value - low) / (high - low) * 9.99)] * 2 for value in row]
        screen.console.print(Text("   " + "".join(shades)))
    most = stage.threshold("01", "untrained_accuracy_at_most")
    least = stage.threshold("01", "trained_accuracy")
    rows = [
        (
            "untrained, mean of 20",
            stage.percent(result.untrained),
            f"at most {stage.percent(most)}",
            result.untrained <= most,
        ),
        (
            "trained, test images",
            stage.percent(result.trained),
            f"at least {stage.percent(least)}",
            result.trained >= least,
        ),
    ]
    reached = all(holds for *_, holds in rows)
    screen.result(rows, reached)
    return reached


if __name__ == "__main__":
    sys.exit(stage.play("01", show))
