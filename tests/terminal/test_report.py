"""The report fits the terminal it is shown on, and shows what it should."""

from __future__ import annotations

import re

import pytest
from msgspec.structs import replace
from rich.console import Group

from pytest_tinytorch.course.commands import PYTEST, TITO
from pytest_tinytorch.course.selection import unit_ranges
from pytest_tinytorch.evidence.outcomes import State, Verdict
from pytest_tinytorch.evidence.progress import GroupCount, Progress, Task
from pytest_tinytorch.terminal import milestones, report, screen
from pytest_tinytorch.terminal.glyphs import JOIN, PLAIN, UNICODE, glyphs_for
from pytest_tinytorch.terminal.layout import last_line
from tests.support import kit

COURSE = kit.course()


def progress(passed, current=State.WRONG):
    """The first ``passed`` units are passed, the next one is not, the rest is locked."""
    ids = [unit.id for unit in COURSE.units]
    state = dict.fromkeys(ids, State.LOCKED) | dict.fromkeys(ids[:passed], State.PASSED)
    tasks = ()
    verdicts = {}
    if passed < len(ids):
        unit = COURSE.units[passed]
        state[unit.id] = current
        verdicts[unit.id] = Verdict(current, {"passed": 9, current: 22})
        names = list(unit.hints) or ["x"]
        tasks = tuple(
            Task(unit, name, f"tinytorch/{unit.name}.py", 10 * n, n + 1, current)
            for n, name in enumerate(names, start=1)
        )
    return Progress(
        COURSE,
        state,
        verdicts=verdicts,
        groups={u: (GroupCount("a group of specs", 3, 4), GroupCount("b", 2, 2)) for u in verdicts},
        selected=frozenset(ids),
        newly_passed=tuple(ids[:passed][-1:]),
        tasks=tasks,
        notes={ids[-1]: {"test accuracy": "97.5%"}},
        warnings=("ledger.jsonl:3: skipped, not a line of JSON",),
    )


STEPS = sorted({0, 1, 2, 5, len(COURSE.units) - 1, len(COURSE.units)})
CASES = [progress(n, kind) for n in STEPS for kind in (State.WRONG, State.TODO)]


@pytest.mark.parametrize("width", [40, 60, 80, 120])
@pytest.mark.parametrize("glyphs", [UNICODE, PLAIN], ids=["unicode", "plain"])
@pytest.mark.parametrize("color", [True, False])
def test_fits_every_terminal(width, glyphs, color):
    for case in CASES:
        for shown in (
            report.capability_report(case, glyphs, width),
            report.capability_map(case, glyphs, width),
            milestones.timeline_report(case, glyphs, width, True),
            milestones.timeline_report(case, glyphs, width, False),
        ):
            plain = screen.rendered(shown, width, False, glyphs)
            assert max(len(line) for line in plain.splitlines()) <= width
            assert JOIN not in plain
            if glyphs is PLAIN:
                assert plain.isascii()
            assert ("\x1b[" in screen.rendered(shown, width, color, glyphs)) is color


def test_shows_what_is_next_with_a_place_to_click():
    text = screen.rendered(
        report.capability_report(progress(3, State.TODO), UNICODE, 80), 80, False
    )
    unit = COURSE.units[3]
    first = next(iter(unit.hints))
    assert f"To do in {unit.label} (next: {first})" in text
    assert f"Next  tinytorch/{unit.name}.py:10  {first}" in text
    assert f"{unit.label} to do · 3 of {len(COURSE.checkpoints)} checkpoints" in text


def test_says_how_much_of_a_checkpoint_passes_and_nothing_of_one_that_is_passed():
    text = screen.rendered(report.capability_report(progress(3), UNICODE, 80), 80, False)
    assert f"✗ {COURSE.units[3].label} 29%" in text  # 9 of 31
    assert f"✓ {COURSE.units[2].label}  " in text
    assert text.count("%") == 1


@pytest.mark.parametrize("width", [40, 80])
@pytest.mark.parametrize("glyphs", [UNICODE, PLAIN], ids=["unicode", "plain"])
def test_bars_are_as_long_as_what_is_passed(width, glyphs):
    """A bar is full of its share of characters, rounded down, so that only all of it fills it."""
    lengths = set()
    for passed in range(len(COURSE.units)):
        text = screen.rendered(
            report.capability_report(progress(passed), glyphs, width), width, False
        )
        found = re.findall(rf"([{glyphs.full}{glyphs.empty}]{{8,}})  (\d+) of (\d+)", text)
        assert len(found) == len(COURSE.tiers)
        for bar, done, of in found:
            assert bar.count(glyphs.full) == len(bar) * int(done) // int(of)
            lengths.add(len(bar))
    assert len(lengths) == 1


def test_a_milestone_gets_a_panel_with_its_numbers():
    text = screen.rendered(
        report.capability_report(progress(len(COURSE.units)), UNICODE, 80), 80, False
    )
    last = COURSE.units[-1]
    assert f"{last.year} · {last.title}" in text
    assert "test accuracy: 97.5%" in text
    assert f"Badge: {last.badge}" in text
    assert "all passed" in text


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "latin-1", None, "no such thing"])
def test_poor_encodings_get_plain_characters(encoding):
    assert glyphs_for(encoding) is PLAIN
    assert glyphs_for("utf-8") is UNICODE


def test_a_list_of_units_is_short():
    assert unit_ranges(COURSE.checkpoints[:1]) == "00"
    assert unit_ranges([*COURSE.checkpoints[1:4], COURSE.checkpoints[5]]) == "01-03, 05"
    assert unit_ranges(COURSE.milestones[:1]) == "1957"


def test_what_is_to_do_is_cut_off_in_no_terminal():
    """Where there is no room beside a place, the exercise stands below it: no bare number, no cut word."""
    case = progress(1, State.TODO)
    wide = "  tinytorch/tensor.py:479:1  add     9 specs wait"
    narrow = "  tinytorch/tensor.py:479:1\n    add, 9 specs wait"
    for width, told in ((40, narrow), (80, wide)):
        tasks = tuple(
            Task(COURSE.units[1], name, f"tinytorch/tensor.py:{line}", n, 9, State.TODO)
            for n, (name, line) in enumerate((("add", 479), ("matmul", 529)), start=1)
        )
        shown = screen.rendered(
            Group(*report.todo_list(replace(case, tasks=tasks), width)), width, False
        )
        assert told in shown


@pytest.mark.parametrize(
    ("count", "untouched", "told"),
    [
        (8, 8, ""),
        (8, 12, "  and 4 more that no spec has reached yet"),
        (10, 0, "  and 2 more"),  # a run of some specs
        (10, 14, "  and 6 more, 4 of which no spec has reached yet"),
    ],
)
def test_what_is_to_do_and_not_listed_is_counted(count, untouched, told):
    """A spec reaches one exercise; others may wait behind it."""
    unit = COURSE.units[1]
    tasks = tuple(Task(unit, f"f{n}", "a.py", n, 1, State.TODO) for n in range(1, count + 1))
    case = replace(progress(1, State.TODO), tasks=tasks, untouched={unit.id: untouched})
    _, *rows = screen.rendered(Group(*report.todo_list(case, 80)), 80, False).splitlines()
    assert rows[8:] == [told] * bool(told)


def test_the_name_of_a_group_that_is_longer_than_a_line_breaks_at_a_space():
    case = progress(3)
    name = "broadcasting of two shapes that differ"
    groups = {unit: (GroupCount(name, 7, 16),) for unit in case.verdicts}
    shown = screen.rendered(
        Group(*report.units_that_ran(replace(case, groups=groups), UNICODE, 40)), 40, False
    )
    assert f"○ {name} 7/16" in " ".join(shown.split())
    assert shown.splitlines()[-1].startswith("     "), "it goes on below its name"


@pytest.mark.parametrize(
    ("counts", "missing", "text"),
    [
        ({"passed": 9, "wrong": 22}, 0, "9 of 31 specs"),
        ({"wrong": 1}, 37, "0 of 1 spec that ran"),
        ({"passed": 2, "todo": 1}, 1, "2 of 3 specs that ran"),
        ({}, 38, "0 of 0 specs that ran"),
    ],
)
def test_a_run_of_some_specs_counts_those_that_ran(counts, missing, text):
    verdict = Verdict(State.WRONG, counts, tuple(map(str, range(missing))))
    assert report.passed_text(verdict) == text


def test_the_last_line_is_whole_where_it_is_longer_than_the_terminal():
    case = progress(len(COURSE.units) - 1)
    shown = screen.rendered(Group(*last_line(case, UNICODE, 40)), 40, False)
    assert "…" not in shown
    assert case.verdict_line() in " ".join(shown.split())


class TestBorrowedOnly:
    """A milestone that depends on borrowed modules, and on none of the learner's."""

    @pytest.fixture
    def case(self):
        unit = COURSE.milestones[0]
        modules = [u for u in COURSE.checkpoints if u.source and u.id in COURSE.closure([unit.id])]
        state = dict.fromkeys((u.id for u in COURSE.units), State.LOCKED)
        state |= dict.fromkeys((u.id for u in modules), State.BORROWED) | {unit.id: State.PASSED}
        return Progress(COURSE, state, newly_passed=(unit.id,))

    def shown(self, case, commands):
        panel = milestones.celebration_panel(case, COURSE.milestones[0], UNICODE, commands)
        return " ".join(screen.rendered(panel, 120, False).replace("│", "").split())

    def test_has_no_badge_and_is_told_how_to_make_it_ones_own(self, case):
        text = self.shown(case, TITO)
        assert "1957 perceptron uses borrowed modules only: nothing in it is yours yet." in text
        assert "Badge" not in text
        assert "celebrate" not in text
        assert "leave 02 activations out of what you borrow: tito path borrow 01,03-07" in text
        assert "borrow: --borrow 01,03-07" in self.shown(case, PYTEST)
        tree = Group(*milestones.milestone_tree(case, UNICODE, 80))
        assert "with borrowed modules only" in screen.rendered(tree, 80, False)

    def test_is_celebrated_once_one_module_is_the_learners(self, case):
        own = replace(case, state={**case.state, "checkpoint-04": State.PASSED})
        text = self.shown(own, TITO)
        assert "Badge: Perceptron" in text
        assert "Show it: tito milestone celebrate 1957" in text
