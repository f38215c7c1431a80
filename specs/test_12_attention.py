"""Specs of 12 attention."""

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
    assert_finite,
    assert_own,
    assert_shape,
    call,
    expect,
    raises,
    unwrap,
)
from specs.memory import peak_of
from specs.modules import check_dtype_option, check_order_of_draws
from specs.oracles import attention as oracle
from specs.seeded import check_draws, normal
from specs.strategies import FLOATS, seeds

causal_mask, masked_softmax, attention_weights, scaled_dot_product_attention = lazy(
    "attention",
    "causal_mask",
    "masked_softmax",
    "attention_weights",
    "scaled_dot_product_attention",
)
MultiHeadAttention = lazy("attention", "MultiHeadAttention")
Tensor = lazy("tensor", "Tensor")
Parameter = lazy("layers", "Parameter")

lengths = st.integers(1, 5)
heads_and_widths = st.sampled_from([(1, 1), (1, 4), (2, 1), (2, 3), (4, 2)])


def masks(draw, queries, keys):
    """A mask that leaves each query at least one key."""
    mask = draw.draw(st.lists(st.booleans(), min_size=queries * keys, max_size=queries * keys))
    mask = np.array(mask, bool).reshape(queries, keys)
    mask[np.arange(queries), np.arange(queries) % keys] = True
    return mask


def layer_of(heads, width, seed=0, **options):
    """A float64 layer with biases that are not zero."""
    generator = np.random.default_rng(seed)
    layer = MultiHeadAttention(
        heads * width, heads, generator=generator, dtype=np.float64, **options
    )
    for _, parameter in layer.named_parameters():
        parameter.data[...] = generator.standard_normal(parameter.shape)
    return layer


class TestWeights:
    """how much each place looks at others"""

    @given(
        lengths, lengths, st.sampled_from(FLOATS), st.sampled_from([0, -1e12]), seeds(), st.data()
    )
    def test_hidden_scores_count_as_minus_infinity(self, queries, keys, dtype, offset, seed, draw):
        """masked_softmax is softmax with a score of -∞ where the mask is False, whatever the score was."""
        mask = masks(draw, queries, keys)
        scores = (normal(seed, 2, queries, keys) * 5 + offset).astype(dtype)
        scores[:, ~mask] = draw.draw(st.sampled_from([np.nan, np.inf, 0, 1e30]))
        got = call(masked_softmax, scores, mask=mask)
        seen = np.where(mask, scores, -np.inf).astype(np.float64)
        shares = np.exp(seen - seen.max(axis=-1, keepdims=True))
        assert_close(got, (shares / shares.sum(axis=-1, keepdims=True)).astype(dtype))
        assert_dtype(got, dtype)
        assert_equal(got[:, ~mask], np.zeros_like(got[:, ~mask]))

    def test_take_one_array_of_the_size_of_the_scores(self):
        """masked_softmax holds one array of the size of its scores, its result."""
        scores = Tensor(normal(0, 64, 512))
        _, peak = peak_of(masked_softmax, scores, mask=np.tri(64, 512, 448, dtype=bool))
        most = int(1.6 * scores.data.nbytes)
        expect(
            peak < most,
            f"at most {most:,} bytes, where the scores have {scores.data.nbytes:,}",
            f"{peak:,}",
        )

    @given(lengths, lengths, st.integers(1, 4), seeds(), st.data())
    def test_match_their_definition(self, queries, keys, d, seed, draw):
        """attention_weights is softmax(q kᵀ / √d) over the keys that the mask allows."""
        q, k = normal(seed, queries, d), normal(seed + 1, keys, d)
        mask = draw.draw(st.none() | st.just(masks(draw, queries, keys)))
        assert_close(call(attention_weights, q, k, mask=mask), oracle.weights(q, k, mask))

    @given(lengths, lengths, seeds(), st.data())
    def test_each_row_is_a_distribution(self, queries, keys, seed, draw):
        """Weights are not negative, sum to one in each row, and are exactly 0 where the mask is False."""
        mask = masks(draw, queries, keys)
        got = call(
            attention_weights, normal(seed, queries, 3) * 5, normal(seed + 1, keys, 3), mask=mask
        )
        assert_close(got.sum(axis=-1), np.ones(queries))
        expect((got >= 0).all(), "no negative weight", got)
        assert_equal(got[~mask], np.zeros((~mask).sum()))

    @given(st.integers(1, 64))
    def test_do_not_sharpen_with_the_width(self, d):
        """Scores are divided by √d: repeating the elements of both k times scales the scores by √k."""
        q, k = normal(d, 3, 2), normal(d + 1, 4, 2)
        wide = call(attention_weights, np.tile(q, d), np.tile(k, d))
        assert_close(wide, oracle.weights(q * d**0.5, k))

    @given(st.sampled_from(FLOATS), seeds())
    def test_stay_finite_for_huge_scores(self, dtype, seed):
        """Scores of ±1e4 neither overflow nor become NaN, with a mask and without, nor do gradients."""
        signs = np.sign(normal(seed, 3, 4)).astype(dtype)
        for mask in (None, np.tri(3, dtype=bool)):
            q, k = (
                Tensor(signs * 100, requires_grad=True),
                Tensor(signs[::-1] * 50, requires_grad=True),
            )
            weights = attention_weights(q, k, mask=mask)
            weights.backward(np.ones((3, 3), dtype))
            for found in (weights.data, q.grad, k.grad):
                assert_finite(found)
                assert_dtype(found, dtype)

    @given(seeds(), st.integers(1, 3), st.integers(1, 2))
    def test_take_stacks(self, seed, n, h):
        """Leading axes are stacks: each (T, d) and (S, d) is independent."""
        q, k = normal(seed, n, h, 3, 2), normal(seed + 1, n, h, 4, 2)
        got = call(attention_weights, q, k)
        expected = [[oracle.weights(q[i, j], k[i, j]) for j in range(h)] for i in range(n)]
        assert_close(got, np.array(expected))


class TestScaledDotProduct:
    """weighted means of values"""

    @given(lengths, lengths, st.integers(1, 3), seeds(), st.data())
    def test_matches_its_definition(self, queries, keys, e, seed, draw):
        """Each output is the mean of the values, weighted by softmax(q kᵀ / √d)."""
        q, k, v = normal(seed, queries, 2), normal(seed + 1, keys, 2), normal(seed + 2, keys, e)
        mask = draw.draw(st.none() | st.just(masks(draw, queries, keys)))
        got = call(scaled_dot_product_attention, q, k, v, mask=mask)
        assert_close(got, oracle.attention(q, k, v, mask))

    @given(st.permutations(range(4)), seeds())
    def test_keys_have_no_order(self, order, seed):
        """Permuting keys and values together changes nothing."""
        q, k, v = normal(seed, 3, 2), normal(seed + 1, 4, 2), normal(seed + 2, 4, 2)
        order = np.array(order)
        assert_close(
            call(scaled_dot_product_attention, q, k[order], v[order]),
            call(scaled_dot_product_attention, q, k, v),
        )

    @given(lengths, seeds())
    def test_equal_keys_give_the_mean(self, keys, seed):
        """Where all keys are equal, each output is the plain mean of the values."""
        v = normal(seed, keys, 3)
        got = call(scaled_dot_product_attention, normal(seed + 1, 2, 2), np.ones((keys, 2)), v)
        assert_close(got, np.tile(v.mean(axis=0), (2, 1)))

    @given(seeds())
    def test_stays_between_the_values(self, seed):
        """A weighted mean is never above the largest value or below the smallest."""
        v = normal(seed, 5, 3)
        got = call(
            scaled_dot_product_attention, normal(seed, 4, 2) * 9, normal(seed + 1, 5, 2) * 9, v
        )
        inside = (got <= v.max(axis=0) + 1e-12) & (got >= v.min(axis=0) - 1e-12)
        expect(inside.all(), "means between the smallest and the largest value", got)

    def test_a_key_that_fits_best_wins(self):
        """A query that fits one key far better than the others gets that key's value."""
        k, v = np.eye(3) * 100, np.arange(9.0).reshape(3, 3)
        assert_close(call(scaled_dot_product_attention, k[::-1].copy(), k, v), v[::-1])

    @given(seeds(), st.booleans())
    def test_gradients_agree_with_differences(self, seed, causal):
        """The gradients of query, key and value agree with central differences."""
        q, k, v = normal(seed, 3, 2), normal(seed + 1, 3, 2), normal(seed + 2, 3, 2)
        mask = np.tri(3, dtype=bool) if causal else None
        attend = lambda q, k, v: scaled_dot_product_attention(q, k, v, mask)
        check_gradient(attend, q, k, v, seed=seed, of=scaled_dot_product_attention)


class TestCausalMask:
    """the past and only the past"""

    @given(st.integers(1, 8), st.integers(0, 5))
    def test_sees_what_stands_no_later(self, queries, before):
        """mask[i, j] is True where key j is no later than query i, the queries being the last."""
        mask = ask(causal_mask, queries, queries + before)
        assert_dtype(mask, bool)
        expected = [[j <= before + i for j in range(queries + before)] for i in range(queries)]
        assert_equal(mask, np.array(expected))

    @given(st.integers(1, 8))
    def test_is_square_unless_told(self, length):
        """causal_mask(T) is (T, T), a new array each time: row i sees i + 1 places."""
        assert_own(lambda: ask(causal_mask, length))
        mask = ask(causal_mask, length)
        assert_shape(mask, (length, length))
        assert_equal(mask.sum(axis=1), np.arange(1, length + 1))

    @given(st.integers(2, 6), st.data(), seeds())
    def test_the_future_never_changes_the_past(self, length, draw, seed):
        """With a causal mask, changing places from t on leaves the outputs before t as they were."""
        t = draw.draw(st.integers(1, length - 1))
        layer, mask = layer_of(2, 2, seed), ask(causal_mask, length)
        x = normal(seed, 2, length, 4)
        other = x.copy()
        other[:, t:] += normal(seed + 1, 2, length - t, 4) * 10
        assert_equal(call(layer, other, mask=mask)[:, :t], call(layer, x, mask=mask)[:, :t])

    @given(st.integers(2, 6), st.data(), seeds())
    def test_the_past_gives_no_gradient_to_the_future(self, length, draw, seed):
        """Outputs before t have a gradient of exactly 0 for inputs at t or later."""
        t = draw.draw(st.integers(1, length - 1))
        x = Tensor(normal(seed, 1, length, 4), requires_grad=True)
        layer_of(2, 2, seed)(x, mask=ask(causal_mask, length))[:, :t].sum().backward()
        assert_equal(x.grad[:, t:], np.zeros((1, length - t, 4)))
        expect((x.grad[:, :t] != 0).any(), "a gradient for the past", x.grad)

    def test_the_past_changes_the_future(self):
        """With a causal mask, the first place still affects the last output."""
        layer, mask = layer_of(2, 2), ask(causal_mask, 4)
        x = normal(0, 1, 4, 4)
        other = x.copy()
        other[:, 0] += 1
        changed = call(layer, other, mask=mask)[:, -1] != call(layer, x, mask=mask)[:, -1]
        expect(changed.any(), "another output at the last place", "the same output")


class TestHeads:
    """split into heads and join"""

    @given(heads_and_widths, st.integers(1, 3), lengths, seeds())
    def test_each_head_has_neighboring_columns(self, sizes, n, length, seed):
        """split_heads gives (N, H, T, D/H): head h has the columns from h · D/H on."""
        heads, width = sizes
        layer, x = layer_of(*sizes), normal(seed, n, length, heads * width)
        got = call(layer.split_heads, x)
        assert_shape(got, (n, heads, length, width))
        for head in range(heads):
            assert_equal(got[:, head], x[:, :, head * width : (head + 1) * width])

    @given(heads_and_widths, st.integers(1, 3), lengths, seeds())
    def test_joining_undoes_splitting(self, sizes, n, length, seed):
        """join_heads(split_heads(x)) is x."""
        layer, x = layer_of(*sizes), normal(seed, n, length, sizes[0] * sizes[1])
        assert_equal(call(layer.join_heads, layer.split_heads(Tensor(x)).data), x)

    @given(heads_and_widths, st.integers(1, 2), lengths, seeds())
    def test_projects_queries_keys_and_values(self, sizes, n, length, seed):
        """project gives x Wᵀ + b for the first, second and last third of weight and bias, by heads."""
        heads, width = sizes
        d = heads * width
        layer, x = layer_of(*sizes, seed=seed), normal(seed, n, length, d)
        weight, bias = layer.in_proj_weight.data, layer.in_proj_bias.data
        parts = call(layer.project, x)
        expect(len(parts) == 3, "query, key and value", f"{len(parts)} parts")
        for third, got in enumerate(parts):
            rows = slice(third * d, (third + 1) * d)
            expected = (x @ weight[rows].T + bias[rows]).reshape(n, length, heads, width)
            assert_close(got, expected.transpose(0, 2, 1, 3))


class TestMultiHeadAttention:
    """several heads at once"""

    @given(heads_and_widths, st.integers(1, 3), lengths, st.booleans(), seeds())
    def test_matches_its_definition(self, sizes, n, length, causal, seed):
        """The layer equals a loop over sequences and heads, each with its own attention."""
        layer = layer_of(*sizes, seed=seed)
        x = normal(seed, n, length, sizes[0] * sizes[1])
        mask = np.tri(length, dtype=bool) if causal else None
        expected = oracle.multi_head(x, layer.state_dict(), sizes[0], mask)
        assert_close(call(layer, x, mask=mask), expected)

    @given(st.permutations(range(5)), seeds())
    def test_without_places_order_means_nothing(self, order, seed):
        """Without a mask, permuting the places of the input permutes the outputs the same way."""
        layer, x = layer_of(2, 2, seed), normal(seed, 2, 5, 4)
        order = np.array(order)
        assert_close(call(layer, x[:, order]), call(layer, x)[:, order])

    @given(seeds())
    def test_sequences_do_not_meet(self, seed):
        """Each sequence of a batch gets what it would get alone."""
        layer, x = layer_of(2, 2, seed), normal(seed, 3, 4, 4)
        together = call(layer, x)
        for i in range(3):
            assert_close(together[i : i + 1], call(layer, x[i : i + 1]))

    @given(seeds())
    def test_works_without_bias(self, seed):
        """bias=False leaves out both biases."""
        layer, x = layer_of(2, 2, seed, bias=False), normal(seed, 1, 3, 4)
        assert_equal(sorted(layer.state_dict()), ["in_proj_weight", "out_proj.weight"])
        assert_close(call(layer, x), oracle.multi_head(x, layer.state_dict(), 2))

    @given(seeds())
    def test_takes_a_mask_for_each_sequence(self, seed):
        """A mask (N, 1, 1, T), as for texts of different lengths, hides keys only in its own sequence."""
        layer, x = layer_of(2, 2, seed), normal(seed, 2, 4, 4)
        mask = np.ones((2, 1, 1, 4), bool)
        mask[1, ..., 2:] = False
        got = call(layer, x, mask=mask)
        assert_close(got[0], call(layer, x[:1])[0])
        assert_close(got[1, :2], call(layer, x[1:, :2])[0])

    @given(seeds(), st.data())
    def test_takes_a_mask_for_each_head(self, seed, draw):
        """A mask (N, H, T, T), or (H, T, T) for all sequences, hides keys only in its own head."""
        layer, x = layer_of(2, 2, seed), normal(seed, 2, 4, 4)
        mask = np.stack([masks(draw, 4, 4) for _ in range(4)]).reshape(2, 2, 4, 4)
        expected = [
            oracle.multi_head(x[i : i + 1], layer.state_dict(), 2, mask[i])[0] for i in (0, 1)
        ]
        assert_close(call(layer, x, mask=mask), np.array(expected))
        for_all = oracle.multi_head(x, layer.state_dict(), 2, mask[0])
        assert_close(call(layer, x, mask=mask[0]), for_all)

    @given(seeds())
    def test_gradients_agree_with_differences(self, seed):
        """The gradients of input, weights and biases agree with central differences."""
        layer, x = layer_of(2, 2, seed), normal(seed, 1, 3, 4)

        def attend(x, weight, bias):
            # Past the module, which refuses Tensors that are no Parameters.
            vars(layer).update(in_proj_weight=weight, in_proj_bias=bias)
            return layer(x, mask=np.tri(3, dtype=bool))

        points = (x, layer.in_proj_weight.data, layer.in_proj_bias.data)
        check_gradient(attend, *points, seed=seed, of=MultiHeadAttention.forward)


class TestParameters:
    """shapes and first values"""

    @given(heads_and_widths)
    def test_have_the_shapes_of_pytorch(self, sizes):
        """Names and shapes are those of torch.nn.MultiheadAttention, 4 D² + 4 D numbers of one dtype."""
        check_dtype_option(lambda **options: MultiHeadAttention(sizes[0], sizes[0], **options))
        d = sizes[0] * sizes[1]
        state = MultiHeadAttention(d, sizes[0]).state_dict()
        assert_equal(
            {name: value.shape for name, value in state.items()},
            {
                "in_proj_weight": (3 * d, d),
                "in_proj_bias": (3 * d,),
                "out_proj.weight": (d, d),
                "out_proj.bias": (d,),
            },
        )
        assert_equal(sum(value.size for value in state.values()), 4 * d * d + 4 * d)
        for value in state.values():
            assert_dtype(value, np.float32)

    def test_begin_small_and_without_bias(self):
        """in_proj_weight is uniform within ±√(6 / 4 D), biases begin as zeros."""
        state = MultiHeadAttention(64, 4, generator=np.random.default_rng(0)).state_dict()
        bound = np.float32((6 / 256) ** 0.5)  # a float32 near it is rounded to this
        weight = state["in_proj_weight"]
        expect(np.abs(weight).max() <= bound, f"values within ±{bound:.3f}", weight)
        close = abs(weight.std() - bound / 3**0.5) < 0.003
        expect(close, f"a deviation near {bound / 3**0.5:.4f}", weight.std())
        for name in ("in_proj_bias", "out_proj.bias"):
            assert_equal(state[name], np.zeros_like(state[name]))

    def test_follow_the_seed(self):
        """The generator draws in_proj_weight and then out_proj; without one, manual_seed decides."""
        check_order_of_draws(lambda **options: MultiHeadAttention(4, 2, **options))
        for name in ("in_proj_weight", "out_proj.weight"):
            check_draws(
                lambda name=name, **given: MultiHeadAttention(4, 2, **given).state_dict()[name]
            )

    def test_all_of_them_learn(self):
        """backward reaches every parameter."""
        layer = layer_of(2, 2)
        (layer(Tensor(normal(0, 2, 3, 4))) ** 2).sum().backward()
        for name, parameter in layer.named_parameters():
            expect(
                parameter.grad is not None and (parameter.grad != 0).any(),
                f"a gradient for {name}",
                parameter.grad,
            )


class TestBadInput:
    """shapes and masks that do not fit"""

    @pytest.mark.parametrize(("dim", "heads"), [(6, 4), (4, 3), (1, 2)])
    def test_heads_must_divide_the_width(self, dim, heads):
        """MultiHeadAttention raises ValueError that names both numbers."""
        with raises(ValueError, naming=f"{heads} {dim}"):
            MultiHeadAttention(dim, heads)

    def test_sizes_are_at_least_one(self):
        """embed_dim or num_heads below 1 raises ValueError that names it."""
        with raises(ValueError, naming="embed_dim 0"):
            MultiHeadAttention(0, 1)
        with raises(ValueError, naming="num_heads 0"):
            MultiHeadAttention(4, 0)

    @pytest.mark.parametrize("shape", [(3, 4), (1, 3, 5), (1, 1, 3, 4)])
    def test_sequences_must_fit(self, shape):
        """An input that is not (N, T, D) raises ValueError that names D and the shape."""
        with raises(ValueError, naming=f"4 {shape}"):
            ask(MultiHeadAttention(4, 2), Tensor(np.zeros(shape, np.float32)))

    def test_widths_and_lengths_must_agree(self):
        """Queries and keys of different widths, or vectors, or fewer values than keys, raise ValueError."""
        for query, key in (((2, 3), (2, 4)), ((3,), (2, 3)), ((2, 3), (3,))):
            with raises(ValueError, naming=f"{query} {key}"):
                call(attention_weights, np.zeros(query), np.zeros(key))
        with raises(ValueError, naming="value (3, 4) (2, 4)"):
            call(scaled_dot_product_attention, *[np.zeros((2, 4))] * 2, np.zeros((3, 4)))

    def test_masks_are_checked(self):
        """A mask of numbers raises TypeError; one that does not fit, or hides all keys, ValueError."""
        q = np.zeros((2, 3))
        with raises(TypeError, naming="float64"):
            call(attention_weights, q, q, mask=np.zeros((2, 2)))
        for shape in ((3, 3), (2, 2, 2)):
            with raises(ValueError, naming=str(shape)):
                call(attention_weights, q, q, mask=np.ones(shape, bool))
        with raises(ValueError, naming="mask"):
            call(attention_weights, q, q, mask=np.array([[True, True], [False, False]]))

    def test_mask_sizes_are_checked(self):
        """causal_mask raises ValueError that names both numbers if queries is not in [1, keys]."""
        with raises(ValueError, naming="0"):
            ask(causal_mask, 0)
        with raises(ValueError, naming="3 2"):
            ask(causal_mask, 3, 2)

    def test_masks_may_be_tensors(self):
        """A Tensor of bool is a mask like an array."""
        q, mask = normal(0, 3, 2), np.tri(3, dtype=bool)
        got = unwrap(ask(attention_weights, Tensor(q), Tensor(q), mask=Tensor(mask)))
        assert_close(got, oracle.weights(q, q, mask))
