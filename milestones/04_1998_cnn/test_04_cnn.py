"""What 1998 proves: filters that are learned find a pattern wherever it stands."""

import pytest

from milestones.experiments.shifted_digits import control, experiment
from milestones.screen import percent, threshold
from specs.laws import expect


@pytest.fixture(scope="session")
def digits():
    """The network trained on shifted TinyDigits."""
    return experiment("tiny")


@pytest.fixture(scope="session")
def result(pytestconfig, digits):
    """The network trained at the scale that was asked for."""
    scale = pytestconfig.getoption("scale")
    return digits if scale == "tiny" else experiment(scale)


@pytest.fixture(scope="session")
def without():
    """The same digits without learned filters."""
    return control()


class TestAccuracy:
    """a network of yours sees"""

    def test_it_knows_images_it_has_never_seen(self, result, pytestconfig, record_property):
        """After training the network is right about most test images."""
        full = pytestconfig.getoption("scale") == "full"
        least = threshold("04", "full_test_accuracy" if full else "test_accuracy")
        record_property("CIFAR-10 accuracy" if full else "test accuracy", percent(result.accuracy))
        record_property("parameters", f"{result.parameters:,}")
        enough = result.accuracy >= least
        expect(enough, f"test accuracy at least {percent(least)}", percent(result.accuracy))


class TestFilters:
    """filters that learn"""

    def test_every_filter_gets_a_gradient(self, result):
        """On one batch, no filter of any layer has a gradient of zero."""
        expect(result.least_gradient > 0, "a gradient for every filter", result.least_gradient)

    def test_the_filters_move(self, result, record_property):
        """Training moves the filters of every layer."""
        least = threshold("04", "filters_moved")
        record_property("filters moved by at least", f"{result.least_move:.0%}")
        moved = result.least_move >= least
        expect(moved, f"filters that move by at least {percent(least)}", f"{result.least_move:.0%}")


class TestControls:
    """what it takes"""

    def test_a_network_without_filters_falls_behind(self, digits, without, record_property):
        """With more than twice the parameters, an MLP reads far fewer of the shifted digits."""
        least = threshold("04", "points_above_mlp")
        record_property("MLP on the same digits", percent(without.mlp))
        ratio = without.mlp_parameters / digits.parameters
        expect(ratio >= 2, "an MLP of at least twice the parameters", f"{ratio:.1f} times")
        ahead = digits.accuracy - without.mlp
        expect(ahead >= least, f"at least {percent(least)} ahead of an MLP", f"{ahead:.1%}")

    def test_frozen_filters_cost_much(self, digits, without, record_property):
        """With untrained convolutions, the network reads far fewer digits."""
        least = threshold("04", "freezing_costs")
        record_property("with frozen filters", percent(without.frozen))
        cost = digits.accuracy - without.frozen
        expect(cost >= least, f"freezing that costs at least {percent(least)}", f"{cost:.1%}")
