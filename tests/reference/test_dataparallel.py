"""Batches divided among threads: the same results, gradients, statistics and errors as undivided."""

from __future__ import annotations

import threading
from itertools import pairwise

import numpy as np
import pytest

PATIENCE = 60
"""Seconds that a thread waits for another, which begins at once on any machine that works."""
COUNTS = (2, 3, 5, 100)
CLOSE = {"rtol": 1e-5, "atol": 1e-6}


@pytest.fixture
def tt(reference):
    from tinytorch import nn

    assert nn.DataParallel.__module__ == "tinytorch.dataparallel"
    return reference


def draw(*shape):
    return np.random.default_rng(0).standard_normal(shape).astype(np.float32)


def images_and_network(tt):
    generator = np.random.default_rng(1)
    # No biases before a norm, which takes them away: their gradients are rounding errors.
    network = tt.Sequential(
        tt.Conv2d(3, 4, 3, padding=1, bias=False, generator=generator),
        tt.BatchNorm2d(4),
        tt.ReLU(),
        tt.MaxPool2d(2),
        tt.Flatten(),
        tt.Linear(64, 6, bias=False, generator=generator),
        tt.nn.BatchNorm1d(6),
    )
    return 3 * draw(7, 3, 8, 8) + 1, network


def tokens_and_gpt(tt):
    tt.manual_seed(1)
    gpt = tt.GPT(
        tt.GPTConfig(vocab_size=11, context_length=6, embed_dim=8, num_heads=2, num_layers=2)
    )
    return np.random.default_rng(0).integers(0, 11, (7, 6)), gpt


MADE = pytest.mark.parametrize("made", [images_and_network, tokens_and_gpt], ids=["cnn", "gpt"])


def trained(tt, x, model, module):
    """Losses of three steps of ``model``, and all that ``module``, which is in it, has then."""
    optimizer = tt.AdamW(model.parameters(), lr=1e-2)
    losses = []
    for _ in range(3):
        model.zero_grad()
        loss = (model(x) * np.float32(0.5)).exp().mean()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    gradients = {name: parameter.grad for name, parameter in module.named_parameters()}
    return {"losses": np.array(losses)} | gradients | module.state_dict()


@MADE
@pytest.mark.parametrize("count", COUNTS)
def test_training_is_the_same_as_undivided(tt, made, count):
    x, module = made(tt)
    wanted = trained(tt, x, module, module)
    x, module = made(tt)
    found = trained(tt, x, tt.nn.DataParallel(module, count), module)
    assert found.keys() == wanted.keys()
    for name, array in wanted.items():
        np.testing.assert_allclose(found[name], array, err_msg=name, **CLOSE)


@MADE
@pytest.mark.parametrize("count", COUNTS)
def test_use_is_the_same_as_undivided(tt, made, count):
    x, module = made(tt)
    module.eval()
    before = module.state_dict()
    with tt.no_grad():
        found = tt.nn.DataParallel(module, count)(x)
        np.testing.assert_allclose(found.data, module(x).data, **CLOSE)
    assert not found.requires_grad
    for name, array in module.state_dict().items():
        np.testing.assert_array_equal(array, before[name])


@pytest.mark.parametrize("count", COUNTS)
def test_a_loss_of_each_label_is_divided_with_the_model(tt, count):
    """As `benchmarks.models.Losses` has it: the scores of 7 texts are never joined."""
    tokens, gpt = tokens_and_gpt(tt)
    shapes = []

    class Losses(tt.nn.Module):
        def __init__(self):
            self.model = gpt

        def forward(self, inputs, labels):
            scores = self.model(inputs)
            shapes.append(scores.shape)
            flat = scores.reshape(labels.size, -1)
            return tt.cross_entropy(flat, labels.reshape(-1), reduction="none").reshape(
                labels.shape
            )

    found = []
    for losses in (Losses(), tt.nn.DataParallel(Losses(), count)):
        gpt.zero_grad()
        loss = losses(tokens[:, :-1], tokens[:, 1:]).mean()
        loss.backward()
        found.append([loss.data, *(parameter.grad for parameter in gpt.parameters())])
    assert max(rows for rows, *_ in shapes[1:]) < len(tokens)
    for whole, divided in zip(*found, strict=True):
        np.testing.assert_allclose(divided, whole, **CLOSE)


def test_halves_are_normalized_by_the_whole_batch(tt):
    x = np.concatenate([draw(3, 2, 4, 4), 100 + draw(3, 2, 4, 4)]).astype(np.float16)
    plain, divided = tt.BatchNorm2d(2), tt.BatchNorm2d(2)
    found = tt.nn.DataParallel(divided, 2)(tt.Tensor(x))
    np.testing.assert_allclose(found.data, plain(tt.Tensor(x)).data, rtol=2e-3, atol=2e-3)
    assert found.dtype == np.float16
    assert divided.num_batches_tracked.item() == 1
    for name, array in plain.state_dict().items():
        np.testing.assert_allclose(divided.state_dict()[name], array, **CLOSE)


def test_a_norm_of_ones_own_keeps_what_it_adds(tt):
    class Doubled(tt.BatchNorm2d):
        def forward(self, x):
            return super().forward(x) * 2

    x, layer = draw(6, 2, 3, 3), Doubled(2)
    wanted = tt.BatchNorm2d(2)(tt.Tensor(x)).data * 2
    np.testing.assert_allclose(tt.nn.DataParallel(layer, 3)(tt.Tensor(x)).data, wanted, **CLOSE)
    assert type(layer) is Doubled


def test_a_norm_needs_two_elements_a_channel_in_the_whole_batch_alone(tt):
    layer, x = tt.BatchNorm2d(2), tt.Tensor(draw(2, 2, 1, 1))
    np.testing.assert_allclose(tt.nn.DataParallel(layer, 2)(x).data, layer(x).data, **CLOSE)


def test_parts_run_side_by_side(tt):
    meeting = threading.Barrier(3, timeout=PATIENCE)  # one alone would wait in vain

    class Meeting(tt.nn.Module):
        def forward(self, x):
            meeting.wait()
            return x * 2

    x = draw(7, 2)
    np.testing.assert_array_equal(tt.nn.DataParallel(Meeting(), 3)(tt.Tensor(x)).data, x * 2)


@pytest.mark.parametrize(("count", "rows"), [(1, 5), (4, 1), (4, 0)])
def test_what_cannot_be_divided_goes_to_the_module_itself(tt, count, rows):
    seen = []

    class Seen(tt.nn.Module):
        def forward(self, x):
            seen.append((self, threading.get_ident()))
            return x

    module = Seen()
    tt.nn.DataParallel(module, count)(tt.Tensor(draw(rows, 2)))
    assert seen == [(module, threading.get_ident())]


def test_it_may_be_a_part_of_what_is_divided(tt):
    x, module = draw(8, 3), tt.Linear(3, 2)
    nested = tt.nn.DataParallel(tt.Sequential(tt.nn.DataParallel(module, 2)), 2)
    np.testing.assert_allclose(nested(tt.Tensor(x)).data, module(tt.Tensor(x)).data, **CLOSE)


def test_a_part_is_not_divided_again(tt):
    seen = []

    class Seen(tt.nn.Module):
        def forward(self, x):
            seen.append(len(x))
            return x * 1

    nested = tt.nn.DataParallel(tt.Sequential(tt.nn.DataParallel(Seen(), 2)), 2)
    nested(tt.Tensor(draw(8, 3)))
    assert seen == [4, 4]


def test_inputs_get_gradients_by_rows_and_what_is_named_gets_their_sum(tt):
    class Scaled(tt.nn.Module):
        def forward(self, x, y, scale):
            return x * y * scale

    found = []
    for model in (Scaled(), tt.nn.DataParallel(Scaled(), 3)):
        x, scale = (
            tt.tensor(draw(7, 2), requires_grad=True),
            tt.tensor([2.0, 3.0], requires_grad=True),
        )
        y = draw(7, 2) + 1
        (model(x * 1, y, scale=scale * 1) ** 2).sum().backward()
        found.append((x.grad, scale.grad))
    for whole, parts in zip(*found, strict=True):
        np.testing.assert_allclose(parts, whole, **CLOSE)


def test_what_a_module_shares_or_does_not_use(tt):
    class Odd(tt.nn.Module):
        def __init__(self):
            self.first = self.second = tt.Linear(3, 3)
            self.tied, self.unused = self.first.weight, tt.Linear(3, 3)
            self.frozen = tt.Linear(3, 3)
            for parameter in self.frozen.parameters():
                parameter.requires_grad = False

        def forward(self, x):
            return self.frozen(self.second(self.first(x)) @ self.tied)

    tt.manual_seed(0)
    module, x = Odd(), tt.Tensor(draw(5, 3))
    module(x).sum().backward()
    wanted = module.first.weight.grad
    module.zero_grad()
    tt.nn.DataParallel(module, 2)(x).sum().backward()
    np.testing.assert_allclose(module.tied.grad, wanted, **CLOSE)
    assert module.unused.weight.grad is None
    assert module.frozen.weight.grad is None


def test_a_result_keeps_the_dtype_that_the_module_gives_it(tt):
    class Classes(tt.nn.Module):
        def __init__(self):
            self.layer = tt.Linear(3, 4)

        def forward(self, x, kind):
            return self.layer(x).argmax(1) if kind == "int" else self.layer(x).double()

    model, x = tt.nn.DataParallel(Classes(), 2), tt.Tensor(draw(5, 3))
    assert model(x, kind="int").dtype == np.int64
    assert model(x, kind="double").dtype == np.float64


def test_gradients_can_be_asked_for_without_leaving_any(tt):
    module, x = tt.Linear(2, 1), tt.Tensor(draw(4, 2))
    (found,) = tt.grad(tt.nn.DataParallel(module, 2)(x).sum(), [module.weight])
    np.testing.assert_allclose(found, x.data.sum(0, keepdims=True), **CLOSE)
    assert module.weight.grad is None


def test_a_norm_that_forward_freezes_stays_frozen(tt):
    class Frozen(tt.nn.Module):
        def __init__(self):
            self.norm = tt.nn.BatchNorm1d(2)

        def forward(self, x):
            self.norm.eval()
            return self.norm(x)

    x, module = tt.Tensor(draw(6, 2)), Frozen()
    found = tt.nn.DataParallel(module, 2)(x).data
    np.testing.assert_allclose(found, module(x).data, **CLOSE)
    assert not module.norm.running_mean.data.any()


class TestWhatAModuleHolds:
    def grad(self, tt, model, module, x):
        module.zero_grad()
        (model(x) ** 2).sum().backward()
        return module.w.grad

    def test_methods_and_containers_are_those_of_the_copy(self, tt):
        class Held(tt.nn.Module):
            def __init__(self):
                self.w = tt.nn.Parameter(draw(2, 2))
                self.method, self.listed = (
                    self.scaled,
                    [self.scaled, {"norm": tt.nn.BatchNorm1d(2)}],
                )

            def scaled(self, x):
                return x @ self.w

            def forward(self, x):
                return self.listed[1]["norm"](self.listed[0](self.method(x)))

        module, x = Held(), tt.Tensor(draw(7, 2))
        norm = module.listed[1]["norm"]
        norm.weight.requires_grad = norm.bias.requires_grad = False  # no parameters of the module
        wanted = self.grad(tt, module, module, x)
        found = self.grad(tt, tt.nn.DataParallel(module, 3), module, x)
        np.testing.assert_allclose(found, wanted, rtol=1e-3, atol=1e-3)
        assert norm.num_batches_tracked.item() == 2

    def test_a_parameter_that_is_passed_too_counts_twice(self, tt):
        class Both(tt.nn.Module):
            def __init__(self):
                self.w = tt.nn.Parameter(draw(2, 2))

            def forward(self, x, a, b):
                return x @ self.w + x @ a + x @ b

        module, x = Both(), tt.Tensor(draw(5, 2))
        found = [
            tt.grad(model(x, a=module.w, b=module.w).sum(), [module.w])[0]
            for model in (module, tt.nn.DataParallel(module, 2))
        ]
        np.testing.assert_allclose(*found, **CLOSE)


def test_a_result_may_change_in_place(tt):
    module, x = tt.Sequential(tt.Linear(3, 2), tt.nn.Sigmoid()), tt.Tensor(draw(4, 3))
    found = []
    for model in (module, tt.nn.DataParallel(module, 2)):
        module.zero_grad()
        out = model(x)
        out *= 2
        out.sum().backward()
        found.append(module[0].weight.grad)
    np.testing.assert_allclose(*found, **CLOSE)


class TestChance:
    def kept(self, tt, seed, generator=None):
        tt.manual_seed(seed)
        model = tt.nn.DataParallel(tt.Dropout(0.5, generator=generator), 4)
        return model(tt.ones(64, 64)).data > 0

    def test_a_seed_decides(self, tt):
        np.testing.assert_array_equal(self.kept(tt, 0), self.kept(tt, 0))
        assert (self.kept(tt, 0) != self.kept(tt, 1)).any()

    def test_a_generator_of_its_own_decides(self, tt):
        first, second = (self.kept(tt, s, np.random.default_rng(3)) for s in (0, 1))
        np.testing.assert_array_equal(first, second)

    def test_each_part_and_each_step_draws_others(self, tt):
        parts = np.split(self.kept(tt, 0), 4)
        assert all((one != other).any() for one, other in pairwise(parts))
        model = tt.nn.DataParallel(tt.Dropout(0.5), 2)
        assert (model(tt.ones(8, 8)).data != model(tt.ones(8, 8)).data).any()

    def test_a_seed_decides_what_functions_draw(self, tt):
        class Noisy(tt.nn.Module):
            def forward(self, x):
                return (
                    x + tt.randn_like(x) + tt.nn.functional.dropout(x, 0.5, training=self.training)
                )

        def drawn(seed):
            tt.manual_seed(seed)
            model, x = tt.nn.DataParallel(Noisy(), 4), tt.ones(64, 8)
            return np.stack([model(x).data, model(x).data, tt.randn(64, 8).data])

        first = drawn(0)
        for _ in range(10):
            np.testing.assert_array_equal(drawn(0), first)
        assert (first != drawn(1)).any()
        assert all((one != other).any() for one, other in pairwise(first))
        assert all((one != other).any() for one, other in pairwise(np.split(first[0], 4)))

    @pytest.mark.parametrize("own", [False, True])
    def test_it_does_not_matter_which_thread_draws_first(self, tt, own):
        class Ordered(tt.nn.Module):
            def __init__(self, first):
                generator = np.random.default_rng(3) if own else None
                self.drop, self.first = tt.Dropout(0.5, generator=generator), first
                self.drawn = [threading.Event()]

            def forward(self, x):
                if x.data[0, 0] != self.first:
                    assert self.drawn[0].wait(PATIENCE)
                out = self.drop(x)
                self.drawn[0].set()
                return out

        found = []
        for first in (1, 2):
            tt.manual_seed(0)
            model = tt.nn.DataParallel(Ordered(first), 2)
            found.append(model(tt.Tensor(np.repeat([1.0, 2.0], 8)[:, None] * np.ones(8))).data)
        np.testing.assert_array_equal(*found)

    def test_the_default_generator_goes_on_behind_the_numbers_of_the_threads(self, tt):
        tt.manual_seed(0)
        tt.nn.DataParallel(tt.Dropout(0.5), 4)(tt.ones(8, 8))
        expected = np.random.default_rng(0)
        expected.integers(1 << 63, size=4)
        np.testing.assert_array_equal(tt.rand(3).data, expected.random(3, np.float32))

    def test_use_draws_nothing(self, tt):
        tt.manual_seed(0)
        tt.nn.DataParallel(tt.Dropout(0.5), 2).eval()(tt.ones(8, 8))
        drawn = tt.rand(3).data
        tt.manual_seed(0)
        np.testing.assert_array_equal(drawn, tt.rand(3).data)


def test_operations_are_counted_as_undivided(tt):
    x, module = images_and_network(tt)
    x = tt.Tensor(x)
    assert tt.count_flops(tt.nn.DataParallel(module, 2), x) == tt.count_flops(module, x) > 0


def test_it_shows_the_module_and_its_threads(tt):
    shown = repr(tt.nn.DataParallel(tt.Linear(2, 3), 2))
    assert "DataParallel(num_threads=2" in shown
    assert "(module): Linear(in_features=2" in shown


def test_nobody_says_how_many_threads(tt, monkeypatch):
    for cores, wanted in ((1, 1), (2, 2), (64, 4), (None, 1)):
        monkeypatch.setattr("os.cpu_count", lambda cores=cores: cores)
        assert tt.nn.DataParallel(tt.Linear(1, 1)).num_threads == wanted
    assert tt.nn.DataParallel(tt.Linear(1, 1), np.int64(3)).num_threads == 3
