"""What 1986 proves: errors can be sent back through a hidden layer."""

from digits_mlp import experiment

from milestones.stage import percent, threshold
from specs.laws import expect


class TestDigits:
    """a network of your own reads digits"""

    def test_it_reads_digits_it_has_never_seen(self, record_property):
        """After training the network is right about most of the 200 test images."""
        least = threshold("03", "test_accuracy")
        got = experiment()
        record_property("test accuracy", percent(got.accuracy))
        record_property("parameters", f"{got.parameters:,}")
        expect(
            got.accuracy >= least, f"test accuracy at least {percent(least)}", percent(got.accuracy)
        )

    def test_the_error_reaches_the_first_layer(self, record_property):
        """Training moves the weights before the hidden layer, not only those after it."""
        least = threshold("03", "first_layer_moved")
        got = experiment().first_layer_moved
        record_property(
            "first layer moved by", percent(got) if got < 1 else f"{got:.1f} times itself"
        )
        expect(got >= least, f"weights that move by at least {percent(least)}", percent(got))
