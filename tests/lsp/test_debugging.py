"""One law alone: the exercise is first called with the smallest counterexample, whoever runs it."""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
import sys

import pytest

from tests.lsp.adapter import debugging
from tests.lsp.client import editing
from tests.lsp.test_server import LAW, module, shows
from tests.support import kit, toy
from tests.support.warm import learners_environment

SUM = "specs/test_01_adding.py::TestAdd::test_is_the_sum"
WRONG = toy.REFERENCE["adding"].replace(
    "    return x + y",
    "    with open('calls.txt', 'a') as calls:\n"
    "        calls.write(f'{x} {y}\\n')\n"
    "    return x + y if y < 100 else x",
)
SMALLEST = "0 100"


@pytest.fixture
def root(tmp_path):
    """A toy workspace whose first module is wrong for large numbers, and writes down its calls."""
    root = toy.build(tmp_path.resolve())
    toy.write(root, {"tinytorch/adding.py": WRONG})
    return root


def answer(root, command):
    """What the server answers, once the law is known to be broken."""
    file = module(root)
    with editing(root) as editor:
        editor.open(file)
        shows(editor, file, LAW)
        found = editor.execute(command, file.as_uri(), "add", SUM)
        assert editor.end() == 0
    return found


def python(root, words, typed=""):
    """What a program prints, with the calls of the exercise that it makes."""
    calls = root / "calls.txt"
    calls.unlink(missing_ok=True)
    done = subprocess.run(
        [sys.executable, *words],
        cwd=root,
        env=learners_environment(),
        input=typed,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    found = calls.read_text(encoding="utf-8").splitlines() if calls.exists() else []
    return done.returncode, done.stdout + done.stderr, found


def test_what_a_verdict_has_found_is_what_a_run_begins_with(root):
    run = answer(root, "tinytorch.debug")
    code, output, calls = python(root, ["-m", run["module"], *run["args"]])
    assert code == 1, output
    assert calls[0] == SMALLEST
    assert set(calls) == {SMALLEST}


def test_a_run_finds_what_the_next_one_begins_with(root):
    words = ["-m", "pytest", "-p", "tinytorch", SUM]
    code, output, calls = python(root, words)
    assert code == 1, output
    assert len(set(calls)) > 1
    _, _, calls = python(root, words)
    assert calls[0] == SMALLEST


def test_the_command_to_paste_stops_where_it_fails_at_the_smallest(root):
    program, *words = shlex.split(answer(root, "tinytorch.law"))
    assert program == "python"
    _, output, _ = python(root, words, "p ('here', x, y)\nq\n")
    assert "('here', 0, 100)" in output
    assert not [*(root / ".tinytorch").glob("running-*")], "who quits has not waited too long"


def test_under_the_debugger_it_stops_in_the_exercise_at_the_smallest(root):
    pytest.importorskip("debugpy")
    if shutil.which("node") is None:
        pytest.skip("no node: VS Code's configuration for the debugger is JavaScript")
    run = answer(root, "tinytorch.debug")
    stops = [line + 1 for line in run["exercise"]["stops"]]
    assert stops == [WRONG.splitlines().index("    with open('calls.txt', 'a') as calls:") + 1]
    (root / "calls.txt").unlink()
    with debugging(root) as debugger:
        debugger.launch(configuration(run), {module(root): stops})
        name, line, names = debugger.stopped()
        assert (name, line) == ("add", stops[0])
        assert names == {"x": "0", "y": "100"}
        assert not (root / "calls.txt").exists()
        assert not [*(root / ".tinytorch").glob("running-*")], "an editor may kill it at any time"


def configuration(run):
    """What the extension for VS Code tells the debugger."""
    code = (
        "const { configuration } = require('./src/law');"
        "const [run, python] = process.argv.slice(1);"
        "console.log(JSON.stringify(configuration(JSON.parse(run), python)))"
    )
    done = subprocess.run(
        ["node", "-e", code, json.dumps(run), sys.executable],
        cwd=kit.ROOT / "editors" / "vscode",
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=True,
    )
    return json.loads(done.stdout)
