"""What is shown of a failed spec fits the terminal: no word is cut, and a program can be pasted."""

from __future__ import annotations

import pytest

from pytest_tinytorch.run.message import Message
from pytest_tinytorch.terminal import output

TEXT = """✗ 01 tensor · make tensors from data
  Law       as_array(x) has the dtype float32 for a list of floats.
  Called    as_array([1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
  Where     tinytorch/tensor.py:36 in as_array
  Hint      pytest -p tinytorch --checkpoint 01 --hints 1"""


class Writer:
    """What pytest writes to a terminal with."""

    def __init__(self):
        self.text = ""

    def write(self, text, **_):
        self.text += text

    def line(self, text="", **_):
        self.write(f"{text}\n")


def shown(monkeypatch, columns):
    monkeypatch.setattr(output, "reading_columns", lambda: columns)
    writer = Writer()
    message = Message("tinytorch/tensor.py", 36, TEXT, "")
    message.more = "and 13 more specs that go through as_array"
    message.toterminal(writer)
    return writer.text.splitlines()


@pytest.mark.parametrize("columns", [40, 60])
def test_a_message_is_folded_below_its_labels(monkeypatch, columns):
    lines = shown(monkeypatch, columns)
    program = "  Called    as_array([1.0, 2.0, 3.0, 4.0, 5.0, 6.0])"
    assert program in lines, "it can be pasted"
    assert max(len(line) for line in lines if line != program) <= columns
    assert set(" ".join(lines).split()) == {
        *TEXT.split(),
        "and",
        "13",
        "more",
        "specs",
        "that",
        "go",
        "through",
    }
    follows = [line for line in lines[1:-2] if not line[2:3].isalpha() and line != program]
    assert follows
    assert all(line.startswith(" " * 12) for line in follows)


def test_where_there_is_no_terminal_a_message_stays_as_it_is(monkeypatch):
    assert "\n".join(shown(monkeypatch, 0)[:-1]) == TEXT
