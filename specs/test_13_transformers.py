"""Specs of 13 transformers."""

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
    assert_no_alias,
    assert_shape,
    call,
    expect,
    raises,
    unwrap,
)
from specs.modules import check_dtype_option
from specs.oracles import transformers as oracle
from specs.seeded import check_draws, distinct, normal, randomize
from specs.strategies import FLOATS, seeds, shapes

layer_norm, LayerNorm, MLP, TransformerBlock = lazy(
    "transformers", "layer_norm", "LayerNorm", "MLP", "TransformerBlock"
)
GPT, GPTConfig, sample = lazy("transformers", "GPT", "GPTConfig", "sample")
Tensor = lazy("tensor", "Tensor")
Linear = lazy("layers", "Linear")
MultiHeadAttention = lazy("attention", "MultiHeadAttention")

V, C = 7, 6


def small(seed=0, layers=2, heads=2, d=4, **options):
    """A float64 GPT of a few hundred parameters."""
    config = GPTConfig(V, C, d, heads, layers, **options)
    return randomize(GPT(config, generator=np.random.default_rng(seed), dtype=np.float64), seed)


def token_ids(max_length=C):
    """(N, T) token ids in [0, V)."""
    sizes = st.tuples(st.integers(1, 3), st.integers(1, max_length))
    return st.tuples(sizes, seeds()).map(
        lambda drawn: np.random.default_rng(drawn[1]).integers(0, V, drawn[0])
    )


class TestLayerNorm:
    """normalized vectors"""

    @given(shapes(0, 2, 1), st.integers(1, 5), st.sampled_from(FLOATS), seeds())
    def test_matches_its_definition(self, stack, d, dtype, seed):
        """layer_norm is (x - mean) / √(variance + eps) · weight + bias, vector by vector, in x's dtype."""
        # Elements that are nearly equal would leave few digits of their differences.
        x = (3 * distinct(seed, *stack, d) + 1).astype(dtype)
        weight, bias = normal(seed + 1, d).astype(dtype), normal(seed + 2, d).astype(dtype)
        got = call(layer_norm, x, weight, bias)
        assert_close(got, oracle.layer_norm(x, weight, bias).astype(dtype))
        assert_dtype(got, dtype)
        for other in (*FLOATS, np.float16):
            assert_dtype(call(layer_norm, x.astype(other), weight, bias), other)

    @given(st.integers(2, 8), seeds())
    def test_has_mean_0_and_variance_1(self, d, seed):
        """Before weight and bias, each vector has mean 0 and variance 1, however far from 0 it was."""
        layer = LayerNorm(d, eps=0.0, dtype=np.float64)
        for stack in ((), (3,)):
            x = normal(seed, *stack, d) * 5 + 2
            got = call(layer, x)
            assert_close(got.mean(axis=-1), np.zeros(stack))
            assert_close(np.square(got).mean(axis=-1), np.ones(stack))
            assert_close(call(layer, x + 1e7), got, rtol=1e-4, atol=1e-4)

    @given(st.floats(0.1, 10), st.floats(-10, 10), seeds())
    def test_ignores_shifts_and_stretches(self, stretch, shift, seed):
        """layer_norm(a x + b) equals layer_norm(x) for a above 0, with eps 0."""
        x, weight, bias = normal(seed, 2, 5), normal(seed + 1, 5), normal(seed + 2, 5)
        assert_close(
            call(layer_norm, stretch * x + shift, weight, bias, eps=0.0),
            call(layer_norm, x, weight, bias, eps=0.0),
        )

    def test_of_a_constant_vector_is_the_bias(self):
        """eps prevents division by zero in a vector of equal elements."""
        got = call(layer_norm, np.full((1, 3), 7.0), np.ones(3), np.array([1.0, 2.0, 3.0]))
        assert_equal(got, np.array([[1.0, 2.0, 3.0]]))

    @given(seeds())
    def test_stays_finite_for_huge_values(self, seed):
        """Values of ±1e4 neither overflow nor become NaN, in float32."""
        x = (normal(seed, 2, 4) * 1e4).astype(np.float32)
        assert_finite(call(LayerNorm(4), x))

    @given(shapes(0, 2, 1), seeds())
    def test_gradients_agree_with_differences(self, stack, seed):
        """The gradients of x, weight and bias agree with central differences."""
        x, weight, bias = normal(seed, *stack, 4), normal(seed + 1, 4), normal(seed + 2, 4)
        check_gradient(layer_norm, x, weight, bias, seed=seed)
        far = lambda x, w, b: layer_norm(x, w, b, eps=0.5)
        check_gradient(far, x, weight, bias, seed=seed, of=layer_norm)

    def test_the_layer_has_a_weight_and_a_bias(self):
        """LayerNorm(D) begins with weight 1 and bias 0, both (D,), float32."""
        state = LayerNorm(3).state_dict()
        assert_equal(sorted(state), ["bias", "weight"])
        assert_equal(state["weight"], np.ones(3, np.float32))
        assert_equal(state["bias"], np.zeros(3, np.float32))

    @given(seeds())
    def test_the_layer_uses_them(self, seed):
        """The layer applies layer_norm with its weight, bias and eps."""
        layer, x = randomize(LayerNorm(4, eps=0.1, dtype=np.float64), seed), normal(seed, 2, 4)
        expected = oracle.layer_norm(x, layer.weight.data, layer.bias.data, 0.1)
        assert_close(call(layer, x), expected)


def check_parts(model, **parts):
    """Demand that each part of a model has the values of one made alone, in the same order of draws."""
    for name, part in parts.items():
        for key, value in part.state_dict().items():
            assert_equal(getattr(model, name).state_dict()[key], value)


class TestMLP:
    """each place by itself"""

    @given(st.integers(1, 4), st.none() | st.integers(1, 5), seeds())
    def test_is_two_layers_with_gelu_between(self, d, hidden, seed):
        """MLP(x) is proj(gelu(fc(x))) with gelu's form "tanh", 4 D units wide by default."""
        told = () if hidden is None else (hidden,)
        layer = randomize(MLP(d, *told, dtype=np.float64), seed)
        x = normal(seed, 2, 3, d)
        assert_equal(layer.fc.weight.shape, (4 * d if hidden is None else hidden, d))
        assert_close(call(layer, x), oracle.mlp(x, layer.state_dict()))

    def test_follows_its_generator(self):
        """The generator draws fc and then proj, as two Linear layers would."""
        generator = np.random.default_rng(0)
        fc, proj = Linear(3, 5, generator=generator), Linear(5, 3, generator=generator)
        check_parts(MLP(3, 5, generator=np.random.default_rng(0)), fc=fc, proj=proj)


class TestBlock:
    """attention, then an MLP"""

    @given(st.sampled_from([1, 2]), st.booleans(), seeds())
    def test_matches_its_definition(self, heads, causal, seed):
        """TransformerBlock is x + attn(ln_1(x)), and then x + mlp(ln_2(x)), by default 4 D wide."""
        layer = randomize(TransformerBlock(4, heads, dtype=np.float64), seed)
        assert_equal(layer.mlp.fc.weight.shape, (16, 4))
        x, mask = normal(seed, 2, 3, 4), np.tri(3, dtype=bool) if causal else None
        expected = oracle.block(x, layer.state_dict(), heads, mask)
        assert_close(call(layer, x, mask=mask), expected)

    @given(seeds())
    def test_passes_on_what_it_was_given(self, seed):
        """With nothing to add (out_proj and proj of zeros) the block returns x."""
        layer = randomize(TransformerBlock(4, 2, dtype=np.float64), seed)
        for linear in (layer.attn.out_proj, layer.mlp.proj):
            linear.weight.data[...], linear.bias.data[...] = 0, 0
        x = normal(seed, 1, 3, 4)
        assert_equal(call(layer, x), x)

    def test_hands_on_what_it_is_made_with(self):
        """hidden_dim and generator reach the parts: attn draws first, then mlp, and dropout later."""
        generator = np.random.default_rng(0)
        attn = MultiHeadAttention(4, 2, generator=generator)
        mlp = MLP(4, 3, generator=generator)
        check_parts(
            TransformerBlock(4, 2, 3, generator=np.random.default_rng(0)), attn=attn, mlp=mlp
        )
        x = np.ones((1, 3, 4), np.float32)
        check_draws(lambda **given: call(TransformerBlock(4, 2, dropout=0.5, **given), x))
        block = TransformerBlock(4, 2, dropout=0.5, generator=np.random.default_rng(0))
        expect((call(block, x) != call(block, x)).any(), "other elements dropped", "the same")

    def test_drops_only_while_training(self):
        """Dropout applies to what is added: with p = 1 the block returns x, but not after eval."""
        layer = randomize(TransformerBlock(4, 2, dropout=1.0, dtype=np.float64), 0)
        x = normal(0, 1, 3, 4)
        assert_equal(call(layer, x), x)
        expected = oracle.block(x, layer.state_dict(), 2)
        assert_close(call(layer.eval(), x), expected)

    @given(seeds())
    def test_gradients_agree_with_differences(self, seed):
        """The gradient of the sequence agrees with central differences."""
        layer = randomize(TransformerBlock(4, 2, dtype=np.float64), seed)
        check_gradient(layer, normal(seed, 1, 3, 4), seed=seed, of=TransformerBlock.forward)


class TestGPT:
    """scores for what comes next"""

    @given(token_ids(), st.integers(1, 2), st.sampled_from([1, 2]), seeds())
    def test_matches_its_definition(self, ids, layers, heads, seed):
        """The logits equal those of a GPT in plain NumPy with the same parameters."""
        model = small(seed, layers, heads)
        got = unwrap(ask(model, ids))
        assert_shape(got, (*ids.shape, V))
        assert_close(got, oracle.gpt(ids, model.state_dict(), heads, layers))

    @given(token_ids(), st.data(), seeds())
    def test_the_future_never_changes_the_past(self, ids, draw, seed):
        """Changing tokens from t on leaves the logits before t exactly as they were."""
        t = draw.draw(st.integers(0, ids.shape[1] - 1))
        other, model = ids.copy(), small(seed)
        other[:, t:] = (other[:, t:] + 1) % V
        assert_equal(unwrap(ask(model, other))[:, :t], unwrap(ask(model, ids))[:, :t])

    def test_the_past_gives_no_gradient_to_the_future(self):
        """The logits before t have a gradient of exactly 0 for the places from t on."""
        model = small()
        model(np.array([[0, 1, 2, 3, 4]]))[:, :3].sum().backward()
        grad = model.position.weight.grad
        assert_equal(grad[3:], np.zeros((C - 3, 4)))
        expect((grad[:3] != 0).any(axis=1).all(), "a gradient for the places before", grad)

    def test_the_past_and_its_order_matter(self):
        """Shuffling the tokens before changes the last logits."""
        model = small()
        first, second = (
            unwrap(ask(model, np.array([ids])))[0, -1] for ids in ([1, 2, 3], [2, 1, 3])
        )
        expect((np.abs(first - second) > 1e-6).any(), "other scores", second)

    @given(seeds())
    def test_texts_do_not_meet(self, seed):
        """Each row of a batch gets the logits that it would get alone."""
        model, ids = small(seed), np.random.default_rng(seed).integers(0, V, (3, 4))
        together = unwrap(ask(model, ids))
        for i in range(3):
            assert_close(together[i : i + 1], unwrap(ask(model, ids[i : i + 1])))

    def test_drops_places_and_what_blocks_add(self):
        """dropout comes from the config: with p = 1 nothing of tokens, places and blocks is left."""
        model, ids = small(dropout=1.0), np.array([[1, 2, 3]])
        state = model.state_dict()
        left = state["ln_f.bias"] @ state["token_embedding.weight"].T
        assert_close(unwrap(ask(model, ids)), np.tile(left, (1, 3, 1)))
        model = small(dropout=0.3)
        outputs = [unwrap(ask(model, ids)) for _ in range(2)]
        expect((outputs[0] != outputs[1]).any(), "other elements dropped", "the same")
        assert_close(unwrap(ask(model.eval(), ids)), oracle.gpt(ids, model.state_dict(), 2, 2))

    def test_learns_a_text_by_heart(self):
        """100 steps of plain gradient descent bring the loss on one text below a tenth."""
        model = small(3, layers=1, heads=2, d=8)
        ids, following = np.array([[0, 3, 1, 4]]), np.array([3, 1, 4, 5])
        losses = []
        for _ in range(100):
            logits = model(ids)[0]  # (T, V)
            shifted = logits - Tensor(logits.data.max(axis=-1, keepdims=True))
            chosen = shifted[np.arange(4), following]
            loss = (shifted.exp().sum(dim=-1).log() - chosen).mean()
            losses.append(loss.item())
            model.zero_grad()
            loss.backward()
            for parameter in model.parameters():
                parameter.data -= 0.2 * parameter.grad
        expect(losses[-1] < 0.1 * losses[0], f"a loss below {0.1 * losses[0]:.3f}", losses[-1])

    def test_takes_lists_arrays_and_tensors(self):
        """Token ids may be a list of lists, an array or a Tensor."""
        model = small()
        ids = np.array([[1, 2]])
        expected = unwrap(ask(model, ids))
        for form in (ids.tolist(), Tensor(ids), ids.astype(np.uint8)):
            assert_equal(unwrap(ask(model, form)), expected)


class TestParameters:
    """numbers, shapes and first values"""

    @pytest.mark.parametrize(
        ("sizes", "count"),
        [
            ((50257, 1024, 768, 12, 12), 124_439_808),
            ((50257, 1024, 1024, 16, 24), 354_823_168),
            ((50257, 1024, 1600, 25, 48), 1_557_611_200),
        ],
    )
    def test_are_as_many_as_in_gpt_2(self, sizes, count):
        """count_parameters gives the published sizes of GPT-2 small, medium and XL."""
        assert_equal(ask(GPTConfig(*sizes).count_parameters), count)

    @given(
        st.integers(1, 9),
        st.integers(1, 9),
        st.integers(1, 3),
        st.integers(1, 3),
        st.integers(1, 3),
    )
    def test_are_as_many_as_counted(self, vocabulary, context, width, heads, layers):
        """count_parameters is the number of elements of all parameters of a GPT."""
        config = GPTConfig(vocabulary, context, width * heads, heads, layers)
        found = sum(parameter.data.size for parameter in GPT(config).parameters())
        assert_equal(ask(config.count_parameters), found)

    def test_have_names_and_shapes(self):
        """The state dict holds token_embedding, position, blocks.0 to blocks.L-1 and ln_f, in one dtype."""
        state = GPT(GPTConfig(V, C, 4, 2, 1)).state_dict()
        block = {
            "ln_1.weight": (4,),
            "ln_1.bias": (4,),
            "attn.in_proj_weight": (12, 4),
            "attn.in_proj_bias": (12,),
            "attn.out_proj.weight": (4, 4),
            "attn.out_proj.bias": (4,),
            "ln_2.weight": (4,),
            "ln_2.bias": (4,),
            "mlp.fc.weight": (16, 4),
            "mlp.fc.bias": (16,),
            "mlp.proj.weight": (4, 16),
            "mlp.proj.bias": (4,),
        }
        expected = {f"blocks.0.{name}": shape for name, shape in block.items()}
        expected |= {"token_embedding.weight": (V, 4), "position.weight": (C, 4)}
        expected |= {"ln_f.weight": (4,), "ln_f.bias": (4,)}
        assert_equal({name: value.shape for name, value in state.items()}, expected)
        config = GPTConfig(V, C, 4, 2, 1)
        for make, sizes in (
            (GPT, [config]),
            (TransformerBlock, [4, 2]),
            (MLP, [2]),
            (LayerNorm, [2]),
        ):
            check_dtype_option(lambda make=make, sizes=sizes, **options: make(*sizes, **options))

    def test_begin_as_in_gpt_2(self):
        """Matrices are normal numbers with deviation 0.02, or 0.02 / √(2 L); biases are 0, gains 1."""
        config = GPTConfig(200, 100, 64, 4, 8)
        state = GPT(config, generator=np.random.default_rng(0)).state_dict()
        for name, value in state.items():
            if value.ndim == 2:
                wanted = 0.02 / 4 if name.endswith("proj.weight") else 0.02
                fits = abs(value.std() / wanted - 1) < 0.06 and abs(value.mean()) < 0.1 * wanted
                expect(fits, f"{name} with mean 0 and deviation {wanted}", value.std())
                beyond = float((np.abs(value) > 2 * wanted).mean())
                expect(0.02 < beyond < 0.08, f"{name} with 4.6% beyond two deviations", beyond)
            else:
                first = 1 if name.endswith("weight") else 0
                assert_equal(value, np.full(value.shape, first, np.float32))

    def test_begin_without_a_preference(self):
        """An untrained model gives every token about the same probability: a loss near ln V."""
        model = GPT(GPTConfig(50, 8, 32, 4, 2), generator=np.random.default_rng(0))
        logits = unwrap(ask(model, np.arange(8)[None])).astype(np.float64)
        losses = np.log(np.exp(logits).sum(axis=-1)) - logits[..., 3]
        expect(np.abs(losses - np.log(50)).max() < 0.5, f"losses near {np.log(50):.2f}", losses)

    def test_follow_the_seed(self):
        """The generator draws everything, dropout too; without one, manual_seed decides."""
        config = GPTConfig(V, C, 4, 2, 1, dropout=0.5)
        matrices = [n for n, p in GPT(config).named_parameters() if p.ndim == 2]
        for name in matrices:
            check_draws(lambda name=name, **given: GPT(config, **given).state_dict()[name])
        check_draws(lambda **given: unwrap(GPT(config, **given)(np.array([[1, 2, 3]]))))
        check_draws(lambda **given: MLP(3, **given).proj.weight.data)

    def test_all_of_them_learn(self):
        """backward reaches every parameter, the table of tokens from both of its uses."""
        model = small()
        (model(np.array([[0, 1, 2, 3, 4, 5]])) ** 2).sum().backward()
        for name, parameter in model.named_parameters():
            found = parameter.grad is not None and (parameter.grad != 0).any()
            expect(found, f"a gradient for {name}", parameter.grad)
        last = model.token_embedding.weight.grad[V - 1]
        expect((last != 0).any(), "a gradient for a token that only the output uses", last)


class TestSampling:
    """choose the next token"""

    @given(st.integers(1, 3), st.integers(1, 6), seeds())
    def test_greedy_takes_the_most_likely(self, n, v, seed):
        """temperature 0 takes the highest score; of several, the smallest id; it draws nothing."""
        logits = np.round(normal(seed, n, v))
        generator = np.random.default_rng(0)
        got = ask(sample, logits, temperature=0, generator=generator)
        assert_equal(got, np.array([list(row).index(max(row)) for row in logits]))
        assert_equal(generator.random(), np.random.default_rng(0).random())

    @given(
        st.sampled_from([0.3, 1.0, 2.5]),
        st.sampled_from([None, 1, 2, 3, 9]),
        st.integers(0, 2**16),
    )
    def test_draws_as_often_as_likely(self, temperature, top_k, seed):
        """Each token comes with probability softmax(logits / temperature) among the top k."""
        logits, n = normal(seed, 5), 4000
        got = ask(
            sample,
            np.tile(logits, (n, 1)),
            temperature,
            top_k,
            generator=np.random.default_rng(seed),
        )
        assert_shape(got, (n,))
        assert_dtype(got, np.int64)
        wanted = oracle.probabilities(logits, temperature, top_k)
        found = np.bincount(got, minlength=5) / n
        room = 6 * np.sqrt(wanted * (1 - wanted) / n) + 8 / n * (wanted > 0)
        expect((np.abs(found - wanted) <= room).all(), f"shares near {wanted.round(3)}", found)

    def test_rows_draw_on_their_own(self):
        """Equal rows get different tokens; rows with other scores get other shares."""
        logits = np.zeros((200, 4))
        got = ask(sample, logits, generator=np.random.default_rng(0))
        expect(len(set(got.tolist())) == 4, "all four tokens", sorted(set(got.tolist())))
        certain = np.eye(4) * 1000
        assert_equal(ask(sample, certain, generator=np.random.default_rng(0)), np.arange(4))

    def test_ties_at_the_edge_go_to_small_ids(self):
        """top_k keeps exactly k tokens; of equal scores, those with the smallest ids."""
        got = ask(sample, np.zeros((300, 5)), top_k=2, generator=np.random.default_rng(0))
        assert_equal(sorted(set(got.tolist())), [0, 1])
        logits = np.random.default_rng(1).integers(0, 2, (300, 20)) * 1.0
        first = np.argsort(-logits, axis=-1, kind="stable")[:, :2]
        got = ask(sample, logits, top_k=2, generator=np.random.default_rng(0))
        kept = (got[:, None] == first).any(axis=1)
        expect(kept.all(), "one of the first two of the highest", f"others in {(~kept).sum()} rows")

    @given(st.floats(1e-300, 1e-3), seeds())
    def test_is_exact_at_tiny_temperatures(self, temperature, seed):
        """A temperature near 0 is greedy if one score stands out, without overflow."""
        rows = [np.random.default_rng(seed).permutation(5), np.arange(5) - 9]
        logits = (np.array(rows) * 1e3).astype(np.float32)
        got = ask(sample, logits, temperature, generator=np.random.default_rng(0))
        assert_equal(got, logits.argmax(axis=-1))

    def test_follows_the_seed(self):
        """The same generator state or manual_seed gives the same tokens. The default temperature is 1."""
        logits = normal(0, 200, 5)
        named = ask(sample, logits, 1.0, None, np.random.default_rng(0))
        assert_equal(ask(sample, logits, generator=np.random.default_rng(0)), named)
        check_draws(lambda **given: ask(sample, logits, **given))

    @pytest.mark.parametrize("temperature", [-1, -1e-9, float("nan"), float("inf")])
    def test_temperature_is_checked(self, temperature):
        """A temperature below 0, NaN or infinite raises ValueError that names it."""
        with raises(ValueError, naming="temperature"):
            ask(sample, np.zeros((1, 3)), temperature)

    @pytest.mark.parametrize("temperature", [0, 1.0])
    @pytest.mark.parametrize("row", [[0.0, np.nan], [0.0, np.inf], [-np.inf, -np.inf]], ids=str)
    def test_logits_are_checked(self, row, temperature):
        """A row that holds NaN or infinity, or only -infinity, raises ValueError that names logits."""
        with raises(ValueError, naming="logits"):
            ask(sample, np.array([[0.0, 1.0], row]), temperature)
        masked = np.array([[-np.inf, 1.0]])
        assert_equal(ask(sample, masked, temperature, generator=np.random.default_rng(0)), [1])

    def test_top_k_is_checked(self):
        """top_k below 1 raises ValueError that names it."""
        with raises(ValueError, naming="top_k 0"):
            ask(sample, np.zeros((1, 3)), top_k=0)


class TestGeneration:
    """continue a text"""

    @given(token_ids(), st.integers(0, 5), seeds(), st.sampled_from((np.int64, np.int32)))
    def test_greedy_adds_the_most_likely_each_time(self, prompt, count, seed, dtype):
        """Each new token has the highest logit at the last place, given the last C tokens; int64."""
        model = small(seed)
        expected = prompt = prompt.astype(dtype)
        for _ in range(count):
            logits = oracle.gpt(expected[:, -C:], model.state_dict(), 2, 2)[:, -1]
            expected = np.concatenate([expected, logits.argmax(axis=-1)[:, None]], axis=1)
        got = ask(model.generate, prompt, count, temperature=0)
        assert_dtype(got, np.int64)
        assert_equal(got, expected)
        assert_no_alias(got, prompt)

    @given(seeds())
    def test_begins_with_the_prompt(self, seed):
        """The prompt stays as it was, even if it is longer than the context."""
        prompt = np.random.default_rng(seed).integers(0, V, (2, C + 3))
        got = ask(small(seed).generate, prompt, 4, generator=np.random.default_rng(seed))
        assert_shape(got, (2, C + 7))
        assert_equal(got[:, : C + 3], prompt)

    def test_follows_the_seed(self):
        """The same generator state or manual_seed gives the same text. The default temperature is 1."""
        model = small()
        texts = [
            ask(model.generate, [[1, 2]], 16, *options, generator=np.random.default_rng(0))
            for options in ((), (1.0, None))
        ]
        assert_equal(*texts)
        check_draws(lambda **given: ask(model.generate, [[1, 2]], 16, temperature=9.0, **given))

    def test_passes_on_how_to_choose(self):
        """With top_k=1 any temperature gives the greedy text; without it, a high one does not."""
        model = small(2)
        greedy = ask(model.generate, [[1]], 12, temperature=0)
        generator = np.random.default_rng(0)
        assert_equal(ask(model.generate, [[1]], 12, 50.0, top_k=1, generator=generator), greedy)
        other = ask(model.generate, [[1]], 12, temperature=50.0, generator=generator)
        expect((other != greedy).any(), "another text at temperature 50", other)

    @given(seeds())
    def test_stops_at_a_token(self, seed):
        """A row that produced stop is filled with it; once all have ended, nothing more is added."""
        model, prompt = small(seed), np.array([[0], [1], [2]])
        free = ask(model.generate, prompt, 8, temperature=0)
        stop = int(free[0, 3])
        got = ask(model.generate, prompt, 8, temperature=0, stop=stop)
        longest = 1
        for row, unstopped in zip(got, free, strict=True):
            ends = np.flatnonzero(unstopped[1:] == stop)
            end = ends[0] + 2 if len(ends) else len(unstopped)
            longest = max(longest, end)
            assert_equal(row[:end], unstopped[:end])
            assert_equal(row[end:], np.full(len(row) - end, stop))
        assert_equal(got.shape[1], longest)

    def test_keeps_the_mode_and_drops_nothing(self):
        """Dropout is off while generating, and each part of the model is back in its mode afterwards."""
        model = small(1, dropout=0.9)
        for mode in (True, False):
            model.train(mode)
            first = ask(model.generate, [[1, 2]], 8, temperature=0)
            assert_equal(ask(model.generate, [[1, 2]], 8, temperature=0), first)
            states = {module.training for module in model.modules()}
            assert_equal(states, {mode})
        model.train().blocks[0].eval()
        before = [module.training for module in model.modules()]
        ask(model.generate, [[1, 2]], 1)
        assert_equal([module.training for module in model.modules()], before)
        model.train()
        with raises(ValueError, naming="temperature"):
            model.generate([[1]], 1, temperature=-1)
        expect(model.training, "the old mode after an error too", "eval mode")

    def test_records_nothing(self):
        """Nothing is recorded: a forward pass of generate builds no graph."""
        model, seen = small(), []
        forward = model.ln_f.forward
        model.ln_f.forward = lambda x: seen.append(x.requires_grad) or forward(x)
        ask(model.generate, [[1]], 2)
        assert_equal(seen, [False, False])


class TestBadInput:
    """sizes and texts that do not fit"""

    @pytest.mark.parametrize(
        "name", ["vocab_size", "context_length", "embed_dim", "num_heads", "num_layers"]
    )
    def test_sizes_are_at_least_one(self, name):
        """GPTConfig raises ValueError that names the size below 1."""
        sizes = {
            "vocab_size": 5,
            "context_length": 4,
            "embed_dim": 4,
            "num_heads": 2,
            "num_layers": 1,
        }
        model = small()  # GPTConfig is given: that GPT can be made is yours
        expect(model.config.embed_dim == 4, "the config kept", model.config)
        with raises(ValueError, naming=f"{name} 0"):
            GPTConfig(**(sizes | {name: 0}))

    def test_sequences_must_fit_into_the_context(self):
        """A sequence beyond context_length raises ValueError that names both lengths."""
        with raises(ValueError, naming=f"context_length {C + 1} {C}"):
            ask(small(), np.zeros((1, C + 1), np.int64))

    @pytest.mark.parametrize("shape", [(3,), (1, 0), (1, 2, 3)])
    def test_sequences_have_two_axes_and_are_not_empty(self, shape):
        """Anything but (N, T) with T at least 1 raises ValueError that names the shape."""
        with raises(ValueError, naming=str(shape)):
            ask(small(), np.zeros(shape, np.int64))

    @pytest.mark.parametrize("outside", [-1, V])
    def test_ids_must_be_in_the_vocabulary(self, outside):
        """An id outside [0, V) raises IndexError that names it, in forward and anywhere in a prompt."""
        long = np.array([[outside, *[0] * C]])
        for action, ids in ((small(), long[:, :2]), (lambda ids: small().generate(ids, 1), long)):
            with raises(IndexError, naming=str(outside)):
                ask(action, ids)

    @pytest.mark.parametrize("prompt", [np.zeros((1, 0), np.int64), [], [[]], [1, 2]])
    def test_a_prompt_is_not_empty(self, prompt):
        """generate raises ValueError that names prompt, if it is empty or not (N, T)."""
        with raises(ValueError, naming="prompt"):
            ask(small().generate, prompt, 3)

    def test_counts_and_choices_are_checked(self):
        """A negative max_new_tokens, a negative temperature or top_k of 0 raise ValueError."""
        with raises(ValueError, naming="max_new_tokens -1"):
            ask(small().generate, [[1]], -1)
        with raises(ValueError, naming="temperature"):
            ask(small().generate, [[1]], 1, temperature=-0.5)
        with raises(ValueError, naming="top_k"):
            ask(small().generate, [[1]], 1, top_k=0)

    @pytest.mark.parametrize("dtype", [np.int64, np.uint8])
    def test_vectors_of_integers(self, dtype):
        """layer_norm of integers is a TypeError that names the dtype."""
        with raises(TypeError, naming=np.dtype(dtype).name):
            call(layer_norm, np.array([[1, 3]], dtype), np.ones(2), np.zeros(2))

    def test_widths_must_fit(self):
        """LayerNorm raises ValueError for a size below 1, and for vectors of another length."""
        with raises(ValueError, naming="normalized_shape 0"):
            LayerNorm(0)
        for shape in ((2, 3), (2, 1), (1,)):
            with raises(ValueError, naming=f"4 {shape}"):
                ask(LayerNorm(4), Tensor(np.zeros(shape, np.float32)))
