"""What code under test might do to look right without being it: nothing of it is a pass."""

from __future__ import annotations

import pytest

from pytest_tinytorch.evidence import ledger
from tests.support import toy

ENDINGS = {
    "skip": "import pytest\n    pytest.skip('no')",
    "xfail": "import pytest\n    pytest.xfail('no')",
    "SkipTest": "import unittest\n    raise unittest.SkipTest('no')",
    "pytest.exit": "import pytest\n    pytest.exit('bye', returncode=0)",
    "sys.exit": "import sys\n    sys.exit(0)",
    "todo of its own": "raise NotImplementedError('03 squaring: square')",
    "keyboard": "raise KeyboardInterrupt",
}


DROPS = {
    "assume": "from hypothesis import assume\n    assume(x > y)",
    "assume, of most": "from hypothesis import assume\n    assume(x == y == 0)",
    "the end of an example": "from hypothesis.control import current_build_context\n"
    "    from hypothesis.internal.conjecture.data import Status\n"
    "    current_build_context().data.conclude_test(Status.VALID)",
}
"""What tells Hypothesis that an input does not count."""


def grants(workspace):
    events = ledger.read_ledger(workspace / ".tinytorch" / "ledger.jsonl").events
    return {toy.short(event.unit) for event in events if event.verdict == "passed"}


@pytest.mark.parametrize("ending", ENDINGS)
def test_ending_a_spec_is_no_pass(tmp_path, ending):
    workspace = toy.build(tmp_path)
    text = toy.REFERENCE["squaring"].replace("return x * x", ENDINGS[ending])
    toy.write(workspace, {"tinytorch/squaring.py": text})
    run = toy.pytest_in(workspace, "--checkpoint=03", cold=True)
    assert run.code != 0, run.output
    assert "03" not in grants(workspace)


@pytest.mark.parametrize("drops", DROPS)
def test_which_inputs_count_is_for_specs_to_say(tmp_path, drops):
    workspace = toy.build(tmp_path)
    text = toy.REFERENCE["adding"].replace("return x + y", f"{DROPS[drops]}\n    return x + y")
    toy.write(workspace, {"tinytorch/adding.py": text})
    run = toy.pytest_in(workspace, "--checkpoint=01")
    assert run.states["01"] == "wrong", run.output
    assert "Expected  a result for each input" in run.output
    assert "Where     tinytorch/adding.py" in run.output


def test_a_spec_may_leave_inputs_out(tmp_path):
    workspace = toy.build(tmp_path)
    toy.solve(workspace, "adding")
    spec = toy.SPECS["specs/test_01_adding.py"].replace(
        "        assert add",
        "        from hypothesis import assume\n\n        assume(x > y)\n        assert add",
    )
    toy.write(workspace, {"specs/test_01_adding.py": spec})
    assert "01" in toy.pytest_in(workspace, "--checkpoint=01").passed()


@pytest.mark.parametrize("arguments", [(), ("-n", "2")])
def test_ending_the_process_grants_nothing(tmp_path, arguments):
    """A process that is gone has the last word on its exit code, but not on the ledger."""
    workspace = toy.build(tmp_path)
    text = toy.REFERENCE["squaring"].replace("return x * x", "import os\n    os._exit(0)")
    toy.write(workspace, {"tinytorch/squaring.py": text})
    run = toy.pytest_in(workspace, "--checkpoint=03", *arguments, cold=True)
    assert "03" not in grants(workspace)
    if arguments:
        assert run.code == 1
        assert run.states["03"] == "broken"


def test_ending_the_process_on_import_grants_nothing(tmp_path):
    workspace = toy.build(tmp_path)
    toy.write(workspace, {"tinytorch/squaring.py": "import os\nos._exit(0)\n"})
    toy.pytest_in(workspace, "--checkpoint=03", cold=True)
    assert "03" not in grants(workspace)
