"""Where a message stands that no exercise of the learner's can be blamed for."""

from __future__ import annotations

import pytest

from tests.support import toy

ASKS = """
        import tinytorch.adding as module
        from pytest_tinytorch.api import MissingName

        if not hasattr(module, "add"):
            raise MissingName(module.__name__, "add", module.__file__)
        add = module.add
"""


def test_a_function_that_was_renamed_is_named_where_it_stands(tmp_path):
    root = toy.build(tmp_path)
    spec = toy.SPECS["specs/test_01_adding.py"]
    spec = spec.replace("\n        from tinytorch.adding import add\n", ASKS)
    renamed = toy.REFERENCE["adding"].replace("def add(", "def plus(")
    toy.write(root, {"specs/test_01_adding.py": spec, "tinytorch/adding.py": renamed})
    output = toy.pytest_in(root, "--checkpoint", "01").output
    line = renamed.splitlines().index("def plus(x, y):") + 1
    assert f"Where     tinytorch/adding.py:{line} in plus" in output
    assert "Is it 'plus' now?" in output
    toy.write(root, {"tinytorch/adding.py": renamed.replace("def plus(x, y)", "def plus(x)")})
    output = toy.pytest_in(root, "--checkpoint", "01").output
    assert "Where     tinytorch/adding.py:1\n" in output
    assert "now?" not in output


SUMS = '''"""01 · Adding."""


class Sum:
    def of(self, x, y):
        return x + y


def add(x, y):
    return Sum().of(x, y)


def negate(x):
    return add(0, -x)
'''
MISSING_METHOD = "tinytorch.adding has no 'Sum.of': define it in "


@pytest.mark.parametrize(
    ("before", "after", "said", "where"),
    [
        ("def of(", "def off(", f"{MISSING_METHOD}@. Is it 'Sum.off' now?", "5 in Sum.off"),
        ("def of(", "def total(", f"{MISSING_METHOD}@. Is it 'Sum.total' now?", "5 in Sum.total"),
        ("    def of(self, x, y):\n        return x + y", "    x = 1", f"{MISSING_METHOD}@", "1"),
        ("add(x, y):", "addd(x, y):", "tinytorch.adding has no 'add': define it in @", "9 in addd"),
        (
            "Sum().of",
            "Sum().off",
            "AttributeError: 'Sum' object has no attribute 'off'",
            "10 in add",
        ),
        (
            "x + y",
            "x.nothing",
            "AttributeError: 'int' object has no attribute 'nothing'",
            "6 in Sum",
        ),
        (
            "    def of",
            "    __module__ = None\n    def off",
            "object has no attribute 'of'",
            "11 in add",
        ),
        ("x + y", "nothing", "NameError: name 'nothing' is not defined", "6 in Sum.of"),
    ],
)
def test_who_asks_for_an_exercise_that_is_missing_is_not_blamed(
    before, after, said, where, tmp_path
):
    root = toy.build(tmp_path)
    course = toy.CURRICULUM.replace('"add" = [', '"Sum.of" = ["1", "2", "3"]\n"add" = [')
    toy.write(root, {"curriculum.toml": course, "reference/tinytorch/adding.py": SUMS})
    toy.write(root, {"tinytorch/adding.py": SUMS.replace(before, after)})
    output = toy.pytest_in(root, "--checkpoint", "01").output
    said = said.replace("@", str(root / "tinytorch" / "adding.py"))
    assert said in output
    assert output.count(f"Where     tinytorch/adding.py:{where}") == 1
    assert ("Broken" in output) == (" has no '" in said and "object" not in said)
