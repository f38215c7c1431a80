"""Puts an exercise of the worked solution in the place of the learner's for a moment.

Only what happens then is looked at, whether a spec holds: nothing of the solution is ever shown.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from functools import lru_cache
from inspect import unwrap
from types import CodeType, FunctionType, ModuleType
from typing import Any

from pytest_tinytorch.course.exercises import GRADIENT, find_node, parse
from pytest_tinytorch.course.syntax import syntax_tree

FILE = "<exercise>"
"""What a traceback calls the file of an exercise that stands in."""
RULES = ("rules", "rule_for_every")
"""What `defvjp` sets on an operation."""


class CannotStandIn(Exception):
    """The learner's file is too different for a function of the solution to be put there."""


@contextmanager
def standing_in(module: ModuleType, solution: str, exercise: str) -> Iterator[None]:
    """Let an exercise be what it is in a solution.

    Args:
        module: the learner's, imported.
        solution: the source of the same module.
        exercise: ``relu``, ``Linear.forward`` or ``gradient of mul``.
    Raises:
        CannotStandIn: there is no such thing in one of the two.
    """
    tree = parse(solution)
    node = find_node(tree, exercise)
    names = dict(vars(module))
    with ExitStack() as undo:
        try:
            if isinstance(node, ast.Expr) and exercise.startswith(GRADIENT):
                replace_rules(undo, module, exercise.removeprefix(GRADIENT), node, names, tree)
            elif isinstance(node, ast.FunctionDef) and "." in exercise:
                replace_method(undo, getattr(module, exercise.partition(".")[0]), node, names, tree)
            elif isinstance(node, ast.FunctionDef):
                replace_function(undo, getattr(module, exercise), node, names, tree)
            else:
                raise CannotStandIn
        except (AttributeError, NameError, TypeError, ValueError, ImportError) as error:
            raise CannotStandIn from error
        yield


def replace_function(
    undo: ExitStack, learners: Any, node: ast.FunctionDef, names: dict[str, Any], tree: ast.Module
) -> None:
    """Give a function the code of another: whoever has imported it calls that."""
    function = unwrap(learners)
    made = defined(undecorated(node), names, tree)[node.name]
    if not (isinstance(function, FunctionType) and isinstance(made, FunctionType)):
        raise CannotStandIn
    for name in ("__code__", "__defaults__", "__kwdefaults__"):
        put(undo, function, name, getattr(made, name))
    for name in names_of(made.__code__) - set(function.__globals__):
        if name in made.__globals__:
            function.__globals__[name] = made.__globals__[name]
            undo.callback(function.__globals__.pop, name, None)


def replace_method(
    undo: ExitStack, kind: Any, node: ast.FunctionDef, names: dict[str, Any], tree: ast.Module
) -> None:
    """Give a class another method. What it calls as ``super()`` is that of the learner's class."""
    space = defined(in_class(kind.__name__, node), names, tree)
    made = vars(space[kind.__name__])[node.name]
    space[kind.__name__] = kind  # which the method may ask for, as in `isinstance(value, Module)`
    function = getattr(made, "fget", None) or getattr(made, "__func__", made)
    if not isinstance(function, FunctionType):
        raise CannotStandIn
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        if name == "__class__":
            cell.cell_contents = kind
    put(undo, kind, node.name, made)


def replace_rules(
    undo: ExitStack,
    module: ModuleType,
    op: str,
    node: ast.Expr,
    names: dict[str, Any],
    tree: ast.Module,
) -> None:
    """Give an operation other gradient rules."""
    learners = getattr(module, op)
    for name in RULES:
        put(undo, learners, name, getattr(learners, name, None))
    defined(node, names, tree)


def put(undo: ExitStack, owner: Any, name: str, value: object) -> None:
    """Set an attribute, to be set again as it was."""
    if name in vars(owner) or not isinstance(owner, type):
        undo.callback(
            setattr,
            owner,
            name,
            vars(owner)[name] if isinstance(owner, type) else getattr(owner, name),
        )
    else:
        undo.callback(delattr, owner, name)
    setattr(owner, name, value)


def defined(node: ast.stmt, names: dict[str, Any], tree: ast.Module) -> dict[str, Any]:
    """What a statement defines, with the names of the learner's file.

    What that file has no name for is taken from the solution: a helper, a constant, an import.
    """
    space = dict(names)
    waiting, done = [node], []
    while waiting:
        part = waiting.pop()
        done.append(part)
        for name in sorted(words_of(part) - set(space) - set(vars(builtins))):
            if (found := definition(tree, name)) is not None and found not in done + waiting:
                waiting.append(found)
    own = [part for part in done[::-1] if part is not node]
    for part in [*own, node]:
        exec(compiled(part), space)
    return space


@lru_cache(maxsize=1024)
def undecorated(node: ast.FunctionDef) -> ast.FunctionDef:
    """The same function without its decorators; the same node each time, as what is made of it is kept."""
    return ast.FunctionDef(**{**vars(node), "decorator_list": []})


@lru_cache(maxsize=1024)
def in_class(name: str, node: ast.FunctionDef) -> ast.stmt:
    """A class with nothing but a method."""
    # Parsed, not put together: newer versions of Python know more fields of a class.
    around = syntax_tree(f"class {name}: pass").body[0]
    around.body = [node]  # type: ignore[attr-defined]
    return around


@lru_cache(maxsize=1024)
def words_of(part: ast.stmt) -> frozenset[str]:
    """The names that a statement speaks of."""
    return frozenset(node.id for node in ast.walk(part) if isinstance(node, ast.Name))


@lru_cache(maxsize=1024)
def compiled(part: ast.stmt) -> CodeType:
    """A statement as code. Most exercises are tried for many specs."""
    body = ast.fix_missing_locations(ast.Module([part], []))
    code: CodeType = compile(body, FILE, "exec", flags=annotations_flag(), dont_inherit=True)
    return code


def read_ahead(solution: str, exercises: Iterable[str]) -> None:
    """Compile the exercises of a solution before any is tried."""
    try:
        tree = parse(solution)
    except (SyntaxError, ValueError):
        return  # who tries them is told
    for node, exercise in ((find_node(tree, one), one) for one in exercises):
        if isinstance(node, ast.FunctionDef):
            kind, _, method = exercise.rpartition(".")
            part = in_class(kind, node) if kind and method else undecorated(node)
            words_of(part), compiled(part)


def definition(tree: ast.Module, name: str) -> ast.stmt | None:
    """The statement of a file that defines a name; None if there is none."""
    for node in tree.body:
        match node:
            case ast.FunctionDef() | ast.ClassDef() if node.name == name:
                return node
            case ast.Import() | ast.ImportFrom():
                if any((one.asname or one.name) == name for one in node.names):
                    return node
            case (
                ast.Assign(targets=[ast.Name(id=found)]) | ast.AnnAssign(target=ast.Name(id=found))
            ):
                if found == name:
                    return node
    return None


def annotations_flag() -> int:
    """Annotations are not looked at, as the files of the course have it."""
    import __future__

    return __future__.annotations.compiler_flag


def names_of(code: CodeType) -> set[str]:
    """The names that code asks for, with those of the functions inside it."""
    inner = [one for one in code.co_consts if isinstance(one, CodeType)]
    return {*code.co_names}.union(*(names_of(one) for one in inner))
