"""Specs of 11 embeddings."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from specs.framework import lazy
from specs.gradients import check_gradient
from specs.laws import (
    ask,
    assert_close,
    assert_dtype,
    assert_equal,
    assert_no_alias,
    assert_shape,
    call,
    expect,
    raises,
    unwrap,
)
from specs.modules import check_dtype_option
from specs.oracles import embeddings as oracle
from specs.seeded import check_draws, normal
from specs.strategies import FLOATS, arrays, seeds

embedding, sinusoids = lazy("embeddings", "embedding", "sinusoids")
Embedding, PositionalEncoding = lazy("embeddings", "Embedding", "PositionalEncoding")
Tensor = lazy("tensor", "Tensor")
Parameter = lazy("layers", "Parameter")

VOCABULARY = 5


def indices(min_side=0):
    """Token ids in [0, VOCABULARY) of any shape; most of them occur several times."""
    return arrays(dtype=np.int64, elements=range(VOCABULARY), min_side=min_side)


class TestLookup:
    """look up rows"""

    @given(indices(), st.sampled_from(FLOATS), seeds())
    def test_is_a_product_with_one_hot_rows(self, ids, dtype, seed):
        """embedding(weight, indices) equals one_hot(indices) @ weight, in the table's dtype."""
        weight = normal(seed, VOCABULARY, 3).astype(dtype)
        got = call(embedding, weight, indices=ids)
        assert_equal(got, (oracle.one_hot(ids, VOCABULARY) @ weight).astype(dtype))
        assert_dtype(got, dtype)

    @given(indices())
    def test_is_a_copy(self, ids):
        """The result shares no memory with the table."""
        weight = Tensor(normal(0, VOCABULARY, 3))
        assert_no_alias(embedding(weight, indices=ids).data, weight.data)

    @given(seeds(), st.permutations(range(VOCABULARY)))
    def test_follows_a_renaming_of_tokens(self, seed, order):
        """Permuting the table and the ids together changes nothing."""
        weight, ids = normal(seed, VOCABULARY, 3), np.arange(VOCABULARY)
        order = np.array(order)
        assert_equal(call(embedding, weight[order], indices=np.argsort(order)[ids]), weight[ids])


class TestGradient:
    """gradients of rows"""

    @given(indices(), seeds())
    def test_sums_over_all_uses(self, ids, seed):
        """Each row gets the sum of the incoming gradient over all places that looked it up."""
        weight = Tensor(normal(seed, VOCABULARY, 3), requires_grad=True)
        g = normal(seed + 1, *ids.shape, 3)
        embedding(weight, indices=ids).backward(g)
        assert_shape(weight.grad, weight.shape)
        assert_close(weight.grad, oracle.scatter_add(g, ids, VOCABULARY))

    @given(indices(1), seeds())
    def test_agrees_with_differences(self, ids, seed):
        """The gradient of the table agrees with central differences."""
        weight = normal(seed, VOCABULARY, 2)
        check_gradient(lambda w: embedding(w, indices=ids), weight, seed=seed, of=embedding)

    @given(st.integers(1, 50))
    def test_of_a_token_used_many_times(self, uses):
        """Whichever row is looked up n times gets n shares, and the others get zeros."""
        for token in range(VOCABULARY):
            weight = Tensor(normal(0, VOCABULARY, 2), requires_grad=True)
            embedding(weight, indices=np.full(uses, token)).sum().backward()
            expected = np.zeros((VOCABULARY, 2))
            expected[token] = uses
            assert_close(weight.grad, expected)

    def test_of_no_tokens_is_zero(self):
        """Looking nothing up leaves a gradient of zeros."""
        weight = Tensor(normal(0, VOCABULARY, 2), requires_grad=True)
        embedding(weight, indices=np.zeros((2, 0), np.int64)).sum().backward()
        assert_equal(weight.grad, np.zeros((VOCABULARY, 2)))

    @given(st.sampled_from(FLOATS))
    def test_keeps_the_dtype(self, dtype):
        """The gradient has the dtype of the table."""
        weight = Tensor(normal(0, VOCABULARY, 2).astype(dtype), requires_grad=True)
        embedding(weight, indices=np.array([1, 1])).sum().backward()
        assert_dtype(weight.grad, dtype)


class TestEmbedding:
    """the layer"""

    @given(indices(), seeds())
    def test_looks_up_its_weight(self, ids, seed):
        """Embedding(V, D)(indices) is weight[indices], for arrays, Tensors and lists of ids."""
        layer = Embedding(VOCABULARY, 3, generator=np.random.default_rng(seed))
        # A list has no place for the shape of an empty array.
        lists = [ids.tolist()] if ids.size else []
        for form in (ids, Tensor(ids), ids.astype(np.uint8), *lists):
            assert_equal(unwrap(ask(layer, form)), layer.weight.data[ids])

    def test_has_one_parameter(self):
        """state_dict has only "weight" of shape (num_embeddings, embedding_dim), float32 by default."""
        check_dtype_option(lambda **options: Embedding(3, 2, **options))
        layer = Embedding(7, 4)
        assert_equal({n: v.shape for n, v in layer.state_dict().items()}, {"weight": (7, 4)})
        assert_dtype(layer.weight.data, np.float32)
        expect(isinstance(layer.weight, Parameter), "a Parameter", type(layer.weight).__name__)

    def test_begins_as_a_normal_distribution(self):
        """The first weights have mean 0 and deviation 1."""
        weight = Embedding(100, 100, generator=np.random.default_rng(0)).weight.data
        expect(abs(weight.mean()) < 0.05, "a mean near 0", weight.mean())
        expect(abs(weight.std() - 1) < 0.05, "a deviation near 1", weight.std())
        tails = float((np.abs(weight) > 2).mean())
        expect(0.03 < tails < 0.06, "4.6% of the values beyond ±2", tails)

    def test_follows_the_seed(self):
        """The generator draws the weights; without one, manual_seed decides."""
        check_draws(lambda **given: Embedding(4, 3, **given).weight.data)

    def test_learns(self):
        """backward through the layer reaches its weight."""
        layer = Embedding(VOCABULARY, 2)
        layer(np.array([[0, 1], [1, 1]])).sum().backward()
        assert_equal(layer.weight.grad[:, 0], np.array([1, 3, 0, 0, 0], np.float32))


class TestSinusoids:
    """waves for places"""

    @given(st.integers(1, 30), st.integers(1, 8), st.sampled_from(FLOATS))
    def test_match_their_definition(self, length, half, dtype):
        """table[p, 2i] is sin(p / 10000^(2i/D)), table[p, 2i+1] the cosine, in float32 by default."""
        table = ask(
            sinusoids, length, 2 * half, **({} if dtype == np.float32 else {"dtype": dtype})
        )
        expected = [[oracle.wave(p, c, 2 * half) for c in range(2 * half)] for p in range(length)]
        assert_dtype(table, dtype)
        assert_close(table, np.array(expected))

    @given(st.integers(1, 8))
    def test_lie_on_circles(self, half):
        """sin² + cos² is 1 for each pair of columns, at every place."""
        table = ask(sinusoids, 50, 2 * half, dtype=np.float64)
        assert_close(table[:, 0::2] ** 2 + table[:, 1::2] ** 2, np.ones((50, half)))

    @given(st.integers(0, 20), st.integers(0, 20), st.integers(1, 6))
    def test_a_step_is_a_rotation(self, place, step, half):
        """Moving a number of places ahead rotates each pair by the same angle, from any place."""
        table = ask(sinusoids, 50, 2 * half, dtype=np.float64)
        sin, cos = table[step, 0::2], table[step, 1::2]
        s, c = table[place, 0::2], table[place, 1::2]
        assert_close(table[place + step, 0::2], s * cos + c * sin)
        assert_close(table[place + step, 1::2], c * cos - s * sin)

    @given(st.integers(0, 20), st.integers(0, 20))
    def test_products_tell_the_distance(self, first, second):
        """The inner product of two places depends only on how far apart they are."""
        table = ask(sinusoids, 50, 16, dtype=np.float64)
        assert_close(table[first] @ table[second], table[0] @ table[abs(first - second)])

    def test_are_exact_far_out(self):
        """At place 10,000 float32 still has the sine of the true angle."""
        table = ask(sinusoids, 10_001, 4)
        assert_close(table[10_000], np.array([oracle.wave(10_000, c, 4) for c in range(4)]))


class TestPositions:
    """add places to vectors"""

    @given(st.integers(1, 3), st.integers(1, 5), st.integers(0, 3), seeds())
    def test_adds_the_row_of_each_place(self, n, length, start, seed):
        """out[n, t] is x[n, t] + weight[start + t], for fixed and for learned tables."""
        x = normal(seed, n, length, 4).astype(np.float32)
        for kind in ("sinusoidal", "learned"):
            layer = PositionalEncoding(4, 8, kind=kind)
            expected = x + layer.weight.data[start : start + length]
            assert_close(call(layer, x, start=start), expected)
            assert_close(call(layer, x[0], start=start), expected[0])

    def test_fixed_ones_are_the_sinusoids(self):
        """PositionalEncoding(D, L) adds sinusoids(L, D) of its dtype, has no parameter and saves nothing."""
        for dtype in FLOATS:
            assert_dtype(PositionalEncoding(6, 10, dtype=dtype).weight.data, dtype)
        layer = PositionalEncoding(6, 10)
        expected = [[oracle.wave(p, c, 6) for c in range(6)] for p in range(10)]
        assert_close(call(layer, np.zeros((10, 6), np.float32)), np.array(expected))
        assert_equal(layer.state_dict(), {})

    def test_keeps_the_dtype(self):
        """float32 sequences stay float32."""
        for kind in ("sinusoidal", "learned"):
            x = np.zeros((2, 3, 4), np.float32)
            assert_dtype(call(PositionalEncoding(4, 8, kind=kind), x), np.float32)


class TestLearnedPositions:
    """places that are learned"""

    def test_have_one_parameter(self):
        """kind="learned" has a Parameter weight (max_length, D) of its dtype, small at first."""
        check_dtype_option(lambda **options: PositionalEncoding(3, 2, "learned", **options))
        check_draws(lambda **given: PositionalEncoding(5, 4, "learned", **given).weight.data)
        layer = PositionalEncoding(50, 100, "learned", generator=np.random.default_rng(0))
        assert_equal({n: v.shape for n, v in layer.state_dict().items()}, {"weight": (100, 50)})
        deviation = layer.weight.data.std()
        expect(0.018 < deviation < 0.022, "a deviation near 0.02", deviation)
        assert_dtype(layer.weight.data, np.float32)

    def test_take_odd_widths(self):
        """A learned table has no pairs of waves, so D may be odd."""
        assert_shape(
            call(PositionalEncoding(3, 4, "learned"), np.zeros((2, 3), np.float32)), (2, 3)
        )

    @given(st.integers(1, 4), st.integers(1, 4), st.integers(0, 2), seeds())
    def test_gradients_sum_over_the_batch(self, n, length, start, seed):
        """A place's row gets the gradients of all sequences at that place; other rows get zeros."""
        layer = PositionalEncoding(3, 6, "learned", dtype=np.float64)
        x = Tensor(normal(seed, n, length, 3), requires_grad=True)
        g = normal(seed + 1, n, length, 3)
        layer(x, start=start).backward(g)
        expected = np.zeros((6, 3))
        expected[start : start + length] = g.sum(axis=0)
        assert_close(layer.weight.grad, expected)
        assert_close(x.grad, g)


class TestBadInput:
    """ids and lengths that do not fit"""

    @pytest.mark.parametrize("outside", [-1, VOCABULARY, 10**9])
    def test_ids_must_be_in_the_table(self, outside):
        """An id outside [0, V) raises IndexError that names it, even a negative one."""
        with raises(IndexError, naming=str(outside)):
            ask(Embedding(VOCABULARY, 2), np.array([0, outside]))

    def test_ids_are_whole_numbers(self):
        """Ids with a fraction, or booleans, raise TypeError."""
        for wrong in (np.array([1.0]), np.array([True])):
            with raises(TypeError):
                ask(Embedding(VOCABULARY, 2), wrong)

    @pytest.mark.parametrize("name", ["num_embeddings", "embedding_dim"])
    def test_sizes_are_at_least_one(self, name):
        """Embedding raises ValueError that names a size below 1; 1 is allowed."""
        sizes = {"num_embeddings": 3, "embedding_dim": 3}
        with raises(ValueError, naming=f"{name} 0"):
            Embedding(**sizes | {name: 0})
        smallest = sizes | {name: 1}
        got = call(ask(Embedding, **smallest), np.array([0]))
        assert_shape(got, (1, smallest["embedding_dim"]))

    @pytest.mark.parametrize("width", [0, 1, 7])
    def test_waves_come_in_pairs(self, width):
        """sinusoids raises ValueError for a width that is odd or below 2, or a length below 1."""
        with raises(ValueError, naming="embedding_dim"):
            ask(sinusoids, 4, width)
        with raises(ValueError, naming="length"):
            ask(sinusoids, 0, 4)

    def test_sequences_must_fit(self):
        """A sequence beyond max_length raises ValueError that names both lengths."""
        for kind in ("sinusoidal", "learned"):
            layer = PositionalEncoding(4, 5, kind)
            with raises(ValueError, naming="max_length 6 5"):
                call(layer, np.zeros((1, 6, 4), np.float32))
            with raises(ValueError, naming="max_length 7 5"):
                call(layer, np.zeros((1, 3, 4), np.float32), start=4)
            with raises(ValueError, naming="-1"):
                call(layer, np.zeros((1, 3, 4), np.float32), start=-1)

    def test_widths_must_fit(self):
        """A last axis that is not D raises ValueError that names D and the shape."""
        for shape in ((2, 3, 5), (2, 3, 1), (4,)):
            with raises(ValueError, naming=f"4 {shape}"):
                call(PositionalEncoding(4, 8), np.zeros(shape, np.float32))

    def test_arguments_are_checked(self):
        """An unknown kind, max_length or embedding_dim below 1 raise ValueError that names it."""
        with raises(ValueError, naming="kind"):
            PositionalEncoding(4, 8, kind="rotary")
        with raises(ValueError, naming="max_length 0"):
            PositionalEncoding(4, 0)
        with raises(ValueError, naming="embedding_dim 0"):
            PositionalEncoding(0, 4, "learned")
        smallest = PositionalEncoding(1, 1, "learned")
        assert_shape(call(smallest, np.zeros((1, 1, 1), np.float32)), (1, 1, 1))
