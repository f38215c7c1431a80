"""Text on plain arrays: the tokens, the operations and the errors of `cached_generate`."""

from __future__ import annotations

import numpy as np
import pytest

PROMPT = np.array([[1, 2, 3], [7, 7, 0]])


@pytest.fixture
def model(reference):
    reference.manual_seed(0)
    model = reference.GPT(reference.GPTConfig(9, 16, 8, 2, 2, dropout=0.5))
    generator = np.random.default_rng(0)
    for parameter in model.parameters():
        if parameter.ndim == 2:  # so large that the next token depends on the text
            parameter.data[...] = generator.standard_normal(parameter.shape)
    return model


@pytest.mark.parametrize("rows", [1, 2])
@pytest.mark.parametrize("options", [{"temperature": 0}, {"top_k": 5}, {"temperature": 3.0}])
def test_the_tokens_are_those_of_cached_generate(reference, model, rows, options):
    ways = (reference.cached_generate, reference.fused_generate)
    texts = [way(model, PROMPT[:rows], 12, **options, generator=draws()) for way in ways]
    assert texts[0].shape == (rows, 15)
    np.testing.assert_array_equal(*texts)


def draws():
    return np.random.default_rng(5)


def test_a_text_ends_at_its_stop(reference, model):
    free = reference.fused_generate(model, PROMPT, 12, temperature=0)
    for stop in np.unique(free[:, 3:]):
        ways = (reference.cached_generate, reference.fused_generate)
        np.testing.assert_array_equal(
            *[way(model, PROMPT, 12, temperature=0, stop=stop) for way in ways]
        )


def test_half_precision_and_layers_without_a_bias(reference, model):
    model.blocks[0].mlp.fc = reference.Linear(8, 32, bias=False)
    model.blocks[1].attn.in_proj_bias = None
    for made in (model, reference.to_half(model)):
        ways = (reference.cached_generate, reference.fused_generate)
        np.testing.assert_array_equal(*[way(made, PROMPT, 8, temperature=0) for way in ways])


def test_the_model_may_be_trained_on(reference, model):
    modes = [part.training for part in model.modules()]
    before = reference.fused_generate(model, PROMPT, 8, temperature=0)
    assert [part.training for part in model.modules()] == modes
    model.position.weight.data[...] *= -1
    after = reference.fused_generate(model, PROMPT, 8, temperature=0)
    assert (before != after).any()


@pytest.mark.parametrize("rows", [1, 2])
def test_it_counts_as_many_operations(reference, model, rows):
    counted = [
        reference.count_flops(way, model, PROMPT[:rows], 12, 0)
        for way in (reference.cached_generate, reference.fused_generate)
    ]
    assert counted[0] == counted[1] > 0


def test_a_token_is_one_operation(reference, model):
    seen = []
    with reference.profiling.observed(lambda op, *_: seen.append(op.__name__)):
        reference.fused_generate(model, PROMPT, 12, temperature=0)
    assert seen == ["fused_logits"] * 12


def test_a_part_of_another_class_is_refused(reference, model):
    small = reference.quantize_model(model, [PROMPT])
    with pytest.raises(
        TypeError, match=r"blocks\.0\.attn.* QuantizedLinear, .*use cached_generate"
    ):
        reference.fused_generate(small, PROMPT, 1)
    model.blocks[1].mlp.forward = lambda x: x
    with pytest.raises(
        TypeError, match=r"blocks\.1\.mlp, of class MLP, computes in a way of its own"
    ):
        reference.fused_generate(model, PROMPT, 1)


@pytest.mark.parametrize(
    ("error", "says", "prompt", "count"),
    [
        (IndexError, "prompt must be in .* got 9", [[9]], 1),
        (ValueError, r"prompt must have shape \(N, T\)", [1, 2], 1),
        (ValueError, "prompt must have shape", np.zeros((1, 0), int), 1),
        (ValueError, "max_new_tokens .* got -1", [[1]], -1),
        (ValueError, "max_new_tokens .* context_length 16 - 2 .* got 15", [[1, 2]], 15),
        (ValueError, "batch must be at least 1", np.zeros((0, 2), int), 1),
    ],
)
def test_a_wrong_argument_is_named(reference, model, error, says, prompt, count):
    with pytest.raises(error, match=says):
        reference.fused_generate(model, prompt, count)
    with pytest.raises(error):
        reference.cached_generate(model, prompt, count)


def test_nothing_is_added_to_a_full_text(reference, model):
    full = np.zeros((1, 16), int)
    np.testing.assert_array_equal(reference.fused_generate(model, full, 0), full)
