"""Byte-pair encoding the slow way: all pairs are counted anew before every merge."""

import re

WORD = re.compile(r" ?\S+|\s+(?!\S)|\s+")


def neighbours(word):
    """All pairs of neighbours, one after the other."""
    return [(word[i], word[i + 1]) for i in range(len(word) - 1)]


def replaced(word, pair, token):
    """``token`` for every ``pair``, by going through the word once."""
    result, rest = [], list(word)
    while rest:
        if tuple(rest[:2]) == pair:
            result, rest = [*result, token], rest[2:]
        else:
            result, rest = [*result, rest[0]], rest[1:]
    return tuple(result)


def train(text, vocab_size):
    """(merges, how many different words held the pair of each merge)."""
    words = [tuple(word.encode("utf-8")) for word in WORD.findall(text)]
    merges, holding = [], []
    while len(merges) < vocab_size - 256:
        counts = {}
        for word in words:
            for pair in neighbours(word):
                counts[pair] = counts.get(pair, 0) + 1
        if not counts or max(counts.values()) < 2:
            break
        pair = sorted(counts, key=lambda p: (-counts[p], p))[0]
        holding.append(len({word for word in words if pair in neighbours(word)}))
        words = [replaced(word, pair, 256 + len(merges)) for word in words]
        merges.append(pair)
    return merges, holding


def encode(text, merges):
    """Every merge in the order learnt, over all of each word."""
    ids = []
    for word in WORD.findall(text):
        tokens = tuple(word.encode("utf-8"))
        for rank, pair in enumerate(merges):
            tokens = replaced(tokens, tuple(pair), 256 + rank)
        ids += tokens
    return ids
