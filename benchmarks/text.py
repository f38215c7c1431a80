"""Byte pairs, ours and those of Hugging Face's tokenizers, which are written in Rust.

Of pairs that are equally frequent they take others, so numbers of tokens are compared, not ids.
"""

from __future__ import annotations

import numpy as np

import tinytorch as tt
from tinytorch.tokenization import WORD

VOCABULARY = 768
CHINESE, CHINESE_VOCABULARY = 5_000, 1_256
LONG, LEARNED = 100_000, 10_000


def talks():
    return tt.TinyTalks("train").text()


def letters(count, kinds, first):
    """One word of letters by chance."""
    drawn = np.random.default_rng(0).integers(0, kinds, count)
    return "".join(chr(ord(first) + letter) for letter in drawn)


def chinese():
    return letters(CHINESE, 3_000, "一")


def long_word():
    return letters(LONG, 10, "a")


def our_training_of(text, vocabulary):
    return lambda: tt.BPETokenizer().train(text, vocabulary).vocab_size


def their_training_of(text, vocabulary):
    return lambda: trained(text, vocabulary).get_vocab_size()


def trained(text, vocabulary):
    """A tokenizer of bytes, with words that are the same as ours."""
    from tokenizers import Regex, Tokenizer, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    words = pre_tokenizers.Split(Regex(WORD.pattern), "isolated")
    in_bytes = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([words, in_bytes])
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        min_frequency=2,
        show_progress=False,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
    )
    tokenizer.train_from_iterator([text], trainer)
    return tokenizer


def our_training():
    return our_training_of(talks(), VOCABULARY)


def their_training():
    return their_training_of(talks(), VOCABULARY)


def our_chinese():
    return our_training_of(chinese(), CHINESE_VOCABULARY)


def their_chinese():
    return their_training_of(chinese(), CHINESE_VOCABULARY)


def our_encoding():
    text = talks()
    tokenizer = tt.BPETokenizer().train(text, VOCABULARY)
    return lambda: len(tokenizer.encode(text))


def their_encoding():
    """What it remembers of earlier texts is forgotten each time."""
    text = talks()
    tokenizer = trained(text, VOCABULARY)

    def encode():
        tokenizer.model._clear_cache()
        return len(tokenizer.encode(text).ids)

    return encode


def our_word():
    word = long_word()
    tokenizer = tt.BPETokenizer().train(word[:LEARNED], VOCABULARY)
    return lambda: len(tokenizer.encode(word))


def their_word():
    word = long_word()
    tokenizer = trained(word[:LEARNED], VOCABULARY)
    return lambda: len(tokenizer.encode(word).ids)
