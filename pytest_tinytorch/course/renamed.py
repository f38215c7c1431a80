"""What a function, a method or a class is called now that a module lacks, if that is clear from its text."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from pytest_tinytorch.course.exercises import parse
from pytest_tinytorch.course.nearest import nearest

Definition = ast.FunctionDef | ast.ClassDef


def renamed(source: str, reference: str, missing: str) -> tuple[str, int] | None:
    """The name and the line, from 1, of what ``missing`` may have become; None if nothing clearly did.

    That is the one definition of the learner's own that has a name like it, or else, of a function, the same
    parameters, if nothing else that is missing has these, too.

    Args:
        source: a module that lacks it.
        reference: the same module in the worked solution.
        missing: the name of a function or a class, or of a method behind that of its class and a dot.

    >>> renamed("def rectify(x): return x", "def relu(x): return x", "relu")
    ('rectify', 1)
    """
    owner, _, name = missing.rpartition(".")
    try:
        own, right = definitions_in(source, owner), definitions_in(reference, owner)
    except (SyntaxError, ValueError):
        return None
    if name not in right or name in own:
        return None
    kind = type(right[name])
    others = {
        other: node for other, node in own.items() if other not in right and type(node) is kind
    }
    near = nearest(name, others, most=2)
    alike = [other for other, node in others.items() if same_parameters(node, right[name])]
    rivals = [n for n, node in right.items() if n not in own and same_parameters(node, right[name])]
    found = near if near or rivals != [name] else alike
    if len(found) != 1:
        return None
    return (f"{owner}.{found[0]}" if owner else found[0]), others[found[0]].lineno


def definitions_in(text: str, owner: str = "") -> dict[str, Definition]:
    """The functions and classes of a module by name, or of one of its classes; errors as of `ast.parse`."""
    body = parse(text).body
    if owner:
        classes = (n.body for n in body if isinstance(n, ast.ClassDef) and n.name == owner)
        body = next(classes, [])
    return {node.name: node for node in body if isinstance(node, Definition)}


def same_parameters(one: Definition, other: Definition) -> bool:
    """Whether two functions have parameters of the same names, in the same order."""
    if isinstance(one, ast.ClassDef) or isinstance(other, ast.ClassDef):
        return False
    return [*parameters(one)] == [*parameters(other)]


def parameters(node: ast.FunctionDef) -> Iterator[str]:
    """The names of a function's parameters."""
    given = node.args
    every = (*given.posonlyargs, *given.args, given.vararg, *given.kwonlyargs, given.kwarg)
    return (one.arg for one in every if one is not None)
