"""Exercises in source text: where each one stands, whether it is still untouched, and its stub."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache, lru_cache
from pathlib import Path

from msgspec import MsgspecError, Struct
from msgspec.json import decode

from pytest_tinytorch.course.kept import digest
from pytest_tinytorch.course.syntax import syntax_tree

KEPT = Path(__file__).with_name("untouched.json")
"""What `known_stubs` reads; `kit.stubs` writes it."""
GRADIENT = "gradient of "
STUB_MESSAGE = r"(\d\d) (\w+): (.+)"
"""The message of a stub: checkpoint, module, exercise."""
HEAD = r"\s*(async\s+)?(def|class)\b"


@lru_cache(maxsize=64)
def parse(source: str) -> ast.Module:
    """A syntax tree, kept: several questions are asked of one file."""
    return syntax_tree(source)


class Exercise(Struct, frozen=True):
    """One function, method or gradient rule that a learner writes.

    Attributes:
        name: ``relu``, ``Linear.forward`` or ``gradient of mul``.
        line: where it begins in the file; for an untouched stub, the line to replace.
        untouched: whether it is still the stub.
    """

    name: str
    line: int
    untouched: bool


class Piece:
    """A statement as text and as syntax. Pieces of the same text are equal, whatever stands around them.

    So what is found out about one is kept while a learner edits another.
    """

    def __init__(self, lines: Sequence[str], node: ast.stmt) -> None:
        first = min([node.lineno, *(part.lineno for part in getattr(node, "decorator_list", ()))])
        self.node = node
        self.key = (*lines[first - 1 : node.end_lineno], node.col_offset, node.end_col_offset)

    def __hash__(self) -> int:
        return hash(self.key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Piece) and self.key == other.key


def lines_of(source: str) -> list[str]:
    """The lines of a source as its syntax tree counts them: no other sign ends one."""
    return source.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def find_node(tree: ast.Module, name: str) -> ast.FunctionDef | ast.ClassDef | ast.Expr | None:
    """The syntax node of ``f``, ``Class.method`` or ``gradient of op``; None if there is none."""
    if name.startswith(GRADIENT):
        return next(
            (node for node, op in gradient_statements(tree) if op == name.removeprefix(GRADIENT)),
            None,
        )
    scope: ast.Module | ast.FunctionDef | ast.ClassDef = tree
    for part in name.split("."):
        inner = [n for n in scope.body if isinstance(n, ast.FunctionDef | ast.ClassDef)]
        named = [n for n in inner if n.name == part]
        if not named:
            return None
        scope = named[-1]
    return None if isinstance(scope, ast.Module) else scope


def gradient_statements(tree: ast.Module) -> Iterable[tuple[ast.Expr, str]]:
    """Each ``defvjp(op, …)`` statement of a file with the name of its op."""
    for node in tree.body:
        call = node.value if isinstance(node, ast.Expr) else None
        if not (isinstance(node, ast.Expr) and isinstance(call, ast.Call) and call.args):
            continue
        if last_name(call.func) == "defvjp":
            yield node, last_name(call.args[0])


def last_name(node: ast.expr) -> str:
    """``f`` of ``f`` and of ``a.f``; empty for any other expression."""
    return str(getattr(node, "id", getattr(node, "attr", "")))


def locate_exercises(source: str, names: Iterable[str]) -> list[Exercise]:
    """The exercises ``names`` as they stand in ``source``, in the order of the file.

    Those that the file does not define are left out. Raises SyntaxError as `ast.parse` does.
    """
    names = tuple(names)
    return list(known_stubs(source, names) or located_in(source, names))


@lru_cache(maxsize=64)
def located_in(source: str, names: tuple[str, ...]) -> tuple[Exercise, ...]:
    """The same by parsing; kept, because a screen asks for it more than once."""
    tree = parse(source)
    found = [(name, node) for name in names if (node := find_node(tree, name)) is not None]
    exercises = [Exercise(name, *_line_and_untouched(node)) for name, node in found]
    return tuple(sorted(exercises, key=lambda exercise: exercise.line))


def known_stubs(source: str, names: Iterable[str]) -> tuple[Exercise, ...]:
    """The exercises ``names`` if ``source`` is a file that the kit begins a module with; empty otherwise.

    Nothing is parsed for that: to know the file by its digest takes a hundredth of the time.
    """
    known = {one.name: one for one in kept_stubs().get(digest(source), ())}
    asked = {*names}
    return (
        tuple(one for one in known.values() if one.name in asked) if asked <= known.keys() else ()
    )


@cache
def kept_stubs() -> Mapping[str, tuple[Exercise, ...]]:
    """The digest of each file that the kit begins a module with to its exercises, in their order."""
    try:
        return decode(KEPT.read_bytes(), type=dict[str, tuple[Exercise, ...]])
    except (OSError, MsgspecError):
        return {}


def locate_untouched(source: str, names: Iterable[str]) -> list[Exercise]:
    """Those of the exercises ``names`` that are still stubs, in the order of the file.

    A file without the words of a stub is not parsed. Raises SyntaxError as `ast.parse` does.
    """
    names = tuple(names)
    located = locate_exercises(source, names) if _has_words(source, names) else []
    return [exercise for exercise in located if exercise.untouched]


def any_untouched(source: str, names: Iterable[str]) -> bool:
    """Whether one of the exercises ``names`` is still the stub; parses as little as `locate_untouched`."""
    names = tuple(names)
    if not _has_words(source, names):
        return False
    if known_stubs(source, names):
        return True
    nodes = (find_node(parse(source), name) for name in names)  # the first stub says it all
    return any(node is not None and _line_and_untouched(node)[1] for node in nodes)


def _has_words(source: str, names: Iterable[str]) -> bool:
    """Whether a file has the words of a stub at all."""
    words = {"todo(" if name.startswith(GRADIENT) else "NotImplementedError" for name in names}
    return any(word in source for word in words)


def _line_and_untouched(node: ast.FunctionDef | ast.ClassDef | ast.Expr) -> tuple[int, bool]:
    if isinstance(node, ast.Expr):
        return node.lineno, any(_calls(value, "todo") for value in _rules(node))
    for statement in ast.walk(node):
        if isinstance(statement, ast.Raise) and _is_todo(statement):
            return statement.lineno, True
    return node.lineno, False


def is_untouched(node: ast.FunctionDef) -> bool:
    """Whether a function is still the stub."""
    return _line_and_untouched(node)[1]


def _rules(node: ast.Expr) -> list[ast.expr]:
    assert isinstance(node.value, ast.Call)
    return [*node.value.args[1:], *(keyword.value for keyword in node.value.keywords)]


def _is_todo(statement: ast.Raise) -> bool:
    return _calls(statement.exc, "NotImplementedError")


def _calls(value: ast.expr | None, function: str) -> bool:
    """Whether an expression is ``function("05 autograd: …")``, the sign of a stub."""
    if not (isinstance(value, ast.Call) and ast.unparse(value.func) == function):
        return False
    text = value.args[0] if value.args else None
    return (
        isinstance(text, ast.Constant)
        and isinstance(text.value, str)
        and re.fullmatch(STUB_MESSAGE, text.value) is not None
    )


def line_spans(source: str, names: Iterable[str]) -> dict[str, tuple[int, int]]:
    """First and last line (from 1) of each exercise that ``source`` defines, decorators included."""
    tree = syntax_tree(source)
    found = {}
    for name in names:
        node = find_node(tree, name)
        if node is not None:
            decorators = [d.lineno for d in getattr(node, "decorator_list", [])]
            found[name] = min([node.lineno, *decorators]), node.end_lineno or node.lineno
    return found


def below_decorators(lines: Sequence[str], line: int) -> int:
    """A line, from 1; of a function whose decorators begin there, that of its ``def``.

    Python lets a function begin at its first decorator; a person looks for its name.
    """
    if not (1 <= line <= len(lines) and lines[line - 1].lstrip().startswith("@")):
        return line
    heads = (n for n, text in enumerate(lines[line:], line + 1) if re.match(HEAD, text))
    return next(heads, line)


def cut_stubs(source: str, number: str, module: str, names: Iterable[str]) -> str:
    """``source`` with the body of each exercise cut: signature and docstring stay.

    Args:
        source: a file of the reference.
        number: the checkpoint, ``"05"``.
        module: its name, ``"autograd"``.
        names: the exercises; each must exist.

    >>> print(cut_stubs('def f(x):\\n    "Twice x."\\n    return 2 * x\\n', "01", "tensor", ["f"]), end="")
    def f(x):
        "Twice x."
        raise NotImplementedError("01 tensor: f")
    """
    lines = source.splitlines(keepends=True)
    tree = syntax_tree(source)
    cuts = []
    for name in names:
        node = find_node(tree, name)
        if node is None:
            raise LookupError(f"{module}: no function, method or gradient rule called {name!r}")
        cuts.append(_cut(node, lines, f"{number} {module}: {name}"))
    if any(name.startswith(GRADIENT) for name in names):
        cuts.append(import_of_todo(tree))
    for first, last, text in sorted(cuts, reverse=True):
        lines[first - 1 : last] = [text]
    return "".join(lines)


def import_of_todo(tree: ast.Module) -> tuple[int, int, str]:
    """(first line, last line, what stands there instead) of the import of `defvjp`, with `todo` beside it."""
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and "defvjp" in (names := [a.name for a in node.names]):
            ordered = sorted({*names, "todo"}, key=lambda name: (name.islower(), name))
            text = f"from {node.module} import {', '.join(ordered)}\n"
            return node.lineno, node.end_lineno or node.lineno, text
    raise LookupError("a file with gradient rules must import defvjp from tinytorch.primitive")


def _cut(
    node: ast.FunctionDef | ast.ClassDef | ast.Expr, lines: list[str], todo: str
) -> tuple[int, int, str]:
    """(first line, last line, what stands there instead) of one exercise."""
    assert node.end_lineno is not None
    if isinstance(node, ast.Expr):
        assert isinstance(node.value, ast.Call)
        call = node.value
        start = f"{ast.unparse(call.func)}({ast.unparse(call.args[0])}, "
        rules = [f'todo("{todo}")' for _ in call.args[1:]]
        rules += [f'{word.arg}=todo("{todo}")' for word in call.keywords]
        text = f",\n{' ' * len(start)}".join(rules)
        return node.lineno, node.end_lineno, f"{start}{text})\n"
    if isinstance(node, ast.ClassDef):
        raise LookupError(f"{todo}: a class cannot be an exercise, name its methods")
    body = node.body[1:] if ast.get_docstring(node) is not None else node.body
    if not body:
        raise LookupError(f"{todo}: there is no body to cut")
    first = body[0].lineno
    # A comment between the docstring and the first statement belongs to the solution.
    after = (node.body[0].end_lineno or first) + 1 if body is not node.body else first
    indent = " " * body[0].col_offset
    return min(first, after), node.end_lineno, f'{indent}raise NotImplementedError("{todo}")\n'
