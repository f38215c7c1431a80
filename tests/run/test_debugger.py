"""Whoever quits the debugger inside code under test ends the run, at once and without a traceback."""

from __future__ import annotations

import subprocess
import sys
from types import SimpleNamespace

import pytest

from pytest_tinytorch.run import debugger
from tests.support import toy, warm

SPEC = '''"""03."""

from hypothesis import given
from hypothesis import strategies as st


class TestSquare:
    """squares"""

    @given(x=st.integers())
    def test_is_the_square(self, x):
        """square(x) equals x * x."""
        from tinytorch.squaring import square

        assert square(x) == x * x
'''


@pytest.fixture
def workspace(tmp_path):
    root = toy.build(tmp_path)
    for module in ("adding", "doubling"):
        toy.solve(root, module)
    text = toy.REFERENCE["squaring"].replace("    return x * x", "    breakpoint()\n    return x")
    toy.write(root, {"tinytorch/squaring.py": text, "specs/test_03_squaring.py": SPEC})
    toy.remake_manifest(root)
    return root


def run(workspace, *options, said):
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *options]
    done = subprocess.run(
        [*command, "specs/test_03_squaring.py"],
        cwd=workspace,
        env=warm.learners_environment(),
        input=said,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("options", [(), ("--pdb",)])
def test_one_q_is_enough(workspace, options):
    code, output = run(workspace, "-s", *options, said="q\n")
    assert code == 2, output
    assert output.count("PDB set_trace") == 1, output
    assert "Exit: Quitting debugger" in output
    assert "INTERNALERROR" not in output
    assert "post_mortem" not in output


def test_a_breakpoint_that_nobody_waits_at_is_told_as_one(workspace):
    found = toy.pytest_in(workspace, "--no-gate", "specs/test_03_squaring.py", "--isolate")
    assert "a breakpoint() stopped it, and nobody was there" in found.output, found.output


def test_breakpoints_are_as_before_once_the_run_has_ended(monkeypatch):
    monkeypatch.setattr(sys, "breakpointhook", sys.__breakpointhook__)
    quits = []
    pdb = SimpleNamespace(do_quit=quits.append)
    watched = debugger.Debugger()
    watched.pytest_enter_pdb(pdb)
    assert not watched.is_left
    pdb.do_q("now")
    assert (watched.is_left, quits) == (True, ["now"])
    with pytest.raises(pytest.exit.Exception, match="Quitting debugger"):
        breakpoint()
    watched.pytest_unconfigure()
    assert sys.breakpointhook is sys.__breakpointhook__
