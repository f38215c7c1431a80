"""The scene of 2017: a GPT learns to answer, and shows what it looks at."""

from collections.abc import Sequence
from textwrap import shorten

import numpy as np

from milestones.experiments.tinytalks_gpt import (
    Answers,
    Result,
    attention_maps,
    changed_by_shuffling,
    experiment,
    future_changes_nothing,
    known_words,
    without_mask,
)
from milestones.screen import Row, Screen, at_least, at_most, percent, threshold

SHOWN = 3


def show(screen: Screen) -> bool:
    """The experiment on a terminal; returns whether its thresholds were reached."""
    screen.say("280 questions with their answers, and a GPT of two blocks.")
    with screen.training("learning to answer") as on_epoch:
        result = experiment(screen.options.seed, on_epoch)
    show_answers(screen, "Questions from its training:", result.learned)
    show_answers(screen, "Rephrased questions:", result.new)
    tokens, weights = attention_maps(result, result.learned.questions[0])
    draw = lambda axes: draw_attention(axes, tokens, weights)
    screen.picture("05_attention", draw, columns=len(weights), size=(5, 5))
    return screen.result(wanted(result, screen.options.seed))


def show_answers(screen: Screen, title: str, answers: Answers) -> None:
    """A few questions, and what was answered, in a line each: who has learned little never ends."""
    screen.say(f"\n{title}", "bold")
    rows = list(zip(answers.questions, answers.expected, answers.given, strict=True))
    for question, expected, given in rows[:SHOWN]:
        right = given == expected
        screen.say(f"  {question}")
        line = shorten(given, screen.console.width - 4, placeholder=" ...")
        screen.say(f"  {screen.glyphs.passed if right else screen.glyphs.wrong} {line}", "cyan")


def wanted(result: Result, seed: int) -> list[Row]:
    """What the run has to reach."""
    better, least = result.bigram_nats - result.nats, threshold("05", "nats_below_bigram")
    told = f"nats per character (bigram {result.bigram_nats:.2f})"
    below = f"at most {result.bigram_nats - least:.2f}"
    low, most = (threshold("05", f"without_mask_{name}at_most") for name in ("loss_", ""))
    loss, cheated = without_mask(seed)
    shuffled = changed_by_shuffling(result)
    return [
        at_least("right answers", result.learned.exact, threshold("05", "exact_answers")),
        ("  to rephrased ones", percent(result.new.exact), "", True),
        (told, f"{result.nats:.2f}", below, better >= least),
        at_least("words that exist", known_words(result), threshold("05", "known_words")),
        at_least("moved by shuffling", shuffled, threshold("05", "changed_by_shuffling")),
        ("the future changes", "nothing", "nothing", True)
        if future_changes_nothing(result)
        else ("the future changes", "the past", "nothing", False),
        ("loss without a mask", f"{loss:.2f}", f"at most {low:g}", loss <= low),
        at_most("  right answers", cheated, most),
    ]


def draw_attention(axes: np.ndarray, tokens: Sequence[str], weights: np.ndarray) -> None:
    """One picture for each head: rows look at columns."""
    places = range(len(tokens))
    for head, (cell, table) in enumerate(zip(axes, weights, strict=True)):
        cell.imshow(table, cmap="Blues", vmin=0, vmax=1)
        cell.set_title(f"head {head}")
        cell.set_xticks(places, [repr(token)[1:-1] for token in tokens], rotation=90, size=5)
        cell.set_yticks(places, [repr(token)[1:-1] for token in tokens], size=5)
