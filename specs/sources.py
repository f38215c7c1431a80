"""What the source of a spec shows: names, helpers, and what the learner's code touches."""

import ast
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

import numpy as np

from specs.arrays import Array
from specs.descriptions import array_in, code
from specs.framework import Lazy

MOST, NUMBERS = 12, 20
"""The most entries of a list, and the most numbers of an array, that are written out."""

BRIEF = 70
"""Longer arrays are written as the spec makes them, if it does."""

LAWS = "specs.laws"


class CannotTell(Exception):
    """No short program shows what a spec does."""


class Value(ast.expr):
    """Stands for a known value in a syntax tree."""

    def __init__(self, of: Any = None) -> None:
        super().__init__()
        self.of = of


def is_law(node: ast.expr, *beginnings: str) -> bool:
    """Whether an expression calls a helper that checks something, or one whose name begins like this."""
    if not isinstance(node, ast.Call):
        return False
    own = isinstance(node.func, ast.Attribute) and ast.unparse(node.func.value) == "self"
    name = node.func.attr if own else getattr(node.func, "id", "")  # type: ignore[attr-defined]
    if own and not beginnings:
        return name.startswith(("assert_", "check", "expect"))
    return name.startswith(beginnings or ("assert_", "check_", "expect", "raises", "remember"))


def stored_in(node: ast.AST) -> Iterator[str]:
    """The names that a statement assigns; names inside nested functions are their own."""
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        yield node.name
        return
    if isinstance(node, ast.Lambda | ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp):
        return
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        yield node.id
    for child in ast.iter_child_nodes(node):
        yield from stored_in(child)


def names_in(node: ast.AST) -> Iterator[str]:
    """The names that a piece of source reads."""
    return (n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load))


@cache
def function_at(file: str, line: int) -> ast.FunctionDef:
    """The function whose code begins on a line of a file, its decorators counted."""
    for node in ast.walk(parsed(file)):
        if isinstance(node, ast.FunctionDef):
            first = min([node.lineno, *(one.lineno for one in node.decorator_list)])
            if first <= line <= node.lineno:
                return node
    raise CannotTell


@cache
def parsed(file: str) -> ast.Module:
    """The syntax tree of a file of specs."""
    return ast.parse(Path(file).read_text(encoding="utf-8"))


def of_learner(
    function: ast.FunctionDef, names: Mapping[str, Any], given: Iterable[str] = ()
) -> frozenset[str]:
    """The variables of a spec that the learner's code has had to do with: they are no given values.

    Of a helper all that it was ``given`` counts as that.
    """
    found = set(given)
    parts = [node for node in ast.walk(function) if isinstance(node, ast.stmt)]
    for _ in range(2):  # a loop may use what comes below
        for node in parts:
            for asked, given in gives(node):
                words = {name for part in asked for name in names_in(part)}
                if words & found or any(reaches(names.get(word)) for word in words):
                    found |= given
    inner = (ast.FunctionDef, ast.ClassDef)
    return frozenset(found | {n.name for n in parts if isinstance(n, inner) and n is not function})


def gives(node: ast.stmt) -> Iterator[tuple[Sequence[ast.AST], set[str]]]:
    """(what is asked, the variables that get something of it) of a statement, or the head of a block."""
    if isinstance(node, ast.For):
        yield [node.iter], set(stored_in(node.target))
    elif isinstance(node, ast.With):
        for item in node.items:
            yield [item.context_expr], set(stored_in(item.optional_vars or ast.Pass()))
    elif not hasattr(node, "body"):
        value = getattr(node, "value", None)
        if not (isinstance(value, ast.expr) and is_law(value, "expect", "assert_")):
            yield [node], set(stored_in(node)) | held_in(node)


def held_in(node: ast.stmt) -> set[str]:
    """The variables that a call or an assignment may change: ``x[0] = …``, ``done.append(…)``."""
    value = node.value if isinstance(node, ast.Expr) else None
    places = [value.func] if isinstance(value, ast.Call) else []
    places += node.targets if isinstance(node, ast.Assign) else []
    return {
        n.id
        for p in places
        if isinstance(p, ast.Attribute | ast.Subscript)
        for n in ast.walk(p)
        if isinstance(n, ast.Name)
    }


def reaches(value: Any, depth: int = 4) -> bool:
    """Whether a global in a spec's file leads to the learner's code."""
    if isinstance(value, Lazy):
        return True
    if (
        not isinstance(value, FunctionType)
        or not value.__module__.startswith("specs.")
        or not depth
    ):
        return False
    if value.__module__ == LAWS:
        return value.__name__ in ("call", "ask")
    names = value.__code__.co_names
    return any(reaches(value.__globals__.get(name), depth - 1) for name in names)


def is_module_of_oracles(value: object) -> bool:
    """Whether a value is a module of oracles, which change nothing of the learner's."""
    return isinstance(value, ModuleType) and value.__name__.startswith("specs.oracles.")


def is_of_specs(value: object) -> bool:
    """Whether a value is a class that the specs define: a clock, or data that is watched."""
    return isinstance(value, type) and value.__module__.startswith("specs.")


def unknown(node: ast.stmt, changes: bool = True) -> ast.stmt:
    """Stands for a statement that cannot be told, with the names that it has to do with.

    It gives its variables their values, and ``changes`` what it calls something on, as far as one knows.
    """
    kept = ast.If(ast.Constant(None), [node], [] if changes else [ast.Pass()])
    return ast.copy_location(kept, node)


def is_unknown(node: ast.stmt) -> bool:
    """Whether a statement is one that cannot be shown."""
    return (
        isinstance(node, ast.If) and isinstance(node.test, ast.Constant) and node.test.value is None
    )


def ends_early(node: ast.AST) -> bool:
    """Whether a statement of a helper may return or yield, functions that it defines aside."""
    if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Lambda):
        return False
    is_end = isinstance(node, ast.Return | ast.Yield | ast.YieldFrom)
    return is_end or any(map(ends_early, ast.iter_child_nodes(node)))


def every_argument(args: ast.arguments) -> list[ast.arg]:
    """All arguments of a function."""
    stars = [arg for arg in (args.vararg, args.kwarg) if arg]
    return [*args.posonlyargs, *args.args, *args.kwonlyargs, *stars]


def stored_below(node: ast.FunctionDef) -> Iterator[str]:
    """The variables of a function."""
    return (name for part in node.body for name in stored_in(part))


def rows_of(over: ast.expr) -> list[ast.expr] | None:
    """What a loop iterates over, if its source shows it: a list, or several in step."""
    if isinstance(over, ast.List | ast.Tuple):
        return over.elts
    if isinstance(over, ast.Call) and ast.unparse(over.func) == "zip":
        columns = [rows_of(arg) for arg in over.args]
        count = min((len(column) for column in columns if column is not None), default=0)
        if count:
            pairs = zip(columns, over.args, strict=True)
            parts = [column or places_in(arg, count) for column, arg in pairs]
            return [ast.Tuple(list(row), ast.Load()) for row in zip(*parts, strict=False)]
    return None


def with_entry(entries: ast.Dict, key: ast.expr, value: ast.expr) -> ast.Dict:
    """A literal dict, with one more entry."""
    return ast.Dict([*entries.keys, key], [*entries.values, value])


def places_in(node: ast.expr, count: int) -> list[ast.expr]:
    """The first elements of something: ``params[0]``, ``params[1]``."""
    return [ast.Subscript(node, ast.Constant(n), ast.Load()) for n in range(count)]


def paired(target: ast.expr, row: ast.expr) -> dict[str, ast.expr]:
    """The variables of a loop, and their values in one iteration."""
    if isinstance(target, ast.Name):
        return {target.id: row}
    if isinstance(target, ast.Tuple) and isinstance(row, ast.Tuple | ast.List):
        pairs = zip(target.elts, row.elts, strict=False)
        return {name: value for one, part in pairs for name, value in paired(one, part).items()}
    raise CannotTell


def wrapped(node: ast.expr) -> ast.expr:
    """A Tensor of an array."""
    return ast.Call(ast.Name("Tensor", ast.Load()), [node], [])


def is_frameworks(value: Any) -> bool:
    """Whether a value is a function or class of the framework under test."""
    module = getattr(value, "__module__", None)
    name = getattr(value, "__name__", None)
    if not (isinstance(module, str) and module.startswith("tinytorch.") and isinstance(name, str)):
        return False
    return getattr(sys.modules.get(module), name, None) is value


def is_plain(value: Any) -> bool:
    """Whether a value can be written out."""
    if isinstance(value, np.ndarray) or array_in(value) is not None:
        return writable(value if isinstance(value, np.ndarray) else array_in(value))
    if value is None or isinstance(value, bool | int | float | str | bytes | np.generic | np.dtype):
        return True
    if isinstance(value, range | slice) or value is Ellipsis:
        return True
    if isinstance(value, type):
        return value.__module__ == "builtins" or issubclass(value, np.generic)
    return (
        type(value) in (list, tuple, dict, set) and len(value) <= MOST and all(map(is_plain, value))
    )


def writable(array: Array | None) -> bool:
    """Whether an array is small enough to be written out."""
    return array is not None and array.size <= NUMBERS and array.dtype.kind in "biufc"


def is_small(value: Any) -> bool:
    """Whether the value of a variable is shorter than the expression that makes it."""
    if array_in(value) is not None and not isinstance(value, np.ndarray):
        return False  # a Tensor has a history
    if isinstance(value, Lazy) or is_frameworks(value):
        return True
    if type(value) in (list, tuple, dict) and len(value) > MOST:
        return False
    if type(value) in (list, tuple) and not all(map(is_small, value)):
        return False
    return is_plain(value) and len(code(value, "np.array")) <= BRIEF
