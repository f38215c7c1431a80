"""The recipes of the headlines on a little data, and what counts as a good result."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.util import find_spec

import pytest

from benchmarks import headlines
from tests.support import kit

torch = pytest.mark.skipif(find_spec("torch") is None, reason="PyTorch is not installed")

LITTLE = """
import numpy as np
from benchmarks import settings
settings.set_up(settings.REFERENCE, 1)
from tinytorch import datasets

class Photographs:
    def __init__(self, train):
        generator = np.random.default_rng(int(train))
        self.images = generator.random((48, 3, 32, 32), np.float32)
        self.labels = generator.integers(0, 10, 48)

    def __len__(self):
        return len(self.labels)

    def fetch(self, indices):
        return self.images[indices], self.labels[indices]

datasets.MNIST, datasets.CIFAR10 = datasets.TinyDigits, Photographs
from benchmarks.headlines import *
from benchmarks.recipes import Part
"""
"""TinyDigits instead of MNIST, and a few random images instead of CIFAR-10."""

OURS = """
for one in headlines():
    losses = []
    share = one.ours(Part(32, 12), losses.append)
    print(one.name, len(losses), losses[-1]["loss"] < losses[0]["loss"], 0 <= share <= 1)
"""

AS_MILESTONE = """
from benchmarks import recipes
from milestones.experiments import digits_mlp
ours, theirs = [], []
share = recipes.our_mnist(Part(), ours.append)
milestone = digits_mlp.experiment("full", recipes.SEED, theirs.append)
print(share == milestone.accuracy > 0.9, ours == theirs, len(ours) == digits_mlp.SCALES["full"].epochs)
"""

EPOCHS = """
from benchmarks import recipes
from milestones.experiments import shifted_digits
parts = []
work = recipes.longer(lambda part, on_epoch: parts.append(part))
work(Part())
work(Part(epochs=1))
most = shifted_digits.SCALES["full"].epochs
print([part.epochs for part in parts] == [recipes.LONGER, 1], recipes.LONGER > most)
"""

BOTH = "raise SystemExit(main(['--quick', '--json', 'FILE']))"


def python(code, *, check=True):
    command = [sys.executable, "-c", LITTLE + code]
    run = subprocess.run(
        command, cwd=kit.ROOT, capture_output=True, text=True, encoding="utf-8", timeout=300
    )
    assert run.returncode == 0 or not check, run.stderr
    return run


def test_our_side_of_each_recipe_learns():
    lines = python(OURS).stdout.split("\n")[:-1]
    assert lines == [
        f"{name} 12 True True" for name in ("mnist", "tinytalks", "cifar10", "cifar10-80")
    ]


def test_the_recipe_is_that_of_the_milestone():
    """The same losses and the same share of digits, not only nearly the same."""
    assert python(AS_MILESTONE).stdout.split() == ["True"] * 3


def test_a_longer_recipe_has_more_epochs_unless_told_otherwise():
    assert python(EPOCHS).stdout.split() == ["True"] * 2


@torch
def test_both_sides_have_the_same_losses(tmp_path):
    file = tmp_path / "headlines.json"
    run = python(BOTH.replace("FILE", file.as_posix()))
    found = json.loads(file.read_text(encoding="utf-8"))
    assert found["kind"] == "headlines"
    assert [one["name"] for one in found["headlines"]] == [
        "mnist",
        "tinytalks",
        "cifar10",
        "cifar10-80",
    ]
    for one in found["headlines"]:
        assert 0 < one["difference"] <= one["within"] <= 0.01
        assert f"| {one['title']} |" in run.stdout
        assert all(one[side]["cpu"] > 0 for side in ("ours", "theirs"))
        assert all(f"{one['name']}, {who}: epoch 2" in run.stderr for who in ("ours", "PyTorch"))


@pytest.mark.parametrize(
    ("difference", "accuracy", "quick", "expected"),
    [
        (1e-5, 0.76, False, True),
        (1e-5, 0.74, False, False),
        (1e-5, 0.2, True, True),
        (1e-3, 0.76, False, False),
        (1e-3, 0.76, True, False),
        (float("nan"), 0.76, False, False),
    ],
)
def test_a_result_is_good(difference, accuracy, quick, expected):
    """if losses agree, and ours is as accurate as wanted; PyTorch's accuracy decides nothing."""
    sides = {"ours": {"accuracy": accuracy}, "theirs": {"accuracy": 0.1}}
    one = {"wanted": 0.75, "difference": difference, "within": 1e-4} | sides
    assert headlines.good(one, quick) is expected


def test_an_unknown_name_is_told_with_those_that_there_are():
    run = python("raise SystemExit(main(['--only', 'imagenet']))", check=False)
    assert (run.returncode, run.stdout) == (2, "")
    assert run.stderr == "no imagenet in mnist, tinytalks, cifar10, cifar10-80\n"


def test_without_torch_one_line_says_what_to_install():
    code = "import sys; sys.modules['torch'] = None; raise SystemExit(main(['--quick']))"
    run = python(code, check=False)
    assert (run.returncode, run.stdout, run.stderr.count("\n")) == (2, "", 1)
    assert 'pip install -e ".[bench]"' in run.stderr
