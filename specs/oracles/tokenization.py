"""Byte-pair encoding the slow way: all pairs are counted anew before every merge."""

import re
from collections.abc import Sequence

Word = tuple[int, ...]
Pair = tuple[int, int]

WORD = re.compile(r" ?\S+|\s+(?!\S)|\s+")


def neighbors(word: Word) -> list[Pair]:
    """All pairs of neighbors, one after the other."""
    return [(word[i], word[i + 1]) for i in range(len(word) - 1)]


def replaced(word: Word, pair: Word, token: int) -> Word:
    """``token`` for every ``pair``, by going through the word once."""
    result: list[int] = []
    rest = list(word)
    while rest:
        if tuple(rest[:2]) == pair:
            result, rest = [*result, token], rest[2:]
        else:
            result, rest = [*result, rest[0]], rest[1:]
    return tuple(result)


def train(text: str, vocab_size: int) -> list[Pair]:
    """The merges."""
    words: list[Word] = [tuple(word.encode("utf-8")) for word in WORD.findall(text)]
    merges: list[Pair] = []
    while len(merges) < vocab_size - 256:
        counts: dict[Pair, int] = {}
        for word in words:
            for pair in neighbors(word):
                counts[pair] = counts.get(pair, 0) + 1
        if not counts or max(counts.values()) < 2:
            break
        pair = sorted(counts, key=lambda p: (-counts[p], p))[0]
        words = [replaced(word, pair, 256 + len(merges)) for word in words]
        merges.append(pair)
    return merges


def encode(text: str, merges: Sequence[Sequence[int]]) -> list[int]:
    """Every merge in the order learned, over all of each word."""
    ids: list[int] = []
    for word in WORD.findall(text):
        tokens: Word = tuple(word.encode("utf-8"))
        for rank, pair in enumerate(merges):
            tokens = replaced(tokens, tuple(pair), 256 + rank)
        ids += tokens
    return ids
