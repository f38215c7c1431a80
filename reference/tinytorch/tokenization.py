"""10 · Tokenization: text as numbers, by characters and by byte pairs."""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from heapq import heappop, heappush
from itertools import pairwise
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from tinytorch.primitive import Array

UNKNOWN = "\N{REPLACEMENT CHARACTER}"
"""Represents every character that was not in the training text."""

WORD = re.compile(r" ?\S+|\s+(?!\S)|\s+")
"""A word with the space before it, or white space: every character of a text is in one match."""


def check_text(text: str, name: str = "text") -> None:
    """Text is a str that UTF-8 can encode; half a surrogate pair is not."""
    if not isinstance(text, str):
        raise TypeError(f"{name} must be a str, got {type(text).__name__}")
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        found = text[error.start]
        raise ValueError(
            f"{name} cannot be encoded: {found!r} at position {error.start} is no character"
        ) from None


def check_ids(ids: ArrayLike, vocab_size: int) -> Array:
    """Token ids as an int64 array; IndexError names one that is not in [0, vocab_size)."""
    ids = np.asarray(getattr(ids, "data", ids) if not isinstance(ids, np.ndarray) else ids)
    if ids.size and ids.dtype.kind not in "iu":
        raise TypeError(f"ids must be integers, got dtype {ids.dtype}")
    for outside in ids[(ids < 0) | (ids >= vocab_size)].ravel()[:1]:
        raise IndexError(f"ids must be in [0, {vocab_size}), got {outside}")
    return ids.astype(np.int64)


class Tokenizer:
    """Turns text into token ids and back. Subclasses say how, and what to save."""

    # Both are methods of each subclass.
    state: Callable[[], dict[str, Any]]
    from_state: Callable[[Mapping[str, Any]], Self]

    def save(self, path: str | Path) -> None:
        """Write the tokenizer to a file, as JSON in UTF-8.

        The object has a ``"type"``, the name of the class, and what `state` gives. Write another file
        beside it first and then move that into place, so that nobody ever reads half a file.
        """
        path = Path(path)
        text = json.dumps({"type": type(self).__name__, **self.state()}, indent=1)
        part = path.with_name(f"{path.name}.part")
        part.write_text(text + "\n", encoding="utf-8")
        part.replace(path)

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """The tokenizer that was saved to a file.

        Raises:
            FileNotFoundError: there is no such file.
            ValueError: the file is not JSON, has another type or is damaged; the message names it.
        """
        try:
            table = json.loads(Path(path).read_text(encoding="utf-8"))
        except ValueError as error:
            raise ValueError(f"{path} is not JSON: {error}") from None
        kind = table.get("type") if isinstance(table, dict) else None
        if kind != cls.__name__:
            raise ValueError(f"{path} holds no {cls.__name__}: its type is {kind!r}")
        try:
            return cls.from_state(table)
        except (KeyError, TypeError, ValueError, IndexError) as error:
            raise ValueError(f"{path} is damaged: {type(error).__name__} {error}") from None


class CharTokenizer(Tokenizer):
    """One token for each character of the training text.

    Attributes:
        characters: the character of each id: `UNKNOWN` first, then those seen, by code point.
        vocab_size: how many there are.

    >>> tokenizer = CharTokenizer().train("banana")
    >>> tokenizer.encode("nab")
    array([3, 1, 2])
    >>> tokenizer.decode([2, 1, 3])
    'ban'
    """

    def __init__(self, characters: Iterable[str] = (UNKNOWN,)) -> None:
        """Remember the characters and which id each has."""
        self.characters = list(characters)
        self.ids = {character: i for i, character in enumerate(self.characters)}

    @property
    def vocab_size(self) -> int:
        """How many different tokens there are."""
        return len(self.characters)

    def train(self, text: str) -> Self:
        """Give each character of ``text`` an id, in the order of code points; returns the tokenizer.

        The ids depend only on which characters occur. `UNKNOWN` is 0 even if the text has it.
        """
        check_text(text)
        self.__init__([UNKNOWN, *sorted(set(text) - {UNKNOWN})])  # type: ignore[misc]  # start anew
        return self

    def encode(self, text: str, errors: str = "strict") -> Array:
        """The id of each character, int64 (N,).

        Args:
            text: a str.
            errors: what to do with a character that has no id: "strict" raises ValueError and
                names the character and its position, "replace" gives it the id of UNKNOWN.
        Raises:
            TypeError: ``text`` is not a str; the message names ``text``.
            ValueError: as above; or UTF-8 cannot encode the text, and the message names the position;
                or ``errors`` is something else, and the message names ``errors``.
        """
        check_text(text)
        if errors not in ("strict", "replace"):
            raise ValueError(f"errors must be 'strict' or 'replace', got {errors!r}")
        for position, character in enumerate(text):
            if errors == "strict" and character not in self.ids:
                raise ValueError(
                    f"{character!r} at position {position} of text was not in the training text"
                )
        return np.array([self.ids.get(character, 0) for character in text], np.int64)  # (N,)

    def decode(self, ids: ArrayLike) -> str:
        """The text of a list, array or Tensor of ids.

        Raises:
            IndexError: an id is not in [0, vocab_size); the message names it.
            TypeError: an id has a fraction.
        """
        return "".join(self.characters[i] for i in check_ids(ids, self.vocab_size).ravel())

    def state(self) -> dict[str, Any]:
        """What to save."""
        return {"characters": self.characters}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Self:
        """A tokenizer made from what was saved."""
        characters = state["characters"]
        single = all(isinstance(c, str) and len(c) == 1 for c in characters)
        if not single or len(set(characters)) != len(characters) or characters[:1] != [UNKNOWN]:
            raise ValueError("characters are not single, different, and UNKNOWN first")
        return cls(characters)


def pairs_of(word: Iterable[int]) -> Counter[tuple[int, int]]:
    """How often each pair of neighbors occurs in a word, a sequence of ids.

    >>> sorted(pairs_of((7, 7, 7, 5)).items())
    [((7, 5), 1), ((7, 7), 2)]
    """
    return Counter(pairwise(word))


def merge(word: Sequence[int], pair: tuple[int, int], token: int) -> tuple[int, ...]:
    """A word in which ``token`` replaces each occurrence of ``pair``, from left to right.

    >>> merge((7, 7, 7, 5), (7, 7), 256)
    (256, 7, 5)
    """
    merged = []
    position = 0
    while position < len(word):
        if tuple(word[position : position + 2]) == tuple(pair):
            merged.append(token)
            position += 2
        else:
            merged.append(word[position])
            position += 1
    return tuple(merged)


def most_frequent(counts: Mapping[tuple[int, int], int]) -> tuple[int, int]:
    """The pair with the highest count; if several have it, the one with the smallest ids.

    >>> most_frequent({(5, 6): 2, (1, 9): 3, (1, 7): 3})
    (1, 7)
    """
    highest = max(counts.values())
    return min(pair for pair, count in counts.items() if count == highest)


class Chain:
    """Words as chains of tokens: two neighbors become one, and no other token has to move.

    All words are in one row of places, with an empty place after each word. A token that is merged into its
    left neighbor leaves an empty place too, and the chain skips it.

    Attributes:
        ids: the token at each place; None if it is empty.
        left, right: for each place, where its neighbors are.
        starts: the place at which each word begins.

    >>> chain = Chain([(7, 7, 7, 5)])
    >>> chain.join(0, 256)
    >>> chain.word(0), chain.pair(0), chain.pair(1), chain.pair(3)
    ((256, 7, 5), (256, 7), None, None)
    """

    def __init__(self, words: Iterable[Iterable[int]]) -> None:
        """Put the words into a row."""
        self.ids: list[int | None] = []
        self.starts: list[int] = []
        for word in words:
            self.starts.append(len(self.ids))
            self.ids += [*word, None]
        self.left = [place - 1 for place in range(len(self.ids))]
        self.right = [place + 1 for place in range(len(self.ids))]

    def pair(self, place: int) -> tuple[int, int] | None:
        """The pair that begins at a place; None if the place is empty, or the last of its word."""
        first = self.ids[place]
        second = None if first is None else self.ids[self.right[place]]
        return None if first is None or second is None else (first, second)

    def join(self, place: int, token: int) -> None:
        """Replace the pair that begins at a place by ``token``: four entries change."""
        taken = self.right[place]
        self.ids[place], self.ids[taken] = token, None
        self.right[place] = self.right[taken]
        self.left[self.right[place]] = place

    def word(self, number: int) -> tuple[int, ...]:
        """The tokens of a word."""
        place, found = self.starts[number], []
        while (token := self.ids[place]) is not None:
            found.append(token)
            place = self.right[place]
        return tuple(found)


class PairTable:
    """How often each pair of neighbors occurs in a collection of words, and at which places.

    Attributes:
        chain: the words, as a `Chain`.
        times: for each place in it, how often its word occurs.
        counts: for each pair that occurs, in how many places, counting a word as often as it occurs.
        places: for each pair that occurs, the places where it begins.
        heap: (-count, pair) for each time that `add` counted a pair, the smallest on top.
    """

    def __init__(self, words: Iterable[Iterable[int]], times: Iterable[int]) -> None:
        """Count the pairs of every word, once."""
        tuples = [tuple(word) for word in words]
        self.chain = Chain(tuples)
        self.times: list[int] = []
        for word, often in zip(tuples, times, strict=True):
            self.times += [often] * (len(word) + 1)
        self.counts: Counter[tuple[int, int]] = Counter()
        self.places: defaultdict[tuple[int, int], set[int]] = defaultdict(set)
        self.heap: list[tuple[int, tuple[int, int]]] = []
        for place in range(len(self.times)):
            self.add(place)

    @property
    def words(self) -> list[tuple[int, ...]]:
        """Each word as a tuple of ids, as it is now."""
        return [self.chain.word(number) for number in range(len(self.chain.starts))]

    def add(self, place: int) -> None:
        """Count the pair that begins at a place, if there is one, and push its new count onto the heap."""
        pair = self.chain.pair(place)
        if pair is not None:
            self.counts[pair] += self.times[place]
            self.places[pair].add(place)
            heappush(self.heap, (-self.counts[pair], pair))

    def remove(self, place: int) -> None:
        """Undo what `add` counted for a place; a pair that no longer occurs has no entry."""
        pair = self.chain.pair(place)
        if pair is not None:
            self.counts[pair] -= self.times[place]
            self.places[pair].discard(place)
            if not self.places[pair]:
                del self.counts[pair], self.places[pair]

    def most_frequent(self) -> tuple[int, int]:
        """What `most_frequent` gives for ``counts``, without looking at all of them.

        By now an entry of the heap may be too high, never too low: then it is corrected.
        """
        while True:
            count, pair = self.heap[0]
            if -count == self.counts[pair]:
                return pair
            heappop(self.heap)
            if pair in self.counts:
                heappush(self.heap, (-self.counts[pair], pair))

    def replace(self, pair: tuple[int, int], token: int) -> None:
        """Do in every word what `merge` does, looking only where the pair is.

        Each place changes three pairs: the one before it, the pair itself, the one after it.
        So the work grows with the number of places, however long the words are.
        """
        for place in sorted(self.places[pair]):
            if self.chain.pair(place) != pair:
                continue  # in (7, 7, 7) the second 7 went into the first pair
            left, right = self.chain.left[place], self.chain.right[place]
            for changing in (left, place, right):
                self.remove(changing)
            self.chain.join(place, token)
            for changed in (left, place):
                self.add(changed)


class BPETokenizer(Tokenizer):
    """Byte-pair encoding: bytes at first, and then a token for each frequent pair.

    It can encode any text, since any text is bytes. `WORD` first splits text into words, and no
    token extends past the end of a word.

    Attributes:
        merges: the pair that each token from 256 on represents, in the order learned.
        vocab_size: 256 plus the number of merges.

    >>> tokenizer = BPETokenizer().train("low lower lowest", vocab_size=258)
    >>> tokenizer.merges
    [(108, 111), (256, 119)]
    >>> tokenizer.encode("low")
    array([257])
    """

    def __init__(self, merges: Iterable[tuple[int, int]] = ()) -> None:
        """Remember the merges, and the bytes that each token represents."""
        self.merges = [tuple(pair) for pair in merges]
        self.ranks = {pair: rank for rank, pair in enumerate(self.merges)}
        self.bytes = [bytes([i]) for i in range(256)]
        for left, right in self.merges:
            self.bytes.append(self.bytes[left] + self.bytes[right])

    @property
    def vocab_size(self) -> int:
        """How many different tokens there are."""
        return 256 + len(self.merges)

    def train(self, text: str, vocab_size: int) -> Self:
        """Learn merges from a text, until there are ``vocab_size`` tokens; returns the tokenizer.

        Each step merges the pair of neighboring tokens that occurs most often in all words, counting
        a word as often as it occurs; if several do, the one with the smallest ids. Training ends early
        once no pair occurs twice.

        Args:
            text: a str.
            vocab_size: at least 256.
        Raises:
            TypeError: ``text`` is not a str; the message names ``text``.
            ValueError: ``vocab_size`` is below 256, and the message names it and its value; or UTF-8
                cannot encode the text, and the message names the position.

        A `PairTable` counts all pairs once. After that, a merge changes only the counts around the places of
        its pair: n bytes take n log n steps, however many merges there are.
        """
        check_text(text)
        if vocab_size < 256:
            raise ValueError(f"vocab_size must be at least 256, got {vocab_size}")
        often = Counter(WORD.findall(text))
        table = PairTable([word.encode("utf-8") for word in often], often.values())
        merges: list[tuple[int, int]] = []
        while table.counts and len(merges) < vocab_size - 256:
            pair = table.most_frequent()
            if table.counts[pair] < 2:
                break
            table.replace(pair, 256 + len(merges))
            merges.append(pair)
        self.__init__(merges)  # type: ignore[misc]  # start anew
        return self

    def encode(self, text: str) -> Array:
        """The ids of the tokens, int64 (N,): encode each word separately, one after the other.

        Raises:
            TypeError: ``text`` is not a str; the message names ``text``.
            ValueError: UTF-8 cannot encode the text; the message names the position.
        """
        check_text(text)
        words = WORD.findall(text)
        known = {word: self.encode_word(word) for word in set(words)}
        return np.array([token for word in words for token in known[word]], np.int64)  # (N,)

    def encode_word(self, word: str) -> tuple[int, ...]:
        """The ids of one word: its bytes, merged as `train` merged them.

        Of the pairs in the word, merge the one that was learned first, from left to right.

        A merge makes two new pairs and leaves the others as they are. A heap of (rank, place) has the next
        pair on top, so that n bytes take n log n steps. An entry for a place may be out of date.
        """
        chain = Chain([word.encode("utf-8")])
        heap: list[tuple[int, int]] = []

        def remember(place: int) -> None:
            """Push the pair that begins at a place onto the heap, if it was learned."""
            rank = self.ranks.get(chain.pair(place))  # type: ignore[arg-type]  # None has no rank
            if rank is not None:
                heappush(heap, (rank, place))

        for place in range(len(chain.ids)):
            remember(place)
        while heap:
            rank, place = heappop(heap)
            if chain.pair(place) == self.merges[rank]:
                chain.join(place, 256 + rank)
                remember(chain.left[place])
                remember(place)
        return chain.word(0)

    def decode(self, ids: ArrayLike) -> str:
        """The text of a list, array or Tensor of ids.

        Bytes that are not UTF-8, such as half of a character at the end, become UNKNOWN.

        Raises:
            IndexError: an id is not in [0, vocab_size); the message names it.
            TypeError: an id has a fraction.
        """
        found = b"".join(self.bytes[i] for i in check_ids(ids, self.vocab_size).ravel())
        return found.decode("utf-8", errors="replace")

    def state(self) -> dict[str, Any]:
        """What to save."""
        return {"merges": self.merges}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Self:
        """A tokenizer made from what was saved."""
        merges = [(int(left), int(right)) for left, right in state["merges"]]
        for token, pair in enumerate(merges, start=256):
            if not all(0 <= part < token for part in pair):
                raise ValueError(f"token {token} is made of {pair}, which are not there yet")
        if len(set(merges)) != len(merges):
            raise ValueError("a pair is merged twice")
        return cls(merges)
