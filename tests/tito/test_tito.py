"""`tito`: every command at three stages of progress, and what it says to bad input."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

from pytest_tinytorch.terminal.glyphs import PLAIN, UNICODE
from pytest_tinytorch.tito.main import COMMANDS, main
from tests.support import kit, toy
from tests.support.imports import imported_by
from tests.support.kit import tito

STAGES = {"nothing": (), "some": ("adding",), "all": tuple(toy.REFERENCE)[1:]}
SCRIPT = "import sys\nprint('the story of', *sys.argv[1:])\nsys.exit(3)\n"
DATASETS = """print("said while it is imported")


def TinyDigits(train):
    print("opened")


TinyTalks = TinyDigits


def MNIST(train, download):
    if not download:
        raise FileNotFoundError("no such file")


def CIFAR10(train, download):
    raise ValueError("not as it should be")
"""


@pytest.fixture
def workspace(tmp_path, monkeypatch):
    """A toy workspace in which nothing is done, with the current folder in it."""
    root = toy.build(tmp_path)
    for milestone in ("01_1901_sums", "02_1902_squares"):
        toy.write(root, {f"milestones/{milestone}/run.py": SCRIPT})
    monkeypatch.chdir(root)
    monkeypatch.setenv("COLUMNS", "80")
    for name in ("CI", "PYTEST_ADDOPTS", "EDITOR", "VISUAL"):
        monkeypatch.delenv(name, raising=False)
    return root


def reach(root, stage):
    """Solve what belongs to a stage, and prove it."""
    toy.solve(root, *STAGES[stage])
    toy.pytest_in(root)


def leaves(group, path=()):
    """(path, command) of every command."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from leaves(command, (*path, name))
        else:
            yield (*path, name), command


LEAVES = dict(leaves(main))
QUIET = {
    ("module", "status"): (),
    ("module", "start"): ("01",),
    ("module", "hint"): ("adding",),
    ("checkpoint", "status"): (),
    ("checkpoint", "timeline"): (),
    ("milestone", "status"): (),
    ("milestone", "timeline"): (),
    ("milestone", "list"): (),
    ("milestone", "next"): (),
    ("milestone", "check"): (),
    ("report",): (),
    ("path",): (),
    ("docs",): (),
    ("doctor",): (),
    ("editor",): (),
    ("specs", "status"): (),
    ("completion",): ("bash",),
}
"""Commands that only look, with what they need."""

RUNNING = {
    ("grade",),
    ("watch",),
    ("lsp",),
    ("module", "test"),
    ("module", "complete"),
    ("module", "reset"),
    ("checkpoint", "test"),
    ("checkpoint", "unlock"),
    ("checkpoint", "celebrate"),
    ("milestone", "start"),
    ("milestone", "test"),
    ("milestone", "celebrate"),
    ("data", "list"),
    ("data", "get"),
    ("data", "verify"),
    ("python",),
    ("init",),
    ("update",),
    ("specs", "accept"),
}
"""Commands with tests of their own: below, or in a file named after the command or its room."""


def test_every_command_is_tried():
    assert set(QUIET) | RUNNING == set(LEAVES)


@pytest.mark.parametrize("path", QUIET, ids=" ".join)
def test_what_only_looks_imports_nothing_that_runs_specs(workspace, path):
    found = imported_by(workspace, "-m", "pytest_tinytorch.tito", *path, *QUIET[path])
    assert "click" in found
    assert not found & {"pytest", "hypothesis", "numpy", "tinytorch", "pytest_tinytorch.run"}


def test_help_of_all_says_what_the_help_of_each_begins_with():
    context = click.Context(main)
    shown = " ".join(main.get_help(context).split())
    for name, text in COMMANDS.items():
        assert main.get_command(context, name).get_short_help_str(200) == text
        assert f"{name} {text}" in shown


def test_help_imports_no_command(workspace):
    found = imported_by(workspace, "-m", "pytest_tinytorch.tito", "--help")
    heavy = {"pytest", "hypothesis", "numpy", "rich.console", "tomllib", "pytest_tinytorch.course"}
    assert "click" in found
    assert not found & heavy


@pytest.mark.parametrize("path", LEAVES, ids=" ".join)
def test_every_command_has_help(path):
    text = tito(*path, "--help")
    assert LEAVES[path].help
    assert text.splitlines()[0].startswith(f"Usage: main {' '.join(path)}")


@pytest.mark.parametrize("stage", STAGES)
def test_commands_that_look_change_nothing(workspace, stage):
    reach(workspace, stage)
    before = {file: file.read_bytes() for file in workspace.rglob("*.py")}
    ledger = (workspace / ".tinytorch" / "ledger.jsonl").read_bytes()
    for path, arguments in QUIET.items():
        text = tito(*path, *arguments)
        assert text.strip(), path
        if path != ("completion",):
            assert max(map(len, text.splitlines())) <= 80 or path == ("doctor",), text
    assert before == {file: file.read_bytes() for file in workspace.rglob("*.py")}
    assert ledger == (workspace / ".tinytorch" / "ledger.jsonl").read_bytes()


@pytest.mark.parametrize("stage", STAGES)
def test_programs_can_read_it(workspace, stage):
    reach(workspace, stage)
    passed = {"nothing": 0, "some": 1, "all": 3}[stage]
    modules = json.loads(tito("module", "status", "--json"))
    assert [module["number"] for module in modules] == ["01", "02", "03"]
    assert sum(module["state"] == "passed" for module in modules) == passed
    assert [bool(module["left"]) for module in modules] == [n >= passed for n in range(3)]
    checkpoints = json.loads(tito("checkpoint", "status", "--json"))
    assert sum(unit["state"] == "passed" for unit in checkpoints) == passed + 1
    milestones = json.loads(tito("milestone", "status", "--json"))
    assert sum(unit["state"] == "passed" for unit in milestones) == (2 if stage == "all" else 0)
    following = json.loads(tito("milestone", "next", "--json"))
    assert following is None if stage == "all" else following["name"] == "sums"
    assert json.loads(tito("milestone", "check", "--json")) == []
    assert [one["name"] for one in json.loads(tito("milestone", "list", "--json"))]
    (path,) = json.loads(tito("path", "squares", "--json"))
    assert path["modules"] == ["03 squaring"]
    lesson = json.loads(tito("module", "start", "adding", "--json"))
    assert (lesson["leads_to"][0], lesson["question"]) == ("1901 sums", "Can I add?")
    assert list(lesson["lines"]) == lesson["left"]
    if stage == "all":
        shared = json.loads(tito("milestone", "celebrate", "1901", "--json"))
        assert (shared["badge"], shared["numbers"]) == ("Adder", {"doubled sum": 4})
        assert shared["text"].startswith("I have doubled a sum (doubled sum 4).\n1901, Sums: ")
    findings = json.loads(tito("doctor", "--json"))
    assert all(finding["well"] for finding in findings if finding["needed"])
    tito("report", "--json", "new/progress.json")
    table = json.loads((workspace / "new" / "progress.json").read_text(encoding="utf-8"))
    assert table["units"]["checkpoint-01"]["state"] == modules[0]["state"]


class TestModule:
    def test_start_tells_what_there_is_to_do(self, workspace):
        text = tito("module", "start", "1")
        assert "Can I add?" in text
        assert "Leads to 1901, Sums" in text
        assert "tinytorch/adding.py:" in text
        assert "2 of 2 exercises" in text

    def test_start_opens_the_editor(self, workspace, monkeypatch):
        opened = []
        monkeypatch.setattr(click, "edit", lambda filename: opened.append(filename))
        tito("module", "start", "01", "--edit")
        assert opened == [str(workspace / "tinytorch" / "adding.py")]

    def test_test_is_pytest(self, workspace, capfd):
        tito("module", "test", "01", code=1)
        assert "To do in 01 adding" in capfd.readouterr().out
        toy.solve(workspace, "adding")
        tito("module", "test", "adding", "--", "-q")
        assert "01 adding passed" in capfd.readouterr().out

    def test_complete_celebrates_and_names_the_next(self, workspace, capfd):
        toy.pytest_in(workspace)
        assert "Opened" not in tito("module", "complete", "01", code=1)
        toy.solve(workspace, "adding")
        text = tito("module", "complete", "01")
        assert "01 adding passed" in text
        assert "I can add." in text
        toy.solve(workspace, "doubling")
        capfd.readouterr()
        panel = tito("module", "complete", "02")
        run = capfd.readouterr().out  # its report comes before the panel
        assert "Opened  1901 sums" in run
        assert (run + panel).count("Next") == 1
        assert "Next  tito milestone start 1901" in run
        assert (run + panel).count("2 of 2") == 1

    def test_start_says_why_it_matters(self, monkeypatch):
        monkeypatch.chdir(kit.ROOT)
        monkeypatch.setenv("COLUMNS", "80")
        text = tito("module", "start", "05")
        assert "History  Seppo Linnainmaa described the reverse mode in 1970." in text
        assert all(unit.history for unit in kit.modules())

    def test_start_on_what_is_written_sends_on(self, workspace):
        toy.solve(workspace, "adding")
        assert "Nothing is left to write" in tito("module", "start", "01")

    def test_reset_keeps_what_was_there(self, workspace):
        stub = (workspace / "tinytorch" / "adding.py").read_text(encoding="utf-8")
        toy.solve(workspace, "adding")
        mine = (workspace / "tinytorch" / "adding.py").read_text(encoding="utf-8")
        tito("module", "reset", "01", answer="n\n", code=1)
        assert (workspace / "tinytorch" / "adding.py").read_text(encoding="utf-8") == mine
        for count in (1, 2):
            tito("module", "reset", "01", "--yes")
            kept = sorted((workspace / ".tinytorch" / "backups").iterdir())
            assert len(kept) == count
        assert mine in [file.read_text(encoding="utf-8") for file in kept]
        assert (workspace / "tinytorch" / "adding.py").read_text(encoding="utf-8") == stub

    def test_reset_mends_what_cannot_be_read(self, workspace):
        (workspace / "tinytorch" / "adding.py").write_bytes(b"def add(:\xff")
        tito("module", "reset", "01", "--yes")
        (kept,) = (workspace / ".tinytorch" / "backups").iterdir()
        assert kept.read_bytes() == b"def add(:\xff"

    def test_hints_go_further_level_by_level(self, workspace):
        assert "What is a sum?" in tito("module", "hint", "01")
        text = tito("module", "hint", "01", "negate", "--level", "3")
        assert [line.strip()[:2] for line in text.splitlines()[1:]] == ["1.", "2.", "3."]
        assert "Return minus x." in text
        assert "Valid: add, negate" in tito("module", "hint", "01", "divide", code=2)

    def test_a_hint_needs_no_module_beside_the_name_of_an_exercise(self, workspace):
        assert tito("module", "hint", "negate") == tito("module", "hint", "01", "negate")
        assert "no lesson or exercise 'divide'" in tito("module", "hint", "divide", code=2)
        assert "Did you mean 'negate'?" in tito("module", "hint", "Negat", code=2)

    def test_a_hint_for_what_cannot_be_imported_is_where_to_look(self, workspace):
        toy.write(workspace, {"tinytorch/adding.py": "import nothing_of_that_name\n"})
        text = tito("module", "hint", "01", code=1)
        assert "01 adding is broken: tito module test 01 says where" in text

    def test_a_hint_for_what_does_not_parse_is_its_place_without_a_run(self, workspace):
        toy.write(workspace, {"tinytorch/adding.py": "x = 1\ndef add(x, y:\n"})
        text = tito("module", "hint", "01", code=1)
        assert "Error: tinytorch/adding.py:2: '(' was never closed. Nothing can run" in text
        assert "Running" not in text

    def test_a_command_that_is_misspelled_has_a_nearest_name(self, workspace):
        assert "No such command 'modul'. Did you mean `tito module`?" in tito("modul", code=2)
        assert tito("zzz", code=2).splitlines()[-1] == "Error: No such command 'zzz'."


class TestRuns:
    def test_checkpoints_run(self, workspace, capfd):
        toy.solve(workspace, "adding")
        tito("checkpoint", "test", "01", "--", "-q")
        assert "01 adding passed" in capfd.readouterr().out
        tito("checkpoint", "unlock")
        assert "2 of 4 checkpoints" in capfd.readouterr().out

    def test_milestones_run_when_they_are_open(self, workspace, capfd):
        assert "is locked. It opens after" in tito("milestone", "start", "1901", code=1)
        assert "is locked. It opens after" in tito("milestone", "celebrate", "sums", code=1)
        reach(workspace, "all")
        tito("milestone", "start", "1901", "--", "--seed", "7", code=3)
        assert "the story of --seed 7" in capfd.readouterr().out
        tito("milestone", "test", "02", "--", "-q")
        assert "1902 squares passed" in capfd.readouterr().out
        text = tito("milestone", "celebrate", "sums")
        assert "Adder" in text
        assert "To share:" in text
        assert "doubled sum 4" in text
        assert "You passed all milestones" in tito("milestone", "next")

    def test_a_stale_milestone_is_told(self, workspace):
        reach(workspace, "all")
        file = workspace / "tinytorch" / "adding.py"
        file.write_text(
            file.read_text(encoding="utf-8").replace("x + y", "y + x"), encoding="utf-8"
        )
        text = tito("milestone", "check", code=1)
        assert "tito milestone test 1901" in text


class TestData:
    def test_of_the_course_is_whole(self, monkeypatch, tmp_path):
        monkeypatch.chdir(kit.ROOT)
        monkeypatch.setenv("TINYTORCH_DATA", str(tmp_path))
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
        states = {one["name"]: one["state"] for one in json.loads(tito("data", "list", "--json"))}
        assert states["tinydigits"] == states["tinytalks"] == "whole"
        tito("data", "verify", "tinytalks")
        tito("data", "get", "tinydigits")

    def test_that_is_damaged_is_told(self, monkeypatch, tmp_path):
        (tmp_path / "tinytalks").mkdir()
        for name in ("talks.tsv", "SHA256SUMS"):
            content = (kit.ROOT / "datasets" / "tinytalks" / name).read_bytes()
            (tmp_path / "tinytalks" / name).write_bytes(content.replace(b"the", b"teh", 1))
        monkeypatch.chdir(kit.ROOT)
        monkeypatch.setenv("TINYTORCH_DATA", str(tmp_path))
        text = tito("data", "verify", "tinytalks", code=1)
        assert "damaged" in text
        assert "talks.tsv" in text
        assert "talks.tsv" in tito("data", "get", "tinytalks", code=1)
        (found,) = json.loads(tito("data", "verify", "tinytalks", "--json", code=1))
        assert (found["state"], "talks.tsv" in found["why"]) == ("damaged", True)

    def test_is_opened_by_the_package_of_the_workspace(self, workspace):
        toy.write(workspace, {"tinytorch/datasets.py": DATASETS})
        found = {one["name"]: one for one in json.loads(tito("data", "verify", "--json", code=1))}
        assert {name: (one["state"], one["why"]) for name, one in found.items()} == {
            "tinydigits": ("whole", ""),
            "tinytalks": ("whole", ""),
            "mnist": ("not here", "no such file"),
            "cifar10": ("damaged", "not as it should be"),
        }
        assert "whole" in tito("data", "get", "mnist")
        assert "not as it should be" in tito("data", "get", "cifar10", code=1)

    def test_is_opened_in_another_process(self, workspace, monkeypatch):
        for name in [name for name in sys.modules if name.partition(".")[0] == "tinytorch"]:
            monkeypatch.delitem(sys.modules, name)
        toy.write(workspace, {"tinytorch/datasets.py": DATASETS})
        before = kit.contents(workspace)
        tito("data", "list")
        assert "tinytorch" not in sys.modules
        assert kit.contents(workspace) == before

    @pytest.mark.parametrize(
        ("text", "says"),
        [
            (None, "No module named 'tinytorch.datasets'"),
            ("def TinyDigits(:", "SyntaxError"),
            ("x = '\0'", "null bytes"),
            ("1 / 0", "ZeroDivisionError"),
            ("", "no attribute 'TinyDigits'"),
            ("raise SystemExit(5)", "exit code 5"),
        ],
    )
    def test_of_a_package_that_cannot_open_it_says_why(self, workspace, text, says):
        if text is not None:
            toy.write(workspace, {"tinytorch/datasets.py": text})
        told = tito("data", "list", code=1)
        assert f"{workspace / 'tinytorch'} cannot open data sets: " in told
        assert says in told


def test_python_runs_code_and_modules_with_what_is_borrowed(workspace, capfd):
    toy.pytest_in(workspace, "--borrow=01", "--checkpoint=00")
    code = "import sys; from tinytorch.adding import add; print(add(2, 3), sys.argv)"
    tito("python", "-c", code, "-x")
    assert "5 ['-c', '-x']" in capfd.readouterr().out
    toy.write(workspace, {"mine.py": f"{code}; print(__name__)"})
    tito("python", "-m", "mine", "-x")
    told = capfd.readouterr().out
    assert "mine.py', '-x']" in told
    assert "__main__" in told


@pytest.mark.parametrize("columns", [40, 80])
def test_help_fits_every_terminal(columns):
    for path in [(), *LEAVES]:
        text = kit.tito(*path, "--help")
        assert max(map(len, text.splitlines())) <= 80
    done = CliRunner(env={"COLUMNS": str(columns)}).invoke(main, ["--help"])
    assert max(map(len, done.output.splitlines())) <= columns, done.output


def test_no_word_of_an_error_is_cut(workspace, monkeypatch):
    """On a terminal it is folded; elsewhere it is one line, for programs."""
    assert "Valid: 00, 01" in tito("module", "start", "99", code=2).splitlines()[-1]
    monkeypatch.setattr("pytest_tinytorch.terminal.output.error_columns", lambda: 40)
    lines = tito("module", "start", "99", code=2).splitlines()
    assert max(map(len, lines[lines.index("Error: unknown checkpoint '99'. Valid:") :])) <= 40


class TestBadInput:
    @pytest.mark.parametrize(
        ("arguments", "says"),
        [
            (("module", "start", "99"), "unknown checkpoint '99'"),
            (("module", "start", "ading"), "Did you mean 'adding'"),
            (("module", "start", "01-02"), "is ambiguous"),
            (("module", "start", "00"), "has no module"),
            (("module", "hint", "01", "--level", "4"), "1<=x<=3"),
            (("milestone", "celebrate", "1999"), "unknown milestone '1999'"),
            (
                ("milestone", "test", "1999"),
                "unknown milestone '1999'. Valid: 01, 02, 1901, 1902, sums",
            ),
            (("checkpoint", "test", "ADING"), "unknown checkpoint 'ADING'. Did you mean 'adding'"),
            (("path", "scenic"), "unknown path 'scenic'"),
            (("path", "chose", "short"), "did you mean `tito path choose short`?"),
            (("path", "fly", "away"), "did you mean `tito path --help`?"),
            (("python", "-c"), "-c requires code"),
            (("python", "-V"), "'-V' is none of what is possible here: SCRIPT, -c CODE, -m MODULE"),
            (("python", "gone.py"), "there is no file 'gone.py'"),
            (("status",), "Did you mean `tito module status` or `tito milestone status`"),
            (("staus",), "Did you mean `tito module status`"),
            (("next",), "Did you mean `tito` or `tito milestone next`?"),
            (("celebrate", "1"), "Did you mean `tito milestone celebrate 1` or"),
            (("test", "04"), "Did you mean `tito module test 04`"),
            (("hint",), "Did you mean `tito module hint`?"),
            (("data", "get", "imagenet"), "tinydigits"),
            (("completion", "tcsh"), "bash"),
        ],
    )
    def test_is_named_with_what_there_is(self, workspace, arguments, says):
        assert says in tito(*arguments, code=2)

    def test_outside_a_workspace_it_says_where_to_go(self, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        assert "is not in a tinytorch workspace" in tito("report", code=2)

    def test_inside_a_folder_of_one_it_works(self, workspace, monkeypatch):
        monkeypatch.chdir(workspace / "specs")
        assert "01 adding" in tito("report")

    def test_a_damaged_curriculum_is_named(self, workspace):
        (workspace / "curriculum.toml").write_text("title = [", encoding="utf-8")
        assert "curriculum.toml" in tito("report", code=2)

    def test_a_file_that_cannot_be_written_is_named(self, workspace):
        (workspace / "file").write_text("", encoding="utf-8")
        assert "file" in tito("report", "--json", "file/progress.json", code=1)


def test_a_plain_terminal_gets_plain_characters(workspace):
    """The real one: what the tests below put in its place is found out by its encoding."""
    environment = {**os.environ, "COLUMNS": "80", "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    done = subprocess.run(
        [sys.executable, "-m", "pytest_tinytorch.tito", "checkpoint", "timeline"],
        env=environment,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.decode("ascii").splitlines()
    assert "|-- First  0 of 2" in lines
    assert "    +-- - 03 squaring  opens after 00" in lines


@pytest.mark.parametrize("columns", [40, 80])
@pytest.mark.parametrize("glyphs", [UNICODE, PLAIN], ids=["unicode", "plain"])
def test_the_course_fits_every_terminal(monkeypatch, columns, glyphs):
    monkeypatch.chdir(kit.ROOT)
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setattr("pytest_tinytorch.terminal.output.terminal_glyphs", lambda: glyphs)
    for command in (
        "module status",
        "module start 08",
        "module hint 08 --level 3",
        "checkpoint status --detailed",
        "checkpoint timeline",
        "checkpoint timeline --horizontal",
        "milestone status",
        "milestone timeline",
        "milestone timeline --horizontal",
        "milestone next",
        "milestone list",
        "data list",
        "path",
        "path production",
        "report",
    ):
        text = tito(*command.split())
        assert max(map(len, text.splitlines())) <= columns, text
        assert glyphs is UNICODE or text.isascii()


def test_the_timeline_lies_along_a_line(workspace):
    reach(workspace, "some")
    lines = tito("milestone", "timeline", "--horizontal").splitlines()
    assert lines[2:6] == [
        " ○────────○",
        " 1901     1902",
        " sums     squares",
        " 1901 opens after 02",
    ]


def test_names_complete_in_the_shell(workspace):
    from pytest_tinytorch.tito.session import complete

    assert complete("checkpoint")(None, None, "ad") == ["adding"]
    assert complete("milestone")(None, None, "0") == ["01", "02"]
    assert complete("path")(None, None, "s") == ["short", "squares"]


def test_the_shell_asks_for_them(workspace):
    """What a shell runs when a learner presses the tabulator."""
    environment = {**os.environ, "_TITO_COMPLETE": "bash_complete", "COMP_CWORD": "3"}
    environment["COMP_WORDS"] = "tito module start ad"
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "from pytest_tinytorch.tito.main import main; main(prog_name='tito')",
        ],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.split() == ["plain,adding"]
