"""What 2017 proves: attention, which never looks ahead, is enough to answer questions."""

import pytest

from milestones.experiments.tinytalks_gpt import (
    changed_by_shuffling,
    experiment,
    future_changes_nothing,
    known_words,
    without_mask,
)
from milestones.screen import percent, threshold
from specs.laws import expect


@pytest.fixture(scope="session")
def result():
    """The GPT trained on TinyTalks."""
    return experiment()


class TestAnswers:
    """a GPT of yours answers"""

    def test_it_answers_what_it_has_learned(self, result, record_property):
        """After training, it answers most questions correctly to the letter."""
        least = threshold("05", "exact_answers")
        record_property("right answers", percent(result.learned.exact))
        record_property("in other words", percent(result.new.exact))
        record_property("parameters", f"{result.parameters:,}")
        enough = result.learned.exact >= least
        expect(enough, f"at least {percent(least)} right answers", percent(result.learned.exact))

    def test_it_knows_more_than_pairs_of_letters(self, result, record_property):
        """On rephrased questions, the right answer surprises it far less than a bigram model."""
        least = threshold("05", "nats_below_bigram")
        better = result.bigram_nats - result.nats
        record_property("nats per character", f"{result.nats:.2f}, bigram {result.bigram_nats:.2f}")
        told = f"at least {least:g} nat per character below the bigram model's {result.bigram_nats:.2f}"
        expect(better >= least, told, f"{result.nats:.2f}")

    def test_it_writes_words(self, result, record_property):
        """What it writes at temperature 0.5 is made of words that exist."""
        least = threshold("05", "known_words")
        share = known_words(result)
        record_property("words that exist", percent(share))
        expect(share >= least, f"at least {percent(least)} words that exist", percent(share))


class TestPast:
    """the past and only the past"""

    def test_the_future_never_changes_the_past(self, result):
        """Changing later tokens leaves every score before them exactly as it was."""
        same = future_changes_nothing(result)
        expect(same, "the same scores before the place of a change", "other scores")

    def test_the_order_of_the_past_matters(self, result, record_property):
        """With the words of the question shuffled, most answers change."""
        least = threshold("05", "changed_by_shuffling")
        share = changed_by_shuffling(result)
        record_property("predictions moved by shuffling", percent(share))
        expect(
            share >= least, f"at least {percent(least)} of the answers to change", percent(share)
        )

    def test_without_a_mask_nothing_is_learned(self, record_property):
        """A model that may look at the answer has a low loss and answers nothing."""
        low, most = (
            threshold("05", "without_mask_loss_at_most"),
            threshold("05", "without_mask_at_most"),
        )
        loss, exact = without_mask()
        record_property("without a mask", f"loss {loss:.2f}, right answers {percent(exact)}")
        expect(loss <= low, f"a loss of at most {low:g} without a mask", f"{loss:.2f}")
        expect(
            exact <= most, f"at most {percent(most)} right answers without a mask", percent(exact)
        )
