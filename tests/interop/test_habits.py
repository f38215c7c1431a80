"""What PyTorch's users write works here, or is refused with the way named; what became of each is kept."""

from __future__ import annotations

from collections import Counter

import pytest

from pytest_tinytorch.evidence import implementation, importing
from tests.interop import habits
from tests.support import kit

TABLE = habits.table()
REFUSED = set(TABLE["refused"]["names"])
STAYS = TABLE["stays"]
HABITS = dict(habits.habits())


@pytest.fixture(scope="module", autouse=True)
def reference():
    importing.install_finder(implementation.Implementation(kit.REFERENCE, kit.REFERENCE))
    try:
        yield
    finally:
        importing.uninstall_finder()


@pytest.fixture(scope="module")
def expected():
    return habits.expected()


def kind(name):
    if name in STAYS:
        return STAYS[name]["what"]
    return "refused" if name in REFUSED else "works"


@pytest.mark.parametrize("name", HABITS)
def test_a_habit(name, expected, tmp_path):
    got, what = habits.outcome(HABITS[name], expected[name], "tinytorch", tmp_path / "file.pt")
    assert got == kind(name), f"{HABITS[name]}\ngot {what}\nPyTorch {expected[name]}"


@pytest.mark.parametrize("name", STAYS)
def test_what_stays_different_has_a_way(name, expected, tmp_path):
    before, after = HABITS[name], STAYS[name]["write"]
    code = before.replace(STAYS[name]["pytorch"], after)
    assert code != before
    got, what = habits.outcome(code, expected[name], "tinytorch", tmp_path / "file.pt")
    assert got == "works", f"{code}\ngot {what}\nPyTorch {expected[name]}"


def test_most_work_and_only_what_is_decided_differs():
    """The numbers may only get better."""
    kinds = Counter(map(kind, HABITS))
    assert set(HABITS) == set(habits.expected())
    assert {*REFUSED, *STAYS} <= set(HABITS)
    assert kinds["works"] >= 484
    assert kinds["different"] <= 2
    assert kinds["unclear"] <= 5


@pytest.mark.parametrize(
    ("code", "result", "came_to"),
    [
        ("1 + 1", 2, "works"),
        ("1 + 1", 3, "different"),
        ("1 + 1", 2.0, "different"),
        ("torch.ones(2)", {"shape": [2], "dtype": "float64", "values": [1.0, 1.0]}, "different"),
        ("torch.ones(2)", {"shape": [2], "dtype": "float32", "values": [1.0, 1.1]}, "different"),
        ("torch.ones(2)", {"shape": [2, 1], "dtype": "float32", "values": [1.0, 1.0]}, "different"),
        ("nn.LSTM(1, 1)", None, "refused"),
        ("1 / 0", None, "unclear"),
        ("v.nonsense", None, "unclear"),
    ],
)
def test_knows_what_a_habit_came_to(code, result, came_to, tmp_path):
    assert habits.outcome(code, result, "tinytorch", tmp_path / "file.pt")[0] == came_to
