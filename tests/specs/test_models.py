"""What must not change about a model, and what it meets while it runs."""

from __future__ import annotations

import numpy as np
import pytest

from pytest_tinytorch.api import LawBroken
from specs.framework import lazy
from specs.models import Pass, assert_not_recorded, left_alone, peculiar, watch

Linear, Sequential = lazy("layers", "Linear", "Sequential")
BatchNorm2d = lazy("spatial", "BatchNorm2d")
no_grad = lazy("autograd", "no_grad")
Tensor = lazy("tensor", "Tensor")


pytestmark = pytest.mark.usefixtures("reference")


def network():
    return Sequential(Linear(2, 2), BatchNorm2d(2))


def add_forward(model):
    model[0].forward = lambda x: x


def count_a_batch(model):
    model[1].num_batches_tracked.data += 1


class TestLeftAlone:
    @pytest.mark.parametrize("own_forward", [True, False])
    def test_nothing_done_is_nothing_changed(self, own_forward):
        model = peculiar(network(), own_forward)
        assert [part.training for part in model.modules()] == [True, True, False]
        with left_alone(model):
            pass

    def test_a_mode_set_again_is_no_change(self):
        model = network()
        with left_alone(model):
            model.train()

    @pytest.mark.parametrize(
        ("action", "told"),
        [
            (lambda model: model.train(), "training mode"),
            (lambda model: model.eval(), "evaluation mode"),
            (lambda model: vars(model[1]).pop("forward"), "another forward"),
            (add_forward, "another forward"),
            (count_a_batch, "1"),
        ],
    )
    def test_what_is_left_behind_is_told(self, action, told):
        model = peculiar(network())
        with pytest.raises(LawBroken, match=told), left_alone(model):
            action(model)


class TestWatch:
    def test_keeps_mode_and_recording_of_each_pass(self):
        model, x = Linear(2, 2), Tensor(np.ones((1, 2)))
        seen = watch(model)
        model(x)
        with no_grad():
            model.eval()(x)
        assert seen == [Pass(True, True), Pass(False, False)]
        assert_not_recorded(seen[1:])
        for bad in (seen, []):
            with pytest.raises(LawBroken):
                assert_not_recorded(bad)
