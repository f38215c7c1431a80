"""What a module under test may not import: its judges in a graded run, and in any run the answers."""

from __future__ import annotations

import subprocess
import sys

import pytest

from pytest_tinytorch.evidence.importing import ForbiddenImport, answer_in
from pytest_tinytorch.run.importguard import JUDGES
from tests.support import kit, toy

LEARNER = {"__name__": "tinytorch.adding"}
TRY = """
import sys
from pytest_tinytorch.run.importguard import guard_imports
import pytest, hypothesis, specs.oracles.activations
guard_imports()
try:
    exec({code!r}, {{"__name__": {name!r}}})
except ImportError as error:
    sys.exit(str(error))
"""


def tried(code, name="tinytorch.adding"):
    """What comes of code of a module, in a process of its own."""
    words = [sys.executable, "-c", TRY.format(code=code, name=name)]
    done = subprocess.run(words, cwd=kit.ROOT, capture_output=True, text=True, check=False)
    return done.returncode, done.stderr


WAYS = [
    "from specs.oracles.activations import softmax",
    "import importlib\nimportlib.import_module('specs.oracles.activations')",
    "__import__('specs.laws')",
    "import importlib\nimportlib.__import__('specs')",
    "def f():\n    import pytest\nf()",
    "exec('import hypothesis', {})",
]


@pytest.mark.parametrize("code", WAYS)
def test_the_package_cannot_import_its_judges(code):
    code, said = tried(code)
    assert code == 1
    assert "tinytorch may not import" in said


def test_specs_can_and_the_package_may_import_all_else():
    assert tried("\n".join(WAYS), "specs.laws") == (0, "")
    assert tried("import math, numpy.linalg, importlib\nimportlib.import_module('json')") == (0, "")


def test_the_worked_solution_imports_none_of_them():
    for file in sorted((kit.ROOT / "reference/tinytorch").rglob("*.py")):
        lines = [
            line.split()
            for line in file.read_text("utf-8").splitlines()
            if "import" in line.split()
        ]
        named = {line[1].partition(".")[0] for line in lines if line[0] in ("import", "from")}
        assert not named & JUDGES, file.name


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("x = 1\nfrom specs.oracles import losses\n", ("specs.oracles", 2)),
        (
            "def f():\n    def g():\n        import reference.tinytorch\n",
            ("reference.tinytorch", 3),
        ),
        ("specs = 3\nspecs.x", None),
        ("from tinytorch import specs", None),
        ("import specsheet", None),
    ],
)
def test_a_statement_is_found_wherever_it_stands(text, found):
    assert answer_in(compile(text, "a.py", "exec")) == found


def test_a_learner_sees_it_at_home(tmp_path):
    root = toy.build(tmp_path)
    toy.solve(root, "adding")
    text = toy.REFERENCE["squaring"] + "\n\ndef cheat():\n    from specs import oracles\n"
    toy.write(root, {"tinytorch/squaring.py": text})
    run = toy.pytest_in(root, "--checkpoint", "03")
    assert run.states["03"] == "broken"
    assert "tinytorch may not import specs" in run.output
    assert "tinytorch/squaring.py:10" in run.output
    assert issubclass(ForbiddenImport, SyntaxError)
