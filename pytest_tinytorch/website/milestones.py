"""The page of a milestone: its README, what it needs, and the numbers that its test asks for."""

from __future__ import annotations

from pathlib import Path

from pytest_tinytorch.course.curriculum import Curriculum, Unit
from pytest_tinytorch.lessons.markup import plain
from pytest_tinytorch.website.text import facts, links, shell, table

SHARE, POINTS, TIMES, NATS = "%", " points", " times", " nat per character"
WORDING = {
    "trained_accuracy": ("accuracy of the trained neuron on test images", SHARE),
    "untrained_accuracy_at_most": ("accuracy of neurons with random weights", SHARE),
    "one_layer_accuracy_at_most": ("accuracy of one layer, in its best epoch", SHARE),
    "hidden_layer_accuracy": ("accuracy with a hidden layer, from each of five seeds", SHARE),
    "test_accuracy": ("accuracy on the test images of TinyDigits", SHARE),
    "full_test_accuracy": ("with `--scale full`, accuracy on the large data set", SHARE),
    "first_layer_moved": ("change of the first layer's weights, relative to their norm", SHARE),
    "freezing_costs": ("accuracy lost if the front layers do not learn", POINTS),
    "points_above_mlp": ("accuracy above that of a larger network without filters", POINTS),
    "filters_moved": ("change of the filters of every layer, relative to their norm", SHARE),
    "exact_answers": ("questions answered correctly to the letter", SHARE),
    "nats_below_bigram": ("how much less right answers surprise it than a bigram model", NATS),
    "known_words": ("words it writes that exist", SHARE),
    "changed_by_shuffling": ("predictions that change if the words before are shuffled", SHARE),
    "without_mask_loss_at_most": (
        "loss per answer token of a model without the mask, in training",
        "",
    ),
    "without_mask_at_most": ("questions that a model without the mask answers", SHARE),
    "int8_weights_smaller": ("smaller weights in INT8", TIMES),
    "int8_points_lost_at_most": ("accuracy lost by INT8", POINTS),
    "sparsity": ("weights that are zero after pruning", SHARE),
    "sparse_points_lost_at_most": ("accuracy lost by pruning", POINTS),
    "cached_times_as_fast": ("as fast, writing 256 tokens with the cache", TIMES),
    "kernel_times_as_fast": ("as fast, a convolution without loops", TIMES),
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
    return "## The thresholds of the test\n\n" + table(("threshold", "for"), rows)


def bound(name: str, number: float) -> str:
    """A threshold as people write it.

    >>> bound("untrained_accuracy_at_most", 0.75), bound("kernel_times_as_fast", 10)
    ('at most 75%', 'at least 10 times')
    """
    unit = WORDING[name][1]
    shown = f"{100 * number if unit in (SHARE, POINTS) else number:g}"
    text = f"{shown}{unit.removesuffix('s') if shown == '1' else unit}"
    return f"{'at most' if name.endswith('_at_most') else 'at least'} {text}"
