"""1969: see what one layer cannot do. Start it with `python milestones/02_1969_xor/run.py`."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from xor import HIDDEN, experiment

from milestones import stage


def show(screen):
    """The experiment on a terminal; returns whether its thresholds were reached."""
    screen.say(
        "Two inputs; the answer is yes if exactly one of them is. No line keeps them apart:\n"
    )
    screen.say("   no  | yes\n  -----+-----\n   yes | no\n")
    with screen.training(f"a hidden layer of {HIDDEN}") as on_epoch:
        result = experiment(screen.options.seed, on_epoch=on_epoch)
    most = stage.threshold("02", "one_layer_accuracy_at_most")
    least = stage.threshold("02", "hidden_layer_accuracy")
    rows = [
        (
            "one layer, its best epoch",
            stage.percent(result.one_layer),
            f"at most {stage.percent(most)}",
            result.one_layer <= most,
        ),
        (
            "with a hidden layer",
            stage.percent(result.hidden_layer),
            stage.percent(least),
            result.hidden_layer >= least,
        ),
    ]
    reached = all(holds for *_, holds in rows)
    screen.result(rows, reached)
    return reached


if __name__ == "__main__":
    sys.exit(stage.play("02", show))
