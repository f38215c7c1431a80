"""Code under test that would end the program ends a spec or an import; a person's Ctrl-C ends the run."""

from __future__ import annotations

import signal

import pytest

from pytest_tinytorch.run import endings
from tests.support import toy

ENDINGS = {
    "SystemExit": "raise SystemExit(0)",
    "sys.exit": "import sys; sys.exit(0)",
    "exit": "exit(0)",
    "KeyboardInterrupt": "raise KeyboardInterrupt",
    "GeneratorExit": "raise GeneratorExit",
    "BaseException": "raise BaseException('odd')",
    "StopIteration": "raise StopIteration",
    "CancelledError": "import asyncio; raise asyncio.CancelledError",
    "pytest.exit": "import pytest; pytest.exit('bye', returncode=0)",
    "pytest.skip": "import pytest; pytest.skip('no', allow_module_level=True)",
}
ORDINARY = {"StopIteration"}
"""Those that an import does not need to be kept from."""
ALL = ("adding", "doubling", "squaring")


@pytest.fixture
def workspace(tmp_path):
    toy.solve(toy.build(tmp_path), *ALL)
    return tmp_path


def at_import(workspace, ending):
    text = toy.REFERENCE["adding"] + f"\n\n{ending}\n"
    toy.write(workspace, {"tinytorch/adding.py": text})


def in_function(workspace, ending):
    text = toy.REFERENCE["adding"].replace("return -x", ending)
    toy.write(workspace, {"tinytorch/adding.py": text})


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_module_that_ends_the_program_is_broken(workspace, ending):
    at_import(workspace, ENDINGS[ending])
    run = toy.pytest_in(workspace)
    assert (run.states["01"], run.states["03"], run.code) == ("broken", "passed", 1), run.output
    says = "cannot be imported" if ending in ORDINARY else "ends the program while it is imported"
    assert says in run.output
    assert "tinytorch/adding.py:14" in run.output


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_function_that_ends_the_program_is_wrong(workspace, ending):
    in_function(workspace, ENDINGS[ending])
    run = toy.pytest_in(workspace)
    assert (run.states["01"], run.states["03"], run.code) == ("wrong", "passed", 1), run.output
    assert "tinytorch/adding.py:11 in negate" in run.output


def test_what_a_module_ends_with_is_named(workspace):
    at_import(workspace, "raise SystemExit(0)")
    run = toy.pytest_in(workspace, "--checkpoint=01")
    assert "Broken    ends the program while it is imported: SystemExit" in run.output


def test_what_a_function_ends_with_is_named(workspace):
    in_function(workspace, "raise KeyboardInterrupt")
    run = toy.pytest_in(workspace, "--checkpoint=01")
    assert "Raised    ends the program: KeyboardInterrupt" in run.output


@pytest.mark.parametrize("place", [at_import, in_function])
@pytest.mark.parametrize("ending", ["SystemExit", "KeyboardInterrupt"])
def test_in_workers_too(workspace, place, ending):
    place(workspace, ENDINGS[ending])
    run = toy.pytest_in(workspace, "-n", "2")
    state = "broken" if place is at_import else "wrong"
    assert (run.states["01"], run.states["03"], run.code) == (state, "passed", 1), run.output


SPEC = toy.SPECS["specs/test_01_adding.py"]


class TestCollection:
    """A spec file, or the conftest of a course, that uses the package as soon as it is read."""

    @pytest.mark.parametrize("ending", ["SystemExit", "KeyboardInterrupt", "pytest.exit"])
    def test_a_spec_file_that_imports_a_module(self, workspace, ending):
        at_import(workspace, ENDINGS[ending])
        toy.write(workspace, {"specs/test_01_adding.py": SPEC + "\nimport tinytorch.adding\n"})
        run = toy.pytest_in(workspace)
        assert run.code == 2, run.output
        assert "ends the program while it is imported" in run.output
        assert "1 error" in run.output

    @pytest.mark.parametrize("ending", ["SystemExit", "KeyboardInterrupt", "pytest.exit"])
    def test_a_spec_file_that_calls_a_function(self, workspace, ending):
        in_function(workspace, ENDINGS[ending])
        call = "\nfrom tinytorch.adding import negate\nnegate(1)\n"
        toy.write(workspace, {"specs/test_01_adding.py": SPEC + call})
        run = toy.pytest_in(workspace)
        assert run.code == 2, run.output
        assert "adding.py" in run.output
        assert "1 error" in run.output

    @pytest.mark.parametrize("ending", ["SystemExit", "KeyboardInterrupt", "pytest.exit"])
    def test_a_conftest_that_imports_a_module(self, workspace, ending):
        at_import(workspace, ENDINGS[ending])
        toy.write(workspace, {"conftest.py": "import tinytorch.adding\n"})
        run = toy.pytest_in(workspace)
        assert run.code == 4, run.output
        assert "ends the program while it is imported" in run.output

    def test_a_conftest_that_calls_a_function(self, workspace):
        in_function(workspace, "raise SystemExit(0)")
        toy.write(workspace, {"conftest.py": "from tinytorch.adding import negate\n\nnegate(1)\n"})
        run = toy.pytest_in(workspace)
        assert run.code == 4, run.output
        assert "a conftest ends the program: SystemExit" in run.output


@pytest.mark.parametrize("place", [at_import, in_function])
def test_a_persons_interruption_still_ends_the_run(workspace, place):
    place(workspace, "import signal; signal.raise_signal(signal.SIGINT)")
    run = toy.pytest_in(workspace)
    assert run.code == 2, run.output
    assert "KeyboardInterrupt" in run.output


def caught(function):
    with pytest.raises(KeyboardInterrupt) as found:
        function()
    return found.value


def by_statement():
    raise KeyboardInterrupt


def by_signal():
    signal.raise_signal(signal.SIGINT)


def in_answer_to_a_signal():
    try:
        by_signal()
    except KeyboardInterrupt:
        raise KeyboardInterrupt from None


def passed_on():
    try:
        by_signal()
    except KeyboardInterrupt:
        raise


@pytest.mark.parametrize("function", [by_signal, in_answer_to_a_signal, passed_on])
def test_a_signal_is_a_persons(function):
    assert endings.is_from_person(caught(function))
    assert not endings.ends_program(caught(function))


def test_a_statement_is_the_codes():
    assert not endings.is_from_person(caught(by_statement))
    assert endings.ends_program(caught(by_statement))
