"""What a function is called now that a module lacks, if that is clear from its text."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from pytest_tinytorch.course.exercises import parse
from pytest_tinytorch.course.nearest import nearest


def renamed(source: str, reference: str, missing: str) -> tuple[str, int] | None:
    """The name and the line, from 1, of what ``missing`` may have become; None if nothing clearly did.

    That is the one function of the learner's own that has a name like it, or else the same parameters, if
    nothing else that is missing has these, too.

    Args:
        source: a module that lacks a function.
        reference: the same module in the worked solution.
        missing: the name of the function.

    >>> renamed("def rectify(x): return x", "def relu(x): return x", "relu")
    ('rectify', 1)
    """
    try:
        own, right = functions_of(source), functions_of(reference)
    except (SyntaxError, ValueError):
        return None
    if missing not in right or missing in own:
        return None
    others = {name: node for name, node in own.items() if name not in right}
    near = nearest(missing, others, most=2)
    alike = [name for name, node in others.items() if same_parameters(node, right[missing])]
    rivals = [
        n for n, node in right.items() if n not in own and same_parameters(node, right[missing])
    ]
    found = near if near or rivals != [missing] else alike
    return (found[0], others[found[0]].lineno) if len(found) == 1 else None


def functions_of(text: str) -> dict[str, ast.FunctionDef]:
    """The functions of a module by name. Raises SyntaxError and ValueError as `ast.parse` does."""
    return {node.name: node for node in parse(text).body if isinstance(node, ast.FunctionDef)}


def same_parameters(one: ast.FunctionDef, other: ast.FunctionDef) -> bool:
    """Whether two functions have parameters of the same names, in the same order."""
    return [*parameters(one)] == [*parameters(other)]


def parameters(node: ast.FunctionDef) -> Iterator[str]:
    """The names of a function's parameters."""
    given = node.args
    every = (*given.posonlyargs, *given.args, given.vararg, *given.kwonlyargs, given.kwarg)
    return (one.arg for one in every if one is not None)
