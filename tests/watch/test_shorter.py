"""The message of a first look takes a few lines, however large the example is."""

from __future__ import annotations

from collections import Counter

import pytest

from pytest_tinytorch.course.curriculumfile import load_curriculum
from pytest_tinytorch.evidence.outcomes import Outcome, State
from pytest_tinytorch.watch import findings, view
from pytest_tinytorch.watch.request import Request
from pytest_tinytorch.watch.shorter import LONG, LONGEST, shorter

FORTY = str([float(number) for number in range(40)])
NESTED = str([[[row, column] for column in range(9)] for row in range(9)])


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("  Got       [1, 2, 3, 4, 5]", "  Got       [1, 2, 3, 4, 5]"),
        (
            f"  Called    f(Tensor({FORTY}), dim=1)",
            "  Called    f(Tensor([0.0, 1.0, 2.0, ...]), dim=1)",
        ),
        (
            f"f(np.array({NESTED}), 4)",
            "f(np.array([[[0, 0], [0, 1], [0, 2], ...], [[1, 0], [1, 1], [1, 2], ...],"
            " [[2, 0], [2, 1], [2, 2], ...], ...]), 4)",
        ),
        ("a law of many words, " * 9, "a law of many words, " * 9),
        (f"f({'[0], ' * 99})", f"f({'[0], ' * 99})"[: LONGEST - 3] + "..."),
        (f"]] {FORTY}", "]] [0.0, 1.0, 2.0, ...]"),
    ],
)
def test_a_long_line_has_the_first_elements_of_each_list(line, expected):
    assert shorter(line) == expected
    assert len(line) <= LONG or "[" not in line or len(expected) <= LONGEST


def test_a_first_look_says_so_in_a_terminal_and_to_a_program():
    text = f"✗ 01 tensor\n  Law       A law.\n  Called    f(Tensor({FORTY}))\n  Got       1"
    red = view.Failure("specs/a.py::test", Outcome(State.WRONG), text)
    course = load_curriculum()
    shown = view.first_look_message(Request(1), Counter([State.WRONG]), red, 1, course)["text"]
    (told,) = findings.of_first_look({}, red)["findings"]
    for one in (shown, told["message"]["Called"]):
        assert "f(Tensor([0.0, 1.0, 2.0, ...]))" in one
        assert "39.0" not in one
