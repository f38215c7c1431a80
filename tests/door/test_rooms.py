"""The rooms of the plugin: each answers one question, and none loads code where no linter sees it.

What is imported openly is kept by the contracts in pyproject.toml, which `lint-imports` checks.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path

import grimp
import pytest

from pytest_tinytorch.evidence.implementation import PACKAGE
from pytest_tinytorch.tito.python import CONSOLE
from pytest_tinytorch.watch import server
from tests.support import kit

PLUGIN = kit.ROOT / "pytest_tinytorch"
FILES = sorted(PLUGIN.rglob("*.py"))
ROOMS = sorted(file.parent for file in PLUGIN.glob("*/**/__init__.py"))

LOADS = {
    *("__import__", "eval", "exec", "import_module", "reload", "importorskip", "resolve_name"),
    *("runpy", "run_module", "run_path"),
    *("exec_module", "load_module", "module_from_spec", "spec_from_file_location"),
}
"""What can load code that is named in a string, or in a file."""
NAME = re.compile(rf"{PACKAGE}(\.\w*)+")
STATEMENT = re.compile(rf"\bimport {PACKAGE}\b|\bfrom {PACKAGE}[\w.]* import\b")
LISTED = {
    ("api.py", "import_module"): "imports a milestone's scene, for its script",
    ("evidence/importing.py", "spec_from_file_location"): "says where the package under test"
    " is, to whoever imports it",
    ("evidence/importing.py", "exec_module"): "runs what others import, under a guard",
    ("evidence/importing.py", "sys.modules"): "forgets the package under test",
    ("evidence/paths.py", "sys.modules"): "looks which modules of Python's own are needed",
    **{
        ("lsp/commands.py", f"'tinytorch.{name}'"): "names a command of an editor"
        for name in ("laws", "run", "stop", "hint", "lesson", "law", "debug")
    },
    ("run/places.py", "'tinytorch.'"): "tells from the name of a missing module whose it is",
    (
        "run/planting.py",
        "exec",
    ): "defines a canary: a spec of the workspace with a planted function",
    ("run/standins.py", "exec"): "defines one exercise of the worked solution, for a trial",
    ("run/spectimer.py", "sys.modules"): "looks for the file of a module that is being imported",
    ("run/trials.py", "sys.modules"): "looks for the learner's module that a trial changes",
    ("run/witness.py", "sys.modules"): "looks for the files of what was imported",
    ("run/processstate.py", "sys.modules"): "asks whether NumPy is imported",
    ("tito/__main__.py", "sys.modules"): "lets msgspec do without a package that it can do without",
    ("tito/dataset_process.py", "import_module"): "is a process of its own, see below",
    ("tito/dataset_process.py", "'tinytorch.datasets'"): "the same",
    ("tito/python.py", repr(CONSOLE)): "is typed into a process of its own",
    (
        "website/pytorch.py",
        "runpy",
    ): "reads a given table that is made of names, for a page of the site",
    ("website/pytorch.py", "run_path"): "the same",
    ("watch/forks.py", "import_module"): "imports what specs need ahead of them, see below",
    ("watch/standby.py", "sys.modules"): "looks for the files of what was imported",
}
"""Every place in the plugin that loads code without a plain import, or names a module of the package
under test, and why it may."""


def hidden(tree):
    """What a syntax tree does that an import could hide behind."""
    for node in ast.walk(tree):
        if isinstance(node, ast.alias):
            yield from LOADS & set(node.name.split("."))
        elif isinstance(node, ast.Name | ast.Attribute):
            yield from LOADS & {getattr(node, "id", None), getattr(node, "attr", None)}
            if ast.unparse(node) == "sys.modules":
                yield "sys.modules"
    for text in strings(tree):
        if NAME.fullmatch(text) or STATEMENT.search(text):
            yield repr(text)


def strings(tree):
    """Every string of a syntax tree as it will be, docstrings aside."""
    nodes = list(ast.walk(tree))
    prose = {node.value for node in nodes if isinstance(node, ast.Expr)}
    inner = {part for node in nodes if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in nodes:
        if isinstance(node, ast.Constant | ast.JoinedStr) and node not in prose | inner:
            yield written(node)


def written(node):
    """A constant, or what an f-string makes with the name of the package in it."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.FormattedValue):
        return PACKAGE if ast.unparse(node.value).endswith("PACKAGE") else "{}"
    return "".join(written(part) for part in node.values)


def parsed(file):
    return ast.parse(file.read_text(encoding="utf-8"))


def test_nothing_loads_code_where_no_linter_sees_it():
    found = {(f.relative_to(PLUGIN).as_posix(), what) for f in FILES for what in hidden(parsed(f))}
    assert found == LISTED.keys()


@pytest.mark.parametrize(
    "source",
    [
        "import importlib\nimportlib.import_module(name)",
        "from importlib import import_module as load",
        "__import__('tiny' + 'torch')",
        "import runpy",
        "exec(text)",
        "print(eval(text))",
        "sys.modules[name]",
        "load(f'{PACKAGE}.datasets')",
        "load(f'{implementation.PACKAGE}.datasets')",
        "load('tinytorch.datasets')",
        "command = [sys.executable, '-c', 'import tinytorch']",
        "command = [sys.executable, '-c', f'from {PACKAGE} import datasets']",
    ],
)
def test_a_hidden_import_is_noticed(source):
    assert list(hidden(ast.parse(source)))


@pytest.mark.parametrize(
    "source",
    [
        '"""Imports tinytorch.datasets, or import tinytorch."""',
        "from importlib.metadata import version",
        "command = ['-p', 'tinytorch']",
        "import re\nre.compile(text)",
    ],
)
def test_what_loads_nothing_is_let_be(source):
    assert not list(hidden(ast.parse(source)))


def test_the_process_that_imports_the_package_is_imported_by_nobody():
    plugin = grimp.build_graph("pytest_tinytorch", cache_dir=None)
    process = "pytest_tinytorch.tito.dataset_process"
    assert process in plugin.modules
    assert not plugin.find_modules_that_directly_import(process)


def test_what_is_imported_ahead_of_specs_is_none_of_the_learners():
    assert not [name for name in server.NEEDED if name.partition(".")[0] == PACKAGE]


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: room.relative_to(PLUGIN).as_posix())
def test_a_room_is_one_question_and_more_than_one_file(room: Path):
    tree = parsed(room / "__init__.py")
    question = ast.get_docstring(tree) or ""
    assert len(tree.body) == 1, "it re-exports nothing: whoever needs a name goes to its file"
    assert question.endswith("?")
    assert "\n" not in question
    assert len(list(room.glob("*.py"))) > 2, "one file needs no folder"


def test_contributors_are_told_of_every_room():
    text = (kit.ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    told = re.findall(r"^\| `(\w+)/` \|", text.partition("| place |")[0], re.MULTILINE)
    assert sorted(told) == [room.name for room in ROOMS if room.parent == PLUGIN]


def test_every_file_begins_with_what_it_is():
    lines = {f: f.read_text(encoding="utf-8").partition("\n")[0] for f in FILES}
    said = re.compile(r'"""\S+( \S+){2,}[.?]("""$|$)')
    assert [f.name for f, line in lines.items() if not said.match(line)] == []
