"""The work of byte-pair encoding grows with the text, and no faster: lines of Python are counted."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from pytest_tinytorch.evidence import implementation, importing
from tests.support import kit

AT_MOST = 1.1
"""The exponent: n log n between these sizes has 1.13, n 1."""

SIZES = (1_000, 4_000)


@pytest.fixture
def tokenization():
    importing.install_finder(implementation.Implementation(kit.REFERENCE, kit.REFERENCE))
    try:
        from tinytorch import tokenization

        yield tokenization
    finally:
        importing.uninstall_finder()


def lines_run(action, module):
    """How many lines of a module an action runs; what C does for a line counts as that line."""
    count = 0

    def line(frame, event, argument):
        nonlocal count
        count += event == "line"
        return line

    def call(frame, event, argument):
        return line if frame.f_code.co_filename == module.__file__ else None

    before = sys.gettrace()
    sys.settrace(call)
    try:
        action()
    finally:
        sys.settrace(before)
    return count


def exponent(sizes, costs):
    """The slope of a straight line through the points, both axes logarithmic."""
    return np.polyfit(np.log(sizes), np.log(costs), 1)[0]


def letters(size, kinds, first="a"):
    """One word of letters by chance."""
    drawn = np.random.default_rng(0).integers(0, kinds, size)
    return "".join(chr(ord(first) + letter) for letter in drawn)


TEXTS = {
    "the same letter": lambda size: "a" * size,
    "four letters": lambda size: letters(size, 4),
    "Chinese, without a space": lambda size: letters(size, 300, first="一"),
    "short words": lambda size: letters(size, 8).replace("a", " "),
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_training(text, tokenization):
    """As many merges as the text has: they grow with it."""
    costs = [
        lines_run(lambda n=n: tokenization.BPETokenizer().train(text(n), 10**6), tokenization)
        for n in SIZES
    ]
    assert costs[0] > SIZES[0]
    assert exponent(SIZES, costs) <= AT_MOST


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_encoding(text, tokenization):
    """One tokenizer that knows the longest text by heart, so that as much as can be is merged."""
    tokenizer = tokenization.BPETokenizer().train(text(SIZES[-1]), 10**6)
    costs = [lines_run(lambda n=n: tokenizer.encode(text(n)), tokenization) for n in SIZES]
    assert costs[0] > SIZES[0] / 2
    assert exponent(SIZES, costs) <= AT_MOST


def test_work_that_grows_faster_is_noticed(tokenization):
    """Whole words merged for each pair of them: the way to do it without a heap."""

    def encode(word):
        ids = tuple(word.encode())
        while known := set(tokenization.pairs_of(ids)) & tokenizer.ranks.keys():
            first = min(known, key=tokenizer.ranks.get)
            ids = tokenization.merge(ids, first, 256 + tokenizer.ranks[first])

    tokenizer = tokenization.BPETokenizer().train(TEXTS["four letters"](SIZES[-1]), 10**6)
    costs = [lines_run(lambda n=n: encode(TEXTS["four letters"](n)), tokenization) for n in SIZES]
    assert exponent(SIZES, costs) > AT_MOST
