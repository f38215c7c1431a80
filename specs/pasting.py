"""Whether you can paste a program into a new interpreter, and what you must import there."""

import ast
import builtins
import re
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from specs.sources import stored_in

LINES, LONGEST, WIDEST = 16, 1000, 300
"""The most lines, characters, and characters per line of a program: nobody reads more."""


def with_imports(text: str, modules: Mapping[str, str], names: Mapping[str, Any]) -> str:
    """A program, after the imports that its names require.

    ``import numpy as np``, ``from tinytorch import *`` and the same of the module are taken for granted.
    """
    used = {node.id for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Name)}
    there = imported(names)
    wanted = [name for name in modules if name in used and name not in there]
    own = {one for node in ast.walk(ast.parse(text)) for one in stored_in(node)}
    needed = sorted((modules[name], name) for name in wanted if name not in own)
    return "\n".join([*(f"from {module} import {name}" for module, name in needed), text])


def can_be_pasted(text: str, names: Mapping[str, Any]) -> bool:
    """Whether a program is short and uses only names that the imports define."""
    lines = text.splitlines()
    if len(lines) > LINES or len(text) > LONGEST or any(len(x) > WIDEST for x in lines):
        return False
    try:
        tree = ast.parse(text)
    except SyntaxError:
        return False
    lists = [n for n in ast.walk(tree) if isinstance(n, ast.List | ast.Call)]
    parts = [one for n in lists for one in (n.elts if isinstance(n, ast.List) else n.args)]
    left_out = any(isinstance(one, ast.Constant) and one.value is Ellipsis for one in parts)
    return not left_out and not unknown_names(text, names)


def unknown_names(text: str, names: Mapping[str, Any]) -> list[str]:
    """The names of a program that the imports do not define."""
    tree = ast.parse(text)
    own = {n for node in ast.walk(tree) for n in stored_in(node)} | set(arguments_in(tree))
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    own |= {one.name for node in imports for one in node.names} | set(dir(builtins))
    there = own | {"np"} | imported(names)
    asked_for = [node.id for node in ast.walk(tree) if isinstance(node, ast.Name)]
    return [name for name in dict.fromkeys(asked_for) if name not in there]


def imported(names: Mapping[str, Any]) -> set[str]:
    """What ``from tinytorch import *`` defines, and the same for the module that a file of specs tests."""
    module = re.sub(r".*\btest_\d+_", "", str(names.get("__name__", "")))
    places = [sys.modules.get(f"tinytorch{end}") for end in ("", f".{module}")]
    return {name for one in places for name in getattr(one, "__all__", None) or dir(one)}


def arguments_in(tree: ast.AST) -> Iterator[str]:
    """The names of arguments of functions in a tree."""
    return (node.arg for node in ast.walk(tree) if isinstance(node, ast.arg))
