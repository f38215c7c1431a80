"""The milestones on the reference: thresholds from five seeds, and what a person sees."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys

import pytest

from benchmarks import seeds
from pytest_tinytorch.course.curriculumfile import DEFAULT
from tests.support import kit

SCRIPTS = sorted((kit.ROOT / "milestones").glob("*/run.py"))
SEEDS = {"01": 5, "02": 5, "03": 5, "04": 2}
"""`python -m benchmarks.seeds` runs five of each. What takes long has fewer here, and 05 and 06 none
but the one that the proofs run."""

BRIEFLY = """
import dataclasses
from milestones.experiments import pipeline, shifted_digits, tinytalks_gpt
scales = shifted_digits.SCALES
scales["tiny"] = dataclasses.replace(scales["tiny"], epochs=2)
pipeline.GPT_EPOCHS, pipeline.PRUNING = 2, ((0.9, 1),)
tinytalks_gpt.EPOCHS = tinytalks_gpt.CONTROL_EPOCHS = 2
tinytalks_gpt.CONTROL_QUESTIONS = 10
"""
HURRIED = ("04_1998_cnn", "05_2017_transformer", "06_2018_mlperf")
"""Scripts that take long, which train only as long as their schedules need."""

CASES = [(number, 100 + seed) for number, count in SEEDS.items() for seed in range(count)]


@pytest.mark.slow
@pytest.mark.parametrize(("number", "seed"), CASES)
def test_the_reference_clears_every_threshold(number, seed):
    thresholds = kit.course().unit(f"milestone-{number}").thresholds
    found = seeds.measure(number, seed)
    assert found.keys() == {name for name in thresholds if not name.startswith("full_")}
    for name, value in found.items():
        assert seeds.holds(name, value, thresholds[name]), f"{name}: {value}"


def start(script, *arguments, **environment):
    return run([str(script), *arguments], environment)


def hurry(script, *arguments):
    """The same with fewer epochs: it may not reach its thresholds, which the proofs see to."""
    lines = f"""
import runpy, sys
{BRIEFLY}
sys.argv = [{str(script)!r}, *{arguments!r}]
runpy.run_path(sys.argv[0], run_name="__main__")
"""
    return run(["-c", lines], {})


def run(arguments, environment):
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=kit.ROOT,
        env={**os.environ, "COLUMNS": "80", "PYTHONUTF8": "1", "OPENBLAS_NUM_THREADS": "1"}
        | environment,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )


def fits_one_screen(text):
    """Without the lines that tell how far it is, which a terminal shows in one place."""
    lines = [line for line in text.splitlines() if not re.search(r" after \d+ epochs?$", line)]
    return max(map(len, lines)) <= 80 and len(lines) <= 40


@pytest.mark.slow
@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.parent.name)
def test_a_script_shows_its_result_on_one_screen(script):
    hurried = script.parent.name in HURRIED
    done = hurry(script, "--reference") if hurried else start(script, "--reference")
    assert "Traceback" not in done.stderr
    assert fits_one_screen(done.stdout), done.stdout
    reached = done.returncode == 0
    assert reached or hurried, done.stdout
    assert ("I have" if reached else "Not there yet") in done.stdout


@pytest.mark.parametrize("script", SCRIPTS[:3], ids=lambda script: script.parent.name)
def test_a_script_gets_by_with_plain_characters(script):
    done = start(script, "--reference", PYTHONUTF8="0", PYTHONIOENCODING="ascii")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.isascii()


@pytest.fixture
def workspace(tmp_path):
    """A copy of the workspace, whatever the package here holds."""
    for folder in ("milestones", "datasets", "reference", "specs"):
        shutil.copytree(kit.ROOT / folder, tmp_path / folder)
    return tmp_path


def test_a_script_says_what_is_to_do(workspace):
    kit.mixture(workspace, [])
    done = start(workspace / "milestones" / "01_1957_perceptron" / "run.py")
    assert done.returncode == 1
    assert "still to do" in done.stdout
    assert "tinytorch/" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


def test_a_script_asks_for_what_the_curriculum_of_the_workspace_says(workspace):
    kit.mixture(workspace, [unit.name for unit in kit.modules()])
    course = DEFAULT.read_text(encoding="utf-8")
    harder = course.replace("trained_accuracy = 0.99", "trained_accuracy = 1.01")
    (workspace / "course.toml").write_text(harder, encoding="utf-8")
    (workspace / "pytest.ini").write_text(
        "[pytest]\ntinytorch_curriculum = course.toml\n", encoding="utf-8"
    )
    done = start(workspace / "milestones" / "01_1957_perceptron" / "run.py")
    assert done.returncode == 1
    assert "101%" in done.stdout
    assert "Not there yet" in done.stdout


def test_a_script_borrows_what_the_path_of_the_workspace_leaves_out(workspace):
    kit.mixture(workspace, ["training"])
    course = DEFAULT.read_text(encoding="utf-8")
    path = '\n[[paths]]\nname = "late"\ncheckpoints = ["07"]\n'
    (workspace / "late.toml").write_text(course + path, encoding="utf-8")
    settings = "[pytest]\ntinytorch_curriculum = late.toml\ntinytorch_path = late\n"
    (workspace / "pytest.ini").write_text(settings, encoding="utf-8")
    done = start(workspace / "milestones" / "01_1957_perceptron" / "run.py")
    assert done.returncode == 0, done.stdout + done.stderr
