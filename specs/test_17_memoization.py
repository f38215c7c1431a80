"""Specs of 17 memoization."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from specs.framework import lazy, resolve
from specs.laws import ask, assert_close, assert_dtype, assert_equal, assert_shape, expect, raises
from specs.models import assert_not_recorded, watch
from specs.oracles import transformers as oracle
from specs.seeded import check_draws, normal, randomize
from specs.strategies import seeds

KVCache, cached_logits, cached_generate = lazy(
    "memoization", "KVCache", "cached_logits", "cached_generate"
)
GPT, GPTConfig = lazy("transformers", "GPT", "GPTConfig")
count_flops = lazy("profiling", "count_flops")
no_grad = lazy("autograd", "no_grad")
Tensor = lazy("tensor", "Tensor")

V, C, LAYERS, HEADS, D = 7, 10, 2, 2, 4


def small(seed=0, context=C, **options):
    """A float64 GPT of a few hundred parameters, all of them drawn anew."""
    config = GPTConfig(V, context, D, HEADS, LAYERS, **options)
    model = GPT(config, generator=np.random.default_rng(seed), dtype=np.float64)
    return randomize(model, seed).eval()


def cache_of(batch=1, capacity=C):
    return KVCache(LAYERS, batch, HEADS, D // HEADS, capacity, np.float64)


def heads(seed, batch, count):
    """Keys or values of new places."""
    return normal(seed, batch, HEADS, count, D // HEADS)


class TestCache:
    """remember keys and values"""

    def test_begins_empty(self):
        """A new cache holds nothing, and has its memory: 2 · L · N · H · C · d numbers, of float32."""
        cache = ask(KVCache, 3, 2, 4, 5, 6)
        assert_equal((cache.length, cache.capacity), (0, 6))
        assert_shape(cache.keys, (3, 2, 4, 6, 5))
        assert_shape(cache.values, (3, 2, 4, 6, 5))
        assert_equal(cache.nbytes, 2 * 4 * 3 * 2 * 4 * 6 * 5)

    def test_fits_a_model(self):
        """for_model has the model's blocks, heads, context and dtype."""
        cache = ask(resolve(KVCache).for_model, small(), 3)
        assert_shape(cache.keys, (LAYERS, 3, HEADS, C, D // HEADS))
        assert_dtype(cache.values, np.float64)

    @given(st.lists(st.integers(1, 3), min_size=1, max_size=4), seeds())
    def test_gives_back_all_that_was_put(self, counts, seed):
        """put returns all that this block has put so far, in order, with the new places at the end."""
        cache = cache_of(2, capacity=12)
        put = {layer: ([], []) for layer in range(LAYERS)}
        for number, count in enumerate(counts):
            for layer in range(LAYERS):
                new = [heads(seed + 10 * number + layer + k, 2, count) for k in (0, 100)]
                got = ask(cache.put, layer, *new)
                for so_far, part, found in zip(put[layer], new, got, strict=True):
                    so_far.append(part)
                    assert_equal(found, np.concatenate(so_far, axis=2))
            ask(cache.advance, count)
        assert_equal(cache.length, sum(counts))

    def test_copies_nothing(self):
        """put returns views of the cache's own memory."""
        cache = cache_of()
        keys, values = ask(cache.put, 0, heads(0, 1, 2), heads(1, 1, 2))
        expect(np.shares_memory(keys, cache.keys), "a view of keys", "a copy")
        expect(np.shares_memory(values, cache.values), "a view of values", "a copy")

    def test_places_count_once_all_blocks_have_them(self):
        """put leaves length as it is; advance counts the places."""
        cache = cache_of()
        ask(cache.put, 0, heads(0, 1, 2), heads(1, 1, 2))
        assert_equal(cache.length, 0)
        keys, _ = ask(cache.put, 1, heads(2, 1, 2), heads(3, 1, 2))
        assert_shape(keys, (1, HEADS, 2, D // HEADS))
        ask(cache.advance, 2)
        assert_equal(cache.length, 2)

    def test_reset_forgets(self):
        """After reset nothing is held, and the memory is the same."""
        cache = cache_of()
        memory = cache.keys
        ask(cache.put, 0, heads(0, 1, 3), heads(1, 1, 3))
        ask(cache.advance, 3)
        ask(cache.reset)
        assert_equal(cache.length, 0)
        keys, _ = ask(cache.put, 0, heads(5, 1, 1), heads(6, 1, 1))
        assert_equal(keys, heads(5, 1, 1))
        expect(cache.keys is memory, "the same memory", "another array")


class TestLogits:
    """the same scores, only the new ones"""

    @given(st.lists(st.integers(1, 4), min_size=1, max_size=4), st.integers(1, 3), seeds())
    def test_equal_those_without_a_cache(self, counts, batch, seed):
        """Read in pieces of any length, every place gets the logits of the whole text at once."""
        counts = [count for i, count in enumerate(counts) if sum(counts[: i + 1]) <= C]
        model, cache = small(seed), cache_of(batch)
        text = np.random.default_rng(seed).integers(0, V, (batch, sum(counts)))
        whole = oracle.gpt(text, model.state_dict(), HEADS, LAYERS) if counts else text
        start = 0
        for count in counts:
            got = ask(cached_logits, model, text[:, start : start + count], cache)
            assert_close(got, whole[:, start : start + count])
            start += count
            assert_equal(cache.length, start)

    @given(seeds())
    def test_rows_are_independent(self, seed):
        """Each text of a batch gets what it would get alone with its own cache."""
        model = small(seed)
        text = np.random.default_rng(seed).integers(0, V, (3, 5))
        cache = cache_of(3)
        together = [
            ask(cached_logits, model, text[:, :3], cache),
            ask(cached_logits, model, text[:, 3:], cache),
        ]
        for row in range(3):
            alone = cache_of(1)
            for part, new in zip(together, (text[:, :3], text[:, 3:]), strict=True):
                assert_close(
                    part[row : row + 1], ask(cached_logits, model, new[row : row + 1], alone)
                )

    def test_records_nothing(self):
        """Logits are plain arrays, and no graph is made."""
        model = small()
        seen = watch(model.ln_f)
        got = ask(cached_logits, model, np.array([[1, 2]]), cache_of())
        expect(isinstance(got, np.ndarray), "an ndarray", type(got).__name__)
        assert_not_recorded(seen)

    def test_stay_right_over_any_steps(self):
        """Reading, resetting, failing, in any order: the next logits are those of the whole text."""

        class Reading(RuleBasedStateMachine):
            @initialize(seed=st.integers(0, 3))
            def begin(self, seed):
                self.model, self.cache, self.text = small(seed), cache_of(), []

            @rule(new=st.lists(st.integers(0, V - 1), min_size=1, max_size=4))
            def read(self, new):
                if len(self.text) + len(new) > C:
                    with raises(ValueError, naming=f"{C}"):
                        ask(cached_logits, self.model, [new], self.cache)
                    return
                self.text += new
                got = ask(cached_logits, self.model, [new], self.cache)
                whole = oracle.gpt(np.array([self.text]), self.model.state_dict(), HEADS, LAYERS)
                assert_close(got, whole[:, -len(new) :])

            @rule()
            def reset(self):
                ask(self.cache.reset)
                self.text = []

            @precondition(lambda self: len(self.text) < C)  # else there is no room for it, either
            @rule()
            def fail(self):
                with raises(IndexError):
                    ask(cached_logits, self.model, [[V]], self.cache)

        few = settings(max_examples=max(5, settings().max_examples // 5), stateful_step_count=8)
        run_state_machine_as_test(Reading, settings=few)


class TestGeneration:
    """generate without reading again"""

    @given(st.integers(1, 4), st.integers(0, 6), st.integers(1, 3), seeds())
    def test_greedy_text_is_that_of_generate(self, length, count, batch, seed):
        """cached_generate(temperature=0) always takes the token with the highest logit."""
        model = small(seed)
        expected = prompt = np.random.default_rng(seed).integers(0, V, (batch, length))
        for _ in range(count):
            logits = oracle.gpt(expected, model.state_dict(), HEADS, LAYERS)[:, -1]
            expected = np.concatenate([expected, logits.argmax(axis=-1)[:, None]], axis=1)
        got = ask(cached_generate, model, prompt, count, temperature=0)
        assert_dtype(got, np.int64)
        assert_equal(got, expected)

    @given(st.sampled_from([0.5, 2.0]), st.sampled_from([None, 2]), seeds())
    def test_draws_as_generate_does(self, temperature, top_k, seed):
        """With equal generators the text equals that of GPT.generate, token by token."""
        model, prompt = small(seed), [[1, 2], [3, 4]]
        texts = [
            ask(write, *first, prompt, 7, temperature, top_k, np.random.default_rng(seed))
            for write, first in ((cached_generate, [model]), (model.generate, []))
        ]
        assert_equal(texts[0], texts[1])

    def test_draws_from_the_generator_or_the_common_one(self):
        """Texts are drawn from the given generator, or else from that of manual_seed, at temperature 1."""
        model, prompt = small(), [[1, 2], [3, 4]]
        texts = [
            ask(cached_generate, model, prompt, 8, *options, generator=np.random.default_rng(0))
            for options in ((), (1.0, None))
        ]
        assert_equal(*texts)
        check_draws(lambda **given: ask(cached_generate, model, prompt, 8, temperature=9, **given))

    @given(seeds())
    def test_stops_as_generate_does(self, seed):
        """Rows end at stop and are filled with it; once all have ended, nothing more is added."""
        model, prompt = small(seed), [[0], [1], [2]]
        free = ask(cached_generate, model, prompt, 8, temperature=0)
        stop = int(free[0, 3])
        got = ask(cached_generate, model, prompt, 8, temperature=0, stop=stop)
        assert_equal(got, model.generate(np.array(prompt), 8, temperature=0, stop=stop))

    def test_keeps_the_mode_and_drops_nothing(self):
        """Nothing is dropped meanwhile, whatever the model's mode, which stays, even after errors."""
        model = small(1, dropout=0.9).train()
        first = ask(cached_generate, model, [[1, 2]], 6, temperature=0)
        assert_equal(ask(cached_generate, model, [[1, 2]], 6, temperature=0), first)
        with raises(ValueError, naming="temperature"):
            ask(cached_generate, model, [[1]], 2, temperature=-1)
        expect(all(module.training for module in model.modules()), "training mode", "eval mode")


class TestCost:
    """what the cache saves"""

    def test_a_token_costs_its_attention_alone(self):
        """Operations for one more token grow by the same amount with each place before it."""
        model, cache, costs = small(context=40), cache_of(capacity=40), []
        for _ in range(30):
            costs.append(ask(count_flops, cached_logits, model, [[1]], cache))
        growth = np.diff(costs)
        expect(len(set(growth.tolist())) == 1, "the same growth at every place", growth)
        expect(
            growth[0] > 0, "a cost that grows: attention with Tensors, which are counted", growth[0]
        )
        expect(
            costs[-1] < 3 * costs[0], f"less than {3 * costs[0]}, three times the first", costs[-1]
        )

    def test_long_texts_get_much_cheaper(self):
        """For 64 tokens, operations are at least ten times fewer than without a cache."""
        model = small(context=65)
        cached = ask(count_flops, cached_generate, model, [[1]], 64, 0)
        plain = ask(count_flops, model.generate, [[1]], 64, 0)
        expect(10 * cached <= plain, f"at most {plain // 10}", cached)

    def test_each_token_is_read_once(self):
        """The prompt goes through the blocks at once, and then one token at a time."""
        model, read = small(), []
        forward = model.ln_f.forward
        model.ln_f.forward = lambda x: read.append(x.shape[1]) or forward(x)
        ask(cached_generate, model, [[1, 2, 3]], 5, temperature=0)
        assert_equal(read, [3, 1, 1, 1, 1])


class TestTime:
    """faster with the cache"""

    def test_one_more_token_takes_a_fifth_of_the_time(self, stopwatch):
        """With 511 tokens in the cache, the next one is at least 5 times as fast as reading all 512 again."""
        model = GPT(GPTConfig(64, 512, 64, 2, 1), generator=np.random.default_rng(0)).eval()
        text, cache = Tensor(np.zeros((1, 512), np.int64)), resolve(KVCache).for_model(model, 1)
        read, one = resolve(cached_logits), np.zeros((1, 1), np.int64)
        ask(read, model, text.data[:, :511], cache)

        def again():
            cache.length = 511
            read(model, one, cache)

        def anew():
            with no_grad():
                model(text)

        again()
        stopwatch.assert_faster(again, anew, 5, "GPT.forward on the whole text")


class TestBadInput:
    """what does not fit"""

    @pytest.mark.parametrize("name", ["num_layers", "batch", "num_heads", "head_dim", "capacity"])
    def test_sizes_are_at_least_one(self, name):
        """KVCache raises ValueError that names a size below 1."""
        sizes = {"num_layers": 1, "batch": 1, "num_heads": 1, "head_dim": 1, "capacity": 1}
        with raises(ValueError, naming=f"{name} 0"):
            KVCache(**(sizes | {name: 0}))

    def test_a_full_cache_says_so(self):
        """put, advance and cached_logits raise ValueError that names the capacity; nothing changes."""
        cache, model = cache_of(capacity=3), small()
        before = ask(cached_logits, model, [[1, 2]], cache)
        for action in (
            lambda: cache.put(0, heads(0, 1, 2), heads(0, 1, 2)),
            lambda: cache.advance(2),
            lambda: cached_logits(model, [[1, 2]], cache),
        ):
            with raises(ValueError, naming="2 3"):
                ask(action)
        assert_equal(cache.length, 2)
        got = ask(cached_logits, model, [[4]], cache)
        whole = oracle.gpt(np.array([[1, 2, 4]]), model.state_dict(), HEADS, LAYERS)
        assert_close(np.concatenate([before, got], axis=1), whole)

    def test_shapes_are_checked(self):
        """Wrong heads, widths or numbers of texts raise ValueError that names shapes; nothing is written."""
        for key, value in (
            (heads(0, 2, 1), heads(0, 2, 1)),
            (heads(0, 1, 1)[..., :1], heads(0, 1, 1)),
            (heads(0, 1, 1), heads(0, 1, 2)),
            (heads(0, 1, 1)[0], heads(0, 1, 1)[0]),
            (heads(0, 1, 1)[0, 0], heads(0, 1, 1)[0, 0]),
        ):
            cache = cache_of()
            with raises(ValueError, naming="1 2"):
                ask(cache.put, 0, key, value)
            expect(not cache.keys.any(), "a cache as it was", cache.keys)
        for shape in ((3,), (1, 0), (2, 2)):
            with raises(ValueError, naming=str(shape)):
                ask(cached_logits, small(), np.zeros(shape, np.int64), cache_of())

    @pytest.mark.parametrize("outside", [-1, V])
    def test_ids_must_be_in_the_vocabulary(self, outside):
        """An id outside [0, V) raises IndexError that names it, and the cache stays as it was."""
        cache = cache_of()
        with raises(IndexError, naming=str(outside)):
            ask(cached_logits, small(), [[outside]], cache)
        assert_equal(cache.length, 0)
        with raises(IndexError, naming=str(outside)):
            ask(cached_generate, small(), [[outside]], 1)

    def test_texts_must_fit_into_the_context(self):
        """A prompt and new tokens beyond the context raise ValueError that names both numbers."""
        assert_shape(ask(cached_generate, small(), [[1, 2]], C - 2), (1, C))
        with raises(ValueError, naming=f"2 {C - 1}"):
            ask(cached_generate, small(), [[1, 2]], C - 1)

    def test_prompts_are_checked(self):
        """An empty prompt, or a negative max_new_tokens, raises ValueError that names it."""
        for prompt in ([], [[]], [1, 2]):
            with raises(ValueError, naming="prompt"):
                ask(cached_generate, small(), prompt, 1)
        with raises(ValueError, naming="max_new_tokens -1"):
            ask(cached_generate, small(), [[1]], -1)
