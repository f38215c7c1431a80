"""Where a learner is: what is next, what a lock waits for, what a run has opened."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from pytest_tinytorch.evidence import gate
from pytest_tinytorch.evidence.outcomes import State, Verdict
from pytest_tinytorch.evidence.progress import Progress
from tests.support import kit

COURSE = kit.course()


def at(passed, *years, newly=()):
    """Progress with checkpoints up to a number and the milestones of these years passed."""
    done = {u.id for u in COURSE.checkpoints if u.number <= passed}
    done |= {u.id for u in COURSE.milestones if u.year in years}
    state = gate.states_of_units(
        COURSE, {}, lambda unit: State.PASSED if unit in done else None, frozenset(), frozenset()
    )
    return Progress(COURSE, state, newly_passed=tuple(newly))


def unit(word):
    return next(u for u in COURSE.units if word in (u.number, str(u.year)))


def test_a_milestone_comes_after_the_last_checkpoint_that_it_needs():
    labels = [one.label for one in COURSE.way]
    assert labels[labels.index("07 training") :][:5] == [
        "07 training",
        "1957 perceptron",
        "1969 xor",
        "08 dataloader",
        "1986 mlp",
    ]
    assert sorted(labels) == sorted(one.label for one in COURSE.units)


@pytest.mark.parametrize(
    ("passed", "years", "following", "checkpoint"),
    [
        ("", (), "00", "00"),
        ("06", (), "07", "07"),
        ("07", (), "1957", "08"),
        ("07", (1957,), "1969", "08"),
        ("07", (1957, 1969), "08", "08"),
        ("20", (1957,), "1969", None),
        ("20", (1957, 1969, 1986, 1998, 2017, 2018), None, None),
    ],
)
def test_what_is_next_is_a_milestone_as_soon_as_it_is_open(passed, years, following, checkpoint):
    progress = at(passed, *years)
    found = progress.current
    assert (found and str(found.year or found.number)) == following
    assert (progress.current_checkpoint and progress.current_checkpoint.number) == checkpoint


@pytest.mark.parametrize(
    ("passed", "which", "text"),
    [
        ("05", "1957", "opens after 07; you are at 06"),
        ("06", "1957", "opens after 07"),
        ("02", "05", "opens after 04; you are at 03"),
        ("00", "12", "opens after 11; you are at 01"),
        ("07", "1969", "opens after 1957"),
        ("02", "1998", "opens after 09, 1986; you are at 03"),
        ("07", "1957", ""),
    ],
)
def test_a_lock_is_told_whole(passed, which, text):
    assert at(passed).lock_text(unit(which)) == text


def test_what_a_run_has_opened_is_what_waited_for_its_passes():
    opened = [u.label for u in at("07", newly=[unit("07").id]).opened]
    assert opened == ["1957 perceptron", "09 spatial", "14 profiling"]
    assert [u.label for u in at("06", newly=[unit("06").id]).opened] == ["07 training"]
    assert at("06", newly=[unit("00").id]).opened == ()
    assert at("06").opened == ()


@pytest.mark.parametrize(
    ("state", "counts", "missing", "recorded", "share"),
    [
        (State.PASSED, None, (), None, 1.0),
        (State.PASSED, None, (), (1, 3), 1.0),
        (State.STALE, None, (), (3, 3), None),
        (State.BORROWED, None, (), None, None),
        (State.TODO, None, (), None, None),  # untouched, and nothing was recorded
        (State.WRONG, None, (), (1, 3), 1 / 3),
        (State.WRONG, {State.PASSED: 2, State.WRONG: 2}, (), (1, 3), 0.5),
        (State.WRONG, {State.WRONG: 1}, ("a", "b"), (2, 3), 2 / 3),  # a run of one of its specs
        (State.WRONG, {State.WRONG: 1}, ("a", "b"), None, None),
    ],
)
def test_how_much_of_a_unit_passes(state, counts, missing, recorded, share):
    one = unit("09")
    progress = Progress(
        COURSE,
        {one.id: state},
        verdicts={} if counts is None else {one.id: Verdict(state, counts, missing)},
        recorded_counts={} if recorded is None else {one.id: recorded},
    )
    assert progress.share(one) == share


def test_modules_are_to_borrow_where_one_is_missing():
    """What is borrowed already is among them: what somebody borrows next takes its place."""
    needed = lambda progress, which: [one.number for one in progress.modules_before(unit(which))]
    assert needed(at(""), "07")[:2] == ["01", "02"]
    assert needed(at("02"), "07")[0] == "03"
    assert needed(at("02"), "03") == []
    assert needed(at(""), "01") == [], "it waits for the environment, which is no module"
    first = unit("01")
    lent = replace(at(""), state=dict(at("").state) | {first.id: State.BORROWED})
    assert needed(lent, "07")[:2] == ["01", "02"]
    assert needed(lent, "02") == [], "no other module is missing"
