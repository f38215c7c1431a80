"""The profile `ci` draws the same for everybody: whatever of the plugin a run loads."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import pytest

from pytest_tinytorch.run import profiles
from tests.support import toy

NOTING = """
def add(x, y):
    with open("asked.txt", "a", encoding="utf-8") as file:
        file.write(f"{x} {y}\\n")
    return x + y


def negate(x):
    return -x
"""


def asked(root, **variables):
    """What a run asks of a module that writes it down."""
    options = ("--hypothesis-profile=ci", "--checkpoint=01", "--no-gate")
    toy.pytest_in(root, *options, variables=variables, cold=True)
    file = root / "asked.txt"
    text = file.read_text(encoding="utf-8")
    file.unlink()
    return text.splitlines()


HELPER = f"NUMBERS = {[*range(70_000, 70_300)]}\n"
CONFTEST = "import os\nif os.environ.get('LOADS'):\n    import helper\n"


def test_draws_the_same_whatever_else_is_loaded(tmp_path):
    """Hypothesis draws numbers that it finds in code, so it must look at no code but the package."""
    root = toy.build(tmp_path)
    toy.write(root, {"tinytorch/adding.py": NOTING, "helper.py": HELPER, "conftest.py": CONFTEST})
    plain, loaded = asked(root), asked(root, LOADS="1")
    assert len(plain) == 100
    assert loaded == plain


@pytest.mark.parametrize("times", [1, 2])
def test_hypothesis_finds_numbers_in_the_package_alone(monkeypatch, times):
    from hypothesis.internal.conjecture import providers

    source = str(Path(__file__).with_name("test_loops.py"))
    monkeypatch.setattr(providers, profiles.FINDS, lambda module: getattr(module, "__file__", None))
    for _ in range(times):
        profiles.look_at_package_alone()
    finds = getattr(providers, profiles.FINDS)
    for name, found in {
        "tinytorch": source,
        "tinytorch.a.b": source,
        "tinytorchs": None,
        "specs.a": None,
    }.items():
        module = ModuleType(name)
        module.__file__ = source
        assert finds(module) == found
    assert finds(profiles) is None


def test_hypothesis_has_the_function_that_is_told():
    """A new version of Hypothesis may have another: then runs draw what they find anywhere."""
    from hypothesis.internal.conjecture import providers

    assert hasattr(getattr(providers, profiles.FINDS), "of_package")
