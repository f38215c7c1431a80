"""Where a message stands that no exercise of the learner's can be blamed for."""

from __future__ import annotations

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
