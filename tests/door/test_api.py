"""The public module: what it offers, and what a workspace is told that wants something else."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys

import pytest

from pytest_tinytorch import api
from pytest_tinytorch.course.commands import VARIABLE
from tests.support import kit, toy

PAGE = kit.ROOT / "docs" / "api.md"


def test_all_that_it_offers_is_there_and_documented():
    text = PAGE.read_text(encoding="utf-8")
    for name in api.__all__:
        assert hasattr(api, name)
        assert name in text, name


def test_it_is_imported_without_pytest_numpy_or_hypothesis():
    code = "import sys, pytest_tinytorch.api; print({m.partition('.')[0] for m in sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "pytest_tinytorch" in done.stdout
    for heavy in ("'pytest'", "'numpy'", "'hypothesis'", "'rich'", "'tinytorch'"):
        assert heavy not in done.stdout


@pytest.mark.parametrize("name", ["failures", "marks", "journey.pictures", "nothing"])
def test_a_module_that_has_moved_says_what_to_do(name):
    with pytest.raises(ImportError, match="run `tito update`"):
        importlib.import_module(f"pytest_tinytorch.{name}")


def test_a_name_that_has_moved_says_what_to_do():
    with pytest.raises(ImportError, match="run `tito update`"):
        exec("from pytest_tinytorch import implementation")


@pytest.mark.parametrize(
    "line",
    ["from pytest_tinytorch.failures import LawBroken", "from pytest_tinytorch import marks"],
)
def test_a_workspace_made_before_is_told_to_update(line, tmp_path):
    workspace = toy.build(tmp_path)
    toy.write(workspace, {"specs/conftest.py": f"{line}\n"})
    done = toy.pytest_in(workspace)
    assert done.code != 0
    assert "run `tito update`" in done.output
    assert "ModuleNotFoundError" not in done.output


def test_explains_an_error_of_the_learners_code_and_no_other(tmp_path):
    workspace = toy.build(tmp_path)
    code = f"""
import sys
from pathlib import Path
from pytest_tinytorch.api import explanation, use_package
workspace = use_package(Path({str(workspace)!r}))
unit = workspace.curriculum.milestones[0]
try:
    import tinytorch.adding
    tinytorch.adding.add(1, 2)
except Exception as error:
    print("LEARNERS", explanation(workspace, unit, error))
print("OTHERS", repr(explanation(workspace, unit, ValueError("mine"))))
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=workspace, capture_output=True, text=True, check=True
    )
    assert "add is still to do" in done.stdout
    assert "OTHERS ''" in done.stdout


@pytest.mark.parametrize(
    ("started_by", "told"),
    [("tito", "tito module hint 01 add"), ("", "pytest -p tinytorch --checkpoint 01 --hints 1")],
)
def test_an_explanation_says_what_to_type_in_the_words_of_who_started_the_script(
    tmp_path, started_by, told
):
    root = toy.build(tmp_path)
    wrong = toy.REFERENCE["adding"].replace("return x + y", "1 / 0")
    toy.write(root, {"tinytorch/adding.py": wrong})
    code = f"""
from pathlib import Path
from pytest_tinytorch.api import explanation, use_package
workspace = use_package(Path({str(root)!r}))
try:
    from tinytorch.adding import add
    add(1, 2)
except Exception as error:
    print(explanation(workspace, workspace.curriculum.milestones[0], error))
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=root,
        env=os.environ | {VARIABLE: started_by},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=True,
    )
    assert f"Hint      {told}" in done.stdout
