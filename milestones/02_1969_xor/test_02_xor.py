"""What 1969 proves: a limit, and the way around it."""

import pytest

from milestones.experiments.xor import experiment
from milestones.screen import percent, threshold
from specs.laws import expect

SEEDS = range(5)


@pytest.fixture(scope="session", params=SEEDS)
def result(request):
    """One run for each seed."""
    return experiment(request.param)


class TestXor:
    """a hidden layer does what one layer cannot"""

    def test_one_layer_never_solves_it(self, result, record_property):
        """However long it trains, a single layer is never right about more than three points."""
        most = threshold("02", "one_layer_accuracy_at_most")
        got = result.one_layer
        record_property("one layer", percent(got))
        expect(got <= most, f"at most {percent(most)} for one layer", percent(got))

    def test_a_hidden_layer_solves_it(self, result, record_property):
        """A network with a hidden layer is right about all four points."""
        least = threshold("02", "hidden_layer_accuracy")
        got = result.hidden_layer
        record_property("hidden layer", percent(got))
        expect(got >= least, f"{percent(least)} with a hidden layer", percent(got))
