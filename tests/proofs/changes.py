"""Changes a source in one place at a time: what `python -m tests.proofs.mutants` tries on the specs."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pytest_tinytorch.course import exercises

OPERATORS = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
    ast.Pow: ast.Mult,
}
COMPARISONS = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}


@dataclass(frozen=True)
class Mutant:
    """A file with one change.

    Attributes:
        exercise: whose code is changed.
        line: where the change is.
        before, after: the text that is changed, in one line, and what stands there instead.
        occurrence: which one it is of the same changes of an exercise, from 1.
        block: the statements it is among, as `noting` names them; empty if that is not noted.
        source: the whole file.
    """

    exercise: str
    line: int
    before: str
    after: str
    occurrence: int
    block: str
    source: str

    @property
    def name(self) -> tuple[str, str, str, int]:
        """What tells it from the other changes of a file, wherever its lines are."""
        return self.exercise, self.before, self.after, self.occurrence


def mutants(source: str, names: Sequence[str]) -> Iterator[Mutant]:
    """Every change of an exercise that this program knows, one at a time.

    Docstrings, the words of errors and `strict` of `zip` stay as they are.

    >>> [m.after for m in mutants("def f(x):\\n    return 2 * x\\n", ["f"])]
    ['(2 / x)', '3']
    """
    tree, data = ast.parse(source), source.encode()
    for name in names:
        node, seen = exercises.find_node(tree, name), Counter[tuple[str, str]]()
        inside = list(blocks(source, name, node)) if node else []
        for place, after in changes(node) if node else ():
            first, last = span(source, place)
            before = " ".join(data[first:last].decode().split())
            seen[before, after] += 1
            around = [block for block in inside if block.first <= first and last <= block.last]
            block = around[-1].name if around else inside[0].name if inside else ""
            text = (data[:first] + after.encode() + data[last:]).decode()
            yield Mutant(name, place.lineno, before, after, seen[before, after], block, text)


def changes(node: ast.AST) -> Iterator[tuple[ast.expr | ast.stmt, str]]:
    """(what is changed, the text instead) below a node of a syntax tree."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.JoinedStr) or is_text(child) or is_strict(child):
            continue
        if isinstance(child, ast.If | ast.IfExp):
            yield from ((child.test, answer) for answer in ("True", "False"))
        if isinstance(child, ast.expr | ast.stmt):
            yield from ((child, text) for text in instead(child))
        if isinstance(child, ast.Raise):
            yield from other_errors(child)
            continue
        if isinstance(child, ast.arguments):
            yield from other_defaults(child)
        yield from changes(child)


def other_errors(node: ast.Raise) -> Iterator[tuple[ast.expr | ast.stmt, str]]:
    """No error, or one of another type with the same words."""
    yield node, "pass"
    if isinstance(node.exc, ast.Call):
        other = "RuntimeError" if ast.unparse(node.exc.func) != "RuntimeError" else "ValueError"
        yield node.exc.func, other


def other_defaults(node: ast.arguments) -> Iterator[tuple[ast.expr, str]]:
    """Other defaults of parameters, where they are no numbers or booleans: those change anyway."""
    for default in filter(None, [*node.defaults, *node.kw_defaults]):
        match default:
            case ast.Constant(None):
                yield default, "1"
            case ast.Constant(str() as text):
                yield default, repr(f"other than {text}")
            case ast.Name() | ast.Attribute() | ast.Tuple():
                yield default, "None"


def instead(node: ast.expr | ast.stmt) -> Iterator[str]:
    """What may stand instead of one expression or statement."""
    match node:
        case ast.BinOp(left, op, right) if type(op) in OPERATORS:
            yield f"({ast.unparse(ast.BinOp(left, OPERATORS[type(op)](), right))})"
        case ast.Compare(left, [op], [right]):
            yield f"({ast.unparse(ast.Compare(left, [COMPARISONS[type(op)]()], [right]))})"
        case ast.BoolOp(op, values):
            other = ast.Or() if isinstance(op, ast.And) else ast.And()
            yield f"({ast.unparse(ast.BoolOp(other, values))})"
        case ast.UnaryOp(ast.Not() | ast.USub(), operand):
            yield f"({ast.unparse(operand)})"
        case ast.Constant(bool() as value):
            yield str(not value)
        case ast.Constant(int() as value):
            yield str(value + 1)
        case ast.Constant(float() as value):
            yield str(2 * value + 1)
        case ast.Call(function, arguments, keywords):
            for dropped in keywords:
                if is_strict(dropped):
                    continue
                kept = [word for word in keywords if word is not dropped]
                yield ast.unparse(ast.Call(function, arguments, kept))
        case ast.Expr(ast.Call()) | ast.AugAssign():
            yield "pass"


def is_text(node: ast.AST) -> bool:
    """A docstring."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def is_strict(node: ast.AST) -> bool:
    """The keyword of `zip` that asks for what is so anyway."""
    return isinstance(node, ast.keyword) and node.arg == "strict"


def span(source: str, node: ast.expr | ast.stmt) -> tuple[int, int]:
    """First byte of a node in the source, and the one after its last."""
    lengths = [len(line) for line in source.encode().splitlines(keepends=True)]
    assert node.end_lineno is not None
    assert node.end_col_offset is not None
    first = sum(lengths[: node.lineno - 1]) + node.col_offset
    return first, sum(lengths[: node.end_lineno - 1]) + node.end_col_offset


@dataclass(frozen=True)
class Block:
    """Statements that run one after the other, or what a lambda gives.

    Attributes:
        name: the exercise, and the first byte.
        first, last: its first byte in the source, and the one after its last.
        indent: how far its lines are indented; None for a lambda.
        parameters: the parameters of the function that begins here, each with its default.
    """

    name: str
    first: int
    last: int
    indent: int | None
    parameters: dict[str, str]

    def telling(self) -> str:
        """Code that notes that the block is reached."""
        given = "".join(
            f", {name}=({name}, {default})" for name, default in self.parameters.items()
        )
        return f'__import__("mutants_plugin").note({self.name!r}{given})'


def blocks(source: str, exercise: str, node: ast.AST) -> Iterator[Block]:
    """Every block of an exercise, each before those inside of it."""
    for part in ast.walk(node):
        if isinstance(part, ast.Lambda):
            first, last = span(source, part.body)
            yield Block(f"{exercise} {first}", first, last, None, {})
            continue
        for field in ("body", "orelse", "finalbody"):
            statements = getattr(part, field, None)
            if isinstance(statements, list) and statements:
                begin = next((each for each in statements if not is_text(each)), statements[0])
                first, last = span(source, begin)[0], span(source, statements[-1])[1]
                if not source.encode()[first:].startswith(b"elif"):  # nothing can stand before that
                    given = defaults(part) if isinstance(part, ast.FunctionDef) else {}
                    yield Block(f"{exercise} {first}", first, last, begin.col_offset, given)


def noting(source: str, names: Sequence[str]) -> str:
    """A file that tells `tests/support/plugins/mutants_plugin.py` which blocks of exercises are reached.

    It also tells what came for each parameter that has a default, and that default.

    >>> print(noting("def f(x, y=1):\\n    return x\\n", ["f"]), end="")
    def f(x, y=1):
        __import__("mutants_plugin").note('f 19', y=(y, 1))
        return x
    """
    tree, inserted = ast.parse(source), list[tuple[int, str]]()
    for name in names:
        node = exercises.find_node(tree, name)
        for block in blocks(source, name, node) if node else ():
            if block.indent is None:
                inserted += [(block.last, ")"), (block.first, f"({block.telling()} or ")]
            else:
                inserted.append((block.first, f"{block.telling()}\n{' ' * block.indent}"))
    data = source.encode()
    for place, text in sorted(inserted, key=lambda pair: pair[0], reverse=True):
        data = data[:place] + text.encode() + data[place:]
    return data.decode()


def defaults(node: ast.FunctionDef) -> dict[str, str]:
    """Parameter to default, as text, of all that have one.

    >>> defaults(ast.parse("def f(x, y=1, *, z=None, w): pass").body[0])
    {'y': '1', 'z': 'None'}
    """
    listed = [*node.args.posonlyargs, *node.args.args]
    pairs = [
        *zip(listed[len(listed) - len(node.args.defaults) :], node.args.defaults, strict=True),
        *zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True),
    ]
    return {parameter.arg: ast.unparse(value) for parameter, value in pairs if value is not None}
