"""What 1957 proves: a neuron that knows nothing learns to see."""

import pytest

from milestones.experiments.perceptron import experiment
from milestones.screen import percent, threshold
from specs.laws import expect

SEEDS = range(5)


@pytest.fixture(scope="session", params=SEEDS)
def result(request):
    """One run for each seed."""
    return experiment(request.param)


class TestPerceptron:
    """one neuron tells two digits apart"""

    def test_an_untrained_neuron_fails(self, result):
        """Neurons with random weights are right about half of the time."""
        most = threshold("01", "untrained_accuracy_at_most")
        got = result.untrained
        expect(got <= most, f"untrained accuracy at most {percent(most)}", percent(got))

    def test_a_trained_neuron_succeeds(self, result, record_property):
        """After training the neuron is right about test images it has never seen."""
        least = threshold("01", "trained_accuracy")
        got = result.trained
        record_property("untrained accuracy", percent(result.untrained))
        record_property("trained accuracy", percent(got))
        expect(got >= least, f"test accuracy at least {percent(least)}", percent(got))

    def test_the_weights_look_at_the_middle(self, result):
        """The pixels in the middle, where a 1 has ink and a 0 has none, favor the 1."""
        weights = result.weights
        middle, sides = weights[2:6, 3:5].mean(), weights[2:6, [1, 2, 5, 6]].mean()
        expect(middle > sides, "more weight in the middle", f"{middle:.3f} against {sides:.3f}")
