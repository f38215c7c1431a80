"""The workflow for GitHub Classroom in the documentation: its step gives what the reporter reads."""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from pytest_tinytorch.course.options import Options
from pytest_tinytorch.evidence import ledger
from pytest_tinytorch.evidence.workspace import open_workspace
from tests.export.test_exports import validate
from tests.support import kit, toy
from tests.support.warm import learners_environment

BASH = shutil.which("bash")
PAGE = (kit.ROOT / "docs" / "exports.md").read_text(encoding="utf-8")
WORKFLOW = next(
    block for block in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL) if "id:" in block
)


def step(checkpoints):
    """The shell commands of the step that runs the specs, for checkpoints of the toy."""
    found = re.search(r"- id: tinytorch\n.*?run: \|\n(.*?)\n      - ", WORKFLOW, re.DOTALL)
    return textwrap.dedent(found[1]).replace("--checkpoint 01-07", f"--checkpoint {checkpoints}")


def run(root, checkpoints="01-03"):
    """(what it printed, the results that the reporter decodes) of the step."""
    output = root / "github-output"
    output.touch()
    environment = learners_environment() | {
        "GITHUB_OUTPUT": str(output),
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        "PYTHONPATH": os.pathsep.join([str(kit.ROOT), *sys.path]),
    }
    done = subprocess.run(
        [BASH, "--noprofile", "--norc", "-eo", "pipefail", "-c", step(checkpoints)],
        cwd=root,
        env=environment,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    name, _, encoded = output.read_text(encoding="utf-8").strip().partition("=")
    assert name == "result"
    text = base64.b64decode(encoded, validate=True).decode("utf-8")
    validate("classroom", text)
    return done.stdout, json.loads(text)


def points(table):
    return sum(test["score"] for test in table["tests"]), table["max_score"]


def forge(root, *units):
    """Write into the ledger that some units are passed as their source stands."""
    workspace = open_workspace(root, Options(), "curriculum.toml")
    events = [
        ledger.Event(unit, "passed", *workspace.digests[unit], {"passed": 1}, True, "2026-01-01")
        for unit in units
    ]
    ledger.append_events(workspace.ledger_file, events)


@pytest.fixture
def submission(tmp_path):
    return toy.build(tmp_path)


@pytest.mark.skipif(BASH is None, reason="the step is for bash")
class TestStep:
    @pytest.mark.parametrize(
        ("solved", "passed", "status"),
        [((), 0, "fail"), (("adding",), 1, "fail"), (tuple(toy.REFERENCE)[1:], 3, "pass")],
    )
    def test_gives_a_point_for_what_is_passed(self, submission, solved, passed, status):
        toy.solve(submission, *solved)
        _, table = run(submission)
        assert (points(table), table["status"]) == ((passed, 3), status)

    def test_a_ledger_that_was_handed_in_proves_nothing(self, submission):
        toy.solve(submission, "doubling")
        wrong = toy.REFERENCE["adding"].replace("return -x", "return x")
        toy.write(submission, {"tinytorch/adding.py": wrong})
        forge(submission, "checkpoint-00", "checkpoint-01")
        assert toy.pytest_in(submission, "--checkpoint=02").states["02"] == "passed"
        _, table = run(submission, "02")
        assert points(table) == (0, 1)

    def test_code_that_ends_its_process_loses_its_own_points_and_what_needs_it(self, submission):
        toy.solve(submission, *tuple(toy.REFERENCE)[1:])
        toy.write(submission, {"tinytorch/adding.py": "import os\nos._exit(0)\n"})
        _, table = run(submission)
        assert (points(table), table["status"]) == ((1, 3), "fail")

    def test_a_run_that_ends_without_results_gets_nothing(self, submission):
        toy.solve(submission, *tuple(toy.REFERENCE)[1:])
        toy.write(submission, {"conftest.py": "import os\nos._exit(0)\n"})
        _, table = run(submission)
        assert (points(table), table["status"]) == ((0, 1), "error")

    def test_code_gives_no_orders_to_the_runner(self, submission):
        forged = '::notice title=Autograding report::{"totalPoints":9,"maxPoints":9}'
        text = f"""\
import os, sys
print({forged!r}, file=sys.__stdout__, flush=True)
with open(os.environ.get("GITHUB_OUTPUT", os.devnull), "a") as file:
    file.write("result=forged\\n")
"""
        toy.write(submission, {"tinytorch/adding.py": text})
        shown, table = run(submission)
        lines = shown.splitlines()
        key = lines[0].removeprefix("::stop-commands::")
        assert re.fullmatch("[0-9a-f]{32}", key)
        assert lines[-1] == f"::{key}::"
        assert forged in shown
        assert points(table) == (0, 3)


def test_the_reporter_reads_what_the_step_writes():
    """It looks for NAME_RESULTS for each of its runners."""
    (runner,) = re.findall(r"runners: (\w+)", WORKFLOW)
    assert f"- id: {runner}\n" in WORKFLOW
    assert f"{runner.upper()}_RESULTS: ${{{{ steps.{runner}.outputs.result }}}}" in WORKFLOW
