"""What a lesson is made of: the text written by hand, the exercises as a learner finds them, the laws."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

from msgspec import Struct

from pytest_tinytorch.course.curriculum import Unit
from pytest_tinytorch.course.exercises import cut_stubs, line_spans
from pytest_tinytorch.course.syntax import syntax_tree

REFERENCE = "reference"
TEXTS, PICTURES = "docs/modules", "docs/pictures"


class Group(Struct, frozen=True):
    """A group of specs: a capability, and its laws."""

    name: str
    laws: tuple[str, ...]


def text_file(home: Path, unit: Unit) -> Path:
    """The file with what is written by hand about a unit.

    Args:
        home: the folder of the kit, or what the wheel carries of it.
        unit: for a milestone it is the README beside its script.
    """
    if unit.is_milestone:
        return home / unit.spec_path / "README.md"
    return home / TEXTS / f"{unit.number}_{unit.name}.md"


def exercise_stubs(home: Path, unit: Unit) -> dict[str, str]:
    """Exercise to its stub: signature, docstring, and nothing of the worked solution.

    Before the first method of a class stands the docstring of the class.
    """
    if not unit.source:
        return {}
    source = (home / REFERENCE / unit.source).read_text(encoding="utf-8")
    stub = cut_stubs(source, unit.number, unit.name, unit.hints)
    lines, spans = stub.splitlines(), line_spans(stub, unit.hints)
    described = {
        node.name: node for node in syntax_tree(stub).body if isinstance(node, ast.ClassDef)
    }
    texts = {}
    for name in unit.hints:
        first, last = spans[name]
        own = dedent("\n".join(lines[first - 1 : last]))
        node = described.pop(name.partition(".")[0], None)
        texts[name] = "\n\n".join([*([class_head(node, lines)] if node else []), own])
    return texts


def class_head(node: ast.ClassDef, lines: list[str]) -> str:
    """The statement and the docstring of a class."""
    documented = ast.get_docstring(node) is not None
    last = node.body[0].end_lineno if documented else node.lineno
    return "\n".join(lines[node.lineno - 1 : last])


def groups(home: Path, unit: Unit) -> list[Group]:
    """The groups of specs of a checkpoint, each with its laws."""
    return [
        Group(
            first_line(group),
            tuple(first_line(f) for f in functions(group) if f.name.startswith("test_")),
        )
        for group in classes(parse(home / unit.spec_path))
    ]


def classes(tree: ast.Module) -> Iterator[ast.ClassDef]:
    """The groups of specs in a file."""
    return (n for n in tree.body if isinstance(n, ast.ClassDef) and n.name.startswith("Test"))


def functions(group: ast.ClassDef) -> Iterator[ast.FunctionDef]:
    return (node for node in group.body if isinstance(node, ast.FunctionDef))


def first_line(node: ast.FunctionDef | ast.ClassDef) -> str:
    """The first paragraph of a docstring in one line; empty without one."""
    return " ".join((ast.get_docstring(node) or "").split("\n\n")[0].split())


def parse(file: Path) -> ast.Module:
    return syntax_tree(file.read_text(encoding="utf-8"))
