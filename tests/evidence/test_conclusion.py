"""What a run came to: its last line says passed if and only if it succeeded."""

from __future__ import annotations

import re
import tomllib
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_tinytorch.course import entries
from pytest_tinytorch.evidence.conclusion import Terms
from pytest_tinytorch.evidence.gate import states_of_units
from pytest_tinytorch.evidence.outcomes import Outcome, State, verdict_on_unit
from pytest_tinytorch.evidence.progress import Progress
from tests.support import toy

TOY = entries.build_curriculum(tomllib.loads(toy.CURRICULUM))
IDS = [unit.id for unit in TOY.units]
SPECS = ("a", "b")
SUCCESS = re.compile(r"all passed|\S+ \S+ passed|nothing wrong, .*")
PART = re.compile(r"\d of \d specs of .* passed.*")


def long(name):
    """``01`` and ``m01`` to ids."""
    return f"milestone-{name[1:]}" if name.startswith("m") else f"checkpoint-{name}"


def progress_of(outcomes, known=(), selected=None, stale=(), borrowed=(), whole=True, **terms):
    """Progress from what the specs of each unit came to, by short names; missing ones did not report."""
    verdicts = {
        long(unit): verdict_on_unit(
            SPECS, dict(zip(SPECS, map(Outcome, states), strict=False)), whole
        )
        for unit, states in outcomes.items()
        if unit not in borrowed
    }
    proved = dict.fromkeys(map(long, known), State.PASSED)
    sets = [frozenset(map(long, names)) for names in (stale, borrowed)]
    asked = frozenset(verdicts if selected is None else map(long, selected))
    state = states_of_units(TOY, verdicts, proved.get, *sets)
    return Progress(TOY, state, verdicts, selected=asked, terms=Terms(**terms))


def concluded(*args, **terms):
    made = progress_of(*args, **terms).conclusion
    return made.headline, made.succeeded


BOTH = ["passed", "passed"]


class TestConclusion:
    @pytest.mark.parametrize(
        ("arguments", "headline", "succeeded"),
        [
            ({"outcomes": {"00": BOTH}}, "00 environment passed", True),
            ({"outcomes": {"00": BOTH, "01": BOTH}}, "all passed", True),
            ({"outcomes": {"00": BOTH, "01": ["wrong"]}}, "01 adding wrong", False),
            (
                {"outcomes": {"00": BOTH, "01": ["wrong"]}, "selected": ["02"]},
                "02 doubling locked, needs 01",
                False,
            ),
            ({"outcomes": {}, "selected": ["00"]}, "00 environment not run", False),
            ({"outcomes": {}, "selected": ["00"], "known": ["00"]}, "00 environment passed", True),
            (
                {"outcomes": {"00": ["passed", "not run"]}, "known": ["00"]},
                "00 environment not run in full",
                False,
            ),
            (
                {"outcomes": {"00": ["passed"]}, "known": ["00"], "whole": False},
                "00 environment passed",
                True,
            ),
            (
                {"outcomes": {"00": ["passed"]}, "whole": False},
                "00 environment not run in full",
                False,
            ),
            (
                {"outcomes": {}, "selected": ["00"], "known": ["00"], "complete": False},
                "cut short before all specs ran",
                False,
            ),
            ({"outcomes": {"00": BOTH}, "failures": ("x failed",)}, "x failed", False),
            ({"outcomes": {"00": BOTH}, "borrowed": ["00"], "selected": []}, "", True),
        ],
    )
    def test_is_about_what_was_asked_for(self, arguments, headline, succeeded):
        assert concluded(**arguments) == (headline, succeeded)

    @pytest.mark.parametrize(
        ("arguments", "headline", "succeeded"),
        [
            ({"01": ["todo", "passed"]}, "nothing wrong, 01 adding to do", True),
            ({"01": ["todo"], "03": ["wrong"]}, "03 squaring wrong", False),
            ({"01": ["todo"], "03": ["not run"]}, "03 squaring not run in full", False),
            ({"01": ["todo"], "02": ["locked"]}, "nothing wrong, 01 adding to do", True),
        ],
    )
    def test_lets_todo_through_if_told_to(self, arguments, headline, succeeded):
        assert concluded({"00": BOTH, **arguments}, todo_ok=True) == (headline, succeeded)

    def test_what_was_passed_once_may_not_go_back(self):
        found = concluded({"00": ["todo"]}, todo_ok=True, once_passed=frozenset([long("00")]))
        assert found == ("00 environment is to do again", False)

    def test_nor_may_what_ran_for_it(self):
        outcomes = {"00": BOTH, "01": ["todo"]}
        once = frozenset([long("01")])
        found = concluded(outcomes, selected=["02"], todo_ok=True, once_passed=once)
        assert found == ("01 adding is to do again", False)

    def test_lets_nothing_through_that_waits_for_what_was_not_run(self):
        found = concluded({}, selected=["02"], known=["00"], todo_ok=True)
        assert found == ("02 doubling locked, needs 01", False)
        found = concluded({"00": BOTH, "01": ["not run"]}, selected=["02"], todo_ok=True)
        assert found == ("02 doubling locked, needs 01", False)

    @pytest.mark.parametrize(
        ("outcomes", "headline"),
        [
            ({"01": ["passed"]}, "1 of 2 specs of 01 adding passed"),
            (
                {"01": BOTH},
                "2 of 2 specs of 01 adding passed, 01 adding locked, needs 00",
            ),
            ({"01": ["passed", "wrong"]}, "01 adding wrong"),
            ({"00": BOTH}, "00 environment passed"),
            (
                {"01": ["passed", "not run"]},
                "1 of 2 specs of 01 adding passed, some not run",
            ),
        ],
    )
    def test_of_specs_that_were_named_counts_them(self, outcomes, headline):
        found = concluded(outcomes, whole=False, names_specs=True)
        assert found == (headline, "wrong" not in headline)


units = st.sampled_from(
    [name.replace("checkpoint-", "").replace("milestone-", "m") for name in IDS]
)
outcomes_of_specs = st.lists(st.sampled_from([*State][:6]), min_size=0, max_size=2)
runs = st.fixed_dictionaries(
    {
        "outcomes": st.dictionaries(units, outcomes_of_specs),
        "known": st.sets(units),
        "selected": st.sets(units, min_size=1),
        "stale": st.sets(units),
        "borrowed": st.sets(units, max_size=1),
        "whole": st.booleans(),
        "todo_ok": st.booleans(),
        "once_passed": st.sets(st.sampled_from(IDS)).map(frozenset),
        "complete": st.sampled_from([True, True, False]),
        "failures": st.sampled_from([(), (), ("x failed",)]),
    }
)


class TestAgreement:
    @given(runs)
    def test_the_last_line_says_passed_if_and_only_if_the_run_succeeded(self, run):
        progress = progress_of(**run)
        found = progress.conclusion
        assert bool(SUCCESS.fullmatch(found.headline or "all passed")) == found.succeeded
        assert progress.verdict_line().startswith(found.headline)

    @given(runs)
    def test_success_needs_every_unit_that_was_asked_for(self, run):
        progress = progress_of(**run)
        if not progress.conclusion.succeeded:
            return
        fine = {State.PASSED} | ({State.TODO, State.LOCKED} if run["todo_ok"] else set())
        assert {progress.state[unit] for unit in progress.selected} <= fine
        ran = [progress.verdicts[unit] for unit in progress.selected & progress.verdicts.keys()]
        assert not sum((Counter(verdict.counts) for verdict in ran), Counter())[State.NOT_RUN]
        assert run["complete"]
        assert not run["failures"]

    @given(runs)
    def test_of_named_specs_it_says_so_if_and_only_if_none_of_them_failed(self, run):
        progress = progress_of(**run | {"whole": False, "selected": None}, names_specs=True)
        found = progress.conclusion
        said = SUCCESS.fullmatch(found.headline or "all passed") or PART.fullmatch(found.headline)
        failed = {State.BROKEN, State.WRONG, State.TODO} & {
            verdict.state for verdict in progress.verdicts.values()
        }
        assert bool(said) == found.succeeded
        if found.succeeded and not run["todo_ok"]:
            assert not failed
