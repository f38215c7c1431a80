"""1986: watch a network learn to read. Start it with `python milestones/03_1986_mlp/run.py`."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from digits_mlp import HIDDEN, experiment
from rich.text import Text

from milestones import stage


def show(screen):
    """The experiment on a terminal; returns whether its thresholds were reached."""
    screen.say(f"1,000 handwritten digits of 8 by 8 pixels, and a hidden layer of {HIDDEN}.")
    with screen.training("reading digits") as on_epoch:
        result = experiment(screen.options.seed, on_epoch=on_epoch)
    screen.say("What was read (columns) for each digit (rows):")
    screen.console.print(Text("      " + "".join(f"{digit:4}" for digit in range(10)), "dim"))
    for digit, row in enumerate(result.confusion):
        line = Text(f"   {digit}  ", "dim")
        for read, count in enumerate(row):
            line.append(
                f"{count or '.':>4}", "green" if read == digit else "red" if count else "dim"
            )
        screen.console.print(line)
    accuracy = stage.threshold("03", "test_accuracy")
    moved = stage.threshold("03", "first_layer_moved")
    rows = [
        (
            "test accuracy",
            stage.percent(result.accuracy),
            f"at least {stage.percent(accuracy)}",
            result.accuracy >= accuracy,
        ),
        (
            "first layer moved by",
            f"{result.first_layer_moved:.0%}",
            f"at least {moved:.0%}",
            result.first_layer_moved >= moved,
        ),
    ]
    reached = all(holds for *_, holds in rows)
    screen.result(rows, reached)
    return reached


if __name__ == "__main__":
    sys.exit(stage.play("03", show))
