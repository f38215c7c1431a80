"""Byte pairs, ours and those of Hugging Face's tokenizers, which are written in Rust."""

from __future__ import annotations

import numpy as np

import tinytorch as tt

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
    return lambda: tt.BPETokenizer().train(text, vocabulary)


def their_training_of(text, vocabulary):
    return lambda: trained(text, vocabulary)


def trained(text, vocabulary):
    """A tokenizer of bytes, which leaves them as they are and splits at spaces."""
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
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
    return lambda: tokenizer.encode(text)


def their_encoding():
    """A new tokenizer for each call would have to be trained; its cache of words is emptied instead."""
    text = talks()
    tokenizer = trained(text, VOCABULARY)
    return lambda: (tokenizer.model._clear_cache(), tokenizer.encode(text).ids)


def our_word():
    word = long_word()
    tokenizer = tt.BPETokenizer().train(word[:LEARNED], VOCABULARY)
    return lambda: tokenizer.encode(word)


def their_word():
    word = long_word()
    tokenizer = trained(word[:LEARNED], VOCABULARY)
    return lambda: tokenizer.encode(word).ids
