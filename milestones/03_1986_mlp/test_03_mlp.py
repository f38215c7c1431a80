"""What 1986 proves: errors can be sent back through a hidden layer."""

import pytest

from milestones.experiments.digits_mlp import control, experiment
from milestones.screen import percent, threshold
from specs.laws import expect


@pytest.fixture(scope="session")
def result(pytestconfig):
    """The network trained at the scale that was asked for."""
    return experiment(pytestconfig.getoption("scale"))


class TestDigits:
    """a network of your own reads digits"""

    def test_it_reads_digits_it_has_never_seen(self, result, pytestconfig, record_property):
        """After training the network is right about most test images."""
        full = pytestconfig.getoption("scale") == "full"
        least = threshold("03", "full_test_accuracy" if full else "test_accuracy")
        record_property("MNIST accuracy" if full else "test accuracy", percent(result.accuracy))
        record_property("parameters", f"{result.parameters:,}")
        enough = result.accuracy >= least
        expect(enough, f"test accuracy at least {percent(least)}", percent(result.accuracy))


class TestHiddenLayer:
    """errors reach the hidden layer"""

    def test_the_error_reaches_the_first_layer(self, result, record_property):
        """Training moves the weights before the hidden layer, not only those after it."""
        least = threshold("03", "first_layer_moved")
        moved = result.first_layer_moved
        record_property("first layer moved by", percent(moved))
        expect(moved >= least, f"weights that move by at least {percent(least)}", percent(moved))

    def test_what_the_first_layer_learns_matters(self, record_property):
        """With 16 hidden units, keeping the first layer untrained costs many digits."""
        least = threshold("03", "freezing_costs")
        found = control()
        record_property("16 hidden units", percent(found.trained))
        record_property("16 random ones", percent(found.frozen))
        cost = found.trained - found.frozen
        expect(cost >= least, f"freezing that costs at least {percent(least)}", f"{cost:.1%}")
