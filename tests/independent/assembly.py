"""A learner's file from a stub and a solution, which holds the bodies of exercises and helpers of its own."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from pathlib import Path

from pytest_tinytorch.course.exercises import find_node

SOLUTIONS = Path(__file__).with_name("solutions")
"""Written from docstrings, messages and hints alone, by people who had not seen the worked solution."""


def assemble(stub: str, solution: str, exercises: Iterable[str]) -> str:
    """The stub with the bodies of the solution, and the helpers of the solution before the first definition.

    Raises:
        ValueError: an exercise of the stub has no solution.
    """
    tree, solved = ast.parse(stub), ast.parse(solution)
    written = set()
    for name in exercises:
        place, body = find_node(tree, name), find_node(solved, name)
        if place is None:
            continue
        if body is None:
            raise ValueError(f"no solution of {name}")
        written.add(body)
        if isinstance(place, ast.Expr):
            place.value = body.value
        else:
            place.body = [*place.body[:1], *body.body]  # the docstring, and what was written
    helpers = [node for node in solved.body[1:] if node not in written]
    add_helpers(tree, helpers, written)
    return ast.unparse(ast.fix_missing_locations(tree))


def add_helpers(tree: ast.Module, helpers: list[ast.stmt], written: set[ast.AST]) -> None:
    """Put imports after those of the stub, methods into its classes, and the rest before what it defines."""
    classes = {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}
    imports = [node for node in helpers if isinstance(node, ast.Import | ast.ImportFrom)]
    first = next(
        i for i, node in enumerate(tree.body) if isinstance(node, ast.FunctionDef | ast.ClassDef)
    )
    own = []
    for node in helpers:
        if isinstance(node, ast.ClassDef) and node.name in classes:
            classes[node.name].body += [part for part in node.body if part not in written]
        elif node not in imports:
            own.append(node)
    tree.body[first:first] = [*imports, *own]
