"""The curriculum is refused, with the name of the entry, when something in it is wrong."""

from __future__ import annotations

import subprocess
import sys
import tomllib

import pytest

from pytest_tinytorch.course import curriculumfile, entries
from pytest_tinytorch.course.curriculum import CurriculumError
from tests.support import kit, toy


def changed(old, new, count=1):
    assert old in toy.CURRICULUM
    return tomllib.loads(toy.CURRICULUM.replace(old, new, count))


DATA = """[[datasets]]
name = "ones"
title = "Ones"
what = "ones"
parts = "one"
{}

[[paths]]"""
LEVEL = """[[levels]]
name = "Low"
checkpoints = ["09"]

[[paths]]"""


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('needs = ["00"]', 'needs = ["02"]', "circle"),
        ('needs = ["01"]', 'needs = ["09"]', "checkpoint 02 doubling: needs unknown checkpoint 09"),
        ('needs = ["03"]', 'needs = ["07"]', "milestone 02 squares: needs unknown checkpoint 07"),
        ('number = "02"', 'number = "01"', "checkpoint 01 doubling: duplicate of '01'"),
        ('name = "doubling"', 'name = "adding"', "checkpoint 02 adding: duplicate of 'adding'"),
        ('number = "01"', "number = 1", "checkpoint 1 adding: number must be two digits"),
        ('title = "Adding"', 'title = " "', "checkpoint 01 adding: title must be a text"),
        ('question = "Can I add?"\n', "", "checkpoint 01 adding: question must be a text"),
        ("stars = 2", "stars = 6", "checkpoint 02 doubling: stars"),
        ("stars = 2", "stars = 2\ncolor = 1", "checkpoint 02 doubling: unknown key 'color'"),
        ('"Adder"', '""', "milestone 01 sums: badge"),
        ("year = 1901", 'year = "1901"', "milestone 01 sums: year"),
        ("least = 4", 'least = "4"', "milestone 01 sums: threshold least"),
        ('sum" = "least"', 'sum" = "most"', "milestone 01 sums: 'doubled sum' shows 'most'"),
        (
            ', "Which?", "Times',
            ', "Times',
            "checkpoint 03 squaring: exercise 'square' must have three",
        ),
        ('checkpoints = ["01", "02"]', 'checkpoints = ["01", "12"]', "tiers First: unknown"),
        ('checkpoints = ["03"]', "checkpoints = []", "tiers Second: it has no checkpoints"),
        ('title = "Toy"', 'title = "Toy"\nauthor = "x"', "the file: unknown key 'author'"),
        ('weeks = "1"', 'weeks = "soon"', "paths doubles: weeks must be like"),
        ('weeks = "1"', 'weeks = "1"\nsummary = " "', "paths doubles: summary must be a text"),
        ("[[paths]]", DATA.format("memory = 0"), "datasets ones: memory must be a number above 0"),
        ("[[paths]]", DATA.format('milestones = ["07"]'), "datasets ones: unknown milestone '07'"),
        ("[[paths]]", DATA.format("kind = 1"), "datasets ones: unknown key 'kind'"),
        ("[[paths]]", LEVEL, "levels Low: unknown checkpoint '09'"),
    ],
)
def test_is_refused(old, new, says):
    with pytest.raises(CurriculumError) as caught:
        entries.build_curriculum(changed(old, new))
    assert says in str(caught.value)


def test_a_file_that_is_missing_or_no_toml_is_named(tmp_path):
    with pytest.raises(CurriculumError, match=r"none\.toml"):
        curriculumfile.load_curriculum(tmp_path / "none.toml")
    (tmp_path / "bad.toml").write_text("title = ", encoding="utf-8")
    with pytest.raises(CurriculumError, match=r"bad\.toml"):
        curriculumfile.load_curriculum(tmp_path / "bad.toml")


def test_a_milestone_needs_the_ones_before_it():
    toy_course = entries.build_curriculum(tomllib.loads(toy.CURRICULUM))
    assert toy_course.unit("milestone-02").needs == ("checkpoint-03", "milestone-01")


def test_paths_follow_from_names():
    course = kit.course()
    assert course.unit("checkpoint-05").spec_path == "specs/test_05_autograd.py"
    assert course.unit("checkpoint-05").source == "tinytorch/autograd.py"
    assert course.unit("checkpoint-00").source is None
    assert course.unit("milestone-03").spec_path == "milestones/03_1986_mlp/"
    assert course.unit_of_spec("specs/test_05_autograd.py::TestX::test_y").number == "05"
    assert course.unit_of_spec("milestones/03_1986_mlp/test_03_mlp.py::TestX::test_y").year == 1986
    assert course.unit_of_spec("tests/test_curriculum.py::test_x") is None


def test_everything_the_course_names_is_there():
    for unit in kit.course().units:
        assert (kit.ROOT / unit.spec_path).exists(), unit.spec_path
        for file in ("run.py", "README.md") if unit.is_milestone else ():
            assert (kit.ROOT / unit.spec_path / file).is_file()


@pytest.mark.parametrize("command", ["manifest", "stubs"])
def test_what_is_generated_follows_the_curriculum_of_the_workspace(command, tmp_path):
    root = toy.build(tmp_path)
    check = [sys.executable, "-m", f"pytest_tinytorch.{command}", "--check"]
    done = subprocess.run(check, cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    toy.write(root, {"curriculum.toml": toy.CURRICULUM.replace('name = "adding"', 'name = "sums"')})
    assert subprocess.run(check, cwd=root, capture_output=True, check=False).returncode != 0
