"""The milestones on the reference: thresholds from five seeds, and what a person sees."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from pytest_tinytorch import implementation
from tests import kit

SCRIPTS = sorted((kit.ROOT / "milestones").glob("*/run.py"))
SEEDS = range(5)


@pytest.fixture
def reference(monkeypatch):
    """The worked solution as `tinytorch`, and the folders of the milestones to import from."""
    for script in SCRIPTS:
        monkeypatch.syspath_prepend(str(script.parent))
    implementation.install(implementation.Implementation(kit.REFERENCE, kit.REFERENCE))
    yield
    implementation.uninstall()


def thresholds(number):
    return kit.course().unit(f"milestone-{number}").thresholds


@pytest.mark.parametrize("seed", SEEDS)
def test_perceptron(reference, seed):
    from perceptron import experiment

    got = experiment(seed + 100)
    assert got.trained >= thresholds("01")["trained_accuracy"]
    assert got.untrained <= thresholds("01")["untrained_accuracy_at_most"]


@pytest.mark.parametrize("seed", SEEDS)
def test_xor(reference, seed):
    from xor import experiment

    got = experiment(seed + 100)
    assert got.one_layer <= thresholds("02")["one_layer_accuracy_at_most"]
    assert got.hidden_layer >= thresholds("02")["hidden_layer_accuracy"]


@pytest.mark.parametrize("seed", SEEDS)
def test_mlp(reference, seed):
    from digits_mlp import experiment

    got = experiment(seed + 100)
    assert got.accuracy >= thresholds("03")["test_accuracy"]
    assert got.first_layer_moved >= thresholds("03")["first_layer_moved"]


def start(script, *arguments, **environment):
    return subprocess.run(
        [sys.executable, str(script), *arguments],
        env={**os.environ, "COLUMNS": "80", "PYTHONUTF8": "1", "OPENBLAS_NUM_THREADS": "1"}
        | environment,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.parent.name)
def test_a_script_shows_its_result_on_one_screen(script):
    done = start(script, "--reference")
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert max(map(len, lines)) <= 80
    assert len(lines) <= 40
    assert "I have" in done.stdout


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.parent.name)
def test_a_script_gets_by_with_plain_characters(script):
    done = start(script, "--reference", PYTHONUTF8="0", PYTHONIOENCODING="ascii")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.isascii()


def test_a_script_says_what_is_to_do(tmp_path):
    """On untouched stubs, in a copy of the workspace: whatever the package here holds."""
    import shutil

    for folder in ("milestones", "datasets", "reference", "specs"):
        shutil.copytree(kit.ROOT / folder, tmp_path / folder)
    kit.mixture(tmp_path, [])
    done = start(tmp_path / "milestones" / "01_1957_perceptron" / "run.py")
    assert done.returncode == 1
    assert "still to do" in done.stdout
    assert "tinytorch/" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr
