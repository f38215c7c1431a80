"""TinyTalks: what ships is what the datasheet says, and damage is noticed."""

from __future__ import annotations

import hashlib
import operator
import re
import shutil
from collections import Counter
from string import ascii_uppercase

import numpy as np
import pytest

from tests.datasets.test_tinydigits import damage, load
from tests.support import kit

FOLDER = kit.ROOT / "datasets" / "tinytalks"
SHEET = (FOLDER / "README.md").read_text(encoding="utf-8")
A_LEVEL = {"train": 56, "validation": 7, "test": 7}
COUNTS = {split: 5 * count for split, count in A_LEVEL.items()}
OPERATORS = {
    "plus": operator.add,
    "minus": operator.sub,
    "times": operator.mul,
    "divided by": operator.truediv,
}
HEAD = "level\tsplit\tquestion\tanswer\n"


def pairs(split=None, level=None):
    """(level, split, question, answer) of each line that has this split and this level."""
    lines = (FOLDER / "talks.tsv").read_text(encoding="ascii").splitlines()[1:]
    rows = [(int(number), *rest) for number, *rest in (line.split("\t") for line in lines)]
    return [row for row in rows if split in (None, row[1]) and level in (None, row[0])]


def nearest(question, others):
    """The pair among the others whose question shares the largest part of its words with this one."""

    def likeness(other):
        words, known = (set(re.findall(r"\w+", text.lower())) for text in (question, other[2]))
        return len(words & known) / len(words | known)

    return max(others, key=likeness)


@pytest.fixture(scope="module")
def datasets():
    """The reference's `tinytorch.datasets`, which needs nothing else of the package."""
    return load(kit.REFERENCE / "tinytorch" / "datasets.py", "tinytalks_datasets")


@pytest.fixture(autouse=True)
def no_folder_of_ones_own(monkeypatch):
    monkeypatch.delenv("TINYTORCH_DATA", raising=False)


@pytest.fixture
def copy(tmp_path):
    """A copy of the data that a test may damage; its parent folder is a root."""
    return shutil.copytree(FOLDER, tmp_path / "own" / "tinytalks")


def rewrite(folder, text):
    """Put another text into the data, with its digest."""
    (folder / "talks.tsv").write_text(text, encoding="utf-8", newline="\n")
    digest = hashlib.sha256((folder / "talks.tsv").read_bytes()).hexdigest()
    (folder / "SHA256SUMS").write_text(f"{digest}  talks.tsv\n", encoding="utf-8")


def test_each_level_has_its_share_of_each_split():
    counts = Counter((level, split) for level, split, _, _ in pairs())
    assert counts == {
        (level, split): count for level in range(1, 6) for split, count in A_LEVEL.items()
    }
    assert len(pairs()) == 350


def test_the_file_is_small_and_ends_its_lines_alike():
    content = (FOLDER / "talks.tsv").read_bytes()
    assert 30_000 <= len(content) <= 45_000
    assert content.startswith(HEAD.encode())
    assert content.count(b"\n") == 351
    assert content.endswith(b"\n")
    assert b"\r" not in content


def test_the_order_is_mixed():
    """Splits follow one another; any first fifth of one has every level."""
    assert [split for _, split, _, _ in pairs()] == [
        split for split, count in COUNTS.items() for _ in range(count)
    ]
    for split, count in COUNTS.items():
        assert {level for level, _, _, _ in pairs(split)[: count // 5]} == {1, 2, 3, 4, 5}


def test_the_characters_are_few_and_plain():
    found = set("".join(question + answer for _, _, question, answer in pairs()))
    assert all(re.fullmatch(r"[A-Za-z0-9 .,?!':-]", character) for character in found)
    assert len(found) < 70


@pytest.mark.parametrize("row", pairs(), ids=lambda row: row[2])
def test_a_pair_is_short_and_tidy(row):
    level, _, question, answer = row
    assert len(question) + len(answer) <= 120
    for text in (question, answer):
        assert text == " ".join(text.split())
        assert text[0].isupper() or text[0].isdigit()
        assert not re.search(r"[.,?!:][A-Za-z]| [.,?!:]", text)
    assert question.endswith((".", "!", "?") if level == 1 else "?")
    assert answer.endswith((".", "!"))


def test_no_question_and_no_trained_answer_comes_twice():
    questions = [question.lower() for _, _, question, _ in pairs()]
    answers = [answer.lower() for _, _, _, answer in pairs("train")]
    assert len(set(questions)) == 350
    assert len(set(answers)) == 280


def test_what_is_held_out_asks_in_other_words_what_is_trained():
    """Each answer is that of a training pair of the same level, and each of another one."""
    trained = {answer: level for level, _, _, answer in pairs("train")}
    held = pairs("validation") + pairs("test")
    assert all(trained.get(answer) == level for level, _, _, answer in held)
    assert len({answer for _, _, _, answer in held}) == 70


def test_sums_are_right():
    pattern = re.compile(rf"(?:What|How much) is (\d+) ({'|'.join(OPERATORS)}) (\d+)\?")
    found = [(pattern.fullmatch(question), answer) for _, _, question, answer in pairs(level=3)]
    sums = [(match.groups(), answer) for match, answer in found if match]
    assert len(sums) >= 20
    for (left, sign, right), answer in sums:
        result = OPERATORS[sign](int(left), int(right))
        assert answer.startswith(f"{left} {sign} {right} is {result:.0f}. ")
        assert result == round(result)


def test_reasons_are_right_sums():
    """Where an answer says "because 5 minus 2 is 3", it is, and 3 is the answer."""
    pattern = re.compile(r"(\d+) (plus|minus|divided by|times) (\d+) (?:is|makes) (\d+)")
    found = [(answer, pattern.search(answer)) for _, _, _, answer in pairs(level=3)]
    assert sum(match is not None for _, match in found) >= 25
    for _, match in filter(operator.itemgetter(1), found):
        left, sign, right, result = match.groups()
        assert OPERATORS[sign](int(left), int(right)) == int(result)


def test_the_digest_is_right():
    digest = hashlib.sha256((FOLDER / "talks.tsv").read_bytes()).hexdigest()
    assert (FOLDER / "SHA256SUMS").read_text(encoding="utf-8") == f"{digest}  talks.tsv\n"


def test_git_leaves_the_line_ends_alone():
    attributes = (kit.ROOT / ".gitattributes").read_text(encoding="utf-8").splitlines()
    assert "datasets/tinytalks/*.tsv -text" in attributes


def test_the_licence_is_that_of_the_kit():
    text = (FOLDER / "LICENSE.txt").read_text(encoding="utf-8")
    kits = (kit.ROOT / "LICENSE").read_text(encoding="utf-8")
    notice = next(line for line in kits.splitlines() if line.startswith("Copyright"))
    assert kits.startswith("MIT License")
    assert notice in text
    assert "MIT" in text
    assert "MIT" in SHEET


def test_the_datasheet_states_the_counts():
    for level in range(1, 6):
        assert re.search(rf"^\| {level} [^|]+\| 56 \| 7 \| 7 \|", SHEET, re.MULTILINE)
    assert "| all | 280 | 35 | 35 |" in SHEET


def test_the_datasheet_states_sizes_and_characters(datasets):
    found = "".join(question + answer for _, _, question, answer in pairs())
    lengths = [len(question) + len(answer) for _, _, question, answer in pairs()]
    assert f"{(FOLDER / 'talks.tsv').stat().st_size:,} bytes" in SHEET
    assert f"the longest pair has {max(lengths)}, the average {sum(lengths) / 350:.0f}" in SHEET
    assert f"{len(set(found))} different characters" in SHEET
    assert f"all capitals but {' '.join(sorted(set(ascii_uppercase) - set(found)))}" in SHEET
    for split in COUNTS:
        assert f"{len(datasets.TinyTalks(split).text()):,}" in SHEET


def test_the_datasheet_reports_its_own_numbers():
    """How often the nearest training question has the right answer."""
    for split in ("validation", "test"):
        right = sum(nearest(row[2], pairs("train"))[3] == row[3] for row in pairs(split))
        assert f"{right} of the 35 {split} questions" in SHEET


@pytest.mark.parametrize(("split", "count"), COUNTS.items())
def test_it_is_a_dataset_of_strings(datasets, split, count):
    talks = datasets.TinyTalks(split)
    assert len(talks) == len(talks.questions) == len(talks.answers) == count
    assert talks.levels.dtype == np.int64
    assert talks.levels.shape == (count,)
    assert [(split, *pair) for pair in talks] == [tuple(row[1:]) for row in pairs(split)]
    assert talks.levels.tolist() == [row[0] for row in pairs(split)]
    assert talks[3] == (talks.questions[3], talks.answers[3])
    with pytest.raises(IndexError):
        talks[count]


def test_it_begins_with_the_training_pairs(datasets):
    assert datasets.TinyTalks().questions == datasets.TinyTalks(split="train").questions


def test_its_text_has_a_blank_line_after_each_pair(datasets):
    talks = datasets.TinyTalks("test")
    blocks = talks.text().split("\n\n")
    assert blocks.pop() == ""
    assert blocks == [f"Q: {question}\nA: {answer}" for question, answer in talks]


@pytest.mark.parametrize("split", ["Train", "valid", "", None, 0])
def test_another_split_is_refused(datasets, split):
    with pytest.raises(ValueError, match="split must be one of train, validation, test, got"):
        datasets.TinyTalks(split)


def test_a_root_of_ones_own_is_used(datasets, copy, monkeypatch):
    rewrite(copy, f"{HEAD}1\ttest\tHi!\tHi you!\n2\ttrain\tWhat is up?\tThe sky.\n")
    talks = datasets.TinyTalks("test", root=str(copy.parent))
    assert (list(talks), talks.levels.tolist()) == ([("Hi!", "Hi you!")], [1])
    monkeypatch.setenv("TINYTORCH_DATA", str(copy.parent))
    assert datasets.TinyTalks().text() == "Q: What is up?\nA: The sky.\n\n"


def test_a_root_without_it_is_named(datasets, tmp_path):
    with pytest.raises(FileNotFoundError, match=rf"tinytalks/ in .*{tmp_path.name}"):
        datasets.TinyTalks(root=tmp_path)


@pytest.mark.parametrize("harm", ["flip", "cut", "empty", "line ends"])
def test_damage_is_noticed(datasets, copy, harm):
    file = copy / "talks.tsv"
    content = file.read_bytes()
    if harm == "flip":
        damage(file)
    else:
        harmed = {"cut": content[:-1], "empty": b"", "line ends": content.replace(b"\n", b"\r\n")}
        file.write_bytes(harmed[harm])
    with pytest.raises(ValueError, match=r"talks\.tsv is damaged.*git checkout"):
        datasets.TinyTalks(root=copy.parent)


@pytest.mark.parametrize("file", ["talks.tsv", "SHA256SUMS"])
def test_a_missing_file_is_named(datasets, copy, file):
    (copy / file).unlink()
    with pytest.raises(FileNotFoundError, match=rf"{file} is missing.*git checkout"):
        datasets.TinyTalks(root=copy.parent)


@pytest.mark.parametrize("text", ["", "level\tquestion\tanswer\n", "1\ttrain\tHi!\tHi you!\n"])
def test_other_columns_are_named(datasets, copy, text):
    """Even where somebody wrote the digest of such a file into the list."""
    rewrite(copy, text)
    with pytest.raises(ValueError, match=r"talks\.tsv: the first line must name .*'answer'"):
        datasets.TinyTalks(root=copy.parent)


@pytest.mark.parametrize("line", ["", "1\ttrain\tHi!", "1\ttrain\tHi!\tHi you!\tyes"])
def test_a_line_with_other_columns_is_named(datasets, copy, line):
    rewrite(copy, f"{HEAD}1\ttrain\tHello!\tHi you!\n{line}\n")
    with pytest.raises(ValueError, match=r"talks\.tsv, line 3: expected 4 columns, got"):
        datasets.TinyTalks(root=copy.parent)
