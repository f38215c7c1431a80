"""Whole runs of pytest on the toy workspace: states, gates, exit codes, selection, the ledger."""

from __future__ import annotations

import subprocess
import sys

import pytest

from pytest_tinytorch.evidence import ledger
from tests.support import toy

MODULES = {"01": "adding", "02": "doubling", "03": "squaring"}
EVERYTHING = {"00", "01", "02", "03", "m01", "m02"}


@pytest.fixture
def workspace(tmp_path):
    return toy.build(tmp_path)


def wrong(workspace, module, old, new):
    """The reference's solution of a module with one passage replaced."""
    text = toy.REFERENCE[module]
    assert text.count(old) >= 1
    toy.write(workspace, {f"tinytorch/{module}.py": text.replace(old, new)})


def ran(run):
    """How many specs of each unit reported."""
    units = run.json["units"]
    return {toy.short(u): sum(e["specs"].values()) for u, e in units.items() if e["specs"]}


def events(workspace):
    found = ledger.read_ledger(workspace / ".tinytorch" / "ledger.jsonl").events
    return [(toy.short(event.unit), event.verdict) for event in found]


class TestEarning:
    def test_stubs_earn_only_00(self, workspace):
        run = toy.pytest_in(workspace, cold=True)
        assert run.code == 1
        assert run.states == {
            "00": "passed",
            "01": "todo",
            "02": "locked",
            "03": "todo",
            "m01": "locked",
            "m02": "locked",
        }
        assert "tinytorch/adding.py:9   add     1 spec waits" in run.output
        assert "Traceback" not in run.output
        assert toy.pytest_in(workspace, "--todo-ok").code == 0

    @pytest.mark.parametrize(
        ("arguments", "shuffle"),
        [((), None), (("-n", "2"), 3), ((), 1), ((), 2), (("-n", "4"), None)],
    )
    def test_verdicts_do_not_depend_on_workers_or_order(self, workspace, arguments, shuffle):
        toy.solve(workspace, "doubling", "squaring")
        wrong(workspace, "adding", "-x", "x")
        run = toy.pytest_in(workspace, *arguments, shuffle=shuffle)
        assert run.states == {
            "00": "passed",
            "01": "wrong",
            "02": "locked",
            "03": "passed",
            "m01": "locked",
            "m02": "locked",
        }
        assert run.code == 1
        assert sorted(events(workspace)) == [("00", "passed"), ("01", "wrong"), ("03", "passed")]

    @pytest.mark.parametrize("arguments", [(), ("-n", "2")])
    def test_solutions_earn_everything(self, workspace, arguments):
        toy.solve(workspace, *MODULES.values())
        run = toy.pytest_in(workspace, *arguments, cold=True)
        assert (run.passed(), run.code) == (EVERYTHING, 0)
        assert run.json["units"]["milestone-01"]["notes"] == {"doubled sum": 4}
        assert "1902" in run.output
        assert "Badge: Squarer" in run.output

    def test_any_interleaving_of_sessions_comes_to_the_same(self, workspace):
        toy.solve(workspace, *MODULES.values())
        toy.pytest_in(workspace, "--checkpoint=03")
        toy.pytest_in(workspace, "--milestone=01")
        toy.pytest_in(workspace, "specs/test_01_adding.py")
        last = toy.pytest_in(workspace, "--milestone=02")
        assert last.passed() == EVERYTHING
        assert ran(last) == {"m02": 1}


class TestSelecting:
    def test_what_is_needed_runs_first_and_what_is_proved_does_not_run_again(self, workspace):
        toy.solve(workspace, *MODULES.values())
        first = toy.pytest_in(workspace, "--checkpoint=02")
        assert ran(first) == {"00": 1, "01": 2, "02": 2}
        assert first.code == 0
        second = toy.pytest_in(workspace, "--checkpoint=doubling")
        assert ran(second) == {"02": 2}
        assert ran(toy.pytest_in(workspace, "--milestone=1901")) == {"m01": 1}

    @pytest.mark.parametrize(
        "arguments",
        [("-k", "negate"), ("specs/test_01_adding.py::TestNegate",), ("--deselect=specs/x",)],
    )
    def test_naming_specs_opens_everything_and_grants_nothing_partial(self, workspace, arguments):
        toy.solve(workspace, "adding")
        run = toy.pytest_in(workspace, *arguments, "-k", "opposite")
        assert run.code == 0
        assert "01" not in run.passed()
        assert events(workspace) == []

    def test_naming_a_whole_file_grants(self, workspace):
        toy.solve(workspace, "squaring")
        run = toy.pytest_in(workspace, "specs/test_00_environment.py", "specs/test_03_squaring.py")
        assert (run.passed(), run.code) == ({"00", "03"}, 0)
        assert events(workspace) == [("00", "passed"), ("03", "passed")]

    def test_names_what_is_locked_when_asked_by_name(self, workspace):
        toy.solve(workspace, "doubling")
        run = toy.pytest_in(workspace, "specs/test_02_doubling.py")
        assert run.json["units"]["checkpoint-02"]["specs"] == {"todo": 2}
        assert run.code == 1

    def test_last_failed_runs_what_failed(self, workspace):
        toy.solve(workspace, "doubling", "squaring")
        wrong(workspace, "adding", "-x", "x")
        cache = ["-p", "cacheprovider", "-o", f"cache_dir={workspace / 'cache'}"]
        command = [sys.executable, "-m", "pytest", *cache]
        subprocess.run(command, cwd=workspace, capture_output=True, check=False)
        done = subprocess.run(
            [*command, "--lf"], cwd=workspace, capture_output=True, text=True, check=False
        )
        assert "1 failed" in done.stdout
        assert "passed in" not in done.stdout.splitlines()[-1].split("failed")[0]

    @pytest.mark.parametrize(
        ("arguments", "says"),
        [
            (("--checkpoint=7",), "Valid: 00, 01, 02, 03"),
            (("--milestone=suns",), "Did you mean 'sums'"),
            (("--borrow=addin",), "Did you mean 'adding'"),
            (("--path=shor",), "Did you mean 'short'"),
            (("--hints=4",), "--hints takes 1, 2 or 3"),
            (("--source=nowhere",), "--source=nowhere: there is no folder "),
            (("--checkpoint=7", "-n", "2"), "Valid: 00, 01, 02, 03"),
            (("--checkpoint=7", "--capabilities"), "Valid: 00, 01, 02, 03"),
        ],
    )
    def test_what_there_is_not_is_a_usage_error(self, workspace, arguments, says):
        run = toy.pytest_in(workspace, *arguments)
        assert run.code == 4
        assert says in run.output
        assert "Traceback" not in run.output

    def test_a_wrong_curriculum_is_a_usage_error(self, workspace):
        toy.write(workspace, {"curriculum.toml": toy.CURRICULUM.replace('["01"]', '["02"]', 1)})
        run = toy.pytest_in(workspace)
        assert run.code == 4
        assert "circle: 02 doubling" in run.output

    def test_a_damaged_manifest_is_a_usage_error(self, workspace):
        toy.write(workspace, {"specs/manifest.json": "{"})
        run = toy.pytest_in(workspace)
        assert run.code == 4
        assert "manifest.json" in run.output

    def test_a_discovery_shows_everything_whatever_the_code_is_like(self, workspace):
        toy.write(workspace, {"tinytorch/adding.py": "def add(:\n", "tinytorch/__init__.py": "1/0"})
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "--collect-only", "-q"],
            cwd=workspace,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0
        assert "8 tests collected" in done.stdout


class TestBorrowing:
    def test_takes_modules_from_the_reference(self, workspace):
        run = toy.pytest_in(workspace, "--borrow=01", "--checkpoint=02")
        assert (run.states["01"], run.states["02"], run.code) == ("borrowed", "todo", 1)
        toy.solve(workspace, "doubling")
        run = toy.pytest_in(workspace, "--borrow=01", "--checkpoint=02")
        assert (run.states["01"], run.states["02"], run.code) == ("borrowed", "passed", 0)

    def test_does_not_prove_anything_of_ones_own(self, workspace):
        toy.solve(workspace, "doubling")
        toy.pytest_in(workspace, "--borrow=01", "--checkpoint=02")
        run = toy.pytest_in(workspace, "--checkpoint=00")
        assert run.states["02"] == "locked", "nothing has changed"
        assert run.states["01"] == "todo"

    def test_the_reference_borrows_all(self, workspace):
        run = toy.pytest_in(workspace, "--reference")
        assert (run.passed(), run.code) == (EVERYTHING, 0)
        assert toy.pytest_in(workspace, "--checkpoint=00").passed() == {"00"}
        again = toy.pytest_in(workspace, "--reference", "--milestone=02")
        assert ran(again) == {"m02": 1}

    def test_a_path_borrows_what_it_leaves_out(self, workspace):
        toy.solve(workspace, "squaring")
        run = toy.pytest_in(workspace, "--path=squares")
        assert (run.states["01"], run.states["03"]) == ("borrowed", "passed")
        assert run.states["m01"] == "borrowed"
        assert run.states["m02"] == "passed"
        assert run.code == 0


class TestScale:
    def test_reaches_the_milestones(self, workspace):
        toy.solve(workspace, *MODULES.values())
        text = toy.SPECS["milestones/02_1902_squares/test_02_squares.py"]
        asked = text.replace("(self):", "(self, pytestconfig):").replace(
            "assert", "assert pytestconfig.getoption('scale') == 'full'; assert"
        )
        toy.write(workspace, {"milestones/02_1902_squares/test_02_squares.py": asked})
        assert toy.pytest_in(workspace).states["m02"] == "wrong"
        assert toy.pytest_in(workspace, "--scale=full").states["m02"] == "passed"
        assert toy.pytest_in(workspace, "--scale=huge").code == 4

    def test_what_fails_at_full_scale_is_still_proved_at_the_other(self, workspace):
        toy.solve(workspace, *MODULES.values())
        text = toy.SPECS["milestones/02_1902_squares/test_02_squares.py"]
        tiny = text.replace("(self):", "(self, pytestconfig):").replace(
            "assert", "assert pytestconfig.getoption('scale') == 'tiny'; assert"
        )
        toy.write(workspace, {"milestones/02_1902_squares/test_02_squares.py": tiny})
        assert toy.pytest_in(workspace).states["m02"] == "passed"
        run = toy.pytest_in(workspace, "--milestone=02", "--scale=full")
        assert (run.states["m02"], run.code) == ("wrong", 1), run.output
        assert ("m02", "wrong") not in events(workspace)
        assert toy.pytest_in(workspace).states["m02"] == "passed"


class TestSource:
    def test_editing_makes_stale_what_stands_on_it_and_nothing_else(self, workspace):
        toy.solve(workspace, *MODULES.values())
        assert toy.pytest_in(workspace).code == 0
        adding = workspace / "tinytorch" / "adding.py"
        adding.write_text("# a comment\n" + adding.read_text(encoding="utf-8"), encoding="utf-8")
        assert toy.pytest_in(workspace, "--checkpoint=00").passed() == EVERYTHING
        wrong(workspace, "adding", "x + y", "y + x")
        run = toy.pytest_in(workspace, "--checkpoint=00")
        assert run.passed() == {"00", "03"}
        assert run.states["01"] == "stale"

    def test_a_file_of_ones_own_counts_for_everything(self, workspace):
        toy.solve(workspace, "squaring")
        toy.write(workspace, {"tinytorch/helper.py": "x = 1\n"})
        assert toy.pytest_in(workspace, "--checkpoint=03").states["03"] == "passed"
        toy.write(workspace, {"tinytorch/helper.py": "x = 2\n"})
        assert toy.pytest_in(workspace, "--checkpoint=00").states["03"] == "stale"

    def test_going_back_to_a_stub_fails_even_where_todo_is_fine(self, workspace):
        stub = (workspace / "tinytorch" / "squaring.py").read_text(encoding="utf-8")
        toy.solve(workspace, "squaring")
        assert toy.pytest_in(workspace, "--todo-ok").code == 0
        toy.write(workspace, {"tinytorch/squaring.py": stub})
        run = toy.pytest_in(workspace, "--todo-ok")
        assert (run.states["03"], run.code) == ("todo", 1)

    def test_two_saves_within_a_second_are_both_seen(self, workspace):
        toy.solve(workspace, "squaring")
        assert toy.pytest_in(workspace, "--checkpoint=03").states["03"] == "passed"
        wrong(workspace, "squaring", "x * x", "x + x")
        assert toy.pytest_in(workspace, "--checkpoint=03").states["03"] == "wrong"
        assert not list((workspace / "tinytorch").rglob("*.pyc"))

    def test_a_package_of_ones_own_is_found_and_counts(self, workspace):
        toy.solve(workspace, *MODULES.values())
        toy.write(
            workspace, {"tinytorch/extra/__init__.py": "", "tinytorch/extra/sums.py": "ONE = 1\n"}
        )
        text = toy.REFERENCE["squaring"].replace("x * x", "x * x * ONE")
        start = '"""03 · Squaring."""\n'
        text = text.replace(start, start + "from tinytorch.extra.sums import ONE\n")
        toy.write(workspace, {"tinytorch/squaring.py": text})
        assert toy.pytest_in(workspace).passed() == EVERYTHING
        toy.write(workspace, {"tinytorch/extra/sums.py": "ONE = 2\n"})
        assert toy.pytest_in(workspace).states["03"] == "wrong"

    def test_a_run_in_a_folder_inside_does_just_what_it_was_told(self, workspace):
        toy.solve(workspace, *MODULES.values())
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q"],
            cwd=workspace / "milestones",
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout
        assert ("01", "passed") not in events(workspace)

    def test_without_the_gate_nothing_is_granted(self, workspace):
        toy.solve(workspace, *MODULES.values())
        run = toy.pytest_in(workspace, "--no-gate", "--checkpoint=02")
        assert ran(run) == {"02": 2}
        assert events(workspace) == []

    def test_damaged_ledger_lines_are_reported(self, workspace):
        toy.write(workspace, {".tinytorch/ledger.jsonl": "{broken\n"})
        run = toy.pytest_in(workspace)
        assert "ledger.jsonl:1: skipped" in run.output.replace("\n", "")
        assert run.states["00"] == "passed"
        assert (workspace / ".tinytorch/ledger.jsonl").read_text().startswith("{broken\n")


class TestBroken:
    @pytest.mark.parametrize(
        ("text", "says"),
        [
            ("def add(x, y)\n    return 1\n", "adding.py:1"),
            ("import nothing_like_this\n", "adding.py:1"),
            ("x = 1 / 0\n", "adding.py:1"),
            ("from tinytorch.doubling import double\n", "adding.py:1"),
            ("def negate(x):\n    return -x\n", "cannot import name 'add'"),
            (None, "adding"),
        ],
        ids=["syntax", "import", "exception", "circle", "name", "file"],
    )
    def test_one_broken_file_leaves_the_others_alone(self, workspace, text, says):
        toy.solve(workspace, *MODULES.values())
        file = workspace / "tinytorch" / "adding.py"
        file.unlink() if text is None else file.write_text(text, encoding="utf-8")
        run = toy.pytest_in(workspace)
        assert run.states["01"] == "broken", run.output
        assert (run.states["02"], run.states["03"], run.code) == ("locked", "passed", 1)
        assert says in run.output

    def test_data_that_is_missing_blames_nobody(self, workspace):
        toy.solve(workspace, *MODULES.values())
        text = toy.SPECS["specs/test_03_squaring.py"]
        missing = text.replace("from tinytorch.squaring", "raise ConnectionError('no data')  #")
        toy.write(workspace, {"specs/test_03_squaring.py": missing})
        run = toy.pytest_in(workspace)
        assert (run.states["03"], run.code) == ("broken", 1), run.output
        assert "ConnectionError: no data" in run.output

    def test_a_spec_file_that_is_gone_is_noticed(self, workspace):
        toy.solve(workspace, *MODULES.values())
        (workspace / "specs" / "test_01_adding.py").unlink()
        run = toy.pytest_in(workspace)
        assert run.states["01"] == "broken"
        assert "2 of its 2 specs were not run" in run.output
        assert run.code == 1

    def test_a_class_that_is_gone_is_noticed(self, workspace):
        toy.solve(workspace, *MODULES.values())
        text = toy.SPECS["specs/test_01_adding.py"].partition("class TestNegate")[0]
        toy.write(workspace, {"specs/test_01_adding.py": text})
        run = toy.pytest_in(workspace, "-n", "2")
        assert (run.states["01"], run.states["02"], run.code) == ("broken", "locked", 1)

    def test_a_spec_of_ones_own_counts_too(self, workspace):
        toy.solve(workspace, *MODULES.values())
        extra = "\n\ndef test_more():\n    assert False\n"
        toy.write(
            workspace, {"specs/test_03_squaring.py": toy.SPECS["specs/test_03_squaring.py"] + extra}
        )
        assert toy.pytest_in(workspace).states["03"] == "wrong"

    @pytest.mark.parametrize("arguments", [(), ("-n", "2")])
    def test_an_endless_loop_ends_and_the_run_goes_on(self, workspace, arguments):
        toy.solve(workspace, *MODULES.values())
        wrong(workspace, "adding", "return x + y", "while True:\n        pass")
        text = toy.SPECS["specs/test_01_adding.py"].replace(
            "    @given(", "    @pytest.mark.timeout(1)\n    @given("
        )
        toy.write(workspace, {"specs/test_01_adding.py": "import pytest\n" + text})
        # With workers, 02 is run too, which meets the same loop.
        run = toy.pytest_in(workspace, "--timeout=2", *arguments, cold=True)
        assert (run.states["01"], run.states["03"]) == ("broken", "passed"), run.output
        assert "no verdict after 1" in run.output
        assert run.json["units"]["checkpoint-01"]["specs"] == {"broken": 1, "passed": 1}


class TestMessages:
    def test_a_wrong_spec_says_what_a_learner_needs(self, workspace):
        wrong(workspace, "adding", "x + y", "x - y")
        run = toy.pytest_in(workspace, "--checkpoint=01", "--hints=2")
        for words in ("✗ 01 adding · sums", "Law       add(x, y) equals x + y.", "x=0", "y=1"):
            assert words in run.output
        assert "Traceback" not in run.output
        assert "raise AssertionError" not in run.output

    def test_an_exception_of_theirs_is_placed(self, workspace):
        wrong(workspace, "adding", "return -x", "return -y")
        run = toy.pytest_in(workspace, "--checkpoint=01", "--hints=2")
        for words in (
            "NameError: name 'y' is not defined",
            "Where     tinytorch/adding.py:11 in negate",
            "Hint 1    What is zero minus x?",
            "Hint 2    Which operator negates?",
            "Next  tinytorch/adding.py:11  negate",
        ):
            assert words in run.output
        assert "Hint 3" not in run.output

    def test_an_exception_that_cannot_be_shown_ends_nothing(self, workspace):
        toy.solve(workspace, *MODULES.values())
        text = """\
class Odd(Exception):
    def __str__(self):
        raise ValueError("no text")


def add(x, y):
    raise Odd
"""
        toy.write(workspace, {"tinytorch/adding.py": text + "\n\ndef negate(x):\n    return -x\n"})
        run = toy.pytest_in(workspace)
        assert (run.states["01"], run.states["03"], run.code) == ("wrong", "passed", 1), run.output
        assert "str() of it raises ValueError" in run.output

    def test_a_skip_of_the_specs_own_proves_nothing_and_blames_nobody(self, workspace):
        toy.solve(workspace, *MODULES.values())
        text = toy.SPECS["specs/test_03_squaring.py"]
        skipped = text.replace("from tinytorch.squaring", "import pytest; pytest.skip('later')  #")
        toy.write(workspace, {"specs/test_03_squaring.py": skipped})
        run = toy.pytest_in(workspace)
        assert run.states["03"] not in ("passed", "wrong"), run.output
        assert run.code == 1

    def test_the_checkpoint_to_blame_is_named(self, workspace):
        toy.solve(workspace, *MODULES.values())
        wrong(workspace, "adding", "return x + y", "raise ValueError('no')")
        run = toy.pytest_in(workspace, "milestones/01_1901_sums/test_01_sums.py")
        assert "Blame     checkpoint 01 adding" in run.output
        assert "Where     tinytorch/adding.py:6 in add" in run.output

    def test_full_tracebacks_are_there_when_asked_for(self, workspace):
        wrong(workspace, "adding", "x + y", "x - y")
        run = toy.pytest_in(workspace, "--checkpoint=01", "--tb=long")
        assert "def test_is_the_sum" in run.output

    @pytest.mark.parametrize(
        "arguments", [("--capabilities",), ("--timeline",), ("--timeline=horizontal",)]
    )
    def test_the_map_is_shown_without_a_run(self, workspace, arguments):
        run = toy.pytest_in(workspace, *arguments)
        assert run.code == 0
        assert "1901" in run.output
        assert "collected" not in run.output
        assert events(workspace) == []

    def test_the_map_knows_the_ledger(self, workspace):
        toy.solve(workspace, "squaring")
        toy.pytest_in(workspace, "--checkpoint=03")
        output = toy.pytest_in(workspace, "--checkpoint=second", "--capabilities").output
        assert "✓ 03 squaring" in output
        assert "I can square." in output
        assert "doubling" not in output


class TestHooks:
    CONFTEST = """
import json

def record(name, **found):
    with open("hooks.jsonl", "a") as file:
        file.write(json.dumps([name, found]) + "\\n")

def pytest_tinytorch_checkpoint_passed(checkpoint):
    record("checkpoint", unit=checkpoint.label)

def pytest_tinytorch_milestone_unlocked(milestone, progress):
    record("milestone", unit=milestone.label, notes=dict(progress.notes[milestone.id]))

def pytest_tinytorch_report(progress):
    record("report", verdict=progress.verdict_line())
"""

    @pytest.mark.parametrize("arguments", [(), ("-n", "2")])
    def test_are_called_once_for_what_is_new(self, workspace, arguments):
        toy.write(workspace, {"conftest.py": self.CONFTEST})
        toy.solve(workspace, "adding", "doubling")
        toy.pytest_in(workspace, *arguments)
        lines = (workspace / "hooks.jsonl").read_text().splitlines()
        assert sorted(lines) == sorted(
            [
                '["checkpoint", {"unit": "00 environment"}]',
                '["checkpoint", {"unit": "01 adding"}]',
                '["checkpoint", {"unit": "02 doubling"}]',
                '["milestone", {"unit": "1901 sums", "notes": {"doubled sum": 4}}]',
                '["report", {"verdict": "03 squaring to do \\u00b7 3 of 4 checkpoints'
                ' \\u00b7 1 of 2 milestones"}]',
            ]
        )
        toy.pytest_in(workspace, *arguments)
        assert len((workspace / "hooks.jsonl").read_text().splitlines()) == len(lines) + 1


class TestHeldBack:
    def test_each_is_counted_once_and_nothing_else_fails(self, workspace):
        """What other plugins set up around a spec must be there when they tear it down."""
        wrong = toy.REFERENCE["adding"].replace("x + y", "x - y")
        toy.write(workspace, {"tinytorch/adding.py": wrong})
        toy.solve(workspace, "doubling")
        run = toy.pytest_in(workspace)
        assert "1 failed, 2 passed, 3 locked, 1 to do" in run.output
        assert "ERROR" not in run.output


class TestThreads:
    @pytest.mark.parametrize("arguments", [(), ("--scale=full",), ("-n", "2")])
    def test_there_is_one_in_each_process(self, workspace, monkeypatch, arguments):
        monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
        toy.solve(workspace, *MODULES.values())
        text = toy.SPECS["specs/test_03_squaring.py"]
        check = "import os; assert os.environ.get('OMP_NUM_THREADS') == '1'; from"
        toy.write(workspace, {"specs/test_03_squaring.py": text.replace("from", check)})
        assert toy.pytest_in(workspace, *arguments).states["03"] == "passed"


class TestElsewhere:
    def test_does_nothing_where_there_is_no_workspace(self, tmp_path):
        toy.write(tmp_path, {"test_x.py": "def test_x():\n    pass\n"})
        run = toy.pytest_in(tmp_path, cold=True)
        assert run.code == 0
        assert "capabilities" not in run.output
        run = toy.pytest_in(tmp_path, "--checkpoint=01")
        assert run.code == 4
        assert "is not a tinytorch workspace" in run.output

    def test_loading_the_plugin_imports_neither_the_package_nor_anything_heavy(self):
        code = (
            "import sys, pytest_tinytorch.plugin;"
            "print([n for n in ('tinytorch', 'rich', 'hypothesis', 'numpy') if n in sys.modules])"
        )
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        )
        assert done.stdout.strip() == "[]"
