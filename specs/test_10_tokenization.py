"""Specs of 10 tokenization."""

import json

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from specs.framework import lazy, resolve
from specs.laws import ask, assert_dtype, assert_equal, assert_shape, expect, raises
from specs.oracles import tokenization as oracle
from specs.work import lines_run

UNKNOWN = "�"
CharTokenizer, BPETokenizer = lazy("tokenization", "CharTokenizer", "BPETokenizer")
pairs_of, merge, most_frequent, PairTable = lazy(
    "tokenization", "pairs_of", "merge", "most_frequent", "PairTable"
)
Tensor = lazy("tensor", "Tensor")

CHARACTERS = (
    "abcdefghijklmnopqrstuvwxyzABCXYZ0123456789 .,:;!?'\"-_()<>\\/\n\r\t\0\x7f"
    "\x80\x85\xa0\xad\xb5ßäöüéÿĀİıſΩλςжшא٣߿"  # two bytes
    "ࠀ०ก፩ḁ\u200b\u200d\u2028\u2029€−→√─█漢字仮名가\ue000\ufeff\ufffd\uffff"  # three
    "𐀀𝒜😀👍🏽🇪🇺𠀀\U000e0001\U0010ffff"  # four
    "\u0301\u0308"  # which belong to the letter before
)
texts = st.text(CHARACTERS, max_size=30)
"""Characters of one to four bytes, of all kinds and the ends of each. Halves of surrogate pairs are none.

Hypothesis reads its table of all characters, seconds of work, only where it is asked for any of them.
"""

few_letters = st.text("ab c", max_size=40)
"""Texts in which pairs repeat, overlap, and are equally frequent."""

words = st.lists(st.integers(0, 3), max_size=12).map(tuple)


def chars(text):
    return CharTokenizer().train(text)


def pairs(text, vocab_size=280):
    return BPETokenizer().train(text, vocab_size)


def repeating(size):
    """A text of words of three letters in which nearly all pairs occur twice: there is much to merge."""
    drawn = np.random.default_rng(0).integers(ord("A"), ord("z"), size // 2)
    letters = "".join(map(chr, drawn)) * 2
    return " ".join(letters[i : i + 3] for i in range(0, len(letters), 3))


def check_work(action):
    """Demand that four times as much text takes about four times as many steps, not sixteen times."""
    small, large = (lines_run(lambda n=n: action(n)) for n in (150, 600))
    expect(
        large <= 8 * small,
        "about four times as many steps for a text that is four times as long",
        f"{large / small:.1f} times as many, {large:,} lines of Python for {small:,}",
    )


class TestCharacters:
    """one token for each character"""

    @given(texts)
    def test_ids_follow_the_code_points(self, text):
        """characters is UNKNOWN and then those of the text, each once, by code point."""
        tokenizer = CharTokenizer()
        expect(ask(tokenizer.train, text) is tokenizer, "train to return the tokenizer", "another")
        expected = [UNKNOWN, *sorted(set(text) - {UNKNOWN})]
        assert_equal(list(tokenizer.characters), expected)
        assert_equal(tokenizer.vocab_size, len(expected))

    @given(texts)
    def test_encode_gives_each_character_its_id(self, text):
        """encode(text)[i] is the position of text[i] in characters, int64."""
        tokenizer = chars(text)
        ids = ask(tokenizer.encode, text)
        expect(isinstance(ids, np.ndarray), "an ndarray", type(ids).__name__)
        assert_shape(ids, (len(text),))
        assert_dtype(ids, np.int64)
        order = [UNKNOWN, *sorted(set(text) - {UNKNOWN})]
        assert_equal(ids, np.array([order.index(c) for c in text], np.int64))

    @given(texts)
    def test_decode_undoes_encode(self, text):
        """decode(encode(text)) is the text, in any script."""
        tokenizer = chars(text)
        assert_equal(ask(tokenizer.decode, tokenizer.encode(text)), text)

    @given(st.text(CHARACTERS, min_size=1, max_size=10))
    def test_decode_takes_lists_arrays_and_tensors(self, text):
        """decode gives the same text for a list, an array and a Tensor of ids."""
        tokenizer = chars(text)
        ids = tokenizer.encode(text)
        for form in (ids.tolist(), ids.astype(np.int32), Tensor(ids)):
            assert_equal(ask(tokenizer.decode, form), text)

    def test_training_again_starts_anew(self):
        """train forgets what it learned from an earlier text."""
        tokenizer = chars("abc")
        tokenizer.train("xy")
        assert_equal(list(tokenizer.characters), [UNKNOWN, "x", "y"])
        assert_equal(ask(tokenizer.encode, "y"), np.array([2]))


class TestUnknownCharacters:
    """characters never seen"""

    @given(st.text("abc", max_size=8), st.text("abcxyz", max_size=8))
    def test_become_unknown_where_that_is_asked_for(self, known, text):
        """encode(text, errors="replace") gives 0 for a character without an id, UNKNOWN in decode."""
        tokenizer = chars(known)
        ids = ask(tokenizer.encode, text, errors="replace")
        assert_equal(ids == 0, np.array([c not in known for c in text], bool))
        expected = "".join(c if c in known else UNKNOWN for c in text)
        assert_equal(ask(tokenizer.decode, ids), expected)

    def test_are_an_error_otherwise(self):
        """encode raises ValueError that names the character and its position."""
        with raises(ValueError, naming="z 3"):
            ask(chars("ab c").encode, "ab z")
        with raises(ValueError, naming="errors"):
            ask(chars("abc").encode, "abc", errors="ignore")

    def test_unknown_itself_has_an_id(self):
        """The character UNKNOWN is encoded as 0 without error, even if the training text had it."""
        assert_equal(ask(chars(f"b{UNKNOWN}a").encode, f"a{UNKNOWN}"), np.array([1, 0]))
        assert_equal(ask(chars("abc").encode, f"a{UNKNOWN}"), np.array([1, 0]))


class TestPairs:
    """pairs of neighbors"""

    @given(words)
    def test_counts_every_place(self, word):
        """pairs_of counts each pair of neighbors, even if they overlap."""
        found = oracle.neighbors(word)
        assert_equal(dict(ask(pairs_of, word)), {pair: found.count(pair) for pair in found})

    @given(words, st.tuples(st.integers(0, 3), st.integers(0, 3)))
    @example((0, 1, 2, 0, 1, 0, 0, 1), (0, 1))
    @example((2, 2, 2, 2, 2), (2, 2))
    def test_merge_goes_from_left_to_right(self, word, pair):
        """merge replaces each pair by the token, from left to right, using each element once."""
        got = ask(merge, word, pair, 9)
        assert_equal(tuple(got), oracle.replaced(word, pair, 9))
        expect(isinstance(got, tuple), "a tuple", type(got).__name__)

    @given(
        st.dictionaries(
            st.tuples(st.integers(0, 4), st.integers(0, 4)), st.integers(1, 3), min_size=1
        )
    )
    def test_ties_go_to_the_smallest_ids(self, counts):
        """most_frequent gives the pair with the highest count; of several, the smallest."""
        best = sorted(counts, key=lambda pair: (-counts[pair], pair))[0]
        assert_equal(ask(most_frequent, counts), best)
        backwards = dict(reversed(counts.items()))
        assert_equal(ask(most_frequent, backwards), best)


class TestPairTable:
    """counts that are kept up to date"""

    @given(
        st.lists(st.tuples(words, st.integers(1, 3)), max_size=6),
        st.lists(st.integers(0, 20), max_size=3),
    )
    @example([((2, 2, 2), 1), ((2, 2, 2, 2, 2, 1), 3)], [1, 0])
    @example([((0, 1, 0, 1, 0), 2)], [0, 0])
    @example([((0, 1, 0, 1, 0, 1, 3, 2, 2, 2, 2), 1)], [3])  # places 7 to 9, from the left
    def test_stays_what_counting_anew_would_give(self, drawn, picks):
        """After each replace, words, counts and pairs are those of a new table."""
        times = [often for _, often in drawn]
        table = ask(PairTable, [word for word, _ in drawn], times)
        expected = [word for word, _ in drawn]
        for token, pick in enumerate(picks, start=4):
            self.check(table, expected, times)
            if not table.counts:
                break
            pair = sorted(table.counts)[pick % len(table.counts)]
            expected = [oracle.replaced(word, pair, token) for word in expected]
            ask(table.replace, pair, token)
        self.check(table, expected, times)

    def check(self, table, words, times):
        counts = {}
        for word, often in zip(words, times, strict=True):
            for pair in oracle.neighbors(word):
                counts[pair] = counts.get(pair, 0) + often
        assert_equal([tuple(word) for word in table.words], words)
        assert_equal(dict(table.counts), counts)
        if hasattr(table, "places"):
            assert_equal({*table.places}, {*counts})


class TestTraining:
    """learn byte pairs"""

    @given(few_letters, st.integers(256, 270))
    @example("aaab aaab", 259)
    def test_merges_the_most_frequent_pair_each_time(self, text, vocab_size):
        """merges are those that recounting everything before each merge would give."""
        tokenizer = BPETokenizer()
        expect(
            ask(tokenizer.train, text, vocab_size) is tokenizer,
            "train to return the tokenizer",
            "another",
        )
        merges = oracle.train(text, vocab_size)
        assert_equal([tuple(pair) for pair in tokenizer.merges], merges)
        assert_equal(tokenizer.vocab_size, 256 + len(merges))

    @given(texts)
    def test_works_on_any_text(self, text):
        """For text in any script, merges are those that recounting before each merge would give."""
        text = text * 3
        expected = oracle.train(text, 266)
        assert_equal(
            [tuple(pair) for pair in ask(BPETokenizer().train, text, 266).merges], expected
        )

    @pytest.mark.parametrize("text", ["", "a", "abc", "a b c"])
    def test_ends_when_nothing_repeats(self, text):
        """A pair that occurs once is not merged."""
        assert_equal(list(ask(BPETokenizer().train, text, 300).merges), [])

    def test_no_token_reaches_over_a_word(self):
        """A pair across a word boundary is never merged, however often it occurs."""
        tokenizer = pairs("ab ab ab ab", 300)
        expect(
            b"b " not in b"|".join(tokenizer.bytes[256:]),
            "no token with a space after a letter",
            tokenizer.bytes[256:],
        )

    @pytest.mark.parametrize("spaces", [True, False], ids=["words", "one word"])
    def test_looks_only_at_what_changes(self, spaces):
        """Training takes steps in proportion to the text, for many words or one, whatever it merges."""
        train = lambda n: repeating(n) if spaces else repeating(n).replace(" ", "")
        check_work(lambda n: ask(BPETokenizer().train, train(n), 10_000))

    def test_training_again_starts_anew(self):
        """train forgets what it learned from an earlier text: merges, bytes, and what they encoded."""
        tokenizer, new = pairs("ab ab abab"), pairs("cdcd cd ab")
        text = "abab cdcd"
        tokenizer.encode(text)
        ask(tokenizer.train, "cdcd cd ab", 280)
        assert_equal([tuple(pair) for pair in tokenizer.merges], [(99, 100)])
        ids = ask(tokenizer.encode, text)
        assert_equal(ids, new.encode(text))
        assert_equal(ask(tokenizer.decode, ids), text)


class TestEncoding:
    """encode by byte pairs"""

    @given(few_letters, few_letters, st.integers(256, 270))
    @example("abcd abcd abc", "abcd abab dcba", 262)
    @example("aaa aaa", "aaa aaaaa", 258)  # pairs that overlap are merged from the left
    @example("a     b     ", "a  b", 260)  # two spaces are no pair: the second belongs to b
    def test_merges_as_training_did(self, learned, text, vocab_size):
        """encode(text) applies all merges, in the order learned, to the bytes of each word."""
        tokenizer = pairs(learned, vocab_size)
        ids = ask(tokenizer.encode, text)
        expect(isinstance(ids, np.ndarray), "an ndarray", type(ids).__name__)
        assert_dtype(ids, np.int64)
        assert_equal(ids, np.array(oracle.encode(text, tokenizer.merges), np.int64))

    def test_what_was_learned_first_is_merged_first(self):
        """Of two pairs that share an element, encode merges the one with the lower rank."""
        ab_then_ba = BPETokenizer([(97, 98), (98, 97)])
        assert_equal(ask(ab_then_ba.encode, "bab"), np.array([98, 256]))
        ba_then_ab = BPETokenizer([(98, 97), (97, 98)])
        assert_equal(ask(ba_then_ab.encode, "bab"), np.array([256, 98]))

    def test_takes_steps_in_proportion_to_the_word(self):
        """A word that is four times as long takes about four times as many steps."""
        word = repeating(1200).replace(" ", "")
        tokenizer = pairs(word, 10_000)  # nothing in its first half repeats, and all of it is known
        check_work(lambda n: ask(tokenizer.encode, word[:n]))

    @pytest.mark.parametrize("merges", [[(97, 98), (256, 99)], [(98, 99), (97, 256)]])
    def test_a_merge_makes_new_pairs_on_both_sides(self, merges):
        """A token that a merge made merges further with its right or left neighbor."""
        assert_equal(ask(BPETokenizer(merges).encode, "abc"), np.array([257]))

    @given(texts, texts)
    def test_any_text_comes_back(self, learned, text):
        """decode(encode(text)) is the text, even with characters never seen."""
        tokenizer = pairs(learned)
        assert_equal(ask(tokenizer.decode, tokenizer.encode(text)), text)

    @given(few_letters, few_letters)
    def test_is_never_longer_than_the_bytes(self, learned, text):
        """encode gives at most as many tokens as there are bytes."""
        ids = ask(pairs(learned).encode, text)
        expect(len(ids) <= len(text.encode()), f"at most {len(text.encode())} tokens", len(ids))

    def test_half_a_character_becomes_unknown(self):
        """decode of bytes that are not UTF-8 gives UNKNOWN instead of an error."""
        tokenizer = BPETokenizer()
        ids = tokenizer.encode("é")
        assert_equal(ask(tokenizer.decode, ids[:1]), UNKNOWN)

    @given(st.lists(st.integers(0, 255), max_size=8))
    def test_decode_takes_any_ids(self, ids):
        """decode(ids) of bytes is what UTF-8 decodes them to."""
        expected = bytes(ids).decode("utf-8", errors="replace")
        for form in (ids, np.array(ids, np.int64)):
            assert_equal(ask(BPETokenizer().decode, form), expected)


class TestSaving:
    """save and load as JSON"""

    @given(texts)
    def test_characters_come_back(self, tmp_path_factory, text):
        """load(path) gives a CharTokenizer that encodes like the saved one."""
        file = tmp_path_factory.getbasetemp() / "characters.json"
        tokenizer = chars(text)
        ask(tokenizer.save, file)
        loaded = ask(resolve(CharTokenizer).load, file)
        assert_equal(list(loaded.characters), list(tokenizer.characters))
        assert_equal(loaded.encode(text), tokenizer.encode(text))

    @given(few_letters)
    def test_byte_pairs_come_back(self, tmp_path_factory, text):
        """load(path) gives a BPETokenizer with the merges of the saved one."""
        file = tmp_path_factory.getbasetemp() / "pairs.json"
        tokenizer = pairs(text)
        ask(tokenizer.save, str(file))
        loaded = ask(resolve(BPETokenizer).load, str(file))
        assert_equal([tuple(p) for p in loaded.merges], [tuple(p) for p in tokenizer.merges])
        assert_equal(loaded.encode(text), tokenizer.encode(text))

    def test_the_file_is_json(self, tmp_path):
        """save writes one JSON object that names the type, as a new file that replaces the old one."""
        ask(pairs("xy xy").save, tmp_path / "t.json")
        before = (tmp_path / "t.json").stat().st_ino
        ask(pairs("ab ab").save, tmp_path / "t.json")
        assert_equal([file.name for file in tmp_path.iterdir()], ["t.json"])
        new = (tmp_path / "t.json").stat().st_ino != before
        expect(new, "a new file in its place", "the old file overwritten")
        table = json.loads((tmp_path / "t.json").read_text(encoding="utf-8"))
        assert_equal(table["type"], "BPETokenizer")
        assert_equal(table["merges"], [[97, 98]])

    @pytest.mark.parametrize(
        "content",
        ["", "{", "[]", "{}", '{"type": "CharTokenizer", "merges": []}']
        + [f'{{"type": "BPETokenizer"{rest}}}' for rest in ("", ', "merges": 3')]
        + [
            f'{{"type": "BPETokenizer", "merges": {m}}}'
            for m in ("[[1]]", "[[1, 256]]", "[[-1, 2]]")
        ]
        + ['{"type": "BPETokenizer", "merges": [[1, 2], [1, 2]]}'],
    )
    def test_a_damaged_file_is_an_error(self, tmp_path, content):
        """load raises ValueError that names the file, whatever is wrong with it."""
        file = tmp_path / "pairs.json"
        file.write_text(content, encoding="utf-8")
        with raises(ValueError, naming="pairs.json"):
            ask(resolve(BPETokenizer).load, file)

    @pytest.mark.parametrize("characters", ['["a"]', '["�", "ab"]', '["�", "a", "a"]', "7"])
    def test_damaged_characters_are_an_error(self, tmp_path, characters):
        """load raises ValueError for characters that are not single, different, UNKNOWN first."""
        file = tmp_path / "chars.json"
        file.write_text(
            f'{{"type": "CharTokenizer", "characters": {characters}}}', encoding="utf-8"
        )
        with raises(ValueError, naming="chars.json"):
            ask(resolve(CharTokenizer).load, file)

    def test_a_file_that_is_not_there_is_an_error(self, tmp_path):
        """load raises FileNotFoundError if there is no file."""
        with raises(FileNotFoundError, naming="none.json"):
            ask(resolve(BPETokenizer).load, tmp_path / "none.json")


class TestBadInput:
    """invalid text and ids"""

    @pytest.mark.parametrize("text", [b"bytes", None, 3, ["a"]])
    def test_text_is_a_str(self, text):
        """train and encode raise TypeError that names text for anything but a str."""
        trained, by_pairs = chars("ab"), pairs("ab ab")
        for action in (CharTokenizer().train, trained.encode, by_pairs.encode):
            with raises(TypeError, naming="text"):
                ask(action, text)
        with raises(TypeError, naming="text"):
            ask(BPETokenizer().train, text, 300)

    def test_half_a_surrogate_pair_is_no_character(self):
        """train and encode raise ValueError with the position of what UTF-8 cannot encode."""
        trained, by_pairs = chars("ab"), pairs("ab ab")
        for action in (CharTokenizer().train, trained.encode, by_pairs.encode):
            with raises(ValueError, naming="2"):
                ask(action, "ab\ud800")
        with raises(ValueError, naming="2"):
            ask(BPETokenizer().train, "ab\ud800", 300)

    @pytest.mark.parametrize("outside", [-1, 3, 10**9])
    def test_ids_must_be_in_the_vocabulary(self, outside):
        """decode raises IndexError that names the id, even a negative one."""
        with raises(IndexError, naming=str(outside)):
            ask(chars("ab").decode, [1, outside])
        with raises(IndexError, naming="257"):
            ask(pairs("ab ab").decode, [97, 257])

    def test_ids_are_whole_numbers(self):
        """decode raises TypeError for numbers with a fraction."""
        with raises(TypeError):
            ask(chars("ab").decode, np.array([1.5]))
        with raises(TypeError):
            ask(pairs("ab ab").decode, np.array([1.5]))

    def test_a_vocabulary_holds_all_bytes(self):
        """train raises ValueError that names vocab_size below 256."""
        with raises(ValueError, naming="vocab_size 255"):
            ask(BPETokenizer().train, "text", 255)
