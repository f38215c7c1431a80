"""2017: watch a transformer learn to answer. Start it with `python milestones/05_2017_transformer/run.py`."""

import sys
from pathlib import Path
from textwrap import shorten

sys.path.insert(0, str(Path(__file__).parents[2]))

from tinytalks_gpt import (
    attention_maps,
    changed_by_shuffling,
    experiment,
    future_changes_nothing,
    known_words,
    without_mask,
)

from milestones import stage

SHOWN = 3


def show(screen):
    """The experiment on a terminal; returns whether its thresholds were reached."""
    screen.say("280 questions with their answers, and a GPT of two blocks.")
    with screen.training("learning to answer") as on_epoch:
        result = experiment(screen.options.seed, on_epoch)
    show_answers(screen, "Questions that it was trained on:", result.learned)
    show_answers(screen, "Questions in other words:", result.new)
    tokens, weights = attention_maps(result, result.learned.questions[0])
    draw = lambda axes: draw_attention(axes, tokens, weights)
    screen.picture("05_attention", draw, columns=len(weights), size=(5, 5))
    rows = wanted(result, screen.options.seed)
    reached = all(holds for *_, holds in rows)
    screen.result(rows, reached)
    return reached


def show_answers(screen, title, answers):
    """A few questions, and what was answered, in a line each: who has learned little never ends."""
    screen.say(f"\n{title}", "bold")
    rows = list(zip(answers.questions, answers.expected, answers.given, strict=True))
    for question, expected, given in rows[:SHOWN]:
        right = given == expected
        screen.say(f"  {question}")
        line = shorten(given, screen.console.width - 4, placeholder=" ...")
        screen.say(f"  {screen.glyphs.passed if right else screen.glyphs.wrong} {line}", "cyan")


def wanted(result, seed):
    """What the run has to reach."""
    better, least = result.bigram_nats - result.nats, stage.threshold("05", "nats_below_bigram")
    told = f"nats per character (bigram {result.bigram_nats:.2f})"
    below = f"at most {result.bigram_nats - least:.2f}"
    most = stage.threshold("05", "without_mask_at_most")
    loss, cheated = without_mask(seed)
    shuffled = changed_by_shuffling(result)
    return [
        stage.at_least(
            "right answers", result.learned.exact, stage.threshold("05", "exact_answers")
        ),
        ("  to other words", stage.percent(result.new.exact), "", True),
        (told, f"{result.nats:.2f}", below, better >= least),
        stage.at_least(
            "words that exist", known_words(result), stage.threshold("05", "known_words")
        ),
        stage.at_least(
            "moved by shuffling", shuffled, stage.threshold("05", "changed_by_shuffling")
        ),
        ("the future changes", "nothing", "nothing", True)
        if future_changes_nothing(result)
        else ("the future changes", "the past", "nothing", False),
        (
            f"without a mask (loss {loss:.2f})",
            stage.percent(cheated),
            f"at most {stage.percent(most)}",
            cheated <= most,
        ),
    ]


def draw_attention(axes, tokens, weights):
    """One picture for each head: rows look at columns."""
    places = range(len(tokens))
    for head, (cell, table) in enumerate(zip(axes, weights, strict=True)):
        cell.imshow(table, cmap="Blues", vmin=0, vmax=1)
        cell.set_title(f"head {head}")
        cell.set_xticks(places, [repr(token)[1:-1] for token in tokens], rotation=90, size=5)
        cell.set_yticks(places, [repr(token)[1:-1] for token in tokens], size=5)


if __name__ == "__main__":
    sys.exit(stage.play("05", show))
