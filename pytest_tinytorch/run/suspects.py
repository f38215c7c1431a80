"""Which exercise a spec is about where no error came out of one: read from the line that failed."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator
from functools import lru_cache

LAZY = "lazy"
"""The function of the specs that stands for names of a module: ``relu, gelu = lazy("activations", …)``."""


def suspect(spec: str, line: int, module: str, source: str, exercises: Collection[str]) -> str:
    """The exercise that a failing line is most likely about; nothing if it names none.

    What the statement itself calls comes first, then what stood before it in the same function, the
    nearest first; then classes that are made in it. A given function counts as what it calls.

    Args:
        spec: the source of the spec's file.
        line: where it failed.
        module: the module under test.
        source: its source.
        exercises: the names of its exercises.
    """
    try:
        tree, calls = parse(spec), calls_of(source)
    except (SyntaxError, ValueError):
        return ""
    words = aliases(tree, module)
    done = [mentions(node, words) for node in reversed(statements(tree, line))]
    mentioned = [word for part in done for word in part]
    for node in (*around(tree, line)[-1:], *helpers(tree, line)):
        mentioned += mentions(node, words)  # with decorators: ``@each("function", [relu, …])``
    for word in mentioned:
        if found := exercise_of(word, exercises) or through(word, calls, exercises):
            return found
    for word in mentioned:
        if members := [name for name in exercises if name.startswith(f"{word}.")]:
            preferred = (f"{word}.__init__", f"{word}.forward")
            return next((name for name in preferred if name in members), members[0])
    return ""


@lru_cache(maxsize=64)
def parse(source: str) -> ast.Module:
    """A syntax tree, kept: many specs of one file may fail."""
    return ast.parse(source)


@lru_cache(maxsize=64)
def calls_of(source: str) -> dict[str, tuple[str, ...]]:
    """What each function and method of a file mentions, by its last name."""
    functions = [node for node in ast.walk(parse(source)) if isinstance(node, ast.FunctionDef)]
    return {node.name: tuple(mentions(node, {})) for node in functions}


def aliases(tree: ast.Module, module: str) -> dict[str, str]:
    """What the names at the top of a file of specs stand for in ``module``."""
    found: dict[str, str] = {}
    for node in tree.body:
        match node:
            case ast.Assign(
                [target], ast.Call(ast.Name(id=function), [ast.Constant(name), *names])
            ):
                if function == LAZY and name == module:
                    parts = target.elts if isinstance(target, ast.Tuple) else [target]
                    texts = [n.value for n in names if isinstance(n, ast.Constant)]
                    found |= {
                        ast.unparse(part): str(text)
                        for part, text in zip(parts, texts, strict=False)
                    }
    return found


def around(tree: ast.Module, line: int) -> list[ast.FunctionDef]:
    """The functions that a line stands in, the innermost last."""
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
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


def exercise_of(word: str, exercises: Collection[str]) -> str:
    """The exercise of that name, or the method of that name if there is just one."""
    if not word.startswith("."):
        return word if word in exercises else ""
    methods = [name for name in exercises if name.endswith(word)]
    return methods[0] if len(methods) == 1 else ""


def through(word: str, calls: dict[str, tuple[str, ...]], exercises: Collection[str]) -> str:
    """The exercise that a given function or method calls first."""
    inner = calls.get(word.lstrip("."), ())
    return next(filter(None, (exercise_of(name, exercises) for name in inner)), "")
