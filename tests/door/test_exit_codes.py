"""The exit code of each kind of run, and the last line with it, as docs/checkpoints.md has them."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from tests.support import toy

SKIPPING = toy.SPECS["specs/test_03_squaring.py"].replace(
    "        from tinytorch",
    "        import os, pytest\n"
    "        if os.environ.get('BUSY'):\n"
    "            pytest.skip('a busy machine')\n"
    "        from tinytorch",
)
"""A spec that does not run where a variable says so; its proof, if it has one, stands."""
BUSY = {"BUSY": "1"}
OTHER = {"specs/test_mine.py": "def test_mine():\n    assert False\n"}
UNREADABLE = {"specs/test_03_squaring.py": "1 / 0\n"}
NARROWING = {
    "pytest.ini": toy.CONFIGURATION.replace("-p tinytorch", "-p tinytorch -k 'not opposite'")
}
INTERRUPTING = {
    "conftest.py": "def pytest_runtest_logfinish():\n    raise KeyboardInterrupt\n",
}
INTERRUPTING_IF = {
    "specs/conftest.py": "import os\n\ndef pytest_runtest_logfinish():\n"
    "    if 'INTERRUPT' in os.environ:\n        raise KeyboardInterrupt\n"
}
"""It may not be new in the run: then what was proved before would be stale."""
FAILING_INSIDE = {"conftest.py": "def pytest_runtestloop():\n    raise OSError\n"}
LEAVING = {
    "conftest.py": "import pytest\n\ndef pytest_runtest_logfinish():\n"
    "    pytest.exit('enough', returncode=0)\n"
}
SWALLOWING = {"conftest.py": "def pytest_runtest_protocol():\n    return True\n"}
WRONG = {"tinytorch/squaring.py": toy.REFERENCE["squaring"].replace("x * x", "x + x + 1")}
WRONG_NEED = {"tinytorch/adding.py": toy.REFERENCE["adding"].replace("return -x", "return x")}
STUB = "stub"
ALL = ("adding", "doubling", "squaring")
RIGHT = {f"tinytorch/{name}.py": toy.REFERENCE[name] for name in ALL}
IN_PARALLEL = ("-n", "2")


@dataclass(frozen=True)
class Row:
    """One kind of run.

    Attributes:
        name: what kind it is.
        arguments: of pytest.
        code: what it ends with.
        line: what its last line begins with; empty if there is none.
        files: what the workspace holds besides right implementations.
        before: arguments of a run before it, if there is one, with right implementations.
        variables: environment of the run itself.
    """

    name: str
    arguments: tuple[str, ...]
    code: int
    line: str = ""
    files: dict[str, str] = field(default_factory=dict)
    before: tuple[str, ...] | None = None
    variables: dict[str, str] = field(default_factory=dict)


NOTHING = {f"tinytorch/{name}.py": STUB for name in ALL}
SQUARING_STUB = {"tinytorch/squaring.py": STUB}
WITH_SKIP = {"specs/test_03_squaring.py": SKIPPING}

EVERYTHING = [
    Row("all is right", (), 0, "all passed"),
    Row("something is wrong", (), 1, "03 squaring wrong", WRONG),
    Row("something is untouched", (), 1, "01 adding to do", NOTHING),
    Row("to do is fine", ("--todo-ok",), 0, "nothing wrong, 01 adding to do", NOTHING),
    Row("to do is fine, wrong is not", ("--todo-ok",), 1, "03 squaring wrong", NOTHING | WRONG),
    Row("to do again", ("--todo-ok",), 1, "03 squaring is to do again", SQUARING_STUB, ()),
    Row("the reference", ("--reference",), 0, "all passed", NOTHING),
    Row("not run", (), 1, "03 squaring not run in full: ", WITH_SKIP, None, BUSY),
    Row("not run, though proved", (), 1, "03 squaring not run in full: ", WITH_SKIP, (), BUSY),
    Row("settings narrow it", (), 1, "01 adding not run in full", NARROWING),
    Row("settings narrow it, all is proved", (), 0, "all passed", NARROWING, ("-k", "")),
    Row(
        "the environment narrows it",
        (),
        1,
        "01 adding not run in full",
        variables={"PYTEST_ADDOPTS": "--deselect=specs/test_01_adding.py::TestNegate"},
    ),
    Row("another test fails", (), 1, "specs/test_mine.py::test_mine failed, which is no", OTHER),
    Row("a conftest swallows all specs", (), 1, "00 environment broken", SWALLOWING),
    Row("a conftest ends it with code 0", (), 1, "01 adding broken", LEAVING),
]
PICKED = [
    Row("passed", ("--checkpoint=02",), 0, "02 doubling passed"),
    Row("wrong", ("--checkpoint=03",), 1, "03 squaring wrong", WRONG),
    Row("a need is wrong", ("--milestone=01",), 1, "1901 sums locked, needs 01", WRONG_NEED),
    Row("a part of it", ("--checkpoint=02", "-k", "twice"), 1, "02 doubling locked, needs 00"),
    Row(
        "a part of it, borrowed",
        ("--borrow=01", "--checkpoint=02", "-k", "twice"),
        1,
        "02 doubling not run in full",
    ),
    Row(
        "a part of it, proved", ("--checkpoint=02", "-k", "twice"), 0, "02 doubling passed", {}, ()
    ),
    Row("nothing of it", ("--checkpoint=02", "-k", "huh"), 5, "no spec was run", {}, ()),
    Row(
        "and other specs by name",
        ("--checkpoint=02", "specs/test_03_squaring.py"),
        1,
        "03 squaring wrong",
        WRONG,
        (),
    ),
    Row("settings narrow it", ("--checkpoint=01",), 1, "01 adding locked, needs 00", NARROWING),
    Row("not run", ("--checkpoint=03",), 1, "03 squaring not run in full", WITH_SKIP, (), BUSY),
    Row("a need not run", ("--milestone=02",), 1, "1902 squares locked", WITH_SKIP, None, BUSY),
    Row("without the gate", ("--no-gate", "--checkpoint=00"), 0, "00 environment passed"),
]
NAMED = [
    Row("a part that passes", ("-k", "opposite"), 0, "1 of 2 specs of 01 adding passed"),
    Row("a part that fails", ("-k", "the_square"), 1, "03 squaring wrong", WRONG),
    Row("a file", ("specs/test_03_squaring.py",), 0, "1 of 1 specs of 03 squaring passed, 03"),
    Row("a file that proves", ("specs/test_00_environment.py",), 0, "00 environment passed"),
    Row("not run", ("-k", "the_square"), 0, "0 of 1 specs of 03", WITH_SKIP, None, BUSY),
    Row("no spec", ("-k", "huh"), 5),
    Row(
        "all but one", ("--deselect=specs/test_01_adding.py::TestNegate",), 0, "1 of 2 specs of 01"
    ),
]
OTHERWISE = [
    Row("stopped at a failure", ("-x",), 1, "01 adding wrong", WRONG_NEED),
    Row("stopped before the rest", ("-x", "--checkpoint=00-03"), 1, "01 adding wrong", WRONG_NEED),
    Row("stopped after two failures", ("--maxfail=2",), 1, "01 adding wrong", WRONG_NEED),
    Row("stepwise, at a failure", ("--stepwise",), 2, "01 adding wrong", WRONG_NEED),
    Row("stepwise, all is right", ("--stepwise",), 0, "all passed"),
    Row("a file cannot be collected", (), 2, "", UNREADABLE),
    Row("a discovery", ("--collect-only", "--checkpoint=02"), 0),
    Row("set up only", ("--setup-only", "--checkpoint=02"), 0),
    Row("the map", ("--capabilities",), 0, "", WRONG),
    Row("a wrong option", ("--checkpoint=07",), 4),
    Row("interrupted", (), 2, "01 adding not run", INTERRUPTING),
    Row("interrupted, all is proved", (), 2, "cut short", INTERRUPTING_IF, (), {"INTERRUPT": "1"}),
    Row("an error of pytest", (), 3, "", FAILING_INSIDE),
    Row("the ledger is a folder", ("--ledger=specs",), 4),
]


def run(root, row, *more):
    """The workspace of a row, its run before, and its run."""
    workspace = toy.build(root)
    stubs = {name: (workspace / name).read_text(encoding="utf-8") for name in RIGHT}
    specs = {name: text for name, text in row.files.items() if name.startswith("specs/")}
    toy.write(workspace, RIGHT | (specs if row.before is not None else {}))
    if row.before is not None:
        before = toy.pytest_in(workspace, *row.before)
        assert before.code == 0, before.output
    files = {name: stubs[name] if text == STUB else text for name, text in row.files.items()}
    toy.write(workspace, files)
    cache = "--stepwise" in row.arguments  # it is no option without
    return toy.pytest_in(workspace, *row.arguments, *more, variables=row.variables, cache=cache)


def check(found, row):
    assert found.code == row.code, found.output
    verdict = found.json.get("verdict", "")
    assert verdict.startswith(row.line), verdict
    if row.line:
        assert verdict.partition(" · ")[0][:50] in found.output


@pytest.mark.parametrize("row", EVERYTHING, ids=lambda row: row.name)
def test_of_a_run_of_everything(tmp_path, row):
    check(run(tmp_path, row), row)


@pytest.mark.parametrize("row", PICKED, ids=lambda row: row.name)
def test_of_units_that_are_picked(tmp_path, row):
    check(run(tmp_path, row), row)


@pytest.mark.parametrize("row", NAMED, ids=lambda row: row.name)
def test_of_specs_that_are_named(tmp_path, row):
    check(run(tmp_path, row), row)


@pytest.mark.parametrize("row", OTHERWISE, ids=lambda row: row.name)
def test_that_says_more(tmp_path, row):
    check(run(tmp_path, row), row)


@pytest.mark.parametrize(
    "row", [EVERYTHING[0], EVERYTHING[8], PICKED[4], NAMED[0]], ids=lambda row: row.name
)
def test_with_workers(tmp_path, row):
    check(run(tmp_path, row, *IN_PARALLEL), row)


def test_of_workers_that_stop_at_a_failure_is_that_of_an_interruption(tmp_path):
    row = Row("stopped at a failure", ("-x",), 2, "01 adding wrong", WRONG_NEED)
    check(run(tmp_path, row, *IN_PARALLEL), row)


def test_what_was_not_run_takes_no_proof_back(tmp_path):
    row = next(row for row in EVERYTHING if row.name == "not run, though proved")
    found = run(tmp_path, row)
    assert found.states["03"] == "passed"
    assert toy.pytest_in(tmp_path, "--checkpoint=03").code == 0
