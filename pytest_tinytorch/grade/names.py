"""What names in a file stand for: imports, aliases, and attributes that are asked for by a string."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from pytest_tinytorch.evidence.implementation import PACKAGE
from pytest_tinytorch.grade.watched import BUILTINS, OPENERS

ROUNDS = 3
"""How many aliases of aliases are followed."""
KNOWN = frozenset({*BUILTINS, *OPENERS, "getattr", "setattr", "delattr", "vars", "globals"})
LOADERS = ("__import__", "importlib.import_module")
HOSTS = frozenset({"np", "numpy", "sys", "os", "math", "builtins", "json", "functools", "operator"})
"""Modules that are not the student's, by the names that files of the package have for them."""


class Names:
    """The names of one file.

    Args:
        tree: of the file.
    """

    def __init__(self, tree: ast.Module) -> None:
        self.known: dict[str, str] = {}
        nodes = list(ast.walk(tree))
        for node in nodes:
            if isinstance(node, ast.Import | ast.ImportFrom):
                self.known.update(self._bound(node))
        defined = set(_defined(nodes))
        self.known |= {name: name for name in KNOWN - defined if name not in self.known}
        assigned = [node for node in nodes if isinstance(node, ast.Assign | ast.NamedExpr)]
        for _ in range(ROUNDS):
            for node in assigned:
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                found = self.dotted(node.value)
                self.known |= {t.id: found for t in targets if isinstance(t, ast.Name) and found}

    def imported(self, node: ast.Import | ast.ImportFrom) -> list[str]:
        """The dotted names that a statement imports."""
        if isinstance(node, ast.Import):
            return [alias.name for alias in node.names]
        home = PACKAGE if node.level else ""
        module = ".".join(part for part in (home, node.module or "") if part)
        return [f"{module}.{alias.name}" for alias in node.names]

    def _bound(self, node: ast.Import | ast.ImportFrom) -> Iterator[tuple[str, str]]:
        for alias, name in zip(node.names, self.imported(node), strict=True):
            if isinstance(node, ast.Import) and alias.asname is None:
                yield name.partition(".")[0], name.partition(".")[0]
            else:
                yield alias.asname or alias.name, name

    def dotted(self, node: ast.expr) -> str:
        """The dotted name that an expression stands for; empty if it begins with no import and no builtin."""
        if isinstance(node, ast.Name):
            return self.known.get(node.id, "")
        if isinstance(node, ast.Call) and node.args and self.dotted(node.func) in LOADERS:
            return constant_text(node.args[0]) or ""
        name = self.attribute(node)
        if not name:
            return ""
        base = self.dotted(self.owner(node))
        return f"{base}.{name}" if base else ""

    def owner(self, node: ast.expr) -> ast.expr:
        """Whose attribute an expression asks for: ``a`` of ``a.f`` and of the like, see `attribute`."""
        if isinstance(node, ast.Call):
            return node.args[0]
        assert isinstance(node, ast.Attribute | ast.Subscript)
        table = node.value
        if isinstance(node, ast.Subscript) and isinstance(table, ast.Attribute):
            return table.value
        if isinstance(node, ast.Subscript) and isinstance(table, ast.Call) and table.args:
            return table.args[0]
        return table

    def attribute(self, node: ast.expr) -> str:
        """The attribute that an expression asks for: ``f`` of ``a.f`` and of ``getattr(a, "f")``."""
        if isinstance(node, ast.Attribute):
            return node.attr
        if (
            isinstance(node, ast.Call)
            and self.dotted(node.func) == "getattr"
            and len(node.args) > 1
        ):
            return constant_text(node.args[1]) or ""
        if isinstance(node, ast.Subscript):
            table = node.value
            of_call = isinstance(table, ast.Call) and self.dotted(table.func) in ("vars", "globals")
            of_dict = isinstance(table, ast.Attribute) and table.attr == "__dict__"
            if of_call or of_dict or self.dotted(table) == "__builtins__":
                return constant_text(node.slice) or ""
        return ""

    def is_foreign(self, node: ast.expr) -> bool:
        """Whether an expression is a module that is not the student's, or a part of one."""
        parts = self.dotted(node).split(".")
        return parts[0] not in ("", PACKAGE, *KNOWN) or not HOSTS.isdisjoint(parts)

    def foreign(self, target: ast.expr) -> str:
        """The dotted name of a target in a module that is not the student's; empty for any other."""
        name = self.dotted(target)
        if not name or isinstance(target, ast.Name):
            return ""
        return name if self.is_foreign(self.owner(target)) else ""


def _defined(nodes: Iterable[ast.AST]) -> Iterator[str]:
    """The names that a file gives to things of its own."""
    for node in nodes:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id


def constant_text(node: ast.expr) -> str | None:
    """The string that an expression is, also one that is put together from constants; None for any other.

    >>> constant_text(ast.parse("'mod' + 'ules'", mode="eval").body)
    'modules'
    """
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else None
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        left, right = constant_text(node.left), constant_text(node.right)
        return left + right if left is not None and right is not None else None
    if isinstance(node, ast.JoinedStr):
        inner = [
            part.value if isinstance(part, ast.FormattedValue) else part for part in node.values
        ]
        parts = [constant_text(part) for part in inner]
        return None if None in parts else "".join(part or "" for part in parts)
    return None
