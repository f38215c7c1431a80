"""The course as a whole: specs, reference, hints and generated files keep the rules of CONTRIBUTING."""

from __future__ import annotations

import ast
import subprocess
import sys
from importlib import import_module, reload

import pytest

from pytest_tinytorch.evidence.implementation import GIVEN
from pytest_tinytorch.kit import collection, stubs
from tests.support import kit

SPEC_FILES = [kit.ROOT / unit.spec_path for unit in kit.course().checkpoints]


def reachable(unit):
    """Names of the modules that a unit's needs reach, its own among them."""
    return {kit.course().unit(i).name for i in kit.course().closure([unit.id])} | GIVEN


def modules_used(tree):
    """Modules of tinytorch that a file imports, or asks for by its name, at any depth."""
    used = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("tinytorch."):
            used.add(node.module.split(".")[1])
        if isinstance(node, ast.ImportFrom) and node.module == "tinytorch":
            used.update(alias.name for alias in node.names if alias.name.islower())
        if isinstance(node, ast.Import):
            used.update(a.name.split(".")[1] for a in node.names if a.name.startswith("tinytorch."))
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("lazy", "import_module"):
            used.add(ast.literal_eval(node.args[0]).removeprefix("tinytorch."))
    return used


def classes(tree):
    return [n for n in tree.body if isinstance(n, ast.ClassDef) and n.name.startswith("Test")]


def parse(file):
    return ast.parse(file.read_text(encoding="utf-8"))


def test_every_file_that_nobody_writes_is_listed_as_given():
    """What is not listed counts as a learner's: it is blamed, and waited for."""
    files = {file.stem for file in (kit.REFERENCE / "tinytorch").glob("*.py")}
    assert files - {unit.name for unit in kit.modules()} == GIVEN


@pytest.mark.parametrize("unit", kit.course().checkpoints, ids=lambda unit: unit.name)
def test_specs_import_only_what_their_needs_reach(unit):
    assert modules_used(parse(kit.ROOT / unit.spec_path)) <= reachable(unit)


@pytest.mark.parametrize("unit", kit.modules(), ids=lambda unit: unit.name)
def test_modules_import_only_what_their_needs_reach(unit):
    tree = parse(kit.REFERENCE / "tinytorch" / f"{unit.name}.py")
    later = {"autograd"} if unit.name == "tensor" else set()  # Tensor.backward, when it is called
    assert modules_used(tree) <= reachable(unit) | later


@pytest.mark.parametrize("file", sorted((kit.ROOT / "specs" / "oracles").glob("*.py")), ids=str)
def test_oracles_and_strategies_never_touch_the_framework(file):
    for checked in (file, kit.ROOT / "specs" / "strategies.py"):
        assert not modules_used(parse(checked))


@pytest.mark.parametrize("unit", kit.modules(), ids=lambda unit: unit.name)
def test_specs_form_groups_with_names(unit):
    groups = [ast.get_docstring(c) or "" for c in classes(parse(kit.ROOT / unit.spec_path))]
    assert 5 <= len(groups) <= 8
    assert len(set(groups)) == len(groups)
    assert all(0 < len(group.splitlines()[0]) <= 40 for group in groups)


@pytest.mark.parametrize("file", SPEC_FILES, ids=lambda file: file.stem)
def test_every_spec_says_its_law_and_none_skips(file):
    tree = parse(file)
    for group in classes(tree):
        for node in group.body:
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                assert ast.get_docstring(node), f"{group.name}.{node.name} states no law"
    names = {ast.unparse(n) for n in ast.walk(tree) if isinstance(n, ast.Attribute)}
    assert not names & {
        "pytest.skip",
        "pytest.mark.skip",
        "pytest.mark.skipif",
        "pytest.mark.xfail",
    }


def test_stubs_are_what_the_reference_gives():
    assert stubs.main(kit.ROOT, kit.course(), ["--check"]) == 0


def test_stubs_tell_an_editor_what_a_class_will_have(tmp_path):
    """`__init__` is cut, and with it what it sets: classes declare that, and mypy asks as an editor does."""
    settings = (
        "[mypy]\n[mypy-pooch,requests]\nignore_missing_imports = True\nfollow_imports = skip\n"
    )
    file = tmp_path / "mypy.ini"
    file.write_text(settings, encoding="utf-8")
    mypy = [sys.executable, "-m", "mypy", "--config-file", str(file), "--cache-dir", str(tmp_path)]
    done = subprocess.run(
        [*mypy, "-p", "tinytorch"], cwd=kit.ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


def test_the_manifest_is_what_is_collected():
    assert collection.main(kit.ROOT, kit.course(), ["--check"]) == 0


def test_examples_in_docstrings_run():
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-q", "-o", "addopts=", "--doctest-modules"),
            *("-p", "no:cacheprovider", "--reference"),
            *(
                "reference/tinytorch",
                "pytest_tinytorch",
                "specs/framework.py",
                "tests/proofs/changes.py",
            ),
        ],
        cwd=kit.ROOT,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("unit", kit.modules(), ids=lambda unit: unit.name)
def test_the_reference_is_written_to_be_read(unit):
    text = kit.reference_text(unit.name)
    assert text.startswith(f'"""{unit.number} · ')
    assert max(map(len, text.splitlines())) <= 110


def test_every_export_exists(datasets):
    """Of the reference: the fixture sees to it that it is what is imported."""
    import tinytorch

    assert tinytorch.__file__ == str(kit.REFERENCE / "tinytorch" / "__init__.py")
    import_module("tinytorch.tensor")  # from here on the attribute is the module
    for name in tinytorch.__all__:
        assert callable(getattr(tinytorch, name)), name


def test_the_file_tensor_and_the_function_of_that_name_live_together(datasets):
    """See docs/decisions/0011-*.md. The attribute is the same before and after the import of the file."""
    import tinytorch

    module = tinytorch.tensor
    assert import_module("tinytorch.tensor") is module is tinytorch.tensor
    assert module([1.0]).shape == (1,)
    assert module.tensor([1.0], requires_grad=True).requires_grad
    assert reload(module) is module
    assert reload(tinytorch).tensor([1.0]).shape == (1,)
