"""What stands in the source of a spec: its statements before a line, the names in them, what it makes."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import lru_cache

from pytest_tinytorch.course.exercises import parse

LAZY = "lazy"
"""The function of the specs that stands for names of a module: ``relu, gelu = lazy("activations", …)``."""

COMPARING = ("assert_equal", "assert_close")
"""What specs compare with: the first argument is what came."""


@lru_cache(maxsize=64)
def aliases(tree: ast.Module, module: str = "") -> dict[str, str]:
    """What the names at the top of a file of specs stand for, in ``module`` or in any."""
    found: dict[str, str] = {}
    for node in tree.body:
        match node:
            case ast.Assign(
                [target], ast.Call(ast.Name(id=function), [ast.Constant(name), *names])
            ):
                if function == LAZY and name == (module or name):
                    parts = target.elts if isinstance(target, ast.Tuple) else [target]
                    texts = [n.value for n in names if isinstance(n, ast.Constant)]
                    found |= {
                        ast.unparse(part): str(text)
                        for part, text in zip(parts, texts, strict=False)
                    }
    return found


@lru_cache(maxsize=64)
def functions_in(tree: ast.Module) -> tuple[ast.FunctionDef, ...]:
    """All functions of a file, outer ones before those inside."""
    return tuple(node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


@lru_cache(maxsize=64)
def asked_in(tree: ast.Module, module: str) -> frozenset[str]:
    """All that a file of specs asks for of a module."""
    return frozenset(mentions(tree, aliases(tree, module)))


def read_ahead(spec: str, module: str) -> None:
    """Look through a file of specs before any of them fails: it takes longer than to explain a failure."""
    with suppress(SyntaxError, ValueError):
        tree = parse(spec)
        functions_in(tree), asked_in(tree, module)


def around(tree: ast.Module, line: int) -> list[ast.FunctionDef]:
    """The functions that a line stands in, the innermost last."""
    functions = functions_in(tree)
    return [node for node in functions if node.lineno <= line <= (node.end_lineno or line)]


def statements(tree: ast.Module, line: int) -> list[ast.stmt]:
    """What a function did up to a line, in its order: its statements, and of a block only the first line.

    The statement on the line itself is there whole, with what stands in it: ``with raises(…):`` fails
    for what is called below.
    """
    functions = around(tree, line)
    if not functions:
        return []
    inner = [node for node in ast.walk(functions[-1]) if isinstance(node, ast.stmt)]
    failed = [node for node in inner if node.lineno <= line <= (node.end_lineno or line)][-1]
    simple = [node for node in inner if not hasattr(node, "body") and node.lineno < failed.lineno]
    return [*sorted(simple, key=lambda node: node.lineno), failed]


def helpers(tree: ast.Module, line: int) -> list[ast.FunctionDef]:
    """The functions of a file of specs that the function around a line calls."""
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    names = [
        part.id
        for node in statements(tree, line)
        for part in ast.walk(node)
        if isinstance(part, ast.Name)
    ]
    return [functions[name] for name in dict.fromkeys(names) if name in functions]


def mentions(node: ast.AST, words: dict[str, str]) -> Iterator[str]:
    """Names and attributes in a piece of source, the innermost call last; names as what they stand for."""
    for part in ast.walk(node):
        if isinstance(part, ast.Attribute):
            yield f".{part.attr}"
        elif isinstance(part, ast.Name) and (not words or part.id in words):
            yield words.get(part.id, part.id)


def calls_an_object(tree: ast.Module, line: int) -> bool:
    """Whether a spec calls what it has made: ``Linear(2, 3)(x)``, or ``model(x)``."""
    nodes = [part for node in around(tree, line)[-1:] for part in ast.walk(node)]
    made = {n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    functions = [node.func for node in nodes if isinstance(node, ast.Call)]
    return any(
        isinstance(function, ast.Call) or (isinstance(function, ast.Name) and function.id in made)
        for function in functions
    )


def contexts_left(tree: ast.Module, line: int, words: dict[str, str]) -> set[str]:
    """The classes whose ``with`` has ended where a spec failed, or should have ended in an error."""
    found: set[str] = set()
    for node in (part for one in around(tree, line)[-1:] for part in ast.walk(one)):
        if isinstance(node, ast.With) and not (
            node.body[0].lineno <= line <= (node.body[-1].end_lineno or 0)
        ):
            found |= {word for item in node.items for word in mentions(item, words)}
    return found


def line_in_test(spec: str, lines: Sequence[int], test: str) -> int:
    """The first line that lies in a function of a spec's file, or else the last one of the test; 0 if none.

    What calls a property for Hypothesis stands at its decorators, which are in no function.
    """
    try:
        tree = parse(spec)
    except (SyntaxError, ValueError):
        return 0
    name = test.partition("[")[0]
    ends = [node.end_lineno or node.lineno for node in functions_in(tree) if node.name == name]
    return next((line for line in lines if around(tree, line)), next(iter(ends), 0))


def question_at(spec: str, line: int) -> str:
    """What a failing line compares, as it stands there: ``x.requires_grad``."""
    tree = parse(spec)
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and node.args]
    for node in calls:
        here = node.lineno <= line <= (node.end_lineno or line)
        if here and ast.unparse(node.func) in COMPARING:
            return ast.unparse(node.args[0])
    return ""
