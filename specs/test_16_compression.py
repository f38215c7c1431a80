"""Specs of 16 compression."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from specs.framework import lazy
from specs.gradients import check_gradient
from specs.laws import (
    ask,
    assert_close,
    assert_dtype,
    assert_equal,
    assert_no_alias,
    expect,
    raises,
    unwrap,
)
from specs.models import left_alone
from specs.seeded import normal
from specs.strategies import arrays, seeds, shapes

sparsity, magnitude_prune, structured_prune = lazy(
    "compression", "sparsity", "magnitude_prune", "structured_prune"
)
smallest, low_rank, distillation_loss, to_csr = lazy(
    "compression", "smallest", "low_rank", "distillation_loss", "to_csr"
)
Tensor = lazy("tensor", "Tensor")
relu = lazy("activations", "relu")
Linear, Module, Parameter, Sequential, Flatten = lazy(
    "layers", "Linear", "Module", "Parameter", "Sequential", "Flatten"
)
cross_entropy = lazy("losses", "cross_entropy")
Adam, SGD = lazy("optimizers", "Adam", "SGD")
TinyDigits = lazy("datasets", "TinyDigits")

amounts = st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.9, 1.0, 0.55, 0.99])


def network(seed=0):
    generator = np.random.default_rng(seed)
    return Sequential(Linear(6, 5, generator=generator), relu, Linear(5, 4, generator=generator))


def sparse_matrices():
    """Matrices with many zeros, whole rows and columns of them among them, and empty ones."""
    return arrays(shapes(2, 2, max_side=5), elements=[0, 0, 0, 1.5, -2, 3.25, 1e-30])


class TestSparsity:
    """count zeros"""

    @given(arrays(dtype=np.float64, elements=[0, 1, -1], min_dims=1, min_side=1))
    def test_is_the_share_of_zeros(self, x):
        """sparsity is zeros / elements, of an array and of a Tensor."""
        expected = (x == 0).mean()
        assert_close(ask(sparsity, x), expected)
        assert_close(ask(sparsity, Tensor(x)), expected)

    def test_of_a_module_counts_weights(self):
        """In a module, the parameters with two or more axes count, all together; biases do not."""
        model = network()
        for layer in (model[0], model[2]):
            layer.bias.data[...] = 0
        assert_equal(ask(sparsity, model), 0.0)
        model[0].weight.data[...] = 0
        assert_close(ask(sparsity, model), 30 / 50)

    def test_of_nothing_is_none(self):
        """An empty array, and a module without weights, have sparsity 0."""
        assert_equal(ask(sparsity, np.zeros(0)), 0.0)
        assert_equal(ask(sparsity, Flatten()), 0.0)


class TestMagnitudePruning:
    """single weights"""

    @given(st.lists(st.integers(0, 3), min_size=1, max_size=8), st.data())
    def test_the_smallest_go_first(self, scores, draw):
        """smallest keeps all but the count smallest elements; of equal ones, the first go."""
        count = draw.draw(st.integers(0, len(scores)))
        order = sorted(range(len(scores)), key=lambda i: (scores[i], i))
        got = ask(smallest, np.array(scores, float), count)
        assert_equal(got, np.array([i not in order[:count] for i in range(len(scores))]))

    def test_of_many_equal_ones_the_first_go(self):
        """Among 300 zeros and ones, the first zeros are removed: the sort is stable."""
        scores = np.random.default_rng(0).integers(0, 2, 300) * 1.0
        expected = np.ones(300, bool)
        expected[np.flatnonzero(scores == 0)[:50]] = False
        assert_equal(ask(smallest, scores, 50), expected)

    @given(amounts, seeds())
    @example(0.99, 0)
    def test_global_compares_all_layers(self, amount, seed):
        """round(amount · all weights) weights are 0, and no smaller one remains anywhere."""
        model = network(seed)
        before = np.concatenate(
            [np.abs(layer.weight.data).ravel() for layer in (model[0], model[2])]
        )
        ask(magnitude_prune, model, amount)
        after = np.concatenate(
            [np.abs(layer.weight.data).ravel() for layer in (model[0], model[2])]
        )
        count = round(amount * 50)
        assert_equal(int((after == 0).sum()), count)
        assert_equal(after, np.where(np.isin(np.arange(50), np.argsort(before)[:count]), 0, before))

    @given(amounts, seeds())
    def test_by_layer_prunes_each_alike(self, amount, seed):
        """scope="layer" makes round(amount · size) weights of each layer 0, its smallest."""
        model = network(seed)
        model[0].weight.data *= 100
        before = [layer.weight.data.copy() for layer in (model[0], model[2])]
        ask(magnitude_prune, model, amount, scope="layer")
        for layer, old in zip((model[0], model[2]), before, strict=True):
            count = round(amount * old.size)
            gone = np.isin(np.arange(old.size), np.argsort(np.abs(old), axis=None)[:count])
            assert_equal(layer.weight.data, np.where(gone.reshape(old.shape), 0, old))

    def test_biases_stay(self):
        """Pruning everything leaves the biases as they were."""
        model = network()
        before = model[0].bias.data.copy()
        ask(magnitude_prune, model, 1.0)
        assert_equal(model[0].bias.data, before)

    @pytest.mark.parametrize("prune", ["magnitude_prune", "structured_prune"])
    def test_masks_survive_training(self, prune):
        """After steps of an optimizer with momentum, apply makes the same weights 0 again."""
        model = network()
        masks = ask(lazy("compression", prune), model, 0.5)
        before = [layer.weight.data.copy() for layer in (model[0], model[2])]
        optimizer = Adam(model.parameters(), lr=0.1)
        for seed in range(3):
            model.zero_grad()
            (model(Tensor(normal(seed, 8, 6).astype(np.float32))) ** 2).sum().backward()
            optimizer.step()
            ask(masks.apply)
        for layer, old in zip((model[0], model[2]), before, strict=True):
            assert_equal(layer.weight.data[old == 0], np.zeros((old == 0).sum(), np.float32))
            expect(
                (layer.weight.data[old != 0] != old[old != 0]).any(),
                "the others trained",
                layer.weight.data,
            )

    def test_the_memory_stays(self):
        """Weights change in place and keep their dtype; pruned ones are 0 again, whatever they became."""
        model = network()
        memory = model[0].weight.data
        masks = ask(magnitude_prune, model, 0.5)
        gone = memory == 0
        for bad in (5.0, np.inf, -np.inf, np.nan):
            memory[gone] = bad
            ask(masks.apply)
            assert_equal(memory[gone], np.zeros(gone.sum(), np.float32))
        expect(model[0].weight.data is memory, "the same array", "another")
        assert_dtype(memory, np.float32)

    def test_most_weights_can_go(self):
        """A network that reads TinyDigits can lose 90% of its weights, step by step, for at most 2 points."""
        generator = np.random.default_rng(0)
        first = Linear(64, 512, generator=generator)
        model = Sequential(Flatten(), first, relu, Linear(512, 10, generator=generator))
        train, test = TinyDigits(train=True), TinyDigits(train=False)

        def fit(steps, masks=None):
            optimizer = Adam(model.parameters(), lr=1e-2)
            for step in range(steps):
                optimizer.lr = 1e-2 * (1 - step / steps)
                rows = generator.integers(0, len(train), 64)
                model.zero_grad()
                cross_entropy(model(Tensor(train.images[rows])), train.labels[rows]).backward()
                optimizer.step()
                if masks is not None:
                    masks.apply()
            return float((model(Tensor(test.images)).data.argmax(axis=1) == test.labels).mean())

        before = fit(150)
        for amount, steps in ((0.6, 66), (0.8, 66), (0.9, 200)):
            after = fit(steps, ask(magnitude_prune, model, amount))
        assert_close(ask(sparsity, model), 0.9, atol=1e-3)
        expect(before > 0.93, "a network that reads digits", before)
        expect(after >= before - 0.02, f"at least {before - 0.02:.3f}", after)


class TestStructuredPruning:
    """whole outputs"""

    @given(amounts, seeds())
    def test_outputs_with_the_smallest_norm_go(self, amount, seed):
        """In each layer round(amount · outputs) rows are 0, bias included: those of smallest norm."""
        model = network(seed)
        before = model.state_dict()
        ask(structured_prune, model, amount)
        for name in ("0", "2"):
            weight, bias = before[f"{name}.weight"], before[f"{name}.bias"]
            norms = (weight.astype(np.float64) ** 2).sum(axis=1)
            gone = np.isin(np.arange(len(norms)), np.argsort(norms)[: round(amount * len(norms))])
            layer = model[int(name)]
            assert_equal(layer.weight.data, np.where(gone[:, None], 0, weight))
            assert_equal(layer.bias.data, np.where(gone, 0, bias))

    def test_kernels_are_outputs_too(self):
        """In a parameter with four axes, whole kernels become 0."""

        class Kernels(Module):
            def __init__(self):
                self.weight = Parameter(
                    normal(0, 4, 2, 3, 3) * np.array([1, 9, 2, 8])[:, None, None, None]
                )

        model = Kernels()
        ask(structured_prune, model, 0.5)
        assert_equal(
            [bool((kernel == 0).all()) for kernel in model.weight.data], [True, False, True, False]
        )

    def test_a_pruned_output_is_zero(self):
        """A layer gives exactly 0 at pruned outputs, whatever its input."""
        layer = Linear(5, 4)
        ask(structured_prune, layer, 0.5)
        out = layer(Tensor(normal(0, 3, 5).astype(np.float32))).data
        assert_equal(int((out == 0).all(axis=0).sum()), 2)


class TestLowRank:
    """thin layers for a wide one"""

    @given(st.integers(1, 6), st.integers(1, 6), st.data(), seeds())
    def test_is_the_closest_of_its_rank(self, outputs, inputs, draw, seed):
        """The product of the factors is off by the root of the summed squares of the dropped values."""
        rank = draw.draw(st.integers(1, min(outputs, inputs)))
        layer = Linear(inputs, outputs, generator=np.random.default_rng(seed), dtype=np.float64)
        made = ask(low_rank, layer, rank)
        product = made[1].weight.data @ made[0].weight.data
        values = np.linalg.svd(layer.weight.data, compute_uv=False)
        left_out = np.sqrt((values[rank:] ** 2).sum())
        assert_close(np.linalg.norm(product - layer.weight.data), left_out, atol=1e-8)
        assert_equal(
            (made[0].weight.shape, made[1].weight.shape), ((rank, inputs), (outputs, rank))
        )

    @given(st.booleans(), seeds())
    def test_of_full_rank_changes_nothing(self, bias, seed):
        """With the largest rank, the results are those of the layer, bias included."""
        layer = Linear(4, 3, bias, generator=np.random.default_rng(seed), dtype=np.float64)
        x = Tensor(normal(seed, 5, 4))
        made = ask(low_rank, layer, 3)
        assert_close(unwrap(ask(made, x)), layer(x).data)
        assert_equal(made[0].bias, None)

    def test_both_factors_share_the_values(self):
        """Both factors have the same norm, and the layer itself stays as it was."""
        layer = Linear(20, 10, generator=np.random.default_rng(0))
        with left_alone(layer):
            made = ask(low_rank, layer, 4)
        norms = [np.linalg.norm(made[i].weight.data) for i in range(2)]
        assert_close(norms[0], norms[1], rtol=1e-4)
        for parameter in made.parameters():
            assert_no_alias(parameter.data, layer.weight.data, layer.bias.data)
        assert_dtype(made[0].weight.data, np.float32)

    def test_saves_parameters(self):
        """Rank 4 of (64, 64) keeps 4 · 128 + 64 numbers instead of 64 · 64 + 64."""
        made = ask(low_rank, Linear(64, 64), 4)
        assert_equal(sum(p.data.size for p in made.parameters()), 576)

    @pytest.mark.parametrize("rank", [0, -1, 4])
    def test_rank_is_checked(self, rank):
        """A rank outside [1, min(in, out)] raises ValueError that names it and the maximum."""
        with raises(ValueError, naming=f"3 {rank}"):
            ask(low_rank, Linear(5, 3), rank)


class TestDistillation:
    """learn from a larger model"""

    def loss(self, student, teacher, labels, temperature, alpha):
        """By its definition, a loop over rows."""
        total = 0.0
        for s, t, label in zip(student, teacher, labels, strict=True):
            p, q = (np.exp(z / temperature - (z / temperature).max()) for z in (t, s))
            p, q = p / p.sum(), q / q.sum()
            hard = np.exp(s - s.max()) / np.exp(s - s.max()).sum()
            total += alpha * temperature**2 * (p * np.log(p / q)).sum()
            total -= (1 - alpha) * np.log(hard[label])
        return total / len(student)

    @given(st.floats(0.5, 10), st.floats(0, 1), seeds())
    def test_matches_its_definition(self, temperature, alpha, seed):
        """alpha T² KL(teacher ‖ student) at temperature T, and (1 - alpha) of cross-entropy."""
        student, teacher, labels = (
            normal(seed, 4, 3),
            normal(seed + 1, 4, 3),
            np.array([0, 1, 2, 1]),
        )
        got = unwrap(
            ask(distillation_loss, Tensor(student), Tensor(teacher), labels, temperature, alpha)
        )
        assert_close(got, self.loss(student, teacher, labels, temperature, alpha))

    @given(st.floats(0.5, 10), seeds())
    def test_is_nothing_for_equal_scores(self, temperature, seed):
        """With alpha 1, a student whose scores are the teacher's, up to a shift of a row, has loss 0."""
        teacher = normal(seed, 3, 4)
        student = teacher + normal(seed + 1, 3, 1)
        got = unwrap(
            ask(distillation_loss, Tensor(student), teacher, np.zeros(3, int), temperature, 1.0)
        )
        assert_close(got, np.array(0.0), atol=1e-9)

    @given(seeds())
    def test_at_high_temperature_compares_scores(self, seed):
        """For T → ∞ it becomes Σ (student - teacher)² / 2 C of scores whose rows sum to 0."""
        student, teacher = (normal(seed + i, 3, 4) for i in range(2))
        student, teacher = (z - z.mean(axis=1, keepdims=True) for z in (student, teacher))
        got = unwrap(ask(distillation_loss, Tensor(student), teacher, np.zeros(3, int), 1e4, 1.0))
        assert_close(got, np.array(((student - teacher) ** 2).sum() / 8 / 3), rtol=1e-2)

    @given(seeds())
    def test_without_a_teacher_is_cross_entropy(self, seed):
        """alpha 0 is cross_entropy(student, labels), whatever the temperature."""
        student, labels = Tensor(normal(seed, 4, 3)), np.array([0, 1, 2, 1])
        got = unwrap(ask(distillation_loss, student, normal(seed, 4, 3), labels, 5.0, 0.0))
        assert_close(got, cross_entropy(student, labels).data)

    def test_has_a_temperature_of_2_unless_told(self):
        """The default temperature is 2, and the default alpha 0.5."""
        student, teacher, labels = Tensor(normal(0, 4, 3)), normal(1, 4, 3), np.array([0, 1, 2, 1])
        told = unwrap(ask(distillation_loss, student, teacher, labels, 2.0, 0.5))
        assert_close(unwrap(ask(distillation_loss, student, teacher, labels)), told)

    @given(st.floats(0.5, 5), seeds())
    def test_gradients_agree_with_differences(self, temperature, seed):
        """The gradient of the student's scores agrees with central differences; the teacher gets none."""
        teacher, labels = Tensor(normal(seed + 1, 3, 4), requires_grad=True), np.array([0, 3, 1])
        loss = lambda s: distillation_loss(s, teacher, labels, temperature, 0.7)
        check_gradient(loss, normal(seed, 3, 4), seed=seed, of=distillation_loss)
        assert_equal(teacher.grad, None)

    def test_stays_finite_for_huge_scores(self):
        """Scores of ±1e4 neither overflow nor become NaN."""
        student, teacher = Tensor(np.array([[1e4, -1e4]])), np.array([[1e4, -1e4]])
        got = unwrap(ask(distillation_loss, student, teacher, np.array([0]), 1.0))
        expect(np.isfinite(got), "a finite loss", got)

    def test_arguments_are_checked(self):
        """Shapes that differ, a temperature of 0, alpha outside [0, 1]: ValueError that names it."""
        z, labels = Tensor(np.zeros((2, 3))), np.array([0, 1])
        for shape in ((2, 4), (1, 3), (3,)):
            with raises(ValueError, naming=f"(2, 3) {shape}"):
                ask(distillation_loss, z, np.zeros(shape), labels)
        for bad in (0, -1):
            with raises(ValueError, naming="temperature"):
                ask(distillation_loss, z, z, labels, temperature=bad)
        for outside in (-0.1, 1.1):
            with raises(ValueError, naming="alpha"):
                ask(distillation_loss, z, z, labels, alpha=outside)


class TestSparseStorage:
    """matrices without their zeros"""

    @given(sparse_matrices())
    def test_holds_what_is_not_zero(self, x):
        """values, columns and starts are those of a walk through the rows."""
        values, columns, starts = [], [], [0]
        for row in x:
            for column, value in enumerate(row):
                if value != 0:
                    values.append(value)
                    columns.append(column)
            starts.append(len(values))
        got = ask(to_csr, x)
        assert_equal(got.values, np.array(values, x.dtype))
        assert_equal(got.columns, np.array(columns, np.int32))
        assert_equal(got.starts, np.array(starts, np.int32))
        assert_equal(
            (got.columns.dtype, got.starts.dtype), (np.dtype(np.int32), np.dtype(np.int32))
        )

    @given(sparse_matrices())
    def test_comes_back(self, x):
        """dense() is the matrix, in its dtype, even an empty one."""
        got = ask(ask(to_csr, Tensor(x)).dense)
        assert_equal(got, x)
        assert_dtype(got, x.dtype)

    @given(sparse_matrices())
    def test_bytes_are_exact(self, x):
        """nbytes is that of the values, plus 4 for each column, and 4 for each row and one more."""
        count = np.count_nonzero(x)
        assert_equal(ask(lambda: to_csr(x).nbytes), count * (x.itemsize + 4) + 4 * (len(x) + 1))

    def test_pays_off_from_half(self):
        """At 90% zeros a float32 matrix takes about a fifth of its memory."""
        x = np.where(np.random.default_rng(0).random((200, 200)) < 0.9, 0, 1).astype(np.float32)
        share = ask(to_csr, x).nbytes / x.nbytes
        expect(0.15 < share < 0.25, "about a fifth", share)

    @given(sparse_matrices(), st.integers(0, 3), st.data())
    def test_multiplies_as_the_matrix_does(self, x, m, draw):
        """csr @ y is dense() @ y, even with empty rows, and for matrices without any value."""
        y = draw.draw(arrays((x.shape[1], m), x.dtype))
        got = ask(to_csr(x).__matmul__, y)
        assert_close(got, x @ y)
        assert_dtype(got, x.dtype)

    def test_rows_without_a_value(self):
        """In csr @ y a row without a value is 0, wherever it is."""
        x = np.array([[0, 0], [1, 2], [0, 0], [0, 0], [3, 0], [0, 0]], np.float32)
        y = np.array([[1, 10], [2, 20]], np.float32)
        assert_equal(ask(to_csr(x).__matmul__, y), x @ y)

    def test_shapes_are_checked(self):
        """Anything but two axes, and inner lengths that differ, raise ValueError that names them."""
        with raises(ValueError, naming="(3,)"):
            ask(to_csr, np.zeros(3))
        for shape in ((4, 2), (3,)):
            with raises(ValueError, naming=f"(2, 3) {shape}"):
                ask(to_csr(np.zeros((2, 3))).__matmul__, np.zeros(shape))


class TestBadInput:
    """invalid amounts"""

    @pytest.mark.parametrize("amount", [-0.1, 1.1, float("nan")])
    def test_amounts_are_shares(self, amount):
        """An amount outside [0, 1] raises ValueError that names it, and changes nothing."""
        model = network()
        before = model[0].weight.data.copy()
        for prune in (magnitude_prune, structured_prune):
            with raises(ValueError, naming="amount"):
                ask(prune, model, amount)
        assert_equal(model[0].weight.data, before)

    def test_scope_is_checked(self):
        """Any other scope raises ValueError that names it."""
        with raises(ValueError, naming="scope"):
            ask(magnitude_prune, network(), 0.5, scope="local")
