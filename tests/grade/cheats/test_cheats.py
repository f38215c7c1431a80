"""The table of cheats: each comes to what its row says. One in nine runs, and in a long run all."""

from __future__ import annotations

import ast
import os

import pytest

from pytest_tinytorch.grade.flags import flags_of
from pytest_tinytorch.grade.grades import read_result
from tests.grade.cheats import course
from tests.grade.cheats.__main__ import page
from tests.grade.cheats.catalogue import CHEATS
from tests.grade.cheats.cheat import ALL, HONEST, MEANING, Cheat, Comes
from tests.grade.cheats.helper import helpful
from tests.grade.classes import MARK, SOLVED, hand_in, needed_sandbox, processes
from tests.grade.test_grading import table
from tests.support import kit
from tests.support.long import is_long, one_in

CHOSEN = one_in(9, [cheat for cheat in CHEATS if is_long() or not cheat.waits])
FLAGGED = [cheat for cheat in CHEATS if cheat.comes == Comes.FLAGGED]

REMEMBERS = """
def numbers():
    number = 0
    while True:
        number += 1
        yield number


KNOWN, CALLS = {}, numbers()


def square(x):
    if next(CALLS) > 1000:
        KNOWN.clear()
    if x not in KNOWN:
        KNOWN[x] = x * x
    return KNOWN[x]
"""
"""A right solution whose functions keep something from one call to the next."""


def label(cheat: Cheat) -> str:
    """The name of the folder that a cheat is handed in as."""
    return f"c{CHEATS.index(cheat):02}"


@pytest.fixture(scope="module")
def rows(tmp_path_factory):
    """The table of a class of cheats, and of one who is honest."""
    needed_sandbox()
    folder = tmp_path_factory.mktemp("cheats")
    kit_folder, desk = course.build(folder / "kit"), folder / "desk"
    (folder / "course.toml").write_text(course.LIMITS, encoding="utf-8")
    hand_in(desk / "honest", SOLVED)
    hand_in(desk / "remembers", {**SOLVED, "squaring": REMEMBERS})
    known = {"@KIT@": str(kit_folder), "@DESK@": str(desk)}
    if any("@ANSWERS@" in cheat.code for cheat in CHOSEN):
        known["@ANSWERS@"] = course.answers_at_home(folder / "home")
    words = [desk, "--course", folder / "course.toml", "--out", folder / "out"]
    with helpful() as places, pytest.MonkeyPatch.context() as patch:
        for cheat in CHOSEN:
            cheat.hand_in(desk / label(cheat), known | places)
        patch.chdir(kit_folder)
        patch.setenv(MARK, str(os.getpid()))
        kit.tito("grade", *map(str, words), "--env", MARK, "--jobs", "2", code=None)
    assert processes() == []
    return table(folder / "out")


@pytest.mark.parametrize("name", ["honest", "remembers"])
def test_an_honest_one_has_all_points(rows, name):
    row = rows[name]
    assert (row["ending"], row["points"], row["of"], row["flags"]) == ("graded", "5", "5", "")


@pytest.mark.parametrize("cheat", CHOSEN, ids=lambda cheat: cheat.name)
def test_each_comes_to_what_its_row_says(cheat, rows):
    row = rows[label(cheat)]
    points, said = float(row["points"]), (row["ending"], row["points"], row["flags"])
    assert cheat.flag in row["flags"], said
    if cheat.chance:
        assert points <= HONEST, said
        return
    match cheat.comes:
        case Comes.NO_MORE:
            assert said[:2] == ("graded", f"{HONEST}"), said
        case Comes.CAUGHT:
            assert row["ending"] in ("refused", "ended"), said
            assert points == 0
            assert row["flags"]
        case Comes.VOIDED:
            assert said[:2] == ("untrusted", "0"), said
        case Comes.FLAGGED:
            assert HONEST < points <= ALL, said
        case Comes.NOT_WITHSTOOD:
            assert HONEST < points <= ALL, f"it is withstood now: change its row. {said}"
            assert row["flags"] == ""


class TestTable:
    def test_has_many_rows_that_are_told_apart(self):
        names = [cheat.name for cheat in CHEATS]
        assert len(names) == len(set(names)) >= 45

    def test_says_in_each_row_what_it_meets(self):
        assert [cheat.name for cheat in CHEATS if not cheat.because.endswith(".")] == []
        voided = [cheat for cheat in CHEATS if cheat.comes in (Comes.VOIDED, Comes.FLAGGED)]
        assert [cheat.name for cheat in voided if not cheat.flag] == []

    @pytest.mark.parametrize("cheat", FLAGGED, ids=lambda cheat: cheat.name)
    def test_is_flagged_for_what_a_row_says(self, cheat):
        found = {flag.what for flag in flags_of({"squaring.py": cheat.source.encode()}, {})}
        assert cheat.flag in found

    def test_has_code_in_each_row(self):
        for cheat in CHEATS:
            ast.parse(cheat.source.replace("@PORT@", "0"), cheat.name)

    def test_is_the_one_of_the_page(self):
        written = (kit.ROOT / "docs" / "cheats.md").read_text(encoding="utf-8")
        assert written == page(), "run `python -m tests.grade.cheats docs/cheats.md`"

    def test_knows_what_each_outcome_means(self):
        assert MEANING.keys() == set(Comes)


def test_forged_results_would_count_if_nothing_were_in_their_way():
    found = read_result(course.forged())
    assert {unit.state for unit in found.units.values()} == {"passed"}
    assert found.granting
