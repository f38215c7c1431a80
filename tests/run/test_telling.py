"""One cause is told once, wherever the specs run, and every spec of it has failed all the same."""

from __future__ import annotations

import re
from types import SimpleNamespace
from xml.etree import ElementTree

import pytest
from msgspec.structs import replace

from pytest_tinytorch.evidence.causes import causes_of, more_text
from pytest_tinytorch.evidence.outcomes import Outcome, State
from pytest_tinytorch.run.message import MOST_LINES, Message, labeled_lines, pointed_out
from pytest_tinytorch.run.reports import attach_outcome
from pytest_tinytorch.run.telling import CATEGORY, LINES, arrange
from tests.support import kit, toy

WAYS = pytest.mark.parametrize(
    "way", [(), ("-n", "2"), ("--isolate",)], ids=["one", "xdist", "forks"]
)
UNFINISHED = "def add(x, y):\n    return (x + y\n\n\ndef negate(x):\n    return -x\n"
SPECS = ("specs/test_01_adding.py", "specs/test_02_doubling.py")
"""Four specs, all of which need `adding`."""

HEARS = """
def pytest_report_teststatus(report):
    if report.when == "call":
        with open("heard.txt", "a", encoding="utf-8") as file:
            print(report.nodeid, report.outcome, file=file)
"""


@pytest.fixture
def workspace(tmp_path):
    return toy.build(tmp_path)


@pytest.fixture
def unfinished(workspace):
    """A workspace with a bracket that is not closed."""
    toy.solve(workspace, "adding", "doubling", "squaring")
    toy.write(workspace, {"tinytorch/adding.py": UNFINISHED})
    return workspace


@WAYS
def test_what_cannot_be_imported_is_one_block_however_many_specs_it_stops(unfinished, way):
    run = toy.pytest_in(unfinished, *SPECS, *way)
    assert run.code == 1
    assert run.output.count("Broken    SyntaxError: '(' was never closed") == 1, run.output
    assert (
        "  Where     tinytorch/adding.py:2\n            return (x + y\n                   ^\n"
    ) in run.output
    assert "  and 3 more specs, for the same reason\n" in run.output
    assert len(re.findall(r"^FAILED ", run.output, re.MULTILINE)) == 1
    assert re.search(rf"= .*\b1 failed, 3 {CATEGORY}\b", run.output), run.output


@WAYS
def test_each_of_them_has_failed(unfinished, way):
    run = toy.pytest_in(unfinished, *SPECS, *way, "--junitxml=j.xml", "--maxfail=4")
    counted = {toy.short(unit): entry["specs"] for unit, entry in run.json["units"].items()}
    assert (counted["01"], counted["02"]) == ({"broken": 2}, {"broken": 2})
    suite = ElementTree.parse(unfinished / "j.xml").getroot()[0]
    assert suite.attrib["failures"] == "4"
    assert all("SyntaxError" in case[0].attrib["message"] for case in suite.iter("testcase"))
    assert "stopping after 4 failures" in run.output


LOOPS = """
def hold():
    x = 0
    while True:
        x += 1
        x -= 1
"""


def test_a_loop_that_two_processes_run_into_is_one_block(workspace):
    """Each finds it at another line, after another time. The function is no exercise."""
    holding = toy.REFERENCE["adding"].replace("    return", "    hold()\n    return")
    toy.write(workspace, {"tinytorch/adding.py": holding + LOOPS})
    run = toy.pytest_in(workspace, SPECS[0], "-n", "2", "--timeout=1")
    assert run.output.count("no verdict after 1 s of CPU time") == 1
    assert "  Limit " not in run.output, "somebody has set it"
    assert "  and 1 more spec, for the same reason\n" in run.output


@pytest.mark.parametrize("asked", ["-v", "--tb=short"])
def test_who_asks_for_more_sees_all(unfinished, asked):
    run = toy.pytest_in(unfinished, *SPECS, asked)
    assert run.output.count("Broken    SyntaxError") == 4
    assert CATEGORY not in run.output
    assert "more specs" not in run.output


def test_other_plugins_hear_of_each(unfinished):
    """The test explorer of VS Code takes outcomes where a status is asked for."""
    toy.write(unfinished, {"conftest.py": HEARS})
    toy.pytest_in(unfinished, *SPECS)
    heard = (unfinished / "heard.txt").read_text(encoding="utf-8").splitlines()
    assert all(line.endswith(" failed") for line in heard)
    assert len(set(heard)) == 4


def test_a_line_that_fails_at_import_has_its_caret(workspace):
    toy.write(workspace, {"tinytorch/adding.py": "zero = 1 + nothing\n" + toy.REFERENCE["adding"]})
    output = toy.pytest_in(workspace, SPECS[0]).output
    assert "            zero = 1 + nothing\n                       ^^^^^^^\n" in output, output
    assert output.count("Broken") == 1


TELLS_WHERE = """

class TestMore:
    \"\"\"sums\"\"\"

    def test_of_two(self):
        \"\"\"add(1, 2) is 3.\"\"\"
        from pytest_tinytorch.api import LawBroken
        from tinytorch.adding import add

        if add(1, 2) != 3:
            code = add.__code__
            place = (code.co_filename, code.co_firstlineno, "add")
            raise LawBroken("3", "another number", "add(1, 2)", place)
"""


def test_an_exercise_is_named_at_its_def_and_not_at_its_decorator(workspace):
    """As `tito` and an editor name it. Python lets the function begin at its first decorator."""
    decorated = "def same(f):\n    return f\n\n\n@same\n@same\ndef add(x, y):\n    return x - y\n"
    toy.write(workspace, {"tinytorch/adding.py": f"{decorated}\n\ndef negate(x):\n    return -x\n"})
    toy.write(workspace, {SPECS[0]: toy.SPECS[SPECS[0]] + TELLS_WHERE})
    output = toy.pytest_in(workspace, f"{SPECS[0]}::TestMore").output
    assert "  Where     tinytorch/adding.py:7 in add\n" in output, output


def outcome(exercise, state=State.WRONG, line=1, headline="", file="tinytorch/autograd.py"):
    return Outcome(state, headline, exercise=exercise, unit="05-autograd", file=file, line=line)


USES = {
    "05-autograd": {
        "gradient of add": {"unbroadcast"},
        "gradient of mul": {"unbroadcast"},
        "unbroadcast": (),
    }
}


class TestCauses:
    def test_what_others_use_comes_first_and_stands_for_them(self):
        found = {
            "a": outcome("flow", line=1),
            "b": outcome("gradient of add", line=9),
            "c": outcome("gradient of mul", line=8),
            "d": outcome("unbroadcast", line=7),
        }
        first, second = causes_of(found, kit.course(), USES)
        assert (first.outcome.exercise, first.nodeids) == ("unbroadcast", ("d", "b", "c"))
        assert more_text(first) == "and 2 more specs that go through unbroadcast"
        assert (second.outcome.exercise, second.nodeids) == ("flow", ("a",))
        assert more_text(second) == ""

    def test_none_explains_another_that_is_not_red_itself(self):
        found = {"b": outcome("gradient of add"), "c": outcome("gradient of mul")}
        assert len(causes_of(found, kit.course(), USES)) == 2

    def test_a_loop_that_two_processes_are_in_is_one_cause_at_whatever_line(self):
        """Another loop with the same words, in another function, is another cause."""
        found = {
            name: replace(outcome("", State.BROKEN, line, "no verdict"), function=function)
            for name, line, function in (
                ("a", 3, "m.py:2 f"),
                ("b", 4, "m.py:2 f"),
                ("c", 9, "m.py:8 g"),
            )
        }
        one, other = causes_of(found, kit.course(), USES)
        assert (one.nodeids, other.nodeids) == (("a", "b"), ("c",))
        assert more_text(one) == "and 1 more spec, for the same reason"

    def test_two_that_use_each_other_stay_two(self):
        both = {"05-autograd": {"f": {"g"}, "g": {"f"}}}
        assert len(causes_of({"a": outcome("f"), "b": outcome("g")}, kit.course(), both)) == 2

    def test_what_was_found_by_trial_explains_what_it_has_to_do_with(self):
        """What it uses, too; and it comes first, though another function explains more."""
        found = {
            "a": outcome("unbroadcast", line=1),
            "b": replace(outcome("gradient of add", line=9), tried=True),
            "c": outcome("flow", line=2),
            "d": outcome("flow", line=2),
        }
        first, second = causes_of(found, kit.course(), USES)
        assert (first.outcome.exercise, first.nodeids) == ("gradient of add", ("b", "a"))
        assert second.outcome.exercise == "flow"

    def test_two_that_were_found_by_trial_stay_two(self):
        found = {
            n: replace(outcome(name), tried=True)
            for n, name in (("a", "unbroadcast"), ("b", "gradient of add"))
        }
        assert len(causes_of(found, kit.course(), USES)) == 2

    def test_what_is_broken_comes_before_what_is_wrong(self):
        found = {"a": outcome("flow"), "b": outcome("", State.BROKEN, 50, "SyntaxError")}
        assert [c.outcome.state for c in causes_of(found, kit.course(), {})] == ["broken", "wrong"]

    def test_the_same_is_said_only_of_what_says_the_same(self):
        same = {n: outcome("flow", headline="ValueError: x") for n in "ab"}
        (cause,) = causes_of(same, kit.course(), {})
        assert more_text(cause) == "and 1 more spec, for the same reason"

    def test_what_nothing_is_known_of_is_a_cause_of_its_own(self):
        found = {n: outcome("", file="") for n in "ab"}
        assert len(causes_of(found, kit.course(), {})) == 2


def report(nodeid, found=None, lines=1):
    made = SimpleNamespace(nodeid=nodeid, failed=True, sections=[])
    made.longrepr = Message("f.py", 1, "\n".join(["x"] * lines), "x")
    if found is not None:
        attach_outcome(made, found)
    return made


class TestArranging:
    def test_sorts_by_what_to_mend_first_and_leaves_other_tests_alone(self):
        late, early = outcome("gradient of add", line=9), outcome("flow", line=2)
        others = report("mine")
        stats = {"failed": [others, report("a", late), report("b", early)]}
        arrange(stats, causes_of({"a": late, "b": early}, kit.course(), {}))
        assert [made.nodeid for made in stats["failed"]] == ["b", "a", "mine"]

    def test_what_does_not_fit_is_left_out_but_never_the_first(self):
        found = {str(n): outcome(f"f{n}", line=n) for n in range(3)}
        stats = {"failed": [report(n, o, lines=LINES) for n, o in found.items()]}
        left_out = arrange(stats, causes_of(found, kit.course(), {}))
        assert [made.nodeid for made in stats["failed"]] == ["0"]
        assert [made.nodeid for made in stats[CATEGORY]] == ["1", "2"]
        assert [cause.outcome.exercise for cause in left_out] == ["f1", "f2"]

    def test_of_two_reports_of_one_cause_one_is_shown(self):
        """Only the whole run shows that they have one: what a rule uses is red, too."""
        found = {"a": outcome("gradient of add"), "b": outcome("unbroadcast")}
        stats = {"failed": [report(n, o) for n, o in found.items()]}
        arrange(stats, causes_of(found, kit.course(), USES))
        assert [made.nodeid for made in stats["failed"]] == ["b"]
        assert stats["failed"][0].longrepr.more == "and 1 more spec that goes through unbroadcast"

    def test_a_report_with_a_program_is_shown_rather_than_the_first(self):
        """Even where pytest has counted it as told already."""
        found = {"a": outcome("flow"), "b": replace(outcome("flow"), program=True)}
        first, other = (report(n, o) for n, o in found.items())
        other.when = "call"
        stats = {"failed": [first], CATEGORY: [other]}
        arrange(stats, causes_of(found, kit.course(), {}))
        assert [[made.nodeid for made in stats[kind]] for kind in stats] == [["b"], ["a"]]


class TestParts:
    def test_a_long_part_is_cut_and_says_so(self):
        short, long = ("\n".join(["x"] * count) for count in (MOST_LINES, MOST_LINES + 1))
        assert labeled_lines("Got", short)[1:] == ["            x"] * (MOST_LINES - 1)
        lines = labeled_lines("Got", long)
        assert len(lines) == MOST_LINES
        assert lines[-1].strip() == f"... ({MOST_LINES + 1} lines in all)"

    @pytest.mark.parametrize(
        ("line", "start", "end", "carets"),
        [
            ("    return (x\n", 11, 12, "       ^"),
            ("x = 1 +\n", 7, 0, "       ^"),
            ("abc", 0, 3, "^^^"),
            ("abc", 9, 99, "   ^"),
        ],
    )
    def test_a_caret_stands_below_what_is_wrong(self, line, start, end, carets):
        indent = " " * 12
        assert pointed_out(line, start, end) == [indent + line.strip(), indent + carets]

    def test_an_empty_line_has_no_caret(self):
        assert pointed_out("\n", 0, 1) == []
