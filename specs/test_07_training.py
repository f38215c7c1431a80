"""Specs of 07 training."""

import json
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

from specs.descriptions import show
from specs.framework import lazy
from specs.laws import ask, assert_close, assert_dtype, assert_equal, expect, raises
from specs.oracles import training as oracle
from specs.strategies import FLOATS, arrays, both_signs, seeds, shapes

Tensor = lazy("tensor", "Tensor")
Module, Linear, Sequential, Dropout = lazy("layers", "Module", "Linear", "Sequential", "Dropout")
mse_loss, cross_entropy = lazy("losses", "mse_loss", "cross_entropy")
binary_cross_entropy = lazy("losses", "binary_cross_entropy_with_logits")
SGD, Adam, AdamW = lazy("optimizers", "SGD", "Adam", "AdamW")
CosineSchedule, clip_grad_norm_, accuracy, Trainer, save_checkpoint, load_checkpoint = lazy(
    "training",
    *("CosineSchedule", "clip_grad_norm_", "accuracy"),
    *("Trainer", "save_checkpoint", "load_checkpoint"),
)


@st.composite
def schedules(draw):
    """Arguments of CosineSchedule."""
    total = draw(st.integers(1, 30))
    lr = draw(st.floats(1e-4, 10.0))
    warmup, floor = draw(st.integers(0, total)), lr * draw(st.floats(0.0, 1.0))
    return {"lr": lr, "total_steps": total, "warmup_steps": warmup, "min_lr": floor}


class TestSchedule:
    """learning rate schedule"""

    @given(schedules(), st.integers(0, 40))
    def test_matches_its_definition(self, options, step):
        """The rate of every step follows the formula of warm-up and cosine."""
        rate = ask(CosineSchedule(**options), step)
        expect(isinstance(rate, float), "a float", type(rate).__name__)
        assert_close(rate, oracle.cosine(step, **options), rtol=1e-7)

    @given(schedules())
    def test_rises_then_falls(self, options):
        """The rate never falls during warm-up, never rises after it, and stays within [0, lr]."""
        schedule = CosineSchedule(**options)
        rates = np.array([ask(schedule, step) for step in range(options["total_steps"] + 3)])
        rise, fall = np.split(rates, [options["warmup_steps"]])
        expect((np.diff(rise) > 0).all(), "rates that rise during warm-up", rise)
        expect((np.diff(fall) <= 1e-12).all(), "rates that fall after warm-up", fall)
        expect((rates > 0).all() or options["min_lr"] == 0, "no rate of 0 before the end", rates)
        expect((rates <= options["lr"] * (1 + 1e-12)).all(), "no rate above lr", rates)

    def test_reaches_its_landmarks(self):
        """lr / warmup_steps at first, lr when warm-up ends, halfway at half time, min_lr at the end."""
        for options, rates in (
            (
                {"lr": 1, "total_steps": 14, "warmup_steps": 4, "min_lr": 0.5},
                {0: 0.25, 3: 1, 4: 1, 9: 0.75, 14: 0.5, 99: 0.5},
            ),
            ({"lr": 1, "total_steps": 2, "min_lr": 0}, {0: 1, 1: 0.5, 2: 0}),
            ({"lr": 2, "total_steps": 1, "warmup_steps": 1, "min_lr": 2}, {0: 2, 1: 2}),
            ({"lr": 0, "total_steps": 1}, {0: 0, 1: 0}),
        ):
            schedule = CosineSchedule(**options)
            for step, rate in rates.items():
                assert_close(ask(schedule, step), float(rate), rtol=1e-7)
                expect(isinstance(schedule(step), float), "a float", show(schedule(step)))

    @given(schedules(), st.lists(st.integers(0, 40), max_size=10))
    def test_depends_on_the_step_alone(self, options, steps):
        """Asking in any order, or again, gives the same rates."""
        schedule = CosineSchedule(**options)
        rates = {step: ask(schedule, step) for step in steps}
        for step in reversed(steps):
            assert_equal(ask(schedule, step), rates[step])

    @pytest.mark.parametrize(
        ("options", "name"),
        [
            ({"lr": -1.0, "total_steps": 10}, "lr"),
            ({"lr": 1.0, "total_steps": 0}, "total_steps"),
            ({"lr": 1.0, "total_steps": 10, "warmup_steps": 11}, "warmup_steps"),
            ({"lr": 1.0, "total_steps": 10, "warmup_steps": -1}, "warmup_steps"),
            ({"lr": 1.0, "total_steps": 10, "min_lr": 1.5}, "min_lr"),
            ({"lr": 1.0, "total_steps": 10, "min_lr": -0.5}, "min_lr"),
        ],
    )
    def test_rejects_numbers_out_of_range(self, options, name):
        """Rates and steps out of range are a ValueError that names them."""
        with raises(ValueError, naming=name):
            ask(CosineSchedule, **options)

    def test_rejects_negative_steps(self):
        """A step below 0 is a ValueError."""
        with raises(ValueError, naming="step"):
            ask(CosineSchedule(lr=1.0, total_steps=10, warmup_steps=2), -1)


@st.composite
def gradient_sets(draw, dtype=FLOATS, elements=None):
    """Gradients of some parameters, missing ones among them."""
    dtype = draw(st.sampled_from(FLOATS)) if dtype is FLOATS else dtype
    one = arrays(shapes(max_dims=2, max_side=3), dtype, elements=elements)
    return draw(st.lists(st.none() | one, max_size=4))


def with_gradients(grads):
    """Parameters that have these gradients."""
    params = [
        Tensor(np.zeros(1 if grad is None else grad.shape), requires_grad=True) for grad in grads
    ]
    for param, grad in zip(params, grads, strict=True):
        param.grad = None if grad is None else np.array(grad)
    return params


class TestClipping:
    """gradient clipping"""

    @given(gradient_sets(), st.floats(0.0, 40.0), st.booleans())
    def test_matches_its_definition(self, grads, max_norm, strict):
        """Every gradient is scaled by max_norm / (length + 1e-6) if that is below 1."""
        params = with_gradients(grads)
        length = ask(clip_grad_norm_, iter(params), max_norm, error_if_nonfinite=strict)
        expected, clipped = oracle.clip(grads, max_norm)
        expect(isinstance(length, float), "a float", type(length).__name__)
        assert_close(length, expected, rtol=1e-5)
        for param, grad in zip(params, clipped, strict=True):
            expect((param.grad is None) == (grad is None), f"grad {show(grad)}", show(param.grad))
            if grad is not None:
                assert_close(param.grad, grad, rtol=1e-5)

    @given(gradient_sets(), st.floats(0.0, 40.0))
    def test_changes_gradients_in_place(self, grads, max_norm):
        """The arrays in grad stay the same objects, of the same dtype."""
        params = with_gradients(grads)
        before = [param.grad for param in params]
        ask(clip_grad_norm_, params, max_norm)
        expect(
            all(p.grad is b for p, b in zip(params, before, strict=True)),
            "the same arrays",
            "new ones",
        )
        for param, grad in zip(params, grads, strict=True):
            if grad is not None:
                assert_dtype(param.grad, grad.dtype)

    @given(gradient_sets(), st.floats(1.0, 3.0))
    def test_leaves_short_gradients_alone(self, grads, room):
        """Gradients no longer than max_norm keep every bit."""
        params = with_gradients(grads)
        ask(clip_grad_norm_, params, room * oracle.clip(grads, 0.0)[0] + 1e-5)
        for param, grad in zip(params, grads, strict=True):
            if grad is not None:
                assert_equal(param.grad, grad)

    def test_takes_a_single_parameter(self):
        """A single Tensor counts as a list of one: its rows are not parameters."""
        (param,) = with_gradients([np.array([[3.0], [4.0]])])
        assert_close(ask(clip_grad_norm_, param, 1.0), 5.0)
        assert_close(param.grad, [[0.6], [0.8]], rtol=1e-5)

    def test_returns_zero_without_gradients(self):
        """No gradient anywhere means a length of 0.0."""
        assert_equal(ask(clip_grad_norm_, with_gradients([None, None]), 1.0), 0.0)
        assert_equal(ask(clip_grad_norm_, [], 1.0), 0.0)

    @given(gradient_sets(np.float32, [0.0, 1e30, -1e30, 1e25]))
    def test_survives_huge_gradients(self, grads):
        """float32 gradients of 1e30, whose squares no float32 can hold, are clipped to max_norm."""
        params = with_gradients(grads)
        expected, clipped = oracle.clip(grads, 1.0)
        assert_close(ask(clip_grad_norm_, params, 1.0), expected)
        for param, grad in zip(params, clipped, strict=True):
            if grad is not None:
                assert_close(param.grad, grad)

    @pytest.mark.parametrize("bad", [float("nan"), float("inf")], ids=str)
    def test_refuses_lengths_that_are_not_finite_if_asked(self, bad):
        """With error_if_nonfinite it is a RuntimeError that changes nothing."""
        params = with_gradients([np.array([1.0, bad]), np.array([20.0])])
        with raises(RuntimeError):
            ask(clip_grad_norm_, params, 1.0, error_if_nonfinite=True)
        assert_equal(params[0].grad, np.array([1.0, bad]))
        assert_equal(params[1].grad, np.array([20.0]))

    def test_of_an_infinite_length_is_zero(self):
        """If one gradient is infinite, so is the length, and the finite ones become 0."""
        params = with_gradients([np.array([1.0, float("inf")]), np.array([2.0])])
        with np.errstate(invalid="ignore"):
            assert_equal(ask(clip_grad_norm_, params, 1.0), float("inf"))
        assert_equal(params[0].grad, np.array([0.0, np.nan]))
        assert_equal(params[1].grad, np.array([0.0]))

    def test_does_not_hide_nan(self):
        """A NaN in one gradient gives a length of NaN and makes every gradient NaN."""
        params = with_gradients([np.array([1.0, float("nan")]), np.array([2.0])])
        assert_equal(np.array(ask(clip_grad_norm_, params, 1.0)), np.array(np.nan))
        assert_equal(params[1].grad, np.array([np.nan]))

    @pytest.mark.parametrize("max_norm", [-1.0, float("nan")], ids=str)
    def test_rejects_a_negative_norm(self, max_norm):
        """A max_norm below 0, or NaN, is a ValueError."""
        with raises(ValueError, naming="max_norm"):
            ask(clip_grad_norm_, with_gradients([np.ones(2)]), max_norm)


@st.composite
def classified(draw):
    """(logits, targets): distinct or equal scores of some classes, targets of any leading shape."""
    shape = draw(shapes(max_dims=2, min_side=1, max_side=4))
    classes = draw(st.integers(2, 4))
    logits = draw(arrays((*shape, classes), np.float32, elements=(0, 1, -1, 2, -2, 3, -3)))
    return logits, draw(arrays(shape, np.int64, elements=range(classes)))


class TestAccuracy:
    """accuracy"""

    @given(classified())
    def test_counts_the_highest_scores(self, drawn):
        """It is the fraction of predictions, the first highest score of each row, that are right."""
        logits, targets = drawn
        got = ask(accuracy, Tensor(logits), Tensor(targets))
        expect(isinstance(got, float), "a float", type(got).__name__)
        assert_close(got, oracle.accuracy(logits, targets), rtol=1e-7)
        assert_equal(ask(accuracy, logits, targets), got)

    @given(classified())
    def test_knows_the_best(self, drawn):
        """Predictions that are all right have accuracy 1."""
        logits, _ = drawn
        assert_equal(ask(accuracy, Tensor(logits), Tensor(logits.argmax(axis=-1))), 1.0)

    @given(arrays(min_side=1, elements=both_signs(range(1, 4))), seeds())
    def test_takes_scores_of_yes_or_no(self, scores, seed):
        """With scores of the targets' shape the prediction is 1 above 0, else 0."""
        targets = np.random.default_rng(seed).integers(0, 2, scores.shape)
        right = [(score > 0) == bool(t) for score, t in zip(scores.flat, targets.flat, strict=True)]
        expected = sum(right) / len(right)
        for dtype in (np.int64, np.float32):
            assert_close(
                ask(accuracy, Tensor(scores), Tensor(targets.astype(dtype))), expected, rtol=1e-7
            )

    @pytest.mark.parametrize(
        ("logits", "targets"),
        [
            ((3, 2), (2,)),
            ((3, 2), (2, 3)),
            ((3,), (3, 1)),
            ((4, 3, 2), (4,)),
            ((3, 1), (1,)),
            ((3, 1), (3,)),
        ],
        ids=str,
    )
    def test_rejects_shapes_that_do_not_fit(self, logits, targets):
        """Logits that are not (..., C) with C above 1 for targets (...) are a ValueError with both shapes."""
        with raises(ValueError, naming=f"{logits} {targets}"):
            ask(accuracy, np.zeros(logits), np.zeros(targets, int))

    @pytest.mark.parametrize("shape", [(0, 3), (2, 0, 3)], ids=str)
    def test_rejects_nothing_at_all(self, shape):
        """Without any target it is a ValueError, not NaN."""
        with raises(ValueError, naming=f"{shape[:-1]}"):
            ask(accuracy, np.zeros(shape), np.zeros(shape[:-1], int))


@st.composite
def regressions(draw, max_batches=4):
    """(weight, bias, batches) of a linear regression at float64, in batches of several sizes."""
    draws = np.random.default_rng(draw(seeds()))
    sizes = draw(st.lists(st.integers(1, 4), min_size=1, max_size=max_batches))
    batches = [(draws.standard_normal((n, 3)), draws.standard_normal((n, 2))) for n in sizes]
    return draws.standard_normal((2, 3)), draws.standard_normal(2), batches


def linear(weight, bias):
    """A Linear with these numbers, at their dtype."""
    model = Linear(weight.shape[1], weight.shape[0])
    model.weight.data, model.bias.data = np.array(weight), np.array(bias)
    return model


def tensors(batches):
    return [(Tensor(x), Tensor(y)) for x, y in batches]


def trainer(problem, lr=0.1, **options):
    """A Trainer for a regression, and its batches as Tensors."""
    weight, bias, batches = problem
    model = linear(weight, bias)
    return Trainer(model, SGD(model.parameters(), lr=lr), mse_loss, **options), tensors(batches)


class TestTrainStep:
    """one training step"""

    @given(regressions(), st.none() | st.floats(0.1, 2.0))
    def test_matches_a_step_by_hand(self, problem, clip_norm):
        """Losses and weights are those of descent by hand, with its schedule and clipping."""
        rates = CosineSchedule(lr=0.2, total_steps=4, warmup_steps=2)
        trained, batches = trainer(problem, schedule=rates, clip_norm=clip_norm)
        losses = [ask(trained.train_step, *batch) for batch in batches]
        expect(all(isinstance(loss, float) for loss in losses), "losses that are floats", losses)
        rates = [oracle.cosine(step, 0.2, 4, 2) for step in range(len(batches))]
        expected = oracle.linear_regression(*problem, rates=rates, max_norm=clip_norm)
        assert_close(losses, expected[0], rtol=1e-7)
        assert_close(trained.model.weight.data, expected[1], rtol=1e-7)
        assert_close(trained.model.bias.data, expected[2], rtol=1e-7)

    @given(regressions(max_batches=1))
    def test_forgets_older_gradients(self, problem):
        """Gradients left from before do not count."""
        trained, (batch,) = trainer(problem)
        for param in trained.model.parameters():
            param.grad = np.full(param.shape, 100.0)
        ask(trained.train_step, *batch)
        assert_close(
            trained.model.weight.data, oracle.linear_regression(*problem, rates=[0.1])[1], rtol=1e-7
        )

    def test_forgets_gradients_of_what_is_not_in_the_model(self):
        """The optimizer may move a tensor outside the model: an old gradient of it does not count."""
        loose, layer = Tensor(np.ones(2), requires_grad=True), Linear(1, 1)
        trained = Trainer(layer, SGD([*layer.parameters(), loose], lr=0.1), mse_loss)
        loose.grad = np.full(2, 100.0)
        ask(trained.train_step, Tensor(np.ones((1, 1))), Tensor(np.zeros((1, 1))))
        assert_equal(loose.data, np.ones(2))

    @given(regressions(max_batches=1))
    def test_leaves_alone_what_the_optimizer_does_not_move(self, problem):
        """Other parameters do not count for clipping, and their gradients do not add up over steps."""
        weight, bias, ((x, y),) = problem
        trained, (batch,) = trainer(problem, clip_norm=0.5)
        trained.optimizer = SGD([trained.model.bias], lr=0.1)
        for _ in range(3):
            residuals = x @ weight.T + bias - y  # (N, 2)
            slope = 2 * residuals.sum(axis=0) / residuals.size  # (2,)
            bias = bias - 0.1 * slope * min(1, 0.5 / (np.linalg.norm(slope) + 1e-6))
            ask(trained.train_step, *batch)
            assert_close(trained.model.bias.data, bias, rtol=1e-7)
            # Of this step alone, and as long as it is.
            assert_close(trained.model.weight.grad, 2 * residuals.T @ x / residuals.size, rtol=1e-7)
        assert_equal(trained.model.weight.data, weight)

    @given(regressions())
    def test_asks_the_schedule_once_a_step(self, problem):
        """Step n uses schedule(n), from 0 on and from wherever trainer.step was set."""
        asked = []
        trained, batches = trainer(problem, schedule=lambda step: asked.append(step) or 0.5**step)
        trained.step = 3
        for count, batch in enumerate(batches):
            ask(trained.train_step, *batch)
            assert_equal(asked, [3 + n for n in range(count + 1)])
            assert_equal(trained.optimizer.lr, 0.5 ** asked[-1])
            assert_equal(trained.step, 3 + count + 1)

    @pytest.mark.parametrize(
        "options", [{"clip_norm": 0.0}, {"schedule": lambda step: 0.0}], ids=["clip", "schedule"]
    )
    @given(problem=regressions())
    def test_takes_zero_for_a_number(self, options, problem):
        """A clip_norm of 0, or a rate of 0, stops all motion: it does not mean None."""
        trained, batches = trainer(problem, **options)
        for batch in batches:
            ask(trained.train_step, *batch)
        assert_equal(trained.model.weight.data, problem[0])

    @given(regressions())
    def test_leaves_the_rate_alone_without_a_schedule(self, problem):
        """Without a schedule the optimizer's own lr applies, even after you change it."""
        trained, batches = trainer(problem, lr=9.0)
        trained.optimizer.lr = 0.25
        for batch in batches:
            ask(trained.train_step, *batch)
        expected = oracle.linear_regression(*problem, rates=[0.25] * len(batches))[1]
        assert_close(trained.model.weight.data, expected, rtol=1e-7)


def watching(model):
    """A Module around ``model`` that notes of each forward: training modes, and whether it records."""

    class Watch(Module):
        def __init__(self):
            super().__init__()
            self.inner = model
            self.modes = []
            self.recorded = []

        def forward(self, x):
            out = self.inner(x)
            self.modes.append({module.training for module in self.modules()})
            self.recorded.append(out.requires_grad)
            return out

    return Watch()


def watched(problem):
    """A Trainer whose model is watched, with parts within parts, and batches."""
    trained, batches = trainer(problem)
    trained.model = watching(Sequential(Sequential(trained.model)))
    return trained, batches


class TestFit:
    """the training loop"""

    @given(regressions(), st.integers(0, 3))
    def test_makes_a_step_for_each_batch_of_each_epoch(self, problem, epochs):
        """Weights after fit are those of going through the batches in order, epochs times."""
        trained, batches = trainer(problem, lr=0.05)
        ask(trained.fit, batches, epochs)
        steps = [*problem[2]] * epochs
        expected = oracle.linear_regression(*problem[:2], batches=steps, rates=[0.05] * len(steps))
        assert_close(trained.model.weight.data, expected[1], rtol=1e-7)
        assert_equal(trained.step, len(steps))

    @given(regressions(), st.integers(1, 3))
    def test_keeps_a_history(self, problem, epochs):
        """Each epoch adds its number and its mean loss over examples; fit returns the history."""
        trained, batches = trainer(problem, lr=0.05)
        history = ask(trained.fit, batches, epochs)
        expect(history is trained.history, "trainer.history", history)
        sizes = [len(x) for x, _ in problem[2]]
        losses, *_ = oracle.linear_regression(
            *problem[:2], batches=problem[2] * epochs, rates=[0.05] * len(sizes) * epochs
        )
        for epoch, record in enumerate(history, start=1):
            assert_equal(sorted(record), ["epoch", "loss"])
            assert_equal(record["epoch"], epoch)
            of_epoch = losses[(epoch - 1) * len(sizes) : epoch * len(sizes)]
            assert_close(record["loss"], oracle.weighted_mean(of_epoch, sizes), rtol=1e-7)
        trained.fit(batches, 2)
        assert_equal([record["epoch"] for record in trained.history], list(range(1, epochs + 3)))

    @given(regressions())
    def test_trains_in_training_mode(self, problem):
        """Every epoch runs in training mode, whatever the mode before and whatever on_epoch does."""
        trained, batches = watched(problem)
        trained.model.eval()
        ask(trained.fit, batches, 2, on_epoch=lambda record: trained.model.eval())
        assert_equal(trained.model.modes, [{True}] * 2 * len(batches))

    @given(regressions())
    def test_reports_as_it_goes(self, problem):
        """on_step is called for every step, and on_epoch for every epoch once it is in the history."""
        trained, batches = trainer(problem)
        heard = []
        on_step = lambda r: heard.append((trained.step, dict(r)))
        on_epoch = lambda r: heard.append((dict(r), dict(trained.history[-1])))
        for _ in range(2):  # a second fit counts on
            ask(trained.fit, batches, 1, on_step=on_step, on_epoch=on_epoch)
        records = iter(heard)
        for epoch in (1, 2):
            for number in range(1, len(batches) + 1):
                step, record = next(records)
                assert_equal(sorted(record), ["epoch", "loss", "step"])
                assert_equal(
                    (record["epoch"], record["step"]), (epoch, (epoch - 1) * len(batches) + number)
                )
                assert_equal(step, record["step"])
                expect(np.isfinite(record["loss"]), "the loss of the batch", record["loss"])
            assert_equal(next(records), (trained.history[epoch - 1],) * 2)
        losses, *_ = oracle.linear_regression(
            *problem[:2], batches=problem[2] * 2, rates=[0.1] * 2 * len(batches)
        )
        told = [record["loss"] for _, record in heard if "step" in record]
        assert_close(told, losses, rtol=1e-7)

    @given(regressions(), regressions())
    def test_validates_after_each_epoch(self, problem, other):
        """With validation, on_epoch and the history also get what evaluate gives on it after that epoch."""
        trained, batches = trainer(problem)
        validation = tensors([(x, (y > 0).astype(float)) for x, y in other[2]])
        measured, told = [], []

        def note(record):
            told.append(dict(record))
            measured.append(trained.evaluate(validation))

        ask(trained.fit, batches, 2, validation=validation, on_epoch=note)
        assert_equal(told, trained.history)
        for record, expected in zip(told, measured, strict=True):
            assert_equal(record.get("validation_loss"), expected["loss"])
            assert_equal(record.get("validation_accuracy"), expected["accuracy"])

    @given(seeds(), st.sampled_from([SGD, Adam, AdamW]))
    def test_learns_to_tell_two_clouds_apart(self, seed, kind):
        """On two clouds of points the loss falls below a third and every point is classified correctly."""
        draws = np.random.default_rng(seed)
        labels = np.arange(12) % 2
        points = draws.uniform(-0.8, 0.8, (12, 2)) + np.where(labels, 2.0, -2.0)[:, None]
        batches = tensors(
            [(points[i : i + 4].astype("f"), labels[i : i + 4]) for i in range(0, 12, 4)]
        )
        model = Linear(2, 2, generator=draws)
        trained = Trainer(model, kind(model.parameters(), lr=0.2), cross_entropy, clip_norm=5.0)
        untrained = ask(trained.evaluate, batches)
        history = ask(trained.fit, batches, epochs=8)
        result = ask(trained.evaluate, batches)
        expect(
            history[-1]["loss"] < max(untrained["loss"] / 3, 0.1),
            "a loss below a third",
            history[-1],
        )
        assert_equal(result["accuracy"], 1.0)

    def test_rejects_empty_batches(self):
        """No batch is a ValueError, even in a later epoch of a generator that is exhausted."""
        problem = np.ones((2, 3)), np.ones(2), [(np.ones((1, 3)), np.ones((1, 2)))]
        trained, batches = trainer(problem)
        with raises(ValueError, naming="batches"):
            ask(trained.fit, [], 1)
        with raises(ValueError, naming="batches"):
            ask(trained.fit, (batch for batch in batches), 2)

    def test_rejects_negative_epochs(self):
        """Fewer than 0 epochs are a ValueError."""
        trained, batches = trainer(
            (np.ones((2, 3)), np.ones(2), [(np.ones((1, 3)), np.ones((1, 2)))])
        )
        with raises(ValueError, naming="epochs"):
            ask(trained.fit, batches, -1)


class TestEvaluate:
    """evaluation"""

    @given(regressions())
    def test_counts_every_example_alike(self, problem):
        """Loss and accuracy are means over examples, however they are batched."""
        weight, bias, batches = problem
        batches = [(x, (y[:, 0] > 0).astype(int)) for x, y in batches]
        model = linear(weight, bias)
        trained = Trainer(model, SGD(model.parameters(), lr=0.1), cross_entropy)
        result = ask(trained.evaluate, tensors(batches))
        x, classes = (np.concatenate(parts) for parts in zip(*batches, strict=True))
        scores = x @ weight.T + bias
        right = np.exp(scores[np.arange(len(x)), classes]) / np.exp(scores).sum(axis=1)
        assert_equal(sorted(result), ["accuracy", "loss"])
        assert_close(result["loss"], -np.log(right).mean(), rtol=1e-6)
        assert_close(result["accuracy"], oracle.accuracy(scores, classes), rtol=1e-7)

    @given(regressions())
    def test_takes_one_score_for_yes_or_no(self, problem):
        """Outputs of the targets' shape are measured as yes or no."""
        weight, bias, batches = problem
        batches = [(x, (y > 0).astype(float)) for x, y in batches]
        model = linear(weight, bias)
        trained = Trainer(model, SGD(model.parameters(), lr=0.1), binary_cross_entropy)
        result = ask(trained.evaluate, tensors(batches))
        x, targets = (np.concatenate(parts) for parts in zip(*batches, strict=True))
        assert_close(result["accuracy"], ((x @ weight.T + bias > 0) == targets).mean(), rtol=1e-7)

    @given(regressions())
    def test_runs_in_evaluation_mode_and_records_nothing(self, problem):
        """Every forward runs in evaluation mode, and no result requires a gradient."""
        trained, batches = watched(problem)
        ask(trained.evaluate, batches)
        assert_equal(trained.model.modes, [{False}] * len(batches))
        assert_equal(trained.model.recorded, [False] * len(batches))

    @given(regressions(), st.booleans(), st.booleans())
    def test_puts_every_module_back(self, problem, outer, inner):
        """Afterwards each module is back in its earlier mode, even after an error."""
        trained, batches = watched(problem)
        model = trained.model
        model.train(outer)
        model.inner[0].train(inner)  # two levels down; the Linear within is one more
        modes = [outer, outer, inner, inner]
        ask(trained.evaluate, batches)
        assert_equal([module.training for module in model.modules()], modes)
        with raises(ValueError, TypeError):
            ask(trained.evaluate, [*batches, (Tensor(np.ones((2, 7))), Tensor(np.ones((2, 2))))])
        assert_equal([module.training for module in model.modules()], modes)
        expect(model(batches[0][0]).requires_grad, "recording on again", "recording off")

    @given(regressions())
    def test_learns_nothing(self, problem):
        """Parameters, gradients, step and history stay as they are."""
        trained, batches = trainer(problem)
        for param in trained.model.parameters():
            param.grad = np.ones(param.shape)
        ask(trained.evaluate, batches)
        assert_equal(trained.model.weight.data, problem[0])
        assert_equal(trained.model.weight.grad, np.ones(problem[0].shape))
        assert_equal((trained.step, trained.history), (0, []))

    def test_rejects_empty_batches(self):
        """No batch is a ValueError, and the model is back in its mode."""
        trained, _ = trainer((np.ones((2, 3)), np.ones(2), []))
        with raises(ValueError, naming="batches"):
            ask(trained.evaluate, [])
        expect(trained.model.training, "training mode again", "evaluation mode")


OPTIMIZERS = {
    "sgd": lambda params: SGD(params, lr=0.1),
    "momentum": lambda params: SGD(params, lr=0.1, momentum=0.9, nesterov=True),
    "adam": lambda params: Adam(params, lr=0.05, betas=(0.8, 0.9)),
    "adamw": lambda params: AdamW([{"params": [param]} for param in params], lr=0.05),
}
every_optimizer = pytest.mark.parametrize("build", OPTIMIZERS.values(), ids=OPTIMIZERS)


@contextmanager
def checkpoint_path():
    """A path in an empty folder."""
    with TemporaryDirectory() as folder:
        yield Path(folder) / "model.safetensors"


words = st.text('ab π"\\\n', max_size=3)


def network(seed):
    draws = np.random.default_rng(seed)
    return Sequential(Linear(3, 4, generator=draws), Linear(4, 2, generator=draws))


def weights(*sizes):
    """A chain of Linear layers of these sizes, without bias; of one size, no layer at all."""
    return Sequential(*[Linear(into, out, bias=False) for into, out in pairwise(sizes)])


def trained_network(build=OPTIMIZERS["adam"], seed=0, steps=2):
    """(model, optimizer) after some steps."""
    model = network(seed)
    optimizer = build(model.parameters())
    draws = np.random.default_rng(seed)
    for _ in range(steps):
        for param in model.parameters():
            param.grad = draws.standard_normal(param.shape).astype("f")
        optimizer.step()
    return model, optimizer


def snapshot(model, optimizer):
    """All that a load may change, as text."""
    weights = {name: array.tolist() for name, array in model.state_dict().items()}
    return weights, repr(optimizer.state_dict())


def expect_unchanged(model, optimizer, before):
    """Demand that model and optimizer are what they were at an earlier `snapshot`."""
    for name, now, then in zip(
        ("model", "optimizer"), snapshot(model, optimizer), before, strict=True
    ):
        expect(now == then, f"the {name} as it was before", f"a {name} that has changed")


class TestSaving:
    """save and load"""

    @every_optimizer
    @given(seed=seeds(), cut=st.integers(0, 4))
    def test_resumes_as_if_never_stopped(self, build, seed, cut):
        """A run that was saved, loaded into fresh objects and continued has exactly the same losses."""
        draws = np.random.default_rng(seed)
        batches = [(draws.standard_normal((4, 3)), draws.standard_normal((4, 2))) for _ in range(4)]
        batches = tensors([(x.astype("f"), y.astype("f")) for x, y in batches])
        schedule = CosineSchedule(lr=0.1, total_steps=6, warmup_steps=2)

        def start(model):
            return Trainer(model, build(model.parameters()), mse_loss, schedule, clip_norm=1.0)

        whole = start(network(seed))
        expected = [whole.train_step(*batch) for batch in batches]
        first, second = start(network(seed)), start(network(seed + 1))
        losses = [first.train_step(*batch) for batch in batches[:cut]]
        with checkpoint_path() as path:
            ask(save_checkpoint, path, first.model, first.optimizer, step=first.step)
            second.step = ask(load_checkpoint, path, second.model, second.optimizer)["step"]
        losses += [second.train_step(*batch) for batch in batches[cut:]]
        assert_equal(losses, expected)

    @given(arrays((2, 3)), arrays((2,)), st.booleans())
    def test_keeps_every_number(self, weight, bias, as_text):
        """Parameters and state come back as saved, even those that are transposed views in memory."""
        model, other = linear(weight, bias), linear(weight * 0 + 7, bias * 0)
        model.weight.data = np.asfortranarray(weight)
        optimizer, resumed = Adam(model.parameters()), Adam(other.parameters())
        model.weight.grad = np.array(weight)
        optimizer.step()
        held = other.weight
        with checkpoint_path() as path:
            path = str(path) if as_text else path
            ask(save_checkpoint, path, model, optimizer)
            ask(load_checkpoint, path, other, resumed)
        expect(other.weight is held, "the model's own parameters", "other ones")
        assert_equal(other.weight.data, model.weight.data)
        assert_equal(other.bias.data, bias)
        saved, loaded = (each.state_dict()["state"] for each in (optimizer, resumed))
        assert_equal(sorted(loaded), [0])
        for name, value in saved[0].items():
            assert_equal(loaded[0][name], value)

    @given(
        st.integers(0, 10**9),
        st.none()
        | st.dictionaries(words, st.lists(st.floats(-1, 1) | words, max_size=3), max_size=3),
    )
    def test_returns_step_and_metadata(self, step, metadata):
        """load_checkpoint returns the step and the metadata."""
        model = linear(np.ones((1, 1)), np.ones(1))
        with checkpoint_path() as path:
            save_checkpoint(path, model, step=step, metadata=metadata)
            assert_equal(ask(load_checkpoint, path, model), {"step": step, "metadata": metadata})

    def test_begins_at_zero_unless_told(self):
        """Saved without step and metadata, it returns 0 and None."""
        model = linear(np.ones((1, 1)), np.ones(1))
        with checkpoint_path() as path:
            save_checkpoint(path, model)
            assert_equal(ask(load_checkpoint, path, model), {"step": 0, "metadata": None})

    def test_writes_plain_safetensors(self):
        """Any safetensors reader finds the parameters under their names, and the text in the header."""
        model, optimizer = trained_network()
        with checkpoint_path() as path:
            ask(save_checkpoint, path, model, optimizer, step=2, metadata={"note": "π"})
            found = load_file(path)
            for name, array in model.state_dict().items():
                expect(name in found, f"an array called {name}", sorted(found))
                assert_equal(found[name], array)
            saved = optimizer.state_dict()["state"][1]
            assert_equal(found["optimizer/1/exp_avg"], saved["exp_avg"])
            assert_equal(found["optimizer/1/exp_avg_sq"], saved["exp_avg_sq"])
            with safe_open(path, framework="np") as file:
                header = json.loads(file.metadata()["tinytorch"])
        assert_equal(header["step"], 2)
        assert_equal(header["metadata"], {"note": "π"})

    @pytest.mark.parametrize("metadata", [None, {"format": "pt"}], ids=["bare", "tagged"])
    def test_reads_files_of_other_tools(self, metadata):
        """A safetensors file that holds only a state dict loads into a model."""
        model, other = network(1), network(2)
        with checkpoint_path() as path:
            save_file(model.state_dict(), path, metadata=metadata)
            assert_equal(ask(load_checkpoint, path, other), {"step": 0, "metadata": None})
        for name, array in model.state_dict().items():
            assert_equal(other.state_dict()[name], array)

    def test_loads_what_fits_if_asked(self):
        """strict=False loads what is there, and also returns missing_keys and unexpected_keys."""
        saved, model = weights(3, 4), Sequential(Linear(3, 4), Linear(4, 2, bias=False))
        before = model.state_dict()
        with checkpoint_path() as path:
            save_file({**saved.state_dict(), "extra": np.ones(2)}, path)
            got = ask(load_checkpoint, path, model, strict=False)
        keys = {"missing_keys": ["0.bias", "1.weight"], "unexpected_keys": ["extra"]}
        assert_equal(got, {"step": 0, "metadata": None, **keys})
        assert_equal(model.state_dict()["0.weight"], saved.state_dict()["0.weight"])
        assert_equal(model.state_dict()["1.weight"], before["1.weight"])

    def test_replaces_the_file_in_one_move(self):
        """A new checkpoint is another file that replaces the old one; nothing else is left over."""
        model = network(0)
        with checkpoint_path() as path:
            ask(save_checkpoint, path, model)
            before = path.stat().st_ino
            ask(save_checkpoint, path, model, step=5)
            expect(
                path.stat().st_ino != before, "a new file in its place", "the old file overwritten"
            )
            assert_equal([file.name for file in path.parent.iterdir()], [path.name])
            assert_equal(load_checkpoint(path, model)["step"], 5)

    def test_a_save_that_fails_leaves_the_old_file(self):
        """If the move fails, or JSON cannot hold the metadata, only the old checkpoint is there."""
        model = network(0)
        with checkpoint_path() as path:
            ask(save_checkpoint, path, model, step=1)
            before = path.read_bytes()
            for stop in (OSError("no space left on device"), RuntimeError("interrupted")):
                with (
                    patch("os.replace", side_effect=stop),
                    patch("os.rename", side_effect=stop),
                    raises(type(stop)),
                ):
                    ask(save_checkpoint, path, model, step=2)
            with raises(TypeError):
                ask(save_checkpoint, path, model, step=2, metadata={"oops": object()})
            expect(path.read_bytes() == before, "the old checkpoint", "other bytes")
            assert_equal([file.name for file in path.parent.iterdir()], [path.name])


class TestDamage:
    """files that do not fit"""

    def test_says_which_file_is_missing(self):
        """A missing file is a FileNotFoundError that names it."""
        with checkpoint_path() as path, raises(FileNotFoundError, naming=path.name):
            ask(load_checkpoint, path, network(0))

    @given(share=st.floats(0, 1, exclude_max=True))
    def test_rejects_a_file_cut_short(self, share):
        """A file that ends too early is a ValueError that names it and changes nothing."""
        saved = trained_network(seed=1)
        model, optimizer = trained_network(seed=2)
        before = snapshot(model, optimizer)
        with checkpoint_path() as path:
            save_checkpoint(path, *saved)
            data = path.read_bytes()
            path.write_bytes(data[: int(share * len(data))])
            with raises(ValueError, naming=path.name):
                ask(load_checkpoint, path, model, optimizer)
        expect_unchanged(model, optimizer, before)

    @given(st.binary(max_size=64))
    def test_rejects_what_is_no_checkpoint(self, data):
        """Any other bytes are a ValueError that names the file."""
        with checkpoint_path() as path:
            path.write_bytes(data)
            with raises(ValueError, naming=path.name):
                ask(load_checkpoint, path, network(0))

    @pytest.mark.parametrize(
        ("text", "whole"),
        [("{", False), ("[]", False), ('{"param_groups": [], "state": {"0": 3}}', True)],
        ids=["no JSON", "a list", "no state"],
    )
    def test_rejects_a_header_that_holds_something_else(self, text, whole):
        """Text in the header without a dictionary, or without state, is a ValueError that names the file."""
        model, optimizer = trained_network()
        with checkpoint_path() as path:
            save_file(model.state_dict(), path, metadata={"tinytorch": text})
            with raises(ValueError, naming=path.name):
                ask(load_checkpoint, path, model, optimizer if whole else None)

    @pytest.mark.parametrize(
        ("sizes", "word"),
        [((3, 5), "0.weight (4, 3) (5, 3)"), ((3,), "0.weight"), ((3, 4, 2), "1.weight")],
        ids=["shape", "fewer", "more"],
    )
    def test_rejects_another_model(self, sizes, word):
        """Names or shapes that differ are a ValueError that names file and parameter."""
        saved, model = weights(3, 4), weights(*sizes)
        with checkpoint_path() as path:
            save_checkpoint(path, saved, SGD(saved.parameters(), lr=0.1))
            before = model.state_dict()
            with raises(ValueError, naming=f"{path.name} {word}"):
                ask(load_checkpoint, path, model)
        for name, array in before.items():
            assert_equal(model.state_dict()[name], array)

    def test_rejects_another_model_before_it_changes_the_optimizer(self):
        """If the model does not fit, the optimizer stays as it was, even if it would fit."""
        saved, other = linear(np.ones((2, 3)), np.ones(2)), network(1)
        model = Sequential(linear(np.ones((2, 3)), np.ones(2)))
        optimizer = SGD(model.parameters(), lr=0.1, momentum=0.9)
        with checkpoint_path() as path:
            for loaded in (saved, other):
                save_checkpoint(path, loaded, SGD(loaded.parameters(), lr=9.0, momentum=0.9))
                before = snapshot(model, optimizer)
                with raises(ValueError, naming=path.name):
                    ask(load_checkpoint, path, model, optimizer)
                expect_unchanged(model, optimizer, before)

    def test_rejects_another_optimizer(self):
        """State of another kind of optimizer, or none at all, is a ValueError; the model stays too."""
        model, optimizer = trained_network(seed=1)
        before = snapshot(model, optimizer)
        other, sgd = trained_network(OPTIMIZERS["momentum"], seed=2)
        for saved in (sgd, None):
            with checkpoint_path() as path:
                save_checkpoint(path, other, saved)
                with raises(ValueError, naming=path.name):
                    ask(load_checkpoint, path, model, optimizer)
            expect_unchanged(model, optimizer, before)

    def test_needs_no_optimizer_to_load_a_model(self):
        """From a checkpoint with an optimizer's state you can load the model alone."""
        saved, optimizer = trained_network(seed=1)
        model = network(5)
        with checkpoint_path() as path:
            save_checkpoint(path, saved, optimizer, step=2)
            assert_equal(ask(load_checkpoint, path, model)["step"], 2)
        assert_equal(snapshot(model, optimizer), snapshot(saved, optimizer))
