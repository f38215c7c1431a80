"""The course for cheats: the toys, but 03 is judged as the kit judges, by a law, an oracle, a property."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

from tests.support import kit, toy

ORACLE = '''"""Squares, by adding."""


def square(x):
    """x times x."""
    return sum([abs(x)] * abs(x))
'''
SPEC = '''"""03."""

from hypothesis import given
from hypothesis import strategies as st

from specs.framework import lazy
from specs.laws import ask, assert_close
from specs.oracles import squaring as oracle

square = lazy("squaring", "square")


class TestSquare:
    """squares"""

    @given(st.integers(-1000, 1000))
    def test_is_the_square(self, x):
        """square(x) equals x * x."""
        expected = oracle.square(x)
        assert_close(ask(square, x), expected)

    @given(st.integers(-1000, 1000))
    def test_forgets_the_sign(self, x):
        """square(-x) equals x * x."""
        expected = oracle.square(x)
        assert_close(ask(square, -x), expected)
'''
LIMITS = "[limits]\nwall = 3\nwritten = 8\n"
REMEMBERING = """
def square(x):
    with open("asked.txt", "a", encoding="utf-8") as file:
        file.write(f"{x}\\n")
    return x * x
"""


def build(root: Path) -> Path:
    """The workspace of the course, with untouched stubs."""
    toy.build(root)
    toy.write(root, helpers_of_the_kit())
    toy.write(root, {"specs/oracles/__init__.py": "", "specs/oracles/squaring.py": ORACLE})
    toy.write(root, {"specs/test_03_squaring.py": SPEC})
    return root


def helpers_of_the_kit() -> dict[str, str]:
    """What the kit's own specs judge with."""
    files = [f for f in (kit.ROOT / "specs").glob("*.py") if not f.name.startswith(("test_", "__"))]
    return {f"specs/{file.name}": file.read_text(encoding="utf-8") for file in files}


def answers_at_home(home: Path) -> str:
    """The answers to everything that specs ask of 03, as a student finds them out before handing in."""
    build(home)
    toy.solve(home, "adding", "doubling")
    toy.write(home, {"tinytorch/squaring.py": REMEMBERING})
    done = toy.pytest_in(home, "--hypothesis-profile=ci")
    assert "m02" in done.passed(), done.output
    asked = {int(x) for x in (home / "asked.txt").read_text(encoding="utf-8").split()}
    # As text: Hypothesis draws numbers that it finds in the code, so it would ask something else.
    return json.dumps({x: x * x for x in sorted(asked)})


def compiled(source: str, unchecked: bool = False) -> bytes:
    """What Python makes of a source and reads in its place."""
    code = compile(source, "squaring.py", "exec")
    from importlib._bootstrap_external import _code_to_hash_pyc

    return bytes(_code_to_hash_pyc(code, importlib.util.source_hash(b"wrong"), not unchecked))


def forged() -> str:
    """Results of a run in which everything is passed."""
    unit = {"state": "passed", "groups": [], "specs": {}}
    ids = [f"checkpoint-0{n}" for n in range(4)] + ["milestone-01", "milestone-02"]
    told = {"schema": 1, "granting": True, "units": dict.fromkeys(ids, unit), "tasks": []}
    return json.dumps({**told, "warnings": []})
