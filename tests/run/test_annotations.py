"""What other programs read in the report of a failed spec: the learner's line, and our words."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest

from tests.support import toy

ANNOTATION = re.compile(r"^::error file=(.+),line=(\d+)::(.*)$", re.MULTILINE)


@pytest.fixture
def workspace(tmp_path):
    """A toy workspace with something wrong in `adding`."""
    root = toy.build(tmp_path)
    wrong = toy.REFERENCE["adding"].replace("return -x", "return y")
    toy.write(root, {"tinytorch/adding.py": wrong})
    return root


def on_github(workspace, *arguments, cold=False):
    """A run on a runner of GitHub. What tells it so is given to that run alone."""
    variables = {"GITHUB_ACTIONS": "true", "GITHUB_WORKSPACE": str(workspace)}
    return toy.pytest_in(workspace, *arguments, cold=cold, variables=variables)


@pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["one", "two"])
def test_annotations_mark_the_learners_line_with_our_message(workspace, workers):
    """By pytest-github-actions-annotate-failures, the real one."""
    run = on_github(workspace, "--todo-ok", *workers, cold=True)
    (found,) = ANNOTATION.findall(run.output)
    file, line, text = found
    assert (file, line) == ("tinytorch/adding.py", "11")
    lines = text.split("%0A")
    assert lines[0] == "TestNegate.test_is_the_opposite"
    assert "✗ 01 adding · opposites" in lines
    assert "  Raised    NameError: name 'y' is not defined" in lines


def test_untouched_stubs_are_annotated_where_they_fail_the_run(workspace):
    toy.solve(workspace, "adding")
    strict = ANNOTATION.findall(on_github(workspace).output)
    assert ("tinytorch/squaring.py", "9") in [found[:2] for found in strict]
    assert ANNOTATION.findall(on_github(workspace, "--todo-ok").output) == []


def test_a_failure_without_a_place_of_theirs_is_marked_where_the_spec_is(workspace):
    text = toy.SPECS["specs/test_00_environment.py"].replace("== 2", "== 3")
    toy.write(workspace, {"specs/test_00_environment.py": text})
    (found,) = ANNOTATION.findall(on_github(workspace, "--checkpoint=00").output)
    assert found[:2] == ("specs/test_00_environment.py", "7")


def test_junit_xml_has_our_words(workspace):
    toy.pytest_in(workspace, "--todo-ok", "--junitxml=junit.xml")
    cases = ElementTree.parse(workspace / "junit.xml").iter("testcase")
    found = {case.get("name"): [(c.tag, c.get("message"), c.text) for c in case] for case in cases}
    ((tag, message, text),) = found["test_is_the_opposite"]
    assert (tag, message) == ("failure", "NameError: name 'y' is not defined")
    assert "Where     tinytorch/adding.py:11 in negate" in text
    ((tag, message, _),) = found["test_is_the_square"]
    assert (tag, message) == ("skipped", "tinytorch/squaring.py:9 square is still to do")


def test_a_stub_that_was_passed_before_fails_even_where_todo_is_fine(workspace):
    stub = (workspace / "tinytorch" / "squaring.py").read_text(encoding="utf-8")
    toy.solve(workspace, "adding", "squaring")
    toy.pytest_in(workspace)
    toy.write(workspace, {"tinytorch/squaring.py": stub})
    run = on_github(workspace, "--todo-ok")
    assert run.code == 1
    places = [found[:2] for found in ANNOTATION.findall(run.output)]
    assert places == [("tinytorch/squaring.py", "9")]
