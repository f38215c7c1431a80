"""Paths and borrowing are one thing: chosen by tito, asked for by pytest, told everywhere."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from pytest_tinytorch import settings
from pytest_tinytorch.evidence.following import FILE, Following, read_following, remember
from tests.support import kit, toy
from tests.support.kit import tito

PROGRAM = """\
import sys, more
from tinytorch.adding import add
print(add(4, 5), *sys.argv, more.WORD, __name__)
"""
SCRIPT = "import sys; print('story', *sys.argv[1:])\n"


@pytest.fixture
def workspace(tmp_path, monkeypatch):
    """A toy workspace in which 02 is written, and 01, which it stands on, is not."""
    root = toy.build(tmp_path)
    for milestone in ("01_1901_sums", "02_1902_squares"):
        toy.write(root, {f"milestones/{milestone}/run.py": SCRIPT})
    toy.solve(root, "doubling")
    monkeypatch.chdir(root)
    monkeypatch.setenv("COLUMNS", "80")
    for name in ("CI", "PYTEST_ADDOPTS"):
        monkeypatch.delenv(name, raising=False)
    return root


def everywhere(root):
    """What commands and exports say of 01, 02 and 1901."""
    tito("report", "--json", "out.json", "--html", "out.html")
    table = json.loads((root / "out.json").read_text(encoding="utf-8"))["units"]
    page = (root / "out.html").read_text(encoding="utf-8")
    timeline = tito("checkpoint", "timeline")
    assert ("= 01 adding" in timeline) == ("Borrowed: 01" in page)
    return [table[name]["state"] for name in ("checkpoint-01", "checkpoint-02", "milestone-01")]


class TestTheLastRun:
    def test_is_what_tito_goes_on_from(self, workspace, capfd):
        assert toy.pytest_in(workspace, "--borrow=01", "--checkpoint=02").code == 0
        assert everywhere(workspace) == ["borrowed", "passed", "not run"]
        assert "Path all of the course · borrows 01" in tito()
        assert "As in your last run; the next pytest without --borrow ends that." in tito()
        assert "Next     tito milestone start 1901" in tito()
        tito("milestone", "start")
        assert "story" in capfd.readouterr().out
        assert "02 doubling passed" in tito("module", "complete", "02")
        assert "borrows 01" in capfd.readouterr().out
        assert tito("milestone", "timeline", "--horizontal").startswith(" Path all") is False
        assert "borrows 01" in tito("milestone", "timeline")

    def test_that_borrows_nothing_ends_it(self, workspace):
        toy.pytest_in(workspace, "--borrow=01", "--checkpoint=02")
        toy.pytest_in(workspace, "specs/test_02_doubling.py")
        assert read_following(workspace) == Following(borrow="01"), "it grants nothing"
        toy.pytest_in(workspace, "--checkpoint=00")
        assert not (workspace / FILE).exists()

    def test_is_what_your_own_programs_run_on(self, workspace, capfd):
        toy.write(workspace, {"lab/more.py": "WORD = 'beside it'", "lab/mine.py": PROGRAM})
        toy.pytest_in(workspace, "--borrow=01", "--checkpoint=02")
        tito("python", "lab/mine.py", "--deep")
        assert "9 lab/mine.py --deep beside it __main__" in capfd.readouterr().out
        toy.pytest_in(workspace, "--checkpoint=00")
        tito("python", "lab/mine.py", code=1)
        assert "NotImplementedError: 01 adding: add" in capfd.readouterr().err

    def test_is_what_a_console_has(self, workspace):
        toy.pytest_in(workspace, "--borrow=01", "--checkpoint=02")
        command = [sys.executable, "-m", "pytest_tinytorch.tito", "python"]
        typed = "from tinytorch.adding import add\nprint('sum', add(4, 5))\n"
        done = subprocess.run(
            command, input=typed, capture_output=True, text=True, encoding="utf-8"
        )
        assert "from tinytorch import *" in done.stdout
        assert "sum 9" in done.stdout

    def test_with_a_path_is_followed(self, workspace):
        toy.pytest_in(workspace, "--path=doubles")
        assert "you follow it" in tito("path", "doubles")
        assert everywhere(workspace)[1] == "passed"

    @pytest.mark.parametrize(
        "text", ["", "[]", "{", '{"borrow": 3}', '{"borrow": ""}', '{"borrow": "gone"}']
    )
    def test_that_cannot_be_read_is_none(self, workspace, text):
        toy.write(workspace, {FILE: text})
        assert "borrows" not in tito()

    def test_is_kept_as_it_is_while_nothing_changes(self, tmp_path):
        (tmp_path / ".tinytorch").mkdir()
        remember(tmp_path, Following("a", "b"))
        assert read_following(tmp_path) == Following("a", "b")
        remember(tmp_path, Following())
        assert not (tmp_path / FILE).exists()


class TestAMilestoneOfBorrowedModulesOnly:
    def test_is_warned_of_and_says_how_to_make_it_your_own(self, workspace):
        told = " ".join(tito("path", "borrow", "01,02").split())
        way = "To leave 01 adding out of what you borrow: tito path borrow 02"
        assert "1901 uses borrowed modules only, so you cannot celebrate it." in told
        assert way in told
        assert "borrowed modules only" not in tito("path", "borrow", "01")
        tito("path", "borrow", "01,02")
        run = " ".join(toy.pytest_in(workspace, "--milestone=1901").output.split())
        assert "1901 sums passed" in run
        assert "Badge" not in run
        text = " ".join(tito("milestone", "celebrate", code=1).split())
        assert "no milestone is passed yet" not in text
        assert "1901 sums uses borrowed modules only: nothing in it is yours yet." in text
        assert way in text

    def test_that_is_borrowed_no_more_was_never_yours(self, workspace):
        toy.pytest_in(workspace, "--milestone=1901", "--borrow=01,02")
        tito("path", "leave")
        text = tito("milestone", "celebrate", "1901", code=1)
        assert "You passed it with borrowed modules only: nothing in it was yours." in text
        assert "path borrow" not in text

    def test_of_which_less_is_borrowed_says_with_what_it_counts_again(self, workspace):
        toy.pytest_in(workspace, "--milestone=1901", "--borrow=01")
        tito("path", "leave")
        text = " ".join(tito("milestone", "celebrate", code=1).split())
        assert "1901 sums is locked. It opens after 02; you are at 01." in text
        assert (
            "You passed it while you borrowed 01. It counts again with: tito path borrow 01" in text
        )


class TestSettings:
    def test_borrow_is_written_and_taken_away(self, workspace, capfd):
        assert "last run" not in tito()
        text = tito("path", "borrow", "01")
        assert "tinytorch_borrow = 01" in text
        assert "borrows 01" in text
        assert "replaces" not in text
        assert "It replaces what you borrowed before: 01" in tito("path", "borrow", "01,03")
        tito("path", "borrow", "01")
        assert toy.pytest_in(workspace, "--checkpoint=02").code == 0
        assert everywhere(workspace) == ["borrowed", "passed", "not run"]
        assert toy.pytest_in(workspace, "--checkpoint=02", "--borrow=none").states["02"] == "locked"
        assert "borrow nothing" in tito("path", "leave")
        assert "tinytorch_borrow" not in (workspace / "pytest.ini").read_text(encoding="utf-8")
        assert everywhere(workspace)[0] != "borrowed"
        assert "You follow no path, and borrow nothing." in tito("path", "leave")

    def test_a_path_is_chosen_and_left(self, workspace):
        text = tito("path", "choose", "doubles")
        assert "You follow the path doubles from now on." in text
        assert "tinytorch_path = doubles" in text
        assert toy.pytest_in(workspace).json["path"] == "doubles"
        assert "Path doubles" in tito()
        tito("path", "leave")
        assert toy.pytest_in(workspace).json["path"] is None

    @pytest.mark.parametrize("addopts", ["--borrow=01", "--borrow 01 -q", "-q --path doubles"])
    def test_addopts_are_known(self, workspace, addopts):
        before = next(x for x in toy.CONFIGURATION.splitlines() if x.startswith("addopts"))
        text = toy.CONFIGURATION.replace(before, f"{before} {addopts}")
        toy.write(workspace, {"pytest.ini": text})
        assert "borrows 01" in tito()
        assert "remove it there" in tito("path", "leave", code=1)

    def test_of_the_environment_are_known(self, workspace, monkeypatch):
        monkeypatch.setenv("PYTEST_ADDOPTS", "--borrow=01")
        assert "borrows 01" in tito()

    def test_what_is_typed_comes_first(self, workspace):
        tito("path", "borrow", "01")
        asked = settings.workspace_at(workspace, borrow="none")
        assert asked.borrowed() == frozenset()

    def test_a_name_that_is_none_says_where_it_stands(self, workspace):
        toy.write(workspace, {"pytest.ini": f"{toy.CONFIGURATION}tinytorch_borrow = ading\n"})
        assert "tinytorch_borrow: unknown checkpoint 'ading'. Did you mean 'adding'" in tito(code=2)
        assert "tinytorch_borrow: unknown checkpoint" in toy.pytest_in(workspace).output


@pytest.mark.parametrize(
    ("before", "words", "says"),
    [
        ((), ("choose",), "choose which path? short, doubles, squares"),
        ((), ("choose", "shor"), "Did you mean 'short'"),
        ((), ("choose", "short", "doubles"), "one path at a time"),
        ((), ("borrow",), "borrow which modules? For example: tito path borrow 01-08"),
        ((), ("borrow", "ading"), "Did you mean 'adding'"),
        ((), ("borrow", "all"), "nothing would be left to write"),
        (("choose", "doubles"), ("borrow", "02"), "the path doubles contains 02, and all of it"),
        (("borrow", "02"), ("choose", "doubles"), "the path doubles contains 02, and all of it"),
        ((), ("chose", "doubles"), "did you mean `tito path choose doubles`?"),
        ((), ("borrow", "2-1"), "runs backwards: write 01-02"),
    ],
)
def test_what_cannot_be_chosen(workspace, before, words, says):
    if before:
        tito("path", *before)
    settings_before = (workspace / "pytest.ini").read_text(encoding="utf-8")
    assert says in tito("path", *words, code=2)
    assert (workspace / "pytest.ini").read_text(encoding="utf-8") == settings_before


def test_a_path_and_borrowing_that_contradict_each_other(workspace):
    told = "--path doubles and --borrow 02 contradict each other: nothing is left to write"
    run = toy.pytest_in(workspace, "--path=doubles", "--borrow=02")
    assert run.code == 4
    assert told in run.output
    text = f"{toy.CONFIGURATION}tinytorch_path = doubles\ntinytorch_borrow = 02\n"
    toy.write(workspace, {"pytest.ini": text})
    told = "tinytorch_path doubles and tinytorch_borrow 02 contradict"
    assert told in " ".join(tito("report", code=2).split())
    tito("path", "leave")
    tito("report")


def test_nothing_is_stale_whose_source_has_not_changed(workspace):
    toy.pytest_in(workspace, "--borrow=01", "--checkpoint=02")
    assert toy.pytest_in(workspace, "--checkpoint=00").states["02"] == "locked"
    file = workspace / "tinytorch" / "doubling.py"
    file.write_text(file.read_text(encoding="utf-8") + "\nchanged = 1\n", encoding="utf-8")
    assert toy.pytest_in(workspace, "--checkpoint=00").states["02"] == "stale"


def test_a_pass_with_more_borrowed_does_not_hide_that_own_code_has_changed(workspace):
    """All that the milestone needs was borrowed first; then it stood on a module of one's own."""
    for lent in ("--borrow=01-02", "--borrow=01"):
        assert toy.pytest_in(workspace, lent, "--milestone=01").states["m01"] == "passed"
    file = workspace / "tinytorch" / "doubling.py"
    file.write_text(file.read_text(encoding="utf-8") + "\nchanged = 1\n", encoding="utf-8")
    again = toy.pytest_in(workspace, "--borrow=01", "--checkpoint=00")
    assert (again.states["02"], again.states["m01"]) == ("stale", "stale")


def test_who_begins_in_the_middle_is_told_how(workspace):
    assert "tito path" in tito()
    assert "To begin here anyway: tito path borrow 01" in tito("module", "start", "02")
    assert "To begin here" not in tito("module", "start", "01")


def test_a_ledger_of_another_course_is_told(workspace):
    toy.pytest_in(workspace, "--checkpoint=00")
    file = workspace / ".tinytorch" / "ledger.jsonl"
    text = file.read_text(encoding="utf-8")
    file.write_text(text + text.replace("checkpoint-00", "checkpoint-77"), encoding="utf-8")
    told = "has lines of another course: this one has no checkpoint-77"
    assert told in " ".join(tito().split())
    assert told in " ".join(toy.pytest_in(workspace, "--checkpoint=00").output.split())


@pytest.mark.slow
def test_a_script_borrows(tmp_path):
    """The real one: an untouched package, and all that 1957 needs from the reference."""
    script = kit.ROOT / "milestones" / "01_1957_perceptron" / "run.py"
    done = subprocess.run(
        [sys.executable, str(script), "--borrow", "01-07"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
