"""The page of a milestone: its README, what it needs, and the numbers that its test asks for."""

from __future__ import annotations

from pathlib import Path

from pytest_tinytorch.course.curriculum import Curriculum, Unit
from pytest_tinytorch.lessons.markup import plain
from pytest_tinytorch.website.text import facts, links, shell, table

SHARE, POINTS, TIMES, NATS = "%", " points", " times", " nat per character"
WORDING = {
    "trained_accuracy": ("the trained neuron is right about test images", SHARE),
    "untrained_accuracy_at_most": ("one with random weights is right about them", SHARE),
    "one_layer_accuracy_at_most": ("one layer is right about the cases, in its best epoch", SHARE),
    "hidden_layer_accuracy": ("with a hidden layer, from each of five seeds", SHARE),
    "test_accuracy": ("the network reads test images of TinyDigits", SHARE),
    "full_test_accuracy": ("with `--scale full`, test images of the large data set", SHARE),
    "first_layer_moved": ("the weights of the first layer move by, of their norm", SHARE),
    "freezing_costs": ("what the layers in front learn is worth, in accuracy", POINTS),
    "points_above_mlp": ("the network reads more than a larger one without filters", POINTS),
    "filters_moved": ("the filters of every layer move by, of their norm", SHARE),
    "exact_answers": ("questions are answered right to the letter", SHARE),
    "nats_below_bigram": ("right answers surprise it less than a model of letter pairs", NATS),
    "known_words": ("words that it writes exist", SHARE),
    "changed_by_shuffling": ("expectations move if the words before are shuffled", SHARE),
    "without_mask_loss_at_most": (
        "loss per answer token of a model without the mask, in training",
        "",
    ),
    "without_mask_at_most": ("questions are answered by a model without the mask", SHARE),
    "int8_weights_smaller": ("the weights are smaller in INT8", TIMES),
    "int8_points_lost_at_most": ("accuracy is lost by INT8", POINTS),
    "sparsity": ("weights are zero after pruning", SHARE),
    "sparse_points_lost_at_most": ("accuracy is lost by pruning", POINTS),
    "cached_times_as_fast": ("256 tokens are written with the cache, as fast", TIMES),
    "kernel_times_as_fast": ("a convolution without loops is as fast", TIMES),
}
"""What each threshold of the curriculum is about, and its unit."""


def page(root: Path, curriculum: Curriculum, unit: Unit, here: str) -> str:
    """The whole page."""
    title, _, text = readme(root, unit).partition("\n")
    commands = [f"tito milestone start {unit.year}", f"tito milestone test {unit.year}"]
    return "\n\n".join(
        [title, head(curriculum, unit, here), shell(*commands), text.strip(), asked(unit)]
    )


def readme(root: Path, unit: Unit) -> str:
    """The story of a milestone, as it stands beside its script."""
    return (root / unit.spec_path / "README.md").read_text(encoding="utf-8")


def head(curriculum: Curriculum, unit: Unit, here: str) -> str:
    """What a learner should know before the story begins."""
    needs = [curriculum.unit(need) for need in unit.needs]
    return facts(
        [
            ("You prove", plain(unit.builds)),
            ("Opens after", links((n for n in needs if not n.is_milestone), here)),
            ("And after", links((n for n in needs if n.is_milestone), here)),
            ("Badge", plain(unit.badge)),
            ("Then you can say", plain(unit.capability)),
            ("Next", plain(unit.challenge)),
        ]
    )


def asked(unit: Unit) -> str:
    """The thresholds in words."""
    rows = [(bound(name, x), WORDING[name][0]) for name, x in unit.thresholds.items()]
    return "## The numbers that the test asks for\n\n" + table(("how much", "of what"), rows)


def bound(name: str, number: float) -> str:
    """A threshold as people write it.

    >>> bound("untrained_accuracy_at_most", 0.75), bound("kernel_times_as_fast", 10)
    ('at most 75%', 'at least 10 times')
    """
    unit = WORDING[name][1]
    shown = f"{100 * number if unit in (SHARE, POINTS) else number:g}"
    text = f"{shown}{unit.removesuffix('s') if shown == '1' else unit}"
    return f"{'at most' if name.endswith('_at_most') else 'at least'} {text}"
