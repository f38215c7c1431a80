"""Fingerprints of what a student wrote: its structure, without names of their own, layout and comments.

Each function body is a set of marks. A mark stands for one piece of its syntax tree: an operator, a call or
a statement's head with what is below it, `DEPTH` steps deep. Statements are not part of the statement that
holds them. So no mark changes when statements move, when one is added, or when something gets another name.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from hashlib import blake2b

from msgspec import Struct

from pytest_tinytorch.course.exercises import GRADIENT, gradient_statements
from pytest_tinytorch.course.syntax import quiet_syntax_tree
from pytest_tinytorch.grade.flags import UNREADABLE, functions

DEPTH = 3
"""How many steps below a node its mark looks."""
LEAST = 4
"""Nodes that a piece must have: smaller ones are everybody's."""
LOCAL, HELPER, TEXT = "a local name", "a name of the file", "a text"
SYMMETRIC = ast.Add | ast.Mult | ast.BitAnd | ast.BitOr | ast.BitXor
"""Operators whose operands may change places."""


class Body(Struct, frozen=True):
    """One function, method or gradient rule that a student wrote.

    Attributes:
        file: path from the package.
        name: as the course names exercises: ``relu``, ``Linear.forward``, ``gradient of mul``.
        line: where it begins.
        marks: its fingerprints, sorted.
    """

    file: str
    name: str
    line: int
    marks: tuple[int, ...]


class Node(Struct):
    """A node of a syntax tree as it is compared: what it is, and what is below it, in order or not."""

    label: str
    below: list[Node]
    ordered: bool = True
    beside: list[Node] = []
    """The statements that it holds, which are not part of it."""


def bodies_of(files: Mapping[str, bytes], given: Mapping[str, bytes]) -> tuple[Body, ...]:
    """The bodies in files of Python; a file that cannot be taken apart has none.

    Args:
        files: path from the package to content.
        given: the same of the package as a student begins with it.
    """
    found: list[Body] = []
    for path, data in files.items():
        try:
            found += _bodies_of_file(path, data, given.get(path, b""))
        except UNREADABLE:
            continue
    return tuple(found)


def _bodies_of_file(path: str, data: bytes, given: bytes) -> list[Body]:
    tree, stub = quiet_syntax_tree(data), quiet_syntax_tree(given)
    named = {**dict.fromkeys(_top_names(tree) - _top_names(stub), HELPER), **_imported(tree)}
    bodies = []
    for name, node in parts(tree):
        try:
            marks = _marks(_tree_of(node, named))
        except RecursionError:  # such code is flagged
            continue
        bodies.append(Body(path, name, node.lineno, tuple(sorted(marks))))
    return bodies


def parts(tree: ast.Module) -> Iterator[tuple[str, ast.FunctionDef | ast.Expr]]:
    """The parts of a file that are compared, by their names in the course."""
    yield from functions(tree)
    for node, op in gradient_statements(tree):
        yield f"{GRADIENT}{op}", node


def _top_names(tree: ast.Module) -> set[str]:
    """The names of functions, classes and constants of a file."""
    names = {n.name for n in tree.body if isinstance(n, ast.FunctionDef | ast.ClassDef)}
    targets = [t for n in tree.body if isinstance(n, ast.Assign) for t in n.targets]
    return names | {target.id for target in targets if isinstance(target, ast.Name)}


def _imported(tree: ast.Module) -> dict[str, str]:
    """What an imported name is called where it comes from."""
    found: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.asname: alias.name for alias in node.names if alias.asname}
        elif isinstance(node, ast.ImportFrom):
            found |= {alias.asname or alias.name: alias.name for alias in node.names}
    return found


def _tree_of(node: ast.FunctionDef | ast.Expr, named: Mapping[str, str]) -> list[Node]:
    """The statements of a body."""
    names = {**named, **dict.fromkeys(_bound(node), LOCAL)}
    if isinstance(node, ast.Expr):
        assert isinstance(node.value, ast.Call)
        rules = [*node.value.args[1:], *(word.value for word in node.value.keywords)]
        return [Simplifier(names).expression(rule) for rule in rules]
    names |= {one: f"argument {place}" for place, one in enumerate(_arguments(node.args))}
    return Simplifier(names).block(node.body)


def _arguments(given: ast.arguments) -> list[str]:
    extra = [one for one in (given.vararg, given.kwarg) if one]
    return [one.arg for one in (*given.posonlyargs, *given.args, *given.kwonlyargs, *extra)]


def _bound(tree: ast.FunctionDef | ast.Expr) -> Iterator[str]:
    """Every name that a body gives to something."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.FunctionDef | ast.ClassDef) and node is not tree:
            yield node.name
        elif isinstance(node, ast.ExceptHandler):
            yield node.name or ""


class Simplifier:
    """Makes of syntax what is compared of it.

    Args:
        names: what stands in place of names.
    """

    def __init__(self, names: Mapping[str, str]) -> None:
        self.names = names

    def block(self, statements: list[ast.stmt]) -> list[Node]:
        """Statements, without docstrings and what does nothing."""
        return [self.node(one) for one in statements if not _does_nothing(one)]

    def expression(self, node: ast.AST) -> Node:
        return self.node(node)

    def node(self, node: ast.AST) -> Node:
        """A node with what is below it."""
        special = getattr(self, f"_{type(node).__name__}", None)
        return special(node) if special else self._plain(node)

    def _plain(self, node: ast.AST) -> Node:
        below: list[Node] = []
        beside: list[Node] = []
        words = [type(node).__name__]
        for name, value in ast.iter_fields(node):
            if name in (
                "ctx",
                "annotation",
                "returns",
                "decorator_list",
                "type_comment",
                "type_params",
            ):
                continue
            if isinstance(value, list) and value and isinstance(value[0], ast.stmt):
                beside += self.block(value)
            elif isinstance(value, list):
                below += [self.node(one) for one in value if isinstance(one, ast.AST)]
            elif isinstance(value, ast.operator | ast.unaryop | ast.boolop):
                words.append(type(value).__name__)
            elif isinstance(value, ast.AST):
                below.append(self.node(value))
            elif (
                isinstance(value, str) and name in ("attr", "arg") and not isinstance(node, ast.arg)
            ):
                words.append(value)
        return Node(" ".join(words), below, beside=beside)

    def _Name(self, node: ast.Name) -> Node:
        return Node(self.names.get(node.id, node.id), [])

    def _Constant(self, node: ast.Constant) -> Node:
        return Node(TEXT if isinstance(node.value, str | bytes) else repr(node.value), [])

    def _JoinedStr(self, node: ast.JoinedStr) -> Node:
        return Node(TEXT, [])

    def _Expr(self, node: ast.Expr) -> Node:
        return self.node(node.value)

    def _AnnAssign(self, node: ast.AnnAssign) -> Node:
        value = [self.node(node.value)] if node.value else []
        return Node("Assign", [self.node(node.target), *value])

    def _AugAssign(self, node: ast.AugAssign) -> Node:
        """``x += y`` as ``x = x + y``."""
        value = ast.BinOp(node.target, node.op, node.value)
        return Node("Assign", [self.node(node.target), self.node(value)])

    def _BinOp(self, node: ast.BinOp) -> Node:
        below = [self.node(part) for part in (node.left, node.right)]
        return Node(type(node.op).__name__, below, not isinstance(node.op, SYMMETRIC))

    def _BoolOp(self, node: ast.BoolOp) -> Node:
        return Node(type(node.op).__name__, [self.node(part) for part in node.values], False)

    def _Compare(self, node: ast.Compare) -> Node:
        """``a > b`` as ``b < a``; which side of ``==`` is which does not count."""
        sides = [self.node(part) for part in (node.left, *node.comparators)]
        words = [type(op).__name__ for op in node.ops]
        if words[0] in ("Gt", "GtE") and len(words) == 1:
            return Node(words[0].replace("Gt", "Lt"), sides[::-1])
        return Node(" ".join(words), sides, words not in (["Eq"], ["NotEq"]))


def _does_nothing(node: ast.stmt) -> bool:
    return isinstance(node, ast.Pass) or (
        isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    )


def _marks(statements: list[Node]) -> set[int]:
    """The marks of everything in a body that is large enough."""
    found: set[int] = set()
    waiting = list(statements)
    while waiting:
        node = waiting.pop()
        waiting += [*node.below, *node.beside]
        text, size = _text(node, DEPTH)
        if size >= LEAST:
            found.add(
                int.from_bytes(
                    blake2b(text.encode("utf-8", "replace"), digest_size=6).digest(), "big"
                )
            )
    return found


def _text(node: Node, depth: int) -> tuple[str, int]:
    """A node with what is below it as text, and how many nodes these are."""
    if not node.below or not depth:
        return node.label, 1
    written = [_text(one, depth - 1) for one in node.below]
    texts = [text for text, _ in written]
    inner = ",".join(texts if node.ordered else sorted(texts))
    return f"{node.label}({inner})", 1 + sum(size for _, size in written)
