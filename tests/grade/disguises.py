"""What a program can do to a copy so that it looks like other work: the code does the same afterwards."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from random import Random

Change = Callable[[ast.Module, Random], None]
SIMPLE = ast.Assign | ast.AnnAssign | ast.AugAssign | ast.Return | ast.Expr
SCOPES = (
    ast.Lambda
    | ast.GeneratorExp
    | ast.ListComp
    | ast.SetComp
    | ast.DictComp
    | ast.IfExp
    | ast.BoolOp
)


def disguised(source: str, seed: int, *changes: Change) -> str:
    """Source with all these changes."""
    tree, random = ast.parse(source), Random(seed)
    for change in changes:
        change(tree, random)
    return ast.unparse(ast.fix_missing_locations(tree))


def functions(tree: ast.Module) -> list[ast.FunctionDef]:
    """The functions and methods of a file."""
    inner = [node.body for node in tree.body if isinstance(node, ast.ClassDef)]
    found = [node for body in (tree.body, *inner) for node in body]
    return [node for node in found if isinstance(node, ast.FunctionDef)]


def blocks(function: ast.FunctionDef) -> Iterator[list[ast.stmt]]:
    """Every list of statements in a function, but not in a function inside it."""
    waiting: list[ast.AST] = [function]
    while waiting:
        node = waiting.pop()
        for name in ("body", "orelse", "finalbody"):
            block = getattr(node, name, None)
            if isinstance(block, list) and block and isinstance(block[0], ast.stmt):
                yield block
        inner = ast.iter_child_nodes(node)
        waiting += [n for n in inner if not isinstance(n, ast.FunctionDef | ast.ClassDef)]


def rename(tree: ast.Module, random: Random) -> None:
    """Every local name of a function is another one."""
    for function in functions(tree):
        nodes = list(ast.walk(function))
        stored = {n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
        fixed = {n.arg for n in nodes if isinstance(n, ast.arg)}
        fixed |= {
            name for n in nodes if isinstance(n, ast.Global | ast.Nonlocal) for name in n.names
        }
        new = {name: f"{name}_{random.randrange(10**6)}" for name in sorted(stored - fixed)}
        for node in nodes:
            if isinstance(node, ast.Name):
                node.id = new.get(node.id, node.id)


def reorder(tree: ast.Module, random: Random) -> None:
    """Neighboring assignments that share no name change places."""
    for function in functions(tree):
        for block in blocks(function):
            for place in range(len(block) - 1):
                first, second = block[place : place + 2]
                if _assigns(first) and _assigns(second) and _apart(first, second):
                    block[place : place + 2] = [second, first]


def _assigns(node: ast.stmt) -> bool:
    targets = node.targets if isinstance(node, ast.Assign) else []
    return bool(targets) and all(isinstance(target, ast.Name) for target in targets)


def _apart(first: ast.stmt, second: ast.stmt) -> bool:
    used = [{n.id for n in ast.walk(node) if isinstance(n, ast.Name)} for node in (first, second)]
    made = [{t.id for t in node.targets} for node in (first, second)]
    return not (made[0] & used[1] or made[1] & used[0])


def swap(tree: ast.Module, random: Random) -> None:
    """Operands of sums, products and comparisons change places."""
    turned = {ast.Lt: ast.Gt, ast.Gt: ast.Lt, ast.LtE: ast.GtE, ast.GtE: ast.LtE, ast.Eq: ast.Eq}
    for function in functions(tree):
        for node in ast.walk(function):
            if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult | ast.Add):
                if not any(
                    isinstance(n, ast.Constant | ast.List | ast.JoinedStr) for n in ast.walk(node)
                ):
                    node.left, node.right = node.right, node.left
            elif (
                isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in turned
            ):
                node.left, node.comparators = node.comparators[0], [node.left]
                node.ops = [turned[type(node.ops[0])]()]


def add_dead(tree: ast.Module, random: Random) -> None:
    """Statements that do nothing, one for every two or three."""
    for function in functions(tree):
        for block in list(blocks(function)):
            for place in range(len(block) - 1, -1, -1):
                if random.random() < 0.4:
                    number = random.randrange(1000)
                    text = random.choice(
                        ("spare = {0}", "if {0} < 0:\n    print({0})", "spare = [{0}, {0}]")
                    )
                    block.insert(place, ast.parse(text.format(number)).body[0])
        _docstring_first(function)


def _docstring_first(function: ast.FunctionDef) -> None:
    for place, node in enumerate(function.body):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            function.body.insert(0, function.body.pop(place))
            return


def name_parts(tree: ast.Module, random: Random) -> None:
    """The first call inside an expression gets a line of its own, in every second statement."""
    for function in functions(tree):
        for block in list(blocks(function)):
            for place in range(len(block) - 1, -1, -1):
                found = _inner_call(block[place]) if random.random() < 0.5 else None
                if found:
                    holder, name, call = found
                    part = f"part_{random.randrange(10**6)}"
                    setattr(holder, name, ast.Name(part, ast.Load()))
                    block.insert(place, ast.Assign([ast.Name(part, ast.Store())], call))


def _inner_call(statement: ast.stmt) -> tuple[ast.AST, str, ast.expr] | None:
    """(holder, field, call) of the outermost call that is a part of a simple statement's expression."""
    if not isinstance(statement, SIMPLE) or statement.value is None:
        return None
    waiting: list[ast.AST] = [statement.value]
    while waiting:
        node = waiting.pop(0)
        if isinstance(node, SCOPES):
            continue
        for name, value in ast.iter_fields(node):
            if isinstance(value, ast.Call) and name != "func":
                return node, name, value
        waiting += ast.iter_child_nodes(node)
    return None


EASY: dict[str, Change] = {
    "names": rename,
    "order of statements": reorder,
    "order of operands": swap,
    "statements besides": add_dead,
}
"""What a program does without understanding anything."""
HARD: dict[str, Change] = {"names for parts of expressions": name_parts}
