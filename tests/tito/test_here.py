"""Where am I, what next: bare `tito`, commands without a number, hints for what is red."""

from __future__ import annotations

import pytest

from pytest_tinytorch.evidence import ledger
from pytest_tinytorch.terminal import screen
from pytest_tinytorch.terminal.glyphs import UNICODE
from pytest_tinytorch.tito import checkpoint
from tests.support import journeys, toy
from tests.support.kit import tito

SCRIPT = """\
import os, sys
print("sums", sys.argv[1:], os.environ.get("TINYTORCH_COMMANDS"))
"""


@pytest.fixture
def workspace(tmp_path, monkeypatch):
    """A toy workspace in which nothing is done, with the current folder in it."""
    root = toy.build(tmp_path)
    toy.write(root, {"milestones/01_1901_sums/run.py": SCRIPT})
    monkeypatch.chdir(root)
    monkeypatch.setenv("COLUMNS", "80")
    for name in ("CI", "PYTEST_ADDOPTS", "EDITOR", "VISUAL"):
        monkeypatch.delenv(name, raising=False)
    return root


def test_tito_alone_says_where_you_are(workspace):
    text = tito()
    assert "You are at 00 environment" in text
    assert "tito checkpoint test 00" in text
    assert "Then     milestone 1901, Sums, opens after 02; you are at 00" in text
    toy.solve(workspace, "adding")
    toy.pytest_in(workspace, "--checkpoint=01")
    text = tito()
    assert "You are at 02 doubling  Can I double?" in text
    assert "Next     tito module start 02" in text
    assert "tinytorch/doubling.py:" in text
    assert "double, 1 of 1 exercises to write" in text
    assert "Lesson   tito docs 02" in text
    assert "milestone 1901, Sums, opens after 02\n" in text


def test_tito_alone_after_all(workspace):
    toy.solve(workspace, "adding", "doubling", "squaring")
    toy.pytest_in(workspace)
    text = tito()
    assert "You passed everything that is open" in text
    assert "tito milestone celebrate 1902" in text


def test_tito_alone_says_what_went_stale(workspace):
    toy.solve(workspace, "adding")
    toy.pytest_in(workspace, "--checkpoint=01")
    file = workspace / "tinytorch" / "adding.py"
    file.write_text(file.read_text(encoding="utf-8").replace("x + y", "y + x"), encoding="utf-8")
    text = tito()
    assert "You are at 01 adding" in text
    assert "You passed it" in text
    assert "Next     tito module test 01  — run its specs" in text
    assert "module start" not in text
    text = tito("module", "start", "01")
    assert "Nothing is left to write" in text
    assert "tito module test 01" in text


def test_a_stale_milestone_is_run_again(workspace):
    toy.solve(workspace, "adding", "doubling")
    toy.pytest_in(workspace, "--milestone=1901")
    file = workspace / "milestones" / "01_1901_sums" / "test_01_sums.py"
    file.write_text(file.read_text(encoding="utf-8") + "\nchanged = 1\n", encoding="utf-8")
    text = tito()
    assert "Next     tito milestone test 1901  — run its specs" in text
    assert "Prove it" not in text


def test_a_module_that_is_begun_leads_to_a_run_of_its_specs(workspace):
    toy.pytest_in(workspace, "--checkpoint=00")
    assert "Next     tito module start 01" in tito()
    text = tito("module", "start", "01")
    assert "tito module test 01  — after each exercise" in text
    assert "Needs    00: ready" in text
    assert "Leads to 1901, Sums: doubling a sum; later 1902" in text
    file = workspace / "tinytorch" / "adding.py"
    stub = file.read_text(encoding="utf-8")
    toy.solve(workspace, "adding")
    whole = file.read_text(encoding="utf-8")
    half = stub[: stub.index("def negate")] + whole[whole.index("def negate") :]
    file.write_text(half, encoding="utf-8")
    text = tito()
    assert "Next     tito module test 01  — when you have written add" in text
    assert "Write    tinytorch/adding.py:" in text
    file.write_text(whole, encoding="utf-8")
    assert "Next     tito module test 01  — run its specs" in tito()


def test_tito_alone_names_the_exercise_that_the_last_run_found_wrong(workspace):
    toy.solve(workspace, "adding")
    file = workspace / "tinytorch" / "adding.py"
    right = file.read_text(encoding="utf-8")
    file.write_text(right.replace("return -x", "return x"), encoding="utf-8")
    run = toy.pytest_in(workspace, "--checkpoint=01").output
    assert "Lesson  tito docs 01 negate" in run
    text = tito()
    line = right[: right.index("def negate")].count("\n") + 1
    assert f"Fix      tinytorch/adding.py:{line}  negate\n" in text
    assert "Hint     tito module hint 01 negate\n" in text
    assert "Lesson   tito docs 01 negate\n" in text
    assert tito("module", "hint").startswith("01 adding · negate\n"), "no run is needed for it"
    assert "Next  tito module test 01" in tito("report"), "nothing is left to write"
    file.write_text(right, encoding="utf-8")
    assert "negate" not in tito(), "what has changed since then is not blamed"


def test_a_run_that_tito_started_says_what_to_type_in_the_words_of_tito(workspace, capfd):
    toy.solve(workspace, "adding", "doubling")
    tito("module", "test", "02")
    assert "Next  tito milestone start 1901" in capfd.readouterr().out
    file = workspace / "tinytorch" / "adding.py"
    text = file.read_text(encoding="utf-8").replace("return -x", "return x")
    file.write_text(text, encoding="utf-8")
    tito("module", "test", "01", code=1)
    told = capfd.readouterr().out
    assert "Hint      tito module hint 01 negate" in told
    assert "pytest -p" not in told
    assert "Hint      pytest -p tinytorch --checkpoint 01 --hints 1" in (
        toy.pytest_in(workspace, "--checkpoint=01").output
    )


@pytest.mark.parametrize("body", ["return x - y", "return x +"], ids=["wrong", "broken"])
def test_tito_alone_on_what_is_red_leads_to_what_fails_and_a_hint(workspace, body):
    toy.solve(workspace, "adding")
    file = workspace / "tinytorch" / "adding.py"
    file.write_text(
        file.read_text(encoding="utf-8").replace("return x + y", body), encoding="utf-8"
    )
    toy.pytest_in(workspace, "--checkpoint=01")
    text = tito()
    assert "Next     tito module test 01" in text
    assert "see what fails" in text
    assert "Hint     tito module hint 01" in text
    assert "module start" not in text
    line = file.read_text(encoding="utf-8").partition(body)[0].count("\n") + 1
    fix = {"return x - y": "add", "return x +": "invalid syntax"}[body]
    assert f" {fix}\n" in text.partition("Fix      tinytorch/adding.py:")[2]
    assert body == "return x - y" or f"Fix      tinytorch/adding.py:{line}  " in text


def test_how_much_of_a_checkpoint_passes_is_kept_for_the_source_as_it_stands(workspace):
    assert "%" not in tito("checkpoint", "status")
    toy.solve(workspace, "adding")
    file = workspace / "tinytorch" / "adding.py"
    right = file.read_text(encoding="utf-8")
    file.write_text(right.replace("return x + y", "return x"), encoding="utf-8")
    toy.pytest_in(workspace, "--checkpoint=01")
    last = ledger.read_ledger(workspace / ".tinytorch" / "ledger.jsonl").events[-1]
    passed, total = last.outcomes["passed"], sum(last.outcomes.values())
    assert 0 < passed < total
    told = f"{100 * passed // total}%"
    assert f"✗ 01 adding {told}" in tito("checkpoint", "status")
    assert f"01 adding {told}" in tito("report")
    assert f"01 adding {told}" in toy.pytest_in(workspace, "--checkpoint=00").output
    file.write_text(right, encoding="utf-8")
    assert "%" not in tito("checkpoint", "status")
    toy.pytest_in(workspace, "--checkpoint=01")
    assert "%" not in tito("checkpoint", "status")


@pytest.mark.parametrize("width", [40, 80])
def test_stages_have_their_checkpoints_with_what_passes_of_each(width):
    drawn = checkpoint.bars(journeys.at("half"), UNICODE, width)
    lines = screen.rendered(drawn, width, False).splitlines()
    assert max(map(len, lines)) <= width
    at = next(n for n, line in enumerate(lines) if line.startswith(" Models"))
    assert lines[at].endswith("0 of 6")
    assert lines[at + 1].split() == ["layers", "67%", "tokenization", "13%"]
    assert lines[at + 2].startswith(" Inference")


def test_tito_alone_outside_of_a_workspace(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = tito()
    assert "Usage:" in text
    assert "make one with `tito init DIR`" in text


def test_start_without_a_number(workspace):
    assert "00 environment comes first" in tito("module", "start", code=2)
    toy.solve(workspace, "adding")
    toy.pytest_in(workspace, "--checkpoint=01")
    assert tito("module", "start").startswith("02 Doubling")
    toy.solve(workspace, "adding", "doubling", "squaring")
    toy.pytest_in(workspace)
    assert "You passed all modules that are open" in tito("module", "start")
    assert "you passed all modules that are open" in tito("module", "hint", code=2)


def test_a_milestone_without_a_number(workspace, capfd):
    text = tito("milestone", "start", code=1)
    assert "1901 sums is locked. It opens after 02; you are at 00." in text
    toy.solve(workspace, "adding", "doubling")
    toy.pytest_in(workspace, "--checkpoint=02")
    assert "Next     tito milestone start 1901" in tito()
    assert "Prove it tito milestone test 1901" in tito(), "a script proves nothing"
    assert "1901 sums is open: tito milestone start 1901" in tito("module", "start")
    told = tito("milestone", "start", "--", "--seed", "7")
    assert told.endswith("Prove it: tito milestone test 1901\n")
    assert "sums ['--seed', '7'] tito" in capfd.readouterr().out


def test_the_other_kind_is_named(workspace):
    assert "'1901' is 1901 sums, a milestone" in tito("module", "start", "1901", code=2)
    assert "ask with `tito checkpoint`" in tito("milestone", "start", "02_doubling", code=2)


@pytest.mark.parametrize("name", ["02_doubling", "tinytorch/doubling.py", "02"])
def test_a_unit_is_known_by_its_files(workspace, name):
    assert tito("module", "start", name).startswith("02 Doubling")


class TestHint:
    def test_is_for_the_module_that_is_next(self, workspace):
        toy.pytest_in(workspace, "--checkpoint=00")
        assert tito("module", "hint").startswith("01 adding · add\n")

    def test_is_for_what_the_specs_blame_where_nothing_is_left_to_write(self, workspace):
        wrong = toy.REFERENCE["adding"].replace("return -x", "return x")
        assert wrong != toy.REFERENCE["adding"]
        toy.solve(workspace, "adding")
        toy.write(workspace, {"tinytorch/adding.py": wrong})
        text = tito("module", "hint", "01")
        assert "01 adding · negate" in text
        assert "What is zero minus x?" in text

    def test_is_none_where_all_is_green(self, workspace):
        toy.solve(workspace, "adding")
        assert "Nothing is red in 01 adding" in tito("module", "hint", "01")

    def test_names_the_nearest(self, workspace):
        assert "Did you mean 'negate'" in tito("module", "hint", "01", "negat", code=2)


def test_what_a_run_has_opened_is_said(workspace):
    toy.solve(workspace, "adding")
    assert "Opened  02 doubling" in toy.pytest_in(workspace, "--checkpoint=01").output
    toy.solve(workspace, "adding", "doubling")
    text = toy.pytest_in(workspace, "--checkpoint=02").output
    assert "Opened  1901 sums" in text
    assert "Next  pytest -p tinytorch --milestone 1901" in text
    assert "Opened" not in toy.pytest_in(workspace, "--checkpoint=02").output


def test_it_fits_and_is_whole_at_40_columns(workspace, monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    for command in ((), ("milestone", "status"), ("milestone", "start"), ("module", "start", "02")):
        text = tito(*command, code=1 if command == ("milestone", "start") else 0)
        assert max(map(len, text.splitlines())) <= 40
        assert "you are at 00" in " ".join(text.split())
